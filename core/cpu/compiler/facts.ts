/**
 * What is known of float and vector registers inside a unit, so that it is not tested again: that a register is a single
 * (or a NaN), a number, a vector of plain singles (`Ops.isPlain`). An ordinary result is all of it; a test that was passed
 * tells it too, and a copy takes it along. A fact holds at a block where it holds on every way that leads there; at the
 * entry and behind a call nothing is known.
 *
 * A register that is a single also has a local of that type: single arithmetic goes from such local to such local, and
 * the conversions to doubles are nobody's input.
 */
import { operations } from '../arithmetic.ts'
import type { Node, Place } from '../wasm/trace.ts'
import { argumentsOf } from './compare.ts'
import type { Instruction, Unit } from './find.ts'
import { type Bits, type Edge, exclude, has, include, type Registers } from './registers.ts'

export type FactName = 'single' | 'number' | 'plain'
const names: readonly FactName[] = ['single', 'number', 'plain']
export type Facts = Readonly<Record<FactName, Bits>>

/** What an instruction tells of a register that it writes: facts, or copies of what is known of others. */
interface Told {
  readonly register: number
  readonly facts: readonly FactName[]
  readonly copies: readonly number[]
}
interface Change {
  readonly learned: readonly { readonly fact: FactName; readonly register: number }[]
  readonly lost: readonly number[]
  readonly told: readonly Told[]
}

const signChanges = [operations['f64.neg'], operations['f64.abs']]
const largerOrSmaller = [operations['f32x4.max'], operations['f32x4.min'], operations['v128.or']]

/** The value that a change of sign was made of. */
function unsigned(node: Node): Node {
  for (const operation of signChanges) {
    const [inner] = argumentsOf(node, operation) ?? []
    if (inner !== undefined) return unsigned(inner)
  }
  return node
}

export const subjectOf = (condition: Node): Node | undefined =>
  condition.op === 'fact' ? condition.args[1] : undefined

/** The single that a double is made of. */
export const singleOf = (value: Node): Node | undefined => argumentsOf(value, operations['f64.promote_f32'])?.[0]

/** The registers of which a value is a copy, a choice, or a change of sign. */
export function sourcesOf(value: Node): readonly Node[] {
  const node = value.type === 'f64' ? unsigned(value) : value
  if (node.op === 'read') return [node]
  if (node.op === 'select') return node.args.slice(0, 2).flatMap(sourcesOf)
  for (const operation of largerOrSmaller) {
    const list = argumentsOf(node, operation)?.flatMap(sourcesOf) ?? []
    if (list.length === 2) return list
  }
  return []
}

function changeOf(instruction: Instruction, registers: Registers): Change {
  const { program, effects } = instruction.meaning
  const indexOf = (node: Node | undefined): number =>
    node?.op === 'read' ? registers.indexOf(node.place, instruction.known) : -1
  const required = program.body.statements.flatMap(one => (one.kind === 'require' ? one.conditions : []))
  const learned = required.flatMap(one => {
    const register = indexOf(subjectOf(one))
    return one.op === 'fact' && register >= 0 ? [{ fact: one.fact, register }] : []
  })
  const finite = required.flatMap(one => {
    const [size] = argumentsOf(one, operations['f64.lt']) ?? []
    return argumentsOf(size, operations['f64.abs']) ?? []
  })
  const lost = effects.writes
    .filter(place => place.file === 'fpr' || place.file === 'vr')
    .map(place => registers.indexOf(place, instruction.known))
  const told: Told[] = []
  for (const { place, value } of program.body.writes) {
    if (place.file !== 'fpr' && place.file !== 'vr') continue
    const register = registers.indexOf(place, instruction.known)
    const facts: FactName[] = []
    if (singleOf(value) !== undefined) facts.push('single', 'number')
    if (finite.includes(unsigned(value))) facts.push('number')
    if (required.some(one => one.op === 'fact' && one.fact === 'plain' && subjectOf(one) === value)) facts.push('plain')
    const copies = sourcesOf(value).map(indexOf)
    // The bitwise or of two registers is a copy where they are the same.
    const mixed = value.op === 'arithmetic' && value.operation === operations['v128.or'] && new Set(copies).size > 1
    told.push({ register, facts, copies: mixed ? [] : copies })
  }
  return { learned, lost, told }
}

export interface FactFinder {
  readonly into: readonly Facts[]
  /** Makes the facts before an instruction those behind it. */
  step(facts: Facts, instruction: Instruction): void
}

export const copyOf = (facts: Facts): Facts => ({
  single: facts.single.slice(),
  number: facts.number.slice(),
  plain: facts.plain.slice(),
})

const isFloating = (place: Place): boolean => place.file === 'fpr' || place.file === 'vr'
/** Whether an instruction has to do with registers of which there are facts. */
const concerns = ({ meaning: { effects } }: Instruction): boolean =>
  effects.reads.some(isFloating) || effects.writes.some(isFloating)

function apply(facts: Facts, { learned, told, lost }: Change): void {
  for (const { fact, register } of learned) include(facts[fact], register)
  // What is copied is looked at before anything is lost.
  const kept = told.map(({ register, facts: certain, copies }) => ({
    register,
    facts: names.filter(
      name => certain.includes(name) || (copies.length > 0 && copies.every(one => one >= 0 && has(facts[name], one))),
    ),
  }))
  for (const register of lost) if (register >= 0) for (const name of names) exclude(facts[name], register)
  for (const { register, facts: list } of kept) for (const name of list) include(facts[name], register)
}

export function factsOf(unit: Unit, registers: Registers, edges: readonly (readonly Edge[])[]): FactFinder {
  const { words } = registers
  const filled = (value: number): Facts => ({
    single: new Int32Array(words).fill(value),
    number: new Int32Array(words).fill(value),
    plain: new Int32Array(words).fill(value),
  })
  const isOf = registers.all.some(register => register.type === 'f64' || register.type === 'v128')
  if (!isOf) {
    const none = filled(0)
    return { into: unit.blocks.map(() => none), step: () => {} }
  }

  const changes = new Map<Instruction, Change>()
  const changesIn = unit.blocks.map(({ instructions }) =>
    instructions.filter(concerns).map(instruction => {
      const change = changeOf(instruction, registers)
      changes.set(instruction, change)
      return change
    }),
  )

  const into = unit.blocks.map((_, index) => filled(index === 0 ? 0 : -1))
  const out = filled(0)
  for (let changed = true; changed; ) {
    changed = false
    for (const [index, list] of changesIn.entries()) {
      const own = into[index]
      if (own === undefined) continue
      for (const name of names) out[name].set(own[name])
      for (const change of list) apply(out, change)
      for (const { to, afterCall } of edges[index] ?? []) {
        const next = into[to]
        if (next === undefined) continue
        for (const name of names)
          for (let i = 0; i < words; i += 1) {
            const now = (next[name][i] ?? 0) & (afterCall ? 0 : (out[name][i] ?? 0))
            if (now === next[name][i]) continue
            next[name][i] = now
            changed = true
          }
      }
    }
  }
  return {
    into,
    step(facts, instruction) {
      const change = changes.get(instruction)
      if (change !== undefined) apply(facts, change)
    },
  }
}
