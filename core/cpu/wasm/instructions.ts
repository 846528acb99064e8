import type { Type } from '../arithmetic.ts'
import { code, noResult, valueTypes, type Writer } from './bytes.ts'

/** The prefix of the instructions of SIMD. */
const simd = 0xfd

const made = new WeakMap<Writer, Instructions>()
export type Instructions = ReturnType<typeof create>

/** Single instructions with their immediates, over a writer: what all who emit write with. */
export function instructions(writer: Writer): Instructions {
  const have = made.get(writer)
  if (have !== undefined) return have
  const now = create(writer)
  made.set(writer, now)
  return now
}

function create(writer: Writer) {
  function open(kind: number, result?: Type): void {
    writer.u8(kind)
    writer.u8(result === undefined ? noResult : valueTypes[result])
    writer.depth += 1
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
  }
}
