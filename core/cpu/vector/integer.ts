/** What the vector integer instructions compute. Those that saturate also raise VSCR[SAT]. */
import type { Ops, Values } from '../algebra.ts'
import { arrange, bytes, halves, type Meaning1, type Meaning2, type Meaning3, saturated, words } from './lanes.ts'

type V128<V extends Values> = V['v128']

/** A result that differs from the one without saturation has saturated. */
const against =
  (clamped: Meaning2, modular: Meaning2): Meaning2 =>
  (o, a, b) => {
    const result = clamped(o, a, b)
    saturated(o, o.v128.xor(result, modular(o, a, b)))
    return result
  }

export const addSaturated = {
  sb: against(
    (o, a, b) => o.i8x16.add_sat_s(a, b),
    (o, a, b) => o.i8x16.add(a, b),
  ),
  sh: against(
    (o, a, b) => o.i16x8.add_sat_s(a, b),
    (o, a, b) => o.i16x8.add(a, b),
  ),
  sw: against(
    (o, a, b) => addWords(o, a, b),
    (o, a, b) => o.i32x4.add(a, b),
  ),
  ub: against(
    (o, a, b) => o.i8x16.add_sat_u(a, b),
    (o, a, b) => o.i8x16.add(a, b),
  ),
  uh: against(
    (o, a, b) => o.i16x8.add_sat_u(a, b),
    (o, a, b) => o.i16x8.add(a, b),
  ),
  uw: against(
    (o, a, b) => o.v128.or(o.i32x4.add(a, b), carries(o, a, b)),
    (o, a, b) => o.i32x4.add(a, b),
  ),
}

export const subtractSaturated = {
  sb: against(
    (o, a, b) => o.i8x16.sub_sat_s(a, b),
    (o, a, b) => o.i8x16.sub(a, b),
  ),
  sh: against(
    (o, a, b) => o.i16x8.sub_sat_s(a, b),
    (o, a, b) => o.i16x8.sub(a, b),
  ),
  sw: against(
    (o, a, b) => subtractWords(o, a, b),
    (o, a, b) => o.i32x4.sub(a, b),
  ),
  ub: against(
    (o, a, b) => o.i8x16.sub_sat_u(a, b),
    (o, a, b) => o.i8x16.sub(a, b),
  ),
  uh: against(
    (o, a, b) => o.i16x8.sub_sat_u(a, b),
    (o, a, b) => o.i16x8.sub(a, b),
  ),
  uw: against(
    (o, a, b) => o.v128.and(o.i32x4.sub(a, b), o.i32x4.ge_u(a, b)),
    (o, a, b) => o.i32x4.sub(a, b),
  ),
}

/** All ones in each word whose sum carries. */
const carries = <V extends Values>(o: Ops<V>, a: V128<V>, b: V128<V>): V128<V> => o.i32x4.lt_u(o.i32x4.add(a, b), a)

/** The word to saturate to, given one whose sign is the true result's. */
const extreme = <V extends Values>(o: Ops<V>, a: V128<V>): V128<V> =>
  o.v128.xor(o.i32x4.shr_s(a, o.i32.const(31)), words(o, 0x7fff_ffff))

function addWords<V extends Values>(o: Ops<V>, a: V128<V>, b: V128<V>): V128<V> {
  const sum = o.i32x4.add(a, b)
  const wrapped = o.v128.andnot(o.v128.xor(a, sum), o.v128.xor(a, b))
  return o.v128.bitselect(extreme(o, a), sum, o.i32x4.shr_s(wrapped, o.i32.const(31)))
}

function subtractWords<V extends Values>(o: Ops<V>, a: V128<V>, b: V128<V>): V128<V> {
  const difference = o.i32x4.sub(a, b)
  const wrapped = o.v128.and(o.v128.xor(a, difference), o.v128.xor(a, b))
  return o.v128.bitselect(extreme(o, a), difference, o.i32x4.shr_s(wrapped, o.i32.const(31)))
}

export const carryOut: Meaning2 = (o, a, b) => o.i32x4.shr_u(carries(o, a, b), o.i32.const(31))
export const noBorrow: Meaning2 = (o, a, b) => o.i32x4.shr_u(o.i32x4.ge_u(a, b), o.i32.const(31))

/** (a + b + 1) >> 1 with the carry kept. */
export const average = {
  sb: ((o, a, b) => o.i8x16.sub(o.v128.or(a, b), o.i8x16.shr_s(o.v128.xor(a, b), o.i32.const(1)))) as Meaning2,
  sh: ((o, a, b) => o.i16x8.sub(o.v128.or(a, b), o.i16x8.shr_s(o.v128.xor(a, b), o.i32.const(1)))) as Meaning2,
  sw: ((o, a, b) => o.i32x4.sub(o.v128.or(a, b), o.i32x4.shr_s(o.v128.xor(a, b), o.i32.const(1)))) as Meaning2,
  uw: ((o, a, b) => o.i32x4.sub(o.v128.or(a, b), o.i32x4.shr_u(o.v128.xor(a, b), o.i32.const(1)))) as Meaning2,
}

/** The left one of each pair of elements, widened in place: guest even elements are the high lanes. */
const even = {
  sb: <V extends Values>(o: Ops<V>, v: V128<V>) => o.i16x8.shr_s(v, o.i32.const(8)),
  ub: <V extends Values>(o: Ops<V>, v: V128<V>) => o.i16x8.shr_u(v, o.i32.const(8)),
  sh: <V extends Values>(o: Ops<V>, v: V128<V>) => o.i32x4.shr_s(v, o.i32.const(16)),
  uh: <V extends Values>(o: Ops<V>, v: V128<V>) => o.i32x4.shr_u(v, o.i32.const(16)),
}
const odd = {
  sb: <V extends Values>(o: Ops<V>, v: V128<V>) => o.i16x8.shr_s(o.i16x8.shl(v, o.i32.const(8)), o.i32.const(8)),
  ub: <V extends Values>(o: Ops<V>, v: V128<V>) => o.v128.and(v, halves(o, 0xff)),
  sh: <V extends Values>(o: Ops<V>, v: V128<V>) => o.i32x4.shr_s(o.i32x4.shl(v, o.i32.const(16)), o.i32.const(16)),
  uh: <V extends Values>(o: Ops<V>, v: V128<V>) => o.v128.and(v, words(o, 0xffff)),
}

type Narrow = keyof typeof even
const times = <V extends Values>(o: Ops<V>, kind: Narrow, a: V128<V>, b: V128<V>): V128<V> =>
  kind.endsWith('b') ? o.i16x8.mul(a, b) : o.i32x4.mul(a, b)

export const multiplyEven =
  (kind: Narrow): Meaning2 =>
  (o, a, b) =>
    times(o, kind, even[kind](o, a), even[kind](o, b))

export const multiplyOdd =
  (kind: Narrow): Meaning2 =>
  (o, a, b) =>
    times(o, kind, odd[kind](o, a), odd[kind](o, b))

/** Signed halves from wide words, saturated: what does not fit raises SAT. */
function narrowWords<V extends Values>(o: Ops<V>, low: V128<V>, high: V128<V>): V128<V> {
  const lost = (v: V128<V>): V128<V> => o.v128.xor(v, clampWords(o, v, -0x8000, 0x7fff))
  saturated(o, o.v128.or(lost(low), lost(high)))
  return o.i16x8.narrow_i32x4_s(low, high)
}

const clampWords = <V extends Values>(o: Ops<V>, v: V128<V>, low: number, high: number): V128<V> =>
  o.i32x4.min_s(o.i32x4.max_s(v, words(o, low)), words(o, high))
const clampHalves = <V extends Values>(o: Ops<V>, v: V128<V>, low: number, high: number): V128<V> =>
  o.i16x8.min_s(o.i16x8.max_s(v, halves(o, low)), halves(o, high))

/** sat(c + ((a × b + rounding) >> 15)), in halves. */
export const multiplyHighAdd =
  (rounding: number): Meaning3 =>
  (o, a, b, c) => {
    const part = <V extends Values>(p: Ops<V>, product: V128<V>, addend: V128<V>): V128<V> =>
      p.i32x4.add(p.i32x4.shr_s(p.i32x4.add(product, words(p, rounding)), p.i32.const(15)), addend)
    const low = part(o, o.i32x4.extmul_low_i16x8_s(a, b), o.i32x4.extend_low_i16x8_s(c))
    const high = part(o, o.i32x4.extmul_high_i16x8_s(a, b), o.i32x4.extend_high_i16x8_s(c))
    return narrowWords(o, low, high)
  }

export const multiplyLowAdd: Meaning3 = (o, a, b, c) => o.i16x8.add(o.i16x8.mul(a, b), c)

export const sumProducts = {
  ubm: ((o, a, b, c) => {
    const left = o.i32x4.extadd_pairwise_i16x8_u(multiplyEven('ub')(o, a, b))
    const right = o.i32x4.extadd_pairwise_i16x8_u(multiplyOdd('ub')(o, a, b))
    return o.i32x4.add(c, o.i32x4.add(left, right))
  }) as Meaning3,
  /** Signed bytes of a by unsigned bytes of b. */
  mbm: ((o, a, b, c) => {
    const left = o.i32x4.extadd_pairwise_i16x8_s(o.i16x8.mul(even.sb(o, a), even.ub(o, b)))
    const right = o.i32x4.extadd_pairwise_i16x8_s(o.i16x8.mul(odd.sb(o, a), odd.ub(o, b)))
    return o.i32x4.add(c, o.i32x4.add(left, right))
  }) as Meaning3,
  uhm: ((o, a, b, c) =>
    o.i32x4.add(c, o.i32x4.add(multiplyEven('uh')(o, a, b), multiplyOdd('uh')(o, a, b)))) as Meaning3,
  shm: ((o, a, b, c) => o.i32x4.add(c, o.i32x4.dot_i16x8_s(a, b))) as Meaning3,
  /** The exact sum of both products and c, saturated once. */
  uhs: ((o, a, b, c) => {
    const [x, y] = [multiplyEven('uh')(o, a, b), multiplyOdd('uh')(o, a, b)]
    const sum = (extend: (v: typeof a) => typeof a): typeof a =>
      o.i64x2.add(extend(c), o.i64x2.add(extend(x), extend(y)))
    const low = sum(o.i64x2.extend_low_i32x4_u)
    const high = sum(o.i64x2.extend_high_i32x4_u)
    const over = upperWords(o, low, high)
    saturated(o, over)
    return o.v128.or(lowerWords(o, low, high), o.i32x4.ne(over, words(o, 0)))
  }) as Meaning3,
  shs: ((o, a, b, c) => {
    const [x, y] = [multiplyEven('sh')(o, a, b), multiplyOdd('sh')(o, a, b)]
    const sum = (extend: (v: typeof a) => typeof a): typeof a =>
      o.i64x2.add(extend(c), o.i64x2.add(extend(x), extend(y)))
    return narrowSums(o, sum(o.i64x2.extend_low_i32x4_s), sum(o.i64x2.extend_high_i32x4_s))
  }) as Meaning3,
}

const lowerWords = <V extends Values>(o: Ops<V>, low: V128<V>, high: V128<V>): V128<V> =>
  o.i8x16.shuffle([0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27], low, high)
const upperWords = <V extends Values>(o: Ops<V>, low: V128<V>, high: V128<V>): V128<V> =>
  o.i8x16.shuffle([4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31], low, high)

/** Signed doublewords to words, saturated. */
function narrowSums<V extends Values>(o: Ops<V>, low: V128<V>, high: V128<V>): V128<V> {
  const small = lowerWords(o, low, high)
  const large = upperWords(o, low, high)
  const fits = o.i32x4.eq(large, o.i32x4.shr_s(small, o.i32.const(31)))
  saturated(o, o.v128.not(fits))
  return o.v128.bitselect(small, extreme(o, large), fits)
}

/** Sums across, in doublewords: `right` of each pair of words, then saturated into the right word of the pair. */
export const sumPairs: Meaning2 = (o, a, b) => {
  const left = o.i64x2.shr_s(a, o.i32.const(32))
  const right = (v: typeof a): typeof a => o.i64x2.shr_s(o.i64x2.shl(v, o.i32.const(32)), o.i32.const(32))
  const total = o.i64x2.add(o.i64x2.add(left, right(a)), right(b))
  return onlyRight(o, total)
}

/** The right word of each doubleword sum, saturated; the left words are zero. */
function onlyRight<V extends Values>(o: Ops<V>, total: V128<V>): V128<V> {
  const low = o.i64x2.extract_lane(0, total)
  const high = o.i64x2.extract_lane(1, total)
  const [lowSum, lowLost] = clampSum(o, low)
  const [highSum, highLost] = clampSum(o, high)
  o.set('vscr', o.i32.or(o.get('vscr'), o.i32.or(lowLost, highLost)))
  const place = (v: V128<V>, lane: number, word: V['i64']): V128<V> =>
    o.i32x4.replace_lane(lane, v, o.i32.wrap_i64(word))
  return place(place(words(o, 0), 0, lowSum), 2, highSum)
}

function clampSum<V extends Values>(o: Ops<V>, sum: V['i64']): readonly [V['i64'], V['i32']] {
  const [most, least] = [o.i64.const(0x7fff_ffff), o.i64.const(-0x8000_0000)]
  const above = o.i64.gt_s(sum, most)
  const below = o.i64.lt_s(sum, least)
  return [o.i64.select(above, most, o.i64.select(below, least, sum)), o.i32.or(above, below)]
}

/** All four words of a and the last of b, into the last word. */
export const sumAll: Meaning2 = (o, a, b) => {
  const word = (lane: number, v: typeof a) => o.i64.extend_i32_s(o.i32x4.extract_lane(lane, v))
  const total = [0, 1, 2, 3].map(lane => word(lane, a)).reduce((x, y) => o.i64.add(x, y), word(0, b))
  const [sum, lost] = clampSum(o, total)
  o.set('vscr', o.i32.or(o.get('vscr'), lost))
  return o.i32x4.replace_lane(0, words(o, 0), o.i32.wrap_i64(sum))
}

export const sumQuarters = {
  sbs: ((o, a, b) =>
    addSaturated.sw(o, o.i32x4.extadd_pairwise_i16x8_s(o.i16x8.extadd_pairwise_i8x16_s(a)), b)) as Meaning2,
  shs: ((o, a, b) => addSaturated.sw(o, o.i32x4.extadd_pairwise_i16x8_s(a), b)) as Meaning2,
  ubs: ((o, a, b) =>
    addSaturated.uw(o, b, o.i32x4.extadd_pairwise_i16x8_u(o.i16x8.extadd_pairwise_i8x16_u(a)))) as Meaning2,
}

const packHalves =
  (low: number, high: number, clampIn: 'signed' | 'unsigned', result: 's' | 'u'): Meaning2 =>
  (o, a, b) => {
    const clamp = <V extends Values>(p: Ops<V>, v: V128<V>): V128<V> =>
      clampIn === 'unsigned' ? p.i16x8.min_u(v, halves(p, high)) : clampHalves(p, v, low, high)
    const [x, y] = [clamp(o, a), clamp(o, b)]
    saturated(o, o.v128.or(o.v128.xor(a, x), o.v128.xor(b, y)))
    return result === 's' ? o.i8x16.narrow_i16x8_s(y, x) : o.i8x16.narrow_i16x8_u(y, x)
  }

const packWords =
  (low: number, high: number, clampIn: 'signed' | 'unsigned', result: 's' | 'u'): Meaning2 =>
  (o, a, b) => {
    const clamp = <V extends Values>(p: Ops<V>, v: V128<V>): V128<V> =>
      clampIn === 'unsigned' ? p.i32x4.min_u(v, words(p, high)) : clampWords(p, v, low, high)
    const [x, y] = [clamp(o, a), clamp(o, b)]
    saturated(o, o.v128.or(o.v128.xor(a, x), o.v128.xor(b, y)))
    return result === 's' ? o.i16x8.narrow_i32x4_s(y, x) : o.i16x8.narrow_i32x4_u(y, x)
  }

/** Elements of a, then of b, each narrowed to half its width. */
export const pack = {
  shss: packHalves(-0x80, 0x7f, 'signed', 's'),
  shus: packHalves(0, 0xff, 'signed', 'u'),
  uhus: packHalves(0, 0xff, 'unsigned', 'u'),
  uhum: ((o, a, b) => arrange(o, g => 2 * g + 1, a, b)) as Meaning2,
  swss: packWords(-0x8000, 0x7fff, 'signed', 's'),
  swus: packWords(0, 0xffff, 'signed', 'u'),
  uwus: packWords(0, 0xffff, 'unsigned', 'u'),
  uwum: ((o, a, b) => arrange(o, g => 4 * (g >> 1) + 2 + (g & 1), a, b)) as Meaning2,
  /** 8:8:8:8 to 1:5:5:5. */
  px: ((o, a, b) => {
    const pixel = (v: typeof a): typeof a => {
      const part = (shift: number, mask: number) => o.v128.and(o.i32x4.shr_u(v, o.i32.const(shift)), words(o, mask))
      return o.v128.or(o.v128.or(part(9, 0x8000), part(9, 0x7c00)), o.v128.or(part(6, 0x03e0), part(3, 0x001f)))
    }
    return o.i16x8.narrow_i32x4_u(pixel(b), pixel(a))
  }) as Meaning2,
}

/** 1:5:5:5 in the low half of each word, sign-extended, to 8:8:8:8. */
const widePixel: Meaning1 = (o, v) => {
  const part = (shift: number, mask: number) => o.v128.and(o.i32x4.shl(v, o.i32.const(shift)), words(o, mask))
  return o.v128.or(o.v128.or(part(0, 0xff00_0000), part(6, 0x001f_0000)), o.v128.or(part(3, 0x1f00), part(0, 0x1f)))
}

/** The left or the right half of the elements, widened. */
export const unpack = {
  hsb: ((o, b) => o.i16x8.extend_high_i8x16_s(b)) as Meaning1,
  lsb: ((o, b) => o.i16x8.extend_low_i8x16_s(b)) as Meaning1,
  hsh: ((o, b) => o.i32x4.extend_high_i16x8_s(b)) as Meaning1,
  lsh: ((o, b) => o.i32x4.extend_low_i16x8_s(b)) as Meaning1,
  hpx: ((o, b) => widePixel(o, o.i32x4.extend_high_i16x8_s(b))) as Meaning1,
  lpx: ((o, b) => widePixel(o, o.i32x4.extend_low_i16x8_s(b))) as Meaning1,
}

const interleave =
  (size: number, right: boolean): Meaning2 =>
  (o, a, b) =>
    arrange(
      o,
      g => {
        const element = Math.floor(g / size)
        const from = Math.floor(element / 2) * size + (g % size) + (right ? 8 : 0)
        return element % 2 === 0 ? from : from + 16
      },
      a,
      b,
    )

export const merge = {
  hb: interleave(1, false),
  hh: interleave(2, false),
  hw: interleave(4, false),
  lb: interleave(1, true),
  lh: interleave(2, true),
  lw: interleave(4, true),
}

/** Byte i of the result is the byte of a and b joined that control byte i names. */
export const permute: Meaning3 = (o, a, b, control) => {
  const index = o.v128.and(control, bytes(o, 31))
  const fromA = o.i8x16.sub(bytes(o, 15), index)
  const fromB = o.i8x16.sub(bytes(o, 31), index)
  return o.v128.or(o.i8x16.swizzle(a, fromA), o.i8x16.swizzle(b, fromB))
}
