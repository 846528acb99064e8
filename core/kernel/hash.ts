/**
 * Hashes whose state a title holds: it may stop anywhere, copy the state and go on twice, so nothing of it is kept here.
 * A state is what the algorithm's standard says it is: words of the chain, a count of bytes, a block that is not full.
 */

export interface HashKind {
  /** Words of the chain at the start. */
  readonly initial: readonly bigint[]
  /** Bytes of a chain word: 4 or 8. */
  readonly wordBytes: number
  readonly blockBytes: number
  readonly littleEndian: boolean
  /** Takes a full block into the chain. */
  compress(chain: bigint[], block: DataView): void
}

const mask32 = 0xffffffff
const fraction = (value: number, bits: bigint): bigint => {
  // Digits of a root by integer arithmetic: exact for the constants of the standards.
  let low = 0n
  let high = 1n << (bits + 8n)
  const target = BigInt(value) << (2n * bits)
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle * middle <= target) low = middle
    else high = middle
  }
  return low & ((1n << bits) - 1n)
}
const cubeFraction = (value: number, bits: bigint): bigint => {
  let low = 0n
  let high = 1n << (bits + 8n)
  const target = BigInt(value) << (3n * bits)
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle * middle * middle <= target) low = middle
    else high = middle
  }
  return low & ((1n << bits) - 1n)
}

function primes(count: number): number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate += 1)
    if (found.every(prime => candidate % prime !== 0)) found.push(candidate)
  return found
}

const rotateLeft = (value: number, by: number): number => (value << by) | (value >>> (32 - by))
const rotateRight = (value: number, by: number): number => (value >>> by) | (value << (32 - by))

const sha256Constants = primes(64).map(prime => Number(cubeFraction(prime, 32n)))
const sha512Constants = primes(80).map(prime => cubeFraction(prime, 64n))
const md5Constants = Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32))
const md5Shifts = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const

const numbers = (chain: readonly bigint[]): number[] => chain.map(Number)

function addInto(chain: bigint[], words: readonly number[]): void {
  words.forEach((word, i) => {
    chain[i] = BigInt((Number(chain[i] ?? 0n) + word) >>> 0)
  })
}

export const sha1: HashKind = {
  initial: [0x67452301n, 0xefcdab89n, 0x98badcfen, 0x10325476n, 0xc3d2e1f0n],
  wordBytes: 4,
  blockBytes: 64,
  littleEndian: false,
  compress(chain, block) {
    const w = Array.from({ length: 80 }, (_, i) => (i < 16 ? block.getInt32(i * 4) : 0))
    for (let i = 16; i < 80; i += 1)
      w[i] = rotateLeft((w[i - 3] ?? 0) ^ (w[i - 8] ?? 0) ^ (w[i - 14] ?? 0) ^ (w[i - 16] ?? 0), 1)
    let [a = 0, b = 0, c = 0, d = 0, e = 0] = numbers(chain)
    for (let i = 0; i < 80; i += 1) {
      const [mixed, constant] =
        i < 20
          ? [(b & c) | (~b & d), 0x5a827999]
          : i < 40
            ? [b ^ c ^ d, 0x6ed9eba1]
            : i < 60
              ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
              : [b ^ c ^ d, 0xca62c1d6]
      const next = (rotateLeft(a, 5) + mixed + e + constant + (w[i] ?? 0)) | 0
      e = d
      d = c
      c = rotateLeft(b, 30)
      b = a
      a = next
    }
    addInto(chain, [a, b, c, d, e])
  },
}

export const sha256: HashKind = {
  initial: primes(8).map(prime => fraction(prime, 32n)),
  wordBytes: 4,
  blockBytes: 64,
  littleEndian: false,
  compress(chain, block) {
    const w = Array.from({ length: 64 }, (_, i) => (i < 16 ? block.getInt32(i * 4) : 0))
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15] ?? 0
      const y = w[i - 2] ?? 0
      const low = rotateRight(x, 7) ^ rotateRight(x, 18) ^ (x >>> 3)
      const high = rotateRight(y, 17) ^ rotateRight(y, 19) ^ (y >>> 10)
      w[i] = ((w[i - 16] ?? 0) + low + (w[i - 7] ?? 0) + high) | 0
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = numbers(chain)
    for (let i = 0; i < 64; i += 1) {
      const high = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)
      const first = (h + high + ((e & f) ^ (~e & g)) + (sha256Constants[i] ?? 0) + (w[i] ?? 0)) | 0
      const low = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22)
      const second = (low + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + first) | 0
      d = c
      c = b
      b = a
      a = (first + second) | 0
    }
    addInto(chain, [a, b, c, d, e, f, g, h])
  },
}

const mask64 = (1n << 64n) - 1n
const rotate64 = (value: bigint, by: bigint): bigint => ((value >> by) | (value << (64n - by))) & mask64

export const sha512: HashKind = {
  initial: primes(8).map(prime => fraction(prime, 64n)),
  wordBytes: 8,
  blockBytes: 128,
  littleEndian: false,
  compress(chain, block) {
    const w = Array.from({ length: 80 }, (_, i) => (i < 16 ? block.getBigUint64(i * 8) : 0n))
    for (let i = 16; i < 80; i += 1) {
      const x = w[i - 15] ?? 0n
      const y = w[i - 2] ?? 0n
      const low = rotate64(x, 1n) ^ rotate64(x, 8n) ^ (x >> 7n)
      const high = rotate64(y, 19n) ^ rotate64(y, 61n) ^ (y >> 6n)
      w[i] = ((w[i - 16] ?? 0n) + low + (w[i - 7] ?? 0n) + high) & mask64
    }
    let [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n, g = 0n, h = 0n] = chain
    for (let i = 0; i < 80; i += 1) {
      const high = rotate64(e, 14n) ^ rotate64(e, 18n) ^ rotate64(e, 41n)
      const first = h + high + ((e & f) ^ (~e & mask64 & g)) + (sha512Constants[i] ?? 0n) + (w[i] ?? 0n)
      const low = rotate64(a, 28n) ^ rotate64(a, 34n) ^ rotate64(a, 39n)
      const second = low + ((a & b) ^ (a & c) ^ (b & c))
      h = g
      g = f
      f = e
      e = (d + first) & mask64
      d = c
      c = b
      b = a
      a = (first + second) & mask64
    }
    ;[a, b, c, d, e, f, g, h].forEach((word, i) => {
      chain[i] = ((chain[i] ?? 0n) + word) & mask64
    })
  },
}

export const md5: HashKind = {
  initial: [0x67452301n, 0xefcdab89n, 0x98badcfen, 0x10325476n],
  wordBytes: 4,
  blockBytes: 64,
  littleEndian: true,
  compress(chain, block) {
    let [a = 0, b = 0, c = 0, d = 0] = numbers(chain)
    for (let i = 0; i < 64; i += 1) {
      const round = i >>> 4
      const [mixed, word] =
        round === 0
          ? [(b & c) | (~b & d), i]
          : round === 1
            ? [(d & b) | (~d & c), (5 * i + 1) & 15]
            : round === 2
              ? [b ^ c ^ d, (3 * i + 5) & 15]
              : [c ^ (b | ~d), (7 * i) & 15]
      const sum = (a + mixed + (md5Constants[i] ?? 0) + block.getInt32(word * 4, true)) | 0
      a = d
      d = c
      c = b
      b = (b + rotateLeft(sum, md5Shifts[round]?.[i & 3] ?? 0)) | 0
    }
    addInto(chain, [a, b, c, d])
  },
}

export interface HashState {
  /** Bytes taken so far. */
  count: number
  readonly chain: bigint[]
  /** The block that is filling. */
  readonly block: Uint8Array
}

export const freshState = (kind: HashKind): HashState => ({
  count: 0,
  chain: kind.initial.slice(),
  block: new Uint8Array(kind.blockBytes),
})

export function update(kind: HashKind, state: HashState, bytes: Uint8Array): void {
  const view = new DataView(state.block.buffer, state.block.byteOffset, kind.blockBytes)
  for (let at = 0; at < bytes.length; ) {
    const filled = state.count % kind.blockBytes
    const part = bytes.subarray(at, at + kind.blockBytes - filled)
    state.block.set(part, filled)
    state.count = (state.count + part.length) & mask32
    if (state.count < 0) state.count += 2 ** 32
    at += part.length
    if (filled + part.length === kind.blockBytes) kind.compress(state.chain, view)
  }
}

/** The digest; the state is spent. */
export function finish(kind: HashKind, state: HashState): Uint8Array {
  const bits = BigInt(state.count) * 8n
  const lengthBytes = kind.wordBytes * 2
  const used = (state.count + 1 + lengthBytes) % kind.blockBytes
  const tail = new Uint8Array(1 + (used === 0 ? 0 : kind.blockBytes - used) + lengthBytes)
  tail[0] = 0x80
  new DataView(tail.buffer).setBigUint64(
    tail.length - 8 - (kind.littleEndian ? lengthBytes - 8 : 0),
    bits,
    kind.littleEndian,
  )
  update(kind, state, tail)
  const digest = new Uint8Array(state.chain.length * kind.wordBytes)
  const view = new DataView(digest.buffer)
  state.chain.forEach((word, i) => {
    if (kind.wordBytes === 8) view.setBigUint64(i * 8, word)
    else view.setUint32(i * 4, Number(word), kind.littleEndian)
  })
  return digest
}
