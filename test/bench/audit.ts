/**
 * What a fact costs: emitted into a silent sink, a bus with no subscriber, one with an empty plugin, with handle-audit
 * and with otel. Each is run nine times, in turn with the silent sink, on the same sequence of facts; the medians are
 * printed, and how much two equal runs differ. `node test/bench/audit.ts [--json]`
 */
import { createSilentSink, type FactSink } from '../../core/facts/sink.ts'
import { factNames, type PluginInstance, type RunEnd } from '../../core/index.ts'
import { createBus } from '../../core/plugin/bus.ts'
import handleAudit from '../../plugins/handle-audit/index.ts'
import { options as auditOptions } from '../../plugins/handle-audit/options.ts'
import { createOtel } from '../../plugins/otel/index.ts'
import { options as otelOptions } from '../../plugins/otel/options.ts'
import { aKernel, anEvent, aRun, aScene, viewsOf } from '../kit/facts.ts'

const objects = 256
const rounds = 400
const factsPerHandOver = 4
const facts = objects * rounds * factsPerHandOver
const runs = 9

/** A hand-over between two threads: wait, signal, end of the wait, wake; on many objects in turn. */
function handOvers(sink: FactSink): number {
  const kernel = aKernel(sink)
  const subjects = Array.from({ length: objects }, (_, i) => anEvent(i + 1))
  const lists = subjects.map(subject => [subject.serial])
  const states = subjects.map(subject => [subject.serial, 0])
  const consumer = { ...aScene, tid: 8 }
  for (const subject of subjects) kernel['object.created'](aScene, subject, 0, 0, 0, '')
  const from = performance.now()
  for (let round = 0; round < rounds; round += 1)
    for (let i = 0; i < objects; i += 1) {
      kernel.cycle += 50
      const subject = subjects[i] as (typeof subjects)[number]
      kernel['wait.begun'](consumer, subject, 0, 1, 0, 1, -1, -1, 1, lists[i] as number[])
      const cause = kernel['object.signalled'](aScene, subject, 0, 0, 1, 1)
      kernel['wait.ended'](consumer, subject, cause, 0, 0, 0, 50, states[i] as number[])
      kernel['thread.woken'](consumer, subject, cause, 0, 0)
    }
  return ((performance.now() - from) * 1e6) / facts
}

const context = () => ({
  run: aRun({ runId: 'bench' }),
  machine: viewsOf(),
  log: () => {},
  // Serialized, and thrown away: what the disk costs is the disk's.
  output: () => ({ path: '', write: () => {}, close: () => {} }),
})
const end: RunEnd = { cause: 'finished', exitStatus: 0, text: '', verdicts: [] }
const withoutFrames = (instance: PluginInstance): PluginInstance => ({ ...instance, frames: [] })

const listeners: Readonly<Record<string, () => PluginInstance | undefined>> = {
  'bus, no subscriber': () => undefined,
  'empty plugin, all facts': () => ({ facts: factNames, fact: () => {} }),
  'handle-audit, frames off': () => handleAudit.create(context(), auditOptions.parse({})),
  'handle-audit, all in focus': () =>
    handleAudit.create(
      { ...context(), run: aRun({ focus: { values: new Set(), all: true, report: 'none' } }) },
      auditOptions.parse({}),
    ),
  'otel to a file, frames off': () => withoutFrames(createOtel(context(), otelOptions.parse({}))),
  'otel to a file, frames on': () => createOtel(context(), otelOptions.parse({})),
}

async function measure(make: () => PluginInstance | undefined): Promise<number> {
  const bus = createBus()
  const instance = make()
  if (instance !== undefined) bus.attach('bench', () => instance)
  const nanoseconds = handOvers(bus)
  await instance?.end?.(end)
  return nanoseconds
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

interface Row {
  readonly name: string
  /** Nanoseconds a fact, the kernel's side included. */
  readonly nanoseconds: number
  /** The same over the silent sink beside it. */
  readonly over: number
}

export async function auditBench(): Promise<{ readonly rows: readonly Row[]; readonly noise: number }> {
  const rows: Row[] = []
  // Both kinds of sink are met before anything is measured, so that no run is the one that teaches the compiler.
  for (let i = 0; i < 2; i += 1) {
    handOvers(createSilentSink())
    for (const make of Object.values(listeners)) await measure(make)
  }
  const equal = Array.from({ length: runs }, () => handOvers(createSilentSink()) - handOvers(createSilentSink()))
  for (const [name, make] of Object.entries(listeners)) {
    const whole: number[] = []
    const over: number[] = []
    for (let run = 0; run < runs; run += 1) {
      const silent = handOvers(createSilentSink())
      const heard = await measure(make)
      whole.push(heard)
      over.push(heard - silent)
    }
    rows.push({ name, nanoseconds: median(whole), over: median(over) })
  }
  return { rows, noise: median(equal.map(Math.abs)) }
}

if (import.meta.main) {
  const { rows, noise } = await auditBench()
  if (process.argv.includes('--json')) console.log(JSON.stringify({ facts, runs, noise, rows }))
  else {
    console.log(`${facts} facts a run, medians of ${runs} paired runs, ns a fact`)
    for (const { name, nanoseconds, over } of rows)
      console.log(
        `  ${name.padEnd(28)} ${nanoseconds.toFixed(1).padStart(8)}   over the silent sink ${over.toFixed(1)}`,
      )
    console.log(`  two equal runs of the silent sink differ by ${noise.toFixed(1)}`)
  }
}
