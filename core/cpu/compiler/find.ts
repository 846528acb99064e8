/**
 * Units: what is compiled as one function. A unit begins at an address and holds all code that can be reached from it
 * by branches whose targets are known, without entering another function. It is cut into blocks here; what a block does
 * at its end is one of a few kinds, and whatever leads out of the unit, or cannot be compiled, is an exit to an address.
 *
 * The same code may belong to several units: a function that is entered at a loop of its own, because a run ended
 * there, has a unit that begins at that loop. Each is sound by itself, and none has to be entered in the middle.
 */
import type { GuestMemory } from '../../memory/guest.ts'
import { access, fold } from '../../memory/map.ts'
import type { Known } from '../algebra.ts'
import { analyseProgram, type Effects } from '../analyse.ts'
import { bitsOf } from '../fields.ts'
import { fieldOf } from '../forms.ts'
import { decode, knownOf } from '../isa.ts'
import type { Row } from '../rows/row.ts'
import { type Mode, type Node, type Program, type Scope, traceRow, variantNumber, variantsOf } from '../wasm/trace.ts'

/** What a row does, in one setting of its variants and one mode: the same for all its instructions. */
export interface Meaning {
  /** Gives the instruction up where something rare happens. */
  readonly gives: boolean
  readonly row: Row
  readonly program: Program
  readonly effects: Effects
  /** Has no part that only the interpreter does. */
  readonly compilable: boolean
  /** Sets LR to the address behind it: a call, when it branches. */
  readonly links: boolean
  /** Is a kernel call, and nothing else. */
  readonly kernel: boolean
  readonly target: Node | undefined
}

export interface Instruction {
  readonly pc: number
  readonly word: number
  readonly known: Known
  readonly meaning: Meaning
}

/** How a block ends. Addresses that no block of the unit begins at are exits. */
export interface Ending {
  readonly kind: 'next' | 'jump' | 'branch' | 'call' | 'kernel' | 'dynamic' | 'exit'
  /** Whether what follows the block can be reached. */
  readonly falls: boolean
  /** The static target of the branch. */
  readonly target: number | undefined
}

export interface Block {
  readonly start: number
  /** The address behind it. */
  readonly end: number
  readonly instructions: readonly Instruction[]
  readonly ending: Ending
}

export interface Unit {
  readonly entry: number
  readonly blocks: readonly Block[]
  readonly indexOf: ReadonlyMap<number, number>
  readonly instructions: number
  /** Static targets of its calls and of its branches out. */
  readonly callees: readonly number[]
  /** Those that are a kernel call and a return, and nothing else: they are written where they are called. */
  readonly thunks: ReadonlySet<number>
}

/** Bytes of a thunk that run. */
export const thunkSize = 8

export interface Finder {
  readonly memory: GuestMemory
  readonly mode: Mode
  /** Instructions in which what is rare has happened often: they are compiled with all they mean. */
  readonly whole: ReadonlySet<number>
  readonly stops: ReadonlySet<number>
  /** Whether a function is known to begin here. */
  isFunction(address: number): boolean
  /** Whether a loop that is a unit of its own begins here. */
  isApart(head: number): boolean
  /** Targets seen of a branch through a register, to be taken as its own. */
  seen(pc: number): readonly number[]
  /** Instructions of a unit at most. */
  readonly longest: number
  /** Whether code that has not run yet may be left out: what never runs costs nothing. */
  mayRun(pc: number): boolean
}

/** Instructions of a unit at most. */
export const longestUnit = 1_500

function branchTarget(scope: Scope): Node | undefined {
  if (scope.branch) return scope.branch
  for (const one of scope.statements)
    if (one.kind === 'when') {
      const inner = branchTarget(one.yes) ?? branchTarget(one.no)
      if (inner) return inner
    }
  return undefined
}

const onlyInterpreted = (scope: Scope): boolean =>
  scope.statements.some(one => {
    if (one.kind === 'check' || one.kind === 'forget' || one.kind === 'repeat' || one.kind === 'callKernel') return true
    return one.kind === 'when' && (onlyInterpreted(one.yes) || onlyInterpreted(one.no))
  })

/** The meanings of a row, by the bits of a word that tell its variants; one such list for each mode. */
interface RowMeanings {
  readonly bits: number
  readonly byVariant: Map<number, Meaning>
}
const meanings: Map<Row, RowMeanings>[] = []

export function meaningOf(word: number, mode: Mode): Meaning | undefined {
  const row = decode(word)
  if (row === undefined) return undefined
  const bits = Number(mode.wide) | (Number(mode.exact) << 1) | (Number(mode.fuses) << 2) | (mode.quick ? 8 : 0)
  meanings[bits] ??= new Map()
  const cache = meanings[bits]
  let own = cache.get(row)
  if (own === undefined) {
    own = { bits: row.encoding.variants.reduce((sum, name) => sum | bitsOf(fieldOf(name)), 0), byVariant: new Map() }
    cache.set(row, own)
  }
  const have = own.byVariant.get(word & own.bits)
  if (have !== undefined) return have
  const meaning = makeMeaning(row, word, mode)
  if (meaning !== undefined) own.byVariant.set(word & own.bits, meaning)
  return meaning
}

function makeMeaning(row: Row, word: number, mode: Mode): Meaning | undefined {
  const variants = variantsOf(row)[variantNumber(row, word)]
  if (variants === undefined) return undefined
  const program = traceRow(row, variants, mode)
  const effects = analyseProgram(program)
  const kernel = program.body.statements.length === 1 && effects.calls
  const plain = !program.immediate && !onlyInterpreted(program.body) && !(effects.ends && !effects.branches)
  return {
    row,
    program,
    effects,
    gives: program.body.statements.some(one => one.kind === 'require'),
    compilable: kernel || plain,
    links: effects.branches && effects.writes.some(place => place.file === 'special' && place.name === 'lr'),
    kernel,
    target: branchTarget(program.body),
  }
}

/** The static target of a branch, if it has one. */
export function staticTarget({ meaning, known }: Instruction): number | undefined {
  const node = meaning.target
  return node?.op === 'known' ? Number(node.known.of(known)) >>> 0 : undefined
}

function endingOf(instruction: Instruction): Ending | undefined {
  const { meaning, pc } = instruction
  if (meaning.kernel) return { kind: 'kernel', falls: true, target: undefined }
  if (!meaning.effects.branches) return undefined
  const target = staticTarget(instruction)
  const falls = !meaning.effects.ends
  // A call of the next instruction only asks for its own address.
  if (meaning.links && target !== pc + 4) return { kind: 'call', falls: true, target }
  if (target === undefined) return { kind: 'dynamic', falls, target }
  return { kind: falls ? 'branch' : 'jump', falls, target }
}

/** The unit that begins at an address; undefined where its first instruction cannot be compiled. */
export function findUnit(finder: Finder, entry: number): Unit | undefined {
  const { memory, mode, whole, stops, longest } = finder
  const quick: Mode = { ...mode, quick: true }
  const view = new DataView(memory.bytes.buffer)
  const instructions = new Map<number, Instruction>()
  const endings = new Map<number, Ending>()
  const leaders = new Set([entry])
  const callees = new Set<number>()
  const thunks = new Set<number>()
  const work = [entry]

  function instructionAt(pc: number): Instruction | undefined {
    if (stops.has(pc) || (memory.accessAt(pc) & access.execute) === 0 || !finder.mayRun(pc)) return undefined
    const word = view.getUint32(fold(pc))
    const meaning = meaningOf(word, whole.has(pc) ? mode : quick)
    return meaning?.compilable ? { pc, word, known: knownOf(word, pc), meaning } : undefined
  }
  function isThunk(target: number): boolean {
    const [first, second] = [instructionAt(target), instructionAt((target + 4) >>> 0)]
    if (second === undefined || first?.meaning.kernel !== true) return false
    return second.meaning.row.name === 'bclr' && second.meaning.effects.ends && !second.meaning.links
  }
  function lead(to: number): void {
    leaders.add(to)
    work.push(to)
  }
  const apart = (target: number): boolean => target !== entry && finder.isApart(target)
  const outside = (target: number): boolean => target !== entry && (finder.isFunction(target) || apart(target))

  for (let from = work.pop(); from !== undefined; from = work.pop()) {
    for (let pc = from; !instructions.has(pc) && instructions.size < longest && !apart(pc); pc = (pc + 4) >>> 0) {
      const instruction = instructionAt(pc)
      if (instruction === undefined) break
      const ending = endingOf(instruction)
      instructions.set(pc, instruction)
      if (ending === undefined) continue
      endings.set(pc, ending)
      if (ending.target !== undefined) {
        if (ending.kind === 'call' && isThunk(ending.target)) thunks.add(ending.target)
        if (ending.kind === 'call' || outside(ending.target)) callees.add(ending.target)
        else lead(ending.target)
      }
      if (ending.kind === 'dynamic') for (const target of finder.seen(pc)) lead(target)
      if (ending.falls) lead((pc + 4) >>> 0)
      break
    }
  }
  if (!instructions.has(entry)) return undefined

  const blocks: Block[] = []
  const indexOf = new Map<number, number>()
  for (const start of [entry, ...[...leaders].filter(one => one !== entry).sort((a, b) => a - b)]) {
    if (!instructions.has(start)) continue
    const list: Instruction[] = []
    let ending: Ending | undefined
    let pc = start
    do {
      const one = instructions.get(pc)
      if (one === undefined) break
      list.push(one)
      ending = one.meaning.kernel || one.meaning.effects.branches ? endings.get(pc) : undefined
      pc = (pc + 4) >>> 0
    } while (ending === undefined && !leaders.has(pc))
    const goesOn = instructions.has(pc) || apart(pc)
    const after: Ending = { kind: goesOn ? 'next' : 'exit', falls: true, target: undefined }
    indexOf.set(start, blocks.length)
    blocks.push({ start, end: pc, instructions: list, ending: ending ?? after })
  }
  return { entry, blocks, indexOf, instructions: instructions.size, callees: [...callees], thunks }
}
