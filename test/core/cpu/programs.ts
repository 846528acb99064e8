/** Small programs of random instructions and branches, that any engine can be put through in slices. */
import fc from 'fast-check'
import { insert } from '../../../core/cpu/fields.ts'
import { fieldOf } from '../../../core/cpu/forms.ts'
import { assembler, disassembler } from '../../../core/cpu/isa.ts'
import type { Row } from '../../../core/cpu/rows/row.ts'
import { rows } from '../../../core/cpu/rows/table.ts'
import type { GuestMemory } from '../../../core/memory/guest.ts'
import { all, codeBase, dataBase, readExecute, type Workbench } from './workbench.ts'

export const programLength = 32
/** The address of a line of a program, as assembly has it. */
export const addressOf = (line: number): string => `0x${(codeBase + 4 * line).toString(16)}`
const branches = new Set(['b', 'bc', 'bclr', 'bcctr'])
export const named = (...names: string[]): Row[] => rows.filter(row => names.includes(row.name))
export const control = named('b', 'bc', 'bc', 'bclr', 'bcctr')
export const straight = rows.filter(row => row.name !== 'sc' && !branches.has(row.name))

/**
 * Words of rows, with random operands but for these: a base register, a displacement, where a branch leads; and condition
 * fields, so many of which are used.
 */
export function wordsOf(
  row: fc.Arbitrary<Row>,
  displacement: fc.Arbitrary<number>,
  conditionFields = 8,
): fc.Arbitrary<number[]> {
  const parts = fc.tuple(
    row,
    fc.nat(0xffffffff),
    fc.integer({ min: 1, max: 7 }),
    fc.nat(programLength - 1),
    displacement,
  )
  return fc
    .array(parts, { minLength: programLength, maxLength: programLength })
    .map(list => list.map((one, index) => wordOf(one, index, conditionFields)))
}

/** Loads and stores that move their base. */
const moves = /^(l|st)\w*ux?$/

function wordOf(
  [of, bits, base, target, displacement]: [Row, number, number, number, number],
  index: number,
  conditionFields: number,
): number {
  let made = (of.encoding.match | (bits & ~of.encoding.mask)) >>> 0
  const put = (name: 'bf' | 'bi' | 'base' | 'a' | 't' | 'd' | 'ds' | 'bd' | 'li', number: number): void => {
    if (!of.encoding.fields.includes(name)) return
    const field = fieldOf(name)
    made = ((made & ~(insert({ ...field, signed: true }, -1 << field.shift) ?? 0)) | (insert(field, number) ?? 0)) >>> 0
  }
  if (conditionFields < 8) {
    put('bf', (bits >>> 23) % conditionFields)
    put('bi', (bits >>> 16) % (4 * conditionFields))
  }
  put('base', base)
  if (moves.test(of.name)) put('a', base)
  // Half of the additions of a number move a pointer.
  if (of.name === 'addi' && (bits & 1) === 1) put('t', base)
  put('d', displacement)
  put('ds', displacement & ~3)
  put('bd', (target - index) * 4)
  put('li', (target - index) * 4)
  // No absolute branches: they lead out of the program.
  return branches.has(of.name) && of.encoding.fields.includes('aa') ? (made & ~2) >>> 0 : made
}

/** The same with four float and vector registers alone to load, store and reckon with, so that they meet. */
export function fewRegisters(word: number): number {
  const opcode = word >>> 26
  if (opcode === 59 || opcode === 63 || opcode === 4) return (word & ~0x039c_e700) >>> 0
  return opcode >= 48 && opcode < 56 ? (word & ~0x0380_0000) >>> 0 : word
}

/** The program with lines of assembly in the place of some words. */
export function withLines(
  words: readonly number[],
  lines: readonly (readonly [index: number, line: string])[],
): number[] {
  const made = [...words]
  for (const [index, line] of lines) made[index] = assembler.word(line, codeBase + 4 * index)
  return made
}

/** The program with a function as its end, and calls of it at places. */
export function withFunction(words: readonly number[], body: readonly string[], places: readonly number[]): number[] {
  const start = words.length - body.length
  const made = [...words.slice(0, start), ...body.map(line => assembler.word(line))]
  return withLines(
    made,
    places.filter(at => at < start).map(at => [at, `bl ${codeBase + 4 * start}`]),
  )
}

export const listing = (words: readonly number[]): string =>
  words.map((word, i) => `${i}: ${disassembler.text(word, codeBase + 4 * i)}`).join('\n')

const edges = [0n, 1n, 3n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n, 1n << 63n, (1n << 64n) - 1n]
export const anyNumber = fc.oneof(fc.constantFrom(...edges), fc.bigInt(0n, (1n << 64n) - 1n))

/** What programs begin with, and how they are run. */
export const circumstances = {
  values: fc.array(anyNumber, { minLength: 40, maxLength: 40 }),
  slices: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 }),
  /** Code that is changed or dropped between the slices. */
  drops: fc.array(fc.nat(5), { minLength: 8, maxLength: 8 }),
  wide: fc.boolean(),
  writable: fc.boolean(),
  ctr: fc.oneof(
    fc.nat(9),
    fc.nat(programLength - 1).map(at => codeBase + 4 * at),
  ),
}
export interface RandomProgram {
  readonly words: readonly number[]
  readonly values: readonly bigint[]
  readonly slices: readonly number[]
  readonly drops: readonly number[]
  readonly writable: boolean
  readonly ctr: number
}

/** All registers but the pointers, r1 to r7; and the program in its place. */
export function prepare({ cpu, place }: Workbench, one: RandomProgram): void {
  const registers = cpu.registers()
  const { msr } = registers
  registers.clear()
  registers.msr = msr
  const at = (n: number): bigint => one.values[n % one.values.length] ?? 0n
  for (let n = 0; n < 32; n += 1) {
    registers.setGpr(n, at(n))
    registers.setFpr(n, at(n + 5))
  }
  for (let n = 0; n < 128; n += 1)
    registers.setVr(
      n,
      Uint8Array.from({ length: 16 }, (_, i) => n * 7 + i * 31),
    )
  registers.ctr = BigInt(one.ctr)
  registers.lr = BigInt(codeBase + 8)
  registers.cr = Number(at(34) & 0xffffffffn)
  registers.xer = Number(at(35) & 0xe000003fn)
  place(one.words, codeBase, one.writable ? all : readExecute)
}

/** Runs the slices; where one ends with a fault, the next begins elsewhere. Answers all that could be seen after each. */
export function runSlices({ cpu, memory }: Workbench, one: RandomProgram): unknown[] {
  const registers = cpu.registers()
  return one.slices.map((slice, index) => {
    const before = cpu.retired
    const exit = cpu.run(slice)
    const seen = [exit, cpu.retired - before, registers.copy()]
    if (exit.kind === 'fault') registers.pc = codeBase + 4 * (index % programLength)
    if (one.drops[index] === 0) cpu.invalidate(codeBase, 4 * programLength)
    if (one.drops[index] === 1) memory.poke(codeBase + 16, Uint8Array.of(0x60, 0, 0, 0))
    return seen
  })
}

export const engines = ['interpreter', 'compiler'] as const
export type Tried = (typeof engines)[number]
/** Something of each engine in each width, made at once: a processor is used for all programs. */
export function benchesOf<T>(create: (engine: Tried, wide: boolean) => T): (engine: Tried, wide: boolean) => T {
  const pairOf = (wide: boolean) => ({ interpreter: create('interpreter', wide), compiler: create('compiler', wide) })
  const [narrow, wide] = [pairOf(false), pairOf(true)]
  return (engine, isWide) => (isWide ? wide : narrow)[engine]
}

/** Has the pointers, r1 to r7, point into the data, which is cleared. */
export function pointAtData({ cpu, memory }: Pick<Workbench, 'cpu' | 'memory'>): void {
  for (let n = 1; n < 8; n += 1) cpu.registers().setGpr(n, BigInt(dataBase + 0x800 + 40 * n))
  memory.fill(dataBase, 0x2000, 0)
}

/**
 * Runs a program whose pointers point into the data, in slices; answers what was seen, and the data at the end. The data is
 * clear at first, or what `fill` makes of it.
 */
export function trailOf(bench: Workbench, one: RandomProgram, fill?: (memory: GuestMemory) => void): unknown[] {
  prepare(bench, one)
  pointAtData(bench)
  fill?.(bench.memory)
  return [runSlices(bench, one), bench.memory.read(dataBase, 0x2000)]
}
