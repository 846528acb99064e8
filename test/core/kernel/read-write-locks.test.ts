import { expect, test } from 'vitest'
import { createWorkbench, parked } from './workbench.ts'

test('a writer keeps new readers out while it waits, and no longer than until it has been', () => {
  const bench = createWorkbench()
  const [first, second, writer] = [1, 2, 3].map(index => bench.thread(index).tid) as [number, number, number]
  const lock = bench.cell(0x40)
  bench.call(1, 'ExInitializeReadWriteLock', lock)
  const read = (tid: number) => bench.call(tid, 'ExAcquireReadWriteLockShared', lock)
  const release = (tid: number) => bench.call(tid, 'ExReleaseReadWriteLock', lock)
  read(first)
  expect(bench.call(1, 'ExTryToAcquireReadWriteLockShared', lock)).toBe(1)
  release(1)
  expect(bench.call(writer, 'ExAcquireReadWriteLockExclusive', lock)).toBe(parked)
  expect(bench.call(1, 'ExTryToAcquireReadWriteLockShared', lock)).toBe(0)
  expect(read(second)).toBe(parked)
  release(first)
  expect([writer, second].map(tid => bench.runs(tid))).toEqual([true, false])
  release(writer)
  expect(bench.runs(second)).toBe(true)
  expect(bench.call(1, 'ExTryToAcquireReadWriteLockShared', lock)).toBe(1)
  release(1)
  release(second)
  expect(bench.call(1, 'ExTryToAcquireReadWriteLockExclusive', lock)).toBe(1)
})
