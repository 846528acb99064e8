/** A seeded generator (splitmix64 in 32-bit halves would be slower): the same seed gives the same tests on any host. */
export interface Random {
  /** 0 to 2^32-1. */
  word(): number
  /** 0 to `limit`-1. */
  below(limit: number): number
  chance(percent: number): boolean
  pick<T>(from: readonly T[]): T
  long(): bigint
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const random: Random = {
    word() {
      state = (state + 0x9e3779b9) >>> 0
      let x = state
      x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
      x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
      return (x ^ (x >>> 15)) >>> 0
    },
    below: limit => Math.floor((random.word() / 2 ** 32) * limit),
    chance: percent => random.below(100) < percent,
    pick(from) {
      const one = from[random.below(from.length)]
      if (one === undefined) throw new RangeError('nothing to pick from')
      return one
    },
    long: () => (BigInt(random.word()) << 32n) | BigInt(random.word()),
  }
  return random
}

const longEdges: readonly bigint[] = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0x80000001n,
  0xfffffffen,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0x8000000000000001n,
  0xffffffff00000000n,
  0xffffffff80000000n,
  0xfffffffffffffffen,
  0xffffffffffffffffn,
]

export function integerValue(random: Random): bigint {
  const kind = random.below(10)
  if (kind < 4) return random.pick(longEdges)
  if (kind < 6) return BigInt.asUintN(64, BigInt(random.below(512) - 256))
  if (kind < 7) return BigInt(random.word())
  if (kind < 8) return BigInt.asUintN(64, 1n << BigInt(random.below(64)))
  return random.long()
}

const doubleEdges: readonly bigint[] = [
  0n,
  0x3ff0000000000000n,
  0x3fe0000000000000n,
  0x4000000000000000n,
  0x3ff8000000000000n,
  0x7ff0000000000000n,
  0x7ff8000000000000n,
  0x7ff0000000000001n,
  0x7ff7ffffffffffffn,
  0x7fffffffffffffffn,
  0x0000000000000001n,
  0x000fffffffffffffn,
  0x0010000000000000n,
  0x7fefffffffffffffn,
  0x36a0000000000000n,
  0x380fffffe0000000n,
  0x3810000000000000n,
  0x47efffffe0000000n,
  0x47efffffefffffffn,
  0x47f0000000000000n,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0x41f0000000000000n,
  0x43e0000000000000n,
  0x4330000000000000n,
  0x4340000000000001n,
  0x3cb0000000000000n,
]

/** Bits of a double: special values, singles, small integers, values near one another, and anything. */
export function doubleValue(random: Random): bigint {
  const sign = random.chance(50) ? 1n << 63n : 0n
  const kind = random.below(10)
  if (kind < 4) return random.pick(doubleEdges) ^ sign
  const view = new DataView(new ArrayBuffer(8))
  if (kind < 6) {
    view.setUint32(0, random.word())
    view.setFloat64(0, view.getFloat32(0))
    return view.getBigUint64(0)
  }
  if (kind < 8) {
    const exponent = BigInt(1023 + random.below(128) - 64)
    const fraction = random.chance(50) ? BigInt(random.word()) << 29n : random.long()
    return sign | (exponent << 52n) | (fraction & 0xfffffffffffffn)
  }
  if (kind < 9) {
    view.setFloat64(0, random.below(4096) / (1 << random.below(8)))
    return view.getBigUint64(0) | sign
  }
  return random.long()
}

const singleEdges = [
  0, 0x3f800000, 0x3f000000, 0x40000000, 0x7f800000, 0x7fc00000, 0x7f800001, 0x7fffffff, 1, 0x007fffff, 0x00800000,
  0x7f7fffff, 0x4effffff, 0x4f000000, 0x4f7fffff, 0x4f800000, 0x3fc00000, 0x33800000, 0x4b000000,
]

function singleValue(random: Random): number {
  const sign = random.chance(50) ? 0x80000000 : 0
  if (random.chance(40)) return (random.pick(singleEdges) | sign) >>> 0
  if (random.chance(50)) return (sign | ((127 + random.below(40) - 20) << 23) | (random.word() & 0x7fffff)) >>> 0
  return random.word()
}

/** 16 bytes: edges of one element size, floats, or anything. */
export function vectorValue(random: Random): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  const kind = random.below(6)
  const repeated = integerValue(random)
  for (let i = 0; i < 16; i += 4) view.setUint32(i, random.word())
  if (kind === 0) for (let i = 0; i < 16; i += 4) view.setUint32(i, singleValue(random))
  if (kind === 1)
    for (let i = 0; i < 16; i += 1) view.setUint8(i, random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]))
  if (kind === 2)
    for (let i = 0; i < 16; i += 2) view.setUint16(i, random.pick([0, 1, 0x7fff, 0x8000, 0xffff, random.below(65_536)]))
  if (kind === 3)
    for (let i = 0; i < 16; i += 4)
      view.setUint32(i, random.pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, random.word()]))
  if (kind === 4) for (let i = 0; i < 16; i += 8) view.setBigUint64(i, repeated)
  return bytes
}
