/** Calls of a unit by itself, which stay in it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findUnit } from '../../../core/cpu/compiler/find.ts'
import { createProfile } from '../../../core/cpu/profile.ts'
import { finderIn } from './finder.ts'
import {
  addressOf as at,
  benchesOf,
  circumstances,
  control,
  engines,
  listing,
  named,
  programLength,
  trailOf,
  withLines,
  wordsOf,
} from './programs.ts'
import { codeBase, createWorkbench, exitsOf, readWrite } from './workbench.ts'

const benchOf = benchesOf((engine, wide) => createWorkbench({}, wide, { engine }))

/** The lines behind the calls of its function that return inside the unit at a line; functions are known at some. */
function recursions(
  words: readonly (number | string)[],
  entry = 0,
  functions: readonly number[] = [],
): number[] | undefined {
  const { memory, place } = benchOf('interpreter', false)
  place(words)
  const mayRun = (pc: number): boolean => pc < codeBase + 4 * words.length
  const isFunction = (pc: number): boolean => functions.includes((pc - codeBase) / 4)
  const unit = findUnit(finderIn(memory, { mayRun, isFunction }), codeBase + 4 * entry)
  return unit?.recursions.map(pc => (pc - codeBase) / 4)
}

/** r3 becomes the sum of all numbers up to it, and of as many ones. */
const sum = [
  'cmpwi r3, 0',
  'beqlr',
  'mflr r0',
  'stwu r1, -16(r1)',
  'stw r0, 8(r1)',
  'stw r3, 12(r1)',
  'addi r3, r3, -1',
  `bl ${at(0)}`,
  'lwz r4, 12(r1)',
  'lwz r0, 8(r1)',
  'addi r1, r1, 16',
  'mtlr r0',
  'add r3, r3, r4',
  'blr',
]

describe('a call', () => {
  test('stays in the unit where it leads to its entry', () => {
    expect(recursions(sum)).toEqual([8])
    expect(recursions([`bl ${at(0)}`, `bl ${at(0)}`, 'blr'])).toEqual([1, 2])
  })

  test('of the function that a unit begins in returns to the unit, if the unit begins behind one', () => {
    expect(recursions(sum, 8)).toEqual([8])
    expect(recursions([`bl ${at(0)}`, 'nop', `bl ${at(0)}`, 'blr'], 1)).toEqual([1, 3])
    expect(recursions(sum, 9)).toEqual([])
  })

  test('of another function, which lies before that of the unit, returns to nowhere in it', () => {
    const helper = ['addi r3, r3, 1', 'blr']
    const caller = ['mflr r0', `bl ${at(0)}`, 'mtlr r0', 'blr']
    expect(recursions([...helper, ...caller], 4, [2])).toEqual([])
    expect(recursions([...helper, ...caller], 4, [0, 2])).toEqual([])
  })

  test('returns to each place once, and to so many', () => {
    expect(recursions(['nop', `bl ${at(0)}`, 'cmpwi r4, 0', `bne ${at(1)}`, 'blr'], 2)).toEqual([2])
    expect(recursions([...Array(20).fill(`bl ${at(0)}`), 'blr'])).toHaveLength(8)
  })

  test('leaves the unit where it leads elsewhere, or not always', () => {
    expect(recursions(sum, 6)).toEqual([])
    expect(recursions(['cmpwi r3, 0', `beql ${at(0)}`, 'blr'])).toEqual([])
    expect(recursions(['nop', `bl ${at(3)}`, 'blr', 'blr'])).toEqual([])
  })
})

test('a part of a function that lies far away calls it as any other does', () => {
  const far = codeBase + 0x40000
  const ends = engines.map(engine => {
    const { cpu, place } = benchOf(engine, false)
    place([`bl ${at(0)}`, 'mtlr r8', 'blr'], far)
    place(['cmpwi r3, 0', 'beqlr', 'mflr r8', 'addi r3, r3, -1', `bl ${at(0)}`, `b ${far}`])
    const registers = cpu.registers()
    registers.clear()
    registers.setGpr(3, 2n)
    registers.lr = BigInt(codeBase)
    cpu.run(1_000)
    return registers.copy()
  })
  expect(ends[1]).toEqual(ends[0])
})

test('a function that calls itself stays in compiled code, however deep', () => {
  const profile = createProfile({ now: () => 0, functionOf: pc => pc })
  const { cpu, memory, place } = createWorkbench({}, false, { engine: 'tiered', profile })
  const [stack, size, deep] = [0x50000000, 0x100000, 20_000]
  memory.commit(stack, size, readWrite)
  place([...sum, `bl ${at(0)}`, 'nop'])
  cpu.setStops([codeBase + 4 * (sum.length + 1)])
  const registers = cpu.registers()
  function sumTo(number: number): number {
    registers.setGpr(1, BigInt(stack + size - 16))
    registers.setGpr(3, BigInt(number))
    registers.pc = codeBase + 4 * sum.length
    cpu.run(1_000_000)
    return registers.gpr32(3)
  }
  for (let time = 0; time < 20; time += 1) sumTo(deep)
  const before = exitsOf(profile)
  expect(sumTo(deep)).toBe((deep * (deep + 1)) / 2)
  expect(exitsOf(profile) - before).toBeLessThan(100)
})

const row = fc.oneof(
  { arbitrary: fc.constantFrom(...named('addi', 'add', 'or', 'cmpi', 'subf', 'rlwinm')), weight: 8 },
  { arbitrary: fc.constantFrom(...named('lwz', 'stw', 'ld', 'std')), weight: 4 },
  { arbitrary: fc.constantFrom(...control), weight: 2 },
)
/** Lines of what such functions do with LR, and calls of the first line. */
const parts = ['mflr r8', 'mtlr r8', 'stw r8, 0(r1)', 'lwz r8, 0(r1)', 'blr', 'beqlr', `bl ${at(0)}`, `bl ${at(0)}`]
const program = fc.record({
  words: fc
    .tuple(
      wordsOf(row, fc.integer({ min: -64, max: 64 }), 3),
      fc.array(fc.tuple(fc.nat(programLength - 1), fc.constantFrom(...parts)), { minLength: 6, maxLength: 16 }),
    )
    .map(([words, lines]) => withLines(words, lines)),
  ...circumstances,
})

test('programs that call themselves come to the same compiled and interpreted, wherever slices end', () => {
  let calls = 0
  fc.assert(
    fc.property(program, one => {
      calls += recursions(one.words)?.length ?? 0
      const [expected, found] = engines.map(engine => trailOf(benchOf(engine, one.wide), one))
      expect(found, listing(one.words)).toEqual(expected)
    }),
    { numRuns: Number(process.env.RUNS ?? 300) },
  )
  expect(calls).toBeGreaterThan(100)
})
