import { describe, expect, test } from 'vitest'
import { code, createWorkbench, parked } from './workbench.ts'

describe('a thread that is suspended by another', () => {
  test('at a raised IRQL goes on until it lowers it, so that nobody waits for its spin locks for ever', () => {
    const bench = createWorkbench()
    const holder = bench.thread(1)
    const lock = bench.cell()
    expect(bench.call(holder.tid, 'KfAcquireSpinLock', lock)).toBe(0)
    expect(bench.call(1, 'NtSuspendThread', holder.handle, 0)).toBe(0)
    expect(bench.runs(holder.tid)).toBe(true)
    bench.call(holder.tid, 'KfReleaseSpinLock', lock, 0)
    expect(bench.runs(holder.tid)).toBe(false)
    expect(bench.call(1, 'NtResumeThread', holder.handle, 0)).toBe(0)
    expect(bench.runs(holder.tid)).toBe(true)
  })

  test('in a critical region goes on until it leaves', () => {
    const bench = createWorkbench()
    const holder = bench.thread(1)
    bench.call(holder.tid, 'KeEnterCriticalRegion')
    bench.call(1, 'NtSuspendThread', holder.handle, 0)
    expect(bench.runs(holder.tid)).toBe(true)
    bench.call(holder.tid, 'KeLeaveCriticalRegion')
    expect(bench.runs(holder.tid)).toBe(false)
  })

  test('in a wait inside a critical region has that wait ended, and goes on until it leaves', () => {
    const bench = createWorkbench()
    const holder = bench.thread(1)
    const event = bench.cell()
    bench.call(1, 'KeInitializeEvent', event, 1, 0)
    bench.call(holder.tid, 'KeEnterCriticalRegion')
    expect(bench.call(holder.tid, 'KeWaitForSingleObject', event, 3, 0, 0, 0)).toBe(parked)
    bench.call(1, 'NtSuspendThread', holder.handle, 0)
    bench.call(1, 'KeSetEvent', event, 0, 0)
    expect(bench.runs(holder.tid)).toBe(true)
    bench.call(holder.tid, 'KeLeaveCriticalRegion')
    expect(bench.runs(holder.tid)).toBe(false)
  })
})

test('the handle of a thread that is over answers the same in a machine that was restored', () => {
  const bench = createWorkbench()
  const over = bench.thread(1)
  bench.call(over.tid, 'ExTerminateThread', 0)
  const answers = () => [
    bench.call(1, 'NtResumeThread', over.handle, 0),
    bench.call(1, 'ResumeThread', over.handle),
    bench.call(1, 'NtSuspendThread', over.handle, 0),
    bench.call(1, 'NtQueueApcThread', over.handle, 0x82000400, 0, 0, 0),
  ]
  const before = answers()
  expect(before.slice(0, 2)).toEqual([0, 0])
  bench.core.load(structuredClone(bench.core.save()))
  expect(answers()).toEqual(before)
})

test('each suspension and each resumption is told, with the count after it, by who did it', () => {
  const bench = createWorkbench()
  const a = bench.thread(1)
  bench.told()
  for (let i = 0; i < 2; i += 1) bench.call(1, 'NtSuspendThread', a.handle, 0)
  for (let i = 0; i < 3; i += 1) bench.call(1, 'NtResumeThread', a.handle, 0)
  const told = bench.told()
  expect(told.map(({ kind, thread, count, tid }) => [kind, thread, count, tid])).toEqual([
    ['thread.suspended', a.tid, 1, 1],
    ['thread.suspended', a.tid, 2, 1],
    ['thread.resumed', a.tid, 1, 1],
    ['thread.resumed', a.tid, 0, 1],
  ])
})

test('a thread that was preempted at a raised IRQL and has lowered it since wakes at the lowered one', () => {
  const bench = createWorkbench()
  const low = bench.thread(1)
  const high = bench.thread(1, { flags: 1 })
  const event = bench.cell()
  bench.call(1, 'KeInitializeEvent', event, 1, 0)
  bench.call(1, 'KeSetBasePriorityThread', high.at, 1)
  bench.call(low.tid, 'KfRaiseIrql', 1)
  bench.call(1, 'NtResumeThread', high.handle, 0)
  expect(bench.runs(high.tid)).toBe(true)
  bench.call(high.tid, 'KeWaitForSingleObject', event, 3, 0, 0, 0)
  expect(bench.runs(low.tid)).toBe(true)
  bench.call(low.tid, 'KfLowerIrql', 0)
  expect(bench.call(low.tid, 'KeWaitForSingleObject', event, 3, 0, 0, bench.long(-100n))).toBe(parked)
  bench.pass(1000)
  expect(bench.runs(low.tid)).toBe(true)
  expect(bench.core.kernel.scheduler.irql()).toBe(0)
})

test('a kernel APC that a raised IRQL kept away is called as soon as it is lowered', () => {
  const bench = createWorkbench()
  const apc = bench.cell(0x30)
  const self = bench.core.kernel.threads.byTid(1)?.object.address ?? 0
  bench.call(1, 'KeInitializeApc', apc, self, 0, 0, code + 0x400, 0, 7)
  bench.call(1, 'KfRaiseIrql', 1)
  bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
  bench.call(1, 'KfLowerIrql', 0)
  expect(bench.core.kernel.scheduler.attention).toBe(true)
  expect(bench.frameOf(1).pc).toBe(code + 0x400)
})

test('a thread that is suspended while it waits keeps what it waits for', () => {
  const bench = createWorkbench()
  const a = bench.thread(1)
  const at = bench.cell()
  bench.call(1, 'NtCreateEvent', at, 0, 1, 0)
  const handle = bench.memory.load32(at)
  bench.call(1, 'ObReferenceObjectByHandle', handle, 0, at)
  const event = bench.memory.load32(at)
  const { serial } = bench.core.kernel.objects.known(event) ?? { serial: 0 }
  expect(bench.call(a.tid, 'NtWaitForSingleObjectEx', handle, 1, 0, 0)).toBe(parked)
  bench.call(1, 'NtSuspendThread', a.handle, 0)
  bench.call(1, 'NtClose', handle)
  bench.call(1, 'KeSetEvent', event, 0, 0)
  bench.told()
  bench.call(1, 'ObDereferenceObject', event)
  expect(bench.told('object.destroyed')).toEqual([])
  bench.call(1, 'NtResumeThread', a.handle, 0)
  expect(bench.result(a.tid)).toBe(0)
  expect(bench.told('object.destroyed').map(fact => fact.serial)).toEqual([serial])
})

test('a thread that is suspended in the kernel APC that interrupts its wait waits for nobody when that returns', () => {
  const bench = createWorkbench()
  const [held, other] = [bench.thread(1), bench.thread(2)]
  const [apc, event] = [bench.cell(0x30), bench.cell()]
  bench.call(1, 'KeInitializeEvent', event, 1, 0)
  const wait = (tid: number) => bench.call(tid, 'KeWaitForSingleObject', event, 3, 0, 0, 0)
  expect(wait(held.tid)).toBe(parked)
  bench.call(1, 'KeInitializeApc', apc, held.at, 0, 0, code + 0x400, 0, 0)
  bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
  expect(bench.frameOf(held.tid).pc).toBe(code + 0x400)
  bench.call(1, 'NtSuspendThread', held.handle, 0)
  bench.returnFrom(held.tid)
  expect(wait(other.tid)).toBe(parked)
  bench.call(1, 'KeSetEvent', event, 0, 0)
  expect([bench.runs(held.tid), bench.runs(other.tid)]).toEqual([false, true])
  bench.call(1, 'NtResumeThread', held.handle, 0)
  expect(bench.runs(held.tid)).toBe(false)
  bench.call(1, 'KeSetEvent', event, 0, 0)
  expect(bench.result(held.tid)).toBe(0)
})

test('a thread whose count before cannot be told is not suspended', () => {
  const bench = createWorkbench()
  const a = bench.thread(1)
  bench.call(1, 'NtSuspendThread', a.handle, 0x10)
  expect(bench.core.kernel.threads.byTid(a.tid)).toMatchObject({ suspendCount: 0, state: 'running' })
})
