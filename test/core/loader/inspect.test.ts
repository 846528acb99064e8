import { expect, test } from 'vitest'
import { inspectReport } from '../../../core/cli/commands/inspect.ts'
import { packGuest } from '../../../core/cli/commands/pack.ts'
import { inspect } from '../../../core/loader/inspect.ts'
import { pack } from '../../../core/loader/pack.ts'
import { createWriter } from '../../../core/loader/writer.ts'
import { parseXex } from '../../../core/loader/xex.ts'
import { makeTitleData, titleNameText } from '../../kit/title-data.ts'
import { smallElf, smallProgram } from './programs.ts'

const naming = (_library: string, ordinal: number) =>
  ({ 209: 'NtCreateEvent', 403: 'XexExecutableModuleHandle' })[ordinal]

test('a person sees what a container is, whether it is whole, and what it asks for', () => {
  const { xex, map } = pack(smallProgram(), { encryption: 'devkit', titleId: 0x4d5307d1, privileges: 0x400 })
  const text = inspectReport(xex, 'small.xex', { naming, map })
  for (const line of [
    'small.xex: XEX2 executable, 20480 bytes',
    '  base             0x82000000  0x30000 bytes',
    '  entry            0x82010010  _start',
    '  title id         0x4D5307D1  MS-2001',
    '  encryption       AES-128  opened with the devkit key',
    '  compression      basic: 0x2000 + 0xE000 zero, 0x1000 + 0xF000 zero, 0x1000 + 0xF000 zero',
    '  system flags     0x00000400  PAL-50 incompatible',
    '  header hash      matches',
    '  import digests   match',
    '  page digests     all 3 match',
    'imports of xboxkrnl.exe 2.0.21119.0, at least 2.0.1861.0 (functions: 1, variables: 1)',
    '  0x82010000        0xD1  function  NtCreateEvent',
    '  0x82020004       0x193  variable  XexExecutableModuleHandle',
    '  .bss             0x8202000C      0x100  rw-',
  ])
    expect(text.split('\n')).toContain(line)
})

test('the same as data is JSON, and loses nothing to its number type', () => {
  const { xex } = pack(smallProgram(), { encryption: 'devkit' })
  const data: unknown = JSON.parse(inspectReport(xex, 'small.xex', { json: true, naming }))
  expect(data).toEqual(inspect(xex, 'small.xex', { naming }))
  expect(data).toMatchObject({
    kind: 'XEX2 executable',
    image: {
      entry: '0x82010010',
      heapSize: null,
      functions: [
        { begin: '0x82010010', end: '0x82010018', name: 'sub_82010010' },
        { begin: '0x82010020', handler: true },
      ],
      imports: [{ library: 'xboxkrnl.exe', imports: [{ ordinal: 0xd1, name: 'NtCreateEvent' }, { ordinal: 0x193 }] }],
    },
    container: { key: 'devkit', digests: { header: true, imports: true, badPages: [], pageRuns: 3 } },
  })
})

test('an ELF is shown too', () => {
  const text = inspectReport(smallElf(32), 'small.elf')
  expect(text).toContain('small.elf: ELF, 32-bit big-endian PowerPC')
  expect(text).toContain('  frames           xbox')
  expect(text).toContain('  0x82010000        0xD1  function  xboxkrnl_209')
})

test('a container that no key opens is described by its headers, with the reason', () => {
  const { xex } = pack(smallProgram(), { encryption: 'devkit' })
  createWriter(xex).u32(parseXex(xex, 'x').securityOffset + 0x150, 1)
  const { image, container, problem } = inspect(xex, 'x.xex')
  expect(image).toBeUndefined()
  expect(container).toMatchObject({ base: '0x82000000', encryption: 'AES-128' })
  expect(problem?.code).toBe('XEX_KEY')
  expect(inspectReport(xex, 'x.xex')).toContain('cannot be loaded (XEX_KEY): x.xex: image key at')
})

test('a modified page is shown as such', () => {
  const { xex } = pack(smallProgram(), { compression: 'raw' })
  xex[xex.length - 1] = 1
  expect(inspectReport(xex, 'x.xex')).toContain('  page digests     1 of 3 DO NOT MATCH (the first is number 2)')
})

const plan = {
  texts: { 1: { [titleNameText]: 'Small Test', 1: 'First', 2: 'Done once', 3: 'Do it once' } },
  achievements: [{ id: 7, label: 1, description: 2, unachieved: 3, image: 9, score: 20, flags: 0xb }],
}
const withResource = (bytes: Uint8Array): Uint8Array =>
  pack(smallProgram(), { titleId: 0x4d5307d1, resources: [{ name: '4D5307D1', bytes }] }).xex

test('a title is shown with its name and achievements, where it brings a list of them', () => {
  const xex = withResource(makeTitleData(plan))
  const lines = inspectReport(xex, 'small.xex').split('\n')
  const at = lines.indexOf('title')
  expect(lines.slice(at + 1, at + 5)).toEqual([
    '  name             Small Test',
    '  languages        1  1 unless it speaks the console’s',
    '  achievements     1, 20 points in all',
    '                 7   20  First  Done once',
  ])
  expect(inspect(xex, 'x').title).toMatchObject({
    achievements: [{ id: 7, unachieved: 'Do it once', flags: '0x0000000B' }],
  })
  expect(inspect(pack(smallProgram()).xex, 'x').title).toBeUndefined()
})

test('a list of achievements that is damaged is said to be, and the rest is shown', () => {
  const { title, image } = inspect(withResource(new Uint8Array(4)), 'x')
  expect(title).toEqual({ problem: 'x: resource 4D5307D1: magic at 0x0: is not XDBF' })
  expect(image).toBeDefined()
  expect(inspectReport(withResource(new Uint8Array(4)), 'x')).toContain('  unreadable       x: resource 4D5307D1')
})

test('packing by command gives a container and the map of its names', () => {
  const { xex, map } = packGuest(smallElf(32), 'small.elf', { titleId: 7 })
  expect(inspect(xex, 'small.xex', { map }).image).toMatchObject({ entryName: '_start', titleId: '0x00000007' })
})
