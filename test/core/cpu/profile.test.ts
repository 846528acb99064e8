import { describe, expect, test } from 'vitest'
import { createProfile, type Profile, samplePeriod } from '../../../core/cpu/profile.ts'
import type { Engine } from '../../../core/cpu/run.ts'
import { access } from '../../../core/memory/map.ts'
import { codeBase, createWorkbench, dataBase } from './workbench.ts'

/** 200,000 rounds: a call of a leaf, and a longer way every other round. */
const program = [
  'lis r9,3',
  'mtctr r9',
  `bl ${codeBase + 0x24}`,
  'andi. r10,r8,1',
  `beq ${codeBase + 0x1c}`,
  'addi r7,r7,3',
  'rlwinm r7,r7,5,0,31',
  `bdnz ${codeBase + 8}`,
  `b ${codeBase + 0x2c}`,
  'addi r8,r8,1',
  'blr',
] as const
const leaf = codeBase + 0x24
const functionOf = (pc: number): number => (pc >= leaf ? leaf : codeBase)

function profiled(
  engine: Engine,
  slice: number,
  functionAt = functionOf,
): { profile: Profile; r7: bigint; retired: number } {
  let time = 0
  const profile = createProfile({
    now() {
      time += 1
      return time
    },
    functionOf: functionAt,
  })
  const bench = createWorkbench({}, false, { engine, profile })
  let exit = bench.run(program, slice)
  while (exit.kind === 'budget') exit = bench.cpu.run(slice)
  return { profile, r7: bench.cpu.registers().gpr(7), retired: bench.cpu.retired }
}

describe('a profile', () => {
  test('has the same samples in every engine and at any slice, one every so many instructions', () => {
    const runs = (
      [
        ['interpreter', 1e9],
        ['interpreter', 7_001],
        ['compiler', 1e9],
        ['compiler', 12_345],
        ['tiered', 100_000],
      ] as const
    ).map(([engine, slice]) => profiled(engine, slice))
    const plain = createWorkbench()
    plain.run(program, 1e9)
    for (const { profile, r7, retired } of runs) {
      const { samples, functions } = profile.report()
      expect(samples).toBe(Math.floor(retired / samplePeriod))
      expect(functions.reduce((sum, one) => sum + one.samples, 0)).toBe(samples)
      expect(functions.map(one => [one.address, one.samples])).toEqual(
        runs[0]?.profile.report().functions.map(one => [one.address, one.samples]),
      )
      expect([r7, retired]).toEqual([plain.cpu.registers().gpr(7), plain.cpu.retired])
    }
  })

  test('says which functions are compiled, and that with nothing compiled they are interpreted', () => {
    const tiers = (engine: Engine) =>
      profiled(engine, 100_000)
        .profile.report()
        .functions.map(one => one.tier)
    expect(new Set(tiers('interpreter'))).toEqual(new Set(['interpreted']))
    expect(new Set(tiers('compiler'))).toEqual(new Set(['compiled']))
  })

  test('says of what lies inside of compiled code that it is compiled, though nothing was compiled that begins there', () => {
    const { functions } = profiled('tiered', 100_000, pc => pc).profile.report()
    expect(functions.filter(one => one.units === 0).map(one => one.tier)).toContain('compiled')
  })

  test('takes the times of the clock that it is given: a reading before and one after each step', () => {
    const { compile, stall, functions } = profiled('compiler', 100_000).profile.report()
    expect(compile.units).toBe(functions.reduce((sum, one) => sum + one.units, 0))
    expect(functions.reduce((sum, one) => sum + one.compileMilliseconds, 0)).toBe(compile.units)
    expect(compile.instantiateMilliseconds).toBeGreaterThan(0)
    expect(stall.milliseconds).toBeGreaterThan(compile.translateMilliseconds)
    expect(stall.longestMilliseconds).toBeLessThanOrEqual(stall.milliseconds)
  })

  test.each([
    ['access', 'lwz r6,0(r4)'],
    ['kernel', 'sc 2'],
    ['instruction', 'lswi r20,r5,8'],
  ] as const)('counts a way out of compiled code by its cause: %s', (cause, instruction) => {
    const device = 0x7fc8_0000
    const profile = createProfile({ now: () => 0, functionOf })
    const bench = createWorkbench({ call: () => true }, false, { engine: 'compiler', profile })
    bench.memory.commit(device, 0x1000, access.device)
    const rounds = 100
    let exit = bench.run([
      `li r9,${rounds}`,
      'mtctr r9',
      'lis r4,0x7fc8',
      `lis r5,0x${(dataBase >>> 16).toString(16)}`,
      'lwz r6,0(r5)',
      instruction,
      'nop',
      'nop',
      `bdnz ${codeBase + 0x10}`,
    ])
    while (exit.kind === 'leave' && bench.cpu.registers().ctr > 0n) exit = bench.cpu.run(1e9)
    const { exits, functions } = profile.report()
    // The first round may be the interpreter's.
    expect(exits[cause]).toBeGreaterThanOrEqual(rounds - 1)
    expect(exits[cause]).toBeLessThanOrEqual(rounds)
    expect(functions.reduce((sum, one) => sum + one.exits[cause], 0)).toBe(exits[cause])
  })

  test('counts a call of code that is not compiled as such, whatever that begins with', () => {
    const profile = createProfile({ now: () => 0, functionOf })
    const bench = createWorkbench({}, false, { engine: 'tiered', profile })
    const [loop, skip, callee, end] = [0x10, 0x20, 0x28, 0x30].map(offset => codeBase + offset)
    // A thousand calls in four million rounds are not enough for the callee to be compiled.
    const lines = [
      'lis r9,0x40',
      `lis r5,0x${(dataBase >>> 16).toString(16)}`,
      'mtctr r9',
      'nop',
      'addi r10,r10,1',
      'andi. r11,r10,0xfff',
      `bne ${skip}`,
      `bl ${callee}`,
      `bdnz ${loop}`,
      `b ${end}`,
      'lwz r6,0(r5)',
      'blr',
    ]
    expect(bench.run(lines, 100_000_000)).toEqual({ kind: 'leave' })
    const { exits } = profile.report()
    expect(exits.access).toBe(0)
    expect(exits.cold).toBeGreaterThan(500)
  })

  test('counts it as the end of the budget too where a long block asks for more than is left', () => {
    const profile = createProfile({ now: () => 0, functionOf })
    const bench = createWorkbench({}, false, { engine: 'tiered', profile })
    const long = 400
    bench.run([...Array<string>(long).fill('addi r7,r7,1'), `b ${codeBase}`], 10_000_000)
    const before = profile.report().exits
    for (let slice = 0; slice < 100; slice += 1) bench.cpu.run(10 * long + slice)
    const after = profile.report().exits
    expect(after.budget - before.budget).toBeGreaterThan(90)
    expect({ ...after, budget: 0 }).toEqual({ ...before, budget: 0 })
  })
})
