/**
 * Suspension: a thread that is suspended as often as it is not resumed does not run. On the platform it is a kernel APC that
 * waits, so it takes hold at IRQL 0 alone, outside of critical regions and of other such APCs: what a thread does there it
 * does to the end, and nobody waits for a lock that it holds. A wait is interrupted by it (wait-interruption.ts); a thread
 * that is stopped is active no more in the queue it belongs to, as one that waits is.
 */
import { limits } from '../base/limits.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { takesHold } from './alerts.ts'
import type { Audit } from './audit.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Thread } from './object.ts'
import type { Scheduler } from './scheduler.ts'
import { KTHREAD } from './structs.ts'

export interface Suspension {
  /** Suspends once more; the count before, undefined when it would be too deep. */
  suspend(thread: Thread): number | undefined
  /** Stops a thread that is suspended; false where it goes on for now. */
  stop(thread: Thread): boolean
  /** Resumes once; the count before. */
  resume(thread: Thread): number
}

export interface SuspensionPorts {
  readonly memory: GuestMemory
  readonly audit: Audit
  readonly scheduler: () => Scheduler
  readonly dispatcher: () => Dispatcher
}

export function createSuspension({ memory, audit, scheduler, dispatcher }: SuspensionPorts): Suspension {
  function count(thread: Thread, suspensions: number): void {
    thread.suspendCount = suspensions
    memory.store8(thread.object.address + KTHREAD.suspendCount, suspensions)
  }

  function stop(thread: Thread): boolean {
    if (!takesHold(memory, thread, scheduler().irqlOf(thread))) return false
    if (thread.state === 'waiting') dispatcher().detach(thread)
    else if (thread.state === 'ready' || thread.state === 'running') {
      scheduler().remove(thread)
      thread.state = 'stopped'
      dispatcher().rest(thread)
    }
    return true
  }

  return {
    stop,
    suspend(thread) {
      const before = thread.suspendCount
      if (before >= limits.suspendCount.value) return undefined
      count(thread, before + 1)
      audit.emit['thread.suspended'](audit.scene, audit.about(thread.object), 0, thread.tid, before + 1)
      if (before === 0) stop(thread)
      return before
    },
    resume(thread) {
      const before = thread.suspendCount
      if (before === 0) return 0
      count(thread, before - 1)
      audit.emit['thread.resumed'](audit.scene, audit.about(thread.object), 0, thread.tid, before - 1)
      if (before > 1) return before
      if (thread.wait !== undefined) dispatcher().attach(thread)
      else if (thread.state === 'stopped') {
        dispatcher().rise(thread)
        scheduler().ready(thread)
      }
      return before
    },
  }
}
