/**
 * What the kernel keeps of objects and threads, by serial: the records themselves, and what may be asked of all of them.
 *
 * An object with a guest body has its type and SignalState there and nowhere else: titles initialise and read them
 * inline. What has no guest layout (who waits, who owns, names, counts) is kept here. An object the kernel makes for a
 * handle gets a body too, in the kernel's pool, so that a reference by handle yields a real pointer.
 */
import type { Plain } from '../base/state.ts'
import type { ObjectKind } from '../facts/objects.ts'
import type { CallSite } from '../facts/views.ts'
import type { Later } from './outcome.ts'
import { DISPATCHER_HEADER } from './structs.ts'

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
  deadline: number
  /** The system time of the time-out, where it was given as one; 0 elsewhere. */
  readonly until: bigint
  /** Tick at which it began. */
  readonly began: number
  readonly lr: number
  readonly sp: number
  readonly source: number
  /** Takes an entry of the queue it is for. */
  readonly removes: boolean
  /** Not in the objects' wait lists, because the thread is suspended or called away; the objects are referred to for it. */
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
  /** The system time of the first expiry, where it was given as one; 0 elsewhere. */
  until: bigint
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

/** A wait that a kernel APC interrupts, and what it goes on with. */
export interface HeldWait {
  readonly wait: Wait
  readonly resume: Resume | undefined
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
  /** Waits that APCs interrupt, one inside the other. */
  readonly held: HeldWait[]
  readonly calls: GuestCall[]
  readonly userApcs: Apc[]
  readonly kernelApcs: Apc[]
  /** Places kept for user APCs that are certain to come. */
  reservedApcs: number
  /** Bit 0: alerted in kernel mode, bit 1: in user mode. */
  alerted: number
  /** Mutants it owns, in the order of acquiring. */
  readonly owned: KernelObject[]
  name: string
  exitCode: number
  /** Serial of the queue it belongs to, 0 for none. */
  queue: number
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
  /** Where the SignalState is, as a signed number: a small one for the engine, which addresses above 80000000 are not. */
  readonly stateAt: number
  /** The body lies in the kernel's pool. */
  readonly owned: boolean
  readonly adopted: boolean
  alive: boolean
  name: string
  /** What refers to it: open handles, pointers given out, and the kernel's own. */
  references: number
  /** Those of the pointers that were given out: no more can be given back. */
  pointers: number
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

/** What a call meant to do with the object it names. */
export const operation = { signal: 0, wait: 1, wake: 2, other: 3 } as const
export type Operation = (typeof operation)[keyof typeof operation]

export const ghostClass = { neverCreated: 0, closed: 1, wrongType: 2 } as const
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
  readonly counters: Record<string, number>
  /** Called when an object has ended, before its body is given back. */
  onEnd(listener: (object: KernelObject) => void): void
  save(): Plain
  /** Restores all but what refers to threads; `link` does that when the threads are back. */
  load(state: Plain): void
  link(threads: ReadonlyMap<number, Thread>): void
}

type Identity = Pick<KernelObject, 'serial' | 'kind' | 'address' | 'header' | 'owned' | 'adopted' | 'limit'>

/** A record with nothing in it but who it is; each field by name, since of a copy the engine makes a slower object. */
export const newObject = ({ serial, kind, address, header, owned, adopted, limit }: Identity): KernelObject => ({
  serial,
  kind,
  address,
  header,
  stateAt: (header + DISPATCHER_HEADER.signalState) | 0,
  owned,
  adopted,
  limit,
  alive: true,
  name: '',
  references: 0,
  pointers: 0,
  handles: [],
  firstHandle: 0,
  waiters: [],
  owner: undefined,
  thread: undefined,
  timer: undefined,
  data: null,
  touched: 0,
  created: undefined,
  lastSignal: undefined,
  counts: { signals: 0, alreadySet: 0, pulsedIntoNobody: 0, overLimit: 0, waits: 0, wakes: 0 },
})
