import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { insert } from '../../../core/cpu/fields.ts'
import { fieldOf } from '../../../core/cpu/forms.ts'
import { disassembler } from '../../../core/cpu/isa.ts'
import type { Row } from '../../../core/cpu/rows/row.ts'
import { rows } from '../../../core/cpu/rows/table.ts'
import { codeBase, createWorkbench, dataBase, type Workbench } from './workbench.ts'

const compiler = createWorkbench({ timebase: () => 0x123456789abn }, false, 'compiler')
const interpreter = createWorkbench({ timebase: () => 0x123456789abn }, false, 'interpreter')

const edges = [0n, 1n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n, 1n << 63n, (1n << 64n) - 1n]
const value = fc.oneof(fc.constantFrom(...edges), fc.bigInt(0n, (1n << 64n) - 1n))

/** r1 to r7 point into the data; addresses are made with them alone, so that most accesses hit. */
const pointer = fc.integer({ min: 1, max: 7 })
const instruction = fc
  .constantFrom(...rows.filter(row => row.name !== 'sc'))
  .chain(row => fc.tuple(fc.constant(row), fc.nat(0xffffffff), pointer, fc.integer({ min: -64, max: 64 })).map(wordOf))
function wordOf([row, bits, base, displacement]: [Row, number, number, number]): number {
  let word = (row.encoding.match | (bits & ~row.encoding.mask)) >>> 0
  const put = (name: 'base' | 'd' | 'ds' | 'bd' | 'li', number: number): void => {
    if (!row.encoding.fields.includes(name)) return
    word =
      ((word & ~(insert({ ...fieldOf(name), signed: true }, -1 << fieldOf(name).shift) ?? 0)) |
        (insert(fieldOf(name), number) ?? 0)) >>>
      0
  }
  put('base', base)
  put('d', displacement)
  put('ds', displacement * 4)
  put('bd', 8)
  put('li', 8)
  return word
}

interface Start {
  readonly words: readonly number[]
  readonly values: readonly bigint[]
  readonly budget: number
}
const start = fc.record({
  words: fc.array(instruction, { minLength: 1, maxLength: 12 }),
  values: fc.array(value, { minLength: 40, maxLength: 40 }),
  budget: fc.integer({ min: 1, max: 20 }),
})

function outcome(bench: Workbench, { words, values, budget }: Start) {
  const { cpu, memory } = bench
  const registers = cpu.registers()
  registers.clear()
  const at = (n: number): bigint => values[n % values.length] ?? 0n
  for (let n = 0; n < 32; n += 1) {
    registers.setGpr(n, n > 0 && n < 8 ? BigInt(dataBase + 0x800 + 40 * n) : at(n))
    registers.setFpr(n, at(n + 5))
  }
  for (let n = 0; n < 128; n += 1)
    registers.setVr(
      n,
      Uint8Array.from({ length: 16 }, (_, i) => n * 7 + i * 31),
    )
  registers.ctr = at(33)
  registers.lr = BigInt(codeBase)
  registers.cr = Number(at(34) & 0xffffffffn)
  registers.xer = Number(at(35) & 0xe000003fn)
  memory.fill(dataBase, 0x1000, 0)
  for (let n = 0; n < 0x800; n += 8) memory.store64(dataBase + 0x400 + n, at(n))
  const before = cpu.retired
  const exit = bench.run(words, budget)
  return { exit, retired: cpu.retired - before, registers: registers.copy(), data: memory.read(dataBase, 0x1000) }
}

describe('the interpreter and compiled code', () => {
  test('end alike, to the bit, after any straight run of instructions and at any budget', () => {
    fc.assert(
      fc.property(start, one => {
        const text = one.words.map(word => disassembler.text(word, codeBase)).join('\n')
        expect(outcome(compiler, one), text).toEqual(outcome(interpreter, one))
      }),
      { numRuns: 400 },
    )
  })

  test('agree on a loop that is left by its count, by its budget, and by a fault', () => {
    const loop = ['lbzu r5, 1(r3)', 'add r6, r6, r5', 'stw r6, 0(r4)', 'rlwinm r6, r6, 3, 0, 31', 'bdnz 0x82000000']
    for (const { count, budget, from } of [
      { count: 100n, budget: 100_000, from: dataBase },
      { count: 1000n, budget: 777, from: dataBase },
      { count: 5000n, budget: 100_000, from: dataBase + 0x1f00 },
    ]) {
      const results = [compiler, interpreter].map(bench => {
        const registers = bench.cpu.registers()
        registers.clear()
        bench.memory.fill(dataBase, 0x2000, 0x5a)
        registers.setGpr(3, BigInt(from))
        registers.setGpr(4, BigInt(dataBase + 16))
        registers.ctr = count
        const before = bench.cpu.retired
        return [bench.run(loop, budget), bench.cpu.retired - before, registers.copy()]
      })
      expect(results[0]).toEqual(results[1])
    }
  })

  test('agree on what was compared before a call of a function that compares anew', () => {
    const program = [
      'cmpwi cr1, r3, 5',
      `bl ${codeBase + 28}`,
      `beq cr1, ${codeBase + 16}`,
      'addi r4, r4, 1',
      'addi r3, r3, 1',
      `bdnz ${codeBase}`,
      `b ${codeBase + 36}`,
      'cmpwi cr1, r3, 9',
      'blr',
    ]
    const results = [compiler, interpreter].map(bench => {
      const registers = bench.cpu.registers()
      registers.clear()
      registers.ctr = 20n
      // In slices, so that it goes on from anywhere.
      bench.run(program, 1)
      for (let slice = 0; slice < 10; slice += 1) bench.cpu.run(17)
      return registers.copy()
    })
    expect(compiler.cpu.registers().gpr(4)).toBe(19n)
    expect(results[0]).toEqual(results[1])
  })

  test('agree on what was compared in a loop, and otherwise before it, where the budget ends as the next round begins', () => {
    const head = codeBase + 4 * 14
    const program = [
      // What is written here, and stored by the call, no way out of the loop has to do with.
      ...Array.from({ length: 12 }, (_, n) => `li r${n + 10}, ${n}`),
      `bl ${codeBase + 4 * 28}`,
      'cmpwi r3, 0',
      'addi r3, r3, 1',
      ...Array<string>(10).fill('addi r4, r4, 1'),
      'cmplwi r3, 100',
      `bgt ${head}`,
      `b ${codeBase + 4 * 27}`,
      'blr',
    ]
    const results = [compiler, interpreter].map(bench => {
      const registers = bench.cpu.registers()
      registers.clear()
      bench.run(program, 1)
      return Array.from({ length: 100 }, (_, slice) => {
        registers.pc = codeBase
        registers.setGpr(3, 0x80000000n)
        bench.cpu.run(slice + 1)
        return registers.copy()
      })
    })
    expect(results[0]).toEqual(results[1])
  })
})
