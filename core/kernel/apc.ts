/**
 * Procedures called asynchronously on a thread. User APCs run while their thread waits alertably in user mode; kernel
 * APCs run as soon as their thread does, at IRQL 0 and outside critical regions. Both are guest functions the kernel
 * calls, so both may wait.
 */

import { limits } from '../base/limits.ts'
import type { GuestMemory } from '../memory/guest.ts'
import type { Audit } from './audit.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Apc, Thread } from './object.ts'
import { status } from './status.ts'
import { KAPC, KTHREAD } from './structs.ts'
import { waitEnd } from './wait.ts'

export interface Apcs {
  /**
   * Puts an APC in its thread's queue; a thread that waits for it is woken. False where it is there already, or too many
   * are: never for one whose place was reserved, nor for that of a timer, which is part of it.
   */
  queue(thread: Thread, apc: Apc, place?: 'reserved' | 'own'): boolean
  /** Keeps a place for a user APC that is certain to come; false where there is none. */
  reserve(thread: Thread): boolean
  /** Gives up a place that no APC took. */
  release(thread: Thread): void
  /** How many were refused because too many waited for their thread. */
  refused: number
  /** Takes the next APC of a mode off the queue and tells that it begins. */
  take(thread: Thread, mode: number): Apc | undefined
  /** Takes the next APC of a mode off the queue of a thread that ends: it will never be called. */
  discard(thread: Thread, mode: number): Apc | undefined
  /** Takes the APC of a guest KAPC out of its queue; whether it was there. */
  remove(address: number): boolean
  removeTimerApc(thread: Thread, serial: number): void
  /** The APC a guest KAPC describes. */
  read(address: number): Apc
}

export interface ApcPorts {
  readonly memory: GuestMemory
  readonly audit: Audit
  readonly dispatcher: Dispatcher
  threadAt(address: number): Thread | undefined
  /** The current thread has a kernel APC to run. */
  attend(thread: Thread): void
}

export function createApcs({ memory, audit, dispatcher, threadAt, attend }: ApcPorts): Apcs {
  const listOf = (thread: Thread, mode: number): Apc[] => (mode === 0 ? thread.kernelApcs : thread.userApcs)

  function mark(thread: Thread): void {
    if (thread.object.address !== 0)
      memory.store8(thread.object.address + KTHREAD.userApcPending, thread.userApcs.length > 0 ? 1 : 0)
  }

  function removeWhere(thread: Thread, mode: number, match: (apc: Apc) => boolean): boolean {
    const list = listOf(thread, mode)
    const at = list.findIndex(match)
    if (at < 0) return false
    list.splice(at, 1)
    mark(thread)
    return true
  }

  function discard(thread: Thread, mode: number): Apc | undefined {
    const apc = listOf(thread, mode).shift()
    if (apc === undefined) return undefined
    if (apc.address !== 0) memory.store8(apc.address + KAPC.inserted, 0)
    mark(thread)
    return apc
  }

  /** Whether one more finds a place; one that does not is counted. */
  function fits(thread: Thread, mode: number): boolean {
    const fit = listOf(thread, mode).length + (mode === 0 ? 0 : thread.reservedApcs) < limits.queuedApcs.value
    if (!fit) apcs.refused += 1
    return fit
  }

  const apcs: Apcs = {
    refused: 0,
    reserve(thread) {
      const fit = fits(thread, 1)
      if (fit) thread.reservedApcs += 1
      return fit
    },
    release(thread) {
      thread.reservedApcs -= 1
    },
    queue(thread, apc, place) {
      if (place === 'reserved') apcs.release(thread)
      else if (place === undefined && !fits(thread, apc.mode)) return false
      const list = listOf(thread, apc.mode)
      if (apc.address !== 0 && list.some(other => other.address === apc.address)) return false
      if (apc.routine === 0) list.splice(list.findIndex(other => other.routine !== 0) >>> 0, 0, apc)
      else list.push(apc)
      if (apc.address !== 0) memory.store8(apc.address + KAPC.inserted, 1)
      mark(thread)
      const sequence = audit.emit['apc.queued'](
        audit.scene,
        audit.about(thread.object),
        0,
        thread.tid,
        apc.routine,
        apc.context,
        apc.mode,
      )
      if (apc.mode === 0) attend(thread)
      else if (thread.wait?.alertable === true && thread.wait.mode === 1 && !thread.wait.detached)
        dispatcher.end(thread, status.USER_APC, waitEnd.userApc, sequence)
      return true
    },
    discard,
    take(thread, mode) {
      const apc = discard(thread, mode)
      if (apc === undefined) return undefined
      audit.emit['apc.delivered'](
        audit.scene,
        audit.about(thread.object),
        0,
        thread.tid,
        apc.routine,
        apc.context,
        apc.mode,
      )
      return apc
    },
    remove(address) {
      const thread = threadAt(memory.load32(address + KAPC.thread))
      if (thread === undefined || memory.load8(address + KAPC.inserted) === 0) return false
      memory.store8(address + KAPC.inserted, 0)
      return removeWhere(thread, memory.load8(address + KAPC.mode), apc => apc.address === address)
    },
    removeTimerApc: (thread, serial) => {
      removeWhere(thread, 0, apc => apc.timer === serial)
      removeWhere(thread, 1, apc => apc.timer === serial)
    },
    read: at => ({
      address: at,
      mode: memory.load8(at + KAPC.mode),
      kernelRoutine: memory.load32(at + KAPC.kernelRoutine),
      rundownRoutine: memory.load32(at + KAPC.rundownRoutine),
      routine: memory.load32(at + KAPC.normalRoutine),
      context: memory.load32(at + KAPC.normalContext),
      argument1: memory.load32(at + KAPC.argument1),
      argument2: memory.load32(at + KAPC.argument2),
      timer: 0,
    }),
  }
  return apcs
}
