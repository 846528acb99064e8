import type { Ops, Values } from '../algebra.ts'

/** What integer instructions do to the condition register and to XER, in the width of the mode. */

/** LT 8, GT 4 or EQ 2 of two numbers. */
export function order<V extends Values>(o: Ops<V>, greater: V['i32'], equal: V['i32']): V['i32'] {
  return o.i32.shr_u(o.i32.const(8), o.i32.or(greater, o.i32.shl(equal, o.i32.const(1))))
}

/** A condition field that compares `value` with zero; `so` is the summary overflow as of after the instruction. */
export function compareZero<V extends Values>(o: Ops<V>, value: V['i64'], so: V['i32']): V['i32'] {
  const field = o.wide
    ? order(o, o.i64.gt_s(value, o.i64.const(0)), o.i64.eqz(value))
    : order(o, o.i32.gt_s(o.i32.wrap_i64(value), o.i32.const(0)), o.i32.eqz(o.i32.wrap_i64(value)))
  return o.i32.or(field, so)
}

/** Rc = 1: CR0 tells the sign of the result. */
export function record<V extends Values>(o: Ops<V>, rc: boolean, result: V['i64'], so?: V['i32']): void {
  if (rc) o.setCrField(0, compareZero(o, result, so ?? o.get('so')))
}

/** OE = 1: OV says whether it overflowed, SO whether it ever did. Answers with SO. */
export function overflow<V extends Values>(o: Ops<V>, overflowed: V['i32']): V['i32'] {
  const so = o.i32.or(o.get('so'), overflowed)
  o.set('ov', overflowed)
  o.set('so', so)
  return so
}

/** The sign bit of a number in the mode's width, as 0 or 1. */
export function sign<V extends Values>(o: Ops<V>, value: V['i64']): V['i32'] {
  return o.wide
    ? o.i32.wrap_i64(o.i64.shr_u(value, o.i64.const(63)))
    : o.i32.shr_u(o.i32.wrap_i64(value), o.i32.const(31))
}

const low = 0xffffffffn

/**
 * x + y + carry with all its flags: every addition and subtraction is one of these, a difference being
 * y + ~x + 1. The carry is that of the mode's width; overflow is a result whose sign differs from both operands'.
 */
export function addition<V extends Values>(
  o: Ops<V>,
  f: { readonly oe?: boolean; readonly rc?: boolean },
  x: V['i64'],
  y: V['i64'],
  carry: V['i64'] | undefined,
  outcome: { readonly set: (sum: V['i64']) => void; readonly carries: boolean },
): void {
  const { i64, i32 } = o
  const partial = i64.add(x, y)
  const sum = carry === undefined ? partial : i64.add(partial, carry)
  outcome.set(sum)
  if (outcome.carries) {
    if (o.wide) {
      const first = i64.lt_u(partial, x)
      o.set('ca', carry === undefined ? first : i32.or(first, i64.lt_u(sum, partial)))
    } else {
      const mask = i64.const(low)
      const halves = i64.add(i64.and(x, mask), i64.and(y, mask))
      const total = carry === undefined ? halves : i64.add(halves, carry)
      o.set('ca', i32.wrap_i64(i64.shr_u(total, i64.const(32))))
    }
  }
  const so = f.oe ? overflow(o, sign(o, i64.and(i64.xor(x, sum), i64.xor(y, sum)))) : undefined
  record(o, f.rc ?? false, sum, so)
}

export function not<V extends Values>(o: Ops<V>, value: V['i64']): V['i64'] {
  return o.i64.xor(value, o.i64.const(-1))
}

export const carryIn = <V extends Values>(o: Ops<V>): V['i64'] => o.i64.extend_i32_u(o.get('ca'))
