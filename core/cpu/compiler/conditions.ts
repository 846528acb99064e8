/**
 * Which condition fields of a unit are kept as the order of two numbers, and where it is certain which.
 *
 * Such a field has locals for the numbers, as they were compared, and one for its value, which is negative while the
 * numbers hold: then it is the complement of SO and, above it, the kind of comparison. So the field can be told anywhere,
 * and where every way leads through a comparison of one kind, one of its bits is the comparison itself.
 */
import { analyseProgram } from '../analyse.ts'
import { files } from '../state.ts'
import { perProgram } from '../wasm/plan.ts'
import type { Node } from '../wasm/trace.ts'
import { type Comparison, comparisonOf } from './compare.ts'
import type { Unit } from './find.ts'
import { type Edge, type Register, type Registers, untilSteady } from './registers.ts'
import { slotsOf } from './meaning.ts'

/** The comparisons that a program certainly writes to condition fields, by the value written. */
export const comparisonsOf = perProgram((program): ReadonlyMap<Node, Comparison> => {
  const found = new Map<Node, Comparison>()
  for (const { place, value } of program.body.writes) {
    const comparison = place.file === 'crf' ? comparisonOf(value) : undefined
    if (comparison !== undefined) found.set(value, comparison)
  }
  return found
})

/** The condition fields that a program writes, and those that it writes comparisons to; null where it has none. */
const fieldsOf = perProgram(program => {
  const writes = slotsOf(analyseProgram(program).writes.filter(place => place.file === 'crf'))
  const compared = program.body.writes.flatMap(({ place, value }) => {
    const comparison = comparisonsOf(program).get(value)
    return comparison === undefined ? [] : [{ slot: place.slot, kind: comparison.kind }]
  })
  return writes.length === 0 ? null : { writes, compared }
})

/** For each register, as far as there are orders: 1 and more, the kind of its order and one; 0 where that is not certain. */
export type Orders = number[]

export interface Conditions {
  /** The kinds of comparison that a field is the result of somewhere in the unit. */
  readonly kinds: ReadonlyMap<number, ReadonlySet<number>>
  /** What is certain at the start of a block. */
  readonly ordersIn: readonly Orders[]
}

/** What a block leaves alone. */
const untouched = -1
const unknown = 0

const isField = ({ offset }: Register): boolean => offset >= files.crf.at && offset < files.crf.at + 8 * files.crf.step
const filled = (length: number, value: number): Orders => new Array<number>(length).fill(value)

export function conditionsOf(unit: Unit, registers: Registers, edges: readonly (readonly Edge[])[]): Conditions {
  const length = 1 + registers.all.findLastIndex(isField)
  const kinds = new Map<number, Set<number>>()
  const left = unit.blocks.map(block => {
    const orders = filled(length, untouched)
    for (const instruction of block.instructions) {
      const fields = fieldsOf(instruction.meaning.program)
      if (fields === null) continue
      for (const slot of fields.writes) orders[registers.indexIn(instruction, slot)] = unknown
      for (const { slot, kind } of fields.compared) {
        const index = registers.indexIn(instruction, slot)
        orders[index] = kind + 1
        const list = kinds.get(index) ?? new Set()
        list.add(kind)
        kinds.set(index, list)
      }
    }
    return orders
  })
  const compared = [...kinds.keys()]
  if (compared.length === 0) return { kinds, ordersIn: unit.blocks.map(() => []) }
  const ordersIn = unit.blocks.map((_, index) => filled(length, index === 0 ? unknown : untouched))
  untilSteady(unit.blocks.length, (index, touch) => {
    const own = left[index] ?? []
    for (const { to, afterCall } of edges[index] ?? []) {
      const into = ordersIn[to]
      if (into === undefined) continue
      for (const field of compared) {
        const after = own[field] === untouched ? (ordersIn[index]?.[field] ?? unknown) : (own[field] ?? unknown)
        const out = afterCall ? unknown : after
        if (out === untouched || into[field] === out || into[field] === unknown) continue
        into[field] = into[field] === untouched ? out : unknown
        touch(to)
      }
    }
  })
  return { kinds, ordersIn: ordersIn.map(orders => orders.map(kind => Math.max(kind, unknown))) }
}
