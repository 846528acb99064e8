import { expect, test } from 'vitest'
import { readExports } from '../../../core/loader/exports.ts'
import { parseImage } from '../../../core/loader/load.ts'
import { pack } from '../../../core/loader/pack.ts'
import { symbolsOf } from '../../../core/loader/symbols.ts'
import { concatenate, createWriter, words } from '../../../core/loader/writer.ts'
import { parseXex } from '../../../core/loader/xex.ts'
import { dataAt, smallProgram, textAt } from './programs.ts'

function withData(bytes: Uint8Array): Uint8Array {
  const [text, data] = smallProgram().segments
  if (text === undefined || data === undefined) throw new Error('no segments')
  const segments = [text, { ...data, size: 8 + bytes.length, bytes: concatenate([new Uint8Array(8), bytes]) }]
  return pack(smallProgram({ segments }), { library: true }).xex
}

test('a table by ordinal gives addresses, and leaves holes out', () => {
  const head = words(0x48000000, 0x00485645, 0x48000000, 0, 0, 0, 0, 0, 0x8200, 3, 100)
  const file = withData(concatenate([head, words(0x10010, 0, 0x10020)]))
  createWriter(file).u32(parseXex(file, 'x').securityOffset + 0x160, dataAt + 8)
  const image = parseImage(file, 'x')
  expect(image.library).toBe(true)
  expect(image.exports).toEqual([
    { ordinal: 100, address: textAt + 0x10 },
    { ordinal: 102, address: textAt + 0x20 },
  ])
})

test('an export table that is none is refused', () => {
  const file = withData(new Uint8Array(64))
  createWriter(file).u32(parseXex(file, 'x').securityOffset + 0x160, dataAt + 8)
  expect(() => parseImage(file, 'x')).toThrow('x: export table magic at image+0x20008')
})

test.each([
  { reading: 'from the image', from: 0 },
  { reading: 'from the directory itself', from: 0x100 },
])('a directory by name is read, its tables counted $reading', ({ from }) => {
  const image = new Uint8Array(0x20000)
  const out = createWriter(image, true)
  const at = 0x100
  for (const [field, value] of [
    [16, 1],
    [20, 2],
    [24, 1],
    [28, at + 0x40 - from],
    [32, at + 0x50 - from],
    [36, at + 0x60 - from],
  ] as const)
    out.u32(at + field, value)
  out.u32(at + 0x40, 0x10010)
  out.u32(at + 0x44, 0x10020)
  out.u32(at + 0x50, at + 0x70)
  out.u16(at + 0x60, 1)
  out.text(at + 0x70, 'Run')
  const file = pack(smallProgram()).xex
  const xex = parseXex(file, 'x')
  const described = { ...xex, headers: { ...xex.headers, peExports: { rva: at, size: 0x80 } } }
  expect(readExports(described, image, 0x82000000, 'x')).toEqual([
    { ordinal: 1, address: textAt + 0x10 },
    { ordinal: 2, address: textAt + 0x20, name: 'Run' },
  ])
})

test('an exported name is a symbol', () => {
  const image = {
    ...parseImage(pack(smallProgram()).xex, 'x'),
    exports: [{ ordinal: 2, address: textAt + 0x20, name: 'Run' }],
  }
  expect(symbolsOf(image).nameOf(textAt + 0x24)).toBe('Run+0x4')
})
