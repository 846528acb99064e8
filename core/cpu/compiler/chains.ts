/**
 * Chains of pointers, such as lists. Each load waits for the one before, for as long as an address takes to come about: so
 * the bytes of such a load are reversed in the way that answers soonest, and all others in the way that takes the fewest
 * instructions. (To load soonest whatever an address is made of makes lists no faster, and Lua and SQLite a twentieth slower:
 * where no load waits for itself, the host does other things meanwhile.)
 *
 * An address is the low word of a sum, so with pointers of 64 bits it need not wait for the two words to be put together: a
 * register with which a loop does nothing but go along a chain has a second local, which always holds its low word
 * (low-words.ts). Only such registers: a low word of every pointer that an access waits for made the loop of Lua's interpreter
 * 8 % slower, for want of registers of the host.
 */
import { analyseProgram } from '../analyse.ts'
import { operations } from '../arithmetic.ts'
import { perProgram } from '../wasm/plan.ts'
import type { Node } from '../wasm/program.ts'
import { argumentsOf, basedAddress } from './compare.ts'
import type { Block, Unit } from './find.ts'
import type { Flow } from './flow.ts'
import { type Instruction, slotsOf } from './meaning.ts'
import { type Bits, exclude, has, include, type Registers } from './registers.ts'
import { takeNumbers } from './scratch.ts'

/** Blocks of the longest loop that is looked at, in order: what does more than go along a chain has more of them. */
const longestLoop = 8

export interface Chains {
  /** Registers of which a low word is kept. */
  readonly lowWords: Bits
  /** Whether an instruction loads what the next load of its chain waits for. */
  isLink(instruction: Instruction): boolean
}

/** The load that a register's new value is, if it is a pointer's. */
function pointerOf(value: Node | undefined): (Node & { op: 'load' }) | undefined {
  const load = argumentsOf(value, operations['i64.extend_i32_u'])?.[0] ?? value
  return load?.op === 'load' && (load.size === 8 || load.size === 4) ? load : undefined
}

/** The place that a program loads a pointer into, doing nothing else, and the base register it finds it by: perhaps a link. */
const candidateOf = perProgram(program => {
  const [write, ...others] = program.body.writes
  const load = pointerOf(write?.value)
  const ea = load?.args[0]
  const address = ea && basedAddress(ea)
  const isOne = write?.place.file === 'gpr' && load && address && others.length === 0
  return {
    candidate: isOne ? { to: write.place, from: address.base, wide: load.size === 8 } : undefined,
    writes: slotsOf(analyseProgram(program).writes),
  }
})

interface Link {
  readonly instruction: Instruction
  readonly to: number
  readonly from: number
  readonly wide: boolean
}

/** The links of a loop of these blocks that are of chains: such as wait for another, and have another wait for them. */
function linksOf(blocks: readonly (Block | undefined)[], registers: Registers): readonly Link[] {
  const links: Link[] = []
  const other = takeNumbers(registers.words)
  for (const block of blocks)
    for (const instruction of block?.instructions ?? []) {
      const { candidate, writes } = candidateOf(instruction.meaning.program)
      if (candidate === undefined)
        for (let i = 0; i < writes.length; i += 1) include(other, registers.indexIn(instruction, writes[i] ?? 0))
      else {
        const [to, from] = [
          registers.indexOf(candidate.to, instruction),
          registers.indexOf(candidate.from, instruction),
        ]
        links.push({ instruction, to, from, wide: candidate.wide })
      }
    }
  if (links.length === 0) return links
  const chained = takeNumbers(registers.words)
  for (const { to } of links) if (!has(other, to)) include(chained, to)
  for (let changed = true; changed; ) {
    changed = false
    for (const { to, from } of links) {
      if (!has(chained, to)) continue
      const goesOn = links.some(next => next.from === to && has(chained, next.to))
      if (goesOn && from >= 0 && has(chained, from)) continue
      exclude(chained, to)
      changed = true
    }
  }
  return links.filter(({ to }) => has(chained, to))
}

/** `order` has the blocks, each before what follows it but for loops. */
export function chainsOf(
  { blocks, places }: Unit,
  registers: Registers,
  { starts, to }: Flow,
  order: ArrayLike<number>,
): Chains {
  const lowWords = takeNumbers(registers.words)
  const found = takeNumbers(places)
  for (let end = 0; end < order.length; end += 1) {
    const block = order[end] ?? 0
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      const first = Math.max(0, end - longestLoop + 1)
      let start = end
      while (start >= first && order[start] !== to[way]) start -= 1
      if (start < first) continue
      const loop: (Block | undefined)[] = []
      for (let at = start; at <= end; at += 1) loop.push(blocks[order[at] ?? 0])
      for (const { instruction, to: register, wide } of linksOf(loop, registers)) {
        found[instruction.at] = 1
        if (wide) include(lowWords, register)
      }
    }
  }
  return { lowWords, isLink: ({ at }) => found[at] === 1 }
}
