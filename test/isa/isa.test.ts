import { afterAll, expect, describe as suite, test } from 'vitest'
import { rows } from '../../core/cpu/rows/table.ts'
import { completed, type Dressing, isLeftOut, type Mode, openResults, prepared } from './differences.ts'
import { createFuzzer, describe, type Fuzzer } from './fuzz.ts'
import { hitTable, leastHits, shortcomings } from './tally.ts'
import { vectorCounts } from './vectors.ts'

const modes: readonly Mode[] = ['wide', 'narrow']
/** A compiled sequence takes ten times as long; its rows are those of the interpreter, so that fewer of them are enough. */
const amounts = [
  { engine: 'interpreter', batches: 60, batch: 2000, least: leastHits },
  { engine: 'compiler', batches: 15, batch: 300, least: 50 },
] as const

suite.each(amounts)('random sequences over all rows, run by the $engine,', ({ engine, batches, batch, least }) => {
  const fuzzers: Fuzzer[] = []
  afterAll(() => {
    for (const fuzzer of fuzzers) fuzzer.close()
  })

  test.each(modes)('end as under QEMU in %s mode', mode => {
    const fuzzer = createFuzzer({ mode, seed: 0x15a, engine })
    fuzzers.push(fuzzer)
    for (let n = 0; n < batches; n += 1) {
      const difference = fuzzer.batch(batch)
      if (difference) throw new Error(describe(difference, mode))
    }
    expect(fuzzer.compared).toBeGreaterThan(fuzzer.dropped * 9)
  })

  test(`execute every row that QEMU has ${least} times and more`, () => {
    const counts = fuzzers.map(({ mode, compared, dropped }) => `${mode} ${compared} compared, ${dropped} left out`)
    process.stdout.write(`${engine}: ${counts.join('; ')}\n${hitTable(fuzzers, vectorCounts()).join('\n')}\n`)
    expect(shortcomings(fuzzers, vectorCounts(), least)).toEqual([])
  })

  test('are left out only where they trap, or lose their way among the data', () => {
    const names = new Set(fuzzers.flatMap(({ faults }) => [...faults.keys()]))
    expect([...names].filter(name => !/^t[wd]i?$/.test(name))).toEqual([])
  })
})

suite('the list of what QEMU cannot judge', () => {
  test('is short: all of the integer, branch and condition unit is judged', () => {
    const open = rows.filter(row => modes.every(mode => isLeftOut(row, mode))).map(row => row.name)
    expect(open.filter(name => !/128$|^(dst|[ls]|mf|mt|tlb|fr|v|rfid|hrfid|dcbi)/.test(name))).toEqual([])
  })

  test('names a stated model only of rows that rest on it', () => {
    const dressed: [string, Dressing][] = [...Object.entries(prepared), ...Object.entries(completed)]
    for (const [name, dressing] of dressed) {
      const row = rows.find(one => one.name === name)
      if ('model' in dressing) expect(row?.models, name).toContain(dressing.model)
      else expect(row, name).toBeDefined()
    }
  })

  test('has a way with every stated model: the rows that rest on it are apart, or what is open is hidden or alike', () => {
    for (const [model, way] of Object.entries(openResults)) {
      const resting = rows.filter(row => row.models.some(name => name === model))
      expect(
        resting.filter(row => (row.apart !== undefined) !== (way === 'apart')).filter(row => !row.name.endsWith('128')),
        model,
      ).toEqual([])
    }
  })
})
