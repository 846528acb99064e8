/**
 * The machine's loop: turns, time and the ends of a run.
 *
 * Hardware threads take turns, 0 to 5, each of the same number of instructions; a turn that has nothing to run costs
 * nothing. Where a slice ends within a turn, the turn goes on in the next slice, so slices change nothing. At the end of
 * each turn that ran, time is looked at: deadlines, devices, quanta. When no hardware thread has anything to run, time
 * leaps to the next deadline; when there is none, that is a deadlock. When for long nothing but device callbacks and
 * loops that poll have run, the title is stuck.
 */

import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import { hex, hex32 } from '../base/words.ts'
import type { Cpu, CpuExit, CpuFault } from '../cpu/run.ts'
import type { KernelCore } from '../kernel/kernel.ts'
import { hardwareThreads } from '../kernel/scheduler.ts'
import type { MachineOptions } from './options.ts'
import type { Until } from './until.ts'

export interface StopReason {
  readonly kind: 'finished' | 'limit' | 'until' | 'deadlock' | 'stuck' | 'fault'
  /** One sentence. */
  readonly text: string
  readonly exitCode?: number
  readonly fault?: GuestFault
  /** The condition of `until` that this end meets, as it is typed. */
  readonly met?: string
}

export interface GuestFault extends CpuFault {
  readonly tid: number
}

/** What acts by itself at guest times. */
export interface TimedPart {
  deadline(): number | undefined
  advance(now: number): void
}

export interface Loop {
  run(limit: number): StopReason | undefined
  readonly stopped: StopReason | undefined
  save(): Plain
  load(state: Plain): void
}

export interface LoopPorts {
  readonly cpu: Cpu
  readonly core: KernelCore
  readonly options: MachineOptions
  readonly until: Until
  /** Parts that wake guest code by themselves, in this order. */
  readonly devices: readonly TimedPart[]
  /** What device code does at turn ends besides its deadlines. */
  pump(): void
  nameOf(address: number): string
}

/** Leaps of time without an instruction after which the host may look up. */
const leapsPerSlice = 4_096

/** `twi 31,r0,N`: a service of the debugger; the low half is its number. */
const debugService = 0x0fe0
const services = { print: 20, printPrompt: 26, none: 25 } as const

export function createLoop({ cpu, core, options, until, devices, pump, nameOf }: LoopPorts): Loop {
  const { kernel } = core
  const { time, scheduler } = kernel
  const stuckTicks = time.ticksOfMilliseconds(options.stuckAfter)
  let position = 0
  let left = options.turn
  let ran = false
  let roundActive = false
  /** Cycles that all hardware threads that ran in this round asked to rest, and what is left over of a tick. */
  let roundRest = Number.POSITIVE_INFINITY
  let restLeft = 0
  /** The thread was stopped in the middle by the end of a slice: it goes on as if there had been none. */
  let engaged = false
  let progressAt = 0
  /** Leaps on end that time stood still in, and how much had run at the last. */
  let standing = 0
  let leaptAt = -1
  let stopped: StopReason | undefined

  function stop(reason: StopReason): StopReason {
    stopped ??= until.judge(reason)
    return stopped
  }

  function kernelStop(): StopReason | undefined {
    const reason = core.stopped()
    if (reason === undefined) return undefined
    const { kind, text, exitCode, fault } = reason
    if (fault === undefined) return stop({ kind, text, exitCode })
    return stop({ kind, text, fault: { ...fault, tid: scheduler.current?.tid ?? 0 } })
  }

  /** Looks at the clock: what is due, and whether anything has moved. */
  function tick(): void {
    core.serveDeadlines()
    for (const device of devices) device.advance(time.now())
    pump()
    if (time.now() >= limits.guestTicks.value) stopAtEndOfTime()
    else if (time.now() >= stuckAt()) stopStuck()
  }

  function stopAtEndOfTime(): void {
    stop({ kind: 'limit', text: 'guest time has come to its end' })
  }

  /** When the title counts as stuck, if nothing of its own has moved by then. */
  function stuckAt(): number {
    if (core.takeProgress()) progressAt = time.now()
    return stuckTicks > 0 ? progressAt + stuckTicks : Number.POSITIVE_INFINITY
  }

  /** Ends the run when a condition that was asked for holds. */
  function stopUntil(): StopReason | undefined {
    const met = until.holding()
    return met === undefined ? undefined : stop(until.reason(met))
  }

  function stopStuck(): void {
    stop({
      kind: 'stuck',
      text: `for ${options.stuckAfter / 1000} s of guest time nothing but device callbacks and poll loops has run`,
    })
  }

  function endTurn(): void {
    if (ran) {
      roundRest = Math.min(roundRest, cpu.takeRest())
      core.endTurn(position, left === 0)
      cpu.clearReservation()
      tick()
    }
    ran = false
    engaged = false
    left = options.turn
    position = (position + 1) % hardwareThreads
  }

  function nextDeadline(): number | undefined {
    let earliest = time.next()?.at
    for (const at of [scheduler.makesRoomAt(), ...devices.map(device => device.deadline())]) {
      if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at
    }
    return earliest
  }

  /** Leaps that find time standing still, with nothing run in between, wake nobody: that must not go on for ever. */
  function noteLeap(target: number): void {
    const still = target <= time.now() && cpu.count() === leaptAt
    standing = still ? standing + 1 : 0
    leaptAt = cpu.count()
    if (standing > limits.leapsAtOnce.value)
      throw fail('DEFECT', 'machine loop', `what is due at tick ${target} stays due and wakes nobody`)
  }

  /** Nothing can run: leaps to what is due next. */
  function leap(): void {
    const next = nextDeadline()
    if (next === undefined) {
      stop({ kind: 'deadlock', text: 'no thread can run and nothing is due that could wake one' })
      return
    }
    const stuck = stuckAt()
    const target = Math.min(next, stuck, until.cycle)
    if (target > limits.guestTicks.value) {
      stopAtEndOfTime()
      return
    }
    noteLeap(target)
    time.leapTo(target)
    if (time.now() < Math.min(next, stuck)) stopUntil()
    // Before what is due wakes anybody: those who poll are seen where they wait.
    else if (next > stuck) stopStuck()
    else tick()
  }

  /**
   * Time passes for a machine whose every running thread rests (`db16cyc`): without this a loop that waits for the next
   * blank would have to run all the instructions that fit in between.
   */
  function passRest(cycles: number): void {
    restLeft += cycles
    const ticks = Math.floor(restLeft / options.instructionsPerTick)
    if (ticks === 0) return
    restLeft -= ticks * options.instructionsPerTick
    const due = nextDeadline() ?? Number.POSITIVE_INFINITY
    const target = Math.min(time.now() + ticks, due, stuckAt(), until.cycle, limits.guestTicks.value)
    if (target <= time.now()) return
    time.leapTo(target)
    tick()
  }

  /** Serves a trap that is a service of the debugger; false when it is none. */
  function serveTrap(fault: CpuFault): boolean {
    if (fault.code !== 'trap' || fault.word >>> 16 !== debugService) return false
    const service = fault.word & 0xffff
    const { frame, memory, ports } = kernel
    if (service === services.print || service === services.printPrompt) {
      const length = Math.min(frame.word(4) & 0xffff, 0x1000)
      ports.print(memory.text(frame.word(3), length))
    } else if (service !== services.none) return false
    frame.pc += 4
    return true
  }

  /** One sentence about a fault. */
  function describe(found: CpuFault): string {
    const thread = scheduler.current
    const who =
      thread === undefined ? 'no thread' : `thread ${thread.tid}${thread.name === '' ? '' : ` (${thread.name})`}`
    const at = found.address === undefined ? '' : ` of ${hex32(found.address)}`
    const what = {
      illegal: 'an instruction that is not implemented',
      privileged: 'a privileged instruction',
      unaligned: `an unaligned access${at}`,
      load: `a load${at}, where nothing can be read`,
      store: `a store${at}, where nothing can be written`,
      fetch: `a jump to ${hex32(found.pc)}, where there is no code`,
      trap: 'a trap',
      syscall: `system call ${hex(kernel.frame.word(0))} of the hypervisor, which is no part of this machine`,
    }[found.code]
    const where = found.code === 'fetch' ? `lr ${nameOf(kernel.frame.lr)}` : `${nameOf(found.pc)}: ${found.text}`
    return `${who} stopped at ${what} (${where}; word ${hex32(found.word)})`
  }

  /** A fault is the title's to handle; when it cannot, it is the end. */
  function fault(found: CpuFault): void {
    const text = describe(found)
    if (!core.deliver(found, text)) stop({ kind: 'fault', text, fault: { ...found, tid: scheduler.current?.tid ?? 0 } })
  }

  function serve(exit: CpuExit): void {
    if (exit.kind === 'fault' && !serveTrap(exit.fault)) fault(exit.fault)
    else if (exit.kind === 'leave' && core.takeRetry()) {
      scheduler.running.spinning = true
      left = 0
    }
  }

  function run(limit: number): StopReason | undefined {
    let budget = limit
    let leaps = 0
    while (stopped === undefined && budget > 0) {
      const hw = scheduler.hardware[position]
      const rest = options.limit === undefined ? budget : Math.min(budget, options.limit - cpu.count())
      if (rest <= 0) return stop({ kind: 'limit', text: `${options.limit} instructions have run` })
      if (left > 0 && hw !== undefined && (engaged || core.begin(position))) {
        const room = until.room()
        if (room <= 0) return stopUntil()
        const before = cpu.count()
        hw.spinning = false
        const exit = cpu.run(Math.min(rest, left, room))
        const done = cpu.count() - before
        budget -= done
        left -= done
        ran = ran || done > 0
        engaged = exit.kind === 'budget'
        serve(exit)
        if (!hw.spinning) roundActive = true
        const over = kernelStop()
        if (over !== undefined) return over
        if (until.watches && (exit.kind === 'leave' || until.room() <= 0) && stopUntil() !== undefined) break
        if (left > 0) continue
      } else if (core.stopped() !== undefined) return kernelStop()
      endTurn()
      if (until.watches && stopUntil() !== undefined) break
      if (position !== 0) continue
      const rested = roundRest
      roundRest = Number.POSITIVE_INFINITY
      if (!roundActive && !scheduler.busy()) {
        leap()
        leaps += 1
        if (until.watches && stopUntil() !== undefined) break
        if (leaps >= leapsPerSlice) break
      } else if (Number.isFinite(rested)) {
        passRest(rested)
        if (until.watches && stopUntil() !== undefined) break
      }
      roundActive = false
    }
    return stopped
  }

  return {
    run,
    get stopped() {
      return stopped
    },
    save: () => ({
      position,
      left,
      ran,
      engaged,
      roundActive,
      roundRest: Number.isFinite(roundRest) ? roundRest : null,
      restLeft,
      progressAt,
    }),
    load(state) {
      const saved = state as {
        position: number
        left: number
        ran: boolean
        engaged: boolean
        roundActive: boolean
        roundRest: number | null
        restLeft: number
        progressAt: number
      }
      position = saved.position
      left = saved.left
      ran = saved.ran
      engaged = saved.engaged
      roundActive = saved.roundActive
      roundRest = saved.roundRest ?? Number.POSITIVE_INFINITY
      restLeft = saved.restLeft
      progressAt = saved.progressAt
      stopped = undefined
    },
  }
}
