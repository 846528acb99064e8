import { sha256 } from '../base/digest.ts'
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import { createReader } from '../base/reader.ts'
import { hex, hex32 } from '../base/words.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { type Access, access, pageSize, regionOf } from '../memory/map.ts'
import { isElf, parseElf } from './elf.ts'
import { readExports } from './exports.ts'
import { defaultStackSize, defaultTlsSlots, type Image, type Section, type Segment } from './image.ts'
import { readImports } from './import-table.ts'
import { type Pe, parsePe, readFunctionTable } from './pe.ts'
import { isXex, moduleFlag, parseXex, patchFlags, type Xex } from './xex.ts'
import { openXex } from './xex-open.ts'

/** The static-library row by which `pack` marks an image whose frames are those of the System V ABI. */
export const sysvMark = 'SYSVABI'

/** Reads an executable of any supported form. `name` is the file's name without its folder. */
export function parseImage(bytes: Uint8Array, name: string): Image {
  const magic = bytes.length < 4 ? 0 : createReader(bytes, { name, code: 'FORMAT_UNKNOWN' }).u32(0, 'magic')
  if (isXex(magic)) return xexImage(bytes, name)
  if (isElf(magic)) return elfImage(bytes, name)
  if (bytes.length === 0) throw fail('FORMAT_UNKNOWN', name, 'is empty')
  throw fail('FORMAT_UNKNOWN', name, `begins with ${hex32(magic)}, which is neither XEX2 nor ELF`)
}

function elfImage(bytes: Uint8Array, name: string): Image {
  const elf = parseElf(bytes, name)
  const first = elf.segments[0]
  const last = elf.segments.at(-1)
  const base = first === undefined ? 0 : first.address - (first.address % pageSize)
  return {
    kind: elf.bits === 32 ? 'elf32' : 'elf64',
    name,
    sha256: sha256(bytes),
    base,
    size: last === undefined ? 0 : last.address + last.size - base,
    entry: elf.entry,
    ...(elf.toc === undefined ? {} : { toc: elf.toc }),
    library: false,
    segments: elf.segments,
    sections: elf.sections.filter(section => section.allocated).map(plainSection),
    functions: elf.functions,
    symbols: elf.symbols,
    imports: elf.imports,
    exports: [],
    functionTable: elfFunctionTable(elf.sections),
    tls: { ...(elf.tls ?? { address: 0, size: 0, initialised: 0 }), slots: defaultTlsSlots },
    stackSize: defaultStackSize,
    heapSize: undefined,
    titleId: 0,
    timestamp: 0,
    headerBlock: new Uint8Array(0),
    frames: elf.frames,
    notes: [],
  }
}

function elfFunctionTable(sections: readonly Section[]): Image['functionTable'] {
  const { address = 0, size = 0 } = sections.find(section => section.name === '.pdata' && section.address !== 0) ?? {}
  return { address, size }
}

function peFunctionTable(pe: Pe, base: number): Image['functionTable'] {
  const { offset, size } = pe.directories.find(row => row.name === 'exception') ?? { offset: 0, size: 0 }
  return size === 0 ? { address: 0, size: 0 } : { address: base + offset, size }
}

function plainSection({ name, address, size, present, access }: Section): Section {
  return { name, address, size, present, access }
}

function xexImage(bytes: Uint8Array, name: string): Image {
  const xex = parseXex(bytes, name)
  const { headers, base } = xex
  if (xex.moduleFlags & patchFlags)
    throw fail('XEX_UNSUPPORTED', name, 'is a patch (.xexp) for another executable, not an executable')
  const opened = openXex(xex, bytes, name)
  const image = opened.bytes
  const pe = parsePe(image, base, name)
  const notes: string[] = []
  if (headers.entryPoint !== undefined && headers.entryPoint !== base + pe.entryOffset)
    notes.push(`the PE names ${hex32(base + pe.entryOffset)} as entry point; the container's own is used`)
  const segments = pageSegments(xex, image)
  const library = (xex.moduleFlags & moduleFlag.library) !== 0
  return {
    kind: 'xex',
    name,
    sha256: sha256(bytes),
    base,
    size: image.length,
    entry: entryPoint(xex, base + pe.entryOffset, segments, library, name),
    library,
    segments,
    sections: pe.sections,
    functions: readFunctionTable(image, base, pe, name),
    symbols: [],
    imports: readImports(xex, image, name),
    exports: readExports(xex, image, base, name),
    functionTable: peFunctionTable(pe, base),
    tls: xexTls(xex, image.length, name),
    stackSize: headers.stackSize || defaultStackSize,
    heapSize: headers.heapSize,
    titleId: headers.executionInfo?.titleId ?? 0,
    timestamp: pe.timestamp,
    headerBlock: bytes.subarray(0, xex.headerSize),
    frames: headers.staticLibraries?.some(row => row.name === sysvMark) ? 'sysv' : 'xbox',
    notes,
    xex,
  }
}

const accessOfPage = {
  code: access.read | access.execute,
  data: access.read | access.write,
  'read-only': access.read,
  other: access.read | access.write,
} as const

/** Neighbouring runs of one kind as one segment. */
function pageSegments(xex: Xex, image: Uint8Array): Segment[] {
  const segments: Segment[] = []
  let at = 0
  let start = 0
  for (const [i, run] of xex.security.pages.entries()) {
    at += run.count * xex.pageSize
    if (xex.security.pages[i + 1]?.kind === run.kind || at === start) continue
    const bytes = image.subarray(start, at)
    segments.push({ address: xex.base + start, size: bytes.length, bytes, access: accessOfPage[run.kind] })
    start = at
  }
  return segments
}

function entryPoint(xex: Xex, fallback: number, segments: readonly Segment[], library: boolean, name: string): number {
  const entry = xex.headers.entryPoint ?? fallback
  if (library && entry === 0) return 0
  const code = segments.some(s => s.access & access.execute && entry >= s.address && entry < s.address + s.size)
  if (code && entry % 4 === 0) return entry
  const at = xex.entries.find(row => row.key === 0x10100)?.offset ?? 0
  throw fail('XEX_FIELD', `${name}: entry point at ${hex(at)}`, `${hex32(entry)} is not in code`)
}

function xexTls(xex: Xex, imageSize: number, name: string): Image['tls'] {
  const tls = xex.headers.tls
  if (tls === undefined) return { slots: defaultTlsSlots, address: 0, size: 0, initialised: 0 }
  const at = xex.entries.find(row => row.key === 0x20104)?.offset ?? 0
  const wrong = (what: string) => fail('XEX_FIELD', `${name}: TLS info at ${hex(at)}`, what)
  const offset = tls.address - xex.base
  if (tls.initialised > 0 && (offset < 0 || offset + tls.initialised > imageSize))
    throw wrong(`${hex(tls.initialised)} bytes at ${hex32(tls.address)} do not lie in the image`)
  if (tls.size > limits.tlsBytes.value || tls.slots > limits.tlsSlots.value)
    throw wrong(`${tls.slots} slots and ${hex(tls.size)} bytes a thread are not plausible`)
  return { ...tls, slots: tls.slots || defaultTlsSlots }
}

export interface Placement {
  /** Where the header block lies in guest memory; 0 when there is none. */
  readonly headerAddress: number
  /** Its size; 0 when there is none. */
  readonly headerSize: number
}

/**
 * Puts an image into guest memory: pages with their access, then bytes. The header block, which titles read at run
 * time, goes to `headerAt`, or right below the image.
 */
export function place(image: Image, memory: GuestMemory, headerAt?: number): Placement {
  const pages = new Map<number, Access>()
  for (const segment of image.segments)
    for (let page = pageOf(segment.address); page < segment.address + segment.size; page += pageSize)
      pages.set(page, (pages.get(page) ?? 0) | segment.access)
  const headerSize = image.headerBlock.length
  const headerAddress = headerSize === 0 ? 0 : (headerAt ?? belowImage(image, headerSize))
  for (let page = pageOf(headerAddress); page < headerAddress + headerSize; page += pageSize)
    pages.set(page, (pages.get(page) ?? 0) | access.read)
  for (const page of pages.keys())
    if (regionOf(page) === undefined || memory.accessAt(page) !== access.none)
      throw fail(
        image.kind === 'xex' ? 'XEX_FIELD' : 'ELF_FIELD',
        `${image.name}: load address`,
        `${hex32(page)} is not free`,
      )
  for (const [page, flags] of pages) memory.commit(page, pageSize, flags)
  for (const segment of image.segments) memory.poke(segment.address, segment.bytes)
  if (headerSize > 0) memory.poke(headerAddress, image.headerBlock)
  return { headerAddress, headerSize }
}

function belowImage(image: Image, size: number): number {
  const step = 0x10000
  return image.base - Math.ceil(size / step) * step
}

function pageOf(address: number): number {
  return address - (address % pageSize)
}
