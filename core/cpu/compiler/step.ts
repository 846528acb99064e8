import type { Block } from './find.ts'
import type { Instruction } from './meaning.ts'

/** The instruction of a block that is being written, and what is so before it: one for each block, which goes along it. */
export interface Step {
  readonly block: Block
  /** The number of its block, and its own in the block. */
  readonly index: number
  at: number
  instruction: Instruction
  /** Instructions done before this one and not subtracted yet. */
  owed: number
  /** Where the sets of its block begin in those of all blocks. */
  readonly sets: number
}
