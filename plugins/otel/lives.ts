/**
 * Lives: each object, and each value in use that names none, with its trace: anchor at the beginning, segments while it
 * goes on, lifetime at the end. Knows identities and ids; knows nothing of facts.
 */
import type { Attributes, HrTime, Link, SpanContext } from '@opentelemetry/api'
import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node'
import { hex, hex32, plainText } from '../../core/index.ts'
import { spanIdOf } from './ids.ts'
import { type Cut, createSegments, type Segment, type Segments, type SpanEvent } from './segment.ts'
import { contextOf, type SpanText } from './span.ts'

/** What is known of an object when its life begins. */
export interface Beginning {
  /** 0 for a value that names no object. */
  readonly serial: number
  readonly kind: string
  readonly name: string
  readonly handle: number
  readonly address: number
  readonly adopted: boolean
  readonly tick: number
  /** Who made it, from where. */
  readonly creator: Attributes
  /** The trace of an epoch. */
  traceId(epoch: number): string
}

export interface Life extends Omit<Beginning, 'handle' | 'address' | 'name'> {
  handle: number
  address: number
  name: string
  epoch: number
  anchor: SpanContext
  /** Tick at which the epoch began. */
  epochTick: number
  /** Segments of the epoch. */
  segments: number
  /** The anchor is sent. */
  anchored: boolean
  readonly totals: Record<string, number>
}

export interface LifeRules {
  readonly segmentEvents: number
  readonly segmentTicks: number
  readonly openEvents: number
  readonly segmentsPerTrace: number
  time(ticks: number): HrTime
  span(text: SpanText): ReadableSpan
  /** Takes a finished span, at a guest time that is the same in equal runs. */
  out(span: ReadableSpan, tick: number): void
}

export interface LifeCounts {
  readonly anchors: number
  readonly segments: number
  readonly lifetimes: number
  readonly rollovers: number
  readonly events: number
  readonly links: number
  readonly cuts: Readonly<Record<Cut, number>>
}

export interface Lives {
  readonly segments: Segments<Life>
  begin(beginning: Beginning): Life
  /** Sends the anchor, once its identity is whole. */
  anchor(life: Life): void
  add(life: Life, event: SpanEvent, tick: number, sequence: number, peer?: SpanContext): void
  /** Ends a life: its last segment and its lifetime. An error says why somebody is stuck on it. */
  end(life: Life, tick: number, reason: string, error?: { readonly type: string; readonly text: string }): void
  counts(): LifeCounts
}

export function createLives(rules: LifeRules): Lives {
  const counts = { anchors: 0, segments: 0, lifetimes: 0, rollovers: 0, events: 0, links: 0 }
  const cuts: Record<Cut, number> = { count: 0, time: 0, memory: 0, end: 0 }
  // A span is out at the time at which it was due, not at which somebody noticed.
  let now = 0

  const segments = createSegments<Life>({
    events: rules.segmentEvents,
    ticks: rules.segmentTicks,
    openEvents: rules.openEvents,
    closed,
  })

  /** On each span, since viewers search span by span. */
  function identity(life: Life): Attributes {
    const attributes: Attributes = {}
    if (life.serial !== 0) attributes['xenon.object.serial'] = life.serial
    attributes['xenon.object.kind'] = life.kind
    if (life.name !== '') attributes['xenon.object.name'] = plainText(life.name)
    if (life.handle !== 0) attributes['xenon.handle.value'] = hex(life.handle)
    if (life.address !== 0) attributes['xenon.object.address'] = hex32(life.address)
    return attributes
  }

  function whole(life: Life): Attributes {
    const attributes = identity(life)
    if (life.serial !== 0) attributes['xenon.object.adopted'] = life.adopted
    return Object.assign(attributes, life.creator)
  }

  function anchor(life: Life, previous?: SpanContext): void {
    if (life.anchored) return
    life.anchored = true
    const at = rules.time(life.epochTick)
    const attributes = whole(life)
    const links: Link[] = []
    if (life.epoch > 0) attributes['xenon.trace.epoch'] = life.epoch
    if (previous !== undefined) {
      attributes['xenon.trace.previous'] = previous.traceId
      links.push({ context: previous, attributes: { 'xenon.link.relation': 'previous_epoch' } })
    }
    counts.anchors += 1
    rules.out(
      rules.span({ name: life.kind, context: life.anchor, start: at, end: at, attributes, links }),
      Math.max(now, life.epochTick),
    )
  }

  function closed(segment: Segment<Life>, cut: Cut): void {
    const { owner: life, events, links } = segment
    anchor(life)
    const { traceId } = life.anchor
    const attributes = identity(life)
    attributes['xenon.segment.index'] = life.segments
    attributes['xenon.segment.events'] = events.length
    attributes['xenon.segment.first_sequence'] = segment.firstSequence
    attributes['xenon.segment.last_sequence'] = segment.lastSequence
    attributes['xenon.segment.cut'] = cut
    const tick = cut === 'time' ? segment.opened + rules.segmentTicks : now
    rules.out(
      rules.span({
        name: `${life.kind} segment`,
        context: contextOf(traceId, spanIdOf(traceId, 'segment', life.segments)),
        parent: life.anchor,
        start: rules.time(segment.opened),
        end: rules.time(segment.last),
        attributes,
        events,
        links,
      }),
      tick,
    )
    life.segments += 1
    counts.segments += 1
    counts.events += events.length
    counts.links += links.length
    cuts[cut] += 1
  }

  /** The object goes on in a new trace. */
  function rollOver(life: Life, tick: number): void {
    const previous = life.anchor
    lifetime(life, tick, 'rollover')
    const traceId = life.traceId(life.epoch + 1)
    life.epoch += 1
    life.anchor = contextOf(traceId, spanIdOf(traceId, 'anchor'))
    life.epochTick = tick
    life.segments = 0
    life.anchored = false
    counts.rollovers += 1
    anchor(life, previous)
  }

  function lifetime(
    life: Life,
    tick: number,
    reason: string,
    error?: { readonly type: string; readonly text: string },
  ): void {
    const { traceId } = life.anchor
    const attributes = whole(life)
    attributes['xenon.end'] = reason
    attributes['xenon.segments'] = life.segments
    for (const [name, value] of Object.entries(life.totals)) attributes[`xenon.total.${name}`] = value
    if (error !== undefined) {
      attributes['error.type'] = error.type
      attributes['xenon.verdict'] = error.text
    }
    counts.lifetimes += 1
    rules.out(
      rules.span({
        name: `${life.kind} lifetime`,
        context: contextOf(traceId, spanIdOf(traceId, 'lifetime')),
        parent: life.anchor,
        start: rules.time(life.epochTick),
        end: rules.time(tick),
        attributes,
        ...(error === undefined ? {} : { status: { code: SpanStatusCode.ERROR, message: error.text } }),
      }),
      Math.max(now, tick),
    )
  }

  return {
    segments,
    begin(beginning) {
      const traceId = beginning.traceId(0)
      return {
        ...beginning,
        epoch: 0,
        anchor: contextOf(traceId, spanIdOf(traceId, 'anchor')),
        epochTick: beginning.tick,
        segments: 0,
        anchored: false,
        totals: {},
      }
    },
    anchor: life => anchor(life),
    add(life, event, tick, sequence, peer) {
      now = Math.max(now, tick)
      if (life.segments >= rules.segmentsPerTrace) rollOver(life, tick)
      life.totals[event.name] = (life.totals[event.name] ?? 0) + 1
      segments.add(life, event, tick, sequence, peer)
    },
    end(life, tick, reason, error) {
      now = Math.max(now, tick)
      segments.end(life)
      anchor(life)
      lifetime(life, tick, reason, error)
    },
    counts: () => ({ ...counts, cuts: { ...cuts } }),
  }
}
