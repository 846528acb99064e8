import { describe, expect, test } from 'vitest'
import { createProfile } from '../../../core/cpu/profile.ts'
import type { CpuSettings } from '../../../core/cpu/run.ts'
import { lateTranslation } from '../../kit/translation.ts'
import { codeBase, createWorkbench, dataBase } from './workbench.ts'

const at = (line: number): number => codeBase + 4 * line
const to = (line: number): string => `${at(line)}`

/** A processor whose translator answers so many runs late, and the addresses that were asked for. */
function start(delay: number, settings: CpuSettings = {}) {
  const late = lateTranslation([delay])
  const asked: number[] = []
  const profile = createProfile({ now: () => 0, functionOf: pc => pc })
  const translation = {
    begin: late.begin,
    answer: late.answer,
    ask(request: Parameters<typeof late.ask>[0]) {
      asked.push(...request.entries)
      late.ask(request)
    },
  }
  const bench = createWorkbench({}, false, { engine: 'tiered', translation, profile, ...settings })
  function run(instructions: number): void {
    for (const end = bench.cpu.retired + instructions; bench.cpu.retired < end; ) bench.cpu.run(200_000)
  }
  /** Ways out of compiled code in so many instructions. */
  function exits(instructions: number): number {
    const count = (): number => Object.values(profile.report().exits).reduce((sum, one) => sum + one, 0)
    const before = count()
    run(instructions)
    return count() - before
  }
  return { ...bench, asked, run, exits }
}

/** Goes round a list of addresses from r5 to r4, and jumps to each. */
const dispatch = ['cmplw r3, r4', `blt ${to(3)}`, 'mr r3, r5', 'lwz r6, 0(r3)', 'addi r3, r3, 4', 'mtctr r6', 'bctr']
/** Cases behind it, of so many instructions each. */
const cases = (count: number, length: number): string[] =>
  Array.from({ length: count }, () => [
    ...Array.from({ length: length - 1 }, () => 'addi r7, r7, 1'),
    `b ${to(0)}`,
  ]).flat()
const caseAt = (number: number, length: number): number => at(dispatch.length + number * length)

function startSwitch(count: number, length: number) {
  const lines = [...dispatch, ...cases(count, length)]
  const bench = start(2, { functions: new Map([[codeBase, 4 * lines.length]]) })
  for (let from = 0; from < lines.length; from += 1_024) bench.place(lines.slice(from, from + 1_024), at(from))
  const registers = bench.cpu.registers()
  registers.pc = codeBase
  /** Has the first so many cases gone round from now on. */
  function use(first: number): void {
    for (let n = 0; n < first; n += 1) bench.memory.store32(dataBase + 4 * n, caseAt(n, length))
    registers.setGpr(3, BigInt(dataBase))
    registers.setGpr(5, BigInt(dataBase))
    registers.setGpr(4, BigInt(dataBase + 4 * first))
  }
  const isCase = (pc: number): boolean => pc >= at(dispatch.length)
  return { ...bench, use, isCase }
}

describe('a case of a switch', () => {
  test('is taken into the unit that jumps there when it becomes hot, and is none of its own', () => {
    const { use, run, exits, asked, isCase } = startSwitch(12, 10)
    for (const first of [2, 5, 9, 12]) {
      use(first)
      run(20_000_000)
    }
    expect(asked.filter(isCase)).toEqual([])
    expect(exits(1_000_000)).toBeLessThan(100)
  })

  test('is a unit of its own where all of them are more than a unit holds, and little is translated twice', () => {
    const { cpu, use, run, exits, asked, isCase } = startSwitch(24, 100)
    use(24)
    run(60_000_000)
    expect(new Set(asked.filter(isCase)).size).toBe(24)
    expect(cpu.compiler?.instructions_live).toBeLessThan(2 * 24 * 100 + 2_000)
    // From unit to unit, not by the interpreter.
    expect(exits(1_000_000)).toBeLessThan(100)
  })
})

test('what became hot inside of what was being translated counts anew, and is not asked for', () => {
  const { run, place, asked, cpu } = start(40)
  // The inner loop is hot at once, the outer one while the inner is being translated, and all around it.
  place([
    'li r5, 20',
    ...Array.from({ length: 58 }, () => 'addi r3, r3, 1'),
    'addic. r5, r5, -1',
    `bne ${to(1)}`,
    `b ${to(0)}`,
  ])
  run(30_000_000)
  expect(asked).toEqual([at(1)])
  expect(cpu.compiler?.units_compiled_total).toBe(1)
})

test('a function that saves its link register late has one unit', () => {
  const body = ['addi r3, r3, 1', 'cmpwi r3, 0', 'mflr r0', 'mtlr r0', 'blr']
  const { run, place, asked } = start(0, { functions: new Map([[at(2), 4 * body.length]]) })
  place([`bl ${to(2)}`, `b ${to(0)}`, ...body])
  run(20_000_000)
  expect(asked).toContain(at(2))
  expect(asked).not.toContain(at(4))
})
