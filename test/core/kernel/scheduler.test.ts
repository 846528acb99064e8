import { describe, expect, test } from 'vitest'
import { KPCR } from '../../../core/kernel/structs.ts'
import { away, code, createWorkbench, parked, type Workbench } from './workbench.ts'

const normal = 13

/** Who a hardware thread runs now. */
function runner(bench: Workbench, hardwareThread: number): number | undefined {
  bench.core.begin(hardwareThread)
  return bench.core.kernel.scheduler.current?.tid
}

/** Guest time passes with the hardware thread running all of it. */
function run(bench: Workbench, hardwareThread: number, milliseconds: number): void {
  bench.core.begin(hardwareThread)
  bench.pass(milliseconds * 50_000)
  bench.core.endTurn(hardwareThread, true)
}

const priorityOf = (bench: Workbench, tid: number): number => bench.core.kernel.threads.byTid(tid)?.priority ?? -1

describe('who runs', () => {
  test('a higher priority takes over at the end of the call that made it ready', () => {
    const bench = createWorkbench()
    const low = bench.thread(1)
    const high = bench.thread(1)
    bench.call(1, 'KeSetBasePriorityThread', high.at, 2)
    const at = bench.cell()
    bench.call(1, 'NtCreateEvent', at, 0, 1, 0)
    const event = bench.memory.load32(at)
    expect(bench.call(high.tid, 'NtWaitForSingleObjectEx', event, 1, 0, 0)).toBe(parked)
    expect(runner(bench, 1)).toBe(low.tid)
    bench.call(low.tid, 'NtSetEvent', event, 0)
    expect(bench.core.kernel.scheduler.attention).toBe(true)
    expect(runner(bench, 1)).toBe(high.tid)
    bench.call(high.tid, 'ExTerminateThread', 0)
    expect(runner(bench, 1)).toBe(low.tid)
    expect(bench.result(low.tid)).toBe(0)
  })

  test('equals take turns by the quantum, and by yielding', () => {
    const bench = createWorkbench()
    const first = bench.thread(1)
    const second = bench.thread(1)
    expect(runner(bench, 1)).toBe(first.tid)
    run(bench, 1, 19)
    expect(runner(bench, 1)).toBe(first.tid)
    run(bench, 1, 1)
    expect(runner(bench, 1)).toBe(second.tid)
    expect(bench.call(second.tid, 'NtYieldExecution')).toBe(0)
    expect(runner(bench, 1)).toBe(first.tid)
    bench.call(first.tid, 'ExTerminateThread', 0)
    expect(bench.call(second.tid, 'NtYieldExecution')).toBe(0x40000024)
  })

  test('each turn among equals is a whole quantum, the second as the first', () => {
    const bench = createWorkbench()
    const tids = [bench.thread(1).tid, bench.thread(1).tid]
    const turns: unknown[] = []
    for (let i = 0; i < 8; i += 1) {
      turns.push(runner(bench, 1))
      run(bench, 1, 10)
    }
    expect(turns).toEqual([0, 0, 1, 1, 0, 0, 1, 1].map(i => tids[i]))
  })

  test('a delay of nothing is a yield', () => {
    const bench = createWorkbench()
    const first = bench.thread(1)
    const second = bench.thread(1)
    expect(bench.call(first.tid, 'KeDelayExecutionThread', 1, 0, bench.long(0n))).toBe(0)
    expect(runner(bench, 1)).toBe(second.tid)
  })

  test('a woken thread is boosted by the increment, and the boost goes one a quantum', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const at = bench.cell(0x20)
    bench.call(1, 'KeInitializeEvent', at, 1, 0)
    bench.call(a.tid, 'KeWaitForSingleObject', at, 3, 1, 0, 0)
    bench.call(1, 'KeSetEvent', at, 2, 0)
    expect(priorityOf(bench, a.tid)).toBe(normal + 2)
    run(bench, 1, 20)
    expect(priorityOf(bench, a.tid)).toBe(normal + 1)
    run(bench, 1, 20)
    run(bench, 1, 20)
    expect(priorityOf(bench, a.tid)).toBe(normal)
    bench.call(1, 'KeSetDisableBoostThread', a.at, 1)
    bench.call(a.tid, 'KeWaitForSingleObject', at, 3, 1, 0, 0)
    bench.call(1, 'KeSetEvent', at, 2, 0)
    expect(priorityOf(bench, a.tid)).toBe(normal)
  })

  test('no boost lifts a thread to the real-time priorities, and none lifts one that is there', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    bench.call(1, 'KeBoostPriorityThread', a.at, 10)
    expect(priorityOf(bench, a.tid)).toBe(15)
    bench.call(1, 'KeSetPriorityThread', a.at, 16)
    bench.call(1, 'KeBoostPriorityThread', a.at, 10)
    expect(priorityOf(bench, a.tid)).toBe(16)
  })

  test('base priorities are increments, with two ends', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const set = (increment: number) => bench.call(1, 'KeSetBasePriorityThread', a.at, increment)
    expect(set(2)).toBe(0)
    expect(set(16)).toBe(2)
    expect(priorityOf(bench, a.tid)).toBe(17)
    expect(set(-16)).toBe(16)
    expect(priorityOf(bench, a.tid)).toBe(10)
    expect(bench.call(1, 'KeQueryBasePriorityThread', a.at)).toBe(-16 >>> 0)
  })

  test('a thread of the background keeps its increment, with other ends, and comes back', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const set = (increment: number) => bench.call(1, 'KeSetBasePriorityThread', a.at, increment)
    set(2)
    bench.call(1, 'KeSetPriorityClassThread', a.at, 0)
    expect(priorityOf(bench, a.tid)).toBe(7)
    expect(bench.call(1, 'KeQueryBasePriorityThread', a.at)).toBe(2)
    const ends = [16, -16].map(increment => {
      set(increment)
      return priorityOf(bench, a.tid)
    })
    expect(ends).toEqual([9, 2])
    set(0)
    bench.call(1, 'KeSetPriorityClassThread', a.at, 1)
    expect(priorityOf(bench, a.tid)).toBe(13)
    bench.call(1, 'KeSetPriorityThread', a.at, 20)
    bench.call(1, 'KeSetPriorityClassThread', a.at, 0)
    expect(priorityOf(bench, a.tid)).toBe(20)
  })

  test('a thread is made in the class that its flags say, else in the foreground', () => {
    const bench = createWorkbench()
    const priorities = [0, 0x20, 0x40].map(flags => priorityOf(bench, bench.thread(1, { flags: flags | 1 }).tid))
    expect(priorities).toEqual([13, 13, 5])
  })

  test('affinity moves a thread, its processor number and its r13', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const previous = bench.cell()
    const before = bench.frameOf(a.tid).word(13)
    expect(bench.call(1, 'KeSetAffinityThread', a.at, 1 << 4, previous)).toBe(0)
    expect(bench.memory.load32(previous)).toBe(1 << 1)
    expect(runner(bench, 1)).toBeUndefined()
    expect(runner(bench, 4)).toBe(a.tid)
    const kpcr = bench.frameOf(a.tid).word(13)
    expect(kpcr).not.toBe(before)
    expect(bench.memory.load8(kpcr + 0x10c)).toBe(4)
    expect(bench.memory.load32(kpcr + 0x100)).toBe(a.at)
    expect(bench.call(1, 'KeSetAffinityThread', a.at, 0x30, previous)).toBe(0)
    expect(bench.memory.load32(previous)).toBe(1 << 4)
    expect(runner(bench, 4)).toBe(a.tid)
    expect(bench.call(1, 'KeSetAffinityThread', a.at, 0, previous)).toBe(0xc000000d)
  })

  test('a thread without a processor of its own starts on its creator’s', () => {
    const bench = createWorkbench()
    const a = bench.thread(3)
    const handleAt = bench.cell()
    const tidAt = bench.cell()
    bench.call(a.tid, 'ExCreateThread', handleAt, 0, tidAt, 0, code, 0, 0)
    expect(bench.core.kernel.threads.byTid(bench.memory.load32(tidAt))?.hardwareThread).toBe(3)
  })
})

describe('IRQL', () => {
  test('nothing is switched on a hardware thread at DISPATCH_LEVEL', () => {
    const bench = createWorkbench()
    const low = bench.thread(1)
    expect(bench.call(low.tid, 'KeRaiseIrqlToDpcLevel')).toBe(0)
    const high = bench.thread(1)
    bench.call(1, 'KeSetBasePriorityThread', high.at, 2)
    expect(runner(bench, 1)).toBe(low.tid)
    bench.call(low.tid, 'KfLowerIrql', 0)
    expect(runner(bench, 1)).toBe(high.tid)
  })

  test('a spin lock that another hardware thread holds is tried again in the next turn', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const lock = bench.cell()
    expect(bench.call(1, 'KfAcquireSpinLock', lock)).toBe(0)
    expect(bench.memory.load32(lock)).toBe(bench.frameOf(1).word(13))
    expect(bench.call(a.tid, 'KfAcquireSpinLock', lock)).toBe(away)
    expect(bench.core.takeRetry()).toBe(true)
    expect(bench.call(a.tid, 'KeTryToAcquireSpinLockAtRaisedIrql', lock)).toBe(0)
    bench.call(1, 'KfReleaseSpinLock', lock, 0)
    expect(bench.call(a.tid, 'KfAcquireSpinLock', lock)).toBe(0)
    expect(bench.memory.load32(lock)).toBe(bench.frameOf(a.tid).word(13))
  })
})

describe('deferred calls and interrupts', () => {
  function dpc(bench: Workbench, target = 0): number {
    const at = bench.cell(0x20)
    bench.call(1, 'KeInitializeDpc', at, code + 0x500, 77)
    bench.memory.store8(at + 3, target)
    return at
  }

  test('a deferred call runs on the hardware thread it names, at IRQL 2, as nobody', () => {
    const bench = createWorkbench()
    const a = bench.thread(2)
    const at = dpc(bench, 3)
    expect(bench.runs(a.tid)).toBe(true)
    expect(bench.call(1, 'KeInsertQueueDpc', at, 8, 9)).toBe(1)
    expect(bench.call(1, 'KeInsertQueueDpc', at, 8, 9)).toBe(0)
    bench.core.begin(2)
    const { kernel } = bench.core
    expect(kernel.frame.pc).toBe(code + 0x500)
    expect([3, 4, 5, 6].map(n => kernel.frame.word(n))).toEqual([at, 77, 8, 9])
    expect(kernel.scheduler.irql()).toBe(2)
    expect(bench.memory.load8(at + 2)).toBe(0)
    expect(bench.memory.load32(kernel.frame.word(13) + 0x100)).toBe(a.at)
    expect(kernel.frame.lr).toBe(kernel.traps.interruptReturn)
    bench.core.call(bench.memory.load32(kernel.traps.interruptReturn + 8))
    bench.core.begin(2)
    expect(kernel.scheduler.current?.tid).toBe(a.tid)
    expect(kernel.scheduler.irql()).toBe(0)
  })

  test('a deferred call is queued once, also where it is initialised again while it waits', () => {
    const bench = createWorkbench()
    const dpc = bench.cell(0x20)
    bench.call(1, 'KfRaiseIrql', 2)
    const queue = () => {
      bench.call(1, 'KeInitializeDpc', dpc, code + 0x800, 0)
      return bench.call(1, 'KeInsertQueueDpc', dpc, 1, 2)
    }
    expect([queue(), queue(), queue()]).toEqual([1, 0, 0])
    expect(bench.core.kernel.scheduler.hardware.map(({ work }) => work.length)).toEqual([1, 0, 0, 0, 0, 0])
  })

  test('a deferred call that names no hardware thread runs on that of who queues it', () => {
    const bench = createWorkbench()
    const a = bench.thread(3)
    const dpc = bench.cell(0x20)
    bench.call(1, 'KeInitializeDpc', dpc, code + 0x800, 0)
    bench.call(a.tid, 'KfRaiseIrql', 2)
    bench.call(a.tid, 'KeInsertQueueDpc', dpc, 1, 2)
    expect(bench.core.kernel.scheduler.hardware.map(({ work }) => work.length)).toEqual([0, 0, 0, 1, 0, 0])
  })

  test('a deferred call can be taken back', () => {
    const bench = createWorkbench()
    const at = dpc(bench, 4)
    bench.call(1, 'KeInsertQueueDpc', at, 0, 0)
    expect(bench.call(1, 'KeRemoveQueueDpc', at)).toBe(1)
    expect(bench.call(1, 'KeRemoveQueueDpc', at)).toBe(0)
    bench.core.begin(3)
    expect(bench.core.kernel.scheduler.current).toBeUndefined()
  })

  test('who waits at a raised IRQL retires them in place, in their order, and has its IRQL back', () => {
    const bench = createWorkbench()
    const a = bench.thread(2)
    const [first, second, elsewhere] = [dpc(bench, 3), dpc(bench, 3), dpc(bench, 4)]
    bench.call(a.tid, 'KfRaiseIrql', 2)
    for (const at of [first, second, elsewhere]) bench.call(a.tid, 'KeInsertQueueDpc', at, 8, 9)
    const { frame, scheduler } = bench.core.kernel
    const active = () => bench.memory.load32(frame.word(13) + KPCR.dpcRoutineActive)
    const before = active()
    bench.call(a.tid, 'KeRetireDpcList')
    expect([frame.pc, ...[3, 4, 5, 6].map(n => frame.word(n))]).toEqual([code + 0x500, first, 77, 8, 9])
    expect(active()).not.toBe(0)
    bench.returnFrom(a.tid)
    expect(frame.word(3)).toBe(second)
    bench.returnFrom(a.tid)
    expect([frame.pc, scheduler.irql(), active()]).toEqual([code + 0x8000, 2, before])
    expect([first, second, elsewhere].map(at => bench.memory.load8(at + 2))).toEqual([0, 0, 1])
  })

  test('no interrupt is taken while a thread has them off, or the IRQL is up', () => {
    const bench = createWorkbench()
    const a = bench.thread(2)
    const work = { routine: code + 0x600, args: [0, 1], actor: 2, path: 5, dpc: 0 }
    bench.frameOf(a.tid).msr = 0x1030
    bench.core.kernel.interrupt(2, work)
    expect(bench.runs(a.tid)).toBe(true)
    bench.call(a.tid, 'KeRaiseIrqlToDpcLevel')
    bench.frameOf(a.tid).msr = 0x9030
    expect(bench.runs(a.tid)).toBe(true)
    bench.call(a.tid, 'KfLowerIrql', 0)
    expect(bench.runs(a.tid)).toBe(false)
    expect(bench.core.kernel.frame.pc).toBe(code + 0x600)
  })

  test('a signal by an interrupt is nobody’s, and names the code that made it', () => {
    const bench = createWorkbench()
    const event = bench.cell(0x20)
    bench.call(1, 'KeInitializeEvent', event, 1, 0)
    bench.told()
    bench.core.kernel.interrupt(5, { routine: code + 0x600, args: [], actor: 2, path: 5, dpc: 0 })
    bench.core.begin(5)
    const { kernel } = bench.core
    kernel.frame.setWord(3, event)
    kernel.frame.lr = code + 0x604
    bench.core.call(0x10000 + 157)
    expect(bench.told()).toMatchObject([
      { kind: 'object.signalled', actor: 'interrupt', tid: 0, hardwareThread: 5, lr: code + 0x604 },
    ])
  })
})
