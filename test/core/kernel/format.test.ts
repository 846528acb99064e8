import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Variadic, variadicAt } from '../../../core/kernel/call.ts'
import { formatText } from '../../../core/kernel/format.ts'
import { createMemory, GuestAccessError } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'

const memory = createMemory()
const list = 0x10000
const texts = 0x20000
memory.commit(0x10000, 0x20000, access.read | access.write)

type Argument = number | bigint | string | { readonly float: number } | { readonly wide: string }

/** Lays arguments out as a caller does: 8-byte slots, texts behind pointers. */
function layOut(args: readonly Argument[]): Variadic {
  let at = texts
  args.forEach((arg, i) => {
    const slot = list + i * 8
    if (typeof arg === 'number') memory.store64(slot, BigInt.asUintN(64, BigInt(arg)))
    else if (typeof arg === 'bigint') memory.store64(slot, BigInt.asUintN(64, arg))
    else if (typeof arg === 'string') {
      memory.store64(slot, BigInt(at))
      memory.write(at, new Uint8Array([...Buffer.from(arg, 'latin1'), 0]))
      at += arg.length + 1
    } else if ('float' in arg) {
      const view = new DataView(new ArrayBuffer(8))
      view.setFloat64(0, arg.float)
      memory.store64(slot, view.getBigUint64(0))
    } else {
      at = (at + 1) & ~1
      memory.store64(slot, BigInt(at))
      for (const [i, unit] of [...arg.wide].entries()) memory.store16(at + i * 2, unit.charCodeAt(0))
      memory.store16(at + arg.wide.length * 2, 0)
      at += arg.wide.length * 2 + 2
    }
  })
  return variadicAt(memory, list)
}

const print = (format: string, ...args: Argument[]): string => formatText(format, layOut(args), memory, 'narrow')
const f = (float: number): Argument => ({ float })

test.each<[expected: string, format: string, ...args: Argument[]]>([
  ['plain 100% text', 'plain 100%% text'],
  ['-7 4294967289 fffffff9', '%d %u %x', -7, -7, -7],
  ['   42|42   |00042|+42| 42', '%5d|%-5d|%05d|%+d|% d', 42, 42, 42, 42, 42],
  ['2A 052', '%X %#o', 42, 42],
  ['0x2a 0X2A 0', '%#x %#X %#x', 42, 42, 0],
  ['  007|', '%5.3d|', 7],
  ['[] [ ]', '[%.0d] [%1.0d]', 0, 0],
  ['-9223372036854775808 18446744073709551615', '%I64d %llu', -(2n ** 63n), 2n ** 64n - 1n],
  ['-1 65535 -1', '%hd %hu %hhd', 0x1ffff, 0x1ffff, 0xff],
  ['82010000', '%p', 0x82010000],
  ['abc|  abc|abc  |ab', '%s|%5s|%-5s|%.2s', 'abc', 'abc', 'abc', 'abc'],
  ['(null) A', '%s %c', 0, 65],
  ['wide w?de', '%S %ls', { wide: 'wide' }, { wide: 'w☃de' }],
  ['1.500000 -1.5 2. 1e+002', '%f %.1f %#.0f %.0e', f(1.5), f(-1.5), f(1.6), f(100)],
  ['0.1 100000 1e+006 1e-005 0.0001', '%g %g %g %g %g', f(0.1), f(1e5), f(1e6), f(1e-5), f(1e-4)],
  ['1.00000 0', '%#g %g', f(1), f(0)],
  ['1.#INF -1.#INF 1.#QNAN', '%f %f %f', f(Infinity), f(-Infinity), f(NaN)],
  ['999999999999999983222784.0', '%.1f', f(1e24)],
  ['0.10000000000000000555', '%.20f', f(0.1)],
  ['9.999e+022', '%.3e', f(9.999e22)],
  ['1.0e+023', '%.1e', f(9.99e22)],
  ['-0.0 0x1.8p+1 0x1.00p+0', '%.1f %a %.2a', f(-0), f(3), f(1)],
  ['   -3.25', '%8.2f', f(-3.25)],
  ['-0003.25', '%08.2f', f(-3.25)],
  ['   7|7   ', '%*d|%*d', 4, 7, -4, 7],
  ['0.33', '%.*f', 2, f(1 / 3)],
  ['y 5%', 'y %d%', 5],
])('prints %j for %j', (expected, format, ...args) => {
  expect(print(format, ...args)).toBe(expected)
})

test('%n stores how much was printed so far', () => {
  expect(print('abc%n', texts + 0x100)).toBe('abc')
  expect(memory.load32(texts + 0x100)).toBe(3)
})

test('%Z prints a counted string, which has no NUL', () => {
  memory.write(texts + 0x200, new Uint8Array([0, 3, 0, 8, 0, 2, 3, 0, 65, 66, 67, 68]))
  memory.store32(texts + 0x204, texts + 0x208)
  expect(print('<%Z>', texts + 0x200)).toBe('<ABC>')
})

test('in the wide functions %s is wide and %S is narrow', () => {
  expect(formatText('%s %S %hs', layOut([{ wide: 'w' }, 'n', 'h']), memory, 'wide')).toBe('w n h')
})

test('a double printed with 17 significant digits reads back as itself', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
      expect(Number(print('%.17g', f(value)))).toBe(value)
      expect(Number(print('%.16e', f(value)))).toBe(value)
    }),
    { numRuns: 1000 },
  )
})

test('integers print as the host counts them, in any width', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat(30), fc.boolean(), (value, width, left) => {
      const text = value.toString()
      const expected = left ? text.padEnd(width) : text.padStart(width)
      expect(print(`%${left ? '-' : ''}${width}I64d`, value)).toBe(expected)
      expect(print('%d', value)).toBe(String(Number(BigInt.asIntN(32, value))))
      expect(print('%llx', value)).toBe(BigInt.asUintN(64, value).toString(16))
    }),
    { numRuns: 500 },
  )
})

test('fixed-point text is the nearest to the value', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), fc.nat(12), (value, places) => {
      const sign = value < 0 || Object.is(value, -0) ? '-' : ''
      expect(print(`%.${places}f`, f(value))).toBe(sign + Math.abs(value).toFixed(places))
    }),
    { numRuns: 1000 },
  )
})

test('a format, however wrong, prints something bounded or faults on the pointer it was given', () => {
  const piece = fc.constantFrom('%', 'd', 's', 'f', '*', '.', '9', '0', '-', 'l', 'x', 'Z', 'q', '#')
  fc.assert(
    fc.property(fc.array(piece), pieces => {
      try {
        expect(print(pieces.join(''), 'a', 2, 3, 4, 5, 6, 7, 8).length).toBeLessThanOrEqual(0x40000)
      } catch (error) {
        expect(error).toBeInstanceOf(GuestAccessError)
      }
    }),
    { numRuns: 500 },
  )
})
