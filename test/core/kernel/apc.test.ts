import { describe, expect, test } from 'vitest'
import { limits } from '../../../core/base/limits.ts'
import { maskOf } from '../../../core/facts/catalogue.ts'
import { KTHREAD } from '../../../core/kernel/structs.ts'
import { away, code, createWorkbench, data, parked, type Workbench } from './workbench.ts'

const routine = code + 0x400
const autoEvent = 1

function event(bench: Workbench): number {
  const at = bench.cell()
  bench.call(1, 'NtCreateEvent', at, 0, autoEvent, 0)
  return bench.memory.load32(at)
}

describe('user APCs', () => {
  test('are called with their arguments, on a frame of their own, and then the wait has ended', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const handle = event(bench)
    const sp = bench.frameOf(a.tid).word(1)
    expect(bench.call(a.tid, 'NtWaitForSingleObjectEx', handle, 1, 1, 0)).toBe(parked)
    bench.call(1, 'NtQueueApcThread', a.handle, routine, 7, 8, 9)
    const frame = bench.frameOf(a.tid)
    expect(frame.pc).toBe(routine)
    expect([3, 4, 5].map(n => frame.word(n))).toEqual([7, 8, 9])
    expect(bench.memory.load32(frame.word(1))).toBe(sp)
    bench.returnFrom(a.tid, 1234)
    expect(bench.result(a.tid)).toBe(0xc0)
    expect(bench.frameOf(a.tid).word(1)).toBe(sp)
    expect(bench.told('apc.queued', 'apc.delivered', 'wait.ended').map(fact => fact.kind)).toEqual([
      'apc.queued',
      'wait.ended',
      'apc.delivered',
    ])
  })

  test('run all before the wait answers, in the order of queueing', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const handle = event(bench)
    bench.call(1, 'NtQueueApcThread', a.handle, routine, 1, 0, 0)
    bench.call(1, 'NtQueueApcThread', a.handle, routine, 2, 0, 0)
    expect(bench.call(a.tid, 'NtWaitForSingleObjectEx', handle, 1, 1, 0)).toBe(away)
    expect(bench.frameOf(a.tid).word(3)).toBe(1)
    bench.returnFrom(a.tid)
    expect(bench.frameOf(a.tid).word(3)).toBe(2)
    bench.returnFrom(a.tid)
    expect(bench.result(a.tid)).toBe(0xc0)
  })

  test('may wait themselves, and may be interrupted by the next while they do', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const outer = event(bench)
    const inner = event(bench)
    bench.call(a.tid, 'NtWaitForSingleObjectEx', outer, 1, 1, 0)
    bench.call(1, 'NtQueueApcThread', a.handle, routine, 1, 0, 0)
    expect(bench.call(a.tid, 'NtWaitForSingleObjectEx', inner, 1, 1, 0)).toBe(parked)
    bench.call(1, 'NtQueueApcThread', a.handle, routine, 2, 0, 0)
    expect(bench.frameOf(a.tid).word(3)).toBe(2)
    bench.returnFrom(a.tid)
    expect(bench.result(a.tid)).toBe(0xc0)
    expect(bench.call(a.tid, 'NtWaitForSingleObjectEx', inner, 1, 0, 0)).toBe(parked)
    bench.call(1, 'NtSetEvent', inner, 0)
    expect(bench.result(a.tid)).toBe(0)
    bench.returnFrom(a.tid)
    expect(bench.result(a.tid)).toBe(0xc0)
  })

  test('go with a delay and with a timer', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const at = bench.cell()
    bench.call(a.tid, 'NtCreateTimer', at, 0, 0)
    const timer = bench.memory.load32(at)
    bench.call(a.tid, 'NtSetTimerEx', timer, bench.long(-100n), routine, 1, 55, 0, 0, 0)
    expect(bench.call(a.tid, 'KeDelayExecutionThread', 1, 1, bench.long(-(1n << 63n)))).toBe(parked)
    bench.pass(500)
    expect(bench.frameOf(a.tid).pc).toBe(routine)
    expect(bench.frameOf(a.tid).word(3)).toBe(55)
    bench.returnFrom(a.tid)
    expect(bench.result(a.tid)).toBe(0xc0)
  })

  test('of a timer are taken back when it is cancelled', () => {
    const bench = createWorkbench()
    const at = bench.cell()
    bench.call(1, 'NtCreateTimer', at, 0, 0)
    const timer = bench.memory.load32(at)
    bench.call(1, 'NtSetTimerEx', timer, bench.long(-100n), routine, 1, 55, 0, 0, 0)
    bench.pass(500)
    bench.call(1, 'NtCancelTimer', timer, 0)
    expect(bench.call(1, 'KeTestAlertThread', 1)).toBe(0)
  })

  test('described by the title can be queued once at a time, prepared by their kernel routine', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const apc = bench.cell(0x30)
    bench.call(1, 'KeInitializeApc', apc, a.at, code + 0x700, 0, routine, 1, 66)
    expect(bench.call(1, 'KeInsertQueueApc', apc, 3, 4, 0)).toBe(1)
    expect(bench.call(1, 'KeInsertQueueApc', apc, 3, 4, 0)).toBe(0)
    expect(bench.call(1, 'KeRemoveQueueApc', apc)).toBe(1)
    expect(bench.call(1, 'KeInsertQueueApc', apc, 3, 4, 0)).toBe(1)
    expect(bench.call(a.tid, 'KeTestAlertThread', 1)).toBe(away)
    const frame = bench.frameOf(a.tid)
    expect(frame.pc).toBe(code + 0x700)
    expect(frame.word(3)).toBe(apc)
    bench.memory.store32(frame.word(5), 99)
    bench.returnFrom(a.tid)
    expect(frame.pc).toBe(routine)
    expect([3, 4, 5].map(n => frame.word(n))).toEqual([99, 3, 4])
    bench.returnFrom(a.tid)
    expect(bench.result(a.tid)).toBe(0)
  })
})

describe('user APCs of a thread that has not begun', () => {
  test('run before its first instruction, and leave its registers as they were', () => {
    const bench = createWorkbench()
    const a = bench.thread(1, { flags: 1, entry: code + 0x300 })
    bench.call(1, 'NtQueueApcThread', a.handle, routine, 1, 0, 0)
    bench.call(1, 'NtQueueApcThread', a.handle, routine, 2, 0, 0)
    bench.call(1, 'NtResumeThread', a.handle, 0)
    const frame = bench.frameOf(a.tid)
    expect([frame.pc, frame.word(3)]).toEqual([routine, 1])
    bench.returnFrom(a.tid)
    expect([frame.pc, frame.word(3)]).toEqual([routine, 2])
    bench.returnFrom(a.tid)
    expect([frame.pc, frame.lr]).toEqual([code + 0x300, bench.core.kernel.traps.threadReturn])
  })

  test('are prepared by their kernel routine, which may also take the call back', () => {
    const bench = createWorkbench()
    const a = bench.thread(1, { flags: 1, entry: code + 0x300 })
    const [changed, dropped] = [bench.cell(0x30), bench.cell(0x30)]
    for (const apc of [changed, dropped]) {
      bench.call(1, 'KeInitializeApc', apc, a.at, code + 0x700, 0, routine, 1, 66)
      bench.call(1, 'KeInsertQueueApc', apc, 3, 4, 0)
    }
    bench.call(1, 'NtResumeThread', a.handle, 0)
    const frame = bench.frameOf(a.tid)
    expect([frame.pc, frame.word(3)]).toEqual([code + 0x700, changed])
    bench.memory.store32(frame.word(5), 99)
    bench.returnFrom(a.tid)
    expect([frame.pc, ...[3, 4, 5].map(n => frame.word(n))]).toEqual([routine, 99, 3, 4])
    bench.returnFrom(a.tid)
    expect([frame.pc, frame.word(3)]).toEqual([code + 0x700, dropped])
    bench.memory.store32(frame.word(4), 0)
    bench.returnFrom(a.tid)
    expect([frame.pc, frame.lr]).toEqual([code + 0x300, bench.core.kernel.traps.threadReturn])
  })
})

describe('kernel APCs', () => {
  test('interrupt their thread anywhere and give every register back', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const apc = bench.cell(0x30)
    const frame = bench.frameOf(a.tid)
    for (let n = 3; n < 13; n += 1) frame.setWord(n, n * 100)
    const { pc } = frame
    bench.call(1, 'KeInitializeApc', apc, a.at, 0, 0, routine, 0, 66)
    bench.call(1, 'KeInsertQueueApc', apc, 3, 4, 0)
    expect(bench.frameOf(a.tid).pc).toBe(routine)
    bench.returnFrom(a.tid, 1)
    expect(bench.frameOf(a.tid).pc).toBe(pc)
    for (let n = 3; n < 13; n += 1) expect(bench.frameOf(a.tid).word(n)).toBe(n * 100)
  })

  test('wait for the end of a critical region', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const apc = bench.cell(0x30)
    bench.call(a.tid, 'KeEnterCriticalRegion')
    bench.call(1, 'KeInitializeApc', apc, a.at, 0, 0, routine, 0, 66)
    bench.call(1, 'KeInsertQueueApc', apc, 3, 4, 0)
    expect(bench.frameOf(a.tid).pc).not.toBe(routine)
    bench.call(a.tid, 'KeLeaveCriticalRegion')
    expect(bench.frameOf(a.tid).pc).toBe(routine)
  })
})

test('an alert that ends no wait is told when the thread has it already', () => {
  let body = 0
  const seen: number[] = []
  const bench = createWorkbench({}, memory => ({
    sink: {
      mask: maskOf(['thread.alerted']),
      framesMask: maskOf([]),
      sequence: 0,
      accept: () => void seen.push(memory.load8(body + KTHREAD.alerted), memory.load8(body + KTHREAD.alerted + 1)),
    },
  }))
  const { tid } = bench.thread(1)
  body = bench.core.kernel.threads.byTid(tid)?.object.address ?? 0
  expect(bench.call(1, 'KeAlertThread', body, 1)).toBe(0)
  expect(seen).toEqual([0, 1])
})

describe('a function that is never returned from', () => {
  const kernelRoutine = code + 0x700

  /** A thread in the kernel routine of an APC, and what the pool held before there was any of that. */
  function inKernelRoutine() {
    const bench = createWorkbench()
    const { pool } = bench.core.kernel
    const before = pool.used
    const a = bench.thread(1)
    const apc = bench.cell(0x30)
    bench.call(1, 'KeInitializeApc', apc, a.at, kernelRoutine, 0, routine, 1, 66)
    const run = (): void => {
      bench.call(1, 'KeInsertQueueApc', apc, 3, 4, 0)
      expect(bench.call(a.tid, 'KeTestAlertThread', 1)).toBe(away)
      expect(bench.frameOf(a.tid).pc).toBe(kernelRoutine)
    }
    return { bench, a, pool, before, run }
  }

  test('keeps nothing of the kernel’s memory when its thread ends in it', () => {
    const { bench, a, pool, before, run } = inKernelRoutine()
    run()
    bench.call(a.tid, 'ExTerminateThread', 0)
    bench.call(1, 'NtClose', a.handle)
    expect(pool.used).toBe(before)
  })

  test('keeps nothing of it when it is jumped out of', () => {
    const { bench, a, pool, run } = inKernelRoutine()
    bench.call(1, 'NtQueueApcThread', a.handle, routine, 7, 0, 0)
    expect(bench.call(a.tid, 'KeTestAlertThread', 1)).toBe(away)
    const sp = bench.frameOf(a.tid).word(1)
    const before = pool.used
    run()
    expect(pool.used).toBeGreaterThan(before)
    bench.frameOf(a.tid).setWord(1, sp)
    bench.returnFrom(a.tid)
    expect(pool.used).toBe(before)
  })

  test('keeps nothing of it when it is the filter of an exception', () => {
    const bench = createWorkbench()
    const { memory } = bench
    const guarded = code + 0x600
    const scopes = bench.words(1, guarded, guarded + 0x40, code + 0x900, code + 0xa00)
    memory.poke(guarded - 8, bytesOf(code + 0x800, scopes))
    memory.write(data + 0xf000, bytesOf(guarded, 0xc0001000))
    const dispatcher = bench.words(guarded + 8, data + 0xf000, 0, 0)
    const { pool } = bench.core.kernel
    const before = pool.used
    const a = bench.thread(1)
    bench.call(a.tid, '__C_specific_handler', bench.cell(0x50), 0, bench.cell(0x100), dispatcher)
    expect(bench.frameOf(a.tid).pc).toBe(code + 0x900)
    bench.call(a.tid, 'ExTerminateThread', 0)
    bench.call(1, 'NtClose', a.handle)
    expect(pool.used).toBe(before)
  })
})

/** Words as they lie in memory. */
function bytesOf(...words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4))
  words.forEach((word, i) => {
    view.setUint32(i * 4, word)
  })
  return new Uint8Array(view.buffer)
}

describe('a KAPC of the title’s', () => {
  test('takes memory for its kernel routine while that runs, also where the thread ends in it', () => {
    const bench = createWorkbench()
    const { pool } = bench.core.kernel
    const live = (ends: boolean) => {
      const a = bench.thread(1)
      const apc = bench.cell(0x30)
      bench.call(1, 'KeInitializeApc', apc, a.at, code + 0x700, 0, routine, 1, 0)
      bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
      expect(bench.call(a.tid, 'KeTestAlertThread', 1)).toBe(away)
      if (!ends) for (let i = 0; i < 2; i += 1) bench.returnFrom(a.tid)
      bench.call(a.tid, 'ExTerminateThread', 0)
      bench.call(1, 'NtClose', a.handle)
      return pool.used
    }
    const first = live(false)
    expect([live(false), live(true), live(true)]).toEqual([first, first, first])
  })

  test('that will never run can be queued again once its thread is over', () => {
    const bench = createWorkbench()
    const over = bench.thread(1)
    const [user, kernel] = [bench.cell(0x30), bench.cell(0x30)]
    bench.call(1, 'KeInitializeApc', user, over.at, 0, code + 0x500, routine, 1, 0)
    bench.call(1, 'KeInitializeApc', kernel, over.at, 0, 0, routine, 0, 0)
    bench.call(over.tid, 'KeEnterCriticalRegion')
    for (const apc of [user, kernel]) bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
    expect(bench.call(over.tid, 'ExTerminateThread', 0)).toBe(away)
    expect(bench.frameOf(over.tid).pc).toBe(code + 0x500)
    expect(bench.memory.load8(user + 3)).toBe(0)
    bench.returnFrom(over.tid)
    expect(bench.memory.load8(kernel + 3)).toBe(0)
    expect(bench.core.kernel.threads.byTid(over.tid)).toBeUndefined()
  })

  test('is in one queue once, however often it is initialised there', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const apc = bench.cell(0x30)
    for (let i = 0; i < 100; i += 1) {
      bench.call(1, 'KeInitializeApc', apc, a.at, 0, 0, routine, 1, 0)
      bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
    }
    expect(bench.core.kernel.threads.byTid(a.tid)?.userApcs.length).toBe(1)
  })
})

test('more APCs than may wait for one thread are refused, and counted', () => {
  const bench = createWorkbench()
  const a = bench.thread(1)
  const thread = bench.core.kernel.threads.byTid(a.tid)
  const queue = () => bench.call(1, 'NtQueueApcThread', a.handle, routine, 1, 0, 0)
  expect(queue()).toBe(0)
  const [first] = thread?.userApcs ?? []
  if (first !== undefined) thread?.userApcs.push(...new Array(limits.queuedApcs.value - 1).fill(first))
  expect(queue()).toBe(0xc0000017)
  expect(thread?.userApcs.length).toBe(limits.queuedApcs.value)
  expect(bench.core.kernel.apcs.refused).toBe(1)
})

test('the APC of a timer has its place in the timer: it comes, however many wait', () => {
  const bench = createWorkbench()
  const a = bench.thread(1)
  const thread = bench.core.kernel.threads.byTid(a.tid)
  bench.call(1, 'NtQueueApcThread', a.handle, routine, 1, 0, 0)
  const [first] = thread?.userApcs ?? []
  if (first !== undefined) thread?.userApcs.push(...new Array(limits.queuedApcs.value - 1).fill(first))
  const at = bench.cell()
  bench.call(1, 'NtCreateTimer', at, 0, 1)
  const timer = bench.memory.load32(at)
  expect(bench.call(a.tid, 'NtSetTimerEx', timer, bench.long(-10n), routine, 1, 66, 0, 0, 0)).toBe(0)
  bench.pass(1_000)
  expect(thread?.userApcs.at(-1)).toMatchObject({ context: 66 })
  expect(bench.core.kernel.apcs.refused).toBe(0)
})

describe('a kernel APC', () => {
  const setUp = () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const [apc, event] = [bench.cell(0x30), bench.cell()]
    bench.call(1, 'KeInitializeEvent', event, 1, 0)
    bench.call(1, 'KeInitializeApc', apc, a.at, 0, 0, routine, 0, 7)
    const wait = (timeout = 0) => bench.call(a.tid, 'KeWaitForSingleObject', event, 3, 0, 0, timeout)
    const queue = () => bench.call(1, 'KeInsertQueueApc', apc, 8, 9, 0)
    return { bench, a, apc, event, wait, queue }
  }

  test('interrupts a wait of its thread, which goes on when it has returned', () => {
    const { bench, a, event, wait, queue } = setUp()
    expect(wait()).toBe(parked)
    bench.told()
    queue()
    const frame = bench.frameOf(a.tid)
    expect([frame.pc, frame.word(3), frame.word(4), frame.word(5)]).toEqual([routine, 7, 8, 9])
    bench.returnFrom(a.tid)
    expect(bench.runs(a.tid)).toBe(false)
    expect(bench.told('wait.ended', 'thread.woken', 'wait.begun')).toEqual([])
    bench.call(1, 'KeSetEvent', event, 0, 0)
    expect(bench.result(a.tid)).toBe(0)
  })

  test('may signal what the wait is for, and wait itself', () => {
    const { bench, a, event, wait, queue } = setUp()
    const other = bench.cell()
    bench.call(1, 'KeInitializeEvent', other, 1, 0)
    expect(wait()).toBe(parked)
    queue()
    expect(bench.call(a.tid, 'KeWaitForSingleObject', other, 3, 0, 0, 0)).toBe(parked)
    bench.call(1, 'KeSetEvent', event, 0, 0)
    expect(bench.runs(a.tid)).toBe(false)
    bench.call(1, 'KeSetEvent', other, 0, 0)
    expect(bench.result(a.tid)).toBe(0)
    bench.returnFrom(a.tid)
    expect(bench.result(a.tid)).toBe(0)
    expect(bench.memory.load32(event + 4)).toBe(0)
  })

  test('leaves the wait its deadline', () => {
    const { bench, a, wait, queue } = setUp()
    expect(wait(bench.long(-1000n))).toBe(parked)
    queue()
    expect(bench.runs(a.tid)).toBe(true)
    bench.pass(10_000)
    bench.returnFrom(a.tid)
    expect(bench.result(a.tid)).toBe(0x102)
  })

  test('lets be who waits in a critical region, and comes when the region is left', () => {
    const { bench, a, event, wait, queue } = setUp()
    bench.call(a.tid, 'KeEnterCriticalRegion')
    expect(wait()).toBe(parked)
    queue()
    expect(bench.runs(a.tid)).toBe(false)
    bench.call(1, 'KeSetEvent', event, 0, 0)
    expect(bench.result(a.tid)).toBe(0)
    bench.call(a.tid, 'KeLeaveCriticalRegion')
    expect(bench.frameOf(a.tid).pc).toBe(routine)
  })

  test('comes to a thread that is suspended when it is resumed, and its wait is interrupted all the same', () => {
    const { bench, a, event, wait, queue } = setUp()
    expect(wait()).toBe(parked)
    bench.call(1, 'KeSuspendThread', a.at)
    queue()
    expect(bench.runs(a.tid)).toBe(false)
    bench.call(1, 'KeResumeThread', a.at)
    expect(bench.frameOf(a.tid).pc).toBe(routine)
    bench.returnFrom(a.tid)
    bench.call(1, 'KeSetEvent', event, 0, 0)
    expect(bench.result(a.tid)).toBe(0)
  })

  test('that interrupts a wait is in the state that is saved', () => {
    const { bench, a, event, wait, queue } = setUp()
    expect(wait()).toBe(parked)
    queue()
    expect(bench.runs(a.tid)).toBe(true)
    bench.core.load(structuredClone(bench.core.save()))
    bench.returnFrom(a.tid)
    expect(bench.runs(a.tid)).toBe(false)
    bench.call(1, 'KeSetEvent', event, 0, 0)
    expect(bench.result(a.tid)).toBe(0)
  })
})

describe('kernel APCs of one thread', () => {
  const setUp = () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const queue = (kernelRoutine: number, normal: number, context: number) => {
      const apc = bench.cell(0x30)
      bench.call(1, 'KeInitializeApc', apc, a.at, kernelRoutine, 0, normal, 0, context)
      return bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
    }
    return { bench, a, queue }
  }

  test('run one after the other, in their order, and not one inside the other', () => {
    const { bench, a, queue } = setUp()
    queue(0, routine, 1)
    queue(0, routine, 2)
    expect([bench.frameOf(a.tid).word(3), bench.frameOf(a.tid).word(3)]).toEqual([1, 1])
    bench.returnFrom(a.tid)
    expect([bench.frameOf(a.tid).word(3), bench.frameOf(a.tid).word(3)]).toEqual([2, 2])
    bench.returnFrom(a.tid)
    expect(bench.frameOf(a.tid).pc).toBe(code + 0x200)
  })

  test('hold a suspension off, but no special one', () => {
    const { bench, a, queue } = setUp()
    queue(0, routine, 1)
    expect(bench.frameOf(a.tid).pc).toBe(routine)
    bench.call(1, 'KeSuspendThread', a.at)
    expect(bench.runs(a.tid)).toBe(true)
    queue(code + 0x700, 0, 0)
    expect(bench.frameOf(a.tid).pc).toBe(code + 0x700)
    queue(0, routine, 2)
    bench.returnFrom(a.tid)
    expect([bench.frameOf(a.tid).pc, bench.frameOf(a.tid).word(3)]).toEqual([routine, 1])
    bench.returnFrom(a.tid)
    expect(bench.runs(a.tid)).toBe(false)
    bench.call(1, 'KeResumeThread', a.at)
    expect(bench.frameOf(a.tid).word(3)).toBe(2)
  })

  test('of the special sort come before the others, and into a critical region', () => {
    const { bench, a, queue } = setUp()
    bench.call(a.tid, 'KeEnterCriticalRegion')
    queue(0, routine, 1)
    queue(code + 0x700, 0, 0)
    expect(bench.frameOf(a.tid).pc).toBe(code + 0x700)
    bench.returnFrom(a.tid)
    bench.call(a.tid, 'KeLeaveCriticalRegion')
    expect(bench.frameOf(a.tid).pc).toBe(routine)
  })

  test('interrupt a wait once for all of them', () => {
    const { bench, a, queue } = setUp()
    const event = bench.cell()
    bench.call(1, 'KeInitializeEvent', event, 1, 0)
    expect(bench.call(a.tid, 'KeWaitForSingleObject', event, 3, 0, 0, 0)).toBe(parked)
    for (const context of [1, 2, 3]) queue(0, routine, context)
    for (const context of [1, 2, 3]) {
      expect(bench.frameOf(a.tid).word(3)).toBe(context)
      bench.returnFrom(a.tid)
    }
    expect(bench.runs(a.tid)).toBe(false)
    expect(bench.core.kernel.threads.byTid(a.tid)?.held).toEqual([])
  })
})

test('where a wait was asked for that a kernel APC interrupts goes along with the reports', () => {
  const bench = createWorkbench()
  const a = bench.thread(1)
  const apc = bench.cell(0x30)
  bench.call(a.tid, 'NtWaitForSingleObjectEx', event(bench), 0, 0, 0)
  const asked = () => bench.core.kernel.threads.byTid(a.tid)?.wait?.begun
  const before = { ...asked() }
  bench.call(1, 'KeInitializeApc', apc, a.at, 0, 0, routine, 0, 0)
  bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
  expect(bench.frameOf(a.tid).pc).toBe(routine)
  const [state, reports] = [bench.core.save(), bench.core.saveReports()].map(part => structuredClone(part))
  bench.core.load(state ?? null)
  bench.core.loadReports(reports ?? null)
  bench.returnFrom(a.tid)
  expect(asked()).toEqual(before)
})

test('an APC whose memory is gone ends the title, and is no fault of the code it would have interrupted', () => {
  const bench = createWorkbench()
  const a = bench.thread(1)
  const base = bench.words(0)
  bench.call(1, 'NtAllocateVirtualMemory', base, bench.words(0x10000), 0x3000, 4, 0)
  const apc = bench.memory.load32(base)
  bench.call(a.tid, 'KeEnterCriticalRegion')
  bench.call(1, 'KeInitializeApc', apc, a.at, 0, 0, routine, 0, 0)
  bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
  bench.call(1, 'NtFreeVirtualMemory', base, bench.words(0), 0x8000, 0)
  bench.call(a.tid, 'KeLeaveCriticalRegion')
  bench.runs(a.tid)
  expect(bench.core.stopped()?.text).toMatch(/^apc: store to/)
})
