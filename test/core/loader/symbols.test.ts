import { expect, test } from 'vitest'
import { type LinkerMap, plainName, readLinkerMap, writeLinkerMap } from '../../../core/loader/linker-map.ts'
import { parseImage } from '../../../core/loader/load.ts'
import { pack } from '../../../core/loader/pack.ts'
import { symbolsOf } from '../../../core/loader/symbols.ts'
import { dataAt, smallElf, smallProgram, textAt } from './programs.ts'

const naming = (_library: string, ordinal: number) => (ordinal === 0xd1 ? 'NtCreateEvent' : undefined)

test('without names a function is called by its address', () => {
  const symbols = symbolsOf(parseImage(pack(smallProgram()).xex, 'x.xex'), { naming })
  expect(symbols.nameOf(textAt + 0x10)).toBe('sub_82010010')
  expect(symbols.nameOf(textAt + 0x14)).toBe('sub_82010010+0x4')
  expect(symbols.nameOf(textAt + 0x18)).toBeUndefined()
  expect(symbols.nameOf(0x82000000)).toBeUndefined()
  expect(symbols.nameOf(0)).toBeUndefined()
})

test('a return address past the last instruction still belongs to the function that called', () => {
  const symbols = symbolsOf(parseImage(pack(smallProgram()).xex, 'x.xex'))
  expect(symbols.nameOfReturn(textAt + 0x18)).toBe('sub_82010010+0x8')
})

test('thunks and slots carry the names of exports, or their numbers', () => {
  const symbols = symbolsOf(parseImage(pack(smallProgram()).xex, 'x.xex'), { naming })
  expect(symbols.nameOf(textAt)).toBe('NtCreateEvent')
  expect(symbols.nameOf(textAt + 8)).toBe('NtCreateEvent+0x8')
  expect(symbols.nameOf(dataAt)).toBe('__imp_NtCreateEvent')
  expect(symbols.nameOf(dataAt + 4)).toBe('__imp_xboxkrnl_403')
  expect(symbols.addressOf('NtCreateEvent')).toBe(textAt)
})

test('an ELF’s own symbols name its code and data; a label inside a function does not hide it', () => {
  const symbols = symbolsOf(parseImage(smallElf(32), 'x.elf'))
  expect(symbols.nameOf(textAt + 0x14)).toBe('_start+0x4')
  expect(symbols.nameOf(dataAt + 8)).toBe('counter')
  expect(symbols.nameOf(dataAt + 12)).toBeUndefined()
})

test('the map that pack writes names the packed image', () => {
  const { xex, map } = pack(smallProgram())
  const symbols = symbolsOf(parseImage(xex, 'x.xex'), { map })
  expect(symbols.notes).toEqual([])
  expect(symbols.nameOf(textAt + 0x14)).toBe('_start+0x4')
  expect(symbols.nameOf(dataAt + 9)).toBe('counter+0x1')
})

test('the map of another build names nothing, and that is said', () => {
  const { xex, map } = pack(smallProgram())
  const stale = map.replace(/Timestamp is \w+/, 'Timestamp is 12345678')
  const symbols = symbolsOf(parseImage(xex, 'x.xex'), { map: stale })
  expect(symbols.nameOf(textAt + 0x14)).toBe('sub_82010010+0x4')
  expect(symbols.notes[0]).toMatch(/^the map is of another build \(linked 0x12345678, the image 0x/)
})

test('a linker’s map is read: publics, statics, functions and absolute values', () => {
  const text = [
    ' Program',
    '',
    ' Timestamp is 55d8cf91 (Sat Aug 22 21:37:53 2015)',
    '',
    '  Address         Publics by Value              Rva+Base       Lib:Object',
    '',
    ' 0000:00000000       ___safe_se_handler_table   00000000     <absolute>',
    ' 0003:00000368       ?GetAppTime@Timer@ATG@@QAANXZ 82060368 f i Program.obj',
    ' 0003:00000470       main                       82060470 f   Program.obj',
    ' 0004:00000010       counter                    82270010     Program.obj',
    '',
    ' entry point at        0003:0002ba28',
    '',
    ' Static symbols',
    '',
    ' 0003:00006820       ?Setup@D3D@@YAXPAVCDevice@1@@Z 82066820 f    library:object',
  ].join('\r\n')
  expect(readLinkerMap(text)).toEqual({
    timestamp: 0x55d8cf91,
    symbols: [
      { address: 0x82060368, size: 0, name: 'ATG::Timer::GetAppTime', function: true },
      { address: 0x82060470, size: 0, name: 'main', function: true },
      { address: 0x82066820, size: 0, name: 'D3D::Setup', function: true },
      { address: 0x82270010, size: 0, name: 'counter', function: false },
    ],
  } satisfies LinkerMap)
})

test('what is written as a map is read back', () => {
  const symbols = [
    { address: 0x82010000, size: 0, name: 'first', function: true },
    { address: 0x82020000, size: 0, name: 'second', function: false },
  ]
  expect(readLinkerMap(writeLinkerMap('x.exe', 5, 0x82000000, symbols))).toEqual({ timestamp: 5, symbols })
})

test.each([
  ['main', 'main'],
  ['?XMMatrixInverse@@YA?AU_XMMATRIX@@PAU__vector4@@U1@@Z', 'XMMatrixInverse'],
  ['??0Timer@ATG@@QAA@XZ', 'ATG::Timer::Timer'],
  ['??1Timer@ATG@@QAA@XZ', 'ATG::Timer::~Timer'],
  ['??_C@_0L@BPGLNOGK@entrypoint?$AA@', '??_C@_0L@BPGLNOGK@entrypoint?$AA@'],
])('the linker’s name %s is shown as %s', (mangled, plain) => {
  expect(plainName(mangled)).toBe(plain)
})
