/**
 * Where QEMU is no judge, in one place: what it does not have, and where the architecture leaves a result open and it
 * chose otherwise. A row named here is left out, or is written in a way that hides the open part; every other row is
 * compared to the bit, flags and memory included.
 */
import type { FieldName } from '../../core/cpu/fields.ts'
import { at, dataAt, dataSize } from './layout.ts'

export type Mode = 'wide' | 'narrow'

/** Rows that are never generated, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  sc: 'a system call leaves the test',
  mftb: 'the host clock',
  fres: 'an estimate',
  frsqrte: 'an estimate',
  vrefp: 'an estimate',
  vrsqrtefp: 'an estimate',
  vexptefp: 'an estimate',
  vlogefp: 'an estimate',
  mtvscr: 'keeps the reserved bits there, not here',
  lvebx: 'the bytes beside the element are open',
  lvehx: 'the bytes beside the element are open',
  lvewx: 'the bytes beside the element are open',
  dcbi: 'privileged',
  mfmsr: 'privileged',
  mtmsr: 'privileged',
  mtmsrd: 'privileged',
  rfid: 'privileged',
  hrfid: 'privileged',
  slbie: 'privileged',
  slbia: 'privileged',
  slbmte: 'privileged',
  slbmfee: 'privileged',
  slbmfev: 'privileged',
  tlbie: 'privileged',
  tlbiel: 'privileged',
  tlbsync: 'privileged',
}

/** Rows that the processors QEMU has do not have: VMX128, the Cell's vector moves, stream hints. */
const consoleOnly = /^(?!dcbz).*128$|^(lv|stv)[lr]xl?$|^ds[ts]/
/** Not in POWER7, whose cache lines are all of 128 bytes. */
const notWide = new Set(['mcrxr', 'dcbz'])
/** Not in a 32-bit processor, whose cache lines are of 32 bytes. */
const notNarrow = new Set(
  (
    'dcbz128 mulld mulhd mulhdu divd divdu extsw cntlzd rldicl rldicr rldic rldimi rldcl rldcr sld srd srad sradi td tdi ' +
    'lwa lwax lwaux ld ldu ldx ldux std stdu stdx stdux ldbrx stdbrx ldarx stdcx. fctid fctidz fcfid'
  ).split(' '),
)

export function isLeftOut(name: string, mode: Mode): boolean {
  return leftOut[name] !== undefined || consoleOnly.test(name) || (mode === 'wide' ? notWide : notNarrow).has(name)
}

const roundToNearest = 'mtfsfi 7, 0'
const clearFr = 'mtfsb0 13'
/** FR, which QEMU does not keep, is not compared. */
export const comparedFpscr = ~0x40000

/** Numbers of special purpose registers that tests move to and from. */
export const comparedSprs = [1, 8, 9, 256]

/** Instructions written in front of an instruction, to hide what QEMU does otherwise. */
export const prepared: Readonly<Record<string, readonly string[]>> = {
  // FR is never set there.
  mffs: [clearFr],
  mcrfs: [clearFr],
  // Negates there before it rounds, which shows when rounding is not symmetric.
  fnmadd: [roundToNearest],
  fnmsub: [roundToNearest],
  fnmadds: [roundToNearest],
  fnmsubs: [roundToNearest],
}

/**
 * The class FPRF of an integer is open. The integer is kept in the data, and the register gets its first value back: as a
 * double it may be a NaN of a kind that the two treat differently.
 */
function integerResult(get: (name: FieldName) => number): readonly string[] {
  const t = get('ft')
  const kept = dataAt + dataSize - 8 * (1 + (t % 8))
  return ['mtfsb0 15', 'mtfsfi 4, 0', `stfd f${t}, ${kept}(r1)`, `lfd f${t}, ${at.fpr + 8 * t}(r1)`]
}
const setFx = ['mtfsb1 0']
const clearVscr = ['vxor v31, v31, v31', 'mtvscr v31']

/** Instructions written behind an instruction, to define what is open; they are given its operands. */
export const completed: Readonly<Record<string, (get: (name: FieldName) => number, mode: Mode) => readonly string[]>> =
  {
    // The high word is open: the sign here, zero there.
    mulhw: (get, mode) => (mode === 'wide' ? [`extsw r${get('t')}, r${get('t')}`] : []),
    // The other fields are open: kept here, zero there.
    fctiw: integerResult,
    fctiwz: integerResult,
    fctid: integerResult,
    fctidz: integerResult,
    // Clears FI there, and sets the class bit C for a NaN.
    fcmpu: () => ['mtfsb0 14', 'mtfsb0 15'],
    fcmpo: () => ['mtfsb0 14', 'mtfsb0 15'],
    // An exception that was raised before sets FX there once more.
    mtfsf: () => setFx,
    mtfsfi: () => setFx,
    mtfsb0: () => setFx,
    mcrfs: () => setFx,
    // Whether a NaN saturates is open: it does here. (VSCR becomes 0.)
    vctsxs: () => clearVscr,
    vctuxs: () => clearVscr,
    mfocrf: get => [`li r${get('t')}, 0`],
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

/** Where infinity times zero is added to a signalling NaN, both exceptions are raised; there the first alone. */
export function isOpenFpscr(ours: number, theirs: number): boolean {
  const vxsnan = 0x01000000
  const vximz = 0x00100000
  return (ours & vximz) !== 0 && (ours & vxsnan) !== 0 && (ours ^ theirs) === vxsnan
}
