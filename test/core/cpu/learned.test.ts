/** What the compiler keeps of code it has seen, over a run without an end. */
import { expect, test } from 'vitest'
import { at, startLate, to } from './late-bench.ts'
import { all } from './workbench.ts'

/** Calls a function through CTR for ever. */
const caller = ['mtctr r4', 'bctrl', 'addi r3, r3, 1', `b ${to(0)}`]
const far = 0x100

function startCaller(mostLearned: number) {
  const bench = startLate(1, { mostLearned })
  const { cpu, place, runAt } = bench
  place(caller, at(0), all)
  /** Goes to a place where no function was before. */
  function callNext(n: number): void {
    const start = at(far + 4 * n)
    place(['addi r5, r5, 1', 'blr'], start, all)
    cpu.registers().setGpr(4, BigInt(start))
    runAt(at(0), 4_000_000)
  }
  return { ...bench, callNext }
}

test('what is known of code is forgotten where it is more than is kept, and hot code compiled anew', () => {
  const { cpu, callNext, compiledSlices } = startCaller(12)
  for (let n = 0; n < 20; n += 1) callNext(n)
  const { compiler } = cpu
  expect(compiler?.compiler_resets_total).toBeGreaterThan(1)
  expect(compiler?.compiler_resets_total).toBeLessThan(20)
  expect(compiledSlices()).toBeGreaterThan(90)
})

test('where there is room nothing is forgotten', () => {
  const { cpu, callNext } = startCaller(1_000)
  for (let n = 0; n < 20; n += 1) callNext(n)
  expect(cpu.compiler?.compiler_resets_total).toBe(0)
})
