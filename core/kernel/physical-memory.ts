/**
 * Physical memory. It is taken in its window at A0000000 whatever window the caller gets to see; an address in a window
 * is turned into it by the fold of the memory map.
 */
import { alignUp } from '../base/bits.ts'
import { fold, physicalBase, physicalSize } from '../memory/map.ts'
import type { Kernel } from './context.ts'
import {
  accessOf,
  bytesLeft,
  hugePage,
  largePage,
  memoryState,
  protectAllowed,
  protection,
  smallPage,
} from './memory-manager.ts'

const windowOf = (page: number): number =>
  page === smallPage ? 0xe0000000 : page === largePage ? 0xa0000000 : 0xc0000000

/** The address in its window of physical memory at an address of the first window. */
function inWindow(page: number, base: number): number {
  const physical = base - physicalBase
  return page === smallPage ? windowOf(page) + physical - smallPage : windowOf(page) + physical
}

export interface PhysicalRequest {
  readonly size: number
  readonly protect: number
  readonly low: number
  readonly high: number
  readonly align: number
}

/** Takes committed physical memory, highest place first; its address in the window of its page size, or 0. */
export function allocatePhysical(k: Kernel, { size, protect, low, high, align }: PhysicalRequest): number {
  const page = protect & protection.hugePages ? hugePage : protect & protection.largePages ? largePage : smallPage
  const bytes = alignUp(size, page)
  if (size === 0 || !protectAllowed(protect) || bytes > bytesLeft(k)) return 0
  const base = k.space.reserve({
    low: physicalBase + Math.max(alignUp(low, page), smallPage),
    high: physicalBase + Math.min(high + 1, physicalSize),
    size: bytes,
    align: Math.max(page, align),
    top: true,
    protect: protect & ~(protection.hugePages | protection.largePages),
    use: 'physical',
  })
  if (base === 0) return 0
  k.memory.commit(base, bytes, accessOf(protect))
  k.state(memoryState).physical += bytes
  return inWindow(page, base) >>> 0
}

/** Gives physical memory back; false when the address is not the start of an allocation. */
export function freePhysical(k: Kernel, address: number): boolean {
  const base = fold(address)
  if (k.space.find(base)?.use !== 'physical') return false
  const gone = k.space.release(base)
  if (gone === undefined) return false
  k.state(memoryState).physical -= gone.size
  return true
}

/** The physical address of an address in a window, 0 for any other. */
export function physicalAddress(address: number): number {
  return address >= physicalBase ? (fold(address) - physicalBase) & (physicalSize - 1) : 0
}

/** Bytes of the allocation an address lies in. */
export function allocationSize(k: Kernel, address: number): number {
  return k.space.find(fold(address))?.size ?? 0
}
