/**
 * Waits that are interrupted and go on: by a suspension, until the thread is resumed, and by a kernel APC, while it runs.
 * Meanwhile the thread is in no wait list, and what it waits for is referred to, so that it lasts; nothing is told, since
 * no wait has ended or begun. Back in its wait, the thread is at the tail of each list, unless the wait would end at once.
 */
import type { GuestMemory } from '../memory/guest.ts'
import { kernelApcDue, takesHold } from './alerts.ts'
import type { Objects, Thread, Wait } from './object.ts'
import type { Later } from './outcome.ts'
import type { QueueWaits } from './queue-object.ts'
import type { Scheduler } from './scheduler.ts'

export interface Interruptions {
  /** Takes a suspended thread's wait out of the lists. */
  detach(thread: Thread): void
  /** Puts it back, or ends it. */
  attach(thread: Thread): void
  /** Calls a thread away from its wait if it has a kernel APC to run: it goes on with `wait-interrupted`. */
  callAway(thread: Thread): void
  /** Puts the calling thread back into the wait that it was called away from last, unless a suspension holds it there. */
  goBack(thread: Thread): void
  /** Gives up the wait that a thread was called away from last: what that would have gone on with. */
  dropHeld(thread: Thread): Later | undefined
  /** A thread is stopped: another may go on in its place in the queue it belongs to. */
  rest(thread: Thread): void
  /** A thread that was stopped goes on. */
  rise(thread: Thread): void
}

export interface InterruptionPorts {
  readonly memory: GuestMemory
  readonly objects: Objects
  readonly scheduler: Scheduler
  readonly queues: QueueWaits
  /** Puts a wait into the lists of its objects and of deadlines. */
  enterLists(thread: Thread, wait: Wait): void
  leaveLists(thread: Thread, wait: Wait): void
  /** Ends a wait that would end at once if it began now; whether it did. */
  endIfDue(thread: Thread, wait: Wait): boolean
}

export function createInterruptions(ports: InterruptionPorts): Interruptions {
  const { memory, objects, scheduler, queues } = ports

  function detach(thread: Thread): void {
    const { wait } = thread
    if (wait === undefined || wait.detached) return
    ports.leaveLists(thread, wait)
    wait.detached = true
    for (const object of wait.objects) object.references += 1
  }

  function letGo(wait: Wait): void {
    for (const object of wait.objects) objects.drop(object)
  }

  function attach(thread: Thread): void {
    const { wait } = thread
    if (wait === undefined || !wait.detached) return
    wait.detached = false
    if (!ports.endIfDue(thread, wait)) ports.enterLists(thread, wait)
    letGo(wait)
    callAway(thread)
  }

  function callAway(thread: Thread): void {
    const { wait, resume, held } = thread
    if (wait === undefined || wait.detached || thread.irql > 0 || !kernelApcDue(memory, thread)) return
    detach(thread)
    queues.count(thread, 1)
    thread.wait = undefined
    thread.resume = { later: { continuation: 'wait-interrupted', state: held.length }, value: 0, row: 0 }
    held.push({ wait, resume })
    scheduler.ready(thread)
  }

  return {
    detach,
    attach,
    callAway,
    goBack(thread) {
      const last = thread.held.pop()
      if (last === undefined) return
      thread.wait = last.wait
      thread.resume = last.resume
      scheduler.remove(thread)
      thread.state = 'waiting'
      const stays = thread.suspendCount > 0 && takesHold(memory, thread, thread.irql)
      if (last.wait.removes && !stays) queues.count(thread, -1)
      else queues.pause(thread)
      if (!stays) attach(thread)
    },
    dropHeld(thread) {
      const last = thread.held.pop()
      if (last !== undefined) letGo(last.wait)
      return last?.resume?.later ?? undefined
    },
    rest: queues.pause,
    rise: thread => void queues.count(thread, 1),
  }
}
