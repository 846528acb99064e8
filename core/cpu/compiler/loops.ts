/**
 * Loops that are units of their own.
 *
 * The host's compiler gives registers to a function as a whole: in a loop deep inside a large one it moves to and fro
 * what the loop does not even use, which was seen to cost two thirds of its speed. So a loop that goes round often each
 * time it is entered is cut out of what is around it; to enter and to leave it costs a jump through the table of units,
 * with registers stored and loaded, which is as much as a few rounds.
 *
 * How often a loop goes round is told by the counts of the interpreter, when its head has become hot, or when a unit is
 * made that would hold it: beside the head's own count stand those of the heads of loops around it, and that of its
 * function. A loop inside a unit has to be entered at its head alone: else its count says little of its rounds.
 */
import type { Block, Unit } from './find.ts'

const isCall = ({ kind }: Block['ending']): boolean => kind === 'call' || kind === 'recursion'

/** The loops of some blocks: the address behind the last branch backwards by the address where it leads. */
function loopsOf(blocks: readonly Block[]): ReadonlyMap<number, number> {
  const ends = new Map<number, number>()
  for (const { ending, end } of blocks)
    if (!isCall(ending) && ending.target !== undefined && ending.target < end)
      ends.set(ending.target, Math.max(ends.get(ending.target) ?? 0, end))
  return ends
}

/** Starts of the other loops that a place is in. */
const around = (loops: ReadonlyMap<number, number>, head: number): number[] =>
  [...loops].filter(([start, end]) => start < head && end > head).map(([start]) => start)

/** What is reached from a place, itself only if there is a way back. */
export function reachedFrom(place: number, waysFrom: (place: number) => Iterable<number>): ReadonlySet<number> {
  const reached = new Set<number>()
  const work = [...waysFrom(place)]
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    if (reached.has(at)) continue
    reached.add(at)
    work.push(...waysFrom(at))
  }
  return reached
}

/**
 * Indices of the blocks of a loop; undefined where it jumps through a register, or goes round by what lies before it. A
 * loop is what lies from the target of a branch backwards to the last such branch, as compilers lay it out, wherever it is
 * entered; and what lies behind it and leads nowhere but back.
 */
function blocksOf(blocks: readonly Block[], head: number, end: number): ReadonlySet<number> | undefined {
  const own = new Set<number>()
  const starts = new Map<number, Block>()
  function take(index: number, block: Block): void {
    own.add(index)
    starts.set(block.start, block)
  }
  for (const [index, block] of blocks.entries()) if (block.start >= head && block.start < end) take(index, block)
  if ([...own].some(index => jumps(blocks[index]))) return undefined
  // From the last to the first, so that what leads to a part that leads back is found in one go.
  for (const [index, block] of [...blocks.entries()].toReversed())
    if (block.start >= end && block.ending.kind !== 'dynamic' && waysOf(block).every(to => starts.has(to)))
      take(index, block)
  const isRound = reachedFrom(head, place => {
    const block = starts.get(place)
    return block === undefined ? [] : waysOf(block)
  }).has(head)
  return isRound ? own : undefined
}

/** Whether a block ends by a jump through a register, other than a return. */
const jumps = (block: Block | undefined): boolean =>
  block?.ending.kind === 'dynamic' && !block.instructions.at(-1)?.meaning.returns

function waysOf({ ending, end }: Block): number[] {
  const target = isCall(ending) || ending.target === undefined ? [] : [ending.target]
  return ending.falls ? [...target, end] : target
}

/**
 * The unit, or only the loop that it begins with, where `decide` sets that apart, given the starts of the loops around.
 */
export function cutToLoop(unit: Unit, decide: (around: readonly number[]) => boolean): Unit {
  const loops = loopsOf(unit.blocks)
  const end = loops.get(unit.entry)
  const own = end === undefined ? undefined : blocksOf(unit.blocks, unit.entry, end)
  if (own === undefined || own.size === unit.blocks.length || !decide(around(loops, unit.entry))) return unit
  const blocks = unit.blocks.filter((_, index) => own.has(index))
  return {
    ...unit,
    blocks,
    instructions: blocks.reduce((sum, block) => sum + block.instructions.length, 0),
  }
}

/** Where the loops inside a unit begin that are entered there alone, and that `decide` sets apart, as above. */
export function loopsInside(
  { entry, blocks }: Unit,
  decide: (head: number, around: () => readonly number[]) => boolean,
): number[] {
  const loops = loopsOf(blocks)
  function isEnteredThere(head: number, end: number): boolean {
    const own = blocksOf(blocks, head, end)
    const behind = new Set([...(own ?? [])].map(index => blocks[index]?.start).filter(start => start !== head))
    return (
      own !== undefined && blocks.every((block, index) => own.has(index) || !waysOf(block).some(to => behind.has(to)))
    )
  }
  return [...loops]
    .filter(([head, end]) => head !== entry && decide(head, () => around(loops, head)) && isEnteredThere(head, end))
    .map(([head]) => head)
}
