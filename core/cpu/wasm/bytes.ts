import type { Type } from '../arithmetic.ts'

/**
 * WebAssembly as bytes, written once into a preallocated array. Lengths that are known only afterwards are padded to five
 * bytes and patched in place, so nothing is moved but for the locals of a function and what it begins with, which are known
 * after its code.
 */
export interface Writer {
  /** Bytes written so far. */
  readonly length: number
  /** Blocks, loops and conditions open at this point: what a branch's label counts from. Kept by `instructions`. */
  depth: number
  u8(value: number): void
  /** Unsigned LEB128. */
  u32(value: number): void
  /** An opcode and such a number: most of what is written is that. */
  u8u32(opcode: number, value: number): void
  /** Signed LEB128, 32 bits. */
  s32(value: number): void
  s64(value: number | bigint): void
  f32(value: number): void
  f64(value: number): void
  bytes(from: ArrayLike<number>): void
  /** Says of the condition that is written next that it hardly ever holds. */
  rarely(): void
  /** Writes once more what stands at a position; it holds no condition that is rare. */
  repeat(at: number, size: number): void
  /** Puts what `write` writes before what stands behind a position. */
  insert(at: number, write: () => void): void
  name(text: string): void
  /** Opens a length-prefixed part; `close` patches the length. */
  open(): number
  close(mark: number): void
  /** What was written from a position to the end, taken away. */
  cut(from: number): Piece
  /** The same, left where it stands until `clear`: nothing before the end may be changed any more. */
  keep(from: number): Piece
  /** Forgets all that was written. */
  clear(): void
  finish(): Uint8Array<ArrayBuffer>
}

/** Code, and where in it conditions stand that hardly ever hold. */
export interface Piece {
  readonly bytes: Uint8Array
  readonly rare: readonly number[]
}

const patchSize = 5

export const createWriter = (capacity = 1 << 16): Writer => new ByteWriter(capacity)

const scratch = new DataView(new ArrayBuffer(8))
const encoder = new TextEncoder()
/** The names of what modules take and give, which are few and the same in all. */
const encodedNames = new Map<string, Uint8Array>()

/** A class, where elsewhere there are closures: what is written one byte at a time is several times faster so. */
class ByteWriter implements Writer {
  #buffer: Uint8Array<ArrayBuffer>
  /** For what is moved. */
  #aside = new Uint8Array(0)
  readonly #rare: number[] = []
  length = 0
  depth = 0

  constructor(capacity: number) {
    this.#buffer = new Uint8Array(capacity)
  }

  #need(size: number): void {
    if (this.length + size <= this.#buffer.length) return
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.length + size))
    larger.set(this.#buffer.subarray(0, this.length))
    this.#buffer = larger
  }
  #raw(size: number): void {
    for (let i = 0; i < size; i += 1) this.u8(scratch.getUint8(i))
  }

  u8(value: number): void {
    if (this.length === this.#buffer.length) this.#need(1)
    this.#buffer[this.length] = value
    this.length += 1
  }
  u32(value: number): void {
    if (this.length + 5 > this.#buffer.length) this.#need(5)
    const buffer = this.#buffer
    let at = this.length
    let rest = value >>> 0
    while (rest > 0x7f) {
      buffer[at] = (rest & 0x7f) | 0x80
      at += 1
      rest >>>= 7
    }
    buffer[at] = rest
    this.length = at + 1
  }
  u8u32(opcode: number, value: number): void {
    if (this.length + 6 > this.#buffer.length) this.#need(6)
    const buffer = this.#buffer
    const at = this.length
    buffer[at] = opcode
    this.length = at + 1
    if (value >>> 0 > 0x7f) {
      this.u32(value)
      return
    }
    buffer[at + 1] = value
    this.length = at + 2
  }
  s32(value: number): void {
    if (this.length + 5 > this.#buffer.length) this.#need(5)
    const buffer = this.#buffer
    let at = this.length
    let rest = value | 0
    while (rest > 0x3f || rest < -0x40) {
      buffer[at] = (rest & 0x7f) | 0x80
      at += 1
      rest >>= 7
    }
    buffer[at] = rest & 0x7f
    this.length = at + 1
  }
  s64(value: number | bigint): void {
    const small = Number(value)
    if (small === (small | 0)) {
      this.s32(small)
      return
    }
    let rest = BigInt.asIntN(64, BigInt(value))
    while (rest > 0x3fn || rest < -0x40n) {
      this.u8(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.u8(Number(rest & 0x7fn))
  }
  f32(value: number): void {
    scratch.setFloat32(0, value, true)
    this.#raw(4)
  }
  f64(value: number): void {
    scratch.setFloat64(0, value, true)
    this.#raw(8)
  }
  bytes(from: ArrayLike<number>): void {
    this.#need(from.length)
    this.#buffer.set(from, this.length)
    this.length += from.length
  }
  name(text: string): void {
    let encoded = encodedNames.get(text)
    if (encoded === undefined) {
      encoded = encoder.encode(text)
      encodedNames.set(text, encoded)
    }
    this.u32(encoded.length)
    this.bytes(encoded)
  }
  open(): number {
    this.#need(patchSize)
    this.length += patchSize
    return this.length
  }
  close(mark: number): void {
    const size = this.length - mark
    for (let i = 0; i < patchSize; i += 1) {
      const more = i < patchSize - 1 ? 0x80 : 0
      this.#buffer[mark - patchSize + i] = ((size >>> (7 * i)) & 0x7f) | more
    }
  }
  rarely(): void {
    this.#rare.push(this.length)
  }
  repeat(at: number, size: number): void {
    this.#need(size)
    const buffer = this.#buffer
    const by = this.length - at
    for (let i = at; i < at + size; i += 1) buffer[i + by] = buffer[i] ?? 0
    this.length += size
  }
  insert(at: number, write: () => void): void {
    const end = this.length
    const rare = this.#rare.length
    write()
    const size = this.length - end
    if (size > this.#aside.length) this.#aside = new Uint8Array(2 * size)
    const [buffer, aside] = [this.#buffer, this.#aside]
    for (let i = 0; i < size; i += 1) aside[i] = buffer[end + i] ?? 0
    buffer.copyWithin(at + size, at, end)
    for (let i = 0; i < size; i += 1) buffer[at + i] = aside[i] ?? 0
    const before = this.#rare.splice(rare).map(one => one - end + at)
    let first = rare
    while (first > 0 && (this.#rare[first - 1] ?? 0) >= at) {
      first -= 1
      this.#rare[first] = (this.#rare[first] ?? 0) + size
    }
    if (before.length > 0) this.#rare.splice(first, 0, ...before)
  }
  cut(from: number): Piece {
    const bytes = this.#buffer.slice(from, this.length)
    this.length = from
    return { bytes, rare: this.#takeRare(from) }
  }
  keep(from: number): Piece {
    return { bytes: this.#buffer.subarray(from, this.length), rare: this.#takeRare(from) }
  }
  /** The rare conditions behind a position, from there on: they are the last. */
  #takeRare(from: number): number[] {
    let first = this.#rare.length
    while (first > 0 && (this.#rare[first - 1] ?? 0) >= from) first -= 1
    return this.#rare.splice(first).map(one => one - from)
  }
  clear(): void {
    this.length = 0
    this.depth = 0
    this.#rare.length = 0
  }
  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.length)
  }
}

export const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const
/** The type of a block without a result. */
export const noResult = 0x40

/** Opcodes that are not arithmetic. */
export const code = {
  loop: 0x03,
  block: 0x02,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  unreachable: 0x00,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  drop: 0x1a,
  select: 0x1b,
  selectTyped: 0x1c,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
} as const

/** Memory instructions, by type and size in bytes; sign-extending where marked. */
export const memory = {
  i32Load: 0x28,
  i64Load: 0x29,
  f32Load: 0x2a,
  f64Load: 0x2b,
  i32Load8S: 0x2c,
  i32Load8U: 0x2d,
  i32Load16S: 0x2e,
  i32Load16U: 0x2f,
  i64Load8S: 0x30,
  i64Load8U: 0x31,
  i64Load16S: 0x32,
  i64Load16U: 0x33,
  i64Load32S: 0x34,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  f32Store: 0x38,
  f64Store: 0x39,
  i32Store8: 0x3a,
  i32Store16: 0x3b,
} as const

export interface Signature {
  readonly takes: readonly Type[]
  readonly gives: readonly Type[]
}
