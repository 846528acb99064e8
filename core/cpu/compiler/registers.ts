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
import { offsetIn } from '../places.ts'
import { contextSize, files, specials, transient } from '../state.ts'
import { perProgram } from '../wasm/plan.ts'
import type { Place } from '../wasm/program.ts'
import type { Unit } from './find.ts'
import { type Flow, ranksIn, untilSteadyBack } from './flow.ts'
import { type Instruction, slotsOf } from './meaning.ts'
import { copyOf, takeNumbers } from './scratch.ts'

export interface Register {
  readonly index: number
  readonly offset: number
  readonly type: Type
  readonly bytes: number
}

/** A set of registers, by index: one word for 32 of them. Typed, since the host does not do well by many kinds of lists. */
export type Bits = Int32Array

/** `from` is where the set begins, if it is one of several in the list. */
export const has = (set: Bits, index: number, from = 0): boolean =>
  (((set[from + (index >> 5)] ?? 0) >>> (index & 31)) & 1) !== 0
/** What is no register of the unit (-1) is in no set. */
export function include(set: Bits, index: number, from = 0): void {
  if (index < 0) return
  const word = from + (index >> 5)
  set[word] = (set[word] ?? 0) | (1 << (index & 31))
}
export function exclude(set: Bits, index: number, from = 0): void {
  if (index < 0) return
  const word = from + (index >> 5)
  set[word] = (set[word] ?? 0) & ~(1 << (index & 31))
}

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
  /** The sets of all blocks, one behind the other: that of a block begins behind so many words for each before it. */
  readonly dirtyIn: Bits
  readonly liveIn: Bits
  /** What is live for being read, not for being dirty alone. */
  readonly usedIn: Bits
}

/**
 * What is dirty where a block begins. In a loop that is what is dirty on any of the ways there: to store it can wait until
 * the loop is left. Elsewhere a register that is dirty on some of the ways alone, and that nobody reads from here on, is
 * stored on those ways: on the others it need not even be loaded.
 */
function dirtyOf(
  { size, starts, to, afterCall, startsInto, from, fromCall }: Flow,
  words: number,
  writes: Int32Array,
  liveIn: Int32Array,
  order: ArrayLike<number>,
): Int32Array {
  const dirtyIn = takeNumbers(writes.length)
  const rank = ranksIn(order, size)
  /** Inside something that leads back. */
  const turns = takeNumbers(size)
  /** Entered by a way on which nothing is dirty: from outside, or behind a call. */
  const clean = takeNumbers(size)
  clean[0] = 1
  for (let block = 0; block < size; block += 1)
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      const target = to[way] ?? 0
      if (afterCall[way] === 1) clean[target] = 1
      const last = rank[block] ?? -1
      for (let at = rank[target] ?? 0; at <= last; at += 1) turns[order[at] ?? 0] = 1
    }
  for (let changed = true; changed; ) {
    changed = false
    for (let at = 0; at < order.length; at += 1) {
      const block = order[at] ?? 0
      for (let word = 0; word < words; word += 1) {
        const own = block * words + word
        let some = 0
        let all = clean[block] === 1 ? 0 : -1
        for (let way = startsInto[block] ?? 0; way < (startsInto[block + 1] ?? 0); way += 1) {
          if (fromCall[way] === 1) continue
          const there = (from[way] ?? 0) * words + word
          const out = (dirtyIn[there] ?? 0) | (writes[there] ?? 0)
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
  const all = [...new Set([...reads, ...certain, ...perhaps])].flatMap(slot => program.places[slot] ?? [])
  return { reads, certain, perhaps, all }
})

/** One more than the index of the register at an offset, while those of a unit are numbered; all 0 at other times. */
const byOffset = new Int16Array(contextSize)

/** `order` has the blocks, each before what follows it but for loops. */
export function registersOf(unit: Unit, flow: Flow, order: ArrayLike<number>): Registers {
  const { blocks } = unit
  const size = blocks.length
  const all: Register[] = []
  /** One more than the index of the register that each place of each instruction is. */
  const numbers = takeNumbers(unit.places)
  const indexIn = ({ at }: Instruction, slot: number): number => (numbers[at + slot] ?? 0) - 1
  const touch = ({ meaning: { program }, bits, at }: Instruction): void => {
    const { all: places } = touchedBy(program)
    for (let i = 0; i < places.length; i += 1) {
      const place = places[i]
      if (place === undefined) continue
      const offset = offsetIn(place.where, bits)
      if (offset === transient.zero) continue
      if (byOffset[offset] === 0) {
        all.push({ index: all.length, offset, type: place.type, bytes: bytesOf(place) })
        byOffset[offset] = all.length
      }
      numbers[at + place.slot] = byOffset[offset] ?? 0
    }
  }
  for (let block = 0; block < size; block += 1) {
    const instructions = blocks[block]?.instructions ?? []
    for (let i = 0; i < instructions.length; i += 1) {
      const instruction = instructions[i]
      if (instruction !== undefined) touch(instruction)
    }
  }
  for (const { offset } of all) byOffset[offset] = 0

  const words = Math.max(1, (all.length + 31) >> 5)
  const uses = takeNumbers(words * size)
  const kills = takeNumbers(words * size)
  const writes = takeNumbers(words * size)
  const note = (instruction: Instruction, start: number): void => {
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
      if (!certain.some(slot => indexIn(instruction, slot) === index))
        uses[at] = (uses[at] ?? 0) | (bit & ~(kills[at] ?? 0))
    }
    for (let i = 0; i < certain.length; i += 1) {
      const index = indexIn(instruction, certain[i] ?? 0)
      const at = start + (index >> 5)
      const bit = 1 << (index & 31)
      writes[at] = (writes[at] ?? 0) | bit
      kills[at] = (kills[at] ?? 0) | bit
    }
  }
  for (let block = 0; block < size; block += 1) {
    const instructions = blocks[block]?.instructions ?? []
    for (let i = 0; i < instructions.length; i += 1) {
      const instruction = instructions[i]
      if (instruction !== undefined) note(instruction, block * words)
    }
  }
  const written = takeNumbers(words)
  for (let at = 0; at < writes.length; at += 1) {
    const word = at % words
    written[word] = (written[word] ?? 0) | (writes[at] ?? 0)
  }

  const { starts, to, afterCall } = flow
  const liveIn = copyOf(uses)
  /** Adds what is live where it leads to, until nothing is new. */
  const spreadBack = (): void =>
    untilSteadyBack(flow, block => {
      let changed = false
      for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
        if (afterCall[way] === 1) continue
        for (let word = 0; word < words; word += 1) {
          const own = block * words + word
          const old = liveIn[own] ?? 0
          const now = old | ((liveIn[(to[way] ?? 0) * words + word] ?? 0) & ~(kills[own] ?? 0))
          if (now === old) continue
          liveIn[own] = now
          changed = true
        }
      }
      return changed
    })
  spreadBack()
  const usedIn = copyOf(liveIn)
  const dirtyIn = dirtyOf(flow, words, writes, liveIn, order)
  for (let at = 0; at < liveIn.length; at += 1) liveIn[at] = (liveIn[at] ?? 0) | (dirtyIn[at] ?? 0)
  spreadBack()
  return {
    all,
    words,
    at: offset => all.find(register => register.offset === offset),
    indexOf: (place, instruction) => indexIn(instruction, place.slot),
    indexIn,
    written,
    dirtyIn,
    liveIn,
    usedIn,
  }
}
