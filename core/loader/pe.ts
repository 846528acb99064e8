import { createReader, type Reader } from '../base/reader.ts'
import { hex, hex32 } from '../base/words.ts'
import { access } from '../memory/map.ts'
import type { FunctionRange, Section } from './image.ts'

/**
 * The PE image inside a XEX2, already in the layout of memory. Its headers are little-endian, the function table
 * big-endian. Raw pointers of sections mean nothing here, and a section may lie beyond the image: then it is not there.
 */
export interface Pe {
  readonly machine: number
  readonly timestamp: number
  readonly checksum: number
  readonly subsystem: number
  readonly linker: string
  /** Offset of the entry from the base. */
  readonly entryOffset: number
  readonly imageSize: number
  readonly directories: readonly Directory[]
  readonly sections: readonly Section[]
}

export interface Directory {
  readonly name: string
  readonly offset: number
  readonly size: number
}

export const directoryNames = [
  'export',
  'import',
  'resource',
  'exception',
  'security',
  'relocation',
  'debug',
  'architecture',
  'global pointer',
  'TLS',
  'load config',
  'bound import',
  'IAT',
  'delay import',
  'CLR',
  'reserved',
] as const

export const pe = {
  machine: 0x1f2,
  optionalHeaderSize: 0xe0,
  optionalMagic: 0x10b,
  subsystem: 14,
  sectionRowSize: 40,
  containsCode: 0x20,
  containsData: 0x40,
  sectionExecute: 0x20000000,
  sectionRead: 0x40000000,
  sectionWrite: 0x80000000,
} as const

export function parsePe(image: Uint8Array, base: number, name: string): Pe {
  const reader = createReader(image, { name, code: 'PE_FIELD', littleEndian: true, origin: 'image' })
  if (reader.u16(0, 'MZ magic') !== 0x5a4d) throw reader.wrong(0, 'MZ magic', 'the image is no PE')
  const at = reader.u32(0x3c, 'PE header offset')
  if (reader.u32(at, 'PE magic') !== 0x4550) throw reader.wrong(at, 'PE magic', 'is not PE')
  const machine = reader.u16(at + 4, 'machine')
  if (machine !== pe.machine) throw reader.wrong(at + 4, 'machine', `${hex(machine)} is not ${hex(pe.machine)}`)
  const optionalSize = reader.u16(at + 20, 'optional header size')
  const optional = at + 24
  const magic = reader.u16(optional, 'optional header magic')
  if (optionalSize < 0x60 || magic !== pe.optionalMagic)
    throw reader.wrong(optional, 'optional header', `magic ${hex(magic)}, size ${hex(optionalSize)}: no 32-bit PE`)
  return {
    machine,
    timestamp: reader.u32(at + 8, 'timestamp'),
    checksum: reader.u32(optional + 64, 'checksum'),
    subsystem: reader.u16(optional + 68, 'subsystem'),
    linker: `${reader.u8(optional + 2, 'linker version')}.${reader.u8(optional + 3, 'linker version')}`,
    entryOffset: reader.u32(optional + 16, 'entry offset'),
    imageSize: reader.u32(optional + 56, 'image size'),
    directories: readDirectories(reader, optional, optionalSize),
    sections: readSections(reader, optional + optionalSize, reader.u16(at + 6, 'section count'), base),
  }
}

function readDirectories(reader: Reader, optional: number, optionalSize: number): Directory[] {
  const room = Math.floor((optionalSize - 0x60) / 8)
  const count = Math.min(reader.u32(optional + 92, 'directory count'), room, directoryNames.length)
  return directoryNames.slice(0, count).map((name, i) => ({
    name,
    offset: reader.u32(optional + 96 + i * 8, `${name} directory`),
    size: reader.u32(optional + 100 + i * 8, `size of ${name} directory`),
  }))
}

function readSections(reader: Reader, at: number, count: number, base: number): Section[] {
  const sections: Section[] = []
  for (let i = 0; i < count; i += 1) {
    const row = at + i * pe.sectionRowSize
    const offset = reader.u32(row + 12, `address of section ${i}`)
    const size = reader.u32(row + 8, `size of section ${i}`)
    const flags = reader.u32(row + 36, `characteristics of section ${i}`)
    sections.push({
      name: reader.text(row, 8, `name of section ${i}`),
      address: base + offset,
      size,
      present: Math.max(0, Math.min(size, reader.length - offset)),
      access:
        (flags & pe.sectionRead ? access.read : 0) |
        (flags & pe.sectionWrite ? access.write : 0) |
        (flags & pe.sectionExecute ? access.execute : 0),
    })
  }
  return sections
}

/** The rows of `.pdata`: bounds of functions, and the save and restore runs (bit 30 clear). */
export function readFunctionTable(image: Uint8Array, base: number, pe: Pe, name: string): FunctionRange[] {
  const directory = pe.directories.find(row => row.name === 'exception')
  if (directory === undefined || directory.size === 0) return []
  const { offset, size } = directory
  const reader = createReader(image, { name, code: 'PE_FIELD', origin: 'image' })
  if (offset + size > image.length)
    throw reader.wrong(offset, 'function table', `${hex(size)} bytes reach beyond the image`)
  return functionRows(reader, offset, size, base, base + image.length)
}

/** Decodes rows of 8 bytes, which must ascend and stay within the image. */
export function functionRows(
  reader: Reader,
  offset: number,
  size: number,
  start: number,
  end: number,
): FunctionRange[] {
  const rows: FunctionRange[] = []
  for (let at = offset; at + 8 <= offset + size; at += 8) {
    const begin = reader.u32(at, 'function begin')
    const word = reader.u32(at + 4, 'function length')
    if (begin === 0) continue
    const length = ((word >>> 8) & 0x3fffff) * 4
    if (begin % 4 !== 0 || begin < start || begin + length > end)
      throw reader.wrong(at, 'function begin', `${hex32(begin)} and ${hex(length)} bytes do not lie in the image`)
    const ordinary = (word & 0x40000000) !== 0
    const flag = word >>> 31 === 1
    rows.push({
      begin,
      end: begin + length,
      prologue: (word & 0xff) * 4,
      handler: ordinary && flag,
      ...(ordinary ? {} : { helper: flag ? 'restore' : 'save' }),
    })
  }
  return separate(rows)
}

/** Sorted by address; of rows that overlap, the earlier is cut where the later begins. */
export function separate(rows: readonly FunctionRange[]): FunctionRange[] {
  const sorted = [...rows].sort((a, b) => a.begin - b.begin)
  const result: FunctionRange[] = []
  for (const [i, row] of sorted.entries()) {
    const next = sorted[i + 1]
    if (next !== undefined && next.begin === row.begin) continue
    result.push(next !== undefined && next.begin < row.end ? { ...row, end: next.begin } : row)
  }
  return result
}
