import type { ReadableSpan } from '@opentelemetry/sdk-trace-node'

export interface BatchRules {
  readonly spans: number
  readonly events: number
  /** Guest ticks that a span waits for company. */
  readonly ticks: number
  full(batch: readonly ReadableSpan[]): void
}

export interface Batches {
  /** Tick at which the batch goes, full or not; infinite when it is empty. */
  readonly due: number
  add(span: ReadableSpan, tick: number): void
  flush(): void
}

/**
 * Spans in batches, cut by counts and guest time alone: a batch is a line of the file and a request to the collector,
 * and both are the same in equal runs.
 */
export function createBatches(rules: BatchRules): Batches {
  let batch: ReadableSpan[] = []
  let events = 0
  let due = Number.POSITIVE_INFINITY

  function flush(): void {
    if (batch.length === 0) return
    const full = batch
    batch = []
    events = 0
    due = Number.POSITIVE_INFINITY
    rules.full(full)
  }

  return {
    get due() {
      return due
    },
    add(span, tick) {
      if (batch.length === 0) due = tick + rules.ticks
      batch.push(span)
      events += span.events.length
      if (batch.length >= rules.spans || events >= rules.events) flush()
    },
    flush,
  }
}
