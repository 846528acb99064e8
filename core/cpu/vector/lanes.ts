/**
 * Vectors as this house holds them: the 16 guest bytes reversed, so guest element i of n is lane n-1-i, and the whole
 * register is the guest's 128-bit number. Guest order is spoken of as "left" (element 0) and "right".
 *
 * Shifts and rotates by a count in each element are products: an element times 2^n has the left shift in its low half
 * and what was shifted out in its high half, so all three kinds come from one widening multiply.
 */
import { repeated } from '../../base/bits.ts'
import type { Ops, Values } from '../algebra.ts'

type V128<V extends Values> = V['v128']
export type Meaning1 = <V extends Values>(o: Ops<V>, b: V['v128']) => V['v128']
export type Meaning2 = <V extends Values>(o: Ops<V>, a: V['v128'], b: V['v128']) => V['v128']
export type Meaning3 = <V extends Values>(o: Ops<V>, a: V['v128'], b: V['v128'], c: V['v128']) => V['v128']

const range = (f: (i: number) => number): number[] => Array.from({ length: 16 }, (_, i) => f(i))

export const zero = <V extends Values>(o: Ops<V>): V128<V> => o.v128.const(range(() => 0))
export const ones = <V extends Values>(o: Ops<V>): V128<V> => o.v128.const(range(() => 0xff))
/** Lane numbers 0 to 15. */
export const iota = <V extends Values>(o: Ops<V>): V128<V> => o.v128.const(range(i => i))

export const words = <V extends Values>(o: Ops<V>, value: number): V128<V> => o.v128.const(repeated(value, 4))
export const halves = <V extends Values>(o: Ops<V>, value: number): V128<V> => o.v128.const(repeated(value, 2))
export const bytes = <V extends Values>(o: Ops<V>, value: number): V128<V> => o.v128.const(repeated(value, 1))

/** Moves bytes by guest numbers: byte g of the result is byte `of(g)` of a and b joined, a on the left. */
export function arrange<V extends Values>(o: Ops<V>, of: (g: number) => number, a: V128<V>, b: V128<V>): V128<V> {
  const lanes = range(lane => {
    const from = of(15 - lane)
    return from < 16 ? 15 - from : 16 + (31 - from)
  })
  return o.i8x16.shuffle(lanes, a, b)
}

/** Bytes n to n+15 of a and b joined, a on the left; n from 0 to 16. */
export function window<V extends Values>(o: Ops<V>, a: V128<V>, b: V128<V>, n: V['i32']): V128<V> {
  const count = o.i8x16.splat(n)
  const fromA = o.i8x16.sub(iota(o), count)
  const fromB = o.i8x16.sub(o.i8x16.add(iota(o), bytes(o, 16)), count)
  return o.v128.or(o.i8x16.swizzle(a, fromA), o.i8x16.swizzle(b, fromB))
}

/** Shifted left by whole bytes, zeros from the right; n from 0 to 16. */
export const shiftBytesLeft = <V extends Values>(o: Ops<V>, a: V128<V>, n: V['i32']): V128<V> =>
  o.i8x16.swizzle(a, o.i8x16.sub(iota(o), o.i8x16.splat(n)))

export const shiftBytesRight = <V extends Values>(o: Ops<V>, a: V128<V>, n: V['i32']): V128<V> =>
  o.i8x16.swizzle(a, o.i8x16.add(iota(o), o.i8x16.splat(n)))

/** The last guest byte, where whole-register shifts keep their counts. */
export const lastByte = <V extends Values>(o: Ops<V>, b: V128<V>): V['i32'] => o.i8x16.extract_lane_u(0, b)

/** The whole register shifted left by 0 to 7 bits. */
export function shiftBitsLeft<V extends Values>(o: Ops<V>, a: V128<V>, n: V['i32']): V128<V> {
  const out = o.i64x2.shr_u(o.i64x2.shr_u(a, o.i32.sub(o.i32.const(63), n)), o.i32.const(1))
  const carried = o.i8x16.shuffle(
    range(i => (i < 8 ? 16 : i - 8)),
    out,
    zero(o),
  )
  return o.v128.or(o.i64x2.shl(a, n), carried)
}

export function shiftBitsRight<V extends Values>(o: Ops<V>, a: V128<V>, n: V['i32']): V128<V> {
  const out = o.i64x2.shl(o.i64x2.shl(a, o.i32.sub(o.i32.const(63), n)), o.i32.const(1))
  const carried = o.i8x16.shuffle(
    range(i => (i < 8 ? i + 8 : 16)),
    out,
    zero(o),
  )
  return o.v128.or(o.i64x2.shr_u(a, n), carried)
}

const powers = [1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0]

/** 2^n in each element. */
const power = {
  8: <V extends Values>(o: Ops<V>, n: V128<V>): V128<V> => o.i8x16.swizzle(o.v128.const(powers), n),
  16<V extends Values>(o: Ops<V>, n: V128<V>): V128<V> {
    const high = o.i16x8.shl(o.i8x16.sub(n, halves(o, 8)), o.i32.const(8))
    return o.i8x16.swizzle(o.v128.const(powers), o.v128.or(n, high))
  },
  32: <V extends Values>(o: Ops<V>, n: V128<V>): V128<V> =>
    o.i32x4.trunc_sat_f32x4_u(o.i32x4.add(o.i32x4.shl(n, o.i32.const(23)), words(o, 0x3f80_0000))),
}

type Width = 8 | 16 | 32
type Pair<V extends Values> = readonly [low: V128<V>, high: V128<V>]

/** The unsigned products of the elements, twice as wide: those of the low lanes and those of the high ones. */
function products<V extends Values>(o: Ops<V>, width: Width, a: V128<V>, b: V128<V>): Pair<V> {
  if (width === 8) return [o.i16x8.extmul_low_i8x16_u(a, b), o.i16x8.extmul_high_i8x16_u(a, b)]
  if (width === 16) return [o.i32x4.extmul_low_i16x8_u(a, b), o.i32x4.extmul_high_i16x8_u(a, b)]
  return [o.i64x2.extmul_low_i32x4_u(a, b), o.i64x2.extmul_high_i32x4_u(a, b)]
}

/** The half of each wide element that starts `offset` bytes up, joined to a vector. */
function joined<V extends Values>(o: Ops<V>, width: Width, [low, high]: Pair<V>, offset: number): V128<V> {
  const size = width / 8
  const lane = (i: number): number => {
    const element = Math.floor(i / size)
    return element * 2 * size + offset + (i % size)
  }
  return o.i8x16.shuffle(range(lane), low, high)
}

const counts = <V extends Values>(o: Ops<V>, width: Width, n: V128<V>): V128<V> => {
  const mask = { 8: bytes(o, 7), 16: halves(o, 15), 32: words(o, 31) }[width]
  return o.v128.and(n, mask)
}

const complement = <V extends Values>(o: Ops<V>, width: Width, n: V128<V>): V128<V> => {
  const most = { 8: bytes(o, 7), 16: halves(o, 15), 32: words(o, 31) }[width]
  return o.v128.xor(most, n)
}

export const shiftLeft =
  (width: Width): Meaning2 =>
  (o, a, n) =>
    joined(o, width, products(o, width, a, power[width](o, counts(o, width, n))), 0)

export const rotateLeft =
  (width: Width): Meaning2 =>
  (o, a, n) => {
    const all = products(o, width, a, power[width](o, counts(o, width, n)))
    return o.v128.or(joined(o, width, all, 0), joined(o, width, all, width / 8))
  }

export const shiftRight =
  (width: Width): Meaning2 =>
  (o, a, n) => {
    // Up by width-1-n, then down by width-1: the wide element never overflows.
    const [low, high] = products(o, width, a, power[width](o, complement(o, width, counts(o, width, n))))
    const down = { 8: o.i16x8.shr_u, 16: o.i32x4.shr_u, 32: o.i64x2.shr_u }[width]
    const by = o.i32.const(width - 1)
    return joined(o, width, [down(low, by), down(high, by)], 0)
  }

export const shiftRightSigned =
  (width: Width): Meaning2 =>
  (o, a, n) => {
    const fill = { 8: o.i8x16.shr_s, 16: o.i16x8.shr_s, 32: o.i32x4.shr_s }[width](a, o.i32.const(width - 1))
    return o.v128.xor(shiftRight(width)(o, o.v128.xor(a, fill), n), fill)
  }

/** CR6 of a compare: 8 when every element is true, 2 when none is. */
export function compareField<V extends Values>(o: Ops<V>, mask: V128<V>): V['i32'] {
  const none = o.i32.select(o.v128.any_true(mask), o.i32.const(0), o.i32.const(2))
  return o.i32.select(o.i8x16.all_true(mask), o.i32.const(8), none)
}

/** VSCR[SAT] rises when any bit of `lost` is set; it never falls here. */
export function saturated<V extends Values>(o: Ops<V>, lost: V128<V>): void {
  o.set('vscr', o.i32.or(o.get('vscr'), o.v128.any_true(lost)))
}
