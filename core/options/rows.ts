/**
 * Every flag of `xenoscope run` (and `demo`), one row each. The parser, the help, the check of ranges, the types of the
 * values and the table in the README are computed from the rows; the flag of the key `stuckAfter` is `--stuck-after`.
 * Flags of the other commands are rows of the same form beside the command.
 */
import type { KindName } from './kinds.ts'

export const optionGroups = ['The run', 'What to look at', 'Output', 'The machine', 'Plugins'] as const

export interface OptionRow {
  readonly kind: KindName
  readonly group?: (typeof optionGroups)[number]
  /** One letter for a single dash. */
  readonly short?: string
  /** Placeholder of the value where the kind's own says too little. */
  readonly argument?: string
  /** The value is taken after `=` alone, so that the flag never eats the title. */
  readonly attached?: true
  /** The flag may stand without a value. */
  readonly bare?: true
  /** What holds when neither flag nor environment says otherwise, as one would type it; absent for none. */
  readonly default?: string
  /** Smallest and largest value, in the unit of the kind. */
  readonly range?: readonly [number, number]
  /** A step that a value must be a multiple of. */
  readonly step?: number
  /** The words of a choice. */
  readonly choices?: readonly string[]
  /** Environment variables that stand in for the flag, the first that is set. */
  readonly env?: readonly string[]
  readonly repeatable?: true
  /** One sentence without a full stop. */
  readonly about: string
  /** First version that has it. */
  readonly since: string
}

export type OptionRows = Readonly<Record<string, OptionRow>>

const row = <const R extends Omit<OptionRow, 'since'>>(r: R): R & { readonly since: '0.1' } => ({ ...r, since: '0.1' })

export const runOptions = {
  instructions: row({
    kind: 'count',
    group: 'The run',
    short: 'n',
    range: [1, Number.MAX_SAFE_INTEGER],
    about: 'stop after exactly this many instructions, summed over the hardware threads',
  }),
  until: row({
    kind: 'conditions',
    group: 'The run',
    repeatable: true,
    about:
      'stop with status 0 where the first of these is met: swaps:N frames presented, cycle:N ticks, facts:N, ' +
      'signalled:HANDLE[:N] the N-th signal of the object that value names, fault, stuck',
  }),
  stuckAfter: row({
    kind: 'duration',
    group: 'The run',
    default: '30s',
    range: [0, 86_400_000],
    about: 'guest time in which nothing but device callbacks and poll loops ran that counts as stuck; 0 for never',
  }),
  runId: row({
    kind: 'name',
    group: 'The run',
    about: 'identity of the run in traces and folders; a hash of title, options and trace base unless given',
  }),
  traceBase: row({
    kind: 'instant',
    group: 'The run',
    about: 'the moment that guest time 0 stands for in traces; the time of the start unless given',
  }),
  traceHandles: row({
    kind: 'trails',
    group: 'What to look at',
    attached: true,
    bare: true,
    env: ['XENOSCOPE_TRACE_HANDLES'],
    about: 'report the trails of all objects; with values, of these alone, and they are in focus',
  }),
  traceHandlesFocus: row({
    kind: 'values',
    group: 'What to look at',
    attached: true,
    about: 'these are in focus (call stacks at creation, trails of calls on nothing), and the report shows all',
  }),
  trails: row({
    kind: 'flag',
    group: 'What to look at',
    about: 'everything is in focus, and the report shows the trail of every object',
  }),
  map: row({
    kind: 'path',
    group: 'What to look at',
    argument: 'FILE',
    about: "linker's map with names for addresses; the one beside the title unless given",
  }),
  frames: row({
    kind: 'number',
    group: 'What to look at',
    default: '6',
    range: [0, 64],
    about: 'frames of a call stack to record with a fact; 0 for none',
  }),
  profile: row({
    kind: 'flag',
    group: 'What to look at',
    about: 'report where the instructions went: hot functions, what the compiler made of them and why it was left',
  }),
  dumpWasm: row({
    kind: 'text',
    group: 'What to look at',
    argument: 'FUNCTION',
    about:
      'after the run, print what the compiler makes of the function at this address or of this name: ' +
      'guest code, structured form and WebAssembly side by side',
  }),
  out: row({
    kind: 'path',
    group: 'Output',
    argument: 'FOLDER',
    default: 'xenoscope-out',
    about: 'folder for what a run writes; each run has its own folder in it',
  }),
  otlp: row({
    kind: 'url',
    group: 'Output',
    env: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    about: 'stream the traces to this OTLP endpoint, and print their addresses',
  }),
  json: row({ kind: 'flag', group: 'Output', about: 'print the whole report as one JSON document' }),
  quiet: row({ kind: 'flag', group: 'Output', about: 'print no progress and no report' }),
  stableDigest: row({
    kind: 'flag',
    group: 'Output',
    about: 'print `instructions=N cycles=N digest=HEX`, the same for every run of a title with the same options',
  }),
  handleBase: row({
    kind: 'address',
    group: 'The machine',
    default: '0x1000',
    range: [0x1000, 0xf8000000],
    step: 4,
    about: 'the handle table starts above this value; 0xF8000000 as on the console',
  }),
  timebase: row({
    kind: 'count',
    group: 'The machine',
    argument: 'HERTZ',
    default: '50M',
    range: [1_000_000, 1_000_000_000],
    about: 'frequency of the guest timebase; 49.875M as on the console',
  }),
  instructionsPerTick: row({
    kind: 'number',
    group: 'The machine',
    default: '64',
    range: [1, 65_536],
    about: 'instructions that make one tick of the timebase',
  }),
  ioRate: row({
    kind: 'count',
    group: 'The machine',
    argument: 'BYTES',
    default: '16M',
    range: [1_000, 1_000_000_000_000],
    about: 'bytes a second of guest time that a file is read or written with',
  }),
  input: row({
    kind: 'path',
    group: 'The machine',
    argument: 'FILE',
    about: 'what the game pads do, a line an action: `1.5s 0 press A 100ms`',
  }),
  fpscr: row({
    kind: 'choice',
    group: 'The machine',
    default: 'fast',
    choices: ['fast', 'exact'],
    about:
      'the floating-point status: `fast` leaves out result class, inexact and underflow of ordinary results, `exact` nothing',
  }),
  engine: row({
    kind: 'choice',
    group: 'The machine',
    default: 'tiered',
    choices: ['interpreter', 'tiered', 'compiler'],
    about: 'how instructions are executed: interpreted, compiled where hot, or compiled at first sight',
  }),
  plugin: row({
    kind: 'text',
    group: 'Plugins',
    argument: 'NAME[:option=value,…]',
    repeatable: true,
    about: 'load a plugin by name, path or package, besides diagnose and otel',
  }),
  noPlugins: row({ kind: 'flag', group: 'Plugins', about: 'load no plugin at all' }),
  strictPlugins: row({ kind: 'flag', group: 'Plugins', about: 'a plugin that fails stops the run' }),
} as const satisfies OptionRows

export type RunOptions = typeof runOptions
