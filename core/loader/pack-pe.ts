import { fail } from '../base/failure.ts'
import { access } from '../memory/map.ts'
import type { FunctionRange, Section } from './image.ts'
import { directoryNames, pe } from './pe.ts'
import { createWriter } from './writer.ts'

/** Bytes kept free for PE headers at the base of an image we make. */
export const peHeaderRoom = 0x1000
const peHeaderAt = 0x80
const optionalAt = peHeaderAt + 24
const sectionsAt = optionalAt + pe.optionalHeaderSize
const mostSections = Math.floor((peHeaderRoom - sectionsAt) / pe.sectionRowSize)

export interface PeContents {
  readonly name: string
  readonly base: number
  readonly entry: number
  readonly timestamp: number
  readonly sections: readonly Section[]
  /** The function table, inside the image. */
  readonly functionTable: { readonly offset: number; readonly size: number }
}

/** Writes PE headers at the start of `image`, whose other bytes are final; answers the checksum. */
export function writePeHeaders(image: Uint8Array, contents: PeContents): number {
  const { base, sections } = contents
  if (sections.length > mostSections)
    throw fail(
      'PACK_INPUT',
      contents.name,
      `${sections.length} sections do not fit the headers; merge some when linking`,
    )
  const out = createWriter(image, true)
  out.put(0, Uint8Array.of(0x4d, 0x5a, 0x90, 0))
  out.u32(0x3c, peHeaderAt)
  out.u32(peHeaderAt, 0x4550)
  out.u16(peHeaderAt + 4, pe.machine)
  out.u16(peHeaderAt + 6, sections.length)
  out.u32(peHeaderAt + 8, contents.timestamp)
  out.u16(peHeaderAt + 20, pe.optionalHeaderSize)
  // executable, 32-bit machine, no line numbers, symbols or relocations
  out.u16(peHeaderAt + 22, 0x010f)

  out.u16(optionalAt, pe.optionalMagic)
  out.u32(optionalAt + 16, contents.entry - base)
  out.u32(optionalAt + 28, base)
  out.u32(optionalAt + 32, 0x1000)
  out.u32(optionalAt + 36, 0x1000)
  out.u32(optionalAt + 56, image.length)
  out.u32(optionalAt + 60, peHeaderRoom)
  out.u16(optionalAt + 68, pe.subsystem)
  out.u32(optionalAt + 92, directoryNames.length)
  const exception = optionalAt + 96 + directoryNames.indexOf('exception') * 8
  out.u32(exception, contents.functionTable.size === 0 ? 0 : contents.functionTable.offset)
  out.u32(exception + 4, contents.functionTable.size)

  for (const [i, section] of sections.entries()) {
    const row = sectionsAt + i * pe.sectionRowSize
    out.text(row, section.name.slice(0, 8))
    out.u32(row + 8, section.size)
    out.u32(row + 12, section.address - base)
    out.u32(row + 16, section.size)
    out.u32(row + 20, section.address - base)
    out.u32(row + 36, characteristics(section))
  }
  const checksum = peChecksum(image)
  out.u32(optionalAt + 64, checksum)
  return checksum
}

function characteristics(section: Section): number {
  return (
    ((section.access & access.read ? pe.sectionRead : 0) |
      (section.access & access.write ? pe.sectionWrite : 0) |
      (section.access & access.execute ? pe.sectionExecute | pe.containsCode : pe.containsData)) >>>
    0
  )
}

/** The PE format's own checksum: the folded sum of all 16-bit words, plus the length; the field itself must be zero. */
function peChecksum(image: Uint8Array): number {
  let sum = 0
  for (let at = 0; at + 1 < image.length; at += 2) {
    sum += (image[at] ?? 0) | ((image[at + 1] ?? 0) << 8)
    sum = (sum & 0xffff) + (sum >>> 16)
  }
  return ((sum & 0xffff) + image.length) >>> 0
}

/** Rows of the function table, as the console's linker writes them. */
export function functionTable(functions: readonly FunctionRange[]): Uint8Array {
  const out = createWriter(functions.length * 8)
  for (const [i, row] of functions.entries()) {
    const ordinary = row.helper === undefined
    const flag = ordinary ? row.handler : row.helper === 'restore'
    const length = ((row.end - row.begin) >>> 2) & 0x3fffff
    out.u32(i * 8, row.begin)
    out.u32(
      i * 8 + 4,
      (flag ? 0x80000000 : 0) | (ordinary ? 0x40000000 : 0) | (length << 8) | ((row.prologue >>> 2) & 0xff),
    )
  }
  return out.bytes
}
