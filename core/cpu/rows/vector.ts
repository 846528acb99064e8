/** AltiVec: integer, logic, moves between elements. Power ISA, book I chapter 6; the console's own are in vector128.ts. */
import type { Ops, Values } from '../algebra.ts'
import {
  addSaturated,
  average,
  carryOut,
  merge,
  multiplyEven,
  multiplyHighAdd,
  multiplyLowAdd,
  multiplyOdd,
  noBorrow,
  pack,
  permute,
  subtractSaturated,
  sumAll,
  sumPairs,
  sumProducts,
  sumQuarters,
  unpack,
} from '../vector/integer.ts'
import {
  lastByte,
  type Meaning2,
  rotateLeft,
  shiftBitsLeft,
  shiftBitsRight,
  shiftBytesLeft,
  shiftBytesRight,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  window,
  words,
  zero,
} from '../vector/lanes.ts'
import { modelled, type Row, row } from './row.ts'
import { va, vx, vx1, vxCompare, vxImmediate } from './vector-forms.ts'

const bitCount = <V extends Values>(o: Ops<V>, b: V['v128']): V['i32'] => o.i32.and(lastByte(o, b), o.i32.const(7))
const byteCount = <V extends Values>(o: Ops<V>, b: V['v128']): V['i32'] =>
  o.i32.and(o.i32.shr_u(lastByte(o, b), o.i32.const(3)), o.i32.const(15))

export const shiftByOctets = {
  left: ((o, a, b) => shiftBytesLeft(o, a, byteCount(o, b))) as Meaning2,
  right: ((o, a, b) => shiftBytesRight(o, a, byteCount(o, b))) as Meaning2,
}

/** Byte numbers of the lanes of the element chosen, for a swizzle. */
export const splatByte = (uimm: number): number => (15 - (uimm & 15)) * 0x0101_0101
export const splatHalf = (uimm: number): number => ((7 - (uimm & 7)) * 2 * 0x0101 + 0x0100) * 0x0001_0001
export const splatWord = (uimm: number): number => (3 - (uimm & 3)) * 4 * 0x0101_0101 + 0x0302_0100
export const chosen = <V extends Values>(o: Ops<V>, b: V['v128'], lanes: V['i32']): V['v128'] =>
  o.i8x16.swizzle(b, o.i32x4.splat(lanes))

const modular: readonly Row[] = [
  vx('vaddubm', 0x000, 'bytes added', (o, a, b) => o.i8x16.add(a, b)),
  vx('vadduhm', 0x040, 'halfwords added', (o, a, b) => o.i16x8.add(a, b)),
  vx('vadduwm', 0x080, 'words added', (o, a, b) => o.i32x4.add(a, b)),
  vx('vsububm', 0x400, 'bytes subtracted', (o, a, b) => o.i8x16.sub(a, b)),
  vx('vsubuhm', 0x440, 'halfwords subtracted', (o, a, b) => o.i16x8.sub(a, b)),
  vx('vsubuwm', 0x480, 'words subtracted', (o, a, b) => o.i32x4.sub(a, b)),
  vx('vaddcuw', 0x180, 'carries of word additions', carryOut),
  vx('vsubcuw', 0x580, '1 for each word subtraction that does not borrow', noBorrow),
]

const saturating: readonly Row[] = [
  vx('vaddsbs', 0x300, 'signed bytes added, saturated', addSaturated.sb),
  vx('vaddshs', 0x340, 'signed halfwords added, saturated', addSaturated.sh),
  vx('vaddsws', 0x380, 'signed words added, saturated', addSaturated.sw),
  vx('vaddubs', 0x200, 'unsigned bytes added, saturated', addSaturated.ub),
  vx('vadduhs', 0x240, 'unsigned halfwords added, saturated', addSaturated.uh),
  vx('vadduws', 0x280, 'unsigned words added, saturated', addSaturated.uw),
  vx('vsubsbs', 0x700, 'signed bytes subtracted, saturated', subtractSaturated.sb),
  vx('vsubshs', 0x740, 'signed halfwords subtracted, saturated', subtractSaturated.sh),
  vx('vsubsws', 0x780, 'signed words subtracted, saturated', subtractSaturated.sw),
  vx('vsububs', 0x600, 'unsigned bytes subtracted, saturated', subtractSaturated.ub),
  vx('vsubuhs', 0x640, 'unsigned halfwords subtracted, saturated', subtractSaturated.uh),
  vx('vsubuws', 0x680, 'unsigned words subtracted, saturated', subtractSaturated.uw),
  vx('vsumsws', 0x788, 'the words of VA and the last of VB summed, saturated', sumAll),
  vx('vsum2sws', 0x688, 'pairs of words summed, saturated', sumPairs),
  vx('vsum4sbs', 0x708, 'fours of signed bytes summed, saturated', sumQuarters.sbs),
  vx('vsum4shs', 0x648, 'pairs of signed halfwords summed, saturated', sumQuarters.shs),
  vx('vsum4ubs', 0x608, 'fours of unsigned bytes summed, saturated', sumQuarters.ubs),
]

const choosing: readonly Row[] = [
  vx('vavgsb', 0x502, 'signed bytes averaged', average.sb),
  vx('vavgsh', 0x542, 'signed halfwords averaged', average.sh),
  vx('vavgsw', 0x582, 'signed words averaged', average.sw),
  vx('vavgub', 0x402, 'unsigned bytes averaged', (o, a, b) => o.i8x16.avgr_u(a, b)),
  vx('vavguh', 0x442, 'unsigned halfwords averaged', (o, a, b) => o.i16x8.avgr_u(a, b)),
  vx('vavguw', 0x482, 'unsigned words averaged', average.uw),
  vx('vmaxsb', 0x102, 'the greater signed bytes', (o, a, b) => o.i8x16.max_s(a, b)),
  vx('vmaxsh', 0x142, 'the greater signed halfwords', (o, a, b) => o.i16x8.max_s(a, b)),
  vx('vmaxsw', 0x182, 'the greater signed words', (o, a, b) => o.i32x4.max_s(a, b)),
  vx('vmaxub', 0x002, 'the greater unsigned bytes', (o, a, b) => o.i8x16.max_u(a, b)),
  vx('vmaxuh', 0x042, 'the greater unsigned halfwords', (o, a, b) => o.i16x8.max_u(a, b)),
  vx('vmaxuw', 0x082, 'the greater unsigned words', (o, a, b) => o.i32x4.max_u(a, b)),
  vx('vminsb', 0x302, 'the lesser signed bytes', (o, a, b) => o.i8x16.min_s(a, b)),
  vx('vminsh', 0x342, 'the lesser signed halfwords', (o, a, b) => o.i16x8.min_s(a, b)),
  vx('vminsw', 0x382, 'the lesser signed words', (o, a, b) => o.i32x4.min_s(a, b)),
  vx('vminub', 0x202, 'the lesser unsigned bytes', (o, a, b) => o.i8x16.min_u(a, b)),
  vx('vminuh', 0x242, 'the lesser unsigned halfwords', (o, a, b) => o.i16x8.min_u(a, b)),
  vx('vminuw', 0x282, 'the lesser unsigned words', (o, a, b) => o.i32x4.min_u(a, b)),
]

const logic: readonly Row[] = [
  vx('vand', 0x404, 'all 128 bits of VA and VB', (o, a, b) => o.v128.and(a, b)),
  vx('vandc', 0x444, 'all 128 bits of VA and not VB', (o, a, b) => o.v128.andnot(a, b)),
  vx('vnor', 0x504, 'all 128 bits of not (VA or VB)', (o, a, b) => o.v128.not(o.v128.or(a, b))),
  vx('vor', 0x484, 'all 128 bits of VA or VB', (o, a, b) => o.v128.or(a, b)),
  vx('vxor', 0x4c4, 'all 128 bits of VA xor VB', (o, a, b) => o.v128.xor(a, b)),
  va('vsel', 0x2a, 'vd, va, vb, vc', 'bits of VB where VC has ones, else of VA', (o, a, b, c) =>
    o.v128.bitselect(b, a, c),
  ),
]

const shifting: readonly Row[] = [
  vx('vrlb', 0x004, 'bytes rotated left', rotateLeft(8)),
  vx('vrlh', 0x044, 'halfwords rotated left', rotateLeft(16)),
  vx('vrlw', 0x084, 'words rotated left', rotateLeft(32)),
  vx('vslb', 0x104, 'bytes shifted left', shiftLeft(8)),
  vx('vslh', 0x144, 'halfwords shifted left', shiftLeft(16)),
  vx('vslw', 0x184, 'words shifted left', shiftLeft(32)),
  vx('vsrb', 0x204, 'bytes shifted right', shiftRight(8)),
  vx('vsrh', 0x244, 'halfwords shifted right', shiftRight(16)),
  vx('vsrw', 0x284, 'words shifted right', shiftRight(32)),
  vx('vsrab', 0x304, 'signed bytes shifted right', shiftRightSigned(8)),
  vx('vsrah', 0x344, 'signed halfwords shifted right', shiftRightSigned(16)),
  vx('vsraw', 0x384, 'signed words shifted right', shiftRightSigned(32)),
  ...modelled(
    'unequal-shifts',
    vx('vsl', 0x1c4, 'the register shifted left by bits', (o, a, b) => shiftBitsLeft(o, a, bitCount(o, b))),
  ),
  ...modelled(
    'unequal-shifts',
    vx('vsr', 0x2c4, 'the register shifted right by bits', (o, a, b) => shiftBitsRight(o, a, bitCount(o, b))),
  ),
  vx('vslo', 0x40c, 'the register shifted left by bytes', shiftByOctets.left),
  vx('vsro', 0x44c, 'the register shifted right by bytes', shiftByOctets.right),
]

const multiplying: readonly Row[] = [
  vx('vmulesb', 0x308, 'even signed bytes multiplied', multiplyEven('sb')),
  vx('vmulesh', 0x348, 'even signed halfwords multiplied', multiplyEven('sh')),
  vx('vmuleub', 0x208, 'even unsigned bytes multiplied', multiplyEven('ub')),
  vx('vmuleuh', 0x248, 'even unsigned halfwords multiplied', multiplyEven('uh')),
  vx('vmulosb', 0x108, 'odd signed bytes multiplied', multiplyOdd('sb')),
  vx('vmulosh', 0x148, 'odd signed halfwords multiplied', multiplyOdd('sh')),
  vx('vmuloub', 0x008, 'odd unsigned bytes multiplied', multiplyOdd('ub')),
  vx('vmulouh', 0x048, 'odd unsigned halfwords multiplied', multiplyOdd('uh')),
  va('vmhaddshs', 0x20, 'vd, va, vb, vc', 'high products plus VC, saturated', multiplyHighAdd(0)),
  va('vmhraddshs', 0x21, 'vd, va, vb, vc', 'high products rounded, plus VC, saturated', multiplyHighAdd(0x4000)),
  va('vmladduhm', 0x22, 'vd, va, vb, vc', 'low products plus VC', multiplyLowAdd),
  va('vmsumubm', 0x24, 'vd, va, vb, vc', 'sums of unsigned byte products, plus VC', sumProducts.ubm),
  va('vmsummbm', 0x25, 'vd, va, vb, vc', 'sums of signed by unsigned byte products, plus VC', sumProducts.mbm),
  va('vmsumuhm', 0x26, 'vd, va, vb, vc', 'sums of unsigned halfword products, plus VC', sumProducts.uhm),
  va('vmsumuhs', 0x27, 'vd, va, vb, vc', 'sums of unsigned halfword products, plus VC, saturated', sumProducts.uhs),
  va('vmsumshm', 0x28, 'vd, va, vb, vc', 'sums of signed halfword products, plus VC', sumProducts.shm),
  va('vmsumshs', 0x29, 'vd, va, vb, vc', 'sums of signed halfword products, plus VC, saturated', sumProducts.shs),
]

const moving: readonly Row[] = [
  vx('vmrghb', 0x00c, 'left bytes interleaved', merge.hb),
  vx('vmrghh', 0x04c, 'left halfwords interleaved', merge.hh),
  vx('vmrghw', 0x08c, 'left words interleaved', merge.hw),
  vx('vmrglb', 0x10c, 'right bytes interleaved', merge.lb),
  vx('vmrglh', 0x14c, 'right halfwords interleaved', merge.lh),
  vx('vmrglw', 0x18c, 'right words interleaved', merge.lw),
  vx('vpkpx', 0x30e, 'words to 1:5:5:5 pixels', pack.px),
  vx('vpkshss', 0x18e, 'signed halfwords to signed bytes, saturated', pack.shss),
  vx('vpkshus', 0x10e, 'signed halfwords to unsigned bytes, saturated', pack.shus),
  vx('vpkswss', 0x1ce, 'signed words to signed halfwords, saturated', pack.swss),
  vx('vpkswus', 0x14e, 'signed words to unsigned halfwords, saturated', pack.swus),
  vx('vpkuhum', 0x00e, 'halfwords to bytes', pack.uhum),
  vx('vpkuhus', 0x08e, 'unsigned halfwords to bytes, saturated', pack.uhus),
  vx('vpkuwum', 0x04e, 'words to halfwords', pack.uwum),
  vx('vpkuwus', 0x0ce, 'unsigned words to halfwords, saturated', pack.uwus),
  vx1('vupkhpx', 0x34e, 'left pixels to words', unpack.hpx),
  vx1('vupkhsb', 0x20e, 'left bytes to halfwords', unpack.hsb),
  vx1('vupkhsh', 0x24e, 'left halfwords to words', unpack.hsh),
  vx1('vupklpx', 0x3ce, 'right pixels to words', unpack.lpx),
  vx1('vupklsb', 0x28e, 'right bytes to halfwords', unpack.lsb),
  vx1('vupklsh', 0x2ce, 'right halfwords to words', unpack.lsh),
  va('vperm', 0x2b, 'vd, va, vb, vc', 'bytes of VA and VB chosen by VC', permute),
  row(
    'vsldoi',
    '000100 vd va vb 0 shb 101100',
    'vd, va, vb, shb',
    'sixteen bytes of VA and VB from byte SHB on',
    (o, f) => o.setVr(f.vd, window(o, o.vr(f.va), o.vr(f.vb), o.imm32(f.shb))),
  ),
  vxImmediate('vspltb', 0x20c, 'a byte in every byte', splatByte, chosen),
  vxImmediate('vsplth', 0x24c, 'a halfword in every halfword', splatHalf, chosen),
  vxImmediate('vspltw', 0x28c, 'a word in every word', splatWord, chosen),
  row('vspltisb', '000100 vd simm 00000 01100001100', 'vd, simm', 'an immediate in every byte', (o, f) =>
    o.setVr(f.vd, o.i8x16.splat(o.imm32(f.simm))),
  ),
  row('vspltish', '000100 vd simm 00000 01101001100', 'vd, simm', 'an immediate in every halfword', (o, f) =>
    o.setVr(f.vd, o.i16x8.splat(o.imm32(f.simm))),
  ),
  row('vspltisw', '000100 vd simm 00000 01110001100', 'vd, simm', 'an immediate in every word', (o, f) =>
    o.setVr(f.vd, o.i32x4.splat(o.imm32(f.simm))),
  ),
]

const comparing: readonly Row[] = [
  vxCompare('vcmpequb', 0x006, 'equal bytes', (o, a, b) => o.i8x16.eq(a, b)),
  vxCompare('vcmpequh', 0x046, 'equal halfwords', (o, a, b) => o.i16x8.eq(a, b)),
  vxCompare('vcmpequw', 0x086, 'equal words', (o, a, b) => o.i32x4.eq(a, b)),
  vxCompare('vcmpgtsb', 0x306, 'greater signed bytes', (o, a, b) => o.i8x16.gt_s(a, b)),
  vxCompare('vcmpgtsh', 0x346, 'greater signed halfwords', (o, a, b) => o.i16x8.gt_s(a, b)),
  vxCompare('vcmpgtsw', 0x386, 'greater signed words', (o, a, b) => o.i32x4.gt_s(a, b)),
  vxCompare('vcmpgtub', 0x206, 'greater unsigned bytes', (o, a, b) => o.i8x16.gt_u(a, b)),
  vxCompare('vcmpgtuh', 0x246, 'greater unsigned halfwords', (o, a, b) => o.i16x8.gt_u(a, b)),
  vxCompare('vcmpgtuw', 0x286, 'greater unsigned words', (o, a, b) => o.i32x4.gt_u(a, b)),
]

const status: readonly Row[] = [
  row('mfvscr', '000100 vd 00000 00000 11000000100', 'vd', 'VSCR in the last word, zeros before it', (o, f) =>
    o.setVr(f.vd, o.i32x4.replace_lane(0, zero(o), o.get('vscr'))),
  ),
  ...modelled(
    'reserved-vscr',
    row('mtvscr', '000100 00000 00000 vb 11001000100', 'vb', 'VSCR from the last word', (o, f) =>
      o.set('vscr', o.i32x4.extract_lane(0, o.v128.and(o.vr(f.vb), words(o, 0x0001_0001)))),
    ),
  ),
]

export const vectorRows: readonly Row[] = [
  ...modular,
  ...saturating,
  ...choosing,
  ...logic,
  ...shifting,
  ...multiplying,
  ...moving,
  ...comparing,
  ...status,
]
