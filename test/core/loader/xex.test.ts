import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { decrypt, encrypt, unwrapKey, wrapKey } from '../../../core/loader/crypt.ts'
import { parseImage } from '../../../core/loader/load.ts'
import { type Packed, type PackOptions, type Program, pack, packElf } from '../../../core/loader/pack.ts'
import { createWriter } from '../../../core/loader/writer.ts'
import { parseXex } from '../../../core/loader/xex.ts'
import { openXex, verifyXex } from '../../../core/loader/xex-open.ts'
import { access } from '../../../core/memory/map.ts'
import { dataAt, smallElf, smallProgram, textAt } from './programs.ts'

function refusal(body: () => unknown): Failure {
  try {
    body()
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** The packed file with one word of it changed. */
function changed({ xex }: Packed, at: number, value: number): Uint8Array {
  const copy = xex.slice()
  createWriter(copy).u32(at, value)
  return copy
}

/** Bytes of a program at an address, zeros where it has none. */
function memoryOf(program: Pick<Program, 'segments'>, start: number, size: number): Uint8Array {
  const memory = new Uint8Array(size)
  for (const segment of program.segments)
    for (let i = 0; i < segment.size; i += 1) {
      const at = segment.address + i - start
      if (at >= 0 && at < size) memory[at] = segment.bytes[i] ?? 0
    }
  return memory
}

const variants: PackOptions[] = (['none', 'devkit', 'retail'] as const).flatMap(encryption =>
  (['raw', 'basic'] as const).map(compression => ({ encryption, compression })),
)

test.each(variants)('a packed program comes back whole: %o', variant => {
  const program = smallProgram()
  const { xex } = pack(program, {
    ...variant,
    name: 'small.exe',
    titleId: 0x58450123,
    version: '1.2.3.4',
    stackSize: 0x20000,
    heapSize: 0,
    privileges: 0x400,
  })
  const image = parseImage(xex, 'small.xex')
  expect(image).toMatchObject({
    kind: 'xex',
    base: 0x82000000,
    size: 0x30000,
    entry: program.entry,
    library: false,
    titleId: 0x58450123,
    stackSize: 0x20000,
    heapSize: 0,
    frames: 'xbox',
    tls: { slots: 64, size: 0 },
    functions: program.functions,
    notes: [],
  })
  expect(image.imports).toEqual([{ ...program.imports[0], version: '2.0.21119.0', minimum: '2.0.1861.0' }])
  expect(image.segments.map(({ address, size, access: flags }) => ({ address, size, flags }))).toEqual([
    { address: 0x82000000, size: 0x10000, flags: access.read },
    { address: textAt, size: 0x10000, flags: access.read | access.execute },
    { address: dataAt, size: 0x10000, flags: access.read | access.write },
  ])
  expect(image.sections.map(({ name, address }) => ({ name, address }))).toEqual([
    { name: '.pdata', address: 0x82001000 },
    ...program.sections.map(({ name, address }) => ({ name, address })),
  ])
  expect(memoryOf(image, textAt + 16, 0x20)).toEqual(memoryOf(program, textAt + 16, 0x20))
  expect(memoryOf(image, dataAt + 8, 0x80)).toEqual(memoryOf(program, dataAt + 8, 0x80))
  expect(image.xex?.headers).toMatchObject({
    originalName: 'small.exe',
    privileges0: 0x400,
    executionInfo: { titleId: 0x58450123, version: '1.2.3.4', discNumber: 1, discCount: 1 },
  })
})

test.each(variants)('every digest of a packed container holds, and the right key opens it: %o', variant => {
  const { xex } = pack(smallProgram(), variant)
  const container = parseXex(xex, 'small.xex')
  const opened = openXex(container, xex, 'small.xex')
  expect(opened.key).toBe(variant.encryption)
  expect(verifyXex(container, xex, opened.bytes)).toEqual({ header: true, imports: true, badPages: [], pageRuns: 3 })
})

test('a changed byte is found by the digest of its page, a changed header by the header hash', () => {
  const packed = pack(smallProgram(), { compression: 'raw' })
  const container = parseXex(packed.xex, 'small.xex')
  const damaged = packed.xex.slice()
  damaged[container.headerSize + 0x20008] = 1
  damaged[4] = 1
  const again = parseXex(damaged, 'small.xex')
  const { badPages, header, imports } = verifyXex(again, damaged, openXex(again, damaged, 'small.xex').bytes)
  expect({ badPages, header, imports }).toEqual({ badPages: [2], header: false, imports: true })
})

test('a program of System V frames is still one after packing', () => {
  expect(parseImage(pack(smallProgram({ frames: 'sysv' })).xex, 'x').frames).toBe('sysv')
  expect(parseImage(pack(smallProgram(), { frames: 'sysv' }).xex, 'x').frames).toBe('sysv')
  expect(parseImage(pack(smallProgram({ frames: 'sysv' }), { frames: 'xbox' }).xex, 'x').frames).toBe('xbox')
})

test('a file that states nothing gets the platform’s defaults', () => {
  const image = parseImage(pack(smallProgram()).xex, 'x')
  expect(image).toMatchObject({ titleId: 0, heapSize: undefined, stackSize: 0x40000 })
  expect(image.xex?.headers.executionInfo).toBeUndefined()
})

test('resources lie behind the program on pages of their own, and are named', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  const image = parseImage(pack(smallProgram(), { resources: [{ name: '58450123', bytes }] }).xex, 'x')
  expect(image.xex?.headers.resources).toEqual([{ name: '58450123', address: 0x82030000, size: 3 }])
  expect(memoryOf(image, 0x82030000, 3)).toEqual(bytes)
  expect(image.segments.at(-1)).toMatchObject({ address: 0x82030000, access: access.read })
})

test('above 0x90000000 pages are small', () => {
  const text = smallProgram().segments[0]
  if (text === undefined) throw new Error('no text')
  const moved = { ...text, address: 0x90001000 }
  const { xex } = pack(smallProgram({ entry: 0x90001010, segments: [moved], functions: [], sections: [], imports: [] }))
  const image = parseImage(xex, 'x')
  expect(image.xex?.pageSize).toBe(0x1000)
  expect(image).toMatchObject({ base: 0x90000000, size: 0x2000 })
})

test('packing an ELF gives the image that the ELF itself gives', () => {
  const elf = smallElf(32)
  const direct = parseImage(elf, 'small.elf')
  const packed = parseImage(packElf(elf, 'small.elf').xex, 'small.xex')
  expect(packed.entry).toBe(direct.entry)
  expect(packed.functions).toEqual(direct.functions)
  expect(packed.imports[0]?.imports).toEqual(direct.imports[0]?.imports)
  expect(packed.frames).toBe('xbox')
  expect(packed.xex?.headers.originalName).toBe('small.exe')
  expect(memoryOf(packed, dataAt + 8, 4)).toEqual(memoryOf(direct, dataAt + 8, 4))
})

test('the same program packs to the same bytes', () => {
  const once = pack(smallProgram(), { encryption: 'devkit' })
  expect(pack(smallProgram(), { encryption: 'devkit' })).toEqual(once)
})

test('any program and options round-trip', () => {
  const arbitrary = fc.record({
    text: fc.uint8Array({ minLength: 16, maxLength: 300 }),
    data: fc.uint8Array({ minLength: 8, maxLength: 300 }),
    zeros: fc.nat(0x30000),
    gap: fc.nat(3),
    encryption: fc.constantFrom('none' as const, 'devkit' as const, 'retail' as const),
    compression: fc.constantFrom('raw' as const, 'basic' as const),
    titleId: fc.nat(0xffffffff),
    stackSize: fc.integer({ min: 1, max: 0x100000 }),
    ordinals: fc.uniqueArray(fc.nat(0xffff), { maxLength: 6 }),
    libraries: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,12}\.(xex|exe)$/), { minLength: 1, maxLength: 3 }),
  })
  fc.assert(
    fc.property(arbitrary, given => {
      const room = new Uint8Array(0x100)
      const text = Uint8Array.from([...room, ...given.text.subarray(0, given.text.length & ~3)])
      const data = Uint8Array.from([...room, ...given.data])
      const moved = dataAt + given.gap * 0x10000
      const imports = given.libraries.map((name, i) => ({
        name,
        version: '2.0.1.0',
        minimum: '2.0.0.0',
        imports: given.ordinals.map((ordinal, k) => ({
          ordinal,
          kind: k % 2 ? ('variable' as const) : ('function' as const),
          slot: moved + (i * 8 + k) * 4,
          thunk: k % 2 ? 0 : textAt + i * 0x50 + k * 8,
        })),
      }))
      const program: Program = {
        ...smallProgram(),
        entry: textAt + 0x100,
        segments: [
          { address: textAt, size: text.length, bytes: text, access: access.read | access.execute },
          { address: moved, size: data.length + given.zeros, bytes: data, access: access.read | access.write },
        ],
        sections: [],
        functions: [],
        imports,
      }
      const { titleId, stackSize, encryption, compression } = given
      const { xex } = pack(program, { titleId, stackSize, encryption, compression })
      const image = parseImage(xex, 'any.xex')
      expect(image).toMatchObject({ titleId, stackSize, entry: program.entry })
      expect(image.imports).toEqual(imports)
      expect(memoryOf(image, textAt + 0x100, text.length)).toEqual(memoryOf(program, textAt + 0x100, text.length))
      expect(memoryOf(image, moved + 0x100, 0x400)).toEqual(memoryOf(program, moved + 0x100, 0x400))
    }),
    { numRuns: 40 },
  )
})

test('a program that no page protection fits is refused', () => {
  const text = smallProgram().segments[0]
  if (text === undefined) throw new Error('no text')
  const data = { address: textAt + 0x1000, size: 4, bytes: new Uint8Array(4), access: access.read | access.write }
  const program = smallProgram({ segments: [text, data], imports: [] })
  expect(refusal(() => pack(program))).toMatchObject({
    code: 'PACK_INPUT',
    message: 'program.exe: the page of 0x10000 at 0x82010000 would be writable and executable',
  })
})

test.each([
  [
    'outside the image region',
    smallProgram({ segments: [{ ...segment(0), address: 0x10000 }], entry: 0x10010, imports: [] }),
  ],
  ['is not in code', smallProgram({ entry: dataAt })],
  ['has no place in the program', smallProgram({ segments: [segment(0)] })],
])('a program is refused: %s', (reason, program) => {
  const failure = refusal(() => pack(program))
  expect(failure.code).toBe('PACK_INPUT')
  expect(failure.message).toContain(reason)
})

function segment(index: number): Program['segments'][number] {
  const found = smallProgram().segments[index]
  if (found === undefined) throw new Error('no such segment')
  return found
}

test('a 64-bit ELF is not packed', () => {
  expect(refusal(() => packElf(smallElf(64), 'wide.elf')).code).toBe('PACK_INPUT')
})

test.each([
  { what: 'header size', at: 8, value: 0x7fffffff, place: 'x.xex: header size at 0x8' },
  { what: 'header count', at: 0x14, value: 0x20000000, place: 'x.xex: optional header count at 0x14' },
  { what: 'security offset', at: 0x10, value: 0xfffffff0, place: 'x.xex: security info offset at 0x10' },
  { what: 'block’s offset', at: 0x1c, value: 0x0fffffff, place: 'x.xex: offset of file format at 0x1C' },
])('a broken $what is named with its offset', ({ at, value, place }) => {
  const failure = refusal(() => parseImage(changed(pack(smallProgram()), at, value), 'x.xex'))
  expect(failure).toMatchObject({ code: 'XEX_FIELD', place })
})

test('broken fields of the security info are named with their offsets', () => {
  const packed = pack(smallProgram())
  const { securityOffset: at } = parseXex(packed.xex, 'x')
  const placeOf = (offset: number, value: number) =>
    refusal(() => parseImage(changed(packed, at + offset, value), 'x.xex')).place
  const hexOf = (offset: number) => `0x${(at + offset).toString(16).toUpperCase()}`
  expect(placeOf(4, 0x7fff0000)).toBe(`x.xex: image size at ${hexOf(4)}`)
  expect(placeOf(0x180, 0xffffffff)).toBe(`x.xex: page descriptor count at ${hexOf(0x180)}`)
  expect(placeOf(0x184, 0xfffffff3)).toBe(`x.xex: page descriptors at ${hexOf(0x180)}`)
  const base = parseXex(packed.xex, 'x').entries.find(entry => entry.key === 0x10201)?.offset ?? 0
  expect(placeOf(base - at, 0x82000001)).toBe(`x.xex: image base address at 0x${base.toString(16).toUpperCase()}`)
})

test('what cannot be loaded is refused by name', () => {
  const packed = pack(smallProgram(), { encryption: 'devkit' })
  const { securityOffset } = parseXex(packed.xex, 'x')
  expect(refusal(() => parseImage(changed(packed, 0, 0x58455831), 'x'))).toMatchObject({
    code: 'XEX_UNSUPPORTED',
    message: 'x: is a XEX1 container, which only pre-release systems read; XEX2 is needed',
  })
  expect(refusal(() => parseImage(changed(packed, 4, 0x10), 'x')).code).toBe('XEX_UNSUPPORTED')
  expect(refusal(() => parseImage(changed(packed, securityOffset + 0x150, 1), 'x')).code).toBe('XEX_KEY')
  expect(refusal(() => parseImage(Uint8Array.of(1, 2, 3, 4, 5), 'x')).code).toBe('FORMAT_UNKNOWN')
  expect(refusal(() => parseImage(new Uint8Array(0), 'x')).code).toBe('FORMAT_UNKNOWN')
})

test('the cipher agrees with itself both ways, and leaves a tail of less than a block alone', () => {
  const bytes = Uint8Array.from({ length: 37 }, (_, i) => i * 7)
  const key = Uint8Array.from({ length: 16 }, (_, i) => i)
  const hidden = encrypt(key, bytes)
  expect(decrypt(key, hidden)).toEqual(bytes)
  expect(hidden.subarray(32)).toEqual(bytes.subarray(32))
  expect(hidden.subarray(0, 32)).not.toEqual(bytes.subarray(0, 32))
  expect(unwrapKey('retail', wrapKey('retail', key))).toEqual(key)
})

test('the cipher is AES-128: the example vector of FIPS 197', () => {
  const key = Uint8Array.from({ length: 16 }, (_, i) => i)
  const text = Uint8Array.from({ length: 16 }, (_, i) => i * 17)
  expect(Buffer.from(encrypt(key, text)).toString('hex')).toBe('69c4e0d86a7b0430d8cdb78070b4c55a')
})
