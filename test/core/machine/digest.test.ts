import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { copyState } from '../../../core/base/state.ts'
import { createSilentSink } from '../../../core/facts/sink.ts'
import { guests } from '../../guests/expectations.ts'
import { seed } from '../../seed.ts'
import { createGreedySink, machineOf, runToEnd } from './guests.ts'

/** A generator of the test's own, so that a printed seed brings everything back. */
function randomOf(start: number): () => number {
  let state = start | 1
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39
    return (state >>> 0) / 2 ** 32
  }
}

const outcome = ({ machine }: ReturnType<typeof machineOf>) => ({
  instructions: machine.instructions,
  cycle: machine.cycle,
  digest: machine.digest(),
})

const all = guests()
const known = new Map(
  all.map(guest => {
    const made = machineOf(guest.elf)
    runToEnd(made.machine)
    return [guest.name, { ...outcome(made), printed: made.printed }]
  }),
)

describe(`one digest (SEED=${seed})`, () => {
  test.each(all)('$name comes out the same in slices of any length, with everything listened to', guest => {
    const random = randomOf(seed)
    const sink = createGreedySink()
    const made = machineOf(guest.elf, sink)
    runToEnd(made.machine, () => 1 + Math.floor(random() ** 4 * 20_000))
    expect({ ...outcome(made), printed: made.printed }).toEqual(known.get(guest.name))
    expect(sink.taken).toBe(sink.sequence)
  })

  test.each(all)('$name goes on from a snapshot at any instruction as if there had been none', guest => {
    const expected = known.get(guest.name)
    const random = randomOf(seed + 1)
    for (let round = 0; round < (guest.exit === 0 ? 1 : 2); round += 1) {
      const at = Math.floor(random() * (expected?.instructions ?? 0))
      const first = machineOf(guest.elf, createGreedySink())
      first.machine.run(at)
      const saved = copyState(first.machine.save())
      const before = first.machine.digest()
      const second = machineOf(guest.elf, createSilentSink())
      second.machine.load(saved)
      expect(second.machine.digest(), `after ${at} instructions`).toBe(before)
      runToEnd(second.machine)
      expect(outcome(second), `after ${at} instructions`).toEqual({ ...expected, printed: undefined })
    }
  })
})

describe('a snapshot', () => {
  test('brings back what a report says: where things were made, signalled and waited for', () => {
    for (const guest of all.filter(({ stuck }) => stuck.length > 0).slice(0, 8)) {
      const first = machineOf(guest.elf)
      runToEnd(first.machine)
      const saved = copyState(first.machine.save())
      const shown = [
        first.machine.views.threads().filter(thread => thread.state !== 'exited'),
        first.machine.views.objects().filter(object => object.alive),
      ]
      const second = machineOf(guest.elf)
      second.machine.load(saved)
      expect([second.machine.views.threads(), second.machine.views.objects()]).toEqual(shown)
    }
  })
})

describe('the digest', () => {
  test('is of the title and its options: another handle base is another run', () => {
    const guest = all.find(({ name }) => name === 'event-auto')
    if (guest === undefined) throw new Error('the guest is gone')
    const made = machineOf(guest.elf, createSilentSink(), { handleBase: 0xf8000000 })
    runToEnd(made.machine)
    expect(made.machine.digest()).not.toBe(known.get(guest.name)?.digest)
  })

  test('changes with a bit of memory, and with one register', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), count => {
        const guest = all.find(({ name }) => name === 'mutant')
        if (guest === undefined) throw new Error('the guest is gone')
        const made = machineOf(guest.elf)
        made.machine.run(count)
        const one = made.machine.digest()
        made.machine.run(1)
        expect(made.machine.digest()).not.toBe(one)
      }),
      { numRuns: 5, seed },
    )
  })
})

afterAll(() => known.clear())
