/**
 * Calls that get an answer and not what the platform does: of exports that have no body, and of exports whose body has
 * nothing here that it could act upon and says why. Neither passes in silence: both are counted by export, with the
 * first caller kept, and a call of what is missing is a fact each time.
 */

import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import type { CallSite, Stack } from '../facts/views.ts'
import type { Audit } from './audit.ts'

export interface Shortfall {
  /** Number of the export. */
  readonly id: number
  calls: number
  readonly first: CallSite & { readonly stack: Stack }
}

export interface Shortfalls {
  /** A call of an export without a body, answered with its type's failure. */
  missing(id: number, answer: number): void
  /** A call of an export that says why it has no effect. */
  withoutEffect(id: number): void
  /** By the first call. */
  readonly all: readonly Shortfall[]
  /** Calls that no room was left to keep. */
  readonly overflow: number
  save(): Plain
  load(state: Plain): void
}

/** `word` reads a register of the caller: what it was given is told, since no row says how many arguments there are. */
export function createShortfalls(audit: Audit, walk: () => Stack, word: (register: number) => number): Shortfalls {
  const byId = new Map<number, Shortfall>()
  let overflow = 0

  function count(id: number, sequence: number): void {
    const known = byId.get(id)
    if (known !== undefined) known.calls += 1
    else if (byId.size >= limits.missingExports.value) overflow += 1
    else byId.set(id, { id, calls: 1, first: { ...audit.site(sequence), stack: walk() } })
  }

  return {
    missing(id, answer) {
      const { emit, scene, nobody } = audit
      count(id, emit['export.missing'](scene, nobody, 0, id, answer, word(3), word(4), word(5), word(6)))
    },
    withoutEffect: id => count(id, audit.sink.sequence),
    get all() {
      return [...byId.values()]
    },
    get overflow() {
      return overflow
    },
    save: () => ({ overflow, calls: [...byId.values()].map(call => ({ ...call })) as unknown as Plain }),
    load(state) {
      const saved = state as unknown as { overflow: number; calls: readonly Shortfall[] }
      overflow = saved.overflow
      byId.clear()
      for (const call of saved.calls) byId.set(call.id, { ...call })
    },
  }
}
