import { alignUp } from '../base/bits.ts'
import { encrypt, type MasterKey, sha1, wrapKey } from './crypt.ts'
import { concatenate, createWriter, words } from './writer.ts'
import { pageRowSize, securityFixedSize, smallPagesFlag, xexMagic } from './xex.ts'

/** A page run to describe: `info` is 1 for code, 2 for data, 3 for read-only. */
export interface PackedRun {
  readonly info: number
  readonly count: number
}

export interface PackedLibrary {
  readonly name: string
  readonly version: number
  readonly minimum: number
  readonly addresses: readonly number[]
}

/** All that goes into a container; the image is in the layout of memory. */
export interface Contents {
  readonly base: number
  readonly image: Uint8Array
  readonly pageSize: number
  readonly runs: readonly PackedRun[]
  readonly moduleFlags: number
  /** Address of the table of exports, 0 for none. */
  readonly exportTable?: number
  readonly mediaId: Uint8Array
  /** Optional headers but for file format and import libraries, which are made here. */
  readonly headers: readonly PackedHeader[]
  readonly libraries: readonly PackedLibrary[]
  /** The body of the file format header after its two kinds, and the stream it describes. */
  readonly compression: { readonly kind: number; readonly body: Uint8Array; readonly stream: Uint8Array }
  readonly encryption?: { readonly master: MasterKey; readonly key: Uint8Array }
}

/** A datum for the directory itself, or a whole block (with its size word, where the key asks for one). */
export interface PackedHeader {
  readonly key: number
  readonly data: number | Uint8Array
}

const directoryAt = 0x18
const signedInfoSize = 0x174

export function writeXex(contents: Contents): Uint8Array {
  const { encryption, compression, libraries } = contents
  const headers = [...contents.headers]
  const kinds = ((encryption === undefined ? 0 : 1) << 16) | compression.kind
  headers.push({ key: 0x3ff, data: concatenate([words(8 + compression.body.length, kinds), compression.body]) })
  const imports = libraries.length === 0 ? undefined : importTable(libraries)
  if (imports !== undefined) headers.push({ key: 0x103ff, data: imports.block })
  headers.sort((a, b) => a.key - b.key)

  const securityAt = alignUp(directoryAt + headers.length * 8, 8)
  const securitySize = securityFixedSize + contents.runs.length * pageRowSize
  let at = securityAt + securitySize
  const placed = headers.map(({ key, data }) => {
    if (typeof data === 'number') return { key, data, offset: data }
    const offset = alignUp(at, 4)
    at = offset + data.length
    return { key, data, offset }
  })
  const headerSize = alignUp(at, 0x1000)
  const out = createWriter(headerSize)
  out.u32(0, xexMagic)
  out.u32(4, contents.moduleFlags)
  out.u32(8, headerSize)
  out.u32(0x10, securityAt)
  out.u32(0x14, headers.length)
  for (const [i, { key, data, offset }] of placed.entries()) {
    out.u32(directoryAt + i * 8, key)
    out.u32(directoryAt + i * 8 + 4, offset)
    if (typeof data !== 'number') out.put(offset, data)
  }
  const security = createWriter(out.bytes.subarray(securityAt, securityAt + securitySize))
  security.u32(0, securitySize)
  security.u32(4, contents.image.length)
  security.u32(0x108, signedInfoSize)
  security.u32(0x10c, contents.pageSize === 0x1000 ? smallPagesFlag : 0)
  security.u32(0x110, contents.base)
  security.u32(0x128, libraries.length)
  if (imports !== undefined) security.put(0x12c, imports.digest)
  security.put(0x140, contents.mediaId)
  security.u32(0x160, contents.exportTable ?? 0)
  if (encryption !== undefined) security.put(0x150, wrapKey(encryption.master, encryption.key))
  security.u32(0x178, 0xffffffff)
  security.u32(0x17c, 0xffffffff)
  security.u32(0x180, contents.runs.length)
  security.put(0x114, describePages(security.bytes, contents))
  security.put(0x164, sha1(out.bytes.subarray(securityAt + 8 + signedInfoSize), out.bytes.subarray(0, securityAt + 8)))
  const { stream } = compression
  return concatenate([out.bytes, encryption === undefined ? stream : encrypt(encryption.key, stream)])
}

/** Writes the page descriptors, last first since each holds the digest of the next; answers the image hash. */
function describePages(security: Uint8Array, contents: Contents): Uint8Array {
  const out = createWriter(security)
  let digest: Uint8Array = new Uint8Array(20)
  let end = contents.image.length
  for (let i = contents.runs.length - 1; i >= 0; i -= 1) {
    const { info, count } = contents.runs[i] ?? { info: 0, count: 0 }
    const row = securityFixedSize + i * pageRowSize
    const start = end - count * contents.pageSize
    out.u32(row, (count << 4) | info)
    out.put(row + 4, digest)
    digest = sha1(contents.image.subarray(start, end), security.subarray(row, row + pageRowSize))
    end = start
  }
  return digest
}

function importTable(libraries: readonly PackedLibrary[]): { block: Uint8Array; digest: Uint8Array } {
  const strings = concatenate(
    libraries.map(({ name }) => {
      const out = createWriter(alignUp(name.length + 1, 4))
      out.text(0, name)
      return out.bytes
    }),
  )
  let digest: Uint8Array = new Uint8Array(20)
  const records: Uint8Array[] = []
  for (let i = libraries.length - 1; i >= 0; i -= 1) {
    const library = libraries[i]
    if (library === undefined) continue
    const size = 0x28 + library.addresses.length * 4
    const out = createWriter(size)
    out.u32(0, size)
    out.put(4, digest)
    out.u32(0x1c, library.version)
    out.u32(0x20, library.minimum)
    out.u16(0x24, i)
    out.u16(0x26, library.addresses.length)
    out.put(0x28, words(...library.addresses))
    digest = sha1(out.bytes.subarray(4))
    records.unshift(out.bytes)
  }
  const body = concatenate([strings, ...records])
  return { block: concatenate([words(0xc + body.length, strings.length, libraries.length), body]), digest }
}

/** Basic compression: what is not zero, and how much zero follows it. */
export function basicCompression(image: Uint8Array): Contents['compression'] {
  // whole pages only: the cipher needs data in multiples of 16, and a row costs 8 bytes
  const grain = 0x1000
  const rows: number[] = []
  const parts: Uint8Array[] = []
  for (let at = 0; at < image.length; ) {
    let dataEnd = at
    while (dataEnd < image.length && !isZero(image, dataEnd, grain)) dataEnd += grain
    let zeroEnd = dataEnd
    while (zeroEnd < image.length && isZero(image, zeroEnd, grain)) zeroEnd += grain
    rows.push(dataEnd - at, zeroEnd - dataEnd)
    parts.push(image.subarray(at, dataEnd))
    at = zeroEnd
  }
  return { kind: 1, body: words(...rows), stream: concatenate(parts) }
}

export function rawCompression(image: Uint8Array): Contents['compression'] {
  return { kind: 0, body: new Uint8Array(0), stream: image }
}

function isZero(image: Uint8Array, start: number, size: number): boolean {
  for (let at = start; at < start + size; at += 1) if (image[at] !== 0) return false
  return true
}
