import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { disassembler } from '../../../core/cpu/isa.ts'
import { rows } from '../../../core/cpu/rows/table.ts'
import type { CpuSettings } from '../../../core/cpu/run.ts'
import { hostFuses } from '../../../core/cpu/wasm/probe.ts'
import { codeBase, createWorkbench, dataBase, type Workbench } from './workbench.ts'

const bench = (settings: CpuSettings): Workbench => createWorkbench({}, false, settings)
const exact = bench({ fpscr: 'exact' })
const fast = {
  interpreter: bench({ fpscr: 'fast' }),
  compiler: bench({ fpscr: 'fast', engine: 'compiler' }),
  unfused: bench({ fpscr: 'fast', fused: false }),
  'unfused compiler': bench({ fpscr: 'fast', fused: false, engine: 'compiler' }),
}
const exactCompiler = bench({ fpscr: 'exact', engine: 'compiler' })

/** Rows of the float unit that give a result or a condition, and the accesses of its registers. */
const arithmetic = rows.filter(row => /^(f[a-z]|[ls]t?f[sd])/.test(row.name) && !/^st?f[sd]u|^lf[sd]u/.test(row.name))
const scratch = new DataView(new ArrayBuffer(8))
const bitsOf = (value: number): bigint => {
  scratch.setFloat64(0, value)
  return scratch.getBigUint64(0)
}
const edges = [
  0,
  -0,
  1,
  -1,
  0.1,
  3e38,
  4e38,
  1e-38,
  1e-40,
  -1e-45,
  1e300,
  1e-300,
  5e-324,
  2 ** 31,
  2 ** 63,
  Infinity,
  -Infinity,
]
const double = fc.oneof(
  fc.constantFrom(
    ...edges.map(bitsOf),
    0x7ff8000000000000n,
    0x7ff4000000000000n,
    0xfff8000020000000n,
    0x7ff0000020000000n,
  ),
  fc.float({ noNaN: true }).map(bitsOf),
  fc.double().map(bitsOf),
  fc.integer({ min: -100, max: 100 }).map(bitsOf),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
)
/** A few registers, so that results are operands; accesses by r1, which points into the data. */
const register = fc.integer({ min: 0, max: 7 })
const instruction = fc
  .tuple(fc.constantFrom(...arithmetic), register, register, register, register, fc.boolean(), fc.nat(15))
  .map(([row, t, a, b, c, rc, at]) => {
    const memory = /^[ls]/.test(row.name)
    const indexed = row.encoding.fields.includes('b')
    const operands = memory
      ? (t << 21) | (1 << 16) | (indexed ? 2 << 11 : at * 8)
      : (t << 21) | (a << 16) | (b << 11) | (c << 6) | Number(rc)
    return (row.encoding.match | (operands & ~row.encoding.mask)) >>> 0
  })
const start = fc.record({
  words: fc.array(instruction, { minLength: 1, maxLength: 12 }),
  values: fc.array(double, { minLength: 8, maxLength: 8 }),
  fpscr: fc.constantFrom(0, 0, 0, 0, 1, 2, 3, 4, 0x80, 0x10, 0xf8),
  rounds: fc.integer({ min: 1, max: 3 }),
})
type Start = typeof start extends fc.Arbitrary<infer T> ? T : never

const operandsOf = (word: number): string => disassembler.text(word, codeBase)

function outcome({ cpu, memory, run }: Workbench, { words, values, fpscr, rounds }: Start) {
  const registers = cpu.registers()
  registers.clear()
  for (const [n, value] of values.entries()) registers.setFpr(n, value)
  registers.setGpr(1, BigInt(dataBase + 0x100))
  registers.setGpr(2, 24n)
  registers.fpscr = fpscr
  registers.ctr = BigInt(rounds)
  for (const [n, value] of values.entries()) {
    memory.store64(dataBase + 0x100 + 16 * n, value)
    memory.store32(dataBase + 0x108 + 16 * n, Number(value >> 32n))
    memory.store32(dataBase + 0x10c + 16 * n, Number(value & 0xffffffffn))
  }
  run([...words, `bdnz ${codeBase}`])
  return { registers: registers.copy(), fpscr: registers.fpscr, cr: registers.cr, data: memory.read(dataBase, 0x200) }
}
/** All but what FPSCR tells: itself, and CR1, which copies it. */
function results(one: ReturnType<typeof outcome>) {
  const registers = exact.cpu.registers()
  registers.restore(one.registers)
  registers.fpscr = one.fpscr & 0xff
  registers.cr &= ~0x0f000000
  return { registers: registers.copy(), data: one.data }
}

describe('FPSCR in the fast mode', () => {
  test('has every result of the exact mode, whatever FPSCR asks for', () => {
    fc.assert(
      fc.property(start, one => {
        const text = one.words.map(operandsOf).join('\n')
        // A status that is read as data may differ, and what is computed of it.
        fc.pre(!one.words.some(word => operandsOf(word).startsWith('mffs')))
        expect(results(outcome(fast.interpreter, one)), text).toEqual(results(outcome(exact, one)))
      }),
      { numRuns: 3000 },
    )
  })

  test('is the same to the last bit of FPSCR in compiled code, and where the host cannot fuse', () => {
    fc.assert(
      fc.property(start, one => {
        const text = one.words.map(operandsOf).join('\n')
        const expected = outcome(fast.interpreter, one)
        for (const other of ['compiler', 'unfused', 'unfused compiler'] as const)
          expect(outcome(fast[other], one), `${other}:\n${text}`).toEqual(expected)
      }),
      { numRuns: 120 },
    )
  })

  test('in the exact mode the engines agree on it too', () => {
    fc.assert(
      fc.property(start, one => {
        expect(outcome(exactCompiler, one), one.words.map(operandsOf).join('\n')).toEqual(outcome(exact, one))
      }),
      { numRuns: 500 },
    )
  })

  test('keeps overflow, division by zero and invalid operations, and says nothing of what is inexact', () => {
    const status = (line: string, a: number, b: number): number => {
      const registers = fast.interpreter.cpu.registers()
      registers.clear()
      registers.setFpr(1, bitsOf(a))
      registers.setFpr(2, bitsOf(b))
      fast.interpreter.run([line])
      return (registers.fpscr & 0xbff80700) >>> 0
    }
    expect(status('fdiv f3, f1, f2', 1, 3)).toBe(0)
    expect(status('fdiv f3, f1, f2', 1, 0)).toBe(0x84000000)
    expect(status('fmul f3, f1, f2', 1e200, 1e200)).toBe(0x92000000)
    expect(status('fdiv f3, f1, f2', 0, 0)).toBe(0xa0200000)
  })
})

test('the host’s multiply-add is asked whether it rounds once', () => {
  expect(typeof hostFuses()).toBe('boolean')
})
