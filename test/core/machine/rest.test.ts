import { describe, expect, test } from 'vitest'
import { limits } from '../../../core/base/limits.ts'
import { assembler } from '../../../core/cpu/isa.ts'
import { createSilentSink } from '../../../core/facts/sink.ts'
import type { Image } from '../../../core/loader/image.ts'
import { createMachine, type Machine } from '../../../core/machine/machine.ts'
import type { MachineOptions } from '../../../core/machine/options.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'
import { guest } from '../../guests/expectations.ts'
import { imageOf, runToEnd } from './guests.ts'

const code = 0x82010000
const data = 0x82020000
const waiterAt = 0x100
/** Imports of the kernel: ordinal, and where the thunk lies. */
const imports = {
  createThread: { ordinal: 13, thunk: 0x200 },
  delay: { ordinal: 90, thunk: 0x210 },
  processType: { ordinal: 102, thunk: 0x220 },
} as const
const intervalAt = data + 0x20
const waitedTicks = 100_000
/** Rounds of a loop that works, two instructions each. */
const workRounds = 30_000
const onSecond = 0x0200
/** Of 100 ns: what a sleep is counted in. */
const unitsPerSecond = 10_000_000
/** Ticks of such a unit at the usual timebase. */
const ticksPerUnit = 5
const turn = 10_000
const instructionsPerTick = 64

const hint = 'db16cyc'
/** What compilers write where nothing is to be done: no hint. */
const filler = 'ori r0, r0, 0'

/** Lines at `at` that wait, eight words of the kind a round, until the timebase has come so far. */
function waiting(at: number, word: string): readonly string[] {
  const loop = code + at + 4 * 4
  return [
    'mftb r6',
    `lis r7, ${waitedTicks >>> 16}`,
    `ori r7, r7, ${waitedTicks & 0xffff}`,
    'add r6, r6, r7',
    ...Array.from({ length: 8 }, () => word),
    'mftb r8',
    'cmplw r8, r6',
    `blt ${loop}`,
    'li r3, 0',
    'blr',
  ]
}

/** Starts a thread at `waiterAt` on another hardware thread. */
const startWaiter = [
  'mflr r30',
  'lis r3, 0x8202',
  'li r4, 0',
  'li r5, 0',
  'li r6, 0',
  'lis r7, 0x8201',
  `ori r7, r7, ${waiterAt}`,
  'li r8, 0',
  `lis r9, ${onSecond}`,
  `bl ${code + imports.createThread.thunk}`,
]

/** Says at which tick it is there, and ends the thread. */
const tellTick = ['mftb r4', 'lis r5, 0x8202', 'stw r4, 0x40(r5)', 'mtlr r30', 'li r3, 0', 'blr']

/** Sleeps for the interval that lies in the data. */
const sleeping = ['li r3, 0', 'li r4, 0', 'lis r5, 0x8202', 'ori r5, r5, 0x20', `bl ${code + imports.delay.thunk}`]

/** Lines at the title's start and at `waiterAt`, and an interval to sleep for. */
function imageOfLines(main: readonly string[], waiter: readonly string[], sleepUnits = 0): Image {
  const bytes = new Uint8Array(0x1000)
  const view = new DataView(bytes.buffer)
  const put = (at: number, lines: readonly string[]): void =>
    lines.forEach((line, i) => {
      view.setUint32(at + i * 4, assembler.word(line, code + at + i * 4))
    })
  put(0, main)
  put(waiterAt, waiter)
  const variables = new Uint8Array(0x1000)
  new DataView(variables.buffer).setBigInt64(intervalAt - data, -BigInt(sleepUnits))
  return {
    ...imageOf(guest('fault').elf),
    base: code,
    size: 0x11000,
    entry: code,
    segments: [
      { address: code, size: 0x1000, access: access.read | access.execute, bytes },
      { address: data, size: 0x1000, access: access.read | access.write, bytes: variables },
    ],
    imports: [
      {
        name: 'xboxkrnl.exe',
        version: '',
        minimum: '',
        imports: Object.values(imports).map(({ ordinal, thunk }) => ({
          ordinal,
          kind: 'function',
          slot: 0,
          thunk: code + thunk,
        })),
      },
    ],
  }
}

/** The main thread waits, or starts another that waits, on another hardware thread, and works. */
function imageOfWait(word: string, isBeside: boolean): Image {
  const first = startWaiter.length
  const work = [`li r7, ${workRounds}`, 'mtctr r7', 'addi r31, r31, 1', `bdnz ${code + (first + 2) * 4}`]
  const main = isBeside ? [...startWaiter, ...work, ...tellTick] : waiting(0, word)
  return imageOfLines(main, waiting(waiterAt, word))
}

const memory = createMemory()

function run(
  image: Image,
  {
    slice = 1_000_000,
    engine = 'interpreter' as 'interpreter' | 'compiler',
    ...options
  }: Partial<MachineOptions> & {
    slice?: number
    engine?: 'interpreter' | 'compiler'
  } = {},
) {
  const machine: Machine = createMachine({ image, sink: createSilentSink(), memory, engine, options })
  const end = runToEnd(machine, () => slice)
  const bytes = machine.views.readMemory(data + 0x40, 4) ?? new Uint8Array(4)
  return {
    kind: end.kind,
    instructions: machine.instructions,
    cycles: machine.cycle,
    digest: machine.digest(),
    workedUntil: new DataView(bytes.slice().buffer).getUint32(0),
  }
}

describe('a thread that says it rests', () => {
  const resting = run(imageOfWait(hint, false))

  test('lets time pass that no instructions fill: 16 cycles for each hint', () => {
    const busy = run(imageOfWait(filler, false))
    expect([resting.kind, busy.kind]).toEqual(['finished', 'finished'])
    expect(busy.instructions).toBeGreaterThan(waitedTicks * 64)
    // Eight hints and three instructions a round: 131 cycles instead of 11.
    expect(resting.instructions / busy.instructions).toBeCloseTo(11 / 131, 2)
  })

  test('has one digest in every engine and slice', () => {
    for (const slice of [1_000, 9_999, 10_001]) expect(run(imageOfWait(hint, false), { slice })).toEqual(resting)
    expect(run(imageOfWait(hint, false), { engine: 'compiler', slice: 777 })).toEqual(resting)
  })

  test('takes no time from one that works beside it', () => {
    const beside = run(imageOfWait(hint, true))
    expect(beside.kind).toBe('finished')
    expect(beside.workedUntil).toBeGreaterThan(0)
    // As many instructions again as the work: the other thread did run beside it.
    expect(beside.instructions).toBeGreaterThan(3.5 * workRounds)
    // Both run in turns while there is work: no rest is counted until it is done.
    expect(beside.workedUntil).toBe(run(imageOfWait(filler, true)).workedUntil)
  })

  test('never leaps over what is due, nor over a cycle that was asked for', () => {
    const image = imageOfWait(hint, false)
    const { cycles } = run(image, { until: [{ kind: 'cycle', count: 54_321 }] })
    expect(cycles).toBe(54_321)
  })

  test('lets one that sleeps beside it wake when it is due', () => {
    const due = 12_345
    const sleeper = [...startWaiter, ...sleeping, ...tellTick]
    const { kind, workedUntil } = run(imageOfLines(sleeper, waiting(waiterAt, hint), due / ticksPerUnit))
    expect(kind).toBe('finished')
    // The instructions of a turn on either side of the sleep, and none of the rest that is asked for meanwhile.
    expect(workedUntil).toBeGreaterThanOrEqual(due)
    expect(workedUntil - due).toBeLessThan((4 * turn) / instructionsPerTick)
  })

  test('is stuck at the very tick, if it does nothing but poll', () => {
    const poll = ['mflr r30', ...Array.from({ length: 8 }, () => hint), `bl ${code + imports.processType.thunk}`]
    const main = [...poll, `b ${code + 4}`]
    const { kind, cycles } = run(imageOfLines(main, []), { stuckAfter: 7 })
    expect([kind, cycles]).toEqual(['stuck', 350_000])
  })

  test('comes to the end of guest time as one that sleeps does', () => {
    const end = limits.guestTicks.value
    // A timebase by which that is two minutes: short of the end by two of the units that a sleep is counted in.
    const timebase = 2 ** 45
    const units = Math.floor(end / (timebase / unitsPerSecond)) - 2
    const main = ['mflr r30', ...sleeping, ...Array.from({ length: 8 }, () => hint)]
    const image = imageOfLines([...main, `b ${code + (main.length - 8) * 4}`], [], units)
    const { kind, cycles } = run(image, { stuckAfter: 0, timebase, instructionsPerTick: 1 })
    expect([kind, cycles]).toEqual(['limit', end])
  })
})
