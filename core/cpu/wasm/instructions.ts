import { type Operation, operations, type Type } from '../arithmetic.ts'
import { code, noResult, valueTypes, type Writer } from './bytes.ts'

/** The prefix of the instructions of SIMD. */
const simd = 0xfd

/** What a rotate is made of. */
const rotates = {
  i32: {
    constant: code.i32Const,
    bits: 32,
    left: operations['i32.shl'],
    right: operations['i32.shr_u'],
    or: operations['i32.or'],
  },
  i64: {
    constant: code.i64Const,
    bits: 64,
    left: operations['i64.shl'],
    right: operations['i64.shr_u'],
    or: operations['i64.or'],
  },
} as const

/** Makes something for a writer once, and gives the same again for the same writer. */
export function perWriter<T>(create: (writer: Writer) => T): (writer: Writer) => T {
  const made = new WeakMap<Writer, T>()
  return writer => {
    const have = made.get(writer)
    if (have !== undefined) return have
    const now = create(writer)
    made.set(writer, now)
    return now
  }
}

/** Single instructions with their immediates, over a writer: what all who emit write with. */
export const instructions = perWriter(writer => new Instructions(writer))

class Instructions {
  readonly #writer: Writer

  constructor(writer: Writer) {
    this.#writer = writer
  }

  #open(kind: number, result: Type | undefined): void {
    const writer = this.#writer
    // As one number: all of these have seven bits.
    writer.coded(kind, result === undefined ? noResult : valueTypes[result])
    writer.depth += 1
  }
  get(local: number): void {
    this.#writer.coded(code.localGet, local)
  }
  set(local: number): void {
    this.#writer.coded(code.localSet, local)
  }
  tee(local: number): void {
    this.#writer.coded(code.localTee, local)
  }
  i32(value: number): void {
    this.#writer.codedSigned(code.i32Const, value)
  }
  i64(value: number | bigint): void {
    this.#writer.u8(code.i64Const)
    this.#writer.s64(value)
  }
  /** A load or store with its offset; the alignment hint is always one byte. */
  memory(opcode: number, offset: number): void {
    this.#writer.coded(opcode, 0)
    this.#writer.u32(offset)
  }
  simd(opcode: number): void {
    this.#writer.coded(simd, opcode)
  }
  simdMemory(opcode: number, offset: number, lane?: number): void {
    this.simd(opcode)
    this.#writer.u8(0)
    this.#writer.u32(offset)
    if (lane !== undefined) this.#writer.u8(lane)
  }
  call(index: number): void {
    this.#writer.coded(code.call, index)
  }
  if(result?: Type): void {
    this.#open(code.if, result)
  }
  /** The same, where the condition hardly ever holds. */
  ifRare(result?: Type): void {
    this.#writer.rarely()
    this.#open(code.if, result)
  }
  block(): void {
    this.#open(code.block, undefined)
  }
  loop(): void {
    this.#open(code.loop, undefined)
  }
  else(): void {
    this.#writer.u8(code.else)
  }
  end(): void {
    this.#writer.u8(code.end)
    this.#writer.depth -= 1
  }
  /** Leaves to the end of the block (or the start of the loop) that was the `depth`th to open. */
  br(depth: number): void {
    this.#writer.coded(code.br, this.#writer.depth - depth)
  }
  op(opcode: number): void {
    this.#writer.u8(opcode)
  }
  /** An operation of the table; an opcode above one byte carries its prefix. */
  do({ opcode, lane: hasLane }: Operation, lane = 0): void {
    const writer = this.#writer
    if (opcode <= 0xff) writer.u8(opcode)
    else if (opcode <= 0xffff) writer.coded(opcode >>> 8, opcode & 0xff)
    else {
      this.simd(opcode & 0xffff)
      if (hasLane) writer.u8(lane)
    }
  }
  /**
   * Rotates what is on the stack to the left, by way of a local. As two shifts, which the host's best compiler makes one
   * rotate of again: its quick one calls a function of C for a rotate.
   */
  rotate(type: 'i32' | 'i64', by: number, local: number): void {
    const { constant, bits, left, right, or } = rotates[type]
    this.tee(local)
    this.#writer.codedSigned(constant, by)
    this.do(left)
    this.get(local)
    this.#writer.codedSigned(constant, bits - by)
    this.do(right)
    this.do(or)
  }
  float(type: 'f32' | 'f64', value: number): void {
    this.#writer.u8(code[`${type}Const`])
    this.#writer[type](value)
  }
}
