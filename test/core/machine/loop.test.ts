import { describe, expect, test } from 'vitest'
import { guest } from '../../guests/expectations.ts'
import { machineOf, runToEnd } from './guests.ts'

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
