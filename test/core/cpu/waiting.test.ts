/** What is hot and waits, and when it is asked for. */
import { describe, expect, test } from 'vitest'
import { createWaiting } from '../../../core/cpu/compiler/waiting.ts'

const threshold = 100
const soon = 1_000_000
const late = 100_000_000

function start(compiled: readonly number[] = []) {
  const clock = { now: 0 }
  const runs = new Map<number, number>()
  const waiting = createWaiting({
    now: () => clock.now,
    since: pc => runs.get(pc) ?? 0,
    isCompiled: pc => compiled.includes(pc),
    threshold,
  })
  return { clock, runs, waiting }
}

describe('what is asked for', () => {
  test('is all that waits, once', () => {
    const { waiting } = start()
    waiting.add(8)
    waiting.join(16)
    expect(waiting.take()).toEqual({ entries: [8], asked: [8, 16] })
    waiting.add(24)
    expect(waiting.take()).toEqual({ entries: [24], asked: [24] })
  })

  test('is a unit that there is only if it is to be made again, and once it is to be it stays so', () => {
    const { waiting } = start([8, 16, 24])
    waiting.add(8)
    waiting.add(16, true)
    waiting.add(24, true)
    waiting.add(24)
    expect(waiting.take().entries).toEqual([16, 24])
  })

  test('is not what was needless, but for what is to be made again', () => {
    const { waiting } = start()
    waiting.add(8)
    waiting.add(16, true)
    waiting.add(24)
    expect(waiting.drop(pc => pc < 24)).toEqual([8])
    expect([8, 16, 24].map(waiting.has)).toEqual([false, true, true])
  })
})

describe('a request is due', () => {
  test('never where nothing waits', () => {
    const { clock, waiting } = start()
    clock.now = late
    waiting.hurry()
    expect(waiting.isDue()).toBe(false)
  })

  test('at once where much waits', () => {
    const { waiting } = start()
    for (let pc = 0; pc < 119; pc += 1) waiting.add(pc)
    expect(waiting.isDue()).toBe(false)
    waiting.add(119)
    expect(waiting.isDue()).toBe(true)
  })

  test('soon where what waits, or will be inside of that, has run as often as makes two hot', () => {
    const { clock, runs, waiting } = start()
    waiting.add(8)
    waiting.join(16)
    runs.set(8, threshold).set(16, threshold)
    clock.now = soon - 1
    expect(waiting.isDue()).toBe(false)
    clock.now = soon
    expect(waiting.isDue()).toBe(true)
  })

  test('late where it has not', () => {
    const { clock, runs, waiting } = start()
    waiting.add(8)
    runs.set(8, 2 * threshold - 1)
    for (clock.now = soon; clock.now < late; clock.now += soon) expect(waiting.isDue()).toBe(false)
    expect(waiting.isDue()).toBe(true)
  })

  test('soon where nobody counts how often something runs, until that is asked for', () => {
    const { clock, waiting } = start()
    waiting.add(8)
    waiting.hurry()
    clock.now = soon
    expect(waiting.isDue()).toBe(true)
    waiting.take()
    waiting.add(16)
    clock.now = 2 * soon
    expect(waiting.isDue()).toBe(false)
  })
})
