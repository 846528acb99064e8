import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mask64 } from '../../../core/base/bits.ts'
import { shiftOf } from '../../../core/cpu/compiler/rotates.ts'

const words = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })

const rotated = (value: bigint, count: number, bits: 32 | 64): bigint => {
  const x = BigInt.asUintN(bits, value)
  return BigInt.asUintN(bits, (x << BigInt(count)) | (x >> BigInt(bits - count)))
}

describe('a rotate under a mask that is known', () => {
  test('comes to the same by the shift it is replaced with', () => {
    fc.assert(
      fc.property(
        words,
        fc.constantFrom<32 | 64>(32, 64),
        fc.nat(63),
        fc.nat(63),
        fc.nat(63),
        (value, bits, some, first, last) => {
          const count = some % bits
          const low = BigInt.asUintN(bits, (1n << 64n) - 1n)
          const mask = bits === 32 ? mask64((first & 31) + 32, (last & 31) + 32) : mask64(first, last)
          const shift = shiftOf(bits, count, mask)
          expect(shift === undefined).toBe(mask > low)
          if (shift === undefined) return
          const x = BigInt.asUintN(bits, value)
          const by = BigInt(shift.by)
          const moved =
            shift.operation === 'shl'
              ? BigInt.asUintN(bits, x << by)
              : shift.operation === 'shr_u'
                ? x >> by
                : rotated(x, shift.by, bits)
          expect(shift.whole ? moved : moved & mask).toBe(rotated(value, count, bits) & mask)
        },
      ),
      { numRuns: 5_000 },
    )
  })

  test('is one operation where it is a shift in itself', () => {
    expect(shiftOf(32, 8, 0xffffff00n)).toEqual({ bits: 32, operation: 'shl', by: 8, whole: true })
    expect(shiftOf(32, 24, 0x00ffffffn)).toEqual({ bits: 32, operation: 'shr_u', by: 8, whole: true })
    expect(shiftOf(64, 0, 0xffffffffn)).toEqual({ bits: 64, operation: undefined, by: 0, whole: false })
  })
})
