import { expect, test } from 'vitest'
import { createCache } from '../../../core/cpu/compiler/cache.ts'
import { createPageFlags } from '../../../core/memory/flags.ts'
import { codeBase, createWorkbench } from './workbench.ts'

/** A module with two functions that do nothing, `a` and `b`. */
const twoFunctions = new WebAssembly.Module(
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 3, 2, 0, 0],
    ...[7, 9, 2, 1, 0x61, 0, 0, 1, 0x62, 0, 1, 10, 7, 2, 2, 0, 11, 2, 0, 11],
  ]),
)

test('each place in the table of units leads to the interpreter as long as no unit stands there, however many there are', () => {
  const { exports } = new WebAssembly.Instance(twoFunctions)
  const { a: stub, b: unit } = exports as Record<'a' | 'b', WebAssembly.ExportValue>
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 0 })
  const cache = createCache({
    flags: createPageFlags(createWorkbench().memory.bytes),
    table,
    stub,
    capacity: 1_000,
    entered: () => undefined,
    left: () => undefined,
  })
  const others = (): number[] =>
    Array.from({ length: table.length }, (_, at) => at).filter(at => table.get(at) !== stub)
  for (const [number, slots] of [1_000, 3_000, 30_000].entries()) {
    const slot = slots - 1
    cache.prepare(slots, 1)
    expect(table.length).toBeGreaterThanOrEqual(slots)
    expect(others()).toEqual([])
    table.set(slot, unit)
    const entry = codeBase + 0x1000 * number
    const of = { starts: Uint32Array.of(entry), ends: Uint32Array.of(entry + 4), milliseconds: 0 }
    cache.enlist({ units: [{ entry, slot, instructions: 1, ...of }], instructions: 1, pages: [entry >>> 12] })
    expect(others()).toEqual([slot])
    cache.written(entry, entry + 4)
  }
})
