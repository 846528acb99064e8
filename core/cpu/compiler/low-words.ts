/**
 * Chains of pointers of 64 bits, such as lists. Each load waits for the one before, for as long as an address takes to
 * come about. That is the low word of a sum, so it need not wait for the pointer's two words to be put together: a register
 * with which a loop does nothing but go along a chain has a second local, which always holds its low word.
 *
 * Only such registers: a low word of every pointer that an access waits for made lists as much faster, and the loop of
 * Lua's interpreter 8 % slower, for want of registers of the host.
 */
import { analyseProgram } from '../analyse.ts'
import { operations } from '../arithmetic.ts'
import type { Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import { perNode, perProgram } from '../wasm/plan.ts'
import type { Node } from '../wasm/program.ts'
import { argumentsOf, basedAddress } from './compare.ts'
import type { Block, Unit } from './find.ts'
import type { Flow } from './flow.ts'
import { type Instruction, numberIn, slotsOf } from './meaning.ts'
import { type Bits, exclude, has, include, type Registers } from './registers.ts'
import { takeNumbers } from './scratch.ts'

/** Blocks of the longest loop that is looked at, in order: what does more than go along a chain has more of them. */
const longestLoop = 8

/** The place that a program loads 64 bits into, doing nothing else, and the base register it finds them by. */
const linkOf = perProgram(program => {
  const [write, ...others] = program.body.writes
  const [ea] = write?.value.op === 'load' && write.value.type === 'i64' ? write.value.args : []
  const address = ea && basedAddress(ea)
  const link = write && address && others.length === 0 ? { to: write.place, from: address.base } : undefined
  return { link, writes: slotsOf(analyseProgram(program).writes) }
})

/** The registers that a loop of these blocks goes along chains with. */
function chainedIn(blocks: readonly (Block | undefined)[], registers: Registers): Bits {
  const links: { readonly to: number; readonly from: number }[] = []
  const chained = takeNumbers(registers.words)
  const other = takeNumbers(registers.words)
  for (const block of blocks)
    for (const instruction of block?.instructions ?? []) {
      const { link, writes } = linkOf(instruction.meaning.program)
      if (link === undefined) for (const slot of writes) include(other, registers.indexIn(instruction, slot))
      else links.push({ to: registers.indexOf(link.to, instruction), from: registers.indexOf(link.from, instruction) })
    }
  for (const { to } of links) if (!has(other, to)) include(chained, to)
  for (let changed = true; changed; ) {
    changed = false
    for (const { to, from } of links) {
      if (!has(chained, to) || (from >= 0 && has(chained, from))) continue
      exclude(chained, to)
      changed = true
    }
  }
  return chained
}

/** `order` has the blocks, each before what follows it but for loops. */
export function chainsOf({ blocks }: Unit, registers: Registers, { starts, to }: Flow, order: ArrayLike<number>): Bits {
  const all = takeNumbers(registers.words)
  for (let end = 0; end < order.length; end += 1) {
    const block = order[end] ?? 0
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      const first = Math.max(0, end - longestLoop + 1)
      let start = end
      while (start >= first && order[start] !== to[way]) start -= 1
      if (start < first) continue
      const loop: (Block | undefined)[] = []
      for (let at = start; at <= end; at += 1) loop.push(blocks[order[at] ?? 0])
      for (const [word, bits] of chainedIn(loop, registers).entries()) all[word] = (all[word] ?? 0) | bits
    }
  }
  return all
}

/** What the low word that a node is comes from: the numbers it is the sum of, or the one number. */
export const lowSumOf = perNode((node): readonly Node[] | undefined => {
  const [whole] = argumentsOf(node, operations['i32.wrap_i64']) ?? []
  return whole && (argumentsOf(whole, operations['i64.add']) ?? [whole])
})

/** Writes a low word of a sum by low words, where one is kept, of which `lowWord` tells the local; whether it did. */
export function writeLowWord(
  writer: Writer,
  node: Node,
  instruction: Instruction,
  lowWord: (node: Node) => number | undefined,
  expression: (node: Node) => void,
): boolean {
  const parts = lowSumOf(node)
  if (parts === null || parts.every(part => lowWord(part) === undefined)) return false
  const w = instructions(writer)
  for (const part of parts) {
    const local = lowWord(part)
    if (local !== undefined) w.get(local)
    else if (part.op === 'known') w.i32(Number(numberIn(instruction, part.known)))
    else {
      expression(part)
      w.do(operations['i32.wrap_i64'])
    }
  }
  if (parts.length > 1) w.do(operations['i32.add'])
  return true
}
