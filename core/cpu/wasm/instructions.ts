import { type Operation, operations, type Type } from '../arithmetic.ts'
import { code, noResult, valueTypes, type Writer } from './bytes.ts'

/** The prefix of the instructions of SIMD. */
const simd = 0xfd

/** What rotates are made of. */
export const shifts = {
  i32: { bits: 32, shl: operations['i32.shl'], shr_u: operations['i32.shr_u'], or: operations['i32.or'] },
  i64: { bits: 64, shl: operations['i64.shl'], shr_u: operations['i64.shr_u'], or: operations['i64.or'] },
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
    writer.u8(kind)
    writer.u8(result === undefined ? noResult : valueTypes[result])
    writer.depth += 1
  }
  get(local: number): void {
    this.#writer.u8u32(code.localGet, local)
  }
  set(local: number): void {
    this.#writer.u8u32(code.localSet, local)
  }
  tee(local: number): void {
    this.#writer.u8u32(code.localTee, local)
  }
  i32(value: number): void {
    this.#writer.u8(code.i32Const)
    this.#writer.s32(value)
  }
  i64(value: number | bigint): void {
    this.#writer.u8(code.i64Const)
    this.#writer.s64(value)
  }
  /** A load or store with its offset; the alignment hint is always one byte. */
  memory(opcode: number, offset: number): void {
    this.#writer.u8(opcode)
    this.#writer.u8(0)
    this.#writer.u32(offset)
  }
  simd(opcode: number): void {
    this.#writer.u8(simd)
    this.#writer.u32(opcode)
  }
  simdMemory(opcode: number, offset: number, lane?: number): void {
    this.simd(opcode)
    this.#writer.u8(0)
    this.#writer.u32(offset)
    if (lane !== undefined) this.#writer.u8(lane)
  }
  call(index: number): void {
    this.#writer.u8(code.call)
    this.#writer.u32(index)
  }
  /** Calls what stands in a table at the index on the stack. */
  callIndirect(type: number, table: number): void {
    this.#indirect(code.callIndirect, type, table)
  }
  /** As `call` and `callIndirect`, in place of the frame that calls. */
  returnCall(index: number): void {
    this.#writer.u8(code.returnCall)
    this.#writer.u32(index)
  }
  returnCallIndirect(type: number, table: number): void {
    this.#indirect(code.returnCallIndirect, type, table)
  }
  #indirect(opcode: number, type: number, table: number): void {
    this.#writer.u8(opcode)
    this.#writer.u32(type)
    this.#writer.u32(table)
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
    this.#writer.u8(code.br)
    this.#writer.u32(this.#writer.depth - depth)
  }
  op(opcode: number): void {
    this.#writer.u8(opcode)
  }
  /** An operation of the table; an opcode above one byte carries its prefix. */
  do({ opcode, lane: hasLane }: Operation, lane = 0): void {
    const writer = this.#writer
    if (opcode <= 0xff) writer.u8(opcode)
    else if (opcode <= 0xffff) {
      writer.u8(opcode >>> 8)
      writer.u32(opcode & 0xff)
    } else {
      this.simd(opcode & 0xffff)
      if (hasLane) writer.u8(lane)
    }
  }
  /**
   * Rotates what is on the stack to the left, by way of a local. As two shifts, which the host's best compiler makes one
   * rotate of again: its quick one calls a function of C for a rotate.
   */
  rotate(type: 'i32' | 'i64', by: number, local: number): void {
    const { bits, shl, shr_u, or } = shifts[type]
    this.tee(local)
    this[type](by)
    this.do(shl)
    this.get(local)
    this[type](bits - by)
    this.do(shr_u)
    this.do(or)
  }
  float(type: 'f32' | 'f64', value: number): void {
    this.#writer.u8(code[`${type}Const`])
    this.#writer[type](value)
  }
}
