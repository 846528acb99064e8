import { expect, test } from 'vitest'
import { createWorkbench, parked, type Workbench } from './workbench.ts'

const autoEvent = 1
const waitAll = 0
const waitAny = 1

function event(bench: Workbench, at = bench.cell()): number {
  bench.call(1, 'KeInitializeEvent', at, autoEvent, 0)
  return at
}

function page(bench: Workbench): number {
  const base = bench.words(0)
  expect(bench.call(1, 'NtAllocateVirtualMemory', base, bench.words(0x10000), 0x3000, 4, 0)).toBe(0)
  return bench.memory.load32(base)
}

const free = (bench: Workbench, at: number) =>
  bench.call(1, 'NtFreeVirtualMemory', bench.words(at), bench.words(0), 0x8000, 0)

test('a thread that is resumed into a wait for an object whose memory is gone waits for ever, and nobody faults', () => {
  const bench = createWorkbench()
  const waiter = bench.thread(1)
  const at = event(bench, page(bench))
  expect(bench.call(waiter.tid, 'KeWaitForSingleObject', at, 3, 0, 0, 0)).toBe(parked)
  bench.call(1, 'NtSuspendThread', waiter.handle, 0)
  expect(free(bench, at)).toBe(0)
  expect(bench.call(1, 'NtResumeThread', waiter.handle, 0)).toBe(0)
  expect(bench.core.stopped()).toBeUndefined()
  expect(bench.runs(waiter.tid)).toBe(false)
})

test.each([
  ['as it was', (_bench: Workbench) => undefined],
  ['restored', (bench: Workbench) => bench.core.load(structuredClone(bench.core.save()))],
])('in a machine %s, an object whose memory is gone keeps its place in the waits for it', (_how, between) => {
  const bench = createWorkbench()
  const [any, all] = [bench.thread(1), bench.thread(2)]
  const gone = event(bench, page(bench))
  const left = event(bench)
  const both = bench.words(gone, left)
  expect(bench.call(all.tid, 'KeWaitForMultipleObjects', 2, both, waitAll, 3, 0, 0, 0, 0)).toBe(parked)
  expect(bench.call(any.tid, 'KeWaitForMultipleObjects', 2, both, waitAny, 3, 0, 0, 0, 0)).toBe(parked)
  expect(free(bench, gone)).toBe(0)
  between(bench)
  expect(bench.call(1, 'KeSetEvent', left, 0, 0)).toBe(0)
  expect(bench.core.stopped()).toBeUndefined()
  expect(bench.runs(all.tid)).toBe(false)
  expect(bench.result(any.tid)).toBe(1)
})
