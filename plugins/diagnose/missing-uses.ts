/** Calls of exports that have no body, as evidence: who called last, and what they gave it. Bounded and counted. */
import { type FactOf, limits } from '../../core/index.ts'
import type { Deed, MissingCaller, MissingUse } from './evidence.ts'

export interface MissingUses {
  note(fact: FactOf<'export.missing'>, deed: Deed): void
  of(source: number): MissingUse | undefined
  counters(): Readonly<Record<string, number>>
}

interface Kept {
  readonly callers: Map<number, MissingCaller>
  readonly given: Map<number, number>
  answer: number
}

export function createMissingUses(): MissingUses {
  const uses = new Map<number, Kept>()
  const dropped = { uses: 0, callers: 0, words: 0 }

  function useOf(source: number): Kept | undefined {
    const known = uses.get(source)
    if (known !== undefined) return known
    if (uses.size >= limits.missingExports.value) return undefined
    const use: Kept = { callers: new Map(), given: new Map(), answer: 0 }
    uses.set(source, use)
    return use
  }

  function give({ given }: Kept, word: number, sequence: number): void {
    // Put in again, it is the newest: the map keeps the order of putting in.
    given.delete(word)
    if (given.size >= limits.unimplementedWords.value) {
      const oldest = given.keys().next().value
      if (oldest !== undefined) given.delete(oldest)
      dropped.words += 1
    }
    given.set(word, sequence)
  }

  return {
    note(fact, deed) {
      const use = useOf(fact.export)
      if (use === undefined) {
        dropped.uses += 1
        return
      }
      use.answer = fact.result
      const caller = use.callers.get(fact.tid)
      if (caller !== undefined) {
        caller.calls += 1
        caller.last = deed
      } else if (use.callers.size >= limits.unimplementedCallers.value) dropped.callers += 1
      else use.callers.set(fact.tid, { tid: fact.tid, calls: 1, last: deed })
      for (const word of [fact.r3, fact.r4, fact.r5, fact.r6]) if (word !== 0) give(use, word, fact.sequence)
    },
    of: source => uses.get(source),
    counters: () => ({
      [limits.missingExports.counter]: dropped.uses,
      [limits.unimplementedCallers.counter]: dropped.callers,
      [limits.unimplementedWords.counter]: dropped.words,
    }),
  }
}
