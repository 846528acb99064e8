import { expect, test } from 'vitest'
import { createProfile } from '../../../core/cpu/profile.ts'
import { codeBase, createWorkbench, readWrite } from './workbench.ts'

const at = (line: number): string => `${codeBase + 4 * line}`

/** Calls a leaf through a register, again and again, whose load needs the fold: at first the interpreter does it each time. */
const calls = [
  'lis r3, 0xc000',
  'lis r4, 0x7fff',
  'mtctr r4',
  'lis r7, 0x8200',
  'ori r7, r7, 0x24',
  'mtlr r7',
  'blrl',
  `bdnz ${at(5)}`,
  `b ${at(15)}`,
  'addi r6, r6, 1',
  'xori r10, r6, 1',
  'xori r8, r6, 1',
  'xori r9, r6, 1',
  'lwz r5, 0(r3)',
  'blr',
]
const roundsIn = (instructions: number): number => instructions / 9

test('a unit that is compiled anew is entered, even where it pushes out the module it was in before', () => {
  const profile = createProfile({ now: () => 0, functionOf: pc => pc })
  // Room for the caller and the leaf as it is compiled anew, but not for the leaf as it was as well.
  const bench = createWorkbench({}, false, { engine: 'tiered', profile, capacity: 12 })
  bench.memory.commit(0xa0000000, 0x1000, readWrite)
  const exits = (): number => Object.values(profile.report().exits).reduce((sum, one) => sum + one, 0)
  bench.run(calls, 1)
  // The leaf is compiled anew, the caller goes for it and comes again.
  while (bench.cpu.compiler?.units_compiled_total !== 5) bench.cpu.run(1_000_000)
  expect(bench.cpu.compiler?.units_evicted_total).toBe(2)
  const before = exits()
  bench.cpu.run(1_000_000)
  expect(exits() - before).toBeLessThan(roundsIn(1_000_000) / 100)
})
