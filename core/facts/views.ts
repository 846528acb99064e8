/**
 * What may be asked of a machine besides its facts: read-only views, valid when asked (in a fact handler, between
 * slices, at the end of the run). The machine implements them; plugins and the report read them.
 */
import type { GuestAddress, Handle, Serial, Ticks } from '../base/words.ts'
import type { ObjectKind } from './objects.ts'

/** One frame of a back chain. Frame 0 is the live (r1, lr). */
export interface Frame {
  readonly fp: number
  readonly lr: number
}

export interface Stack {
  readonly frames: readonly Frame[]
  /** Why the walk ended: the frame limit, the end of the chain, or the first frame that makes no sense. */
  readonly stop: 'limit' | 'end' | 'misaligned' | 'backwards' | 'outside-stack' | 'not-code' | 'unreadable'
}

export interface ObjectView {
  readonly serial: Serial
  readonly kind: ObjectKind
  readonly name: string
  /** Guest address of the dispatcher header, 0 when the object has none. */
  readonly address: GuestAddress
  /** Handle values that name it now. */
  readonly handles: readonly Handle[]
  /** The first handle value it had, 0 when it never had one. */
  readonly firstHandle: Handle
  readonly adopted: boolean
  readonly alive: boolean
  /** SignalState now, read from guest memory; undefined for kinds without one. */
  readonly state: number | undefined
  readonly limit: number | undefined
  /** Owner's tid of a mutant, 0 for none. */
  readonly owner: number
  /** tids that wait on it now, in wake order. */
  readonly waiters: readonly number[]
  readonly created: CallSite | undefined
  readonly lastSignal: CallSite | undefined
  readonly signals: number
  /** Signals that had no effect, by reason (facts, `signal.lost`). */
  readonly lost: { readonly alreadySet: number; readonly pulsedIntoNobody: number; readonly overLimit: number }
  readonly waits: number
  readonly wakes: number
}

/** Where and when something was done. */
export interface CallSite {
  readonly sequence: number
  readonly cycle: Ticks
  readonly tid: number
  readonly lr: GuestAddress
  readonly source: number
}

export type ThreadState = 'running' | 'ready' | 'waiting' | 'suspended' | 'exited'

export interface WaitView {
  readonly type: 'any' | 'all' | 'delay'
  readonly objects: readonly Serial[]
  /** The handle values used, 0 where a pointer was; same order as `objects`. */
  readonly handles: readonly Handle[]
  readonly alertable: boolean
  /** Ticks at which it times out, undefined for never. */
  readonly deadline: Ticks | undefined
  readonly begun: CallSite
}

export interface ThreadView {
  readonly tid: number
  readonly serial: Serial
  readonly name: string
  readonly state: ThreadState
  readonly hardwareThread: number
  readonly priority: number
  readonly suspendCount: number
  readonly entry: GuestAddress
  readonly parameter: number
  readonly exitCode: number | undefined
  readonly pc: GuestAddress
  readonly creator: CallSite | undefined
  readonly wait: WaitView | undefined
  /** Mutants it owns. */
  readonly owns: readonly Serial[]
  /** A thread of the system or a device's, not of the title. */
  readonly system: boolean
  readonly stack: Stack
}

export interface MissingExport {
  /** Its number as the source of a fact. */
  readonly source: number
  readonly module: string
  readonly name: string
  /** Its subject: `sync`, `threads`, `files`, … */
  readonly tags: readonly string[]
  readonly calls: number
  readonly first: CallSite & { readonly stack: Stack }
}

/** An export whose calls are answered without effect, because the machine has nothing that it would act upon. */
export interface IdleExport extends MissingExport {
  readonly why: string
}

/** A file that the title asked for and that is not there. */
export interface AbsentFile {
  /** As the title wrote it; of a file that is there, its path on its device. */
  readonly path: string
  /** The first byte that could not be read of a file that is there; without it, there is no such file. */
  readonly unreadableAt?: number
  readonly tries: number
  readonly first: CallSite
}

export interface MachineViews {
  readonly cycle: Ticks
  /** Instructions retired. */
  readonly instructions: number
  readonly timebaseHz: number
  threads(): readonly ThreadView[]
  thread(tid: number): ThreadView | undefined
  /** Every live object, and every ended one the kernel still knows. */
  objects(): readonly ObjectView[]
  object(serial: number): ObjectView | undefined
  /** The frames of an interned back chain; undefined when it was evicted. */
  stack(id: number): Stack | undefined
  /** An address with its name: `sub_8280F810+0xA4`, or the bare hex where nothing is known. */
  nameOf(address: number): string
  /** The text of a fact's source: an export's name, or the kernel's own path. */
  sourceName(source: number): string
  /** What the GPU's command stream waits for, in words; undefined while it has caught up. */
  streamStanding(): string | undefined
  /** What people call an opcode of the command stream: `EVENT_WRITE_SHD`. */
  packetName(opcode: number): string
  /** Exports without implementation that were called. */
  missingExports(): readonly MissingExport[]
  /** Exports that were answered without effect. */
  idleExports(): readonly IdleExport[]
  /** Files that were asked for and are not there, or not whole. */
  absentFiles(): readonly AbsentFile[]
  /** Counters of the machine's own bounds and ghosts, by name. */
  counters(): Readonly<Record<string, number>>
  /** Reads guest memory; undefined where nothing is committed. */
  readMemory(address: number, size: number): Uint8Array | undefined
}
