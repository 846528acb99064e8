/**
 * Batches to a collector, over the SDK's exporter, with what it lacks: a queue that asks the machine to wait when it is
 * full, and patience. The exporter gives up a batch after some seconds; here the batch stays first in line and is tried
 * again, alone, until the collector answers or the stated number of attempts in a row has failed. A batch that the
 * collector refuses would be refused again: it is counted, said, and left out. What was not sent is counted to the span.
 */
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { limits } from '../../core/index.ts'

export type Batch = readonly ReadableSpan[]

export interface CollectorOptions {
  readonly exporter: SpanExporter
  /** For people. */
  readonly url: string
  /** Failures in a row after which it is given up. */
  readonly attempts: number
  pause(milliseconds: number): Promise<void>
  log(line: string): void
}

export interface CollectorCounts {
  /** Spans that the collector accepted. */
  readonly sent: number
  /** Spans that it refused. */
  readonly refused: number
  /** Spans that could not be sent before it was given up. */
  readonly unsent: number
  readonly retries: number
  readonly queueMost: number
}

export interface Collector {
  send(batch: Batch): void
  /** A promise while too much is queued. */
  ready(): Promise<void> | undefined
  /** Resolves when all is sent, refused or given up. */
  drain(): Promise<void>
  readonly gaveUp: boolean
  counts(): CollectorCounts
}

const inFlightMost = 4
const firstPause = 1_000
const longestPause = 10_000

export function createCollector(options: CollectorOptions): Collector {
  const queue: Batch[] = []
  const queueBound = limits.otlpQueue.value
  const waiting: { until: () => boolean; resolve: () => void }[] = []
  const refusals = new Set<string>()
  let inFlight = 0
  let failures = 0
  let roundFailed: string | undefined
  let pausing = false
  let gaveUp = false
  let sent = 0
  let refused = 0
  let unsent = 0
  let retries = 0
  let queueMost = 0

  const idle = (): boolean => queue.length === 0 && inFlight === 0

  function tell(): void {
    for (let i = waiting.length - 1; i >= 0; i -= 1)
      if (waiting[i]?.until()) for (const { resolve } of waiting.splice(i, 1)) resolve()
  }

  const wait = (until: () => boolean): Promise<void> =>
    until() ? Promise.resolve() : new Promise(resolve => void waiting.push({ until, resolve }))

  function pump(): void {
    const most = failures > 0 ? 1 : inFlightMost
    while (!pausing && !gaveUp && roundFailed === undefined && inFlight < most) {
      const batch = queue.shift()
      if (batch === undefined) break
      inFlight += 1
      start(batch)
    }
    tell()
  }

  function start(batch: Batch): void {
    try {
      options.exporter.export([...batch], ({ code, error }) =>
        done(batch, code === 0 ? undefined : (error ?? new Error('no reason given')), code === 0),
      )
    } catch (error) {
      done(batch, error, false)
    }
  }

  function done(batch: Batch, error: unknown, accepted: boolean): void {
    inFlight -= 1
    if (accepted) {
      sent += batch.length
      if (failures > 0) options.log(`the collector at ${options.url} answers again`)
      failures = 0
    } else if (isRefusal(error)) {
      refused += batch.length
      failures = 0
      const reason = reasonOf(error)
      if (!refusals.has(reason)) options.log(`the collector at ${options.url} refused ${batch.length} spans: ${reason}`)
      if (refusals.size < 16) refusals.add(reason)
    } else {
      queue.unshift(batch)
      roundFailed = reasonOf(error)
    }
    if (roundFailed !== undefined && inFlight === 0) failedRound(roundFailed)
    pump()
  }

  function failedRound(reason: string): void {
    roundFailed = undefined
    failures += 1
    const times = `attempt ${failures} of ${options.attempts}`
    if (failures >= options.attempts) {
      gaveUp = true
      for (const batch of queue.splice(0)) unsent += batch.length
      options.log(`the collector at ${options.url} was given up after ${times}: ${reason}`)
      return
    }
    retries += 1
    options.log(
      `the collector at ${options.url} does not answer (${reason}); ${times}, the machine waits when the queue is full`,
    )
    pausing = true
    const resume = (): void => {
      pausing = false
      pump()
    }
    options.pause(Math.min(firstPause * 2 ** (failures - 1), longestPause)).then(resume, resume)
  }

  return {
    send(batch) {
      if (gaveUp) {
        unsent += batch.length
        return
      }
      queue.push(batch)
      queueMost = Math.max(queueMost, queue.length)
      pump()
    },
    ready: () => (queue.length < queueBound ? undefined : wait(() => queue.length <= queueBound / 2)),
    drain: () => wait(idle),
    get gaveUp() {
      return gaveUp
    },
    counts: () => ({ sent, refused, unsent, retries, queueMost }),
  }
}

/** An answer of the collector that says no; its code is the HTTP status. Anything else may pass. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'number'

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  if (error.message === '') return code || error.name
  return code !== '' && !error.message.includes(code) ? `${code} ${error.message}` : error.message
}
