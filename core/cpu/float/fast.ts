/**
 * The common case: rounding to nearest, operands and result well inside the range of normal numbers. There the host's
 * arithmetic gives the result, and what it rounded away can be computed exactly, so FI and FR are known as well:
 *
 *   sum       TwoSum (Knuth): s + e is exactly a + b
 *   product   TwoProduct (Dekker, Veltkamp's split): p + e is exactly a × b
 *   quotient  the remainder a - q × b is a double
 *   fused     Boldo and Melquiond: product and sums split, the small parts added with rounding to odd
 *
 * A single result of single operands is made from a double that is exact, or rounded to odd, so it is rounded once.
 * Each routine answers bits, flags with FPRF, and whether they hold; where they do not, operations.ts asks the exact
 * integer arithmetic instead.
 */
import { type Ops, type Routine, routine, type Values } from '../algebra.ts'
import { fpscr } from './fpscr.ts'

export type Fast1 = Routine<['i64', 'i32', 'i32'], ['i64', 'i32', 'i32']>
export type Fast2 = Routine<['i64', 'i64', 'i32', 'i32'], ['i64', 'i32', 'i32']>
export type Fast3 = Routine<['i64', 'i64', 'i64', 'i32', 'i32'], ['i64', 'i32', 'i32']>

const lowBits = 0x1fff_ffffn

/** Whether a number's exponent lies in the middle of the range: products, quotients and splits stay normal. */
const moderate = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i32'] => {
  const biased = o.i64.and(o.i64.shr_u(bits, o.i64.const(52)), o.i64.const(0x7ff))
  return o.i64.lt_u(o.i64.sub(biased, o.i64.const(623)), o.i64.const(800))
}

/** Whether a double is a single, as far as its fraction goes. */
const isSingle = <V extends Values>(o: Ops<V>, bits: V['i64']): V['i32'] =>
  o.i64.eqz(o.i64.and(bits, o.i64.const(lowBits)))

/** Whether a value lies where single numbers are normal, with room for rounding. */
const inSingleRange = <V extends Values>(o: Ops<V>, value: V['f64']): V['i32'] => {
  const size = o.f64.abs(value)
  return o.i32.and(o.f64.ge(size, o.f64.const(2 ** -125)), o.f64.lt(size, o.f64.const(2 ** 127)))
}

const nearestMode = <V extends Values>(o: Ops<V>, control: V['i32']): V['i32'] =>
  o.i32.eqz(o.i32.and(control, o.i32.const(fpscr.rn)))

const all = <V extends Values>(o: Ops<V>, ...conditions: readonly V['i32'][]): V['i32'] =>
  conditions.reduce((a, b) => o.i32.and(a, b))

/**
 * Flags of a normal result: `error` is what the exact value has beyond it. It was rounded away from zero when the two
 * have unlike signs.
 */
function flagsOf<V extends Values>(o: Ops<V>, result: V['f64'], error: V['f64']): V['i32'] {
  const { i32, f64 } = o
  const negative = f64.lt(result, f64.const(0))
  const inexact = f64.ne(error, f64.const(0))
  const raised = i32.and(inexact, i32.ne(negative, f64.lt(error, f64.const(0))))
  const kind = i32.select(negative, i32.const(0x8000), i32.const(0x4000))
  const lost = i32.select(inexact, i32.const(fpscr.xx | fpscr.fi), i32.const(0))
  return i32.or(kind, i32.or(lost, i32.shl(raised, i32.const(18))))
}

const twoSum = <V extends Values>(o: Ops<V>, a: V['f64'], b: V['f64']): readonly [V['f64'], V['f64']] => {
  const { f64 } = o
  const sum = f64.add(a, b)
  const back = f64.sub(sum, a)
  return [sum, f64.add(f64.sub(a, f64.sub(sum, back)), f64.sub(b, back))]
}

function twoProduct<V extends Values>(o: Ops<V>, a: V['f64'], b: V['f64']): readonly [V['f64'], V['f64']] {
  const { f64 } = o
  const split = (v: V['f64']): readonly [V['f64'], V['f64']] => {
    const scaled = f64.mul(v, f64.const(134_217_729))
    const high = f64.sub(scaled, f64.sub(scaled, v))
    return [high, f64.sub(v, high)]
  }
  const product = f64.mul(a, b)
  const [ah, al] = split(a)
  const [bh, bl] = split(b)
  const first = f64.sub(f64.mul(ah, bh), product)
  return [product, f64.add(f64.add(f64.add(first, f64.mul(ah, bl)), f64.mul(al, bh)), f64.mul(al, bl))]
}

/** The sum of two parts rounded to odd: exact, or with a last bit of one. */
function odd<V extends Values>(o: Ops<V>, sum: V['f64'], error: V['f64']): V['f64'] {
  const { f64, i32, i64 } = o
  const bits = i64.reinterpret_f64(sum)
  const even = i64.eqz(i64.and(bits, i64.const(1)))
  const towards = i32.eq(f64.lt(sum, f64.const(0)), f64.lt(error, f64.const(0)))
  const step = i64.select(towards, i64.const(1), i64.const(-1))
  const moved = f64.reinterpret_i64(i64.add(bits, step))
  return f64.select(i32.and(f64.ne(error, f64.const(0)), even), moved, sum)
}

/** A double that is exact or rounded to odd, made single; and how far the exact value lies from it, in sign at least. */
function single<V extends Values>(o: Ops<V>, value: V['f64']): readonly [V['f64'], V['f64']] {
  const result = o.f64.promote_f32(o.f32.demote_f64(value))
  return [result, o.f64.sub(value, result)]
}

/** Both answers, double and single, by whether the result is to be single. */
function either<V extends Values>(
  o: Ops<V>,
  toSingle: V['i32'],
  [result, error]: readonly [V['f64'], V['f64']],
  [narrow, narrowError]: readonly [V['f64'], V['f64']],
  holds: V['i32'],
  narrowHolds: V['i32'],
): [V['i64'], V['i32'], V['i32']] {
  const { f64, i32, i64 } = o
  const chosen = f64.select(toSingle, narrow, result)
  const lost = f64.select(toSingle, narrowError, error)
  return [i64.reinterpret_f64(chosen), flagsOf(o, chosen, lost), i32.select(toSingle, narrowHolds, holds)]
}

export const addFast: Fast2 = routine(
  'addFast',
  ['i64', 'i64', 'i32', 'i32'],
  ['i64', 'i32', 'i32'],
  (o, a, b, control, toSingle) => {
    const { f64 } = o
    const [sum, error] = twoSum(o, f64.reinterpret_i64(a), f64.reinterpret_i64(b))
    const usual = all(o, nearestMode(o, control), moderate(o, a), moderate(o, b), f64.ne(sum, f64.const(0)))
    const narrow = single(o, odd(o, sum, error))
    return either(o, toSingle, [sum, error], narrow, usual, all(o, usual, inSingleRange(o, sum)))
  },
)

export const multiplyFast: Fast2 = routine(
  'multiplyFast',
  ['i64', 'i64', 'i32', 'i32'],
  ['i64', 'i32', 'i32'],
  (o, a, c, control, toSingle) => {
    const { f64 } = o
    const [product, error] = twoProduct(o, f64.reinterpret_i64(a), f64.reinterpret_i64(c))
    const usual = all(o, nearestMode(o, control), moderate(o, a), moderate(o, c))
    const narrow = single(o, odd(o, product, error))
    return either(o, toSingle, [product, error], narrow, usual, all(o, usual, inSingleRange(o, product)))
  },
)

export const divideFast: Fast2 = routine(
  'divideFast',
  ['i64', 'i64', 'i32', 'i32'],
  ['i64', 'i32', 'i32'],
  (o, a, b, control, toSingle) => {
    const { f64, i32 } = o
    const [x, y] = [f64.reinterpret_i64(a), f64.reinterpret_i64(b)]
    const quotient = f64.div(x, y)
    const [back, backError] = twoProduct(o, quotient, y)
    const remainder = f64.sub(f64.sub(x, back), backError)
    const error = f64.select(f64.lt(y, f64.const(0)), f64.neg(remainder), remainder)
    const usual = all(o, nearestMode(o, control), moderate(o, a), moderate(o, b))
    const narrow = single(o, odd(o, quotient, error))
    const singles = i32.and(isSingle(o, a), isSingle(o, b))
    return either(o, toSingle, [quotient, error], narrow, usual, all(o, usual, singles, inSingleRange(o, quotient)))
  },
)

export const fusedFast: Fast3 = routine(
  'fusedFast',
  ['i64', 'i64', 'i64', 'i32', 'i32'],
  ['i64', 'i32', 'i32'],
  (o, a, c, b, control, toSingle) => {
    const { f64 } = o
    const [product, productError] = twoProduct(o, f64.reinterpret_i64(a), f64.reinterpret_i64(c))
    const [low, lowError] = twoSum(o, f64.reinterpret_i64(b), productError)
    const [high, highError] = twoSum(o, product, low)
    const [rest, restError] = twoSum(o, lowError, highError)
    const tail = odd(o, rest, restError)
    const sum = f64.add(high, tail)
    const error = f64.sub(tail, f64.sub(sum, high))
    const usual = all(
      o,
      nearestMode(o, control),
      moderate(o, a),
      moderate(o, c),
      moderate(o, b),
      f64.ne(sum, f64.const(0)),
    )
    const large = f64.gt(f64.abs(sum), f64.const(2 ** -800))
    const narrow = single(o, odd(o, sum, error))
    return either(o, toSingle, [sum, error], narrow, all(o, usual, large), all(o, usual, inSingleRange(o, sum)))
  },
)

export const narrowFast: Fast1 = routine(
  'narrowFast',
  ['i64', 'i32', 'i32'],
  ['i64', 'i32', 'i32'],
  (o, b, control) => {
    const value = o.f64.reinterpret_i64(b)
    const [result, error] = single(o, value)
    const usual = all(o, nearestMode(o, control), inSingleRange(o, value))
    return [o.i64.reinterpret_f64(result), flagsOf(o, result, error), usual]
  },
)
