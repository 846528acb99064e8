/**
 * The operations on finite numbers, over number.ts: each takes the bits of its operands, FPSCR and whether the result is
 * single, and gives the bits of the result and the flags, FPRF included. Every one computes the exact result, or the
 * exact result with a sticky bit, and rounds once; so a fused or a single operation rounds once as well.
 */
import { type Ops, type Routine, routine, type Values } from '../algebra.ts'
import { fpscr } from './fpscr.ts'
import { classify, isZero, jam, magnitude, multiplyHigh, round, signed, signOf, unpack } from './number.ts'

export type Finite1 = Routine<['i64', 'i32', 'i32'], ['i64', 'i32']>
export type Finite2 = Routine<['i64', 'i64', 'i32', 'i32'], ['i64', 'i32']>
export type Finite3 = Routine<['i64', 'i64', 'i64', 'i32', 'i32'], ['i64', 'i32']>

/** The sign of an exact zero sum of unlike signs: negative only when rounding towards negative infinity. */
const zeroSign = <V extends Values>(o: Ops<V>, control: V['i32']): V['i32'] =>
  o.i32.eq(o.i32.and(control, o.i32.const(fpscr.rn)), o.i32.const(3))

/** Normalises a significand that is not zero (bit 63 may be set), rounds it, and classes the result. */
const finish = routine(
  'finish',
  ['i32', 'i32', 'i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, sign, exponent, raw, control, single) => {
    const { i32, i64 } = o
    const zeros = i32.wrap_i64(i64.clz(raw))
    const [halved] = o.call(jam, raw, i32.const(1))
    const shift = i64.extend_i32_u(i32.sub(zeros, i32.const(1)))
    const significand = i64.select(zeros, i64.shl(raw, shift), halved)
    const [bits, flags] = o.call(
      round,
      sign,
      i32.sub(exponent, i32.sub(zeros, i32.const(1))),
      significand,
      control,
      single,
    )
    const [kind] = o.call(classify, bits)
    return [bits, i32.or(flags, kind)]
  },
)

/** As `finish`, but a significand of zero is the zero of `nought`. */
const finishOrZero = routine(
  'finishOrZero',
  ['i32', 'i32', 'i64', 'i32', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, sign, exponent, raw, control, single, nought) => {
    const { i32, i64 } = o
    const none = i64.eqz(raw)
    const zero = signed(o, nought, 0n)
    const [bits, flags] = o.call(finish, sign, exponent, i64.select(none, i64.const(1n << 62n), raw), control, single)
    const zeroClass = i32.select(nought, i32.const(0x12000), i32.const(0x02000))
    return [i64.select(none, zero, bits), i32.select(none, zeroClass, flags)]
  },
)

/** a + b. */
export const add: Finite2 = routine('add', ['i64', 'i64', 'i32', 'i32'], ['i64', 'i32'], (o, a, b, control, single) => {
  const { i32, i64 } = o
  const swap = i64.lt_u(magnitude(o, a), magnitude(o, b))
  const big = i64.select(swap, b, a)
  const small = i64.select(swap, a, b)
  const [exponent, high] = o.call(unpack, big)
  const [lowExponent, low] = o.call(unpack, small)
  const [aligned] = o.call(jam, low, i32.sub(exponent, lowExponent))
  const like = i32.eq(signOf(o, a), signOf(o, b))
  const sum = i64.select(like, i64.add(high, aligned), i64.sub(high, aligned))
  const nought = i32.select(like, signOf(o, a), zeroSign(o, control))
  return o.call(finishOrZero, signOf(o, big), exponent, sum, control, single, nought)
})

/** a × c. */
export const multiply: Finite2 = routine(
  'multiply',
  ['i64', 'i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, a, c, control, single) => {
    const { i32, i64 } = o
    const [exponentA, x] = o.call(unpack, a)
    const [exponentC, y] = o.call(unpack, c)
    const left = i64.shl(x, i64.const(1))
    const right = i64.shl(y, i64.const(1))
    const [high] = o.call(multiplyHigh, left, right)
    const rest = i64.extend_i32_u(i64.ne(i64.mul(left, right), i64.const(0)))
    const sign = i32.xor(signOf(o, a), signOf(o, c))
    return o.call(finishOrZero, sign, i32.add(exponentA, exponentC), i64.or(high, rest), control, single, sign)
  },
)

/** a / b, b not zero. */
export const divide: Finite2 = routine(
  'divide',
  ['i64', 'i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, a, b, control, single) => {
    const { i32, i64, f64 } = o
    const [exponentA, x] = o.call(unpack, a)
    const [exponentB, y] = o.call(unpack, b)
    const dividend = i64.shr_u(x, i64.const(10))
    const divisor = i64.shr_u(y, i64.const(10))
    // floor(dividend × 2^55 / divisor): the host's quotient is off by a few units at most, so the remainder, taken
    // modulo 2^64, is exact and says by how many.
    const guess = i64.trunc_sat_f64_s(
      f64.mul(f64.div(f64.convert_i64_s(dividend), f64.convert_i64_s(divisor)), f64.const(2 ** 55)),
    )
    const rest = i64.sub(i64.shl(dividend, i64.const(55)), i64.mul(guess, divisor))
    const step = i64.div_s(rest, divisor)
    const left = i64.rem_s(rest, divisor)
    const quotient = i64.sub(i64.add(guess, step), i64.extend_i32_u(i64.lt_s(left, i64.const(0))))
    const sticky = i64.extend_i32_u(i64.ne(left, i64.const(0)))
    const raw = i64.or(i64.shl(quotient, i64.const(6)), sticky)
    const sign = i32.xor(signOf(o, a), signOf(o, b))
    return o.call(finishOrZero, sign, i32.add(i32.sub(exponentA, exponentB), i32.const(1)), raw, control, single, sign)
  },
)

/** The square root of a positive number. */
export const root: Finite1 = routine('root', ['i64', 'i32', 'i32'], ['i64', 'i32'], (o, b, control, single) => {
  const { i32, i64, f64 } = o
  const [exponent, y] = o.call(unpack, b)
  const odd = i32.and(exponent, i32.const(1))
  // With n = mantissa × 2^56 (or 2^57): s = floor(sqrt n) has 55 bits. As in `divide`, the host's root is near enough
  // that n - s² modulo 2^64 is exact.
  const mantissa = i64.shl(i64.shr_u(y, i64.const(10)), i64.extend_i32_u(odd))
  const guess = i64.trunc_sat_f64_s(f64.mul(f64.sqrt(f64.convert_i64_s(mantissa)), f64.const(2 ** 28)))
  const short = i64.sub(i64.shl(mantissa, i64.const(56)), i64.mul(guess, guess))
  const step = i64.div_s(short, i64.shl(guess, i64.const(1)))
  const near = i64.add(guess, step)
  const rest = i64.sub(i64.shl(mantissa, i64.const(56)), i64.mul(near, near))
  const lower = i64.sub(near, i64.const(1))
  const over = i64.lt_s(rest, i64.const(0))
  const value = i64.select(over, lower, near)
  const left = i64.select(over, i64.add(rest, i64.add(i64.shl(lower, i64.const(1)), i64.const(1))), rest)
  const raw = i64.or(i64.shl(value, i64.const(8)), i64.extend_i32_u(i64.ne(left, i64.const(0))))
  const half = i32.shr_s(i32.sub(exponent, odd), i32.const(1))
  return o.call(finish, i32.const(0), half, raw, control, single)
})

/** Shifts a 128-bit number right, jamming what falls out into bit 0 of the low word. */
const jamWide = routine('jamWide', ['i64', 'i64', 'i32'], ['i64', 'i64'], (o, high, low, count) => {
  const { i32, i64 } = o
  const wide = i64.extend_i32_u(count)
  const inverse = i64.sub(i64.const(64), wide)
  const near = i32.lt_u(count, i32.const(64))
  const none = i32.eqz(count)
  const lostLow = i64.extend_i32_u(i64.ne(i64.shl(low, inverse), i64.const(0)))
  const nearLow = i64.or(i64.or(i64.shl(high, inverse), i64.shr_u(low, wide)), lostLow)
  const [farHigh] = o.call(jam, high, i32.sub(count, i32.const(64)))
  const farLow = i64.or(farHigh, i64.extend_i32_u(i64.ne(low, i64.const(0))))
  return [
    i64.select(none, high, i64.select(near, i64.shr_u(high, wide), i64.const(0))),
    i64.select(none, low, i64.select(near, nearLow, farLow)),
  ]
})

/** a × c + b, rounded once. */
export const fused: Finite3 = routine(
  'fused',
  ['i64', 'i64', 'i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, a, c, b, control, single) => {
    const { i32, i64 } = o
    const [exponentA, x] = o.call(unpack, a)
    const [exponentC, y] = o.call(unpack, c)
    const [exponentB, z] = o.call(unpack, b)
    const left = i64.shl(x, i64.const(1))
    const right = i64.shl(y, i64.const(1))
    const [high] = o.call(multiplyHigh, left, right)
    const low = i64.mul(left, right)
    const noProduct = i64.eqz(i64.or(high, low))
    // The product's leading one is at bit 126 or 127 of 128; the addend's at 126 of its own.
    const exponentP = i32.select(noProduct, i32.const(-5000), i32.add(exponentA, exponentC))
    const noAddend = isZero(o, b)
    const exponentZ = i32.select(noAddend, i32.const(-5000), exponentB)
    const exponent = i32.select(i32.gt_s(exponentP, exponentZ), exponentP, exponentZ)
    const [productHigh, productLow] = o.call(jamWide, high, low, i32.sub(exponent, exponentP))
    const [addendHigh, addendLow] = o.call(jamWide, z, i64.const(0), i32.sub(exponent, exponentZ))

    const sign = i32.xor(signOf(o, a), signOf(o, c))
    const like = i32.eq(sign, signOf(o, b))
    const sumLow = i64.add(productLow, addendLow)
    const carry = i64.extend_i32_u(i64.lt_u(sumLow, productLow))
    // Two leading ones at 127 and 126 could carry out of 128 bits, so a like-signed sum is made one bit lower.
    const [p1High, p1Low] = o.call(jamWide, productHigh, productLow, i32.const(1))
    const [z1High, z1Low] = o.call(jamWide, addendHigh, addendLow, i32.const(1))
    const sum1Low = i64.add(p1Low, z1Low)
    const carry1 = i64.extend_i32_u(i64.lt_u(sum1Low, p1Low))
    const sum1High = i64.add(i64.add(p1High, z1High), carry1)
    const sumHigh = i64.add(i64.add(productHigh, addendHigh), carry)
    const full = i32.and(like, i64.lt_s(i64.or(sumHigh, productHigh), i64.const(0)))

    const productLess = i32.or(
      i64.lt_u(productHigh, addendHigh),
      i32.and(i64.eq(productHigh, addendHigh), i64.lt_u(productLow, addendLow)),
    )
    const bigHigh = i64.select(productLess, addendHigh, productHigh)
    const bigLow = i64.select(productLess, addendLow, productLow)
    const smallHigh = i64.select(productLess, productHigh, addendHigh)
    const smallLow = i64.select(productLess, productLow, addendLow)
    const differenceLow = i64.sub(bigLow, smallLow)
    const borrow = i64.extend_i32_u(i64.lt_u(bigLow, smallLow))
    const differenceHigh = i64.sub(i64.sub(bigHigh, smallHigh), borrow)

    const resultHigh = i64.select(like, i64.select(full, sum1High, sumHigh), differenceHigh)
    const resultLow = i64.select(like, i64.select(full, sum1Low, sumLow), differenceLow)
    const resultSign = i32.select(like, sign, i32.select(productLess, signOf(o, b), sign))

    // To one word: shift left over 128 bits until the leading one is at 126, then jam the low word in.
    const empty = i64.eqz(resultHigh)
    const zeros = i32.wrap_i64(i64.select(empty, i64.add(i64.clz(resultLow), i64.const(64)), i64.clz(resultHigh)))
    const top = i64.select(empty, resultLow, resultHigh)
    const under = i64.select(empty, i64.const(0), resultLow)
    const lead = i64.clz(top)
    const moved = i64.or(
      i64.shl(top, lead),
      i64.select(i64.eqz(lead), i64.const(0), i64.shr_u(under, i64.sub(i64.const(64), lead))),
    )
    const spill = i64.extend_i32_u(i64.ne(i64.shl(under, lead), i64.const(0)))
    const raw = i64.or(moved, spill)
    const scale = i32.add(i32.sub(exponent, zeros), i32.add(full, i32.const(0)))
    const nought = i32.select(like, sign, zeroSign(o, control))
    return o.call(finishOrZero, resultSign, scale, raw, control, single, nought)
  },
)

/** To single range: frsp. */
export const narrow: Finite1 = routine('narrow', ['i64', 'i32', 'i32'], ['i64', 'i32'], (o, b, control, single) => {
  const [exponent, significand] = o.call(unpack, b)
  const sign = signOf(o, b)
  return o.call(finishOrZero, sign, exponent, significand, control, single, sign)
})

/** From a signed 64-bit integer: fcfid. */
export const fromInteger: Finite1 = routine(
  'fromInteger',
  ['i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, value, control, single) => {
    const { i32, i64 } = o
    const negative = signOf(o, value)
    const size = i64.select(negative, i64.sub(i64.const(0), value), value)
    return o.call(finishOrZero, negative, i32.const(62), size, control, single, i32.const(0))
  },
)
