/**
 * Decompression contexts of the LZX decompression interface: a stream is decoded a block at a time, each into at most
 * 32 KiB, and what a block may refer to is what the ones before it gave.
 *
 * A context lies in the title's own memory, which the title hands over or which its allocator gives: what the decoder
 * knows between two blocks, then the window, a ring. Nothing is kept here. No title knows the layout, which is ours; the
 * mark in front tells a context from other memory, and whatever else a title may have written there, the decoder checks.
 */
import { createLzxDecoder, frameSize, freshLzx, isWindow, type LzxState } from '../base/lzx.ts'
import type { GuestMemory } from '../memory/guest.ts'

/** Room of a context besides its window: what callers hand over for it. */
const roomBesideWindow = 0x23200
/** How much longer than what it stands for a block can be. */
const mostGrowth = 0x1800
/** `LDIC` */
const mark = 0x4c444943

const layout = {
  mark: 0,
  windowBits: 4,
  /** Bytes that the stream has given since it began. */
  total: 8,
  free: 0x10,
  begun: 0x14,
  kind: 0x18,
  left: 0x1c,
  padded: 0x20,
  recent: 0x24,
  mainLengths: 0x100,
  lengthLengths: 0x400,
  alignedLengths: 0x500,
  window: 0x600,
} as const

export const blockLimits = { data: frameSize, source: frameSize + mostGrowth } as const

/** Bits of a window of so many bytes; undefined when there is no such window. */
export function windowBitsOf(size: number): number | undefined {
  const bits = Math.log2(size)
  return isWindow(bits) ? bits : undefined
}

export const contextSize = (windowBits: number): number => roomBesideWindow + 2 ** windowBits

function writeState(memory: GuestMemory, at: number, total: number, state: LzxState): void {
  memory.store64(at + layout.total, BigInt(total))
  memory.store32(at + layout.begun, state.begun ? 1 : 0)
  memory.store32(at + layout.kind, state.kind)
  memory.store32(at + layout.left, state.left)
  memory.store32(at + layout.padded, state.padded ? 1 : 0)
  state.recent.forEach((offset, i) => {
    memory.store32(at + layout.recent + i * 4, offset)
  })
  memory.write(at + layout.mainLengths, state.mainLengths)
  memory.write(at + layout.lengthLengths, state.lengthLengths)
  memory.write(at + layout.alignedLengths, state.alignedLengths)
}

function readState(memory: GuestMemory, at: number, windowBits: number): LzxState {
  const fresh = freshLzx(windowBits)
  return {
    begun: memory.load32(at + layout.begun) !== 0,
    kind: memory.load32(at + layout.kind),
    left: memory.load32(at + layout.left),
    padded: memory.load32(at + layout.padded) !== 0,
    recent: fresh.recent.map((_, i) => memory.load32(at + layout.recent + i * 4)),
    mainLengths: memory.read(at + layout.mainLengths, fresh.mainLengths.length),
    lengthLengths: memory.read(at + layout.lengthLengths, fresh.lengthLengths.length),
    alignedLengths: memory.read(at + layout.alignedLengths, fresh.alignedLengths.length),
  }
}

/** Makes a context in memory; `free` is the routine that gives the memory back, 0 for none. */
export function makeContext(memory: GuestMemory, at: number, windowBits: number, free: number): void {
  memory.store32(at + layout.windowBits, windowBits)
  memory.store32(at + layout.free, free)
  writeState(memory, at, 0, freshLzx(windowBits))
  memory.store32(at + layout.mark, mark)
}

/** The bits of a context's window; undefined where no context lies. */
function contextAt(memory: GuestMemory, at: number): number | undefined {
  if (at === 0 || memory.load32(at + layout.mark) !== mark) return undefined
  const windowBits = memory.load32(at + layout.windowBits)
  return isWindow(windowBits) ? windowBits : undefined
}

/** Lets a stream begin again; false where no context lies. */
export function resetContext(memory: GuestMemory, at: number): boolean {
  const windowBits = contextAt(memory, at)
  if (windowBits === undefined) return false
  writeState(memory, at, 0, freshLzx(windowBits))
  return true
}

/** Ends a context: the routine that its memory is given back to, 0 for none; undefined where no context lies. */
export function endContext(memory: GuestMemory, at: number): number | undefined {
  if (contextAt(memory, at) === undefined) return undefined
  memory.store32(at + layout.mark, 0)
  return memory.load32(at + layout.free)
}

/** A stream that is damaged, or ends in the middle of a block. */
class Damaged extends Error {}

/** Decodes one block; its bytes, or why there are none. */
export function decodeBlock(
  memory: GuestMemory,
  at: number,
  source: Uint8Array,
  wanted: number,
): Uint8Array | 'no-context' | 'damaged' {
  const windowBits = contextAt(memory, at)
  if (windowBits === undefined) return 'no-context'
  const size = 2 ** windowBits
  const ring = at + layout.window
  const total = Number(memory.load64(at + layout.total))
  const before = Math.min(total, size)
  const output = new Uint8Array(before + frameSize)
  const first = (total - before) % size
  const whole = Math.min(before, size - first)
  output.set(memory.read(ring + first, whole), 0)
  output.set(memory.read(ring, before - whole), whole)
  const state = readState(memory, at, windowBits)
  try {
    const decoder = createLzxDecoder(windowBits, state, what => new Damaged(what))
    decoder.feed(source)
    decoder.frame(output, before, wanted)
  } catch (error) {
    if (!(error instanceof Damaged)) throw error
    return 'damaged'
  }
  const block = output.slice(before, before + wanted)
  const next = total % size
  const fits = Math.min(wanted, size - next)
  memory.write(ring + next, block.subarray(0, fits))
  memory.write(ring, block.subarray(fits))
  writeState(memory, at, total + wanted, state)
  return block
}
