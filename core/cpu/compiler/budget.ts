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
export interface Ways {
  readonly size: number
  /** Instructions of a block. */
  length(block: number): number
  /** The blocks that may follow; behind a call nothing is owed. */
  successors(block: number): readonly { readonly to: number; readonly afterCall: boolean }[]
  /** The blocks, each before what follows it but for loops; empty where there is no structure. */
  readonly order: readonly number[]
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

export function budgetOf({ size, length, successors, order }: Ways): Budget {
  const need = new Int32Array(size)
  const owed = new Int32Array(size)
  const asks = new Uint8Array(size)
  const waysIn = new Int32Array(size)
  const rank = new Int32Array(size).fill(-1)
  for (const [index, block] of order.entries()) rank[block] = index
  const rankOf = (block: number): number => rank[block] ?? -1

  asks[0] = 1
  if (order.length === 0) asks.fill(1)
  for (const block of order)
    for (const { to, afterCall } of successors(block)) {
      if (afterCall || rankOf(to) <= rankOf(block)) asks[to] = 1
      waysIn[to] = (waysIn[to] ?? 0) + 1
    }

  const ways = new Int32Array(size)
  for (const block of order.length === 0 ? need.keys() : order.toReversed()) {
    const own = length(block)
    let rest = 0
    for (const { to } of successors(block)) if (asks[to] === 0) rest = Math.max(rest, ways[to] ?? 0)
    if (own + rest > longestWay) {
      for (const { to } of successors(block)) asks[to] = 1
      rest = 0
    }
    ways[block] = own + rest
  }
  const paid = (block: number): boolean => asks[block] === 1 || (waysIn[block] ?? 0) !== 1
  for (const block of order) {
    if (asks[block]) need[block] = ways[block] ?? 0
    const out = (owed[block] ?? 0) + length(block)
    for (const { to } of successors(block)) if (!paid(to)) owed[to] = out
  }
  if (order.length === 0) need.set(ways)
  return { need, owed, paid }
}
