import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assembler } from '../../../core/cpu/isa.ts'
import type { Cpu } from '../../../core/cpu/run.ts'
import { createSilentSink } from '../../../core/facts/sink.ts'
import { continuation } from '../../../core/kernel/call.ts'
import { allEntries } from '../../../core/kernel/exports/index.ts'
import { requestAt } from '../../../core/kernel/requests.ts'
import { createLoop, type Loop, type StopReason, type TimedPart } from '../../../core/machine/loop.ts'
import { createMachine } from '../../../core/machine/machine.ts'
import { machineOptions } from '../../../core/machine/options.ts'
import { createUntil } from '../../../core/machine/until.ts'
import { access } from '../../../core/memory/map.ts'
import { guest } from '../../guests/expectations.ts'
import { createWorkbench, type Workbench } from '../kernel/workbench.ts'
import { imageOf, machineOf, runToEnd } from './guests.ts'

describe('the end of a run', () => {
  test.each([1, 17, 1000, 10_001])('a limit of %i instructions is met exactly', limit => {
    const { machine } = machineOf(guest('spin-lock').elf, undefined, { limit })
    expect(runToEnd(machine, () => 333)).toMatchObject({ kind: 'limit' })
    expect(machine.instructions).toBe(limit)
  })

  test('a slice runs what it was given and no more', () => {
    const { machine } = machineOf(guest('spin-lock').elf)
    for (let i = 1; i <= 50; i += 1) {
      expect(machine.run(100)).toBeUndefined()
      expect(machine.instructions).toBe(i * 100)
    }
  })

  test('a stopped machine stays stopped, and says the same', () => {
    const { machine } = machineOf(guest('event-auto').elf)
    const stop = runToEnd(machine)
    const { instructions } = machine
    expect(machine.run(1000)).toBe(stop)
    expect(machine.instructions).toBe(instructions)
    expect(machine.exitCode).toBe(0)
  })

  test('nobody can run and nothing is due: a deadlock, at once', () => {
    const { machine } = machineOf(guest('never-signalled').elf)
    expect(runToEnd(machine)).toMatchObject({ kind: 'deadlock' })
    expect(machine.cycle).toBeLessThan(50_000_000)
  })

  test('nothing but polls for the whole of a time: stuck, after it', () => {
    const { machine } = machineOf(guest('poll-for-ever').elf, undefined, { stuckAfter: 500 })
    expect(runToEnd(machine)).toMatchObject({ kind: 'stuck' })
    expect(machine.cycle / 50_000).toBeGreaterThanOrEqual(500)
    expect(machine.cycle / 50_000).toBeLessThan(700)
  })

  test('who never counts as stuck is stopped by the limit alone', () => {
    const { machine } = machineOf(guest('poll-for-ever').elf, undefined, { stuckAfter: 0, limit: 50_000 })
    expect(runToEnd(machine)).toMatchObject({ kind: 'limit' })
  })

  test('a guest fault names the thread, the address and the instruction', () => {
    const { machine } = machineOf(guest('fault').elf)
    const stop = runToEnd(machine)
    expect(stop.text).toMatch(/^thread 1.* stopped at a load of 0x[0-9A-F]{8}, where nothing can be read \(.*: l\w+ /)
  })

  test('a call of the hypervisor ends the run with its number', () => {
    const bytes = new Uint8Array(0x1000)
    const lines = ['li r0, 0x73', 'sc 0', 'blr']
    for (const [i, line] of lines.entries())
      new DataView(bytes.buffer).setUint32(i * 4, assembler.word(line, 0x82010000 + i * 4))
    const machine = createMachine({
      image: {
        ...imageOf(guest('fault').elf),
        entry: 0x82010000,
        segments: [{ address: 0x82010000, size: 0x1000, access: access.read | access.execute, bytes }],
      },
      sink: createSilentSink(),
    })
    const stop = runToEnd(machine)
    expect(stop).toMatchObject({ kind: 'fault', fault: { code: 'syscall', pc: 0x82010004 } })
    expect(stop.text).toContain('system call 0x73 of the hypervisor, which is no part of this machine')
  })
})

describe('time', () => {
  test('is instructions by the tick, and what was skipped while idle', () => {
    const { machine } = machineOf(guest('timers').elf, undefined, { instructionsPerTick: 16 })
    machine.run(32)
    expect(machine.cycle).toBe(2)
    runToEnd(machine)
    expect(machine.cycle).toBeGreaterThan(machine.instructions / 16)
  })

  test('a title sees the frequency it was given', () => {
    const { machine, printed } = machineOf(guest('timers').elf, undefined, { timebase: 49_875_000 })
    expect(runToEnd(machine)).toMatchObject({ kind: 'finished', exitCode: 0 })
    expect(printed).toEqual(guest('timers').prints)
  })
})

describe('views', () => {
  test('show who waits on what, with the code that got there', () => {
    const { machine } = machineOf(guest('never-signalled').elf)
    runToEnd(machine)
    const worker = machine.views.threads().find(thread => thread.name === 'worker')
    expect(worker).toMatchObject({ state: 'waiting', wait: { type: 'any', deadline: undefined } })
    const object = machine.views.object(worker?.wait?.objects[0] ?? 0)
    expect(object).toMatchObject({ kind: 'Event/Manual', alive: true, state: 0, waiters: [worker?.tid], signals: 0 })
    expect(machine.views.sourceName(object?.created?.source ?? 0)).toBe('NtCreateEvent')
    expect(machine.views.nameOf(worker?.stack.frames[0]?.lr ?? 0)).toMatch(/^\w+\+0x/)
  })

  test('remember a thread that ended, and its exit code', () => {
    const { machine } = machineOf(guest('thread-join').elf)
    runToEnd(machine)
    const [main] = machine.views.threads()
    expect(main).toMatchObject({ tid: 1, state: 'exited', exitCode: 0 })
  })
})

describe('what could go on for ever', () => {
  test.each([0, 1, 63, 0.5, Number.NaN])('a turn of %d instructions is refused: no lock could be taken', turn => {
    expect(() => machineOf(guest('spin-lock').elf, undefined, { turn })).toThrow(/turn: .*64 or more/)
  })

  test('a lock loop comes to its end in the shortest turns, wherever they cut it', () => {
    for (const name of ['spin-lock', 'read-write-lock', 'io-completion'])
      for (let turn = 64; turn < 72; turn += 1) {
        const { machine, printed } = machineOf(guest(name).elf, undefined, { turn, limit: 20_000_000 })
        expect(runToEnd(machine), `${name} in turns of ${turn}`).toMatchObject({ kind: 'finished' })
        expect(printed).toEqual(guest(name).prints)
      }
  })

  /** A machine around a kernel, without a processor unless one is given. */
  function idleLoop(
    bench: Workbench,
    devices: readonly TimedPart[],
    cpu: object = { count: () => 0, clearReservation() {}, takeRest: () => 0 },
  ): Loop {
    const { core } = bench
    return createLoop({
      // Nothing else is asked of it.
      cpu: cpu as unknown as Cpu,
      core,
      options: machineOptions({ stuckAfter: 0 }),
      until: createUntil({
        conditions: [],
        kernel: core.kernel,
        instructionsPerTick: 64,
        instructions: () => 0,
        swaps: () => 0,
        facts: () => 0,
      }),
      devices,
      pump() {},
      nameOf: String,
    })
  }

  function runIdle(loop: Loop): StopReason {
    for (;;) {
      const stop = loop.run(1000)
      if (stop !== undefined) return stop
    }
  }

  test('a leap past the end of guest time ends the run, and says so', () => {
    const bench = createWorkbench()
    bench.call(1, 'KeDelayExecutionThread', 1, 0, bench.long(-(2n ** 62n)))
    expect(runIdle(idleLoop(bench, []))).toMatchObject({
      kind: 'limit',
      text: 'guest time has come to its end',
    })
  })

  test('what is due now and stays due, waking nobody, is our defect, and not an endless loop', () => {
    const bench = createWorkbench()
    bench.call(1, 'KeDelayExecutionThread', 1, 0, bench.long(-(2n ** 62n)))
    const lazy = { deadline: () => bench.core.kernel.time.now(), advance() {} }
    expect(() => runIdle(idleLoop(bench, [lazy]))).toThrow(/machine loop: what is due at tick \d+ stays due/)
  })

  test('a request that makes itself anew at the same tick is our defect, and not an endless loop', () => {
    const again = continuation('again', k => {
      requestAt(k, k.time.now(), 'again', null)
      return undefined
    })
    const bench = createWorkbench({}, {}, [...allEntries, again])
    requestAt(bench.core.kernel, 5, 'again', null)
    expect(() => bench.pass(5)).toThrow(/request \d+: is due at tick 5 again and again/)
  })

  test('who tries for ever to take a lock makes room for an equal when its quantum is over: no deadlock before', () => {
    const bench = createWorkbench()
    const lock = bench.words(1)
    const ran: number[] = []
    const { core } = bench
    const { kernel } = core
    const [tries] = [bench.thread(1), bench.thread(1)]
    bench.call(1, 'KeDelayExecutionThread', 1, 0, bench.long(-(1n << 63n)))
    const acquire = core.resolve('xboxkrnl.exe', 77, 'function')
    const suspend = core.resolve('xboxkrnl.exe', 0xfc, 'function')
    let retired = 0
    const cpu = {
      count: () => retired,
      clearReservation() {},
      takeRest: () => 0,
      run() {
        retired += 1
        ran.push(kernel.thread.tid)
        kernel.frame.setWord(3, kernel.thread.tid === tries.tid ? lock : 0xfffffffe)
        kernel.frame.setWord(4, 0)
        core.call(kernel.thread.tid === tries.tid ? acquire : suspend)
        return { kind: 'leave' }
      },
    }
    const loop = idleLoop(bench, [], cpu)
    // The equal suspends itself with the lock: only then can nobody run.
    expect(loop.run(20)).toMatchObject({ kind: 'deadlock' })
    expect(new Set(ran).size).toBe(2)
  })

  test('a timer without a rest between its periods ends with the time that has passed', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.integer({ min: -1, max: 3 }),
        fc.integer({ min: 0, max: 500_000 }),
        (due, period, ticks) => {
          const bench = createWorkbench()
          const timer = bench.cell(0x30)
          bench.call(1, 'KeInitializeTimerEx', timer, 0, 0)
          bench.call(1, 'KeSetTimerEx', timer, BigInt.asUintN(64, due), period >>> 0, 0)
          bench.told()
          bench.pass(ticks)
          const most = period > 0 ? Math.floor(ticks / 50_000 / period) + 1 : 1
          expect(bench.told('timer.expired').length).toBeLessThanOrEqual(most)
          const next = bench.core.kernel.time.next()
          if (next !== undefined) expect(next.at).toBeGreaterThan(bench.core.kernel.time.now())
        },
      ),
      { numRuns: 60 },
    )
  })
})
