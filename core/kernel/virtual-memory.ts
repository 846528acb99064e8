/**
 * Virtual ranges: reserved, then committed page by page. Which pages of a range are committed is kept as runs of one
 * protection; pages that are committed are memory, all others are not.
 */
import { alignDown, alignUp } from '../base/bits.ts'
import { access, fold, regionOf } from '../memory/map.ts'
import type { Kernel } from './context.ts'
import {
  accessOf,
  allocationType,
  areas,
  bytesLeft,
  largePage,
  type MemoryState,
  memoryState,
  protectAllowed,
  protection,
  type Run,
  rangeAt,
  smallPage,
  type VirtualRange,
} from './memory-manager.ts'
import { failed, status } from './status.ts'

/** The runs of a range with one stretch of it given a new protection; undefined takes it out. */
function withRun(runs: readonly Run[], at: number, size: number, protect: number | undefined): Run[] {
  const kept: Run[] = []
  for (const run of runs) {
    const end = run.at + run.size
    if (run.at < at) kept.push({ ...run, size: Math.min(end, at) - run.at })
    if (end > at + size) {
      const from = Math.max(run.at, at + size)
      kept.push({ at: from, size: end - from, protect: run.protect })
    }
  }
  if (protect !== undefined) kept.push({ at, size, protect })
  kept.sort((a, b) => a.at - b.at)
  const joined: Run[] = []
  for (const run of kept) {
    const last = joined[joined.length - 1]
    if (last !== undefined && last.protect === run.protect && last.at + last.size === run.at)
      joined[joined.length - 1] = { ...last, size: last.size + run.size }
    else joined.push(run)
  }
  return joined
}

const bytesIn = (runs: readonly Run[], at: number, size: number): number =>
  runs.reduce((sum, run) => sum + Math.max(0, Math.min(run.at + run.size, at + size) - Math.max(run.at, at)), 0)

function commit(k: Kernel, range: VirtualRange, at: number, size: number, protect: number): number {
  const state = k.state(memoryState)
  const more = size - bytesIn(range.runs, at, size)
  if (more > bytesLeft(k)) return status.NO_MEMORY
  k.memory.commit(range.base + at, size, accessOf(protect))
  range.runs = withRun(range.runs, at, size, protect)
  state.committed += more
  return status.SUCCESS
}

export interface Span {
  readonly base: number
  readonly size: number
}

/** Reserves or commits a virtual range; a status, or the range it came to. */
export function allocateVirtual(k: Kernel, asked: Span, type: number, protect: number): Span | number {
  const state = k.state(memoryState)
  const size = Math.abs(asked.size | 0)
  if (size === 0 || (type & (allocationType.commit | allocationType.reserve | allocationType.reset)) === 0)
    return status.INVALID_PARAMETER
  if (type & allocationType.reset)
    // The pages may lose their contents, and need not: nothing is to be done.
    return type & (allocationType.commit | allocationType.reserve)
      ? status.INVALID_PARAMETER
      : { base: asked.base, size }
  if (protect & protection.anyExecute) return status.INVALID_PAGE_PROTECTION
  if (!protectAllowed(protect)) return status.INVALID_PAGE_PROTECTION
  if (asked.base === 0) {
    const page = type & (allocationType.largePages | allocationType.hugePages) ? largePage : smallPage
    const area = page === largePage ? areas.large : areas.small
    const bytes = alignUp(size, largePage)
    const base = k.space.reserve({
      ...area,
      size: bytes,
      align: largePage,
      top: (type & allocationType.topDown) !== 0,
      protect,
      use: 'virtual',
    })
    if (base === 0) return status.NO_MEMORY
    return finishReserve(k, state, { base, size: bytes, page, runs: [] }, 0, bytes, type, protect)
  }
  const region = regionOf(asked.base)
  if (region?.kind !== 'virtual') return status.INVALID_PARAMETER
  const known = rangeAt(k, asked.base)
  const page = known?.page ?? region.page
  const base = alignDown(asked.base, page)
  const bytes = alignUp(asked.base + size - base, page)
  if (known !== undefined) {
    if (type & allocationType.reserve) return status.INVALID_PARAMETER
    if (base + bytes > known.base + known.size) return status.INVALID_PARAMETER
    const result = commit(k, known, base - known.base, bytes, protect)
    return failed(result) ? result : { base, size: bytes }
  }
  const start = alignDown(asked.base, largePage)
  const length = alignUp(base + bytes - start, page)
  if (!k.space.claim({ base: start, size: length, protect, use: 'virtual' })) return status.INVALID_PARAMETER
  return finishReserve(k, state, { base: start, size: length, page, runs: [] }, base - start, bytes, type, protect)
}

function finishReserve(
  k: Kernel,
  state: MemoryState,
  range: VirtualRange,
  at: number,
  size: number,
  type: number,
  protect: number,
): Span | number {
  state.ranges.push(range)
  state.ranges.sort((a, b) => a.base - b.base)
  if (type & allocationType.commit) {
    const result = commit(k, range, at, size, protect)
    if (failed(result)) {
      releaseRange(k, range)
      return result
    }
  }
  return { base: range.base + at, size }
}

function releaseRange(k: Kernel, range: VirtualRange): void {
  const state = k.state(memoryState)
  state.committed -= bytesIn(range.runs, 0, range.size)
  state.ranges = state.ranges.filter(other => other !== range)
  k.space.release(range.base)
}

export function freeVirtual(k: Kernel, asked: Span, type: number): Span | number {
  if (asked.base === 0) return status.MEMORY_NOT_ALLOCATED
  const range = rangeAt(k, asked.base)
  if (range === undefined) return status.MEMORY_NOT_ALLOCATED
  const size = Math.abs(asked.size | 0)
  if (type === allocationType.release) {
    if (asked.base !== range.base) return status.FREE_VM_NOT_AT_BASE
    releaseRange(k, range)
    return { base: range.base, size: range.size }
  }
  if (type !== allocationType.decommit) return status.INVALID_PARAMETER
  const base = alignDown(asked.base, range.page)
  const bytes = size === 0 ? range.base + range.size - base : alignUp(asked.base + size - base, range.page)
  if (base + bytes > range.base + range.size) return status.UNABLE_TO_FREE_VM
  const at = base - range.base
  k.state(memoryState).committed -= bytesIn(range.runs, at, bytes)
  for (const run of range.runs) {
    const from = Math.max(run.at, at)
    const to = Math.min(run.at + run.size, at + bytes)
    if (to > from) k.space.decommit(range.base + from, to - from)
  }
  range.runs = withRun(range.runs, at, bytes, undefined)
  return { base, size: bytes }
}

/** Changes the protection of committed pages; a status, or the span with the protection its first page had. */
export function protectVirtual(k: Kernel, asked: Span, protect: number): (Span & { old: number }) | number {
  if (protect & protection.anyExecute || !protectAllowed(protect)) return status.INVALID_PAGE_PROTECTION
  const range = rangeAt(k, asked.base)
  if (range === undefined) return status.INVALID_PARAMETER
  const base = alignDown(asked.base, range.page)
  const size = alignUp(asked.base + Math.abs(asked.size | 0) - base, range.page)
  const at = base - range.base
  if (size === 0 || at + size > range.size) return status.INVALID_PARAMETER
  if (bytesIn(range.runs, at, size) !== size) return status.NOT_COMMITTED
  const old = range.runs.find(run => at >= run.at && at < run.at + run.size)?.protect ?? 0
  k.memory.protect(base, size, accessOf(protect))
  range.runs = withRun(range.runs, at, size, protect)
  return { base, size, old }
}

/** What is known of the pages from an address on that are alike. */
export interface PageInfo {
  readonly base: number
  readonly allocationBase: number
  readonly allocationProtect: number
  readonly size: number
  readonly state: number
  readonly protect: number
}

const highestVirtual = 0xa0000000

export function queryVirtual(k: Kernel, address: number): PageInfo | undefined {
  if (address >= highestVirtual) return undefined
  const base = alignDown(address, smallPage)
  const allocation = k.space.find(base)
  if (allocation === undefined) {
    const next = k.space.after(base)?.base ?? highestVirtual
    const size = Math.min(next, highestVirtual) - base
    return {
      base,
      allocationBase: 0,
      allocationProtect: 0,
      size,
      state: allocationType.free,
      protect: protection.noAccess,
    }
  }
  const whole = { base, allocationBase: allocation.base, allocationProtect: allocation.protect }
  const end = allocation.base + allocation.size
  const range = rangeAt(k, base)
  if (range === undefined)
    return { ...whole, size: end - base, state: allocationType.commit, protect: protectOf(k, base) }
  const at = base - range.base
  const run = range.runs.find(each => at >= each.at && at < each.at + each.size)
  if (run !== undefined)
    return { ...whole, size: run.at + run.size - at, state: allocationType.commit, protect: run.protect }
  const next = range.runs.find(each => each.at > at)?.at ?? range.size
  return { ...whole, size: next - at, state: allocationType.reserve, protect: 0 }
}

/** The platform's protection of a page that has no record, from what may be done to it. */
function protectOf(k: Kernel, address: number): number {
  const flags = k.memory.accessAt(address)
  if (flags & access.write) return protection.readWrite
  if (flags & access.execute) return 0x20
  return flags & access.read ? protection.readOnly : flags === 0 ? 0 : protection.noAccess
}

/** Protection of an address as `MmQueryAddressProtect` answers it; 0 where nothing is. */
export function protectAt(k: Kernel, address: number): number {
  const range = rangeAt(k, address)
  if (range !== undefined) {
    const at = address - range.base
    return range.runs.find(run => at >= run.at && at < run.at + run.size)?.protect ?? 0
  }
  if (k.memory.accessAt(address) === 0) return 0
  const allocation = k.space.find(fold(address))
  return allocation?.use === 'physical' ? allocation.protect : protectOf(k, address)
}

/** Changes the protection of pages whatever allocation they are of; pages of images stay as they are. */
export function setProtect(k: Kernel, address: number, size: number, protect: number): void {
  const range = rangeAt(k, address)
  if (range !== undefined) {
    protectVirtual(k, { base: address, size }, protect & 0xfff)
    return
  }
  const base = fold(address)
  if (k.space.find(base)?.use === 'physical') {
    const start = alignDown(base, smallPage)
    k.memory.protect(start, alignUp(base + size - start, smallPage), accessOf(protect))
  }
}
