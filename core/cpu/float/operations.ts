/**
 * Each arithmetic operation whole: the fast answer where it holds, else what special operands give, else the exact
 * integer arithmetic. A row calls one routine and commits what it answers.
 */
import { type Ops, routine, type Values } from '../algebra.ts'
import { add, divide, type Finite1, type Finite2, type Finite3, fused, multiply, narrow, root } from './arithmetic.ts'
import { addFast, divideFast, type Fast2, type Fast3, fusedFast, multiplyFast, narrowFast } from './fast.ts'
import { isSpecial, isZero, signOf } from './number.ts'
import {
  addSpecial,
  divideSpecial,
  fusedSpecial,
  multiplySpecial,
  passSpecial,
  rootSpecial,
  type Special2,
} from './special.ts'

type Pair<V extends Values> = readonly [V['i64'], V['i32']]

/** Bits of a double's fraction that a single has not. */
const lowBits = 0x1fff_ffffn

/** One of two pairs of answers; a pair that is rare is computed for each of its two parts. */
function pairOf<V extends Values>(
  o: Ops<V>,
  condition: V['i32'],
  yes: () => Pair<V>,
  no: () => Pair<V>,
): [V['i64'], V['i32']] {
  return [
    o.i64.choose(
      condition,
      () => yes()[0],
      () => no()[0],
    ),
    o.i32.choose(
      condition,
      () => yes()[1],
      () => no()[1],
    ),
  ]
}

/**
 * What special operands give, as a single where one is asked for: the low bits of a NaN are dropped. So what a single
 * instruction gives is always a single. (The architecture leaves open what becomes of operands that are none.)
 */
function special<V extends Values>(o: Ops<V>, single: V['i32'], [bits, flags]: Pair<V>): Pair<V> {
  const dropped = o.i64.select(single, o.i64.const(lowBits), o.i64.const(0))
  return [o.i64.and(bits, o.i64.xor(dropped, o.i64.const(-1))), flags]
}

type OddOf2 = <V extends Values>(o: Ops<V>, a: V['i64'], b: V['i64']) => V['i32']
const eitherSpecial: OddOf2 = (o, a, b) => o.i32.or(isSpecial(o, a), isSpecial(o, b))

function binary(name: string, fast: Fast2, odd: Special2, finite: Finite2, isOdd: OddOf2 = eitherSpecial): Finite2 {
  const careful: Finite2 = routine(
    `${name}Careful`,
    ['i64', 'i64', 'i32', 'i32'],
    ['i64', 'i32'],
    (o, a, b, control, single) =>
      pairOf(
        o,
        isOdd(o, a, b),
        () => special(o, single, o.call(odd, a, b)),
        () => o.call(finite, a, b, control, single),
      ),
  )
  return routine(`${name}Whole`, ['i64', 'i64', 'i32', 'i32'], ['i64', 'i32'], (o, a, b, control, single) => {
    const [bits, flags, holds] = o.call(fast, a, b, control, single)
    return pairOf(
      o,
      holds,
      () => [bits, flags],
      () => o.call(careful, a, b, control, single),
    )
  })
}

export const addition = binary('add', addFast, addSpecial, add)
export const multiplication = binary('multiply', multiplyFast, multiplySpecial, multiply)
export const division = binary('divide', divideFast, divideSpecial, divide, (o, a, b) =>
  o.i32.or(isZero(o, b), eitherSpecial(o, a, b)),
)

function ternary(name: string, fast: Fast3): Finite3 {
  const careful: Finite3 = routine(
    `${name}Careful`,
    ['i64', 'i64', 'i64', 'i32', 'i32'],
    ['i64', 'i32'],
    (o, a, c, b, control, single) =>
      pairOf(
        o,
        o.i32.or(isSpecial(o, a), o.i32.or(isSpecial(o, c), isSpecial(o, b))),
        () => special(o, single, o.call(fusedSpecial, a, c, b)),
        () => o.call(fused, a, c, b, control, single),
      ),
  )
  return routine(`${name}Whole`, ['i64', 'i64', 'i64', 'i32', 'i32'], ['i64', 'i32'], (o, a, c, b, control, single) => {
    const [bits, flags, holds] = o.call(fast, a, c, b, control, single)
    return pairOf(
      o,
      holds,
      () => [bits, flags],
      () => o.call(careful, a, c, b, control, single),
    )
  })
}

export const fusedAddition = ternary('fused', fusedFast)

export const squareRoot: Finite1 = routine(
  'rootWhole',
  ['i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, b, control, single) =>
    pairOf(
      o,
      o.i32.or(isSpecial(o, b), o.i32.or(isZero(o, b), signOf(o, b))),
      () => special(o, single, o.call(rootSpecial, b)),
      () => o.call(root, b, control, single),
    ),
)

const narrowCareful: Finite1 = routine(
  'narrowCareful',
  ['i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, b, control, single) =>
    pairOf(
      o,
      isSpecial(o, b),
      () => special(o, single, o.call(passSpecial, b)),
      () => o.call(narrow, b, control, single),
    ),
)

/** Rounded to single: frsp. */
export const narrowing: Finite1 = routine(
  'narrowWhole',
  ['i64', 'i32', 'i32'],
  ['i64', 'i32'],
  (o, b, control, single) => {
    const [bits, flags, holds] = o.call(narrowFast, b, control, single)
    return pairOf(
      o,
      holds,
      () => [bits, flags],
      () => o.call(narrowCareful, b, control, single),
    )
  },
)
