/** The read-only views of the machine: made when asked for, from what is there then. */
import { address, handle, hex32, serial, ticks } from '../base/words.ts'
import { objectKinds } from '../facts/objects.ts'
import type {
  CallSite,
  IdleExport,
  MachineViews,
  MissingExport,
  ObjectView,
  Stack,
  ThreadState,
  ThreadView,
  WaitView,
} from '../facts/views.ts'
import type { ExportRow } from '../kernel/call.ts'
import type { KernelCore } from '../kernel/kernel.ts'
import { notificationsLost } from '../kernel/notify.ts'
import type { KernelObject, Site, Thread, Wait } from '../kernel/object.ts'
import { kernelRegion } from '../kernel/pool.ts'
import type { Shortfall } from '../kernel/shortfalls.ts'
import { firstExport, libraries, ordinalsPerLibrary } from '../kernel/sources.ts'
import { access } from '../memory/map.ts'

export interface ViewPorts {
  readonly core: KernelCore
  instructions(): number
  /** The name of a return or code address of the title. */
  nameOf(address: number): string | undefined
  /** What the GPU's command stream stands on; undefined while it has caught up. */
  streamStanding(): string | undefined
  /** What people call an opcode of the command stream. */
  packetName(opcode: number): string
  counters(): Readonly<Record<string, number>>
}

/** Names an address: the title's own names, the kernel's traps, or the bare number. */
export function addressNames(
  core: () => KernelCore | undefined,
  nameOf: (address: number) => string | undefined,
): (address: number) => string {
  return at => {
    const found = nameOf(at)
    if (found !== undefined) return found
    if (at >= kernelRegion.traps && at < kernelRegion.traps + kernelRegion.trapsSize) {
      const kernel = core()
      const id = kernel?.kernel.memory.load32((at & ~15) + 8) ?? 0
      if (kernel !== undefined && id !== 0) return `kernel:${kernel.sourceName(id)}`
    }
    return hex32(at)
  }
}

export function createViews({
  core,
  instructions,
  nameOf,
  counters,
  streamStanding,
  packetName,
}: ViewPorts): MachineViews {
  const { kernel } = core
  const { objects, threads, scheduler, time, memory } = kernel
  const naming = addressNames(() => core, nameOf)

  const siteView = (site: Site): CallSite => ({
    sequence: site.sequence,
    cycle: ticks(site.cycle),
    tid: site.tid,
    lr: address(site.lr),
    source: site.source,
  })

  function waitOf(wait: Wait): WaitView {
    return {
      type: wait.type,
      objects: wait.objects.map(object => serial(object.serial)),
      handles: wait.handles.map(value => handle(value)),
      alertable: wait.alertable,
      deadline: wait.deadline < 0 ? undefined : ticks(wait.deadline),
      begun: wait.begun ?? {
        sequence: 0,
        cycle: ticks(wait.began),
        tid: 0,
        lr: address(wait.lr),
        source: wait.source,
      },
    }
  }

  function stateOf(thread: Thread): ThreadState {
    if (thread.state === 'exited') return 'exited'
    return thread.state === 'stopped' || thread.wait?.detached === true ? 'suspended' : thread.state
  }

  function stackOf(thread: Thread): Stack {
    return thread.state === 'exited' ? { frames: [], stop: 'end' } : core.walk(thread)
  }

  function threadView(thread: Thread): ThreadView {
    const frame = thread === scheduler.current ? kernel.frame : kernel.ports.registers.slot(thread.slot)
    return {
      tid: thread.tid,
      serial: serial(thread.object.serial),
      name: thread.name,
      state: stateOf(thread),
      hardwareThread: thread.hardwareThread,
      priority: thread.priority,
      suspendCount: thread.suspendCount,
      entry: address(thread.entry),
      parameter: thread.parameter,
      exitCode: thread.state === 'exited' ? thread.exitCode : undefined,
      pc: address(thread.state === 'exited' ? 0 : frame.pc),
      creator: thread.creator,
      wait: thread.wait === undefined ? undefined : waitOf(thread.wait),
      owns: thread.owned.map(object => serial(object.serial)),
      system: thread.system,
      stack: stackOf(thread),
    }
  }

  function objectView(object: KernelObject): ObjectView {
    const { counts } = object
    const stateful = object.alive && object.header !== 0 && memory.allows(object.header, 8, access.read)
    return {
      serial: serial(object.serial),
      kind: object.kind,
      name: object.name,
      address: address(object.header === 0 ? object.address : object.header),
      handles: object.handles.map(value => handle(value)),
      firstHandle: handle(object.firstHandle),
      adopted: object.adopted,
      alive: object.alive,
      state: stateful && objectKinds[object.kind].waitable ? objects.stateOf(object) : undefined,
      limit: object.limit,
      owner: object.owner?.tid ?? 0,
      waiters: object.waiters.map(waiter => waiter.thread.tid),
      created: object.created,
      lastSignal: object.lastSignal === undefined ? undefined : siteView(object.lastSignal),
      signals: counts.signals,
      lost: {
        alreadySet: counts.alreadySet,
        pulsedIntoNobody: counts.pulsedIntoNobody,
        overLimit: counts.overLimit,
      },
      waits: counts.waits,
      wakes: counts.wakes,
    }
  }

  function exportRow(id: number): ExportRow | undefined {
    const row = core.table.row(id)
    return row?.entry === 'function' ? row : undefined
  }

  const exportView = ({ id, calls, first }: Shortfall): MissingExport => ({
    source: id,
    module: libraries[Math.floor((id - firstExport) / ordinalsPerLibrary)] ?? 'unknown',
    name: core.sourceName(id),
    tags: exportRow(id)?.tags ?? [],
    calls,
    first,
  })

  function shortfallCalls(): { missing: number; idle: number } {
    const calls = { missing: 0, idle: 0 }
    for (const { id, calls: times } of core.shortfalls.all)
      calls[exportRow(id)?.idle === undefined ? 'missing' : 'idle'] += times
    return calls
  }

  const guestThreads = (): Thread[] =>
    [...threads.ended, ...threads.all.values()].filter(thread => thread.tid !== 0).sort((a, b) => a.tid - b.tid)

  const missingExports = (): MissingExport[] =>
    core.shortfalls.all.flatMap(call => (exportRow(call.id)?.idle === undefined ? exportView(call) : []))

  const idleExports = (): IdleExport[] =>
    core.shortfalls.all.flatMap(call => {
      const why = exportRow(call.id)?.idle
      return why === undefined ? [] : { ...exportView(call), why }
    })

  return {
    get cycle() {
      return time.now()
    },
    get instructions() {
      return instructions()
    },
    timebaseHz: time.timebase,
    threads: () => guestThreads().map(threadView),
    thread(tid) {
      const thread = threads.byTid(tid) ?? threads.ended.find(other => other.tid === tid)
      return thread === undefined || thread.tid === 0 ? undefined : threadView(thread)
    },
    objects: () => [...objects.ended, ...objects.live.values()].map(objectView),
    object(number) {
      const object = objects.bySerial(number) ?? objects.ended.find(other => other.serial === number)
      return object === undefined ? undefined : objectView(object)
    },
    stack: id => core.stacks.get(id),
    nameOf: naming,
    streamStanding,
    packetName,
    sourceName: source => core.sourceName(source),
    missingExports,
    idleExports,
    absentFiles: () => core.absences.all,
    counters() {
      const calls = shortfallCalls()
      return {
        ...objects.counters,
        kernel_pool_refused_total: core.kernel.pool.refused,
        apcs_refused_total: core.kernel.apcs.refused,
        stacks_evicted_total: core.stacks.evicted,
        backchain_cut_total: core.stacks.cut,
        notifications_dropped_total: notificationsLost(core.kernel),
        missing_export_calls_total: calls.missing,
        idle_export_calls_total: calls.idle,
        missing_exports_overflow_total: core.shortfalls.overflow,
        absent_files_overflow_total: core.absences.overflow,
        ...counters(),
      }
    },
    readMemory: (at, size) => (memory.allows(at, size, access.read) ? memory.read(at, size) : undefined),
  }
}
