import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { limits } from '../../../core/base/limits.ts'
import { type FactName, maskOf } from '../../../core/facts/catalogue.ts'
import type { PluginInstance } from '../../../core/plugin/api.ts'
import { createBus } from '../../../core/plugin/bus.ts'
import { aKernel, anEvent, aScene } from '../../kit/facts.ts'

const signal = (kernel: ReturnType<typeof aKernel>, serial = 1) =>
  kernel['object.signalled'](aScene, anEvent(serial), 0, 0, 1, 0)

test('each subscriber gets the kinds it asked for, in the order they happened, first attached first', () => {
  const bus = createBus()
  const seen: string[] = []
  const listener = (name: string, facts: readonly FactName[]): PluginInstance => ({
    facts,
    fact: fact => void seen.push(`${name} ${fact.kind} ${fact.sequence}`),
  })
  bus.attach('a', () => listener('a', ['object.signalled', 'object.reset']))
  bus.attach('b', () => listener('b', ['object.reset']))
  const kernel = aKernel(bus)
  signal(kernel)
  kernel['object.pulsed'](aScene, anEvent(1), 0, 0, 0)
  kernel['object.reset'](aScene, anEvent(1), 0, 1)
  expect(seen).toEqual(['a object.signalled 1', 'a object.reset 3', 'b object.reset 3'])
})

test('with nobody attached the mask is empty, and facts are still counted', () => {
  const bus = createBus()
  signal(aKernel(bus))
  expect([bus.mask, bus.framesMask, bus.sequence]).toEqual([maskOf([]), maskOf([]), 1])
  expect(bus.balance()).toMatchObject({ happened: 1, built: 0, unasked: 1 })
})

test('a plugin that asks for frames asks for the fact too, and stacks are walked for those facts alone', () => {
  const bus = createBus()
  bus.attach('a', () => ({ facts: ['object.reset'], frames: ['object.created'] }))
  expect(bus.mask).toEqual(maskOf(['object.reset', 'object.created']))
  expect(bus.framesMask).toEqual(maskOf(['object.created']))
  const kernel = aKernel(bus)
  kernel['object.created'](aScene, anEvent(1), 0, 0, 1, '')
  kernel['object.reset'](aScene, anEvent(1), 0, 0)
  expect(kernel.walks).toBe(1)
})

test('a plugin may take the record itself', () => {
  const bus = createBus()
  const lengths: number[] = []
  bus.attach('a', () => ({
    facts: ['object.reset'],
    record: (record, length) => void lengths.push(length, new DataView(record.buffer).getUint16(2, true)),
  }))
  aKernel(bus)['object.reset'](aScene, anEvent(1), 0, 0)
  expect(lengths).toEqual([72, 72])
})

test('a plugin that throws is named with the fact, and the others get the fact all the same', () => {
  const said: string[] = []
  const bus = createBus({ failed: ({ subscriber, at }) => void said.push(`${subscriber.name} at ${at}`) })
  let others = 0
  bus.attach('bad', () => ({
    facts: ['object.signalled'],
    fact() {
      throw new Error('no')
    },
  }))
  bus.attach('good', () => ({
    facts: ['object.signalled'],
    fact: () => {
      others += 1
    },
  }))
  signal(aKernel(bus))
  expect(said).toEqual(['bad at object.signalled'])
  expect(others).toBe(1)
})

test('a plugin is muted after the stated number of failures, and what it then misses is counted to the last fact', () => {
  const bus = createBus()
  let called = 0
  const seat = bus.attach('bad', () => ({
    frames: ['object.signalled'],
    fact() {
      called += 1
      throw new Error('no')
    },
  }))
  const kernel = aKernel(bus)
  const allowed = limits.pluginFailures.value
  for (let i = 0; i < allowed + 5; i += 1) signal(kernel)
  expect(called).toBe(allowed)
  expect(seat).toMatchObject({ muted: true, failures: allowed, firstFailure: 'failed at object.signalled: no' })
  expect(bus.framesMask).toEqual(maskOf([]))
  expect(bus.balance().plugins[0]).toMatchObject({ offered: allowed + 5, delivered: 0, failed: allowed, muted: 5 })
})

test('a handler that answers with a promise failed, and its rejection ends nothing', async () => {
  const bus = createBus()
  const seat = bus.attach('late', () => ({
    facts: ['object.signalled'],
    fact: (async () => {
      throw new Error('too late')
    }) as () => void,
  }))
  signal(aKernel(bus))
  await new Promise(resolve => setImmediate(resolve))
  expect(seat.firstFailure).toContain('valid during the call only')
})

test('a strict run stops at the first failure, with the plugin and the fact', () => {
  const bus = createBus({ strict: true })
  bus.attach('bad', () => ({
    facts: ['object.signalled'],
    fact() {
      throw new Error('no')
    },
  }))
  let caught: unknown
  try {
    signal(aKernel(bus))
  } catch (error) {
    caught = error
  }
  expect(caught).toBeInstanceOf(Failure)
  expect(caught).toMatchObject({
    code: 'PLUGIN_FAILED',
    status: 70,
    message: 'plugin bad: failed at object.signalled: no',
  })
})

test('a plugin that cannot be made, or asks for a fact there is not, has no facts and harms nobody', () => {
  const bus = createBus()
  const unmade = bus.attach('unmade', () => {
    throw new Error('no disk')
  })
  const misspelt = bus.attach('misspelt', () => ({ facts: ['object.signaled' as FactName] }))
  expect(unmade.firstFailure).toBe('failed at create: no disk')
  expect(misspelt.firstFailure).toContain('object.signaled')
  expect(bus.mask).toEqual(maskOf([]))
})

test('the time of a plugin is that of its first facts and a sample of the rest, and asks the clock seldom', () => {
  let asked = 0
  let now = 0
  let cost = 100
  const bus = createBus({
    clock: () => {
      asked += 1
      return now
    },
  })
  bus.attach('slow at first', () => ({
    facts: ['object.signalled'],
    fact() {
      now += cost
      cost = 3
    },
  }))
  const kernel = aKernel(bus)
  const every = limits.pluginTimeSample.value
  for (let i = 0; i < 11 * every; i += 1) signal(kernel)
  expect(bus.balance().plugins[0]?.milliseconds).toBe(100 + (11 * every - 1) * 3)
  expect(asked).toBe(2 * (every + 10))
})

test('a machine restored from a snapshot goes on counting, and the balance is that of this run', () => {
  const bus = createBus()
  bus.resume(1000)
  bus.attach('a', () => ({ facts: ['object.signalled'], fact: () => {} }))
  const kernel = aKernel(bus)
  expect(signal(kernel)).toBe(1001)
  kernel['object.reset'](aScene, anEvent(1), 0, 0)
  expect(bus.balance()).toMatchObject({ happened: 2, built: 1, unasked: 1 })
})

test('the balance sheet balances for any plugins, any facts and any failures', () => {
  const kinds = ['object.signalled', 'object.reset', 'object.pulsed'] as const
  fc.assert(
    fc.property(
      fc.array(fc.record({ facts: fc.subarray([...kinds]), failsAt: fc.integer({ min: 2, max: 9 }) }), {
        maxLength: 4,
      }),
      fc.array(fc.constantFrom(...kinds), { maxLength: 200 }),
      (plugins, happening) => {
        const bus = createBus()
        plugins.forEach(({ facts, failsAt }, i) => {
          let n = 0
          bus.attach(`p${i}`, () => ({
            facts,
            fact() {
              n += 1
              if (n % failsAt === 0) throw new Error('again')
            },
          }))
        })
        const kernel = aKernel(bus)
        for (const kind of happening) {
          if (kind === 'object.signalled') signal(kernel)
          else if (kind === 'object.reset') kernel[kind](aScene, anEvent(1), 0, 0)
          else kernel[kind](aScene, anEvent(1), 0, 0, 0)
        }
        const sheet = bus.balance()
        expect(sheet.happened).toBe(happening.length)
        expect(sheet.built + sheet.unasked).toBe(sheet.happened)
        sheet.plugins.forEach((one, i) => {
          const asked = happening.filter(kind => plugins[i]?.facts.includes(kind)).length
          expect(one.offered).toBe(asked)
          expect(one.delivered + one.failed + one.muted).toBe(asked)
        })
      },
    ),
  )
})
