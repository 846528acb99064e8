/**
 * The producer hunt: who should have signalled, as far as the facts allow to say. Each line states something that was
 * seen, the most telling first; where nothing points at anybody, that is said.
 */
import { hex, type ObjectView, type ThreadView } from '../../core/index.ts'
import { type BlockContext, doing, ghostClasses } from './blocks.ts'
import { type Candidate, candidatesOf } from './candidate.ts'
import type { ObjectEvidence } from './evidence.ts'
import { count } from './names.ts'

const openedBy = ['', 'duplicated it', 'opened it by name', 'opened it by its pointer'] as const
const mostSites = 3
const mostPeers = 4

export function producersOf(context: BlockContext, waiter: ThreadView, object: ObjectView): string[] {
  const evidence = context.evidence.of(object.serial)
  const named = new Set<number>([waiter.tid, 0])
  const lines = [
    ...missed(context, evidence, named),
    ...codeLines(context, object, named),
    ...lastSignaller(context, object, named),
    ...likeIt(context, evidence, object, named),
    ...opened(context, evidence, named),
    ...peers(context, waiter, object, named),
  ]
  return lines.length > 0 ? lines : ['unknown: nobody signalled it or its like, and nobody else holds it']
}

function now(context: BlockContext, tid: number): string {
  const thread = context.views.thread(tid)
  if (thread === undefined) return ''
  return `; ${context.names.thread(tid)} ${doingAt(context, thread)}`
}

function missed(context: BlockContext, evidence: ObjectEvidence | undefined, named: Set<number>): string[] {
  const { names } = context
  return (evidence?.misses ?? []).slice(-2).map(miss => {
    named.add(miss.tid)
    return (
      `${names.thread(miss.tid, miss.actor)} signalled ${hex(miss.value)} at ${names.time(miss.cycle)}, which ` +
      `${ghostClasses[miss.class] ?? 'names nothing'}: ${names.site(miss.source, miss.lr)}${now(context, miss.tid)}`
    )
  })
}

const mostCandidates = 4

/** The code that would signal it. */
function codeLines(context: BlockContext, object: ObjectView, named: Set<number>): string[] {
  const candidates = candidatesOf(context, object)
  const lines = candidates.slice(0, mostCandidates).map(candidate => codeLine(context, candidate, named))
  if (candidates.length > mostCandidates)
    lines.push(`${count(candidates.length - mostCandidates, 'more call')} in the code would signal it`)
  return lines
}

function codeLine(context: BlockContext, candidate: Candidate, named: Set<number>): string {
  const { names, views } = context
  const { site, within, ran, standing, visitors } = candidate
  const history = ran === undefined ? '' : ran ? ', and did so before' : ', and never ran'
  const where = `${site.direct ? site.signals : `a call of ${site.signals}`} at ${names.code(site.address)} would signal it${history}`
  const tell = (thread: ThreadView, role: string): string => {
    named.add(thread.tid)
    return `; ${names.thread(thread.tid)} ${role}, and ${doingAt(context, thread)}`
  }
  const here = standing.slice(0, 2).map(thread => tell(thread, `is in ${within}`))
  const past = visitors
    .slice(0, here.length > 0 ? 0 : 2)
    .flatMap(tid => views.thread(tid) ?? [])
    .map(thread => tell(thread, `ran ${within}`))
  return where + [...here, ...past].join('')
}

function doingAt(context: BlockContext, thread: ThreadView): string {
  const exit = context.evidence.exited(thread.tid)
  const when = thread.state === 'exited' && exit !== undefined ? ` at ${context.names.time(exit.cycle)}` : ''
  return `${doing(context, thread)}${when}`
}

function lastSignaller(context: BlockContext, object: ObjectView, named: Set<number>): string[] {
  const { names } = context
  const last = object.lastSignal
  if (last === undefined || last.tid === 0 || named.has(last.tid)) return []
  named.add(last.tid)
  return [
    `${names.thread(last.tid)} signalled it last, at ${names.time(last.cycle)}: ${names.site(last.source, last.lr)}` +
      now(context, last.tid),
  ]
}

function likeIt(
  context: BlockContext,
  evidence: ObjectEvidence | undefined,
  object: ObjectView,
  named: Set<number>,
): string[] {
  const { names } = context
  const origin = evidence?.origin
  if (origin === undefined) return []
  return [...origin.sites.values()]
    .toSorted((a, b) => b.count - a.count)
    .slice(0, mostSites)
    .map(site => {
      const tid = site.last.tid
      const state = named.has(tid) ? '' : now(context, tid)
      named.add(tid)
      const others = origin.objects > 1 ? `one of the ${origin.objects} made at the same place` : 'it'
      const which = site.last.serial === object.serial ? 'it' : `#${site.last.serial}`
      return (
        `${names.site(site.source, site.lr)} signalled ${others} ${count(site.count, 'time')}, ` +
        `last ${which} at ${names.time(site.last.cycle)} by ${names.thread(tid)}${state}`
      )
    })
}

function opened(context: BlockContext, evidence: ObjectEvidence | undefined, named: Set<number>): string[] {
  const { names } = context
  return (evidence?.opened ?? []).map(deed => {
    const state = named.has(deed.tid) ? '' : now(context, deed.tid)
    named.add(deed.tid)
    return (
      `${names.thread(deed.tid, deed.actor)} ${openedBy[deed.via] ?? 'opened it'} as ${hex(deed.handle)} at ` +
      `${names.time(deed.cycle)}: ${names.site(deed.source, deed.lr)}${state}`
    )
  })
}

/** Threads of the same maker as the object or the waiter, that are not told of yet. */
function peers(context: BlockContext, waiter: ThreadView, object: ObjectView, named: Set<number>): string[] {
  const { views, names, evidence } = context
  const makers = new Set([object.created?.tid, waiter.creator?.tid])
  makers.delete(0)
  const others = views
    .threads()
    .filter(
      ({ tid, system, creator }) =>
        !system && !named.has(tid) && (makers.has(tid) || (creator !== undefined && makers.has(creator.tid))),
    )
  const verb = object.signals === 0 ? 'and never signalled it' : 'and may be meant to signal it'
  const lines = others.slice(0, mostPeers).map(thread => {
    const role = thread.tid === object.created?.tid ? ' made it,' : ''
    const suspended = thread.suspendCount > 0 && evidence.resumes(thread.tid) === 0
    const does = suspended ? 'was made suspended and never resumed' : doingAt(context, thread)
    return `${names.thread(thread.tid)}${role} ${does}, ${verb}`
  })
  if (others.length > mostPeers) lines.push(`${others.length - mostPeers} more threads of the same maker`)
  return lines
}
