/** Calls of exports that have no body: told each time, counted, with the first caller kept. */
import { limits } from '../base/limits.ts'
import type { CallSite, Stack } from '../facts/views.ts'
import type { Audit } from './audit.ts'

export interface MissingCall {
  readonly id: number
  calls: number
  readonly first: CallSite & { readonly stack: Stack }
}

export interface MissingCalls {
  note(id: number, answer: number, walk: () => Stack): void
  readonly all: readonly MissingCall[]
  readonly overflow: number
}

export function createMissing(audit: Audit): MissingCalls {
  const byId = new Map<number, MissingCall>()
  let overflow = 0
  return {
    note(id, answer, walk) {
      const sequence = audit.emit['export.missing'](audit.scene, audit.nobody, 0, id, answer)
      const known = byId.get(id)
      if (known !== undefined) known.calls += 1
      else if (byId.size >= limits.missingExports.value) overflow += 1
      else byId.set(id, { id, calls: 1, first: { ...audit.site(sequence), stack: walk() } })
    },
    get all() {
      return [...byId.values()]
    },
    get overflow() {
      return overflow
    },
  }
}
