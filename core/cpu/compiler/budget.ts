/**
 * Where a unit asks whether the budget suffices, and where it counts.
 *
 * Only some blocks ask: the entry, heads of loops, and where a call returns; besides, so many others that no way from one
 * that asks to the next is long. A block that asks is entered only if what is left covers every way to where it is asked
 * again, or out; else the interpreter runs on from there, to the very instruction where the budget ends.
 *
 * Between, instructions are counted where they are done but need not be subtracted: what is `owed` at the start of a
 * block is known where a single way leads there, and is paid on the ways to any other, and out of the unit.
 */
import { type Flow, ranksIn } from './flow.ts'
import { takeNumbers } from './scratch.ts'

export interface Ways {
  /** Behind a call nothing is owed. */
  readonly flow: Flow
  /** Instructions of a block. */
  length(block: number): number
  /** The blocks, each before what follows it but for loops. */
  readonly order: ArrayLike<number>
}

export interface Budget {
  /** Instructions that must be left for a block to be entered; 0 where it is not asked. */
  readonly need: Int32Array
  /** Instructions done and not subtracted where a block begins. */
  readonly owed: Int32Array
  /** Whether what is owed must be paid on the ways to a block. */
  paid(block: number): boolean
}

/** Instructions from one question to the next, roughly: so many at most are interpreted where a budget ends. */
export const longestWay = 128

export function budgetOf({ flow, length, order }: Ways): Budget {
  const { size, starts, to, afterCall, startsInto } = flow
  const need = takeNumbers(size)
  const owed = takeNumbers(size)
  const asks = takeNumbers(size)
  const rank = ranksIn(order, size)

  asks[0] = 1
  for (let at = 0; at < order.length; at += 1) {
    const block = order[at] ?? 0
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      const target = to[way] ?? 0
      if (afterCall[way] === 1 || (rank[target] ?? -1) <= at) asks[target] = 1
    }
  }

  const ways = takeNumbers(size)
  for (let turn = order.length - 1; turn >= 0; turn -= 1) {
    const block = order[turn] ?? 0
    const own = length(block)
    let rest = 0
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      const target = to[way] ?? 0
      if (asks[target] === 0) rest = Math.max(rest, ways[target] ?? 0)
    }
    if (own + rest > longestWay) {
      for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) asks[to[way] ?? 0] = 1
      rest = 0
    }
    ways[block] = own + rest
  }
  const waysInto = (block: number): number => (startsInto[block + 1] ?? 0) - (startsInto[block] ?? 0)
  const paid = (block: number): boolean => asks[block] === 1 || waysInto(block) !== 1
  for (let at = 0; at < order.length; at += 1) {
    const block = order[at] ?? 0
    if (asks[block]) need[block] = ways[block] ?? 0
    const out = (owed[block] ?? 0) + length(block)
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      const target = to[way] ?? 0
      if (!paid(target)) owed[target] = out
    }
  }
  return { need, owed, paid }
}
