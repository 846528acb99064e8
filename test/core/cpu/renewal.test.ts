import { expect, test } from 'vitest'
import { createProfile } from '../../../core/cpu/profile.ts'
import { codeBase, createWorkbench, exitsOf, readWrite } from './workbench.ts'

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
  const { cpu, memory, run } = createWorkbench({}, false, { engine: 'tiered', profile, capacity: 12 })
  memory.commit(0xa0000000, 0x1000, readWrite)
  run(calls, 1)
  // The leaf is compiled anew, the caller goes for it and comes again.
  while (cpu.compiler?.units_compiled_total !== 5) cpu.run(1_000_000)
  expect(cpu.compiler?.units_evicted_total).toBe(2)
  const before = exitsOf(profile)
  cpu.run(1_000_000)
  expect(exitsOf(profile) - before).toBeLessThan(roundsIn(1_000_000) / 100)
})

test('a unit that gives its very first instruction up again and again is compiled with all it means', () => {
  const profile = createProfile({ now: () => 0, functionOf: pc => pc })
  const { cpu, memory, run } = createWorkbench({}, false, { engine: 'tiered', profile })
  memory.commit(0xa0000000, 0x1000, readWrite)
  // To the load itself instead of where the leaf begins.
  run(calls.with(4, 'ori r7, r7, 0x34'), 1)
  for (let turn = 0; turn < 30; turn += 1) cpu.run(1_000_000)
  const before = exitsOf(profile)
  cpu.run(1_000_000)
  expect(exitsOf(profile) - before).toBeLessThan(roundsIn(1_000_000) / 100)
})
