/** What is found out about a unit, against all the ways that lead through it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Span, spansOfUnit } from '../../../core/cpu/compiler/accesses.ts'
import { basedAddress } from '../../../core/cpu/compiler/compare.ts'
import { findUnit } from '../../../core/cpu/compiler/find.ts'
import { flowOf } from '../../../core/cpu/compiler/flow.ts'
import { type Instruction, numberIn } from '../../../core/cpu/compiler/meaning.ts'
import { type Bits, exclude, has, include, type Registers, registersOf } from '../../../core/cpu/compiler/registers.ts'
import { shapeOf } from '../../../core/cpu/compiler/shape.ts'
import { extract } from '../../../core/cpu/fields.ts'
import { fieldOf } from '../../../core/cpu/forms.ts'
import { offsetIn } from '../../../core/cpu/places.ts'
import { files } from '../../../core/cpu/state.ts'
import type { Place } from '../../../core/cpu/wasm/program.ts'
import { finderIn } from './finder.ts'
import { control, listing, named, straight, wordsOf } from './programs.ts'
import { waysOf } from './ways.ts'
import { codeBase, createWorkbench } from './workbench.ts'

const { memory, place } = createWorkbench()

/** The unit of a program, what is rare included or not; undefined where its first word is for the interpreter. */
function unitOf(words: readonly number[], whole = false) {
  place(words)
  const finder = finderIn(memory, {
    whole: new Set(whole ? words.map((_, index) => codeBase + 4 * index) : []),
    stops: new Set([codeBase + 4 * words.length]),
  })
  const unit = findUnit(finder, codeBase)
  if (unit === undefined) return undefined
  const flow = flowOf(unit, () => [])
  const { order } = shapeOf(flow)
  return { unit, flow, order, registers: registersOf(unit, flow, order) }
}

const full = (set: Bits): Bits => set.map(() => -1)
/** Takes away what is not in the other; whether that was anything. */
function keepOnly(set: Bits, other: Bits): boolean {
  const before = set.join()
  for (const [word, bits] of other.entries()) set[word] = (set[word] ?? 0) & bits
  return set.join() !== before
}

/** What is certain where a block begins: registers that the state block has, and those whose locals have them. */
interface Certain {
  readonly stored: Bits
  readonly local: Bits
}

function indices(registers: Registers, places: readonly Place[], word: Instruction): number[] {
  return places.map(one => registers.indexOf(one, word)).filter(index => index >= 0)
}

/** Says where something is asked of a local, or of the state block, that it has not on every way. */
function wrongRegisters(words: readonly number[], whole: boolean): string[] {
  const found = unitOf(words, whole)
  if (found === undefined) return []
  const { unit, flow, registers } = found
  const none = registers.written.map(() => 0)
  const { words: length } = registers
  const dirtyIn = (block: number): Bits => registers.dirtyIn.slice(block * length, (block + 1) * length)
  const liveIn = (block: number): Bits => registers.liveIn.slice(block * length, (block + 1) * length)
  const into: Certain[] = unit.blocks.map((_, block) => ({
    stored: full(none),
    local: block === 0 ? liveIn(0) : full(none),
  }))
  const wrong = new Set<string>()
  const each = registers.all.map(({ index }) => index)

  /** Goes through a block; answers what is certain on each way out of it. */
  function through(block: number, say: (what: string) => void): void {
    const { stored, local } = structuredClone(into[block] ?? { stored: none, local: none })
    const dirty = dirtyIn(block)
    const wayOut = (pc: number): void => {
      for (const index of each)
        if (!has(has(dirty, index) ? local : stored, index)) say(`${pc.toString(16)}: ${index} on a way out`)
    }
    for (const instruction of unit.blocks[block]?.instructions ?? []) {
      const { meaning, pc } = instruction
      wayOut(pc)
      const certain = meaning.program.body.writes.map(one => one.place)
      for (const index of indices(registers, meaning.effects.reads, instruction))
        if (!has(local, index)) say(`${pc.toString(16)}: ${index} is read`)
      for (const index of indices(registers, meaning.effects.writes, instruction)) {
        include(dirty, index)
        exclude(stored, index)
      }
      for (const index of indices(registers, certain, instruction)) include(local, index)
    }
    wayOut(unit.blocks[block]?.end ?? 0)
    for (const { to, afterCall } of waysOf(flow, block)) {
      const next = into[to]
      if (next === undefined) continue
      const out = afterCall ? { stored: full(none), local: liveIn(to) } : { stored: stored.slice(), local }
      if (!afterCall)
        for (const index of each) if (has(dirty, index) && !has(dirtyIn(to), index)) include(out.stored, index)
      if ([keepOnly(next.stored, out.stored), keepOnly(next.local, out.local)].includes(true)) stale.add(to)
    }
  }
  const stale = new Set(unit.blocks.keys())
  for (const block of stale) {
    stale.delete(block)
    through(block, () => {})
  }
  for (const block of unit.blocks.keys()) through(block, what => wrong.add(what))
  return [...wrong]
}

const field = (name: 'a' | 'base' | 't' | 'd' | 'ds' | 'si', word: number): number => {
  const of = fieldOf(name)
  return of.canon(extract(of, word))
}
const signed16 = (number: number): number => (number << 16) >> 16

/** Goes one way through a unit with numbers in its registers, and says where an access lies outside of what was checked. */
function wrongSpans(words: readonly number[], numbers: readonly number[], turns: readonly number[]): string[] {
  const found = unitOf(words)
  if (found === undefined) return []
  const { unit, flow, order, registers } = found
  const spans = spansOfUnit(unit, registers, flow, order)
  /** Where the code of each check stands: at the first of its accesses, in the order in which blocks are written. */
  const checkedAt = new Map<Span, number>()
  for (const block of order.length > 0 ? order : unit.blocks.keys())
    for (const instruction of unit.blocks[block]?.instructions ?? []) {
      const span = spans.of(instruction)?.span
      if (span !== undefined && !checkedAt.has(span)) checkedAt.set(span, instruction.pc)
    }

  const values = new Map<number, number>()
  let fresh = 0
  const contentOf = (register: number): number => values.get(register) ?? 0
  function change(register: number): void {
    fresh += 1
    values.set(register, (numbers[fresh % numbers.length] ?? 0) + 0x100000 * fresh)
  }
  for (let register = 0; register < 32; register += 1) change(register)
  const startOf = new Map<Span, number>()
  const wrong: string[] = []

  function run(instruction: Instruction): void {
    const { bits: word, pc, meaning } = instruction
    const { name } = meaning.row
    for (const one of meaning.program.body.statements) {
      const isLoad = one.kind === 'value' && one.node.op === 'load'
      if (!isLoad && one.kind !== 'store') continue
      const [ea, size] =
        one.kind === 'store' ? [one.ea, one.size] : one.node.op === 'load' ? [one.node.args[0], one.node.size] : []
      const address = ea && basedAddress(ea)
      if (!address || size === undefined) continue
      const register = offsetIn(address.base.where, word)
      const part = spans.of(instruction)
      if (part === undefined) continue
      const { span } = part
      const base = contentOf(gprOf(register))
      if (checkedAt.get(span) === pc) startOf.set(span, base)
      const start = startOf.get(span)
      const place = base + Number(numberIn(instruction, address.displacement)) - (start ?? 0)
      const used = base - part.moved === start && place >= span.least && place + size <= span.end
      if (!used || (one.kind === 'store' && !span.stores)) wrong.push(`${pc.toString(16)}: ${name} outside its span`)
    }
    const moved = /^(l|st)\w*u$/.test(name) ? field('a', word) : name === 'addi' ? field('t', word) : -1
    const by =
      name === 'addi' ? field('si', word) : /^(ld|std|lwa)u?$/.test(name) ? field('ds', word) : field('d', word)
    const from = name === 'addi' ? field('base', word) : moved
    const sum = name === 'addi' && from === 0 ? signed16(by) : contentOf(from) + signed16(by)
    for (const written of meaning.effects.writes)
      if (written.file === 'gpr') change(gprOf(offsetIn(written.where, word)))
    // What is loaded is written over the base that was moved.
    const loaded = /^l/.test(name) && field('t', word) === moved
    if (moved >= 0 && !loaded) values.set(moved, sum)
  }
  let block = 0
  for (const turn of turns) {
    for (const instruction of unit.blocks[block]?.instructions ?? []) run(instruction)
    const ways = waysOf(flow, block)
    const way = ways[turn % Math.max(1, ways.length)]
    if (way === undefined) break
    if (way.afterCall) for (let register = 0; register < 32; register += 1) change(register)
    block = way.to
  }
  return wrong
}
const gprOf = (offset: number): number => (offset - files.gpr.at) / files.gpr.step

const branching = wordsOf(
  fc.oneof(
    { arbitrary: fc.constantFrom(...control), weight: 3 },
    { arbitrary: fc.constantFrom(...straight), weight: 3 },
    { arbitrary: fc.constantFrom(...named('add', 'cmpi', 'or', 'lwz', 'stw', 'mtspr', 'fadd', 'vaddfp')), weight: 4 },
  ),
  fc.integer({ min: -64, max: 64 }),
)
const accessing = wordsOf(
  fc.oneof(
    { arbitrary: fc.constantFrom(...named('bc', 'bc', 'b')), weight: 2 },
    {
      arbitrary: fc.constantFrom(...named('lwz', 'stw', 'lbz', 'ld', 'std', 'lwzu', 'stwu', 'stdu', 'lbzu')),
      weight: 8,
    },
    { arbitrary: fc.constantFrom(...named('addi')), weight: 3 },
    { arbitrary: fc.constantFrom(...named('or', 'lwzx')), weight: 1 },
  ),
  fc.oneof(
    { arbitrary: fc.integer({ min: -64, max: 64 }), weight: 9 },
    { arbitrary: fc.integer({ min: -4200, max: 4200 }), weight: 1 },
  ),
)
const runs = { numRuns: Number(process.env.RUNS ?? 1000) }

describe('on every way through a unit', () => {
  test('a register is in its local where it is read or dirty, and in the state block where it is clean', () => {
    fc.assert(
      fc.property(branching, fc.boolean(), (words, whole) => {
        expect(wrongRegisters(words, whole), listing(words)).toEqual([])
      }),
      runs,
    )
  })

  test('an access lies inside the span that was checked, of the register as it was then', () => {
    fc.assert(
      fc.property(
        accessing,
        fc.array(fc.nat(0xffff), { minLength: 5, maxLength: 20 }),
        fc.array(fc.nat(3), { minLength: 20, maxLength: 60 }),
        (words, numbers, turns) => {
          expect(wrongSpans(words, numbers, turns), listing(words)).toEqual([])
        },
      ),
      runs,
    )
  })
})
