/**
 * Every export with a body, called with what no title should pass: null, misaligned and unmapped pointers, code, the
 * kernel's own objects, handles of every kind, and numbers at the edges of what a register holds. Whatever it answers,
 * the host must go on: the call ends in a value, a parked thread, a guest function, or the title's end with a reason.
 */
import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { hex32 } from '../../../core/base/words.ts'
import { createAudioOutput } from '../../../core/devices/audio/audio.ts'
import { createXmaDecoder } from '../../../core/devices/audio/xma.ts'
import { createGpu } from '../../../core/devices/gpu/gpu.ts'
import { createPads } from '../../../core/devices/input.ts'
import type { ExportRow } from '../../../core/kernel/call.ts'
import { allEntries } from '../../../core/kernel/exports/index.ts'
import { access } from '../../../core/memory/map.ts'
import { memorySource } from '../../../core/vfs/source.ts'
import { createTitleVfs } from '../../../core/vfs/volumes.ts'
import { seed } from '../../seed.ts'
import { code, createWorkbench, data, thunk, type Workbench } from './workbench.ts'

const rounds = Number(process.env.RUNS ?? 8)
/** Milliseconds of the host that a call may take, on a machine that does other things too. */
const patience = 10_000

const bodies = allEntries.filter(
  (entry): entry is ExportRow => entry.entry === 'function' && entry.invoke !== undefined,
)

function createRandom(start: number): (below: number) => number {
  let state = start >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

interface Place {
  readonly bench: Workbench
  /** Values worth passing here: addresses and handles of what there is. */
  readonly known: readonly number[]
}

function createPlace(): Place {
  const files = createTitleVfs({
    source: memorySource({ 'default.xex': new Uint8Array(10), 'a.bin': new Uint8Array(5000) }),
    kind: 'folder',
    time: 0n,
  })
  const bench = createWorkbench({ ioRate: 1_000_000 }, memory => ({
    files,
    video: createGpu({
      memory,
      timebaseHz: 50_000_000,
      now: () => bench.core.kernel.time.now(),
      interrupt: () => {},
      fence: () => {},
      presented: () => {},
    }),
    audio: createAudioOutput({ timebaseHz: 50_000_000, now: () => bench.core.kernel.time.now(), slotFree: () => true }),
    xma: createXmaDecoder(memory),
    input: { pad: index => createPads('', 50_000_000).at(index, 0) },
  }))
  const { memory } = bench
  const frame = bench.frameOf(1)
  // Room for the arguments that lie in the caller's frame.
  frame.setWord(1, frame.word(1) - 0x400)
  const made = (name: string, ...args: number[]): number => {
    const at = bench.cell()
    bench.call(1, name, at, 0, ...args)
    return memory.load32(at)
  }
  const other = bench.thread(1)
  const handles = [
    made('NtCreateEvent', 0, 0),
    made('NtCreateEvent', 1, 1),
    made('NtCreateSemaphore', 1, 4),
    made('NtCreateMutant', 0),
    made('NtCreateTimer', 1),
    made('NtCreateIoCompletion', 0, 0),
    Number(bench.call(1, 'XamNotifyCreateListener', 0xffn, 0)),
    other.handle,
    0xfffffffe,
    0xffffffff,
  ]
  const objects = handles.map(value => bench.core.kernel.handles.peek(value)?.address ?? 0).filter(at => at !== 0)
  const texts = ['game:\\a.bin', 'game:\\', '%s%n%d', ''].map(text => {
    const at = bench.cell(text.length + 1)
    memory.write(at, new Uint8Array([...text].map(letter => letter.charCodeAt(0))))
    return at
  })
  const strings = texts.map(at => bench.words((11 << 16) | 12, at))
  const attributes = strings.map(at => bench.words(0xfffffffd, at, 0x40))
  return { bench, known: [...handles, ...objects, ...texts, ...strings, ...attributes] }
}

const edges = [
  0, 1, 2, 3, 4, 8, 16, 0x20, 0x40, 0xff, 0x100, 0x1000, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff,
]
const addresses = [
  code,
  code + 0x101,
  data + 0x3001,
  0x00000010,
  0x7fc80714,
  0x7fea1804,
  0x70000000,
  0xa0000000,
  0xbffffffe,
  0xe0000000,
  0xfffffff0,
  0x3ffffffe,
]

/** Garbage for one argument. */
function pick(random: (below: number) => number, known: readonly number[]): number {
  const of = (list: readonly number[]): number => list[random(list.length)] ?? 0
  switch (random(8)) {
    case 0:
      return random(0x80000000) * 2 + random(2)
    case 1:
    case 2:
      return of(edges)
    case 3:
      return of(addresses)
    case 4:
    case 5:
      return of(known)
    default:
      // Memory that is there, with whatever it holds.
      return data + 0x4000 + random(0x4000)
  }
}

const held = globalThis as { garbageWork?: () => void }
const work = new Script('garbageWork()')

/** Runs code of the host that may never come to an end. */
function within(milliseconds: number, what: string, run: () => void): void {
  held.garbageWork = run
  try {
    work.runInThisContext({ timeout: milliseconds })
  } catch (error) {
    const { stack = '' } = error as Error
    throw new Error(`${what}\n${stack}`)
  }
}

function scribble({ bench, known }: Place, random: (below: number) => number): void {
  for (let i = 0; i < 64; i += 1) bench.memory.store32(data + 0x4000 + random(0x1000) * 4, pick(random, known))
}

/** Lets each hardware thread do what came of it. */
function settle({ bench }: Place): void {
  const { core } = bench
  bench.pass(1000)
  for (let index = 0; index < 6 && core.stopped() === undefined; index += 1) core.begin(index)
}

/** Some rounds of one export, each in the place that the last left, or in a new one where that is over. */
function tryExport(row: ExportRow, place: Place | undefined): Place | undefined {
  const random = createRandom(seed ^ (row.library << 16) ^ row.ordinal)
  let now = place
  for (let round = 0; round < rounds; round += 1) {
    const here = now ?? createPlace()
    const { bench, known } = here
    scribble(here, random)
    const args = Array.from({ length: Math.max(row.args.length, 4) + 2 }, () => pick(random, known))
    within(patience, `${row.name}(${args.map(hex32).join(', ')})`, () => {
      bench.call(1, row.name, ...args)
      settle(here)
    })
    const stop = bench.core.stopped()
    if (stop !== undefined && stop.text === '') throw new Error(`${row.name} has ended the title for no reason`)
    now = stop === undefined && bench.runs(1) && bench.frameOf(1).pc === thunk ? here : undefined
  }
  return now
}

/** What the kernel writes on its own account, and where the title takes the memory away meanwhile. */
const taken: readonly (readonly [title: string, begin: (bench: Workbench, at: number) => void, told: RegExp])[] = [
  [
    'a timer that expires',
    (bench, at) => {
      bench.call(1, 'KeInitializeTimerEx', at, 0, 0)
      bench.call(1, 'KeSetTimer', at, BigInt.asUintN(64, -100n), 0)
    },
    /^timer-expiry: store to 0x4000/,
  ],
  [
    'a deferred call that begins',
    (bench, at) => {
      bench.call(1, 'KeInitializeDpc', at, code + 0x400, 0)
      bench.memory.store8(at + 3, 2)
      bench.call(1, 'KeInsertQueueDpc', at, 0, 0)
    },
    /store to 0x4000/,
  ],
  [
    'a thread that goes on with what came for its wait',
    (bench, at) => {
      const { tid } = bench.thread(3)
      const port = bench.words(0)
      bench.call(1, 'NtCreateIoCompletion', port, 0, 0, 0)
      bench.call(tid, 'NtRemoveIoCompletion', bench.memory.load32(port), at, at, at, 0)
      bench.call(1, 'NtSetIoCompletion', bench.memory.load32(port), 1, 2, 3, 4)
    },
    /^NtRemoveIoCompletion called from 0x.*store to 0x4000/,
  ],
]

test.each(taken)('%s in memory that may not be written any more ends the title with the truth', (_, begin, told) => {
  const place = createPlace()
  const { bench } = place
  const at = data + 0x4000
  begin(bench, at)
  bench.memory.protect(at, 0x1000, access.read)
  settle(place)
  expect(bench.core.stopped()).toMatchObject({ kind: 'fault', text: expect.stringMatching(told) })
})

test(`an export gets over whatever a title passes (SEED=${seed})`, { timeout: 600_000 }, () => {
  let place: Place | undefined
  const failures: string[] = []
  for (const row of bodies) {
    try {
      place = tryExport(row, place)
    } catch (error) {
      failures.push((error as Error).message)
      place = undefined
    }
  }
  expect(failures.join('\n\n')).toBe('')
})
