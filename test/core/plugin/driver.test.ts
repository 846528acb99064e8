import { expect, test } from 'vitest'
import { limits } from '../../../core/base/limits.ts'
import { serial } from '../../../core/base/words.ts'
import type { PluginInstance, RunEnd } from '../../../core/plugin/api.ts'
import { createDriver, type DriverOptions } from '../../../core/plugin/driver.ts'
import { aKernel, anEvent, aPlugin, aRun, aScene, viewsOf } from '../../kit/facts.ts'

function drive(plugins: Record<string, () => PluginInstance>, options: Partial<DriverOptions> = {}) {
  const lines: string[] = []
  const driver = createDriver({
    plugins: Object.entries(plugins).map(([name, create]) => ({ plugin: aPlugin(name, create), options: {} })),
    log: line => void lines.push(line),
    ...options,
  })
  driver.start(aRun(), viewsOf())
  return { driver, lines, kernel: aKernel(driver.sink) }
}

const over = { cause: 'stuck', exitStatus: 4, text: 'nothing moves' } as const

test('a plugin is made with its options, its run and a voice of its own', () => {
  const seen: unknown[] = []
  const lines: string[] = []
  const driver = createDriver({
    plugins: [
      {
        plugin: aPlugin('mine', (context, options) => {
          seen.push(context.run.runId, options, context.output('x'))
          context.log('here')
          return {}
        }),
        options: { depth: 3 },
      },
    ],
    log: line => void lines.push(line),
  })
  driver.start(aRun(), viewsOf())
  expect(seen).toEqual(['run-1', { depth: 3 }, undefined])
  expect(lines).toEqual(['mine: here'])
})

test('the machine waits only while a plugin is full, and that time is the plugin’s', async () => {
  let release = () => {}
  let full = false
  let now = 0
  const { driver } = drive(
    {
      full: () => ({
        ready: () =>
          full
            ? new Promise<void>(resolve => {
                release = resolve
              })
            : undefined,
      }),
      empty: () => ({}),
    },
    { clock: () => now },
  )
  expect(driver.ready()).toBeUndefined()
  full = true
  const waiting = driver.ready()
  expect(waiting).toBeInstanceOf(Promise)
  now = 250
  release()
  await waiting
  expect(driver.summary().map(one => one.waitedMilliseconds)).toEqual([250, 0])
})

test('verdicts of all plugins reach the end of all plugins, whatever their order', async () => {
  const ends: RunEnd[] = []
  const verdict = { tid: 7, serial: serial(5), code: 'never-signalled', text: 'nobody ever set it', stuck: true }
  const { driver } = drive({
    first: () => ({ end: end => void ends.push(end) }),
    diagnose: () => ({ verdicts: () => [verdict], end: end => void ends.push(end) }),
  })
  const whole = await driver.finish(over)
  expect(whole).toEqual({ ...over, verdicts: [verdict] })
  expect(ends).toEqual([whole, whole])
})

test('each step of a failing plugin is isolated, said once and counted', async () => {
  const failing = (): never => {
    throw new Error('no')
  }
  const { driver, lines, kernel } = drive({
    bad: () => ({
      facts: ['object.signalled'],
      fact: failing,
      slice: failing,
      ready: () => Promise.reject(new Error('never')),
      verdicts: failing,
      end: () => Promise.reject(new Error('late')),
      report: failing,
      counters: failing,
    }),
    good: () => ({ report: () => [{ title: 'Good', lines: ['well'] }], counters: () => ({ well_total: 1 }) }),
  })
  kernel['object.signalled'](aScene, anEvent(1), 0, 0, 1, 0)
  driver.slice()
  await driver.ready()
  await driver.finish(over)
  expect(driver.sections()).toEqual([{ title: 'Good', lines: ['well'] }])
  expect(driver.summary()).toMatchObject([
    { plugin: 'bad', failures: 7, muted: false, firstFailure: 'failed at object.signalled: no', counters: {} },
    { plugin: 'good', failures: 0, counters: { well_total: 1 } },
  ])
  expect(lines).toEqual(['bad: failed at object.signalled: no'])
})

test('a muted plugin is let alone between slices, and still gets its end', async () => {
  let slices = 0
  let ended = false
  const { driver, lines } = drive({
    bad: () => ({
      slice() {
        slices += 1
        throw new Error('no')
      },
      end: () => {
        ended = true
      },
    }),
  })
  for (let i = 0; i < 40; i += 1) driver.slice()
  await driver.finish(over)
  expect(slices).toBe(limits.pluginFailures.value)
  expect(lines).toEqual(['bad: failed at slice: no', `bad: failed ${slices} times and gets no more facts`])
  expect(ended).toBe(true)
})

test('a strict run fails for a plugin that fails at its end, but only after every other had its own', async () => {
  let ended = false
  const { driver } = drive(
    {
      bad: () => ({ end: () => Promise.reject(new Error('late')) }),
      good: () => ({
        end: () => {
          ended = true
        },
      }),
    },
    { strict: true },
  )
  await expect(driver.finish(over)).rejects.toThrow('plugin bad: failed at end: late')
  expect(ended).toBe(true)
})

test('a strict run does not begin with a plugin that cannot be made', () => {
  const unmade = (): PluginInstance => {
    throw new Error('no disk')
  }
  expect(() => drive({ unmade }, { strict: true })).toThrow('plugin unmade: failed at create: no disk')
})
