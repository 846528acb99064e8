import type { SpanExporter } from '@opentelemetry/sdk-trace-node'
import {
  definePlugin,
  factNames,
  hex,
  hex32,
  limits,
  type PluginContext,
  type PluginInstance,
  type ReportSection,
  type RunEnd,
} from '../../core/index.ts'
import { createBatches } from './batch.ts'
import type { Batch } from './collector.ts'
import { type ConnectedCollector, connectCollector, createTraceFile, type TraceFile } from './export.ts'
import { graphicsKinds } from './graphics.ts'
import { traceUrl, urlOf } from './ids.ts'
import { createLives } from './lives.ts'
import { createFactWords } from './map.ts'
import { type Options, options } from './options.ts'
import { createRecorder } from './recorder.ts'
import { createSpanMaker } from './span.ts'
import { createGuestTime } from './time.ts'

/** Facts about objects, threads, values and the GPU; a missing export is none of these. */
const traced = factNames.filter(name => name !== 'export.missing')
/** The GPU has no stack. */
const walked = traced.filter(name => !graphicsKinds.some(kind => kind === name))

/** The plugin's instance; `exporter` stands in for the SDK's in tests. */
export function createOtel(
  { run, machine, log, output }: PluginContext,
  chosen: Options,
  exporter?: SpanExporter,
): PluginInstance {
  const written = chosen.file ? output('traces.jsonl') : undefined
  const file: TraceFile | undefined = written === undefined ? undefined : createTraceFile(written, log)
  const collector: ConnectedCollector | undefined =
    chosen.endpoint === undefined
      ? undefined
      : connectCollector({
          endpoint: chosen.endpoint,
          attempts: chosen.attempts,
          log,
          ...(exporter === undefined ? {} : { exporter }),
        })
  // With nowhere to send to, no fact is asked for, and nothing is paid.
  if (file === undefined && collector === undefined) return {}

  const seconds = (count: number): number => Math.max(1, Math.round(count * run.timebaseHz))
  const batches = createBatches({
    spans: limits.batchSpans.value,
    events: limits.batchEvents.value,
    ticks: seconds(limits.batchMilliseconds.value / 1000),
    full: send,
  })
  const time = createGuestTime(run.traceBase, run.timebaseHz)
  const lives = createLives({
    segmentEvents: chosen['segment-events'],
    segmentTicks: seconds(chosen['segment-seconds']),
    openEvents: limits.openSegmentEvents.value,
    segmentsPerTrace: limits.segmentsPerTrace.value,
    time,
    span: createSpanMaker(run),
    out: batches.add,
  })
  const recorder = createRecorder({ runId: run.runId, machine, lives, batches, words: createFactWords(machine), time })
  let spans = 0
  let requests = 0
  let stuck: readonly StuckObject[] = []

  function send(batch: Batch): void {
    spans += batch.length
    requests += 1
    file?.write(batch)
    collector?.send(batch)
  }

  function gpuUrl(): string | undefined {
    const anchor = recorder.graphics.anchor()
    return anchor === undefined ? undefined : urlOf(chosen.ui, anchor.traceId)
  }

  async function end(how: RunEnd): Promise<void> {
    const errors = errorsOf(how, machine.objects)
    recorder.end(machine.cycle, errors)
    stuck = [...errors].map(([serial, text]) => ({
      serial,
      name: nameOf(machine, serial),
      text,
      url: traceUrl(chosen.ui, run.runId, serial, recorder.epochOf(serial)),
    }))
    file?.close()
    await collector?.drain()
  }

  return {
    facts: traced,
    frames: walked,
    fact: recorder.fact,
    slice: () => recorder.advance(machine.cycle),
    ready: () => collector?.ready(),
    end,
    report: () => [reportOf({ file, collector, stuck, spans, chosen, gpu: gpuUrl() })],
    counters: () => countersOf({ recorder, lives, file, collector, spans, requests }),
  }
}

interface StuckObject {
  readonly serial: number
  /** `Event/Manual 0x1004 #2`. */
  readonly name: string
  readonly text: string
  readonly url: string
}

function nameOf(machine: PluginContext['machine'], serial: number): string {
  const object = machine.object(serial)
  if (object === undefined) return `object #${serial}`
  const { kind, firstHandle, address } = object
  const place = firstHandle !== 0 ? ` ${hex(firstHandle)}` : address !== 0 ? ` at ${hex32(address)}` : ''
  return `${kind}${place} #${serial}`
}

/** Objects that somebody is stuck on, with why. Without a diagnosis: those with waiters when nothing can move. */
function errorsOf(end: RunEnd, objects: PluginContext['machine']['objects']): Map<number, string> {
  const errors = new Map<number, string>()
  for (const { serial, stuck, text } of end.verdicts) {
    if (!stuck || serial === 0) continue
    const before = errors.get(serial)
    errors.set(serial, before === undefined ? text : `${before}; ${text}`)
  }
  if (end.verdicts.length > 0 || (end.cause !== 'deadlock' && end.cause !== 'stuck')) return errors
  for (const { serial, waiters, alive } of objects())
    if (alive && waiters.length > 0) errors.set(serial, `thread ${waiters.join(', thread ')} waits on it at the end`)
  return errors
}

interface Outcome {
  readonly file: TraceFile | undefined
  readonly collector: ConnectedCollector | undefined
  readonly spans: number
}

function reportOf({
  file,
  collector,
  stuck,
  spans,
  chosen,
  gpu,
}: Outcome & {
  readonly stuck: readonly StuckObject[]
  readonly chosen: Options
  /** Where to look at what the GPU did. */
  readonly gpu: string | undefined
}): ReportSection {
  const lines: string[] = []
  if (file !== undefined) {
    const { written, unwritten } = file.counts()
    lines.push(`${written} spans in ${file.path}`)
    if (unwritten > 0) lines.push(`${unwritten} spans could not be written`)
    if (collector === undefined)
      lines.push('to view them: upload the file on the search page of Jaeger, or run again with --otlp URL')
  }
  if (collector !== undefined) {
    const { sent, refused, unsent } = collector.counts()
    lines.push(`${sent} spans sent to ${chosen.endpoint}`)
    if (refused > 0) lines.push(`${refused} spans were refused by the collector`)
    if (unsent > 0)
      lines.push(`${unsent} spans could not be sent${file === undefined ? '' : '; the file has them all'}`)
    const warnings = collector.warnings()
    if (warnings > 0) lines.push(`${warnings} warnings of the exporter`)
    for (const { name, url } of stuck) lines.push(`${name}: ${url}`)
    if (gpu !== undefined) lines.push(`frames, fences and vertical blanks: ${gpu}`)
  }
  return {
    title: 'Traces',
    lines,
    data: {
      spans,
      file: file === undefined ? undefined : { path: file.path, ...file.counts() },
      collector: collector === undefined ? undefined : { endpoint: chosen.endpoint, ...collector.counts() },
      stuck,
      gpu,
    },
  }
}

function countersOf({
  recorder,
  lives,
  file,
  collector,
  spans,
  requests,
}: Outcome & {
  readonly recorder: ReturnType<typeof createRecorder>
  readonly lives: ReturnType<typeof createLives>
  readonly requests: number
}): Record<string, number> {
  const { anchors, segments, lifetimes, rollovers, events, links, cuts } = lives.counts()
  const counters: Record<string, number> = {
    ...recorder.counters(),
    spans_total: spans,
    requests_total: requests,
    anchors_total: anchors,
    [limits.segmentEvents.counter]: segments,
    [limits.openSegmentEvents.counter]: cuts.memory,
    lifetimes_total: lifetimes,
    [limits.segmentsPerTrace.counter]: rollovers,
    events_in_spans_total: events,
    links_total: links,
  }
  if (file !== undefined) {
    const { written, unwritten, bytes } = file.counts()
    Object.assign(counters, { spans_written_total: written, spans_unwritten_total: unwritten, file_bytes: bytes })
  }
  if (collector !== undefined) {
    const { sent, refused, unsent, retries, queueMost } = collector.counts()
    Object.assign(counters, {
      spans_sent_total: sent,
      spans_refused_total: refused,
      [limits.otlpAttempts.counter]: unsent,
      retries_total: retries,
      queued_requests_most: queueMost,
      exporter_warnings_total: collector.warnings(),
    })
  }
  return counters
}

export default definePlugin({
  name: 'otel',
  about: 'makes a trace of every kernel object: OpenTelemetry to a file and to a collector',
  options,
  create: (context, chosen) => createOtel(context, chosen),
})
