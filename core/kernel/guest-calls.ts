/**
 * Guest functions the kernel calls: on a frame of its own, with the kernel's trap as return address, and a continuation
 * that gets what they leave in r3. All that is kept of a call is plain data in its thread, so that the function may wait,
 * call the kernel, or never return. APCs are such calls, and so is what is left to do when a thread ends.
 */
import type { Plain } from '../base/state.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { kernelApcDue } from './alerts.ts'
import type { Apcs } from './apc.ts'
import type { Audit } from './audit.ts'
import type { ExportRow } from './call.ts'
import type { GuestFunction, Kernel } from './context.ts'
import type { Dispatcher } from './dispatcher.ts'
import { hasLibraries, tellLibraries } from './library-threads.ts'
import { entryReason } from './modules.ts'
import type { Apc, Thread } from './object.ts'
import { jumped, type Later, type Outcome, parked } from './outcome.ts'
import type { Pool } from './pool.ts'
import type { Registers } from './ports.ts'
import type { Scheduler } from './scheduler.ts'
import { pathNumber } from './sources.ts'
import { status } from './status.ts'
import { KTHREAD } from './structs.ts'
import type { ExportTable } from './table.ts'

export interface GuestCalls {
  /** The export whose result is owed by what is being served, 0 for none. */
  row: number
  call(call: GuestFunction): typeof jumped
  /** A function has returned to the trap: registers back, then its continuation; false when no call belongs to it. */
  returned(): boolean
  /** Runs a continuation now. */
  proceed(later: Later, value: number): Outcome<unknown>
  /** Lets go of what a continuation holds that is never gone on with. */
  forgo(later: Later): void
  /** Lets go of what the calls hold that a thread is in and will never return from, the latest first. */
  forgoAll(thread: Thread): void
  /** Leaves a value in the result register of the call that is owed. */
  settle(outcome: Outcome<unknown>, row: number): void
  /** Goes on where a thread's wait has ended. */
  resume(thread: Thread): void
  /** Calls the next user APC of the calling thread, or ends with USER_APC. */
  deliverApcs(later: Later | undefined): Outcome<number>
  /** Calls what came for a thread before its next instruction: libraries, its first user APCs, a kernel APC. */
  prepare(thread: Thread): void
  /** Calls the rundown routines of the APCs that will never run, then ends the thread. */
  rundown(code: number): Outcome<never>
}

export interface GuestCallPorts {
  readonly memory: GuestMemory
  readonly registers: Registers
  readonly audit: Audit
  readonly pool: Pool
  readonly apcs: Apcs
  readonly dispatcher: Dispatcher
  readonly scheduler: Scheduler
  readonly table: ExportTable
  readonly returnTrap: number
  readonly kernel: () => Kernel
  /** Ends the calling thread. */
  exit(code: number): typeof jumped
}

/** Bytes of a frame the kernel makes: room for the parameters of what it calls. */
const frameSize = 0x100
const savedReturn = -8

/** While an APC's kernel routine runs: the block with the words it may change, and what comes then. */
interface Prepared {
  readonly block: number
  readonly interrupts: boolean
  readonly next: Later
}
const preparedSize = 0x10

export function createGuestCalls(ports: GuestCallPorts): GuestCalls {
  const { memory, registers, audit, pool, apcs, dispatcher, scheduler, table } = ports
  const frame = registers.current

  function running(): Thread {
    const thread = scheduler.current
    if (thread === undefined) throw new Error('a kernel call outside of any thread')
    return thread
  }

  function call({ entry, args, later, interrupts = false }: GuestFunction): typeof jumped {
    const thread = running()
    const sp = frame.word(1)
    const calledAt = ((sp - frameSize) & ~15) >>> 0
    thread.calls.push({
      ...later,
      sp,
      pc: frame.pc,
      lr: frame.lr,
      calledAt,
      row: interrupts ? 0 : calls.row,
      saved: interrupts ? registers.snapshot() : null,
    })
    memory.store32(calledAt, sp)
    memory.store32(sp + savedReturn, interrupts ? frame.pc : frame.lr)
    frame.setWord(1, calledAt)
    frame.setWord(13, scheduler.running.kpcr)
    args.forEach((value, i) => {
      frame.setWord(3 + i, value)
    })
    frame.lr = ports.returnTrap
    frame.pc = entry
    return jumped
  }

  function proceed(later: Later, value: number): Outcome<unknown> {
    const own = ownContinuations[later.continuation]
    if (own !== undefined) return own(later.state)
    const row = table.continuations.get(later.continuation)
    if (row === undefined) throw new Error(`no continuation ${later.continuation}`)
    return row.run(ports.kernel(), later.state, value)
  }

  /** Lets go of what a continuation holds that is never gone on with. */
  function forgo({ continuation, state }: Later): void {
    const own = ownForgone[continuation]
    if (own === undefined) table.continuations.get(continuation)?.forgone?.(ports.kernel(), state)
    else own(state)
  }

  /** Gives up the wait that a thread was called away from last, and the call that waited. */
  function forgoHeld(thread: Thread): void {
    const later = dispatcher.dropHeld(thread)
    if (later !== undefined) forgo(later)
  }

  function settle(outcome: Outcome<unknown>, row: number): void {
    if (outcome === jumped || outcome === parked || row === 0) return
    const owed = table.row(row) as ExportRow | undefined
    owed?.result.write(frame, outcome)
  }

  function deliverApcs(later: Later | undefined): Outcome<number> {
    const apc = apcs.take(running(), 1)
    if (apc === undefined)
      return later === undefined ? status.USER_APC : (proceed(later, status.USER_APC) as Outcome<number>)
    const state = { later: later === undefined ? null : { ...later } }
    return callApc(apc, { continuation: 'apc-next', state }, false)
  }

  /** Calls what an APC is made of, its kernel routine first, and then goes on. */
  function callApc(apc: Apc, next: Later, interrupts: boolean): typeof jumped {
    const words = [apc.routine, apc.context, apc.argument1, apc.argument2]
    if (apc.kernelRoutine !== 0) return callKernelRoutine(apc, words, next, interrupts)
    return callRoutine(words, next, interrupts)
  }

  function callRoutine(words: readonly number[], later: Later, interrupts: boolean): typeof jumped {
    const [entry = 0, ...args] = words
    return call({ entry, args, later, interrupts })
  }

  /** Lets an APC's kernel routine change what is called, by pointers into a block of its own. */
  function callKernelRoutine(
    apc: Apc,
    words: readonly number[],
    { continuation, state }: Later,
    interrupts: boolean,
  ): typeof jumped {
    const block = pool.allocate(preparedSize)
    words.forEach((word, i) => {
      memory.store32(block + i * 4, word)
    })
    return call({
      entry: apc.kernelRoutine,
      args: [apc.address, block, block + 4, block + 8, block + 12],
      later: { continuation: 'apc-prepared', state: { block, interrupts, next: { continuation, state } } },
      interrupts,
    })
  }

  function afterKernelRoutine(state: Plain): Outcome<unknown> {
    const { block, interrupts, next } = state as unknown as Prepared
    const words = [0, 4, 8, 12].map(at => memory.load32(block + at))
    pool.free(block, preparedSize)
    return words[0] === 0 ? proceed(next, 0) : callRoutine(words, next, interrupts)
  }

  function markInProgress(thread: Thread, inProgress: boolean): void {
    memory.store8(thread.object.address + KTHREAD.kernelApcInProgress, inProgress ? 1 : 0)
  }

  /**
   * Starts the next kernel APC of a thread that is about to run, if it may take one; whether it did. `wait` is the place
   * of the wait that it interrupts, -1 for none.
   */
  function startKernelApc(thread: Thread, wait: number): boolean {
    if (scheduler.irql() !== 0 || !kernelApcDue(memory, thread)) return false
    audit.scene.source = pathNumber('apc')
    const apc = apcs.take(thread, 0)
    if (apc === undefined) return false
    const normal = apc.routine !== 0
    if (normal) markInProgress(thread, true)
    callApc(apc, { continuation: 'kernel-apc-done', state: { normal, wait } }, true)
    return true
  }

  function afterKernelApc(state: Plain): typeof jumped {
    const { normal, wait } = state as { normal: boolean; wait: number }
    if (normal) markInProgress(running(), false)
    return wait < 0 ? jumped : interruptWait(wait)
  }

  /** Calls one kernel APC after the other on a thread that was called away from a wait, then lets it wait on. */
  function interruptWait(place: number): typeof jumped {
    const thread = running()
    // Waits inside this one were left without a return, by a jump out of their APCs.
    while (thread.held.length > place + 1) forgoHeld(thread)
    if (!startKernelApc(thread, place)) dispatcher.goBack(thread)
    return jumped
  }

  /** Calls the user APCs that came before the first instruction of a thread, one after the other. */
  function callFirstApc(): typeof jumped {
    audit.scene.source = pathNumber('apc')
    const apc = apcs.take(running(), 1)
    return apc === undefined ? jumped : callApc(apc, { continuation: 'first-apc-done', state: null }, true)
  }

  function rundown(code: number): Outcome<never> {
    const thread = running()
    for (let apc = apcs.discard(thread, 1); apc !== undefined; apc = apcs.discard(thread, 1))
      if (apc.rundownRoutine !== 0)
        return call({
          entry: apc.rundownRoutine,
          args: [apc.address],
          later: { continuation: 'thread-rundown', state: { code } },
        })
    while (apcs.discard(thread, 0) !== undefined);
    return ports.exit(code)
  }

  /** Continuations of the kernel itself. */
  const ownContinuations: Readonly<Record<string, (state: Plain) => Outcome<unknown>>> = {
    'apc-next': state => deliverApcs((state as { later: Later | null }).later ?? undefined),
    'apc-prepared': afterKernelRoutine,
    'kernel-apc-done': afterKernelApc,
    'wait-interrupted': state => interruptWait(Number(state)),
    'first-apc': callFirstApc,
    'first-apc-done': callFirstApc,
    'thread-rundown': state => rundown((state as { code: number }).code),
  }

  /** Those of them that hold anything. */
  const ownForgone: Readonly<Record<string, (state: Plain) => void>> = {
    'apc-next': state => {
      const { later } = state as { later: Later | null }
      if (later !== null) forgo(later)
    },
    'apc-prepared': state => {
      const { block, next } = state as unknown as Prepared
      pool.free(block, preparedSize)
      forgo(next)
    },
  }

  const calls: GuestCalls = {
    row: 0,
    call,
    proceed,
    forgo,
    forgoAll(thread) {
      while (thread.held.length > 0) forgoHeld(thread)
      for (let left = thread.calls.pop(); left !== undefined; left = thread.calls.pop()) forgo(left)
    },
    settle,
    deliverApcs,
    rundown,
    returned() {
      const thread = running()
      const sp = frame.word(1)
      const value = frame.word(3)
      // Calls made below this frame were left without a return, by a jump out of them.
      for (let left = thread.calls.at(-1); left !== undefined && left.calledAt < sp; left = thread.calls.at(-1)) {
        thread.calls.pop()
        forgo(left)
      }
      const done = thread.calls.pop()
      if (done === undefined || done.calledAt !== sp) return false
      if (done.saved !== null) registers.restore(done.saved)
      else {
        frame.setWord(1, done.sp)
        frame.lr = done.lr
        frame.pc = done.pc
      }
      calls.row = done.row
      audit.scene.source = done.row
      settle(proceed(done, value), done.row)
      return true
    },
    resume(thread) {
      const { resume: due } = thread
      if (due === undefined) return
      thread.resume = undefined
      calls.row = due.row
      audit.beginCall()
      if (due.value === status.USER_APC && thread.userApcs.length > 0)
        settle(deliverApcs(due.later ?? undefined), due.row)
      else settle(due.later === null ? due.value : proceed(due.later, due.value), due.row)
    },
    prepare(thread) {
      if (!thread.begun) {
        thread.begun = true
        const told = !thread.system && hasLibraries(ports.kernel())
        if (told) tellLibraries(ports.kernel(), entryReason.threadAttach, { continuation: 'first-apc', state: null })
        else callFirstApc()
      }
      startKernelApc(thread, -1)
    },
  }
  return calls
}
