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
 *
 * Invariants: facts are told after the state changed and before any guest code runs; the guest's own list heads stay
 * empty and valid, since wait lists are the kernel's; a thread is in a wait list only while `waiting`.
 */

import { bitOf } from '../facts/catalogue.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { type Audit, emptyScene } from './audit.ts'
import type { KernelObject, Objects, Thread, Wait } from './object.ts'
import { type Later, type Outcome, parked } from './outcome.ts'
import type { Scheduler } from './scheduler.ts'
import { status } from './status.ts'
import { KMUTANT, KTHREAD } from './structs.ts'
import type { Time } from './time.ts'

/** How a wait ended; the numbers are those of the fact. */
export const waitEnd = {
  satisfied: 0,
  timedOut: 1,
  alerted: 2,
  userApc: 3,
  abandoned: 4,
  terminated: 5,
  refused: 6,
} as const

export const lostReason = { autoSetWhileSet: 0, pulseIntoNobody: 1, overLimit: 2, manualSetWhileSet: 3 } as const

export interface WaitRequest {
  readonly type: 'any' | 'all' | 'delay'
  readonly objects: readonly KernelObject[]
  readonly handles: readonly number[]
  readonly mode: number
  readonly alertable: boolean
  readonly reason: number
  /** 100 ns units: below 0 relative, 0 poll, above 0 system time; undefined for ever. */
  readonly timeout: bigint | undefined
  /** Goes on here with the status when the wait ends, at once or later; without it the status is the result. */
  readonly later?: Later
}

export interface Dispatcher {
  /** Sets an event, timer or other object without a count; the previous state. */
  set(object: KernelObject, increment: number, cause?: number): number
  reset(object: KernelObject): number
  pulse(object: KernelObject, increment: number): number
  /** Adds to a semaphore's count; the previous count, undefined when it would pass the limit. */
  release(object: KernelObject, increment: number, count: number): number | undefined
  /** Gives up one level of a mutant; the previous state, undefined when the caller does not own it. */
  releaseMutant(object: KernelObject, increment: number): number | undefined
  /** Makes the calling thread, or another, the owner of a mutant that was just made. */
  ownMutant(object: KernelObject, thread: Thread): void
  /** Frees the mutants of a thread that ends; their next owners learn of it. */
  abandon(thread: Thread): void
  /** Adds to a queue's count of entries. */
  enqueue(object: KernelObject, increment: number): number
  /** Whether a wait of the thread on the object would end now. */
  signalled(object: KernelObject, thread: Thread): boolean
  wait(request: WaitRequest): Outcome<number>
  /** Ends a parked wait by other means than a signal. */
  end(thread: Thread, code: number, how: number, cause: number): void
  /** Takes a suspended thread's wait out of the lists. */
  detach(thread: Thread): void
  /** Puts it back, or ends it. */
  attach(thread: Thread): void
}

export interface DispatcherPorts {
  readonly memory: GuestMemory
  readonly audit: Audit
  readonly objects: Objects
  readonly scheduler: Scheduler
  readonly time: Time
  /** The export whose call is being served. */
  row(): number
  /** Registers of the calling thread. */
  frame(): { word(register: number): number; readonly lr: number }
  /** Goes on with a continuation at once. */
  proceed(later: Later, value: number): Outcome<number>
  /** Runs the pending user APCs of the calling thread, then answers USER_APC. */
  deliverApcs(later: Later | undefined): Outcome<number>
  threadAt(address: number): Thread | undefined
}

interface Winner {
  readonly thread: Thread
  readonly wait: Wait
  readonly index: number
  readonly abandoned: boolean
  readonly states: readonly number[]
}

const forever = -(1n << 63n)
const noStates: readonly number[] = []
const wantsWaitBegun = bitOf('wait.begun')
const wantsWaitEnded = bitOf('wait.ended')

export function createDispatcher(ports: DispatcherPorts): Dispatcher {
  const { memory, audit, objects, scheduler, time } = ports
  const { stateOf, setState } = objects
  const wakeScene = emptyScene()

  function ownerOf(object: KernelObject): Thread | undefined {
    if (object.owner === undefined && object.adopted && stateOf(object) <= 0) {
      object.owner = ports.threadAt(memory.load32(object.address + KMUTANT.ownerThread))
      if (object.owner !== undefined && !object.owner.owned.includes(object)) object.owner.owned.push(object)
    }
    return object.owner
  }

  function signalled(object: KernelObject, thread: Thread): boolean {
    if (stateOf(object) > 0) return true
    return object.kind === 'Mutant' && ownerOf(object) === thread
  }

  function setOwner(object: KernelObject, thread: Thread | undefined): void {
    object.owner = thread
    memory.store32(object.address + KMUTANT.ownerThread, thread?.object.address ?? 0)
  }

  /** Takes what a satisfied wait takes; true when a mutant's owner had abandoned it. */
  function consume(object: KernelObject, thread: Thread): boolean {
    switch (object.kind) {
      case 'Event/Auto':
      case 'Timer/Auto':
        setState(object, 0)
        return false
      case 'Semaphore':
      case 'Queue':
      case 'IoCompletion':
        setState(object, stateOf(object) - 1)
        return false
      case 'Mutant': {
        const state = stateOf(object) - 1
        setState(object, state)
        if (state !== 0) return false
        setOwner(object, thread)
        thread.owned.push(object)
        const abandoned = memory.load8(object.address + KMUTANT.abandoned) !== 0
        if (abandoned) memory.store8(object.address + KMUTANT.abandoned, 0)
        return abandoned
      }
      default:
        return false
    }
  }

  /** Serial and SignalState of each object waited on, if anybody will read them. */
  function statesOf(waited: readonly KernelObject[]): readonly number[] {
    if ((audit.sink.mask & wantsWaitEnded) === 0) return noStates
    const states: number[] = []
    for (const object of waited) states.push(object.serial, object.alive ? stateOf(object) >>> 0 : 0)
    return states
  }

  /** The winners of a signal, each having consumed. */
  function winnersOf(object: KernelObject): Winner[] {
    const winners: Winner[] = []
    for (let i = 0; i < object.waiters.length; ) {
      const waiter = object.waiters[i]
      const wait = waiter?.thread.wait
      if (waiter === undefined || wait === undefined) break
      const { thread, index } = waiter
      if (!signalled(object, thread)) {
        if (object.kind !== 'Mutant') break
        i += 1
        continue
      }
      if (wait.type === 'all' && !wait.objects.every(other => signalled(other, thread))) {
        i += 1
        continue
      }
      let abandoned = false
      if (wait.type === 'all') for (const other of wait.objects) abandoned = consume(other, thread) || abandoned
      else abandoned = consume(object, thread)
      leaveLists(thread, wait)
      winners.push({ thread, wait, index: wait.type === 'all' ? 0 : index, abandoned, states: statesOf(wait.objects) })
    }
    return winners
  }

  function leaveLists(thread: Thread, wait: Wait): void {
    for (const object of wait.objects)
      if (object.waiters.length > 0) object.waiters = object.waiters.filter(waiter => waiter.thread !== thread)
    if (wait.deadline >= 0) time.remove('wait', thread.id)
  }

  /** Tells that a parked wait is over and makes its thread ready. */
  function finish(
    thread: Thread,
    wait: Wait,
    code: number,
    index: number,
    how: number,
    states: readonly number[],
    cause: number,
  ): void {
    thread.wait = undefined
    thread.polling = how === waitEnd.timedOut
    if (thread.resume !== undefined) thread.resume = { ...thread.resume, value: code }
    memory.store32(thread.object.address + KTHREAD.waitStatus, code)
    wakeScene.tid = thread.tid
    wakeScene.hardwareThread = thread.hardwareThread
    wakeScene.lr = wait.lr
    wakeScene.sp = wait.sp
    wakeScene.source = wait.source
    wakeScene.actor = thread.actor
    const object = wait.objects[index < 0 ? 0 : index]
    if (object !== undefined) object.counts.wakes += 1
    const subject = audit.named(object, wait.handles[index < 0 ? 0 : index] ?? 0)
    const waited = time.now() - wait.began
    audit.emit['wait.ended'](wakeScene, subject, cause, code, index, how, waited, states)
    if (thread.suspendCount === 0) scheduler.ready(thread)
    else thread.state = 'stopped'
    audit.emit['thread.woken'](wakeScene, subject, cause, code, index)
    for (const waited of wait.objects) objects.settle(waited)
  }

  function wake(winners: readonly Winner[], increment: number, cause: number): void {
    for (const { thread, wait, index, abandoned, states } of winners) {
      const code = (wait.type === 'all' ? 0 : index) + (abandoned ? status.ABANDONED_WAIT_0 : 0)
      scheduler.boost(thread, increment)
      finish(thread, wait, code, index, abandoned ? waitEnd.abandoned : waitEnd.satisfied, states, cause)
    }
  }

  /** Tells of a signal and wakes its winners. */
  function announce(object: KernelObject, previous: number, state: number, increment: number, cause: number): void {
    const winners = object.waiters.length === 0 ? [] : winnersOf(object)
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

  function park(request: WaitRequest, thread: Thread, deadline: number, sequence: number): typeof parked {
    const frame = ports.frame()
    const wait: Wait = {
      type: request.type,
      objects: request.objects,
      handles: request.handles,
      alertable: request.alertable,
      mode: request.mode,
      reason: request.reason,
      deadline,
      began: time.now(),
      lr: frame.lr,
      sp: frame.word(1),
      source: audit.scene.source,
      detached: false,
      begun: audit.site(sequence),
    }
    thread.wait = wait
    thread.resume = { later: request.later ?? null, value: 0, row: ports.row() }
    request.objects.forEach((object, index) => {
      object.waiters.push({ thread, index })
    })
    if (deadline >= 0) time.add('wait', thread.id, deadline)
    scheduler.remove(thread)
    thread.state = 'waiting'
    memory.store8(thread.object.address + KTHREAD.waitReason, request.reason)
    scheduler.attention = true
    return parked
  }

  /** The place of the object that satisfies the wait now, -1 when none does. */
  function satisfiedNow(request: Pick<WaitRequest, 'type' | 'objects'>, thread: Thread): number {
    const waited = request.objects
    if (waited.length === 0) return -1
    if (request.type === 'all') return waited.every(object => signalled(object, thread)) ? 0 : -1
    for (let i = 0; i < waited.length; i += 1) {
      const object = waited[i]
      if (object !== undefined && signalled(object, thread)) return i
    }
    return -1
  }

  function take(request: Pick<WaitRequest, 'type' | 'objects'>, thread: Thread, index: number): boolean {
    if (request.type !== 'all') return consume(request.objects[index] as KernelObject, thread)
    let abandoned = false
    for (const object of request.objects) abandoned = consume(object, thread) || abandoned
    return abandoned
  }

  /** The tick at which a time-out is reached; -1 never, 0 at once. */
  function deadlineOf(timeout: bigint | undefined): number {
    if (timeout === undefined || timeout === forever) return -1
    if (timeout === 0n) return 0
    if (timeout < 0n) return time.now() + time.ticksOf(-timeout)
    const at = time.tickOfSystemTime(timeout)
    return at <= time.now() ? 0 : at
  }

  function relative(timeout: bigint | undefined, deadline: number): number {
    if (deadline < 0 || timeout === undefined) return -1
    if (timeout < 0n) return Number(-timeout)
    return deadline === 0 ? 0 : Number(timeout - time.systemTime())
  }

  function wait(request: WaitRequest): Outcome<number> {
    const thread = scheduler.current
    if (thread === undefined) return status.INVALID_PARAMETER
    const deadline = deadlineOf(request.timeout)
    const waited = request.objects
    const first = waited[0]
    const subject = audit.named(first, request.handles[0] ?? 0)
    for (const object of waited) object.counts.waits += 1
    const index = satisfiedNow(request, thread)
    const apcs = request.alertable && request.mode === 1 && thread.userApcs.length > 0
    const parks = index < 0 && !apcs && !(request.alertable && thread.alerted) && deadline !== 0
    const sequence = audit.emit['wait.begun'](
      audit.scene,
      subject,
      0,
      request.type === 'any' ? 1 : 0,
      request.alertable ? 1 : 0,
      request.mode,
      relative(request.timeout, deadline),
      deadline <= 0 ? -1 : deadline,
      parks ? 1 : 0,
      (audit.sink.mask & wantsWaitBegun) === 0 ? noStates : waited.map(object => object.serial),
    )
    if (parks) return park(request, thread, deadline, sequence)
    if (index >= 0) {
      const abandoned = take(request, thread, index)
      const code = (request.type === 'all' ? 0 : index) + (abandoned ? status.ABANDONED_WAIT_0 : 0)
      const object = waited[index] as KernelObject
      object.counts.wakes += 1
      const how = abandoned ? waitEnd.abandoned : waitEnd.satisfied
      const winner = audit.named(object, request.handles[index] ?? 0)
      audit.emit['wait.ended'](audit.scene, winner, 0, code, index, how, 0, statesOf(waited))
      return conclude(request, code)
    }
    const [code, how] =
      request.alertable && thread.alerted
        ? ([status.ALERTED, waitEnd.alerted] as const)
        : apcs
          ? ([status.USER_APC, waitEnd.userApc] as const)
          : ([status.TIMEOUT, waitEnd.timedOut] as const)
    if (how === waitEnd.alerted) thread.alerted = false
    audit.emit['wait.ended'](audit.scene, subject, 0, code, -1, how, 0, statesOf(waited))
    if (how === waitEnd.userApc) return ports.deliverApcs(request.later)
    return conclude(request, code)
  }

  const conclude = (request: WaitRequest, code: number): Outcome<number> =>
    request.later === undefined ? code : ports.proceed(request.later, code)

  return {
    signalled,
    wait,
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
      if (previous + 1 === 1) {
        setOwner(object, undefined)
        thread.owned.splice(thread.owned.indexOf(object), 1)
      }
      announce(object, previous, previous + 1, increment, 0)
      return previous
    },
    ownMutant(object, thread) {
      setState(object, 0)
      setOwner(object, thread)
      thread.owned.push(object)
    },
    abandon(thread) {
      for (const object of thread.owned.splice(0)) {
        const previous = stateOf(object)
        memory.store8(object.address + KMUTANT.abandoned, 1)
        setState(object, 1)
        setOwner(object, undefined)
        announce(object, previous, 1, 0, 0)
      }
    },
    enqueue(object, increment) {
      const previous = stateOf(object)
      setState(object, previous + 1)
      announce(object, previous, previous + 1, increment, 0)
      return previous
    },
    end(thread, code, how, cause) {
      const { wait: ended } = thread
      if (ended === undefined) return
      leaveLists(thread, ended)
      finish(thread, ended, code, -1, how, statesOf(ended.objects), cause)
    },
    detach(thread) {
      const { wait: held } = thread
      if (held === undefined || held.detached) return
      leaveLists(thread, held)
      held.detached = true
    },
    attach(thread) {
      const { wait: held } = thread
      if (held === undefined || !held.detached) return
      held.detached = false
      const index = satisfiedNow(held, thread)
      if (index >= 0) {
        const abandoned = take(held, thread, index)
        const code = (held.type === 'all' ? 0 : index) + (abandoned ? status.ABANDONED_WAIT_0 : 0)
        finish(thread, held, code, index, abandoned ? waitEnd.abandoned : waitEnd.satisfied, statesOf(held.objects), 0)
      } else if (held.alertable && held.mode === 1 && thread.userApcs.length > 0)
        finish(thread, held, status.USER_APC, -1, waitEnd.userApc, statesOf(held.objects), 0)
      else if (held.deadline >= 0 && held.deadline <= time.now())
        finish(thread, held, status.TIMEOUT, -1, waitEnd.timedOut, statesOf(held.objects), 0)
      else {
        held.objects.forEach((object, place) => {
          object.waiters.push({ thread, index: place })
        })
        if (held.deadline >= 0) time.add('wait', thread.id, held.deadline)
      }
    },
  }
}
