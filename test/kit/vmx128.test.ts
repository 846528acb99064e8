import { expect, test } from 'vitest'
import { fused32, product32 } from './float32.ts'
import { evaluate, packHalf, reciprocal, rsqrtEstimate, type Vector } from './vmx128.ts'

const words = (text: string): Vector => {
  const [x = 0, y = 0, z = 0, w = 0] = text.split(' ').map(word => Number.parseInt(word, 16))
  return [x, y, z, w]
}

/** Runs a word with v3 = A, v4 = B, v5 = old D where its fields say so. */
function run(word: number, registers: Record<number, string>): string | undefined {
  const v: Vector[] = []
  for (const [register, text] of Object.entries(registers)) v[Number(register)] = words(text)
  return evaluate(word, { v, nonJava: true })
    ?.value.map(part => part.toString(16).toUpperCase().padStart(8, '0'))
    .join(' ')
}

const cd = 'CDCDCDCD CDCDCDCD CDCDCDCD CDCDCDCD'

test.each([
  [0x18811e10, '40400001 40400002 40400003 40400004', '04010203 CDCDCDCD CDCDCDCD CDCDCDCD'],
  [0x18811e10, '40800000 40000000 C2F60000 4B3BDF83', 'FFFF0000 CDCDCDCD CDCDCDCD CDCDCDCD'],
])('a colour packs into the word the shift names (%#)', (word, b, expected) => {
  // z is 0 in the written-down word; the placement table puts a 32-bit result into w, so rotate the expectation.
  const [first, ...rest] = expected.split(' ')
  expect(run(word, { 3: b, 4: cd })).toBe([...rest, first].join(' '))
})

test('four halves pack truncated into the low words', () => {
  expect(run(0x18961e10, { 3: '3F000000 BF000000 3F800000 BF800000', 4: cd })).toBe(
    'CDCDCDCD CDCDCDCD 3800B800 3C00BC00',
  )
})

test('two shorts unpack beside 3.0, and the most negative code is a NaN', () => {
  expect(run(0x18641ff0, { 3: '0 0 0 7FFF8001' })).toBe('40407FFF 403F8001 00000000 3F800000')
  expect(run(0x18641ff0, { 3: '0 0 0 00008000' })).toBe('40400000 7FC00000 00000000 3F800000')
})

test('dot products are rounded once, at the end', () => {
  const a = '3F800000 3FC00000 3F8CCCCD 3FF33333'
  const b = '40000000 40700000 4013D70A 40B051EB'
  const dot = (code: number): string | undefined =>
    run((5 << 26) | (5 << 21) | (3 << 16) | (4 << 11) | code, { 3: a, 4: b })
  expect(dot(0x190)).toBe('4122A7F0 4122A7F0 4122A7F0 4122A7F0')
  expect(dot(0x1d0)).toBe('41A5147B 41A5147B 41A5147B 41A5147B')
})

test('a fused multiply-add rounds once', () => {
  expect(fused32(0x3f800001, 0x3f800001, 0xbf800002)).toBe(0x28800000)
  expect(fused32(0x3f8ccccd, 0x3f8ccccd, 0x3f8ccccd)).toBe(0x4013d70b)
  expect(fused32(0x3f83b671, 0x3fc00000, 0xa1800000)).toBe(0x3fc591a9)
})

test('what is tiny before it is rounded is zero where denormals are, though rounding would make it normal', () => {
  expect(fused32(0x00800000, 0x00800000, 0x80800000)).toBe(0x80800000)
  expect(fused32(0x00800000, 0x00800000, 0x80800000, true)).toBe(0x80000000)
  expect(product32(0x00ffffff, 0x3f000000)).toBe(0x00800000)
  expect(product32(0x00ffffff, 0x3f000000, true)).toBe(0)
})

test('a product keeps the sign of zero and makes the positive NaN', () => {
  expect(product32(0, 0xbf800000)).toBe(0x80000000)
  expect(product32(0, 0x7f800000)).toBe(0x7fc00000)
})

test('the reciprocal square root follows its table', () => {
  const pairs = [
    [0x3f800000, 0x3f7ff400],
    [0x40000000, 0x3f34fd00],
    [0x40800000, 0x3efff400],
    [0x3f000000, 0x3fb4fd00],
    [0x40400000, 0x3f13ca00],
    [0x42c80000, 0x3dccca00],
  ] as const
  for (const [input, output] of pairs) expect(rsqrtEstimate(input).toString(16)).toBe(output.toString(16))
})

test('the reciprocal is the rounded quotient', () => {
  const f = new Float32Array(1)
  const u = new Uint32Array(f.buffer)
  for (let bits = 0x00800000; bits < 0x7e000000; bits += 0x00edcba9) {
    u[0] = bits
    f[0] = 1 / (f[0] ?? 0)
    expect(reciprocal(bits)).toBe(u[0])
  }
})

test('a half is truncated, never infinite, never denormal', () => {
  expect([0x7f800000, 0x477fffff, 0x38800000, 0x387fffff, 0xbfc00000].map(packHalf)).toEqual([
    0x7fff, 0x7bff, 0x0400, 0, 0xbe00,
  ])
})
