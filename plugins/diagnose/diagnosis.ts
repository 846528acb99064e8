/**
 * The diagnosis: every waiting thread with its blocks, which of them are stuck, who waits behind whom, and where it
 * begins. A pure function of the views and the evidence at the end of a run.
 *
 * Certain edges (a mutant's owner, a thread waited for) make a graph of threads. A cycle in it is a deadlock whatever
 * else runs. To them come the likely ones: every call site that would signal the object stands in a function that a stuck
 * thread is in. A stuck thread without a stuck thread in its way is a root: the place to look at first. A producer that
 * merely fell silent is never an edge; it is told as a candidate beside the root.
 */
import {
  address,
  handle,
  limits,
  type RunEnd,
  type ThreadView,
  ticks,
  type Verdict,
  type WaitView,
} from '../../core/index.ts'
import {
  awaitsSignal,
  type Block,
  type BlockClass,
  type BlockContext,
  blockClasses,
  blockOf,
  isSuspended,
} from './blocks.ts'
import { candidatesOf } from './candidate.ts'
import { count } from './names.ts'

/** Roots that are told in full. */
export const mostRoots = 3

export interface Waiting {
  readonly thread: ThreadView
  readonly wait: WaitView
  readonly blocks: readonly Block[]
  /** Ticks since it began. */
  readonly waited: number
  /** How often it asked, for a thread that polls instead of waiting; else 0. */
  readonly polls: number
  readonly stuck: boolean
  /** The threads of the cycle it is in, itself first; empty for none. */
  readonly cycle: readonly number[]
  /** The threads that must act first: owners, threads waited for, threads in the code that would signal. */
  readonly blockers: readonly number[]
  /** Stuck threads that wait for this one, directly or not. */
  readonly behind: readonly number[]
  /** Other roots that wait for the very same, told of with this one. */
  readonly likewise: readonly ThreadView[]
  /** Stuck, and no other stuck thread is certain to be in its way. */
  readonly root: boolean
  /** `thread 3 "decoder" waits for ever on Event/Auto 0x1008 #7`, without the reason. */
  readonly says: string
  /** The reason. */
  readonly because: string
  /** The most telling class of its blocks. */
  readonly code: BlockClass | 'sleeps-for-ever'
}

export interface Diagnosis {
  /** All waiting threads, in order of tid. */
  readonly waiting: readonly Waiting[]
  /** The stuck threads where it begins, the most telling first. */
  readonly roots: readonly Waiting[]
  /** Title threads that nobody resumes. */
  readonly suspended: readonly ThreadView[]
}

const ranks = new Map(Object.keys(blockClasses).map((name, i) => [name, i]))
const rankOf = (code: string): number => ranks.get(code) ?? ranks.size

/** Classes that tell of a fault while the title still runs; a worker without work is none. */
const telling = rankOf('closed')

export function diagnose(context: BlockContext, cause: RunEnd['cause']): Diagnosis {
  const { views, names } = context
  const threads = views.threads()
  const hung = cause === 'deadlock' || cause === 'stuck'

  const drafts = threads.flatMap(thread => {
    if (thread.state === 'exited') return []
    const poll = pollOf(context, thread)
    const wait = poll?.wait ?? thread.wait
    if (wait === undefined) return []
    const blocks = wait.objects.flatMap((_, i) => blockOf(context, thread, wait, i) ?? [])
    return [{ thread, wait, blocks, waited: views.cycle - wait.begun.cycle, polls: poll?.times ?? 0 }]
  })
  type Draft = (typeof drafts)[number]

  const edges = new Map(drafts.map(({ thread, wait, blocks }) => [thread.tid, certainBlockers(wait, blocks)]))
  const cycles = new Map(drafts.map(({ thread }) => [thread.tid, cycleThrough(thread.tid, edges)]))

  function isStuck({ thread, wait, blocks, waited }: Draft): boolean {
    if (wait.deadline !== undefined || cause === 'finished') return false
    if ((cycles.get(thread.tid) ?? []).length > 0) return true
    if (thread.system) return false
    if (hung) return true
    const long = waited >= limits.suspiciousWait.value * views.timebaseHz
    const waitsForAny = wait.type === 'any'
    const tells = (block: Block) => rankOf(block.code) < telling
    return long && blocks.length > 0 && (waitsForAny ? blocks.every(tells) : blocks.some(tells))
  }
  const stuck = new Set(drafts.filter(isStuck).map(({ thread }) => thread.tid))
  for (const { thread, wait, blocks } of drafts)
    if (stuck.has(thread.tid)) {
      const certain = edges.get(thread.tid) ?? []
      edges.set(thread.tid, [...new Set([...certain, ...likelyBlockers(context, thread.tid, wait, blocks, stuck)])])
    }

  const waiting = drafts.map((draft): Waiting => {
    const { thread, wait, blocks, waited, polls } = draft
    const isOne = stuck.has(thread.tid)
    const certain = cycles.get(thread.tid) ?? []
    const cycle = certain.length > 0 || !isOne ? certain : cycleThrough(thread.tid, edges)
    const blockers = edges.get(thread.tid) ?? []
    const inTheWay = blockers.filter(tid => stuck.has(tid) && tid !== thread.tid)
    const telling = mostTelling(wait, blocks)
    return {
      thread,
      wait,
      blocks,
      waited,
      polls,
      stuck: isOne,
      cycle,
      blockers,
      behind: behind(thread.tid, edges).filter(tid => stuck.has(tid)),
      root: isOne && (cycle.length > 0 || inTheWay.length === 0),
      says: `${names.thread(thread.tid)} ${wording(wait, isOne, names.time(waited), polls)} ${onWhat(wait, blocks)}`.trimEnd(),
      because: because(context, wait, blocks, cycle),
      likewise: [],
      code: telling?.code ?? (wait.type === 'delay' ? 'sleeps-for-ever' : 'unknown'),
    }
  })

  return {
    waiting,
    roots: rootsOf(waiting),
    suspended: threads.filter(thread => !thread.system && isSuspended(thread) && (hung || thread.wait === undefined)),
  }
}

/** One verdict for every waiting title thread and object. */
export function verdictsOf({ names }: BlockContext, { waiting }: Diagnosis): Verdict[] {
  return waiting.flatMap(({ thread, wait, blocks, stuck, waited, polls }) =>
    wait.deadline !== undefined
      ? []
      : blocks.map(block => ({
          tid: thread.tid,
          serial: block.object.serial,
          code: block.code,
          text: `${names.thread(thread.tid)} ${wording(wait, stuck, names.time(waited), polls)} on ${block.label}: ${block.clause}`,
          stuck: stuck && block.code !== 'signalled',
        })),
  )
}

/** Fewer questions than these are a wait with a timeout, not a poll. */
const fewPolls = 16

/** A thread that asks again and again is taken for one that waits since it first asked. */
function pollOf(
  { evidence, views }: BlockContext,
  { tid, wait }: ThreadView,
): { readonly wait: WaitView; readonly times: number } | undefined {
  const poll = evidence.polls(tid)
  if (poll === undefined || poll.times < fewPolls || (wait !== undefined && wait.deadline === undefined))
    return undefined
  const object = views.object(poll.serial)
  if (object === undefined) return undefined
  const { sequence, lr, source } = poll.since
  return {
    times: poll.times,
    wait: {
      type: 'any',
      objects: [object.serial],
      handles: [handle(poll.handle)],
      alertable: false,
      deadline: undefined,
      begun: { sequence, cycle: ticks(poll.since.cycle), tid, lr: address(lr), source },
    },
  }
}

function wording(wait: WaitView, stuck: boolean, waited: string, polls: number): string {
  if (polls > 0) return stuck ? 'polls for ever' : `has polled ${waited}`
  if (wait.type === 'delay') return wait.deadline === undefined ? 'sleeps for ever' : `has slept ${waited}`
  if (wait.deadline !== undefined) return `has waited ${waited}, with a timeout,`
  return stuck ? 'waits for ever' : `has waited ${waited}`
}

function onWhat(wait: WaitView, blocks: readonly Block[]): string {
  if (wait.type === 'delay') return ''
  const only = blocks.length === 1 ? blocks[0] : undefined
  if (only !== undefined) return `on ${only.label}`
  return wait.type === 'all' ? `on all of ${blocks.length} objects` : `on any of ${blocks.length} objects`
}

function because({ names }: BlockContext, wait: WaitView, blocks: readonly Block[], cycle: readonly number[]): string {
  if (cycle.length > 1) return `it is in a circle of ${count(cycle.length, 'thread')} that wait for each other`
  const only = blocks.length === 1 ? blocks[0] : undefined
  if (only !== undefined) return only.clause
  if (wait.type === 'delay')
    return wait.deadline === undefined ? 'only an APC could end it' : `it ends at ${names.time(wait.deadline)}`
  const open = wait.type === 'all' ? blocks.filter(({ code }) => code !== 'signalled') : blocks
  const classes = new Map<BlockClass, number>()
  for (const { code } of open) classes.set(code, (classes.get(code) ?? 0) + 1)
  const parts = [...classes].toSorted(([a], [b]) => rankOf(a) - rankOf(b))
  const said = parts.map(([code, n]) => (n === 1 ? blockClasses[code] : `${n} × ${blockClasses[code]}`))
  const rest = wait.type === 'all' && open.length < blocks.length ? [`${blocks.length - open.length} signalled`] : []
  return [...said, ...rest].join(', ')
}

const mostTelling = (wait: WaitView, blocks: readonly Block[]): Block | undefined =>
  blocks
    .filter(({ code }) => wait.type !== 'all' || code !== 'signalled')
    .toSorted((a, b) => rankOf(a.code) - rankOf(b.code))[0]

/** The threads that are certain to act before it can go on; of a choice between objects none is. */
function certainBlockers(wait: WaitView, blocks: readonly Block[]): readonly number[] {
  if (wait.deadline !== undefined || (wait.type === 'any' && blocks.length > 1)) return []
  return [...new Set(blocks.flatMap(({ blockers }) => blockers))]
}

/** Stuck threads that stand before the call that would signal; none where some such call is not held up by anybody. */
function likelyBlockers(
  context: BlockContext,
  waiter: number,
  wait: WaitView,
  blocks: readonly Block[],
  stuck: ReadonlySet<number>,
): readonly number[] {
  if (wait.type === 'any' && blocks.length > 1) return []
  return blocks.flatMap(({ code, object }) => {
    if (!awaitsSignal.has(code)) return []
    const standing = candidatesOf(context, object).map(candidate =>
      candidate.standing
        .filter(({ thread, before }) => before && thread.tid !== waiter && stuck.has(thread.tid))
        .map(({ thread }) => thread.tid),
    )
    return standing.length > 0 && standing.every(tids => tids.length > 0) ? standing.flat() : []
  })
}

type Edges = ReadonlyMap<number, readonly number[]>

/** The shortest way from a thread back to itself, the thread first; empty for none. */
function cycleThrough(start: number, edges: Edges): readonly number[] {
  const seen = new Set<number>()
  let front: readonly (readonly number[])[] = [[start]]
  while (front.length > 0) {
    const next: (readonly number[])[] = []
    for (const path of front)
      for (const tid of edges.get(path.at(-1) ?? 0) ?? []) {
        if (tid === start) return path
        if (seen.has(tid)) continue
        seen.add(tid)
        next.push([...path, tid])
      }
    front = next
  }
  return []
}

/** Everyone that reaches the thread along edges. */
function behind(tid: number, edges: Edges): number[] {
  const reached = new Set<number>([tid])
  for (let grew = true; grew; ) {
    grew = false
    for (const [from, to] of edges)
      if (!reached.has(from) && to.some(one => reached.has(one))) {
        reached.add(from)
        grew = true
      }
  }
  reached.delete(tid)
  return [...reached]
}

/** Of each circle, and of all that wait for the same, the first speaks for all. */
function rootsOf(waiting: readonly Waiting[]): Waiting[] {
  const roots = waiting
    .filter(({ root, cycle, thread }) => root && cycle.every(tid => tid >= thread.tid))
    .toSorted(
      (a, b) =>
        Number(b.cycle.length > 0) - Number(a.cycle.length > 0) ||
        Math.min(rankOf(a.code), telling) - Math.min(rankOf(b.code), telling) ||
        b.behind.length - a.behind.length ||
        rankOf(a.code) - rankOf(b.code) ||
        a.thread.tid - b.thread.tid,
    )
  const groups = new Map<string, Waiting[]>()
  for (const root of roots) {
    const key = `${root.wait.type} ${root.wait.objects.join(' ')} ${root.cycle.join(' ')}`
    const alone = root.blocks.length === 0 ? `${key} ${root.thread.tid}` : key
    groups.set(alone, [...(groups.get(alone) ?? []), root])
  }
  return [...groups.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, likewise: others.map(({ thread }) => thread) }],
  )
}
