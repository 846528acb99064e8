import type { Routine, Table } from '../algebra.ts'
import type { Type } from '../arithmetic.ts'
import type { Writer } from './bytes.ts'
import type { KnownNumber, Node, Place, Size } from './program.ts'

/** Functions of the interpreter's module that emitted code calls on its rare paths. */
export const runtimeNames = ['loadSlow', 'storeSlow', 'check', 'forget', 'timebase'] as const
export type RuntimeName = (typeof runtimeNames)[number]

/** Where code is being written, and how registers, operands and exits look from there. */
export interface Site {
  readonly writer: Writer
  local(type: Type): number
  known(number: KnownNumber, type: Type): void
  read(place: Place): void
  write(place: Place, value: () => void): void
  /** Around a program that reaches registers by computed number: the register file must be whole, and is read anew. */
  flush(): void
  reload(): void
  readAt(index: () => void): void
  writeAt(index: () => void, value: () => void): void
  /** Pushes a mask that reverses the bytes of each element of the size. */
  swapMask(size: 4 | 8 | 16): void
  runtime(name: RuntimeName): number
  callRoutine(routine: Routine): void
  table(table: Table): number
  /** Completes pc and count in the state block, as of before this instruction. */
  mark(): void
  /** Gives up the instruction; `mark` and the exit code are written. */
  leave(): void
  /** `target` pushes the address, if at all before anything else is written. */
  branch(target: () => void): void
  /** Goes on behind the instruction. */
  next(): void
  /** Counts the instruction, makes the kernel call and goes on where the kernel says. */
  callKernel(): void
  /** Where given, an instruction that faults is handed back undone instead, and no exit is written. */
  refuse?(): void
  /** Where given, pushes whether the branch before the instruction jumps over it. */
  skipped?(): void
  /** Where given, finds the place of an access in its own way. */
  place?(ea: Node, size: Size, access: 'load' | 'store', expression: (node: Node) => void): AccessPlace
  /** Where given, may write a value to a register, or compute a value, in a way of its own; false where it did not. */
  assign?(place: Place, value: Node, expression: (node: Node) => void, lanes: (node: Node) => void): boolean
  evaluate?(node: Node, expression: (node: Node) => void): boolean
  /** Whether `assign` would: its operands are in locals by then, or registers that are written by nothing else. */
  assigns?(place: Place, value: Node): boolean
  /** Where given, may push a constant of its own keeping. */
  vector?(value: readonly number[]): boolean
  /** Where given, whether an access waits for what the instruction loads. */
  isAwaited?(): boolean
  /** Where given, told the local of the low word of 64 bits that are awaited. */
  loadsLow?(local: number): void
  /** Where given, whether a condition that is required is known to hold; and told that it does from here on. */
  holds?(condition: Node): boolean
  learn?(condition: Node, lanes: (node: Node) => void): void
  /** Where given, floats are kept in the first lanes of vectors (lanes.ts): pushes that of a register, and `write` takes one. */
  readLanes?(place: Place): void
  /** The same where a NaN counts but not its bits. */
  numberLanes?(place: Place): void
  /** The same of a register's single, where that is known; false where it is not. */
  singleLanes?(node: Node): boolean
}

/** Where an access may be done: at a local's offset in linear memory, and so many bytes on. */
export interface AccessPlace {
  readonly local: number
  readonly offset: number
}
