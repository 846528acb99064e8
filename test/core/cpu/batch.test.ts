/** The units that a request is answered with. */
import { expect, test } from 'vitest'
import { createBatches } from '../../../core/cpu/compiler/batch.ts'
import type { TranslationRequest } from '../../../core/cpu/compiler/translation.ts'
import { requestOf } from '../../kit/translation.ts'
import { addressOf as at } from './programs.ts'
import { codeBase, createWorkbench } from './workbench.ts'

const cases = 8
const [entry, head, jump] = [codeBase, codeBase + 4, codeBase + 8]

/** A line that is done once, and a jump to one of some cases, so long each, that lead back to behind it. */
function start(body: number) {
  const oneCase = [...new Array<string>(body).fill('addi r3, r3, 1'), `b ${at(1)}`]
  const targets = Array.from({ length: cases }, (_, n) => codeBase + 4 * (3 + n * oneCase.length))
  const { cpu, memory, place } = createWorkbench()
  const lines = ['li r3, 0', 'mtctr r4', 'bctr', ...new Array<string[]>(cases).fill(oneCase).flat()]
  place(lines)
  const batches = createBatches({
    memory,
    functions: new Set(),
    eager: false,
    threshold: 100,
  })
  const request = (more: Partial<TranslationRequest>): TranslationRequest =>
    requestOf({ entries: [entry], room: 10_000, ...more })
  /** Runs every line once. */
  function runAll(): void {
    for (const target of [entry, ...targets]) {
      cpu.registers().pc = target
      cpu.registers().setGpr(4, BigInt(target))
      cpu.run(body + 1)
    }
  }
  /** The entries of the units for a request, and their instructions. */
  function unitsFor(more: Partial<TranslationRequest>): [number, number][] {
    const one = request(more)
    batches.learn(one)
    return batches.batch(one).found.map(unit => [unit.entry, unit.instructions])
  }
  const jumps = targets.map(target => [jump, target] as const)
  return { batches, request, runAll, unitsFor, jumps }
}

test('code that has not run is in no unit, but in what is listed', () => {
  const { batches, request, unitsFor } = start(20)
  expect(unitsFor({})).toEqual([])
  expect(batches.unitAt(request({}), entry)?.instructions).toBe(3)
})

test('a loop that dispatches is a unit of its own, and not in what leads there, until its jumps are forgotten', () => {
  const { runAll, unitsFor, jumps } = start(20)
  runAll()
  expect(unitsFor({ jumps })).toEqual([
    [entry, 1],
    [head, 2 + cases * 21],
  ])
  expect(unitsFor({})).toEqual([[entry, 1]])
  expect(unitsFor({ forget: true })).toEqual([[entry, 3]])
})

test('a jump with more behind it than a unit holds ends a unit, until it is forgotten', () => {
  const { runAll, unitsFor, jumps } = start(250)
  runAll()
  expect(unitsFor({ jumps })).toEqual([[entry, 3]])
  expect(unitsFor({ forget: true, jumps: jumps.slice(0, 2) })).toEqual([[entry, 3 + 2 * 251]])
})
