import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../../core/cpu/run.ts'
import { createSilentSink } from '../../../core/facts/sink.ts'
import { createMachine } from '../../../core/machine/machine.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { demo, guests } from '../../guests/expectations.ts'
import { lateTranslation } from '../../kit/translation.ts'
import { imageOf } from '../machine/guests.ts'

const memory = createMemory()

/** How a guest program ends: after `limit` instructions at the latest, in slices that go round the list. */
function endOf(path: string, engine: Engine, limit: number, slices: readonly number[], delays?: readonly number[]) {
  const machine = createMachine({
    image: imageOf(path),
    sink: createSilentSink(),
    memory,
    engine,
    options: { limit },
    ...(delays && { translation: lateTranslation(delays) }),
  })
  for (let turn = 0; ; turn += 1) {
    const stop = machine.run(slices[turn % slices.length] ?? 1)
    if (stop !== undefined) return { text: stop.text, count: machine.instructions, digest: machine.digest() }
  }
}

describe('in every engine', () => {
  test.each([...guests(), demo()])('$name ends with the same digest, at any slices and any count', guest => {
    const whole = endOf(guest.xex, 'interpreter', 3_000_000, [1_000_000])
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: Math.ceil(whole.count / 300), max: whole.count }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: whole.count }),
        fc.constantFrom<Engine>('compiler', 'tiered'),
        fc.option(fc.array(fc.nat(200), { minLength: 1, maxLength: 4 }), { nil: undefined }),
        (slices, limit, engine, delays) => {
          expect(endOf(guest.xex, engine, 3_000_000, slices, delays)).toEqual(whole)
          expect(endOf(guest.xex, engine, limit, slices, delays)).toEqual(
            endOf(guest.xex, 'interpreter', limit, [limit]),
          )
        },
      ),
      { numRuns: 3 },
    )
  })
})
