/**
 * FPSCR, bit by bit, as values of the low word; and what every arithmetic instruction does to it.
 *
 * An operation answers `flags`: the exceptions it met and FR, FI and the result class, each in its own place. FR, FI and
 * FPRF are of the last operation alone; the exceptions stay until cleared. FX rises when an exception goes from 0 to 1;
 * VX and FEX are summaries that nobody writes. Enabled exceptions never trap here (titles run with MSR.FE0 = FE1 = 0),
 * but an enabled invalid operation or division by zero leaves its target as it was.
 *
 * Source: PowerPC Architecture Book I, 4.2.2 (FPSCR) and 4.4 (exceptions).
 */
import type { Ops, Values } from '../algebra.ts'

export const fpscr = {
  fx: 0x8000_0000 | 0,
  fex: 0x4000_0000,
  vx: 0x2000_0000,
  ox: 0x1000_0000,
  ux: 0x0800_0000,
  zx: 0x0400_0000,
  xx: 0x0200_0000,
  vxsnan: 0x0100_0000,
  vxisi: 0x0080_0000,
  vxidi: 0x0040_0000,
  vxzdz: 0x0020_0000,
  vximz: 0x0010_0000,
  vxvc: 0x0008_0000,
  fr: 0x0004_0000,
  fi: 0x0002_0000,
  /** The class bit C and FPCC: five bits. */
  fprf: 0x0001_f000,
  fpcc: 0x0000_f000,
  vxsoft: 0x400,
  vxsqrt: 0x200,
  vxcvi: 0x100,
  ve: 0x80,
  oe: 0x40,
  ue: 0x20,
  ze: 0x10,
  xe: 0x08,
  ni: 0x04,
  rn: 0x03,
} as const

/** Every invalid-operation cause. */
export const invalid =
  fpscr.vxsnan |
  fpscr.vxisi |
  fpscr.vxidi |
  fpscr.vxzdz |
  fpscr.vximz |
  fpscr.vxvc |
  fpscr.vxsoft |
  fpscr.vxsqrt |
  fpscr.vxcvi

/** What stays set until cleared. */
export const sticky = fpscr.ox | fpscr.ux | fpscr.zx | fpscr.xx | invalid

/** The bits that `mtfsf` and its kin write as they stand: all but the two summaries and the reserved bit. */
export const writable = ~(fpscr.fex | fpscr.vx | 0x800)

/** FPSCR with its summaries VX and FEX made to agree with the bits they sum up. */
export function summarise<V extends Values>(o: Ops<V>, value: V['i32']): V['i32'] {
  const { i32 } = o
  const has = (mask: number): V['i32'] => i32.ne(i32.and(value, i32.const(mask)), i32.const(0))
  const vx = has(invalid)
  const plain = i32.and(value, i32.const(~(fpscr.fex | fpscr.vx)))
  const both = (exception: V['i32'], enable: number): V['i32'] => i32.and(exception, has(enable))
  const fex = i32.or(
    i32.or(both(vx, fpscr.ve), both(has(fpscr.ox), fpscr.oe)),
    i32.or(both(has(fpscr.ux), fpscr.ue), i32.or(both(has(fpscr.zx), fpscr.ze), both(has(fpscr.xx), fpscr.xe))),
  )
  return i32.or(plain, i32.or(i32.shl(vx, i32.const(29)), i32.shl(fex, i32.const(30))))
}

/** FPSCR after exceptions were raised: FX when one of them is new, the summaries. `kept` bits of the old value stay. */
export function raise<V extends Values>(o: Ops<V>, old: V['i32'], flags: V['i32'], kept: number): V['i32'] {
  const { i32 } = o
  const fresh = i32.and(i32.and(flags, i32.const(sticky)), i32.xor(old, i32.const(-1)))
  const fx = i32.shl(i32.ne(fresh, i32.const(0)), i32.const(31))
  return summarise(o, i32.or(i32.or(i32.and(old, i32.const(kept)), flags), fx))
}

/** After an operation with a result: FR, FI and FPRF are its own. */
export const afterResult = <V extends Values>(o: Ops<V>, old: V['i32'], flags: V['i32']): V['i32'] =>
  raise(o, old, flags, ~(fpscr.fr | fpscr.fi | fpscr.fprf))

/** After a conversion to integer: FR and FI are its own, FPRF stays. */
export const afterConversion = <V extends Values>(o: Ops<V>, old: V['i32'], flags: V['i32']): V['i32'] =>
  raise(o, old, flags, ~(fpscr.fr | fpscr.fi))

/** After a compare: FPCC is its own, the class bit stays. */
export const afterCompare = <V extends Values>(o: Ops<V>, old: V['i32'], flags: V['i32']): V['i32'] =>
  raise(o, old, flags, ~fpscr.fpcc)

/** Whether an enabled exception keeps the target from being written. */
export function withheld<V extends Values>(o: Ops<V>, old: V['i32'], flags: V['i32']): V['i32'] {
  const { i32 } = o
  const met = (mask: number, enable: number): V['i32'] =>
    i32.and(
      i32.ne(i32.and(flags, i32.const(mask)), i32.const(0)),
      i32.ne(i32.and(old, i32.const(enable)), i32.const(0)),
    )
  return i32.or(met(invalid, fpscr.ve), met(fpscr.zx, fpscr.ze))
}
