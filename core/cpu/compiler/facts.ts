/**
 * What is known of float and vector registers inside a unit, so that it is not tested again: that a register is a single,
 * a number, a vector of plain singles (`Ops.isPlain`). An ordinary result is all of it; a test that was passed
 * tells it too, and a copy takes it along. A fact holds at a block where it holds on every way that leads there; behind a call
 * nothing is known, and at the entry what is taken for granted and seen to there.
 *
 * What a register that is a single is kept as, singles.ts tells.
 */
import { analyseProgram } from '../analyse.ts'
import { operations } from '../arithmetic.ts'
import { perProgram } from '../wasm/plan.ts'
import type { Node, Place } from '../wasm/program.ts'
import { argumentsOf } from './compare.ts'
import type { Unit } from './find.ts'
import { type Flow, untilSteady } from './flow.ts'
import type { Instruction } from './meaning.ts'
import { type Bits, exclude, has, include, type Registers } from './registers.ts'
import { takeNumbers } from './scratch.ts'

export type FactName = 'single' | 'number' | 'plain'
const names: readonly FactName[] = ['single', 'number', 'plain']
export type Facts = Readonly<Record<FactName, Bits>>

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

/** The single that was loaded, to the last bit of a NaN. */
export const loadedOf = (value: Node): Node | undefined => (value.op === 'loaded' ? value.args[0] : undefined)

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

const isFloating = (place: Place): boolean => place.file === 'fpr' || place.file === 'vr'

/** What a program tells of the registers at places. */
interface Telling {
  readonly learned: readonly { readonly fact: FactName; readonly place: Place }[]
  readonly lost: readonly Place[]
  readonly told: readonly {
    readonly place: Place
    readonly facts: readonly FactName[]
    /** Undefined for what is no register. */
    readonly copies: readonly (Place | undefined)[]
    /** Of several registers together: a copy only where they are the same. */
    readonly mixes: boolean
  }[]
  /** Float registers that may be singles behind it: since they are tested for it, by themselves, and as copies. */
  readonly tested: readonly Place[]
  readonly singles: readonly Place[]
  readonly copies: readonly Place[]
}

const placeOf = (node: Node | undefined): Place | undefined => (node?.op === 'read' ? node.place : undefined)

/** Null where a program has to do with no register of which there are facts. */
const tellingOf = perProgram((program): Telling | null => {
  const { reads, writes } = analyseProgram(program)
  if (!reads.some(isFloating) && !writes.some(isFloating)) return null
  const required = program.body.statements.flatMap(one => (one.kind === 'require' ? one.conditions : []))
  const learned = required.flatMap(one => {
    const place = placeOf(subjectOf(one))
    return one.op === 'fact' && place !== undefined ? [{ fact: one.fact, place }] : []
  })
  const finite = required.flatMap(one => {
    const [held] = argumentsOf(one, operations['f64.lt']) ?? []
    return argumentsOf(held, operations['f64.sub']) ?? argumentsOf(held, operations['f64.abs']) ?? []
  })
  const told = program.body.writes.flatMap(({ place, value }) => {
    if (!isFloating(place)) return []
    const facts: FactName[] = []
    if (singleOf(value) !== undefined) facts.push('single', 'number')
    if (loadedOf(value) !== undefined) facts.push('single')
    if (finite.includes(unsigned(value))) facts.push('number')
    if (required.some(one => one.op === 'fact' && one.fact === 'plain' && subjectOf(one) === value)) facts.push('plain')
    // The bitwise or of two registers is a copy where they are the same.
    const mixes = value.op === 'arithmetic' && value.operation === operations['v128.or']
    return [{ place, facts, copies: sourcesOf(value).map(placeOf), mixes }]
  })
  const tested = learned.flatMap(({ fact, place }) => (fact === 'single' ? [place] : []))
  const singles = told.flatMap(({ facts, place }) => (facts.includes('single') ? [place] : []))
  const copies = told.flatMap(one => (one.place.file === 'fpr' && one.copies.length > 0 ? [one.place] : []))
  return { learned, lost: writes.filter(isFloating), told, tested, singles, copies }
})

export interface FactFinder {
  /** What is known where writing stands in each block (its start, at first): the sets of all, one behind the other. */
  readonly facts: Facts
  /** Registers that may be singles somewhere. */
  readonly ever: Bits
  /** What is taken for granted at the entry, which has to be seen to there: singles, and other numbers. */
  readonly assumed: { readonly singles: Bits; readonly numbers: Bits }
  /** Makes the facts of a block, which begin at `from`, before an instruction those behind it. */
  step(from: number, instruction: Instruction): void
}

function apply(
  facts: Facts,
  from: number,
  { learned, told, lost }: Telling,
  instruction: Instruction,
  registers: Registers,
): void {
  for (const { fact, place } of learned) {
    const index = registers.indexOf(place, instruction)
    // No NaN passes the test; what was loaded is not tested.
    if (fact === 'single' && !has(facts.single, index, from)) include(facts.number, index, from)
    include(facts[fact], index, from)
  }
  // What is copied is looked at before anything is lost.
  const copied = told.map(one => copiedFacts(facts, from, one, instruction, registers))
  for (const place of lost) {
    const index = registers.indexOf(place, instruction)
    for (const name of names) exclude(facts[name], index, from)
  }
  for (let i = 0; i < told.length; i += 1) {
    const one = told[i]
    if (one === undefined) continue
    const index = registers.indexOf(one.place, instruction)
    for (const name of names)
      if (one.facts.includes(name) || ((copied[i] ?? 0) & bits[name]) !== 0) include(facts[name], index, from)
  }
}
const bits = { single: 1, number: 2, plain: 4 } as const satisfies Record<FactName, number>

/** What is known of all that a value is a copy of, a bit for each fact. */
function copiedFacts(
  facts: Facts,
  from: number,
  { copies, mixes }: Telling['told'][number],
  instruction: Instruction,
  registers: Registers,
): number {
  let known = copies.length > 0 ? bits.single | bits.number | bits.plain : 0
  let first = -1
  for (const place of copies) {
    const index = place === undefined ? -1 : registers.indexOf(place, instruction)
    if (index < 0 || (mixes && first >= 0 && index !== first)) return 0
    first = index
    for (const name of names) if (!has(facts[name], index, from)) known &= ~bits[name]
  }
  return known
}

/** `assumes` takes what is read as a single for one from the entry on: a loop would test each time what it does not change. */
export function factsOf(unit: Unit, registers: Registers, flow: Flow, assumes = false): FactFinder {
  const { words } = registers
  const { size, starts, to, afterCall } = flow
  const filled = (length: number, value: number): Facts => ({
    single: takeNumbers(length, value),
    number: takeNumbers(length, value),
    plain: takeNumbers(length, value),
  })
  const isOf = registers.all.some(register => register.type === 'f64' || register.type === 'v128')
  if (!isOf) {
    const none = takeNumbers(size * words)
    return {
      facts: { single: none, number: none, plain: none },
      ever: none,
      assumed: { singles: none, numbers: none },
      step: () => {},
    }
  }

  const ever = takeNumbers(words)
  const copied = takeNumbers(words)
  const tested = takeNumbers(words)
  for (const block of unit.blocks)
    for (const instruction of block.instructions) {
      const telling = tellingOf(instruction.meaning.program)
      if (telling === null) continue
      for (const place of telling.tested) {
        include(ever, registers.indexOf(place, instruction))
        include(tested, registers.indexOf(place, instruction))
      }
      for (const place of telling.singles) include(ever, registers.indexOf(place, instruction))
      for (const place of telling.copies) include(copied, registers.indexOf(place, instruction))
    }
  if (ever.some(word => word !== 0)) for (let i = 0; i < words; i += 1) ever[i] = (ever[i] ?? 0) | (copied[i] ?? 0)

  const facts = filled(size * words, -1)
  for (let i = 0; i < words; i += 1) {
    const granted = assumes ? (tested[i] ?? 0) & (registers.usedIn[i] ?? 0) : 0
    facts.single[i] = granted
    facts.number[i] = granted
    facts.plain[i] = 0
  }
  const out = filled(words, 0)
  untilSteady(size, (index, touch) => {
    for (const name of names) for (let i = 0; i < words; i += 1) out[name][i] = facts[name][index * words + i] ?? 0
    for (const instruction of unit.blocks[index]?.instructions ?? []) {
      const telling = tellingOf(instruction.meaning.program)
      if (telling !== null) apply(out, 0, telling, instruction, registers)
    }
    for (let way = starts[index] ?? 0; way < (starts[index + 1] ?? 0); way += 1) {
      const block = to[way] ?? 0
      for (const name of names)
        for (let i = 0; i < words; i += 1) {
          const at = block * words + i
          const now = (facts[name][at] ?? 0) & (afterCall[way] === 1 ? 0 : (out[name][i] ?? 0))
          if (now === facts[name][at]) continue
          facts[name][at] = now
          touch(block)
        }
    }
  })
  // What holds on no way back to the entry need not be seen to: of a single there may be left that it is a number.
  const assumed = { singles: takeNumbers(words), numbers: takeNumbers(words) }
  for (let i = 0; i < words; i += 1) {
    assumed.singles[i] = facts.single[i] ?? 0
    assumed.numbers[i] = (facts.number[i] ?? 0) & ~(facts.single[i] ?? 0)
  }
  return {
    facts,
    ever,
    assumed,
    step(from, instruction) {
      const telling = tellingOf(instruction.meaning.program)
      if (telling !== null) apply(facts, from, telling, instruction, registers)
    },
  }
}
