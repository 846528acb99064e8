/**
 * The plugin bus: the `FactSink` that fans out. A fact reaches every subscriber in the order they were attached, and all
 * of them before the next fact; a subscriber that throws is named, counted, muted after a stated number of failures, and
 * never stops the others, nor the machine, unless the run is strict.
 *
 * The mask stays as it was when a subscriber is muted, so that what it no longer gets is counted to the last fact:
 * the balance sheet is exact. Nothing is allocated per fact: one reader, one list of subscribers a kind.
 */
import { exitStatus, Failure, fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import {
  addTo,
  catalogue,
  type FactMask,
  type FactName,
  factNameOf,
  largestFactId,
  maskOf,
} from '../facts/catalogue.ts'
import { createFactReader } from '../facts/fact.ts'
import type { FactSink } from '../facts/sink.ts'
import type { PluginInstance } from './api.ts'

export interface BusOptions {
  /** A failing plugin stops the run. */
  readonly strict?: boolean
  /** Milliseconds of the host, for the time each plugin takes; without it no time is known. */
  clock?(): number
  /** Told once for each failure that is counted: which plugin, at what, why. */
  failed?(failure: PluginFailure): void
}

export interface PluginFailure {
  readonly subscriber: Subscriber
  /** The fact or the hook at which it failed. */
  readonly at: string
  readonly error: unknown
  /** From this failure on it gets no more facts. */
  readonly muted: boolean
}

/** What one plugin was offered, and what became of it: offered = delivered + failed + muted. */
export interface Delivery {
  readonly plugin: string
  readonly offered: number
  readonly delivered: number
  /** Facts at which it threw. */
  readonly failed: number
  /** Facts it did not get because it was muted. */
  readonly muted: number
  /** Of the first 64 facts exactly, of the rest by every 64th; undefined without a clock. */
  readonly milliseconds: number | undefined
}

/** happened = built + unasked; every built fact was offered to each plugin that asked for its kind. */
export interface BalanceSheet {
  readonly happened: number
  readonly built: number
  readonly unasked: number
  readonly plugins: readonly Delivery[]
}

/** A plugin as the bus knows it. */
export interface Subscriber {
  readonly name: string
  /** Without any hook when it could not be made. */
  readonly instance: PluginInstance
  readonly muted: boolean
  readonly failures: number
  /** In words; undefined while there was none. */
  readonly firstFailure: string | undefined
}

export interface Bus extends FactSink {
  /** Makes a plugin's instance, isolated like all else it does, and gives it the facts it asks for. */
  attach(name: string, make: () => PluginInstance): Subscriber
  /** Runs one of a plugin's hooks, isolated like a fact: undefined when it threw. */
  guard<T>(subscriber: Subscriber, at: string, hook: () => T): T | undefined
  /** Counts a failure that came later, of a promise. */
  failure(subscriber: Subscriber, at: string, error: unknown): void
  /** Goes on from a restored machine: facts that happened before are not of this run. */
  resume(sequence: number): void
  balance(): BalanceSheet
}

interface Seat extends Subscriber {
  instance: PluginInstance
  muted: boolean
  failures: number
  firstFailure: string | undefined
  delivered: number
  failed: number
  missed: number
  untilSample: number
  /** Facts that were timed one by one, before the code was warm. */
  first: number
  firstTime: number
  sampled: number
  sampleTime: number
}

const sampleEvery = limits.pluginTimeSample.value

export function createBus(options: BusOptions = {}): Bus {
  const reader = createFactReader()
  const seats: Seat[] = []
  const byKind: Seat[][] = Array.from({ length: largestFactId + 1 }, () => [])
  let base = 0
  let built = 0

  function failure(seat: Seat, at: string, error: unknown): void {
    seat.failures += 1
    const muted = !seat.muted && seat.failures >= limits.pluginFailures.value
    if (muted) {
      seat.muted = true
      bus.framesMask = maskOf(seats.flatMap(one => (one.muted ? [] : (one.instance.frames ?? []))))
    }
    const text = `failed at ${at}: ${reasonOf(error)}`
    seat.firstFailure ??= text
    options.failed?.({ subscriber: seat, at, error, muted })
    if (options.strict) throw fail('PLUGIN_FAILED', `plugin ${seat.name}`, text, error)
  }

  function deliver(seat: Seat, record: Uint8Array, length: number): void {
    const { instance } = seat
    let answer: unknown
    if (instance.record !== undefined) answer = instance.record(record, length)
    else {
      const fact = reader.read(record)
      if (fact !== undefined) answer = instance.fact?.(fact)
    }
    if (answer !== undefined) refusePromise(answer)
  }

  /** The first facts are slow, and would be taken for all of them if they were but a sample. */
  function timed(seat: Seat, took: number): void {
    if (seat.first < sampleEvery) {
      seat.first += 1
      seat.firstTime += took
      seat.untilSample = seat.first < sampleEvery ? 1 : sampleEvery
      return
    }
    seat.sampled += 1
    seat.sampleTime += took
    seat.untilSample = sampleEvery
  }

  function accept(record: Uint8Array, length: number): void {
    built += 1
    const id = (record[0] ?? 0) | ((record[1] ?? 0) << 8)
    const audience = byKind[id]
    if (audience === undefined) return
    for (let i = 0; i < audience.length; i += 1) {
      const seat = audience[i] as Seat
      if (seat.muted) {
        seat.missed += 1
        continue
      }
      try {
        if (options.clock !== undefined && --seat.untilSample === 0) {
          const before = options.clock()
          deliver(seat, record, length)
          timed(seat, options.clock() - before)
        } else deliver(seat, record, length)
        seat.delivered += 1
      } catch (error) {
        seat.failed += 1
        failure(seat, factNameOf(id) ?? `fact ${id}`, error)
      }
    }
  }

  function guard<T>(seat: Seat, at: string, hook: () => T): T | undefined {
    try {
      return hook()
    } catch (error) {
      failure(seat, at, error)
      return undefined
    }
  }

  function seatIn(seat: Seat, instance: PluginInstance): void {
    const wanted = new Set<FactName>([...(instance.facts ?? []), ...(instance.frames ?? [])])
    for (const kind of wanted) if (!(kind in catalogue)) throw new TypeError(`there is no fact ${kind}`)
    seat.instance = instance
    for (const kind of wanted) byKind[catalogue[kind].id]?.push(seat)
    addTo(bus.mask, [...wanted])
    addTo(bus.framesMask, instance.frames ?? [])
  }

  // Plain fields, as in the silent sink: the emitters test the mask and count at every fact.
  const bus: Bus & { framesMask: FactMask } = {
    mask: maskOf([]),
    framesMask: maskOf([]),
    sequence: 0,
    accept,
    attach(name, make) {
      const seat: Seat = {
        name,
        instance: {},
        muted: false,
        failures: 0,
        firstFailure: undefined,
        delivered: 0,
        failed: 0,
        missed: 0,
        untilSample: 1,
        first: 0,
        firstTime: 0,
        sampled: 0,
        sampleTime: 0,
      }
      seats.push(seat)
      try {
        seatIn(seat, make())
      } catch (error) {
        // What the person gave is wrong, as a folder that cannot be written: that is told before the title starts.
        if (error instanceof Failure && error.status === exitStatus.badInput) throw error
        failure(seat, 'create', error)
      }
      return seat
    },
    guard: (subscriber, at, hook) => guard(subscriber as Seat, at, hook),
    failure: (subscriber, at, error) => failure(subscriber as Seat, at, error),
    resume(value) {
      bus.sequence = value
      base = value
    },
    balance: () => ({
      happened: bus.sequence - base,
      built,
      unasked: bus.sequence - base - built,
      plugins: seats.map(seat => ({
        plugin: seat.name,
        offered: seat.delivered + seat.failed + seat.missed,
        delivered: seat.delivered,
        failed: seat.failed,
        muted: seat.missed,
        milliseconds: options.clock === undefined ? undefined : timeOf(seat),
      })),
    }),
  }
  return bus
}

/** What was timed one by one, and for the rest the mean of the sample. */
const timeOf = ({ first, firstTime, sampled, sampleTime, delivered, failed }: Seat): number =>
  firstTime + (sampled === 0 ? 0 : (sampleTime / sampled) * (delivered + failed - first))

/** What a failure was, in words. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Facts are synchronous: whoever answers with a promise believes the fact to outlive the call. */
function refusePromise(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null || !('then' in answer)) return
  Promise.resolve(answer).catch(() => {})
  throw new TypeError('a fact is valid during the call only, and its handler answered with a promise')
}
