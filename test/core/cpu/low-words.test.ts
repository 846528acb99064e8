import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { benchesOf, type Tried } from './programs.ts'
import { codeBase, createWorkbench, dataBase } from './workbench.ts'

const nodes = 16
/** Goes along a chain by two registers, the one of which takes part in a sum beside it, and ends where it began. */
const walk = [
  'ld r4, 0(r3)',
  'add r6, r6, r4',
  'ld r3, 8(r4)',
  `bdnz ${codeBase}`,
  'mr r5, r3',
  'li r7, 20',
  'mtctr r7',
  `b ${codeBase}`,
]

/** A pointer to one of the nodes, or to nowhere, with anything above its low word. */
const pointer = fc
  .tuple(fc.oneof({ arbitrary: fc.nat(nodes - 1), weight: 30 }, fc.constant(-1)), fc.bigInt(0n, 0xffffffffn))
  .map(([node, high]) => (high << 32n) | BigInt(node < 0 ? 0x10 : dataBase + 16 * node))
const chain = fc.record({
  pointers: fc.array(pointer, { minLength: 2 * nodes, maxLength: 2 * nodes }),
  slices: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 12 }),
  wide: fc.boolean(),
})

const benchOf = benchesOf((engine, wide) => createWorkbench({}, wide, { engine }))

function trail(engine: Tried, { pointers, slices, wide }: typeof chain extends fc.Arbitrary<infer T> ? T : never) {
  const { cpu, memory, place } = benchOf(engine, wide)
  const registers = cpu.registers()
  const { msr } = registers
  registers.clear()
  registers.msr = msr
  place(walk)
  memory.fill(dataBase, 0x1000, 0)
  for (const [index, one] of pointers.entries()) memory.store64(dataBase + 8 * index, one)
  registers.setGpr(3, 0xdead_0000_0000n + BigInt(dataBase))
  registers.ctr = 7n
  registers.pc = codeBase
  return slices.map(slice => {
    const before = cpu.retired
    const exit = cpu.run(slice)
    return [exit, cpu.retired - before, registers.copy()]
  })
}

describe('a chain of 64-bit pointers', () => {
  test('is gone along by their low words, and the registers hold them whole', () => {
    fc.assert(
      fc.property(chain, one => {
        expect(trail('compiler', one)).toEqual(trail('interpreter', one))
      }),
      { seed: 0x10f, numRuns: Number(process.env.RUNS ?? 100) },
    )
  })
})
