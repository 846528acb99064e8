/**
 * Values that a unit computes or keeps in ways of its own: condition fields as orders (conditions.ts), float registers that
 * are singles and what else is known of them (facts.ts), low words of pointers (low-words.ts), rotates, and what results are
 * held against.
 */
import { operations, type Type } from '../arithmetic.ts'
import { code, type Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import { extracts, splats } from '../wasm/lanes.ts'
import { perNode } from '../wasm/plan.ts'
import type { Node, Place } from '../wasm/program.ts'
import type { Site } from '../wasm/site.ts'
import { bitOf, hasSummary, orderKinds } from './compare.ts'
import { type Conditions, comparisonsOf } from './conditions.ts'
import { type Facts, loadedOf, singleOf, sourcesOf, subjectOf } from './facts.ts'
import type { Locals } from './locals.ts'
import { lowSumOf, writeLowWord } from './low-words.ts'
import { type Instruction, numberIn } from './meaning.ts'
import { has, include, type Registers } from './registers.ts'
import { rotateOf, writeRotate } from './rotates.ts'
import type { Step } from './step.ts'

export interface ValuesSpec {
  readonly writer: Writer
  readonly registers: Registers
  readonly held: Locals
  readonly conditions: Conditions
  readonly facts: Facts
  /** Told of a register that is written here. */
  wrote(index: number): void
  /** A local for within the instruction. */
  temporary(type: Type): number
  here(): Step
}

export type Values = Required<
  Pick<Site, 'assigns' | 'assign' | 'holds' | 'learn' | 'loadsLow' | 'evaluate' | 'singleLanes'>
>

/** The relation that a bit of a condition field is of, from the right; the first is SO. */
const relationOfBit = [undefined, 'eq', 'gt', 'lt'] as const

/** Null for what is computed as it is written, as most is: asked once of each value, where each way would ask. */
const waysOf = perNode(node =>
  lowSumOf(node) === null && rotateOf(node) === null && bitOf(node) === null ? undefined : { bit: bitOf(node) },
)

export function createValues(spec: ValuesSpec): Values {
  const { writer, registers, held, conditions, facts, wrote, temporary, here } = spec
  const w = instructions(writer)

  /** The index of the register that a value is, -1 for none. */
  const indexOfRead = (node: Node | undefined): number =>
    node?.op === 'read' ? registers.indexOf(node.place, here().instruction) : -1
  const isSingle = (index: number): boolean => index >= 0 && has(facts.single, index, here().sets)
  /** Whether a float register that is given a value is known to be a single then: not behind one way of several. */
  function staysSingle(value: Node): boolean {
    if (!here().instruction.meaning.program.body.writes.some(one => one.value === value)) return false
    if (singleOf(value) !== undefined || loadedOf(value) !== undefined) return true
    const sources = sourcesOf(value)
    return sources.length > 0 && sources.every(one => isSingle(indexOfRead(one)))
  }
  /** Pushes the single of a copy, a choice or a change of sign of singles: each keeps the bits of a NaN. */
  function pushCopy(value: Node, expression: (node: Node) => void): void {
    if (value.op === 'read') w.get(held.of(indexOfRead(value)))
    else if (value.op === 'select') {
      for (const one of value.args.slice(0, 2)) {
        pushCopy(one, expression)
        w.do(extracts.f32)
      }
      for (const condition of value.args.slice(2)) expression(condition)
      w.op(code.select)
      w.do(splats.f32)
    } else if (value.op === 'arithmetic') {
      for (const arg of value.args) pushCopy(arg, expression)
      w.do(value.operation === operations['f64.neg'] ? operations['f32x4.neg'] : operations['f32x4.abs'])
    }
  }
  function assignFloat(
    place: Place,
    value: Node,
    expression: (node: Node) => void,
    lanes: (node: Node) => void,
  ): boolean {
    const index = registers.indexOf(place, here().instruction)
    if (index < 0 || !staysSingle(value)) return false
    wrote(index)
    const single = singleOf(value) ?? loadedOf(value)
    if (single === undefined) pushCopy(value, expression)
    else lanes(single)
    w.set(held.of(index))
    return true
  }

  function singleLanes(node: Node): boolean {
    const index = indexOfRead(node.args[0])
    if (!isSingle(index)) return false
    w.get(held.of(index))
    return true
  }

  /** The local of the low word of the register that a value is. */
  const lowWord = (node: Node): number | undefined =>
    node.op === 'read' && node.place.file === 'gpr' ? held.lowWord(indexOfRead(node)) : undefined
  /** The low word of what an instruction loads, where it is told apart. */
  let loaded: { readonly by: Instruction; readonly local: number } | undefined
  /** Writes a register and its low word, which are given what was loaded. */
  function assignLoaded(place: Place, value: Node, expression: (node: Node) => void): boolean {
    if (value.op !== 'load' || loaded?.by !== here().instruction) return false
    const index = registers.indexOf(place, here().instruction)
    const low = held.lowWord(index)
    if (low === undefined) return false
    wrote(index)
    expression(value)
    w.set(held.of(index))
    w.get(loaded.local)
    w.set(low)
    return true
  }

  return {
    assigns: (place, value) =>
      place.file === 'fpr'
        ? staysSingle(value)
        : place.file === 'crf' && comparisonsOf(here().instruction.meaning.program).has(value),
    assign(place, value, expression, lanes) {
      if (place.file === 'fpr') return assignFloat(place, value, expression, lanes)
      if (place.file === 'gpr') return assignLoaded(place, value, expression)
      if (place.file !== 'crf') return false
      const { instruction, index: block } = here()
      const comparison = comparisonsOf(instruction.meaning.program).get(value)
      const register = registers.all[registers.indexOf(place, instruction)]
      const order = register && held.order(register.index)
      if (comparison === undefined || register === undefined || order === undefined) return false
      const { first, second, kind, so } = comparison
      const { type } = orderKinds[kind] ?? { type: 'i64' as const }
      const numbers = order.locals[type]
      expression(first)
      w.set(numbers?.first ?? 0)
      if (second !== undefined) expression(second)
      else if (type !== 'f64') w[type](0)
      w.set(numbers?.second ?? 0)
      w.i32(~(2 * kind))
      if (so !== undefined && !held.hasSteadySummary) {
        expression(so)
        w.do(operations['i32.sub'])
      }
      w.set(held.of(register.index))
      wrote(register.index)
      conditions.setOrder(block, register.index, kind + 1)
      return true
    },
    holds(condition) {
      const subject = subjectOf(condition)
      const index = indexOfRead(subject)
      return condition.op === 'fact' && index >= 0 && has(facts[condition.fact], index, here().sets)
    },
    learn(condition, lanes) {
      const index = indexOfRead(subjectOf(condition))
      if (condition.op !== 'fact' || condition.fact === 'plain' || index < 0) return
      const single = condition.args[0]?.args[0]?.args[0]
      if (condition.fact === 'single' && single !== undefined) {
        lanes(single)
        w.set(held.of(index))
        include(facts.single, index, here().sets)
      }
      include(facts.number, index, here().sets)
    },
    singleLanes,
    loadsLow(local) {
      loaded = { by: here().instruction, local }
    },
    evaluate(node, expression) {
      if (node.op === 'limit') {
        const limit = held.limit(node.type === 'f32' ? 'f32' : 'f64')
        if (limit === undefined) return false
        w.get(limit)
        return true
      }
      if (node.op === 'single') {
        if (!singleLanes(node)) return false
        w.do(extracts.f32)
        return true
      }
      const ways = node.op === 'arithmetic' ? waysOf(node) : null
      if (ways === null) return false
      if (writeLowWord(writer, node, here().instruction, lowWord, expression)) return true
      if (writeRotate(writer, node, here().instruction, expression, temporary)) return true
      const { bit } = ways
      if (bit === null) return false
      const { instruction, index: block } = here()
      const index = registers.indexOf(bit.place, instruction)
      const order = held.order(index)
      const kind = conditions.orderIn(block, index) - 1
      if (order === undefined || kind < 0) return false
      const number = Number(numberIn(instruction, bit.shift))
      const relation = relationOfBit[number]
      if (relation === undefined && hasSummary(kind)) held.summary(index)
      else if (relation === undefined) w.i32(0)
      else {
        held.branchedOn(index, relation)
        held.compare(order, kind, relation)
      }
      return true
    },
  }
}
