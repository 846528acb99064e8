/**
 * Why one object does not let one waiter go: a block. Each is one of a closed list of classes, with a clause that
 * completes the sentence `Thread 3 waits for ever on Event/Auto 0x1008: …`, and with the threads that stand in the way
 * where the machine knows them for certain (owners, threads waited for). A pure function of the views and the evidence.
 */
import { hex, type MachineViews, type ObjectView, type ThreadView, type WaitView } from '../../core/index.ts'
import type { CodeHunt } from './code.ts'
import type { Evidence, ObjectEvidence, SignalNote } from './evidence.ts'
import { count, type Names } from './names.ts'

/** The classes of a block, the most telling first, with the words of the table of threads. */
export const blockClasses = {
  'owner-exited': 'its owner exited',
  'owner-waits': 'its owner waits itself',
  'owner-suspended': 'its owner is suspended',
  'pulsed-into-nobody': 'pulsed while nobody waited',
  'reset-before-the-wait': 'signalled before the wait, then reset',
  'signal-on-nothing': 'never signalled; a signal missed it',
  'never-signalled': 'never signalled',
  'signals-merged': 'set while already set',
  'over-the-limit': 'released over its limit',
  'timer-never-set': 'never armed',
  'timer-cancelled': 'cancelled',
  'timer-expired': 'expired before the wait',
  'thread-suspended': 'that thread is suspended',
  'thread-waits': 'that thread waits itself',
  closed: 'closed while waited on',
  'signals-taken': 'every signal was taken',
  'not-signalled-since': 'not signalled since',
  'owner-runs': 'its owner runs',
  'thread-runs': 'that thread runs',
  'queue-full': 'as many run as it allows',
  'timer-armed': 'armed',
  signalled: 'signalled',
  unknown: 'unknown',
} as const
export type BlockClass = keyof typeof blockClasses

/** Classes of a block that ends when somebody signals. */
export const awaitsSignal: ReadonlySet<BlockClass> = new Set<BlockClass>([
  'pulsed-into-nobody',
  'reset-before-the-wait',
  'signal-on-nothing',
  'never-signalled',
  'signals-merged',
  'signals-taken',
  'not-signalled-since',
])

export interface Block {
  readonly object: ObjectView
  /** The handle value the waiter used, 0 where it used a pointer. */
  readonly handle: number
  /** What to call it: a critical section is an event to the kernel. */
  readonly label: string
  readonly code: BlockClass
  /** Completes the sentence after a colon. */
  readonly clause: string
  /** Threads that must act first, known for certain. */
  readonly blockers: readonly number[]
}

export interface BlockContext {
  readonly views: MachineViews
  readonly evidence: Evidence
  readonly names: Names
  readonly code: CodeHunt
}

export function blockOf(context: BlockContext, waiter: ThreadView, wait: WaitView, index: number): Block | undefined {
  const serial = wait.objects[index]
  const object = serial === undefined ? undefined : context.views.object(serial)
  if (object === undefined) return undefined
  const handle = wait.handles[index] ?? 0
  const section = criticalSection(context, object, wait)
  const label = labelOf(context, object, handle, wait)
  return { object, handle, label, ...judge(context, waiter, wait, object, section) }
}

const labelOf = ({ names, views }: BlockContext, object: ObjectView, handle: number, wait: WaitView): string =>
  isSection(views, object, wait)
    ? names.object(object, handle).replace(object.kind, 'critical section')
    : names.object(object, handle)

type Judgement = Pick<Block, 'code' | 'clause' | 'blockers'>

function judge(
  context: BlockContext,
  waiter: ThreadView,
  wait: WaitView,
  object: ObjectView,
  section: CriticalSection | undefined,
): Judgement {
  const evidence = context.evidence.of(object.serial)
  if (section?.owner !== undefined) return owned(context, waiter, section.owner)
  if (object.kind === 'Mutant' && object.owner !== 0) return owned(context, waiter, object.owner)
  if (object.kind === 'Thread') return joined(context, object)
  if (wait.type === 'all' && (object.state ?? 0) > 0) return free('signalled', 'it is signalled')
  if (object.kind === 'Timer/Manual' || object.kind === 'Timer/Auto') return timed(context, object, evidence)
  if (queueKinds.includes(object.kind) && (object.state ?? 0) > 0)
    return free(
      'queue-full',
      `it holds ${count(object.state ?? 0, 'entry', 'entries')}, and as many threads as it allows run on what they took`,
    )
  return signalled(context, wait, object, evidence)
}

const queueKinds: readonly string[] = ['Queue', 'IoCompletion']

const free = (code: BlockClass, clause: string, blockers: readonly number[] = []): Judgement => ({
  code,
  clause,
  blockers,
})

/** Whether a suspension holds a thread: at a raised IRQL and in a critical region it goes on for now. */
export const isSuspended = ({ state, suspendCount }: ThreadView): boolean => state === 'suspended' && suspendCount > 0

/** What a thread does now, after its name. */
export function doing(context: BlockContext, thread: ThreadView): string {
  if (thread.state === 'exited') return `exited with ${hex(thread.exitCode ?? 0)}`
  if (thread.state === 'suspended') return 'is suspended'
  const { wait } = thread
  if (wait === undefined) return thread.state === 'running' ? 'runs' : 'is ready to run'
  if (wait.type === 'delay') return wait.deadline === undefined ? 'sleeps for ever' : 'sleeps'
  const first = wait.objects[0] === undefined ? undefined : context.views.object(wait.objects[0])
  const on =
    wait.objects.length === 1 && first !== undefined
      ? labelOf(context, first, wait.handles[0] ?? 0, wait)
      : `${wait.type === 'all' ? 'all' : 'one'} of ${count(wait.objects.length, 'object')}`
  return wait.deadline === undefined ? `waits on ${on}` : `waits on ${on}, with a timeout`
}

function owned(context: BlockContext, waiter: ThreadView, tid: number): Judgement {
  const owner = context.views.thread(tid)
  const name = context.names.thread(tid)
  if (owner === undefined || owner.state === 'exited')
    return free('owner-exited', `its owner, ${name}, exited and never gave it back`)
  if (owner.tid === waiter.tid) return free('owner-waits', 'its owner is this thread itself', [tid])
  const clause = `its owner, ${name}, ${doing(context, owner)}`
  if (isSuspended(owner)) return free('owner-suspended', clause, [tid])
  return free(owner.state === 'waiting' ? 'owner-waits' : 'owner-runs', clause, [tid])
}

function joined(context: BlockContext, object: ObjectView): Judgement {
  const thread = context.views.threads().find(one => one.serial === object.serial)
  if (thread === undefined) return free('unknown', 'the kernel no longer knows that thread')
  if (thread.state === 'exited') return free('signalled', 'that thread has exited')
  const clause = `${context.names.thread(thread.tid)} ${doing(context, thread)}`
  if (isSuspended(thread)) {
    const never = context.evidence.resumes(thread.tid) === 0
    return free(
      'thread-suspended',
      never ? `${context.names.thread(thread.tid)} was made suspended and never resumed` : clause,
      [thread.tid],
    )
  }
  return free(thread.state === 'waiting' ? 'thread-waits' : 'thread-runs', clause, [thread.tid])
}

function timed({ names }: BlockContext, object: ObjectView, evidence: ObjectEvidence | undefined): Judgement {
  const last = evidence?.timer
  if ((object.state ?? 0) > 0) return free('signalled', 'it is signalled')
  if (last === undefined) return free('timer-never-set', 'nobody ever armed it')
  const by = `${names.thread(last.tid, last.actor)} (${names.site(last.source, last.lr)})`
  if (last.what === 'cancelled') return free('timer-cancelled', `${by} cancelled it at ${names.time(last.cycle)}`)
  if (last.what === 'expired' && last.period === 0)
    return free('timer-expired', `it expired once, at ${names.time(last.cycle)}, and was not armed again`)
  return free('timer-armed', `it is armed and will expire at ${names.time(last.due)}`)
}

function signalled(
  context: BlockContext,
  wait: WaitView,
  object: ObjectView,
  evidence: ObjectEvidence | undefined,
): Judgement {
  const { names } = context
  const lost = object.lost.alreadySet + object.lost.pulsedIntoNobody + object.lost.overLimit
  if (object.signals === 0 && lost === 0) {
    const miss = evidence?.misses.at(-1)
    if (miss !== undefined)
      return free(
        'signal-on-nothing',
        `nobody ever signalled it, but ${names.thread(miss.tid, miss.actor)} signalled ${hex(miss.value)}, which ` +
          `${ghostClasses[miss.class] ?? 'names nothing'} (${names.site(miss.source, miss.lr)}), and this is the nearest object`,
      )
    const since = object.adopted ? 'nobody has signalled it since it was first seen' : 'nobody ever signalled it'
    return free('never-signalled', since)
  }
  const last = evidence?.signals.findLast(note => note.what !== 'reset')
  const reset = evidence?.signals.findLast(note => note.what === 'reset')
  if (last === undefined)
    return free('not-signalled-since', `it was signalled ${count(object.signals, 'time')}, not since this wait began`)
  const by = `${names.thread(last.tid, last.actor)} (${names.site(last.source, last.lr)})`
  const when = `at ${names.time(last.cycle)}`
  const before = last.sequence < wait.begun.sequence
  if (isPulseIntoNobody(last)) return free('pulsed-into-nobody', `${by} pulsed it ${when}, when nobody waited`)
  if (before && reset !== undefined && reset.sequence > last.sequence && last.woken === 0) {
    const resetBy = `${names.thread(reset.tid, reset.actor)} (${names.site(reset.source, reset.lr)})`
    return free(
      'reset-before-the-wait',
      `${by} signalled it ${when}, before this wait, and ${resetBy} reset it at ${names.time(reset.cycle)}`,
    )
  }
  if (object.lost.overLimit > 0 && last.reason === 2)
    return free('over-the-limit', `${by} released it ${when}, over its limit, which has no effect`)
  if (object.lost.alreadySet > 0 && object.kind === 'Event/Auto')
    return free(
      'signals-merged',
      `${count(object.lost.alreadySet, 'signal')} came while it was set already and had no effect; the last signal was ${when} by ${by}`,
    )
  const taken = evidence?.taken
  if (before && taken !== undefined && taken.sequence > last.sequence)
    return free(
      'signals-taken',
      `the last of ${count(object.signals, 'signal')}, ${when} by ${by}, was taken by ${
        taken.tid === 0 ? 'another wait' : names.thread(taken.tid)
      }`,
    )
  if (!object.alive) return free('closed', 'it was closed while the thread waited')
  return free('not-signalled-since', `it was last signalled ${when} by ${by}`)
}

const isPulseIntoNobody = (note: SignalNote): boolean =>
  (note.what === 'pulsed' && note.woken === 0) || (note.what === 'lost' && note.reason === 1)

export const ghostClasses = ['was never created', 'was closed before', 'is of another type'] as const
export const ghostOperations = ['signal', 'wait', 'wake', 'use'] as const

interface CriticalSection {
  /** tid, undefined when nobody of the title's holds it. */
  readonly owner: number | undefined
}

const enters = /^Rtl(?:Try)?EnterCriticalSection/
const ownerOffset = 0x18

const isSection = (views: MachineViews, object: ObjectView, wait: WaitView): boolean =>
  object.address !== 0 && enters.test(views.sourceName(wait.begun.source))

/** To the kernel a critical section is an event with the owner's thread object in the words behind it. */
function criticalSection({ views }: BlockContext, object: ObjectView, wait: WaitView): CriticalSection | undefined {
  if (!isSection(views, object, wait)) return undefined
  if (object.owner !== 0) return { owner: object.owner }
  const bytes = views.readMemory(object.address + ownerOffset, 4)
  if (bytes === undefined) return { owner: undefined }
  const pointer = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  if (pointer === 0) return { owner: undefined }
  const thread = views.threads().find(one => views.object(one.serial)?.address === pointer)
  return { owner: thread?.tid }
}
