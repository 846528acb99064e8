/** Handlers of the interpreter are made when an instruction is decoded that needs them. */
import { expect, test } from 'vitest'
import { insert } from '../../../core/cpu/fields.ts'
import { fieldOf } from '../../../core/cpu/forms.ts'
import { createHandlers, type Decoded } from '../../../core/cpu/interpreter/handlers.ts'
import { assembler, decode } from '../../../core/cpu/isa.ts'
import { hints, rows } from '../../../core/cpu/rows/table.ts'
import { variantsOf } from '../../../core/cpu/variants.ts'
import { codeBase, createWorkbench, dataBase } from './workbench.ts'

const status = { exact: true, fuses: true }
const everyRow = [...rows, ...hints]
/** A word for each setting of each row. */
const everySetting: readonly Decoded[] = everyRow.flatMap(row =>
  variantsOf(row).map(variants => ({
    row,
    word: [...variants].reduce(
      (word, [name, value]) => (word | (insert(fieldOf(name), value) ?? 0)) >>> 0,
      row.encoding.match,
    ),
  })),
)
function decoded(line: string): Decoded {
  const word = assembler.word(line, codeBase)
  const row = decode(word)
  if (row === undefined) throw new Error(`${line} is no instruction`)
  return { row, word }
}

test.each([true, false])('every row has a handler for each of its settings, in both modes (exact: %s)', exact => {
  const handlers = createHandlers({ ...status, exact })
  for (const wide of [false, true]) handlers.make(everySetting, wide)
  const numbers = [false, true].flatMap(wide => everySetting.map(one => handlers.of(one, wide)?.number ?? -1))
  expect(Math.min(...numbers)).toBeGreaterThan(0)
  expect(Math.max(...numbers)).toBeLessThan(handlers.size)
})

test('instructions that differ only in their operands have one handler, and no other is made', () => {
  const handlers = createHandlers(status)
  const add = decoded('add r3, r4, r5')
  const same = decoded('add r6, r7, r8')
  const recording = decoded('add. r3, r4, r5')
  handlers.make([add, same], false)
  expect(handlers.of(same, false)).toBe(handlers.of(add, false))
  expect(handlers.of(recording, false)).toBeUndefined()
  expect(handlers.modules.length).toBe(1)
})

test('what means the same in both modes has one handler for both, what asks for the mode has one for each', () => {
  const handlers = createHandlers(status)
  const or = decoded('or r3, r4, r5')
  const compared = decoded('or. r3, r4, r5')
  handlers.make([or, compared], false)
  expect(handlers.of(or, true)).toBe(handlers.of(or, false))
  expect(handlers.of(compared, true)).toBeUndefined()
})

test('a processor runs by handlers that were made for another, whatever was decoded in between', () => {
  const programs = [
    ['li r3, 7', 'mullw r4, r3, r3', 'lfs f1, 0(r9)', 'fadds f2, f1, f1'],
    ['lis r3, 0x1234', 'rlwinm r4, r3, 8, 0, 23', 'vspltisw v1, 3', 'vaddfp v2, v1, v1', 'fres f3, f3'],
  ]
  const results = [0, 1, 1, 0, 1, 0].map(which => {
    const bench = createWorkbench()
    const registers = bench.cpu.registers()
    registers.setGpr32(9, dataBase)
    bench.run(programs[which] ?? [])
    return `${which}: ${registers.copy().toHex()}`
  })
  expect(new Set(results).size).toBe(2)
})

test('where a module cannot be made, nothing of it is there, and what is made after that is whole', () => {
  const handlers = createHandlers(status)
  const add = decoded('add r3, r4, r5')
  const fused = decoded('fmadd f1, f2, f3, f4')
  function* broken(): Generator<Decoded> {
    yield add
    yield fused
    throw new Error('no room')
  }
  expect(() => handlers.make(broken(), false)).toThrow('no room')
  expect([handlers.modules.length, handlers.of(add, false), handlers.of(fused, false)]).toEqual([
    0,
    undefined,
    undefined,
  ])
  handlers.make([fused], false)
  expect(handlers.of(fused, false)?.module).toBe(0)
  expect(handlers.modules[0]?.needs).toEqual([])
})
