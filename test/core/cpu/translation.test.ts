import { describe, expect, test } from 'vitest'
import type { TranslatedUnit } from '../../../core/cpu/compiler/translation.ts'
import type { CpuSettings } from '../../../core/cpu/run.ts'
import { createTranslatorThread } from '../../../core/host/translator.ts'
import { lateTranslation } from '../../kit/translation.ts'
import { all, codeBase, createWorkbench, type Workbench } from './workbench.ts'

/** Adds up 1 to r4, a hundred times r5. */
const sum = ['li r3, 0', 'mtctr r4', 'addi r3, r3, 1', 'bdnz 0x82000008', 'addic. r5, r5, -1', 'bne 0x82000004']

function start(settings: CpuSettings): Workbench {
  const bench = createWorkbench({}, false, { engine: 'tiered', ...settings })
  bench.place(sum, codeBase, all)
  bench.cpu.setStops([codeBase + 4 * sum.length])
  const registers = bench.cpu.registers()
  registers.setGpr(4, 10_000n)
  registers.setGpr(5, 100_000_000n)
  return bench
}
const compiledUnits = ({ cpu }: Workbench): number => cpu.compiler?.units_compiled_total ?? 0

describe('translation beside the running thread', () => {
  test('goes on while the guest runs, which is compiled when the answer is there', () => {
    const translation = lateTranslation([3])
    const bench = start({ translation })
    const seen: boolean[] = []
    while (translation.taken === 0) {
      bench.cpu.run(200_000)
      if (translation.asked !== undefined) seen.push(compiledUnits(bench) > 0)
    }
    // The run that asked, and three that asked in vain.
    expect(seen).toEqual([false, false, false, false])
    expect(compiledUnits(bench)).toBeGreaterThan(0)
  })

  test('is thrown away where the code changes meanwhile, and asked for again', () => {
    const translation = lateTranslation([1])
    const bench = start({ translation })
    while (translation.asked === undefined) bench.cpu.run(200_000)
    bench.memory.store32(codeBase + 8, 0x3863_0002)
    const before = bench.cpu.registers().gpr32(3)
    while (translation.taken === 0) bench.cpu.run(100)
    expect(compiledUnits(bench)).toBe(0)
    expect(bench.cpu.registers().gpr32(3) - before).toBeGreaterThan(50)
    while (compiledUnits(bench) === 0) bench.cpu.run(200_000)
    expect(translation.taken).toBe(2)
  })

  test('is thrown away where so much changes meanwhile that nobody keeps track of it', () => {
    for (const [writes, units] of [
      [1_000, 1],
      [1_100, 0],
    ] as const) {
      const translation = lateTranslation([1])
      const bench = start({ translation })
      while (translation.asked === undefined) bench.cpu.run(200_000)
      for (let n = 0; n < writes; n += 1) bench.cpu.invalidate(codeBase + 0x800, 4)
      while (translation.taken === 0) bench.cpu.run(100)
      expect(Math.min(compiledUnits(bench), 1)).toBe(units)
    }
  })

  test('is done by a thread of the host', async () => {
    const translation = createTranslatorThread()
    const bench = start({ translation })
    while (compiledUnits(bench) === 0) {
      bench.cpu.run(200_000)
      await new Promise(resolve => setImmediate(resolve))
    }
    translation.close()
    const { cpu } = start({ engine: 'interpreter' })
    cpu.run(bench.cpu.retired)
    expect(bench.cpu.registers().copy()).toEqual(cpu.registers().copy())
  })

  test('is done by the same thread for one processor after the other, however much they ask', async () => {
    const translation = createTranslatorThread()
    const stops = Array.from({ length: 40_000 }, (_, i) => codeBase + 0x10000 + 4 * i)
    for (const more of [[], stops, []]) {
      // This one is given up while its request is under way.
      start({ translation }).cpu.run(3_000_000)
      const bench = start({ translation })
      bench.cpu.setStops([codeBase + 4 * sum.length, ...more])
      while (compiledUnits(bench) === 0) {
        bench.cpu.run(200_000)
        await new Promise(resolve => setImmediate(resolve))
      }
      const { cpu } = start({ engine: 'interpreter' })
      cpu.run(bench.cpu.retired)
      expect(bench.cpu.registers().copy()).toEqual(cpu.registers().copy())
    }
    translation.close()
  })

  test('leaves of an answer what its own units say, whatever the thread answers later', async () => {
    const thread = createTranslatorThread()
    const units: TranslatedUnit[] = []
    const said: string[] = []
    const translation = {
      ...thread,
      answer() {
        const answer = thread.answer()
        for (const unit of answer?.translation.units ?? []) {
          units.push(unit)
          said.push(blocksOf(unit))
        }
        return answer
      },
    }
    const blocksOf = ({ entry, starts, ends }: TranslatedUnit): string => `${entry}: ${starts} to ${ends}`
    const bench = start({ translation })
    for (const base of [codeBase, codeBase + 0x800, codeBase + 0xc00]) {
      bench.place(['addi r3, r3, 1', `b ${base}`], base, all)
      const before = units.length
      while (units.length === before) {
        bench.cpu.run(200_000)
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    thread.close()
    expect(new Set(said).size).toBe(said.length)
    expect(units.map(blocksOf)).toEqual(said)
    // A module that lives long keeps nothing of what others were told.
    for (const { starts, ends } of units)
      for (const { buffer } of [starts, ends]) expect(buffer.byteLength).toBeLessThan(1_000)
  })

  test('ends the run with what failed in the thread', async () => {
    const thread = createTranslatorThread()
    const translation = {
      ...thread,
      begin: (setup: Parameters<typeof thread.begin>[0]) => thread.begin({ ...setup, memory: new ArrayBuffer(8) }),
    }
    const bench = start({ translation })
    const run = async (): Promise<void> => {
      for (;;) {
        bench.cpu.run(200_000)
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    await expect(run()).rejects.toThrow(/typed array/i)
    thread.close()
  })
})
