/**
 * One way into loops that have several.
 *
 * WebAssembly has loops of one entry alone. Where a guest jumps into the middle of one, as state machines and parsers do,
 * every way to one of its entries is led to a block of its own, its door, which goes on to the entry that is meant: then
 * the door is the only entry, and the rest of the unit need not know. It costs a jump through a table each time an entry is
 * passed. (To choose from all blocks of such a unit, whenever one ends, leaves the whole of it without an order: a fifth of
 * what SQLite has compiled, a tenth of its time.)
 *
 * A loop here is a set of blocks each of which leads to all others. Without the ways to its one entry, be that a block or
 * a door, what is left of it may hold loops again, which have doors of their own.
 */
import { createFlow, type Flow } from './flow.ts'
import { takeNumbers } from './scratch.ts'

export interface Doors {
  /** Doors are the blocks behind all others. */
  readonly flow: Flow
  /** The door of a block; -1 where it has none. */
  readonly doorOf: Int32Array
  /** Where each of them leads: never to another. */
  readonly entries: readonly (readonly number[])[]
}

/** The doors that a flow needs, of which these blocks can be reached. */
export function doorsOf(flow: Flow, reached: ArrayLike<number>): Doors {
  const { size, starts, to, afterCall, startsInto, from } = flow
  const doorOf = takeNumbers(size, -1)
  const entries: number[][] = []
  /** The set that each block was seen in last, by number. */
  const memberOf = takeNumbers(size, -1)
  let sets = 0
  function mark(blocks: readonly number[]): (block: number) => boolean {
    const own = sets
    sets += 1
    for (const block of blocks) memberOf[block] = own
    return block => memberOf[block] === own
  }

  /** When each block was found, and whether it may still be of a loop that is being looked for. */
  const found = takeNumbers(size)
  const open = takeNumbers(size)
  /** The loops of some blocks, by Tarjan's algorithm; a way through a door leaves them. */
  function loopsOf(blocks: readonly number[]): number[][] {
    const isMember = mark(blocks)
    const loops: number[][] = []
    const stack: number[] = []
    for (const block of blocks) found[block] = -1
    let count = 0
    /** The first block found that a block leads back to. */
    function visit(block: number): number {
      const own = count
      count += 1
      found[block] = own
      const height = stack.length
      stack.push(block)
      open[block] = 1
      let least = own
      let isRound = false
      for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
        const target = to[way] ?? 0
        if (!isMember(target) || doorOf[target] !== -1) continue
        if (target === block) isRound = true
        const before = found[target] ?? -1
        if (before < 0) least = Math.min(least, visit(target))
        else if (open[target] === 1) least = Math.min(least, before)
      }
      if (least < own) return least
      const loop = stack.splice(height)
      for (const one of loop) open[one] = 0
      if (loop.length > 1 || isRound) loops.push(loop)
      return least
    }
    for (const block of blocks) if (found[block] === -1) visit(block)
    return loops
  }
  function isEntered(block: number, inside: (block: number) => boolean): boolean {
    for (let way = startsInto[block] ?? 0; way < (startsInto[block + 1] ?? 0); way += 1) {
      const before = from[way] ?? 0
      if (!inside(before) && isReached(before)) return true
    }
    return block === 0
  }

  const all = Array.from(reached)
  const reachable = takeNumbers(size)
  for (const block of all) reachable[block] = 1
  const isReached = (block: number): boolean => reachable[block] === 1
  const work = [all]
  for (let blocks = work.pop(); blocks !== undefined; blocks = work.pop())
    for (const loop of loopsOf(blocks)) {
      const inside = mark(loop)
      const entered = loop.filter(block => isEntered(block, inside))
      if (entered.length > 1) {
        for (const block of entered) doorOf[block] = size + entries.length
        entries.push(entered)
      }
      work.push(entered.length > 1 ? loop : loop.filter(block => block !== entered[0]))
    }

  const ends: number[] = []
  const targets: number[] = []
  const behind: number[] = []
  for (let block = 0; block < size; block += 1) {
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      const target = to[way] ?? 0
      const door = doorOf[target] ?? -1
      targets.push(door < 0 ? target : door)
      behind.push(afterCall[way] ?? 0)
    }
    ends.push(targets.length)
  }
  for (const list of entries) {
    for (const block of list) {
      targets.push(block)
      behind.push(0)
    }
    ends.push(targets.length)
  }
  return { flow: createFlow(ends, targets, behind), doorOf, entries }
}
