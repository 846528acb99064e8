/** What the body of an export can reach: the kernel, by its parts. */
import type { GuestMemory } from '../memory/guest.ts'
import type { Apcs } from './apc.ts'
import type { Audit } from './audit.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Handles } from './handles.ts'
import type { Modules } from './modules.ts'
import type { KernelObject, Objects, Thread } from './object.ts'
import type { jumped, Later, Outcome, StateDefinition } from './outcome.ts'
import type { Pool } from './pool.ts'
import type { CallFrame, GuestFault, KernelPorts } from './ports.ts'
import type { Scheduler, Work } from './scheduler.ts'
import type { Space } from './space.ts'
import type { Threads } from './thread.ts'
import type { Time } from './time.ts'
import type { Timers } from './timer.ts'

export interface KernelOptions {
  readonly timebase: number
  readonly instructionsPerTick: number
  /** 100 ns units since 1601 at tick 0. */
  readonly systemTime: bigint
  readonly handleBase: number
  /** Frames of a walked back chain. */
  readonly frames: number
  /** Bytes a second of a file transfer. */
  readonly ioRate?: number
}

/** Why the title is over, as far as the kernel knows. */
export interface KernelStop {
  readonly kind: 'finished' | 'fault'
  readonly text: string
  readonly exitCode: number
  /** The processor's account, where the end is a fault of an instruction. */
  readonly fault?: GuestFault
}

export interface GuestFunction {
  readonly entry: number
  /** Registers 3 and up. */
  readonly args: readonly number[]
  /** Goes on here with r3 when it returns. */
  readonly later: Later
  /** The function interrupts code that expects no call, so every register is kept for it. */
  readonly interrupts?: boolean
}

export interface Kernel {
  readonly memory: GuestMemory
  readonly ports: KernelPorts
  readonly options: KernelOptions
  /** Registers of the calling thread. */
  readonly frame: CallFrame
  readonly audit: Audit
  readonly time: Time
  readonly pool: Pool
  readonly space: Space
  readonly objects: Objects
  readonly handles: Handles
  readonly dispatcher: Dispatcher
  readonly scheduler: Scheduler
  readonly threads: Threads
  readonly timers: Timers
  readonly apcs: Apcs
  readonly modules: Modules
  /** The calling thread; a call outside of any is a defect. */
  readonly thread: Thread
  /** State of one file of exports, made at first use. */
  state<S>(definition: StateDefinition<S>): S
  /** The same for who only looks: undefined while no call needed it, since to make it would show in the digest. */
  stateSoFar<S>(definition: StateDefinition<S>): S | undefined
  /** Calls a guest function on the calling thread: `return k.callGuest(…)`. */
  callGuest(call: GuestFunction): typeof jumped
  /** Goes on with a continuation at once. */
  proceed(later: Later, value: number): Outcome<unknown>
  /** Lets go of what a continuation holds that is never gone on with. */
  forgo(later: Later): void
  /** Parks the calling thread on one object for ever or until a time-out: `return k.waitFor(…)`. */
  waitFor(object: KernelObject, timeout: bigint | undefined, later?: Later): Outcome<number>
  /** Does the call again in the hardware thread's next turn: `return k.tryAgain()`. */
  tryAgain(): Outcome<never>
  /** A title asked for a file that is not there. */
  noteAbsence(path: string, unreadableAt?: number): void
  /** Counts the call as one that is answered without effect. */
  countWithoutEffect(): void
  /** Ends the calling thread, those who registered for it told before: `return k.exitThread(code)`. */
  exitThread(code: number): Outcome<never>
  /** Ends the title, those who registered for it told before: `return k.terminateTitle(…)`. */
  terminateTitle(stop: KernelStop): Outcome<never>
  /** Ends the title here and now: `return k.endTitle(…)`. */
  endTitle(stop: KernelStop): Outcome<never>
  /** Ends the title with an exception nobody handles: `return k.raise(code, 'KeReleaseMutant')`. */
  raise(code: number, by: string): Outcome<never>
  /** Runs the caller's pending user APCs, then goes on with USER_APC. */
  deliverApcs(later: Later | undefined): Outcome<number>
  /** Runs a routine on a hardware thread's interrupt context. */
  interrupt(hardwareThread: number, work: Work): void
  /** Queues a guest KDPC; false when it was queued already. */
  queueDpc(dpc: number, argument1: number, argument2: number): boolean
  /** Takes a guest KDPC out of its queue; whether it was there. */
  removeDpc(dpc: number): boolean
  /** Takes the first KDPC queued to the running hardware thread, for the caller to run. */
  takeDpc(): Work | undefined
  /** Address of an exported variable, by its name; 0 for none. */
  variable(name: string): number
  /** Where an export of a library of the kernel's own lies, by ordinal or name: a variable, or code that calls it; 0 for none. */
  exportAddress(library: string, which: number | string): number
  /** Guest code that does nothing but go on with a continuation when it is returned to. */
  readonly traps: { readonly guestReturn: number; readonly threadReturn: number; readonly interruptReturn: number }
}
