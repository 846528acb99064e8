import fc from 'fast-check'
import { expect, test } from 'vitest'
import { disassembler } from '../../../core/cpu/isa.ts'
import { rows } from '../../../core/cpu/rows/table.ts'
import { vscrNj } from '../../../core/cpu/state.ts'
import { codeBase, createWorkbench, type Workbench } from './workbench.ts'

const benches = {
  interpreter: createWorkbench(),
  compiler: createWorkbench({}, false, 'compiler'),
  unfused: createWorkbench({}, false, { fused: false }),
  'unfused compiler': createWorkbench({}, false, { engine: 'compiler', fused: false }),
}
const arithmetic = rows.filter(row =>
  /^v(add|sub|m?add|nmsub|max|min|cmp[a-z]+|re)fp$|^vrfi|^vor$|^vxor$|^vspltw$/.test(row.name),
)

/** Numbers of all sizes; denormals, NaNs and what lies at the edge of either come often. */
const single = fc.oneof(
  fc.float({ noNaN: true, min: -1000, max: 1000 }).map(value => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0),
  fc.constantFrom(0, 0x80000000, 1, 0x807fffff, 0x00800000, 0x80800000, 0x00800001, 0x7f800000, 0xff800000),
  fc.constantFrom(0x3f800000, 0x7f7fffff, 0x20000000, 0x1f800000, 0x7fc00000, 0x7f800001, 0xffc12345),
  fc.nat(0xffffffff),
)
const register = fc.nat(5)
const instruction = fc
  .tuple(fc.constantFrom(...arithmetic), register, register, register, register)
  .map(([row, d, a, b, c]) => {
    const operands = (d << 21) | (a << 16) | (b << 11) | (c << 6)
    return (row.encoding.match | (operands & ~row.encoding.mask)) >>> 0
  })
const start = fc.record({
  words: fc.array(instruction, { minLength: 1, maxLength: 10 }),
  values: fc.array(fc.array(single, { minLength: 4, maxLength: 4 }), { minLength: 6, maxLength: 6 }),
  ordinary: fc.boolean(),
  flushes: fc.boolean(),
})
type Start = typeof start extends fc.Arbitrary<infer T> ? T : never

function outcome({ cpu, run }: Workbench, { words, values, ordinary, flushes }: Start) {
  const registers = cpu.registers()
  registers.clear()
  registers.vscr = flushes ? vscrNj : 0
  for (const [n, value] of values.entries()) {
    const bytes = new DataView(new ArrayBuffer(16))
    for (const [i, word] of value.entries()) bytes.setUint32(4 * i, ordinary ? 0x3f800000 | (word & 0x7fffff) : word)
    registers.setVr(n, new Uint8Array(bytes.buffer))
  }
  registers.ctr = 2n
  run([...words, `bdnz ${codeBase}`])
  return registers.copy()
}

test('vector floating point is the same in compiled code, and where the host cannot fuse', () => {
  fc.assert(
    fc.property(start, one => {
      const expected = outcome(benches.unfused, one)
      const text = one.words.map(word => disassembler.text(word, codeBase)).join('\n')
      for (const name of ['interpreter', 'compiler', 'unfused compiler'] as const)
        expect(outcome(benches[name], one), `${name}:\n${text}`).toEqual(expected)
    }),
    { numRuns: 250 },
  )
})
