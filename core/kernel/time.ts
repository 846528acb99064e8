/**
 * Guest time. A tick of the timebase passes every K instructions retired, and ticks pass in leaps while every hardware
 * thread is idle, or rests as its code asks (`db16cyc`). All clocks of the platform are computed from the tick count: 100 ns
 * units are rational in it, so the n-th expiry of a period is the floor of an exact product and never drifts.
 */
import type { Plain } from '../base/state.ts'
import type { Ticks } from '../base/words.ts'
import { ticks } from '../base/words.ts'

export interface TimeOptions {
  /** Ticks a second. */
  readonly timebase: number
  /** Instructions a tick. */
  readonly instructionsPerTick: number
  /** 100 ns units since 1601 at tick 0. */
  readonly systemTime: bigint
}

/** What a deadline is for: a wait that times out, a timer that expires, a device's period, a file request. */
export type DeadlineKind = 'wait' | 'timer' | 'device' | 'request'

export interface Deadline {
  readonly at: number
  readonly order: number
  readonly kind: DeadlineKind
  /** Thread id, serial, device number or request number. */
  readonly id: number
}

/** Both clocks in halves, and milliseconds since the start. */
export interface Clocks {
  interruptHigh: number
  interruptLow: number
  systemHigh: number
  systemLow: number
  milliseconds: number
}

export interface Time {
  readonly timebase: number
  now(): Ticks
  /** Lets time leap to a tick; earlier ticks do nothing. */
  leapTo(at: number): void
  /** 100 ns units since the machine started. */
  interruptTime(): bigint
  /** 100 ns units since 1601. */
  systemTime(): bigint
  /** The clocks as words, for a structure that is written often: see `Clocks`. */
  readClocks(into: Clocks): void
  /** 100 ns units of so many ticks. */
  unitsOf(count: number): bigint
  /** Ticks that cover a span in 100 ns units, rounded up. */
  ticksOf(units: bigint): number
  /** The tick at which a system time is reached; 0 when it is past. */
  tickOfSystemTime(units: bigint): number
  ticksOfMilliseconds(count: number): number
  setSystemTime(units: bigint): void
  add(kind: DeadlineKind, id: number, at: number): void
  remove(kind: DeadlineKind, id: number): void
  /** The earliest deadline. */
  next(): Deadline | undefined
  /** Takes the earliest deadline that is reached. */
  takeDue(): Deadline | undefined
  save(): Plain
  load(state: Plain): void
}

const unitsPerSecond = 10_000_000n
const wordSize = 2 ** 32
/** Up to here a product of ticks of one second and units is exact in a double. */
const fastestInDoubles = 900_000_000

export function createTime(options: TimeOptions, instructions: () => number): Time {
  const hz = BigInt(options.timebase)
  const perTick = options.instructionsPerTick
  let start = 0n
  /** The same in halves: the clocks are read all the time, and bigints are slow. */
  const starts = { high: 0, low: 0 }
  function startAt(units: bigint): void {
    start = units
    starts.high = Number(units >> 32n)
    starts.low = Number(BigInt.asUintN(32, units))
  }
  startAt(options.systemTime)
  let skipped = 0
  let order = 0
  let queue: Deadline[] = []

  const now = (): Ticks => ticks(Math.floor(instructions() / perTick) + skipped)
  const unitsOf = (count: number): bigint => (BigInt(count) * unitsPerSecond) / hz
  const ticksOf = (units: bigint): number => Number((units * hz + unitsPerSecond - 1n) / unitsPerSecond)

  /** The same as `unitsOf`, without bigints where that is exact. */
  function unitsInDoubles(count: number): number {
    if (options.timebase > fastestInDoubles) return Number(unitsOf(count))
    const seconds = Math.floor(count / options.timebase)
    return seconds * 10_000_000 + Math.floor(((count - seconds * options.timebase) * 10_000_000) / options.timebase)
  }

  return {
    timebase: options.timebase,
    now,
    readClocks(into) {
      const units = unitsInDoubles(now())
      const milliseconds = Math.floor(units / 10_000)
      into.interruptHigh = Math.floor(units / wordSize)
      into.interruptLow = units - into.interruptHigh * wordSize
      into.milliseconds = milliseconds - Math.floor(milliseconds / wordSize) * wordSize
      const low = starts.low + into.interruptLow
      const carry = low >= wordSize ? 1 : 0
      into.systemLow = low - carry * wordSize
      into.systemHigh = starts.high + into.interruptHigh + carry
    },
    leapTo(at) {
      const distance = at - now()
      if (distance > 0) skipped += distance
    },
    interruptTime: () => unitsOf(now()),
    systemTime: () => start + unitsOf(now()),
    unitsOf,
    ticksOf,
    tickOfSystemTime: units => (units <= start ? 0 : ticksOf(units - start)),
    ticksOfMilliseconds: count => ticksOf(BigInt(count) * 10_000n),
    setSystemTime(units) {
      startAt(units - unitsOf(now()))
    },
    add(kind, id, at) {
      order += 1
      let low = 0
      let high = queue.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((queue[middle]?.at ?? 0) <= at) low = middle + 1
        else high = middle
      }
      queue.splice(low, 0, { at, order, kind, id })
    },
    remove(kind, id) {
      const at = queue.findIndex(deadline => deadline.kind === kind && deadline.id === id)
      if (at >= 0) queue.splice(at, 1)
    },
    next: () => queue[0],
    takeDue() {
      const first = queue[0]
      return first !== undefined && first.at <= now() ? queue.shift() : undefined
    },
    save: () => ({
      start,
      skipped,
      order,
      queue: queue.map(({ at, order: number, kind, id }) => [at, number, kind, id]),
    }),
    load(state) {
      const saved = state as {
        start: bigint
        skipped: number
        order: number
        queue: [number, number, DeadlineKind, number][]
      }
      startAt(saved.start)
      skipped = saved.skipped
      order = saved.order
      queue = saved.queue.map(([at, number, kind, id]) => ({ at, order: number, kind, id }))
    },
  }
}
