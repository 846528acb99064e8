/** From the values of the flags to what a run is made of: machine options, focus, plugins, identity. */
import { shortHash } from '../base/digest.ts'
import type { Clock } from '../host/clock.ts'
import type { MachineOptions } from '../machine/options.ts'
import type { RunOptions } from '../options/rows.ts'
import type { OptionValues } from '../options/values.ts'
import type { Focus } from '../plugin/api.ts'
import { type OptionTexts, type PluginSpecifier, parseSpecifier } from '../plugin/load.ts'

export type RunValues = OptionValues<RunOptions>

export function machineOptionsOf(values: RunValues): Partial<MachineOptions> {
  const {
    timebase,
    instructionsPerTick,
    handleBase,
    stuckAfter,
    frames,
    ioRate,
    fpscr,
    instructions: limit,
    until,
  } = values
  return { timebase, instructionsPerTick, handleBase, stuckAfter, frames, ioRate, fpscr, limit, until: until.flat() }
}

export function focusOf({ traceHandles, traceHandlesFocus, trails }: RunValues): Focus {
  const reported = Array.isArray(traceHandles) ? new Set<number>(traceHandles) : undefined
  const values = new Set<number>([...(reported ?? []), ...(traceHandlesFocus ?? [])])
  if (trails || traceHandlesFocus !== undefined || traceHandles === 'all') return { values, all: trails, report: 'all' }
  return { values, all: false, report: reported ?? 'none' }
}

const alwaysLoaded = 'diagnose'
const tracer = 'otel'
const auditor = 'handle-audit'

/** What a run loads of itself, with the user's options put in, then what the user adds. */
export function pluginsOf(values: RunValues): PluginSpecifier[] {
  if (values.noPlugins) return values.plugin.map(parseSpecifier)
  const ofOurs: PluginSpecifier[] = [
    { name: alwaysLoaded, options: {} },
    { name: tracer, options: values.otlp === undefined ? {} : { endpoint: values.otlp } },
  ]
  const { report, all } = focusOf(values)
  if (report !== 'none' || all) ofOurs.splice(1, 0, { name: auditor, options: {} })
  const merged = new Map<string, OptionTexts>(ofOurs.map(({ name, options }) => [name, options]))
  for (const { name, options } of values.plugin.map(parseSpecifier))
    merged.set(name, { ...merged.get(name), ...options })
  return [...merged].map(([name, options]) => ({ name, options }))
}

export interface Identity {
  readonly runId: string
  readonly traceBase: bigint
}

/** A run id says what was run how and when; with both given, a run is told apart from no other. */
export function identityOf(values: RunValues, clock: Clock, sha256: string, machineOptions: unknown): Identity {
  const traceBase = values.traceBase ?? clock.unixNanoseconds()
  const runId = values.runId ?? shortHash(8, sha256, JSON.stringify(machineOptions), String(traceBase))
  return { runId, traceBase }
}
