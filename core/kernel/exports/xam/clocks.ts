/** Time in Win32’s words: the clock as a FILETIME (u64) or a date, and the counter of the processor. */
import { bool, type Entry, i32, nothing, ptr, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { readDate, writeDate } from '../../dates.ts'
import { setLastError } from '../../dos-errors.ts'
import { settingBytes } from '../../settings.ts'
import { win32 } from '../../status.ts'
import { SYSTEMTIME } from '../../structs.ts'

const zone = { category: 3, setting: 1 } as const
const unitsPerMinute = 600_000_000n
const firstWrong = 1n << 63n

/** What is to be taken from the time here for that of the world, in 100 ns: it changes by no season. */
function bias(k: Kernel): bigint {
  const bytes = settingBytes(k, zone.category, zone.setting)
  return bytes?.length === 4 ? BigInt(new DataView(bytes.buffer, bytes.byteOffset).getInt32(0)) * unitsPerMinute : 0n
}

const write = (k: Kernel, at: number, moment: bigint): void => writeDate(k.memory, at, SYSTEMTIME, moment)

/** Whether a conversion was possible, with the error where it was not. */
function done(k: Kernel, isPossible: boolean): boolean {
  if (!isPossible) setLastError(k, win32.INVALID_PARAMETER)
  return isPossible
}

const time = ptr('time')
const date = ptr(SYSTEMTIME, 'date')

export const xamClocks: readonly Entry[] = [
  xam(1088, 'GetSystemTimeAsFileTime', [time], nothing, ['time', 'poll'], (k, at) => {
    k.memory.store64(at, k.time.systemTime())
  }),
  xam(1091, 'GetSystemTime', [date], nothing, ['time', 'poll'], (k, at) => write(k, at, k.time.systemTime())),
  xam(1092, 'GetLocalTime', [date], nothing, ['time', 'poll'], (k, at) => write(k, at, k.time.systemTime() - bias(k))),
  xam(1090, 'FileTimeToSystemTime', [time, date], bool, ['time', 'poll'], (k, from, to) => {
    const value = k.memory.load64(from)
    if (value < firstWrong) write(k, to, value)
    return done(k, value < firstWrong)
  }),
  xam(1089, 'SystemTimeToFileTime', [date, time], bool, ['time', 'poll'], (k, from, to) => {
    const value = readDate(k.memory, from, SYSTEMTIME)
    if (value !== undefined) k.memory.store64(to, value)
    return done(k, value !== undefined)
  }),
  xam(1127, 'FileTimeToLocalFileTime', [time, ptr('local')], bool, ['time', 'poll'], (k, from, to) => {
    const value = k.memory.load64(from)
    if (value < firstWrong) k.memory.store64(to, BigInt.asUintN(64, value - bias(k)))
    return done(k, value < firstWrong)
  }),
  xam(1573, 'CompareFileTime', [time, ptr('other')], i32, ['time', 'poll'], (k, first, second) => {
    const [a, b] = [k.memory.load64(first), k.memory.load64(second)]
    return a < b ? -1 : a > b ? 1 : 0
  }),
  xam(1071, 'QueryPerformanceCounter', [ptr('count')], bool, ['time', 'poll'], (k, at) => {
    k.memory.store64(at, BigInt(k.time.now()))
    return true
  }),
  xam(1072, 'QueryPerformanceFrequency', [ptr('frequency')], bool, ['time', 'poll'], (k, at) => {
    k.memory.store64(at, BigInt(k.time.timebase))
    return true
  }),
]
