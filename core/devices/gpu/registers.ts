/**
 * The register file that the CPU (by address) and the command stream (by index) share, and what a store or load of a
 * register does beside keeping the value. Values that titles are known to accept, not hardware truth, are marked so.
 */

/** Indices are dword numbers; the CPU's address is the device's start + 4 * index. */
export const register = {
  ringReadPointer: 0x01c4,
  ringWritePointer: 0x01c5,
  scratchMask: 0x01dc,
  scratchAddress: 0x01dd,
  loadCounter: 0x044b,
  scratch0: 0x0578,
  waitUntil: 0x05c8,
  /** Pairs of base and size: windows of the bus that show the CPU's write-back lines. */
  aperture0: 0x0a02,
  aperture1: 0x0a04,
  coherencyStatus: 0x0a31,
  vizQuery0: 0x0c44,
  edramTiming: 0x0f00,
  edramControl: 0x0f01,
  verticalLine: 0x194c,
  interruptStatus: 0x1951,
  viewportSize: 0x1961,
  drawInitiator: 0x21fc,
  dmaBase: 0x21fa,
  dmaSize: 0x21fb,
  eventInitiator: 0x21f9,
  sampleCountAddress: 0x2325,
} as const

export const registerCount = 0x8000

/** What the CPU reads whatever was written: emulator practice, known to be accepted. */
export const fixedReads: ReadonlyMap<number, number> = new Map([
  [register.edramTiming, 0x08100748],
  [register.edramControl, 0x0000200e],
  // The title's vertical blank handler does nothing unless bit 0 says that it was one.
  [register.interruptStatus, 1],
  [register.viewportSize, 0x050002d0],
  [register.waitUntil, 0],
])

/** How the bus swaps a word on its way to memory: the low two bits of an address in a packet. */
export function swapWord(value: number, mode: number): number {
  switch (mode & 3) {
    case 1:
      return (((value & 0x00ff00ff) << 8) | ((value >>> 8) & 0x00ff00ff)) >>> 0
    case 2:
      return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
    case 3:
      return ((value << 16) | (value >>> 16)) >>> 0
    default:
      return value >>> 0
  }
}
