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
import type { Known } from '../algebra.ts'
import type { Type } from '../arithmetic.ts'
import { contextSize, files, specials, transient } from '../state.ts'
import type { Place } from '../wasm/trace.ts'
import type { Unit } from './find.ts'

export interface Register {
  readonly index: number
  readonly offset: number
  readonly type: Type
  readonly bytes: number
}

/** A set of registers, by index: one word for 32 of them. Small and many, so no typed arrays, which are dear to make. */
export type Bits = number[]

export const noBits = (words: number): Bits => {
  const set: Bits = []
  for (let i = 0; i < words; i += 1) set.push(0)
  return set
}
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
  for (const word of set) for (let rest = word; rest !== 0; rest &= rest - 1) size += 1
  return size
}
/** What is in none of the two others. */
export const without = (set: Bits, one: Bits, other: Bits): Bits =>
  set.map((word, at) => word & ~((one[at] ?? 0) | (other[at] ?? 0)))
/** Adds all of `more`; whether that changed anything. */
const join = (set: Bits, more: Bits): boolean => joinWithout(set, more, undefined)

/** Adds all of `more` but what is in `less`; whether that changed anything. */
function joinWithout(set: Bits, more: Bits, less: Bits | undefined): boolean {
  let changed = false
  for (let i = 0; i < set.length; i += 1) {
    const old = set[i] ?? 0
    const now = old | ((more[i] ?? 0) & ~(less?.[i] ?? 0))
    if (now !== old) {
      set[i] = now
      changed = true
    }
  }
  return changed
}

const bytesOf = (place: Place): number =>
  place.file === 'special' ? specials[place.name].bytes : files[place.file].step

export interface Registers {
  readonly all: readonly Register[]
  /** Words of a set. */
  readonly words: number
  at(offset: number): Register | undefined
  /** The register that a place is in an instruction, by index; -1 for none of the unit. */
  indexOf(place: Place, known: Known): number
  /** Those that are written somewhere. */
  readonly written: Bits
  readonly dirtyIn: readonly Bits[]
  readonly liveIn: readonly Bits[]
}

/** An edge inside the unit; behind a call all registers are in the state block. */
export interface Edge {
  readonly to: number
  readonly afterCall: boolean
}

/** The blocks that lead to each block, but for those that call before. */
export function waysInto(edges: readonly (readonly Edge[])[]): readonly (readonly number[])[] {
  const ways: number[][] = edges.map(() => [])
  for (const [from, list] of edges.entries()) for (const { to, afterCall } of list) if (!afterCall) ways[to]?.push(from)
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
  size: number,
  next: readonly (readonly Edge[])[],
  writes: readonly Bits[],
  liveIn: readonly Bits[],
  order: readonly number[],
): Bits[] {
  const words = writes[0]?.length ?? 1
  const dirtyIn: Bits[] = Array.from({ length: size }, () => noBits(words))
  const rank = new Int32Array(size).fill(-1)
  for (const [at, block] of order.entries()) rank[block] = at
  /** Inside something that leads back. Where there is no order, everything may. */
  const turns = new Uint8Array(size).fill(order.length === 0 ? 1 : 0)
  const into: { readonly from: number; readonly afterCall: boolean }[][] = Array.from({ length: size }, () => [])
  for (const [from, edges] of next.entries())
    for (const { to, afterCall } of edges) {
      into[to]?.push({ from, afterCall })
      for (let at = rank[to] ?? 0; at <= (rank[from] ?? -1); at += 1) turns[order[at] ?? 0] = 1
    }
  for (let changed = true; changed; ) {
    changed = false
    for (const block of order.length === 0 ? dirtyIn.keys() : order) {
      const own = dirtyIn[block]
      const live = liveIn[block]
      if (own === undefined || live === undefined) continue
      for (let word = 0; word < words; word += 1) {
        let some = 0
        let all = -1
        for (const { from, afterCall } of into[block] ?? []) {
          const out = afterCall ? 0 : (dirtyIn[from]?.[word] ?? 0) | (writes[from]?.[word] ?? 0)
          some |= out
          all &= out
        }
        // The entry is a way too, on which nothing is dirty.
        if (block === 0) all = 0
        const now = turns[block] ? some : some & (all | (live[word] ?? 0))
        if (now === own[word]) continue
        own[word] = now
        changed = true
      }
    }
  }
  return dirtyIn
}

export function registersOf(
  unit: Unit,
  edges: (block: number) => readonly Edge[],
  order: readonly number[],
): Registers {
  const all: Register[] = []
  const byOffset = new Int16Array(contextSize)

  function find(place: Place, known: Known): void {
    const offset = place.offset(known)
    if (offset === transient.zero || byOffset[offset] !== 0) return
    all.push({ index: all.length, offset, type: place.type, bytes: bytesOf(place) })
    byOffset[offset] = all.length
  }
  const indexOf = (place: Place, known: Known): number => (byOffset[place.offset(known)] ?? 0) - 1
  for (const { instructions } of unit.blocks)
    for (const { meaning, known } of instructions) {
      const { effects, program } = meaning
      for (const place of effects.reads) find(place, known)
      for (const { place } of program.body.writes) find(place, known)
      for (const place of effects.perhaps) find(place, known)
    }

  const words = Math.max(1, (all.length + 31) >> 5)
  const sets = (): Bits[] => unit.blocks.map(() => noBits(words))
  const uses = sets()
  const kills = sets()
  const writes = sets()
  for (const [block, { instructions }] of unit.blocks.entries()) {
    const [use, kill, write] = [uses[block], kills[block], writes[block]]
    if (use === undefined || kill === undefined || write === undefined) continue
    for (const { meaning, known } of instructions) {
      const { effects, program } = meaning
      const certain = program.body.writes
      for (const place of effects.reads) {
        const index = indexOf(place, known)
        if (index >= 0 && !has(kill, index)) include(use, index)
      }
      for (const place of effects.perhaps) {
        const index = indexOf(place, known)
        include(write, index)
        // What may be written must hold its old value where it is not.
        if (!has(kill, index) && !certain.some(one => indexOf(one.place, known) === index)) include(use, index)
      }
      for (const { place } of certain) {
        const index = indexOf(place, known)
        include(write, index)
        include(kill, index)
      }
    }
  }

  const written = noBits(words)
  for (const own of writes) join(written, own)

  const next = unit.blocks.map((_, block) => edges(block))
  const liveIn = sets()
  const last = unit.blocks.length - 1
  const ways = waysInto(next)
  /** Adds what is live where it leads to, until nothing is new: from the last block to the first, as most of it goes. */
  const spreadBack = (): void =>
    untilSteady(unit.blocks.length, (turn, touch) => {
      const block = last - turn
      const live = liveIn[block]
      if (live === undefined) return
      let changed = false
      for (const { to, afterCall } of next[block] ?? [])
        if (!afterCall && joinWithout(live, liveIn[to] ?? [], kills[block])) changed = true
      if (changed) for (const from of ways[block] ?? []) touch(last - from)
    })
  for (const [block, live] of liveIn.entries()) join(live, uses[block] ?? live)
  spreadBack()
  const dirtyIn = dirtyOf(unit.blocks.length, next, writes, liveIn, order)
  for (const [block, live] of liveIn.entries()) join(live, dirtyIn[block] ?? live)
  spreadBack()
  return { all, words, at: offset => all[(byOffset[offset] ?? 0) - 1], indexOf, written, dirtyIn, liveIn }
}
