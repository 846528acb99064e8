/** Waits: asked for, parked, won, ended. What they mean is told at the head of dispatcher.ts. */
import type { Plain } from '../base/state.ts'
import { bitOf, holds } from '../facts/catalogue.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { interruption, spendAlert } from './alerts.ts'
import { type Audit, emptyScene } from './audit.ts'
import type { KernelObject, Objects, Thread, Wait } from './object.ts'
import { type Later, type Outcome, parked } from './outcome.ts'
import type { Pool } from './pool.ts'
import { createQueueWaits, isQueue } from './queue-object.ts'
import type { Satisfaction, Winner } from './satisfaction.ts'
import type { Scheduler } from './scheduler.ts'
import { status } from './status.ts'
import { KTHREAD } from './structs.ts'
import type { Time } from './time.ts'
import { createInterruptions, type Interruptions } from './wait-interruption.ts'

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
  /** Takes an entry of the one object, a queue: handed to `later` as its `entry`, or there to be taken when it goes on at once. */
  readonly removes?: boolean
}

export interface Waits extends Interruptions {
  wait(request: WaitRequest): Outcome<number>
  /** Who a signal of the object releases: each has taken what its wait takes, and is told of by `wake`. */
  winnersOf(object: KernelObject): readonly Winner[]
  /** Ends the waits of winners, by the signal with the sequence `cause`. */
  wake(winners: readonly Winner[], increment: number, cause: number): void
  /** Ends a parked wait by other means than a signal. */
  end(thread: Thread, code: number, how: number, cause: number): void
  /** The clock was set: a time-out that was given as a time of day is another tick now. */
  clockSet(thread: Thread): void
  /** Takes the first entry of a queue: its address, or the packet. */
  takeEntry(queue: KernelObject): Plain
  /** Takes a thread out of the queue it belongs to: others may go on in its place. */
  leaveQueue(thread: Thread): void
}

export interface WaitPorts {
  readonly memory: GuestMemory
  readonly pool: Pool
  readonly audit: Audit
  readonly objects: Objects
  readonly scheduler: Scheduler
  readonly time: Time
  readonly satisfaction: Satisfaction
  /** The export whose call is being served. */
  row(): number
  /** Registers of the calling thread. */
  frame(): { word(register: number): number; readonly lr: number }
  /** Goes on with a continuation at once. */
  proceed(later: Later, value: number): Outcome<number>
  /** Runs the pending user APCs of the calling thread, then answers USER_APC. */
  deliverApcs(later: Later | undefined): Outcome<number>
}

const forever = -(1n << 63n)
const noStates: readonly number[] = []
const waitBegun = bitOf('wait.begun')

/** How a wait ended that no object ended. */
const howOf = (code: number): number =>
  code === status.ALERTED ? waitEnd.alerted : code === status.USER_APC ? waitEnd.userApc : waitEnd.timedOut

export function createWaits(ports: WaitPorts): Waits {
  const { memory, pool, audit, objects, scheduler, time, satisfaction } = ports
  const wakeScene = emptyScene()
  const queues = createQueueWaits({ memory, pool, objects, satisfaction, leaveLists, wake })
  const interruptions = createInterruptions({ memory, objects, scheduler, queues, enterLists, leaveLists, endIfDue })

  /** The winners of a signal, each having consumed. */
  function winnersOf(object: KernelObject): Winner[] {
    const winners: Winner[] = []
    for (let i = 0; i < object.waiters.length; ) {
      const waiter = object.waiters[i]
      const wait = waiter?.thread.wait
      if (waiter === undefined || wait === undefined) break
      const { thread, index } = waiter
      if (wait.removes) {
        i += 1
        continue
      }
      if (!satisfaction.signalled(object, thread)) {
        if (object.kind !== 'Mutant') break
        i += 1
        continue
      }
      if (wait.type === 'all' && satisfaction.place(wait, thread) < 0) {
        i += 1
        continue
      }
      winners.push(winner(thread, wait, index))
      leaveLists(thread, wait)
    }
    const last = isQueue(object) ? queues.lastToRemove(object) : undefined
    return last === undefined ? winners : [...winners, last]
  }

  /** A thread whose wait an object ends, having taken what it takes. */
  function winner(thread: Thread, wait: Wait, index: number): Winner {
    const refused = satisfaction.overLimit(wait, thread)
    const abandoned = !refused && satisfaction.take(wait, thread, index)
    const place = refused ? -1 : wait.type === 'all' ? 0 : index
    return { thread, wait, index: place, abandoned, refused, states: satisfaction.statesOf(wait.objects) }
  }

  function enterLists(thread: Thread, { objects: waited, deadline }: Wait): void {
    waited.forEach((object, index) => {
      object.waiters.push({ thread, index })
    })
    if (deadline >= 0) time.add('wait', thread.id, deadline)
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
    queues.count(thread, 1)
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
    scheduler.ready(thread)
    audit.emit['thread.woken'](wakeScene, subject, cause, code, index)
    for (const waited of wait.objects) objects.settle(waited)
  }

  function wake(winners: readonly Winner[], increment: number, cause: number): void {
    for (const one of winners) {
      scheduler.boost(one.thread, increment)
      win(one, cause)
    }
  }

  /** Tells that an object has ended a parked wait. */
  function win({ thread, wait, index, abandoned, refused, states }: Winner, cause: number): void {
    if (refused) finish(thread, wait, status.MUTANT_LIMIT_EXCEEDED, index, waitEnd.refused, states, cause)
    else {
      const code = index + (abandoned ? status.ABANDONED_WAIT_0 : 0)
      finish(thread, wait, code, index, abandoned ? waitEnd.abandoned : waitEnd.satisfied, states, cause)
    }
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
      until: request.timeout !== undefined && request.timeout > 0n ? request.timeout : 0n,
      began: time.now(),
      lr: frame.lr,
      sp: frame.word(1),
      source: audit.scene.source,
      removes: request.removes === true,
      detached: false,
      begun: audit.site(sequence),
    }
    thread.wait = wait
    thread.resume = { later: request.later ?? null, value: 0, row: ports.row() }
    enterLists(thread, wait)
    scheduler.remove(thread)
    thread.state = 'waiting'
    memory.store8(thread.object.address + KTHREAD.waitReason, request.reason)
    scheduler.attention = true
    if (!wait.removes) queues.pause(thread)
    // What came while the thread was to go on after another wait, and had nothing to run before this one.
    if (thread.kernelApcs.length > 0) interruptions.callAway(thread)
    return parked
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
    if (request.removes === true && first !== undefined) queues.enter(thread, first)
    const index = placeOf(request, thread)
    const refused = (index >= 0 || request.type === 'all') && satisfaction.overLimit(request, thread)
    const interrupted = request.alertable ? interruption(thread, request.mode) : undefined
    const parks = index < 0 && !refused && interrupted === undefined && deadline !== 0
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
      holds(audit.sink.mask, waitBegun) ? waited.map(object => object.serial) : noStates,
    )
    if (parks) return park(request, thread, deadline, sequence)
    if (request.removes === true) queues.count(thread, 1)
    if (refused) {
      const code = status.MUTANT_LIMIT_EXCEEDED
      audit.emit['wait.ended'](audit.scene, subject, 0, code, -1, waitEnd.refused, 0, satisfaction.statesOf(waited))
      return conclude(request, code)
    }
    if (index >= 0) {
      const abandoned = satisfaction.take(request, thread, index)
      const code = (request.type === 'all' ? 0 : index) + (abandoned ? status.ABANDONED_WAIT_0 : 0)
      const object = waited[index] as KernelObject
      object.counts.wakes += 1
      const how = abandoned ? waitEnd.abandoned : waitEnd.satisfied
      const winner = audit.named(object, request.handles[index] ?? 0)
      audit.emit['wait.ended'](audit.scene, winner, 0, code, index, how, 0, satisfaction.statesOf(waited))
      return conclude(request, code)
    }
    const code = interrupted ?? status.TIMEOUT
    const how = howOf(code)
    if (how === waitEnd.alerted) spendAlert(memory, thread, request.mode)
    audit.emit['wait.ended'](audit.scene, subject, 0, code, -1, how, 0, satisfaction.statesOf(waited))
    if (how === waitEnd.userApc) return ports.deliverApcs(request.later)
    return conclude(request, code)
  }

  /** As satisfaction has it, but that a queue lets no more threads go than it allows. */
  function placeOf(wanted: Pick<Wait, 'type' | 'objects'> & { readonly removes?: boolean }, thread: Thread): number {
    const queue = wanted.removes === true ? wanted.objects[0] : undefined
    return queue === undefined || queues.admits(queue) ? satisfaction.place(wanted, thread) : -1
  }

  /** Ends a wait that would end at once if it began now; whether it did. */
  function endIfDue(thread: Thread, wait: Wait): boolean {
    const index = placeOf(wait, thread)
    if (index >= 0) {
      if (wait.removes) queues.handOver(wait.objects[index] as KernelObject, thread)
      win(winner(thread, wait, index), 0)
      return true
    }
    const interrupted = wait.alertable ? interruption(thread, wait.mode) : undefined
    const late = wait.deadline >= 0 && wait.deadline <= time.now()
    if (interrupted === undefined && !late) return false
    const code = interrupted ?? status.TIMEOUT
    if (code === status.ALERTED) spendAlert(memory, thread, wait.mode)
    finish(thread, wait, code, -1, howOf(code), satisfaction.statesOf(wait.objects), 0)
    return true
  }

  const conclude = (request: WaitRequest, code: number): Outcome<number> =>
    request.later === undefined ? code : ports.proceed(request.later, code)

  return {
    wait,
    winnersOf,
    ...interruptions,
    wake,
    end(thread, code, how, cause) {
      const { wait: ended } = thread
      if (ended === undefined) return
      leaveLists(thread, ended)
      finish(thread, ended, code, -1, how, satisfaction.statesOf(ended.objects), cause)
    },
    clockSet(thread) {
      for (const { wait } of [thread, ...thread.held]) {
        if (wait === undefined || wait.until === 0n) continue
        wait.deadline = Math.max(time.tickOfSystemTime(wait.until), time.now())
        if (wait.detached) continue
        time.remove('wait', thread.id)
        time.add('wait', thread.id, wait.deadline)
      }
    },
    takeEntry: queues.take,
    leaveQueue: queues.leave,
  }
}
