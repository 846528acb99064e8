/** A run told to go on until something stands at one point, whoever watches, in either engine, however it is sliced. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConditions } from '../../core/base/condition.ts'
import { guest } from '../guests/expectations.ts'
import { type RunSpec, runFile } from '../kit/runs.ts'

async function standing(name: string, until: string, spec: RunSpec = {}) {
  const conditions = parseConditions(until) ?? []
  const { machine, end } = await runFile(guest(name).xex, { ...spec, options: { until: conditions } })
  return { met: end.met, cause: end.cause, at: [machine.instructions, machine.cycle, machine.digest()] }
}

const cases = [
  ['title-road', 'swaps:2', 'until'],
  ['title-road', 'swaps:6', 'until'],
  ['title-road', 'cycle:12345', 'until'],
  ['title-road', 'facts:40', 'until'],
  ['title-road', 'swaps:3,cycle:40', 'until'],
  ['timers', 'cycle:300001', 'until'],
  ['semaphore', 'facts:17', 'until'],
  ['event-auto', 'signalled:0x1004:3', 'until'],
  ['never-signalled', 'stuck', 'deadlock'],
  ['fault', 'facts:1G,fault', 'fault'],
] as const

describe.each(cases)('%s until %s', (name, until, cause) => {
  test('stops at one point, in slices of any length, with plugins and without, in both engines', async () => {
    const alone = await standing(name, until)
    expect(alone.cause).toBe(cause)
    expect(until.split(',')).toContain(alone.met)
    const seed = fc.sample(fc.integer(), 1)[0] ?? 0
    const lengths = fc.sample(fc.integer({ min: 1, max: 5_000 }), { seed, numRuns: 64 })
    let next = 0
    const slice = () => lengths[next++ % lengths.length] ?? 1
    expect(await standing(name, until, { slice }), `seed ${seed}`).toEqual(alone)
    expect(await standing(name, until, { plugins: ['diagnose', 'handle-audit'] })).toEqual(alone)
    expect(await standing(name, until, { engine: 'compiler', slice }), `compiler, seed ${seed}`).toEqual(alone)
  })
})

describe('a condition', () => {
  test('of cycles is met to the tick', async () => {
    const { at } = await standing('timers', 'cycle:300001')
    expect(at[1]).toBe(300_001)
  })

  test('that comes too late changes nothing', async () => {
    const plain = await standing('event-auto', '')
    expect(plain.cause).toBe('finished')
    expect(await standing('event-auto', 'swaps:1,facts:1G,fault,stuck')).toEqual(plain)
  })
})
