/**
 * Memory calls as rows: what is called, what it answers. Addresses and sizes are the title's. The sources are the
 * platform's documented ranges, page sizes and statuses, as public emulators and measured titles agree on them.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyState } from '../../../core/base/state.ts'
import { protection } from '../../../core/kernel/memory-manager.ts'
import { status } from '../../../core/kernel/status.ts'
import { allocateStack } from '../../../core/kernel/thread-body.ts'
import { access, hostMap } from '../../../core/memory/map.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const commit = 0x1000
const reserve = 0x2000
const decommit = 0x4000
const release = 0x8000
const reset = 0x80000
const topDown = 0x100000
const large = 0x20000000
const { readWrite, readOnly, noAccess } = protection
const M = 0x100000

interface Range {
  readonly code: number
  readonly base: number
  readonly size: number
}

function allocate(bench: Workbench, base: number, size: number, type: number, protect: number = readWrite): Range {
  const baseAt = bench.words(base)
  const sizeAt = bench.words(size)
  const code = Number(bench.call(1, 'NtAllocateVirtualMemory', baseAt, sizeAt, type, protect, 0))
  return { code, base: bench.memory.load32(baseAt), size: bench.memory.load32(sizeAt) }
}

function free(bench: Workbench, base: number, size: number, type: number): Range {
  const baseAt = bench.words(base)
  const sizeAt = bench.words(size)
  const code = Number(bench.call(1, 'NtFreeVirtualMemory', baseAt, sizeAt, type, 0))
  return { code, base: bench.memory.load32(baseAt), size: bench.memory.load32(sizeAt) }
}

function query(bench: Workbench, address: number): readonly number[] | number {
  const at = bench.cell(0x20)
  const code = Number(bench.call(1, 'NtQueryVirtualMemory', address, at, 0))
  return code === 0 ? [0, 4, 8, 0xc, 0x10, 0x14].map(offset => bench.memory.load32(at + offset)) : code
}

test.each<[what: string, size: number, type: number, expected: Partial<Range>]>([
  [
    'a size is rounded to 64 KiB where no address is given',
    1,
    reserve | commit,
    { code: 0, base: 0x10000, size: 0x10000 },
  ],
  ['large pages lie in their own range', 0x20000, reserve | commit | large, { code: 0, size: 0x20000 }],
  ['the highest place is taken when asked for', 0x10000, reserve | topDown, { code: 0, base: 0x3fff0000 }],
  ['a negative size means its magnitude', 0xffff0000, reserve, { code: 0, size: 0x10000 }],
  ['no size is refused', 0, reserve, { code: status.INVALID_PARAMETER }],
  ['neither reserve nor commit is refused', 0x1000, topDown, { code: status.INVALID_PARAMETER }],
  ['a reset with anything else is refused', 0x1000, reset | commit, { code: status.INVALID_PARAMETER }],
  ['more than there is room for is refused', 0x7fffffff, reserve, { code: status.NO_MEMORY }],
  ['more than the console has is refused', 500 * M, reserve | commit, { code: status.NO_MEMORY }],
])('NtAllocateVirtualMemory: %s', (_what, size, type, expected) => {
  expect(allocate(createWorkbench(), 0, size, type)).toMatchObject(expected)
})

test.each([
  [0x40, status.INVALID_PAGE_PROTECTION],
  [0x20, status.INVALID_PAGE_PROTECTION],
  [0, status.INVALID_PAGE_PROTECTION],
  [readOnly, 0],
  [noAccess, 0],
  [readWrite | protection.noCache, 0],
  [readWrite | protection.guard, 0],
])('a commit with protection %i answers %i', (protect, code) => {
  expect(allocate(createWorkbench(), 0, 0x1000, reserve | commit, protect).code).toBe(code)
})

test('nobody has the page below a stack, however many stacks lie side by side', () => {
  const bench = createWorkbench()
  const { memory } = bench
  const stacks = Array.from({ length: 24 }, (_, i) => {
    const { tid } = bench.thread(i % 6, { flags: 1 })
    const thread = bench.core.kernel.threads.byTid(tid)
    return { base: thread?.stackBase ?? 0, limit: thread?.stackLimit ?? 0 }
  })
  for (const { base, limit } of stacks) {
    expect(memory.allows(limit, base - limit, access.read | access.write)).toBe(true)
    expect(memory.accessAt(limit - 0x1000)).toBe(0)
    expect(memory.accessAt(limit - 4)).toBe(0)
    expect(stacks.some(other => other.base > limit - 0x1000 && other.limit < limit)).toBe(false)
  }
})

test.each([0x4000, 0xe000, 0xf000, 0x10000, 0x40000])(
  'what is behind a stack of %i bytes is there, to the end of its page of 64 KiB',
  size => {
    const bench = createWorkbench()
    const { memory } = bench
    const { base } = allocateStack(memory, bench.core.kernel.space, size)
    const end = (base + 0x10000) & ~0xffff
    expect(end - base).toBeGreaterThanOrEqual(0x1000)
    expect(memory.allows(base, end - base, access.read | access.write)).toBe(true)
    expect(memory.accessAt(end)).toBe(0)
  },
)

test('a page that is guarded is there, and neither read nor written before its protection is changed', () => {
  const bench = createWorkbench()
  const { memory } = bench
  const { base } = allocate(bench, 0, 0x3000, reserve | commit)
  memory.store32(base + 0x1000, 7)
  const [baseAt, sizeAt, oldAt] = [bench.words(base + 0x1000), bench.words(0x1000), bench.cell()]
  const protect = (to: number) => bench.call(1, 'NtProtectVirtualMemory', baseAt, sizeAt, to, oldAt)
  expect(protect(readWrite | protection.guard)).toBe(0)
  expect(memory.accessAt(base + 0x1000)).toBe(access.committed)
  expect(() => memory.load32(base + 0x1000)).toThrow()
  expect(() => memory.store32(base + 0x1ffc, 1)).toThrow()
  expect([memory.load32(base + 0xffc), memory.load32(base + 0x2000)]).toEqual([0, 0])
  expect(protect(readWrite)).toBe(0)
  expect(memory.load32(oldAt)).toBe(readWrite | protection.guard)
  expect(memory.load32(base + 0x1000)).toBe(7)
})

test('a refused allocation leaves nothing behind', () => {
  const bench = createWorkbench()
  allocate(bench, 0, 500 * M, reserve | commit)
  expect(allocate(bench, 0, 0x1000, reserve)).toMatchObject({ code: 0, base: 0x10000 })
})

test('reserved pages become memory as they are committed, and keep their bytes when committed again', () => {
  const bench = createWorkbench()
  const { memory } = bench
  const { base } = allocate(bench, 0, M, reserve)
  expect(memory.accessAt(base)).toBe(0)
  expect(allocate(bench, base + 0x1800, 0x1000, commit)).toEqual({ code: 0, base: base + 0x1000, size: 0x2000 })
  expect(memory.accessAt(base)).toBe(0)
  memory.store32(base + 0x1000, 7)
  expect(allocate(bench, base, 0x3000, commit)).toMatchObject({ code: 0, size: 0x3000 })
  expect(memory.load32(base + 0x1000)).toBe(7)
  expect(memory.load32(base)).toBe(0)
})

test('what is committed must lie in what was reserved', () => {
  const bench = createWorkbench()
  const { base } = allocate(bench, 0, 0x10000, reserve)
  expect(allocate(bench, base + 0xf000, 0x2000, commit).code).toBe(status.INVALID_PARAMETER)
  expect(allocate(bench, base, 0x1000, reserve).code).toBe(status.INVALID_PARAMETER)
  expect(allocate(bench, 0x82000000, 0x1000, commit).code).toBe(status.INVALID_PARAMETER)
  expect(allocate(bench, 0x1000, 0x1000, commit).code).toBe(status.INVALID_PARAMETER)
})

test('memory at a place of its own can be had without reserving it first', () => {
  const bench = createWorkbench()
  expect(allocate(bench, 0x20001234, 0x1000, reserve | commit)).toEqual({ code: 0, base: 0x20001000, size: 0x2000 })
  bench.memory.store32(0x20002000, 1)
  expect(() => bench.memory.store32(0x20003000, 1)).toThrow()
})

test.each<[what: string, offset: number, size: number, type: number, expected: Partial<Range>]>([
  ['the whole is released from its base', 0, 0, release, { code: 0, size: 0x10000 }],
  ['a release elsewhere is refused', 0x1000, 0, release, { code: status.FREE_VM_NOT_AT_BASE }],
  ['pages are given back', 0x1000, 0x1000, decommit, { code: 0, size: 0x1000 }],
  ['all pages from a place on are given back', 0x2000, 0, decommit, { code: 0, size: 0xe000 }],
  ['pages beyond the end are refused', 0x1000, 0x10000, decommit, { code: status.UNABLE_TO_FREE_VM }],
  ['both at once are refused', 0, 0, decommit | release, { code: status.INVALID_PARAMETER }],
  ['what nobody has is refused', M, 0, release, { code: status.MEMORY_NOT_ALLOCATED }],
])('NtFreeVirtualMemory: %s', (_what, offset, size, type, expected) => {
  const bench = createWorkbench()
  const { base } = allocate(bench, 0, 0x10000, reserve | commit)
  expect(free(bench, base + offset, size, type)).toMatchObject(expected)
})

test('no address at all cannot be freed', () => {
  expect(free(createWorkbench(), 0, 0, release).code).toBe(status.MEMORY_NOT_ALLOCATED)
})

test('memory given back and taken again is zero', () => {
  const bench = createWorkbench()
  const { base } = allocate(bench, 0, 0x10000, reserve | commit)
  bench.memory.store32(base + 0x4000, 9)
  free(bench, base + 0x4000, 0x1000, decommit)
  expect(bench.memory.accessAt(base + 0x4000)).toBe(0)
  allocate(bench, base + 0x4000, 0x1000, commit)
  expect(bench.memory.load32(base + 0x4000)).toBe(0)
})

test('an object in memory that is released ends with it, and that is told', () => {
  const bench = createWorkbench()
  const { base } = allocate(bench, 0, 0x10000, reserve | commit)
  bench.call(1, 'KeInitializeEvent', base, 0, 0)
  bench.told()
  free(bench, base, 0, release)
  expect(bench.told('object.destroyed')).toMatchObject([{ address: base, reason: 1 }])
})

test('a query tells of runs of pages that are alike', () => {
  const bench = createWorkbench()
  const { base } = allocate(bench, 0, 0x10000, reserve, readOnly)
  allocate(bench, base + 0x1000, 0x2000, commit, readWrite)
  allocate(bench, base + 0x3000, 0x1000, commit, readOnly)
  expect(query(bench, base + 0x10)).toEqual([base, base, readOnly, 0x1000, 0x2000, 0])
  expect(query(bench, base + 0x1fff)).toEqual([base + 0x1000, base, readOnly, 0x2000, 0x1000, readWrite])
  expect(query(bench, base + 0x3000)).toEqual([base + 0x3000, base, readOnly, 0x1000, 0x1000, readOnly])
  expect(query(bench, base + 0x4000)).toEqual([base + 0x4000, base, readOnly, 0xc000, 0x2000, 0])
  expect(query(bench, 0x100000)).toMatchObject([0x100000, 0, 0, expect.any(Number), 0x10000, noAccess])
  expect(query(bench, 0xf0000000)).toBe(status.INVALID_PARAMETER)
})

test('protection changes for whole pages, and what cannot be touched keeps its bytes', () => {
  const bench = createWorkbench()
  const { base } = allocate(bench, 0, 0x10000, reserve | commit)
  bench.memory.store32(base + 0x1000, 5)
  const change = (at: number, size: number, protect: number): { code: number; old: number } => {
    const old = bench.cell()
    const code = bench.call(1, 'NtProtectVirtualMemory', bench.words(at), bench.words(size), protect, old, 0)
    return { code: Number(code), old: bench.memory.load32(old) }
  }
  expect(change(base + 0x1234, 4, noAccess)).toEqual({ code: 0, old: readWrite })
  expect(() => bench.memory.load32(base + 0x1000)).toThrow()
  expect(bench.memory.accessAt(base + 0x1000)).toBe(access.committed)
  const state = copyState(bench.memory.save())
  bench.memory.load(state)
  expect(change(base + 0x1000, 0x1000, readOnly)).toEqual({ code: 0, old: noAccess })
  expect(bench.memory.load32(base + 0x1000)).toBe(5)
  expect(() => bench.memory.store32(base + 0x1000, 1)).toThrow()
  expect(change(base, 0x1000, 0x40).code).toBe(status.INVALID_PAGE_PROTECTION)
  free(bench, base + 0x5000, 0x1000, decommit)
  expect(change(base, 0x10000, readWrite).code).toBe(status.NOT_COMMITTED)
})

test.each([
  ['4 KiB pages in the last window', readWrite, 0x3000, 0xe0000000, 0x1000],
  ['64 KiB pages in the first', readWrite | protection.largePages, 0x3000, 0xa0000000, 0x10000],
  ['16 MiB pages in the second', readWrite | protection.hugePages, 0x3000, 0xc0000000, 0x1000000],
])('physical memory comes in %s', (_what, protect, size, window, page) => {
  const bench = createWorkbench()
  const at = Number(bench.call(1, 'MmAllocatePhysicalMemoryEx', 0, size, protect, 0, 0xffffffff, 0))
  expect(at >= window && at < window + 0x20000000).toBe(true)
  expect(at % page).toBe(0)
  expect(bench.call(1, 'MmQueryAllocationSize', at)).toBe(Math.ceil(size / page) * page)
  expect(bench.call(1, 'MmQueryAddressProtect', at)).toBe(readWrite)
  const physical = window === 0xe0000000 ? at - window + 0x1000 : at - window
  expect(bench.call(1, 'MmGetPhysicalAddress', at)).toBe(physical)
  bench.memory.store32(at + size - 4, 0x12345678)
  expect(bench.memory.load32(0xa0000000 + physical + size - 4)).toBe(0x12345678)
  bench.call(1, 'MmFreePhysicalMemory', 0, at)
  expect(bench.call(1, 'MmIsAddressValid', at)).toBe(0)
})

test('physical memory lies where it was asked for, or nowhere', () => {
  const bench = createWorkbench()
  const at = Number(bench.call(1, 'MmAllocatePhysicalMemoryEx', 0, 0x10000, readWrite, 0x100000, 0x1fffff, 0x10000))
  const physical = Number(bench.call(1, 'MmGetPhysicalAddress', at))
  expect(physical >= 0x100000 && physical + 0x10000 <= 0x200000 && physical % 0x10000 === 0).toBe(true)
  expect(bench.call(1, 'MmAllocatePhysicalMemoryEx', 0, M, readWrite, 0x100000, 0x1fffff, 0)).toBe(0)
  expect(bench.call(1, 'MmAllocatePhysicalMemoryEx', 0, 600 * M, readWrite, 0, 0xffffffff, 0)).toBe(0)
})

test('virtual addresses have no physical one that a title could give a device', () => {
  expect(createWorkbench().call(1, 'MmGetPhysicalAddress', 0x10000)).toBe(0)
})

test('the pages a title has are the pages it has no more', () => {
  const bench = createWorkbench()
  const available = (): number => {
    const at = bench.cell(0x68)
    bench.memory.store32(at, 0x68)
    expect(bench.call(1, 'MmQueryStatistics', at)).toBe(0)
    expect(bench.memory.load32(at + 4)).toBe(0x20000)
    return bench.memory.load32(at + 0xc)
  }
  const before = available()
  const { base } = allocate(bench, 0, 4 * M, reserve)
  expect(available()).toBe(before)
  allocate(bench, base, M, commit)
  const physical = Number(bench.call(1, 'MmAllocatePhysicalMemory', 0, M, readWrite))
  expect(available()).toBe(before - 512)
  free(bench, base, 0, release)
  bench.call(1, 'MmFreePhysicalMemory', 0, physical)
  expect(available()).toBe(before)
  expect(bench.call(1, 'MmQueryStatistics', bench.words(0x60))).toBe(status.BUFFER_TOO_SMALL)
})

test('pool blocks are zero, apart, and large ones begin on a page', () => {
  const bench = createWorkbench()
  const small = Number(bench.call(1, 'ExAllocatePoolTypeWithTag', 0x20, 0, 0))
  const big = Number(bench.call(1, 'ExAllocatePool', 0x1001))
  expect(big % 0x1000).toBe(0)
  expect(bench.call(1, 'ExQueryPoolBlockSize', big)).toBe(0x2000)
  bench.memory.fill(small, 0x20, 0xff)
  expect(bench.memory.load32(big)).toBe(0)
  bench.call(1, 'ExFreePool', small)
  const again = Number(bench.call(1, 'ExAllocatePoolWithTag', 0x20, 0))
  expect(bench.memory.load32(again)).toBe(0)
  expect(bench.call(1, 'ExAllocatePool', 0x7fffffff)).toBe(0)
})

test('cache lines are not locked where the host keeps its own, over the write-back lines, outside their window, or beyond what there is', () => {
  const bench = createWorkbench()
  for (const [at, size] of [
    [hostMap.low, 0x20000],
    [0x20, 0x20000],
    [0x40000000, 0x20000],
    [0x7f000000, 0x20000],
    [0x7f0f0000, 0x20000],
    [0x7f100000, 0x200000],
    [0x7f7f0000, 0x20000],
  ] as const)
    expect(Number(bench.call(1, 'KeLockL2', 0, at, size, 1, 1))).not.toBe(0)
})

test('locked cache lines are memory until they are unlocked', () => {
  const bench = createWorkbench()
  expect(bench.call(1, 'KeLockL2', 0, 0x7f100000, 0x20000, 1, 1)).toBe(0)
  bench.memory.store32(0x7f11fffc, 3)
  expect(Number(bench.call(1, 'KeLockL2', 0, 0x7f100000, 0x20000, 1, 1))).not.toBe(0)
  bench.call(1, 'KeUnlockL2', 0)
  expect(bench.call(1, 'MmIsAddressValid', 0x7f100000)).toBe(0)
})

test('a kernel stack is given by its top and taken back', () => {
  const bench = createWorkbench()
  const top = Number(bench.call(1, 'MmCreateKernelStack', 0x4000, 0))
  bench.memory.store32(top - 4, 1)
  bench.call(1, 'MmDeleteKernelStack', top, top - 0x4000)
  expect(bench.call(1, 'MmIsAddressValid', top - 4)).toBe(0)
})

test('words are filled and compared', () => {
  const bench = createWorkbench()
  const at = bench.cell(0x40)
  bench.call(1, 'RtlFillMemoryUlong', at, 0x10, 0xdeadbeef)
  expect(bench.call(1, 'RtlCompareMemoryUlong', at, 0x20, 0xdeadbeef)).toBe(0x10)
  bench.memory.store8(at + 5, 0)
  expect(bench.call(1, 'RtlCompareMemory', at, at + 8, 8)).toBe(5)
})

test('however virtual memory is used, every page is what the calls made of it', () => {
  const bench = createWorkbench()
  const { memory } = bench
  const pages = 16
  const step = fc.record({
    what: fc.constantFrom('commit', 'decommit', 'protect'),
    at: fc.nat(pages - 1),
    count: fc.integer({ min: 1, max: pages }),
    protect: fc.constantFrom(readWrite, readOnly, noAccess),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), steps => {
      const { base } = allocate(bench, 0, pages * 0x1000, reserve)
      const model = new Array<number>(pages).fill(0)
      const baseAt = bench.core.kernel.pool.allocate(16)
      for (const { what, at, count, protect } of steps) {
        const size = Math.min(count, pages - at) * 0x1000
        memory.store32(baseAt, base + at * 0x1000)
        memory.store32(baseAt + 4, size)
        const range = model.slice(at, at + size / 0x1000)
        let code: number
        if (what === 'commit')
          code = Number(bench.call(1, 'NtAllocateVirtualMemory', baseAt, baseAt + 4, commit, protect, 0))
        else if (what === 'decommit')
          code = Number(bench.call(1, 'NtFreeVirtualMemory', baseAt, baseAt + 4, decommit, 0))
        else code = Number(bench.call(1, 'NtProtectVirtualMemory', baseAt, baseAt + 4, protect, 0, 0))
        const whole = range.every(page => page !== 0)
        expect(code).toBe(what === 'protect' && !whole ? status.NOT_COMMITTED : 0)
        if (code === 0) model.fill(what === 'decommit' ? 0 : protect, at, at + size / 0x1000)
      }
      model.forEach((protect, page) => {
        expect(bench.call(1, 'MmQueryAddressProtect', base + page * 0x1000)).toBe(protect)
        const can = memory.accessAt(base + page * 0x1000) & (access.read | access.write)
        expect(can).toBe(protect === readWrite ? access.read | access.write : protect === readOnly ? access.read : 0)
      })
      memory.store32(baseAt, base)
      expect(bench.call(1, 'NtFreeVirtualMemory', baseAt, baseAt + 4, release, 0)).toBe(0)
      bench.core.kernel.pool.free(baseAt, 16)
    }),
    { numRuns: 60 },
  )
})

test('stacks of threads are memory of the title: where none is left no thread is made, and one that ends gives its back', () => {
  const bench = createWorkbench()
  const use = bench.cell(0x68)
  const available = (): number => {
    bench.memory.store32(use, 0x68)
    bench.call(1, 'MmQueryStatistics', use)
    return bench.memory.load32(use + 0xc)
  }
  const [handleAt, tidAt] = [bench.cell(), bench.cell()]
  const make = (stack: number): number =>
    Number(bench.call(1, 'ExCreateThread', handleAt, stack, tidAt, 0, 0x82000200, 0, 1 << 25))
  const before = available()
  expect(make(M)).toBe(0)
  expect(before - available()).toBe(M / 0x1000)
  bench.core.begin(1)
  bench.call(bench.memory.load32(tidAt), 'ExTerminateThread', 0)
  expect(available()).toBe(before)
  const [base, size] = [bench.words(0), bench.words((before - 0x100) * 0x1000)]
  while (bench.call(1, 'NtAllocateVirtualMemory', base, size, 0x20003000, 4, 0) !== 0)
    bench.memory.store32(size, bench.memory.load32(size) - M)
  expect(make((available() + 1) * 0x1000)).toBe(status.NO_MEMORY)
  expect(make(0x10000)).toBe(0)
})
