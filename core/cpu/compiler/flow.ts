/**
 * The ways between the blocks of a unit, as lists of numbers: units are many and their blocks small, so that to make an
 * object of each way, again for each who asks, was seen to cost as much as what is found out by them.
 */
import type { Block, Unit } from './find.ts'

/** A way inside the unit; behind a call all registers are in the state block. */
export interface Way {
  readonly to: number
  readonly afterCall: boolean
}

/** Block 0 is the entry. */
export interface Flow {
  readonly size: number
  /** The ways out of a block are those from its start on, up to that of the next. */
  readonly starts: Int32Array
  readonly to: Int32Array
  readonly afterCall: Uint8Array
  /** The same ways by the block they lead to. */
  readonly startsInto: Int32Array
  readonly from: Int32Array
  readonly fromCall: Uint8Array
}

/** The flow of so many ways, given in the order of the blocks they come from: `ends` tells where those of each block end. */
function createFlow(ends: readonly number[], to: readonly number[], afterCall: readonly number[]): Flow {
  const size = ends.length
  const starts = new Int32Array(size + 1)
  starts.set(ends, 1)
  const startsInto = new Int32Array(size + 1)
  for (const block of to) startsInto[block + 1] = (startsInto[block + 1] ?? 0) + 1
  for (let block = 0; block < size; block += 1)
    startsInto[block + 1] = (startsInto[block + 1] ?? 0) + (startsInto[block] ?? 0)
  const next = startsInto.slice()
  const from = new Int32Array(to.length)
  const fromCall = new Uint8Array(to.length)
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
    to: new Int32Array(to),
    afterCall: new Uint8Array(afterCall),
    startsInto,
    from,
    fromCall,
  }
}

export function flowOfWays(ways: readonly (readonly Way[])[]): Flow {
  let end = 0
  const ends = ways.map(list => {
    end += list.length
    return end
  })
  const all = ways.flat()
  return createFlow(
    ends,
    all.map(way => way.to),
    all.map(way => Number(way.afterCall)),
  )
}

/** The ways out of a block, one by one. */
export function waysOf({ starts, to, afterCall }: Flow, block: number): Way[] {
  const ways: Way[] = []
  for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1)
    ways.push({ to: to[way] ?? 0, afterCall: afterCall[way] === 1 })
  return ways
}

/** The seen targets of the jump that a block ends with, as far as blocks of the unit begin there. */
export function seenBy(block: Block, unit: Unit, seen: (pc: number) => readonly number[]): readonly number[] {
  return seen(block.end - 4).filter(one => unit.indexOf.has(one))
}

export function flowOf(unit: Unit, seen: (pc: number) => readonly number[]): Flow {
  const ends: number[] = []
  const to: number[] = []
  const afterCall: number[] = []
  function add(address: number | undefined, behind = 0): void {
    const block = address === undefined ? undefined : unit.indexOf.get(address)
    if (block === undefined) return
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
      if (falls) add(block.end)
    }
    ends.push(to.length)
  }
  return createFlow(ends, to, afterCall)
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
