/**
 * VMX128: the console's own encodings, which reach 128 registers. Most repeat an AltiVec meaning; the fused forms have
 * three register fields only and read VD as their third operand. Facts: public descriptions of the encodings, which agree.
 */
import {
  add,
  bounds,
  ceiling,
  dot,
  equal,
  exponentialEstimate,
  floor,
  fromInteger,
  fusedAdd,
  fusedNegativeSubtract,
  greater,
  greaterOrEqual,
  logarithmEstimate,
  maximum,
  minimum,
  multiply,
  nearest,
  reciprocal,
  rootEstimate,
  subtract,
  toInteger,
  truncate,
} from '../vector/float.ts'
import { merge, pack, permute, unpack } from '../vector/integer.ts'
import { rotateLeft, shiftLeft, shiftRight, shiftRightSigned, window } from '../vector/lanes.ts'
import * as d3d from '../vector/pack-d3d.ts'
import { apart, modelled, type Row, row } from './row.ts'
import { chosen, shiftByOctets, splatWord } from './vector.ts'
import { boundsField, down, up } from './vector-float.ts'
import { on128, vx128, vx128Compare, vx128Immediate, vx128Unary } from './vector-forms.ts'

const three: readonly Row[] = [
  vx128('vaddfp128', 5, 0x010, 'singles added', add),
  vx128('vsubfp128', 5, 0x050, 'singles subtracted', subtract),
  vx128('vmulfp128', 5, 0x090, 'singles multiplied', multiply),
  ...modelled(
    'vector-nan',
    vx128('vmaddfp128', 5, 0x0d0, 'VA × VB + VD rounded once', (o, a, b, old) => fusedAdd(o, a, b, old)),
  ),
  ...modelled(
    'vector-nan',
    vx128('vmaddcfp128', 5, 0x110, 'VA × VD + VB rounded once', (o, a, b, old) => fusedAdd(o, a, old, b)),
  ),
  ...modelled(
    'vector-nan',
    vx128('vnmsubfp128', 5, 0x150, '-(VA × VB - VD) rounded once', (o, a, b, old) =>
      fusedNegativeSubtract(o, a, b, old),
    ),
  ),
  ...modelled('dot-product', vx128('vmsum3fp128', 5, 0x190, 'dot product of three words, in every word', dot(3))),
  ...modelled('dot-product', vx128('vmsum4fp128', 5, 0x1d0, 'dot product of four words, in every word', dot(4))),
  vx128('vpkshss128', 5, 0x200, 'signed halfwords to signed bytes, saturated', pack.shss),
  vx128('vpkshus128', 5, 0x240, 'signed halfwords to unsigned bytes, saturated', pack.shus),
  vx128('vpkswss128', 5, 0x280, 'signed words to signed halfwords, saturated', pack.swss),
  vx128('vpkswus128', 5, 0x2c0, 'signed words to unsigned halfwords, saturated', pack.swus),
  vx128('vpkuhum128', 5, 0x300, 'halfwords to bytes', pack.uhum),
  vx128('vpkuhus128', 5, 0x340, 'unsigned halfwords to bytes, saturated', pack.uhus),
  vx128('vpkuwum128', 5, 0x380, 'words to halfwords', pack.uwum),
  vx128('vpkuwus128', 5, 0x3c0, 'unsigned words to halfwords, saturated', pack.uwus),
  vx128('vand128', 5, 0x210, 'all 128 bits of VA and VB', (o, a, b) => o.v128.and(a, b)),
  vx128('vandc128', 5, 0x250, 'all 128 bits of VA and not VB', (o, a, b) => o.v128.andnot(a, b)),
  vx128('vnor128', 5, 0x290, 'all 128 bits of not (VA or VB)', (o, a, b) => o.v128.not(o.v128.or(a, b))),
  vx128('vor128', 5, 0x2d0, 'all 128 bits of VA or VB', (o, a, b) => o.v128.or(a, b)),
  vx128('vxor128', 5, 0x310, 'all 128 bits of VA xor VB', (o, a, b) => o.v128.xor(a, b)),
  vx128('vsel128', 5, 0x350, 'bits of VB where VD has ones, else of VA', (o, a, b, old) => o.v128.bitselect(b, a, old)),
  vx128('vslo128', 5, 0x390, 'the register shifted left by bytes', shiftByOctets.left),
  vx128('vsro128', 5, 0x3d0, 'the register shifted right by bytes', shiftByOctets.right),
  vx128('vrlw128', 6, 0x050, 'words rotated left', rotateLeft(32)),
  vx128('vslw128', 6, 0x0d0, 'words shifted left', shiftLeft(32)),
  vx128('vsraw128', 6, 0x150, 'signed words shifted right', shiftRightSigned(32)),
  vx128('vsrw128', 6, 0x1d0, 'words shifted right', shiftRight(32)),
  vx128('vmaxfp128', 6, 0x280, 'the greater singles', maximum),
  vx128('vminfp128', 6, 0x2c0, 'the lesser singles', minimum),
  vx128('vmrghw128', 6, 0x300, 'left words interleaved', merge.hw),
  vx128('vmrglw128', 6, 0x340, 'right words interleaved', merge.lw),
  row(
    'vsldoi128',
    '000100 vd128 va128 vb128 va128 shb va128 1 vd128 vb128',
    'vd128, va128, vb128, shb',
    on128('sixteen bytes of VA and VB from byte SHB on'),
    (o, f) => o.setVr(f.vd128, window(o, o.vr(f.va128), o.vr(f.vb128), o.imm32(f.shb))),
  ),
  row(
    'vperm128',
    '000101 vd128 va128 vb128 va128 0 vc128 va128 0 vd128 vb128',
    'vd128, va128, vb128, vc128',
    on128('bytes of VA and VB chosen by VC'),
    (o, f) => o.setVr(f.vd128, permute(o, o.vr(f.va128), o.vr(f.vb128), o.vr(f.vc128))),
  ),
]

const compares: readonly Row[] = [
  vx128Compare('vcmpeqfp128', 0x000, 'equal singles', equal),
  vx128Compare('vcmpgefp128', 0x080, 'singles not less', greaterOrEqual),
  vx128Compare('vcmpgtfp128', 0x100, 'greater singles', greater),
  vx128Compare('vcmpbfp128', 0x180, 'singles outside the bounds of VB', bounds, boundsField),
  vx128Compare('vcmpequw128', 0x200, 'equal words', (o, a, b) => o.i32x4.eq(a, b)),
]

const unaries: readonly Row[] = [
  vx128Unary('vrfim128', 0x330, 'singles rounded down to integers', floor),
  vx128Unary('vrfin128', 0x370, 'singles rounded to nearest integers', nearest),
  vx128Unary('vrfip128', 0x3b0, 'singles rounded up to integers', ceiling),
  vx128Unary('vrfiz128', 0x3f0, 'singles truncated to integers', truncate),
  ...modelled('reciprocal', vx128Unary('vrefp128', 0x630, 'reciprocal estimates', reciprocal)),
  ...modelled('vector-root', vx128Unary('vrsqrtefp128', 0x670, 'reciprocal square root estimates', rootEstimate)),
  ...modelled('exponential', vx128Unary('vexptefp128', 0x6b0, 'estimates of 2 to the power', exponentialEstimate)),
  ...modelled('logarithm', vx128Unary('vlogefp128', 0x6f0, 'estimates of the logarithm to base 2', logarithmEstimate)),
  ...modelled(
    'nan-saturates',
    vx128Immediate('vcfpsxws128', 0x230, 'singles times 2^UIMM to signed words, saturated', up, toInteger(true)),
  ),
  ...modelled(
    'nan-saturates',
    vx128Immediate('vcfpuxws128', 0x270, 'singles times 2^UIMM to unsigned words, saturated', up, toInteger(false)),
  ),
  vx128Immediate('vcsxwfp128', 0x2b0, 'signed words to singles, divided by 2^UIMM', down, fromInteger(true)),
  vx128Immediate('vcuxwfp128', 0x2f0, 'unsigned words to singles, divided by 2^UIMM', down, fromInteger(false)),
  vx128Immediate('vspltw128', 0x730, 'a word in every word', splatWord, chosen),
]

/** For vpermwi: the lane byte offsets of the four source words, a byte each from the lowest lane. */
function permutedLanes(perm: number): number {
  let lanes = 0
  for (let lane = 0; lane < 4; lane += 1) lanes |= ((3 - ((perm >> (2 * lane)) & 3)) * 4) << (8 * lane)
  return lanes
}

const own: readonly Row[] = [
  row(
    'vspltisw128',
    '000110 vd128 simm vb128 1110111 vd128 vb128',
    'vd128, vb128, simm',
    on128('an immediate in every word; VB is not read'),
    (o, f) => o.setVr(f.vd128, o.i32x4.splat(o.imm32(f.simm))),
  ),
  row(
    'vpermwi128',
    '000110 vd128 perm vb128 01 perm 01 vd128 vb128',
    'vd128, vb128, perm',
    on128('words of VB in the order that two bits a word say'),
    (o, f) => {
      const packed = o.i32x4.splat(o.known32(k => permutedLanes(k(f.perm))))
      const spread = o.i8x16.swizzle(packed, o.v128.const([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]))
      const lanes = o.i8x16.add(spread, o.v128.const([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]))
      o.setVr(f.vd128, o.i8x16.swizzle(o.vr(f.vb128), lanes))
    },
  ),
  row(
    'vrlimi128',
    '000110 vd128 wmask vb128 111 rotation 01 vd128 vb128',
    'vd128, vb128, wmask, rotation',
    on128('VB rotated left by words; those of the mask into VD'),
    (o, f) => {
      const rotated = d3d.rotateWords(o, o.vr(f.vb128), o.imm32(f.rotation))
      o.setVr(f.vd128, d3d.insertWords(o, o.imm32(f.wmask), rotated, o.vr(f.vd128)))
    },
  ),
  ...modelled(
    'packed-half',
    ...modelled(
      'pack-mask',
      row(
        'vpkd3d128',
        '000110 vd128 format pmask vb128 110 rotation 01 vd128 vb128',
        'vd128, vb128, format, pmask, rotation',
        on128('VB packed to a D3D format, rotated left by words, merged into VD'),
        (o, f) => {
          if (f.format === 7) return o.fault('illegal')
          const packed = o.i64x2.replace_lane(1, o.i64x2.splat(d3d.pack(o, f.format, o.vr(f.vb128))), o.i64.const(0))
          const rotated = d3d.rotateWords(o, packed, o.imm32(f.rotation))
          const mask = o.known32(k => d3d.packMask(k(f.pmask), k(f.rotation)))
          o.setVr(f.vd128, d3d.insertWords(o, mask, rotated, o.vr(f.vd128)))
        },
      ),
    ),
  ),
  ...modelled(
    'pack-mask',
    row(
      'vupkd3d128',
      '000110 vd128 format .. vb128 1111111 vd128 vb128',
      'vd128, vb128, format',
      on128('VB unpacked from a D3D format'),
      (o, f) => {
        if (f.format === 7) return o.fault('illegal')
        o.setVr(f.vd128, d3d.unpack(o, f.format, o.vr(f.vb128)))
      },
    ),
  ),
  row(
    'vupkhsb128',
    '000110 vd128 00000 vb128 0111000 vd128 vb128',
    'vd128, vb128',
    on128('left bytes to halfwords'),
    (o, f) => o.setVr(f.vd128, unpack.hsb(o, o.vr(f.vb128))),
  ),
  row(
    'vupklsb128',
    '000110 vd128 00000 vb128 0111100 vd128 vb128',
    'vd128, vb128',
    on128('right bytes to halfwords'),
    (o, f) => o.setVr(f.vd128, unpack.lsb(o, o.vr(f.vb128))),
  ),
  row(
    'vupkhsh128',
    '000110 vd128 00000 vb128 1111010 vd128 vb128',
    'vd128, vb128',
    on128('left halfwords to words'),
    (o, f) => o.setVr(f.vd128, unpack.hsh(o, o.vr(f.vb128))),
  ),
  row(
    'vupklsh128',
    '000110 vd128 00000 vb128 1111110 vd128 vb128',
    'vd128, vb128',
    on128('right halfwords to words'),
    (o, f) => o.setVr(f.vd128, unpack.lsh(o, o.vr(f.vb128))),
  ),
]

export const vector128Rows = apart('no processor of QEMU has VMX128', ...three, ...compares, ...unaries, ...own)
