import { expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { parseImage } from '../../../core/loader/load.ts'
import { words } from '../../../core/loader/writer.ts'
import { access } from '../../../core/memory/map.ts'
import { buildElf, type ElfPlan, smallElf } from './programs.ts'

const readExecute = access.read | access.execute
const readWrite = access.read | access.write

test.each([32, 64] as const)('an ELF of %i bits gives segments, sections, functions, symbols and imports', bits => {
  const image = parseImage(smallElf(bits), 'small.elf')
  expect(image).toMatchObject({
    kind: bits === 32 ? 'elf32' : 'elf64',
    base: 0x82010000,
    size: 0x1004c,
    entry: 0x82010010,
    frames: 'xbox',
    titleId: 0,
    headerBlock: new Uint8Array(0),
  })
  expect(image.segments.map(({ address, size, access: flags }) => ({ address, size, flags }))).toEqual([
    { address: 0x82010000, size: 0x20, flags: readExecute },
    { address: 0x82020000, size: 0x4c, flags: readWrite },
  ])
  expect(image.sections).toEqual([
    { name: '.text', address: 0x82010000, size: 0x20, present: 0x20, access: readExecute },
    { name: '.data', address: 0x82020000, size: 12, present: 12, access: readWrite },
    { name: '.bss', address: 0x8202000c, size: 0x40, present: 0x40, access: readWrite },
  ])
  expect(image.functions).toEqual([{ begin: 0x82010010, end: 0x82010018, prologue: 0, handler: false }])
  expect(image.symbols.map(({ name, address }) => ({ name, address }))).toEqual([
    { name: '_start', address: 0x82010010 },
    { name: 'again', address: 0x82010014 },
    { name: 'counter', address: 0x82020008 },
  ])
  expect(image.imports).toEqual([
    {
      name: 'xboxkrnl.exe',
      version: '',
      minimum: '',
      imports: [
        { ordinal: 0xd1, kind: 'function', slot: 0x82020000, thunk: 0x82010000 },
        { ordinal: 0x193, kind: 'variable', slot: 0x82020004, thunk: 0 },
      ],
    },
  ])
})

const blr = words(0x4e800020, 0x4e800020)
const code = { address: 0x10000000, bytes: blr, size: 8, flags: 5 }

test('a C compiler’s program has System V frames unless it says otherwise', () => {
  expect(parseImage(buildElf({ bits: 32, entry: 0x10000000, segments: [code] }), 'x').frames).toBe('sysv')
})

test('the first 64-bit ABI enters through a descriptor, which also gives r2', () => {
  const descriptors = words(0, 0x10000000, 0, 0x10028000, 0, 0)
  const data = { address: 0x10020000, bytes: descriptors, size: 24, flags: 6 }
  const image = parseImage(
    buildElf({
      bits: 64,
      entry: 0x10020000,
      flags: 1,
      segments: [code, data],
      sections: [{ name: '.opd', address: 0x10020000, bytes: descriptors, flags: 3 }],
      symbols: [{ name: 'main', value: 0x10020000, size: 8, info: 0x12, section: 0 }],
    }),
    'x',
  )
  expect(image.entry).toBe(0x10000000)
  expect(image.toc).toBe(0x10028000)
  expect(image.symbols).toEqual([{ name: 'main', address: 0x10000000, size: 8, function: true }])
})

test('thread data comes from the TLS segment', () => {
  const data = { address: 0x10020000, bytes: words(1, 2), size: 8, flags: 6 }
  const thread = { address: 0x10020000, bytes: words(1), size: 12, flags: 4, type: 7 }
  const image = parseImage(buildElf({ bits: 32, entry: 0x10000000, segments: [code, data, thread] }), 'x')
  expect(image.tls).toEqual({ slots: 1024, address: 0x10020000, size: 12, initialised: 4 })
})

test('rows of .pdata are functions, sorted, and win over a symbol’s size', () => {
  const rows = words(0x10000004, 0xc0000101, 0x10000000, 0x40000100)
  const image = parseImage(
    buildElf({
      bits: 32,
      entry: 0x10000000,
      segments: [code],
      sections: [
        { name: '.pdata', bytes: rows },
        { name: '.text', address: 0x10000000, bytes: blr, flags: 6 },
      ],
      symbols: [{ name: 'both', value: 0x10000000, size: 8, info: 0x12, section: 1 }],
    }),
    'x',
  )
  expect(image.functions).toEqual([
    { begin: 0x10000000, end: 0x10000004, prologue: 0, handler: false },
    { begin: 0x10000004, end: 0x10000008, prologue: 4, handler: true },
  ])
})

function refused(plan: Partial<ElfPlan>, change: (file: Uint8Array) => void = () => {}): Failure {
  const file = buildElf({ bits: 32, entry: 0x10000000, segments: [code], ...plan })
  change(file)
  try {
    parseImage(file, 'x.elf')
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('it was not refused')
}

test.each([
  ['x.elf: class at 0x4', { change: (file: Uint8Array) => file.fill(3, 4, 5) }],
  ['x.elf: byte order at 0x5', { change: (file: Uint8Array) => file.fill(1, 5, 6) }],
  ['x.elf: type at 0x10', { change: (file: Uint8Array) => file.fill(3, 0x11, 0x12) }],
  ['x.elf: machine at 0x12', { change: (file: Uint8Array) => file.fill(3, 0x13, 0x14) }],
  ['x.elf: entry point at 0x18', { plan: { entry: 0x10000002 } }],
  ['x.elf: entry point at 0x18', { plan: { entry: 0x20000000 } }],
  ['x.elf: file size of program header 0 at 0x34', { plan: { segments: [{ ...code, size: 4 }] } }],
  ['x.elf: address of program header 0 at 0x34', { plan: { segments: [{ ...code, address: 0x7f000000 }] } }],
  ['x.elf: address of program header 0 at 0x34', { plan: { segments: [{ ...code, size: 0x10000001 }] } }],
  ['x.elf: program headers at 0x34', { plan: { segments: [code, { ...code, address: 0x10000004 }] } }],
  ['x.elf: type of program header 0 at 0x34', { plan: { segments: [{ ...code, type: 3 }] } }],
] as [string, { plan?: Partial<ElfPlan>; change?: (file: Uint8Array) => void }][])(
  'a broken ELF is refused at the field: %s',
  (place, { plan = {}, change }) => {
    expect(refused(plan, change)).toMatchObject({ code: 'ELF_FIELD', place })
  },
)

test('an import that points outside the program is refused', () => {
  const row = (slot: number, thunk: number, ordinal: number, letter: number) =>
    refused({
      sections: [{ name: '.xenon.imports', bytes: words(slot, thunk, ordinal, letter << 24, 0, 0, 0, 0) }],
    }).place
  expect(row(0x20000000, 0, 1, 0x78)).toMatch(/^x.elf: import slot at /)
  expect(row(0, 0x10000000, 1, 0x78)).toMatch(/^x.elf: import thunk at /)
  expect(row(0x10000000, 0, 0x10000, 0x78)).toMatch(/^x.elf: import ordinal at /)
  expect(row(0x10000000, 0, 1, 0)).toMatch(/^x.elf: import library at /)
})

test('a 64-bit program must lie below 4 GiB', () => {
  const file = smallElf(64)
  file[0x18 + 3] = 1
  expect(() => parseImage(file, 'x.elf')).toThrow('entry point at 0x18: is 4 GiB or more')
})
