import type { Orders } from './conditions.ts'
import type { Facts } from './facts.ts'
import type { Block } from './find.ts'
import type { Instruction } from './meaning.ts'
import type { Bits } from './registers.ts'

/** The instruction of a block that is being written, and what is so before it: one for each block, which goes along it. */
export interface Step {
  readonly block: Block
  /** The number of its block, and its own in the block. */
  readonly index: number
  at: number
  instruction: Instruction
  /** Instructions done before this one and not subtracted yet. */
  owed: number
  readonly dirty: Bits
  readonly live: Bits
  /** Which order condition fields certainly are. */
  readonly orders: Orders
  readonly facts: Facts
}
