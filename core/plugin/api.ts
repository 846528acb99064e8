/**
 * What a plugin is. A plugin observes: it receives facts (views valid during the call) and read-only views of the
 * machine, and can change neither. Its options are a schema, validated before the title starts.
 *
 *     export default definePlugin({
 *       name: 'count', about: 'counts signals', options: z.object({}),
 *       create: ({ log }) => { let n = 0; return {
 *         facts: ['object.signalled'], fact: () => { n += 1 }, end: () => log(`${n} signals`) } },
 *     })
 */

import type { Serial } from '../base/words.ts'
import type { FactName } from '../facts/catalogue.ts'
import type { Fact } from '../facts/fact.ts'
import type { MachineViews } from '../facts/views.ts'

/** Raised when a plugin written for the version before would no longer work. */
export const pluginApiVersion = 1

/** Anything with zod's `safeParse`; declared here so that the core needs no schema library. */
export interface OptionSchema<O> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: O }
    | {
        readonly success: false
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]
        }
      }
}

/** Identity and clock of a run. */
export interface RunInfo {
  readonly runId: string
  /** Unix time, in nanoseconds, that guest tick 0 stands for in traces. */
  readonly traceBase: bigint
  readonly timebaseHz: number
  readonly version: string
  readonly hostName: string
  readonly title: { readonly name: string; readonly id: number; readonly sha256: string }
  /** The folder for what the run writes; undefined when nothing may be written. */
  readonly out: string | undefined
  /** What the user looks at closely. */
  readonly focus: Focus
}

export interface Focus {
  /** Handle values or object addresses in focus. */
  readonly values: ReadonlySet<number>
  /** Everything is in focus. */
  readonly all: boolean
  /** What the report shows: all of the focus, or these values alone. */
  readonly report: 'none' | 'all' | ReadonlySet<number>
}

/** A file among what the run writes. */
export interface OutputFile {
  /** Where it is, for people. */
  readonly path: string
  /** Appends, and returns when the system has the bytes: nothing waits in memory, and a killed run keeps what it wrote. */
  write(bytes: Uint8Array | string): void
  close(): void
}

export interface PluginContext {
  readonly run: RunInfo
  readonly machine: MachineViews
  /** Makes (or empties) a file of this name in the run's folder; undefined when nothing may be written. */
  output(name: string): OutputFile | undefined
  /** One line to the person who runs it, marked with the plugin's name. */
  log(line: string): void
}

/** How a run ended. */
export interface RunEnd {
  readonly cause: 'finished' | 'limit' | 'until' | 'deadlock' | 'stuck' | 'fault' | 'signal' | 'defect'
  readonly exitStatus: number
  /** One sentence. */
  readonly text: string
  /** The condition of `--until` that was met, as it is typed. */
  readonly met?: string
  /** Where guest code could not go on, when that ended the run. */
  readonly fault?: { readonly tid: number; readonly pc: number; readonly text: string }
  /** What the plugins that offer verdicts say of the threads that wait. */
  readonly verdicts: readonly Verdict[]
}

/** What a diagnosis says of one waiting thread and one object it waits on. */
export interface Verdict {
  readonly tid: number
  readonly serial: Serial
  /** The class of the verdict, kebab case: `never-signalled`. */
  readonly code: string
  /** One sentence that names thread, object and reason. */
  readonly text: string
  /** Nothing in the machine can end this wait any more, or nothing has for long. */
  readonly stuck: boolean
}

/** A part of the end-of-run report. */
export interface ReportSection {
  readonly title: string
  readonly lines: readonly string[]
  /** The same as data, for `--json`. */
  readonly data?: unknown
}

export interface PluginInstance {
  /** Facts to receive. */
  readonly facts?: readonly FactName[]
  /** Facts to receive with their back chain; a subset of `facts`. */
  readonly frames?: readonly FactName[]
  fact?(fact: Fact): void
  /** Instead of `fact`, for a plugin that keeps or forwards facts: the record itself (facts/record.ts), to be copied during the call. */
  record?(record: Uint8Array, length: number): void
  /** Called between slices; the host is awake here. */
  slice?(): void
  /** A promise while the plugin is full: the machine waits there. */
  ready?(): Promise<void> | undefined
  /** The run is over: what this plugin makes of the waiting threads. Asked of all plugins before any `end`. */
  verdicts?(end: Omit<RunEnd, 'verdicts'>): readonly Verdict[]
  /** The run is over: finish, write, send. Awaited. */
  end?(end: RunEnd): void | Promise<void>
  /** Asked after `end`. */
  report?(): readonly ReportSection[]
  /** Counters by name, snake case with `_total` for what only grows; shown in the summary and exported as metrics. */
  counters?(): Readonly<Record<string, number>>
}

export interface Plugin<O = unknown> {
  readonly name: string
  readonly about: string
  /** The version of this API it is written for. */
  readonly api: number
  readonly options: OptionSchema<O>
  create(context: PluginContext, options: O): PluginInstance
}

/** Defines a plugin; the default export of its package. */
export function definePlugin<O>(plugin: Omit<Plugin<O>, 'api'>): Plugin<O> {
  return { ...plugin, api: pluginApiVersion }
}
