import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTime } from '../../../core/kernel/time.ts'
import { createWorkbench } from './workbench.ts'

const start = 134_116_992_000_000_000n

function at(ticks: number, timebase: number) {
  return createTime({ timebase, instructionsPerTick: 1, systemTime: start }, () => ticks)
}

describe('the clocks', () => {
  test('are the same in halves as whole, at any rate and time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 50 }),
        fc.constantFrom(50_000_000, 49_875_000, 1_000_000, 999_999_937, 33_333_333),
        (ticks, timebase) => {
          const time = at(ticks, timebase)
          const clocks = { interruptHigh: 0, interruptLow: 0, systemHigh: 0, systemLow: 0, milliseconds: 0 }
          time.readClocks(clocks)
          const units = (BigInt(ticks) * 10_000_000n) / BigInt(timebase)
          const whole = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low)
          expect(whole(clocks.interruptHigh, clocks.interruptLow)).toBe(units)
          expect(time.interruptTime()).toBe(units)
          expect(whole(clocks.systemHigh, clocks.systemLow)).toBe(start + units)
          expect(BigInt(clocks.milliseconds)).toBe(BigInt.asUintN(32, units / 10_000n))
        },
      ),
    )
  })

  test('a span in ticks is never shorter than the span', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), units => {
        const ticks = at(0, 49_875_000).ticksOf(units)
        expect((BigInt(ticks) * 10_000_000n) / 49_875_000n).toBeGreaterThanOrEqual(units)
        expect((BigInt(ticks - 1) * 10_000_000n) / 49_875_000n).toBeLessThan(units === 0n ? 1n : units)
      }),
    )
  })
})

describe('deadlines', () => {
  test('are taken earliest first, equal ones in the order they were set', () => {
    let now = 0
    const time = createTime({ timebase: 50_000_000, instructionsPerTick: 1, systemTime: start }, () => now)
    for (const [id, when] of [
      [1, 30],
      [2, 10],
      [3, 30],
      [4, 20],
    ] as const)
      time.add('wait', id, when)
    time.remove('wait', 4)
    now = 9
    expect(time.takeDue()).toBeUndefined()
    now = 30
    const taken = [time.takeDue(), time.takeDue(), time.takeDue(), time.takeDue()].map(deadline => deadline?.id)
    expect(taken).toEqual([2, 1, 3, undefined])
  })
})

test('a clock whose time before cannot be told is not set', () => {
  const bench = createWorkbench()
  const before = bench.core.kernel.time.systemTime()
  bench.call(1, 'NtSetSystemTime', bench.long(before + 10_000_000_000n), 0x10)
  expect(bench.core.kernel.time.systemTime() - before).toBeLessThan(10_000n)
})
