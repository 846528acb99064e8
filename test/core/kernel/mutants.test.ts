import { describe, expect, test } from 'vitest'
import { code, createWorkbench, data, parked, type Workbench } from './workbench.ts'

const untilAny = 1
const free = 1

function mutant(bench: Workbench, tid: number): number {
  const at = bench.cell()
  bench.call(tid, 'NtCreateMutant', at, 0, 1)
  return bench.memory.load32(at)
}

describe('mutants of a thread that ends', () => {
  test('are not signalled any more once they have ended, because the first of them let go who held them', () => {
    const bench = createWorkbench()
    const owner = bench.thread(1)
    const waiter = bench.thread(2)
    const handles = [mutant(bench, owner.tid), mutant(bench, owner.tid)]
    const list = bench.words(...handles)
    expect(bench.call(waiter.tid, 'NtWaitForMultipleObjectsEx', 2, list, untilAny, 1, 0, 0)).toBe(parked)
    for (const handle of handles) bench.call(1, 'NtClose', handle)
    bench.told()
    bench.call(owner.tid, 'ExTerminateThread', 0)
    const told = bench.told('object.signalled', 'object.destroyed')
    const ends = new Set<unknown>()
    for (const fact of told) {
      if (fact.kind === 'object.destroyed') ends.add(fact.serial)
      else expect(ends).not.toContain(fact.serial)
    }
    expect(ends.size).toBeGreaterThan(0)
    expect(bench.result(waiter.tid)).toBe(0x80)
  })
})

describe('a mutant that is initialised again', () => {
  test('belongs to nobody: its owner cannot release it, and leaves it as it is when it ends', () => {
    const bench = createWorkbench()
    const before = bench.thread(1)
    const after = bench.thread(2)
    const at = bench.cell(0x20)
    bench.call(before.tid, 'KeInitializeMutant', at, 1)
    bench.call(1, 'KeInitializeMutant', at, 0)
    expect(bench.call(after.tid, 'KeWaitForSingleObject', at, 3, 1, 0, 0)).toBe(0)
    bench.call(before.tid, 'ExTerminateThread', 0)
    expect(bench.memory.load32(at + 4)).toBe(0)
    expect(bench.call(after.tid, 'KeReleaseMutant', at, 0, 0, 0)).toBe(0)
    expect(bench.memory.load32(at + 4)).toBe(free)
  })

  test('by its owner, as its own, belongs to it once', () => {
    const bench = createWorkbench()
    const owner = bench.thread(1)
    const at = bench.cell(0x20)
    bench.call(owner.tid, 'KeInitializeMutant', at, 1)
    bench.call(owner.tid, 'KeInitializeMutant', at, 1)
    expect(bench.call(owner.tid, 'KeReleaseMutant', at, 0, 0, 0)).toBe(0)
    bench.told()
    bench.call(owner.tid, 'ExTerminateThread', 0)
    expect(bench.told('object.signalled').length).toBe(1)
  })
})

describe('a mutant that was abandoned', () => {
  test('is no more its owner’s than any other: a release of it says abandoned, not that it is somebody else’s', () => {
    const bench = createWorkbench()
    const owner = bench.thread(1)
    const handle = mutant(bench, owner.tid)
    bench.call(owner.tid, 'ExTerminateThread', 0)
    expect(bench.call(1, 'NtReleaseMutant', handle, 0)).toBe(0x80)
  })

  test('can be given up so by its owner, at once and on all levels', () => {
    const bench = createWorkbench()
    const other = bench.thread(1)
    const at = bench.cell(0x20)
    bench.call(1, 'KeInitializeMutant', at, 1)
    bench.call(1, 'KeWaitForSingleObject', at, 3, 1, 0, 0)
    expect(bench.call(1, 'KeReleaseMutant', at, 0, 1, 0)).toBe(0xffffffff)
    expect(bench.memory.load32(at + 4)).toBe(free)
    expect(bench.call(other.tid, 'KeWaitForSingleObject', at, 3, 1, 0, 0)).toBe(0x80)
    expect(bench.call(other.tid, 'KeReleaseMutant', at, 0, 0, 0)).toBe(0)
  })
})

test('a mutant that cannot be written ends the title when its owner ends: who is over handles no exception', () => {
  const bench = createWorkbench()
  const { memory } = bench
  const owner = bench.thread(1)
  const caller = code + 0x1000 + owner.tid * 0x100
  // The function of the call has an exception handler.
  const [handler, entry] = [bench.words(code + 0x800, 0), bench.words(caller - 0x10, 0xc0001000)]
  memory.poke(caller - 0x18, memory.read(handler, 8))
  memory.write(data + 0xf000, memory.read(entry, 8))
  const frame = bench.frameOf(owner.tid)
  const sp = frame.word(1)
  frame.setWord(1, sp - 0x100)
  memory.store32(sp - 0x100, sp)
  const base = bench.words(0)
  expect(bench.call(1, 'NtAllocateVirtualMemory', base, bench.words(0x10000), 0x3000, 4, 0)).toBe(0)
  bench.call(owner.tid, 'KeInitializeMutant', memory.load32(base), 1)
  expect(bench.call(1, 'NtProtectVirtualMemory', base, bench.words(0x1000), 2, bench.cell(), 0)).toBe(0)
  bench.call(owner.tid, 'ExTerminateThread', 3)
  expect(bench.core.stopped()).toMatchObject({ kind: 'fault' })
})
