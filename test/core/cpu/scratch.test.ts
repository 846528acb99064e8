import { expect, test } from 'vitest'
import { copyOf, takeNumbers, withScratch } from '../../../core/cpu/compiler/scratch.ts'

const many = 1 << 17

test('lists of numbers keep what they hold while others are taken, however many those are', () => {
  withScratch(() => {
    const first = takeNumbers(3, 7)
    const copy = copyOf([1, 2, 3])
    for (let turn = 0; turn < 4; turn += 1) takeNumbers(many, -1)
    expect([[...first], [...copy]]).toEqual([
      [7, 7, 7],
      [1, 2, 3],
    ])
  })
})

test('what was taken to make something is used again behind it, also where that failed, and what was taken before is not', () => {
  withScratch(() => {
    const outer = takeNumbers(2, 5)
    const inner = withScratch(() => takeNumbers(2, 6))
    expect(() =>
      withScratch(() => {
        takeNumbers(2, 9)
        throw new Error('no')
      }),
    ).toThrow('no')
    const next = takeNumbers(2, 8)
    expect(next.byteOffset).toBe(inner.byteOffset)
    expect([[...outer], [...next]]).toEqual([
      [5, 5],
      [8, 8],
    ])
  })
})

test("what is taken while nothing is made is nobody else's, and takes no room from others", () => {
  const [one, other] = [takeNumbers(2, 1), takeNumbers(2, 1)]
  expect(one.buffer).not.toBe(other.buffer)
  expect(one.buffer.byteLength).toBe(8)
})
