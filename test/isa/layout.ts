/**
 * The registers of one test as bytes in memory, big-endian: what the runner loads before the code and stores behind it.
 * A test owns one block: its start, its 1024 bytes of data, and its end.
 */
export const at = {
  gpr: 0,
  cr: 256,
  xer: 264,
  lr: 272,
  ctr: 280,
  fpscr: 288,
  /** A vector whose last word is VSCR. */
  vscr: 304,
  vrsave: 320,
  code: 328,
  fpr: 352,
  vr: 608,
} as const
export const stateSize = 1120
export const dataAt = 1152
export const dataSize = 1024
export const endAt = 2176
/** A multiple of a cache line. */
export const blockSize = 3328

/** Where everything lies, in both machines. */
export const codeBase = 0x10010000
export const blocksBase = 0x20000000
