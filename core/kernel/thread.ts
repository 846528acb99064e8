/**
 * Guest threads: made, named, ended; suspended in suspension.ts. A thread is an object with a KTHREAD body, a register
 * file, a stack and a block of thread-local data; what titles read of it inline is really written there.
 */
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import type { GuestMemory } from '../memory/guest.ts'
import type { Audit } from './audit.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Objects, Resume, Thread } from './object.ts'
import type { Pool } from './pool.ts'
import type { Registers } from './ports.ts'
import { quantumMilliseconds, type Scheduler } from './scheduler.ts'
import type { Space } from './space.ts'
import { KTHREAD } from './structs.ts'
import { createSuspension, type Suspension } from './suspension.ts'
import {
  allocateStack,
  allocateTls,
  beginAt,
  fillBody,
  freeTls,
  priorityClasses,
  type TlsShape,
  threadFits,
} from './thread-body.ts'
import { blankThread, contextObject, restoreThread, type SavedThread, saveThread } from './thread-state.ts'
import type { Time } from './time.ts'
import type { Timers } from './timer.ts'

export const threadFlags = {
  suspended: 1,
  system: 2,
  foreground: 0x20,
  background: 0x40,
  returnPointer: 0x80,
} as const

export interface ThreadSpec {
  /** First instruction; 0 for a thread that begins with a continuation. */
  readonly entry: number
  /** What the title gave as the thread's routine, for reports. */
  readonly start: number
  readonly parameter: number
  /** Registers 3 and up at the first instruction. */
  readonly args: readonly number[]
  readonly stackSize: number
  readonly flags: number
  readonly hardwareThread: number
  readonly system?: boolean
  readonly priority?: number
  readonly name?: string
  /** What r2 holds. */
  readonly toc?: number
  readonly resume?: Resume
  /** It is not ready before `begin`. */
  readonly held?: boolean
}

export interface Threads extends Suspension {
  readonly all: ReadonlyMap<number, Thread>
  /** Threads that ended, newest last, as far as they are kept. */
  readonly ended: readonly Thread[]
  create(spec: ThreadSpec): Thread
  /** Lets a thread that was held back run, unless it is suspended. */
  begin(thread: Thread): void
  /** The interrupt context of a hardware thread. */
  createContext(index: number): Thread
  /** Ends a thread: mutants abandoned, timers disarmed, waiters released. */
  exit(thread: Thread, code: number): void
  /** The thread of a KTHREAD. */
  at(address: number): Thread | undefined
  byTid(tid: number): Thread | undefined
  setName(thread: Thread, name: string): void
  /** Whether one more thread with such a stack can be made. */
  hasRoom(stackSize: number): boolean
  /** `effective` false leaves the thread at the priority it has now. */
  setBasePriority(thread: Thread, priority: number, effective?: boolean): void
  tls: TlsShape
  /** Bytes of stack where a thread asks for none. */
  defaultStack: number
  /** Guest address of the process block new threads belong to. */
  process: number
  save(): Plain
  load(state: Plain): void
}

export interface ThreadPorts {
  readonly memory: GuestMemory
  readonly registers: Registers
  readonly audit: Audit
  readonly objects: Objects
  readonly pool: Pool
  readonly space: Space
  readonly time: Time
  readonly scheduler: () => Scheduler
  readonly dispatcher: () => Dispatcher
  readonly timers: () => Timers
  /** Lets go of what the calls hold that a thread will never go on with. */
  readonly forgo: (thread: Thread) => void
  readonly kpcr: (index: number) => number
  /** Where a thread's first function returns to. */
  readonly returnTrap: number
}

const contextId = 0x10000
const endedKept = 256

export function createThreads(ports: ThreadPorts): Threads {
  const { memory, registers, audit, objects, pool, space, time } = ports
  const all = new Map<number, Thread>()
  const ended: Thread[] = []
  let lastTid = 0
  let freeSlots: number[] = []
  let nextSlot = 0

  function takeSlot(): number {
    const slot = freeSlots.pop() ?? nextSlot
    if (slot === nextSlot) nextSlot += 1
    if (slot >= limits.guestThreads.value) throw fail('GUEST_FAULT', 'thread', `${slot} threads live and no more fit`)
    return slot
  }

  /** The class a thread is made in: what is of the title is in the foreground, unless its maker says otherwise. */
  const classOf = ({ flags }: ThreadSpec) =>
    flags & threadFlags.background ? priorityClasses.background : priorityClasses.foreground

  const blank = (id: number, tid: number): Omit<Thread, 'object'> =>
    blankThread(id, tid, takeSlot(), time.ticksOfMilliseconds(quantumMilliseconds))

  const threads: Threads = {
    ...createSuspension(ports),
    all,
    ended,
    tls: { slots: 0, address: 0, size: 0, initialised: 0 },
    defaultStack: 0x10000,
    process: 0,
    hasRoom: stackSize =>
      (freeSlots.length > 0 || nextSlot < limits.guestThreads.value) && threadFits(pool, space, stackSize, threads.tls),
    create(spec) {
      lastTid += 1
      const stack = allocateStack(memory, space, spec.stackSize)
      const priorities = classOf(spec)
      const { priority = priorities.normal } = spec
      const kpcr = ports.kpcr(spec.hardwareThread)
      const plain: Omit<Thread, 'object'> = {
        ...blank(lastTid, lastTid),
        system: spec.system === true || (spec.flags & threadFlags.system) !== 0,
        entry: spec.start,
        parameter: spec.parameter,
        flags: spec.flags,
        stackBase: stack.base,
        stackLimit: stack.limit,
        tls: allocateTls(memory, pool, threads.tls),
        hardwareThread: spec.hardwareThread,
        affinity: 1 << spec.hardwareThread,
        priority,
        basePriority: priority,
        suspendCount: spec.flags & threadFlags.suspended ? 1 : 0,
        name: spec.name ?? '',
        resume: spec.resume,
      }
      const object = objects.create({
        kind: 'Thread',
        name: '',
        fill: body =>
          fillBody(memory, body, plain, {
            kpcr,
            kprocess: threads.process,
            allocation: stack.allocation,
            created: time.systemTime(),
            priorities,
          }),
      })
      const thread: Thread = Object.assign(plain, { object })
      object.thread = thread
      object.references += 1
      all.set(thread.id, thread)
      registers.reset(thread.slot)
      const { entry, args, toc = 0 } = spec
      beginAt(memory, registers.slot(thread.slot), stack.base, { entry, args, toc, kpcr, lr: ports.returnTrap })
      const sequence = audit.emit['thread.started'](
        audit.scene,
        audit.about(object),
        0,
        thread.tid,
        spec.start,
        spec.parameter,
        spec.flags,
      )
      thread.creator = audit.site(sequence)
      if (spec.held !== true) threads.begin(thread)
      return thread
    },
    begin(thread) {
      if (thread.state === 'stopped' && thread.suspendCount === 0) ports.scheduler().ready(thread)
    },
    createContext(index) {
      const size = 0x10000
      const limit = pool.allocate(size)
      const thread: Thread = {
        ...blank(contextId + index, 0),
        object: contextObject(index),
        actor: 2,
        system: true,
        stackBase: limit + size,
        stackLimit: limit,
        hardwareThread: index,
        affinity: 1 << index,
        priority: 32,
        basePriority: 32,
        disableBoost: true,
        irql: 2,
      }
      registers.reset(thread.slot)
      all.set(thread.id, thread)
      return thread
    },
    exit(thread, code) {
      const { object } = thread
      thread.exitCode = code
      memory.store32(object.address + KTHREAD.exitStatus, code)
      memory.store8(object.address + KTHREAD.hasTerminated, 1)
      memory.store64(object.address + KTHREAD.exitTime, time.systemTime())
      audit.emit['thread.exited'](audit.scene, audit.about(object), 0, thread.tid, code)
      ports.timers().cancelOf(thread)
      ports.scheduler().remove(thread)
      ports.scheduler().forget(thread)
      thread.state = 'exited'
      thread.resume = undefined
      ports.forgo(thread)
      ports.dispatcher().abandon(thread)
      ports.dispatcher().leaveQueue(thread)
      ports.dispatcher().set(object, 0)
      ports.scheduler().attention = true
      all.delete(thread.id)
      freeSlots.push(thread.slot)
      freeTls(pool, threads.tls, thread.tls)
      space.release(memory.load32(object.address + KTHREAD.stackAllocation))
      ended.push(thread)
      if (ended.length > endedKept) ended.shift()
      objects.drop(object)
    },
    at: address => objects.known(address)?.thread,
    byTid(tid) {
      return all.get(tid)
    },
    setName(thread, name) {
      thread.name = name
      audit.emit['thread.named'](audit.scene, audit.about(thread.object), 0, thread.tid, name)
    },
    setBasePriority(thread, priority, effective = true) {
      thread.basePriority = priority
      memory.store8(thread.object.address + KTHREAD.basePriority, priority)
      if (effective) ports.scheduler().setPriority(thread, priority)
    },
    save: () => ({
      lastTid,
      nextSlot,
      freeSlots: freeSlots.slice(),
      tls: { ...threads.tls },
      defaultStack: threads.defaultStack,
      process: threads.process,
      threads: [...all.values()].map(saveThread),
    }),
    load(state) {
      const saved = state as unknown as {
        lastTid: number
        nextSlot: number
        freeSlots: number[]
        tls: TlsShape
        defaultStack: number
        process: number
        threads: SavedThread[]
      }
      ended.length = 0
      const contexts = [...all.values()].filter(thread => thread.id >= contextId)
      all.clear()
      lastTid = saved.lastTid
      nextSlot = saved.nextSlot
      freeSlots = saved.freeSlots.slice()
      threads.tls = { ...saved.tls }
      threads.defaultStack = saved.defaultStack
      threads.process = saved.process
      for (const row of saved.threads) {
        const known = contexts.find(context => context.id === row.plain.id)
        const object = known?.object ?? objects.bySerial(row.serial)
        if (object === undefined) throw fail('SNAPSHOT_FORMAT', `thread ${row.plain.id}`, 'has no object')
        const restored = { ...restoreThread(row, objects.bySerial), object }
        const thread: Thread = known === undefined ? restored : Object.assign(known, restored)
        if (known === undefined) object.thread = thread
        all.set(thread.id, thread)
      }
      objects.link(all)
    },
  }
  return threads
}
