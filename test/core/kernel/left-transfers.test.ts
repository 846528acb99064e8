import { expect, test } from 'vitest'
import { filesBench, invalid, openExisting, read, text } from './win32-bench.ts'
import { code, parked } from './workbench.ts'

const routine = code + 0x400

/** A thread that waits for bytes and is called away from that by a kernel APC, in which it ends. */
function endsWhileItWaits(name: string, argumentsOf: (files: ReturnType<typeof filesBench>) => readonly number[]) {
  const files = filesBench()
  const { bench } = files
  const given = argumentsOf(files)
  const { pool } = bench.core.kernel
  const before = pool.used
  const a = bench.thread(1)
  expect(bench.call(a.tid, name, ...given)).toBe(parked)
  const apc = bench.cell(0x30)
  bench.call(1, 'KeInitializeApc', apc, a.at, 0, 0, routine, 0, 0)
  bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
  expect(bench.frameOf(a.tid).pc).toBe(routine)
  bench.call(a.tid, 'ExTerminateThread', 0)
  bench.call(1, 'NtClose', a.handle)
  return { ...files, kept: () => pool.used - before }
}

test('a thread that ends while it waits for bytes keeps nothing, and nothing comes any more', () => {
  let buffer = 0
  const { bench, kept, open } = endsWhileItWaits('ReadFile', ({ bench, open, countAt }) => {
    buffer = bench.cell(text.length)
    return [open('game:\\Media\\b.txt'), buffer, text.length, countAt, 0]
  })
  expect(kept()).toBe(0)
  // Whoever is given that memory next finds nothing written into it.
  const block = bench.core.kernel.pool.allocate(8)
  bench.memory.store64(block, 0x1122_3344_5566_7788n)
  bench.pass(10_000_000)
  expect(bench.memory.load64(block)).toBe(0x1122_3344_5566_7788n)
  expect(bench.memory.load8(buffer)).toBe(0)
  expect(open('game:\\Media\\b.txt')).not.toBe(invalid)
})

test('a thread that ends while it copies leaves neither file open, and no copy', () => {
  const { bench, put, open } = endsWhileItWaits('CopyFileA', ({ put }) => [
    put('game:\\Media\\b.txt'),
    put('game:\\copy.txt'),
    0,
  ])
  bench.pass(10_000_000)
  expect(open('game:\\copy.txt')).toBe(invalid)
  const alone = bench.call(1, 'CreateFileA', put('game:\\Media\\b.txt'), read, 0, 0, openExisting, 0, 0)
  expect(alone).not.toBe(invalid)
})
