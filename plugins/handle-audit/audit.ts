/**
 * From records to trails. A record goes to the trail of its object; a wait goes to the trail of each object it is on; a
 * call on a value that names no object goes to the ghost trail of the value, if the value is in focus and the call was a
 * signal, and is counted in any case. Nothing is allocated for a fact: its words are copied into cells.
 */
import {
  catalogue,
  type FactName,
  factNameOf,
  factNames,
  headerBytes,
  limits,
  type MachineViews,
} from '../../core/index.ts'
import { births, type FocusRule } from './focus.ts'
import { categories, createTrails, ghostKeys, type TrailLimits, type Trails } from './trails.ts'

/** Operations of `ghost.met`, by number. */
export const ghostOperations = ['signal', 'wait', 'wake', 'other'] as const
/** Classes of `ghost.met`, by number. */
export const ghostClasses = ['never created', 'closed before', 'wrong type'] as const

/** Calls on nothing, out of focus. */
export interface GhostCount {
  readonly source: number
  readonly class: number
  readonly calls: number
}

/** Calls on one value in focus that named nothing, by operation. */
export interface WatchedCount {
  readonly value: number
  readonly calls: readonly number[]
}

export interface Audit {
  readonly trails: Trails
  record(record: Uint8Array, length: number): void
  ghosts(): readonly GhostCount[]
  watched(): readonly WatchedCount[]
  counters(): Readonly<Record<string, number>>
}

const categoryOf = new Uint8Array(32)
for (const name of factNames) categoryOf[catalogue[name].id] = categories.indexOf(catalogue[name].category)

const id = (name: FactName): number => catalogue[name].id
const ghostMet = id('ghost.met')
const waitBegun = id('wait.begun')
const waitEnded = id('wait.ended')
const destroyed = id('object.destroyed')
/** Words from one object of a fact's list to the next. */
const strideOf = (fact: number): number => (fact === waitEnded ? 2 : 1)

// Words of a record's head (facts/record.ts).
const LR = 7
const SERIAL = 8
const HANDLE = 9
const ADDRESS = 10
const SOURCE = 11
const STACK = 14
const LIST = 15
const ownFields = headerBytes / 4

export function createAudit(machine: MachineViews, focus: FocusRule, bounds: TrailLimits): Audit {
  const trails = createTrails(bounds, firstWord => births.has(firstWord & 0xffff))
  const ghosts = new Map<number, Uint32Array>()
  const watched = new Map<number, Uint32Array>()
  let bytes: Uint8Array = new Uint8Array(0)
  let words: Int32Array = new Int32Array(0)
  let doubles: Float64Array = new Float64Array(0)
  let withoutObject = 0
  let ghostCalls = 0
  let ghostOverflow = 0
  let received = 0

  /** The record as words; the kernel writes into one buffer, so this is done once. */
  function look(record: Uint8Array, length: number): void {
    if (record === bytes) return
    const aligned = record.byteOffset % 8 === 0 && record.byteLength % 8 === 0
    const source = aligned ? record : record.slice(0, length)
    bytes = aligned ? record : new Uint8Array(0)
    words = new Int32Array(source.buffer, source.byteOffset, source.byteLength >>> 2)
    doubles = new Float64Array(source.buffer, source.byteOffset, source.byteLength >>> 3)
  }

  const word = (index: number): number => words[index] as number
  const own = (index: number): number => doubles[headerBytes / 8 + index] as number

  /** Frames are copied when the object comes into focus, while the kernel still knows them. */
  function keepFrames(trail: number, stackId: number): void {
    const stack = stackId === 0 ? undefined : machine.stack(stackId)
    if (stack === undefined) return
    const kept = new Int32Array(stack.frames.length * 2)
    stack.frames.forEach(({ fp, lr }, i) => {
      kept[i * 2] = fp
      kept[i * 2 + 1] = lr
    })
    trails.keep(trail, kept)
  }

  function bring(trail: number, stackId: number): void {
    trails.focus(trail)
    keepFrames(trail, stackId)
  }

  function begin(serial: number, kind: number, birth: boolean): number {
    const trail = trails.open(serial, kind, birth)
    if (!birth) return trail
    const stackId = word(STACK)
    const inFocus =
      focus.kind(kind) ||
      focus.caller(word(LR) >>> 0) ||
      (focus.needsChain && stackId !== 0 && focus.chain(machine.stack(stackId)))
    if (inFocus) bring(trail, stackId)
    return trail
  }

  /** A handle or address by which the object is now known may bring it into focus. */
  function meet(trail: number, serial: number, kind: number): void {
    const handle = word(HANDLE) >>> 0
    const address = word(ADDRESS) >>> 0
    trails.name(trail, kind, handle, address)
    if (!focus.any || trails.inFocus(trail)) return
    if (!((handle !== 0 && focus.value(handle)) || (address !== 0 && focus.value(address)) || focus.kind(kind))) return
    const birth = births.has(word(0) & 0xffff) ? undefined : trails.view(serial)?.birth
    bring(trail, birth === undefined ? word(STACK) : (new Int32Array(birth.buffer)[STACK] as number))
  }

  function put(serial: number, fact: number, length: number, named: boolean): void {
    const kind = named ? (word(1) >>> 8) & 0xff : 0
    const trail = trails.find(serial) || begin(serial, kind, births.has(fact))
    if (named) meet(trail, serial, kind)
    trails.append(trail, categoryOf[fact] as number, words, length >>> 2)
    if (fact === destroyed) trails.end(trail)
  }

  /** A wait is an entry in the trail of each object it is on, once for each. */
  function putAll(serial: number, fact: number, length: number): void {
    const fields = catalogue[factNameOf(fact) as FactName].fields.length
    const count = word(LIST) & 0xffff
    const start = ownFields + fields * 2
    const stride = strideOf(fact)
    let put1 = false
    for (let i = 0; i < count; i += stride) {
      const one = word(start + i) >>> 0
      if (one === 0 || repeats(start, i, stride, one)) continue
      put(one, fact, length, one === serial)
      put1 ||= one === serial
    }
    if (serial !== 0 && !put1) put(serial, fact, length, true)
    else if (serial === 0 && count === 0) withoutObject += 1
  }

  function repeats(start: number, until: number, stride: number, serial: number): boolean {
    for (let i = 0; i < until; i += stride) if (word(start + i) >>> 0 === serial) return true
    return false
  }

  function ghost(length: number): void {
    const kind = own(0)
    const operation = own(1)
    const value = own(3)
    ghostCalls += 1
    if (!focus.value(value)) {
      tally(ghosts, word(SOURCE) * ghostClasses.length + kind, 0)
      return
    }
    tally(watched, value, operation)
    if (operation !== 0) return
    const key = ghostKeys + value
    let trail = trails.find(key)
    if (trail === 0) {
      trail = trails.open(key, 0, true)
      trails.name(trail, 0, value, 0)
      trails.focus(trail)
    }
    trails.append(trail, 0, words, length >>> 2)
  }

  function tally(table: Map<number, Uint32Array>, key: number, column: number): void {
    let counts = table.get(key)
    if (counts === undefined) {
      if (table.size >= limits.ghostSources.value) {
        ghostOverflow += 1
        return
      }
      counts = new Uint32Array(ghostOperations.length)
      table.set(key, counts)
    }
    counts[column] = (counts[column] ?? 0) + 1
  }

  return {
    trails,
    record(record, length) {
      look(record, length)
      received += 1
      const fact = word(0) & 0xffff
      const serial = word(SERIAL) >>> 0
      if (fact === ghostMet) ghost(length)
      else if (fact === waitBegun || fact === waitEnded) putAll(serial, fact, length)
      else if (serial !== 0) put(serial, fact, length, true)
      else withoutObject += 1
    },
    ghosts: () =>
      [...ghosts].map(([key, counts]) => ({
        source: Math.floor(key / ghostClasses.length),
        class: key % ghostClasses.length,
        calls: counts[0] ?? 0,
      })),
    watched: () => [...watched].map(([value, counts]) => ({ value, calls: [...counts] })),
    counters() {
      const totals = trails.totals()
      return {
        facts_received_total: received,
        facts_without_object_total: withoutObject,
        ghosts_total: ghostCalls,
        [limits.ghostSources.counter]: ghostOverflow,
        trails: totals.objects,
        trail_bytes: totals.bytes,
        trail_entries_total: totals.entries,
        trail_entries: totals.retained,
        [limits.trailPerCategory.counter]: totals.dropped,
        [limits.trailBytesPerObject.counter]: totals.droppedForSize,
        trail_entries_evicted_total: totals.evicted,
        [limits.trailBytes.counter]: totals.evictedObjects,
      }
    },
  }
}

/** Facts about no object, no thread and no value. */
const aboutNobody: readonly FactName[] = ['export.missing', 'fence.written', 'interrupt.begun', 'frame.presented']

/** Every fact about an object, a thread or a value. */
export const auditedFacts = factNames.filter(name => !aboutNobody.includes(name))
