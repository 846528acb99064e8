/**
 * The D3D formats of vpkd3d128 and vupkd3d128. Integer components travel as "magic" floats: the code sits in the last
 * mantissa places of a number near 3.0 (signed) or 1.0 (unsigned), so packing is a clamp and a copy of bits, and
 * unpacking an integer addition. The half-precision format has no infinities and no NaNs, is truncated, and its
 * denormals are zero. NaN clamps to the low bound: titles pack a NaN to get 0.
 *
 * Facts: public descriptions of the formats and their test vectors; packing of halves below 2^-14 and above 65504
 * follows one emulator's model.
 */
import type { Ops, Values } from '../algebra.ts'
import { iota, words, zero } from './lanes.ts'

type V128<V extends Values> = V['v128']

/** Lanes of words from guest order: word 0 is lane 3. */
const perWord = <V extends Values>(o: Ops<V>, [x, y, z, w]: readonly [number, number, number, number]): V128<V> => {
  const bytes = [w, z, y, x].flatMap(word => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24])
  return o.v128.const(bytes)
}
type Four = readonly [number, number, number, number]
const all = (value: number): Four => [value, value, value, value]

function clamped<V extends Values>(o: Ops<V>, v: V128<V>, low: Four, high: Four): V128<V> {
  const [least, most] = [perWord(o, low), perWord(o, high)]
  const raised = o.v128.bitselect(v, least, o.f32x4.ge(v, least))
  return o.v128.bitselect(raised, most, o.f32x4.le(raised, most))
}

function halvesOf<V extends Values>(o: Ops<V>, v: V128<V>): V128<V> {
  const size = o.v128.and(v, words(o, 0x7fff_ffff))
  const code = o.v128.and(o.i32x4.shr_u(o.i32x4.sub(size, words(o, 0x3800_0000)), o.i32.const(13)), words(o, 0x7fff))
  const small = o.i32x4.lt_u(size, words(o, 0x3880_0000))
  const large = o.i32x4.ge_u(size, words(o, 0x47ff_e000))
  const inRange = o.v128.bitselect(words(o, 0x7fff), o.v128.andnot(code, small), large)
  return o.v128.or(inRange, o.v128.and(o.i32x4.shr_u(v, o.i32.const(16)), words(o, 0x8000)))
}

const singleOfHalf = <V extends Values>(o: Ops<V>, half: V128<V>): V128<V> => {
  const signs = o.i32x4.shl(o.v128.and(half, words(o, 0x8000)), o.i32.const(16))
  const size = o.v128.and(half, words(o, 0x7fff))
  const value = o.i32x4.add(o.i32x4.shl(size, o.i32.const(13)), words(o, 112 << 23))
  const nothing = o.i32x4.lt_u(size, words(o, 0x400))
  return o.v128.or(signs, o.v128.andnot(value, nothing))
}

/** Codes of the words as scalars: x, y, z, w. */
function codes<V extends Values>(o: Ops<V>, v: V128<V>, widths: Four): readonly V['i64'][] {
  return widths.map((width, word) =>
    o.i64.and(o.i64.extend_i32_u(o.i32x4.extract_lane(3 - word, v)), o.i64.const((1n << BigInt(width)) - 1n)),
  )
}

/** The codes side by side, each at its place from the right. */
function assembled<V extends Values>(o: Ops<V>, parts: readonly V['i64'][], places: readonly number[]): V['i64'] {
  return parts.map((part, i) => o.i64.shl(part, o.i64.const(places[i] ?? 0))).reduce((a, b) => o.i64.or(a, b))
}

const near3 = (code: number): number => 0x4040_0000 + code

/** The packed value of 64 bits; those of 32 are in its low half. Type 7 is not known. */
export function pack<V extends Values>(o: Ops<V>, type: number, b: V128<V>): V['i64'] {
  const magic = (low: Four, high: Four): V128<V> => clamped(o, b, low, high)
  switch (type) {
    case 0:
      return assembled(o, codes(o, magic(all(near3(0)), all(near3(0xff))), all(8)), [16, 8, 0, 24])
    case 1:
      return assembled(o, codes(o, magic(all(near3(-0x7fff)), all(near3(0x7fff))), all(16)).slice(0, 2), [16, 0])
    case 2: {
      const low: Four = [near3(-0x1ff), near3(-0x1ff), near3(-0x1ff), near3(0)]
      const high: Four = [near3(0x1ff), near3(0x1ff), near3(0x1ff), near3(3)]
      return assembled(o, codes(o, magic(low, high), [10, 10, 10, 2]), [0, 10, 20, 30])
    }
    case 3:
      return assembled(o, codes(o, halvesOf(o, b), all(16)).slice(0, 2), [16, 0])
    case 4:
      return assembled(o, codes(o, magic(all(near3(-0x7fff)), all(near3(0x7fff))), all(16)), [48, 32, 16, 0])
    case 5:
      return assembled(o, codes(o, halvesOf(o, b), all(16)), [48, 32, 16, 0])
    default: {
      const low: Four = [near3(-0x7ffff), near3(-0x7ffff), near3(-0x7ffff), near3(0)]
      const high: Four = [near3(0x7ffff), near3(0x7ffff), near3(0x7ffff), near3(0xf)]
      return assembled(o, codes(o, magic(low, high), [20, 20, 20, 4]), [0, 20, 40, 60])
    }
  }
}

/** A code of `width` bits at `place` of the packed value, sign-extended. */
function field<V extends Values>(o: Ops<V>, packed: V['i64'], place: number, width: number): V['i32'] {
  const moved = o.i64.shl(packed, o.i64.const(64 - place - width))
  return o.i32.wrap_i64(o.i64.shr_s(moved, o.i64.const(64 - width)))
}

/** 3.0 plus a signed code; the most negative code is a NaN. */
function magicWord<V extends Values>(o: Ops<V>, code: V['i32'], width: number): V['i32'] {
  const lowest = o.i32.eq(code, o.i32.const(-(2 ** (width - 1))))
  return o.i32.select(lowest, o.i32.const(0x7fc0_0000), o.i32.add(code, o.i32.const(0x4040_0000)))
}

function four<V extends Values>(o: Ops<V>, parts: readonly V['i32'][]): V128<V> {
  return parts.reduce((v, part, word) => o.i32x4.replace_lane(3 - word, v, part), zero(o))
}

/** The four words of a packed value, which is the right doubleword of the register. */
export function unpack<V extends Values>(o: Ops<V>, type: number, b: V128<V>): V128<V> {
  const packed = o.i64x2.extract_lane(0, b)
  const signedAt = (width: number, places: readonly number[]): V['i32'][] =>
    places.map(place => magicWord(o, field(o, packed, place, width), width))
  const raw = (place: number, width: number): V['i32'] =>
    o.i32.and(o.i32.wrap_i64(o.i64.shr_u(packed, o.i64.const(place))), o.i32.const(2 ** width - 1))
  const near1 = (code: V['i32']): V['i32'] => o.i32.add(code, o.i32.const(0x3f80_0000))
  const [nought, unit] = [o.i32.const(0), o.i32.const(0x3f80_0000)]
  switch (type) {
    case 0:
      return four(
        o,
        [16, 8, 0, 24].map(place => near1(raw(place, 8))),
      )
    case 1:
      return four(o, [...signedAt(16, [16, 0]), nought, unit])
    case 2:
      return four(o, [...signedAt(10, [0, 10, 20]), near1(raw(30, 2))])
    case 3: {
      const [x, y] = [16, 0].map(place => raw(place, 16))
      if (x === undefined || y === undefined) throw new Error('two halves')
      const halves = singleOfHalf(o, four(o, [x, y, nought, nought]))
      return o.v128.or(halves, four(o, [nought, nought, nought, unit]))
    }
    case 4:
      return four(o, signedAt(16, [48, 32, 16, 0]))
    case 5:
      return singleOfHalf(
        o,
        four(
          o,
          [48, 32, 16, 0].map(place => raw(place, 16)),
        ),
      )
    default:
      return four(o, [...signedAt(20, [0, 20, 40]), near1(raw(60, 4))])
  }
}

/** Words of v rotated left by a number of words. */
export function rotateWords<V extends Values>(o: Ops<V>, v: V128<V>, count: V['i32']): V128<V> {
  const offset = o.i8x16.splat(o.i32.shl(count, o.i32.const(2)))
  return o.i8x16.swizzle(v, o.v128.and(o.i8x16.sub(iota(o), offset), o.i8x16.splat(o.i32.const(15))))
}

/** Words of `fresh` where the mask (8 for word 0 … 1 for word 3) has a bit, else those of `old`. */
export function insertWords<V extends Values>(o: Ops<V>, mask: V['i32'], fresh: V128<V>, old: V128<V>): V128<V> {
  const bits = perWord(o, [8, 4, 2, 1])
  const chosen = o.i32x4.eq(o.v128.and(o.i32x4.splat(mask), bits), bits)
  return o.v128.bitselect(fresh, old, chosen)
}

/** Which words a pack writes, as `insertWords` has it, by the MASK and shift fields. MASK 0 is not known and writes none. */
export function packMask(mask: number, shift: number): number {
  if (mask === 1) return 1 << shift
  if (mask === 2) return shift === 3 ? 8 : 3 << shift
  if (mask === 3) return shift === 3 ? 1 : 3 << shift
  return 0
}
