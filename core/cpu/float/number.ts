/**
 * Doubles taken apart and put together, with integers: the ground of every scalar floating-point instruction.
 *
 * WebAssembly rounds to nearest and tells no flags, so what an instruction computes is computed here: operands are
 * unpacked, the operation is done exactly or with a sticky bit, and `round` gives the double and the flags of any
 * rounding mode, to double or to single range.
 *
 * Terms. A finite nonzero number is ±significand × 2^(exponent-62), its significand normalised so that bit 62 is the
 * leading one; zero has significand 0 and an exponent below all others. `jam` shifts right and ORs what fell out into
 * bit 0, which keeps every later rounding right as long as two bits below the last kept one remain: here ten do.
 *
 * Tininess is judged before rounding. With FPSCR.NI a tiny result is a zero of its sign.
 * Source: PowerPC Architecture Book I, 4.3 and appendix on the execution models.
 */
import { type Ops, routine, type Values } from '../algebra.ts'
import { fpscr } from './fpscr.ts'

export const signBit = 0x8000_0000_0000_0000n
export const infinity = 0x7ff0_0000_0000_0000n
export const defaultNaN = 0x7ff8_0000_0000_0000n
export const quietBit = 0x0008_0000_0000_0000n
const fraction = 0x000f_ffff_ffff_ffffn

/** 1 for a negative number. */
export const signOf = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i32'] =>
  o.i32.wrap_i64(o.i64.shr_u(bits, o.i64.const(63)))

export const magnitude = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i64'] =>
  o.i64.and(bits, o.i64.const(~signBit & 0xffff_ffff_ffff_ffffn))

export const holdsNaN = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i32'] =>
  o.i64.gt_u(magnitude(o, bits), o.i64.const(infinity))

export const isInfinite = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i32'] =>
  o.i64.eq(magnitude(o, bits), o.i64.const(infinity))

export const isZero = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i32'] => o.i64.eqz(magnitude(o, bits))

export const isSignalling = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i32'] =>
  o.i32.and(holdsNaN(o, bits), o.i64.eqz(o.i64.and(bits, o.i64.const(quietBit))))

/** NaN or infinite. */
export const isSpecial = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i32'] =>
  o.i64.ge_u(magnitude(o, bits), o.i64.const(infinity))

export const quieted = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i64'] => o.i64.or(bits, o.i64.const(quietBit))

/** `bits` with its sign turned, unless it is a NaN. */
export const negated = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i64'] =>
  o.i64.select(holdsNaN(o, bits), bits, o.i64.xor(bits, o.i64.const(signBit)))

export const signed = <V extends Values>(o: Ops<V>, sign: V['i32'], bits: V['i64'] | bigint): V['i64'] =>
  o.i64.or(
    o.i64.shl(o.i64.extend_i32_u(sign), o.i64.const(63)),
    typeof bits === 'bigint' ? o.i64.const(bits) : (bits as V['i64']),
  )

/** The double of a single that is a NaN, by its bits: no conversion of the host promises to keep a signalling one. */
export const doubleOfNaN = routine('doubleOfNaN', ['i32'], ['i64'], (o, bits) => {
  const { i64 } = o
  const wide = i64.extend_i32_u(bits)
  const sign = i64.shl(i64.and(wide, i64.const(0x80000000)), i64.const(32))
  const rest = i64.shl(i64.and(wide, i64.const(0x7fffff)), i64.const(29))
  return [i64.or(i64.or(sign, i64.const(infinity)), rest)]
})

/** Exponent and significand of a finite number. */
export const unpack = routine('unpack', ['i64'], ['i32', 'i64'], (o, bits) => {
  const { i32, i64 } = o
  const biased = i32.wrap_i64(i64.and(i64.shr_u(bits, i64.const(52)), i64.const(0x7ff)))
  const rest = i64.and(bits, i64.const(fraction))
  const zeros = i64.clz(rest)
  const denormal = i32.eqz(biased)
  const exponent = i32.select(
    denormal,
    i32.sub(i32.const(-1011), i32.wrap_i64(zeros)),
    i32.sub(biased, i32.const(1023)),
  )
  const normal = i64.shl(i64.or(rest, i64.const(1n << 52n)), i64.const(10))
  return [exponent, i64.select(denormal, i64.shl(rest, i64.sub(zeros, i64.const(1))), normal)]
})

/** Shifts right by a count from 0 up; what falls out is remembered in bit 0. */
export const jam = routine('jam', ['i64', 'i32'], ['i64'], (o, value, count) => {
  const { i32, i64 } = o
  const wide = i64.extend_i32_u(count)
  const lost = i64.extend_i32_u(i64.ne(i64.shl(value, i64.sub(i64.const(64), wide)), i64.const(0)))
  const shifted = i64.or(i64.shr_u(value, wide), lost)
  const gone = i64.extend_i32_u(i64.ne(value, i64.const(0)))
  return [i64.select(i32.eqz(count), value, i64.select(i32.gt_u(count, i32.const(63)), gone, shifted))]
})

/** The high 64 bits of an unsigned product. */
export const multiplyHigh = routine('multiplyHigh', ['i64', 'i64'], ['i64'], (o, a, b) => {
  const { i64 } = o
  const low = (value: typeof a): typeof a => i64.and(value, i64.const(0xffff_ffffn))
  const high = (value: typeof a): typeof a => i64.shr_u(value, i64.const(32))
  const lowLow = i64.mul(low(a), low(b))
  const highLow = i64.mul(high(a), low(b))
  const lowHigh = i64.mul(low(a), high(b))
  const middle = i64.add(i64.add(high(lowLow), low(highLow)), low(lowHigh))
  return [i64.add(i64.add(i64.mul(high(a), high(b)), high(highLow)), i64.add(high(lowHigh), high(middle)))]
})

/** The result class of a double: the five bits of FPRF, in their place. */
export const classify = routine('classify', ['i64'], ['i32'], (o, bits) => {
  const { i32, i64 } = o
  const size = magnitude(o, bits)
  const negative = signOf(o, bits)
  const pick = (ifNegative: number, ifPositive: number): typeof negative =>
    i32.select(negative, i32.const(ifNegative), i32.const(ifPositive))
  const small = i32.select(i64.eqz(size), pick(0x12, 0x02), pick(0x18, 0x14))
  const finite = i32.select(i64.lt_u(size, i64.const(1n << 52n)), small, pick(0x08, 0x04))
  const large = i32.select(i64.eq(size, i64.const(infinity)), pick(0x09, 0x05), i32.const(0x11))
  return [i32.shl(i32.select(i64.lt_u(size, i64.const(infinity)), finite, large), i32.const(12))]
})

const half = (drop: number): bigint => 1n << BigInt(drop - 1)
const below = (drop: number): bigint => (1n << BigInt(drop)) - 1n

/**
 * The double nearest to ±significand × 2^(exponent-62) in the rounding mode of `control` (FPSCR), and its flags. With
 * `single` the result has single precision and range. The significand is normalised and not zero.
 */
export const round = routine(
  'round',
  ['i32', 'i32', 'i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, sign, exponent, significand, control, single) => {
    const { i32, i64, f64 } = o
    const pick = (ifSingle: bigint, ifDouble: bigint) => i64.select(single, i64.const(ifSingle), i64.const(ifDouble))
    const drop = pick(39n, 10n)
    const least = i32.select(single, i32.const(-126), i32.const(-1022))
    const tiny = i32.lt_s(exponent, least)
    const shift = i32.select(tiny, i32.sub(least, exponent), i32.const(0))
    const [exact] = o.call(jam, significand, shift)

    const mode = i32.and(control, i32.const(fpscr.rn))
    const mask = pick(below(39), below(10))
    const middle = pick(half(39), half(10))
    const up = i64.select(i32.eq(mode, i32.add(i32.const(2), sign)), mask, i64.const(0))
    const increment = i64.select(i32.eqz(mode), middle, i64.select(i32.eq(mode, i32.const(1)), i64.const(0), up))
    const rest = i64.and(exact, mask)
    const tie = i64.extend_i32_u(i32.and(i32.eqz(mode), i64.eq(rest, middle)))
    const kept = i64.and(i64.shr_u(i64.add(exact, increment), drop), i64.xor(tie, i64.const(-1n)))
    const inexact = i64.ne(rest, i64.const(0))
    const raised = i64.ne(kept, i64.shr_u(exact, drop))

    // The kept integer has its leading one where the exponent field begins, so it counts one into the exponent itself.
    const field = i64.shl(i64.extend_i32_s(i32.add(exponent, i32.const(1022))), i64.const(52))
    const normal = i64.add(field, i64.select(single, i64.shl(kept, i64.const(29)), kept))
    const tinySingle = i64.reinterpret_f64(f64.mul(f64.convert_i64_s(kept), f64.const(2 ** -149)))
    const finite = i64.select(tiny, i64.select(single, tinySingle, kept), normal)

    const bound = pick(0x47f0_0000_0000_0000n, infinity)
    const overflow = i32.and(i64.ge_u(finite, bound), i32.eqz(tiny))
    const toInfinity = i32.or(i32.eqz(mode), i32.eq(mode, i32.add(i32.const(2), sign)))
    const largest = pick(0x47ef_ffff_e000_0000n, 0x7fef_ffff_ffff_ffffn)
    const flushed = i32.and(tiny, i32.ne(i32.and(control, i32.const(fpscr.ni)), i32.const(0)))
    const size = i64.select(
      flushed,
      i64.const(0),
      i64.select(overflow, i64.select(toInfinity, i64.const(infinity), largest), finite),
    )

    const flag = (condition: typeof tiny, bits: number) => i32.select(condition, i32.const(bits), i32.const(0))
    const lost = i32.or(inexact, i32.or(overflow, flushed))
    const grew = i32.select(overflow, toInfinity, i32.and(raised, i32.eqz(flushed)))
    const flags = i32.or(
      i32.or(flag(lost, fpscr.xx | fpscr.fi), flag(grew, fpscr.fr)),
      i32.or(flag(overflow, fpscr.ox), flag(i32.and(tiny, lost), fpscr.ux)),
    )
    return [signed(o, sign, size), flags]
  },
)
