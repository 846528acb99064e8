/**
 * The ledger of the title's address space: which ranges are taken, for what, with which protection. It gives out ranges
 * and takes them back; committing pages is the caller's, decommitting goes through here so that the objects that lay in
 * the memory end with it.
 */
import { alignDown, alignUp } from '../base/bits.ts'
import type { Plain } from '../base/state.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { reachesHost } from '../memory/map.ts'

const addressSpace = 0x100000000

export interface Allocation {
  readonly base: number
  readonly size: number
  /** The platform's protection bits at the time it was made. */
  readonly protect: number
  /** What it is for: `virtual`, `stack`, `physical`, `image`, … */
  readonly use: string
}

export interface Request {
  readonly low: number
  /** First address past the range to search. */
  readonly high: number
  readonly size: number
  readonly align: number
  /** The highest fitting place rather than the lowest. */
  readonly top?: boolean
  readonly protect: number
  readonly use: string
}

export interface Space {
  /** Takes a free range; 0 when none fits. */
  reserve(request: Request): number
  /** Whether a free range could be taken. */
  fits(request: Request): boolean
  /** Takes a given range; false when any of it is taken, or is the host's. */
  claim(allocation: Allocation): boolean
  /** The allocation an address lies in. */
  find(address: number): Allocation | undefined
  /** The next allocation at or above an address. */
  after(address: number): Allocation | undefined
  /** Gives a range back: its pages cease to exist. */
  release(base: number): Allocation | undefined
  /** Makes pages cease to exist; the range stays taken. */
  decommit(address: number, size: number): void
  /** Bytes taken in a range. */
  taken(low: number, high: number): number
  save(): Plain
  load(state: Plain): void
}

export function createSpace(memory: GuestMemory, freed: (start: number, size: number) => void): Space {
  let ledger: Allocation[] = []

  /** Index of the first allocation that ends above an address. */
  function indexOf(address: number): number {
    let low = 0
    let high = ledger.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const allocation = ledger[middle]
      if (allocation !== undefined && allocation.base + allocation.size <= address) low = middle + 1
      else high = middle
    }
    return low
  }

  function free(address: number, size: number): boolean {
    const next = ledger[indexOf(address)]
    return (
      address + size <= addressSpace &&
      !reachesHost(address, size) &&
      (next === undefined || next.base >= address + size)
    )
  }

  function claim(allocation: Allocation): boolean {
    if (allocation.size <= 0 || !free(allocation.base, allocation.size)) return false
    ledger.splice(indexOf(allocation.base), 0, allocation)
    return true
  }

  function lowest({ low, high, size, align }: Request): number {
    let at = alignUp(low, align)
    for (let i = indexOf(at); at + size <= high; i += 1) {
      const next = ledger[i]
      if (next === undefined || next.base >= at + size) return at
      at = alignUp(next.base + next.size, align)
    }
    return 0
  }

  function highest({ low, high, size, align }: Request): number {
    let at = alignDown(high - size, align)
    while (at >= low) {
      const next = ledger[indexOf(at)]
      const blocking = next !== undefined && next.base < at + size ? next : undefined
      if (blocking === undefined) return at
      at = alignDown(blocking.base - size, align)
    }
    return 0
  }

  const find = (request: Request): number => (request.top ? highest(request) : lowest(request))

  return {
    claim,
    fits: request => find(request) !== 0,
    reserve(request) {
      const base = find(request)
      if (base === 0) return 0
      claim({ base, size: request.size, protect: request.protect, use: request.use })
      return base
    },
    find(address) {
      const allocation = ledger[indexOf(address)]
      return allocation !== undefined && allocation.base <= address ? allocation : undefined
    },
    after: address => ledger[indexOf(address)],
    release(base) {
      const index = indexOf(base)
      const allocation = ledger[index]
      if (allocation === undefined || allocation.base !== base) return undefined
      ledger.splice(index, 1)
      freed(base, allocation.size)
      memory.decommit(base, allocation.size)
      return allocation
    },
    decommit(address, size) {
      freed(address, size)
      memory.decommit(address, size)
    },
    taken(low, high) {
      let sum = 0
      for (let i = indexOf(low); i < ledger.length; i += 1) {
        const next = ledger[i]
        if (next === undefined || next.base >= high) break
        sum += Math.min(high, next.base + next.size) - Math.max(low, next.base)
      }
      return sum
    },
    save: () => ({ ledger: ledger.map(({ base, size, protect, use }) => [base, size, protect, use]) }),
    load(state) {
      const saved = state as { ledger: [number, number, number, string][] }
      ledger = saved.ledger.map(([base, size, protect, use]) => ({ base, size, protect, use }))
    },
  }
}
