/** Loops that jump to cases, used in any order over time, translated late, in little room, and written over meanwhile. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assembler } from '../../../core/cpu/isa.ts'
import { at, startLate, to } from './late-bench.ts'
import { all, createWorkbench, dataBase, type Workbench } from './workbench.ts'

/** Goes round a list of addresses from r5 to r4, and jumps to each; what it calls is behind it. */
const head = ['cmplw r3, r4', `blt ${to(3)}`, 'mr r3, r5', 'lwz r6, 0(r3)', 'addi r3, r3, 4', 'mtctr r6', 'bctr']
const leaf = ['addi r9, r9, 3', 'blr']
/** A case: so many instructions, and whether it calls, goes round a little, or goes on to the case behind it. */
const oneCase = fc.record({
  length: fc.integer({ min: 1, max: 110 }),
  end: fc.constantFrom('back', 'back', 'back', 'call', 'loop', 'through'),
})
type Case = typeof oneCase extends fc.Arbitrary<infer T> ? T : never

function linesOf(cases: readonly Case[]): { readonly lines: string[]; readonly starts: readonly number[] } {
  const lines = [...head, ...leaf]
  const starts = cases.map(({ length, end }, n) => {
    const start = lines.length
    for (let i = 0; i < length; i += 1) lines.push(`addi r7, r7, ${n + 1}`)
    if (end === 'call') lines.push(`bl ${to(head.length)}`)
    if (end === 'loop') lines.push('li r10, 9', 'addic. r10, r10, -1', `bne ${to(lines.length + 1)}`)
    if (end !== 'through' || n === cases.length - 1) lines.push(`b ${to(0)}`)
    return at(start)
  })
  return { lines, starts }
}

const step = fc.record({
  /** Cases in the order they are used, by number and over their count. */
  use: fc.array(fc.nat(99), { minLength: 1, maxLength: 40 }),
  millions: fc.integer({ min: 1, max: 9 }),
  /** Instructions of cases that are written over in the middle of it, likewise. */
  write: fc.array(fc.nat(99), { maxLength: 2 }),
})
const program = fc.record({
  cases: fc.array(oneCase, { minLength: 1, maxLength: 30 }),
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
  listed: fc.boolean(),
  delay: fc.integer({ min: 0, max: 40 }),
  capacity: fc.constantFrom(20, 200, 2_000, 100_000, 100_000, 100_000),
  decodedPages: fc.constantFrom(1, 3, 64),
  mostLearned: fc.constantFrom(2, 12, 100_000, 100_000, 100_000),
})
type Program = typeof program extends fc.Arbitrary<infer T> ? T : never

/** Runs the steps, and goes on with the last until all has come to rest; the registers behind each. */
function perform(
  { memory, cpu, place }: Pick<Workbench, 'memory' | 'cpu' | 'place'>,
  { cases, steps }: Program,
  rest: number,
): Uint8Array[] {
  const { lines, starts } = linesOf(cases)
  place(lines, at(0), all)
  const registers = cpu.registers()
  const run = (instructions: number): void => {
    for (let left = instructions; left > 0; left -= 100_000) cpu.run(Math.min(left, 100_000))
  }
  const startOf = (number: number): number => starts[number % starts.length] ?? 0
  const states = steps.map(({ use, millions, write }, n) => {
    for (const [i, number] of use.entries()) memory.store32(dataBase + 4 * i, startOf(number))
    registers.setGpr(3, BigInt(dataBase))
    registers.setGpr(5, BigInt(dataBase))
    registers.setGpr(4, BigInt(dataBase + 4 * use.length))
    run(millions * 500_000)
    for (const number of write)
      memory.store32(startOf(number), assembler.word(`addi r8, r8, ${n + 1}`, startOf(number)))
    run(millions * 500_000)
    return registers.copy()
  })
  run(rest)
  return [...states, registers.copy()]
}

test('a loop of cases ends as it does interpreted, and is compiled once and for all where there is room', () => {
  fc.assert(
    fc.property(program, one => {
      const rest = 60_000_000
      const { listed, delay, capacity, decodedPages, mostLearned } = one
      const size = 4 * linesOf(one.cases).lines.length
      const functions = new Map(listed ? [[at(0), size]] : [])
      const bench = startLate(delay, { functions, capacity, decodedPages, mostLearned })
      const isRoomy = capacity === 100_000 && mostLearned === 100_000
      const states = perform(bench, one, isRoomy ? rest : 5_000_000)
      expect(states).toEqual(perform(createWorkbench(), one, isRoomy ? rest : 5_000_000))
      if (!isRoomy) return
      const before = bench.asked.length
      expect(bench.compiledSlices()).toBeGreaterThan(90)
      bench.run(10_000_000)
      // A place at which slices went on often enough may be a unit by now, once.
      const later = bench.asked.slice(before)
      expect(later.length).toBeLessThan(4)
      expect(later).toEqual([...new Set(later)])
    }),
    { numRuns: Number(process.env.RUNS ?? 8), endOnFailure: true },
  )
})
