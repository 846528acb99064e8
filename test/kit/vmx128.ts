/**
 * A second, independent reading of the vector instructions that no public simulator has: VMX128's own ones and the
 * estimates. It is written from the facts, shares nothing with the rows, and decodes the words by itself.
 *
 * A vector is four words, word 0 leftmost. Sources: the public descriptions of the encodings and the models of the
 * D3D pack formats; where the last bits are a model, `core/cpu/rows` says so beside the row.
 */
import {
  defaultNaN,
  exact32,
  firstNaN,
  flush32,
  fromNumber,
  fused32,
  isInfinite32,
  isNaN32,
  isZero32,
  negate32,
  product32,
  round32,
  toNumber,
} from './float32.ts'

export type Vector = readonly [number, number, number, number]

export interface VectorFile {
  readonly v: Vector[]
  /** VSCR.NJ: denormals count as zero. */
  readonly nonJava: boolean
}

const bits = (word: number, first: number, last: number): number =>
  (word >>> (31 - last)) & ((1 << (last - first + 1)) - 1)

const registerD = (word: number): number => bits(word, 6, 10) | (bits(word, 28, 29) << 5)
const registerA = (word: number): number => bits(word, 11, 15) | (bits(word, 26, 26) << 5) | (bits(word, 21, 21) << 6)
const registerB = (word: number): number => bits(word, 16, 20) | (bits(word, 30, 31) << 5)

const map = (f: (i: number) => number): Vector => [f(0) >>> 0, f(1) >>> 0, f(2) >>> 0, f(3) >>> 0]
const at = (vector: Vector, i: number): number => vector[i & 3] ?? 0

export function rotateWords(vector: Vector, words: number): Vector {
  return map(i => at(vector, i + words))
}

function clamp(value: number, low: number, high: number): number {
  if (isNaN32(value)) return low
  const number = toNumber(value)
  if (number < toNumber(low)) return low
  return number > toNumber(high) ? high : value
}

/** Single to the console's half: no infinity, no NaN, no denormals, truncation. */
export function packHalf(value: number): number {
  const magnitude = (value & 0x7fffffff) >>> 0
  const half =
    magnitude >= 0x47ffe000 ? 0x7fff : magnitude < 0x38800000 ? 0 : ((magnitude - 0x38000000) >>> 13) & 0x7fff
  return half | ((value >>> 16) & 0x8000)
}

export function unpackHalf(half: number): number {
  const exponent = (half >>> 10) & 31
  const sign = (half & 0x8000) << 16
  return (exponent === 0 ? sign : sign | ((exponent + 112) << 23) | ((half & 0x3ff) << 13)) >>> 0
}

/** The 64-bit result of a pack as [word 2, word 3]. */
export function packD3d(type: number, b: Vector): readonly [number, number] {
  const shorts = (i: number): number => clamp(at(b, i), 0x403f8001, 0x40407fff) & 0xffff
  switch (type) {
    case 0: {
      const byte = (i: number): number => clamp(at(b, i), 0x40400000, 0x404000ff) & 0xff
      return [0, ((byte(3) << 24) | (byte(0) << 16) | (byte(1) << 8) | byte(2)) >>> 0]
    }
    case 1:
      return [0, ((shorts(0) << 16) | shorts(1)) >>> 0]
    case 2: {
      const ten = (i: number): number => clamp(at(b, i), 0x403ffe01, 0x404001ff) & 0x3ff
      const two = clamp(at(b, 3), 0x40400000, 0x40400003) & 3
      return [0, ((two << 30) | (ten(2) << 20) | (ten(1) << 10) | ten(0)) >>> 0]
    }
    case 3:
      return [0, ((packHalf(at(b, 0)) << 16) | packHalf(at(b, 1))) >>> 0]
    case 4:
      return [((shorts(0) << 16) | shorts(1)) >>> 0, ((shorts(2) << 16) | shorts(3)) >>> 0]
    case 5:
      return [
        ((packHalf(at(b, 0)) << 16) | packHalf(at(b, 1))) >>> 0,
        ((packHalf(at(b, 2)) << 16) | packHalf(at(b, 3))) >>> 0,
      ]
    case 6: {
      const twenty = (i: number): bigint => BigInt(clamp(at(b, i), 0x40380001, 0x4047ffff) & 0xfffff)
      const four = BigInt(clamp(at(b, 3), 0x40400000, 0x4040000f) & 0xf)
      const all = (four << 60n) | (twenty(2) << 40n) | (twenty(1) << 20n) | twenty(0)
      return [Number(all >> 32n), Number(all & 0xffffffffn)]
    }
    default:
      throw new RangeError(`no pack type ${type}`)
  }
}

/** Which words of the destination a pack writes, and from where: [destination word, source word 2 or 3]. */
function placement(mask: number, z: number): readonly (readonly [number, 2 | 3])[] {
  if (mask === 1) return [[3 - z, 3]]
  if (mask === 2)
    return z === 3
      ? [[0, 3]]
      : [
          [2 - z, 2],
          [3 - z, 3],
        ]
  if (mask === 3)
    return z === 3
      ? [[3, 2]]
      : [
          [2 - z, 2],
          [3 - z, 3],
        ]
  throw new RangeError('mask 0 has no known behaviour')
}

const signed = (value: number, width: number): number => (value << (32 - width)) >> (32 - width)

/** 3.0 plus a signed code in its last places; the most negative code is a NaN. */
function magic(code: number, width: number): number {
  const value = signed(code, width)
  return value === -(2 ** (width - 1)) ? defaultNaN : (0x40400000 + value) >>> 0
}

export function unpackD3d(type: number, b: Vector): Vector {
  const [, , high, low] = b
  switch (type) {
    case 0:
      return map(i => 0x3f800000 | ((low >>> ([16, 8, 0, 24][i] ?? 0)) & 0xff))
    case 1:
      return [magic(low >>> 16, 16), magic(low & 0xffff, 16), 0, 0x3f800000]
    case 2:
      return [
        magic(low & 0x3ff, 10),
        magic((low >>> 10) & 0x3ff, 10),
        magic((low >>> 20) & 0x3ff, 10),
        0x3f800000 + (low >>> 30),
      ]
    case 3:
      return [unpackHalf(low >>> 16), unpackHalf(low & 0xffff), 0, 0x3f800000]
    case 4:
      return [magic(high >>> 16, 16), magic(high & 0xffff, 16), magic(low >>> 16, 16), magic(low & 0xffff, 16)]
    case 5:
      return [unpackHalf(high >>> 16), unpackHalf(high & 0xffff), unpackHalf(low >>> 16), unpackHalf(low & 0xffff)]
    case 6: {
      const all = (BigInt(high) << 32n) | BigInt(low)
      const code = (shift: bigint): number => magic(Number((all >> shift) & 0xfffffn), 20)
      return [code(0n), code(20n), code(40n), 0x3f800000 + Number(all >> 60n)]
    }
    default:
      throw new RangeError(`no unpack type ${type}`)
  }
}

/** The stated model of a dot product: exact products, sums in doubles in the hardware's order, one final rounding. */
function dot(a: Vector, b: Vector, words: 3 | 4): number {
  const nan = firstNaN(...a.slice(0, words), ...b.slice(0, words))
  if (nan !== undefined) return defaultNaN
  const products = [0, 1, 2, 3].map(i => (i < words ? toNumber(flush32(at(a, i))) * toNumber(flush32(at(b, i))) : 0))
  const [p0 = 0, p1 = 0, p2 = 0, p3 = 0] = products
  const sum = words === 3 ? p0 + p2 + p1 : p0 + p2 + (p1 + p3)
  const single = fromNumber(sum)
  if (isNaN32(single)) return defaultNaN
  const finite = [...a.slice(0, words), ...b.slice(0, words)].every(word => !isInfinite32(word))
  return isInfinite32(single) && finite ? defaultNaN : flush32(single)
}

const rsqrtTable = [
  0x0568b4fd, 0x04f3af97, 0x048daaa5, 0x0435a618, 0x03e7a1e4, 0x03a29dfe, 0x03659a5c, 0x032e96f8, 0x02fc93ca,
  0x02d090ce, 0x02a88dfe, 0x02838b57, 0x026188d4, 0x02438673, 0x02268431, 0x020b820b, 0x03d27ffa, 0x03807c29,
  0x033878aa, 0x02f97572, 0x02c27279, 0x02926fb7, 0x02666d26, 0x023f6ac0, 0x021d6881, 0x01fd6665, 0x01e16468,
  0x01c76287, 0x01af60c1, 0x01995f12, 0x01855d79, 0x01735bf4,
]

/** The table-and-line model of the reciprocal square root estimate. */
export function rsqrtEstimate(value: number): number {
  if (isNaN32(value)) return (value | 0x00400000) >>> 0
  const input = flush32(value)
  if (isZero32(input)) return (input | 0x7f800000) >>> 0
  if (input >>> 31) return defaultNaN
  if (isInfinite32(input)) return 0
  const biased = (input >>> 23) & 0xff
  const fraction = input & 0x7fffff
  const entry = rsqrtTable[(((((biased - 127) & 1) << 4) | (fraction >>> 19)) ^ 16) & 31] ?? 0
  let line = ((entry & 0xffff) << 10) - ((fraction >>> 9) & 0x3ff) * (entry >>> 16)
  let exponent = (127 - biased) >> 1
  while (((line >>> 25) & 1) === 0) {
    line <<= 1
    exponent -= 1
  }
  if (line & 2 && line & 5) line += 4
  return flush32((((exponent + 127) << 23) | ((line >>> 2) & 0x7fffff)) >>> 0)
}

/** The correctly rounded reciprocal, the stated model of the estimate. */
export function reciprocal(value: number): number {
  if (isNaN32(value)) return (value | 0x00400000) >>> 0
  const input = flush32(value)
  if (isZero32(input)) return (input | 0x7f800000) >>> 0
  if (isInfinite32(input)) return (input & 0x80000000) >>> 0
  const { mantissa, exponent } = exact32(input)
  const magnitude = mantissa < 0n ? -mantissa : mantissa
  const one = 1n << 130n
  // A quotient of over 100 bits and a sticky bit: no single's reciprocal is a tie, so the rounding is exact.
  const quotient = ((one / magnitude) << 1n) | (one % magnitude === 0n ? 0n : 1n)
  return flush32(round32({ mantissa: mantissa < 0n ? -quotient : quotient, exponent: -131 - exponent }))
}

/** The result of one VMX128 word on a vector file, or undefined where this reference has no reading of it. */
export function evaluate(
  word: number,
  file: VectorFile,
): { readonly register: number; readonly value: Vector } | undefined {
  const read = (register: number): Vector => file.v[register] ?? [0, 0, 0, 0]
  const d = registerD(word)
  const [D, A, B] = [read(d), read(registerA(word)), read(registerB(word))]
  const { nonJava } = file
  const into = nonJava ? flush32 : (value: number): number => value >>> 0
  const lanes = (f: (a: number, b: number, old: number) => number): Vector =>
    map(i => f(into(at(A, i)), into(at(B, i)), into(at(D, i))))
  const result = (value: Vector): { register: number; value: Vector } => ({ register: d, value })

  if (bits(word, 0, 5) === 5) {
    const code = (bits(word, 22, 25) << 1) | bits(word, 27, 27)
    switch (code) {
      case 0b00101:
        return result(lanes((a, b) => product32(a, b, nonJava)))
      case 0b00111:
        return result(lanes((a, b, old) => fused32(a, b, old, nonJava)))
      case 0b01001:
        return result(lanes((a, b, old) => fused32(a, old, b, nonJava)))
      case 0b01011:
        return result(
          lanes((a, b, old) => {
            const nan = firstNaN(a, old, b)
            if (nan !== undefined) return nan
            const value = fused32(a, b, negate32(old), nonJava)
            return isNaN32(value) ? value : negate32(value)
          }),
        )
      case 0b01101:
        return result(map(() => dot(A, B, 3)))
      case 0b01111:
        return result(map(() => dot(A, B, 4)))
      case 0b11011:
        return result(map(i => (at(A, i) & ~at(D, i)) | (at(B, i) & at(D, i))))
      default:
        return undefined
    }
  }
  if (bits(word, 0, 5) !== 6) return undefined
  const low = (bits(word, 21, 27) << 4) >>> 0
  if (bits(word, 21, 22) === 0b01 && bits(word, 26, 27) === 0b01) {
    const permutation = bits(word, 11, 15) | (bits(word, 23, 25) << 5)
    return result(map(i => at(B, (permutation >>> (6 - 2 * i)) & 3)))
  }
  if (bits(word, 21, 23) === 0b110 && bits(word, 26, 27) === 0b01) {
    const moves = placement(bits(word, 14, 15), bits(word, 24, 25))
    const packed = packD3d(bits(word, 11, 13), B)
    const value = [...D] as [number, number, number, number]
    for (const [to, from] of moves) value[to] = packed[from - 2] ?? 0
    return result(value)
  }
  if (bits(word, 21, 23) === 0b111 && bits(word, 26, 27) === 0b01) {
    const rotated = rotateWords(B, bits(word, 24, 25))
    const mask = bits(word, 11, 15)
    return result(map(i => (mask & (8 >> i) ? at(rotated, i) : at(D, i))))
  }
  if (low === 0x7f0) return result(unpackD3d(bits(word, 11, 13), B))
  if (low === 0x670) return result(map(i => rsqrtEstimate(at(B, i))))
  if (low === 0x630) return result(map(i => reciprocal(at(B, i))))
  return undefined
}

/** The bytes an unaligned vector load gives: `left` is lvlx, else lvrx; `memory` is the 16-byte block holding the address. */
export function loadPart(left: boolean, offset: number, block: Uint8Array): Uint8Array {
  const out = new Uint8Array(16)
  if (left) out.set(block.subarray(offset))
  else out.set(block.subarray(0, offset), 16 - offset)
  return out
}
