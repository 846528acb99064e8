import { expect, test } from 'vitest'
import { instructions } from '../../../core/cli/commands/instructions.ts'
import { models } from '../../../core/cpu/models.ts'
import { rows } from '../../../core/cpu/rows/table.ts'
import { anOutside } from '../../kit/outside.ts'

type Flags = { readonly [name in 'models' | 'markdown' | 'json']?: boolean }

function print(given: readonly string[], flags: Flags): string {
  const { outside, out } = anOutside()
  const status = instructions.run(outside, given, { models: false, markdown: false, json: false, ...flags })
  expect(status).toBe(0)
  return out()
}
const json = (given: readonly string[], flags: Flags = {}): Record<string, unknown>[] =>
  JSON.parse(print(given, { ...flags, json: true }))

test('every row of the processor is an instruction of the list', () => {
  const listed = json([])
  expect(listed.map(one => one.name)).toEqual(rows.map(row => row.name))
  expect(print([], {}).trimEnd().split('\n')).toHaveLength(rows.length + 2)
  expect(print([], { markdown: true }).trimEnd().split('\n')).toHaveLength(rows.length + 2)
})

test('an instruction is told with its encoding, its operands, what it changes and who judges it', () => {
  expect(json(['vand128'])).toMatchObject([
    {
      name: 'vand128',
      syntax: 'vand128 vd128, va128, vb128',
      form: 'VX128',
      mask: '0xFC0003D0',
      match: '0x14000210',
      operands: [
        { name: 'vd128', kind: 'vr', bits: '6-10|28-29' },
        { name: 'va128', kind: 'vr', bits: '11-15|26|21' },
        { name: 'vb128', kind: 'vr', bits: '16-20|30-31' },
      ],
      flags: [],
      judge: 'vectors: no processor of QEMU has VMX128',
      models: [],
    },
  ])
})

test.each([
  ['addc', ['CA', 'CR0 (.)', 'OV (o)', 'SO (o)']],
  ['mtlr', []],
  ['fadds', ['FPSCR', 'CR1 (.)']],
  ['vcmpequw128', ['CR6 (.)']],
  ['vpkshss128', ['VSCR']],
  ['stwcx.', ['reservation', 'CR0']],
  ['bclr', ['CTR', 'LR (l)']],
])('beside its operands, %s changes %j', (name, flags) => {
  const [one] = json([name]).filter(row => row.name === name)
  expect([...((one?.flags as string[] | undefined) ?? [])].toSorted()).toEqual([...flags].toSorted())
})

test('the list of models has every stated model, and the instructions that rest on each', () => {
  const list = json([], { models: true })
  expect(list.map(one => one.model)).toEqual(Object.keys(models))
  expect(list.find(one => one.model === 'vector-root')?.rows).toEqual(['vrsqrtefp', 'vrsqrtefp128'])
  for (const format of [{}, { markdown: true }])
    for (const name of Object.keys(models)) expect(print([], { models: true, ...format })).toContain(name)
})

test('a pattern narrows the list, and a bar in a cell does not break the table', () => {
  const lines = print(['VPERMWI'], { markdown: true }).trimEnd().split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[2]?.replaceAll('\\|', '').split('|')).toHaveLength(11)
})
