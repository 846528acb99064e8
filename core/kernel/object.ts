/**
 * Kernel objects: what the kernel keeps of each, by serial, and how it comes to know them.
 *
 * An object with a guest body has its type and SignalState there and nowhere else: titles initialise and read them
 * inline. What has no guest layout (who waits, who owns, names, counts) is kept here. An object the kernel makes for a
 * handle gets a body too, in the kernel's pool, so that a reference by handle yields a real pointer.
 *
 * An address first met is adopted by its header. An object in the title's own memory ends when that memory is freed,
 * when its type byte changes, or when there are too many of them and it was least recently touched.
 */
import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import { type ObjectKind, objectKindOf, objectKinds } from '../facts/objects.ts'
import type { CallSite } from '../facts/views.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { access, fold, pageShift } from '../memory/map.ts'
import type { Audit } from './audit.ts'
import type { Later } from './outcome.ts'
import type { Pool } from './pool.ts'
import {
  DISPATCHER_HEADER,
  FILE_OBJECT,
  headerType,
  KEVENT,
  KMUTANT,
  KQUEUE,
  KSEMAPHORE,
  KTHREAD,
  KTIMER,
  OBJECT_HEADER,
} from './structs.ts'

/** A thread in the wait list of an object; `index` is the object's place in the wait. */
export interface Waiter {
  readonly thread: Thread
  readonly index: number
}

/** What a parked thread waits for. */
export interface Wait {
  readonly type: 'any' | 'all' | 'delay'
  readonly objects: readonly KernelObject[]
  /** The handle values used, 0 where a pointer was. */
  readonly handles: readonly number[]
  readonly alertable: boolean
  /** 0 kernel, 1 user: only the latter lets user APCs in. */
  readonly mode: number
  readonly reason: number
  /** Tick of the time-out, -1 for never. */
  readonly deadline: number
  /** Tick at which it began. */
  readonly began: number
  readonly lr: number
  readonly sp: number
  readonly source: number
  /** Not in the objects' wait lists, because the thread is suspended. */
  detached: boolean
  begun: CallSite | undefined
}

/** What a timer object has besides its body. */
export interface TimerState {
  armed: boolean
  /** Tick of the next expiry. */
  due: number
  /** Tick of the first expiry. */
  first: number
  /** Milliseconds, 0 for one shot. */
  period: number
  /** Expiries since it was set. */
  count: number
  /** Guest address of the deferred call, 0 for none. */
  dpc: number
  apc: { readonly thread: number; readonly routine: number; readonly context: number; readonly mode: number } | null
}

/** A guest function the kernel called and that has not returned. */
export interface GuestCall extends Later {
  /** Registers to put back when it returns. */
  readonly sp: number
  readonly pc: number
  readonly lr: number
  /** The stack pointer it was called with. */
  readonly calledAt: number
  /** The export whose result is still owed, 0 for none. */
  readonly row: number
  /** The whole register file, where the function interrupted code that expected no call. */
  readonly saved: Uint8Array | null
}

/** An asynchronous procedure call in a thread's queue. */
export interface Apc {
  /** Guest address of the KAPC, 0 for one the kernel made. */
  readonly address: number
  readonly mode: number
  readonly kernelRoutine: number
  readonly rundownRoutine: number
  readonly routine: number
  readonly context: number
  readonly argument1: number
  readonly argument2: number
  /** Serial of the timer that queued it, 0 for none. */
  readonly timer: number
}

/** Goes on when the thread next runs: `value` is the status of the wait that ended. */
export interface Resume {
  readonly later: Later | null
  readonly value: number
  readonly row: number
}

export interface Thread {
  /** Unique among all that is scheduled; a guest thread's is its tid. */
  readonly id: number
  /** The guest thread id in facts; 0 for an interrupt's own context. */
  readonly tid: number
  readonly object: KernelObject
  /** Number of its register file. */
  readonly slot: number
  /** Index in `actors`: what facts say acts when it runs. */
  readonly actor: number
  readonly system: boolean
  readonly entry: number
  readonly parameter: number
  readonly flags: number
  readonly stackBase: number
  readonly stackLimit: number
  readonly tls: number
  hardwareThread: number
  affinity: number
  priority: number
  basePriority: number
  /** Ticks of its quantum left. */
  quantum: number
  disableBoost: boolean
  suspendCount: number
  irql: number
  /** In a ready list or running, waiting, or gone. */
  state: 'ready' | 'running' | 'waiting' | 'stopped' | 'exited'
  wait: Wait | undefined
  resume: Resume | undefined
  readonly calls: GuestCall[]
  readonly userApcs: Apc[]
  readonly kernelApcs: Apc[]
  alerted: boolean
  /** Mutants it owns, in the order of acquiring. */
  readonly owned: KernelObject[]
  name: string
  exitCode: number
  creator: CallSite | undefined
  /** The run since its last wait was begun by a time-out and made no other call than a poll. */
  polling: boolean
  /** It has come to its first instruction. */
  begun: boolean
}

export interface KernelObject {
  readonly serial: number
  readonly kind: ObjectKind
  /** Guest address of the body, 0 for none. */
  readonly address: number
  /** Guest address of the dispatcher header, 0 for none. */
  readonly header: number
  /** The body lies in the kernel's pool. */
  readonly owned: boolean
  readonly adopted: boolean
  alive: boolean
  name: string
  /** Pointer references; each open handle holds one. */
  references: number
  handles: number[]
  firstHandle: number
  readonly limit: number | undefined
  waiters: Waiter[]
  /** Owner of a mutant. */
  owner: Thread | undefined
  /** The thread that a thread object is. */
  thread: Thread | undefined
  timer: TimerState | undefined
  /** What else the kind needs; plain data. */
  data: Plain
  touched: number
  /** For reports. */
  created: CallSite | undefined
  lastSignal: Site | undefined
  readonly counts: Counts
}

/** Where and when something was done, written over in place. */
export interface Site {
  sequence: number
  cycle: number
  tid: number
  lr: number
  source: number
}

export interface Counts {
  signals: number
  alreadySet: number
  pulsedIntoNobody: number
  overLimit: number
  waits: number
  wakes: number
}

interface Shape {
  readonly size: number
  /** Type byte of the header; undefined for kinds no header tells. */
  readonly type: number | undefined
  readonly headerAt: number
}

const shape = (size: number, type: number | undefined, headerAt = 0): Shape => ({ size, type, headerAt })

/** The guest body of each kind; every other kind gets a bare, manual event. */
const shapes: Partial<Record<ObjectKind, Shape>> = {
  'Event/Manual': shape(KEVENT.size, headerType.notificationEvent),
  'Event/Auto': shape(KEVENT.size, headerType.synchronizationEvent),
  Mutant: shape(KMUTANT.size, headerType.mutant),
  Semaphore: shape(KSEMAPHORE.size, headerType.semaphore),
  'Timer/Manual': shape(KTIMER.size, headerType.notificationTimer),
  'Timer/Auto': shape(KTIMER.size, headerType.synchronizationTimer),
  Thread: shape(KTHREAD.size, headerType.thread),
  Queue: shape(KQUEUE.size, headerType.queue),
  IoCompletion: shape(KQUEUE.size, headerType.queue),
  File: shape(FILE_OBJECT.size, headerType.notificationEvent, FILE_OBJECT.event),
}

const plainShape = shape(KEVENT.size, headerType.notificationEvent)
const shapeOf = (kind: ObjectKind): Shape => shapes[kind] ?? plainShape

/** The kind a header's type byte stands for; undefined for what is no waitable object. */
const kindOfType: readonly (ObjectKind | undefined)[] = [
  'Event/Manual',
  'Event/Auto',
  'Mutant',
  undefined,
  'Queue',
  'Semaphore',
  undefined,
  undefined,
  'Timer/Manual',
  'Timer/Auto',
]

/** What a call meant to do with the object it names. */
export const operation = { signal: 0, wait: 1, wake: 2, other: 3 } as const
export type Operation = (typeof operation)[keyof typeof operation]

const ghostClass = { neverCreated: 0, closed: 1, wrongType: 2 } as const
export type GhostClass = keyof typeof ghostClass

export const destroyed = { lastReference: 0, memoryFreed: 1, typeChanged: 2, evicted: 3 } as const

export interface CreateSpec {
  readonly kind: ObjectKind
  /** Address of the body in the title's memory; 0 lets the kernel allocate one. */
  readonly at?: number
  readonly state?: number
  readonly limit?: number
  readonly name?: string
  /** Writes what the kind has besides the header, before anybody is told. */
  readonly fill?: (body: number) => void
}

export interface Objects {
  readonly live: ReadonlyMap<number, KernelObject>
  /** The newest objects that ended, for reports. */
  readonly ended: readonly KernelObject[]
  bySerial(serial: number): KernelObject | undefined
  create(spec: CreateSpec): KernelObject
  /** The object at an address, adopted if need be; undefined, and a ghost told of, where there is none. */
  at(address: number, what: Operation): KernelObject | undefined
  /** The object at an address if the kernel knows one; adopts nothing and tells nothing. */
  known(address: number): KernelObject | undefined
  reference(object: KernelObject): void
  release(object: KernelObject): void
  /** Gives a reference back without telling of it: for what has a fact of its own. */
  drop(object: KernelObject): void
  /** Somebody waits for it no more: it may end, if nothing refers to it. */
  settle(object: KernelObject): void
  /** Ends the objects that lie in memory that is no more. */
  freed(start: number, size: number): void
  /** Tells of a call on a value that names no object. */
  ghost(value: number, what: Operation, kind: GhostClass, candidate: KernelObject | undefined): void
  /** The living object whose value is nearest. */
  nearest(value: number, values: (object: KernelObject) => readonly number[]): KernelObject | undefined
  stateOf(object: KernelObject): number
  setState(object: KernelObject, state: number): void
  readonly counters: Readonly<Record<string, number>>
  /** Called when an object has ended, before its body is given back. */
  onEnd(listener: (object: KernelObject) => void): void
  save(): Plain
  /** Restores all but what refers to threads; `link` does that when the threads are back. */
  load(state: Plain): void
  link(threads: ReadonlyMap<number, Thread>): void
}

const endedKept = limits.endedObjects.value

const noCounts = (): Counts => ({
  signals: 0,
  alreadySet: 0,
  pulsedIntoNobody: 0,
  overLimit: 0,
  waits: 0,
  wakes: 0,
})

export interface ObjectPorts {
  readonly memory: GuestMemory
  readonly pool: Pool
  readonly audit: Audit
  /** Address of the type variable of a kind, 0 where there is none. */
  typeAddress(kind: ObjectKind): number
}

export function createObjects({ memory, pool, audit, typeAddress }: ObjectPorts): Objects {
  const live = new Map<number, KernelObject>()
  const byAddress = new Map<number, KernelObject>()
  const byPage = new Map<number, Set<KernelObject>>()
  const ended: KernelObject[] = []
  const counters = {
    ghosts_never_created_total: 0,
    ghosts_closed_total: 0,
    ghosts_wrong_type_total: 0,
    adopted_evicted_total: 0,
  }
  let lastSerial = 0
  let clock = 0
  let inTitleMemory = 0
  const onEnd: ((object: KernelObject) => void)[] = []
  let unlinked: { object: KernelObject; owner: number; waiters: [number, number][] }[] = []

  const stateOf = (object: KernelObject): number => memory.load32(object.header + DISPATCHER_HEADER.signalState) | 0
  const setState = (object: KernelObject, state: number): void =>
    memory.store32(object.header + DISPATCHER_HEADER.signalState, state)

  function index(object: KernelObject): void {
    live.set(object.serial, object)
    if (object.address === 0) return
    byAddress.set(fold(object.address), object)
    if (object.header !== object.address) byAddress.set(fold(object.header), object)
    if (object.owned) return
    inTitleMemory += 1
    const page = fold(object.address) >>> pageShift
    const set = byPage.get(page)
    if (set === undefined) byPage.set(page, new Set([object]))
    else set.add(object)
  }

  function unindex(object: KernelObject): void {
    live.delete(object.serial)
    for (const at of [object.address, object.header]) if (byAddress.get(fold(at)) === object) byAddress.delete(fold(at))
    if (object.owned || object.address === 0) return
    inTitleMemory -= 1
    const page = fold(object.address) >>> pageShift
    const set = byPage.get(page)
    set?.delete(object)
    if (set?.size === 0) byPage.delete(page)
  }

  function writeHeader(header: number, type: number, state: number): void {
    memory.store32(header + DISPATCHER_HEADER.type, type << 24)
    memory.store32(header + DISPATCHER_HEADER.signalState, state)
    memory.store32(header + DISPATCHER_HEADER.waitListFlink, header + DISPATCHER_HEADER.waitListFlink)
    memory.store32(header + DISPATCHER_HEADER.waitListBlink, header + DISPATCHER_HEADER.waitListFlink)
  }

  function build(kind: ObjectKind, body: number, owned: boolean, adopted: boolean, limit?: number): KernelObject {
    lastSerial += 1
    clock += 1
    return {
      serial: lastSerial,
      kind,
      address: body,
      header: body === 0 ? 0 : body + shapeOf(kind).headerAt,
      owned,
      adopted,
      alive: true,
      name: '',
      references: 0,
      handles: [],
      firstHandle: 0,
      limit,
      waiters: [],
      owner: undefined,
      thread: undefined,
      timer: undefined,
      data: null,
      touched: clock,
      created: undefined,
      lastSignal: undefined,
      counts: noCounts(),
    }
  }

  function end(object: KernelObject, reason: number): void {
    object.alive = false
    unindex(object)
    for (const listener of onEnd) listener(object)
    if (object.owned && object.address !== 0)
      pool.free(object.address - OBJECT_HEADER.size, shapeOf(object.kind).size + OBJECT_HEADER.size)
    audit.emit['object.destroyed'](audit.scene, audit.about(object), 0, reason)
    ended.push(object)
    if (ended.length > endedKept) ended.shift()
  }

  /** Makes room among the objects in the title's memory: a sixteenth of the bound, least recently touched first. */
  function evict(): void {
    const candidates = [...live.values()].filter(
      object => !object.owned && object.address !== 0 && object.references === 0 && object.waiters.length === 0,
    )
    candidates.sort((a, b) => a.touched - b.touched)
    for (const object of candidates.slice(0, limits.adoptedObjects.value >>> 4)) {
      counters.adopted_evicted_total += 1
      end(object, destroyed.evicted)
    }
  }

  function allocateBody(kind: ObjectKind): number {
    const body = pool.allocate(shapeOf(kind).size + OBJECT_HEADER.size) + OBJECT_HEADER.size
    memory.store32(body - OBJECT_HEADER.size + OBJECT_HEADER.pointerCount, 1)
    memory.store32(body - OBJECT_HEADER.size + OBJECT_HEADER.objectType, typeAddress(kind))
    return body
  }

  /** Ends an object that nothing refers to; who waits for it holds it too. */
  function settle(object: KernelObject): void {
    if (object.references === 0 && object.owned && object.alive && object.waiters.length === 0)
      end(object, destroyed.lastReference)
  }

  function drop(object: KernelObject): void {
    if (object.references > 0) object.references -= 1
    settle(object)
  }

  const own = (kind: ObjectKind, limit: number | undefined): number =>
    limit === undefined || kind !== 'Semaphore' ? 0 : limit

  function ghost(value: number, what: Operation, kind: GhostClass, candidate: KernelObject | undefined): void {
    if (kind === 'neverCreated') counters.ghosts_never_created_total += 1
    else if (kind === 'closed') counters.ghosts_closed_total += 1
    else counters.ghosts_wrong_type_total += 1
    audit.emit['ghost.met'](audit.scene, audit.nobody, 0, ghostClass[kind], what, candidate?.serial ?? 0, value >>> 0)
  }

  function adopt(address: number, what: Operation): KernelObject | undefined {
    const readable = (address & 3) === 0 && memory.allows(address, DISPATCHER_HEADER.size, access.read)
    const kind = readable ? kindOfType[memory.load8(address + DISPATCHER_HEADER.type)] : undefined
    if (kind === undefined) {
      ghost(address, what, readable ? 'wrongType' : 'neverCreated', undefined)
      return undefined
    }
    if (inTitleMemory >= limits.adoptedObjects.value) evict()
    const limit = kind === 'Semaphore' ? memory.load32(address + KSEMAPHORE.limit) | 0 : undefined
    const object = build(kind, address, false, true, limit)
    index(object)
    const sequence = audit.emit['object.adopted'](
      audit.scene,
      audit.about(object),
      0,
      stateOf(object),
      own(kind, limit),
    )
    object.created = audit.site(sequence)
    return object
  }

  return {
    live,
    ended,
    counters,
    stateOf,
    setState,
    ghost,
    bySerial: serial => live.get(serial),
    known: address => byAddress.get(fold(address >>> 0)),
    create({ kind, at = 0, state = 0, limit, name = '', fill }) {
      const { type = headerType.notificationEvent } = shapeOf(kind)
      const before = at === 0 ? undefined : byAddress.get(fold(at))
      if (before !== undefined && before.kind === kind && !before.owned && before.limit === limit) {
        const previous = stateOf(before)
        writeHeader(before.header, type, state)
        fill?.(at)
        clock += 1
        before.touched = clock
        audit.emit['object.reinitialised'](audit.scene, audit.about(before), 0, previous, state, own(kind, limit))
        return before
      }
      if (before !== undefined && !before.owned) end(before, destroyed.typeChanged)
      if (at !== 0 && inTitleMemory >= limits.adoptedObjects.value) evict()
      const body = at === 0 ? allocateBody(kind) : at
      const object = build(kind, body, at === 0, false, limit)
      object.name = name
      writeHeader(object.header, type, state)
      fill?.(body)
      index(object)
      const sequence = audit.emit['object.created'](audit.scene, audit.about(object), 0, state, own(kind, limit), name)
      object.created = audit.site(sequence)
      return object
    },
    at(address, what) {
      const key = fold(address >>> 0)
      const object = byAddress.get(key)
      if (object === undefined) return adopt(address >>> 0, what)
      const expected = shapeOf(object.kind).type
      if (!object.owned && expected !== undefined && memory.load8(object.header) !== expected) {
        end(object, destroyed.typeChanged)
        return adopt(address >>> 0, what)
      }
      clock += 1
      object.touched = clock
      return object
    },
    reference(object) {
      object.references += 1
      audit.emit['object.referenced'](audit.scene, audit.about(object), 0, object.references)
    },
    release(object) {
      const left = Math.max(0, object.references - 1)
      audit.emit['object.released'](audit.scene, audit.about(object), 0, left)
      drop(object)
    },
    drop,
    settle,
    freed(start, size) {
      if (inTitleMemory === 0 || size <= 0) return
      const low = fold(start >>> 0)
      const inside = (object: KernelObject): boolean => {
        const at = fold(object.address)
        return !object.owned && object.address !== 0 && at >= low && at < low + size
      }
      const found: KernelObject[] = []
      const pages = (size >>> pageShift) + 2
      if (pages > byPage.size) {
        for (const set of byPage.values()) for (const object of set) if (inside(object)) found.push(object)
      } else
        for (let page = low >>> pageShift; page <= (low + size - 1) >>> pageShift; page += 1)
          for (const object of byPage.get(page) ?? []) if (inside(object)) found.push(object)
      found.sort((a, b) => a.serial - b.serial)
      for (const object of found) end(object, destroyed.memoryFreed)
    },
    nearest(value, values) {
      let best: KernelObject | undefined
      let distance = Number.POSITIVE_INFINITY
      for (const object of live.values())
        for (const candidate of values(object)) {
          const apart = Math.abs(candidate - value)
          if (apart < distance) {
            best = object
            distance = apart
          }
        }
      return best
    },
    onEnd(listener) {
      onEnd.push(listener)
    },
    save() {
      return {
        lastSerial,
        clock,
        objects: [...live.values()]
          .sort((a, b) => a.serial - b.serial)
          .map(object => ({
            serial: object.serial,
            kind: objectKinds[object.kind].id,
            address: object.address,
            owned: object.owned,
            adopted: object.adopted,
            name: object.name,
            references: object.references,
            handles: object.handles.slice(),
            firstHandle: object.firstHandle,
            limit: object.limit ?? null,
            waiters: object.waiters.map(({ thread, index: place }) => [thread.id, place]),
            owner: object.owner?.id ?? 0,
            timer: object.timer === undefined ? null : { ...object.timer },
            data: object.data,
            touched: object.touched,
          })),
      }
    },
    load(state) {
      const saved = state as {
        lastSerial: number
        clock: number
        objects: {
          serial: number
          kind: number
          address: number
          owned: boolean
          adopted: boolean
          name: string
          references: number
          handles: number[]
          firstHandle: number
          limit: number | null
          waiters: [number, number][]
          owner: number
          timer: TimerState | null
          data: Plain
          touched: number
        }[]
      }
      live.clear()
      byAddress.clear()
      byPage.clear()
      ended.length = 0
      inTitleMemory = 0
      unlinked = []
      for (const row of saved.objects) {
        lastSerial = row.serial - 1
        const object = build(objectKindOf(row.kind), row.address, row.owned, row.adopted, row.limit ?? undefined)
        object.name = row.name
        object.references = row.references
        object.handles = row.handles.slice()
        object.firstHandle = row.firstHandle
        object.timer = row.timer === null ? undefined : { ...row.timer }
        object.data = row.data
        object.touched = row.touched
        index(object)
        unlinked.push({ object, owner: row.owner, waiters: row.waiters })
      }
      lastSerial = saved.lastSerial
      clock = saved.clock
    },
    link(threads) {
      for (const { object, owner, waiters } of unlinked) {
        object.owner = threads.get(owner)
        for (const [id, place] of waiters) {
          const thread = threads.get(id)
          if (thread !== undefined) object.waiters.push({ thread, index: place })
        }
      }
      unlinked = []
    },
  }
}
