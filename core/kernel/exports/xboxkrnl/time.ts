import { type Entry, krnl, nothing, ptr, status, u32, u64 } from '../../call.ts'
import { status as s } from '../../status.ts'

export const clocks: readonly Entry[] = [
  krnl(132, 'KeQuerySystemTime', [ptr('time')], nothing, ['time', 'hot', 'poll'], (k, at) => {
    k.memory.store64(at, k.time.systemTime())
  }),
  krnl(130, 'KeQueryInterruptTime', [], u64, ['time', 'hot', 'poll'], k => k.time.interruptTime()),
  krnl(131, 'KeQueryPerformanceFrequency', [], u64, ['time', 'hot', 'poll'], k => BigInt(k.time.timebase)),
  krnl(168, 'KeStallExecutionProcessor', [u32('microseconds')], nothing, ['time', 'poll', 'stub'], () => {}),
  krnl(249, 'NtSetSystemTime', [ptr('time'), ptr('previous')], status, ['time'], (k, at, previousAt) => {
    if (previousAt !== 0) k.memory.store64(previousAt, k.time.systemTime())
    k.time.setSystemTime(k.memory.load64(at))
    return s.SUCCESS
  }),
]
