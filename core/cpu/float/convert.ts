/**
 * To integers, compares, and the estimates.
 *
 * Conversions saturate; what does not fit, and a NaN, is VXCVI. A word result is sign-extended except for a NaN, whose
 * 0x80000000 stands alone, as the reference simulator has it (the upper word is undefined by the architecture).
 *
 * Estimates have no public truth to the last bit. `fres` is the correctly rounded reciprocal; `frsqrte` follows a table of
 * 16 entries reported from the hardware, and its last bits are that model's.
 */
import { type Ops, type Routine, routine, type Table, type Values } from '../algebra.ts'
import { fpscr } from './fpscr.ts'
import {
  classify,
  defaultNaN,
  holdsNaN,
  infinity,
  isSignalling,
  isZero,
  jam,
  quieted,
  signed,
  signOf,
  unpack,
} from './number.ts'

const flag = <V extends Values>(o: Ops<V>, condition: V['i32'], bits: number): V['i32'] =>
  o.i32.select(condition, o.i32.const(bits), o.i32.const(0))

/** The integer of a double in a rounding mode (0 to 3, as FPSCR has it), to 32 bits or to 64, and the flags. */
export const toInteger: Routine<['i64', 'i32', 'i32'], ['i64', 'i32']> = routine(
  'toInteger',
  ['i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, bits, mode, word) => {
    const { i32, i64 } = o
    const sign = signOf(o, bits)
    const nan = holdsNaN(o, bits)
    const [exponent, significand] = o.call(unpack, bits)
    const exact = i32.gt_s(exponent, i32.const(59))
    const huge = i32.gt_s(exponent, i32.const(63))
    const [kept] = o.call(jam, significand, i32.select(exact, i32.const(0), i32.sub(i32.const(60), exponent)))
    const fraction = i32.select(exact, i32.const(0), i32.and(i32.wrap_i64(kept), i32.const(3)))
    // From 2^60 on the significand holds no fraction; bit 62 is 2^exponent.
    const up = i64.shl(significand, i64.extend_i32_u(i32.and(i32.sub(exponent, i32.const(62)), i32.const(63))))
    const down = i64.shr_u(significand, i64.extend_i32_u(i32.and(i32.sub(i32.const(62), exponent), i32.const(63))))
    const large = i64.select(i32.gt_s(exponent, i32.const(62)), up, down)
    const floor = i64.select(exact, large, i64.shr_u(kept, i64.const(2)))

    const odd = i32.and(i32.wrap_i64(floor), i32.const(1))
    const nearest = i32.or(i32.gt_u(fraction, i32.const(2)), i32.and(i32.eq(fraction, i32.const(2)), odd))
    const away = i32.and(i32.eq(mode, i32.add(i32.const(2), sign)), i32.ne(fraction, i32.const(0)))
    const raised = i32.select(i32.eqz(mode), nearest, away)
    const size = i64.add(floor, i64.extend_i32_u(raised))

    const most = i64.select(word, i64.const(0x7fff_ffff), i64.const(0x7fff_ffff_ffff_ffffn))
    const bound = i64.add(most, i64.extend_i32_u(sign))
    const outside = i32.or(nan, i32.or(huge, i64.gt_u(size, bound)))
    const value = i64.select(sign, i64.sub(i64.const(0), size), size)
    const least = i64.select(word, i64.const(-0x8000_0000), i64.const(-0x8000_0000_0000_0000n))
    const ofNaN = i64.select(word, i64.const(0x8000_0000), i64.const(-0x8000_0000_0000_0000n))
    const saturated = i64.select(nan, ofNaN, i64.select(sign, least, most))
    const inexact = i32.and(i32.ne(fraction, i32.const(0)), i32.eqz(outside))
    const flags = i32.or(
      i32.or(flag(o, outside, fpscr.vxcvi), flag(o, isSignalling(o, bits), fpscr.vxsnan)),
      i32.or(flag(o, inexact, fpscr.xx | fpscr.fi), flag(o, i32.and(inexact, raised), fpscr.fr)),
    )
    return [i64.select(outside, saturated, value), flags]
  },
)

/** The four bits of a compare (less 8, greater 4, equal 2, unordered 1), and the exceptions. */
export const compare: Routine<['i64', 'i64', 'i32', 'i32'], ['i32', 'i32']> = routine(
  'compare',
  ['i64', 'i64', 'i32', 'i32'],
  ['i32', 'i32'],
  (o, a, b, ordered, control) => {
    const { i32, f64 } = o
    const x = f64.reinterpret_i64(a)
    const y = f64.reinterpret_i64(b)
    const order = i32.select(f64.lt(x, y), i32.const(8), i32.select(f64.gt(x, y), i32.const(4), i32.const(2)))
    const unordered = i32.or(holdsNaN(o, a), holdsNaN(o, b))
    const signalling = i32.or(isSignalling(o, a), isSignalling(o, b))
    // An ordered compare of a signalling NaN is also VXVC, unless invalid operations are enabled.
    const enabled = i32.ne(i32.and(control, i32.const(fpscr.ve)), i32.const(0))
    const comparison = i32.and(i32.and(ordered, unordered), i32.eqz(i32.and(signalling, enabled)))
    const flags = i32.or(flag(o, signalling, fpscr.vxsnan), flag(o, comparison, fpscr.vxvc))
    return [i32.select(unordered, i32.const(1), order), flags]
  },
)

const roots: Table = {
  name: 'frsqrte',
  bytes: new Uint8Array([241, 216, 192, 168, 152, 136, 128, 112, 96, 76, 60, 48, 32, 24, 16, 8]),
}

/** The estimate of a positive number, from its exponent and normalised significand. */
function estimateOf<V extends Values>(o: Ops<V>, exponent: V['i32'], significand: V['i64']): V['i64'] {
  const { i32, i64 } = o
  // The table is indexed by the exponent's lowest bit and three bits of the fraction.
  const fraction = i32.wrap_i64(i64.and(i64.shr_u(significand, i64.const(59)), i64.const(7)))
  const parity = i32.shl(i32.and(i32.add(exponent, i32.const(1023)), i32.const(1)), i32.const(3))
  const entry = o.lookup8(roots, i32.xor(i32.or(fraction, parity), i32.const(8)))
  const field = i64.extend_i32_u(i32.sub(i32.const(1022), i32.shr_s(exponent, i32.const(1))))
  return i64.or(i64.shl(field, i64.const(52)), i64.shl(i64.extend_i32_u(entry), i64.const(44)))
}

/** 1/√b by the hardware's table, of a positive, finite, normal number. */
export function ordinaryRootEstimate<V extends Values>(o: Ops<V>, b: V['i64']): V['i64'] {
  const exponent = o.i32.sub(o.i32.wrap_i64(o.i64.shr_u(b, o.i64.const(52))), o.i32.const(1023))
  return estimateOf(o, exponent, o.i64.shl(b, o.i64.const(10)))
}

/** 1/√b by the hardware's table. */
export const rootEstimate: Routine<['i64', 'i32'], ['i64', 'i32']> = routine(
  'rootEstimate',
  ['i64', 'i32'],
  ['i64', 'i32'],
  (o, b, control) => {
    const { i32, i64 } = o
    const [exponent, significand] = o.call(unpack, b)
    const estimate = estimateOf(o, exponent, significand)

    const denormal = i32.lt_s(exponent, i32.const(-1022))
    const nonIeee = i32.ne(i32.and(control, i32.const(fpscr.ni)), i32.const(0))
    const zero = i32.or(isZero(o, b), i32.and(denormal, nonIeee))
    const nan = holdsNaN(o, b)
    const negative = i32.and(signOf(o, b), i32.eqz(i32.or(zero, nan)))
    const infinite = i64.eq(b, i64.const(infinity))
    const bits = i64.select(
      nan,
      quieted(o, b),
      i64.select(
        zero,
        signed(o, signOf(o, b), infinity),
        i64.select(negative, i64.const(defaultNaN), i64.select(infinite, i64.const(0), estimate)),
      ),
    )
    const [kind] = o.call(classify, bits)
    const flags = i32.or(
      flag(o, isSignalling(o, b), fpscr.vxsnan),
      i32.or(flag(o, negative, fpscr.vxsqrt), flag(o, zero, fpscr.zx)),
    )
    return [bits, i32.or(flags, kind)]
  },
)
