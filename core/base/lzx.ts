import { type Bits, buildTree, createBits, readSymbol, type Tree } from './lzx-codes.ts'
import { hex } from './words.ts'

/**
 * LZX, decoded a frame at a time.
 *
 * LZX is LZ77 with Huffman codes. A bit stream is made of 16-bit little-endian words, taken from the most significant
 * bit. What it stands for comes in frames of 32 KiB, after each of which the stream is aligned to a word; it holds blocks
 * of any length, verbatim, aligned or uncompressed, which begin and end where they like. A compressed block begins with
 * the code lengths of its trees, written as differences against the lengths of the block before:
 *   main      a literal byte, or a position slot with a short length
 *   length    the rest of a long match's length
 *   aligned   the low three bits of an offset (aligned blocks)
 *   pretree   the code in which the lengths of the others are written
 * A match's offset is one of the three used last, or slot base + extra bits.
 *
 * The decoder is given the stream in stretches that end with a frame, and a buffer with what it has decoded so far in
 * front of where it goes on; the buffer is its window. Between frames all that it knows is a `LzxState`, so whoever
 * decodes a stream in many calls keeps that and the window, and needs no decoder in between.
 *
 * A hostile stream can neither run long nor grow: a frame is capped, every step consumes input, a tree that is not
 * complete is refused, and so is a match that crosses the end of a frame or of its block. A state from memory that
 * anybody can write to is met with the same checks.
 *
 * Sources: the published description of the cabinet format's LZX, and the reference pages' account of the differences.
 */

export const frameSize = 0x8000
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
const minimumMatch = 2

/** What a decoder knows between two frames, besides the window. */
export interface LzxState {
  /** The first bit of the stream has been read. */
  begun: boolean
  kind: number
  /** Bytes that the block still stands for. */
  left: number
  /** A byte that fills the words up follows the block. */
  padded: boolean
  readonly recent: number[]
  readonly mainLengths: Uint8Array
  readonly lengthLengths: Uint8Array
  readonly alignedLengths: Uint8Array
}

/** Whether there is such a window: 32 KiB to 2 MiB. */
export const isWindow = (bits: number): boolean => slotsOfWindow.has(bits)

/** Of a stream that has not begun. */
export const freshLzx = (windowBits: number): LzxState => ({
  begun: false,
  kind: 0,
  left: 0,
  padded: false,
  recent: [1, 1, 1],
  mainLengths: new Uint8Array(literals + (slotsOfWindow.get(windowBits) ?? 0) * 8),
  lengthLengths: new Uint8Array(lengthSymbols),
  alignedLengths: new Uint8Array(alignedSymbols),
})

/** Makes the error for a stream that goes wrong, or one that asks for the translation of x86 calls, which none here does. */
export type LzxRefusal = (what: string, at: number, translated?: true) => Error

export interface LzxDecoder {
  /** Begins a stretch of the stream. */
  feed(input: Uint8Array): void
  /**
   * Decodes `wanted` bytes, a frame at most, behind the `at` that the buffer holds; it has room for a whole frame there,
   * because an encoder may fill the last one up with zeros, which are not wanted but may be the end of a match that is.
   */
  frame(output: Uint8Array, at: number, wanted: number): void
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
}

const blockKind = { verbatim: 1, aligned: 2, uncompressed: 3 } as const
const noTree: Tree = { table: new Uint16Array(1), depth: 0 }

/** A decoder that goes on from a state, which it keeps up to date. */
export function createLzxDecoder(windowBits: number, state: LzxState, refuse: LzxRefusal): LzxDecoder {
  let filled = 0
  const broken = (what: string): Error => refuse(what, filled)
  const bits = createBits(broken)
  const windowSize = 2 ** windowBits
  const { bases, extras } = positionSlots(slotsOfWindow.get(windowBits) ?? 0)
  const { recent, mainLengths, lengthLengths, alignedLengths } = state
  let { kind } = state
  let main = noTree
  let length = noTree
  let aligned = noTree
  if (state.left > 0 && kind !== blockKind.uncompressed) plant()

  /** Builds the trees of a block of their code lengths. */
  function plant(): void {
    if (kind !== blockKind.verbatim && kind !== blockKind.aligned) throw broken(`block type ${kind} does not exist`)
    main = buildTree(mainLengths, broken)
    length = buildTree(lengthLengths, broken, true)
    if (kind === blockKind.aligned) aligned = buildTree(alignedLengths, broken)
  }

  function beginBlock(): void {
    if (state.padded) bits.bytes(1)
    state.padded = false
    kind = bits.read(3)
    state.kind = kind
    state.left = bits.read(24)
    if (kind === blockKind.uncompressed) {
      bits.beginBytes()
      const offsets = bits.bytes(12)
      const view = new DataView(offsets.buffer, offsets.byteOffset, 12)
      for (let i = 0; i < 3; i += 1) recent[i] = view.getUint32(i * 4, true)
      state.padded = state.left % 2 === 1
      return
    }
    if (kind === blockKind.aligned) for (let i = 0; i < alignedSymbols; i += 1) alignedLengths[i] = bits.read(3)
    readLengths(bits, mainLengths, 0, literals, broken)
    readLengths(bits, mainLengths, literals, mainLengths.length, broken)
    readLengths(bits, lengthLengths, 0, lengthSymbols, broken)
    plant()
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
  function decodeRun(output: Uint8Array, stop: number, end: number): void {
    let at = filled
    while (at < stop) {
      filled = at
      const symbol = readSymbol(bits, main, broken)
      if (symbol < literals) {
        output[at] = symbol
        at += 1
        continue
      }
      const short = (symbol - literals) & 7
      const matched = (short === 7 ? 7 + readSymbol(bits, length, broken) : short) + minimumMatch
      const offset = readOffset((symbol - literals) >>> 3)
      if (offset === 0 || offset > at || offset > windowSize) throw broken(`a match reaches ${hex(offset)} back`)
      if (at + matched > end) throw broken('a match crosses the end of its frame or block')
      for (const last = at + matched; at < last; at += 1) output[at] = output[at - offset] ?? 0
    }
    filled = at
  }

  return {
    feed: bits.feed,
    frame(output, at, wanted) {
      filled = at
      if (!state.begun && wanted > 0) {
        state.begun = true
        if (bits.read(1) === 1) throw refuse('the translation of x86 calls is asked for', filled, true)
      }
      const frameEnd = at + frameSize
      const wantedEnd = at + wanted
      while (filled < wantedEnd) {
        while (state.left === 0) beginBlock()
        const start = filled
        const end = filled + Math.min(state.left, frameEnd - filled)
        if (kind === blockKind.uncompressed) {
          const run = Math.min(end, wantedEnd) - filled
          output.set(bits.bytes(run), filled)
          filled += run
        } else decodeRun(output, Math.min(end, wantedEnd), end)
        state.left -= filled - start
      }
      bits.align()
    },
  }
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
