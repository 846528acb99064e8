import type { Ops, Values } from '../algebra.ts'
import type { Operand } from '../forms.ts'

/**
 * Singles in memory and doubles in registers, as bits. These moves round nothing, raise nothing, and keep a signalling
 * NaN signalling, which no conversion of the host promises. Power ISA, book I, 4.6.2 and 4.6.3.
 */

function doubleOfSingle<V extends Values>(o: Ops<V>, bits: V['i32']): V['i64'] {
  const { i32, i64, f32, f64 } = o
  const isNan = i32.gt_u(i32.and(bits, i32.const(0x7fffffff)), i32.const(0x7f800000))
  const wide = i64.extend_i32_u(bits)
  const sign = i64.shl(i64.and(wide, i64.const(0x80000000)), i64.const(32))
  const fraction = i64.shl(i64.and(wide, i64.const(0x7fffff)), i64.const(29))
  const nan = i64.or(i64.or(sign, i64.const(0x7ff0000000000000n)), fraction)
  // Every single that is a number is a double too, so promotion is exact.
  return i64.select(isNan, nan, i64.reinterpret_f64(f64.promote_f32(f32.reinterpret_i32(bits))))
}

function singleOfDouble<V extends Values>(o: Ops<V>, bits: V['i64']): V['i32'] {
  const { i32, i64 } = o
  const exponent = i32.and(i32.wrap_i64(i64.shr_u(bits, i64.const(52))), i32.const(0x7ff))
  const sign = i32.and(i32.wrap_i64(i64.shr_u(bits, i64.const(32))), i32.const(0x80000000))
  const plain = i32.or(
    i32.and(i32.wrap_i64(i64.shr_u(bits, i64.const(32))), i32.const(0xc0000000)),
    i32.and(i32.wrap_i64(i64.shr_u(bits, i64.const(29))), i32.const(0x3fffffff)),
  )
  const fraction = i64.or(i64.and(bits, i64.const(0xfffffffffffffn)), i64.const(1n << 52n))
  const shift = i64.extend_i32_u(i32.sub(i32.const(896 + 30), exponent))
  const denormal = i32.or(sign, i32.wrap_i64(i64.shr_u(fraction, shift)))
  const small = i32.select(i32.ge_u(exponent, i32.const(874)), denormal, sign)
  return i32.select(i32.gt_u(exponent, i32.const(896)), plain, small)
}

/** A number is converted by the host; a NaN, whose bits the host may change, by the rule of its bits. */
export function loadSingle<V extends Values>(o: Ops<V>, ft: Operand<'fpr'>, ea: V['i32']): void {
  const value = o.loadSingle(ea)
  o.usual(
    [o.f32.eq(value, value)],
    () => o.setSingle(ft, value),
    () => o.setFpr(ft, doubleOfSingle(o, o.i32.reinterpret_f32(value))),
  )
}

/** As stored by stfs: no rounding, but the bits that the format names. */
export function singleBits<V extends Values>(o: Ops<V>, fs: Operand<'fpr'>): V['f32'] {
  const value = o.single(fs)
  return o.f32.usual(
    [o.isSingle(fs), o.f32.eq(value, value)],
    () => value,
    () => o.f32.reinterpret_i32(singleOfDouble(o, o.fpr(fs))),
  )
}
