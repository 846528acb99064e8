/**
 * The scalar floating-point unit. Operands are the bits of doubles; what an operation means is in ../float, exact in
 * every rounding mode with every bit of FPSCR. A row
 * calls one operation and commits result and status. Memory forms (lfs, stfd, …) are with the loads and stores.
 */
import type { Ops, Values } from '../algebra.ts'
import { type Finite2, fromInteger } from '../float/arithmetic.ts'
import { compare, rootEstimate, toInteger } from '../float/convert.ts'
import {
  afterCompare,
  afterConversion,
  afterResult,
  fpscr,
  raise,
  sticky,
  summarise,
  withheld,
  writable,
} from '../float/fpscr.ts'
import { classify, negated, signBit } from '../float/number.ts'
import { addition, division, fusedAddition, multiplication, narrowing, squareRoot } from '../float/operations.ts'
import type { Operand } from '../forms.ts'
import { apart, modelled, type Row, row } from './row.ts'

type Fpr = Operand<'fpr'>
interface Target {
  readonly ft: Fpr
  readonly rc: boolean
}

function setStatus<V extends Values>(o: Ops<V>, rc: boolean, value: V['i32']): void {
  o.set('fpscr', value)
  if (rc) o.setCrField(1, o.i32.shr_u(value, o.i32.const(28)))
}

/** CR1 from a status that the instruction leaves as it is. */
function recordStatus<V extends Values>(o: Ops<V>, rc: boolean): void {
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

function binary<V extends Values>(
  o: Ops<V>,
  f: Target,
  operation: Finite2,
  a: V['i64'],
  b: V['i64'],
  single: boolean,
): void {
  commit(o, f, ...o.call(operation, a, b, o.get('fpscr'), flagOf(o, single)))
}

/** FRA × FRC ± FRB; `turned` changes the sign of a result that is no NaN. */
function multiplyAdd<V extends Values>(
  o: Ops<V>,
  f: Target & { readonly fa: Fpr; readonly fb: Fpr; readonly fc: Fpr },
  single: boolean,
  minus: boolean,
  turned: boolean,
): void {
  const addend = minus ? negated(o, o.fpr(f.fb)) : o.fpr(f.fb)
  const [bits, flags] = o.call(fusedAddition, o.fpr(f.fa), o.fpr(f.fc), addend, o.get('fpscr'), flagOf(o, single))
  if (!turned) {
    commit(o, f, bits, flags)
    return
  }
  const turnedBits = negated(o, bits)
  const [kind] = o.call(classify, turnedBits)
  commit(o, f, turnedBits, o.i32.or(o.i32.and(flags, o.i32.const(~fpscr.fprf)), kind))
}

const one = 0x3ff0_0000_0000_0000n

function arithmeticRows(single: boolean): Row[] {
  const s = single ? 's' : ''
  const primary = single ? '111011' : '111111'
  const kind = single ? 'single' : 'double'
  return [
    row(`fadd${s}`, `${primary} ft fa fb 00000 10101 rc`, 'ft, fa, fb', `FRA + FRB, ${kind}`, (o, f) =>
      binary(o, f, addition, o.fpr(f.fa), o.fpr(f.fb), single),
    ),
    row(`fsub${s}`, `${primary} ft fa fb 00000 10100 rc`, 'ft, fa, fb', `FRA - FRB, ${kind}`, (o, f) =>
      binary(o, f, addition, o.fpr(f.fa), negated(o, o.fpr(f.fb)), single),
    ),
    row(`fmul${s}`, `${primary} ft fa 00000 fc 11001 rc`, 'ft, fa, fc', `FRA × FRC, ${kind}`, (o, f) =>
      binary(o, f, multiplication, o.fpr(f.fa), o.fpr(f.fc), single),
    ),
    row(`fdiv${s}`, `${primary} ft fa fb 00000 10010 rc`, 'ft, fa, fb', `FRA / FRB, ${kind}`, (o, f) =>
      binary(o, f, division, o.fpr(f.fa), o.fpr(f.fb), single),
    ),
    row(`fsqrt${s}`, `${primary} ft 00000 fb 00000 10110 rc`, 'ft, fb', `square root of FRB, ${kind}`, (o, f) =>
      commit(o, f, ...o.call(squareRoot, o.fpr(f.fb), o.get('fpscr'), flagOf(o, single))),
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
      const mode = zero ? o.i32.const(1) : o.i32.and(o.get('fpscr'), o.i32.const(fpscr.rn))
      const [bits, flags] = o.call(toInteger, o.fpr(f.fb), mode, o.i32.const(Number(word)))
      commit(o, f, bits, flags, afterConversion)
    },
  )

const comparison = (name: string, extended: '0000000000' | '0000100000', ordered: boolean): Row =>
  row(
    name,
    `111111 bf 00 fa fb ${extended} 0`,
    'bf, fa, fb',
    ordered ? 'compare FRA with FRB; any NaN is invalid' : 'compare FRA with FRB; a signalling NaN is invalid',
    (o, f) => {
      const old = o.get('fpscr')
      const [order, flags] = o.call(compare, o.fpr(f.fa), o.fpr(f.fb), o.i32.const(Number(ordered)), old)
      o.setCrField(f.bf, order)
      o.set('fpscr', afterCompare(o, old, o.i32.or(flags, o.i32.shl(order, o.i32.const(12)))))
    },
  )

/** A change of bits alone: no status, no quieting. */
const move = (
  name: string,
  extended: '0001001000' | '0000101000' | '0100001000' | '0010001000',
  about: string,
  change: <V extends Values>(o: Ops<V>, bits: V['i64']) => V['i64'],
): Row =>
  row(name, `111111 ft 00000 fb ${extended} rc`, 'ft, fb', about, (o, f) => {
    o.setFpr(f.ft, change(o, o.fpr(f.fb)))
    recordStatus(o, f.rc)
  })

const size = ~signBit & 0xffff_ffff_ffff_ffffn

export const floatRows: readonly Row[] = [
  ...modelled('enabled-exceptions', ...arithmeticRows(false), ...arithmeticRows(true)),
  ...modelled(
    'reciprocal',
    ...apart(
      'an estimate',
      row('fres', '111011 ft 00000 fb 00000 11000 rc', 'ft, fb', 'reciprocal estimate of FRB, single', (o, f) => {
        const exact = o.i32.const(~(fpscr.xx | fpscr.fi | fpscr.fr))
        const [bits, flags] = o.call(division, o.i64.const(one), o.fpr(f.fb), o.get('fpscr'), o.i32.const(1))
        commit(o, f, bits, o.i32.and(flags, exact))
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
          commit(o, f, ...o.call(rootEstimate, o.fpr(f.fb), o.get('fpscr')))
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
      const chosen = o.f64.ge(o.f64.reinterpret_i64(o.fpr(f.fa)), o.f64.const(0))
      o.setFpr(f.ft, o.i64.select(chosen, o.fpr(f.fc), o.fpr(f.fb)))
      recordStatus(o, f.rc)
    },
  ),
  move('fmr', '0001001000', 'FRB copied, bit for bit', (_, bits) => bits),
  move('fneg', '0000101000', 'FRB with its sign turned, bit for bit', (o, bits) =>
    o.i64.xor(bits, o.i64.const(signBit)),
  ),
  move('fabs', '0100001000', 'FRB with its sign cleared, bit for bit', (o, bits) => o.i64.and(bits, o.i64.const(size))),
  move('fnabs', '0010001000', 'FRB with its sign set, bit for bit', (o, bits) => o.i64.or(bits, o.i64.const(signBit))),
  ...modelled(
    'enabled-exceptions',
    row('frsp', '111111 ft 00000 fb 0000001100 rc', 'ft, fb', 'FRB rounded to single', (o, f) =>
      commit(o, f, ...o.call(narrowing, o.fpr(f.fb), o.get('fpscr'), o.i32.const(1))),
    ),
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
      commit(o, f, ...o.call(fromInteger, o.fpr(f.fb), o.get('fpscr'), o.i32.const(0)))
    },
  ),
  comparison('fcmpu', '0000000000', false),
  comparison('fcmpo', '0000100000', true),

  row(
    'mcrfs',
    '111111 bf 00 ffa 0000000 0001000000 0',
    'bf, ffa',
    'an FPSCR field to a condition field; its exceptions are cleared',
    (o, f) => {
      const old = o.get('fpscr')
      o.setCrField(
        f.bf,
        o.i32.and(
          o.i32.shr_u(
            old,
            o.known32(k => 28 - 4 * k(f.ffa)),
          ),
          o.i32.const(15),
        ),
      )
      const kept = o.known32(k => ~((15 << (28 - 4 * k(f.ffa))) & (sticky | fpscr.fx)))
      o.set('fpscr', summarise(o, o.i32.and(old, kept)))
    },
  ),
  ...modelled(
    'integer-in-float',
    row('mffs', '111111 ft 00000 00000 1001000111 rc', 'ft', 'FPSCR to the low word of FRT', (o, f) => {
      o.setFpr(f.ft, o.i64.extend_i32_u(o.get('fpscr')))
      recordStatus(o, f.rc)
    }),
  ),
  row('mtfsb0', '111111 bt 00000 00000 0001000110 rc', 'bt', 'clears a bit of FPSCR', (o, f) => {
    const kept = o.known32(k => ~((0x8000_0000 >>> k(f.bt)) & writable))
    setStatus(o, f.rc, summarise(o, o.i32.and(o.get('fpscr'), kept)))
  }),
  row('mtfsb1', '111111 bt 00000 00000 0000100110 rc', 'bt', 'sets a bit of FPSCR', (o, f) => {
    const added = o.known32(k => (0x8000_0000 >>> k(f.bt)) & writable)
    setStatus(o, f.rc, raise(o, o.get('fpscr'), added, -1))
  }),
  row('mtfsfi', '111111 ff 00 00000 u 0 0010000110 rc', 'ff, u', 'an FPSCR field from an immediate', (o, f) => {
    const place = (bits: number, field: number): number => (bits << (28 - 4 * field)) & writable
    const kept = o.known32(k => ~place(15, k(f.ff)))
    const added = o.known32(k => place(k(f.u), k(f.ff)))
    setStatus(o, f.rc, summarise(o, o.i32.or(o.i32.and(o.get('fpscr'), kept), added)))
  }),
  row('mtfsf', '111111 0 flm 0 fb 1011000111 rc', 'flm, fb', 'FPSCR fields from the low word of FRB', (o, f) => {
    const mask = o.known32(k => fieldMask(k(f.flm)) & writable)
    const added = o.i32.and(o.i32.wrap_i64(o.fpr(f.fb)), mask)
    const kept = o.i32.and(o.get('fpscr'), o.i32.xor(mask, o.i32.const(-1)))
    setStatus(o, f.rc, summarise(o, o.i32.or(kept, added)))
  }),
]

/** The bits of the FPSCR fields that a mask selects, its most significant bit for field 0. */
function fieldMask(selection: number): number {
  let mask = 0
  for (let i = 0; i < 8; i += 1) if (selection & (0x80 >> i)) mask |= 0xf000_0000 >>> (4 * i)
  return mask
}
