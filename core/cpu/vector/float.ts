/**
 * Vector floating point. Rounding is always to nearest and nothing is recorded, so the host's lanes do the arithmetic;
 * what differs is put right here: denormals count as zero of their sign, going in and coming out, while VSCR.NJ is set
 * (as it is when a title starts); a NaN result is the first NaN operand, quieted, or 0x7FC00000.
 *
 * A fused multiply-add is done in doubles: the product of two singles is exact there, and the sum is rounded to odd
 * before it becomes a single, which makes the second rounding exact.
 *
 * Estimates have no public truth to the last bit; each is a stated model. `vrefp`: the correctly rounded reciprocal.
 * `vrsqrtefp`: a table of 32 lines, reported from the hardware. `vexptefp`, `vlogefp`: the function in doubles (error
 * below 2^-40), rounded to single; whole exponents and powers of two are exact. Dot products: exact products, sums in
 * doubles in the hardware's order, one rounding; what overflows from finite operands is a NaN, denormals are zero
 * whatever VSCR says.
 */
import { type Ops, routine, type Table, type Values } from '../algebra.ts'
import { type Meaning1, type Meaning2, type Meaning3, saturated, words, zero } from './lanes.ts'

type V128<V extends Values> = V['v128']

const defaultNaN = 0x7fc0_0000
const quiet = 0x0040_0000
const sign = 0x8000_0000 | 0
const infinity = 0x7f80_0000

const isNaNLane = <V extends Values>(o: Ops<V>, v: V128<V>): V128<V> => o.f32x4.ne(v, v)

/** Denormals as zeros of their sign. */
const alwaysFlushed = <V extends Values>(o: Ops<V>, v: V128<V>): V128<V> => {
  const tiny = o.i32x4.eq(o.v128.and(v, words(o, infinity)), zero(o))
  return o.v128.andnot(v, o.v128.and(tiny, words(o, 0x7fff_ffff)))
}

/** All ones while VSCR.NJ is set, else zero. */
function nonJava<V extends Values>(o: Ops<V>): V['i32'] {
  return o.i32.sub(o.i32.const(0), o.i32.and(o.i32.shr_u(o.get('vscr'), o.i32.const(16)), o.i32.const(1)))
}

/** As `alwaysFlushed`, while VSCR.NJ is set. */
function flushed<V extends Values>(o: Ops<V>, v: V128<V>): V128<V> {
  const mask = o.i32x4.splat(o.i32.and(nonJava(o), o.i32.const(0x7fff_ffff)))
  const tiny = o.i32x4.eq(o.v128.and(v, words(o, infinity)), zero(o))
  return o.v128.andnot(v, o.v128.and(tiny, mask))
}

/** The NaN lanes of a result made what the machine makes them. */
function settled<V extends Values>(o: Ops<V>, result: V128<V>, ...operands: readonly V128<V>[]): V128<V> {
  const generated = o.v128.bitselect(words(o, defaultNaN), result, isNaNLane(o, result))
  return operands.reduceRight(
    (rest, one) => o.v128.bitselect(o.v128.or(one, words(o, quiet)), rest, isNaNLane(o, one)),
    generated,
  )
}

/**
 * What the host computes where operands and result are plain (`Ops.isPlain`): no denormal to be counted as zero, no NaN
 * to be chosen, and no result so small that it may have been a denormal before it was rounded.
 */
function plainly<V extends Values>(
  o: Ops<V>,
  operands: readonly V128<V>[],
  result: V128<V>,
  carefully: () => V128<V>,
): V128<V> {
  return o.v128.usual([...operands, result].map(o.isPlain), () => result, carefully)
}

/** One meaning where two operands are plain, another where they are not. */
const ofPlain = <V extends Values>(o: Ops<V>, a: V128<V>, b: V128<V>, yes: () => V128<V>, no: () => V128<V>): V128<V> =>
  o.v128.usual([o.isPlain(a), o.isPlain(b)], yes, no)

/** An operation of two operands, whatever they are. */
const careful =
  (host: Meaning2): Meaning2 =>
  (o, a, b) =>
    settled(o, flushed(o, host(o, flushed(o, a), flushed(o, b))), a, b)

const binary =
  (host: Meaning2, inHost: Meaning2 = host): Meaning2 =>
  (o, a, b) =>
    plainly(o, [a, b], inHost(o, a, b), () => careful(host)(o, a, b))

/** The greater or the lesser of plain operands is plain. */
const choosing =
  (host: Meaning2): Meaning2 =>
  (o, a, b) =>
    ofPlain(
      o,
      a,
      b,
      () => host(o, a, b),
      () => careful(host)(o, a, b),
    )

export const add = binary((o, a, b) => o.f32x4.add(a, b))
export const subtract = binary((o, a, b) => o.f32x4.sub(a, b))

/** The smallest normal number may be the rounding of a product that is tiny: then the fused form decides. */
export const multiply = binary(
  (o, a, b) => {
    const product = o.f32x4.mul(a, b)
    const smallest = o.i32x4.eq(o.v128.and(product, words(o, 0x7fff_ffff)), words(o, 0x0080_0000))
    return o.v128.choose(
      o.v128.any_true(smallest),
      () => o.call(fusedLanes, a, b, words(o, sign), nonJava(o))[0],
      () => product,
    )
  },
  (o, a, b) => o.f32x4.mul(a, b),
)
export const maximum = choosing((o, a, b) => o.f32x4.max(a, b))
export const minimum = choosing((o, a, b) => o.f32x4.min(a, b))

const upper = <V extends Values>(o: Ops<V>, v: V128<V>): V128<V> =>
  o.f64x2.promote_low_f32x4(o.i8x16.shuffle([8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15], v, v))

/** x + y in doubles, rounded to odd. */
function oddSum<V extends Values>(o: Ops<V>, x: V128<V>, y: V128<V>): V128<V> {
  const sum = o.f64x2.add(x, y)
  const back = o.f64x2.sub(sum, x)
  const error = o.f64x2.add(o.f64x2.sub(x, o.f64x2.sub(sum, back)), o.f64x2.sub(y, back))
  const nought = zero(o)
  // The error is not a number when the sum is not finite, and then neither compare holds.
  const lost = o.v128.or(o.f64x2.gt(error, nought), o.f64x2.lt(error, nought))
  const even = o.i64x2.eq(o.v128.and(sum, o.i64x2.splat(o.i64.const(1))), nought)
  const apart = o.i64x2.shr_s(o.v128.xor(sum, error), o.i32.const(63))
  const step = o.v128.or(apart, o.i64x2.splat(o.i64.const(1)))
  return o.i64x2.add(sum, o.v128.and(step, o.v128.and(lost, even)))
}

/**
 * a × c + b in each lane, rounded once; NaNs as they come. Where `flush` is all ones, what is tiny before it is rounded is
 * zero, also where rounding would lift it to the smallest normal number.
 */
const fusedLanes = routine('fusedLanes', ['v128', 'v128', 'v128', 'i32'], ['v128'], (o, a, c, b, flush) => {
  const mask = o.i64x2.splat(o.i64.and(o.i64.extend_i32_s(flush), o.i64.const(0x7fff_ffff_ffff_ffffn)))
  const normal = o.f64x2.splat(o.f64.const(2 ** -126))
  const sum = (product: typeof a, addend: typeof a): typeof a => {
    const exact = oddSum(o, product, addend)
    return o.v128.andnot(exact, o.v128.and(o.f64x2.lt(o.f64x2.abs(exact), normal), mask))
  }
  const low = sum(o.f64x2.mul(o.f64x2.promote_low_f32x4(a), o.f64x2.promote_low_f32x4(c)), o.f64x2.promote_low_f32x4(b))
  const high = sum(o.f64x2.mul(upper(o, a), upper(o, c)), upper(o, b))
  const lanes = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]
  return [o.i8x16.shuffle(lanes, o.f32x4.demote_f64x2_zero(low), o.f32x4.demote_f64x2_zero(high))]
})

/** a × c + b. */
export const fusedAdd: Meaning3 = (o, a, c, b) => {
  const carefully = (): typeof a => {
    const [result] = o.call(fusedLanes, flushed(o, a), flushed(o, c), flushed(o, b), nonJava(o))
    return settled(o, flushed(o, result), a, b, c)
  }
  return o.fuses ? plainly(o, [a, c, b], o.f32x4.relaxed_madd(a, c, b), carefully) : carefully()
}

/** -(a × c - b): the sign turned after rounding, that of a NaN left alone. */
export const fusedNegativeSubtract: Meaning3 = (o, a, c, b) => {
  const turned = (v: typeof a): typeof a => o.v128.xor(v, words(o, sign))
  const carefully = (): typeof a => {
    const [result] = o.call(fusedLanes, flushed(o, a), flushed(o, c), turned(flushed(o, b)), nonJava(o))
    return settled(o, turned(flushed(o, result)), a, b, c)
  }
  return o.fuses ? plainly(o, [a, c, b], turned(o.f32x4.relaxed_madd(a, c, turned(b))), carefully) : carefully()
}

const unary =
  (host: Meaning1): Meaning1 =>
  (o, b) =>
    plainly(o, [b], host(o, b), () => settled(o, flushed(o, host(o, flushed(o, b))), b))

export const nearest = unary((o, b) => o.f32x4.nearest(b))
export const floor = unary((o, b) => o.f32x4.floor(b))
export const ceiling = unary((o, b) => o.f32x4.ceil(b))
export const truncate = unary((o, b) => o.f32x4.trunc(b))
export const reciprocal = unary((o, b) => o.f32x4.div(words(o, 0x3f80_0000), b))

const compare =
  (host: Meaning2): Meaning2 =>
  (o, a, b) =>
    ofPlain(
      o,
      a,
      b,
      () => host(o, a, b),
      () => host(o, flushed(o, a), flushed(o, b)),
    )

export const equal = compare((o, a, b) => o.f32x4.eq(a, b))
export const greater = compare((o, a, b) => o.f32x4.gt(a, b))
export const greaterOrEqual = compare((o, a, b) => o.f32x4.ge(a, b))

/** Bit 0 of a word where a is not at most b, bit 1 where it is not at least -b. */
export const bounds: Meaning2 = compare((o, a, b) => {
  const above = o.v128.andnot(words(o, sign), o.f32x4.le(a, b))
  const below = o.v128.andnot(words(o, 0x4000_0000), o.f32x4.ge(a, o.v128.xor(b, words(o, sign))))
  return o.v128.or(above, below)
})

/** From integers, divided by a power of two: `scale` is the bits of its reciprocal. */
export const fromInteger =
  (signed: boolean) =>
  <V extends Values>(o: Ops<V>, b: V128<V>, scale: V['i32']): V128<V> =>
    o.f32x4.mul(signed ? o.f32x4.convert_i32x4_s(b) : o.f32x4.convert_i32x4_u(b), o.i32x4.splat(scale))

/** To integers, multiplied by a power of two first; truncated and saturated, a NaN is zero. */
export const toInteger =
  (signed: boolean) =>
  <V extends Values>(o: Ops<V>, b: V128<V>, scale: V['i32']): V128<V> => {
    const scaled = o.f32x4.mul(flushed(o, b), o.i32x4.splat(scale))
    const below = o.f32x4.lt(scaled, words(o, signed ? 0x4f00_0000 : 0x4f80_0000))
    const least = signed ? o.f32x4.ge(scaled, words(o, 0xcf00_0000 | 0)) : o.f32x4.gt(scaled, words(o, 0xbf80_0000 | 0))
    saturated(o, o.v128.not(o.v128.and(below, least)))
    return signed ? o.i32x4.trunc_sat_f32x4_s(scaled) : o.i32x4.trunc_sat_f32x4_u(scaled)
  }

/** The bits of 2^n and of 2^-n as singles. */
export const powerBits = (n: number): number => (127 + n) << 23

/** The dot product of three or four words, in every word. */
export const dot =
  (count: 3 | 4): Meaning2 =>
  (o, a, b) => {
    const [x, y] = [alwaysFlushed(o, a), alwaysFlushed(o, b)]
    const left = o.f64x2.mul(upper(o, x), upper(o, y))
    const right = o.f64x2.mul(o.f64x2.promote_low_f32x4(x), o.f64x2.promote_low_f32x4(y))
    // Word 0 is the high lane: left holds words 1 and 0, right words 3 and 2.
    const [p0, p1] = [o.f64x2.extract_lane(1, left), o.f64x2.extract_lane(0, left)]
    const [p2, p3] = [o.f64x2.extract_lane(1, right), o.f64x2.extract_lane(0, right)]
    const outer = o.f64.add(p0, p2)
    const sum = count === 3 ? o.f64.add(outer, p1) : o.f64.add(outer, o.f64.add(p1, p3))
    const bits = o.i32.reinterpret_f32(o.f32.demote_f64(sum))
    const size = o.i32.and(bits, o.i32.const(0x7fff_ffff))
    const finite = o.i64.lt_u(
      o.i64.and(o.i64.reinterpret_f64(sum), o.i64.const(0x7fff_ffff_ffff_ffffn)),
      o.i64.const(0x7ff0_0000_0000_0000n),
    )
    const broken = o.i32.or(
      o.i32.gt_u(size, o.i32.const(infinity)),
      o.i32.and(o.i32.eq(size, o.i32.const(infinity)), finite),
    )
    const settledBits = o.i32.select(broken, o.i32.const(defaultNaN), bits)
    return alwaysFlushed(o, o.i32x4.splat(settledBits))
  }

const rootLines = [
  0x0568b4fd, 0x04f3af97, 0x048daaa5, 0x0435a618, 0x03e7a1e4, 0x03a29dfe, 0x03659a5c, 0x032e96f8, 0x02fc93ca,
  0x02d090ce, 0x02a88dfe, 0x02838b57, 0x026188d4, 0x02438673, 0x02268431, 0x020b820b, 0x03d27ffa, 0x03807c29,
  0x033878aa, 0x02f97572, 0x02c27279, 0x02926fb7, 0x02666d26, 0x023f6ac0, 0x021d6881, 0x01fd6665, 0x01e16468,
  0x01c76287, 0x01af60c1, 0x01995f12, 0x01855d79, 0x01735bf4,
]

/** Each entry: the slope of a line in the high half, its start in the low half. */
const rootTable: Table = { name: 'vrsqrtefp', bytes: new Uint8Array(Uint32Array.from(rootLines).buffer) }

/** One lane of the reciprocal square root, of a positive, finite, normal single. */
const rootLane = routine('rootLane', ['i32'], ['i32'], (o, bits) => {
  const { i32 } = o
  const exponent = i32.shr_u(bits, i32.const(23))
  const fraction = i32.and(bits, i32.const(0x7f_ffff))
  const parity = i32.shl(i32.and(i32.sub(exponent, i32.const(127)), i32.const(1)), i32.const(4))
  const index = i32.xor(i32.or(parity, i32.shr_u(fraction, i32.const(19))), i32.const(16))
  const line = o.lookup32(rootTable, i32.and(index, i32.const(31)))
  const along = i32.and(i32.shr_u(fraction, i32.const(9)), i32.const(0x3ff))
  const start = i32.shl(i32.and(line, i32.const(0xffff)), i32.const(10))
  const value = i32.sub(start, i32.mul(along, i32.shr_u(line, i32.const(16))))
  // Normalise to a leading one at bit 25.
  const short = i32.sub(i32.clz(value), i32.const(6))
  const normal = i32.shl(value, short)
  const up = i32.and(i32.shr_u(normal, i32.const(1)), i32.ne(i32.and(normal, i32.const(5)), i32.const(0)))
  const rounded = i32.add(normal, i32.shl(i32.and(up, i32.const(1)), i32.const(2)))
  const result = i32.sub(i32.shr_s(i32.sub(i32.const(127), exponent), i32.const(1)), short)
  return [
    i32.or(
      i32.shl(i32.add(result, i32.const(127)), i32.const(23)),
      i32.and(i32.shr_u(rounded, i32.const(2)), i32.const(0x7f_ffff)),
    ),
  ]
})

/** A denormal, which only VSCR.NJ = 0 lets through, is brought into range by 2^24 and the root put back. */
const anyRootLane = routine('anyRootLane', ['i32'], ['i32'], (o, bits) => {
  const { f32, i32 } = o
  const tiny = i32.lt_u(bits, i32.const(0x0080_0000))
  const scaled = i32.reinterpret_f32(f32.mul(f32.reinterpret_i32(bits), f32.const(2 ** 24)))
  const [value] = o.call(rootLane, i32.select(tiny, scaled, bits))
  return [i32.select(tiny, i32.add(value, i32.const(12 << 23)), value)]
})

/** A function of one lane in every lane. */
function each<V extends Values>(o: Ops<V>, v: V128<V>, of: (bits: V['i32']) => V['i32']): V128<V> {
  return [0, 1, 2, 3].reduce((all, lane) => o.i32x4.replace_lane(lane, all, of(o.i32x4.extract_lane(lane, v))), v)
}

export const rootEstimate: Meaning1 = (o, b) => {
  const x = flushed(o, b)
  const size = o.v128.and(x, words(o, 0x7fff_ffff))
  const negative = o.v128.andnot(o.i32x4.shr_s(x, o.i32.const(31)), o.i32x4.eq(size, zero(o)))
  const estimate = flushed(
    o,
    each(o, x, bits => o.call(anyRootLane, bits)[0]),
  )
  const ofZero = o.v128.bitselect(o.v128.or(x, words(o, infinity)), estimate, o.i32x4.eq(size, zero(o)))
  const ofInfinity = o.v128.bitselect(zero(o), ofZero, o.i32x4.eq(x, words(o, infinity)))
  const valid = o.v128.bitselect(words(o, defaultNaN), ofInfinity, negative)
  return settled(o, valid, b)
}

/** Taylor terms of 2^f for |f| at most a half, highest first. */
const exponentialTerms = Array.from({ length: 15 }, (_, i) => {
  let term = 1
  for (let k = 1; k <= 14 - i; k += 1) term *= Math.LN2 / k
  return term
})

const exponentialLane = routine('exponentialLane', ['i32'], ['i32'], (o, bits) => {
  const { f64, i64 } = o
  const x = f64.promote_f32(o.f32.reinterpret_i32(bits))
  const bounded = f64.max(f64.min(x, f64.const(200)), f64.const(-200))
  const whole = f64.nearest(bounded)
  const f = f64.sub(bounded, whole)
  const fraction = exponentialTerms.reduce((sum, term) => f64.add(f64.mul(sum, f), f64.const(term)), f64.const(0))
  const scale = f64.reinterpret_i64(i64.shl(i64.add(i64.trunc_sat_f64_s(whole), i64.const(1023)), i64.const(52)))
  return [o.i32.reinterpret_f32(o.f32.demote_f64(f64.mul(fraction, scale)))]
})

export const exponentialEstimate: Meaning1 = (o, b) =>
  settled(
    o,
    flushed(
      o,
      each(o, flushed(o, b), bits => o.call(exponentialLane, bits)[0]),
    ),
    b,
  )

/** log2 of a positive, finite, normal single: exponent plus the series of atanh. */
const logarithmLane = routine('logarithmLane', ['i32'], ['i32'], (o, bits) => {
  const { f64, i32 } = o
  // The mantissa is taken in [√½, √2), so that the series is short and powers of two are exact.
  const high = i32.gt_u(i32.and(bits, i32.const(0x7f_ffff)), i32.const(0x35_04f3))
  const exponent = i32.add(i32.sub(i32.shr_u(bits, i32.const(23)), i32.const(127)), high)
  const m = f64.promote_f32(o.f32.reinterpret_i32(i32.sub(bits, i32.shl(exponent, i32.const(23)))))
  const z = f64.div(f64.sub(m, f64.const(1)), f64.add(m, f64.const(1)))
  const square = f64.mul(z, z)
  const series = [21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1].reduce(
    (sum, k) => f64.add(f64.mul(sum, square), f64.const(2 / Math.LN2 / k)),
    f64.const(0),
  )
  const value = f64.add(f64.convert_i32_s(exponent), f64.mul(series, z))
  return [o.i32.reinterpret_f32(o.f32.demote_f64(value))]
})

/** A denormal, which only VSCR.NJ = 0 lets through, is brought into range by 2^24 and the result put back. */
const anyLogarithmLane = routine('anyLogarithmLane', ['i32'], ['i32'], (o, bits) => {
  const { f32, i32 } = o
  const tiny = i32.lt_u(bits, i32.const(0x0080_0000))
  const scaled = i32.reinterpret_f32(f32.mul(f32.reinterpret_i32(bits), f32.const(2 ** 24)))
  const [value] = o.call(logarithmLane, i32.select(tiny, scaled, bits))
  const lowered = i32.reinterpret_f32(f32.sub(f32.reinterpret_i32(value), f32.const(24)))
  return [i32.select(tiny, lowered, value)]
})

export const logarithmEstimate: Meaning1 = (o, b) => {
  const x = flushed(o, b)
  const size = o.v128.and(x, words(o, 0x7fff_ffff))
  const isZero = o.i32x4.eq(size, zero(o))
  const negative = o.v128.andnot(o.i32x4.shr_s(x, o.i32.const(31)), isZero)
  const estimate = each(o, x, bits => o.call(anyLogarithmLane, bits)[0])
  const ofZero = o.v128.bitselect(words(o, infinity | sign), estimate, isZero)
  const ofInfinity = o.v128.bitselect(x, ofZero, o.i32x4.eq(x, words(o, infinity)))
  return settled(o, flushed(o, o.v128.bitselect(words(o, defaultNaN), ofInfinity, negative)), b)
}
