/**
 * Loops that dispatch: the heart of a guest's interpreter, which jumps through a register to one of many cases, and from
 * each of them back.
 *
 * The cases are learned one after the other, and each that is new has the units compiled anew that jump to it. From every
 * case, and from wherever a call in one returns to, the rest of the loop can be reached; so of all units that begin in it
 * each would hold all of it, and be made again each time. So such a loop is a unit of its own, and units that come by end
 * where it begins: half of what was translated for Lua was needless before, and its loop ran a tenth slower.
 */
import { type Block, blockAt, type Unit } from './find.ts'
import { flowOf, seenBy } from './flow.ts'
import { reachedFrom } from './loops.ts'
import { withScratch } from './scratch.ts'

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
export const dispatchOf = (unit: Unit, seen: (pc: number) => readonly number[]): Dispatch | undefined =>
  unit.instructions < leastInstructions ? undefined : withScratch(() => findDispatch(unit, seen))

function findDispatch(unit: Unit, seen: (pc: number) => readonly number[]): Dispatch | undefined {
  const targetsOf = ({ ending, end }: Block): readonly number[] => (ending.kind === 'dynamic' ? seen(end - 4) : [])
  const [jump] = unit.blocks.toSorted((a, b) => targetsOf(b).length - targetsOf(a).length)
  if (jump === undefined || targetsOf(jump).length < leastTargets) return undefined
  const start = Math.max(0, blockAt(unit, jump.start))
  const { starts, to, startsInto, from } = flowOf(unit, seen)
  const inside = reachedFrom(start, block => to.subarray(starts[block], starts[block + 1]))
  const before = (block: number): number[] =>
    [...from.subarray(startsInto[block], startsInto[block + 1])].filter(one => inside.has(one))
  const leadBack = reachedFrom(start, before)
  if (seenBy(jump, unit, seen).filter(target => leadBack.has(blockAt(unit, target))).length < leastTargets)
    return undefined
  // Up to where ways meet: what is before the jump alone is as much the loop's.
  let head = start
  for (;;) {
    const [one, another] = before(head)
    if (one === undefined || another !== undefined) break
    head = one
  }
  return head === 0 ? undefined : { head: unit.blocks[head]?.start ?? 0, jump: jump.end - 4 }
}
