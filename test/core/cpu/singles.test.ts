/** Float registers that compiled code keeps as singles: nobody sees it, and no NaN is lost. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createProfile } from '../../../core/cpu/profile.ts'
import { transient } from '../../../core/cpu/state.ts'
import type { GuestMemory } from '../../../core/memory/guest.ts'
import { hostMap } from '../../../core/memory/map.ts'
import {
  addressOf as at,
  benchesOf,
  circumstances,
  control,
  engines,
  fewRegisters,
  listing,
  named,
  trailOf,
  wordsOf,
} from './programs.ts'
import { codeBase, createWorkbench, dataBase } from './workbench.ts'

const signalling = 0xffa12345
const fpscrModes = ['exact', 'fast'] as const

/** A NaN by all ways that change no bit of it but its sign, from one array to others; the temporaries were doubles before. */
const copies = [
  'lfs f1, 0(r3)',
  'fmr f2, f1',
  'fneg f3, f2',
  'fabs f4, f1',
  'fsel f5, f9, f1, f3',
  'stfs f2, 0(r4)',
  'stfd f3, 8(r4)',
  'stfs f4, 16(r4)',
  'stfd f5, 24(r4)',
  'stfiwx f1, r5, r4',
  `bdnz ${at(0)}`,
]

describe('a NaN that is loaded as a single', () => {
  const runs = fpscrModes.flatMap(fpscr => engines.map(engine => ({ fpscr, engine })))

  test.each(runs)('keeps its bits wherever the run stops ($engine, $fpscr)', ({ fpscr, engine }) => {
    const { cpu, memory, place } = createWorkbench({}, false, { engine, fpscr })
    const registers = cpu.registers()
    const wide = 0xfff4_2468_a000_0000n
    for (let stop = 1; stop < 3 * copies.length; stop += 1) {
      registers.clear()
      for (let n = 1; n < 6; n += 1) registers.setFpr(n, BigInt(n))
      registers.setGpr(3, BigInt(dataBase))
      registers.setGpr(4, BigInt(dataBase + 0x100))
      registers.setGpr(5, 40n)
      registers.ctr = 100n
      memory.store32(dataBase, signalling)
      place(copies)
      cpu.run(stop)
      const done = (line: number, value: bigint, before: bigint): bigint => (stop > line ? value : before)
      expect([1, 2, 3, 4, 5].map(n => registers.fpr(n))).toEqual([
        wide,
        done(1, wide, 2n),
        done(2, wide & ~(1n << 63n), 3n),
        done(3, wide & ~(1n << 63n), 4n),
        done(4, wide, 5n),
      ])
    }
    const stored = (by: number): number => memory.load32(dataBase + 0x100 + by)
    expect([stored(0), stored(8), stored(16), stored(24), stored(40)]).toEqual(
      [signalling, 0x7ff42468, signalling & 0x7fffffff, 0xfff42468, 0xa0000000].map(word => word >>> 0),
    )
  })

  test('is no reason to leave compiled code', () => {
    const profile = createProfile({ now: () => 0, functionOf: pc => pc })
    const { cpu, memory, place } = createWorkbench({}, false, { engine: 'tiered', fpscr: 'fast', profile })
    const registers = cpu.registers()
    memory.store32(dataBase, signalling)
    place([...copies, `b ${at(0)}`])
    registers.setGpr(3, BigInt(dataBase))
    registers.setGpr(4, BigInt(dataBase + 0x100))
    registers.ctr = 1_000_000_000n
    const left = (): object => ({ ...profile.report().exits, budget: 0 })
    cpu.run(2_000_000)
    const before = left()
    cpu.run(2_000_000)
    expect(left()).toEqual(before)
  })
})

const one = 0x3fc00000
const many = Array.from({ length: 24 }, (_, i) => `fadd f${i + 6}, f${i + 6}, f30`)
/** All registers are doubles at first; at r3 are a NaN, a number, and the number as a double; nothing is at r10. */
const shapes = {
  'the temporary of a loop behind a call': [
    `bl ${at(10)}`,
    'addi r6, r6, 1',
    'lfs f1, 4(r3)',
    'fadds f2, f1, f1',
    `bdnz ${at(1)}`,
    'mtctr r7',
    'addi r8, r8, 1',
    'cmpwi r8, 5',
    `blt ${at(0)}`,
    `b ${at(0)}`,
    'fadd f3, f3, f3',
    'blr',
  ],
  'the temporary of a loop with a call in its third round': [
    'addi r8, r8, 1',
    'cmpwi r8, 3',
    `bne ${at(4)}`,
    `bl ${at(10)}`,
    'lfs f1, 4(r3)',
    'fadds f2, f1, f1',
    'cmpwi r8, 6',
    `blt ${at(0)}`,
    'li r8, 0',
    `b ${at(0)}`,
    'fadd f3, f3, f3',
    'blr',
  ],
  'the temporary of a loop that is passed, loaded before it on one way': [
    'cmpwi r5, 0',
    `beq ${at(4)}`,
    'lfs f1, 4(r3)',
    'addi r9, r9, 1',
    'addi r6, r6, 0',
    'cmpwi r6, 0',
    `beq ${at(10)}`,
    'lfs f1, 4(r3)',
    'addi r6, r6, -1',
    `b ${at(5)}`,
    'blr',
  ],
  'the temporary of a loop and of the next, or of the next alone': [
    'cmpwi r5, 0',
    `beq ${at(7)}`,
    'addi r6, r6, 1',
    'cmpwi r6, 3',
    `bge ${at(7)}`,
    'lfs f1, 4(r3)',
    `b ${at(2)}`,
    'mtctr r7',
    'addi r6, r6, 1',
    'lfs f1, 4(r3)',
    `bdnz ${at(8)}`,
    `b ${at(11)}`,
  ],
  'a NaN that is stored as a single, and left in its register': ['lfs f1, 0(r3)', 'stfs f1, 8(r3)', 'blr'],
  'a NaN that is the temporary of a loop, and left there': [
    'addi r6, r6, 1',
    'cmpwi r6, 3',
    `bge ${at(5)}`,
    'lfs f1, 0(r3)',
    `b ${at(0)}`,
    'blr',
  ],
  'a double that is found to be a single by a store which then faults': ['lfd f1, 16(r3)', 'stfs f1, 0(r10)', 'blr'],
  'a single that a function is given': [
    'lfs f1, 4(r3)',
    `bl ${at(3)}`,
    `b ${at(0)}`,
    'fadds f2, f1, f1',
    'fmuls f1, f1, f2',
    `bdnz ${at(3)}`,
    'blr',
  ],
  'a double that would be taken for a single': [
    'cmpwi r6, 0',
    `beq ${at(3)}`,
    'fadds f2, f1, f1',
    'fmul f3, f1, f1',
    'addi r9, r9, 1',
    `bdnz ${at(0)}`,
    'mtctr r7',
    `b ${at(0)}`,
  ],
  'a NaN that a function compares and takes for a single, and makes a double of each round': [
    'lfs f1, 0(r3)',
    `bl ${at(3)}`,
    `b ${at(0)}`,
    'fcmpu cr1, f1, f2',
    'mfcr r9',
    'fadds f2, f1, f1',
    'fadd f1, f9, f9',
    `bdnz ${at(3)}`,
    'blr',
  ],
  'the temporary of a loop among many registers': [
    'lfs f5, 4(r3)',
    ...Array.from({ length: 12 }, (_, i) => `addi r${i + 11}, r${i + 11}, 1`),
    ...many,
    'addi r6, r6, 1',
    'cmpwi r6, 3',
    `bge ${at(42)}`,
    'lfs f1, 4(r3)',
    `b ${at(37)}`,
    'blr',
  ],
}

test.each(Object.entries(shapes))('%s: it is what the interpreter has, wherever the run stops', (_, lines) => {
  for (const fpscr of fpscrModes) {
    const [expected, found] = engines.map(engine => {
      const { cpu, memory, place } = createWorkbench({}, false, { engine, fpscr })
      const registers = cpu.registers()
      return Array.from({ length: 150 }, (_, stop) => {
        registers.clear()
        for (let n = 0; n < 32; n += 1) registers.setFpr(n, 0x3fb999999999999an)
        for (const [n, value] of [dataBase, 0, 1, 0, 3].entries()) registers.setGpr(n + 3, BigInt(value))
        registers.setGpr(10, 0x50000000n)
        registers.ctr = 3n
        registers.lr = BigInt(codeBase + 0x800)
        memory.store32(dataBase, signalling)
        memory.store32(dataBase + 4, one)
        memory.store64(dataBase + 16, 0x3ff8000000000000n)
        place(lines)
        const { kind } = cpu.run(stop + 1)
        return [kind, registers.pc, registers.gpr(9), Array.from({ length: 32 }, (_, n) => registers.fpr(n))]
      })
    })
    expect(found).toEqual(expected)
  }
})

test('a unit that takes a double for a single is compiled once more, and takes nothing for granted then', () => {
  const { cpu, memory, place } = createWorkbench({}, false, { engine: 'tiered', fpscr: 'fast' })
  const registers = cpu.registers()
  const refused = new Uint32Array(memory.wasm.buffer, hostMap.stateBlock + transient.refused, 1)
  const units = (): number | undefined => cpu.compiler?.units_compiled_total
  const runWith = (f1: bigint, r6: bigint): void => {
    registers.setFpr(1, f1)
    registers.setGpr(6, r6)
    for (let time = 0; time < 4; time += 1) cpu.run(1_000_000)
  }
  place(shapes['a double that would be taken for a single'])
  registers.ctr = 1_000_000_000n
  runWith(0x3ff8000000000000n, 1n)
  const before = units()
  runWith(0x3fb999999999999an, 0n)
  expect([before, units()]).toEqual([1, 2])
  runWith(0x3ff8000000000000n, 1n)
  refused[0] = 0
  runWith(0x3fb999999999999an, 0n)
  expect([units(), refused[0]]).toEqual([2, 0])
})

const row = fc.oneof(
  { arbitrary: fc.constantFrom(...named('lfs', 'stfs', 'lfd', 'stfd')), weight: 8 },
  { arbitrary: fc.constantFrom(...named('fadds', 'fmuls', 'fmadds', 'fnmsubs', 'fdivs', 'frsp')), weight: 6 },
  { arbitrary: fc.constantFrom(...named('fmr', 'fneg', 'fabs', 'fnabs', 'fsel')), weight: 5 },
  { arbitrary: fc.constantFrom(...named('fadd', 'fmul', 'fcmpu', 'fctiwz', 'fcfid', 'stfiwx')), weight: 3 },
  { arbitrary: fc.constantFrom(...control), weight: 5 },
)
const single = fc.oneof(
  {
    arbitrary: fc.float({ noNaN: true }).map(value => new DataView(Float32Array.of(value).buffer).getUint32(0, true)),
    weight: 4,
  },
  { arbitrary: fc.constantFrom(signalling, 0x7f800001, 0x7fc00000, 0x7f800000, 1, 0x80000000), weight: 2 },
  { arbitrary: fc.nat(0xffffffff), weight: 1 },
)
const program = fc.record({
  words: wordsOf(
    row,
    fc.integer({ min: -16, max: 16 }).map(by => 4 * by),
    2,
  ),
  singles: fc.array(single, { minLength: 16, maxLength: 16 }),
  ...circumstances,
})

test('programs of singles and doubles come to the same compiled and interpreted, wherever slices end', () => {
  for (const fpscr of fpscrModes) {
    const benchOf = benchesOf((engine, wide) => createWorkbench({}, wide, { engine, fpscr }))
    fc.assert(
      fc.property(program, given => {
        const one = { ...given, words: given.words.map(fewRegisters) }
        const fill = (memory: GuestMemory): void => {
          for (let n = 0; n < 0x1000; n += 4) memory.store32(dataBase + n, one.singles[(n >> 2) % 16] ?? 0)
        }
        const [expected, found] = engines.map(engine => trailOf(benchOf(engine, one.wide), one, fill))
        expect(found, listing(one.words)).toEqual(expected)
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
  }
})
