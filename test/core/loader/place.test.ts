import { expect, test } from 'vitest'
import { linkImports } from '../../../core/loader/imports.ts'
import { parseImage, place } from '../../../core/loader/load.ts'
import { pack } from '../../../core/loader/pack.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'
import { dataAt, smallElf, smallProgram, textAt } from './programs.ts'

const memory = createMemory()

function clear(): void {
  memory.decommit(0x81f00000, 0x200000)
}

test('an image is placed with the access of its pages, its headers readable below it', () => {
  clear()
  const image = parseImage(pack(smallProgram(), { encryption: 'devkit' }).xex, 'x.xex')
  const { headerAddress, headerSize } = place(image, memory)
  expect({ headerAddress, headerSize }).toEqual({ headerAddress: 0x81ff0000, headerSize: image.headerBlock.length })
  expect(memory.read(headerAddress, headerSize)).toEqual(image.headerBlock)
  expect([headerAddress, 0x82000000, textAt, dataAt, 0x82030000].map(memory.accessAt)).toEqual([
    access.read,
    access.read,
    access.read | access.execute,
    access.read | access.write,
    access.none,
  ])
  expect(memory.load32(dataAt + 8)).toBe(0xdeadbeef)
  expect(memory.load16(0x82000000)).toBe(0x4d5a)
})

test('the caller may say where the headers go', () => {
  clear()
  const image = parseImage(pack(smallProgram()).xex, 'x.xex')
  expect(place(image, memory, 0x81f00000).headerAddress).toBe(0x81f00000)
  expect(memory.text(0x81f00000, 4)).toBe('XEX2')
})

test('imports become traps with the id given, and slots hold addresses', () => {
  clear()
  const image = parseImage(pack(smallProgram()).xex, 'x.xex')
  place(image, memory)
  const asked: unknown[] = []
  linkImports(image, memory, (library, ordinal, kind) => {
    asked.push([library, ordinal, kind])
    return kind === 'function' ? 77 : 0x30001000
  })
  expect(asked).toEqual([
    ['xboxkrnl.exe', 0xd1, 'function'],
    ['xboxkrnl.exe', 0x193, 'variable'],
  ])
  expect([0, 4, 8, 12].map(at => memory.load32(textAt + at))).toEqual([0x44000042, 0x4e800020, 77, 0])
  expect(memory.load32(dataAt)).toBe(textAt)
  expect(memory.load32(dataAt + 4)).toBe(0x30001000)
})

test('an import from another module’s code becomes the console’s own jump', () => {
  clear()
  const image = parseImage(smallElf(32), 'x.elf')
  expect(place(image, memory)).toEqual({ headerAddress: 0, headerSize: 0 })
  linkImports(image, memory, () => ({ code: 0x9000abcd }))
  expect([0, 4, 8, 12].map(at => memory.load32(textAt + at))).toEqual([0x3d609000, 0x616babcd, 0x7d6903a6, 0x4e800420])
  expect(memory.load32(dataAt + 4)).toBe(0x9000abcd)
})

test('an image is not placed over another', () => {
  clear()
  const image = parseImage(pack(smallProgram()).xex, 'x.xex')
  place(image, memory)
  expect(() => place(image, memory)).toThrow('x.xex: load address: 0x82000000 is not free')
})
