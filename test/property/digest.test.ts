/** One digest for a title, whoever watches and however it is sliced. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { demo, guests } from '../guests/expectations.ts'
import { runFile } from '../kit/runs.ts'

const everything = { values: new Set<number>(), all: true, report: 'all' as const }
const watchers = [{ plugins: ['diagnose'] }, { plugins: ['diagnose', 'handle-audit', 'otel'], focus: everything }]

describe.each([...guests(), demo()])('$name', ({ xex }) => {
  test('has one digest with plugins and without, in slices of any length', async () => {
    const alone = await runFile(xex)
    const expected = [alone.machine.digest(), alone.machine.instructions, alone.machine.cycle]
    for (const spec of watchers) {
      const seed = fc.sample(fc.integer(), 1)[0] ?? 0
      const lengths = fc.sample(fc.integer({ min: 1, max: 5_000 }), { seed, numRuns: 64 })
      let next = 0
      const { machine } = await runFile(xex, { ...spec, slice: () => lengths[next++ % lengths.length] ?? 1 })
      expect([machine.digest(), machine.instructions, machine.cycle], `seed ${seed}`).toEqual(expected)
    }
  })
})
