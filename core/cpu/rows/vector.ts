import type { Ops, Values } from '../algebra.ts'
import type { Operand } from '../forms.ts'
import { row } from './row.ts'

/** AltiVec: moves between vector registers and memory, and logic. */

/** The 16 bytes that hold an address. */
const quadword = <V extends Values>(
  o: Ops<V>,
  f: { readonly base: Operand<'base'>; readonly b: Operand<'gpr'> },
): V['i32'] => o.i32.and(o.i32.wrap_i64(o.i64.add(o.gpr(f.base), o.gpr(f.b))), o.i32.const(-16))

export const vectorRows = [
  row('lvx', '011111 vd base b 00011001110', 'vd, base, b', 'load vector', (o, f) =>
    o.setVr(f.vd, o.load128(quadword(o, f))),
  ),
  row('stvx', '011111 vs base b 00111001110', 'vs, base, b', 'store vector', (o, f) =>
    o.store128(quadword(o, f), o.vr(f.vs)),
  ),
  row('vxor', '000100 vd va vb 10011000100', 'vd, va, vb', 'VA xor VB', (o, f) =>
    o.setVr(f.vd, o.v128.xor(o.vr(f.va), o.vr(f.vb))),
  ),
]
