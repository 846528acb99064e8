/** Overlapped calls of xam, in each way that a title hears of their end, and the ways it does without. */
import { expect, test } from 'vitest'
import { limits } from '../../../core/base/limits.ts'
import { status, win32 } from '../../../core/kernel/status.ts'
import { away, code, createWorkbench, parked, type Workbench } from './workbench.ts'

const routine = code + 0x400
/** A block: an event, a routine. */
const block = (bench: Workbench, event = 0, called = 0): number => bench.words(0, 0, 0, event, called, 0, 0)

function eventOf(bench: Workbench, kind: number): number {
  const at = bench.cell()
  bench.call(1, 'NtCreateEvent', at, 0, kind, 0)
  return bench.memory.load32(at)
}

test('the routine runs on the thread that asked, at its next alertable wait, with result, length and block', () => {
  const bench = createWorkbench()
  const { tid } = bench.thread(1)
  const at = block(bench, 0, routine)
  expect(bench.call(tid, 'XamContentGetDeviceState', 9, at)).toBe(win32.IO_PENDING)
  bench.pass(1_000_000)
  expect(bench.call(1, 'KeDelayExecutionThread', 1, 1, bench.long(-1_000_000n))).toBe(parked)
  expect(bench.call(tid, 'SleepEx', 20, 1)).toBe(away)
  const frame = bench.frameOf(tid)
  expect([frame.pc, frame.word(3), frame.word(4), frame.word(5)]).toEqual([routine, win32.DEVICE_NOT_CONNECTED, 0, at])
  bench.returnFrom(tid)
  expect(bench.result(tid)).toBe(status.USER_APC)
})

test('the result is awaited by the event, and the length comes with it', () => {
  const bench = createWorkbench()
  const at = block(bench, eventOf(bench, 1))
  const [result, length] = [bench.cell(), bench.cell()]
  const other = bench.thread(1)
  const labels = bench.words(0)
  expect(bench.call(1, 'XamShowMessageBoxUI', 0, 0, 0, 1, labels, 0, 0, result, at)).toBe(win32.IO_PENDING)
  expect(bench.call(1, 'XamIsUIActive')).toBe(1)
  expect(bench.call(1, 'XamGetOverlappedResult', at, length, 1)).toBe(parked)
  expect(bench.call(other.tid, 'XGetOverlappedExtendedError', at)).toBe(win32.IO_INCOMPLETE)
  bench.pass(10_000_000)
  expect([bench.result(1), bench.memory.load32(length), bench.memory.load32(result)]).toEqual([0, 4, 0])
  expect(bench.call(1, 'XamIsUIActive')).toBe(0)
  expect(bench.call(1, 'XGetOverlappedResult', at, length, 1)).toBe(0)
  expect(bench.call(1, 'XGetOverlappedExtendedError', at)).toBe(0)
})

test('a call that is taken back is over when that answers, and writes nothing afterwards', () => {
  const bench = createWorkbench()
  const event = eventOf(bench, 0)
  const at = block(bench, event)
  expect(bench.call(1, 'XamShowKeyboardUI', 0, 0, 0, 0, 0, bench.cell(), 8, at)).toBe(win32.IO_PENDING)
  expect(bench.call(1, 'XMsgCancelIORequest', at, 1)).toBe(0)
  expect([bench.memory.load32(at), bench.memory.load32(at + 0x18)]).toEqual([win32.CANCELLED, 0x800704c7])
  expect(bench.call(1, 'NtWaitForSingleObjectEx', event, 1, 0, bench.long(0n))).toBe(0)
  for (let i = 0; i < 0x1c; i += 4) bench.memory.store32(at + i, 0x5a5a5a5a)
  bench.pass(10_000_000)
  expect(bench.memory.load32(at)).toBe(0x5a5a5a5a)
  expect(bench.call(1, 'XMsgCancelIORequest', at, 1)).toBe(0)
})

test('an event that is closed meanwhile is signalled all the same, and ends with that', () => {
  const bench = createWorkbench()
  const event = eventOf(bench, 1)
  const at = block(bench, event)
  bench.call(1, 'XamContentGetDeviceState', 1, at)
  bench.call(1, 'NtClose', event)
  bench.told()
  bench.pass(1_000_000)
  expect(bench.told('object.signalled', 'object.destroyed').map(fact => fact.kind)).toEqual([
    'object.signalled',
    'object.destroyed',
  ])
  expect(bench.memory.load32(at)).toBe(0)
})

test('a block with a value that is no event still gets its result', () => {
  const bench = createWorkbench()
  const at = block(bench, 0x4444)
  expect(bench.call(1, 'XamContentGetDeviceState', 1, at)).toBe(win32.IO_PENDING)
  bench.pass(1_000_000)
  expect(bench.memory.load32(at)).toBe(0)
})

test('a thread that is over hears of nothing, and its block is filled', () => {
  const bench = createWorkbench()
  const { tid } = bench.thread(1)
  const at = block(bench, 0, routine)
  bench.call(tid, 'XamContentGetDeviceState', 1, at)
  bench.call(tid, 'ExTerminateThread', 0)
  bench.told()
  bench.pass(1_000_000)
  expect([bench.memory.load32(at), bench.told('apc.queued')]).toEqual([0, []])
})

test('who asks to sign in when nobody is signed in learns that nobody is', () => {
  const bench = createWorkbench()
  const listener = Number(bench.call(1, 'XamNotifyCreateListener', 1n, 0))
  const list = bench.cell(32)
  bench.memory.store64(list, 0xe000_0000_0000_0001n)
  bench.call(1, 'XamUserLogon', list, 8, 0)
  const [id, parameter] = [bench.cell(), bench.cell()]
  const last = (): number => {
    while (bench.call(1, 'XNotifyGetNext', listener, 0xa, id, parameter) === 1);
    return bench.memory.load32(parameter)
  }
  expect(last()).toBe(0)
  bench.call(1, 'XamShowSigninUI', 1, 0)
  expect([bench.call(1, 'XNotifyGetNext', listener, 0xa, id, parameter), bench.memory.load32(parameter)]).toEqual([
    1, 0,
  ])
  expect(bench.call(1, 'XamUserGetSigninState', 0)).toBe(0)
})

test('the end of a call that meets memory that is not there ends the title, and is no fault of the thread that runs', () => {
  const bench = createWorkbench()
  const { memory } = bench
  const [base, ready] = [bench.words(0), eventOf(bench, 1)]
  expect(bench.call(1, 'NtAllocateVirtualMemory', base, bench.words(0x10000), 0x3000, 4, 0)).toBe(0)
  const signalled = memory.load32(base)
  bench.call(1, 'KeInitializeEvent', signalled, 1, 1)
  const readyAt = bench.cell()
  bench.call(1, 'ObReferenceObjectByHandle', ready, 0, readyAt)
  const { tid } = bench.thread(1)
  const both = bench.words(memory.load32(readyAt), signalled)
  expect(bench.call(tid, 'KeWaitForMultipleObjects', 2, both, 0, 3, 0, 0, 0, 0)).toBe(parked)
  expect(bench.call(1, 'XamContentGetDeviceState', 9, block(bench, ready))).toBe(win32.IO_PENDING)
  expect(bench.call(1, 'NtProtectVirtualMemory', base, bench.words(0x1000), 2, bench.cell(), 0)).toBe(0)
  bench.pass(1_000_000)
  expect(bench.core.stopped()?.text).toMatch(/^io-completion: store to/)
})

test('the routine of a call has its place when the call is accepted: where there is none, the call is refused', () => {
  const bench = createWorkbench()
  const { tid, handle } = bench.thread(1)
  const thread = bench.core.kernel.threads.byTid(tid)
  const ask = (at: number) => bench.call(tid, 'XamContentGetDeviceState', 9, at)
  const [first, second, changed] = [block(bench, 0, routine), block(bench, 0, routine), block(bench, 0, routine)]
  expect(ask(first)).toBe(win32.IO_PENDING)
  bench.call(1, 'NtQueueApcThread', handle, routine, 1, 0, 0)
  const [other] = thread?.userApcs ?? []
  if (other !== undefined) thread?.userApcs.push(...new Array(limits.queuedApcs.value - 2).fill(other))
  expect(ask(second)).toBe(win32.NOT_ENOUGH_MEMORY)
  expect(ask(block(bench))).toBe(win32.IO_PENDING)
  bench.pass(1_000_000)
  expect(thread?.userApcs.at(-1)).toMatchObject({ routine, argument2: first })
  expect(bench.memory.load32(second)).toBe(win32.NOT_ENOUGH_MEMORY)
  thread?.userApcs.splice(0)
  expect(ask(changed)).toBe(win32.IO_PENDING)
  bench.memory.store32(changed + 0x10, 0)
  bench.pass(1_000_000)
  expect(thread).toMatchObject({ userApcs: [], reservedApcs: 0 })
})
