import { type Operation, operations, type Type } from '../arithmetic.ts'
import { code, noResult, valueTypes, type Writer } from './bytes.ts'

/** The prefix of the instructions of SIMD. */
const simd = 0xfd

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
export const instructions = perWriter(create)

function create(writer: Writer) {
  function open(kind: number, result?: Type): void {
    writer.u8(kind)
    writer.u8(result === undefined ? noResult : valueTypes[result])
    writer.depth += 1
  }
  /** An operation of the table; an opcode above one byte carries its prefix. */
  function operation({ opcode, lane: hasLane }: Operation, lane = 0): void {
    if (opcode > 0xffff) {
      writer.u8(simd)
      writer.u32(opcode & 0xffff)
      if (hasLane) writer.u8(lane)
    } else if (opcode > 0xff) {
      writer.u8(opcode >>> 8)
      writer.u32(opcode & 0xff)
    } else writer.u8(opcode)
  }
  return {
    get: (local: number) => {
      writer.u8(code.localGet)
      writer.u32(local)
    },
    set: (local: number) => {
      writer.u8(code.localSet)
      writer.u32(local)
    },
    tee: (local: number) => {
      writer.u8(code.localTee)
      writer.u32(local)
    },
    i32: (value: number) => {
      writer.u8(code.i32Const)
      writer.s32(value)
    },
    i64: (value: number | bigint) => {
      writer.u8(code.i64Const)
      writer.s64(value)
    },
    /** A load or store with its offset; the alignment hint is always one byte. */
    memory: (opcode: number, offset: number) => {
      writer.u8(opcode)
      writer.u8(0)
      writer.u32(offset)
    },
    simd: (opcode: number) => {
      writer.u8(simd)
      writer.u32(opcode)
    },
    simdMemory: (opcode: number, offset: number, lane?: number) => {
      writer.u8(simd)
      writer.u32(opcode)
      writer.u8(0)
      writer.u32(offset)
      if (lane !== undefined) writer.u8(lane)
    },
    call: (index: number) => {
      writer.u8(code.call)
      writer.u32(index)
    },
    if: (result?: Type) => open(code.if, result),
    /** The same, where the condition hardly ever holds. */
    ifRare: (result?: Type) => {
      writer.rarely()
      open(code.if, result)
    },
    block: () => open(code.block),
    loop: () => open(code.loop),
    else: () => writer.u8(code.else),
    end: () => {
      writer.u8(code.end)
      writer.depth -= 1
    },
    /** Leaves to the end of the block (or the start of the loop) that was the `depth`th to open. */
    br: (depth: number) => {
      writer.u8(code.br)
      writer.u32(writer.depth - depth)
    },
    op: (opcode: number) => writer.u8(opcode),
    operation,
    /**
     * Rotates what is on the stack to the left, by way of a local. As two shifts, which the host's best compiler makes one
     * rotate of again: its quick one calls a function of C for a rotate.
     */
    rotate: (type: 'i32' | 'i64', by: number, local: number) => {
      const [left, right, join] = [operations[`${type}.shl`], operations[`${type}.shr_u`], operations[`${type}.or`]]
      const number = (value: number): void => {
        writer.u8(type === 'i32' ? code.i32Const : code.i64Const)
        writer.s32(value)
      }
      writer.u8(code.localTee)
      writer.u32(local)
      number(by)
      operation(left)
      writer.u8(code.localGet)
      writer.u32(local)
      number((type === 'i32' ? 32 : 64) - by)
      operation(right)
      operation(join)
    },
    do: (name: keyof typeof operations, lane?: number) => operation(operations[name], lane),
    float: (type: 'f32' | 'f64', value: number) => {
      writer.u8(code[`${type}Const`])
      writer[type](value)
    },
  }
}
