/**
 * From facts to lives. A fact goes to the trace of its object; a wait to that of each object it is on; what a thread does
 * with no object, to the trace of the thread; a call on a value that names nothing, to a trace of the value. So that what
 * comes out is the same whenever the host looks up, guest time is handled in one place: `advance` cuts what is due, in
 * the order of due times, before each fact and between slices.
 *
 * An anchor waits until guest time goes on, since the handle value comes after the creation, in the same kernel call and
 * so at the same tick.
 */
import type { Attributes, SpanContext } from '@opentelemetry/api'
import { address, type Fact, handle, hex, limits, type MachineViews } from '../../core/index.ts'
import type { Batches } from './batch.ts'
import { createCauses, wakes } from './causes.ts'
import { createGraphics, type Graphics, type GraphicsFact, graphicsAttributes, isGraphics } from './graphics.ts'
import { ghostTraceIdOf, spanIdOf, traceIdOf } from './ids.ts'
import type { Life, Lives } from './lives.ts'
import { eventName, type FactWords } from './map.ts'
import type { SpanEvent } from './segment.ts'
import { contextOf } from './span.ts'

export interface RecorderPorts {
  readonly runId: string
  readonly machine: MachineViews
  readonly lives: Lives
  readonly batches: Batches
  readonly words: FactWords
  time(ticks: number): SpanEvent['time']
}

export interface Recorder {
  fact(fact: Fact): void
  /** Guest time is `now`: cuts what is due. */
  advance(now: number): void
  /** Ends every life; errors are by serial. */
  end(now: number, errors: ReadonlyMap<number, string>): void
  /** The epoch that the trace of an object has reached. */
  epochOf(serial: number): number
  readonly graphics: Pick<Graphics, 'anchor'>
  counters(): Readonly<Record<string, number>>
}

const reasons = ['last reference gone', 'memory freed', 'type changed', 'evicted'] as const
const others = 'others'

export function createRecorder({ runId, machine, lives, batches, words, time }: RecorderPorts): Recorder {
  const live = new Map<number, Life>()
  const ghosts = new Map<number | typeof others, Life>()
  const rolled = new Map<number, number>()
  const threads = new Map<number, number>()
  const causes = createCauses()
  const graphics = createGraphics({ runId, lives })
  let pending: Life[] = []
  let pendingCycle = -1
  const counts = { facts: 0, withoutObject: 0, late: 0, unresolved: 0, ghostOverflow: 0, entries: 0 }

  function settle(): void {
    if (pending.length === 0) return
    const waiting = pending
    pending = []
    for (const life of waiting) lives.anchor(life)
  }

  function advance(now: number): void {
    if (pendingCycle !== now) settle()
    const { segments } = lives
    while (Math.min(segments.due, batches.due) <= now)
      if (segments.due <= batches.due) segments.cutOldest()
      else batches.flush()
  }

  function born(fact: Fact, adopted: boolean): Life {
    const name = 'text' in fact ? fact.text : ''
    const life = beginObject(fact.serial, {
      kind: fact.objectKind,
      name,
      handle: fact.handle,
      address: fact.address,
      adopted,
      tick: fact.cycle,
      creator: words.creator(fact),
    })
    pending.push(life)
    pendingCycle = fact.cycle
    return life
  }

  function beginObject(serial: number, known: Omit<Parameters<Lives['begin']>[0], 'serial' | 'traceId'>): Life {
    const life = lives.begin({ ...known, serial, traceId: epoch => traceIdOf(runId, serial, epoch) })
    live.set(serial, life)
    return life
  }

  /** An object whose beginning was not seen: of a restored machine, or ended before. What is known is asked for. */
  function met(serial: number, fact: Fact): Life {
    counts.late += 1
    const view = machine.object(serial)
    const own = fact.serial === serial
    const life = beginObject(serial, {
      kind: own ? fact.objectKind : (view?.kind ?? 'Other'),
      name: view?.name ?? '',
      handle: (own && fact.handle) || view?.firstHandle || handle(0),
      address: (own && fact.address) || view?.address || address(0),
      adopted: view?.adopted ?? false,
      tick: view?.created?.cycle ?? fact.cycle,
      creator: { 'xenon.creation_seen': false },
    })
    // The trace of an object that ended has ended: what comes late has one of its own, so that no id is used twice.
    if (view?.alive !== true) {
      life.epoch = fact.sequence
      const traceId = life.traceId(life.epoch)
      life.anchor = contextOf(traceId, spanIdOf(traceId, 'anchor'))
      life.epochTick = fact.cycle
    }
    lives.anchor(life)
    return life
  }

  function threadSerial(tid: number): number {
    return tid === 0 ? 0 : (threads.get(tid) ?? machine.thread(tid)?.serial ?? 0)
  }

  const threadAnchor = (serial: number): SpanContext => {
    const traceId = traceIdOf(runId, serial)
    return contextOf(traceId, spanIdOf(traceId, 'anchor'))
  }

  /** Who did what this fact is the effect of: a thread, or the GPU by an interrupt. */
  function signaller(cause: number): SpanContext | undefined {
    if (cause === 0) return undefined
    const doer = causes.doer(cause)
    if (doer === undefined) counts.unresolved += 1
    if (doer === 'gpu') return graphics.anchor()
    const serial = threadSerial(doer ?? 0)
    return serial === 0 ? undefined : threadAnchor(serial)
  }

  function add(life: Life, fact: Fact, name: string, attributes: Attributes, peer?: SpanContext): void {
    counts.entries += 1
    lives.add(
      life,
      { name, time: time(fact.cycle), attributes, droppedAttributesCount: 0 },
      fact.cycle,
      fact.sequence,
      peer,
    )
  }

  function tell(serial: number, fact: Fact, name: string, attributes: Attributes, peer?: SpanContext): Life {
    const life = live.get(serial) ?? met(serial, fact)
    // A link into the own trace would be drawn as a parent.
    const own = peer?.traceId === life.anchor.traceId
    add(life, fact, name, attributes, own ? undefined : peer)
    return life
  }

  function withPeer(attributes: Attributes, peer: SpanContext | undefined): Attributes {
    if (peer === undefined) return attributes
    attributes['xenon.peer.trace_id'] = peer.traceId
    attributes['xenon.peer.span_id'] = peer.spanId
    return attributes
  }

  function waited(fact: Fact & { readonly list: readonly number[] }, stride: number): void {
    const peer = signaller(fact.cause)
    const attributes = withPeer(words.attributes(fact), peer)
    const name = eventName(fact)
    const told = new Set<number>()
    for (let i = 0; i < fact.list.length; i += stride) {
      const serial = fact.list[i] ?? 0
      if (serial === 0 || told.has(serial)) continue
      told.add(serial)
      tell(serial, fact, name, attributes, peer)
    }
    if (told.size === 0) alone(fact, name, attributes, fact.serial)
  }

  /** What concerns no object, such as a delay, is its thread's. */
  function alone(fact: Fact, name: string, attributes: Attributes, object = 0, peer?: SpanContext): void {
    const serial = object || threadSerial(fact.tid)
    if (serial === 0) counts.withoutObject += 1
    else tell(serial, fact, name, attributes, peer)
  }

  function ghost(fact: Fact & { readonly kind: 'ghost.met' }): void {
    const full = !ghosts.has(fact.value) && ghosts.size >= limits.ghostTraces.value
    if (full) counts.ghostOverflow += 1
    const key = full ? others : fact.value
    let life = ghosts.get(key)
    if (life === undefined) {
      life = lives.begin({
        serial: 0,
        kind: '<UNCREATED>',
        name: '',
        handle: key === others ? 0 : key,
        address: 0,
        adopted: false,
        tick: fact.cycle,
        creator: {},
        traceId: epoch => ghostTraceIdOf(runId, key, epoch),
      })
      ghosts.set(key, life)
      lives.anchor(life)
    }
    const attributes = words.attributes(fact)
    attributes['xenon.handle.value'] = hex(fact.value)
    const candidate = fact.candidate === 0 ? undefined : threadAnchor(fact.candidate)
    if (candidate !== undefined) attributes['xenon.candidate.trace_id'] = candidate.traceId
    add(life, fact, eventName(fact), attributes)
  }

  function finish(life: Life, tick: number, reason: string, error?: string): void {
    live.delete(life.serial)
    if (life.epoch > 0) rolled.set(life.serial, life.epoch)
    lives.end(life, tick, reason, error === undefined ? undefined : { type: 'handle_stuck', text: error })
  }

  /** A thread's wake is told in its own trace: what it waited for tells the end of the wait. */
  function woken(fact: Fact): void {
    const peer = signaller(fact.cause)
    const attributes = withPeer(words.attributes(fact), peer)
    if (fact.serial !== 0) attributes['xenon.object.serial'] = fact.serial
    alone(fact, eventName(fact), attributes, threadSerial(fact.tid) || fact.serial, peer)
  }

  function plain(fact: Fact): void {
    const interrupt = graphics.interruptOf(fact)
    if (wakes(fact)) causes.note(fact, interrupt === undefined ? fact.tid : 'gpu')
    else if (fact.kind === 'thread.started' && fact.serial !== 0) threads.set(fact.thread, fact.serial)
    if (fact.serial === 0) {
      alone(fact, eventName(fact), words.attributes(fact))
      return
    }
    const life = live.get(fact.serial) ?? met(fact.serial, fact)
    if (fact.kind === 'handle.opened' && life.handle === 0) life.handle = fact.handle
    else if (fact.kind === 'thread.named') life.name = fact.text
    const attributes = words.attributes(fact)
    const peer = interrupt === undefined ? undefined : graphics.anchor()
    if (interrupt !== undefined) attributes['xenon.interrupt'] = interrupt
    add(life, fact, eventName(fact), withPeer(attributes, peer), peer)
    if (fact.kind === 'object.destroyed') finish(life, fact.cycle, reasons[fact.reason] ?? 'ended')
  }

  function drawn(fact: GraphicsFact): void {
    const life = graphics.life(fact.cycle)
    if (fact.kind === 'interrupt.begun') graphics.begun(fact)
    add(life, fact, eventName(fact), Object.assign(words.attributes(fact), graphicsAttributes(fact, machine)))
  }

  function take(fact: Fact): void {
    const begins = fact.kind === 'object.created' || fact.kind === 'object.adopted'
    if (begins && !live.has(fact.serial))
      add(born(fact, fact.kind === 'object.adopted'), fact, eventName(fact), words.attributes(fact))
    else if (fact.kind === 'wait.begun') waited(fact, 1)
    else if (fact.kind === 'wait.ended') waited(fact, 2)
    else if (fact.kind === 'ghost.met') ghost(fact)
    else if (fact.kind === 'thread.woken') woken(fact)
    else if (isGraphics(fact)) drawn(fact)
    else plain(fact)
  }

  return {
    advance,
    fact(fact) {
      counts.facts += 1
      advance(fact.cycle)
      take(fact)
    },
    end(now, errors) {
      settle()
      advance(now)
      for (const life of [...live.values()].sort((a, b) => a.serial - b.serial)) {
        const name = machine.object(life.serial)?.name
        if (name) life.name = name
        finish(life, now, 'run_end', errors.get(life.serial))
      }
      for (const [value, life] of ghosts) {
        const calls = life.totals.ghost ?? 0
        const what = value === others ? 'other values, each of which' : `${hex(value)}, which`
        lives.end(life, now, 'run_end', {
          type: 'invalid_handle',
          text: `${calls} ${calls === 1 ? 'call' : 'calls'} on ${what} named no object`,
        })
      }
      const gpu = graphics.begunLife
      if (gpu !== undefined) lives.end(gpu, now, 'run_end')
      batches.flush()
    },
    graphics,
    epochOf: serial => live.get(serial)?.epoch ?? rolled.get(serial) ?? 0,
    counters: () => ({
      facts_received_total: counts.facts,
      facts_without_object_total: counts.withoutObject,
      events_total: counts.entries,
      lives: live.size + ghosts.size + (graphics.begunLife === undefined ? 0 : 1),
      unseen_beginnings_total: counts.late,
      [limits.recentSignals.counter]: counts.unresolved,
      [limits.ghostTraces.counter]: counts.ghostOverflow,
    }),
  }
}
