import { mask64 } from '../../base/bits.ts'
import { type Known, type Ops, routine, type Values } from '../algebra.ts'
import type { Operand } from '../forms.ts'
import { addition, carryIn, not, overflow, record } from './flags.ts'
import { alias, modelled, row } from './row.ts'

/** Fixed-point arithmetic, logic, rotates and shifts. Power ISA, book I, chapter 3. */

interface TAB {
  readonly t: Operand<'gpr'>
  readonly a: Operand<'gpr'>
  readonly b: Operand<'gpr'>
}
interface Flags {
  readonly oe?: boolean
  readonly rc?: boolean
}

function sum<V extends Values>(
  o: Ops<V>,
  f: Flags & Pick<TAB, 't'>,
  x: V['i64'],
  y: V['i64'],
  carry: V['i64'] | undefined,
  carries: boolean,
): void {
  addition(o, f, x, y, carry, { set: total => o.setGpr(f.t, total), carries })
}

/** A result that may be recorded, and whose overflow, if asked for, is given. */
function result<V extends Values>(
  o: Ops<V>,
  f: Flags & Pick<TAB, 't'>,
  value: V['i64'],
  overflowed?: () => V['i32'],
): void {
  o.setGpr(f.t, value)
  const so = f.oe && overflowed ? overflow(o, overflowed()) : undefined
  record(o, f.rc ?? false, value, so)
}

/** Logic and shifts name their target RA. */
function target<V extends Values>(
  o: Ops<V>,
  f: { readonly a: Operand<'gpr'>; readonly rc: boolean },
  value: V['i64'],
): void {
  o.setGpr(f.a, value)
  record(o, f.rc, value)
}

/** RS rotated left, and with a mask known from the instruction. */
function rotateAnd<V extends Values>(
  o: Ops<V>,
  f: { readonly s: Operand<'gpr'>; readonly a: Operand<'gpr'>; readonly rc: boolean },
  count: V['i64'],
  mask: (known: Known) => bigint,
): void {
  target(o, f, o.i64.and(o.i64.rotl(o.gpr(f.s), count), o.known64(mask)))
}

/** The high 64 bits of an unsigned product, from four products of halves. */
const highProduct = routine('highProduct', ['i64', 'i64'], ['i64'], (o, a, b) => {
  const { i64 } = o
  const half = i64.const(32)
  const mask = i64.const(0xffffffffn)
  const [al, ah, bl, bh] = [i64.and(a, mask), i64.shr_u(a, half), i64.and(b, mask), i64.shr_u(b, half)] as const
  const low = i64.mul(al, bl)
  const first = i64.add(i64.mul(ah, bl), i64.shr_u(low, half))
  const second = i64.add(i64.mul(al, bh), i64.and(first, mask))
  return [i64.add(i64.add(i64.mul(ah, bh), i64.shr_u(first, half)), i64.shr_u(second, half))] as const
})

function highSigned<V extends Values>(o: Ops<V>, a: V['i64'], b: V['i64']): V['i64'] {
  const { i64 } = o
  const [high] = o.call(highProduct, a, b)
  const negative = (x: V['i64'], other: V['i64']) => i64.and(i64.shr_s(x, i64.const(63)), other)
  return i64.sub(i64.sub(high, negative(a, b)), negative(b, a))
}

const signed32 = <V extends Values>(o: Ops<V>, x: V['i64']): V['i64'] => o.i64.extend32_s(x)
const unsigned32 = <V extends Values>(o: Ops<V>, x: V['i64']): V['i64'] => o.i64.and(x, o.i64.const(0xffffffffn))

/**
 * A quotient where the architecture leaves some undefined: x / 0 is 0, and the most negative number by -1 is itself.
 * The divisor is replaced before the division, since a host division would trap.
 */
function quotient<V extends Values>(
  o: Ops<V>,
  f: Flags & Pick<TAB, 't'>,
  x: V['i64'],
  y: V['i64'],
  kind: 'signed' | 'unsigned',
  bits: 32 | 64,
): void {
  const { i64, i32 } = o
  const zero = i64.eqz(y)
  let bad = zero
  let wraps: V['i32'] | undefined
  if (kind === 'signed') {
    const least = i64.const(bits === 64 ? -(1n << 63n) : -(1n << 31n))
    wraps = i32.and(i64.eq(x, least), i64.eq(y, i64.const(-1)))
    bad = i32.or(zero, wraps)
  }
  const divisor = i64.select(bad, i64.const(1), y)
  const plain = kind === 'signed' ? i64.div_s(x, divisor) : i64.div_u(x, divisor)
  const value = i64.select(zero, i64.const(0), plain)
  result(o, f, bits === 32 ? unsigned32(o, value) : value, () => bad)
}

/** The low word in both halves, as the 32-bit rotates see it. */
function doubled<V extends Values>(o: Ops<V>, x: V['i64']): V['i64'] {
  return o.i64.or(unsigned32(o, x), o.i64.shl(x, o.i64.const(32)))
}

interface Mask32 {
  readonly mb: Operand<'imm'>
  readonly me: Operand<'imm'>
}
const mask32 = <V extends Values>(o: Ops<V>, f: Mask32): V['i64'] => o.known64(k => mask64(k(f.mb) + 32, k(f.me) + 32))

/** The count of a 64-bit shift, seven bits of RB. */
const count7 = <V extends Values>(o: Ops<V>, f: { readonly b: Operand<'gpr'> }): V['i64'] =>
  o.i64.and(o.gpr(f.b), o.i64.const(127))
const count6 = <V extends Values>(o: Ops<V>, f: { readonly b: Operand<'gpr'> }): V['i64'] =>
  o.i64.and(o.gpr(f.b), o.i64.const(63))

/** An arithmetic right shift of a signed number by 0 to 63; CA says that it was negative and lost a one. */
function shiftRight<V extends Values>(
  o: Ops<V>,
  f: { readonly a: Operand<'gpr'>; readonly rc: boolean },
  x: V['i64'],
  count: V['i64'],
  all?: V['i32'],
): void {
  const { i64, i32 } = o
  const shifted = i64.shr_s(x, count)
  const lost = i64.ne(i64.shl(shifted, count), x)
  o.set('ca', i32.and(i64.lt_s(x, i64.const(0)), all === undefined ? lost : i32.or(lost, all)))
  target(o, f, shifted)
}

export const integerRows = [
  row('add', '011111 t a b oe 100001010 rc', 't, a, b', 'RA + RB, no carry', (o, f) =>
    sum(o, f, o.gpr(f.a), o.gpr(f.b), undefined, false),
  ),
  row('addc', '011111 t a b oe 000001010 rc', 't, a, b', 'RA + RB, carrying', (o, f) =>
    sum(o, f, o.gpr(f.a), o.gpr(f.b), undefined, true),
  ),
  row('adde', '011111 t a b oe 010001010 rc', 't, a, b', 'RA + RB + CA, carrying', (o, f) =>
    sum(o, f, o.gpr(f.a), o.gpr(f.b), carryIn(o), true),
  ),
  row('addme', '011111 t a 00000 oe 011101010 rc', 't, a', 'RA + CA - 1, carrying', (o, f) =>
    sum(o, f, o.gpr(f.a), o.i64.const(-1), carryIn(o), true),
  ),
  row('addze', '011111 t a 00000 oe 011001010 rc', 't, a', 'RA + CA, carrying', (o, f) =>
    sum(o, f, o.gpr(f.a), o.i64.const(0), carryIn(o), true),
  ),
  row('subf', '011111 t a b oe 000101000 rc', 't, a, b', 'RB - RA, no carry', (o, f) =>
    sum(o, f, not(o, o.gpr(f.a)), o.gpr(f.b), o.i64.const(1), false),
  ),
  row(
    'subfc',
    '011111 t a b oe 000001000 rc',
    't, a, b',
    'RB - RA, carrying: CA is 1 where nothing was borrowed',
    (o, f) => sum(o, f, not(o, o.gpr(f.a)), o.gpr(f.b), o.i64.const(1), true),
  ),
  row('subfe', '011111 t a b oe 010001000 rc', 't, a, b', 'RB - RA - 1 + CA, carrying', (o, f) =>
    sum(o, f, not(o, o.gpr(f.a)), o.gpr(f.b), carryIn(o), true),
  ),
  row('subfme', '011111 t a 00000 oe 011101000 rc', 't, a', '-RA - 2 + CA, carrying', (o, f) =>
    sum(o, f, not(o, o.gpr(f.a)), o.i64.const(-1), carryIn(o), true),
  ),
  row('subfze', '011111 t a 00000 oe 011001000 rc', 't, a', '-RA - 1 + CA, carrying', (o, f) =>
    sum(o, f, not(o, o.gpr(f.a)), o.i64.const(0), carryIn(o), true),
  ),
  row('neg', '011111 t a 00000 oe 001101000 rc', 't, a', '-RA, no carry', (o, f) =>
    sum(o, f, not(o, o.gpr(f.a)), o.i64.const(0), o.i64.const(1), false),
  ),
  row('addi', '001110 t base si', 't, base, si', 'RA + immediate; RA 0 is the number 0', (o, f) =>
    o.setGpr(f.t, o.i64.add(o.gpr(f.base), o.imm(f.si))),
  ),
  row('addis', '001111 t base si', 't, base, si', 'RA + immediate times 65536; RA 0 is the number 0', (o, f) =>
    o.setGpr(f.t, o.i64.add(o.gpr(f.base), o.i64.extend_i32_s(o.known32(k => k(f.si) << 16)))),
  ),
  row('addic', '001100 t a si', 't, a, si', 'RA + immediate, carrying', (o, f) =>
    sum(o, f, o.gpr(f.a), o.imm(f.si), undefined, true),
  ),
  row('addic.', '001101 t a si', 't, a, si', 'RA + immediate, carrying and recording', (o, f) =>
    sum(o, { ...f, rc: true }, o.gpr(f.a), o.imm(f.si), undefined, true),
  ),
  row('subfic', '001000 t a si', 't, a, si', 'immediate - RA, carrying', (o, f) =>
    sum(o, f, not(o, o.gpr(f.a)), o.imm(f.si), o.i64.const(1), true),
  ),

  row('mulli', '000111 t a si', 't, a, si', 'the low 64 bits of RA times the immediate', (o, f) =>
    o.setGpr(f.t, o.i64.mul(o.gpr(f.a), o.imm(f.si))),
  ),
  row('mulld', '011111 t a b oe 011101001 rc', 't, a, b', 'the low 64 bits of RA × RB', (o, f) => {
    const { i64 } = o
    const [x, y] = [o.gpr(f.a), o.gpr(f.b)] as const
    const low = i64.mul(x, y)
    result(o, f, low, () => i64.ne(highSigned(o, x, y), i64.shr_s(low, i64.const(63))))
  }),
  row(
    'mullw',
    '011111 t a b oe 011101011 rc',
    't, a, b',
    'the 64-bit product of the low words of RA and RB, signed',
    (o, f) => {
      const product = o.i64.mul(signed32(o, o.gpr(f.a)), signed32(o, o.gpr(f.b)))
      result(o, f, product, () => o.i64.ne(signed32(o, product), product))
    },
  ),
  row('mulhd', '011111 t a b 0001001001 rc', 't, a, b', 'the high 64 bits of RA × RB, signed', (o, f) =>
    result(o, f, highSigned(o, o.gpr(f.a), o.gpr(f.b))),
  ),
  row('mulhdu', '011111 t a b 0000001001 rc', 't, a, b', 'the high 64 bits of RA × RB, unsigned', (o, f) => {
    const [high] = o.call(highProduct, o.gpr(f.a), o.gpr(f.b))
    result(o, f, high)
  }),
  ...modelled(
    'high-word',
    row(
      'mulhw',
      '011111 t a b 0001001011 rc',
      't, a, b',
      'the high word of the product of the low words, signed',
      (o, f) => {
        const product = o.i64.mul(signed32(o, o.gpr(f.a)), signed32(o, o.gpr(f.b)))
        result(o, f, o.i64.shr_s(product, o.i64.const(32)))
      },
    ),
  ),
  ...modelled(
    'high-word',
    row(
      'mulhwu',
      '011111 t a b 0000001011 rc',
      't, a, b',
      'the high word of the product of the low words, unsigned',
      (o, f) => {
        const product = o.i64.mul(unsigned32(o, o.gpr(f.a)), unsigned32(o, o.gpr(f.b)))
        result(o, f, o.i64.shr_u(product, o.i64.const(32)))
      },
    ),
  ),
  ...modelled(
    'impossible-quotient',
    row('divd', '011111 t a b oe 111101001 rc', 't, a, b', 'RA / RB, signed doublewords', (o, f) =>
      quotient(o, f, o.gpr(f.a), o.gpr(f.b), 'signed', 64),
    ),
  ),
  ...modelled(
    'impossible-quotient',
    row('divdu', '011111 t a b oe 111001001 rc', 't, a, b', 'RA / RB, unsigned doublewords', (o, f) =>
      quotient(o, f, o.gpr(f.a), o.gpr(f.b), 'unsigned', 64),
    ),
  ),
  ...modelled(
    'high-word',
    ...modelled(
      'impossible-quotient',
      row('divw', '011111 t a b oe 111101011 rc', 't, a, b', 'RA / RB, signed words', (o, f) =>
        quotient(o, f, signed32(o, o.gpr(f.a)), signed32(o, o.gpr(f.b)), 'signed', 32),
      ),
    ),
  ),
  ...modelled(
    'high-word',
    ...modelled(
      'impossible-quotient',
      row('divwu', '011111 t a b oe 111001011 rc', 't, a, b', 'RA / RB, unsigned words', (o, f) =>
        quotient(o, f, unsigned32(o, o.gpr(f.a)), unsigned32(o, o.gpr(f.b)), 'unsigned', 32),
      ),
    ),
  ),

  row('ori', '011000 s a ui', 'a, s, ui', 'RS or immediate', (o, f) =>
    o.setGpr(f.a, o.i64.or(o.gpr(f.s), o.imm(f.ui))),
  ),
  row('oris', '011001 s a ui', 'a, s, ui', 'RS or immediate times 65536', (o, f) =>
    o.setGpr(f.a, o.i64.or(o.gpr(f.s), o.i64.extend_i32_u(o.known32(k => k(f.ui) << 16)))),
  ),
  row('xori', '011010 s a ui', 'a, s, ui', 'RS xor immediate', (o, f) =>
    o.setGpr(f.a, o.i64.xor(o.gpr(f.s), o.imm(f.ui))),
  ),
  row('xoris', '011011 s a ui', 'a, s, ui', 'RS xor immediate times 65536', (o, f) =>
    o.setGpr(f.a, o.i64.xor(o.gpr(f.s), o.i64.extend_i32_u(o.known32(k => k(f.ui) << 16)))),
  ),
  row('andi.', '011100 s a ui', 'a, s, ui', 'RS and immediate, recording', (o, f) =>
    target(o, { ...f, rc: true }, o.i64.and(o.gpr(f.s), o.imm(f.ui))),
  ),
  row('andis.', '011101 s a ui', 'a, s, ui', 'RS and immediate times 65536, recording', (o, f) =>
    target(o, { ...f, rc: true }, o.i64.and(o.gpr(f.s), o.i64.extend_i32_u(o.known32(k => k(f.ui) << 16)))),
  ),
  row('and', '011111 s a b 0000011100 rc', 'a, s, b', 'RS and RB', (o, f) =>
    target(o, f, o.i64.and(o.gpr(f.s), o.gpr(f.b))),
  ),
  row('andc', '011111 s a b 0000111100 rc', 'a, s, b', 'RS and not RB', (o, f) =>
    target(o, f, o.i64.and(o.gpr(f.s), not(o, o.gpr(f.b)))),
  ),
  row('eqv', '011111 s a b 0100011100 rc', 'a, s, b', 'not (RS xor RB)', (o, f) =>
    target(o, f, not(o, o.i64.xor(o.gpr(f.s), o.gpr(f.b)))),
  ),
  row('nand', '011111 s a b 0111011100 rc', 'a, s, b', 'not (RS and RB)', (o, f) =>
    target(o, f, not(o, o.i64.and(o.gpr(f.s), o.gpr(f.b)))),
  ),
  row('nor', '011111 s a b 0001111100 rc', 'a, s, b', 'not (RS or RB)', (o, f) =>
    target(o, f, not(o, o.i64.or(o.gpr(f.s), o.gpr(f.b)))),
  ),
  row('or', '011111 s a b 0110111100 rc', 'a, s, b', 'RS or RB', (o, f) =>
    target(o, f, o.i64.or(o.gpr(f.s), o.gpr(f.b))),
  ),
  row('orc', '011111 s a b 0110011100 rc', 'a, s, b', 'RS or not RB', (o, f) =>
    target(o, f, o.i64.or(o.gpr(f.s), not(o, o.gpr(f.b)))),
  ),
  row('xor', '011111 s a b 0100111100 rc', 'a, s, b', 'RS xor RB', (o, f) =>
    target(o, f, o.i64.xor(o.gpr(f.s), o.gpr(f.b))),
  ),
  row('extsb', '011111 s a 000001110111010 rc', 'a, s', 'the low byte of RS, sign-extended', (o, f) =>
    target(o, f, o.i64.extend8_s(o.gpr(f.s))),
  ),
  row('extsh', '011111 s a 000001110011010 rc', 'a, s', 'the low halfword of RS, sign-extended', (o, f) =>
    target(o, f, o.i64.extend16_s(o.gpr(f.s))),
  ),
  row('extsw', '011111 s a 000001111011010 rc', 'a, s', 'the low word of RS, sign-extended', (o, f) =>
    target(o, f, o.i64.extend32_s(o.gpr(f.s))),
  ),
  row('cntlzd', '011111 s a 000000000111010 rc', 'a, s', 'the number of leading zeros in all 64 bits of RS', (o, f) =>
    target(o, f, o.i64.clz(o.gpr(f.s))),
  ),
  row('cntlzw', '011111 s a 000000000011010 rc', 'a, s', 'the number of leading zeros in the low word of RS', (o, f) =>
    target(o, f, o.i64.extend_i32_u(o.i32.clz(o.i32.wrap_i64(o.gpr(f.s))))),
  ),

  row(
    'rlwinm',
    '010101 s a sh mb me rc',
    'a, s, sh, mb, me',
    'the low word of RS rotated left by SH, and with the mask MB to ME',
    (o, f) => target(o, f, o.i64.and(o.i64.rotl(doubled(o, o.gpr(f.s)), o.imm(f.sh)), mask32(o, f))),
  ),
  row(
    'rlwimi',
    '010100 s a sh mb me rc',
    'a, s, sh, mb, me',
    'the low word of RS rotated left by SH, inserted into RA under the mask MB to ME',
    (o, f) => {
      const { i64 } = o
      const old = o.gpr(f.a)
      const rotated = i64.rotl(doubled(o, o.gpr(f.s)), o.imm(f.sh))
      target(o, f, i64.xor(old, i64.and(i64.xor(old, rotated), mask32(o, f))))
    },
  ),
  row(
    'rlwnm',
    '010111 s a b mb me rc',
    'a, s, b, mb, me',
    'the low word of RS rotated left by RB, and with the mask MB to ME',
    (o, f) => {
      const { i64 } = o
      const rotated = i64.rotl(doubled(o, o.gpr(f.s)), i64.and(o.gpr(f.b), i64.const(31)))
      target(o, f, i64.and(rotated, mask32(o, f)))
    },
  ),
  row(
    'rldicl',
    '011110 s a sh6 mb6 mb6 000 sh6 rc',
    'a, s, sh6, mb6',
    'RS rotated left by SH, bits before MB cleared',
    (o, f) => rotateAnd(o, f, o.imm(f.sh6), k => mask64(k(f.mb6), 63)),
  ),
  row(
    'rldicr',
    '011110 s a sh6 mb6 mb6 001 sh6 rc',
    'a, s, sh6, mb6',
    'RS rotated left by SH, bits behind ME cleared',
    (o, f) => rotateAnd(o, f, o.imm(f.sh6), k => mask64(0, k(f.mb6))),
  ),
  row(
    'rldic',
    '011110 s a sh6 mb6 mb6 010 sh6 rc',
    'a, s, sh6, mb6',
    'RS rotated left by SH, bits before MB and the low SH bits cleared',
    (o, f) => rotateAnd(o, f, o.imm(f.sh6), k => mask64(k(f.mb6), 63 - k(f.sh6))),
  ),
  row(
    'rldimi',
    '011110 s a sh6 mb6 mb6 011 sh6 rc',
    'a, s, sh6, mb6',
    'RS rotated left by SH, inserted into RA from bit MB to 63 - SH',
    (o, f) => {
      const { i64 } = o
      const old = o.gpr(f.a)
      const rotated = i64.rotl(o.gpr(f.s), o.imm(f.sh6))
      target(
        o,
        f,
        i64.xor(
          old,
          i64.and(
            i64.xor(old, rotated),
            o.known64(k => mask64(k(f.mb6), 63 - k(f.sh6))),
          ),
        ),
      )
    },
  ),
  row(
    'rldcl',
    '011110 s a b mb6 mb6 1000 rc',
    'a, s, b, mb6',
    'RS rotated left by RB, bits before MB cleared',
    (o, f) => rotateAnd(o, f, o.gpr(f.b), k => mask64(k(f.mb6), 63)),
  ),
  row(
    'rldcr',
    '011110 s a b mb6 mb6 1001 rc',
    'a, s, b, mb6',
    'RS rotated left by RB, bits behind ME cleared',
    (o, f) => rotateAnd(o, f, o.gpr(f.b), k => mask64(0, k(f.mb6))),
  ),

  // A word shifted within 64 bits by up to 63 loses what a shift of 32 bits would lose.
  row(
    'slw',
    '011111 s a b 0000011000 rc',
    'a, s, b',
    'the low word of RS shifted left by RB; from 32 on zero',
    (o, f) => target(o, f, unsigned32(o, o.i64.shl(unsigned32(o, o.gpr(f.s)), count6(o, f)))),
  ),
  row(
    'srw',
    '011111 s a b 1000011000 rc',
    'a, s, b',
    'the low word of RS shifted right by RB; from 32 on zero',
    (o, f) => target(o, f, o.i64.shr_u(unsigned32(o, o.gpr(f.s)), count6(o, f))),
  ),
  row(
    'sraw',
    '011111 s a b 1100011000 rc',
    'a, s, b',
    'the low word of RS shifted right by RB with its sign; CA tells of lost ones',
    (o, f) => shiftRight(o, f, signed32(o, o.gpr(f.s)), count6(o, f)),
  ),
  row(
    'srawi',
    '011111 s a sh 1100111000 rc',
    'a, s, sh',
    'the low word of RS shifted right by SH with its sign; CA tells of lost ones',
    (o, f) => shiftRight(o, f, signed32(o, o.gpr(f.s)), o.imm(f.sh)),
  ),
  row('sld', '011111 s a b 0000011011 rc', 'a, s, b', 'RS shifted left by RB; from 64 on zero', (o, f) => {
    const count = count7(o, f)
    const shifted = o.i64.shl(o.gpr(f.s), count)
    target(o, f, o.i64.select(o.i64.gt_u(count, o.i64.const(63)), o.i64.const(0), shifted))
  }),
  row('srd', '011111 s a b 1000011011 rc', 'a, s, b', 'RS shifted right by RB; from 64 on zero', (o, f) => {
    const count = count7(o, f)
    const shifted = o.i64.shr_u(o.gpr(f.s), count)
    target(o, f, o.i64.select(o.i64.gt_u(count, o.i64.const(63)), o.i64.const(0), shifted))
  }),
  row(
    'srad',
    '011111 s a b 1100011010 rc',
    'a, s, b',
    'RS shifted right by RB with its sign; CA tells of lost ones',
    (o, f) => {
      const count = count7(o, f)
      const all = o.i64.gt_u(count, o.i64.const(63))
      shiftRight(o, f, o.gpr(f.s), o.i64.select(all, o.i64.const(63), count), all)
    },
  ),
  row(
    'sradi',
    '011111 s a sh6 110011101 sh6 rc',
    'a, s, sh6',
    'RS shifted right by SH with its sign; CA tells of lost ones',
    (o, f) => shiftRight(o, f, o.gpr(f.s), o.imm(f.sh6)),
  ),
]

export const integerAliases = [
  alias('nop', '01100000000000000000000000000000', '', 'no operation'),
  alias('li', '001110 t 00000 si', 't, si', 'an immediate'),
  alias('lis', '001111 t 00000 ui', 't, ui', 'an immediate times 65536'),
  alias('mr', '011111 sb a sb 0110111100 rc', 'a, sb', 'copy a register'),
  alias('not', '011111 sb a sb 0001111100 rc', 'a, sb', 'complement a register'),
]
