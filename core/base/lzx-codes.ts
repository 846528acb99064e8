/** What LZX is written in: words of bits, and Huffman codes. */

/** Bits of 16-bit little-endian words, most significant first; `buffer` holds `count` of them at its top. */
export interface Bits {
  /** Begins a stretch of input. */
  feed(input: Uint8Array): void
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

export function createBits(broken: (what: string) => Error): Bits {
  let input: Uint8Array = new Uint8Array(0)
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
    feed(bytes) {
      input = bytes
      at = 0
      buffer = 0
      count = 0
    },
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
export interface Tree {
  readonly table: Uint16Array
  readonly depth: number
}

const longestCode = 16

export function buildTree(lengths: Uint8Array, broken: (what: string) => Error, mayBeEmpty = false): Tree {
  const depth = lengths.reduce((longest, length) => Math.max(longest, length), 0)
  if (depth === 0) {
    if (mayBeEmpty) return { table: new Uint16Array(1), depth: 0 }
    throw broken('a code tree is empty')
  }
  if (depth > longestCode) throw broken('a code is too long')
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

export function readSymbol(bits: Bits, tree: Tree, broken: (what: string) => Error): number {
  if (tree.depth === 0) throw broken('a symbol is read with an empty code tree')
  const entry = tree.table[bits.peek(tree.depth)] ?? 0
  bits.skip(entry & 31)
  return entry >>> 5
}
