/**
 * The kernel, put together: its parts, the entry by which guest code calls it, and what the machine asks of it.
 *
 * A call comes in with a number. An export's row reads its arguments, its body runs, and the outcome is dealt with here:
 * a value is left in the result register; `parked` and `jumped` leave the processor so that the loop goes on with
 * whatever runs now. Numbers below the first export are traps of the kernel's own: where guest functions it called, and
 * the first functions of threads and interrupts, return to.
 */
import type { Plain } from '../base/state.ts'
import { hex32 } from '../base/words.ts'
import type { Scene } from '../facts/record.ts'
import { type Absences, createAbsences } from './absences.ts'
import { createApcs } from './apc.ts'
import { createAudit } from './audit.ts'
import { createStackTable, type StackTable, type Walk } from './backchain.ts'
import type { Entry } from './call.ts'
import type { Kernel, KernelOptions, KernelStop } from './context.ts'
import { createDeadlines } from './deadlines.ts'
import { createDeferredCalls } from './deferred.ts'
import { createDispatcher } from './dispatcher.ts'
import { deliverFault, raise } from './exception.ts'
import { exceptionFlag } from './exception-frames.ts'
import { createFaults } from './faults.ts'
import { fileEnded } from './file.ts'
import { createGuestCalls } from './guest-calls.ts'
import { createHandles } from './handles.ts'
import { createHardwareThread } from './hardware.ts'
import { createModules } from './modules.ts'
import { endThread, terminateTitle } from './notifications.ts'
import { createNumbering } from './numbering.ts'
import type { Thread } from './object.ts'
import { typeVariables } from './object-shapes.ts'
import { createObjects } from './objects.ts'
import { jumped, type Outcome } from './outcome.ts'
import { portEnded } from './packets.ts'
import { createPool } from './pool.ts'
import type { GuestFault, KernelPorts } from './ports.ts'
import { loadReports, saveReports } from './reports.ts'
import { createScheduler, type HardwareThread, hardwareThreads } from './scheduler.ts'
import { leave, runBody, servedBy } from './serve.ts'
import { createShortfalls, type Shortfalls } from './shortfalls.ts'
import { exportNumber, firstExport, type PathName, pathNumber, paths } from './sources.ts'
import { createSpace } from './space.ts'
import { createStates } from './states.ts'
import { KPCR } from './structs.ts'
import { type ExportTable, tableOf } from './table.ts'
import { createThreads } from './thread.ts'
import { createThunks } from './thunks.ts'
import { createTime } from './time.ts'
import { createTimers } from './timer.ts'
import { createWalker } from './walker.ts'

/** What the machine asks of the kernel. */
export interface KernelCore {
  readonly kernel: Kernel
  readonly table: ExportTable
  readonly stacks: StackTable
  readonly shortfalls: Shortfalls
  readonly absences: Absences
  /** Serves a call of guest code; true when the processor must be left. */
  call(id: number): boolean
  /** Prepares a hardware thread to run; false when it has nothing to run. */
  begin(hardwareThread: number): boolean
  /** Ends a hardware thread's turn. `full`: it used all of it. */
  endTurn(hardwareThread: number, full: boolean): void
  /** Serves every deadline that is reached, and writes the clocks. */
  serveDeadlines(): void
  /** Delivers a fault of an instruction to its thread; false when nobody there could handle it. */
  deliver(fault: GuestFault, story: string): boolean
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

export function createKernel(ports: KernelPorts, options: KernelOptions, entries: readonly Entry[]): KernelCore {
  const { memory, registers, sink } = ports
  const frame = registers.current
  const table = tableOf(entries)
  const stacks = createStackTable()
  const time = createTime(options, ports.instructions)
  const audit = createAudit({ sink, frame, now: () => time.now(), walk: from => stacks.intern(walker.scene(from)) })
  const { scene } = audit
  const absences = createAbsences(audit)
  const shortfalls = createShortfalls(
    audit,
    () => walker.scene(scene),
    register => frame.word(register),
  )
  const states = createStates()
  const thunks = createThunks(memory)
  const { traps } = thunks
  const pool = createPool(memory)
  const space = createSpace(memory, (start, size) => objects.freed(start, size))
  const variables = new Map<string, number>()
  const variable = (name: string): number => variables.get(name) ?? 0
  const numbering = createNumbering({ table, variable, thunkOf: thunks.of })
  const objects = createObjects({
    memory,
    pool,
    audit,
    typeAddress: kind => variable(typeVariables[kind] ?? ''),
  })
  const handles = createHandles({ base: options.handleBase, objects, audit, running: () => scheduler.current })

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
    forgo: thread => calls.forgoAll(thread),
    kpcr: index => kpcrs[index] ?? 0,
    returnTrap: traps.threadReturn,
  })
  const hardware = kpcrs.map((kpcr, i) => createHardwareThread(memory, pool, kpcr, i, threads.createContext(i)))
  const scheduler = createScheduler({ memory, registers, audit, time, hardware, returnTrap: traps.interruptReturn })
  const deferred = createDeferredCalls(memory, scheduler)
  const dispatcher = createDispatcher({
    memory,
    pool,
    audit,
    objects,
    scheduler,
    time,
    row: () => calls.row,
    frame: () => frame,
    proceed: (later, value) => calls.proceed(later, value) as Outcome<number>,
    deliverApcs: later => calls.deliverApcs(later),
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
      if (thread !== undefined) apcs.queue(thread, apc, 'own')
    },
    removeTimerApc(id, serial) {
      const thread = threads.all.get(id)
      if (thread !== undefined) apcs.removeTimerApc(thread, serial)
    },
    queueDpc: (dpc, argument1, argument2) => void deferred.queue(dpc, argument1, argument2),
  })
  const apcs = createApcs({
    memory,
    audit,
    dispatcher,
    threadAt: address => threads.at(address),
    attend(thread) {
      if (thread === scheduler.current) scheduler.attention = true
      else dispatcher.callAway(thread)
    },
  })
  const calls = createGuestCalls({
    memory,
    registers,
    audit,
    pool,
    apcs,
    dispatcher,
    scheduler,
    table,
    returnTrap: traps.guestReturn,
    kernel: () => kernel,
    exit: exitThread,
  })
  const modules = createModules(memory, pool)
  const walker = createWalker({
    memory,
    registers,
    scheduler: () => scheduler,
    threads: () => threads.all,
    framesOf: address => ports.framesOf(address),
    root: traps.threadReturn,
    limit: options.frames,
  })

  const reported = { sink, objects, pool, apcs, threads: threads.all, shortfalls, absences }
  const served = table.rows.map(servedBy)
  const first = firstExport
  /** What is saved part by part; later ones refer to earlier ones. */
  const parts = { time, pool, space, objects, handles, threads, modules, states, thunks, numbering } as const
  let stop: KernelStop | undefined
  let retry = false
  let moved = false
  let polled = false

  objects.onEnd(object => {
    timers.ended(object)
    const owned = object.owner?.owned
    if (owned !== undefined) owned.splice(owned.indexOf(object), 1)
  })

  function end(reason: KernelStop): typeof jumped {
    stop ??= reason
    return jumped
  }

  const faults = createFaults({ audit, kernel: () => kernel, nameOf: numbering.nameOf, end })
  const { fault, guarded } = faults

  /** Prepares a hardware thread to run. */
  function begin(index: number): boolean {
    for (;;) {
      const thread = scheduler.select(index)
      if (thread === undefined || stop !== undefined) return false
      if (thread.suspendCount > 0 && threads.stop(thread)) continue
      kernel.thread = thread
      if (thread.resume === undefined && thread.begun && thread.kernelApcs.length === 0) return true
      guarded(() => goOn(thread))
      // No call of the thread's is to blame for what goes wrong here.
      if (!scheduler.attention && thread.state === 'running' && stop === undefined) calls.prepare(thread)
      if (!scheduler.attention && thread.state === 'running' && stop === undefined) return true
    }
  }

  function exitThread(code: number): typeof jumped {
    const { thread } = kernel
    threads.exit(thread, code)
    if (modules.title?.kind !== 'library')
      return thread.tid === 1
        ? end({ kind: 'finished', text: 'the main thread has ended', exitCode: code | 0 })
        : jumped
    // Nobody waits for a library that is run by itself: it is over with its last thread.
    const isOver = [...threads.all.values()].every(({ system, state }) =>
      system ? state !== 'ready' && state !== 'running' : state === 'exited',
    )
    return isOver
      ? end({
          kind: 'finished',
          text: 'the library was told that it is loaded, and no thread of its own is left',
          exitCode: 0,
        })
      : jumped
  }

  /** The trap of a path: what guest code returns to when it has nothing of its own left. */
  function trap(path: PathName | undefined): void {
    scene.source = path === undefined ? 0 : pathNumber(path)
    if (path === 'thread-return') kernel.exitThread(frame.word(3))
    else if (path === 'interrupt-return') scheduler.finishWork()
    else if (path !== 'guest-return') fault('a call of the kernel by a number that names nothing')
    else if (!calls.returned()) fault(`a return to the kernel at ${hex32(frame.word(1))} that no call belongs to`)
  }

  function callMissing(id: number): void {
    const found = table.row(id)
    const row = found?.entry === 'function' ? found : undefined
    const failure = row?.result.failure
    shortfalls.missing(id, Number(failure ?? 0))
    if (row === undefined) frame.setWord(3, 0)
    else row.result.write(frame, failure)
  }

  /** Serves an export; true when the processor must be left. */
  function callExport(id: number): boolean {
    const row = served[id - first]
    scene.source = id
    calls.row = id
    audit.beginCall()
    if (row === undefined) {
      callMissing(id)
      return scheduler.attention
    }
    if (row.polls) polled = true
    else if (!kernel.thread.system) moved = true
    const outcome = runBody(row, kernel)
    if (typeof outcome === 'symbol') return true
    leave(row, frame, outcome)
    return scheduler.attention
  }

  /** Goes on where a wait has ended. */
  function goOn(thread: Thread): void {
    if (thread.resume === undefined) return
    scene.source = thread.resume.row === 0 ? pathNumber('resume') : thread.resume.row
    if (!thread.polling && !thread.system) moved = true
    calls.resume(thread)
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
    state: definition => states.of(definition),
    stateSoFar: definition => states.soFar(definition),
    callGuest: calls.call,
    proceed: calls.proceed,
    forgo: calls.forgo,
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
    noteAbsence: absences.note,
    countWithoutEffect: () => shortfalls.withoutEffect(calls.row),
    exitThread: code => endThread(kernel, code),
    terminateTitle: stop => terminateTitle(kernel, stop),
    endTitle: end,
    raise: (code, by) =>
      raise(
        kernel,
        { code, flags: exceptionFlag.noncontinuable, address: frame.lr, information: [] },
        `${by} raised ${hex32(code)}, called from ${hex32(scene.lr)}`,
      ),
    deliverApcs: calls.deliverApcs,
    interrupt: (index, work) => scheduler.interrupt(index, work),
    queueDpc: deferred.queue,
    removeDpc: deferred.remove,
    takeDpc: deferred.take,
    variable,
    exportAddress(library, which) {
      const row = table.find(library, which)
      if (row === undefined) return 0
      return row.entry === 'variable' ? variable(row.name) : thunks.of(exportNumber(row.library, row.ordinal))
    },
  }

  const deadlines = createDeadlines({
    kernel,
    complete: later => void calls.proceed(later, 0),
  })

  objects.onEnd(object => fileEnded(kernel, object))
  objects.onEnd(object => portEnded(pool, object))
  for (const row of table.variables) variables.set(row.name, pool.allocate(row.size))
  for (const row of table.variables) row.fill?.(kernel, variable(row.name))
  deadlines.writeClock()

  return {
    kernel,
    table,
    stacks,
    shortfalls,
    absences,
    call(id) {
      try {
        if (id >= first) return callExport(id)
        trap(paths[id as keyof typeof paths])
      } catch (error) {
        faults.ofCall(error)
      }
      return true
    },
    sourceName: numbering.nameOf,
    resolve: numbering.resolve,
    begin(index) {
      try {
        return begin(index)
      } catch (error) {
        faults.ofKernel(error)
        return false
      }
    },
    endTurn(index, full) {
      if (full && !polled && scheduler.current?.system === false) moved = true
      polled = false
      scheduler.endTurn(index)
    },
    serveDeadlines() {
      try {
        deadlines.serve()
      } catch (error) {
        faults.ofKernel(error)
      }
    },
    deliver(found, story) {
      const { current } = scheduler
      if (current === undefined || current.tid === 0) return false
      kernel.thread = current
      calls.row = 0
      return deliverFault(kernel, found, story)
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
    walk: walker.thread,
    save() {
      scheduler.flush()
      const { tid, hardwareThread, source, actor } = scene
      return {
        ...Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.save()])),
        scheduler: scheduler.save(),
        scene: { tid, hardwareThread, source, actor },
        flags: { row: calls.row, retry, moved, polled },
        stop: stop === undefined ? null : ({ ...stop } as unknown as Plain),
      }
    },
    load(state) {
      const saved = state as unknown as Record<string, Plain> & {
        scheduler: Plain
        scene: Omit<Scene, 'lr' | 'sp'>
        flags: { row: number; retry: boolean; moved: boolean; polled: boolean }
        stop: KernelStop | null
      }
      for (const [name, part] of Object.entries(parts)) part.load(saved[name] ?? null)
      scheduler.load(saved.scheduler, threads.all)
      kernel.thread = scheduler.current ?? kernel.thread
      Object.assign(scene, saved.scene)
      calls.row = saved.flags.row
      retry = saved.flags.retry
      moved = saved.flags.moved
      polled = saved.flags.polled
      stop = saved.stop ?? undefined
    },
    saveReports: () => saveReports(reported),
    loadReports: state => loadReports(state, reported),
  }
}
