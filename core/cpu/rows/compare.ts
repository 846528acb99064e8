import type { Ops, Values } from '../algebra.ts'
import type { Operand } from '../forms.ts'
import { order } from './flags.ts'
import { alias, modelled, row } from './row.ts'

/** Comparisons, the condition register's own logic, and moves to and from it. Power ISA, book I, 2.5 and 3.3. */

function compare<V extends Values>(
  o: Ops<V>,
  f: { readonly bf: Operand<'crf'>; readonly l: boolean },
  x: V['i64'],
  y: V['i64'],
  kind: 's' | 'u',
): void {
  const { i32, i64 } = o
  const [a, b] = [i32.wrap_i64(x), i32.wrap_i64(y)] as const
  const greater = f.l ? i64[`gt_${kind}`](x, y) : i32[`gt_${kind}`](a, b)
  const equal = f.l ? i64.eq(x, y) : i32.eq(a, b)
  o.setCrField(f.bf, i32.or(order(o, greater, equal), o.get('so')))
}

interface Bits {
  readonly bt: Operand<'crb'>
  readonly ba: Operand<'crb'>
  readonly bb: Operand<'crb'>
}
function bits<V extends Values>(o: Ops<V>, f: Bits, of: (a: V['i32'], b: V['i32']) => V['i32']): void {
  o.setCrBit(f.bt, of(o.crBit(f.ba), o.crBit(f.bb)))
}
const flip = <V extends Values>(o: Ops<V>, bit: V['i32']): V['i32'] => o.i32.xor(bit, o.i32.const(1))

const crFields = [0, 1, 2, 3, 4, 5, 6, 7] as const

/** The fields as the 32-bit register, field 0 highest. */
function wholeCr<V extends Values>(o: Ops<V>): V['i64'] {
  const parts = crFields.map(n => o.i32.shl(o.crField(n), o.i32.const(28 - 4 * n)))
  return o.i64.extend_i32_u(parts.reduce((sum, part) => o.i32.or(sum, part)))
}

const fieldOf = <V extends Values>(o: Ops<V>, word: V['i32'], n: number): V['i32'] =>
  o.i32.and(o.i32.shr_u(word, o.i32.const(28 - 4 * n)), o.i32.const(15))

export const compareRows = [
  row(
    'cmp',
    '011111 bf 0 l a b 00000000000',
    'bf, l, a, b',
    'compare RA with RB, signed, words or (L = 1) doublewords',
    (o, f) => compare(o, f, o.gpr(f.a), o.gpr(f.b), 's'),
  ),
  row(
    'cmpl',
    '011111 bf 0 l a b 00001000000',
    'bf, l, a, b',
    'compare RA with RB, unsigned, words or (L = 1) doublewords',
    (o, f) => compare(o, f, o.gpr(f.a), o.gpr(f.b), 'u'),
  ),
  row(
    'cmpi',
    '001011 bf 0 l a si',
    'bf, l, a, si',
    'compare RA with an immediate, signed, words or (L = 1) doublewords',
    (o, f) => compare(o, f, o.gpr(f.a), o.imm(f.si), 's'),
  ),
  row(
    'cmpli',
    '001010 bf 0 l a ui',
    'bf, l, a, ui',
    'compare RA with an immediate, unsigned, words or (L = 1) doublewords',
    (o, f) => compare(o, f, o.gpr(f.a), o.imm(f.ui), 'u'),
  ),

  row('crand', '010011 bt ba bb 01000000010', 'bt, ba, bb', 'condition bit BT = BA and BB', (o, f) =>
    bits(o, f, o.i32.and),
  ),
  row('crandc', '010011 bt ba bb 00100000010', 'bt, ba, bb', 'condition bit BT = BA and not BB', (o, f) =>
    bits(o, f, (a, b) => o.i32.and(a, flip(o, b))),
  ),
  row('creqv', '010011 bt ba bb 01001000010', 'bt, ba, bb', 'condition bit BT = BA equal to BB', (o, f) =>
    bits(o, f, (a, b) => flip(o, o.i32.xor(a, b))),
  ),
  row('crnand', '010011 bt ba bb 00111000010', 'bt, ba, bb', 'condition bit BT = not (BA and BB)', (o, f) =>
    bits(o, f, (a, b) => flip(o, o.i32.and(a, b))),
  ),
  row('crnor', '010011 bt ba bb 00001000010', 'bt, ba, bb', 'condition bit BT = not (BA or BB)', (o, f) =>
    bits(o, f, (a, b) => flip(o, o.i32.or(a, b))),
  ),
  row('cror', '010011 bt ba bb 01110000010', 'bt, ba, bb', 'condition bit BT = BA or BB', (o, f) =>
    bits(o, f, o.i32.or),
  ),
  row('crorc', '010011 bt ba bb 01101000010', 'bt, ba, bb', 'condition bit BT = BA or not BB', (o, f) =>
    bits(o, f, (a, b) => o.i32.or(a, flip(o, b))),
  ),
  row('crxor', '010011 bt ba bb 00110000010', 'bt, ba, bb', 'condition bit BT = BA xor BB', (o, f) =>
    bits(o, f, o.i32.xor),
  ),

  row('mcrf', '010011 bf 00 bfa 000000000000000000', 'bf, bfa', 'copy condition field BFA to BF', (o, f) =>
    o.setCrField(f.bf, o.crField(f.bfa)),
  ),
  row(
    'mcrxr',
    '011111 bf 00000000000010000000000',
    'bf',
    'move SO, OV and CA to condition field BF, clearing them',
    (o, f) => {
      const { i32 } = o
      const shifted = (name: 'so' | 'ov' | 'ca', by: number) => i32.shl(o.get(name), i32.const(by))
      o.setCrField(f.bf, i32.or(i32.or(shifted('so', 3), shifted('ov', 2)), shifted('ca', 1)))
      for (const name of ['so', 'ov', 'ca'] as const) o.set(name, i32.const(0))
    },
  ),
  row('mfcr', '011111 t 000000000000000100110', 't', 'the condition register to RT', (o, f) =>
    o.setGpr(f.t, wholeCr(o)),
  ),
  ...modelled(
    'other-fields',
    row(
      'mfocrf',
      '011111 t 1 fxm 000000100110',
      't, fxm',
      'one field of the condition register, in its place',
      (o, f) => o.setGpr(f.t, wholeCr(o)),
    ),
  ),
  row(
    'mtcrf',
    '011111 s 0 fxm 000100100000',
    'fxm, s',
    'the condition fields of a mask from the low word of RS',
    (o, f) => {
      const word = o.i32.wrap_i64(o.gpr(f.s))
      const mask = o.imm32(f.fxm)
      for (const n of crFields)
        o.setCrField(n, o.i32.select(o.i32.and(mask, o.i32.const(0x80 >> n)), fieldOf(o, word, n), o.crField(n)))
    },
  ),
  ...modelled(
    'other-fields',
    row('mtocrf', '011111 s 1 fxm1 000100100000', 'fxm1, s', 'one condition field from the low word of RS', (o, f) => {
      if (f.fxm1 < 8) o.setCrField(f.fxm1, fieldOf(o, o.i32.wrap_i64(o.gpr(f.s)), f.fxm1))
    }),
  ),
]

const comparisons = [
  ['cmpw', '011111', '0', 'a b 00000000000', 'a, b'],
  ['cmpd', '011111', '1', 'a b 00000000000', 'a, b'],
  ['cmplw', '011111', '0', 'a b 00001000000', 'a, b'],
  ['cmpld', '011111', '1', 'a b 00001000000', 'a, b'],
  ['cmpwi', '001011', '0', 'a si', 'a, si'],
  ['cmpdi', '001011', '1', 'a si', 'a, si'],
  ['cmplwi', '001010', '0', 'a ui', 'a, ui'],
  ['cmpldi', '001010', '1', 'a ui', 'a, ui'],
] as const

export const compareAliases = [
  ...comparisons.flatMap(([name, opcode, l, rest, syntax]) => [
    alias(name, `${opcode} bf 0 ${l} ${rest}`, `bf, ${syntax}`, 'compare'),
    alias(name, `${opcode} 000 0 ${l} ${rest}`, syntax, 'compare, to field 0'),
  ]),
  alias('crclr', '010011 btab btab btab 00110000010', 'btab', 'clear a bit'),
  alias('crset', '010011 btab btab btab 01001000010', 'btab', 'set a bit'),
  alias('crmove', '010011 bt bab bab 01110000010', 'bt, bab', 'copy a bit'),
  alias('crnot', '010011 bt bab bab 00001000010', 'bt, bab', 'flip a bit'),
  alias('mtcr', '011111 s 0 11111111 000100100000', 's', 'set all fields'),
]
