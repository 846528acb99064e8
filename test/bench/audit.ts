/**
 * What a fact costs: emitted into a silent sink, a bus with no subscriber, one with an empty plugin, with handle-audit
 * and with otel. Each is run nine times, in turn with the silent sink, on the same sequence of facts, in a process of its
 * own, so that none pays for what the compiler learned of another; the medians are printed, and how much two equal runs
 * differ. Times are of the processor. `node test/bench/audit.ts [--json]`
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createSilentSink, type FactSink } from '../../core/facts/sink.ts'
import { factNames, type PluginInstance } from '../../core/index.ts'
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

/** Hand-overs between two threads: wait, signal, end of the wait, wake; on many objects in turn. Answers ns a fact. */
function handOvers(sink: FactSink): () => number {
  const kernel = aKernel(sink)
  const subjects = Array.from({ length: objects }, (_, i) => anEvent(i + 1))
  const lists = subjects.map(subject => [subject.serial])
  const states = subjects.map(subject => [subject.serial, 0])
  const consumer = { ...aScene, tid: 8 }
  for (const subject of subjects) kernel['object.created'](aScene, subject, 0, 0, 0, '')
  return () => {
    const from = process.threadCpuUsage()
    for (let round = 0; round < rounds; round += 1)
      for (let i = 0; i < objects; i += 1) {
        kernel.cycle += 50
        const subject = subjects[i] as (typeof subjects)[number]
        kernel['wait.begun'](consumer, subject, 0, 1, 0, 1, -1, -1, 1, lists[i] as number[])
        const cause = kernel['object.signalled'](aScene, subject, 0, 0, 1, 1)
        kernel['wait.ended'](consumer, subject, cause, 0, 0, 0, 50, states[i] as number[])
        kernel['thread.woken'](consumer, subject, cause, 0, 0)
      }
    // Of this thread alone: what else the host does is not a fact's cost.
    const { user, system } = process.threadCpuUsage(from)
    return ((user + system) * 1000) / facts
  }
}

const context = () => ({
  run: aRun({ runId: 'bench' }),
  machine: viewsOf(),
  log: () => {},
  // Serialized, and thrown away: what the disk costs is the disk's.
  output: () => ({ path: '', write: () => {}, close: () => {} }),
})
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

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

interface Row {
  readonly name: string
  /** Nanoseconds a fact, the kernel's side included. */
  readonly nanoseconds: number
  /** The same over the silent sink beside it. */
  readonly over: number
  /** How much two equal runs of the silent sink differ. */
  readonly noise: number
}

function pairedRuns(name: string): Row {
  const make = listeners[name]
  if (make === undefined) throw new Error(`no listener ${name}`)
  const bus = createBus()
  const instance = make()
  if (instance !== undefined) bus.attach('bench', () => instance)
  const silent = handOvers(createSilentSink())
  const heard = handOvers(bus)
  for (let i = 0; i < 3; i += 1) {
    silent()
    heard()
  }
  const whole: number[] = []
  const over: number[] = []
  const equal: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const nothing = silent()
    const all = heard()
    whole.push(all)
    over.push(all - nothing)
    equal.push(Math.abs(silent() - silent()))
  }
  return { name, nanoseconds: median(whole), over: median(over), noise: median(equal) }
}

/** All listeners, each in a process of its own. */
export const auditBench = (): readonly Row[] =>
  Object.keys(listeners).map(name => {
    const only = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--only', name], { encoding: 'utf8' })
    return JSON.parse(only) as Row
  })

if (import.meta.main) {
  const only = process.argv.indexOf('--only')
  if (only > 0) console.log(JSON.stringify(pairedRuns(process.argv[only + 1] ?? '')))
  else if (process.argv.includes('--json')) console.log(JSON.stringify({ facts, runs, rows: auditBench() }))
  else {
    console.log(`${facts} facts a run, medians of ${runs} paired runs, ns a fact`)
    for (const { name, nanoseconds, over, noise } of auditBench())
      console.log(
        `  ${name.padEnd(28)} ${nanoseconds.toFixed(1).padStart(8)}   over the silent sink ${over.toFixed(1).padStart(8)}   two equal runs differ by ${noise.toFixed(1)}`,
      )
  }
}
