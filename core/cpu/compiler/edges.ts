import type { Block, Unit } from './find.ts'
import type { Edge } from './registers.ts'

/** The seen targets of the jump that a block ends with, as far as blocks of the unit begin there. */
export function seenBy(block: Block, unit: Unit, seen: (pc: number) => readonly number[]): readonly number[] {
  return seen(block.end - 4).filter(one => unit.indexOf.has(one))
}

/** The edges out of each block that stay inside the unit. */
export function edgesOf(unit: Unit, seen: (pc: number) => readonly number[]): Edge[][] {
  return unit.blocks.map(block => {
    const { kind, falls, target } = block.ending
    const edges: Edge[] = []
    const add = (address: number | undefined, afterCall = false): void => {
      const to = address === undefined ? undefined : unit.indexOf.get(address)
      if (to !== undefined) edges.push({ to, afterCall })
    }
    if (kind === 'kernel') add(block.end, true)
    else if (kind === 'call') {
      add(block.end, true)
      if (!block.instructions.at(-1)?.meaning.effects.ends) add(block.end)
    } else {
      add(target)
      if (kind === 'dynamic') for (const one of seenBy(block, unit, seen)) add(one)
      if (falls) add(block.end)
    }
    return edges
  })
}
