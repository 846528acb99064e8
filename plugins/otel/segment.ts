/**
 * Segments: how a long life becomes spans.
 *
 * The problem. One object is one trace, and its events are span events. But a span leaves the process only when it has
 * ended: OTLP has no open span, and no store merges two parts of one. A span for the whole life of a handle that is
 * never closed would be seen at the end of the run, or, when the process is killed, never. And the SDK keeps 128 events
 * of a span, dropping the oldest, which no viewer tells: the creation of a busy object would be the first thing lost.
 *
 * What was considered. A root exported at the close makes everything before it an orphan. Sending a growing span again
 * and again makes duplicates, which stores keep and viewers number. A span for each event costs ten times the bytes of
 * an event, and a page of a thousand rows shows nothing. So a life is cut: a root of no guest time is sent at once when
 * the object is created (the anchor), a lifetime follows at the end, and between them lie segments, each a child of the
 * anchor with a run of events, sent as it fills.
 *
 * Terms. A segment is *open* while events may be added. It is *cut* when it holds `events` events (`count`), when
 * `ticks` of guest time passed since its first event (`time`), when all open segments together hold more than the bound
 * and it is the oldest (`memory`), and when the object ends (`end`). It starts at its first event and ends at its last.
 *
 * The life of a segment: the first event after a cut opens it, with the next index of its trace; events and links are
 * added; a cut makes it a span, and gives it to the batch. A trace holds a bounded number of segments, since a browser
 * shows a trace as a whole: then the object goes on in a new trace, an *epoch*, whose anchor links to the one before.
 *
 * Determinism. Cuts depend on counts and guest time alone, never on the host's clock, so that equal runs give equal
 * bytes. Guest time passes between facts too: a segment that nobody adds to is cut by the sweep, which runs between
 * slices and before each fact, and since it takes what is due in the order of due times, it does not matter when it
 * runs: what is cut by the time t is the same whoever looks first.
 *
 * Invariants: an event is in exactly one segment; the indices of a trace have no gap; events of a segment are in the
 * order of their sequence; no segment has more events or links than the SDK would keep.
 */
import type { Link, SpanContext } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node'

export type SpanEvent = ReadableSpan['events'][number]
export type Cut = 'count' | 'time' | 'memory' | 'end'

export interface Segment<Owner> {
  readonly owner: Owner
  /** Tick of the first event. */
  readonly opened: number
  /** Tick of the last event. */
  last: number
  readonly firstSequence: number
  lastSequence: number
  readonly events: SpanEvent[]
  readonly links: Link[]
}

export interface SegmentRules<Owner> {
  /** Events of one segment. */
  readonly events: number
  /** Guest ticks from its first event on. */
  readonly ticks: number
  /** Events of all open segments. */
  readonly openEvents: number
  /** Makes the span. */
  closed(segment: Segment<Owner>, cut: Cut): void
}

export interface Segments<Owner> {
  /** Open segments. */
  readonly open: number
  /** Tick at which the oldest open segment is cut; infinite when none is open. */
  readonly due: number
  add(owner: Owner, event: SpanEvent, tick: number, sequence: number, peer?: SpanContext): void
  /** Cuts the oldest. */
  cutOldest(): void
  /** Cuts the owner's segment, if one is open. */
  end(owner: Owner): void
}

/** Open segments are a list in the order of opening, which is the order of due times. */
interface Listed<Owner> extends Segment<Owner> {
  previous: Listed<Owner> | undefined
  next: Listed<Owner> | undefined
}

export function createSegments<Owner>(rules: SegmentRules<Owner>): Segments<Owner> {
  const open = new Map<Owner, Listed<Owner>>()
  let oldest: Listed<Owner> | undefined
  let newest: Listed<Owner> | undefined
  let held = 0

  function close(segment: Listed<Owner>, cut: Cut): void {
    open.delete(segment.owner)
    held -= segment.events.length
    const { previous, next } = segment
    if (previous === undefined) oldest = next
    else previous.next = next
    if (next === undefined) newest = previous
    else next.previous = previous
    rules.closed(segment, cut)
  }

  function begin(owner: Owner, tick: number, sequence: number): Listed<Owner> {
    const segment: Listed<Owner> = {
      owner,
      opened: tick,
      last: tick,
      firstSequence: sequence,
      lastSequence: sequence,
      events: [],
      links: [],
      previous: newest,
      next: undefined,
    }
    if (newest === undefined) oldest = segment
    else newest.next = segment
    newest = segment
    open.set(owner, segment)
    return segment
  }

  function link(segment: Segment<Owner>, peer: SpanContext): void {
    if (segment.links.some(one => one.context.traceId === peer.traceId && one.context.spanId === peer.spanId)) return
    segment.links.push({ context: peer, attributes: { 'xenon.link.relation': 'signalled_by' } })
  }

  return {
    get open() {
      return open.size
    },
    get due() {
      return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.opened + rules.ticks
    },
    add(owner, event, tick, sequence, peer) {
      const segment = open.get(owner) ?? begin(owner, tick, sequence)
      segment.events.push(event)
      segment.last = tick
      segment.lastSequence = sequence
      held += 1
      if (peer !== undefined) link(segment, peer)
      if (segment.events.length >= rules.events) close(segment, 'count')
      else if (held > rules.openEvents && oldest !== undefined) close(oldest, 'memory')
    },
    cutOldest() {
      if (oldest !== undefined) close(oldest, 'time')
    },
    end(owner) {
      const segment = open.get(owner)
      if (segment !== undefined) close(segment, 'end')
    },
  }
}
