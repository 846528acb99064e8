/** Who signalled: a fact names its cause by number, and the cause came a while ago. */
import { type Fact, limits } from '../../core/index.ts'

export interface Causes {
  /** Notes what may wake a thread. */
  note(fact: Fact, by: Doer): void
  /** Who did the fact of that number; undefined where it is too long ago. */
  doer(sequence: number): Doer | undefined
}

/** A thread by its number, or the GPU, whose interrupt runs on no thread. */
export type Doer = number | 'gpu'

const wakers: ReadonlySet<Fact['kind']> = new Set(['object.signalled', 'object.pulsed', 'apc.queued', 'thread.alerted'])

export const wakes = (fact: Fact): boolean => wakers.has(fact.kind)

/** Stands for the GPU: no thread has this number. */
const gpu = 0xffffffff

export function createCauses(): Causes {
  const recent = limits.recentSignals.value
  const sequences = new Float64Array(recent)
  const doers = new Uint32Array(recent)
  return {
    note(fact, by) {
      const slot = fact.sequence % recent
      sequences[slot] = fact.sequence
      doers[slot] = by === 'gpu' ? gpu : by
    },
    doer(sequence) {
      const slot = sequence % recent
      if (sequences[slot] !== sequence) return undefined
      const found = doers[slot] ?? 0
      return found === gpu ? 'gpu' : found
    },
  }
}
