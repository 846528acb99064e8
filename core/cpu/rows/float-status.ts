/** FPSCR moved, and its bits set and cleared: the same in both of its modes. */
import { fpscr, raise, sticky, summarise, writable } from '../float/fpscr.ts'
import { recordStatus, setStatus } from './float.ts'
import { modelled, type Row, row } from './row.ts'

export const floatStatusRows: readonly Row[] = [
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
