/**
 * Which condition fields of a unit are kept as the order of two numbers, and where that is certain.
 *
 * Such a field has three locals: the numbers, and its value, which is negative while the numbers hold: then it is the
 * complement of SO. So the field can be told anywhere, and where every way leads through a comparison, one of its bits
 * is the comparison itself.
 */
import type { Node, Program } from '../wasm/trace.ts'
import { type Comparison, comparisonOf } from './compare.ts'
import type { Unit } from './find.ts'
import { type Bits, type Edge, exclude, include, offsetOf, type Registers } from './registers.ts'

const known = new WeakMap<Program, ReadonlyMap<Node, Comparison>>()

/** The comparisons that a program certainly writes to condition fields, by the value written. */
export function comparisonsOf(program: Program): ReadonlyMap<Node, Comparison> {
  const have = known.get(program)
  if (have !== undefined) return have
  const found = new Map<Node, Comparison>()
  for (const { place, value } of program.body.writes) {
    const comparison = place.file === 'crf' ? comparisonOf(value) : undefined
    if (comparison !== undefined) found.set(value, comparison)
  }
  known.set(program, found)
  return found
}

export interface Conditions {
  /** Fields that are compared somewhere in the unit. */
  readonly ordered: Bits
  /** Fields that are certainly an order at the start of a block. */
  readonly orderedIn: readonly Bits[]
}

export function conditionsOf(
  unit: Unit,
  registers: Registers,
  edges: readonly (readonly Edge[])[],
  predecessorless: number,
): Conditions {
  const { words } = registers
  const ordered = new Int32Array(words)
  const flows = unit.blocks.map(block => {
    const made = new Int32Array(words)
    const lost = new Int32Array(words)
    for (const { meaning, known: of } of block.instructions) {
      const comparisons = comparisonsOf(meaning.program)
      const compared = new Set(
        meaning.program.body.writes
          .filter(write => comparisons.has(write.value))
          .map(write => registers.at(offsetOf(write.place, of))?.index ?? -1),
      )
      for (const place of meaning.effects.writes) {
        if (place.file !== 'crf') continue
        const index = registers.at(offsetOf(place, of))?.index ?? -1
        const set = compared.has(index) ? made : lost
        const other = compared.has(index) ? lost : made
        include(set, index)
        exclude(other, index)
        if (compared.has(index)) include(ordered, index)
      }
    }
    return { made, lost }
  })
  const orderedIn = unit.blocks.map((_, index) => new Int32Array(words).fill(index === predecessorless ? 0 : -1))
  for (let changed = true; changed; ) {
    changed = false
    for (const [index, flow] of flows.entries()) {
      const into = orderedIn[index]
      if (into === undefined) continue
      const out = into.map((word, i) => (word & ~(flow.lost[i] ?? 0)) | (flow.made[i] ?? 0))
      for (const { to, afterCall } of edges[index] ?? []) {
        const next = orderedIn[to]
        if (next === undefined) continue
        for (let i = 0; i < words; i += 1) {
          const now = (next[i] ?? 0) & (afterCall ? 0 : (out[i] ?? 0))
          if (now === next[i]) continue
          next[i] = now
          changed = true
        }
      }
    }
  }
  return { ordered, orderedIn: orderedIn.map(set => set.map((word, i) => word & (ordered[i] ?? 0))) }
}
