/**
 * The scalar floating-point unit. What an operation means is in ../float, exact in every rounding mode with every bit of
 * FPSCR: a row calls one operation and commits result and status. In the fast mode an ordinary result is the host's, as
 * float/usual.ts has it. Memory forms (lfs, stfd, …) are with the loads and stores, moves of FPSCR in float-status.ts.
 */
import type { Ops, Values } from '../algebra.ts'
import { type Finite2, fromInteger } from '../float/arithmetic.ts'
import { compare, ordinaryRootEstimate, rootEstimate, toInteger } from '../float/convert.ts'
import { afterCompare, afterConversion, afterResult, fpscr, withheld } from '../float/fpscr.ts'
import { classify, negated } from '../float/number.ts'
import { addition, division, fusedAddition, multiplication, narrowing, squareRoot } from '../float/operations.ts'
import { fused, type Host, host } from '../float/usual.ts'
import type { Operand } from '../forms.ts'
import { apart, modelled, type Row, row } from './row.ts'

type Fpr = Operand<'fpr'>
interface Target {
  readonly ft: Fpr
  readonly rc: boolean
}

export function setStatus<V extends Values>(o: Ops<V>, rc: boolean, value: V['i32']): void {
  o.set('fpscr', value)
  if (rc) o.setCrField(1, o.i32.shr_u(value, o.i32.const(28)))
}

/** CR1 from a status that the instruction leaves as it is. */
export function recordStatus<V extends Values>(o: Ops<V>, rc: boolean): void {
  if (rc) o.setCrField(1, o.i32.shr_u(o.get('fpscr'), o.i32.const(28)))
}

type After = typeof afterResult

/** Writes a result and its status, unless an enabled exception withholds it (model `enabled-exceptions`). */
function commit<V extends Values>(
  o: Ops<V>,
  f: Target,
  bits: V['i64'],
  flags: V['i32'],
  after: After = afterResult,
): void {
  const old = o.get('fpscr')
  const kept = withheld(o, old, flags)
  o.setFpr(f.ft, o.i64.select(kept, o.fpr(f.ft), bits))
  const next = after(o, old, flags)
  const sameClass = o.i32.or(o.i32.and(next, o.i32.const(~fpscr.fprf)), o.i32.and(old, o.i32.const(fpscr.fprf)))
  setStatus(o, f.rc, o.i32.select(kept, sameClass, next))
}

const flagOf = <V extends Values>(o: Ops<V>, single: boolean): V['i32'] => o.i32.const(Number(single))

/** An ordinary effect alone, under its conditions; in the exact mode, and where it is not ordinary, all of it. */
function usually<V extends Values>(
  o: Ops<V>,
  ordinary: () => { readonly where: readonly V['i32'][]; effect(): void },
  exactly: () => void,
): void {
  if (o.exact) {
    exactly()
    return
  }
  const { where, effect } = ordinary()
  o.usual(where, effect, exactly)
}

/**
 * Whether a result is finite, while FPSCR asks for rounding to nearest and nothing else: what is finite is zero less itself,
 * and all else a NaN, which the host tells in fewer instructions than what is large.
 */
const isOrdinary = <V extends Values>(o: Ops<V>, value: V['f64']): V['i32'] =>
  o.f64.lt(o.f64.sub(value, value), o.limit())
const isOrdinarySingle = <V extends Values>(o: Ops<V>, value: V['f32']): V['i32'] =>
  o.f32.lt(o.f32.sub(value, value), o.singleLimit())

/** An ordinary result of the host's. */
function result<V extends Values>(
  o: Ops<V>,
  f: Target,
  operands: readonly Fpr[],
  single: boolean,
  host: Host,
  exactly: () => void,
): void {
  const ofSingles = () => {
    const value = host.single(o, ...operands.map(o.single))
    const where = [...operands.map(o.isSingle), isOrdinarySingle(o, value)]
    return { where, effect: () => ordinary(o, f, () => o.setSingle(f.ft, value)) }
  }
  const ofDoubles = () => {
    const value = host.double(o, ...operands.map(o.double))
    return { where: [isOrdinary(o, value)], effect: () => ordinary(o, f, () => o.setDouble(f.ft, value)) }
  }
  usually(o, single ? ofSingles : ofDoubles, exactly)
}

function ordinary<V extends Values>(o: Ops<V>, f: Target, write: () => void): void {
  write()
  recordStatus(o, f.rc)
}

function binary<V extends Values>(
  o: Ops<V>,
  f: Target & { readonly fa: Fpr },
  fb: Fpr,
  single: boolean,
  inHost: Host,
  operation: Finite2,
  of: (b: V['i64']) => V['i64'] = b => b,
): void {
  result(o, f, [f.fa, fb], single, inHost, () =>
    commit(o, f, ...o.call(operation, o.fpr(f.fa), of(o.fpr(fb)), o.get('fpscr'), flagOf(o, single))),
  )
}

/** FRA × FRC ± FRB; `turned` changes the sign of a result that is no NaN. */
function multiplyAdd<V extends Values>(
  o: Ops<V>,
  f: Target & { readonly fa: Fpr; readonly fb: Fpr; readonly fc: Fpr },
  single: boolean,
  minus: boolean,
  turned: boolean,
): void {
  result(o, f, [f.fa, f.fc, f.fb], single, fused(minus, turned), () => {
    const addend = minus ? negated(o, o.fpr(f.fb)) : o.fpr(f.fb)
    const [bits, flags] = o.call(fusedAddition, o.fpr(f.fa), o.fpr(f.fc), addend, o.get('fpscr'), flagOf(o, single))
    if (!turned) {
      commit(o, f, bits, flags)
      return
    }
    const turnedBits = negated(o, bits)
    const [kind] = o.call(classify, turnedBits)
    commit(o, f, turnedBits, o.i32.or(o.i32.and(flags, o.i32.const(~fpscr.fprf)), kind))
  })
}

const one = 0x3ff0_0000_0000_0000n
const reciprocal: Host = {
  double: (o, a = o.f64.const(1)) => o.f64.div(o.f64.const(1), a),
  single: (o, a = o.f32.const(1)) => o.f32.div(o.f32.const(1), a),
}

function arithmeticRows(single: boolean): Row[] {
  const s = single ? 's' : ''
  const primary = single ? '111011' : '111111'
  const kind = single ? 'single' : 'double'
  return [
    row(`fadd${s}`, `${primary} ft fa fb 00000 10101 rc`, 'ft, fa, fb', `FRA + FRB, ${kind}`, (o, f) =>
      binary(o, f, f.fb, single, host.add, addition),
    ),
    row(`fsub${s}`, `${primary} ft fa fb 00000 10100 rc`, 'ft, fa, fb', `FRA - FRB, ${kind}`, (o, f) =>
      binary(o, f, f.fb, single, host.subtract, addition, b => negated(o, b)),
    ),
    row(`fmul${s}`, `${primary} ft fa 00000 fc 11001 rc`, 'ft, fa, fc', `FRA × FRC, ${kind}`, (o, f) =>
      binary(o, f, f.fc, single, host.multiply, multiplication),
    ),
    row(`fdiv${s}`, `${primary} ft fa fb 00000 10010 rc`, 'ft, fa, fb', `FRA / FRB, ${kind}`, (o, f) =>
      binary(o, f, f.fb, single, host.divide, division),
    ),
    row(`fsqrt${s}`, `${primary} ft 00000 fb 00000 10110 rc`, 'ft, fb', `square root of FRB, ${kind}`, (o, f) =>
      result(o, f, [f.fb], single, host.root, () =>
        commit(o, f, ...o.call(squareRoot, o.fpr(f.fb), o.get('fpscr'), flagOf(o, single))),
      ),
    ),
    row(
      `fmadd${s}`,
      `${primary} ft fa fb fc 11101 rc`,
      'ft, fa, fc, fb',
      `FRA × FRC + FRB rounded once, ${kind}`,
      (o, f) => multiplyAdd(o, f, single, false, false),
    ),
    row(
      `fmsub${s}`,
      `${primary} ft fa fb fc 11100 rc`,
      'ft, fa, fc, fb',
      `FRA × FRC - FRB rounded once, ${kind}`,
      (o, f) => multiplyAdd(o, f, single, true, false),
    ),
    row(
      `fnmadd${s}`,
      `${primary} ft fa fb fc 11111 rc`,
      'ft, fa, fc, fb',
      `-(FRA × FRC + FRB), the sign turned after rounding, ${kind}`,
      (o, f) => multiplyAdd(o, f, single, false, true),
    ),
    row(
      `fnmsub${s}`,
      `${primary} ft fa fb fc 11110 rc`,
      'ft, fa, fc, fb',
      `-(FRA × FRC - FRB), the sign turned after rounding, ${kind}`,
      (o, f) => multiplyAdd(o, f, single, true, true),
    ),
  ]
}

const conversion = (
  name: string,
  extended: '0000001110' | '0000001111' | '1100101110' | '1100101111',
  word: boolean,
  zero: boolean,
): Row =>
  row(
    `${name}`,
    `111111 ft 00000 fb ${extended} rc`,
    'ft, fb',
    `FRB to a signed ${word ? 'word' : 'doubleword'}, ${zero ? 'towards zero' : 'by FPSCR[RN]'}, saturating`,
    (o, f) => {
      const exactly = (): void => {
        const mode = zero ? o.i32.const(1) : o.i32.and(o.get('fpscr'), o.i32.const(fpscr.rn))
        const [bits, flags] = o.call(toInteger, o.fpr(f.fb), mode, o.i32.const(Number(word)))
        commit(o, f, bits, flags, afterConversion)
      }
      const fitting = () => {
        const size = o.f64.abs(o.double(f.fb))
        const fits = o.f64.lt(size, o.f64.const(word ? 2 ** 31 - 1 : 2 ** 62))
        const whole = zero ? o.double(f.fb) : o.f64.nearest(o.double(f.fb))
        const integer = () => (word ? o.i64.extend_i32_s(o.i32.trunc_sat_f64_s(whole)) : o.i64.trunc_sat_f64_s(whole))
        const where = zero ? [fits] : [fits, o.f64.lt(size, o.limit())]
        return { where, effect: () => ordinary(o, f, () => o.setFpr(f.ft, integer())) }
      }
      usually(o, fitting, exactly)
    },
  )

const comparison = (name: string, extended: '0000000000' | '0000100000', ordered: boolean): Row =>
  row(
    name,
    `111111 bf 00 fa fb ${extended} 0`,
    'bf, fa, fb',
    ordered ? 'compare FRA with FRB; any NaN is invalid' : 'compare FRA with FRB; a signalling NaN is invalid',
    (o, f) => {
      const exactly = (): void => {
        const old = o.get('fpscr')
        const [order, flags] = o.call(compare, o.fpr(f.fa), o.fpr(f.fb), o.i32.const(Number(ordered)), old)
        o.setCrField(f.bf, order)
        o.set('fpscr', afterCompare(o, old, o.i32.or(flags, o.i32.shl(order, o.i32.const(12)))))
      }
      const numbers = () => {
        const [a, b] = [o.double(f.fa), o.double(f.fb)]
        const beside = o.i32.or(o.f64.gt(a, b), o.i32.shl(o.f64.eq(a, b), o.i32.const(1)))
        return {
          where: [o.isNumber(f.fa), o.isNumber(f.fb)],
          effect: () => o.setCrField(f.bf, o.i32.shr_u(o.i32.const(8), beside)),
        }
      }
      usually(o, numbers, exactly)
    },
  )

/** A change of bits alone: no status, no quieting. */
const move = (
  name: string,
  extended: '0001001000' | '0000101000' | '0100001000' | '0010001000',
  about: string,
  change: <V extends Values>(o: Ops<V>, value: V['f64']) => V['f64'],
): Row =>
  row(name, `111111 ft 00000 fb ${extended} rc`, 'ft, fb', about, (o, f) => {
    o.setDouble(f.ft, change(o, o.double(f.fb)))
    recordStatus(o, f.rc)
  })

export const floatRows: readonly Row[] = [
  ...modelled('enabled-exceptions', ...arithmeticRows(false), ...arithmeticRows(true)),
  ...modelled(
    'reciprocal',
    ...apart(
      'an estimate',
      row('fres', '111011 ft 00000 fb 00000 11000 rc', 'ft, fb', 'reciprocal estimate of FRB, single', (o, f) => {
        result(o, f, [f.fb], true, reciprocal, () => {
          const exact = o.i32.const(~(fpscr.xx | fpscr.fi | fpscr.fr))
          const [bits, flags] = o.call(division, o.i64.const(one), o.fpr(f.fb), o.get('fpscr'), o.i32.const(1))
          commit(o, f, bits, o.i32.and(flags, exact))
        })
      }),
    ),
  ),
  ...modelled(
    'double-root',
    ...apart(
      'an estimate',
      row(
        'frsqrte',
        '111111 ft 00000 fb 00000 11010 rc',
        'ft, fb',
        'reciprocal square root estimate of FRB, double',
        (o, f) => {
          const exactly = (): void => commit(o, f, ...o.call(rootEstimate, o.fpr(f.fb), o.get('fpscr')))
          const positive = () => {
            const value = o.double(f.fb)
            return {
              where: [o.f64.ge(value, o.f64.const(2 ** -1022)), o.f64.lt(value, o.limit())],
              effect: () => ordinary(o, f, () => o.setFpr(f.ft, ordinaryRootEstimate(o, o.fpr(f.fb)))),
            }
          }
          usually(o, positive, exactly)
        },
      ),
    ),
  ),
  row(
    'fsel',
    '111111 ft fa fb fc 10111 rc',
    'ft, fa, fc, fb',
    'FRC where FRA is at least zero, else (and for a NaN) FRB',
    (o, f) => {
      const chosen = o.f64.ge(o.double(f.fa), o.f64.const(0))
      o.setDouble(f.ft, o.f64.select(chosen, o.double(f.fc), o.double(f.fb)))
      recordStatus(o, f.rc)
    },
  ),
  move('fmr', '0001001000', 'FRB copied, bit for bit', (_, value) => value),
  move('fneg', '0000101000', 'FRB with its sign turned, bit for bit', (o, value) => o.f64.neg(value)),
  move('fabs', '0100001000', 'FRB with its sign cleared, bit for bit', (o, value) => o.f64.abs(value)),
  move('fnabs', '0010001000', 'FRB with its sign set, bit for bit', (o, value) => o.f64.neg(o.f64.abs(value))),
  ...modelled(
    'enabled-exceptions',
    row('frsp', '111111 ft 00000 fb 0000001100 rc', 'ft, fb', 'FRB rounded to single', (o, f) => {
      const exactly = (): void => commit(o, f, ...o.call(narrowing, o.fpr(f.fb), o.get('fpscr'), o.i32.const(1)))
      const finite = () => {
        const value = o.single(f.fb)
        return { where: [isOrdinarySingle(o, value)], effect: () => ordinary(o, f, () => o.setSingle(f.ft, value)) }
      }
      usually(o, finite, exactly)
    }),
  ),
  ...modelled('integer-in-float', conversion('fctiw', '0000001110', true, false)),
  ...modelled('integer-in-float', conversion('fctiwz', '0000001111', true, true)),
  ...modelled('integer-in-float', conversion('fctid', '1100101110', false, false)),
  ...modelled('integer-in-float', conversion('fctidz', '1100101111', false, true)),
  row(
    'fcfid',
    '111111 ft 00000 fb 1101001110 rc',
    'ft, fb',
    'FRB, a signed doubleword, as a double, by FPSCR[RN]',
    (o, f) => {
      const exactly = (): void => commit(o, f, ...o.call(fromInteger, o.fpr(f.fb), o.get('fpscr'), o.i32.const(0)))
      const rounded = () => {
        const value = o.f64.convert_i64_s(o.fpr(f.fb))
        return { where: [isOrdinary(o, value)], effect: () => ordinary(o, f, () => o.setDouble(f.ft, value)) }
      }
      usually(o, rounded, exactly)
    },
  ),
  comparison('fcmpu', '0000000000', false),
  comparison('fcmpo', '0000100000', true),
]
