/** Timers: armed by a due time, expired by the machine's clock, repeated by their period. */

import type { GuestMemory } from '../memory/guest.ts'
import type { Audit } from './audit.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Apc, KernelObject, Objects, Thread, TimerState } from './object.ts'
import { DISPATCHER_HEADER, KTIMER } from './structs.ts'
import type { Time } from './time.ts'

export interface TimerSetting {
  /** 100 ns units: below 0 relative, else system time. */
  readonly due: bigint
  /** Milliseconds, 0 for one shot. */
  readonly period: number
  readonly dpc: number
  readonly apc?: TimerState['apc']
}

export interface Timers {
  /** Arms a timer; whether it had been armed. */
  set(object: KernelObject, setting: TimerSetting): boolean
  /** Disarms a timer; whether it had been armed. */
  cancel(object: KernelObject): boolean
  /** Serves the deadline of a timer. */
  expire(serial: number): void
  /** The clock was set: what is to expire at a time of day does so at another tick now. */
  clockSet(): void
  /** A timer is no more: nothing comes of it, its APC included. */
  ended(object: KernelObject): void
  /** Disarms the timers whose APC would go to a thread that ends. */
  cancelOf(thread: Thread): void
}

export interface TimerPorts {
  readonly memory: GuestMemory
  readonly audit: Audit
  readonly objects: Objects
  readonly dispatcher: Dispatcher
  readonly time: Time
  queueApc(thread: number, apc: Apc): void
  removeTimerApc(thread: number, serial: number): void
  queueDpc(dpc: number, argument1: number, argument2: number): void
}

const idle = (): TimerState => ({ armed: false, due: 0, first: 0, until: 0n, period: 0, count: 0, dpc: 0, apc: null })
const timerIncrement = 0

export function createTimers(ports: TimerPorts): Timers {
  const { memory, audit, objects, dispatcher, time } = ports

  function stateOf(object: KernelObject): TimerState {
    object.timer ??= idle()
    return object.timer
  }

  function takeBackApc({ serial }: KernelObject, { apc }: TimerState): void {
    if (apc !== null) ports.removeTimerApc(apc.thread, serial)
  }

  function disarm(object: KernelObject): boolean {
    const timer = stateOf(object)
    takeBackApc(object, timer)
    if (!timer.armed) return false
    timer.armed = false
    memory.store8(object.address + DISPATCHER_HEADER.inserted, 0)
    time.remove('timer', object.serial)
    return true
  }

  /** Writes when a timer is due, by the clock that counts from the start; `left` in 100 ns units. */
  function writeDue(object: KernelObject, left: bigint): void {
    memory.store64(object.address + KTIMER.dueTime, BigInt.asUintN(64, time.interruptTime() + left))
  }

  function expire(object: KernelObject): void {
    const timer = stateOf(object)
    const { due } = timer
    timer.count += 1
    if (timer.period > 0) {
      timer.due = timer.first + time.ticksOfMilliseconds(timer.count * timer.period)
      writeDue(object, time.unitsOf(timer.due - time.now()))
      time.add('timer', object.serial, timer.due)
    } else {
      timer.armed = false
      memory.store8(object.address + DISPATCHER_HEADER.inserted, 0)
    }
    const sequence = audit.emit['timer.expired'](audit.scene, audit.about(object), 0, due, timer.count)
    dispatcher.set(object, timerIncrement, sequence)
    const stamp = time.systemTime()
    const low = Number(BigInt.asUintN(32, stamp))
    const high = Number(stamp >> 32n)
    if (timer.apc !== null) {
      const { thread, routine, context, mode } = timer.apc
      ports.removeTimerApc(thread, object.serial)
      ports.queueApc(thread, {
        address: 0,
        mode,
        kernelRoutine: 0,
        rundownRoutine: 0,
        routine,
        context,
        argument1: low,
        argument2: high,
        timer: object.serial,
      })
    }
    if (timer.dpc !== 0) ports.queueDpc(timer.dpc, low, high)
  }

  return {
    set(object, { due, period, dpc, apc = null }) {
      const was = disarm(object)
      objects.setState(object, 0)
      const at = due < 0n ? time.now() + time.ticksOf(-due) : Math.max(time.tickOfSystemTime(due), time.now())
      Object.assign(stateOf(object), {
        armed: true,
        due: at,
        first: at,
        until: due < 0n ? 0n : due,
        period,
        count: 0,
        dpc,
        apc,
      })
      memory.store8(object.address + DISPATCHER_HEADER.inserted, 1)
      writeDue(object, due < 0n ? -due : due - time.systemTime())
      memory.store32(object.address + KTIMER.period, period)
      memory.store32(object.address + KTIMER.dpc, dpc)
      audit.emit['timer.set'](audit.scene, audit.about(object), 0, at, period, was ? 1 : 0)
      if (at <= time.now()) audit.as('timer-expiry', 'timer', () => expire(object))
      else time.add('timer', object.serial, at)
      return was
    },
    cancel(object) {
      const was = disarm(object)
      audit.emit['timer.cancelled'](audit.scene, audit.about(object), 0, was ? 1 : 0)
      return was
    },
    expire(serial) {
      const object = objects.bySerial(serial)
      if (object === undefined || object.timer?.armed !== true) return
      audit.as('timer-expiry', 'timer', () => expire(object))
    },
    clockSet() {
      for (const object of objects.live.values()) {
        const { timer } = object
        if (timer?.armed !== true || timer.until === 0n || timer.count > 0) continue
        timer.first = Math.max(time.tickOfSystemTime(timer.until), time.now())
        timer.due = timer.first
        writeDue(object, timer.until - time.systemTime())
        time.remove('timer', object.serial)
        time.add('timer', object.serial, timer.due)
      }
    },
    ended(object) {
      if (object.timer === undefined) return
      if (object.timer.armed) time.remove('timer', object.serial)
      takeBackApc(object, object.timer)
    },
    cancelOf(thread) {
      for (const object of objects.live.values())
        if (object.timer?.armed === true && object.timer.apc?.thread === thread.id) {
          disarm(object)
          audit.emit['timer.cancelled'](audit.scene, audit.about(object), 0, 1)
        }
    },
  }
}
