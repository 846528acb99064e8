/**
 * Registers of a unit as locals: which there are, where each may differ from the state block (dirty), and where its
 * local must hold the register's value (live).
 *
 * The state block is complete outside a unit. Inside, a register is loaded at the entry and behind a call if it is live
 * there, and stored where the unit is left if it is dirty there. Where ways meet on which a register is dirty here and not
 * there, it is stored on the former, or counts as dirty (`dirtyOf`), and then its local must be valid on all: what is dirty
 * is live. Since any instruction may leave the unit (a fault, a device, the end of the budget), this holds at every
 * instruction.
 */
import { analyseProgram } from '../analyse.ts'
import type { Type } from '../arithmetic.ts'
import { contextSize, files, specials, transient } from '../state.ts'
import type { Place } from '../wasm/trace.ts'
import type { Unit } from './find.ts'
import { perProgram } from '../wasm/plan.ts'
import { slotsOf, type Instruction } from './meaning.ts'

export interface Register {
  readonly index: number
  readonly offset: number
  readonly type: Type
  readonly bytes: number
}

/** A set of registers, by index: one word for 32 of them. Typed, since the host does not do well by many kinds of lists. */
export type Bits = Int32Array

export const has = (set: Bits, index: number): boolean => (((set[index >> 5] ?? 0) >>> (index & 31)) & 1) !== 0
/** What is no register of the unit (-1) is in no set. */
export function include(set: Bits, index: number): void {
  if (index < 0) return
  set[index >> 5] = (set[index >> 5] ?? 0) | (1 << (index & 31))
}
export function exclude(set: Bits, index: number): void {
  if (index < 0) return
  set[index >> 5] = (set[index >> 5] ?? 0) & ~(1 << (index & 31))
}
/** How many there are. */
export function sizeOf(set: Bits): number {
  let size = 0
  for (let word = 0; word < set.length; word += 1)
    for (let rest = set[word] ?? 0; rest !== 0; rest &= rest - 1) size += 1
  return size
}

/** Sets of the blocks of a unit, one behind the other. */
export interface Sets {
  readonly bits: Int32Array
  of(block: number): Bits
}
export const setsOf = (bits: Int32Array, words: number): Sets => ({
  bits,
  of: block => bits.subarray(block * words, (block + 1) * words),
})

const bytesOf = (place: Place): number =>
  place.file === 'special' ? specials[place.name].bytes : files[place.file].step

export interface Registers {
  readonly all: readonly Register[]
  /** Words of a set. */
  readonly words: number
  at(offset: number): Register | undefined
  /** The index of the register that a place, or the place of a slot, is in an instruction; -1 for none of the unit. */
  indexOf(place: Place, instruction: Instruction): number
  indexIn(instruction: Instruction, slot: number): number
  /** Those that are written somewhere. */
  readonly written: Bits
  readonly dirtyIn: Sets
  readonly liveIn: Sets
  /** The blocks that lead to each block, but for those that call before. */
  readonly ways: readonly (readonly number[])[]
}

/** An edge inside the unit; behind a call all registers are in the state block. */
export interface Edge {
  readonly to: number
  readonly afterCall: boolean
}

type Ways = readonly (readonly number[])[]
function waysInto(edges: readonly (readonly Edge[])[]): Ways {
  const ways: number[][] = edges.map(() => [])
  for (let from = 0; from < edges.length; from += 1)
    for (const { to, afterCall } of edges[from] ?? []) if (!afterCall) ways[to]?.push(from)
  return ways
}

/** Visits all blocks, in order, and again those that are touched meanwhile, until none is. */
export function untilSteady(size: number, visit: (block: number, touch: (other: number) => void) => void): void {
  const stale = new Uint8Array(size).fill(1)
  let left = size
  const touch = (block: number): void => {
    if (stale[block] === 0) left += 1
    stale[block] = 1
  }
  while (left > 0)
    for (let block = 0; block < size; block += 1) {
      if (stale[block] === 0) continue
      stale[block] = 0
      left -= 1
      visit(block, touch)
    }
}

/**
 * What is dirty where a block begins. In a loop that is what is dirty on any of the ways there: to store it can wait until
 * the loop is left. Elsewhere a register that is dirty on some of the ways alone, and that nobody reads from here on, is
 * stored on those ways: on the others it need not even be loaded.
 */
function dirtyOf(
  next: readonly (readonly Edge[])[],
  ways: Ways,
  words: number,
  writes: Int32Array,
  liveIn: Int32Array,
  order: readonly number[],
): Int32Array {
  const size = next.length
  const dirtyIn = new Int32Array(writes.length)
  const rank = new Int32Array(size).fill(-1)
  const visited = order.length === 0 ? new Int32Array(size).map((_, block) => block) : new Int32Array(order)
  for (let at = 0; at < order.length; at += 1) rank[order[at] ?? 0] = at
  /** Inside something that leads back. Where there is no order, everything may. */
  const turns = new Uint8Array(size).fill(order.length === 0 ? 1 : 0)
  /** Entered by a way on which nothing is dirty: from outside, or behind a call. */
  const clean = new Uint8Array(size)
  clean[0] = 1
  for (let from = 0; from < size; from += 1)
    for (const { to, afterCall } of next[from] ?? []) {
      if (afterCall) clean[to] = 1
      const last = rank[from] ?? -1
      for (let at = rank[to] ?? 0; at <= last; at += 1) turns[visited[at] ?? 0] = 1
    }
  for (let changed = true; changed; ) {
    changed = false
    for (let at = 0; at < visited.length; at += 1) {
      const block = visited[at] ?? 0
      const into = ways[block] ?? []
      for (let word = 0; word < words; word += 1) {
        const own = block * words + word
        let some = 0
        let all = clean[block] === 1 ? 0 : -1
        for (const from of into) {
          const out = (dirtyIn[from * words + word] ?? 0) | (writes[from * words + word] ?? 0)
          some |= out
          all &= out
        }
        const now = turns[block] ? some : some & (all | (liveIn[own] ?? 0))
        if (now === dirtyIn[own]) continue
        dirtyIn[own] = now
        changed = true
      }
    }
  }
  return dirtyIn
}

/** The registers that a program reads, writes for certain, or writes in one of its ways alone; and all of them. */
const touchedBy = perProgram(program => {
  const effects = analyseProgram(program)
  const reads = slotsOf(effects.reads)
  const certain = slotsOf(program.body.writes.map(({ place }) => place))
  const perhaps = slotsOf(effects.perhaps)
  return { reads, certain, perhaps, all: [...new Set([...reads, ...certain, ...perhaps])].flatMap(slot => program.places[slot] ?? []) }
})

export function registersOf(
  unit: Unit,
  edges: (block: number) => readonly Edge[],
  order: readonly number[],
): Registers {
  const { blocks } = unit
  const size = blocks.length
  const all: Register[] = []
  /** One more than the index of the register at an offset; and that of each place of each instruction. */
  const byOffset = new Int16Array(contextSize)
  const numbers = new Int16Array(unit.places)
  const indexIn = ({ at }: Instruction, slot: number): number => (numbers[at + slot] ?? 0) - 1
  const touch = ({ meaning, bits, at }: Instruction): void => {
    const { program } = meaning
    for (const place of touchedBy(program).all) {
      const offset = place.offset(bits)
      if (offset === transient.zero) continue
      if (byOffset[offset] === 0) {
        all.push({ index: all.length, offset, type: place.type, bytes: bytesOf(place) })
        byOffset[offset] = all.length
      }
      numbers[at + place.slot] = byOffset[offset] ?? 0
    }
  }
  for (const block of blocks) for (const instruction of block.instructions) touch(instruction)

  const words = Math.max(1, (all.length + 31) >> 5)
  const uses = new Int32Array(words * size)
  const kills = new Int32Array(words * size)
  const writes = new Int32Array(words * size)
  const flow = (instruction: Instruction, start: number): void => {
    const { reads, certain, perhaps } = touchedBy(instruction.meaning.program)
    for (let i = 0; i < reads.length; i += 1) {
      const index = indexIn(instruction, reads[i] ?? 0)
      const at = start + (index >> 5)
      if (index >= 0) uses[at] = (uses[at] ?? 0) | ((1 << (index & 31)) & ~(kills[at] ?? 0))
    }
    for (let i = 0; i < perhaps.length; i += 1) {
      const index = indexIn(instruction, perhaps[i] ?? 0)
      const at = start + (index >> 5)
      const bit = 1 << (index & 31)
      writes[at] = (writes[at] ?? 0) | bit
      // What may be written must hold its old value where it is not.
      if (!certain.some(slot => indexIn(instruction, slot) === index)) uses[at] = (uses[at] ?? 0) | (bit & ~(kills[at] ?? 0))
    }
    for (let i = 0; i < certain.length; i += 1) {
      const index = indexIn(instruction, certain[i] ?? 0)
      const at = start + (index >> 5)
      const bit = 1 << (index & 31)
      writes[at] = (writes[at] ?? 0) | bit
      kills[at] = (kills[at] ?? 0) | bit
    }
  }
  for (let block = 0; block < size; block += 1)
    for (const instruction of blocks[block]?.instructions ?? []) flow(instruction, block * words)
  const written = new Int32Array(words)
  for (let at = 0; at < writes.length; at += 1) {
    const word = at % words
    written[word] = (written[word] ?? 0) | (writes[at] ?? 0)
  }

  const next = blocks.map((_, block) => edges(block))
  const ways = waysInto(next)
  const liveIn = uses.slice()
  const last = size - 1
  /** Adds what is live where it leads to, until nothing is new: from the last block to the first, as most of it goes. */
  const spreadBack = (): void =>
    untilSteady(size, (turn, touch) => {
      const block = last - turn
      let changed = false
      for (const { to, afterCall } of next[block] ?? []) {
        if (afterCall) continue
        for (let word = 0; word < words; word += 1) {
          const own = block * words + word
          const old = liveIn[own] ?? 0
          const now = old | ((liveIn[to * words + word] ?? 0) & ~(kills[own] ?? 0))
          if (now === old) continue
          liveIn[own] = now
          changed = true
        }
      }
      if (changed) for (const from of ways[block] ?? []) touch(last - from)
    })
  spreadBack()
  const dirtyIn = dirtyOf(next, ways, words, writes, liveIn, order)
  for (let at = 0; at < liveIn.length; at += 1) liveIn[at] = (liveIn[at] ?? 0) | (dirtyIn[at] ?? 0)
  spreadBack()
  return {
    all,
    words,
    at: offset => all[(byOffset[offset] ?? 0) - 1],
    indexOf: (place, instruction) => indexIn(instruction, place.slot),
    indexIn,
    written,
    dirtyIn: setsOf(dirtyIn, words),
    liveIn: setsOf(liveIn, words),
    ways,
  }
}
