/**
 * The flag bytes of pages, and a second byte of each that is computed from them: whether a load, or a store, may be done
 * plainly, without asking about anything but its page. An access may end in the next page; so there is one answer for
 * accesses that keep to the page, and one for those that only begin in it. Emitted code asks the second, and need not
 * know whether it straddles; where the answer is no, it looks closer.
 */
import { access, hostMap, pageShift, plain } from './map.ts'

const pagesOfMemory = 1 << (32 - pageShift)

export interface PageFlags {
  of(page: number): number
  /** What accesses to the page are plain, as `plain` says. */
  plain(page: number): number
  set(page: number, flags: number): void
}

const loads = (flags: number): boolean => (flags & (access.read | access.device)) === access.read
const stores = (flags: number): boolean => (flags & (access.write | access.device | access.code)) === access.write
function own(flags: number): number {
  if (!loads(flags)) return 0
  return stores(flags) ? plain.load | plain.store : plain.load
}

export function createPageFlags(memory: Uint8Array): PageFlags {
  const flags = memory.subarray(hostMap.pageFlags, hostMap.pageFlags + pagesOfMemory)
  const answers = memory.subarray(hostMap.plainPages, hostMap.plainPages + pagesOfMemory)

  function compute(page: number): void {
    const here = own(flags[page] ?? 0)
    answers[page] = here | ((here & own(flags[page + 1] ?? 0)) * plain.from)
  }

  return {
    of: page => flags[page] ?? 0,
    plain: page => answers[page] ?? 0,
    set(page, value) {
      if (flags[page] === value) return
      flags[page] = value
      compute(page)
      if (page > 0) compute(page - 1)
    },
  }
}
