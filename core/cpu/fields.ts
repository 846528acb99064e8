/**
 * Every bit field of an instruction word, named once. A field is one or more runs of bits (bit 0 = most significant),
 * lowest run first: VA128 is `[11, 15], [26, 26], [21, 21]`. Its kind says what the number means:
 *
 *   gpr fpr vr     a register
 *   base           a general register, but number 0 reads as the value zero
 *   crf crb        a field or a single bit of the condition register
 *   imm            a number of the instruction, signed or not
 *   target         a branch displacement, made absolute by the decoder
 *   flag variant   known before any code is emitted: a row is given the plain boolean or number, and one handler is
 *                  generated for each value, so that a handler never tests it; `variant` lists its values after
 *                  `canon` has joined those that mean the same
 */
export type Kind = 'gpr' | 'base' | 'fpr' | 'vr' | 'crf' | 'crb' | 'imm' | 'target' | 'flag' | 'variant'
type Run = readonly [first: number, last: number]

export interface Field<K extends Kind = Kind> {
  readonly kind: K
  readonly runs: readonly Run[]
  readonly signed: boolean
  /** The value is the bits shifted left by this. */
  readonly shift: number
  /** Every run holds the same number (the two halves of `mr`), instead of a part of it. */
  readonly same: boolean
  /** Of a variant: the distinct values, and the value a raw number stands for. */
  readonly values: readonly number[]
  readonly canon: (raw: number) => number
}

function field<K extends Kind>(kind: K, ...runs: Run[]): Field<K> {
  return { kind, runs, signed: false, shift: 0, same: false, values: [], canon: raw => raw }
}

function signed<K extends Kind>(kind: K, run: Run, shift = 0): Field<K> {
  return { ...field(kind, run), signed: true, shift }
}

function variant(values: readonly number[], canon: (raw: number) => number, ...runs: Run[]): Field<'variant'> {
  return { ...field('variant', ...runs), values, canon }
}

function same<K extends Kind>(kind: K, ...runs: Run[]): Field<K> {
  return { ...field(kind, ...runs), same: true }
}

/** BO without its hint bits: what is ignored is zero. Bits: 16 ignore CR, 8 sense, 4 keep CTR, 2 branch if CTR is 0. */
function canonicalBo(bo: number): number {
  if ((bo & 20) === 20) return 20
  if (bo & 16) return bo & 18
  return bo & 4 ? bo & 12 : bo & 10
}
const boValues = [...new Set(Array.from({ length: 32 }, (_, bo) => canonicalBo(bo)))]

/** The special purpose registers that instructions reach. Numbers outside the list act as `none`. */
export const spr = {
  xer: 1,
  lr: 8,
  ctr: 9,
  vrsave: 256,
  tb: 268,
  tbu: 269,
  pvr: 287,
  /** A register that exists and is the kernel's or the hypervisor's. */
  kernel: -2,
  none: -1,
} as const
const kernelSprs = new Set([
  18, 19, 22, 25, 26, 27, 28, 29, 136, 152, 259, 272, 273, 274, 275, 284, 285, 304, 305, 310, 312, 313, 314, 315, 318,
  319, 896, 897, 921, 922, 946, 947, 948, 949, 951, 952, 953, 954, 955, 956, 957, 976, 977, 978, 979, 980, 981, 1008,
  1009, 1012, 1013, 1015, 1017, 1022, 1023,
])
const sprValues: readonly number[] = Object.values(spr)
const canonicalSpr = (raw: number): number =>
  sprValues.includes(raw) ? raw : kernelSprs.has(raw) ? spr.kernel : spr.none

const registers128 = {
  vd128: field('vr', [6, 10], [28, 29]),
  vs128: field('vr', [6, 10], [28, 29]),
  va128: field('vr', [11, 15], [26, 26], [21, 21]),
  vb128: field('vr', [16, 20], [30, 31]),
}

export const fields = {
  t: field('gpr', [6, 10]),
  s: field('gpr', [6, 10]),
  a: field('gpr', [11, 15]),
  b: field('gpr', [16, 20]),
  base: field('base', [11, 15]),

  ft: field('fpr', [6, 10]),
  fs: field('fpr', [6, 10]),
  fa: field('fpr', [11, 15]),
  fb: field('fpr', [16, 20]),
  fc: field('fpr', [21, 25]),

  vd: field('vr', [6, 10]),
  vs: field('vr', [6, 10]),
  va: field('vr', [11, 15]),
  vb: field('vr', [16, 20]),
  vc: field('vr', [21, 25]),
  vc128: field('vr', [23, 25]),
  ...registers128,

  bf: field('crf', [6, 8]),
  bfa: field('crf', [11, 13]),
  bt: field('crb', [6, 10]),
  ba: field('crb', [11, 15]),
  bb: field('crb', [16, 20]),
  bi: field('crb', [11, 15]),

  si: signed('imm', [16, 31]),
  ui: field('imm', [16, 31]),
  d: signed('imm', [16, 31]),
  ds: signed('imm', [16, 29], 2),
  sh: field('imm', [16, 20]),
  mb: field('imm', [21, 25]),
  me: field('imm', [26, 30]),
  sh6: field('imm', [16, 20], [30, 30]),
  mb6: field('imm', [21, 25], [26, 26]),
  nb: field('imm', [16, 20]),
  th: field('imm', [7, 10]),
  to: field('imm', [6, 10]),
  bh: field('imm', [19, 20]),
  barrier: field('imm', [9, 10]),
  fxm: field('imm', [12, 19]),
  uimm: field('imm', [11, 15]),
  simm: signed('imm', [11, 15]),
  shb: field('imm', [22, 25]),
  strm: field('imm', [9, 10]),
  perm: field('imm', [11, 15], [23, 25]),
  wmask: field('imm', [11, 15]),
  rotation: field('imm', [24, 25]),
  pmask: field('imm', [14, 15]),
  format: variant([0, 1, 2, 3, 4, 5, 6, 7], raw => raw, [11, 13]),
  flm: field('imm', [7, 14]),
  /** Fields of FPSCR. */
  ff: field('imm', [6, 8]),
  ffa: field('imm', [11, 13]),
  u: field('imm', [16, 19]),
  lev: variant([0, 2], raw => (raw === 2 ? 2 : 0), [20, 26]),
  tlbl: field('imm', [10, 10]),

  li: signed('target', [6, 29], 2),
  bd: signed('target', [16, 29], 2),
  bo: variant(boValues, canonicalBo, [6, 10]),
  spr: variant(sprValues, canonicalSpr, [11, 15], [16, 20]),
  /** One-hot CR field of mtocrf: the field's number, or 8 where not exactly one bit is set. */
  fxm1: variant(
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
    raw => (raw !== 0 && (raw & (raw - 1)) === 0 ? Math.clz32(raw) - 24 : 8),
    [12, 19],
  ),

  rc: field('flag', [31, 31]),
  rc21: field('flag', [21, 21]),
  rc25: field('flag', [25, 25]),
  oe: field('flag', [21, 21]),
  lk: field('flag', [31, 31]),
  aa: field('flag', [30, 30]),
  l: field('flag', [10, 10]),
  l15: field('flag', [15, 15]),

  // Fields of simplified mnemonics alone.
  bicr: field('crf', [11, 13]),
  sb: same('gpr', [6, 10], [16, 20]),
  btab: same('crb', [6, 10], [11, 15], [16, 20]),
  bab: same('crb', [11, 15], [16, 20]),
  vab: same('vr', [11, 15], [16, 20]),
} as const

export type FieldName = keyof typeof fields

/** What the mnemonic gains when a flag is set: `add` becomes `addo.`. The other flags are operands of the text. */
export const suffixes: Partial<Record<FieldName, string>> = { oe: 'o', lk: 'l', aa: 'a', rc: '.', rc21: '.', rc25: '.' }

/** The raw number a field has in a word: sign and shift applied, `canon` not. */
export function extract(of: Field, word: number): number {
  let value = 0
  let width = 0
  for (const [first, last] of of.runs) {
    const bits = last - first + 1
    value |= ((word >>> (31 - last)) & (2 ** bits - 1)) << width
    if (of.same) return value
    width += bits
  }
  if (of.signed) value = (value << (32 - width)) >> (32 - width)
  return value << of.shift
}

/** How far right a field of one run, unsigned, lies in a word, and its bits once it is there; undefined for others. */
export function placeIn(of: Field): { readonly right: number; readonly mask: number } | undefined {
  const [run, ...others] = of.runs
  if (run === undefined || (others.length > 0 && !of.same) || of.signed || of.shift > 0) return undefined
  const [first, last] = run
  return { right: 31 - last, mask: 2 ** (last - first + 1) - 1 }
}

/** The bits of a word that a field is made of. */
export const bitsOf = (of: Field): number =>
  of.runs.reduce((bits, [first, last]) => bits | ((2 ** (last - first + 1) - 1) << (31 - last)), 0)

/** `extract` of one field, made once: words are taken apart all the time. */
export function readerOf(of: Field): (word: number) => number {
  const [run, ...others] = of.runs
  if (run === undefined || (others.length > 0 && !of.same)) return word => extract(of, word)
  const [first, last] = run
  const right = 31 - last + first
  const { shift } = of
  return of.signed ? word => ((word << first) >> right) << shift : word => ((word << first) >>> right) << shift
}

/** The bits of a word that say `value` in a field, or undefined where the field cannot hold it. */
export function insert(of: Field, value: number): number | undefined {
  let rest = value >> of.shift
  let word = 0
  for (const [first, last] of of.runs) {
    const bits = last - first + 1
    word |= (rest & (2 ** bits - 1)) << (31 - last)
    if (!of.same) rest >>= bits
  }
  return extract(of, word) === value ? word >>> 0 : undefined
}
