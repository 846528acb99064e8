/**
 * Which of the exports without a body the hang most likely comes from. Nothing proves it: a title may well live without
 * the call. So each thing that speaks for it has a weight, and what spoke is told beside the rank:
 *
 * - it was given the very object that a stuck thread waits on, or memory that holds it, or the thread itself;
 * - a stuck thread called it shortly before its wait, or again and again while it polls;
 * - a thread that stands in the code that should have signalled, or did so before, called it;
 * - by its subject it wakes threads, or by its name it promises a signal or a call back.
 *
 * Where nobody is stuck, subject and name alone make the order, and nothing is called likely.
 */
import type { MissingExport } from '../../core/index.ts'
import { awaitsSignal, type Block, type BlockContext } from './blocks.ts'
import { candidatesOf } from './candidate.ts'
import type { Diagnosis, Waiting } from './diagnosis.ts'
import type { MissingCaller, MissingUse } from './evidence.ts'

export interface Suspect {
  readonly missing: MissingExport
  readonly use: MissingUse | undefined
  /** The sum of the weights of what speaks for it. */
  readonly score: number
  /** Enough speaks for it that it stands before everything else. */
  readonly likely: boolean
  /** What speaks for it, the heaviest first. */
  readonly reasons: readonly string[]
}

const weights = {
  givenObject: 60,
  givenHolder: 40,
  givenThread: 30,
  whilePolling: 35,
  justBefore: 30,
  before: 15,
  longBefore: 5,
  producer: 35,
  wakesThreads: 20,
  worksAside: 10,
  promises: 10,
} as const

/** One strong reason alone, or two of middle weight. */
const enough = 50

/** Memory handed over holds an object that lies this near behind its address. */
const holderBytes = 0x80
const lowestPointer = 0x10000
/** Stuck threads looked at: more of them say nothing more. */
const mostStuck = 64

const wakesThreads = new Set(['sync', 'threads', 'blocking'])
/** Subjects whose calls may complete later. */
const worksAside = new Set(['files', 'audio', 'video', 'input', 'network', 'user', 'time'])
const promises =
  /Register|Connect|Callback|Notif|Alarm|Insert|Queue|Complete|Schedule|Start|Boost|Signal|Resume|Set\w*Event|Release/

interface Reason {
  readonly weight: number
  readonly text: string
}

export function suspectsOf(context: BlockContext, diagnosis: Diagnosis): Suspect[] {
  const stuck = diagnosis.waiting.filter(one => one.stuck).slice(0, mostStuck)
  const producers = producersOf(context, stuck)
  return context.views
    .missingExports()
    .map((missing): Suspect => {
      const use = context.evidence.missing(missing.source)
      const own = use === undefined ? [] : reasonsOf(context, use, stuck, producers)
      const reasons = [...own, ...subjectReasons(missing)].toSorted((a, b) => b.weight - a.weight)
      const score = reasons.reduce((sum, { weight }) => sum + weight, 0)
      return {
        missing,
        use,
        score,
        likely: own.length > 0 && score >= enough,
        reasons: reasons.map(({ text }) => text),
      }
    })
    .toSorted((a, b) => b.score - a.score || b.missing.calls - a.missing.calls)
}

function subjectReasons({ name, tags }: MissingExport): Reason[] {
  const reasons: Reason[] = []
  if (tags.some(tag => wakesThreads.has(tag)))
    reasons.push({ weight: weights.wakesThreads, text: 'its subject is what threads wait for' })
  else if (tags.some(tag => worksAside.has(tag)))
    reasons.push({ weight: weights.worksAside, text: `its subject is ${tags[0]}, where calls complete later` })
  if (promises.test(name)) reasons.push({ weight: weights.promises, text: 'its name promises a signal or a call back' })
  return reasons
}

/** The heaviest of each kind: that ten threads wait likewise is one reason, not ten. */
function reasonsOf(
  context: BlockContext,
  use: MissingUse,
  stuck: readonly Waiting[],
  producers: ReadonlyMap<number, string>,
): Reason[] {
  const given = stuck.flatMap(one => givenReasons(context, use, one))
  const called = [...use.callers.values()].flatMap(caller => callerReasons(context, caller, stuck, producers))
  return [heaviest(given), heaviest(called.filter(isWaiters)), heaviest(called.filter(one => !isWaiters(one)))].flatMap(
    one => one ?? [],
  )
}

type CallerReason = Reason & { readonly of: 'waiter' | 'producer' }

const isWaiters = ({ of }: CallerReason): boolean => of === 'waiter'

const heaviest = (reasons: readonly Reason[]): Reason | undefined => reasons.toSorted((a, b) => b.weight - a.weight)[0]

function givenReasons({ names, views }: BlockContext, { given }: MissingUse, { thread, blocks }: Waiting): Reason[] {
  const waits = `on which ${names.thread(thread.tid)} waits`
  const reasons: Reason[] = []
  const own = views.object(thread.serial)
  if (own !== undefined && own.address !== 0 && given.has(own.address))
    reasons.push({ weight: weights.givenThread, text: `it was given ${names.thread(thread.tid)} itself` })
  for (const block of blocks) {
    const { object, label } = block
    const handles = block.handle === 0 ? object.handles : [block.handle, ...object.handles]
    // A value that was given before the object was made named something else then.
    const since = object.adopted ? 0 : (object.created?.sequence ?? 0)
    const was = (word: number): boolean => (given.get(word) ?? -1) >= since
    if (handles.some(was) || (object.address !== 0 && was(object.address)))
      reasons.push({ weight: weights.givenObject, text: `it was given ${label}, ${waits}` })
    else if ([...given.keys()].some(word => holds(word, block) && was(word)))
      reasons.push({ weight: weights.givenHolder, text: `it was given memory that holds ${label}, ${waits}` })
  }
  return reasons
}

const holds = (word: number, { object }: Block): boolean =>
  word >= lowestPointer && object.address > word && object.address - word < holderBytes

function callerReasons(
  { names, views }: BlockContext,
  caller: MissingCaller,
  stuck: readonly Waiting[],
  producers: ReadonlyMap<number, string>,
): CallerReason[] {
  const { tid, last, calls } = caller
  const name = names.thread(tid, last.actor)
  const waiter = stuck.find(({ thread }) => thread.tid === tid)
  const role = tid === 0 ? undefined : producers.get(tid)
  const reasons: CallerReason[] = []
  if (role !== undefined)
    reasons.push({ of: 'producer', weight: weights.producer, text: `${name}, which ${role}, called it` })
  if (waiter === undefined) return reasons
  if (last.sequence > waiter.wait.begun.sequence) {
    const text = `${name} called it ${calls === 1 ? 'while' : 'again and again while'} it polls`
    return [...reasons, { of: 'waiter', weight: weights.whilePolling, text }]
  }
  const ticks = waiter.wait.begun.cycle - last.cycle
  const ago = ticks / views.timebaseHz
  const weight = ago <= 0.001 ? weights.justBefore : ago <= 1 ? weights.before : weights.longBefore
  const when = ticks === 0 ? 'right before it began' : `${names.time(ticks)} before it began`
  return [...reasons, { of: 'waiter', weight, text: `${name} called it ${when} to wait` }]
}

/** Threads that should have signalled what a stuck thread waits on, with the reason to think so. */
function producersOf(context: BlockContext, stuck: readonly Waiting[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  const waiters = new Set(stuck.map(({ thread }) => thread.tid))
  const add = (tid: number, role: string): void => {
    if (tid !== 0 && !found.has(tid)) found.set(tid, role)
  }
  const seen = new Set<number>()
  for (const { blocks } of stuck)
    for (const { object, label, code } of blocks) {
      if (!awaitsSignal.has(code) || seen.has(object.serial)) continue
      seen.add(object.serial)
      for (const { standing, beginners, visitors } of candidatesOf(context, object)) {
        for (const { thread } of standing) add(thread.tid, `is in the code that would signal ${label}`)
        for (const { tid } of beginners) add(tid, `begins with the code that would signal ${label}`)
        for (const tid of visitors) if (!waiters.has(tid)) add(tid, `ran the code that would signal ${label}`)
      }
      if (object.lastSignal !== undefined) add(object.lastSignal.tid, `signalled ${label} last`)
    }
  return found
}
