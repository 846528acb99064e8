/**
 * Loops that dispatch: the heart of a guest's interpreter, which jumps through a register to one of many cases, and from
 * each of them back.
 *
 * The cases are learned one after the other, and each that is new has the units compiled anew that jump to it. From every
 * case, and from wherever a call in one returns to, the rest of the loop can be reached; so of all units that begin in it
 * each would hold all of it, and be made again each time. So such a loop is a unit of its own, and units that come by end
 * where it begins: half of what was translated for Lua was needless before, and its loop ran a tenth slower.
 */
import type { Block, Unit } from './find.ts'
import { reachedFrom, waysOf } from './loops.ts'

/** Targets of a jump that lead back to it, and instructions of the unit it is in, from which on its loop is one. */
const leastTargets = 8
const leastInstructions = 128

export interface Dispatch {
  /** Where the loop begins. */
  readonly head: number
  /** The jump that leads to its cases. */
  readonly jump: number
}

/** The loop by which a unit dispatches; undefined where it does not, or where it begins there. */
export function dispatchOf(unit: Unit, seen: (pc: number) => readonly number[]): Dispatch | undefined {
  if (unit.instructions < leastInstructions) return undefined
  const { blocks, indexOf } = unit
  const targetsOf = ({ ending, end }: Block): readonly number[] => (ending.kind === 'dynamic' ? seen(end - 4) : [])
  const [jump] = blocks.toSorted((a, b) => targetsOf(b).length - targetsOf(a).length)
  if (jump === undefined || targetsOf(jump).length < leastTargets) return undefined
  const blockAt = (place: number): Block | undefined => blocks[indexOf.get(place) ?? -1]
  const waysFrom = (place: number): readonly number[] => {
    const block = blockAt(place)
    return block === undefined ? [] : [...waysOf(block), ...targetsOf(block)]
  }
  const waysInto = new Map<number, number[]>()
  for (const place of reachedFrom(jump.start, waysFrom))
    for (const to of waysFrom(place)) {
      const ways = waysInto.get(to)
      if (ways === undefined) waysInto.set(to, [place])
      else ways.push(place)
    }
  const leadBack = reachedFrom(jump.start, place => waysInto.get(place) ?? [])
  if (targetsOf(jump).filter(target => leadBack.has(target)).length < leastTargets) return undefined
  // Up to where ways meet: what is before the jump alone is as much the loop's.
  let head = jump.start
  for (;;) {
    const [before, another] = waysInto.get(head) ?? []
    if (before === undefined || another !== undefined) break
    head = before
  }
  return head === unit.entry ? undefined : { head, jump: jump.end - 4 }
}
