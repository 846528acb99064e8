/**
 * Registers of a unit as locals: which there are, where each may differ from the state block (dirty), and where its
 * local must hold the register's value (live).
 *
 * The state block is complete outside a unit. Inside, a register is loaded at the entry and behind a call if it is live
 * there, and stored where the unit is left if it is dirty there. A register that is dirty on one of the ways that lead to
 * a place counts as dirty there, so on the other ways its local must be valid: what is dirty is live. Since any
 * instruction may leave the unit (a fault, a device, the end of the budget), this holds at every instruction.
 */
import type { Known } from '../algebra.ts'
import type { Type } from '../arithmetic.ts'
import { registerOffset } from '../interpreter/records.ts'
import { files, specials, transient } from '../state.ts'
import type { Place } from '../wasm/trace.ts'
import type { Instruction, Unit } from './find.ts'

export interface Register {
  readonly index: number
  readonly offset: number
  readonly type: Type
  readonly bytes: number
}

/** A set of registers, by index. */
export type Bits = Int32Array

export const has = (set: Bits, index: number): boolean => (((set[index >> 5] ?? 0) >>> (index & 31)) & 1) !== 0
export function include(set: Bits, index: number): void {
  set[index >> 5] = (set[index >> 5] ?? 0) | (1 << (index & 31))
}
export function exclude(set: Bits, index: number): void {
  set[index >> 5] = (set[index >> 5] ?? 0) & ~(1 << (index & 31))
}
/** Adds all of `more`; whether that changed anything. */
function join(set: Bits, more: Bits): boolean {
  let changed = false
  for (let i = 0; i < set.length; i += 1) {
    const old = set[i] ?? 0
    const now = old | (more[i] ?? 0)
    if (now !== old) {
      set[i] = now
      changed = true
    }
  }
  return changed
}

/** The offset of a place in the state block; that of `transient.zero` for number 0 as a base. */
export function offsetOf(place: Place, known: Known): number {
  if (place.file === 'special') return specials[place.name].at
  if ('operand' in place) return registerOffset(place.operand, known(place.operand))
  return files[place.file].at + place.number * files[place.file].step
}

const sizeOf = (place: Place): number =>
  place.file === 'special' ? specials[place.name].bytes : files[place.file].step

export interface Registers {
  readonly all: readonly Register[]
  /** Words of a set. */
  readonly words: number
  at(offset: number): Register | undefined
  readonly dirtyIn: readonly Bits[]
  readonly liveIn: readonly Bits[]
}

/** An edge inside the unit; behind a call all registers are in the state block. */
export interface Edge {
  readonly to: number
  readonly afterCall: boolean
}

export function registersOf(unit: Unit, edges: (block: number) => readonly Edge[]): Registers {
  const all: Register[] = []
  const byOffset = new Map<number, Register>()

  function indexOf(place: Place, { known }: Instruction): number {
    const offset = offsetOf(place, known)
    if (offset === transient.zero) return -1
    const have = byOffset.get(offset)
    if (have !== undefined) return have.index
    const register = { index: all.length, offset, type: place.type, bytes: sizeOf(place) }
    all.push(register)
    byOffset.set(offset, register)
    return register.index
  }

  interface Flow {
    readonly uses: number[]
    readonly kills: number[]
    readonly writes: number[]
  }
  const flows = unit.blocks.map<Flow>(block => {
    const flow: Flow = { uses: [], kills: [], writes: [] }
    const killed = new Set<number>()
    for (const one of block.instructions) {
      const { effects, program } = one.meaning
      for (const place of effects.reads) {
        const index = indexOf(place, one)
        if (index >= 0 && !killed.has(index)) flow.uses.push(index)
      }
      const certain = new Set(program.body.writes.map(write => indexOf(write.place, one)))
      for (const place of effects.writes) {
        const index = indexOf(place, one)
        flow.writes.push(index)
        // What may be written must hold its old value where it is not.
        if (!certain.has(index) && !killed.has(index)) flow.uses.push(index)
      }
      for (const index of certain) killed.add(index)
    }
    flow.kills.push(...killed)
    return flow
  })

  const words = Math.max(1, (all.length + 31) >> 5)
  const sets = (): Bits[] => unit.blocks.map(() => new Int32Array(words))
  const bitsOf = (list: readonly number[]): Bits => {
    const set = new Int32Array(words)
    for (const index of list) include(set, index)
    return set
  }
  const uses = flows.map(flow => bitsOf(flow.uses))
  const kills = flows.map(flow => bitsOf(flow.kills))
  const writes = flows.map(flow => bitsOf(flow.writes))
  const dirtyIn = sets()
  const liveIn = sets()
  const next = unit.blocks.map((_, block) => edges(block))

  for (let changed = true; changed; ) {
    changed = false
    for (let block = 0; block < unit.blocks.length; block += 1) {
      const out = new Int32Array(dirtyIn[block] ?? new Int32Array(words))
      join(out, writes[block] ?? out)
      for (const { to, afterCall } of next[block] ?? []) {
        const into = dirtyIn[to]
        if (!afterCall && into !== undefined && join(into, out)) changed = true
      }
    }
  }
  for (const [block, live] of liveIn.entries()) {
    join(live, uses[block] ?? live)
    join(live, dirtyIn[block] ?? live)
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let block = unit.blocks.length - 1; block >= 0; block -= 1) {
      const live = liveIn[block]
      const killed = kills[block]
      if (live === undefined || killed === undefined) continue
      for (const { to, afterCall } of next[block] ?? []) {
        const after = liveIn[to]
        if (afterCall || after === undefined) continue
        const needed = after.map((word, i) => word & ~(killed[i] ?? 0))
        if (join(live, needed)) changed = true
      }
    }
  }
  return { all, words, at: offset => byOffset.get(offset), dirtyIn, liveIn }
}
