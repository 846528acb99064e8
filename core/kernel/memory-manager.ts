/**
 * What the title's memory is made of: protections, page sizes, and how much there is. Virtual ranges are in
 * virtual-memory.ts, physical memory in physical-memory.ts; the space (space.ts) says which addresses are taken. Pages
 * of both kinds come out of the console's 512 MiB, less what the system keeps, so a title that asks for too much is told.
 */
import { alignDown, alignUp } from '../base/bits.ts'
import { limits } from '../base/limits.ts'
import { type Access, access, physicalSize } from '../memory/map.ts'
import type { Kernel } from './context.ts'
import { kernelState } from './outcome.ts'
import { status } from './status.ts'

/** What the title asks for. */
export const allocationType = {
  commit: 0x1000,
  reserve: 0x2000,
  decommit: 0x4000,
  release: 0x8000,
  free: 0x10000,
  reset: 0x80000,
  topDown: 0x100000,
  largePages: 0x20000000,
  hugePages: 0x80000000,
} as const

export const protection = {
  noAccess: 1,
  readOnly: 2,
  readWrite: 4,
  anyExecute: 0xf0,
  guard: 0x100,
  noCache: 0x200,
  writeCombine: 0x400,
  largePages: 0x20000000,
  hugePages: 0x80000000,
} as const

/** Pages of one protection, in bytes from the start of their range. */
export interface Run {
  readonly at: number
  readonly size: number
  readonly protect: number
}

export interface VirtualRange {
  readonly base: number
  readonly size: number
  readonly page: number
  runs: Run[]
}

export interface MemoryState {
  /** By address. */
  ranges: VirtualRange[]
  /** Bytes of virtual memory committed. */
  committed: number
  /** Bytes of physical memory taken. */
  physical: number
  /** By index: cache lines locked as memory. */
  locked: { index: number; address: number; size: number }[]
}

export const memoryState = kernelState<MemoryState>('memory', () => ({
  ranges: [],
  committed: 0,
  physical: 0,
  locked: [],
}))

export const smallPage = 0x1000
export const largePage = 0x10000
export const hugePage = 0x1000000
export const physicalPages = physicalSize / smallPage

/** Virtual ranges by page size; addresses below the first 64 KiB are never given out. */
export const areas = {
  small: { low: 0x10000, high: 0x40000000 },
  large: { low: 0x40000000, high: 0x70000000 },
  stacks: { low: 0x70000000, high: 0x7f000000 },
} as const

export function accessOf(protect: number): Access {
  if (protect & protection.guard) return access.committed
  const kind = protect & 0xff
  if (kind === protection.readWrite) return access.committed | access.read | access.write
  return kind === protection.readOnly ? access.committed | access.read : access.committed
}

/** One of the protections data may have. */
export function protectAllowed(protect: number): boolean {
  const kind = protect & 0xff
  return kind === protection.noAccess || kind === protection.readOnly || kind === protection.readWrite
}

/** Bytes of the stacks of the title's own threads. */
function stackBytes(k: Kernel): number {
  let bytes = 0
  for (const thread of k.threads.all.values()) if (!thread.system) bytes += thread.stackBase - thread.stackLimit
  return bytes
}

export function bytesLeft(k: Kernel): number {
  const { committed, physical } = k.state(memoryState)
  return physicalSize - limits.systemMemory.value - committed - physical - stackBytes(k)
}

/** Whether one more thread with such a stack can be made. */
export const threadFits = (k: Kernel, stackSize: number): boolean =>
  stackSize <= bytesLeft(k) && k.threads.hasRoom(stackSize)

export function rangeAt(k: Kernel, address: number): VirtualRange | undefined {
  return k.state(memoryState).ranges.find(range => address >= range.base && address < range.base + range.size)
}

/** Memory for a stack of the kernel's own making; its top, 0 for none. */
export function allocateStack(k: Kernel, size: number): number {
  const bytes = alignUp(Math.max(size, 0x4000), largePage)
  if (bytes > bytesLeft(k)) return 0
  const base = k.space.reserve({
    ...areas.stacks,
    size: bytes,
    align: largePage,
    top: true,
    protect: protection.readWrite,
    use: 'stack',
  })
  if (base === 0) return 0
  k.memory.commit(base, bytes, accessOf(protection.readWrite))
  return base + bytes
}

/** Addresses at which lines of the cache can be held, above the write-back lines, and how much of it there is. */
const cacheWindow = { start: 0x7f100000, end: 0x7f800000, size: 0x100000 } as const

/** Makes cache lines plain memory at a fixed address, as titles use them; a status. */
export function lockCache(k: Kernel, index: number, address: number, size: number): number {
  const state = k.state(memoryState)
  const base = alignDown(address, smallPage)
  const bytes = alignUp(address + size - base, smallPage)
  if (base < cacheWindow.start || base + bytes > cacheWindow.end || bytes > cacheWindow.size) return status.UNSUCCESSFUL
  if (state.locked.some(lock => lock.index === index)) return status.UNSUCCESSFUL
  if (!k.space.claim({ base, size: bytes, protect: protection.readWrite, use: 'cache' })) return status.UNSUCCESSFUL
  k.memory.commit(base, bytes, accessOf(protection.readWrite))
  state.locked.push({ index, address: base, size: bytes })
  return status.SUCCESS
}

export function unlockCache(k: Kernel, index: number): void {
  const state = k.state(memoryState)
  const lock = state.locked.find(each => each.index === index)
  if (lock === undefined) return
  state.locked = state.locked.filter(each => each !== lock)
  k.space.release(lock.address)
}

export interface MemoryUse {
  readonly available: number
  readonly virtual: number
  readonly reserved: number
  readonly physical: number
}

/** Pages of 4 KiB in use, by kind. */
export function memoryUse(k: Kernel): MemoryUse {
  const { ranges, committed, physical } = k.state(memoryState)
  const pages = (bytes: number): number => Math.floor(bytes / smallPage)
  return {
    available: pages(bytesLeft(k)),
    virtual: pages(committed),
    reserved: pages(ranges.reduce((sum, range) => sum + range.size, 0) - committed),
    physical: pages(physical),
  }
}
