/** Low words of pointers, where a register has a local for its own (chains.ts): what is told by them, and how. */
import { operations } from '../arithmetic.ts'
import type { Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import { perNode } from '../wasm/plan.ts'
import type { Node } from '../wasm/program.ts'
import { argumentsOf } from './compare.ts'
import { type Instruction, numberIn } from './meaning.ts'

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
