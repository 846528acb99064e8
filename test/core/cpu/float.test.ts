import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { fused32 } from '../../kit/float32.ts'
import { createWorkbench } from './workbench.ts'

const bench = createWorkbench()
const r = bench.cpu.registers()

beforeEach(() => {
  r.fpscr = 0
})

const scratch = new DataView(new ArrayBuffer(8))
const bitsOf = (value: number): bigint => {
  scratch.setFloat64(0, value)
  return scratch.getBigUint64(0)
}
const bitsOfSingle = (value: number): number => {
  scratch.setFloat32(0, value)
  return scratch.getUint32(0)
}
const numberOf = (bits: bigint): number => {
  scratch.setBigUint64(0, bits)
  return scratch.getFloat64(0)
}

/** Doubles of every size, edge cases often. */
const double = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.constantFrom(
    0n,
    1n << 63n,
    1n,
    0x7ff0000000000000n,
    0xfff0000000000000n,
    0x3ff0000000000000n,
    0x0010000000000000n,
  ),
  fc.double({ noNaN: true }).map(bitsOf),
  fc.tuple(fc.integer({ min: -60, max: 60 }), fc.integer()).map(([e, m]) => bitsOf((1 + m / 2 ** 32) * 2 ** e)),
)
const single = fc
  .tuple(fc.integer({ min: -30, max: 30 }), fc.nat(0x7fffff), fc.boolean())
  .map(([e, m, s]) => (1 + m / 2 ** 23) * 2 ** e * (s ? -1 : 1))

const host: Record<string, (a: number, b: number) => number> = {
  'fadd f3, f1, f2': (a, b) => a + b,
  'fsub f3, f1, f2': (a, b) => a - b,
  'fmul f3, f1, f2': (a, b) => a * b,
  'fdiv f3, f1, f2': (a, b) => a / b,
  'fsqrt f3, f1': a => Math.sqrt(a),
}

test.each(Object.keys(host))('%s rounds to nearest as IEEE 754 says', line => {
  bench.place([line])
  fc.assert(
    fc.property(double, double, (a, b) => {
      r.setFpr(1, a)
      r.setFpr(2, b)
      r.pc = 0x82000000
      bench.cpu.run(1)
      const expected = host[line]?.(numberOf(a), numberOf(b)) ?? 0
      const actual = numberOf(r.fpr(3))
      expect(Object.is(actual, expected), `${a.toString(16)} ${b.toString(16)} gave ${r.fpr(3).toString(16)}`).toBe(
        true,
      )
    }),
    { numRuns: 3000 },
  )
})

test('single operations round once, straight to single', () => {
  bench.place(['fadds f3, f1, f2', 'fmuls f4, f1, f2', 'fdivs f5, f1, f2'])
  fc.assert(
    fc.property(single, single, (a, b) => {
      r.setFpr(1, bitsOf(a))
      r.setFpr(2, bitsOf(b))
      r.pc = 0x82000000
      bench.cpu.run(3)
      expect([3, 4, 5].map(i => numberOf(r.fpr(i)))).toEqual([
        Math.fround(a + b),
        Math.fround(a * b),
        Math.fround(a / b),
      ])
    }),
    { numRuns: 2000 },
  )
})

test('fmadds rounds the exact sum once, unlike a fused double made single', () => {
  bench.place(['fmadds f4, f1, f3, f2'])
  const run = (a: number, c: number, b: number): number => {
    r.setFpr(1, bitsOf(a))
    r.setFpr(3, bitsOf(c))
    r.setFpr(2, bitsOf(b))
    r.pc = 0x82000000
    bench.cpu.run(1)
    return bitsOfSingle(numberOf(r.fpr(4)))
  }
  fc.assert(
    fc.property(single, single, single, (a, c, b) => {
      expect(run(a, c, b)).toBe(fused32(bitsOfSingle(a), bitsOfSingle(c), bitsOfSingle(b)))
    }),
    { numRuns: 2000 },
  )
})

test('the other rounding modes bracket the exact result', () => {
  bench.place(['mtfsfi 7, 3', 'fdiv f3, f1, f2', 'mtfsfi 7, 2', 'fdiv f4, f1, f2', 'mtfsfi 7, 1', 'fdiv f5, f1, f2'])
  r.setFpr(1, bitsOf(1))
  r.setFpr(2, bitsOf(3))
  bench.cpu.run(6)
  expect([3, 4, 5].map(i => r.fpr(i).toString(16))).toEqual([
    '3fd5555555555555',
    '3fd5555555555556',
    '3fd5555555555555',
  ])
  r.setFpr(1, bitsOf(-1))
  r.pc = 0x82000000
  bench.cpu.run(6)
  expect([3, 4, 5].map(i => r.fpr(i).toString(16))).toEqual([
    'bfd5555555555556',
    'bfd5555555555555',
    'bfd5555555555555',
  ])
})

test.each([
  ['fctiwz f3, f1', Number.NaN, 0xa0000100, 'a NaN is an invalid conversion'],
  ['fctiwz f3, f1', 0.5, 0x82020000, 'a fraction lost is inexact'],
  ['frsp f3, f1', 1e300, 0x92025000, 'what overflows single is infinite, inexact, and says so'],
  ['frsp f3, f1', 1e-60, 0x8a022000, 'what underflows single is zero, tiny and inexact'],
  ['frsqrte f3, f1', -1, 0xa0011200, 'the root of a negative number is invalid'],
  ['frsqrte f3, f1', 0, 0x84005000, 'the reciprocal root of zero divides by zero'],
  ['fdiv f3, f1, f2', 1, 0x84005000, 'a finite number over zero is infinite'],
  ['fsqrt f3, f1', -4, 0xa0011200, 'the root of a negative number is a NaN'],
])('FPSCR after %s of %s is %i: %s', (line, value, status) => {
  r.setFpr(1, bitsOf(value))
  r.setFpr(2, 0n)
  bench.run([line])
  expect((r.fpscr & ~0x40000) >>> 0).toBe(status >>> 0)
})

test.each([
  [1, 0.970703125],
  [2, 0.6875],
  [0.5, 1.375],
  [4, 0.4853515625],
])('frsqrte of %d is %d, as its table has it', (value, estimate) => {
  r.setFpr(1, bitsOf(value))
  bench.run(['frsqrte f3, f1'])
  expect(numberOf(r.fpr(3))).toBe(estimate)
})

test('a NaN operand is the result, quieted, the first of FRA, FRB, FRC', () => {
  r.setFpr(1, bitsOf(1))
  r.setFpr(2, 0x7ff0000000000123n)
  r.setFpr(3, 0xfff8000000000456n)
  bench.run(['fmadd f4, f1, f3, f2'])
  expect(r.fpr(4).toString(16)).toBe('7ff8000000000123')
  expect(r.fpscr & 0x21000000).toBe(0x21000000)
})

test('a NaN that a single instruction gives is a single: the low bits of its operand are dropped', () => {
  r.setFpr(1, 0xfffffa6b38316002n)
  r.setFpr(2, bitsOf(1))
  bench.run(['fadds f4, f2, f1', 'frsp f5, f1', 'fmr f6, f1'])
  expect([4, 5, 6].map(n => r.fpr(n).toString(16))).toEqual([
    'fffffa6b20000000',
    'fffffa6b20000000',
    'fffffa6b38316002',
  ])
})

describe.each(['fmadd', 'fmsub', 'fnmadd', 'fnmsub'].flatMap(name => [name, `${name}s`]))('%s', name => {
  const signalling = 0x7ff4000000000000n
  const flagsOf = (a: bigint, c: bigint, b: bigint): number => {
    for (const [n, bits] of [a, c, b].entries()) r.setFpr(1 + n, bits)
    r.fpscr = 0
    bench.run([`${name} f4, f1, f2, f3`])
    return r.fpscr & 0x21f00000
  }
  test.each([
    ['FRA', signalling, bitsOf(1), bitsOf(1)],
    ['FRC', bitsOf(1), signalling, bitsOf(1)],
    ['FRB', bitsOf(1), bitsOf(1), signalling],
  ])('a signalling NaN in %s is VXSNAN', (_, a, c, b) => expect(flagsOf(a, c, b)).toBe(0x21000000))
  test('infinity times zero beside a signalling NaN is VXIMZ and VXSNAN', () =>
    expect(flagsOf(bitsOf(Number.POSITIVE_INFINITY), 0n, signalling)).toBe(0x21100000))
  test('infinity times zero beside a quiet NaN is VXIMZ alone', () =>
    expect(flagsOf(0n, bitsOf(Number.NEGATIVE_INFINITY), 0x7ff8000000000000n)).toBe(0x20100000))
})

test('an enabled invalid operation leaves the target as it was', () => {
  r.setFpr(1, bitsOf(-1))
  r.setFpr(3, 42n)
  r.fpscr = 0x80
  bench.run(['fsqrt f3, f1'])
  expect(r.fpr(3)).toBe(42n)
  expect(r.fpscr & 0x40000000).toBe(0x40000000)
})

test('conversions to integers round by the mode and saturate', () => {
  const convert = (line: string, value: number): bigint => {
    r.fpscr = 0
    r.setFpr(1, bitsOf(value))
    bench.run([line])
    return BigInt.asIntN(64, r.fpr(3))
  }
  expect([0.5, 1.5, 2.5, -0.5, -1.5].map(v => convert('fctid f3, f1', v))).toEqual([0n, 2n, 2n, 0n, -2n])
  expect([2 ** 62, 2 ** 63, -(2 ** 63), 1e300, -1e300].map(v => convert('fctidz f3, f1', v))).toEqual([
    2n ** 62n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 63n - 1n,
    -(2n ** 63n),
  ])
  expect([2 ** 31, -(2 ** 31), 2147483647.5].map(v => convert('fctiw f3, f1', v))).toEqual([
    2147483647n,
    -2147483648n,
    2147483647n,
  ])
})

const usual = fc
  .tuple(
    fc.integer({ min: -40, max: 40 }),
    fc.bigInt({ min: 0n, max: (1n << 52n) - 1n }),
    fc.boolean(),
    fc.constantFrom(0n, 29n, 40n),
  )
  .map(([e, m, s, zeros]) => (BigInt(e + 1023) << 52n) | ((m >> zeros) << zeros) | (s ? 1n << 63n : 0n))

test.each([
  'fadd f4, f1, f2',
  'fsub f4, f1, f2',
  'fmul f4, f1, f3',
  'fdiv f4, f1, f2',
  'fmadd f4, f1, f3, f2',
  'fnmsub f4, f1, f3, f2',
  'fadds f4, f1, f2',
  'fmuls f4, f1, f3',
  'fdivs f4, f1, f2',
  'fmadds f4, f1, f3, f2',
  'fmsubs f4, f1, f3, f2',
  'frsp f4, f1',
])('%s tells the same of what it lost in the fast way to the nearest as in the exact way towards zero', line => {
  bench.place([line])
  const run = (mode: number): { size: bigint; fi: boolean; fr: boolean } => {
    r.fpscr = mode
    r.pc = 0x82000000
    bench.cpu.run(1)
    return { size: r.fpr(4) & ~(1n << 63n), fi: (r.fpscr & 0x20000) !== 0, fr: (r.fpscr & 0x40000) !== 0 }
  }
  fc.assert(
    fc.property(usual, usual, usual, (a, b, c) => {
      r.setFpr(1, a)
      r.setFpr(2, b)
      r.setFpr(3, c)
      const [nearest, towardsZero] = [run(0), run(1)]
      expect(nearest.fi).toBe(towardsZero.fi)
      expect(nearest.fr).toBe(nearest.size > towardsZero.size)
      expect(towardsZero.fr).toBe(false)
    }),
    { numRuns: 1500 },
  )
})
