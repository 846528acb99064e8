/** Where the batches go: a file of the run, a collector, or both. Each gets every span, and counts what it could not keep. */
import { DiagLogLevel, diag } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { SpanExporter } from '@opentelemetry/sdk-trace-node'
import type { OutputFile } from '../../core/index.ts'
import { type Batch, type Collector, createCollector } from './collector.ts'

export interface TraceFile {
  readonly path: string
  write(batch: Batch): void
  close(): void
  counts(): { readonly written: number; readonly unwritten: number; readonly bytes: number }
}

/** One OTLP/JSON request a line, as the collector's file receiver and Jaeger's upload page read it. */
export function createTraceFile(output: OutputFile, log: (line: string) => void): TraceFile {
  let written = 0
  let unwritten = 0
  let bytes = 0
  return {
    path: output.path,
    write(batch) {
      const line = JsonTraceSerializer.serializeRequest([...batch])
      try {
        if (line === undefined) throw new TypeError('the serializer gave nothing')
        output.write(line)
        output.write('\n')
        written += batch.length
        bytes += line.length + 1
      } catch (error) {
        if (unwritten === 0) log(`traces cannot be written: ${error instanceof Error ? error.message : String(error)}`)
        unwritten += batch.length
      }
    },
    close: () => output.close(),
    counts: () => ({ written, unwritten, bytes }),
  }
}

/** The OTLP/HTTP address of traces under an endpoint; one that is whole already stays. */
export function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint)
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`
  return url.href
}

export interface CollectorChoice {
  readonly endpoint: string
  readonly attempts: number
  log(line: string): void
  /** For tests; else the SDK's. */
  readonly exporter?: SpanExporter
}

export interface ConnectedCollector extends Collector {
  /** What the SDK warned of, such as spans that the collector took back after it accepted the request. */
  warnings(): number
}

export function connectCollector({ endpoint, attempts, log, exporter }: CollectorChoice): ConnectedCollector {
  const url = tracesUrl(endpoint)
  let warnings = 0
  // The SDK says nothing of partial success but here, and without a logger it says nothing at all.
  const warn = (message: string, ...rest: unknown[]): void => {
    warnings += 1
    if (warnings <= 4)
      log([message, ...rest.map(one => (typeof one === 'string' ? one : JSON.stringify(one)))].join(' '))
  }
  const silent = (): void => {}
  diag.setLogger(
    { error: warn, warn, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  const collector = createCollector({
    exporter: exporter ?? new OTLPTraceExporter({ url }),
    url,
    attempts,
    log,
    pause: milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds)),
  })
  return Object.assign(collector, { warnings: () => warnings })
}
