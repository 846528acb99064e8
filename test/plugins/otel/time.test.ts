import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGuestTime } from '../../../plugins/otel/time.ts'

const base = 1_700_000_000_123_456_789n

test('a tick of the 50 MHz timebase is 20 ns after the trace base', () => {
  const time = createGuestTime(base, 50_000_000)
  expect(time(0)).toEqual([1_700_000_000, 123_456_789])
  expect(time(1)).toEqual([1_700_000_000, 123_456_809])
  expect(time(50_000_000)).toEqual([1_700_000_001, 123_456_789])
})

test('nanoseconds carry into the seconds', () => {
  expect(createGuestTime(999_999_999n, 50_000_000)(1)).toEqual([1, 19])
})

test('a time is the exact floor for any tick below 2^53 and any timebase', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(50_000_000, 49_875_000, 1_000_000_007, 3, 999_999_999, 999_999_937),
      fc.bigInt(0n, 4_000_000_000_000_000_000n),
      fc.maxSafeNat(),
      (hz, start, ticks) => {
        const [seconds, nanos] = createGuestTime(start, hz)(ticks)
        const exact = start + (BigInt(ticks) * 1_000_000_000n) / BigInt(hz)
        expect(BigInt(seconds) * 1_000_000_000n + BigInt(nanos)).toBe(exact)
        expect(Number.isInteger(nanos) && nanos >= 0 && nanos < 1e9).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})
