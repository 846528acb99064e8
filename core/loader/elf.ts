import { limits } from '../base/limits.ts'
import { createReader, latin1, type Reader } from '../base/reader.ts'
import { hex, hex32 } from '../base/words.ts'
import { type Access, access, regionOf } from '../memory/map.ts'
import type { Frames, FunctionRange, Import, ImportLibrary, NamedAddress, Section, Segment, Tls } from './image.ts'
import { functionRows, separate } from './pe.ts'

/**
 * Static big-endian PowerPC executables: 32-bit, and 64-bit linked below 4 GiB. Three sections of our own say what ELF
 * has no word for: `.xenon.imports` (rows of 32 bytes: slot, thunk, ordinal, library name), `.xenon.frames` (`xbox` or
 * `sysv`; without it, sysv) and `.pdata` (function rows as in a PE).
 */
export interface Elf {
  readonly bits: 32 | 64
  readonly machine: number
  readonly flags: number
  readonly entry: number
  readonly toc: number | undefined
  readonly segments: readonly Segment[]
  readonly sections: readonly ElfSection[]
  readonly symbols: readonly NamedAddress[]
  readonly functions: readonly FunctionRange[]
  readonly imports: readonly ImportLibrary[]
  readonly frames: Frames
  readonly tls: Tls | undefined
}

export interface ElfSection extends Section {
  readonly index: number
  readonly type: number
  readonly allocated: boolean
  /** File offset; its bytes are there unless the type is `nobits`. */
  readonly offset: number
  readonly link: number
  readonly rowSize: number
}

const elfMagic = 0x7f454c46
const sectionType = { symbols: 2, nobits: 8 } as const
const segmentType = { load: 1, interpreter: 3, tls: 7 } as const
const importRowSize = 32
const importNameSize = 20

export function isElf(magic: number): boolean {
  return magic === elfMagic
}

/** Where the fields of the two classes lie. */
interface Layout {
  readonly bits: 32 | 64
  /** An address, offset or size, which must fit 32 bits. */
  word(offset: number, field: string): number
}

export function parseElf(bytes: Uint8Array, name: string): Elf {
  const reader = createReader(bytes, { name, code: 'ELF_FIELD' })
  if (reader.u32(0, 'magic') !== elfMagic) throw reader.wrong(0, 'magic', 'is not ELF')
  const layout = layoutOf(reader)
  const wide = layout.bits === 64
  if (reader.u8(5, 'byte order') !== 2) throw reader.wrong(5, 'byte order', 'is not big-endian')
  if (reader.u16(0x10, 'type') !== 2) throw reader.wrong(0x10, 'type', 'is no executable at fixed addresses')
  const machine = reader.u16(0x12, 'machine')
  if (machine !== (wide ? 21 : 20)) throw reader.wrong(0x12, 'machine', `${machine} is not PowerPC`)

  const entryField = layout.word(0x18, 'entry point')
  const flags = reader.u32(wide ? 0x30 : 0x24, 'flags')
  const { segments, tls } = readSegments(reader, layout)
  const sections = readSections(reader, layout)
  const descriptors = wide && (flags & 3) !== 2 ? sections.find(section => section.name === '.opd') : undefined
  const code = (address: number): number => (descriptors ? throughDescriptor(reader, descriptors, address) : address)
  const entry = code(entryField)
  if (!segments.some(s => s.access & access.execute && entry >= s.address && entry < s.address + s.size) || entry % 4)
    throw reader.wrong(0x18, 'entry point', `${hex32(entry)} is not in code`)

  const symbols = readSymbols(reader, layout, sections).map(symbol => ({ ...symbol, address: code(symbol.address) }))
  return {
    bits: layout.bits,
    machine,
    flags,
    entry,
    toc: descriptors ? reader.u32(descriptorAt(descriptors, entryField) + 12, 'TOC of the entry point') : undefined,
    segments,
    sections,
    symbols,
    functions: readFunctions(reader, sections, symbols, segments),
    imports: readImports(reader, sections, segments),
    frames: readFrames(reader, sections),
    tls,
  }
}

function layoutOf(reader: Reader): Layout {
  const kind = reader.u8(4, 'class')
  if (kind === 1) return { bits: 32, word: (offset, field) => reader.u32(offset, field) }
  if (kind !== 2) throw reader.wrong(4, 'class', `${kind} is neither 1 (32 bits) nor 2 (64 bits)`)
  return {
    bits: 64,
    word(offset, field) {
      if (reader.u32(offset, field) !== 0) throw reader.wrong(offset, field, 'is 4 GiB or more')
      return reader.u32(offset + 4, field)
    },
  }
}

function readSegments(reader: Reader, layout: Layout): { segments: Segment[]; tls: Tls | undefined } {
  const wide = layout.bits === 64
  const at = layout.word(wide ? 0x20 : 0x1c, 'program header offset')
  const rowSize = reader.u16(wide ? 0x36 : 0x2a, 'program header size')
  const count = reader.u16(wide ? 0x38 : 0x2c, 'program header count')
  if (rowSize < (wide ? 56 : 32))
    throw reader.wrong(wide ? 0x36 : 0x2a, 'program header size', `${rowSize} is too small`)
  const segments: Segment[] = []
  let tls: Tls | undefined
  let total = 0
  for (let i = 0; i < count; i += 1) {
    const row = at + i * rowSize
    const field = (what: string) => `${what} of program header ${i}`
    const type = reader.u32(row, field('type'))
    if (type === segmentType.interpreter) throw reader.wrong(row, field('type'), 'the program is linked dynamically')
    if (type !== segmentType.load && type !== segmentType.tls) continue
    const offset = layout.word(row + (wide ? 8 : 4), field('file offset'))
    const address = layout.word(row + (wide ? 16 : 8), field('address'))
    const fileSize = layout.word(row + (wide ? 32 : 16), field('file size'))
    const size = layout.word(row + (wide ? 40 : 20), field('memory size'))
    const flags = reader.u32(row + (wide ? 4 : 24), field('flags'))
    if (fileSize > size) throw reader.wrong(row, field('file size'), `${hex(fileSize)} exceeds its memory size`)
    const bytes = reader.slice(offset, fileSize, field('bytes'))
    if (type === segmentType.tls) {
      tls = { slots: 0, address, size, initialised: fileSize }
      continue
    }
    if (size === 0) continue
    total += size
    if (total > limits.imageBytes.value || !isProgramMemory(address, size))
      throw reader.wrong(row, field('address'), `${hex(size)} bytes cannot lie at ${hex32(address)}`)
    if (segments.length === limits.imageSegments.value)
      throw reader.wrong(row, 'program header count', `more than ${limits.imageSegments.value} are to be loaded`)
    segments.push({ address, size, bytes, access: segmentAccess(flags) })
  }
  if (segments.length === 0) throw reader.wrong(at, 'program headers', 'none is to be loaded')
  segments.sort((a, b) => a.address - b.address)
  for (const [i, segment] of segments.entries()) {
    const next = segments[i + 1]
    if (next !== undefined && segment.address + segment.size > next.address)
      throw reader.wrong(at, 'program headers', `two segments share ${hex32(next.address)}`)
  }
  return { segments, tls }
}

function isProgramMemory(start: number, size: number): boolean {
  const region = regionOf(start)
  return region !== undefined && (region.kind === 'virtual' || region.kind === 'image') && start + size <= region.end
}

/** The processor cannot forbid reading a page that it may write or run. */
function segmentAccess(flags: number): Access {
  return access.read | (flags & 2 ? access.write : 0) | (flags & 1 ? access.execute : 0)
}

function readSections(reader: Reader, layout: Layout): ElfSection[] {
  const wide = layout.bits === 64
  const at = layout.word(wide ? 0x28 : 0x20, 'section header offset')
  const rowSize = reader.u16(wide ? 0x3a : 0x2e, 'section header size')
  const count = reader.u16(wide ? 0x3c : 0x30, 'section header count')
  const namesIndex = reader.u16(wide ? 0x3e : 0x32, 'section name table index')
  if (at === 0 || count === 0) return []
  if (rowSize < (wide ? 64 : 40))
    throw reader.wrong(wide ? 0x3a : 0x2e, 'section header size', `${rowSize} is too small`)
  const rows = Array.from({ length: count }, (_, i) => {
    const row = at + i * rowSize
    const field = (what: string) => `${what} of section header ${i}`
    const type = reader.u32(row + 4, field('type'))
    const flags = layout.word(row + 8, field('flags'))
    const offset = layout.word(row + (wide ? 24 : 16), field('offset'))
    const size = layout.word(row + (wide ? 32 : 20), field('size'))
    if (type !== sectionType.nobits) reader.slice(offset, size, field('bytes'))
    return {
      index: i,
      nameAt: reader.u32(row, field('name')),
      type,
      allocated: (flags & 2) !== 0,
      address: layout.word(row + (wide ? 16 : 12), field('address')),
      offset,
      size,
      present: size,
      link: reader.u32(row + (wide ? 40 : 24), field('link')),
      rowSize: layout.word(row + (wide ? 56 : 36), field('entry size')),
      access: access.read | (flags & 1 ? access.write : 0) | (flags & 4 ? access.execute : 0),
    }
  })
  const names = rows[namesIndex]
  return rows.map(({ nameAt, ...section }) => ({ ...section, name: nameIn(reader, names, nameAt, 256) }))
}

function nameIn(
  reader: Reader,
  table: { readonly type: number; readonly offset: number; readonly size: number } | undefined,
  at: number,
  longest: number,
): string {
  if (table === undefined || table.type === sectionType.nobits || at >= table.size) return ''
  return reader.text(table.offset + at, Math.min(longest, table.size - at), 'name')
}

/** The 64-bit ABI's first version names functions by descriptors: code address, TOC, environment. */
function descriptorAt(descriptors: ElfSection, address: number): number {
  return descriptors.offset + address - descriptors.address
}

function throughDescriptor(reader: Reader, descriptors: ElfSection, address: number): number {
  if (address < descriptors.address || address >= descriptors.address + descriptors.size) return address
  return reader.u32(descriptorAt(descriptors, address) + 4, 'function descriptor')
}

function readSymbols(reader: Reader, layout: Layout, sections: readonly ElfSection[]): NamedAddress[] {
  const table = sections.find(section => section.type === sectionType.symbols)
  if (table === undefined) return []
  const wide = layout.bits === 64
  const rowSize = wide ? 24 : 16
  const names = sections[table.link]
  const symbols: NamedAddress[] = []
  for (let at = table.offset; at + rowSize <= table.offset + table.size; at += rowSize) {
    const info = reader.u8(at + (wide ? 4 : 12), 'symbol info')
    const section = sections[reader.u16(at + (wide ? 6 : 14), 'symbol section')]
    const type = info & 15
    if (type > 2 || section === undefined || !section.allocated || section.index === 0) continue
    const name = nameIn(reader, names, reader.u32(at, 'symbol name'), limits.symbolNameBytes.value)
    if (name === '' || name.startsWith('.L')) continue
    const address = layout.word(at + (wide ? 8 : 4), 'symbol value')
    const size = layout.word(at + (wide ? 16 : 8), 'symbol size')
    symbols.push({ address, size, name, function: type === 2 })
  }
  return symbols.sort((a, b) => a.address - b.address)
}

function readFunctions(
  reader: Reader,
  sections: readonly ElfSection[],
  symbols: readonly NamedAddress[],
  segments: readonly Segment[],
): FunctionRange[] {
  const inCode = (begin: number, end: number) =>
    segments.some(s => s.access & access.execute && begin >= s.address && end <= s.address + s.size)
  const table = sections.find(section => section.name === '.pdata' && section.type !== sectionType.nobits)
  const rows = table === undefined ? [] : functionRows(reader, table.offset, table.size, 0, 2 ** 32)
  const known = new Set(rows.map(row => row.begin))
  const named = symbols
    .filter(symbol => symbol.function && symbol.size > 0 && symbol.address % 4 === 0 && !known.has(symbol.address))
    .map(({ address, size }) => ({ begin: address, end: address + size, prologue: 0, handler: false }))
  return separate([...rows, ...named].filter(row => inCode(row.begin, row.end)))
}

function readImports(reader: Reader, sections: readonly ElfSection[], segments: readonly Segment[]): ImportLibrary[] {
  const table = sections.find(section => section.name === '.xenon.imports' && section.type !== sectionType.nobits)
  if (table === undefined) return []
  const libraries = new Map<string, Import[]>()
  const within = (address: number, size: number) =>
    address % 4 === 0 && segments.some(s => address >= s.address && address + size <= s.address + s.size)
  for (let at = table.offset; at + importRowSize <= table.offset + table.size; at += importRowSize) {
    const slot = reader.u32(at, 'import slot')
    const thunk = reader.u32(at + 4, 'import thunk')
    const ordinal = reader.u32(at + 8, 'import ordinal')
    const library = latin1(reader.slice(at + 12, importNameSize, 'import library'))
    if (ordinal > 0xffff) throw reader.wrong(at + 8, 'import ordinal', `${hex(ordinal)} exceeds 0xFFFF`)
    if (library === '') throw reader.wrong(at + 12, 'import library', 'has no name')
    if (slot !== 0 && !within(slot, 4)) throw reader.wrong(at, 'import slot', `${hex32(slot)} is not in the program`)
    if (thunk === 0 ? slot === 0 : !within(thunk, 16))
      throw reader.wrong(at + 4, 'import thunk', `${hex32(thunk)} is not in the program`)
    const list = libraries.get(library) ?? []
    libraries.set(library, list)
    list.push({ ordinal, kind: thunk === 0 ? 'variable' : 'function', slot, thunk })
  }
  return [...libraries].map(([name, imports]) => ({ name, version: '', minimum: '', imports }))
}

function readFrames(reader: Reader, sections: readonly ElfSection[]): Frames {
  const mark = sections.find(section => section.name === '.xenon.frames' && section.type !== sectionType.nobits)
  if (mark === undefined) return 'sysv'
  const text = reader.text(mark.offset, Math.min(mark.size, 16), 'frames')
  if (text !== 'xbox' && text !== 'sysv')
    throw reader.wrong(mark.offset, 'frames', `“${text}” is neither xbox nor sysv`)
  return text
}
