/**
 * Instructions that units give up, since what is rare happens there: one that does so often is compiled with all it means,
 * and a unit that begins with it takes nothing for granted.
 */
import { fold, hostMap } from '../../memory/map.ts'
import { transient } from '../state.ts'
import type { Mode } from '../wasm/program.ts'
import { notSo } from './calls.ts'
import { meaningsIn } from './meaning.ts'

export interface Refusals {
  /** What is compiled with all it means. */
  readonly whole: ReadonlySet<number>
  /** A unit has given its first instruction up, which nobody counts elsewhere; whether it has done so often. */
  stuck(pc: number): boolean
  /** Whether a unit that holds a hot address gave it up last: it is compiled with all it means from now on. */
  becomesWhole(pc: number, mode: Mode): boolean
  /** The unit at an address is gone. */
  left(pc: number): void
  /** Whatever was given up may not be any more. */
  forget(): void
}

export interface RefusalsSpec {
  readonly memory: ArrayBufferLike
  /** How often a unit gives its first instruction up before that is told of. */
  readonly threshold: number
  /** Whether a unit holds an address. */
  holds(pc: number): boolean
}

export function createRefusals({ memory, threshold, holds }: RefusalsSpec): Refusals {
  const view = new DataView(memory)
  const whole = new Set<number>()
  const patience = new Map<number, number>()
  const refusedAt = hostMap.stateBlock + transient.refused

  return {
    whole,
    stuck(pc) {
      const left = (patience.get(pc) ?? threshold) - 1
      if (left > 0) patience.set(pc, left)
      else patience.delete(pc)
      return left <= 0
    },
    becomesWhole(pc, mode) {
      const refused = view.getUint32(refusedAt, true)
      const isNotSo = refused === pc + notSo
      if ((refused !== pc && !isNotSo) || whole.has(pc)) return false
      view.setUint32(refusedAt, 0, true)
      const meaning = meaningsIn({ ...mode, quick: true })(view.getUint32(fold(pc)))
      const gives = isNotSo || meaning?.gives || meaning?.effects.memory
      if (meaning === undefined || !gives || !holds(pc)) return false
      whole.add(pc)
      return true
    },
    left: pc => patience.delete(pc),
    forget: () => whole.clear(),
  }
}
