/**
 * Where QEMU is no judge, in one place: what its processors lack, what it is known to do wrong, and where a result is
 * open and rests on a stated model. What is named here is left out, or is written in a way that hides the open part;
 * everything else is compared to the bit, flags and memory included. Rows that neither processor has are marked `apart`
 * in the table of instructions, and are judged by the vectors in vectors/.
 */
import type { FieldName } from '../../core/cpu/fields.ts'
import type { ModelName } from '../../core/cpu/models.ts'
import type { Row } from '../../core/cpu/rows/row.ts'
import { at, dataAt, dataSize } from './layout.ts'

export type Mode = 'wide' | 'narrow'

/** Not in POWER7, whose cache lines are all of 128 bytes. */
const notWide = new Set(['mcrxr', 'dcbz'])
/** Not in a 32-bit processor, whose cache lines are of 32 bytes. */
const notNarrow = new Set(
  (
    'dcbz128 mulld mulhd mulhdu divd divdu extsw cntlzd rldicl rldicr rldic rldimi rldcl rldcr sld srd srad sradi td tdi ' +
    'lwa lwax lwaux ld ldu ldx ldux std stdu stdx stdux ldbrx stdbrx ldarx stdcx. fctid fctidz fcfid'
  ).split(' '),
)

export const lacking: Readonly<Record<Mode, ReadonlySet<string>>> = { wide: notWide, narrow: notNarrow }

export function isLeftOut(row: Row, mode: Mode): boolean {
  return row.apart !== undefined || lacking[mode].has(row.name)
}

/** What the comparison makes of each stated model: it hides it, keeps away from it, or finds that QEMU does the same. */
export const openResults: Readonly<Record<ModelName, string>> = {
  reciprocal: 'apart',
  'double-root': 'apart',
  'vector-root': 'apart',
  exponential: 'apart',
  logarithm: 'apart',
  'enabled-exceptions': 'kept away from: no exception is enabled, since a signal would end the guest there',
  'dot-product': 'apart',
  'packed-half': 'apart',
  'pack-mask': 'apart',
  'vector-nan': 'QEMU does the same',
  'nan-saturates': 'hidden: VSCR becomes 0 behind it',
  'impossible-quotient':
    'kept away from: no divisor is 0; the most negative number by -1 is compared, QEMU does the same',
  'high-word': 'hidden for mulhw in 64-bit mode, which QEMU extends with zeros; of the others it does the same',
  'integer-in-float': 'hidden: the integer goes to memory alone, and FPRF is cleared; of mffs QEMU does the same',
  'other-elements': 'hidden: the element alone goes to memory, and the register becomes 0',
  'other-fields': 'hidden for mfocrf, kept away from for mtocrf: every mask has one bit',
  'update-of-target': 'kept away from: the two registers differ',
  'other-reservation': 'kept away from by all but chance: few addresses, and what is stored decides in QEMU',
  'unequal-shifts': 'QEMU does the same',
  'counting-jump': 'kept away from: BO never counts there',
  'reserved-vscr': 'kept away from: no reserved bit is written',
}

const roundToNearest = 'mtfsfi 7, 0'
const clearFr = 'mtfsb0 13'
/** FR, which QEMU does not keep, is not compared. */
export const comparedFpscr = ~0x40000

/** Numbers of special purpose registers that tests move to and from. */
export const comparedSprs = [1, 8, 9, 256]

/** Why a row is not written as it stands: a stated model, or what QEMU is known to do otherwise. */
type Reason = { readonly model: ModelName } | { readonly qemu: string }
export type Dressing = Reason & { lines(get: (name: FieldName) => number, mode: Mode): readonly string[] }

const fused = ['fmadd', 'fmsub', 'fnmadd', 'fnmsub'].flatMap(name => [name, `${name}s`])
const noFr: Dressing = { qemu: 'never sets FR', lines: () => [clearFr] }
const symmetric: Dressing = {
  qemu: 'negates before it rounds, which shows when rounding is not symmetric',
  lines: () => [roundToNearest],
}

/** Instructions written in front of an instruction, to hide what QEMU does otherwise; they are given its operands. */
export const prepared: Readonly<Record<string, Dressing>> = {
  mffs: noFr,
  mcrfs: noFr,
  ...Object.fromEntries(fused.filter(name => name.startsWith('fn')).map(name => [name, symmetric])),
  mtvscr: {
    model: 'reserved-vscr',
    lines(get) {
      const mask = `v${(get('vb') + 1) % 32}`
      return [`vspltish ${mask}, 1`, `vand v${get('vb')}, v${get('vb')}, ${mask}`]
    },
  },
}

/**
 * The class FPRF of an integer is open, and so is the high word of one of 32 bits. What is defined is kept in the data,
 * and the register gets its first value back: as a double it may be a NaN of a kind that the two treat differently.
 */
const integerResult = (word: boolean): Dressing => ({
  model: 'integer-in-float',
  lines(get) {
    const t = get('ft')
    const kept = dataAt + dataSize - 8 * (1 + (t % 8))
    const store = word ? [`addi r0, r1, ${kept}`, `stfiwx f${t}, 0, r0`] : [`stfd f${t}, ${kept}(r1)`]
    return ['mtfsb0 15', 'mtfsfi 4, 0', ...store, `lfd f${t}, ${at.fpr + 8 * t}(r1)`]
  },
})
const setFx: Dressing = {
  qemu: 'sets FX once more for an exception that was raised before',
  lines: () => ['mtfsb1 0'],
}
const noClass: Dressing = {
  qemu: 'clears FI, and sets the class bit C for a NaN',
  lines: () => ['mtfsb0 14', 'mtfsb0 15'],
}
const clearVscr: Dressing = { model: 'nan-saturates', lines: () => ['vxor v31, v31, v31', 'mtvscr v31'] }
/** VXSNAN of a fused operation is not judged here; written-down vectors do that. */
const noVxsnan: Dressing = {
  qemu: 'raises VXIMZ alone where infinity times zero is added to a signalling NaN, which is VXSNAN too',
  lines: () => ['mtfsb0 7'],
}
/** Stores the element where it belongs in the next block, then forgets the bytes beside it. */
const element = (store: string): Dressing => ({
  model: 'other-elements',
  lines(get) {
    const vd = `v${get('vd')}`
    return [
      `add r7, r${get('base')}, r${get('b')}`,
      'addi r7, r7, 16',
      `${store} ${vd}, 0, r7`,
      `vxor ${vd}, ${vd}, ${vd}`,
    ]
  },
})

/** Instructions written behind an instruction, to define what is open; they are given its operands. */
export const completed: Readonly<Record<string, Dressing>> = {
  mulhw: {
    model: 'high-word',
    lines: (get, mode) => (mode === 'wide' ? [`extsw r${get('t')}, r${get('t')}`] : []),
  },
  fctiw: integerResult(true),
  fctiwz: integerResult(true),
  fctid: integerResult(false),
  fctidz: integerResult(false),
  ...Object.fromEntries(fused.map(name => [name, noVxsnan])),
  fcmpu: noClass,
  fcmpo: noClass,
  mtfsf: setFx,
  mtfsfi: setFx,
  mtfsb0: setFx,
  mcrfs: setFx,
  vctsxs: clearVscr,
  vctuxs: clearVscr,
  mfocrf: { model: 'other-fields', lines: get => [`li r${get('t')}, 0`] },
  lvebx: element('stvebx'),
  lvehx: element('stvehx'),
  lvewx: element('stvewx'),
}

/** Rows that cannot record in 64-bit mode, since CR0 would show the open high word. */
export const neverRecords = new Set(['mulhw'])

/**
 * Bits of FPSCR that are set and cleared. Never the enables (QEMU's guest would be signalled), nor NI. Exception bits are
 * not set, since QEMU forgets that this sets FX too.
 */
export const fpscrBits: Readonly<Record<string, readonly number[]>> = {
  mtfsb0: [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 30, 31],
  mtfsb1: [0, 13, 14, 15, 16, 17, 18, 19, 30, 31],
}
