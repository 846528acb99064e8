/**
 * What an operation answers when an operand is infinite or a NaN (or, for division and roots, when the answer is not a
 * rounded number): the rules of the architecture, with no rounding in them. Each gives bits and flags, FPRF included.
 *
 * A NaN among the operands is the result, quieted: that of FRA before FRB before FRC. Otherwise an invalid operation
 * gives the default NaN, whose sign is positive.
 */
import { type Ops, type Routine, routine, type Values } from '../algebra.ts'
import { fpscr } from './fpscr.ts'
import {
  classify,
  defaultNaN,
  holdsNaN,
  infinity,
  isInfinite,
  isSignalling,
  isZero,
  quieted,
  signed,
  signOf,
} from './number.ts'

export type Special1 = Routine<['i64'], ['i64', 'i32']>
export type Special2 = Routine<['i64', 'i64'], ['i64', 'i32']>
export type Special3 = Routine<['i64', 'i64', 'i64'], ['i64', 'i32']>

const flag = <V extends Values>(o: Ops<V>, condition: V['i32'], bits: number): V['i32'] =>
  o.i32.select(condition, o.i32.const(bits), o.i32.const(0))

/** The answer given the operands in order of preference, what else may be invalid, and the answer where nothing is. */
function answer<V extends Values>(
  o: Ops<V>,
  operands: readonly V['i64'][],
  wrong: V['i32'],
  plain: V['i64'],
): [V['i64'], V['i32']] {
  const { i32, i64 } = o
  const valid = i64.select(wrong, i64.const(defaultNaN), plain)
  const bits = operands.reduceRight((rest, one) => i64.select(holdsNaN(o, one), quieted(o, one), rest), valid)
  const signalling = operands.map(one => isSignalling(o, one)).reduce((a, b) => i32.or(a, b))
  const [kind] = o.call(classify, bits)
  return [bits, i32.or(i32.or(wrong, flag(o, signalling, fpscr.vxsnan)), kind)]
}

/** FRA + FRB. The subtrahend of a subtraction comes negated. */
export const addSpecial: Special2 = routine('addSpecial', ['i64', 'i64'], ['i64', 'i32'], (o, a, b) => {
  const bothInfinite = o.i32.and(isInfinite(o, a), isInfinite(o, b))
  const opposite = o.i32.and(bothInfinite, o.i32.ne(signOf(o, a), signOf(o, b)))
  return answer(o, [a, b], flag(o, opposite, fpscr.vxisi), o.i64.select(isInfinite(o, a), a, b))
})

/** FRA × FRC. */
export const multiplySpecial: Special2 = routine('multiplySpecial', ['i64', 'i64'], ['i64', 'i32'], (o, a, c) => {
  const wrong = flag(
    o,
    o.i32.or(o.i32.and(isInfinite(o, a), isZero(o, c)), o.i32.and(isZero(o, a), isInfinite(o, c))),
    fpscr.vximz,
  )
  return answer(o, [a, c], wrong, signed(o, o.i32.xor(signOf(o, a), signOf(o, c)), infinity))
})

/** FRA / FRB, where one is special or FRB is zero. */
export const divideSpecial: Special2 = routine('divideSpecial', ['i64', 'i64'], ['i64', 'i32'], (o, a, b) => {
  const { i32, i64 } = o
  const indefinite = flag(o, i32.and(isInfinite(o, a), isInfinite(o, b)), fpscr.vxidi)
  const nought = flag(o, i32.and(isZero(o, a), isZero(o, b)), fpscr.vxzdz)
  const sign = i32.xor(signOf(o, a), signOf(o, b))
  const toZero = i64.eqz(i64.select(isInfinite(o, b), i64.const(0), i64.const(1)))
  const plain = i64.select(toZero, signed(o, sign, 0n), signed(o, sign, infinity))
  const [bits, flags] = answer(o, [a, b], i32.or(indefinite, nought), plain)
  const finite = i32.eqz(i32.or(holdsNaN(o, a), i32.or(isInfinite(o, a), isZero(o, a))))
  return [bits, i32.or(flags, flag(o, i32.and(finite, isZero(o, b)), fpscr.zx))]
})

/** The square root of what is special, zero or negative. */
export const rootSpecial: Special1 = routine('rootSpecial', ['i64'], ['i64', 'i32'], (o, b) => {
  const { i32 } = o
  const negative = i32.and(signOf(o, b), i32.eqz(i32.or(isZero(o, b), holdsNaN(o, b))))
  return answer(o, [b], flag(o, negative, fpscr.vxsqrt), b)
})

/** FRA × FRC + FRB. Infinity times zero is invalid even beside a NaN addend, which is then the result. */
export const fusedSpecial: Special3 = routine('fusedSpecial', ['i64', 'i64', 'i64'], ['i64', 'i32'], (o, a, c, b) => {
  const { i32, i64 } = o
  const zeroTimes = i32.or(i32.and(isInfinite(o, a), isZero(o, c)), i32.and(isZero(o, a), isInfinite(o, c)))
  const infinite = i32.or(isInfinite(o, a), isInfinite(o, c))
  const sign = i32.xor(signOf(o, a), signOf(o, c))
  const noNaN = i32.eqz(i32.or(holdsNaN(o, a), holdsNaN(o, c)))
  const opposite = i32.and(
    i32.and(infinite, i32.and(noNaN, i32.eqz(zeroTimes))),
    i32.and(isInfinite(o, b), i32.ne(sign, signOf(o, b))),
  )
  const wrong = i32.or(flag(o, zeroTimes, fpscr.vximz), flag(o, opposite, fpscr.vxisi))
  return answer(o, [a, b, c], wrong, i64.select(infinite, signed(o, sign, infinity), b))
})

/** A single operand that is special passes through: frsp. */
export const passSpecial: Special1 = routine('passSpecial', ['i64'], ['i64', 'i32'], (o, b) =>
  answer(o, [b], o.i32.const(0), b),
)
