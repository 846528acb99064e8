import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../../core/cpu/run.ts'
import { all, codeBase, createWorkbench, readExecute } from './workbench.ts'

const systemCall = 0x44000042
const blr = 0x4e800020
const thunks = [codeBase + 0x2000, codeBase + 0x2010] as const
const caller = [
  'li r4, 40',
  'mtctr r4',
  `bl ${thunks[0]}`,
  'addi r5, r5, 1',
  `bl ${thunks[1]}`,
  'add r6, r6, r3',
  `bdnz ${codeBase + 8}`,
  `b ${codeBase + 28}`,
]
/** Where each line begins that a kernel may send the thread to. */
const elsewhere = codeBase + 4 * 5

/** What the kernel does to the thread that calls it, besides counting in r3. */
const deeds = [
  'nothing',
  'leaves',
  'sends it elsewhere',
  'changes where it returns to',
  'writes the thunk anew',
] as const
type Deed = (typeof deeds)[number]
const scenario = fc.record({
  deeds: fc.array(fc.oneof({ arbitrary: fc.constant<Deed>('nothing'), weight: 12 }, fc.constantFrom(...deeds)), {
    minLength: 30,
    maxLength: 30,
  }),
  slices: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 20, maxLength: 20 }),
})

/** A processor whose kernel does what it is told, and its trail: each call, and where each slice ended. */
function createFollower(engine: Engine) {
  let trail: unknown[] = []
  let plan: readonly Deed[] = []
  let began = 0
  const note = (what: unknown): void => void trail.push([what, cpu.retired - began, registers.copy()])
  const { cpu, place } = createWorkbench(
    {
      call(id) {
        const deed = plan[trail.length % plan.length]
        note(id)
        registers.setGpr32(3, registers.gpr32(3) + 1)
        if (deed === 'sends it elsewhere') registers.pc = elsewhere
        if (deed === 'changes where it returns to') registers.lr = BigInt(elsewhere)
        if (deed === 'writes the thunk anew') {
          const { pc } = registers
          place([systemCall, blr, id + 2, 0], thunks[id & 1], all)
          registers.pc = pc
        }
        return deed === 'leaves'
      },
    },
    false,
    engine,
  )
  const registers = cpu.registers()
  return {
    cpu,
    follow(one: { readonly deeds: readonly Deed[]; readonly slices: readonly number[] }): unknown[] {
      trail = []
      plan = one.deeds
      began = cpu.retired
      for (let n = 3; n < 8; n += 1) registers.setGpr32(n, 0)
      for (const [id, at] of thunks.entries()) place([systemCall, blr, id, 0], at, readExecute)
      place(caller)
      for (const slice of one.slices) note(cpu.run(slice))
      return trail
    },
  }
}

describe('a thunk', () => {
  test('calls the kernel at the same instruction in every engine, whatever the kernel does to its caller', () => {
    const [interpreted, compiled] = [createFollower('interpreter'), createFollower('compiler')]
    fc.assert(
      fc.property(scenario, one => {
        expect(compiled.follow(one)).toEqual(interpreted.follow(one))
      }),
      { numRuns: Number(process.env.RUNS ?? 100) },
    )
    expect(compiled.cpu.compiler?.units_dropped_total).toBeGreaterThan(100)
  })

  test('is written where it is called, and goes from there when its bytes change', () => {
    const calls: number[] = []
    const { cpu, place } = createWorkbench(
      {
        call(id) {
          calls.push(id)
          return false
        },
      },
      false,
      'compiler',
    )
    for (const [id, at] of thunks.entries()) place([systemCall, blr, id, 0], at, readExecute)
    place(caller)
    cpu.run(200)
    expect(calls.slice(0, 4)).toEqual([0, 1, 0, 1])
    const before = cpu.compiler?.units_dropped_total ?? 0
    place([blr], thunks[1], readExecute)
    expect(cpu.compiler?.units_dropped_total).toBeGreaterThan(before)
    calls.length = 0
    place(caller)
    cpu.run(200)
    expect(calls.every(id => id === 0)).toBe(true)
  })
})
