import { describe, expect, test } from 'vitest'
import { assembler } from '../../../core/cpu/isa.ts'
import type { CpuSettings } from '../../../core/cpu/run.ts'
import { at, startLate, to } from './late-bench.ts'
import { all, codeBase, dataBase, readWrite } from './workbench.ts'

/** Where another loop is, to pass the time with. */
const elsewhere = codeBase + 0x8000
const loopAt = (base: number): string[] => ['addi r3, r3, 1', `b ${base}`]

describe('what was hot is compiled when it is hot again', () => {
  test('though it was written over before it was asked for, and had not run since', () => {
    const { place, memory, run, runAt, asked, compiledSlices } = startLate(0)
    place(loopAt(elsewhere), elsewhere)
    place(loopAt(codeBase), codeBase, all)
    run(200_000)
    expect(asked).toEqual([])
    memory.store32(codeBase, assembler.word('addi r3, r3, 2', codeBase))
    runAt(elsewhere, 10_000_000)
    runAt(codeBase, 10_000_000)
    expect(compiledSlices()).toBeGreaterThan(90)
  })

  test('though all records were forgotten before it was asked for', () => {
    const { cpu, place, run, runAt, asked, compiledSlices } = startLate(0, { decodedPages: 2 })
    place(loopAt(elsewhere), elsewhere)
    place(loopAt(codeBase + 0x1000), codeBase + 0x1000)
    place(loopAt(codeBase))
    run(200_000)
    runAt(codeBase + 0x1000, 200_000)
    expect(asked).toEqual([])
    runAt(elsewhere, 10_000_000)
    expect(cpu.decodedFlushes).toBe(1)
    runAt(codeBase, 10_000_000)
    expect(compiledSlices()).toBeGreaterThan(90)
  })

  test('at once, though it was written over while it was translated, and became hot again before that was over', () => {
    const { cpu, place, run, runUntilPending, asked, units } = startLate(400)
    place([...new Array<string>(499).fill('addi r3, r3, 1'), `b ${to(0)}`])
    runUntilPending()
    cpu.invalidate(codeBase, 4)
    const { retired } = cpu
    while (units.length === 0) run(200_000)
    expect(cpu.retired - retired).toBeGreaterThan(3 * 4_000 * 500)
    run(1_000_000)
    expect(asked).toEqual([codeBase, codeBase])
  })

  test.each([
    ['before', false],
    ['after', true],
  ])('though no unit could begin there, and it was written over %s the translator had said so', (_, answered) => {
    const { cpu, place, memory, runUntilPending, run, isPending, compiledSlices } = startLate(1)
    const answer = (): void => {
      while (isPending()) cpu.run(100)
    }
    // Only the interpreter does it.
    place(['lswx r8, 0, r4', `b ${to(0)}`], codeBase, all)
    memory.commit(dataBase, 0x1000, readWrite)
    runUntilPending()
    if (answered) answer()
    memory.store32(codeBase, assembler.word('addi r3, r3, 2', codeBase))
    answer()
    run(20_000_000)
    expect(compiledSlices()).toBeGreaterThan(90)
  })
})

test('what becomes hot in a processor that was set back to before is compiled as soon as in a new one', () => {
  const { cpu, place, runAt, asked } = startLate(0)
  const saved = cpu.save()
  const bases = [elsewhere, elsewhere + 0x1000, codeBase]
  for (const base of bases) place(loopAt(base), base)
  for (const base of bases.slice(0, 2)) runAt(base, 30_000_000)
  expect(asked).toEqual(bases.slice(0, 2))
  cpu.load(saved)
  runAt(codeBase, 3_000_000)
  expect(asked).toEqual(bases)
})

test('what a unit holds is as hot as anything else before it begins one too, counted from when the unit is there', () => {
  const { place, cpu, run, asked, units } = startLate(1)
  const inner = at(3)
  const loop = ['addi r3, r3, 1', 'andi. r5, r3, 1023', `bne ${to(6)}`]
  place([...loop, 'addi r4, r4, 1', 'andi. r5, r4, 1', `bne ${inner}`, `b ${to(0)}`])
  while (units.length === 0) run(50_000)
  const before = Number(cpu.registers().gpr(4))
  expect(before).toBeGreaterThan(400)
  /** Has the inner loop interpreted so many times, and what is around it go on for as long as anything waits. */
  function interpret(times: number): void {
    for (let i = 0; i < times; i += 1) {
      cpu.registers().pc = inner
      cpu.run(1)
    }
    cpu.registers().pc = codeBase
    run(150_000_000)
  }
  interpret(3_700)
  expect(asked).not.toContain(inner)
  interpret(400)
  expect(asked).toContain(inner)
})

test('what is hot and there was no room for is compiled after that', () => {
  const { place, runAt, cpu, compiledSlices } = startLate(1, { unitsInModule: 1 })
  const bases = [codeBase, elsewhere, elsewhere + 0x1000]
  for (const base of bases) place(loopAt(base), base)
  for (const base of bases) runAt(base, 200_000)
  runAt(codeBase, 20_000_000)
  for (const base of bases) {
    cpu.registers().pc = base
    expect(compiledSlices()).toBeGreaterThan(90)
  }
})

test('what is written over many pages drops what was compiled of any of them', () => {
  const { cpu, place, run } = startLate(1)
  const bases = [codeBase + 0xffc, codeBase + 0x2ffc]
  for (const base of bases) {
    place(loopAt(base).slice(0, 1), base)
    place(loopAt(base).slice(1), base + 4)
  }
  for (const base of bases) {
    cpu.registers().pc = base
    run(20_000_000)
  }
  expect(cpu.compiler?.units_compiled_total).toBe(2)
  cpu.invalidate(codeBase, 0x2ffc)
  expect(cpu.compiler?.units_dropped_total).toBe(1)
  cpu.invalidate(codeBase, 0x4000)
  expect(cpu.compiler?.units_dropped_total).toBe(2)
})

/** Calls the load of a function by itself, again and again, and the function now and then. */
const calls = [
  'lis r7, 0x8200',
  'ori r7, r7, 0x2c',
  'mtlr r7',
  'blrl',
  'addi r8, r8, 1',
  'andi. r9, r8, 7',
  `bne ${to(8)}`,
  `bl ${to(9)}`,
  `b ${to(2)}`,
  'cmpwi r6, 0',
  `beq ${to(11)}`,
  'lwz r5, 0(r3)',
  'blr',
]

describe('a unit that gives its very first instruction up again and again', () => {
  /** The load is compiled by itself and inside of the function; then it needs the fold. */
  function startCalls(settings: CpuSettings = {}) {
    const bench = startLate(1, settings)
    bench.memory.commit(0xa0000000, 0x1000, readWrite)
    bench.memory.commit(dataBase, 0x1000, readWrite)
    for (const base of [elsewhere, elsewhere + 0x1000]) bench.place(loopAt(base), base)
    bench.place(calls)
    bench.cpu.registers().setGpr(3, BigInt(dataBase))
    bench.run(40_000_000)
    expect(bench.units.map(({ entry }) => entry)).toEqual(expect.arrayContaining([at(9), at(11)]))
    bench.cpu.registers().setGpr(3, 0xc0000000n)
    return bench
  }

  test('is compiled with all it means, though another unit holds it that does so too', () => {
    const { run, compiledSlices } = startCalls()
    run(40_000_000)
    expect(compiledSlices()).toBeGreaterThan(90)
  })

  test('is compiled with all it means soon, though there was no room for it at first', () => {
    const { run, compiledSlices } = startCalls({ unitsInModule: 1 })
    run(40_000_000)
    expect(compiledSlices()).toBeGreaterThan(90)
  })

  test('is compiled with all it means, though the records were forgotten while that was done', () => {
    const { cpu, runAt, runUntilPending, compiledSlices } = startCalls({ decodedPages: 2 })
    runUntilPending()
    const { pc } = cpu.registers()
    for (const base of [elsewhere, elsewhere + 0x1000]) {
      cpu.registers().pc = base
      cpu.run(100)
    }
    expect(cpu.decodedFlushes).toBeGreaterThan(0)
    runAt(pc, 40_000_000)
    expect(compiledSlices()).toBeGreaterThan(90)
  })
})
