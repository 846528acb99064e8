import { expect, describe as suite, test } from 'vitest'
import { rows } from '../../core/cpu/rows/table.ts'
import { isLeftOut, leftOut, type Mode } from './differences.ts'
import { createFuzzer, describe } from './fuzz.ts'

const modes: readonly Mode[] = ['wide', 'narrow']
/** Enough that every row is part of hundreds of sequences; a compiled sequence takes ten times as long. */
const amounts = [
  { engine: 'interpreter', batches: 60, batch: 2000 },
  { engine: 'compiler', batches: 15, batch: 300 },
] as const

suite.each(modes)('in %s mode', mode => {
  test.each(amounts)(
    'random sequences over all rows end with the $engine as under QEMU',
    ({ engine, batches, batch }) => {
      const fuzzer = createFuzzer({ mode, seed: 0x15a, engine })
      try {
        for (let n = 0; n < batches; n += 1) {
          const difference = fuzzer.batch(batch)
          if (difference) throw new Error(describe(difference, mode))
        }
        const never = [...fuzzer.hits].filter(([, times]) => times === 0).map(([name]) => name)
        expect(never).toEqual([])
        expect(fuzzer.compared).toBeGreaterThan((batch * batches) / 2)
      } finally {
        fuzzer.close()
      }
    },
  )
})

suite('the list of what QEMU cannot judge', () => {
  test('names rows that exist', () => {
    const names = new Set(rows.map(row => row.name))
    expect(Object.keys(leftOut).filter(name => !names.has(name))).toEqual([])
  })

  test('is short: all of the integer, branch and condition unit is judged', () => {
    const open = rows.filter(row => modes.every(mode => isLeftOut(row.name, mode))).map(row => row.name)
    expect(open.filter(name => !/128$|^(ds|[ls]|mf|mt|tlb|f|v|rfid|hrfid|dcbi)/.test(name))).toEqual([])
  })
})
