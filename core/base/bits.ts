/** Fields and masks of 32-bit words. Bits are numbered as PowerPC does: bit 0 is the most significant. */

/** The unsigned field of bits `first`..`last` (inclusive, 0 = most significant) of a 32-bit word. */
export function field(word: number, first: number, last: number): number {
  const width = last - first + 1
  return width === 32 ? word >>> 0 : (word >>> (31 - last)) & ((1 << width) - 1)
}

/** The 64-bit mask of bits `first`..`last` (0 = most significant), wrapping when `first` > `last`. */
export function mask64(first: number, last: number): bigint {
  const all = (1n << 64n) - 1n
  const from = all >> BigInt(first)
  const to = (all << BigInt(63 - last)) & all
  return first <= last ? from & to : from | to
}

/** `value` rounded up to the next multiple of `step`, a power of two; exact up to 2^53. */
export function alignUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}

/** `value` rounded down to a multiple of `step`. */
export function alignDown(value: number, step: number): number {
  return Math.floor(value / step) * step
}

/** The 16 bytes of a vector of equal elements of `size` bytes, least significant first. */
export const repeated = (element: number, size: 1 | 2 | 4): number[] =>
  Array.from({ length: 16 }, (_, i) => (element >>> (8 * (i % size))) & 0xff)
