/**
 * Memory of the kernel that the guest can see: object bodies, thread and processor blocks, exported variables. Blocks
 * come from one region below the images, in 16-byte classes; a freed block is used again, last freed first.
 */
import { alignUp } from '../base/bits.ts'
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { access } from '../memory/map.ts'

/** Where the pool lies, and the page of trap thunks before it. */
export const kernelRegion = { traps: 0x80040000, trapsSize: 0x10000, pool: 0x80100000 } as const
const poolEnd = kernelRegion.pool + limits.kernelPool.value

const growth = 0x10000
const grain = 0x10

export interface Pool {
  /** Zeroed memory; 16-byte aligned, or page aligned from a page on. */
  allocate(size: number): number
  free(address: number, size: number): void
  /** Whether so many bytes could be had; what asks and may not have them is counted as refused. */
  fits(size: number): boolean
  readonly used: number
  refused: number
  save(): Plain
  load(state: Plain): void
}

export function createPool(memory: GuestMemory): Pool {
  let next: number = kernelRegion.pool
  let committed: number = kernelRegion.pool
  let used = 0
  let free = new Map<number, number[]>()

  const classOf = (size: number): number => alignUp(Math.max(size, grain), size >= 0x1000 ? 0x1000 : grain)

  const pool: Pool = {
    refused: 0,
    allocate(size) {
      const bytes = classOf(size)
      used += bytes
      const again = free.get(bytes)?.pop()
      if (again !== undefined) {
        memory.fill(again, bytes, 0)
        return again
      }
      const at = bytes >= 0x1000 ? alignUp(next, 0x1000) : next
      if (at + bytes > poolEnd) throw fail('GUEST_FAULT', 'kernel pool', 'is exhausted')
      next = at + bytes
      if (next > committed) {
        const size = alignUp(next - committed, growth)
        memory.commit(committed, size, access.read | access.write)
        committed += size
      }
      return at
    },
    free(address, size) {
      const bytes = classOf(size)
      used -= bytes
      const list = free.get(bytes)
      if (list === undefined) free.set(bytes, [address])
      else list.push(address)
    },
    fits(size) {
      const bytes = classOf(size)
      const fits = (free.get(bytes)?.length ?? 0) > 0 || alignUp(next, 0x1000) + bytes <= poolEnd
      if (!fits) pool.refused += 1
      return fits
    },
    get used() {
      return used
    },
    save: () => ({
      next,
      committed,
      used,
      free: [...free].sort((a, b) => a[0] - b[0]).map(([size, list]) => [size, list.slice()]),
    }),
    load(state) {
      const saved = state as { next: number; committed: number; used: number; free: [number, number[]][] }
      next = saved.next
      committed = saved.committed
      used = saved.used
      free = new Map(saved.free.map(([size, list]) => [size, list.slice()]))
    },
  }
  return pool
}
