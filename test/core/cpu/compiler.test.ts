import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { insert } from '../../../core/cpu/fields.ts'
import { fieldOf } from '../../../core/cpu/forms.ts'
import { disassembler } from '../../../core/cpu/isa.ts'
import type { Row } from '../../../core/cpu/rows/row.ts'
import { rows } from '../../../core/cpu/rows/table.ts'
import { all, codeBase, createWorkbench, dataBase, readExecute, type Workbench } from './workbench.ts'

const benches = new Map(
  [false, true].flatMap(wide =>
    (['interpreter', 'compiler'] as const).map(engine => [
      `${engine} ${wide}`,
      // So little is kept that units go all the time.
      createWorkbench({ timebase: () => 0x123456789abn }, wide, { engine, capacity: 100 }),
    ]),
  ),
)
const bench = (engine: 'interpreter' | 'compiler', wide: boolean): Workbench => {
  const found = benches.get(`${engine} ${wide}`)
  if (found === undefined) throw new Error('no such bench')
  return found
}

const branches = new Set(['b', 'bc', 'bclr', 'bcctr'])
const named = (...names: string[]): Row[] => rows.filter(row => names.includes(row.name))
const control = named('b', 'bc', 'bc', 'bclr', 'bcctr')
const common = named('add', 'addi', 'subf', 'cmpi', 'cmp', 'cmpl', 'rlwinm', 'lwz', 'stw', 'lbzu', 'std', 'ld', 'mtspr')
const straight = rows.filter(row => row.name !== 'sc' && !branches.has(row.name))
const row = fc.oneof(
  { arbitrary: fc.constantFrom(...control), weight: 3 },
  { arbitrary: fc.constantFrom(...common), weight: 5 },
  { arbitrary: fc.constantFrom(...straight), weight: 4 },
)
const length = 32
const word = fc
  .tuple(row, fc.nat(0xffffffff), fc.integer({ min: 1, max: 7 }), fc.nat(length - 1), fc.integer({ min: -64, max: 64 }))
  .map(parts => parts)
type Parts = typeof word extends fc.Arbitrary<infer T> ? T : never

function wordOf([of, bits, base, target, displacement]: Parts, index: number): number {
  let made = (of.encoding.match | (bits & ~of.encoding.mask)) >>> 0
  const put = (name: 'base' | 'd' | 'ds' | 'bd' | 'li', number: number): void => {
    if (!of.encoding.fields.includes(name)) return
    const field = fieldOf(name)
    made = ((made & ~(insert({ ...field, signed: true }, -1 << field.shift) ?? 0)) | (insert(field, number) ?? 0)) >>> 0
  }
  put('base', base)
  put('d', displacement)
  put('ds', displacement * 4)
  put('bd', (target - index) * 4)
  put('li', (target - index) * 4)
  // No absolute branches: they lead out of the program.
  return branches.has(of.name) && of.encoding.fields.includes('aa') ? (made & ~2) >>> 0 : made
}

const edges = [0n, 1n, 3n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n, 1n << 63n, (1n << 64n) - 1n]
const value = fc.oneof(fc.constantFrom(...edges), fc.bigInt(0n, (1n << 64n) - 1n))
const program = fc.record({
  words: fc.array(word, { minLength: length, maxLength: length }),
  values: fc.array(value, { minLength: 40, maxLength: 40 }),
  slices: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 }),
  /** Code that is changed or dropped between the slices. */
  drops: fc.array(fc.nat(5), { minLength: 8, maxLength: 8 }),
  wide: fc.boolean(),
  writable: fc.boolean(),
  ctr: fc.oneof(
    fc.nat(9),
    fc.nat(length - 1).map(at => codeBase + 4 * at),
  ),
})
type Program = typeof program extends fc.Arbitrary<infer T> ? T : never

function trail(engine: 'interpreter' | 'compiler', one: Program): unknown[] {
  const { cpu, memory, place } = bench(engine, one.wide)
  const registers = cpu.registers()
  const { msr } = registers
  registers.clear()
  registers.msr = msr
  const at = (n: number): bigint => one.values[n % one.values.length] ?? 0n
  for (let n = 0; n < 32; n += 1) {
    registers.setGpr(n, n > 0 && n < 8 ? BigInt(dataBase + 0x800 + 40 * n) : at(n))
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
  memory.fill(dataBase, 0x2000, 0)
  for (let n = 0; n < 0x800; n += 8) memory.store64(dataBase + 0x400 + n, at(n))
  place(one.words.map(wordOf), codeBase, one.writable ? all : readExecute)
  const seen: unknown[] = []
  for (const [index, slice] of one.slices.entries()) {
    const before = cpu.retired
    const exit = cpu.run(slice)
    const now = [exit, cpu.retired - before, registers.copy()]
    seen.push(now)
    if (exit.kind === 'fault') {
      registers.pc = codeBase + 4 * (index % length)
    }
    if (one.drops[index] === 0) cpu.invalidate(codeBase, 4 * length)
    if (one.drops[index] === 1) memory.poke(codeBase + 16, Uint8Array.of(0x60, 0, 0, 0))
  }
  seen.push(memory.read(dataBase, 0x2000), memory.read(codeBase, 4 * length))
  return seen
}

describe('compiled code', () => {
  test('does what the interpreter does, slice by slice, in any small program, while code changes under it', () => {
    fc.assert(
      fc.property(program, one => {
        const text = one.words.map((parts, i) => `${i}: ${disassembler.text(wordOf(parts, i), codeBase + 4 * i)}`)
        expect(trail('compiler', one), text.join('\n')).toEqual(trail('interpreter', one))
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
    for (const wide of [false, true]) {
      const counters = bench('compiler', wide).cpu.compiler
      expect(counters?.units_compiled_total).toBeGreaterThan(100)
      expect(counters?.units_evicted_total).toBeGreaterThan(0)
      expect(counters?.instructions_live).toBeLessThanOrEqual(200)
    }
  })
})
