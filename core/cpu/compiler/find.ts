/**
 * Units: what is compiled as one function. A unit begins at an address and holds all code that can be reached from it
 * by branches whose targets are known, without entering another function. It is cut into blocks here; what a block does
 * at its end is one of a few kinds, and whatever leads out of the unit, or cannot be compiled, is an exit to an address.
 *
 * A call of the unit itself stays in it: it is a jump to the entry, and a return to where such a call goes on is a jump too.
 * Nothing is assumed of who called: a way is taken because LR says so, and a return to anywhere else leaves the unit. Such
 * recursion stores and loads no registers on the way, needs no frame of the host, and takes two thirds of the time. (To take
 * in short functions that others call as well made a title and SQLite no faster, and Lua by a fourteenth only with so many
 * that half as much again was spent on compiling.)
 *
 * The same code may belong to several units: a function that is entered at a loop of its own, because a run ended
 * there, has a unit that begins at that loop. Each is sound by itself, and none has to be entered in the middle.
 */
import type { GuestMemory } from '../../memory/guest.ts'
import { access, fold } from '../../memory/map.ts'
import type { Mode } from '../wasm/program.ts'
import { type Instruction, type Meaning, meaningsIn, staticTarget } from './meaning.ts'
import { takeNumbers, withScratch } from './scratch.ts'
import { decides, moves } from './skips.ts'

/** How a block ends: `recursion` by a call of its own unit. Addresses that no block of the unit begins at are exits. */
export interface Ending {
  readonly kind: 'next' | 'jump' | 'branch' | 'call' | 'recursion' | 'kernel' | 'dynamic' | 'exit'
  /** Whether what follows the block can be reached. */
  readonly falls: boolean
  /** The static target of the branch. */
  readonly target: number | undefined
}

export interface Block {
  readonly start: number
  /** The address behind it. */
  readonly end: number
  /** Its instructions, one behind the other. */
  readonly instructions: readonly Instruction[]
  /** Whether the last but one jumps over the last, or goes on with it. */
  readonly skips: boolean
  readonly ending: Ending
}

export interface Unit {
  readonly entry: number
  /** The first is the entry, the others follow one another by address. */
  readonly blocks: readonly Block[]
  readonly instructions: number
  /** What `Instruction.at` counts, of all that was found. */
  readonly places: number
  /** Static targets of its calls and of its branches out. */
  readonly callees: readonly number[]
  /** Those that are a kernel call and a return, and nothing else: they are written where they are called. */
  readonly thunks: ReadonlySet<number>
  /** Where calls of its function in it return to. */
  readonly recursions: readonly number[]
}

/** The number of the block that begins at an address; -1 for none. */
export function blockAt({ blocks }: Pick<Unit, 'blocks'>, address: number): number {
  if (blocks[0]?.start === address) return 0
  let least = 1
  let most = blocks.length - 1
  while (least <= most) {
    const middle = (least + most) >>> 1
    const start = blocks[middle]?.start ?? 0
    if (start === address) return middle
    if (start < address) least = middle + 1
    else most = middle - 1
  }
  return -1
}

/** Where the function begins that an address is in, as far as functions are known; else the lowest place that is looked at. */
export function functionAround(isFunction: (address: number) => boolean, pc: number, lowest: number): number {
  let start = pc
  while (start > lowest && !isFunction(start)) start -= 4
  return start
}

/** Calls of its own function that return inside a unit: each return has a way to each of them. */
const mostRecursions = 8

/** Bytes of a thunk that run. */
export const thunkSize = 8

export interface Finder {
  readonly memory: Pick<GuestMemory, 'bytes' | 'accessAt'>
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

/**
 * A block whose branch leads just behind the instruction that follows, with that (skips.ts); undefined where they are something
 * else. `meaningOf` has the meanings of instructions that may be jumped over.
 */
function withSkipped(
  before: Block | undefined,
  { start, end, instructions, ending }: Block,
  meaningOf: (bits: number) => Meaning | undefined,
): Block | undefined {
  const branch = before?.instructions.at(-1)
  const [only] = instructions
  if (before === undefined || branch === undefined || only === undefined || instructions.length > 1) return undefined
  const isOver = before.ending.kind === 'branch' && before.end === start && before.ending.target === end
  if (!isOver || ending.kind !== 'next' || !decides(branch.meaning.program)) return undefined
  const meaning = meaningOf(only.bits)
  if (meaning === undefined || !moves(meaning.program)) return undefined
  return { ...before, end, instructions: [...before.instructions, { ...only, meaning }], skips: true, ending }
}

/** Numbers by address, for as many as a unit has: cleared and filled for each, since to make a map for each is dear. */
function createAddressBook() {
  const mask = 4 * 2 ** Math.ceil(Math.log2(longestUnit)) - 1
  /** Addresses, with their lowest bit set, so that none is 0; the next free place is taken where two fall together. */
  const keys = new Int32Array(mask + 1)
  const values = new Int16Array(mask + 1)
  /** The places taken, for as many as there are to be free again. */
  const taken = new Int16Array(longestUnit)
  let count = 0
  function slotOf(address: number): number {
    let slot = (address >>> 2) & mask
    while (keys[slot] !== 0 && keys[slot] !== (address | 1)) slot = (slot + 1) & mask
    return slot
  }
  return {
    clear(): void {
      for (let i = 0; i < count; i += 1) keys[taken[i] ?? 0] = 0
      count = 0
    },
    /** -1 where there is none. */
    get(address: number): number {
      const slot = slotOf(address)
      return keys[slot] === 0 ? -1 : (values[slot] ?? -1)
    },
    set(address: number, value: number): void {
      const slot = slotOf(address)
      if (keys[slot] === 0) {
        taken[count] = slot
        count += 1
      }
      keys[slot] = address | 1
      values[slot] = value
    },
  }
}
const addressBook = createAddressBook()

/** The unit that begins at an address; undefined where its first instruction cannot be compiled. */
export const findUnit = (finder: Finder, entry: number): Unit | undefined => withScratch(() => find(finder, entry))

/** Makes the order of addresses that of numbers with a sign. */
const topBit = 1 << 31

function find(finder: Finder, entry: number): Unit | undefined {
  const { memory, mode, whole, stops } = finder
  const longest = Math.min(finder.longest, longestUnit)
  const quickly = meaningsIn({ ...mode, quick: true })
  const wholly = meaningsIn(mode)
  const skippedIn = meaningsIn({ ...mode, quick: true, skips: true })
  const view = new DataView(memory.bytes.buffer)
  const found: Instruction[] = []
  /** How each of them ends its block. */
  const endings: (Ending | undefined)[] = []
  /** Where in `found` an address is: what follows one another mostly does so there too. */
  const placeOf = addressBook
  placeOf.clear()
  const leaders = [entry]
  const callees = new Set<number>()
  const thunks = new Set<number>()
  const work = [entry]
  let places = 0

  function instructionAt(pc: number): Instruction | undefined {
    if ((stops.size > 0 && stops.has(pc)) || (memory.accessAt(pc) & access.execute) === 0 || !finder.mayRun(pc))
      return undefined
    const bits = view.getInt32(fold(pc))
    const meaning = whole.size > 0 && whole.has(pc) ? wholly(bits) : quickly(bits)
    return meaning?.compilable ? { pc, bits, meaning, at: places } : undefined
  }
  function isThunk(target: number): boolean {
    if (instructionAt(target)?.meaning.kernel !== true) return false
    const second = instructionAt((target + 4) >>> 0)
    if (second === undefined) return false
    return second.meaning.returns && second.meaning.effects.ends
  }
  function lead(to: number): void {
    leaders.push(to)
    work.push(to)
  }
  const apart = (target: number): boolean => target !== entry && finder.isApart(target)
  const outside = (target: number): boolean => target !== entry && (finder.isFunction(target) || apart(target))

  /**
   * The function that a unit begins in behind a call of it, as it does where a run ended on the way back; else its entry. Where
   * the function of the entry is not known, one that lies before it and is called there is taken for it.
   */
  function ownFunction(): number {
    const call = instructionAt((entry - 4) >>> 0)
    const target = call?.meaning.links ? staticTarget(call) : undefined
    if (target === undefined || target >= entry || entry - target > 4 * longestUnit) return entry
    return functionAround(finder.isFunction, entry, target) === target ? target : entry
  }
  const own = ownFunction()
  const recursions = own === entry ? [] : [entry]
  /** A call as one that stays in the unit, if it does. */
  function asRecursion({ pc, meaning }: Instruction, ending: Ending | undefined): Ending | undefined {
    if (ending?.kind !== 'call' || ending.target !== own || !meaning.effects.ends) return ending
    const back = (pc + 4) >>> 0
    if (recursions.includes(back)) return ending
    if (recursions.length === mostRecursions || Math.abs(back - entry) > 4 * longestUnit) return ending
    recursions.push(back)
    return own === entry ? { ...ending, kind: 'recursion' } : ending
  }

  for (let from = work.pop(); from !== undefined; from = work.pop()) {
    for (let pc = from; placeOf.get(pc) < 0 && found.length < longest && !apart(pc); pc = (pc + 4) >>> 0) {
      const instruction = instructionAt(pc)
      if (instruction === undefined) break
      const ending = asRecursion(instruction, endingOf(instruction))
      placeOf.set(pc, found.length)
      found.push(instruction)
      endings.push(ending)
      places += instruction.meaning.program.places.length + 1
      if (ending === undefined) continue
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
  if (found.length === 0) return undefined

  /** How often each is said to be led to: as the entry, by a branch, or behind one. */
  const leads = takeNumbers(found.length)
  /** Addresses of blocks but for the first. */
  const starts = takeNumbers(leaders.length)
  let count = 0
  for (let i = 0; i < leaders.length; i += 1) {
    const leader = leaders[i] ?? entry
    const place = placeOf.get(leader)
    if (place < 0) continue
    leads[place] = (leads[place] ?? 0) + 1
    if (leader === entry || leads[place] !== 1) continue
    starts[count] = leader ^ topBit
    count += 1
  }
  const inOrder = starts.subarray(0, count).sort()
  const blocks: Block[] = []
  for (let i = 0; i <= count; i += 1) {
    const start = i === 0 ? entry : ((inOrder[i - 1] ?? 0) ^ topBit) >>> 0
    const head = placeOf.get(start)
    let place = head
    let list: Instruction[] = []
    let ending: Ending | undefined
    let pc = start
    do {
      const first = place
      for (;;) {
        ending = endings[place]
        pc = (pc + 4) >>> 0
        if (ending !== undefined || found[place + 1]?.pc !== pc || leads[place + 1] !== 0) break
        place += 1
      }
      const piece = found.slice(first, place + 1)
      list = list.length === 0 ? piece : [...list, ...piece]
      place = found[place + 1]?.pc === pc ? place + 1 : placeOf.get(pc)
    } while (ending === undefined && place >= 0 && leads[place] === 0)
    const goesOn = place >= 0 || apart(pc)
    const after: Ending = { kind: goesOn ? 'next' : 'exit', falls: true, target: undefined }
    const block: Block = { start, end: pc, instructions: list, skips: false, ending: ending ?? after }
    // What another way leads to as well is not taken in: that way would leave the unit.
    const over = leads[head] === 1 ? withSkipped(blocks.at(-1), block, skippedIn) : undefined
    if (over === undefined) blocks.push(block)
    else blocks[blocks.length - 1] = over
  }
  return { entry, blocks, instructions: found.length, places, callees: [...callees], thunks, recursions }
}
