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
import type { Node } from '../wasm/program.ts'
import { type Comparison, comparisonOf } from './compare.ts'
import type { Unit } from './find.ts'
import { type Flow, untilSteady } from './flow.ts'
import { slotsOf } from './meaning.ts'
import type { Register, Registers } from './registers.ts'
import { takeNumbers } from './scratch.ts'

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

export interface Conditions {
  /** The kinds of comparison that a field is the result of somewhere in the unit. */
  readonly kinds: ReadonlyMap<number, ReadonlySet<number>>
  /**
   * The kind of order that a field certainly is where writing stands in a block (its start, at first), and one; 0 where
   * that is not certain.
   */
  orderIn(block: number, index: number): number
  /** Told what a register is from here on in a block. */
  setOrder(block: number, index: number, order: number): void
}

/** What a block leaves alone. */
const untouched = -1
const unknown = 0

const isField = ({ offset }: Register): boolean => offset >= files.crf.at && offset < files.crf.at + 8 * files.crf.step

export function conditionsOf(unit: Unit, registers: Registers, flow: Flow): Conditions {
  const { size, starts, to, afterCall } = flow
  /** Orders of a block: the lists of all stand one behind the other. */
  const length = 1 + registers.all.findLastIndex(isField)
  const kinds = new Map<number, Set<number>>()
  const left = takeNumbers(size * length, untouched)
  for (let block = 0; block < size; block += 1)
    for (const instruction of unit.blocks[block]?.instructions ?? []) {
      const fields = fieldsOf(instruction.meaning.program)
      if (fields === null) continue
      const { writes } = fields
      for (let i = 0; i < writes.length; i += 1)
        left[block * length + registers.indexIn(instruction, writes[i] ?? 0)] = unknown
      for (const { slot, kind } of fields.compared) {
        const index = registers.indexIn(instruction, slot)
        left[block * length + index] = kind + 1
        const list = kinds.get(index) ?? new Set()
        list.add(kind)
        kinds.set(index, list)
      }
    }
  const compared = [...kinds.keys()]
  if (compared.length === 0) return { kinds, orderIn: () => unknown, setOrder: () => {} }
  const into = takeNumbers(size * length, untouched)
  into.fill(unknown, 0, length)
  untilSteady(size, (block, touch) => {
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      const target = to[way] ?? 0
      for (let i = 0; i < compared.length; i += 1) {
        const field = compared[i] ?? 0
        const at = target * length + field
        const own = left[block * length + field] ?? unknown
        const after = own === untouched ? (into[block * length + field] ?? unknown) : own
        const out = afterCall[way] === 1 ? unknown : after
        if (out === untouched || into[at] === out || into[at] === unknown) continue
        into[at] = into[at] === untouched ? out : unknown
        touch(target)
      }
    }
  })
  for (let at = 0; at < into.length; at += 1) if (into[at] === untouched) into[at] = unknown
  return {
    kinds,
    orderIn: (block, index) => (index < length ? (into[block * length + index] ?? unknown) : unknown),
    setOrder(block, index, order) {
      if (index < length) into[block * length + index] = order
    },
  }
}
