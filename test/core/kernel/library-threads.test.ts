/** Libraries that are loaded hear of the threads that begin and end while they are. */
import { expect, test } from 'vitest'
import { away, code, createWorkbench, type Workbench } from './workbench.ts'

const entry = code + 0x600
const routine = code + 0x200

function loaded(bench: Workbench, name: string, at: number): number {
  return bench.core.kernel.modules.add({
    name,
    kind: 'library',
    path: `game:\\${name}`,
    base: at & 0xffff0000,
    size: 0x1000,
    entry: at,
    header: 0,
    headerSize: 0,
    functions: { address: 0, size: 0 },
    exports: [],
  }).handle
}

/** Where a thread is, and what it was given there. */
const called = (bench: Workbench, tid: number): number[] => {
  const frame = bench.frameOf(tid)
  return [frame.pc, frame.word(3), frame.word(4), frame.word(5)]
}

test('one after the other, before the first instruction and its APCs, and nothing of the thread is changed', () => {
  const bench = createWorkbench()
  const [first, second] = [loaded(bench, 'one.xex', entry), loaded(bench, 'two.xex', entry + 0x40)]
  const { tid, handle } = bench.thread(1, { entry: routine, flags: 1 })
  bench.call(1, 'NtQueueApcThread', handle, code + 0x400, 7, 0, 0)
  bench.call(1, 'NtResumeThread', handle, 0)
  expect(called(bench, tid)).toEqual([entry, first, 2, 0])
  bench.returnFrom(tid, 1)
  expect(called(bench, tid)).toEqual([entry + 0x40, second, 2, 0])
  bench.returnFrom(tid, 1)
  expect(called(bench, tid).slice(0, 2)).toEqual([code + 0x400, 7])
  bench.returnFrom(tid)
  expect(called(bench, tid)).toEqual([routine, 0, 0, 0])
})

test('again when it ends, before whoever registered for that, however it ends', () => {
  const bench = createWorkbench()
  const { tid, handle } = bench.thread(1)
  const library = loaded(bench, 'one.xex', entry)
  const registration = bench.words(code + 0x700, 0, 0, 0)
  bench.call(1, 'ExRegisterThreadNotification', registration, 1)
  expect(bench.call(tid, 'ExTerminateThread', 5)).toBe(away)
  expect(called(bench, tid)).toEqual([entry, library, 3, 0])
  bench.returnFrom(tid)
  expect(called(bench, tid).slice(0, 2)).toEqual([code + 0x700, registration])
  bench.returnFrom(tid)
  expect(bench.core.kernel.threads.byTid(tid)).toBeUndefined()
  expect(bench.call(1, 'NtWaitForSingleObjectEx', handle, 1, 0, bench.long(0n))).toBe(0)
})

test('a library that is gone meanwhile is not called', () => {
  const bench = createWorkbench()
  loaded(bench, 'one.xex', entry)
  const second = loaded(bench, 'two.xex', entry + 0x40)
  const { tid } = bench.thread(1, { entry: routine })
  bench.core.kernel.modules.remove(second)
  bench.returnFrom(tid, 1)
  expect(bench.frameOf(tid).pc).toBe(routine)
})
