import { alignUp } from '../base/bits.ts'
import { fail } from '../base/failure.ts'
import { hex } from '../base/words.ts'
import { sha1 } from './crypt.ts'
import { createReader, hexBytes } from './reader.ts'

/**
 * Normal compression: LZX, in hashed blocks.
 *
 * The stream is a chain of blocks. A block begins with the size and SHA-1 of the next one (the first block's stand in the
 * headers), then carries chunks, each with its length in front. The chunks of all blocks, joined, are one LZX bit
 * stream, never reset; each chunk decodes to one frame of 32 KiB, the last to what is left.
 *
 * LZX is LZ77 with Huffman codes. A bit stream is made of 16-bit little-endian words, taken from the most significant
 * bit. It holds LZX blocks (no relation to the blocks above), verbatim, aligned or uncompressed. A compressed block
 * begins with the code lengths of its trees, written as differences against the lengths of the block before:
 *   main      a literal byte, or a position slot with a short length
 *   length    the rest of a long match's length
 *   aligned   the low three bits of an offset (aligned blocks)
 *   pretree   the code in which the lengths of the others are written
 * A match's offset is one of the three used last, or slot base + extra bits. The whole output stays in memory, so it is
 * its own window; an offset is held to the window size all the same.
 *
 * A hostile stream can neither run long nor grow: the output is capped by the image size, every step consumes input,
 * a tree that is not complete is refused, and a match that crosses the end of a frame or of its block is an error.
 *
 * Sources: the published description of the cabinet format's LZX, and the reference pages' account of the differences.
 */
export interface NormalCompression {
  readonly windowSize: number
  readonly firstBlockSize: number
  readonly firstBlockDigest: string
}

const frameSize = 0x8000
const blockHeaderSize = 24
const slotsOfWindow = new Map([
  [15, 30],
  [16, 32],
  [17, 34],
  [18, 36],
  [19, 38],
  [20, 42],
  [21, 50],
])
const literals = 256
const lengthSymbols = 249
const pretreeSymbols = 20
const alignedSymbols = 8
const longestCode = 16
const minimumMatch = 2

/** Walks the block chain, checking every digest, and decodes the image. */
export function unpackNormal(
  stream: Uint8Array,
  compression: NormalCompression,
  imageSize: number,
  name: string,
): Uint8Array {
  return decodeLzx(joinChunks(stream, compression, name), Math.log2(compression.windowSize), imageSize, name)
}

function joinChunks(stream: Uint8Array, compression: NormalCompression, name: string): Uint8Array {
  const reader = createReader(stream, { name, code: 'XEX_FIELD', origin: 'stream' })
  const joined = new Uint8Array(stream.length)
  let filled = 0
  let at = 0
  let size = compression.firstBlockSize
  let digest = compression.firstBlockDigest
  while (size !== 0) {
    if (size < blockHeaderSize + 2) throw reader.wrong(at, 'compressed block', `${hex(size)} bytes is too small`)
    const block = reader.slice(at, size, 'compressed block')
    if (hexBytes(sha1(block)) !== digest) throw reader.wrong(at, 'compressed block', 'its digest does not match')
    const end = at + size
    let chunkAt = at + blockHeaderSize
    for (;;) {
      if (chunkAt + 2 > end) throw reader.wrong(chunkAt, 'chunk size', 'lies beyond its block')
      const chunk = reader.u16(chunkAt, 'chunk size')
      if (chunk === 0) break
      if (chunkAt + 2 + chunk > end) throw reader.wrong(chunkAt, 'chunk size', `${hex(chunk)} reaches beyond its block`)
      joined.set(stream.subarray(chunkAt + 2, chunkAt + 2 + chunk), filled)
      filled += chunk
      chunkAt += 2 + chunk
    }
    size = reader.u32(at, 'next block size')
    digest = hexBytes(reader.slice(at + 4, 20, 'next block digest'))
    at = end
  }
  return joined.subarray(0, filled)
}

/** Bits of 16-bit little-endian words, most significant first; `buffer` holds `count` of them at its top. */
interface Bits {
  read(count: number): number
  /** The next `count` bits without taking them; beyond the end, zeros. */
  peek(count: number): number
  skip(count: number): void
  /** Drops what is left of the current word. */
  align(): void
  /** Begins plain bytes: drops the rest of the word, or a whole word when at its start. */
  beginBytes(): void
  bytes(count: number): Uint8Array
}

function createBits(input: Uint8Array, broken: (what: string) => Error): Bits {
  let at = 0
  let buffer = 0
  let count = 0
  function ensure(wanted: number): void {
    while (count < wanted) {
      // an encoder may end short of the two bytes a decoder looks ahead, no more
      if (at >= input.length + 4) throw broken('the stream ends too early')
      const word = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)
      buffer |= word << (16 - count)
      at += 2
      count += 16
    }
  }
  const skip = (wanted: number): void => {
    buffer <<= wanted
    count -= wanted
  }
  return {
    read(wanted) {
      let value = 0
      let left = wanted
      while (left > 0) {
        const part = Math.min(left, 16)
        ensure(part)
        value = value * 2 ** part + (buffer >>> (32 - part))
        skip(part)
        left -= part
      }
      return value
    },
    peek(wanted) {
      ensure(wanted)
      return buffer >>> (32 - wanted)
    },
    skip,
    align() {
      skip(count % 16)
    },
    beginBytes() {
      if (count === 0) ensure(16)
      buffer = 0
      count = 0
    },
    bytes(wanted) {
      if (at + wanted > input.length) throw broken('the stream ends inside plain bytes')
      at += wanted
      return input.subarray(at - wanted, at)
    },
  }
}

/** A Huffman code as a table over the next `depth` bits: `symbol << 5 | length`, or 0 where no code begins so. */
interface Tree {
  readonly table: Uint16Array
  readonly depth: number
}

function buildTree(lengths: Uint8Array, broken: (what: string) => Error, mayBeEmpty = false): Tree {
  const depth = lengths.reduce((longest, length) => Math.max(longest, length), 0)
  if (depth === 0) {
    if (mayBeEmpty) return { table: new Uint16Array(1), depth: 0 }
    throw broken('a code tree is empty')
  }
  const table = new Uint16Array(1 << depth)
  let next = 0
  for (let length = 1; length <= depth; length += 1) {
    const span = 1 << (depth - length)
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue
      if (next + span > table.length) throw broken('a code tree has too many codes')
      table.fill((symbol << 5) | length, next, next + span)
      next += span
    }
  }
  if (next !== table.length) throw broken('a code tree has too few codes')
  return { table, depth }
}

function readSymbol(bits: Bits, tree: Tree, broken: (what: string) => Error): number {
  if (tree.depth === 0) throw broken('a symbol is read with an empty code tree')
  const entry = tree.table[bits.peek(tree.depth)] ?? 0
  bits.skip(entry & 31)
  return entry >>> 5
}

/** Code lengths `from`..`to` of a tree, as differences (modulo 17) against what the block before had. */
function readLengths(bits: Bits, lengths: Uint8Array, from: number, to: number, broken: (what: string) => Error): void {
  const own = new Uint8Array(pretreeSymbols)
  for (let i = 0; i < pretreeSymbols; i += 1) own[i] = bits.read(4)
  const pretree = buildTree(own, broken)
  const different = (at: number, code: number): number => ((lengths[at] ?? 0) - code + 17) % 17
  for (let at = from; at < to; ) {
    const code = readSymbol(bits, pretree, broken)
    if (code < 17) {
      lengths[at] = different(at, code)
      at += 1
      continue
    }
    const run = code === 17 ? 4 + bits.read(4) : code === 18 ? 20 + bits.read(5) : 4 + bits.read(1)
    const end = Math.min(at + run, to)
    const value = code === 19 ? different(at, readSymbol(bits, pretree, broken) % 17) : 0
    lengths.fill(value, at, end)
    at = end
  }
  if (lengths.some(length => length > longestCode)) throw broken('a code is too long')
}

const blockKind = { verbatim: 1, aligned: 2, uncompressed: 3 } as const

/** Decodes `outputSize` bytes of one LZX stream. */
export function decodeLzx(input: Uint8Array, windowBits: number, outputSize: number, name: string): Uint8Array {
  // an encoder may fill the last frame up with zeros, which are not wanted but may be the end of a match that is
  const output = new Uint8Array(alignUp(outputSize, frameSize))
  let filled = 0
  const broken = (what: string): Error =>
    fail('XEX_FIELD', `${name}: compressed image at output offset ${hex(filled)}`, what)
  const bits = createBits(input, broken)
  const windowSize = 2 ** windowBits
  const slots = slotsOfWindow.get(windowBits) ?? 0
  const { bases, extras } = positionSlots(slots)
  const mainLengths = new Uint8Array(literals + slots * 8)
  const lengthLengths = new Uint8Array(lengthSymbols)
  const recent = [1, 1, 1]

  let kind = 0
  let left = 0
  let oddBytes = false
  const none: Tree = { table: new Uint16Array(1), depth: 0 }
  let main = none
  let length = none
  let aligned = none

  if (outputSize > 0 && bits.read(1) === 1)
    throw fail('XEX_UNSUPPORTED', name, 'its compressed image asks for x86 call translation')

  function beginBlock(): void {
    if (oddBytes) bits.bytes(1)
    oddBytes = false
    kind = bits.read(3)
    left = bits.read(24)
    if (kind === blockKind.uncompressed) {
      bits.beginBytes()
      const offsets = bits.bytes(12)
      const view = new DataView(offsets.buffer, offsets.byteOffset, 12)
      for (let i = 0; i < 3; i += 1) recent[i] = view.getUint32(i * 4, true)
      oddBytes = left % 2 === 1
      return
    }
    if (kind !== blockKind.verbatim && kind !== blockKind.aligned) throw broken(`block type ${kind} does not exist`)
    if (kind === blockKind.aligned) {
      const own = new Uint8Array(alignedSymbols)
      for (let i = 0; i < alignedSymbols; i += 1) own[i] = bits.read(3)
      aligned = buildTree(own, broken)
    }
    readLengths(bits, mainLengths, 0, literals, broken)
    readLengths(bits, mainLengths, literals, mainLengths.length, broken)
    main = buildTree(mainLengths, broken)
    readLengths(bits, lengthLengths, 0, lengthSymbols, broken)
    length = buildTree(lengthLengths, broken, true)
  }

  function readOffset(slot: number): number {
    const first = recent[0] ?? 1
    if (slot <= 2) {
      // a repeated offset changes places with the newest one; it does not move to the front
      const offset = recent[slot] ?? 1
      recent[slot] = first
      recent[0] = offset
      return offset
    }
    const extra = extras[slot] ?? 0
    let low = 0
    if (kind === blockKind.aligned && extra >= 3) {
      low = bits.read(extra - 3) * 8
      low += readSymbol(bits, aligned, broken)
    } else low = bits.read(extra)
    const offset = (bases[slot] ?? 0) + low - 2
    recent[2] = recent[1] ?? 1
    recent[1] = first
    recent[0] = offset
    return offset
  }

  /** Decodes until `stop`; a match may go on past it, though not past `end`. */
  function decodeRun(stop: number, end: number): void {
    while (filled < stop) {
      const symbol = readSymbol(bits, main, broken)
      if (symbol < literals) {
        output[filled] = symbol
        filled += 1
        continue
      }
      const short = (symbol - literals) & 7
      const matched = (short === 7 ? 7 + readSymbol(bits, length, broken) : short) + minimumMatch
      const offset = readOffset((symbol - literals) >>> 3)
      if (offset === 0 || offset > filled || offset > windowSize) throw broken(`a match reaches ${hex(offset)} back`)
      if (filled + matched > end) throw broken('a match crosses the end of its frame or block')
      for (const last = filled + matched; filled < last; filled += 1) output[filled] = output[filled - offset] ?? 0
    }
  }

  while (filled < outputSize) {
    const frameEnd = filled + frameSize
    while (filled < Math.min(frameEnd, outputSize)) {
      while (left === 0) beginBlock()
      const start = filled
      const end = filled + Math.min(left, frameEnd - filled)
      if (kind === blockKind.uncompressed) {
        const run = Math.min(end, outputSize) - filled
        output.set(bits.bytes(run), filled)
        filled += run
      } else decodeRun(Math.min(end, outputSize), end)
      left -= filled - start
    }
    bits.align()
  }
  return output.subarray(0, outputSize)
}

/** First offset and extra bits of each position slot. */
function positionSlots(slots: number): { bases: number[]; extras: number[] } {
  const bases: number[] = []
  const extras: number[] = []
  let base = 0
  for (let slot = 0; slot < slots; slot += 1) {
    const extra = slot < 4 ? 0 : Math.min((slot >>> 1) - 1, 17)
    bases.push(base)
    extras.push(extra)
    base += 2 ** extra
  }
  return { bases, extras }
}
