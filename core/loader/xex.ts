import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import { createReader, hexBytes, type Reader } from '../base/reader.ts'
import { hex, hex32 } from '../base/words.ts'
import { type HeaderEntry, readHeaders, versionText, type XexHeaders } from './xex-headers.ts'

/** The XEX2 container: everything its headers say. The image inside is opened by xex-open.ts. */
export interface Xex {
  readonly moduleFlags: number
  /** Also the file offset of the image's stream. */
  readonly headerSize: number
  readonly discardableSize: number
  readonly securityOffset: number
  readonly entries: readonly HeaderEntry[]
  readonly headers: XexHeaders
  readonly security: Security
  readonly libraries: readonly LibraryRecord[]
  /** The image base address where that header exists, else the load address. */
  readonly base: number
  readonly pageSize: number
}

export interface Security {
  readonly size: number
  readonly imageSize: number
  readonly signature: string
  readonly infoSize: number
  readonly imageFlags: number
  readonly loadAddress: number
  readonly imageHash: string
  readonly importTableCount: number
  readonly importTableDigest: string
  readonly mediaId: string
  readonly wrappedKey: Uint8Array
  readonly exportTable: number
  readonly headerHash: string
  readonly gameRegion: number
  readonly allowedMedia: number
  readonly pages: readonly PageRun[]
}

/** A run of pages of one kind. */
export interface PageRun {
  readonly kind: 'code' | 'data' | 'read-only' | 'other'
  readonly info: number
  readonly count: number
  readonly digest: string
}

/** A record of the import table, before the image tells which addresses are slots and which are thunks. */
export interface LibraryRecord {
  readonly name: string
  readonly nameIndex: number
  readonly importId: number
  readonly version: string
  readonly minimum: string
  /** SHA-1 of the next record. */
  readonly nextDigest: string
  readonly addresses: readonly number[]
  readonly offset: number
  readonly size: number
}

export const moduleFlag = {
  title: 0x01,
  exports: 0x02,
  systemDebugger: 0x04,
  library: 0x08,
  patch: 0x10,
  fullPatch: 0x20,
  deltaPatch: 0x40,
  userMode: 0x80,
} as const
/** A patch (`.xexp`) has the same magic as an executable; only these flags tell them apart. */
export const patchFlags = moduleFlag.patch | moduleFlag.fullPatch | moduleFlag.deltaPatch

export const smallPagesFlag = 0x10000000
/** Size of the fixed part of the security info, before the page descriptors. */
export const securityFixedSize = 0x184
export const pageRowSize = 24

/** Container magics of development kits older than the retail console. */
const olderMagics = new Map([
  [0x58455830, 'XEX0'],
  [0x5845583f, 'XEX?'],
  [0x5845582d, 'XEX-'],
  [0x58455825, 'XEX%'],
  [0x58455831, 'XEX1'],
])
export const xexMagic = 0x58455832

/** Whether the file claims to be a container of this family, of any age. */
export function isXex(magic: number): boolean {
  return magic === xexMagic || olderMagics.has(magic)
}

export function parseXex(bytes: Uint8Array, name: string): Xex {
  const reader = createReader(bytes, { name, code: 'XEX_FIELD' })
  const magic = reader.u32(0, 'magic')
  const older = olderMagics.get(magic)
  if (older !== undefined)
    throw fail('XEX_UNSUPPORTED', name, `is a ${older} container, which only pre-release systems read; XEX2 is needed`)
  if (magic !== xexMagic) throw reader.wrong(0, 'magic', `${hex32(magic)} is not XEX2`)

  const moduleFlags = reader.u32(4, 'module flags')
  const headerSize = reader.u32(8, 'header size')
  const discardableSize = reader.u32(0xc, 'discardable header size')
  const securityOffset = reader.u32(0x10, 'security info offset')
  const count = reader.u32(0x14, 'optional header count')
  if (headerSize < 0x18 || headerSize > bytes.length)
    throw reader.wrong(8, 'header size', `${hex(headerSize)} is not within the file's ${hex(bytes.length)} bytes`)
  if (0x18 + count * 8 > headerSize)
    throw reader.wrong(0x14, 'optional header count', `${count} entries do not fit headers of ${hex(headerSize)} bytes`)

  const { entries, headers } = readHeaders(reader, 0x18, count, headerSize)
  const security = readSecurity(reader, securityOffset, headerSize)
  const base = headers.imageBase ?? security.loadAddress
  const pageSize = security.imageFlags & smallPagesFlag ? 0x1000 : 0x10000
  checkPages(reader, security, securityOffset, pageSize)
  if (base % pageSize !== 0 || base < 0x80000000 || base + security.imageSize > 0xa0000000) {
    const entry = entries.find(row => row.key === 0x10201)
    const [at, field] = entry ? [entry.offset, entry.title] : [securityOffset + 0x110, 'load address']
    throw reader.wrong(at, field, `an image of ${hex(security.imageSize)} bytes cannot lie at ${hex32(base)}`)
  }
  const table = headers.importLibraries
  const libraries = table === undefined ? [] : readLibraries(reader, table.offset, table.size)
  return {
    moduleFlags,
    headerSize,
    discardableSize,
    securityOffset,
    entries,
    headers,
    security,
    libraries,
    base,
    pageSize,
  }
}

function readSecurity(reader: Reader, at: number, headerSize: number): Security {
  if (at + securityFixedSize > headerSize)
    throw reader.wrong(0x10, 'security info offset', `${hex(at)} leaves no room for it in the headers`)
  const digest = (offset: number, field: string) => hexBytes(reader.slice(at + offset, 20, field))
  const count = reader.u32(at + 0x180, 'page descriptor count')
  if (count > limits.pageDescriptors.value || at + securityFixedSize + count * pageRowSize > headerSize)
    throw reader.wrong(at + 0x180, 'page descriptor count', `${count} descriptors do not fit the headers`)
  const kinds = ['other', 'code', 'data', 'read-only'] as const
  const pages: PageRun[] = []
  for (let i = 0; i < count; i += 1) {
    const rowAt = securityFixedSize + i * pageRowSize
    const word = reader.u32(at + rowAt, `page descriptor ${i}`)
    const info = word & 15
    pages.push({
      kind: kinds[info] ?? 'other',
      info,
      count: word >>> 4,
      digest: digest(rowAt + 4, `digest of page descriptor ${i}`),
    })
  }
  return {
    size: reader.u32(at, 'security info size'),
    imageSize: reader.u32(at + 4, 'image size'),
    signature: hexBytes(reader.slice(at + 8, 256, 'signature')),
    infoSize: reader.u32(at + 0x108, 'signed info size'),
    imageFlags: reader.u32(at + 0x10c, 'image flags'),
    loadAddress: reader.u32(at + 0x110, 'load address'),
    imageHash: digest(0x114, 'image hash'),
    importTableCount: reader.u32(at + 0x128, 'import table count'),
    importTableDigest: digest(0x12c, 'import table digest'),
    mediaId: hexBytes(reader.slice(at + 0x140, 16, 'media id')),
    wrappedKey: reader.slice(at + 0x150, 16, 'image key'),
    exportTable: reader.u32(at + 0x160, 'export table address'),
    headerHash: digest(0x164, 'header hash'),
    gameRegion: reader.u32(at + 0x178, 'game region'),
    allowedMedia: reader.u32(at + 0x17c, 'allowed media types'),
    pages,
  }
}

function checkPages(reader: Reader, security: Security, at: number, pageSize: number): void {
  const { imageSize, pages } = security
  if (imageSize === 0 || imageSize > limits.imageBytes.value || imageSize % pageSize !== 0)
    throw reader.wrong(at + 4, 'image size', `${hex(imageSize)} is not a plausible number of pages of ${hex(pageSize)}`)
  const covered = pages.reduce((sum, run) => sum + run.count * pageSize, 0)
  if (covered !== imageSize)
    throw reader.wrong(
      at + 0x180,
      'page descriptors',
      `they cover ${hex(covered)} bytes of an image of ${hex(imageSize)}`,
    )
}

function readLibraries(reader: Reader, at: number, size: number): LibraryRecord[] {
  if (size < 0xc) throw reader.wrong(at, 'size of import libraries', 'is too small')
  const end = at + size
  const stringsSize = reader.u32(at + 4, 'import string table size')
  const count = reader.u32(at + 8, 'import library count')
  if (0xc + stringsSize > size)
    throw reader.wrong(at + 4, 'import string table size', `${hex(stringsSize)} exceeds the header`)
  const names = readNames(reader.slice(at + 0xc, stringsSize, 'import string table'), count)

  const records: LibraryRecord[] = []
  let next = at + 0xc + stringsSize
  while (next + 0x28 <= end) {
    const recordSize = reader.u32(next, 'import record size')
    if (recordSize === 0) break
    const addressCount = reader.u16(next + 0x26, 'import address count')
    if (recordSize < 0x28 + addressCount * 4 || next + recordSize > end)
      throw reader.wrong(next, 'import record size', `${hex(recordSize)} does not hold ${addressCount} addresses`)
    const nameIndex = reader.u16(next + 0x24, 'import name index') & 0xff
    const name = names[nameIndex]
    if (name === undefined)
      throw reader.wrong(next + 0x24, 'import name index', `${nameIndex}, and there are ${names.length} names`)
    const addresses: number[] = []
    for (let i = 0; i < addressCount; i += 1) addresses.push(reader.u32(next + 0x28 + i * 4, 'import address'))
    records.push({
      name,
      nameIndex,
      importId: reader.u32(next + 0x18, 'import id'),
      version: versionText(reader.u32(next + 0x1c, 'import version')),
      minimum: versionText(reader.u32(next + 0x20, 'import minimum version')),
      nextDigest: hexBytes(reader.slice(next + 4, 20, 'import record digest')),
      addresses,
      offset: next,
      size: recordSize,
    })
    next += recordSize
  }
  return records
}

/** NUL-terminated names, each starting at a multiple of 4. */
function readNames(table: Uint8Array, count: number): string[] {
  const names: string[] = []
  let at = 0
  while (names.length < count && at < table.length) {
    let end = table.indexOf(0, at)
    if (end < 0) end = table.length
    let text = ''
    for (const code of table.subarray(at, end)) text += String.fromCharCode(code)
    names.push(text)
    at = (end + 4) & ~3
  }
  return names
}
