/**
 * Queues of entries and of completion packets: what is in them, and how many threads run on what they took. A thread that
 * has taken from a queue belongs to it; while it runs it is active, and while it waits for anything it is not. A queue
 * lets go of an entry only while fewer are active than it allows, and to the thread that waits last, whose memory is
 * still in the caches (WDK, KeInitializeQueue and KeRemoveQueue; Win32, I/O completion ports). An entry is handed to
 * the thread at once, so that nobody who runs first takes it away.
 */
import type { Plain } from '../base/state.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { unlinkFirst } from './list.ts'
import type { KernelObject, Objects, Thread, Wait } from './object.ts'
import { takePacket } from './packets.ts'
import type { Pool } from './pool.ts'
import type { Satisfaction, Winner } from './satisfaction.ts'
import { KQUEUE, KTHREAD } from './structs.ts'

export interface QueueWaits {
  /** Whether one more thread may run on what it takes. */
  admits(queue: KernelObject): boolean
  /** The thread that waits last for an entry, with it, if there is one and the queue lets it go. */
  lastToRemove(queue: KernelObject): Winner | undefined
  /** Gives the first entry to what a thread goes on with. */
  handOver(queue: KernelObject, thread: Thread): void
  /** Counts a thread as active in the queue it belongs to, or as active no more; that queue. */
  count(thread: Thread, by: 1 | -1): KernelObject | undefined
  /** A thread is active no more in the queue it belongs to: another may be let go in its place. */
  pause(thread: Thread): void
  /** A thread asks for an entry: it is active no more on what it took before, here or in another queue. */
  enter(thread: Thread, queue: KernelObject): void
  leave(thread: Thread): void
  /** Takes the first entry: its address, or the packet. */
  take(queue: KernelObject): Plain
}

export interface QueueWaitPorts {
  readonly memory: GuestMemory
  readonly pool: Pool
  readonly objects: Objects
  readonly satisfaction: Satisfaction
  leaveLists(thread: Thread, wait: Wait): void
  wake(winners: readonly Winner[], increment: number, cause: number): void
}

export const isQueue = ({ kind }: KernelObject): boolean => kind === 'Queue' || kind === 'IoCompletion'

const everyHardwareThread = 6

/** How many threads a queue allows for what its maker asked: 0 means as many as run at once. */
export const allowed = (asked: number): number => (asked === 0 ? everyHardwareThread : asked)

/** Makes a thread belong to a queue, or to none; what is counted as active stays. */
export function associate(memory: GuestMemory, thread: Thread, queue: KernelObject | undefined): void {
  thread.queue = queue?.serial ?? 0
  memory.store32(thread.object.address + KTHREAD.queue, queue?.address ?? 0)
}

export function createQueueWaits({
  memory,
  pool,
  objects,
  satisfaction,
  leaveLists,
  wake,
}: QueueWaitPorts): QueueWaits {
  const active = (queue: KernelObject): number => memory.load32(queue.address + KQUEUE.currentCount) | 0

  function of(thread: Thread): KernelObject | undefined {
    const queue = thread.queue === 0 ? undefined : objects.bySerial(thread.queue)
    return queue?.alive === true ? queue : undefined
  }

  function take(queue: KernelObject): Plain {
    objects.setState(queue, objects.stateOf(queue) - 1)
    return queue.kind === 'Queue' ? unlinkFirst(memory, queue.address + KQUEUE.entryFlink) : takePacket(pool, queue)
  }

  const admits = (queue: KernelObject): boolean =>
    active(queue) < allowed(memory.load32(queue.address + KQUEUE.maximumCount))

  function handOver(queue: KernelObject, thread: Thread): void {
    const later = thread.resume?.later
    if (thread.resume === undefined || later === undefined || later === null) return
    const state = { ...(later.state as { readonly [key: string]: Plain }), entry: take(queue) }
    thread.resume = { ...thread.resume, later: { continuation: later.continuation, state } }
  }

  function lastToRemove(queue: KernelObject): Winner | undefined {
    const waiter = queue.waiters.findLast(({ thread }) => thread.wait?.removes === true)
    const wait = waiter?.thread.wait
    if (waiter === undefined || wait === undefined) return undefined
    const { thread } = waiter
    if (!satisfaction.signalled(queue, thread) || !admits(queue)) return undefined
    leaveLists(thread, wait)
    handOver(queue, thread)
    return { thread, wait, index: 0, abandoned: false, refused: false, states: satisfaction.statesOf(wait.objects) }
  }

  function count(thread: Thread, by: 1 | -1): KernelObject | undefined {
    const queue = of(thread)
    if (queue !== undefined) memory.store32(queue.address + KQUEUE.currentCount, active(queue) + by)
    return queue
  }

  function pause(thread: Thread): void {
    const queue = count(thread, -1)
    const next = queue === undefined ? undefined : lastToRemove(queue)
    if (queue !== undefined && next !== undefined) wake([next], 0, queue.lastSignal?.sequence ?? 0)
  }

  return {
    admits,
    lastToRemove,
    handOver,
    count,
    pause,
    take,
    enter(thread, queue) {
      const before = of(thread)
      if (before === queue) count(thread, -1)
      else {
        if (before !== undefined) pause(thread)
        associate(memory, thread, queue)
      }
    },
    leave(thread) {
      pause(thread)
      if (of(thread) !== undefined) associate(memory, thread, undefined)
    },
  }
}
