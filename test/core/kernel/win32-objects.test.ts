/** Events, mutexes, timers and clocks in Win32’s words: what the calls of the documentation answer. */
import { describe, expect, test } from 'vitest'
import { KTHREAD } from '../../../core/kernel/structs.ts'
import { code, createWorkbench, parked } from './workbench.ts'

const error = {
  fileNotFound: 2,
  invalidHandle: 6,
  invalidParameter: 0x57,
  alreadyExists: 0xb7,
  notOwner: 0x120,
} as const
const timedOut = 0x102
const forever = 0xffffffff

function objectsBench() {
  const bench = createWorkbench()
  const put = (words: string): number => {
    const at = bench.cell(words.length + 1)
    bench.memory.write(at, new TextEncoder().encode(`${words}\0`))
    return at
  }
  const lastError = (tid = 1): number =>
    bench.memory.load32((bench.core.kernel.threads.byTid(tid)?.object.address ?? 0) + KTHREAD.lastError)
  const call = (name: string, ...args: number[]): number => Number(bench.call(1, name, ...args))
  const look = (handle: number): number => call('WaitForSingleObject', handle, 0)
  return { bench, put, lastError, call, look }
}

describe('an event', () => {
  test('is set and reset; one by itself lets one wait go, the other all', () => {
    const { call, look } = objectsBench()
    const [automatic, manual] = [call('CreateEventA', 0, 0, 1, 0), call('CreateEventA', 0, 1, 0, 0)]
    expect([look(automatic), look(automatic)]).toEqual([0, timedOut])
    expect([look(manual), call('SetEvent', manual), look(manual), look(manual)]).toEqual([timedOut, 1, 0, 0])
    expect([call('ResetEvent', manual), look(manual)]).toEqual([1, timedOut])
  })

  test('that has a name is made once, and the second is told so', () => {
    const { call, put, look, lastError } = objectsBench()
    const first = call('CreateEventA', 0, 1, 0, put('ready'))
    expect(lastError()).toBe(0)
    const second = call('CreateEventA', 0, 1, 1, put('ready'))
    expect([second === first, lastError(), look(first)]).toEqual([false, error.alreadyExists, timedOut])
    call('SetEvent', second)
    expect(look(first)).toBe(0)
    expect([call('CreateMutexA', 0, 1, put('ready')), lastError()]).toEqual([0, error.invalidHandle])
  })

  test('is not what another handle is', () => {
    const { call, lastError } = objectsBench()
    const mutex = call('CreateMutexA', 0, 0, 0)
    for (const value of [mutex, 0x4444, 0]) {
      expect([call('SetEvent', value), lastError()]).toEqual([0, error.invalidHandle])
      expect([call('ResetEvent', value), lastError()]).toEqual([0, error.invalidHandle])
    }
  })

  test('wakes who waits for it', () => {
    const { bench, call } = objectsBench()
    const event = call('CreateEventA', 0, 0, 0, 0)
    const { tid } = bench.thread(1)
    expect(bench.call(tid, 'WaitForSingleObject', event, forever)).toBe(parked)
    call('SetEvent', event)
    expect(bench.result(tid)).toBe(0)
  })
})

describe('a mutex', () => {
  test('belongs to who made it so, until it is released as often as it was taken', () => {
    const { bench, call, look, lastError } = objectsBench()
    const mutex = call('CreateMutexA', 0, 1, 0)
    const { tid } = bench.thread(1)
    const other = (name: string, ...args: number[]) => bench.call(tid, name, mutex, ...args)
    expect([other('WaitForSingleObject', 0), other('ReleaseMutex'), lastError(tid)]).toEqual([
      timedOut,
      0,
      error.notOwner,
    ])
    expect([look(mutex), call('ReleaseMutex', mutex), other('WaitForSingleObject', 0)]).toEqual([0, 1, timedOut])
    expect([call('ReleaseMutex', mutex), other('WaitForSingleObject', 0)]).toEqual([1, 0])
    expect([call('ReleaseMutex', mutex), lastError()]).toEqual([0, error.notOwner])
  })

  test('is opened by its name, and made by nobody twice', () => {
    const { bench, call, put, lastError } = objectsBench()
    expect([call('OpenMutexA', 0, 0, put('lock')), lastError()]).toEqual([0, error.fileNotFound])
    expect([call('OpenMutexA', 0, 0, 0), lastError()]).toEqual([0, error.fileNotFound])
    const first = call('CreateMutexA', 0, 0, put('lock'))
    const { tid } = bench.thread(1)
    const second = Number(bench.call(tid, 'CreateMutexA', 0, 1, put('lock')))
    expect(lastError(tid)).toBe(error.alreadyExists)
    // That it was to be owned means nothing where it was there.
    expect([bench.call(tid, 'ReleaseMutex', second), lastError(tid)]).toEqual([0, error.notOwner])
    const third = call('OpenMutexA', 0, 0, put('lock'))
    expect(call('WaitForSingleObject', third, 0)).toBe(0)
    expect(bench.call(tid, 'WaitForSingleObject', first, 0)).toBe(timedOut)
    call('CreateEventA', 0, 0, 0, put('event'))
    expect([call('OpenMutexA', 0, 0, put('event')), lastError()]).toEqual([0, error.invalidHandle])
  })
})

describe('a timer', () => {
  test('is signalled when it is due, again and again where it has a period, and not once it is cancelled', () => {
    const { bench, call, look } = objectsBench()
    const timer = call('CreateWaitableTimerA', 0, 0, 0)
    expect(call('SetWaitableTimer', timer, bench.long(-10_000n), 1, 0, 0, 0)).toBe(1)
    expect(look(timer)).toBe(timedOut)
    for (let i = 0; i < 2; i += 1) {
      bench.pass(50_000)
      expect([look(timer), look(timer)]).toEqual([0, timedOut])
    }
    expect(call('CancelWaitableTimer', timer)).toBe(1)
    bench.pass(500_000)
    expect(look(timer)).toBe(timedOut)
  })

  test('calls a routine of who set it, with its argument and the time', () => {
    const { bench, call } = objectsBench()
    const timer = call('CreateWaitableTimerA', 0, 1, 0)
    call('SetWaitableTimer', timer, bench.long(-10_000n), 0, code + 0x700, 7, 0)
    expect(bench.call(1, 'SleepEx', forever, 1)).toBe(parked)
    bench.pass(50_000)
    const frame = bench.frameOf(1)
    const now = bench.core.kernel.time.systemTime()
    expect([frame.pc, frame.word(3)]).toEqual([code + 0x700, 7])
    expect((BigInt(frame.word(5)) << 32n) | BigInt(frame.word(4))).toBe(now)
  })

  test('has no period below nothing, and is a timer', () => {
    const { bench, call, lastError } = objectsBench()
    const timer = call('CreateWaitableTimerA', 0, 1, 0)
    expect([call('SetWaitableTimer', timer, bench.long(-1n), -1, 0, 0, 0), lastError()]).toEqual([
      0,
      error.invalidParameter,
    ])
    const event = call('CreateEventA', 0, 0, 0, 0)
    expect([call('SetWaitableTimer', event, bench.long(-1n), 0, 0, 0, 0), lastError()]).toEqual([
      0,
      error.invalidHandle,
    ])
    expect([call('CancelWaitableTimer', event), lastError()]).toEqual([0, error.invalidHandle])
  })
})

describe('the time', () => {
  const dateOf = (bench: ReturnType<typeof createWorkbench>, at: number): number[] =>
    Array.from({ length: 8 }, (_, i) => bench.memory.load16(at + i * 2))
  /** 2006-11-11, a Saturday, 13:14:15.016. */
  const moment = 128_077_244_550_160_000n
  const date = [2006, 11, 6, 11, 13, 14, 15, 16]

  test('is a date and a count, and each leads to the other', () => {
    const { bench, call, lastError } = objectsBench()
    const [at, back] = [bench.cell(16), bench.cell(8)]
    expect(call('FileTimeToSystemTime', bench.long(moment), at)).toBe(1)
    expect(dateOf(bench, at)).toEqual(date)
    // The day of the week is not looked at.
    bench.memory.store16(at + 4, 99)
    expect([call('SystemTimeToFileTime', at, back), bench.memory.load64(back)]).toEqual([1, moment])
    bench.memory.store16(at + 2, 13)
    expect([call('SystemTimeToFileTime', at, back), lastError()]).toEqual([0, error.invalidParameter])
    expect([call('FileTimeToSystemTime', bench.long(-1n), at), lastError()]).toEqual([0, error.invalidParameter])
  })

  test('is that of the console, and here as many minutes behind as its zone says', () => {
    const { bench, call } = objectsBench()
    const [at, back] = [bench.cell(16), bench.cell(8)]
    bench.core.kernel.time.setSystemTime(moment)
    call('GetSystemTimeAsFileTime', back)
    expect(bench.memory.load64(back)).toBe(moment)
    call('GetSystemTime', at)
    expect(dateOf(bench, at)).toEqual(date)
    call('GetLocalTime', at)
    expect(dateOf(bench, at)).toEqual(date)
    expect(call('ExSetXConfigSetting', 3, 1, bench.words(90), 4)).toBe(0)
    call('GetLocalTime', at)
    expect(dateOf(bench, at)).toEqual([2006, 11, 6, 11, 11, 44, 15, 16])
    expect(call('FileTimeToLocalFileTime', bench.long(moment), back)).toBe(1)
    expect(bench.memory.load64(back)).toBe(moment - 90n * 600_000_000n)
    expect(call('FileTimeToLocalFileTime', bench.long(-1n), back)).toBe(0)
  })

  test('is earlier, the same or later than another', () => {
    const { bench, call } = objectsBench()
    const compare = (a: bigint, b: bigint) => call('CompareFileTime', bench.long(a), bench.long(b)) | 0
    expect([compare(1n, 2n), compare(2n, 2n), compare(1n << 40n, 2n)]).toEqual([-1, 0, 1])
  })

  test('is counted by the processor, so often a second', () => {
    const { bench, call } = objectsBench()
    const at = bench.cell(8)
    const read = (name: string): bigint => {
      expect(call(name, at)).toBe(1)
      return bench.memory.load64(at)
    }
    const before = read('QueryPerformanceCounter')
    bench.pass(1_000)
    expect(read('QueryPerformanceCounter') - before).toBe(1_000n)
    expect(read('QueryPerformanceFrequency')).toBe(50_000_000n)
  })
})
