/**
 * Single-precision arithmetic done exactly, with integers: the second opinion for what QEMU cannot judge. Slow and plain
 * on purpose. Values are 32-bit patterns; nothing here uses the host's floating point but the conversions named so.
 */

const quiet = 0x00400000
export const defaultNaN = 0x7fc00000

export const isNaN32 = (bits: number): boolean => (bits & 0x7fffffff) >>> 0 > 0x7f800000
export const isInfinite32 = (bits: number): boolean => (bits & 0x7fffffff) >>> 0 === 0x7f800000
export const isZero32 = (bits: number): boolean => (bits & 0x7fffffff) === 0
const isDenormal = (bits: number): boolean => (bits & 0x7f800000) === 0 && (bits & 0x007fffff) !== 0
export const negate32 = (bits: number): number => (bits ^ 0x80000000) >>> 0

/** A denormal becomes the zero of its sign; everything else stays. */
export const flush32 = (bits: number): number => (isDenormal(bits) ? (bits & 0x80000000) >>> 0 : bits >>> 0)

/** A finite value as `mantissa * 2^exponent`, sign in the mantissa. */
export interface Exact {
  readonly mantissa: bigint
  readonly exponent: number
}

export function exact32(bits: number): Exact {
  const fraction = bits & 0x007fffff
  const biased = (bits >>> 23) & 0xff
  const magnitude = BigInt(biased === 0 ? fraction : fraction | 0x00800000)
  return { mantissa: bits >>> 31 ? -magnitude : magnitude, exponent: (biased === 0 ? 1 : biased) - 150 }
}

export const multiply = (a: Exact, b: Exact): Exact => ({
  mantissa: a.mantissa * b.mantissa,
  exponent: a.exponent + b.exponent,
})

export function add(a: Exact, b: Exact): Exact {
  const exponent = Math.min(a.exponent, b.exponent)
  const align = (value: Exact): bigint => value.mantissa << BigInt(value.exponent - exponent)
  return { mantissa: align(a) + align(b), exponent }
}

const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length)

/** Rounds an exact value to `precision` bits with exponents down to `minExponent` (of the last bit), nearest even. */
function roundTo(
  value: bigint,
  exponent: number,
  precision: number,
  minExponent: number,
): { mantissa: bigint; exponent: number } {
  const drop = Math.max(bitLength(value) - precision, minExponent - exponent)
  if (drop <= 0) return { mantissa: value, exponent }
  const shift = BigInt(drop)
  const kept = value >> shift
  const rest = value - (kept << shift)
  const half = 1n << (shift - 1n)
  const up = rest > half || (rest === half && (kept & 1n) === 1n)
  return { mantissa: up ? kept + 1n : kept, exponent: exponent + drop }
}

/** Whether the exact value, before it is rounded, is smaller than every normal number. */
const isTiny = (magnitude: bigint, exponent: number): boolean => bitLength(magnitude) + exponent < -125

/**
 * The nearest single, ties to even; an exact zero takes `zeroSign` (0 or 1). Overflow gives infinity. With `flush`, what is
 * tiny before it is rounded is zero.
 */
export function round32(value: Exact, zeroSign: 0 | 1 = 0, flush = false): number {
  const sign = value.mantissa < 0n ? 0x80000000 : 0
  const magnitude = value.mantissa < 0n ? -value.mantissa : value.mantissa
  if (magnitude === 0n) return zeroSign ? 0x80000000 : 0
  if (flush && isTiny(magnitude, value.exponent)) return sign >>> 0
  let { mantissa, exponent } = roundTo(magnitude, value.exponent, 24, -149)
  if (mantissa === 0n) return sign >>> 0
  while (bitLength(mantissa) < 24 && exponent > -149) {
    mantissa <<= 1n
    exponent -= 1
  }
  if (bitLength(mantissa) > 24) {
    mantissa >>= 1n
    exponent += 1
  }
  const biased = bitLength(mantissa) < 24 ? 0 : exponent + 150
  if (biased >= 255) return (sign | 0x7f800000) >>> 0
  return (sign | (biased << 23) | Number(mantissa & 0x7fffffn)) >>> 0
}

/** The first operand that is a NaN, quieted; undefined when none is. */
export function firstNaN(...operands: readonly number[]): number | undefined {
  const found = operands.find(isNaN32)
  return found === undefined ? undefined : (found | quiet) >>> 0
}

const sign = (bits: number): 0 | 1 => (bits >>> 31 ? 1 : 0)

/** a × c + b rounded once, operands taken as they are (flush them first where the mode says so). */
export function fused32(a: number, c: number, b: number, flush = false): number {
  const nan = firstNaN(a, b, c)
  if (nan !== undefined) return nan
  const productSign = sign(a) ^ sign(c)
  if (isInfinite32(a) || isInfinite32(c)) {
    if (isZero32(a) || isZero32(c)) return defaultNaN
    if (isInfinite32(b) && sign(b) !== productSign) return defaultNaN
    return productSign ? 0xff800000 : 0x7f800000
  }
  if (isInfinite32(b)) return b >>> 0
  const product = multiply(exact32(a), exact32(c))
  const bothNegative = product.mantissa === 0n && isZero32(b) && productSign === 1 && sign(b) === 1
  return round32(add(product, exact32(b)), bothNegative ? 1 : 0, flush)
}

/** a × b rounded once. */
export function product32(a: number, b: number, flush = false): number {
  const nan = firstNaN(a, b)
  if (nan !== undefined) return nan
  const resultSign = (sign(a) ^ sign(b)) as 0 | 1
  if (isInfinite32(a) || isInfinite32(b)) {
    if (isZero32(a) || isZero32(b)) return defaultNaN
    return resultSign ? 0xff800000 : 0x7f800000
  }
  return round32(multiply(exact32(a), exact32(b)), resultSign, flush)
}

const scratch = new DataView(new ArrayBuffer(8))

/** The host's number of a single, and back with the host's rounding: for stated models that are defined in doubles. */
export function toNumber(bits: number): number {
  scratch.setUint32(0, bits)
  return scratch.getFloat32(0)
}
export function fromNumber(value: number): number {
  scratch.setFloat32(0, value)
  return scratch.getUint32(0)
}
