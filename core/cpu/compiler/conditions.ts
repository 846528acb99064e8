/**
 * Which condition fields of a unit are kept as the order of two numbers, and where it is certain which.
 *
 * Such a field has locals for the numbers, as they were compared, and one for its value, which is negative while the
 * numbers hold: then it is the complement of SO and, above it, the kind of comparison. So the field can be told anywhere,
 * and where every way leads through a comparison of one kind, one of its bits is the comparison itself.
 */
import type { Node, Program } from '../wasm/trace.ts'
import { type Comparison, comparisonOf } from './compare.ts'
import type { Unit } from './find.ts'
import type { Edge, Registers } from './registers.ts'

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

/** For each register: 1 and more, the kind of its order and one; 0 where that is not certain. */
export type Orders = Int8Array

export interface Conditions {
  /** The kinds of comparison that a field is the result of somewhere in the unit. */
  readonly kinds: ReadonlyMap<number, ReadonlySet<number>>
  /** What is certain at the start of a block. */
  readonly ordersIn: readonly Orders[]
}

/** What a block leaves alone. */
const untouched = -1
const unknown = 0

export function conditionsOf(unit: Unit, registers: Registers, edges: readonly (readonly Edge[])[]): Conditions {
  const { length } = registers.all
  const kinds = new Map<number, Set<number>>()
  const left = unit.blocks.map(block => {
    const orders = new Int8Array(length).fill(untouched)
    for (const { meaning, known: of } of block.instructions) {
      if (!meaning.effects.writes.some(place => place.file === 'crf')) continue
      const comparisons = comparisonsOf(meaning.program)
      for (const place of meaning.effects.writes)
        if (place.file === 'crf') orders[registers.indexOf(place, of)] = unknown
      for (const { place, value } of meaning.program.body.writes) {
        const comparison = comparisons.get(value)
        const index = registers.indexOf(place, of)
        if (comparison === undefined || index < 0) continue
        orders[index] = comparison.kind + 1
        const list = kinds.get(index) ?? new Set()
        list.add(comparison.kind)
        kinds.set(index, list)
      }
    }
    return orders
  })
  const compared = [...kinds.keys()]
  const ordersIn = unit.blocks.map((_, index) => new Int8Array(length).fill(index === 0 ? unknown : untouched))
  for (let changed = compared.length > 0; changed; ) {
    changed = false
    for (const [index, own] of left.entries())
      for (const { to, afterCall } of edges[index] ?? []) {
        const into = ordersIn[to]
        if (into === undefined) continue
        for (const field of compared) {
          const after = own[field] === untouched ? (ordersIn[index]?.[field] ?? unknown) : (own[field] ?? unknown)
          const out = afterCall ? unknown : after
          if (out === untouched || into[field] === out || into[field] === unknown) continue
          into[field] = into[field] === untouched ? out : unknown
          changed = true
        }
      }
  }
  return { kinds, ordersIn: ordersIn.map(orders => orders.map(kind => Math.max(kind, unknown))) }
}
