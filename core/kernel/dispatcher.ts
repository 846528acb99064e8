/**
 * Signals, waits and wakes, and the facts of each.
 *
 * The problem: dozens of exports set, release, pulse, expire, exit or complete something, and every one of them may end
 * waits of any number of threads; what happened, and in which order, is what this product is about. So there is one
 * place where a SignalState changes for a reason, and one where a wait ends.
 *
 * Terms. An object is *signalled* for a thread when a wait of that thread on it would end now: its SignalState is above
 * zero, or it is a mutant the thread owns. *Consuming* is what a satisfied wait does to it: an auto-reset event or timer
 * goes to zero, a semaphore loses one, a mutant gains an owner or a level; everything else stays. A wait is *any* or
 * *all*; an all-wait consumes only when every object is signalled at the same instant. An *increment* is the priority
 * boost a woken thread gets.
 *
 * The life of a signal:
 *   1. the new SignalState is written to the guest's header;
 *   2. winners are chosen, first come first served in the object's wait list: an any-wait wins by this object, an
 *      all-wait wins if all its objects are signalled, else it is passed over and the scan goes on; each winner consumes
 *      at once, and the scan ends when the object is no longer signalled;
 *   3. `object.signalled` is told with the state before anybody consumed and the number of winners;
 *   4. for each winner: `wait.ended`, the thread is made ready, `thread.woken`, both with the signal as their cause.
 * So a hand-off may leave a SignalState that was never seen as 1 in memory, as on the console. A call that signals tells
 * exactly one of `object.signalled`, `object.pulsed` and `signal.lost`; the last when nothing changed for anybody.
 *
 * The life of a wait: a wait that is satisfied, timed out (a zero time-out) or refused at once is `wait.begun` and
 * `wait.ended`, with no wake. Otherwise the thread is parked: it is in the wait list of each object, and perhaps in the
 * queue of deadlines; the wait record is all there is of it. It ends by a signal, its deadline, an alert, a user APC
 * (only alertable waits in user mode), and then the thread goes on with the status, or with the continuation the
 * call left. The thread's own code (tid, lr) is what the facts of its wake name.
 *
 * A suspended thread waits for nobody: its wait is taken out of the lists and put back at their tails when it is
 * resumed, as the platform's suspension does by interrupting the wait. That a pulse meanwhile misses it is not a defect.
 * A kernel APC interrupts a wait in the same way, for as long as it runs (wait-interruption.ts).
 *
 * Invariants: facts are told after the state changed and before any guest code runs; the guest's own list heads stay
 * empty and valid, since wait lists are the kernel's; a thread is in a wait list only while `waiting`.
 */

import type { KernelObject, Thread } from './object.ts'
import { createSatisfaction, type SatisfactionPorts } from './satisfaction.ts'
import { KMUTANT } from './structs.ts'
import { createWaits, type WaitPorts, type Waits } from './wait.ts'

const lostReason = { autoSetWhileSet: 0, pulseIntoNobody: 1, overLimit: 2, manualSetWhileSet: 3 } as const

export interface Dispatcher extends Omit<Waits, 'winnersOf' | 'wake'> {
  /** Sets an event, timer or other object without a count; the previous state. */
  set(object: KernelObject, increment: number, cause?: number): number
  reset(object: KernelObject): number
  pulse(object: KernelObject, increment: number): number
  /** Adds to a semaphore's count; the previous count, undefined when it would pass the limit. */
  release(object: KernelObject, increment: number, count: number): number | undefined
  /** Gives up one level of a mutant; the previous state, undefined when the caller does not own it. */
  releaseMutant(object: KernelObject, increment: number): number | undefined
  /** Gives up all of a mutant, whoever owns it: its next owner learns of it. The previous state. */
  abandonMutant(object: KernelObject, increment: number): number
  /** Makes a thread the owner of a mutant that was just made, or nobody. */
  ownMutant(object: KernelObject, thread: Thread | undefined): void
  /** Frees the mutants of a thread that ends; their next owners learn of it. */
  abandon(thread: Thread): void
  /** Adds to a queue's count of entries. */
  enqueue(object: KernelObject, increment: number): number
}

export type DispatcherPorts = Omit<WaitPorts, 'satisfaction'> & Pick<SatisfactionPorts, 'threadAt'>

export function createDispatcher(ports: DispatcherPorts): Dispatcher {
  const { memory, audit, objects, scheduler, time, threadAt } = ports
  const { stateOf, setState } = objects
  const satisfaction = createSatisfaction({ memory, objects, sink: audit.sink, threadAt })
  const { ownerOf, setOwner } = satisfaction
  const { winnersOf, wake, ...waits } = createWaits({ ...ports, satisfaction })

  /** Tells of a signal and wakes its winners. */
  function announce(object: KernelObject, previous: number, state: number, increment: number, cause: number): void {
    const winners = winnersOf(object)
    const sequence = audit.emit['object.signalled'](
      audit.scene,
      audit.about(object),
      cause,
      previous,
      state,
      winners.length,
    )
    noteSignal(object, sequence)
    if (winners.length > 0) wake(winners, increment, sequence)
  }

  function noteSignal(object: KernelObject, sequence: number): void {
    object.counts.signals += 1
    const { scene } = audit
    const site = object.lastSignal
    if (site === undefined) {
      object.lastSignal = { sequence, cycle: time.now(), tid: scene.tid, lr: scene.lr, source: scene.source }
      return
    }
    site.sequence = sequence
    site.cycle = time.now()
    site.tid = scene.tid
    site.lr = scene.lr
    site.source = scene.source
  }

  function lost(object: KernelObject, reason: number, previous: number, count: number): void {
    if (reason === lostReason.overLimit) object.counts.overLimit += 1
    else if (reason === lostReason.pulseIntoNobody) object.counts.pulsedIntoNobody += 1
    else object.counts.alreadySet += 1
    audit.emit['signal.lost'](audit.scene, audit.about(object), 0, reason, previous, count)
  }

  function abandonMutant(object: KernelObject, increment: number): number {
    const previous = stateOf(object)
    memory.store8(object.address + KMUTANT.abandoned, 1)
    setState(object, 1)
    setOwner(object, undefined)
    announce(object, previous, 1, increment, 0)
    return previous
  }

  return {
    ...waits,
    set(object, increment, cause = 0) {
      const previous = stateOf(object)
      if (previous > 0) {
        const auto = object.kind === 'Event/Auto' || object.kind === 'Timer/Auto'
        lost(object, auto ? lostReason.autoSetWhileSet : lostReason.manualSetWhileSet, previous, 1)
        return previous
      }
      setState(object, 1)
      announce(object, previous, 1, increment, cause)
      return previous
    },
    reset(object) {
      const previous = stateOf(object)
      setState(object, 0)
      audit.emit['object.reset'](audit.scene, audit.about(object), 0, previous)
      return previous
    },
    pulse(object, increment) {
      const previous = stateOf(object)
      setState(object, 1)
      const winners = winnersOf(object)
      setState(object, 0)
      if (winners.length === 0) {
        lost(object, lostReason.pulseIntoNobody, previous, 1)
        return previous
      }
      const sequence = audit.emit['object.pulsed'](audit.scene, audit.about(object), 0, previous, winners.length)
      noteSignal(object, sequence)
      wake(winners, increment, sequence)
      return previous
    },
    release(object, increment, count) {
      const previous = stateOf(object)
      const next = previous + count
      if (next > (object.limit ?? 0x7fffffff)) {
        lost(object, lostReason.overLimit, previous, count)
        return undefined
      }
      setState(object, next)
      announce(object, previous, next, increment, 0)
      return previous
    },
    releaseMutant(object, increment) {
      const thread = scheduler.current
      const previous = stateOf(object)
      if (thread === undefined || ownerOf(object) !== thread) return undefined
      setState(object, previous + 1)
      if (previous + 1 === 1) setOwner(object, undefined)
      announce(object, previous, previous + 1, increment, 0)
      return previous
    },
    abandonMutant,
    ownMutant(object, thread) {
      setState(object, thread === undefined ? 1 : 0)
      setOwner(object, thread)
    },
    abandon(thread) {
      // One by one: whom the first lets go may have been all that kept the next alive.
      for (let [object] = thread.owned; object !== undefined; [object] = thread.owned) abandonMutant(object, 0)
    },
    enqueue(object, increment) {
      const previous = stateOf(object)
      setState(object, previous + 1)
      announce(object, previous, previous + 1, increment, 0)
      return previous
    },
  }
}
