/** Compiled code where memory is not all alike, and where float registers meet on many ways. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CpuPorts } from '../../../core/cpu/run.ts'
import { access } from '../../../core/memory/map.ts'
import {
  anyNumber,
  benchesOf,
  circumstances,
  control,
  engines,
  fewRegisters,
  listing,
  named,
  prepare,
  programLength,
  type RandomProgram,
  runSlices,
  straight,
  type Tried,
  withFunction,
  wordsOf,
} from './programs.ts'
import { codeBase, createWorkbench, dataBase, readWrite, type Workbench } from './workbench.ts'

/** A bench whose devices tell what they were asked, and whose clock is the count of instructions. */
function createBench(engine: Tried, wide: boolean): Workbench & { readonly asked: unknown[] } {
  const asked: unknown[] = []
  const ports: Partial<CpuPorts> = {
    timebase: () => BigInt(made.cpu.count()),
    deviceLoad(address, size) {
      asked.push(['load', address, size])
      return BigInt(address * 3 + asked.length)
    },
    deviceStore: (...store) => asked.push(['store', ...store]),
  }
  const made = createWorkbench(ports, wide, { engine, fpscr: 'fast', capacity: 100 })
  return { ...made, asked }
}
const benchOf = benchesOf(createBench)

/** A thousand blocks, each of which leads to the next and to another line, and the last to the second. */
function blocks(elsewhere: (i: number) => number): string[] {
  const lines = Array.from({ length: 999 }, (_, i) => `beq cr${i % 8}, ${codeBase + 4 * elsewhere(i)}`)
  return [...lines, `b ${codeBase + 4}`]
}
test.each([
  ['leads out of the unit', blocks(() => 2_000)],
  ['leads to the last', blocks(() => 999)],
  ['leads out of the unit, in a loop of two entries', blocks(i => (i === 0 ? 998 : 2_000))],
])('a unit has no thousand blocks one inside the other: each %s', (_, lines) => {
  const ends = engines.map(engine => {
    const { cpu, place } = createWorkbench({}, false, engine)
    place(lines)
    const registers = cpu.registers()
    registers.clear()
    const ran = [cpu.run(700), cpu.run(5_000), registers.copy()]
    return { ran, blocks: cpu.listing(codeBase)?.blocks.length }
  })
  expect(ends[1]?.ran).toEqual(ends[0]?.ran)
  expect(ends[1]?.blocks).toBeLessThanOrEqual(400)
})

test('a unit has a thousand blocks one behind the other', () => {
  const { cpu, place } = createWorkbench({}, false, 'compiler')
  place(Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? `beq ${codeBase + 4 * (i + 2)}` : 'stw r3, 0(r1)')))
  cpu.run(1)
  expect(cpu.listing(codeBase)?.blocks.length).toBeGreaterThan(900)
})

/** Pages from the data on: plain ones, one that is read alone, a device, and two where nothing is. */
const pages = [readWrite, access.read, readWrite, readWrite | access.device, access.none, readWrite, access.none]
const physical = 0xa0000000
const windows = [physical, 0xc0000000, 0xe0000000 - 0x1000]
const edgesOfPages = [
  ...pages.map((_, n) => dataBase + 0x1000 * n),
  ...windows.flatMap(start => [start, start + 0x1000]),
  codeBase,
  codeBase + 0x1000,
]
const pointer = fc
  .tuple(fc.constantFrom(...edgesOfPages), fc.integer({ min: -48, max: 48 }), fc.nat(0xffff))
  .map(([edge, by, high]) => (BigInt(high) << 32n) | BigInt(edge + by))

const accesses = straight.filter(({ name }) => /^(l|st|dcbz|icbi)/.test(name))
const simple = named('add', 'addi', 'subf', 'cmpi', 'cmpl', 'rlwinm', 'or', 'mftb', 'mtspr', 'mfspr', 'addic', 'adde')
const near = fc.integer({ min: -40, max: 40 })
const displacement = fc.oneof(
  { arbitrary: near, weight: 12 },
  { arbitrary: fc.constantFrom(-0x8000, -0x7ff8, 0x7ff8, 0x7fff, 0x1000, -0x1000, 0xff8, 0x200), weight: 1 },
)
const memoryRow = fc.oneof(
  { arbitrary: fc.constantFrom(...control), weight: 2 },
  { arbitrary: fc.constantFrom(...named('lwz', 'stw', 'lbz', 'ld', 'std', 'lwzu', 'stwu', 'lfs', 'stfd')), weight: 6 },
  { arbitrary: fc.constantFrom(...accesses), weight: 3 },
  { arbitrary: fc.constantFrom(...simple), weight: 3 },
  { arbitrary: fc.constantFrom(...named('cmpi', 'cmp', 'bc')), weight: 3 },
)
/** Moves pointers, and writes over what was compared. */
const moved = ['addi r3, r3, 24', 'lwzu r4, 8(r2)', 'cmpw cr1, r5, r6', 'subfo. r8, r9, r10', 'mftb r11', 'blr']
const inMemory = fc.record({
  words: wordsOf(memoryRow, displacement, 2),
  calls: fc.array(fc.nat(programLength - 1), { maxLength: 3 }),
  pointers: fc.array(pointer, { minLength: 7, maxLength: 7 }),
  ...circumstances,
})

/** Programs of the float unit: singles, doubles, NaNs and what overflows, in a few registers, with branches between. */
const floats = (pattern: RegExp) => fc.constantFrom(...straight.filter(({ name }) => pattern.test(name)))
const floatRow = fc.oneof(
  { arbitrary: fc.constantFrom(...control), weight: 4 },
  { arbitrary: floats(/^f(n?m?(add|sub)|mul|mr|neg|abs|sel|rsp)s?$/), weight: 10 },
  { arbitrary: floats(/^f/), weight: 3 },
  { arbitrary: floats(/^(l|st)f[sd]$/), weight: 6 },
  { arbitrary: floats(/^mtfs|^mffs|^mcrfs/), weight: 1 },
  { arbitrary: floats(/fp(128)?$|^v(max|min|sel|or)/), weight: 3 },
  { arbitrary: fc.constantFrom(...named('addi', 'cmpi', 'add', 'subf')), weight: 3 },
)
const numberBits = (value: number): bigint => new DataView(Float64Array.of(value).buffer).getBigUint64(0, true)
const double = fc.oneof(
  { arbitrary: fc.integer({ min: -12, max: 12 }).map(n => numberBits(n / 4)), weight: 8 },
  { arbitrary: fc.float({ noNaN: true }).map(numberBits), weight: 3 },
  { arbitrary: fc.double().map(numberBits), weight: 3 },
  {
    arbitrary: fc.constantFrom(0n, 1n << 63n, 0x7ff0000000000000n, 0x7ff8000000000000n, 0xfff4000000000000n),
    weight: 1,
  },
)
/** Makes other numbers of what was a single, or stored, or compared. */
const reckoned = [
  'fmul f0, f0, f3',
  'fmul f1, f1, f3',
  'lfd f2, 8(r1)',
  'fcmpu cr1, f1, f2',
  'vaddfp v1, v1, v2',
  'addo. r9, r9, r10',
  'blr',
]
const inFloat = fc.record({
  words: wordsOf(
    floatRow,
    near.map(by => 4 * by),
    2,
  ),
  calls: fc.array(fc.nat(programLength - 1), { maxLength: 3 }),
  doubles: fc.array(double, { minLength: 12, maxLength: 12 }),
  fpscr: fc.constantFrom(0, 0, 0, 0, 0, 1, 4, 0x10, 0xf8),
  ...circumstances,
})

/** Programs that compare a few numbers in all ways, in one condition field or two, and are run anew from their start. */
const comparing = fc.record({
  words: wordsOf(
    fc.oneof(
      { arbitrary: fc.constantFrom(...named('cmp', 'cmpl', 'cmpi', 'cmpli')), weight: 4 },
      { arbitrary: fc.constantFrom(...named('addi', 'add', 'neg')), weight: 5 },
      { arbitrary: fc.constantFrom(...named('bc')), weight: 3 },
    ),
    near,
    2,
  ),
  calls: fc.array(fc.nat(programLength - 1), { minLength: 1, maxLength: 3 }),
  slices: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 20, maxLength: 20 }),
  values: fc.array(anyNumber, { minLength: 40, maxLength: 40 }),
  wide: fc.boolean(),
})

/** All of memory that a program can reach. */
const reached = ({ memory }: Workbench): unknown[] => [
  ...pages.map((flags, n) =>
    flags === access.none ? [] : memory.bytes.slice(dataBase + 0x1000 * n, dataBase + 0x1000 * (n + 1)),
  ),
  memory.bytes.slice(physical, physical + 0x2000),
  memory.bytes.slice(codeBase, codeBase + 4 * programLength),
]

function start(engine: Tried, one: RandomProgram & { readonly wide: boolean }) {
  const bench = benchOf(engine, one.wide)
  const { memory, asked } = bench
  asked.length = 0
  for (const [n, flags] of pages.entries()) {
    memory.commit(dataBase + 0x1000 * n, 0x1000, flags)
    memory.bytes.fill(0x11 * n, dataBase + 0x1000 * n, dataBase + 0x1000 * (n + 1))
  }
  memory.commit(physical, 0x2000, readWrite)
  memory.bytes.fill(0x5a, physical, physical + 0x2000)
  prepare(bench, one)
  memory.commit(codeBase + 0x1000, 0x1000, readWrite)
  return bench
}

describe('compiled code does what the interpreter does', () => {
  test('where pages end: at devices, at code, at what is read alone, in the windows that fold, by an exact clock', () => {
    fc.assert(
      fc.property(inMemory, given => {
        const one = { ...given, words: withFunction(given.words, moved, given.calls) }
        const seen = engines.map(engine => {
          const bench = start(engine, one)
          for (const [n, at] of one.pointers.entries()) bench.cpu.registers().setGpr(n + 1, at)
          return [runSlices(bench, one), reached(bench), [...bench.asked]]
        })
        expect(seen[1], listing(one.words)).toEqual(seen[0])
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
  })

  test('where what is known of float registers meets on many ways', () => {
    fc.assert(
      fc.property(inFloat, given => {
        const one = { ...given, words: withFunction(given.words.map(fewRegisters), reckoned, given.calls) }
        const seen = engines.map(engine => {
          const bench = start(engine, one)
          const registers = bench.cpu.registers()
          registers.fpscr = one.fpscr
          for (let n = 1; n < 8; n += 1) registers.setGpr(n, BigInt(dataBase + 0x200 + 64 * n))
          for (let n = 0; n < 32; n += 1) registers.setFpr(n, one.doubles[n % 12] ?? 0n)
          for (let n = 0; n < 0x400; n += 8) bench.memory.store64(dataBase + n, one.doubles[(n >> 3) % 12] ?? 0n)
          for (let n = 0; n < 0x400; n += 4)
            bench.memory.store32(dataBase + 0x400 + n, Number((one.doubles[(n >> 2) % 12] ?? 0n) >> 32n))
          return [runSlices(bench, one), reached(bench), [...bench.asked]]
        })
        expect(seen[1], listing(one.words)).toEqual(seen[0])
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
  })

  test('where numbers are compared in many ways that meet, wherever the budget ends', () => {
    fc.assert(
      fc.property(comparing, given => {
        const words = withFunction(given.words, ['addi r9, r9, 3', 'blr'], given.calls)
        const one = { ...given, words, drops: [], writable: false, ctr: 5 }
        const seen = engines.map(engine => {
          const bench = start(engine, one)
          const registers = bench.cpu.registers()
          return one.slices.map(slice => {
            registers.pc = codeBase
            bench.cpu.run(slice)
            return registers.copy()
          })
        })
        expect(seen[1], listing(words)).toEqual(seen[0])
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
  })
})
