import { describe, expect, test } from 'vitest'
import { limits } from '../../../core/base/limits.ts'
import { access } from '../../../core/memory/map.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const millisecond = 50_000
/** 100 ns units. */
const unitsOf = (milliseconds: number): bigint => BigInt(milliseconds) * 10_000n

function timer(bench: Workbench): number {
  const at = bench.cell()
  bench.call(1, 'NtCreateTimer', at, 0, 1)
  return bench.memory.load32(at)
}

function remaining(bench: Workbench, handle: number): number {
  const at = bench.cell()
  bench.call(1, 'NtQueryTimer', handle, at)
  return Math.round(Number(BigInt.asIntN(64, bench.memory.load64(at))) / 10_000)
}

describe('what is left of a timer', () => {
  test('is until its next expiry, also where it has a period', () => {
    const bench = createWorkbench()
    const handle = timer(bench)
    bench.call(1, 'NtSetTimerEx', handle, bench.long(-unitsOf(10)), 0, 1, 0, 0, 100, 0)
    expect(remaining(bench, handle)).toBe(10)
    bench.pass(4 * millisecond)
    expect(remaining(bench, handle)).toBe(6)
    bench.pass(16 * millisecond)
    expect(remaining(bench, handle)).toBe(90)
    bench.pass(100 * millisecond)
    expect(remaining(bench, handle)).toBe(90)
  })

  test('is the same where it was set to a time of the day', () => {
    const bench = createWorkbench()
    const handle = timer(bench)
    const due = bench.core.kernel.time.systemTime() + unitsOf(10)
    bench.call(1, 'NtSetTimerEx', handle, bench.long(due), 0, 1, 0, 0, 0, 0)
    expect(remaining(bench, handle)).toBe(10)
  })
})

test('a timer whose APC would go to a thread that ends is cancelled with it, and no other', () => {
  const bench = createWorkbench()
  const over = bench.thread(1)
  const [called, plain] = [timer(bench), timer(bench)]
  const set = (handle: number, routine: number) =>
    bench.call(over.tid, 'NtSetTimerEx', handle, bench.long(-unitsOf(10)), routine, 1, 0, 0, 0, 0)
  expect([set(called, 0x82000400), set(plain, 0)]).toEqual([0, 0])
  bench.told()
  bench.call(over.tid, 'ExTerminateThread', 0)
  expect(bench.told('timer.cancelled').length).toBe(1)
  bench.pass(20 * millisecond)
  expect(bench.told('timer.expired').length).toBe(1)
  const wait = (handle: number) => bench.call(1, 'NtWaitForSingleObjectEx', handle, 1, 0, bench.long(0n))
  expect([wait(called), wait(plain)]).toEqual([0x102, 0])
})

test('a timer that has no handle any more takes its APC back, also where that waits for its thread already', () => {
  const bench = createWorkbench()
  const handles = [timer(bench), timer(bench)]
  for (const [i, handle] of handles.entries())
    bench.call(1, 'NtSetTimerEx', handle, bench.long(-unitsOf(10)), 0x82000400, 1, i, 0, 0, 0)
  bench.pass(20 * millisecond)
  expect(bench.core.kernel.threads.byTid(1)?.userApcs.map(apc => apc.context)).toEqual([0, 1])
  bench.call(1, 'NtClose', handles[0] ?? 0)
  expect(bench.core.kernel.threads.byTid(1)?.userApcs.map(apc => apc.context)).toEqual([1])
})

test('a timer that is armed is not among the objects that make room for others', () => {
  const bench = createWorkbench()
  const at = bench.cell(0x28)
  bench.call(1, 'KeInitializeTimerEx', at, 0, 0)
  bench.call(1, 'KeSetTimer', at, -unitsOf(10), 0)
  const events = 0x41000000
  const count = limits.adoptedObjects.value + 100
  bench.memory.commit(events, count * 16, access.read | access.write)
  for (let i = 0; i < count; i += 1) bench.core.kernel.objects.create({ kind: 'Event/Auto', at: events + i * 16 })
  expect(bench.core.kernel.objects.counters.adopted_evicted_total).toBeGreaterThan(0)
  bench.pass(20 * millisecond)
  expect(bench.memory.load32(at + 4)).toBe(1)
})

test('a timer whose deferred call lies nowhere is a fault of the call that sets it, and the next fact is the caller’s again', () => {
  const bench = createWorkbench()
  const at = bench.cell(0x28)
  bench.call(1, 'KeInitializeTimerEx', at, 0, 0)
  const { audit } = bench.core.kernel
  expect(() => audit.as('timer-expiry', 'timer', () => bench.memory.load8(0x68000000))).toThrow()
  expect([audit.scene.tid, audit.scene.lr]).toEqual([1, bench.frameOf(1).lr])
  bench.call(1, 'KeSetTimer', at, -0n, 0x68000000)
  expect(bench.core.stopped()?.text).toMatch(/^KeSetTimer called from 0x/)
})

test('a clock that is set moves what waits for a time of day, and nothing else (Win32, SetWaitableTimer)', () => {
  const bench = createWorkbench()
  const [a, b] = [bench.thread(1), bench.thread(2)]
  const event = bench.cell()
  bench.call(1, 'KeInitializeEvent', event, 1, 0)
  const { time } = bench.core.kernel
  const noon = time.systemTime() + unitsOf(1000)
  const [absolute, relative] = [timer(bench), timer(bench)]
  bench.call(1, 'NtSetTimerEx', absolute, bench.long(noon), 0, 1, 0, 0, 0, 0)
  bench.call(1, 'NtSetTimerEx', relative, bench.long(-unitsOf(1000)), 0, 1, 0, 0, 0, 0)
  bench.call(a.tid, 'KeWaitForSingleObject', event, 3, 0, 0, bench.long(noon))
  bench.call(b.tid, 'KeWaitForSingleObject', event, 3, 0, 0, bench.long(-unitsOf(1000)))
  bench.call(1, 'NtSetSystemTime', bench.long(noon - unitsOf(10)), 0)
  expect([remaining(bench, absolute), remaining(bench, relative)]).toEqual([10, 1000])
  bench.pass(20 * millisecond)
  expect([a, b].map(({ tid }) => bench.runs(tid))).toEqual([true, false])
  expect(bench.result(a.tid)).toBe(0x102)
  expect(bench.told('timer.expired').length).toBe(1)
  bench.pass(1000 * millisecond)
  expect(bench.result(b.tid)).toBe(0x102)
  expect(bench.told('timer.expired').length).toBe(1)
})
