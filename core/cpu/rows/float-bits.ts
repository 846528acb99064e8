import type { Ops, Values } from '../algebra.ts'
import { doubleOfNaN } from '../float/number.ts'
import type { Operand } from '../forms.ts'

/**
 * Singles in memory and doubles in registers, as bits. These moves round nothing, raise nothing, and keep a signalling
 * NaN signalling, which no conversion of the host promises. Power ISA, book I, 4.6.2 and 4.6.3.
 */

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

/** As loaded by lfs: rounded never, and a NaN with every bit. */
export function loadSingle<V extends Values>(o: Ops<V>, ft: Operand<'fpr'>, ea: V['i32']): void {
  o.setLoaded(ft, o.loadSingle(ea), bits => o.call(doubleOfNaN, bits)[0])
}

/** As stored by stfs: no rounding, but the bits that the format names. */
export function singleBits<V extends Values>(o: Ops<V>, fs: Operand<'fpr'>): V['f32'] {
  const value = o.single(fs)
  return o.f32.usual(
    [o.isSingle(fs)],
    () => value,
    () => o.f32.reinterpret_i32(singleOfDouble(o, o.fpr(fs))),
  )
}
