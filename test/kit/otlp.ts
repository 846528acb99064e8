/** OTLP/JSON as a reader sees it. */
import type { OutputFile } from '../../core/index.ts'

export interface Value {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly boolValue?: boolean
}
export type Attribute = { readonly key: string; readonly value: Value }
export interface SpanJson {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  readonly events: readonly {
    readonly name: string
    readonly timeUnixNano: string
    readonly attributes: readonly Attribute[]
  }[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly status: { readonly code: number; readonly message?: string }
}
interface Request {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly SpanJson[] }[]
  }[]
}

export type Plain = Readonly<Record<string, string | number | boolean | undefined>>

/** Attributes as a plain record; a number of 64 bits is a number whichever way it was written. */
export const plainOf = (attributes: readonly Attribute[] = []): Plain =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? (value.intValue === undefined ? undefined : Number(value.intValue)),
    ]),
  )

export const spansIn = (request: string): readonly SpanJson[] =>
  (JSON.parse(request) as Request).resourceSpans.flatMap(one => one.scopeSpans.flatMap(scope => scope.spans))

export const resourceOf = (request: string): Plain =>
  plainOf((JSON.parse(request) as Request).resourceSpans[0]?.resource.attributes)

export const linesOf = (text: string): readonly string[] => text.split('\n').filter(line => line !== '')

/** A file that is only remembered. */
export function aFile(path = 'out/traces.jsonl'): OutputFile & { text(): string; closed(): boolean } {
  let text = ''
  let closed = false
  const decoder = new TextDecoder()
  return {
    path,
    write(bytes) {
      text += typeof bytes === 'string' ? bytes : decoder.decode(bytes)
    },
    close() {
      closed = true
    },
    text: () => text,
    closed: () => closed,
  }
}
