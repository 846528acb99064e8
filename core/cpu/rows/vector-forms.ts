/**
 * The shapes of vector instructions: AltiVec's (registers 0 to 31) and VMX128's (0 to 127, whose numbers are spread over
 * the word). A shape takes the eleven low bits of the instruction as the manuals print them and a meaning on values.
 */
import type { Ops, Values } from '../algebra.ts'
import { compareField, type Meaning1, type Meaning2, type Meaning3 } from '../vector/lanes.ts'
import { type Row, row } from './row.ts'

/** A number as so many binary digits of a pattern. */
export const bits = (value: number, width: number): string => value.toString(2).padStart(width, '0')
/** Bits `first` to `last` of a word whose low eleven bits are given. */
const cut = (low: number, first: number, last: number): string =>
  bits((low >> (31 - last)) & (2 ** (last - first + 1) - 1), last - first + 1)

type Vx = '000100 vd va vb 00000000000'
type Vc = '000100 vd va vb rc21 0000000000'
type Va = '000100 vd va vb vc 000000'
type V1 = '000100 vd 00000 vb 00000000000'
type Vi = '000100 vd uimm vb 00000000000'

/** vd, va, vb. */
export const vx = (name: string, low: number, about: string, meaning: Meaning2): Row =>
  row(name, `000100 vd va vb ${bits(low, 11)}` as Vx, 'vd, va, vb', about, (o, f) =>
    o.setVr(f.vd, meaning(o, o.vr(f.va), o.vr(f.vb))),
  )

/** A compare: with Rc it also sets CR6. */
export const vxCompare = (name: string, low: number, about: string, meaning: Meaning2, field = compareField): Row =>
  row(name, `000100 vd va vb rc21 ${bits(low, 10)}` as Vc, 'vd, va, vb', about, (o, f) => {
    const mask = meaning(o, o.vr(f.va), o.vr(f.vb))
    o.setVr(f.vd, mask)
    if (f.rc21) o.setCrField(6, field(o, mask))
  })

/** vd, va, vb, vc. */
export const va = (name: string, low: number, syntax: string, about: string, meaning: Meaning3): Row =>
  row(name, `000100 vd va vb vc ${bits(low, 6)}` as Va, syntax, about, (o, f) =>
    o.setVr(f.vd, meaning(o, o.vr(f.va), o.vr(f.vb), o.vr(f.vc))),
  )

/** vd, vb. */
export const vx1 = (name: string, low: number, about: string, meaning: Meaning1): Row =>
  row(name, `000100 vd 00000 vb ${bits(low, 11)}` as V1, 'vd, vb', about, (o, f) =>
    o.setVr(f.vd, meaning(o, o.vr(f.vb))),
  )

type Scaled = <V extends Values>(o: Ops<V>, b: V['v128'], immediate: V['i32']) => V['v128']

/** vd, vb, uimm; the meaning gets what `of` makes of the immediate. */
export const vxImmediate = (
  name: string,
  low: number,
  about: string,
  of: (uimm: number) => number,
  meaning: Scaled,
): Row =>
  row(name, `000100 vd uimm vb ${bits(low, 11)}` as Vi, 'vd, vb, uimm', about, (o, f) =>
    o.setVr(
      f.vd,
      meaning(
        o,
        o.vr(f.vb),
        o.known32(k => of(k(f.uimm))),
      ),
    ),
  )

type X128 = '000101 vd128 va128 vb128 va128 0000 va128 1 vd128 vb128'
type R128 = '000101 vd128 va128 vb128 va128 000 rc25 va128 1 vd128 vb128'
type U128 = '000101 vd128 00000 vb128 0000011 vd128 vb128'
type I128 = '000101 vd128 uimm vb128 0000011 vd128 vb128'

/** What a form that reaches all registers is called beside its like that does not. */
export const on128 = (about: string): string => `${about}, of v0 to v127`

/** vd, va, vb of 128 registers; `opcode` is 5 or 6. `old` is what vd held. */
export const vx128 = (
  name: string,
  opcode: 5 | 6,
  low: number,
  about: string,
  meaning: <V extends Values>(o: Ops<V>, a: V['v128'], b: V['v128'], old: V['v128']) => V['v128'],
): Row => {
  const pattern = `${bits(opcode, 6)} vd128 va128 vb128 va128 ${cut(low, 22, 25)} va128 ${cut(low, 27, 27)} vd128 vb128`
  return row(name, pattern as X128, 'vd128, va128, vb128', on128(about), (o, f) =>
    o.setVr(f.vd128, meaning(o, o.vr(f.va128), o.vr(f.vb128), o.vr(f.vd128))),
  )
}

export const vx128Compare = (
  name: string,
  low: number,
  about: string,
  meaning: Meaning2,
  field = compareField,
): Row => {
  const pattern = `000110 vd128 va128 vb128 va128 ${cut(low, 22, 24)} rc25 va128 ${cut(low, 27, 27)} vd128 vb128`
  return row(name, pattern as R128, 'vd128, va128, vb128', on128(about), (o, f) => {
    const mask = meaning(o, o.vr(f.va128), o.vr(f.vb128))
    o.setVr(f.vd128, mask)
    if (f.rc25) o.setCrField(6, field(o, mask))
  })
}

/** vd, vb of 128 registers; bits 11 to 15 are ignored. */
export const vx128Unary = (name: string, low: number, about: string, meaning: Meaning1): Row =>
  row(name, `000110 vd128 ..... vb128 ${cut(low, 21, 27)} vd128 vb128` as U128, 'vd128, vb128', on128(about), (o, f) =>
    o.setVr(f.vd128, meaning(o, o.vr(f.vb128))),
  )

export const vx128Immediate = (
  name: string,
  low: number,
  about: string,
  of: (uimm: number) => number,
  meaning: Scaled,
): Row =>
  row(
    name,
    `000110 vd128 uimm vb128 ${cut(low, 21, 27)} vd128 vb128` as I128,
    'vd128, vb128, uimm',
    on128(about),
    (o, f) =>
      o.setVr(
        f.vd128,
        meaning(
          o,
          o.vr(f.vb128),
          o.known32(k => of(k(f.uimm))),
        ),
      ),
  )
