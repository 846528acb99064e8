import { hexBytes, latin1, type Reader } from '../base/reader.ts'
import { hex } from '../base/words.ts'

/**
 * The optional headers of a XEX2: one row each. The low byte of a key says where its datum is: 0 and 1, in the
 * directory itself; 0xFF, in a block that begins with its own size; else in a block of that many words.
 */
export interface Block {
  readonly reader: Reader
  /** File offset of the block; of the directory value for a datum in the directory. */
  readonly offset: number
  readonly size: number
  /** The directory value. */
  readonly value: number
}

interface HeaderRow<T> {
  readonly keys: readonly number[]
  readonly title: string
  readonly decode: (block: Block) => T
}

const row = <T>(keys: number | readonly number[], title: string, decode: (block: Block) => T): HeaderRow<T> => ({
  keys: typeof keys === 'number' ? [keys] : keys,
  title,
  decode,
})

const headerRows = {
  resources: row(0x2ff, 'resource info', decodeResources),
  fileFormat: row(0x3ff, 'file format', decodeFileFormat),
  deltaPatch: row(0x5ff, 'delta patch descriptor', decodeDeltaPatch),
  baseReference: row(0x405, 'base reference', rawBytes),
  keyVaultPrivileges: row([0x4004, 0x40ff], 'key vault privileges', b => pair64(b, 'mask', 'match')),
  systemTimeRange: row([0x4104, 0x41ff], 'system time range', b => pair64(b, 'start', 'end')),
  consoleIds: row(0x42ff, 'console id table', b => chunks(b, 5)),
  discProfileId: row(0x4304, 'disc profile id', rawBytes),
  boundingPath: row(0x80ff, 'bounding path', sizedText),
  deviceId: row(0x8105, 'device id', rawBytes),
  originalBase: row(0x10001, 'original base address', datum),
  entryPoint: row(0x10100, 'entry point', datum),
  imageBase: row(0x10201, 'image base address', datum),
  importLibraries: row(0x103ff, 'import libraries', b => ({ offset: b.offset, size: b.size })),
  checksum: row(0x18002, 'checksum and timestamp', b => pair32(b, 'checksum', 'timestamp')),
  callcap: row(0x18102, 'callcap', b => pair32(b, 'begin', 'end')),
  fastcap: row(0x18200, 'fastcap enabled', datum),
  originalName: row(0x183ff, 'original PE name', sizedText),
  staticLibraries: row(0x200ff, 'static libraries', decodeStaticLibraries),
  tls: row(0x20104, 'TLS info', decodeTls),
  stackSize: row(0x20200, 'default stack size', datum),
  fileCacheSize: row(0x20301, 'default FS cache size', datum),
  heapSize: row(0x20401, 'default heap size', datum),
  pageHeap: row(0x28002, 'page heap', b => pair32(b, 'size', 'flags')),
  privileges0: row(0x30000, 'system flags 0..31', datum),
  privileges1: row(0x30100, 'system flags 32..63', datum),
  privileges2: row(0x30200, 'system flags 64..95', datum),
  executionInfo: row(0x40006, 'execution info', decodeExecutionInfo),
  serviceIds: row(0x401ff, 'service id list', wordList),
  workspaceSize: row(0x40201, 'title workspace size', datum),
  gameRatings: row(0x40310, 'game ratings', decodeRatings),
  lanKey: row(0x40404, 'LAN key', rawBytes),
  logo: row(0x405ff, 'console logo bitmap', b => ({ offset: b.offset, size: b.size })),
  multidiscMediaIds: row(0x406ff, 'multidisc media ids', b => chunks(b, 16)),
  alternateTitleIds: row(0x407ff, 'alternate title ids', wordList),
  additionalMemory: row(0x40801, 'additional title memory', datum),
  peImports: row(0xe10302, 'PE imports', b => pair32(b, 'rva', 'size')),
  peExports: row(0xe10402, 'PE exports by name', b => pair32(b, 'rva', 'size')),
  userModeImports: row(0xe105ff, 'user-mode imports', b => ({ offset: b.offset, size: b.size })),
} as const

type Rows = typeof headerRows
export type HeaderName = keyof Rows
/** The optional headers a file has, decoded; a missing one is undefined. */
export type XexHeaders = { readonly [K in HeaderName]?: ReturnType<Rows[K]['decode']> }

/** One entry of the directory, known or not. */
export interface HeaderEntry {
  readonly key: number
  readonly title: string
  readonly value: number
  /** File offset and size of the block; the directory value itself when the datum lies there. */
  readonly offset: number
  readonly size: number
}

const nameOfKey = new Map<number, HeaderName>()
for (const [name, { keys }] of Object.entries(headerRows) as [HeaderName, HeaderRow<unknown>][])
  for (const key of keys) nameOfKey.set(key, name)

/** Reads the directory of `count` entries at `at`; all blocks must lie below `headerSize`. The first of a key wins. */
export function readHeaders(
  reader: Reader,
  at: number,
  count: number,
  headerSize: number,
): { entries: HeaderEntry[]; headers: XexHeaders } {
  const entries: HeaderEntry[] = []
  const headers: Partial<Record<HeaderName, unknown>> = {}
  const seen = new Set<number>()
  for (let i = 0; i < count; i += 1) {
    const entryAt = at + i * 8
    const key = reader.u32(entryAt, `key of optional header ${i}`)
    const value = reader.u32(entryAt + 4, `value of optional header ${i}`)
    if (seen.has(key)) continue
    seen.add(key)
    const name = nameOfKey.get(key)
    const title = name === undefined ? 'unknown header' : headerRows[name].title
    const block = locate(reader, key, value, entryAt, headerSize, title)
    entries.push({ key, title, value, offset: block.offset, size: block.size })
    if (name !== undefined && headers[name] === undefined) headers[name] = headerRows[name].decode(block)
  }
  return { entries, headers: headers as XexHeaders }
}

function locate(reader: Reader, key: number, value: number, entryAt: number, headerSize: number, title: string): Block {
  const sizeCode = key & 0xff
  if (sizeCode <= 1) return { reader, offset: entryAt + 4, size: 4, value }
  if (value + 4 > headerSize) throw reader.wrong(entryAt + 4, `offset of ${title}`, 'lies beyond the headers')
  const size = sizeCode === 0xff ? reader.u32(value, `size of ${title}`) : sizeCode * 4
  if (size < 4 || value + size > headerSize)
    throw reader.wrong(value, `size of ${title}`, `a block of ${size} bytes does not fit the headers`)
  return { reader, offset: value, size, value }
}

function datum(block: Block): number {
  return block.value
}

function rawBytes(block: Block): string {
  return hexBytes(block.reader.slice(block.offset, block.size, 'block'))
}

function pair32<A extends string, B extends string>(block: Block, first: A, second: B): Record<A | B, number> {
  return {
    [first]: block.reader.u32(block.offset, first),
    [second]: block.reader.u32(block.offset + 4, second),
  } as Record<A | B, number>
}

function pair64<A extends string, B extends string>(block: Block, first: A, second: B): Record<A | B, bigint> {
  // the sized form of these headers has its size word before the pair
  const at = block.offset + (block.size % 8 === 4 ? 4 : 0)
  return {
    [first]: block.reader.u64(at, first),
    [second]: block.reader.u64(at + 8, second),
  } as Record<A | B, bigint>
}

function sizedText(block: Block): string {
  return block.reader.text(block.offset + 4, block.size - 4, 'text')
}

function wordList(block: Block): number[] {
  const words: number[] = []
  for (let at = 4; at + 4 <= block.size; at += 4) words.push(block.reader.u32(block.offset + at, 'word'))
  return words
}

function chunks(block: Block, size: number): string[] {
  const list: string[] = []
  for (let at = 4; at + size <= block.size; at += size)
    list.push(hexBytes(block.reader.slice(block.offset + at, size, 'row')))
  return list
}

export interface Resource {
  readonly name: string
  readonly address: number
  readonly size: number
}

function decodeResources({ reader, offset, size }: Block): Resource[] {
  const list: Resource[] = []
  for (let at = offset + 4; at + 16 <= offset + size; at += 16)
    list.push({
      name: reader.text(at, 8, 'resource name'),
      address: reader.u32(at + 8, 'resource address'),
      size: reader.u32(at + 12, 'resource size'),
    })
  return list
}

export type Compression =
  | { readonly kind: 'raw' }
  | { readonly kind: 'basic'; readonly rows: readonly { readonly data: number; readonly zero: number }[] }
  | {
      readonly kind: 'normal' | 'delta'
      readonly windowSize: number
      readonly firstBlockSize: number
      readonly firstBlockDigest: string
    }

export interface FileFormat {
  readonly encrypted: boolean
  readonly compression: Compression
}

const windowSizes = [15, 16, 17, 18, 19, 20, 21].map(bits => 2 ** bits)

function decodeFileFormat({ reader, offset, size }: Block): FileFormat {
  const encryption = reader.u16(offset + 4, 'encryption')
  if (encryption > 1) throw reader.wrong(offset + 4, 'encryption', `${encryption} is neither 0 (none) nor 1 (AES)`)
  const compression = reader.u16(offset + 6, 'compression')
  const encrypted = encryption === 1
  if (compression === 0) return { encrypted, compression: { kind: 'raw' } }
  if (compression === 1) {
    const rows: { data: number; zero: number }[] = []
    for (let at = offset + 8; at + 8 <= offset + size; at += 8)
      rows.push({ data: reader.u32(at, 'data size'), zero: reader.u32(at + 4, 'zero size') })
    return { encrypted, compression: { kind: 'basic', rows } }
  }
  if (compression > 3) throw reader.wrong(offset + 6, 'compression', `${compression} is not a known kind`)
  if (size < 0x24) throw reader.wrong(offset, 'size of file format', 'is too small for a compressed image')
  const windowSize = reader.u32(offset + 8, 'window size')
  if (!windowSizes.includes(windowSize))
    throw reader.wrong(offset + 8, 'window size', `${hex(windowSize)} is no power of two from 32 KiB to 2 MiB`)
  return {
    encrypted,
    compression: {
      kind: compression === 2 ? 'normal' : 'delta',
      windowSize,
      firstBlockSize: reader.u32(offset + 0xc, 'first block size'),
      firstBlockDigest: hexBytes(reader.slice(offset + 0x10, 20, 'first block digest')),
    },
  }
}

function decodeDeltaPatch({ reader, offset, size }: Block) {
  if (size < 0x4c) throw reader.wrong(offset, 'size of delta patch descriptor', 'is too small')
  return {
    targetVersion: versionText(reader.u32(offset + 4, 'target version')),
    sourceVersion: versionText(reader.u32(offset + 8, 'source version')),
    sourceDigest: hexBytes(reader.slice(offset + 0xc, 20, 'source digest')),
    targetHeaderSize: reader.u32(offset + 0x30, 'size of target headers'),
  }
}

export interface StaticLibrary {
  readonly name: string
  readonly version: string
  readonly approval: number
}

function decodeStaticLibraries({ reader, offset, size }: Block): StaticLibrary[] {
  const list: StaticLibrary[] = []
  for (let at = offset + 4; at + 16 <= offset + size; at += 16) {
    const part = (n: number) => reader.u16(at + 8 + n * 2, 'library version')
    list.push({
      name: latin1(reader.slice(at, 8, 'library name')),
      version: `${part(0)}.${part(1)}.${part(2)}.${reader.u8(at + 15, 'library qfe')}`,
      approval: reader.u8(at + 14, 'library approval'),
    })
  }
  return list
}

function decodeTls({ reader, offset }: Block) {
  const first = reader.u32(offset + 8, 'TLS data size')
  const second = reader.u32(offset + 12, 'TLS raw data size')
  // sources disagree on the order of the two sizes; a block is never smaller than its initialised part
  return {
    slots: reader.u32(offset, 'TLS slot count'),
    address: reader.u32(offset + 4, 'TLS data address'),
    size: Math.max(first, second),
    initialised: Math.min(first, second),
  }
}

function decodeExecutionInfo({ reader, offset }: Block) {
  return {
    mediaId: reader.u32(offset, 'media id'),
    version: versionText(reader.u32(offset + 4, 'version')),
    baseVersion: versionText(reader.u32(offset + 8, 'base version')),
    titleId: reader.u32(offset + 0xc, 'title id'),
    platform: reader.u8(offset + 0x10, 'platform'),
    executableType: reader.u8(offset + 0x11, 'executable type'),
    discNumber: reader.u8(offset + 0x12, 'disc number'),
    discCount: reader.u8(offset + 0x13, 'disc count'),
    saveGameId: reader.u32(offset + 0x14, 'save-game id'),
  }
}

const boards = 'ESRB PEGI PEGI-FI PEGI-PT BBFC CERO USK OFLC-AU OFLC-NZ KMRB Brazil FPB'.split(' ')

function decodeRatings({ reader, offset }: Block): { board: string; rating: number }[] {
  return boards.map((board, i) => ({ board, rating: reader.u8(offset + i, `rating of ${board}`) }))
}

/** A packed version word: major 4 bits, minor 4, build 16, qfe 8. */
export function versionText(word: number): string {
  return `${word >>> 28}.${(word >>> 24) & 15}.${(word >>> 8) & 0xffff}.${word & 255}`
}
