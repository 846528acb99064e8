/**
 * Who runs next, on each of six hardware threads.
 *
 * The problem: the console runs six threads at once and a run of this machine must come out the same every time. So the
 * hardware threads take turns, 0 to 5, a fixed number of instructions each, and everything that decides who runs is a
 * function of guest state alone.
 *
 * Terms. A thread is *ready* when it may run and does not, *running* when its hardware thread will run it in its turn,
 * *waiting* when parked. Each hardware thread has its own ready lists, one a priority (0 to 31), and a thread stays on
 * its hardware thread unless its affinity is changed: titles index per-core data by it. Priority 32 belongs to the
 * hardware thread's *interrupt context*, a register file and stack of its own on which interrupt routines and deferred
 * calls run; it is scheduled like a thread, so a routine that blocks is parked like one.
 *
 * The rules:
 *   - the highest priority runs; a thread made ready with a higher one takes over at the end of the kernel call that
 *     made it ready, when that call is on the same hardware thread, or else when its hardware thread's turn begins;
 *   - among equals the quantum decides: 60 units of the process, three gone a millisecond, then the tail of the list;
 *   - a preempted thread goes to the head of its list and keeps its quantum;
 *   - a wait that ends adds its increment to the base priority (below 16, and unless boosts are disabled); the boost
 *     goes down by one at the end of each quantum;
 *   - at IRQL 2 and above nothing is switched on that hardware thread, and no interrupt is taken while EE is 0;
 *   - a suspended thread is not ready whatever it waits for (suspension.ts).
 *
 * The life of a switch: the registers in the state block belong to `loaded`; they are copied to its slot only when
 * another thread's are needed. The processor control region is one a hardware thread, as on the console, so a switch
 * writes the thread's fields into it: current thread, thread-local data, stack bounds, IRQL. r13 follows migrations.
 *
 * Invariants: a thread is in at most one ready list; `running` threads are `current` of exactly one hardware thread;
 * `attention` is set whenever the running hardware thread has something better to do than to go on.
 */
import type { Plain } from '../base/state.ts'
import { actors } from '../facts/objects.ts'
import type { GuestMemory } from '../memory/guest.ts'
import type { Audit } from './audit.ts'
import type { Thread } from './object.ts'
import type { Registers } from './ports.ts'
import type { ReadyLists } from './ready-list.ts'
import { KDPC, KPCR, KTHREAD } from './structs.ts'
import type { Time } from './time.ts'

export const hardwareThreads = 6
const highestPriority = 31
export const dispatchLevel = 2
const interruptsAllowed = 0x8000
/** 60 units of the process, of which three go each millisecond. */
export const quantumMilliseconds = 20

/** A routine to run on a hardware thread's interrupt context. */
export interface Work {
  readonly routine: number
  readonly args: readonly number[]
  /** Index in `actors`. */
  readonly actor: number
  /** The kernel path that facts name as source until the routine calls the kernel itself. */
  readonly path: number
  /** Guest address of the KDPC it came from, 0 for none. */
  readonly dpc: number
  /** Of an interrupt of the GPU, its number among those of its source, which is the first argument. */
  readonly n?: number
}

export interface HardwareThread {
  readonly index: number
  /** Guest address of its processor control region. */
  readonly kpcr: number
  readonly context: Thread
  current: Thread | undefined
  readonly ready: ReadyLists
  readonly work: Work[]
  /** Tick of its last accounting. */
  stamp: number
  /** Its last turn did nothing but try a lock. */
  spinning: boolean
}

export interface Scheduler {
  readonly hardware: readonly HardwareThread[]
  /** The hardware thread whose turn it is. */
  running: HardwareThread
  /** The thread that acts: the current one of the running hardware thread. */
  current: Thread | undefined
  /** The running hardware thread has something better to do. */
  attention: boolean
  /** Makes a thread ready, at the tail of its list. */
  ready(thread: Thread): void
  /** Takes the thread off its ready list or hardware thread. */
  remove(thread: Thread): void
  /** Puts the current thread behind its equals; false when there are none ready. */
  yield(): boolean
  setPriority(thread: Thread, priority: number): void
  boost(thread: Thread, increment: number): void
  migrate(thread: Thread, hardwareThread: number): void
  interrupt(hardwareThread: number, work: Work): void
  irql(): number
  /** The level at which a thread runs, or will when it runs again. */
  irqlOf(thread: Thread): number
  setIrql(level: number): void
  /** Chooses and loads the thread the hardware thread runs next; undefined when it is idle. */
  select(index: number): Thread | undefined
  /** The interrupt context has come to the end of its routine. */
  finishWork(): void
  /** Accounts for the time the current thread of a hardware thread has used. */
  endTurn(index: number): void
  /** The thread whose registers are in the state block is gone. */
  forget(thread: Thread): void
  /** Copies the running registers into their slot, so that all slots are complete. */
  flush(): void
  /** Whether any hardware thread has something to run. */
  busy(): boolean
  /** The tick at which a thread that does nothing but try has to make room for equals that are ready. */
  makesRoomAt(): number | undefined
  save(): Plain
  load(state: Plain, threads: ReadonlyMap<number, Thread>): void
}

export interface SchedulerPorts {
  readonly memory: GuestMemory
  readonly registers: Registers
  readonly audit: Audit
  readonly time: Time
  readonly hardware: readonly HardwareThread[]
  /** Where an interrupt routine returns to. */
  readonly returnTrap: number
}

export function createScheduler({ memory, registers, audit, time, hardware, returnTrap }: SchedulerPorts): Scheduler {
  let loaded: Thread | undefined
  const fullQuantum = time.ticksOfMilliseconds(quantumMilliseconds)

  function setCurrent(hw: HardwareThread, thread: Thread | undefined): void {
    hw.current = thread
    if (hw === scheduler.running) scheduler.current = thread
  }

  const on = (thread: Thread): HardwareThread => hardware[thread.hardwareThread] as HardwareThread
  const irqlOf = (hw: HardwareThread): number => memory.load8(hw.kpcr + KPCR.irql)

  /** Whether the hardware thread may switch or be interrupted now. */
  const open = (hw: HardwareThread): boolean => hw.current === undefined || irqlOf(hw) < dispatchLevel

  function mayInterrupt(hw: HardwareThread): boolean {
    if (hw.work.length === 0 || hw.context.state !== 'stopped' || !open(hw)) return false
    const frame =
      hw.current === undefined ? undefined : hw.current === loaded ? registers.current : registers.slot(hw.current.slot)
    return frame === undefined || (frame.msr & interruptsAllowed) !== 0
  }

  function notice(hw: HardwareThread): void {
    if (hw !== scheduler.running || scheduler.attention) return
    const { current } = hw
    if (current === undefined || current.state !== 'running') scheduler.attention = true
    else if (open(hw) && (hw.ready.highest() > current.priority || mayInterrupt(hw))) scheduler.attention = true
  }

  function ready(thread: Thread): void {
    thread.state = 'ready'
    const hw = on(thread)
    hw.ready.append(thread)
    notice(hw)
  }

  function remove(thread: Thread): void {
    const hw = on(thread)
    if (hw.current === thread) {
      thread.irql = irqlOf(hw)
      setCurrent(hw, undefined)
    } else hw.ready.remove(thread)
    notice(hw)
  }

  function enter(hw: HardwareThread, thread: Thread): void {
    thread.state = 'running'
    setCurrent(hw, thread)
    hw.stamp = time.now()
    memory.store8(hw.kpcr + KPCR.irql, thread.irql)
    if (thread === hw.context) return
    memory.store32(hw.kpcr + KPCR.currentThread, thread.object.address)
    memory.store32(hw.kpcr + KPCR.tlsData, thread.tls)
    memory.store32(hw.kpcr + KPCR.stackBase, memory.load32(thread.object.address + KTHREAD.stackBase))
    memory.store32(hw.kpcr + KPCR.stackLimit, memory.load32(thread.object.address + KTHREAD.stackLimit))
  }

  function takeOff(hw: HardwareThread, thread: Thread): void {
    thread.irql = irqlOf(hw)
    thread.state = 'ready'
    setCurrent(hw, undefined)
  }

  /** Takes the current thread off, to the head of its list. */
  function preempt(hw: HardwareThread, thread: Thread): void {
    takeOff(hw, thread)
    hw.ready.prepend(thread)
  }

  /** Takes the current thread off, behind its equals. */
  function giveWay(hw: HardwareThread, thread: Thread): void {
    takeOff(hw, thread)
    hw.ready.append(thread)
  }

  function startWork(hw: HardwareThread): void {
    const work = hw.work.shift()
    if (work === undefined) return
    const { context } = hw
    registers.reset(context.slot)
    const frame = registers.slot(context.slot)
    frame.setWord(1, context.stackBase - 0x80)
    frame.setWord(13, hw.kpcr)
    work.args.forEach((value, i) => {
      frame.setWord(3 + i, value)
    })
    frame.pc = work.routine
    frame.lr = returnTrap
    if (loaded === context) loaded = undefined
    memory.store32(hw.kpcr + KPCR.dpcRoutineActive, work.dpc === 0 ? 0 : context.stackBase)
    if (work.dpc !== 0) memory.store8(work.dpc + KDPC.inserted, 0)
    Object.assign(context, { actor: work.actor, irql: dispatchLevel })
    ready(context)
    if (work.n !== undefined) tellInterrupt(hw.index, work, work.n)
  }

  function tellInterrupt(index: number, { args, routine }: Work, n: number): void {
    const { scene, emit, nobody } = audit
    scene.hardwareThread = index
    audit.as('interrupt', 'interrupt', () => emit['interrupt.begun'](scene, nobody, 0, args[0] ?? 0, n, routine))
  }

  function load(thread: Thread): void {
    if (loaded === thread) return
    if (loaded !== undefined) registers.save(loaded.slot)
    registers.load(thread.slot)
    loaded = thread
  }

  function decay(thread: Thread): void {
    if (thread.priority > thread.basePriority && thread.priority <= highestPriority)
      setPriority(thread, thread.priority - 1)
  }

  function setPriority(thread: Thread, priority: number): void {
    if (thread.priority === priority) return
    const hw = on(thread)
    if (thread.state === 'ready') {
      remove(thread)
      thread.priority = priority
      hw.ready.append(thread)
    } else thread.priority = priority
    if (thread.object.address !== 0) memory.store8(thread.object.address + KTHREAD.priority, priority)
    notice(hw)
  }

  const scheduler: Scheduler = {
    hardware,
    running: hardware[0] as HardwareThread,
    current: undefined,
    attention: false,
    ready,
    remove,
    setPriority,
    yield() {
      const { running, current } = scheduler
      if (current === undefined || running.ready.highest() < current.priority || !open(running)) return false
      giveWay(running, current)
      current.quantum = fullQuantum
      scheduler.attention = true
      return true
    },
    boost(thread, increment) {
      if (thread.disableBoost || thread.priority >= 16 || increment <= 0) return
      const boosted = Math.min(15, thread.basePriority + increment)
      if (boosted > thread.priority) setPriority(thread, boosted)
    },
    migrate(thread, index) {
      if (thread.hardwareThread === index) return
      const { state } = thread
      if (state === 'running') {
        const from = on(thread)
        thread.irql = irqlOf(from)
        setCurrent(from, undefined)
        if (from === scheduler.running) scheduler.attention = true
      } else if (state === 'ready') remove(thread)
      thread.hardwareThread = index
      const kpcr = on(thread).kpcr
      const frame = loaded === thread ? registers.current : registers.slot(thread.slot)
      frame.setWord(13, kpcr)
      memory.store8(thread.object.address + KTHREAD.processor, index)
      memory.store32(thread.object.address + KTHREAD.currentPrcb, kpcr + KPCR.prcbStart)
      memory.store32(thread.object.address + KTHREAD.affinityPrcb, kpcr + KPCR.prcbStart)
      if (state === 'running' || state === 'ready') ready(thread)
    },
    interrupt(index, work) {
      const hw = hardware[index] as HardwareThread
      hw.work.push(work)
      notice(hw)
    },
    irql: () => irqlOf(scheduler.running),
    irqlOf: thread => (on(thread).current === thread ? irqlOf(on(thread)) : thread.irql),
    setIrql(level) {
      const { running, current } = scheduler
      memory.store8(running.kpcr + KPCR.irql, level)
      notice(running)
      // What had to wait for this: a kernel APC, or a suspension.
      if (level === 0 && current !== undefined && (current.kernelApcs.length > 0 || current.suspendCount > 0))
        scheduler.attention = true
    },
    select(index) {
      const hw = hardware[index] as HardwareThread
      scheduler.running = hw
      scheduler.current = hw.current
      scheduler.attention = false
      if (hw.current !== undefined && hw.current.state !== 'running') setCurrent(hw, undefined)
      if (mayInterrupt(hw)) startWork(hw)
      const best = hw.ready.highest()
      const { current } = hw
      if (current !== undefined && (best <= current.priority || !open(hw))) load(current)
      else if (best >= 0) {
        if (current !== undefined) preempt(hw, current)
        const next = hw.ready.take(best) as Thread
        enter(hw, next)
        load(next)
      }
      scheduler.attention = false
      const thread = hw.current
      const { scene } = audit
      scene.tid = thread?.tid ?? 0
      scene.hardwareThread = index
      scene.actor = thread?.actor ?? actors.indexOf('kernel')
      return thread
    },
    finishWork() {
      const hw = scheduler.running
      memory.store32(hw.kpcr + KPCR.dpcRoutineActive, 0)
      memory.store8(hw.kpcr + KPCR.irql, 0)
      hw.context.state = 'stopped'
      setCurrent(hw, undefined)
      if (loaded === hw.context) loaded = undefined
      scheduler.attention = true
    },
    endTurn(index) {
      const hw = hardware[index] as HardwareThread
      const { current } = hw
      const now = time.now()
      if (current !== undefined && current !== hw.context) {
        current.quantum -= now - hw.stamp
        if (current.quantum <= 0 && current.state === 'running') {
          current.quantum = fullQuantum
          decay(current)
          if (open(hw) && hw.ready.highest() >= current.priority) {
            giveWay(hw, current)
          }
        }
      }
      hw.stamp = now
    },
    forget(thread) {
      if (loaded === thread) loaded = undefined
    },
    flush() {
      if (loaded !== undefined) registers.save(loaded.slot)
    },
    busy() {
      return hardware.some(hw => {
        if (hw.current?.state === 'running') return !hw.spinning || mayInterrupt(hw)
        return hw.ready.highest() >= 0 || mayInterrupt(hw)
      })
    },
    makesRoomAt() {
      const ends = hardware.flatMap(hw => {
        const { current, spinning } = hw
        if (current?.state !== 'running' || !spinning || !open(hw)) return []
        return hw.ready.highest() >= current.priority ? [hw.stamp + current.quantum] : []
      })
      return ends.length === 0 ? undefined : Math.min(...ends)
    },
    save: () => ({
      running: scheduler.running.index,
      loaded: loaded?.id ?? 0,
      hardware: hardware.map(hw => ({
        current: hw.current?.id ?? 0,
        ready: hw.ready.save(),
        work: hw.work.map(work => ({ ...work, args: work.args.slice() })),
        stamp: hw.stamp,
        spinning: hw.spinning,
      })),
    }),
    load(state, threads) {
      const saved = state as unknown as {
        running: number
        loaded: number
        hardware: { current: number; ready: number[][]; work: Work[]; stamp: number; spinning: boolean }[]
      }
      scheduler.running = hardware[saved.running] as HardwareThread
      saved.hardware.forEach((row, i) => {
        const hw = hardware[i] as HardwareThread
        setCurrent(hw, threads.get(row.current))
        hw.ready.load(row.ready, threads)
        hw.work.splice(0, hw.work.length, ...row.work)
        hw.stamp = row.stamp
        hw.spinning = row.spinning
      })
      loaded = threads.get(saved.loaded)
      scheduler.attention = false
    },
  }
  return scheduler
}
