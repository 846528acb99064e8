/**
 * Rotates whose count and mask the word says, as the shortest code that agrees with them: a rotate under a mask that
 * keeps none of the bits that come round is a shift, and the 32-bit forms are 32-bit operations unless their mask
 * reaches into the upper half. The interpreter, which knows neither beforehand, does them as rows/integer.ts says.
 */
import { operations } from '../arithmetic.ts'
import type { Writer } from '../wasm/bytes.ts'
import { instructions, shifts } from '../wasm/instructions.ts'
import { perNode } from '../wasm/plan.ts'
import type { KnownNumber, Node } from '../wasm/program.ts'
import { argumentsOf, isConstant } from './compare.ts'
import { bitsRead, type Instruction, numberIn } from './meaning.ts'

interface Rotate {
  readonly source: Node
  /** Of 32 bits, a rotate sees the low word of its source in both halves. */
  readonly bits: 32 | 64
  readonly count: KnownNumber
  readonly mask: KnownNumber
  /** What the masked bits are told apart from, where they are inserted. */
  readonly old: Node | undefined
  /** The bits of a word that tell count and mask, and what came of those that were met. */
  readonly told: number
  readonly met: Map<number, Masked | null>
}

/** A shift, and the mask behind it, whole and its low word, with a sign. */
interface Masked {
  readonly shift: Shift
  readonly mask: bigint
  readonly lowMask: number
}

/** The number of which a value has the low word in both halves. */
function doubledOf(node: Node | undefined): Node | undefined {
  const [low, high] = argumentsOf(node, operations['i64.or']) ?? []
  const [source, by] = argumentsOf(high, operations['i64.shl']) ?? []
  const [same, word] = argumentsOf(low, operations['i64.and']) ?? []
  return isConstant(by, 32) && isConstant(word, 0xffffffff) && same === source ? source : undefined
}

/** The rotate under a mask that a value is. */
export const rotateOf = perNode((node): Rotate | undefined => {
  const [value, mask] = argumentsOf(node, operations['i64.and']) ?? []
  if (value === undefined || mask?.op !== 'known') return undefined
  const [old, inserted] = argumentsOf(value, operations['i64.xor']) ?? []
  const [from, count] = argumentsOf(inserted ?? value, operations['i64.rotl']) ?? []
  if (from === undefined || count?.op !== 'known') return undefined
  const source = doubledOf(from)
  const bits = source === undefined ? 64 : 32
  const told = bitsRead(count.known) | bitsRead(mask.known)
  return { source: source ?? from, bits, count: count.known, mask: mask.known, old, told, met: new Map() }
})

/** The shift and mask of an instruction: found once for all that say the same. */
function maskedBy(rotate: Rotate, instruction: Instruction): Masked | null {
  const key = instruction.bits & rotate.told
  const have = rotate.met.get(key)
  if (have !== undefined) return have
  const mask = BigInt.asUintN(64, BigInt(numberIn(instruction, rotate.mask)))
  const shift = shiftOf(rotate.bits, Number(numberIn(instruction, rotate.count)), mask)
  const lowMask = Number(BigInt.asIntN(32, mask))
  const masked = shift === undefined ? null : { shift, mask: BigInt.asIntN(64, mask), lowMask }
  rotate.met.set(key, masked)
  return masked
}

export interface Shift {
  readonly bits: 32 | 64
  readonly operation: 'shl' | 'shr_u' | 'rotl' | undefined
  readonly by: number
  /** Whether the mask changes nothing any more. */
  readonly whole: boolean
}

/** How a rotate comes about; undefined where nothing is shorter than what it says. */
export function shiftOf(bits: 32 | 64, count: number, mask: bigint): Shift | undefined {
  const all = (1n << BigInt(bits)) - 1n
  if (mask > all) return undefined
  if (count === 0) return { bits, operation: undefined, by: 0, whole: mask === all }
  const round = (1n << BigInt(count)) - 1n
  if ((mask & round) === 0n) return { bits, operation: 'shl', by: count, whole: mask === (all ^ round) }
  if ((mask & ~round) === 0n) return { bits, operation: 'shr_u', by: bits - count, whole: mask === round }
  return { bits, operation: 'rotl', by: count, whole: mask === all }
}

/** Pushes a rotate under a mask, if that is what the value is and there is a shorter way. */
export function writeRotate(
  writer: Writer,
  node: Node,
  instruction: Instruction,
  expression: (node: Node) => void,
  local: (type: 'i32' | 'i64') => number,
): boolean {
  const found = rotateOf(node)
  if (found === null) return false
  const masked = maskedBy(found, instruction)
  if (masked === null) return false
  const { shift, mask, lowMask } = masked
  const w = instructions(writer)
  const { bits, operation, by, whole } = shift
  const type = `i${bits}` as const
  const inserts = found.old !== undefined
  if (inserts) expression(found.old)
  expression(found.source)
  if (bits === 32) w.do(operations['i32.wrap_i64'])
  if (operation === 'rotl') w.rotate(type, by, local(type))
  else if (operation !== undefined) {
    w[type](by)
    w.do(shifts[type][operation])
  }
  if (bits === 32 && !whole && !inserts) {
    w.i32(lowMask)
    w.do(operations['i32.and'])
  }
  if (bits === 32) w.do(operations['i64.extend_i32_u'])
  if (inserts) w.do(operations['i64.xor'])
  if (inserts || (bits === 64 && !whole)) {
    w.i64(mask)
    w.do(operations['i64.and'])
  }
  return true
}
