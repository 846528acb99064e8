/** The end of a run as people read it, and as one JSON document: the answer first, the accounts last. */
import { type LimitName, limits } from '../base/limits.ts'
import { hex32 } from '../base/words.ts'
import type { ReportSection, RunEnd, RunInfo } from '../plugin/api.ts'
import type { BalanceSheet } from '../plugin/bus.ts'
import type { PluginSummary } from '../plugin/driver.ts'
import type { Said } from './said.ts'
import { columns, grouped, seconds, wrapped } from './text.ts'

export interface Outcome {
  /** The name of a guest address; the bare number where nothing is known. */
  nameOf(address: number): string
  readonly run: RunInfo
  readonly end: RunEnd
  /** The conditions asked for, as they are typed. */
  readonly until: readonly string[]
  readonly instructions: number
  readonly cycles: number
  readonly digest: string
  readonly exitCode: number | undefined
  readonly sections: readonly ReportSection[]
  readonly plugins: readonly PluginSummary[]
  readonly balance: BalanceSheet
  /** Counters of the machine's own bounds. */
  readonly counters: Readonly<Record<string, number>>
  /** The last of what the title printed. */
  readonly said: Pick<Said, 'lines' | 'before'>
  /** Host time of the run. */
  readonly milliseconds: number
  /** What the compiler makes of a function, where somebody asked. */
  readonly listing?: string
}

/** The one line that is the same for every run of a title with the same machine options, whoever watches. */
export const digestLine = ({ instructions, cycles, digest }: Outcome): string =>
  `instructions=${instructions} cycles=${cycles} digest=${digest}`

export function reportText(outcome: Outcome, bold: boolean): string {
  const parts = [headline(outcome)]
  for (const { title, lines } of [saidSection(outcome), ...outcome.sections, ...accounts(outcome)]) {
    if (lines.length === 0) continue
    const heading = bold ? `\u001b[1m${title}\u001b[22m` : title
    parts.push([heading, ...lines.map(line => (line === '' ? '' : `  ${line}`))].join('\n'))
  }
  return `${parts.join('\n\n')}\n`
}

/** Puts names behind the addresses of a sentence, where it does not name them itself. */
function named(text: string, nameOf: (address: number) => string): string {
  return text.replace(/\b0x[0-9A-F]{8}\b/g, address => {
    const name = nameOf(Number(address))
    return /^0x/i.test(name) || text.includes(name) ? address : `${address} (${name})`
  })
}

const causes: Readonly<Record<RunEnd['cause'], string>> = {
  finished: 'finished',
  limit: 'reached its limit',
  until: 'met its condition',
  deadlock: 'hangs',
  stuck: 'is stuck',
  fault: 'faulted',
  signal: 'was stopped',
  defect: 'was ended',
}

function untilLines(met: string | undefined, asked: readonly string[]): string[] {
  if (asked.length === 0) return []
  return [met === undefined ? `Nothing of --until ${asked.join(',')} was met.` : `As asked with --until ${met}.`]
}

function headline({ run, end, instructions, cycles, milliseconds, nameOf, until, counters }: Outcome): string {
  const speed = milliseconds < 500 ? '' : ` (${Math.round(instructions / milliseconds / 1_000)} million a second)`
  const identity = run.title.id === 0 ? run.title.name : `${run.title.name} (title ${hex32(run.title.id)})`
  const text = named(end.text, nameOf)
  const presented = counters.gpu_swaps_total ?? 0
  const frames = presented === 0 ? '' : `${grouped(presented)} ${presented === 1 ? 'frame' : 'frames'}, `
  return [
    ...wrapped(`${identity} ${causes[end.cause]}: ${text}${text.endsWith('.') ? '' : '.'}`, 100),
    ...untilLines(end.met, until),
    `${grouped(instructions)} instructions, ${seconds(cycles / run.timebaseHz)} of guest time, ${frames}in ` +
      `${seconds(milliseconds / 1_000)}${speed}. Run ${run.runId}.`,
  ].join('\n')
}

/** A title that did not end as asked has often said why. */
function saidSection({ said, end, until }: Outcome): ReportSection {
  const asked =
    until.length > 0
      ? end.met !== undefined || end.cause === 'signal'
      : end.cause === 'finished' || end.cause === 'limit' || end.cause === 'signal'
  const earlier = said.before > 0 ? [`… after ${grouped(said.before)} lines`] : []
  const lines = [...earlier, ...said.lines].flatMap(line => wrapped(line, 98))
  return { title: 'What the title said last', lines: asked || said.lines.length === 0 ? [] : lines }
}

function accounts(outcome: Outcome): ReportSection[] {
  return [
    { title: 'Bounds met', lines: boundLines(outcome) },
    { title: 'Balance sheet', lines: balanceLines(outcome) },
    { title: 'Digest', lines: [digestLine(outcome)] },
  ]
}

const boundCounters = new Map<string, LimitName>(
  (Object.keys(limits) as LimitName[]).flatMap(name =>
    limits[name].counter === '' ? [] : [[limits[name].counter, name] as const],
  ),
)

/** Bounds whose counter is a matter of course, not of loss. */
const usual = new Set<string>([limits.segmentEvents.counter])

function boundLines({ counters, plugins }: Outcome): string[] {
  const rows = [{ plugin: '', counters }, ...plugins].flatMap(({ plugin, counters: all }) =>
    Object.entries(all)
      .filter(([name, value]) => value > 0 && boundCounters.has(name) && !usual.has(name))
      .map(([name, value]) => {
        const bound = limits[boundCounters.get(name) ?? 'backchainFrames']
        const where = plugin === '' ? '' : ` (${plugin})`
        return [grouped(value), `${name}${where}`, `the bound is ${grouped(bound.value)} ${bound.unit}`]
      }),
  )
  return columns(rows)
}

function balanceLines({ balance, plugins }: Outcome): string[] {
  const lines = [
    `${grouped(balance.happened)} facts happened = ${grouped(balance.built)} built + ${grouped(balance.unasked)} nobody asked for`,
  ]
  const summaries = new Map(plugins.map(summary => [summary.plugin, summary]))
  const rows = balance.plugins.map(delivery => {
    const summary = summaries.get(delivery.plugin)
    const lost = [
      delivery.failed > 0 ? `${grouped(delivery.failed)} failed` : '',
      delivery.muted > 0 ? `${grouped(delivery.muted)} muted` : '',
    ].filter(text => text !== '')
    return [
      delivery.plugin,
      grouped(delivery.offered),
      `offered = ${[`${grouped(delivery.delivered)} taken`, ...lost].join(' + ')}`,
      delivery.milliseconds === undefined ? '' : seconds(delivery.milliseconds / 1_000),
      (summary?.waitedMilliseconds ?? 0) >= 1
        ? `waited for ${seconds((summary?.waitedMilliseconds ?? 0) / 1_000)}`
        : '',
    ]
  })
  lines.push(...columns(rows))
  for (const { plugin, counters } of plugins) {
    const own = Object.entries(counters).filter(([name, value]) => value > 0 && !boundCounters.has(name))
    if (own.length === 0) continue
    const words = own.map(([name, value]) => `${name}\u00a0${grouped(value)}`).join(', ')
    lines.push(
      ...wrapped(`${plugin}: ${words}`, 96).map((line, i) => `${i > 0 ? '  ' : ''}${line.replaceAll('\u00a0', ' ')}`),
    )
  }
  return lines
}

export function reportJson(outcome: Outcome): string {
  const { run, end, sections } = outcome
  const document = {
    format: 'xenoscope-report/1',
    version: run.version,
    run: {
      id: run.runId,
      traceBase: run.traceBase,
      timebaseHz: run.timebaseHz,
      out: run.out ?? null,
      title: run.title,
    },
    end: { ...end, met: end.met ?? null, exitCode: outcome.exitCode ?? null },
    instructions: outcome.instructions,
    cycles: outcome.cycles,
    digest: outcome.digest,
    sections: sections.map(({ title, lines, data }) => ({ title, lines, data: data ?? null })),
    plugins: outcome.plugins,
    balance: outcome.balance,
    counters: outcome.counters,
    said: { before: outcome.said.before, lines: outcome.said.lines },
    ...(outcome.listing === undefined ? {} : { listing: outcome.listing.split('\n') }),
  }
  return `${JSON.stringify(document, plainJson, 2)}\n`
}

/** What JSON has no word for: 64-bit numbers as text, sets and maps as lists. */
function plainJson(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Set) return [...value]
  if (value instanceof Map) return Object.fromEntries(value)
  if (ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
  return value
}
