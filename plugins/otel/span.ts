import type { Attributes, HrTime, Link, SpanContext, SpanStatus } from '@opentelemetry/api'
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node'
import { hex32, type RunInfo } from '../../core/index.ts'

/** What a span of ours says; the rest of the SDK's fields is the same for all. */
export interface SpanText {
  readonly name: string
  readonly context: SpanContext
  readonly parent?: SpanContext
  readonly start: HrTime
  readonly end: HrTime
  readonly attributes: Attributes
  readonly events?: ReadableSpan['events']
  readonly links?: Link[]
  readonly status?: SpanStatus
}

export const contextOf = (traceId: string, spanId: string): SpanContext => ({
  traceId,
  spanId,
  traceFlags: TraceFlags.SAMPLED,
})

const unset: SpanStatus = { code: SpanStatusCode.UNSET }

/**
 * Spans are built by hand, of the SDK's own type: the Tracer would cap their events, links and attributes, draw ids of
 * its own, and can export nothing before its end. One resource object serves all, since exporters group by identity.
 */
export function createSpanMaker(run: RunInfo): (text: SpanText) => ReadableSpan {
  const resource: Resource = resourceFromAttributes({
    'service.name': 'xenoscope',
    'service.version': run.version,
    'service.instance.id': run.runId,
    // Without a host, Jaeger takes children outside their parent's time for clock skew and warns at each.
    'host.name': run.hostName,
    'xenon.title.id': hex32(run.title.id),
    'xenon.title.name': run.title.name,
    'xenon.image.sha256': run.title.sha256,
    'xenon.clock.base_unix_nano': String(run.traceBase),
    'xenon.clock.timebase_hz': run.timebaseHz,
  })
  const instrumentationScope = { name: 'xenon.kernel', version: run.version }
  return text => {
    const end = after(text.start, text.end)
    return {
      name: text.name,
      kind: SpanKind.INTERNAL,
      spanContext: () => text.context,
      ...(text.parent === undefined ? {} : { parentSpanContext: text.parent }),
      startTime: text.start,
      endTime: end,
      duration: durationOf(text.start, end),
      ended: true,
      status: text.status ?? unset,
      attributes: text.attributes,
      events: text.events ?? [],
      links: text.links ?? [],
      resource,
      instrumentationScope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    }
  }
}

/**
 * A span of no guest time ends one nanosecond after its start, a twentieth of a tick: Jaeger makes it so itself where it
 * does not, and then warns of a negative duration on every such span.
 */
function after(start: HrTime, end: HrTime): HrTime {
  if (start[0] !== end[0] || start[1] !== end[1]) return end
  return end[1] + 1 < 1_000_000_000 ? [end[0], end[1] + 1] : [end[0] + 1, 0]
}

function durationOf(start: HrTime, end: HrTime): HrTime {
  const nanos = end[1] - start[1]
  return nanos < 0 ? [end[0] - start[0] - 1, nanos + 1_000_000_000] : [end[0] - start[0], nanos]
}
