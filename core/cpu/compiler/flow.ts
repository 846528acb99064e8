/**
 * The ways between the blocks of a unit, as lists of numbers: units are many and their blocks small, so that to make an
 * object of each way, again for each who asks, was seen to cost as much as what is found out by them.
 */
import { type Block, blockAt, type Unit } from './find.ts'
import { copyOf, takeNumbers } from './scratch.ts'

/** Block 0 is the entry. */
export interface Flow {
  readonly size: number
  /** The ways out of a block are those from its start on, up to that of the next; behind a call, all is in the state block. */
  readonly starts: Int32Array
  readonly to: Int32Array
  readonly afterCall: Int32Array
  /** The same ways by the block they lead to. */
  readonly startsInto: Int32Array
  readonly from: Int32Array
  readonly fromCall: Int32Array
}

/** The flow of so many ways, given in the order of the blocks they come from: `ends` tells where those of each block end. */
export function createFlow(ends: readonly number[], to: readonly number[], afterCall: readonly number[]): Flow {
  const size = ends.length
  const starts = takeNumbers(size + 1)
  for (let block = 0; block < size; block += 1) starts[block + 1] = ends[block] ?? 0
  const startsInto = takeNumbers(size + 1)
  for (const block of to) startsInto[block + 1] = (startsInto[block + 1] ?? 0) + 1
  for (let block = 0; block < size; block += 1)
    startsInto[block + 1] = (startsInto[block + 1] ?? 0) + (startsInto[block] ?? 0)
  const next = copyOf(startsInto)
  const from = takeNumbers(to.length)
  const fromCall = takeNumbers(to.length)
  for (let block = 0; block < size; block += 1)
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      const target = to[way] ?? 0
      const place = next[target] ?? 0
      next[target] = place + 1
      from[place] = block
      fromCall[place] = afterCall[way] ?? 0
    }
  return {
    size,
    starts,
    to: copyOf(to),
    afterCall: copyOf(afterCall),
    startsInto,
    from,
    fromCall,
  }
}

/** The targets known of the jump or return that a block ends with, as far as blocks of the unit begin there. */
export function seenBy(block: Block, unit: Unit, seen: (pc: number) => readonly number[]): readonly number[] {
  const targets = block.instructions.at(-1)?.meaning.returns ? unit.recursions : seen(block.end - 4)
  return targets.filter(one => blockAt(unit, one) >= 0)
}

export function flowOf(unit: Unit, seen: (pc: number) => readonly number[]): Flow {
  const ends: number[] = []
  const to: number[] = []
  const afterCall: number[] = []
  function add(address: number | undefined, behind = 0): void {
    const block = address === undefined ? -1 : blockAt(unit, address)
    if (block < 0) return
    to.push(block)
    afterCall.push(behind)
  }
  for (const block of unit.blocks) {
    const { kind, falls, target } = block.ending
    if (kind === 'kernel') add(block.end, 1)
    else if (kind === 'call') {
      add(block.end, 1)
      if (!block.instructions.at(-1)?.meaning.effects.ends) add(block.end)
    } else {
      add(target)
      if (kind === 'dynamic') for (const one of seenBy(block, unit, seen)) add(one)
      if (falls && kind !== 'recursion') add(block.end)
    }
    ends.push(to.length)
  }
  return createFlow(ends, to, afterCall)
}

/** Visits all blocks, in order, and again those that are touched meanwhile, until none is. */
export function untilSteady(size: number, visit: (block: number, touch: (other: number) => void) => void): void {
  const stale = takeNumbers(size, 1)
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
 * The same from the last block to the first, for what goes against the ways: a visit that says it changed something has the
 * blocks visited again that lead there, other than by a call.
 */
export function untilSteadyBack({ size, startsInto, from, fromCall }: Flow, visit: (block: number) => boolean): void {
  const last = size - 1
  untilSteady(size, (turn, touch) => {
    const block = last - turn
    if (!visit(block)) return
    for (let way = startsInto[block] ?? 0; way < (startsInto[block + 1] ?? 0); way += 1)
      if (fromCall[way] === 0) touch(last - (from[way] ?? 0))
  })
}

/** Where each block stands in an order; -1 where it does not. */
export function ranksIn(order: ArrayLike<number>, size: number): Int32Array {
  const rank = takeNumbers(size, -1)
  for (let at = 0; at < order.length; at += 1) rank[order[at] ?? 0] = at
  return rank
}
