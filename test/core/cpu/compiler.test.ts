import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  benchesOf,
  circumstances,
  control,
  listing,
  named,
  pointAtData,
  prepare,
  programLength,
  type RandomProgram,
  runSlices,
  straight,
  type Tried,
  wordsOf,
} from './programs.ts'
import { codeBase, createWorkbench, dataBase } from './workbench.ts'

const benchOf = benchesOf((engine, wide) =>
  // So little is kept that units go all the time.
  createWorkbench({ timebase: () => 0x123456789abn }, wide, { engine, capacity: 100 }),
)

const common = named('add', 'addi', 'subf', 'cmpi', 'cmp', 'cmpl', 'rlwinm', 'lwz', 'stw', 'lbzu', 'std', 'ld', 'mtspr')
const row = fc.oneof(
  { arbitrary: fc.constantFrom(...control), weight: 3 },
  { arbitrary: fc.constantFrom(...common), weight: 5 },
  { arbitrary: fc.constantFrom(...straight), weight: 4 },
)
const program = fc.record({ words: wordsOf(row, fc.integer({ min: -64, max: 64 })), ...circumstances })

function trail(engine: Tried, one: RandomProgram & { readonly wide: boolean }): unknown[] {
  const workbench = benchOf(engine, one.wide)
  const { memory } = workbench
  prepare(workbench, one)
  pointAtData(workbench)
  for (let n = 0; n < 0x800; n += 8) memory.store64(dataBase + 0x400 + n, one.values[n % one.values.length] ?? 0n)
  return [runSlices(workbench, one), memory.read(dataBase, 0x2000), memory.read(codeBase, 4 * programLength)]
}

describe('compiled code', () => {
  test('does what the interpreter does, slice by slice, in any small program, while code changes under it', () => {
    fc.assert(
      fc.property(program, one => {
        expect(trail('compiler', one), listing(one.words)).toEqual(trail('interpreter', one))
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
    for (const wide of [false, true]) {
      const counters = benchOf('compiler', wide).cpu.compiler
      expect(counters?.units_compiled_total).toBeGreaterThan(100)
      expect(counters?.units_evicted_total).toBeGreaterThan(0)
      expect(counters?.instructions_live).toBeLessThanOrEqual(200)
    }
  })
})
