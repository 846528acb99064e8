/** The collector of the evidence: one note a fact, nothing kept without a bound. */
import { type Fact, type FactName, type FactOf, limits } from '../../core/index.ts'
import type {
  Closing,
  Deed,
  Evidence,
  FenceNote,
  GhostCount,
  ObjectEvidence,
  Origin,
  Poll,
  SignalNote,
} from './evidence.ts'
import { createMissingUses } from './missing-uses.ts'

export interface Collector extends Evidence {
  note(fact: Fact): void
  counters(): Readonly<Record<string, number>>
}

export const collectedFacts = [
  'object.created',
  'object.adopted',
  'object.destroyed',
  'handle.opened',
  'handle.closed',
  'object.signalled',
  'object.reset',
  'object.pulsed',
  'signal.lost',
  'ghost.met',
  'wait.begun',
  'wait.ended',
  'thread.started',
  'thread.resumed',
  'thread.exited',
  'timer.set',
  'timer.cancelled',
  'timer.expired',
  'export.missing',
  'fence.written',
  'frame.presented',
] as const satisfies readonly FactName[]

/** A few of each is enough to tell the story of an object. */
const fewDeeds = 4

const createdSuspended = 1
/** `end` of `wait.ended`. */
const timedOut = 1

export function createCollector(): Collector {
  const objects = new Map<number, ObjectEvidence>()
  const origins = new Map<string, Origin>()
  const ghosts = new Map<number, GhostCount>()
  const callers = new Map<number, number[]>()
  const closings = new Map<number, Closing>()
  const polls = new Map<number, Poll>()
  const suspended = new Map<number, number>()
  const exits = new Map<number, Deed>()
  const missing = createMissingUses()
  const fences: { count: number; last: FenceNote | undefined } = { count: 0, last: undefined }
  const frames: { count: number; last: Deed | undefined } = { count: 0, last: undefined }
  let sites = 0
  const dropped = { objects: 0, sites: 0, ghosts: 0, callers: 0 }

  const deed = ({ sequence, cycle, tid, actor, lr, source }: Fact): Deed => ({
    sequence,
    cycle,
    tid,
    actor,
    lr,
    source,
  })

  function originOf(fact: Fact): Origin | undefined {
    const key = `${fact.objectKind} ${fact.source} ${fact.lr}`
    const known = origins.get(key)
    if (known !== undefined) {
      known.objects += 1
      return known
    }
    if (sites >= limits.producerSites.value) {
      dropped.sites += 1
      return undefined
    }
    sites += 1
    const origin: Origin = { kind: fact.objectKind, lr: fact.lr, source: fact.source, objects: 1, sites: new Map() }
    origins.set(key, origin)
    return origin
  }

  function begin(serial: number, origin: Origin | undefined): ObjectEvidence {
    if (objects.size >= limits.diagnosedObjects.value) {
      const oldest = objects.keys().next().value
      if (oldest !== undefined) objects.delete(oldest)
      dropped.objects += 1
    }
    const evidence: ObjectEvidence = {
      origin,
      signals: [],
      taken: undefined,
      opened: [],
      closed: undefined,
      timer: undefined,
      misses: [],
    }
    objects.set(serial, evidence)
    return evidence
  }

  const known = (serial: number): ObjectEvidence => objects.get(serial) ?? begin(serial, undefined)

  function keep<T>(list: T[], item: T, most: number): void {
    if (list.length >= most) list.shift()
    list.push(item)
  }

  function signal(fact: Fact, what: SignalNote['what'], woken: number, reason: number): void {
    const evidence = known(fact.serial)
    keep(evidence.signals, { ...deed(fact), what, woken, reason }, limits.diagnosedSignals.value)
    if (what === 'reset' || evidence.origin === undefined) return
    const key = fact.lr * 0x100000 + fact.source
    const site = evidence.origin.sites.get(key)
    const last = { tid: fact.tid, cycle: fact.cycle, serial: fact.serial }
    if (site !== undefined) {
      site.count += 1
      site.last = last
      if (site.tids.length < fewDeeds && !site.tids.includes(fact.tid)) site.tids.push(fact.tid)
    } else if (sites >= limits.producerSites.value) dropped.sites += 1
    else {
      sites += 1
      evidence.origin.sites.set(key, { lr: fact.lr, source: fact.source, count: 1, tids: [fact.tid], last })
    }
  }

  function ghost(fact: FactOf<'ghost.met'>): void {
    if (fact.operation === 0 && fact.candidate !== 0)
      keep(known(fact.candidate).misses, { ...deed(fact), value: fact.value, class: fact.class }, fewDeeds)
    const key = fact.source * 16 + fact.class * 4 + fact.operation
    const count = ghosts.get(key)
    if (count !== undefined) count.count += 1
    else if (ghosts.size >= limits.ghostSources.value) dropped.ghosts += 1
    else
      ghosts.set(key, {
        source: fact.source,
        class: fact.class,
        operation: fact.operation,
        count: 1,
        first: { ...deed(fact), value: fact.value, candidate: fact.candidate },
      })
  }

  function called({ tid, lr }: Fact): void {
    if (tid === 0 || lr === 0) return
    const tids = callers.get(lr)
    if (tids !== undefined) {
      if (tids.length < fewDeeds && !tids.includes(tid)) tids.push(tid)
    } else if (callers.size >= limits.producerSites.value) dropped.callers += 1
    else callers.set(lr, [tid])
  }

  /** Waits that time out on the one object; a plain sleep between them changes nothing. */
  function poll(fact: FactOf<'wait.ended'>, list: readonly number[]): void {
    const serial = list[0]
    if (serial === undefined) return
    const before = polls.get(fact.tid)
    if (fact.end !== timedOut || list.length !== 2) polls.delete(fact.tid)
    else if (before?.serial === serial) {
      before.times += 1
      before.last = fact.cycle
    } else polls.set(fact.tid, { serial, handle: fact.handle, times: 1, since: deed(fact), last: fact.cycle })
  }

  function note(fact: Fact): void {
    called(fact)
    switch (fact.kind) {
      case 'object.created':
      case 'object.adopted':
        begin(fact.serial, originOf(fact))
        break
      case 'object.destroyed':
        // A waiter keeps its object alive, so nobody waits on this one.
        objects.delete(fact.serial)
        break
      case 'handle.opened':
        if (fact.via !== 0)
          keep(known(fact.serial).opened, { ...deed(fact), handle: fact.handle, via: fact.via }, fewDeeds)
        break
      case 'handle.closed':
        known(fact.serial).closed = { ...deed(fact), handle: fact.handle, open: fact.open }
        // One a handle value at most, and the handle table is bounded.
        closings.set(fact.handle, { ...deed(fact), serial: fact.serial, kind: fact.objectKind })
        break
      case 'object.signalled':
        signal(fact, 'set', fact.woken, -1)
        break
      case 'object.reset':
        signal(fact, 'reset', 0, -1)
        break
      case 'object.pulsed':
        signal(fact, 'pulsed', fact.woken, -1)
        break
      case 'signal.lost':
        signal(fact, 'lost', 0, fact.reason)
        break
      case 'ghost.met':
        ghost(fact)
        break
      case 'wait.ended': {
        const { list } = fact
        poll(fact, list)
        if (fact.end !== 0) break
        const by = deed(fact)
        if (fact.index >= 0) known(list[fact.index * 2] ?? fact.serial).taken = by
        else for (let i = 0; i < list.length; i += 2) known(list[i] ?? 0).taken = by
        break
      }
      case 'thread.started':
        if ((fact.flags & createdSuspended) !== 0) suspended.set(fact.thread, 0)
        break
      case 'thread.resumed': {
        const times = suspended.get(fact.thread)
        if (times !== undefined) suspended.set(fact.thread, times + 1)
        break
      }
      case 'thread.exited':
        polls.delete(fact.thread)
        exits.set(fact.thread, deed(fact))
        break
      case 'export.missing':
        missing.note(fact, deed(fact))
        break
      case 'fence.written':
        fences.count += 1
        fences.last = { ...deed(fact), address: fact.address, value: fact.value }
        break
      case 'frame.presented':
        frames.count = fact.n
        frames.last = deed(fact)
        break
      case 'timer.set':
        known(fact.serial).timer = { ...deed(fact), what: 'set', due: fact.due, period: fact.period }
        break
      case 'timer.cancelled':
        known(fact.serial).timer = { ...deed(fact), what: 'cancelled', due: 0, period: 0 }
        break
      case 'timer.expired': {
        const evidence = known(fact.serial)
        evidence.timer = { ...deed(fact), what: 'expired', due: fact.due, period: evidence.timer?.period ?? 0 }
        break
      }
    }
  }

  return {
    note,
    of: serial => objects.get(serial),
    ranAt: lr => callers.get(lr) ?? [],
    callers: () => callers.keys(),
    get complete() {
      return dropped.callers === 0
    },
    ghosts: () => [...ghosts.values()].toSorted((a, b) => b.count - a.count),
    missing: source => missing.of(source),
    fences: () => fences,
    frames: () => frames,
    closing: value => closings.get(value),
    polls: tid => polls.get(tid),
    resumes: tid => suspended.get(tid),
    exited: tid => exits.get(tid),
    counters: () => ({
      [limits.diagnosedObjects.counter]: dropped.objects,
      [limits.producerSites.counter]: dropped.sites + dropped.callers,
      [limits.ghostSources.counter]: dropped.ghosts,
      ...missing.counters(),
    }),
  }
}
