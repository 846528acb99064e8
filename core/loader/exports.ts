import { createReader } from '../base/reader.ts'
import { hex32 } from '../base/words.ts'
import type { Export } from './image.ts'
import type { Xex } from './xex.ts'

/** What a module offers to others: a table by ordinal, or a PE export directory with names. */
export function readExports(xex: Xex, image: Uint8Array, base: number, name: string): Export[] {
  if (xex.security.exportTable !== 0) return readOrdinalTable(xex.security.exportTable - base, image, name)
  const directory = xex.headers.peExports
  return directory === undefined || directory.size === 0 ? [] : readNamedTable(directory, image, base, name)
}

export const exportTableMagic = [0x48000000, 0x00485645, 0x48000000] as const

function readOrdinalTable(at: number, image: Uint8Array, name: string): Export[] {
  const reader = createReader(image, { name, code: 'XEX_FIELD', origin: 'image' })
  for (const [i, magic] of exportTableMagic.entries())
    if (reader.u32(at + i * 4, 'export table magic') !== magic)
      throw reader.wrong(at, 'export table magic', 'is not that of an export table')
  const base = reader.u32(at + 0x20, 'export image base') * 0x10000
  const count = reader.u32(at + 0x24, 'export count')
  const first = reader.u32(at + 0x28, 'first export ordinal')
  reader.slice(at + 0x2c, count * 4, 'export offsets')
  const exports: Export[] = []
  for (let i = 0; i < count; i += 1) {
    const offset = reader.u32(at + 0x2c + i * 4, 'export offset')
    if (offset !== 0) exports.push({ ordinal: first + i, address: (base + offset) >>> 0 })
  }
  return exports
}

function readNamedTable(
  directory: { readonly rva: number; readonly size: number },
  image: Uint8Array,
  base: number,
  name: string,
): Export[] {
  const { rva, size } = directory
  const reader = createReader(image, { name, code: 'PE_FIELD', littleEndian: true, origin: 'image' })
  reader.slice(rva, size, 'export directory')
  const first = reader.u32(rva + 16, 'first export ordinal')
  const functionCount = reader.u32(rva + 20, 'export count')
  const nameCount = reader.u32(rva + 24, 'export name count')
  const tables = [28, 32, 36].map(field => reader.u32(rva + field, 'export table offset'))
  const [functions = 0, names = 0, ordinals = 0] = fromDirectory(tables, rva, size) ? tables.map(t => t + rva) : tables

  reader.slice(functions, functionCount * 4, 'export addresses')
  reader.slice(names, nameCount * 4, 'export names')
  reader.slice(ordinals, nameCount * 2, 'export name ordinals')
  const nameOf = new Map<number, string>()
  for (let i = 0; i < nameCount; i += 1) {
    const index = reader.u16(ordinals + i * 2, 'export name ordinal')
    nameOf.set(index, reader.text(reader.u32(names + i * 4, 'export name'), 256, 'export name'))
  }
  const exports: Export[] = []
  for (let i = 0; i < functionCount; i += 1) {
    const offset = reader.u32(functions + i * 4, 'export address')
    if (offset === 0) continue
    if (offset >= image.length) throw reader.wrong(functions + i * 4, 'export address', `${hex32(offset)} is beyond it`)
    const text = nameOf.get(i)
    exports.push({ ordinal: first + i, address: base + offset, ...(text === undefined ? {} : { name: text }) })
  }
  return exports
}

/** Whether the table offsets count from the directory itself rather than from the image: sources know both kinds. */
function fromDirectory(tables: readonly number[], rva: number, size: number): boolean {
  return !tables.every(table => table >= rva && table < rva + size) && tables.every(table => table < size)
}
