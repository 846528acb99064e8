/** The ways between blocks as tests write and read them. */
import { createFlow, type Flow } from '../../../core/cpu/compiler/flow.ts'

/** The flow of blocks that lead to these, none by a call. */
export function flowTo(targets: readonly (readonly number[])[]): Flow {
  const ends = targets.map((_, block) => targets.slice(0, block + 1).flat().length)
  const to = targets.flat()
  return createFlow(
    ends,
    to,
    to.map(() => 0),
  )
}

/** The ways out of a block, one by one. */
export function waysOf({ starts, to, afterCall }: Flow, block: number): { to: number; afterCall: boolean }[] {
  const start = starts[block] ?? 0
  const end = starts[block + 1]
  return [...to.subarray(start, end)].map((target, i) => ({ to: target, afterCall: afterCall[start + i] === 1 }))
}
