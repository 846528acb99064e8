/** Where living objects are found: by serial, by the address of body or header, by the page they lie in. */
import { fold, pageShift } from '../memory/map.ts'
import type { KernelObject } from './object.ts'

export interface ObjectIndex {
  readonly live: ReadonlyMap<number, KernelObject>
  /** Objects in the title's own memory. */
  inTitleMemory(): number
  at(address: number): KernelObject | undefined
  add(object: KernelObject): void
  remove(object: KernelObject): void
  /** The objects of the title's memory in a range, in the order of their serials. */
  within(start: number, size: number): KernelObject[]
  clear(): void
}

export function createObjectIndex(): ObjectIndex {
  const live = new Map<number, KernelObject>()
  const byAddress = new Map<number, KernelObject>()
  const byPage = new Map<number, Set<KernelObject>>()
  let inTitleMemory = 0

  const lent = (object: KernelObject): boolean => !object.owned && object.address !== 0
  const pageOf = (object: KernelObject): number => fold(object.address) >>> pageShift

  return {
    live,
    inTitleMemory: () => inTitleMemory,
    at: address => byAddress.get(fold(address >>> 0)),
    add(object) {
      live.set(object.serial, object)
      if (object.address === 0) return
      byAddress.set(fold(object.address), object)
      if (object.header !== object.address) byAddress.set(fold(object.header), object)
      if (object.owned) return
      inTitleMemory += 1
      const set = byPage.get(pageOf(object))
      if (set === undefined) byPage.set(pageOf(object), new Set([object]))
      else set.add(object)
    },
    remove(object) {
      live.delete(object.serial)
      for (const at of [object.address, object.header])
        if (byAddress.get(fold(at)) === object) byAddress.delete(fold(at))
      if (!lent(object)) return
      inTitleMemory -= 1
      const set = byPage.get(pageOf(object))
      set?.delete(object)
      if (set?.size === 0) byPage.delete(pageOf(object))
    },
    within(start, size) {
      if (inTitleMemory === 0 || size <= 0) return []
      const low = fold(start >>> 0)
      const last = low + size - 1
      const found: KernelObject[] = []
      const look = (set: Iterable<KernelObject>): void => {
        for (const object of set) {
          const at = fold(object.address)
          if (at >= low && at <= last) found.push(object)
        }
      }
      // A range of many pages is looked through by what there is, a small one by its pages.
      if ((size >>> pageShift) + 2 > byPage.size) for (const set of byPage.values()) look(set)
      else for (let page = low >>> pageShift; page <= last >>> pageShift; page += 1) look(byPage.get(page) ?? [])
      return found.sort((a, b) => a.serial - b.serial)
    },
    clear() {
      live.clear()
      byAddress.clear()
      byPage.clear()
      inTitleMemory = 0
    },
  }
}
