/**
 * One step up the stack, as the platform takes it: from the registers at a place in a function to those its caller had.
 *
 * There is no table of what a prologue saved. The function table gives where it ends, and the prologue itself tells the
 * rest: it is read forwards, as far as it had run, with the stack pointer at the entry as the unknown. Each store of a
 * register that its caller owns, relative to that unknown, is where the register's value lies; calls of the run of save
 * entries are read as if they stood there. The unknown itself is the back chain word once the frame is made, and r1
 * before. A function without a row is a leaf, or, below the top of the stack, one that keeps to the usual frame.
 */
import type { GuestMemory } from '../memory/guest.ts'
import { type MachineContext, wordOf } from './machine-context.ts'
import type { FunctionTable } from './ports.ts'

/** A row of a module's function table. */
export interface FunctionRow {
  /** Address of the row. */
  readonly at: number
  readonly begin: number
  readonly end: number
  /** First address past the prologue. */
  readonly prologueEnd: number
  /** The language handler and its data; 0 for none. */
  readonly handler: number
  readonly handlerData: number
  /** The run of register save or restore entries, which is no function. */
  readonly helper: boolean
}

const rowSize = 8

/** The row of the function an address lies in. */
export function findFunction(memory: GuestMemory, table: FunctionTable, pc: number): FunctionRow | undefined {
  let low = 0
  let high = Math.floor(table.size / rowSize)
  while (low < high) {
    const middle = (low + high) >>> 1
    const begin = memory.load32(table.address + middle * rowSize)
    if (begin !== 0 && begin <= pc) low = middle + 1
    else high = middle
  }
  if (low === 0) return undefined
  const at = table.address + (low - 1) * rowSize
  const begin = memory.load32(at)
  const word = memory.load32(at + 4)
  const end = begin + ((word >>> 8) & 0x3fffff) * 4
  if (pc >= end) return undefined
  const ordinary = (word & 0x40000000) !== 0
  const handled = ordinary && word >>> 31 === 1
  return {
    at,
    begin,
    end,
    prologueEnd: begin + (word & 0xff) * 4,
    handler: handled ? memory.load32(begin - 8) : 0,
    handlerData: handled ? memory.load32(begin - 4) : 0,
    helper: !ordinary,
  }
}

const moveFromLink = 0x7c0802a6
const movesLink = (word: number): boolean => (word & ~(31 << 21)) >>> 0 === moveFromLink
const returnWord = 0x4e800020
const longestScan = 64
const savedLink = -8
const firstKept = 14

/** What is known of a register while a prologue is read. */
type Known = { readonly of: 'sp' | 'number'; readonly value: number } | { readonly of: 'lr' } | { readonly of: 'cr' }

type Kept = { readonly file: 'gpr' | 'fpr' | 'vr' | 'lr' | 'cr'; readonly number: number; readonly at: number }

interface Prologue {
  readonly known: Map<number, Known>
  /** Where values lie, relative to the stack pointer at the entry. */
  readonly kept: Kept[]
  framed: boolean
}

const signed16 = (word: number): number => (word << 16) >> 16

/** Reads code from `from` up to `to`; a return ends it, for the run of save entries. */
function readPrologue(memory: GuestMemory, from: number, to: number, prologue: Prologue, depth = 0): void {
  const { known, kept } = prologue
  const sumOf = (base: Known | undefined, offset: number): Known | undefined =>
    base?.of === 'sp' || base?.of === 'number' ? { of: base.of, value: (base.value + offset) | 0 } : undefined
  const learn = (register: number, what: Known | undefined): void => {
    if (what === undefined) known.delete(register)
    else known.set(register, what)
  }
  const keep = (file: Kept['file'], number: number, where: Known | undefined): void => {
    if (where?.of === 'sp' && !kept.some(each => each.file === file && each.number === number))
      kept.push({ file, number, at: where.value })
  }
  for (let pc = from; pc < to; pc += 4) {
    const word = memory.load32(pc)
    if (word === returnWord) return
    const major = word >>> 26
    const s = (word >>> 21) & 31
    const a = (word >>> 16) & 31
    const b = (word >>> 11) & 31
    const minor = (word >>> 1) & 0x3ff
    const displaced = sumOf(known.get(a), signed16(word))
    if (major === 36) {
      const what = known.get(s)
      if (what?.of === 'lr') keep('lr', 0, displaced)
      else if (what?.of === 'cr') keep('cr', 0, displaced)
    } else if (major === 62 && (word & 3) === 0 && s >= firstKept)
      keep('gpr', s, sumOf(known.get(a), signed16(word & ~3)))
    else if (major === 54) keep('fpr', s, displaced)
    else if (major === 37 && s === 1 && a === 1) {
      learn(1, displaced)
      prologue.framed = true
    } else if (major === 14) learn(s, a === 0 ? { of: 'number', value: signed16(word) } : displaced)
    else if (major === 15) learn(s, a === 0 ? { of: 'number', value: word << 16 } : undefined)
    else if (major === 24) {
      const base = known.get(s)
      learn(a, base?.of === 'number' ? { of: 'number', value: base.value | (word & 0xffff) } : undefined)
    } else if (major === 31) {
      const second = known.get(b)
      if (movesLink(word)) learn(s, { of: 'lr' })
      else if (minor === 19) learn(s, { of: 'cr' })
      else if (minor === 444 && s === b) learn(a, known.get(s))
      else if (minor === 183 && s === 1 && a === 1) {
        learn(1, second?.of === 'number' ? sumOf(known.get(1), second.value) : undefined)
        prologue.framed = true
      } else if (minor === 231 && second?.of === 'sp') keepVector(keep, s, known.get(a), second)
    } else if (major === 4 && (word & 0x7f3) === 0x1c3) {
      const second = known.get(b)
      if (second?.of === 'sp') keepVector(keep, s | (((word >>> 2) & 3) << 5), known.get(a), second)
    } else if (major === 18 && (word & 3) === 1 && depth === 0) {
      const target = pc + ((word << 6) >> 6) - 1
      const first = memory.load32(target)
      // Entries of the save run: std, stfd, or the number of a vector's slot.
      if (first >>> 26 === 62 || first >>> 26 === 54 || first >>> 16 === 0x3960)
        readPrologue(memory, target, target + 0x240, prologue, depth + 1)
    }
  }
}

function keepVector(
  keep: (file: 'vr', number: number, where: Known) => void,
  number: number,
  index: Known | undefined,
  base: { readonly value: number },
): void {
  if (index?.of === 'number') keep('vr', number, { of: 'sp', value: (base.value + index.value) & ~15 })
}

export interface Step {
  /** The stack pointer its function was entered with: the frame, as handlers know it. */
  readonly frame: number
}

/** Where the prologue of a function that says nothing of it ends: behind the instruction that makes the frame. */
function guessPrologue(memory: GuestMemory, begin: number, pc: number): number {
  if (!movesLink(memory.load32(begin))) return begin
  for (let at = begin; at < begin + longestScan * 4; at += 4) {
    const word = memory.load32(at)
    if (word >>> 16 === 0x9421 || word >>> 16 === 0x7c21) return at + 4
    if (at > pc) break
  }
  return begin
}

/**
 * Changes a context from that of a function to that of its caller, whose `pc` is the return address. `top`: the function
 * was stopped where it is, and is not waiting for one that it called.
 */
export function unwindFrame(
  memory: GuestMemory,
  row: FunctionRow | undefined,
  context: MachineContext,
  pc: number,
  top: boolean,
): Step {
  const prologue: Prologue = { known: new Map([[1, { of: 'sp', value: 0 }]]), kept: [], framed: false }
  let end = 0
  if (row !== undefined && !row.helper) {
    end = row.prologueEnd === row.begin ? guessPrologue(memory, row.begin, pc) : row.prologueEnd
    readPrologue(memory, row.begin, Math.min(pc, end), prologue)
  }
  const sp = wordOf(context, 1)
  // One that called another has a frame, even if no table tells of it.
  const unknown = !top && !prologue.framed && prologue.kept.length === 0
  const frame = prologue.framed || unknown ? memory.load32(sp) : sp
  let link = unknown ? memory.load32(frame + savedLink) : context.lr
  const slot = prologue.kept.find(each => each.file === 'lr')
  if (slot !== undefined) link = memory.load32(frame + slot.at)
  else
    for (const [register, what] of prologue.known)
      if (what.of === 'lr' && (register >= firstKept || pc < end)) link = wordOf(context, register)
  for (const { file, number, at } of prologue.kept) {
    const address = (frame + at) >>> 0
    if (file === 'gpr') context.gpr[number] = memory.load64(address)
    else if (file === 'fpr') context.fpr[number] = memory.load64(address)
    else if (file === 'vr') context.vr[number] = memory.read(address, 16)
    else if (file === 'cr') context.cr = memory.load32(address)
  }
  context.gpr[1] = BigInt(frame)
  context.lr = link
  context.pc = link
  return { frame }
}
