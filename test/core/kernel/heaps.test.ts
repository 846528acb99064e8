/** Heaps in Win32's words: what HeapAlloc and its kin are documented to answer. */
import { expect, test } from 'vitest'
import { status } from '../../../core/kernel/status.ts'
import { KTHREAD } from '../../../core/kernel/structs.ts'
import { createWorkbench } from './workbench.ts'

function heapBench() {
  const bench = createWorkbench()
  const call = (name: string, ...args: number[]): number => Number(bench.call(1, name, ...args))
  const lastError = (): number =>
    bench.memory.load32((bench.core.kernel.threads.byTid(1)?.object.address ?? 0) + KTHREAD.lastError)
  return { bench, call, lastError, pool: bench.core.kernel.pool, heap: call('GetProcessHeap') }
}

const [noSize, generateExceptions, inPlaceOnly] = [0xffffffff, 4, 0x10]

test('the heap of the process is one, and is not destroyed', () => {
  const { call, heap } = heapBench()
  expect(heap).not.toBe(0)
  expect(call('GetProcessHeap')).toBe(heap)
  expect(call('RtlDestroyHeap', heap)).toBe(heap)
  expect(call('RtlValidateHeap', heap, 0, 0)).toBe(1)
})

test('a block knows its size to the byte, begins at 16 and is empty, also where another was before', () => {
  const { bench, call, heap } = heapBench()
  const at = call('RtlAllocateHeap', heap, 0, 37)
  expect([at % 16, call('RtlSizeHeap', heap, 0, at), call('RtlValidateHeap', heap, 0, at)]).toEqual([0, 37, 1])
  bench.memory.store32(at, 7)
  expect(call('RtlFreeHeap', heap, 0, at)).toBe(1)
  expect([call('RtlAllocateHeap', heap, 0, 37), bench.memory.load32(at)]).toEqual([at, 0])
})

test('what is no block of the heap has no size and is not freed; no block at all is', () => {
  const { call, heap } = heapBench()
  const other = call('RtlCreateHeap', 0, 0, 0, 0, 0, 0)
  const at = call('RtlAllocateHeap', other, 0, 8)
  expect(call('RtlSizeHeap', heap, 0, at)).toBe(noSize)
  expect(call('RtlValidateHeap', heap, 0, at)).toBe(0)
  expect(call('RtlFreeHeap', heap, 0, at)).toBe(0)
  expect(call('RtlFreeHeap', heap, 0, 0)).toBe(1)
  expect(call('RtlFreeHeap', other, 0, at)).toBe(1)
  expect(call('RtlFreeHeap', other, 0, at)).toBe(0)
  expect(call('RtlAllocateHeap', at, 0, 8)).toBe(0)
})

test('a block that grows keeps its bytes, and stays as it was where there is no room', () => {
  const { bench, call, heap } = heapBench()
  const at = call('RtlAllocateHeap', heap, 0, 8)
  bench.memory.store64(at, 0x0123456789abcdefn)
  expect(call('RtlReAllocateHeap', heap, inPlaceOnly, at, 0x100)).toBe(0)
  const next = call('RtlReAllocateHeap', heap, 0, at, 0x100)
  expect(bench.memory.load64(next)).toBe(0x0123456789abcdefn)
  expect([call('RtlSizeHeap', heap, 0, next), call('RtlSizeHeap', heap, 0, at)]).toEqual([0x100, noSize])
  expect(call('RtlReAllocateHeap', heap, 0, next, 0x7fffffff)).toBe(0)
  expect(call('RtlSizeHeap', heap, 0, next)).toBe(0x100)
})

test('a heap that is destroyed gives back all its blocks', () => {
  const { call, pool } = heapBench()
  const before = pool.used
  const heap = call('RtlCreateHeap', 0, 0, 0, 0, 0, 0)
  for (const size of [1, 0x2345, 70]) call('RtlAllocateHeap', heap, 0, size)
  expect(call('RtlDestroyHeap', heap)).toBe(0)
  expect(pool.used).toBe(before)
  expect(call('RtlAllocateHeap', heap, 0, 1)).toBe(0)
})

test('where there is no memory a call answers nothing, or raises an exception if it asked for one', () => {
  const { bench, call, heap, pool } = heapBench()
  const refused = pool.refused
  expect(call('RtlAllocateHeap', heap, 0, 0x7fffffff)).toBe(0)
  expect(pool.refused).toBe(refused + 1)
  bench.call(1, 'RtlAllocateHeap', heap, generateExceptions, 0x7fffffff)
  expect(bench.core.stopped()?.text).toContain(`raised 0x${status.NO_MEMORY.toString(16).toUpperCase()}`)
})

test('LocalAlloc and LocalFree are of the heap of the process; what could move is not to be had', () => {
  const { call, heap, lastError } = heapBench()
  const at = call('LocalAlloc', 0x40, 12)
  expect(call('RtlSizeHeap', heap, 0, at)).toBe(12)
  expect([call('LocalFree', at), call('LocalFree', 0)]).toEqual([0, 0])
  expect([call('LocalFree', at), lastError()]).toEqual([at, 6])
  expect([call('LocalAlloc', 2, 12), lastError()]).toEqual([0, 0x57])
  expect([call('LocalAlloc', 0, 0x7fffffff), lastError()]).toEqual([0, 8])
  call('SetLastError', 1234)
  expect(lastError()).toBe(1234)
})
