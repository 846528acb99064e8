import { describe, expect, test } from 'vitest'
import type { CpuSettings } from '../../../core/cpu/run.ts'
import { msrSf } from '../../../core/cpu/state.ts'
import { at, startLate, to } from './late-bench.ts'
import { codeBase, dataBase } from './workbench.ts'

/** Goes round a list of addresses from r5 to r4, and jumps to each. (What also sets a condition field is jumped over in fact.) */
const dispatch = [
  'cmplw r3, r4',
  `blt ${to(3)}`,
  'or. r3, r5, r5',
  'lwz r6, 0(r3)',
  'addi r3, r3, 4',
  'mtctr r6',
  'bctr',
]
/** Cases behind it, of so many instructions each. */
const cases = (count: number, length: number): string[] =>
  Array.from({ length: count }, () => [
    ...Array.from({ length: length - 1 }, () => 'addi r7, r7, 1'),
    `b ${to(0)}`,
  ]).flat()
const caseAt = (number: number, length: number): number => at(dispatch.length + number * length)

function startSwitch(count: number, length: number, settings: CpuSettings & { delay?: number } = {}) {
  const lines = [...dispatch, ...cases(count, length)]
  const bench = startLate(settings.delay ?? 2, { functions: new Map([[codeBase, 4 * lines.length]]), ...settings })
  bench.place(lines)
  const registers = bench.cpu.registers()
  /** Has cases go round from now on. */
  function useAll(list: readonly number[]): void {
    for (const [i, n] of list.entries()) bench.memory.store32(dataBase + 4 * i, caseAt(n, length))
    registers.setGpr(3, BigInt(dataBase))
    registers.setGpr(5, BigInt(dataBase))
    registers.setGpr(4, BigInt(dataBase + 4 * list.length))
  }
  const use = (first: number): void => useAll(Array.from({ length: first }, (_, n) => n))
  const isCase = (pc: number): boolean => pc >= at(dispatch.length)
  return { ...bench, use, useAll, isCase }
}

describe('a case of a switch', () => {
  test('is a unit of its own, though the code changed while that was found out', () => {
    const { cpu, use, run, runUntilPending, isPending, asked } = startSwitch(30, 100)
    use(1)
    run(20_000_000)
    use(24)
    runUntilPending()
    cpu.invalidate(codeBase, 4)
    while (isPending()) cpu.run(50_000)
    run(40_000_000)
    const before = asked.length
    for (const first of [26, 28, 30]) {
      use(first)
      run(40_000_000)
    }
    expect(asked.slice(before)).toHaveLength(6)
    expect(asked.slice(before)).not.toContain(codeBase)
  })

  test('is in the unit that took it in, though the one before is pushed out later', () => {
    const far = codeBase + 0x8000
    const { cpu, place, use, run, runAt, compiledSlices } = startSwitch(2, 10, { capacity: 52 })
    place(['addi r9, r9, 1', `b ${far}`], far)
    cpu.registers().pc = codeBase
    for (const first of [1, 2]) {
      use(first)
      run(20_000_000)
    }
    expect(cpu.compiler?.units_evicted_total).toBe(0)
    runAt(far, 20_000_000)
    expect(cpu.compiler?.units_evicted_total).toBeGreaterThan(0)
    const { units_compiled_total: before } = cpu.compiler ?? {}
    cpu.registers().pc = codeBase
    expect(compiledSlices()).toBeGreaterThan(90)
    expect(cpu.compiler?.units_compiled_total).toBe(before)
  })

  test('that became hot in the unit that holds it is no reason to translate anything', () => {
    const { cpu, useAll, run, asked } = startSwitch(2, 10)
    useAll([...new Array<number>(99).fill(0), 1])
    run(20_000_000)
    expect(asked).toEqual([codeBase, codeBase])
    // Where runs end and begin, the interpreter passes it.
    for (let turn = 0; turn < 5_000; turn += 1) {
      cpu.registers().pc = caseAt(1, 10)
      cpu.run(1)
    }
    run(20_000_000)
    expect(asked).toEqual([codeBase, codeBase])
  })

  test('that only the interpreter does is no reason to translate again and again', () => {
    const { cpu, place, useAll, run, asked } = startSwitch(2, 10)
    place(['lswx r8, 0, r5'], caseAt(1, 10))
    cpu.registers().pc = codeBase
    useAll([0, 1])
    run(80_000_000)
    expect(asked.length).toBeLessThan(8)
  })

  test('is in no unit any more once one that jumps there has no room for it', () => {
    const far = codeBase + 0x8000
    const { cpu, memory, place, useAll, run, units, exits } = startSwitch(7, 20, { functions: new Map() })
    const long = [...new Array<string>(1_400).fill('addi r8, r8, 1'), `b ${codeBase}`]
    place(long, far)
    cpu.registers().pc = codeBase
    useAll([0, 1, 2, 3, 4, 5, 6])
    // The last of them goes the long way.
    memory.store32(dataBase + 24, far)
    run(60_000_000)
    // The first knew of no case.
    const [, second] = units.filter(({ entry }) => entry === codeBase)
    expect([...(second?.starts ?? [])]).toContain(at(3))
    expect([...(second?.starts ?? [])]).not.toContain(caseAt(0, 20))
    expect(exits(1_000_000)).toBeLessThan(100)
  })

  test('that is new has the loop compiled anew that jumps there, and none of the units that come by', () => {
    const { use, run, units, exits } = startSwitch(20, 10)
    use(12)
    run(60_000_000)
    const before = units.length
    use(16)
    run(60_000_000)
    const large = units.slice(before).filter(({ instructions }) => instructions > 100)
    expect(new Set(large.map(({ entry }) => entry))).toEqual(new Set([at(3)]))
    expect(exits(1_000_000)).toBeLessThan(100)
  })

  test('holds the way back to the jump when it is a unit of its own: from each to the next there is one step', () => {
    const length = 100
    const { useAll, run, units, isCase } = startSwitch(24, length, {
      functions: new Map([[codeBase - 0x1000, 0x1000 + 4 * (dispatch.length + 24 * length)]]),
    })
    const all = Array.from({ length: 24 }, (_, n) => n)
    useAll(all.slice(0, 10))
    run(60_000_000)
    // The jump has a loop that is a unit of its own, until it has more behind it than a unit holds.
    expect(units.at(-1)?.entry).toBe(at(3))
    const before = units.length
    useAll(all)
    run(60_000_000)
    const own = units.slice(before).filter(({ entry }) => isCase(entry))
    expect(own.length).toBeGreaterThan(12)
    expect(own.filter(({ starts }) => !starts.includes(at(3)))).toEqual([])
  })

  test('joins the unit that jumps there though its code changed while that was done', () => {
    const { cpu, use, run, units, isCase, exits, runUntilPending } = startSwitch(2, 10)
    use(1)
    run(30_000_000)
    use(2)
    runUntilPending()
    cpu.invalidate(caseAt(1, 10) + 4, 4)
    run(40_000_000)
    expect(units.map(({ entry }) => entry).filter(isCase)).toEqual([])
    expect(exits(1_000_000)).toBeLessThan(100)
  })

  test('is taken in in another mode, where it was being made a unit of its own', () => {
    const { cpu, use, run, asked, isCase, runUntilPending } = startSwitch(24, 100)
    use(1)
    run(20_000_000)
    use(24)
    runUntilPending()
    cpu.registers().msr |= msrSf
    use(2)
    run(60_000_000)
    expect(asked.filter(isCase)).toEqual([])
  })

  test('is taken in again in another mode, where it was a unit of its own before', () => {
    const { cpu, useAll, run, asked, isCase } = startSwitch(24, 100)
    useAll(Array.from({ length: 24 }, (_, n) => n))
    run(60_000_000)
    expect(asked.some(isCase)).toBe(true)
    const before = asked.length
    cpu.registers().msr |= msrSf
    useAll([0, 1])
    run(40_000_000)
    expect(asked.slice(before).filter(isCase)).toEqual([])
    expect(asked.slice(before)).toContain(codeBase)
  })

  test('joins the unit that jumps there though that is being translated, without it', () => {
    const { use, run, asked, isCase, exits, runUntilPending } = startSwitch(3, 10, { delay: 40 })
    use(1)
    run(30_000_000)
    use(2)
    runUntilPending()
    use(3)
    run(40_000_000)
    expect(asked.filter(isCase)).toEqual([])
    expect(exits(1_000_000)).toBeLessThan(100)
  })

  test('is not what the unit behind a jump goes on to', () => {
    const home = codeBase + 0x2000
    const behind = home + 8
    const { run, place, asked, cpu } = startLate(1, { functions: new Map([[home, 16]]) })
    place(['mtctr r10', 'bctr', 'addi r7, r7, 1', `b ${home}`], home)
    place(['addi r8, r8, 1', 'cmpw r8, r12', `bge ${behind}`, `b ${home}`])
    const registers = cpu.registers()
    registers.setGpr(10, BigInt(codeBase))
    registers.setGpr(12, 0x7000_0000n)
    run(20_000_000)
    registers.setGpr(12, 0n)
    run(20_000_000)
    expect(asked.toSorted((a, b) => a - b)).toEqual([codeBase, home, behind])
  })

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

test('a loop that goes round by jumps through registers alone is compiled', () => {
  const { cpu, memory, place, run, exits } = startLate(1)
  const next = ['lwz r6, 0(r3)', 'mtctr r6', 'lwz r3, 4(r3)', 'bctr']
  const size = 1 + next.length
  const count = 12
  place(Array.from({ length: count }, () => ['addi r7, r7, 1', ...next]).flat())
  // A ring of cases, and of where to go on from.
  for (let n = 0; n < count; n += 1) {
    memory.store32(dataBase + 8 * n, at(((n + 5) % count) * size))
    memory.store32(dataBase + 8 * n + 4, dataBase + 8 * ((n + 5) % count))
  }
  cpu.registers().setGpr(3, BigInt(dataBase))
  run(100_000_000)
  expect(cpu.compiler?.units_compiled_total).toBeGreaterThan(0)
  expect(exits(1_000_000)).toBeLessThan(100)
})

test('what became hot inside of what was being translated counts anew, and is not asked for', () => {
  const { run, place, asked, cpu } = startLate(40)
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
  // Unless that is where the interpreter goes on.
  for (let turn = 0; turn < 15_000; turn += 1) {
    cpu.registers().pc = at(0)
    cpu.run(1)
  }
  run(30_000_000)
  expect(asked).toEqual([at(1), at(0)])
})

test('a loop that goes round often is a unit of its own, though what is around it is compiled before', () => {
  const { run, place, units } = startLate(1)
  place([
    `bl ${to(2)}`,
    `b ${to(0)}`,
    'li r5, 10', // 2: the function
    'li r6, 8',
    'addic. r6, r6, -1', // 4: eight rounds each time
    `bne ${to(4)}`,
    'addic. r5, r5, -1',
    `bne ${to(3)}`,
    'li r6, 64',
    'addi r3, r3, 1', // 9: 64 rounds each time
    'addic. r6, r6, -1',
    `bne ${to(9)}`,
    'blr',
  ])
  run(2_000_000)
  expect(units.slice(0, 2)).toMatchObject([
    { entry: at(3), instructions: 6 },
    { entry: at(9), instructions: 3 },
  ])
})

test('a function that saves its link register late has one unit', () => {
  const body = ['addi r3, r3, 1', 'cmpwi r3, 0', 'mflr r0', 'mtlr r0', 'blr']
  const { run, place, asked } = startLate(0, { functions: new Map([[at(2), 4 * body.length]]) })
  place([`bl ${to(2)}`, `b ${to(0)}`, ...body])
  run(20_000_000)
  expect(asked).toContain(at(2))
  expect(asked).not.toContain(at(4))
})

describe('what is hot', () => {
  const loop = ['addi r3, r3, 1', `b ${to(0)}`]

  test('waits a million instructions for others, if it goes on running', () => {
    const { place, run, asked } = startLate(1)
    place(loop)
    run(800_000)
    expect(asked).toEqual([])
    run(600_000)
    expect(asked).toEqual([at(0)])
  })

  test('waits a hundred times as long, if it runs no more', () => {
    const { cpu, place, runAt, run, asked } = startLate(1)
    place(loop)
    // So long a round that it is not hot itself by then.
    const long = 30
    for (let part = 0; part < long; part += 1)
      place(
        Array.from({ length: 1_024 }, () => 'addi r3, r3, 1'),
        at(1_024 * (part + 1)),
      )
    place([`b ${to(1_024)}`], at(1_024 * (long + 1)))
    cpu.registers().pc = at(0)
    cpu.run(12_000)
    runAt(at(1_024), 90_000_000)
    expect(asked).toEqual([])
    run(12_000_000)
    expect(asked).toEqual([at(0)])
  })
})
