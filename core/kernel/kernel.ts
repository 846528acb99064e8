/**
 * The kernel, put together: its parts, the entry by which guest code calls it, and what the machine asks of it.
 *
 * A call comes in with a number. An export's row reads its arguments, its body runs, and the outcome is dealt with here:
 * a value is left in the result register; `parked` and `jumped` leave the processor so that the loop goes on with
 * whatever runs now. Numbers below the first export are traps of the kernel's own: where guest functions it called, and
 * the first functions of threads and interrupts, return to.
 */
import { copyState, type Plain } from '../base/state.ts'
import { hex32 } from '../base/words.ts'
import type { Scene } from '../facts/record.ts'
import { GuestAccessError } from '../memory/guest.ts'
import { access } from '../memory/map.ts'
import { type Apcs, createApcs } from './apc.ts'
import { createAudit } from './audit.ts'
import { createStackTable, type StackTable, type Walk, walkFrames } from './backchain.ts'
import type { Entry, ExportRow } from './call.ts'
import type { GuestFunction, Kernel, KernelOptions, KernelStop } from './context.ts'
import { createDispatcher, type Dispatcher, waitEnd } from './dispatcher.ts'
import { fileEnded } from './file.ts'
import { createHandles } from './handles.ts'
import { createMissing, type MissingCalls } from './missing.ts'
import { createModules } from './modules.ts'
import { createObjects, type Thread } from './object.ts'
import { jumped, type Later, type Outcome, parked, type StateDefinition } from './outcome.ts'
import { createPool, kernelRegion } from './pool.ts'
import type { KernelPorts } from './ports.ts'
import { createReadyLists } from './ready-list.ts'
import { loadReports, saveReports } from './reports.ts'
import { takeRequest } from './requests.ts'
import { createScheduler, type HardwareThread, hardwareThreads } from './scheduler.ts'
import { exportNumber, firstExport, libraries, type PathName, pathNumber, paths } from './sources.ts'
import { createSpace } from './space.ts'
import { status } from './status.ts'
import { KDPC, KPCR, KTHREAD, TIME_STAMP_BUNDLE } from './structs.ts'
import { type ExportTable, tableOf } from './table.ts'
import { createThreads } from './thread.ts'
import { type Clocks, createTime } from './time.ts'
import { createTimers } from './timer.ts'

/** What the machine asks of the kernel. */
export interface KernelCore {
  readonly kernel: Kernel
  readonly table: ExportTable
  readonly stacks: StackTable
  readonly missing: MissingCalls
  /** Serves a call of guest code; true when the processor must be left. */
  call(id: number): boolean
  /** Prepares a hardware thread to run; false when it has nothing to run. */
  begin(hardwareThread: number): boolean
  /** Ends a hardware thread's turn. `full`: it used all of it. */
  endTurn(hardwareThread: number, full: boolean): void
  /** Serves every deadline that is reached. */
  serveDeadlines(): void
  /** The last call could not go on and will be done again in the next turn. */
  takeRetry(): boolean
  /** Something other than polls and devices has happened since last asked. */
  takeProgress(): boolean
  stopped(): KernelStop | undefined
  walk(thread: Thread): Walk
  /** What an import leads to: a number a thunk traps with, or the address of a variable. */
  resolve(library: string, ordinal: number, kind: 'function' | 'variable'): number
  /** The text of a source number. */
  sourceName(source: number): string
  save(): Plain
  load(state: Plain): void
  /** What reports need and the digest does not cover. */
  saveReports(): Plain
  loadReports(state: Plain): void
}

/** What only the kernel's own code may write. */
type Writable<T, K extends keyof T> = Omit<T, K> & { -readonly [P in K]: T[P] }

const trapSize = 16
const firstExportTrap = 0x1000
const callWords = { syscall: 0x44000042, return: 0x4e800020 } as const
const guestFrame = 0x100

export function createKernel(ports: KernelPorts, options: KernelOptions, entries: readonly Entry[]): KernelCore {
  const { memory, registers, sink } = ports
  const frame = registers.current
  const table = tableOf(entries)
  const stacks = createStackTable()
  const time = createTime(options, ports.instructions)
  const audit = createAudit({ sink, frame, now: () => time.now(), walk: scene => stacks.intern(walkScene(scene)) })
  const { scene } = audit
  const missing = createMissing(audit)

  const trapOf = (path: PathName): number => kernelRegion.traps + pathNumber(path) * trapSize
  const traps = {
    guestReturn: trapOf('guest-return'),
    threadReturn: trapOf('thread-return'),
    interruptReturn: trapOf('interrupt-return'),
  }
  const pool = createPool(memory)
  const space = createSpace(memory, (start, size) => objects.freed(start, size))
  const variables = new Map<string, number>()
  const objects = createObjects({
    memory,
    pool,
    audit,
    typeAddress: kind => variables.get(typeVariables[kind] ?? '') ?? 0,
  })
  const handles = createHandles({ base: options.handleBase, objects, audit, running: () => scheduler.current })

  memory.commit(kernelRegion.traps, kernelRegion.trapsSize, access.read | access.execute)
  for (const id of Object.keys(paths)) writeTrap(kernelRegion.traps + Number(id) * trapSize, Number(id))

  const kpcrs = Array.from({ length: hardwareThreads }, () => pool.allocate(KPCR.size))
  const threads = createThreads({
    memory,
    registers,
    audit,
    objects,
    pool,
    space,
    time,
    scheduler: () => scheduler,
    dispatcher: () => dispatcher,
    timers: () => timers,
    kpcr: index => kpcrs[index] ?? 0,
    returnTrap: traps.threadReturn,
  })
  const hardware = kpcrs.map((kpcr, index) => createHardwareThread(index, kpcr))
  const scheduler = createScheduler({
    memory,
    registers,
    audit,
    time,
    hardware,
    returnTrap: traps.interruptReturn,
  })
  const dispatcher: Dispatcher = createDispatcher({
    memory,
    audit,
    objects,
    scheduler,
    time,
    row: () => currentRow,
    frame: () => frame,
    proceed: (later, value) => proceed(later, value) as Outcome<number>,
    deliverApcs,
    threadAt: address => threads.at(address),
  })
  const timers = createTimers({
    memory,
    audit,
    objects,
    dispatcher,
    time,
    queueApc(id, apc) {
      const thread = threads.all.get(id)
      if (thread !== undefined) apcs.queue(thread, apc)
    },
    removeTimerApc(id, serial) {
      const thread = threads.all.get(id)
      if (thread !== undefined) apcs.removeTimerApc(thread, serial)
    },
    queueDpc,
  })
  const apcs: Apcs = createApcs({
    memory,
    audit,
    dispatcher,
    threadAt: address => threads.at(address),
    attend(thread) {
      if (thread === scheduler.current) scheduler.attention = true
    },
  })
  const modules = createModules(memory, pool)

  objects.onEnd(object => {
    if (object.timer?.armed === true) time.remove('timer', object.serial)
    const owned = object.owner?.owned
    if (owned !== undefined) owned.splice(owned.indexOf(object), 1)
  })

  let currentRow = 0
  let stop: KernelStop | undefined
  let retry = false
  let moved = false
  let polled = false
  let states = new Map<string, unknown>()
  let exportThunks: [number, number][] = []
  let otherLibraries: string[] = []

  function writeTrap(at: number, id: number): void {
    const words = new Uint8Array(trapSize)
    const view = new DataView(words.buffer)
    view.setUint32(0, callWords.syscall)
    view.setUint32(4, callWords.return)
    view.setUint32(8, id)
    memory.poke(at, words)
  }

  function createHardwareThread(index: number, kpcr: number): HardwareThread {
    const context = threads.createContext(index)
    const idle = pool.allocate(KTHREAD.size)
    Object.assign(context.object, { address: idle, header: idle })
    memory.store32(kpcr + KPCR.self, kpcr)
    memory.store32(kpcr + KPCR.prcb, kpcr + KPCR.prcbStart)
    memory.store32(kpcr + KPCR.setMember, 1 << index)
    memory.store8(kpcr + KPCR.processor, index)
    memory.store32(kpcr + KPCR.currentThread, idle)
    memory.store32(kpcr + KPCR.idleThread, idle)
    return {
      index,
      kpcr,
      context,
      current: undefined,
      ready: createReadyLists(),
      work: [],
      stamp: 0,
      spinning: false,
    }
  }

  function boundsOf(thread: Thread | undefined): { low: number; high: number } {
    if (thread === undefined) return { low: 0, high: 0 }
    const body = thread.object.address
    if (thread.tid === 0) return { low: thread.stackLimit, high: thread.stackBase }
    return { low: memory.load32(body + KTHREAD.stackLimit), high: memory.load32(body + KTHREAD.stackBase) }
  }

  const walkPorts = {
    memory,
    root: traps.threadReturn,
    framesOf: (address: number) =>
      address >= kernelRegion.traps && address < kernelRegion.traps + kernelRegion.trapsSize
        ? ('xbox' as const)
        : ports.framesOf(address),
  }

  function walkScene(from: Scene): Walk {
    if (from.sp === 0) return { frames: [], stop: 'end' }
    const thread = from.tid === 0 ? scheduler.current : threads.all.get(from.tid)
    return walkFrames(walkPorts, from.sp, from.lr, boundsOf(thread), options.frames)
  }

  /** Runs a continuation now. */
  function proceed(later: Later, value: number): Outcome<unknown> {
    const own = ownContinuations[later.continuation]
    if (own !== undefined) return own(later.state, value)
    const row = table.continuations.get(later.continuation)
    if (row === undefined) throw new Error(`no continuation ${later.continuation}`)
    return row.run(kernel, later.state, value)
  }

  /** Leaves a value in the result register of the call that is owed; true when the processor must be left. */
  function settle(outcome: Outcome<unknown>, row: number): boolean {
    if (outcome === jumped || outcome === parked) return true
    if (row !== 0) (table.row(row) as ExportRow | undefined)?.result.write(frame, outcome)
    return scheduler.attention || stop !== undefined
  }

  function callGuest({ entry, args, later, interrupts = false }: GuestFunction): typeof jumped {
    const thread = running()
    const sp = frame.word(1)
    const calledAt = (sp - guestFrame) & ~15
    thread.calls.push({
      ...later,
      sp,
      pc: frame.pc,
      lr: frame.lr,
      calledAt: calledAt >>> 0,
      row: interrupts ? 0 : currentRow,
      saved: interrupts ? registers.snapshot() : null,
    })
    memory.store32(calledAt, sp)
    memory.store32(sp - 8, interrupts ? frame.pc : frame.lr)
    frame.setWord(1, calledAt)
    frame.setWord(13, scheduler.running.kpcr)
    args.forEach((value, i) => {
      frame.setWord(3 + i, value)
    })
    frame.lr = traps.guestReturn
    frame.pc = entry
    return jumped
  }

  /** A guest function has returned to its trap: registers back, then its continuation. */
  function guestReturned(): boolean {
    const thread = running()
    const sp = frame.word(1)
    const value = frame.word(3)
    while (thread.calls.length > 0 && (thread.calls.at(-1)?.calledAt ?? 0) < sp) thread.calls.pop()
    const call = thread.calls.pop()
    if (call === undefined || call.calledAt !== sp)
      return end({ kind: 'fault', text: `a return to the kernel at ${hex32(sp)} that no call belongs to`, exitCode: 0 })
    if (call.saved !== null) registers.restore(call.saved)
    else {
      frame.setWord(1, call.sp)
      frame.lr = call.lr
      frame.pc = call.pc
    }
    currentRow = call.row
    scene.source = call.row
    settle(proceed(call, value), call.row)
    return true
  }

  function running(): Thread {
    const thread = scheduler.current
    if (thread === undefined) throw new Error('a kernel call outside of any thread')
    return thread
  }

  function end(reason: KernelStop): true {
    stop ??= reason
    return true
  }

  function exitThread(code: number): typeof jumped {
    const thread = running()
    threads.exit(thread, code)
    if (thread.tid === 1) end({ kind: 'finished', text: 'the main thread has ended', exitCode: code | 0 })
    return jumped
  }

  /** The trap of a path: what guest code returns to when it has nothing of its own left. */
  function trap(path: PathName): boolean {
    scene.source = pathNumber(path)
    switch (path) {
      case 'guest-return':
        return guestReturned()
      case 'thread-return':
        exitThread(frame.word(3))
        return true
      case 'interrupt-return':
        scheduler.finishWork()
        return true
      default:
        return end({ kind: 'fault', text: `the kernel has no trap ${path}`, exitCode: 0 })
    }
  }

  function callMissing(id: number, row: ExportRow | undefined): unknown {
    const failure = row === undefined ? 0 : row.result.failure
    missing.note(id, typeof failure === 'number' ? failure : Number(failure ?? 0), () => walkScene(scene))
    return failure
  }

  function call(id: number): boolean {
    try {
      if (id < firstExport) {
        const path = paths[id as keyof typeof paths]
        return path === undefined
          ? end({ kind: 'fault', text: `a call of number ${id}, which names nothing`, exitCode: 0 })
          : trap(path)
      }
      const row = table.rows[id - firstExport]
      scene.source = id
      currentRow = id
      audit.beginCall()
      if (row?.entry === 'function' && row.invoke !== undefined) {
        if (quiet[id - firstExport] === 1) polled = true
        else if (!kernel.thread.system) moved = true
        const outcome = row.invoke(kernel)
        if (typeof outcome === 'symbol') return true
        row.result.write(frame, outcome)
        return scheduler.attention || stop !== undefined
      }
      const answer = callMissing(id, row?.entry === 'function' ? row : undefined)
      if (row?.entry === 'function') row.result.write(frame, answer)
      else frame.setWord(3, 0)
      return scheduler.attention
    } catch (error) {
      if (!(error instanceof GuestAccessError)) throw error
      return end({
        kind: 'fault',
        text: `${sourceName(id)} called from ${hex32(scene.lr)}: ${error.message}`,
        exitCode: 0,
      })
    }
  }

  const quiet = table.rows.map(row => (row?.entry === 'function' && row.tags.includes('poll') ? 1 : 0))

  /** Runs what a thread was to go on with after its wait. */
  function resume(thread: Thread): void {
    const { resume: due } = thread
    if (due === undefined) return
    thread.resume = undefined
    currentRow = due.row
    scene.source = due.row === 0 ? pathNumber('resume') : due.row
    audit.beginCall()
    if (!thread.polling && !thread.system) moved = true
    let outcome: Outcome<unknown> = due.value
    if (due.value === status.USER_APC && thread.userApcs.length > 0) outcome = deliverApcs(due.later ?? undefined)
    else if (due.later !== null) outcome = proceed(due.later, due.value)
    settle(outcome, due.row)
  }

  /** Calls the next user APC of the calling thread, or ends with USER_APC. */
  function deliverApcs(later: Later | undefined): Outcome<number> {
    const thread = running()
    const apc = apcs.take(thread, 1)
    if (apc === undefined)
      return later === undefined ? status.USER_APC : (proceed(later, status.USER_APC) as Outcome<number>)
    const state = { later: later === undefined ? null : { ...later } }
    if (apc.kernelRoutine === 0)
      return callGuest({
        entry: apc.routine,
        args: [apc.context, apc.argument1, apc.argument2],
        later: { continuation: 'apc-next', state },
      })
    return callKernelRoutine(apc.address, apc.kernelRoutine, [apc.routine, apc.context, apc.argument1, apc.argument2], {
      mode: 1,
      ...state,
    })
  }

  /** Lets an APC's kernel routine change what is called, by pointers into a block of its own. */
  function callKernelRoutine(apc: number, routine: number, words: readonly number[], state: object): typeof jumped {
    const block = pool.allocate(16)
    words.forEach((word, i) => {
      memory.store32(block + i * 4, word)
    })
    return callGuest({
      entry: routine,
      args: [apc, block, block + 4, block + 8, block + 12],
      later: { continuation: 'apc-prepared', state: { block, ...state } },
      interrupts: (state as { mode: number }).mode === 0,
    })
  }

  /** Starts the next kernel APC of a thread that is about to run; false when there is none it may take. */
  function startKernelApc(thread: Thread): boolean {
    const first = thread.kernelApcs[0]
    if (first === undefined || scheduler.irql() !== 0) return false
    const disabled = (memory.load32(thread.object.address + KTHREAD.kernelApcDisable) | 0) < 0
    if (disabled && first.routine !== 0) return false
    const apc = apcs.take(thread, 0)
    if (apc === undefined) return false
    if (apc.kernelRoutine !== 0)
      callKernelRoutine(apc.address, apc.kernelRoutine, [apc.routine, apc.context, apc.argument1, apc.argument2], {
        mode: 0,
      })
    else
      callGuest({
        entry: apc.routine,
        args: [apc.context, apc.argument1, apc.argument2],
        later: { continuation: 'kernel-apc-done', state: null },
        interrupts: true,
      })
    return true
  }

  /** Calls the user APCs that came before the first instruction of a thread, one after the other. */
  function callFirstApc(): typeof jumped {
    const apc = apcs.take(running(), 1)
    if (apc !== undefined)
      callGuest({
        entry: apc.routine,
        args: [apc.context, apc.argument1, apc.argument2],
        later: { continuation: 'first-apc-done', state: null },
        interrupts: true,
      })
    return jumped
  }

  /** Continuations of the kernel itself. */
  const ownContinuations: Readonly<Record<string, (state: Plain, value: number) => Outcome<unknown>>> = {
    'apc-next': state => deliverApcs((state as { later: Later | null }).later ?? undefined),
    'apc-prepared'(state) {
      const { block, mode, later = null } = state as { block: number; mode: number; later?: Later | null }
      const [routine = 0, context = 0, first = 0, second = 0] = [0, 4, 8, 12].map(at => memory.load32(block + at))
      pool.free(block, 16)
      const next: Later =
        mode === 0
          ? { continuation: 'kernel-apc-done', state: null }
          : { continuation: 'apc-next', state: { later: later === null ? null : { ...later } } }
      if (routine === 0) return proceed(next, 0)
      return callGuest({ entry: routine, args: [context, first, second], later: next, interrupts: mode === 0 })
    },
    'kernel-apc-done': () => jumped,
    'first-apc-done': callFirstApc,
    'thread-rundown': state => rundown((state as { code: number }).code),
  }

  /** Calls the rundown routines of the APCs that will never run, then ends the thread. */
  function rundown(code: number): Outcome<never> {
    const thread = running()
    for (let apc = thread.userApcs.shift(); apc !== undefined; apc = thread.userApcs.shift())
      if (apc.rundownRoutine !== 0)
        return callGuest({
          entry: apc.rundownRoutine,
          args: [apc.address],
          later: { continuation: 'thread-rundown', state: { code } },
        })
    return exitThread(code)
  }

  function queueDpc(dpc: number, argument1: number, argument2: number): boolean {
    if (memory.load8(dpc + KDPC.inserted) !== 0) return false
    const target = memory.load8(dpc + KDPC.target)
    memory.store8(dpc + KDPC.inserted, 1)
    memory.store32(dpc + KDPC.argument1, argument1)
    memory.store32(dpc + KDPC.argument2, argument2)
    const index = target === 0 || target > hardwareThreads ? scheduler.running.index : target - 1
    scheduler.interrupt(index, {
      routine: memory.load32(dpc + KDPC.routine),
      args: [dpc, memory.load32(dpc + KDPC.context), argument1, argument2],
      actor: 3,
      path: pathNumber('dpc'),
      dpc,
    })
    return true
  }

  function removeDpc(dpc: number): boolean {
    for (const { work } of hardware) {
      const at = work.findIndex(item => item.dpc === dpc)
      if (at < 0) continue
      work.splice(at, 1)
      memory.store8(dpc + KDPC.inserted, 0)
      return true
    }
    return false
  }

  function thunkOf(id: number): number {
    const known = exportThunks.find(([other]) => other === id)
    if (known !== undefined) return known[1]
    const at = kernelRegion.traps + firstExportTrap + exportThunks.length * trapSize
    writeTrap(at, id)
    exportThunks.push([id, at])
    return at
  }

  /** The number of an export of a library the kernel knows nothing of. */
  function foreignNumber(library: string, ordinal: number): number {
    const name = library.toLowerCase()
    if (!otherLibraries.includes(name)) otherLibraries.push(name)
    return exportNumber(libraries.length + otherLibraries.indexOf(name), ordinal & 0xfff)
  }

  function sourceName(source: number): string {
    if (source < firstExport) return paths[source as keyof typeof paths] ?? `path ${source}`
    const row = table.row(source)
    if (row !== undefined) return row.name
    const library = (source - firstExport) >>> 12
    const name = libraries[library] ?? otherLibraries[library - libraries.length] ?? 'unknown'
    return `${name}#${source & 0xfff}`
  }

  const clocks: Clocks = { interruptHigh: 0, interruptLow: 0, systemHigh: 0, systemLow: 0, milliseconds: 0 }

  function writeClock(): void {
    const bundle = variables.get('KeTimeStampBundle')
    if (bundle === undefined) return
    time.readClocks(clocks)
    memory.store32(bundle + TIME_STAMP_BUNDLE.interruptTime, clocks.interruptHigh)
    memory.store32(bundle + TIME_STAMP_BUNDLE.interruptTime + 4, clocks.interruptLow)
    memory.store32(bundle + TIME_STAMP_BUNDLE.systemTime, clocks.systemHigh)
    memory.store32(bundle + TIME_STAMP_BUNDLE.systemTime + 4, clocks.systemLow)
    memory.store32(bundle + TIME_STAMP_BUNDLE.tickCount, clocks.milliseconds)
  }

  const kernel: Writable<Kernel, 'thread'> = {
    memory,
    ports,
    options,
    frame,
    audit,
    time,
    pool,
    space,
    objects,
    handles,
    dispatcher,
    scheduler,
    threads,
    timers,
    apcs,
    modules,
    traps,
    thread: (hardware[0] as HardwareThread).context,
    state<S>(definition: StateDefinition<S>): S {
      const held = states.get(definition.name)
      if (held !== undefined) return held as S
      const made = definition.initial()
      states.set(definition.name, made)
      return made
    },
    callGuest,
    waitFor: (object, timeout, later) =>
      dispatcher.wait({
        type: 'any',
        objects: [object],
        handles: [audit.handleOf(object)],
        mode: 0,
        alertable: false,
        reason: 0,
        timeout,
        ...(later === undefined ? {} : { later }),
      }),
    tryAgain() {
      frame.pc -= 4
      retry = true
      scheduler.attention = true
      return jumped
    },
    exitThread: rundown,
    endTitle(reason) {
      end(reason)
      return jumped
    },
    raise(code, by) {
      end({ kind: 'fault', text: `${by} raised ${hex32(code)}, called from ${hex32(scene.lr)}`, exitCode: 0 })
      return jumped
    },
    deliverApcs,
    interrupt: (index, work) => scheduler.interrupt(index, work),
    queueDpc,
    removeDpc,
    variable: name => variables.get(name) ?? 0,
    thunkOf,
    findExport(library, which) {
      const row = table.find(library, which)
      return row === undefined
        ? undefined
        : { id: exportNumber(row.library, row.ordinal), variable: row.entry === 'variable' }
    },
  }

  objects.onEnd(object => fileEnded(kernel, object))
  for (const row of table.variables) variables.set(row.name, pool.allocate(row.size))
  for (const row of table.variables) row.fill?.(kernel, variables.get(row.name) ?? 0)
  writeClock()

  return {
    kernel,
    table,
    stacks,
    missing,
    call,
    sourceName,
    begin(index) {
      for (;;) {
        const thread = scheduler.select(index)
        if (thread === undefined || stop !== undefined) return false
        kernel.thread = thread
        if (thread.resume !== undefined) {
          resume(thread)
          if (scheduler.attention || thread.state !== 'running') continue
        }
        if (!thread.begun) {
          thread.begun = true
          callFirstApc()
        }
        if (thread.kernelApcs.length > 0) startKernelApc(thread)
        return true
      }
    },
    endTurn(index, full) {
      if (full && !polled && scheduler.current?.system === false) moved = true
      polled = false
      scheduler.endTurn(index)
      writeClock()
    },
    serveDeadlines() {
      for (let due = time.takeDue(); due !== undefined; due = time.takeDue()) {
        if (due.kind === 'timer') timers.expire(due.id)
        else if (due.kind === 'wait') {
          const thread = threads.all.get(due.id)
          if (thread !== undefined)
            audit.as('deadline', 'timer', () => dispatcher.end(thread, status.TIMEOUT, waitEnd.timedOut, 0))
        } else if (due.kind === 'request') {
          const request = takeRequest(kernel, due.id)
          if (request !== undefined) audit.as('io-completion', 'device', () => void proceed(request, 0))
        } else ports.onDeadline?.(due.kind, due.id)
      }
      writeClock()
    },
    takeRetry() {
      const was = retry
      retry = false
      return was
    },
    takeProgress() {
      const was = moved
      moved = false
      return was
    },
    stopped: () => stop,
    walk(thread) {
      const loadedFrame = thread === scheduler.current ? frame : registers.slot(thread.slot)
      const held = thread.wait
      return held === undefined
        ? walkFrames(walkPorts, loadedFrame.word(1), loadedFrame.lr, boundsOf(thread), options.frames)
        : walkFrames(walkPorts, held.sp, held.lr, boundsOf(thread), options.frames)
    },
    resolve(library, ordinal, kind) {
      const row = table.find(library, ordinal)
      if (row?.entry === 'variable') return variables.get(row.name) ?? 0
      const id = row === undefined ? foreignNumber(library, ordinal) : exportNumber(row.library, row.ordinal)
      return kind === 'variable' ? thunkOf(id) : id
    },
    save() {
      scheduler.flush()
      return {
        time: time.save(),
        pool: pool.save(),
        space: space.save(),
        objects: objects.save(),
        handles: handles.save(),
        threads: threads.save(),
        scheduler: scheduler.save(),
        modules: modules.save(),
        states: [...states.keys()].sort().map(name => [name, states.get(name) as Plain]),
        exportThunks: exportThunks.map(([id, at]) => [id, at]),
        otherLibraries: otherLibraries.slice(),
        scene: { tid: scene.tid, hardwareThread: scene.hardwareThread, source: scene.source, actor: scene.actor },
        flags: { currentRow, retry, moved, polled },
        stop: stop === undefined ? null : { ...stop },
      }
    },
    load(state) {
      const saved = state as unknown as Record<string, Plain> & {
        states: [string, Plain][]
        exportThunks: [number, number][]
        otherLibraries: string[]
        scene: Scene
        flags: { currentRow: number; retry: boolean; moved: boolean; polled: boolean }
        stop: KernelStop | null
      }
      time.load(saved.time as Plain)
      pool.load(saved.pool as Plain)
      space.load(saved.space as Plain)
      objects.load(saved.objects as Plain)
      handles.load(saved.handles as Plain)
      threads.load(saved.threads as Plain)
      scheduler.load(saved.scheduler as Plain, threads.all)
      modules.load(saved.modules as Plain)
      states = new Map(saved.states.map(([name, value]) => [name, copyState(value)]))
      exportThunks = saved.exportThunks.map(([id, at]) => [id, at])
      otherLibraries = saved.otherLibraries.slice()
      Object.assign(scene, saved.scene)
      currentRow = saved.flags.currentRow
      retry = saved.flags.retry
      moved = saved.flags.moved
      polled = saved.flags.polled
      stop = saved.stop ?? undefined
    },
    saveReports: () => saveReports(sink, objects.live, threads.all),
    loadReports: state => loadReports(state, sink, objects.live, threads.all),
  }
}

/** The variable whose memory is the type of a kind's objects. */
const typeVariables: Readonly<Record<string, string>> = {
  'Event/Manual': 'ExEventObjectType',
  'Event/Auto': 'ExEventObjectType',
  Mutant: 'ExMutantObjectType',
  Semaphore: 'ExSemaphoreObjectType',
  Thread: 'ExThreadObjectType',
  'Timer/Manual': 'ExTimerObjectType',
  'Timer/Auto': 'ExTimerObjectType',
  IoCompletion: 'IoCompletionObjectType',
  Device: 'IoDeviceObjectType',
  File: 'IoFileObjectType',
  Directory: 'ObDirectoryObjectType',
  SymbolicLink: 'ObSymbolicLinkObjectType',
}
