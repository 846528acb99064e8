/**
 * The producer hunt: who should have signalled, as far as the facts allow to say. Each line states something that was
 * seen, the most telling first; where nothing points at anybody, that is said.
 */
import { hex, type ObjectView, type ThreadView } from '../../core/index.ts'
import { type BlockContext, doing, ghostClasses, isSuspended } from './blocks.ts'
import { type Candidate, candidatesOf, memberCandidates } from './candidate.ts'
import { fits } from './code.ts'
import type { ObjectEvidence } from './evidence.ts'
import { count } from './names.ts'

const openedBy = ['', 'duplicated it', 'opened it by name', 'opened it by its pointer'] as const
const mostSites = 3
const mostPeers = 4

/** `behind`: threads that wait for the waiter, and so are nobody's hope. */
export function producersOf(
  context: BlockContext,
  waiter: ThreadView,
  object: ObjectView,
  behind: readonly number[] = [],
): string[] {
  const evidence = context.evidence.of(object.serial)
  const candidates = candidatesOf(context, object)
  const named = new Set<number>([waiter.tid, ...behind, 0])
  const lines = [
    ...missed(context, evidence, named),
    ...astray(context, object, named),
    ...codeLines(context, object, candidates, named),
    ...lastSignaller(context, object, named),
    ...likeIt(context, evidence, object, candidates, named),
    ...opened(context, evidence, named),
  ]
  if (candidates.length === 0) lines.push(...memberLines(context, waiter, object, named))
  if (lines.length === 0) lines.push(...peers(context, waiter, object, named))
  return lines.length > 0
    ? lines
    : ['unknown: nobody signalled it or its like, and no call that would was found in the code']
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

const mostAstray = 2

/** Signals of its kind on values that name nothing: perhaps meant for it. */
function astray(context: BlockContext, object: ObjectView, named: Set<number>): string[] {
  const { names, evidence, views } = context
  const misses = evidence.of(object.serial)?.misses ?? []
  return evidence
    .ghosts()
    .filter(
      ({ operation, source, first }) =>
        operation === 0 && fits(views.sourceName(source), object) && !misses.some(miss => miss.value === first.value),
    )
    .slice(0, mostAstray)
    .map(({ first, class: kind, count: times }) => {
      const more = times > 1 ? ` (${count(times, 'time')} in all)` : ''
      const state = named.has(first.tid) ? '' : now(context, first.tid)
      named.add(first.tid)
      return (
        `perhaps meant for it: ${names.thread(first.tid, first.actor)} signalled ${hex(first.value)} at ` +
        `${names.time(first.cycle)}${more}, which ${ghostClasses[kind] ?? 'names nothing'}: ` +
        `${names.site(first.source, first.lr)}${state}`
      )
    })
}

const mostCandidates = 4

/** The code that would signal it. */
function codeLines(
  context: BlockContext,
  object: ObjectView,
  candidates: readonly Candidate[],
  named: Set<number>,
): string[] {
  const { alreadySet, pulsedIntoNobody, overLimit } = object.lost
  const ever = object.signals + alreadySet + pulsedIntoNobody + overLimit > 0
  const before = ever ? ', and did so before' : ', and ran before, on another object'

  const told = new Set<number>()
  const lines = candidates
    .slice(0, mostCandidates)
    .map(candidate => codeLine(context, candidate, 'would signal it', before, named, told))
  if (candidates.length > mostCandidates)
    lines.push(`${count(candidates.length - mostCandidates, 'more call')} in the code would signal it`)
  return lines
}

/** Code that signals the like member of some object: perhaps of this one. */
function memberLines(context: BlockContext, waiter: ThreadView, object: ObjectView, named: Set<number>): string[] {
  const found = memberCandidates(context, waiter, object)
  if (found === undefined) return []
  const what = `signals the member at +${hex(found.member.offset)} of what it is given, as this is`
  const told = new Set<number>()
  const lines = found.candidates
    .slice(0, mostCandidates)
    .map(candidate => codeLine(context, candidate, what, '', named, told))
  const rest = found.candidates.length - lines.length
  if (rest > 0) lines.push(`${count(rest, 'more call')} of that kind`)
  return lines
}

/** `before`: what to say when it ran. */
function codeLine(
  context: BlockContext,
  candidate: Candidate,
  does: string,
  before: string,
  named: Set<number>,
  told: Set<number>,
): string {
  const { names, views } = context
  const { site, within, ran, standing, beginners, visitors } = candidate
  const history = ran === undefined ? '' : ran ? before : ', and never ran'
  const where = `${site.direct ? site.signals : `a call of ${site.signals}`} at ${names.code(site.address)} ${does}${history}`
  const tell = (thread: ThreadView, role: string): string => {
    const state = told.has(thread.tid) ? '' : `, and ${doingAt(context, thread)}`
    told.add(thread.tid)
    named.add(thread.tid)
    return `; ${names.thread(thread.tid)} ${role}${state}`
  }
  const here = standing
    .slice(0, 2)
    .map(({ thread, before: ahead }) => tell(thread, `is in ${within}${ahead ? ', before that' : ''}`))
  const first = beginners.slice(0, here.length > 0 ? 0 : 2).map(thread => tell(thread, 'begins there'))
  const past = visitors
    .slice(0, here.length + first.length > 0 ? 0 : 2)
    .flatMap(tid => views.thread(tid) ?? [])
    .map(thread => tell(thread, `ran ${within}`))
  return where + [...here, ...first, ...past].join('')
}

function doingAt(context: BlockContext, thread: ThreadView): string {
  const exit = context.evidence.exited(thread.tid)
  const when = thread.state === 'exited' && exit !== undefined ? ` at ${context.names.time(exit.cycle)}` : ''
  const never = isSuspended(thread) && context.evidence.resumes(thread.tid) === 0
  return never ? 'was made suspended and never resumed' : `${doing(context, thread)}${when}`
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

/** Call sites that signalled what was made at the same place, but for those told of already. */
function likeIt(
  context: BlockContext,
  evidence: ObjectEvidence | undefined,
  object: ObjectView,
  candidates: readonly Candidate[],
  named: Set<number>,
): string[] {
  const { names } = context
  const origin = evidence?.origin
  if (origin === undefined) return []
  const told = new Set([...candidates.map(({ site }) => site.address + 4), object.lastSignal?.lr ?? 0])
  const which = origin.objects > 1 ? `${origin.objects} objects made at the same place` : 'it'
  return [...origin.sites.values()]
    .filter(({ lr }) => !told.has(lr))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, mostSites)
    .map(site => {
      const { tid, cycle, serial } = site.last
      const state = named.has(tid) ? '' : now(context, tid)
      named.add(tid)
      const last = `${origin.objects > 1 ? `last #${serial} ` : ''}at ${names.time(cycle)} by ${names.thread(tid)}`
      return `${names.site(site.source, site.lr)} signalled ${which} ${count(site.count, 'time')}, ${last}${state}`
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
  const { views, names } = context
  const makers = new Set([object.created?.tid, waiter.creator?.tid])
  makers.delete(0)
  const others = views
    .threads()
    .filter(
      ({ tid, system, creator }) =>
        !system &&
        !named.has(tid) &&
        !object.waiters.includes(tid) &&
        (makers.has(tid) || (creator !== undefined && makers.has(creator.tid))),
    )
  const verb = object.signals === 0 ? 'and never signalled it' : 'and may be meant to signal it'
  const lines = others.slice(0, mostPeers).map(thread => {
    const role = thread.tid === object.created?.tid ? ' made it,' : ''
    return `${names.thread(thread.tid)}${role} ${doingAt(context, thread)}, ${verb}`
  })
  if (others.length > mostPeers) lines.push(`${others.length - mostPeers} more threads of the same maker`)
  return lines
}
