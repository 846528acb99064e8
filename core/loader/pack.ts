import { alignDown, alignUp } from '../base/bits.ts'
import { sha256 } from '../base/digest.ts'
import { type Failure, fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import { hex, hex32 } from '../base/words.ts'
import { access } from '../memory/map.ts'
import type { MasterKey } from './crypt.ts'
import { exportTableMagic } from './exports.ts'
import { defaultStackSize, type Frames, type Image, type ImportLibrary, type Section } from './image.ts'
import { thunkSize } from './import-table.ts'
import { writeLinkerMap } from './linker-map.ts'
import { parseImage, sysvMark } from './load.ts'
import { functionTable, peHeaderRoom, writePeHeaders } from './pack-pe.ts'
import {
  basicCompression,
  type PackedHeader,
  type PackedLibrary,
  type PackedRun,
  rawCompression,
  writeXex,
} from './pack-xex.ts'
import { concatenate, createWriter, words } from './writer.ts'
import { moduleFlag } from './xex.ts'

/**
 * Makes a XEX2 of a program of our own: a static 32-bit ELF (see elf.ts for the sections that name imports and frames),
 * or anything with segments. The image is the program's segments as they lie in memory, PE headers in the free space
 * below them and a function table; around it goes a container whose digests all hold. The result depends on the
 * arguments alone.
 */
export type Program = Pick<
  Image,
  'entry' | 'segments' | 'sections' | 'functions' | 'imports' | 'tls' | 'symbols' | 'frames'
>

export interface PackOptions {
  /** The original PE name, and the name in messages. */
  readonly name?: string
  readonly titleId?: number
  readonly mediaId?: number
  /** `major.minor.build.qfe`. */
  readonly version?: string
  readonly stackSize?: number
  /** Absent from the file unless given. */
  readonly heapSize?: number
  readonly tlsSlots?: number
  /** Wins over what the program says of itself. */
  readonly frames?: Frames
  readonly encryption?: 'none' | MasterKey
  readonly compression?: 'raw' | 'basic'
  /** Version and least version of every import library that does not give its own. */
  readonly libraryVersion?: string
  readonly libraryMinimum?: string
  /** System flags 0..31; absent from the file unless given. */
  readonly privileges?: number
  readonly library?: boolean
  /** What it offers by ordinal. */
  readonly exports?: readonly { readonly ordinal: number; readonly address: number }[]
  /** Appended to the image, read-only; a name has at most 8 letters. */
  readonly resources?: readonly { readonly name: string; readonly bytes: Uint8Array }[]
}

export interface Packed {
  readonly xex: Uint8Array
  /** The text of a linker's map: the names the container has no room for. */
  readonly map: string
}

export function packElf(bytes: Uint8Array, name: string, options: PackOptions = {}): Packed {
  const image = parseImage(bytes, name)
  if (image.kind !== 'elf32') throw fail('PACK_INPUT', name, `is ${image.kind}, and a 32-bit ELF is needed`)
  return pack(image, { name: `${name.replace(/\.\w+$/, '')}.exe`, ...options })
}

const defaultLibraryVersion = '2.0.21119.0'
const defaultLibraryMinimum = '2.0.1861.0'
const packedTlsSlots = 64

export function pack(program: Program, options: PackOptions = {}): Packed {
  const { name = 'program.exe', encryption = 'none', compression = 'basic' } = options
  const refuse = (what: string): Failure => fail('PACK_INPUT', name, what)
  checkProgram(program, refuse)
  const plan = layOut(program, options, refuse)
  const { base, image, pageSize } = plan
  fillImports(image, base, program.imports)
  const identity = sha256(image)
  const timestamp = parseInt(identity.slice(0, 8), 16) >>> 1
  const checksum = writePeHeaders(image, {
    name,
    base,
    entry: program.entry,
    timestamp,
    sections: plan.sections,
    functionTable: plan.functionTable,
  })
  const xex = writeXex({
    base,
    image,
    pageSize,
    runs: pageRuns(plan, program, refuse),
    moduleFlags: options.library ? moduleFlag.library : moduleFlag.title,
    exportTable: plan.exportsAt,
    mediaId: mediaId(options.mediaId ?? 0),
    headers: optionalHeaders(program, options, plan, name, { checksum, timestamp }),
    libraries: program.imports.map(library => packedLibrary(library, options, refuse)),
    compression: compression === 'basic' ? basicCompression(image) : rawCompression(image),
    ...(encryption === 'none' ? {} : { encryption: { master: encryption, key: keyFrom(identity) } }),
  })
  return { xex, map: writeLinkerMap(name, timestamp, base, program.symbols) }
}

function checkProgram(program: Program, refuse: (what: string) => Failure): void {
  const within = (address: number, size: number, need = 0) =>
    address % 4 === 0 &&
    program.segments.some(
      s => address >= s.address && address + size <= s.address + s.size && (s.access & need) === need,
    )
  if (!within(program.entry, 4, access.execute)) throw refuse(`the entry point ${hex32(program.entry)} is not in code`)
  for (const library of program.imports)
    for (const { ordinal, slot, thunk } of library.imports)
      if ((slot !== 0 && !within(slot, 4)) || (thunk !== 0 && !within(thunk, thunkSize)) || slot + thunk === 0)
        throw refuse(`import ${hex(ordinal)} of ${library.name} has no place in the program`)
}

interface Plan {
  readonly base: number
  readonly pageSize: number
  readonly image: Uint8Array
  readonly sections: readonly Section[]
  readonly functionTable: { readonly offset: number; readonly size: number }
  /** Address of the table of exports, 0 for none. */
  readonly exportsAt: number
  readonly resources: readonly { readonly name: string; readonly address: number; readonly size: number }[]
}

/** Decides where everything lies, and fills the image but for headers and imports. */
function layOut(program: Program, options: PackOptions, refuse: (what: string) => Failure): Plan {
  const segments = [...program.segments].sort((a, b) => a.address - b.address)
  const first = segments[0]
  const last = segments.at(-1)
  if (first === undefined || last === undefined) throw refuse('there is nothing to pack')
  const pageSize = first.address >= 0x90000000 ? 0x1000 : 0x10000
  let base = alignDown(first.address, pageSize)
  if (first.address - base < peHeaderRoom) base -= pageSize
  const programEnd = last.address + last.size
  if (base < 0x80000000 || programEnd > 0xa0000000)
    throw refuse(`its segments lie at ${hex32(first.address)} to ${hex32(programEnd)}, outside the image region`)

  const table = functionTable(program.functions)
  let end = programEnd
  /** Read-only bytes go between headers and program when they fit, else behind the program on pages of their own. */
  const room = (size: number): number => {
    if (base + peHeaderRoom + size <= first.address && end === programEnd) return base + peHeaderRoom
    const at = alignUp(end, end === programEnd ? pageSize : 16)
    end = at + size
    return at
  }
  const tableAt = room(table.length)
  const offered = exportTable(options.exports ?? [], base)
  const exportsAt = offered.length === 0 ? 0 : room(offered.length)
  const resources = (options.resources ?? []).map(({ name, bytes }) => {
    if (name.length > 8) throw refuse(`resource name “${name}” has more than 8 letters`)
    const address = alignUp(end, end === programEnd ? pageSize : 16)
    end = address + bytes.length
    return { name, address, size: bytes.length, bytes }
  })
  const size = alignUp(end - base, pageSize)
  if (size > limits.imageBytes.value) throw refuse(`an image of ${hex(size)} bytes is too large`)
  const image = new Uint8Array(size)
  for (const segment of segments) image.set(segment.bytes, segment.address - base)
  image.set(table, tableAt - base)
  if (exportsAt !== 0) image.set(offered, exportsAt - base)
  for (const { address, bytes } of resources) image.set(bytes, address - base)

  const own: Section = {
    name: '.pdata',
    address: tableAt,
    size: table.length,
    present: table.length,
    access: access.read,
  }
  const sections = program.sections
    .filter(section => section.name !== '.pdata' && section.address >= base && section.address < programEnd)
    .concat(table.length === 0 ? [] : [own])
    .sort((a, b) => a.address - b.address)
  return {
    base,
    pageSize,
    image,
    sections,
    functionTable: { offset: tableAt - base, size: table.length },
    exportsAt,
    resources,
  }
}

/** A table of exports by ordinal; empty when there is nothing to offer. */
function exportTable(offered: NonNullable<PackOptions['exports']>, base: number): Uint8Array {
  if (offered.length === 0) return new Uint8Array(0)
  const ordinals = offered.map(({ ordinal }) => ordinal)
  const first = Math.min(...ordinals)
  const count = Math.max(...ordinals) - first + 1
  // Offsets count from the 64 KiB the base lies in.
  const origin = (base >>> 16) * 0x10000
  const out = createWriter(exportTableHead + count * 4)
  out.put(0, words(...exportTableMagic, 0, 0, 0, 0, 0, base >>> 16, count, first))
  for (const { ordinal, address } of offered) out.u32(exportTableHead + (ordinal - first) * 4, address - origin)
  return out.bytes
}

const exportTableHead = 0x2c
const runInfo = { code: 1, data: 2, readOnly: 3 } as const

function pageRuns(plan: Plan, program: Program, refuse: (what: string) => Failure): PackedRun[] {
  const { base, pageSize } = plan
  const flags = new Uint8Array(plan.image.length / pageSize)
  for (const segment of program.segments)
    for (let at = alignDown(segment.address, pageSize); at < segment.address + segment.size; at += pageSize)
      flags[(at - base) / pageSize] = (flags[(at - base) / pageSize] ?? 0) | segment.access
  const runs: { info: number; count: number }[] = []
  for (const [i, flag] of flags.entries()) {
    if (flag & access.write && flag & access.execute)
      throw refuse(`the page of ${hex(pageSize)} at ${hex32(base + i * pageSize)} would be writable and executable`)
    const info = flag & access.execute ? runInfo.code : flag & access.write ? runInfo.data : runInfo.readOnly
    const last = runs.at(-1)
    if (last?.info === info) last.count += 1
    else runs.push({ info, count: 1 })
  }
  return runs
}

/** The words an image has before it is loaded: type, library and ordinal, by which a loader knows slot from thunk. */
function fillImports(image: Uint8Array, base: number, imports: readonly ImportLibrary[]): void {
  const out = createWriter(image)
  for (const [index, library] of imports.entries())
    for (const { ordinal, slot, thunk } of library.imports) {
      const word = (index << 16) | ordinal
      if (slot !== 0) out.u32(slot - base, word)
      if (thunk !== 0) out.put(thunk - base, words(0x01000000 | word, 0x02000000 | word, 0x7d6903a6, 0x4e800420))
    }
}

function packedLibrary(library: ImportLibrary, options: PackOptions, refuse: (what: string) => Failure): PackedLibrary {
  const { libraryVersion = defaultLibraryVersion, libraryMinimum = defaultLibraryMinimum } = options
  const addresses = library.imports.flatMap(({ slot, thunk }) => [slot, thunk].filter(address => address !== 0))
  if (addresses.length > 0xffff) throw refuse(`${library.name} has more imports than a record holds`)
  return {
    name: library.name,
    version: versionWord(library.version || libraryVersion, refuse),
    minimum: versionWord(library.minimum || libraryMinimum, refuse),
    addresses,
  }
}

function optionalHeaders(
  program: Program,
  options: PackOptions,
  plan: Plan,
  name: string,
  linked: { readonly checksum: number; readonly timestamp: number },
): PackedHeader[] {
  const { tls } = program
  const { titleId = 0, version = '0.0.0.0' } = options
  const refuse = (what: string): Failure => fail('PACK_INPUT', name, what)
  const headers: PackedHeader[] = [
    { key: 0x10100, data: program.entry },
    { key: 0x10201, data: plan.base },
    { key: 0x18002, data: words(linked.checksum, linked.timestamp) },
    { key: 0x183ff, data: sized(paddedText(name)) },
    { key: 0x20104, data: words(options.tlsSlots ?? packedTlsSlots, tls.address, tls.size, tls.initialised) },
    { key: 0x20200, data: options.stackSize ?? defaultStackSize },
  ]
  if (options.heapSize !== undefined) headers.push({ key: 0x20401, data: options.heapSize })
  if (options.privileges !== undefined) headers.push({ key: 0x30000, data: options.privileges })
  if (plan.resources.length > 0) headers.push({ key: 0x2ff, data: sized(concatenate(plan.resources.map(resourceRow))) })
  if ((options.frames ?? program.frames) === 'sysv') headers.push({ key: 0x200ff, data: sized(markRow()) })
  if (titleId !== 0 || options.mediaId !== undefined || options.version !== undefined) {
    const word = versionWord(version, refuse)
    // one disc of one
    headers.push({ key: 0x40006, data: words(options.mediaId ?? 0, word, word, titleId, 0x0000_0101, 0) })
  }
  return headers
}

function sized(block: Uint8Array): Uint8Array {
  return concatenate([words(block.length + 4), block])
}

function paddedText(text: string): Uint8Array {
  const out = createWriter(alignUp(text.length + 1, 4))
  out.text(0, text)
  return out.bytes
}

function resourceRow(resource: { readonly name: string; readonly address: number; readonly size: number }): Uint8Array {
  const out = createWriter(16)
  out.text(0, resource.name)
  out.u32(8, resource.address)
  out.u32(12, resource.size)
  return out.bytes
}

/** A static-library row: name, version 1.0.0, approved. */
function markRow(): Uint8Array {
  const out = createWriter(16)
  out.text(0, sysvMark)
  out.u16(8, 1)
  out.u8(14, 0x40)
  return out.bytes
}

/** `2.0.21119.0` as the word that headers hold. */
function versionWord(text: string, refuse: (what: string) => Failure): number {
  const parts = text.split('.').map(Number)
  const [major = 0, minor = 0, build = 0, qfe = 0] = parts
  const fits = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most
  if (parts.length > 4 || !fits(major, 15) || !fits(minor, 15) || !fits(build, 0xffff) || !fits(qfe, 255))
    throw refuse(`version “${text}” is not major.minor.build.qfe within 15.15.65535.255`)
  return ((major << 28) | (minor << 24) | (build << 8) | qfe) >>> 0
}

function mediaId(value: number): Uint8Array {
  return words(0, 0, 0, value)
}

/** An image's own key: any will do, and this one depends on the image alone. */
function keyFrom(identity: string): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => parseInt(identity.slice(32 + i * 2, 34 + i * 2), 16))
}
