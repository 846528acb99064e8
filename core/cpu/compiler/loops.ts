/**
 * Loops that are units of their own.
 *
 * The host's compiler gives registers to a function as a whole: in a loop deep inside a large one it moves to and fro
 * what the loop does not even use, which was seen to cost two thirds of its speed. So a loop that goes round often each
 * time it is entered is cut out of what is around it; to enter and to leave it costs a jump through the table of units,
 * with registers stored and loaded, which is as much as a few rounds.
 *
 * How often a loop goes round is told by the counts of the interpreter, when its head has become hot: beside the head's
 * own count stand those of the heads of loops around it, and that of its function.
 */
import type { Block, Unit } from './find.ts'

interface Loop {
  /** Indices of its blocks. */
  readonly blocks: ReadonlySet<number>
  /** Where the loops around it begin. */
  readonly around: readonly number[]
}

/**
 * The loop that begins with a unit; undefined where none does, or one that jumps through a register. A loop is what lies
 * from the target of a branch backwards to the last such branch, as compilers lay it out, wherever it is entered; and
 * what lies behind it and leads nowhere but back.
 */
function loopOfEntry(blocks: readonly Block[]): Loop | undefined {
  const entry = blocks[0]?.start ?? 0
  /** The ends of loops by their starts. */
  const ends = new Map<number, number>()
  for (const { ending, end } of blocks)
    if (ending.kind !== 'call' && ending.target !== undefined && ending.target < end)
      ends.set(ending.target, Math.max(ends.get(ending.target) ?? 0, end))
  const end = ends.get(entry)
  if (end === undefined) return undefined
  const own = new Set<number>()
  const starts = new Set<number>()
  function take(index: number, { start }: Block): void {
    own.add(index)
    starts.add(start)
  }
  for (const [index, block] of blocks.entries()) if (block.start >= entry && block.start < end) take(index, block)
  if ([...own].some(index => jumps(blocks[index]))) return undefined
  // From the last to the first, so that what leads to a part that leads back is found in one go.
  for (const [index, block] of [...blocks.entries()].toReversed())
    if (block.start >= end && block.ending.kind !== 'dynamic' && waysOf(block).every(to => starts.has(to)))
      take(index, block)
  const around = [...ends].filter(([start, last]) => start < entry && last >= end).map(([start]) => start)
  return { blocks: own, around }
}

/** Whether a block ends by a jump through a register, other than a return. */
const jumps = (block: Block | undefined): boolean =>
  block?.ending.kind === 'dynamic' && block.instructions.at(-1)?.meaning.row.name !== 'bclr'

function waysOf({ ending, end }: Block): number[] {
  const target = ending.kind === 'call' || ending.target === undefined ? [] : [ending.target]
  return ending.falls ? [...target, end] : target
}

/**
 * The unit, or only the loop that it begins with, where `decide` sets that apart, given the starts of the loops around.
 */
export function cutToLoop(unit: Unit, decide: (around: readonly number[]) => boolean): Unit {
  const loop = loopOfEntry(unit.blocks)
  if (loop === undefined || loop.blocks.size === unit.blocks.length || !decide(loop.around)) return unit
  const blocks = unit.blocks.filter((_, index) => loop.blocks.has(index))
  return {
    ...unit,
    blocks,
    indexOf: new Map(blocks.map(({ start }, index) => [start, index])),
    instructions: blocks.reduce((sum, block) => sum + block.instructions.length, 0),
  }
}
