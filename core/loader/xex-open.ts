import { fail } from '../base/failure.ts'
import { createReader, hexBytes } from '../base/reader.ts'
import { hex } from '../base/words.ts'
import { decrypt, type MasterKey, masterKeys, sha1, unwrapKey } from './crypt.ts'
import { unpackNormal } from './lzx.ts'
import type { Xex } from './xex.ts'
import type { Compression, FileFormat } from './xex-headers.ts'

/** The image inside a container, in the layout of memory, byte 0 at the image base. */
export interface OpenedImage {
  readonly bytes: Uint8Array
  /** Which master key opened it. */
  readonly key: MasterKey | 'none'
}

const plain: FileFormat = { encrypted: false, compression: { kind: 'raw' } }

/** Decrypts and unpacks the image. No field names the master key: the one under which the image makes sense is it. */
export function openXex(xex: Xex, bytes: Uint8Array, name: string): OpenedImage {
  const { encrypted, compression } = xex.headers.fileFormat ?? plain
  if (compression.kind === 'delta')
    throw fail('XEX_UNSUPPORTED', name, 'its image is a delta against another executable')
  const stream = bytes.subarray(xex.headerSize)
  if (!encrypted) return { bytes: unpack(xex, stream, compression, name), key: 'none' }
  for (const master of Object.keys(masterKeys) as MasterKey[]) {
    const fileKey = unwrapKey(master, xex.security.wrappedKey)
    if (!opens(fileKey, stream, compression)) continue
    return { bytes: unpack(xex, decrypt(fileKey, stream), compression, name), key: master }
  }
  throw fail('XEX_KEY', `${name}: image key at ${hex(xex.securityOffset + 0x150)}`, 'opens the image with no known key')
}

/** Whether the stream makes sense under a key, at the cost of the least that can tell. */
function opens(fileKey: Uint8Array, stream: Uint8Array, compression: Compression): boolean {
  if (compression.kind === 'normal' || compression.kind === 'delta') {
    const size = compression.firstBlockSize
    if (size < 16 || size > stream.length) return false
    const whole = Math.min((size + 15) & ~15, stream.length)
    const block = decrypt(fileKey, stream.subarray(0, whole)).subarray(0, size)
    return hexBytes(sha1(block)) === compression.firstBlockDigest
  }
  const start = decrypt(fileKey, stream.subarray(0, 16))
  return start[0] === 0x4d && start[1] === 0x5a
}

function unpack(xex: Xex, stream: Uint8Array, compression: Compression, name: string): Uint8Array {
  const { imageSize } = xex.security
  if (compression.kind === 'raw') {
    const image = new Uint8Array(imageSize)
    image.set(stream.subarray(0, imageSize))
    return image
  }
  if (compression.kind === 'basic') return unpackBasic(xex, stream, compression.rows, name)
  return unpackNormal(stream, compression, imageSize, name)
}

function unpackBasic(
  xex: Xex,
  stream: Uint8Array,
  rows: readonly { readonly data: number; readonly zero: number }[],
  name: string,
): Uint8Array {
  const { imageSize } = xex.security
  const wrong = createReader(stream, { name, code: 'XEX_FIELD' }).wrong
  const at = xex.entries.find(entry => entry.key === 0x3ff)?.offset ?? 0
  let from = 0
  let to = 0
  // all rows are judged before a byte is allocated
  for (const [i, row] of rows.entries()) {
    from += row.data
    to += row.data + row.zero
    if (from > stream.length)
      throw wrong(at + 8 + i * 8, `data size of row ${i}`, `needs ${hex(from)} of a stream of ${hex(stream.length)}`)
    if (to > imageSize)
      throw wrong(at + 8 + i * 8, `row ${i}`, `reaches ${hex(to)} in an image of ${hex(imageSize)} bytes`)
  }
  const image = new Uint8Array(imageSize)
  from = 0
  to = 0
  for (const row of rows) {
    image.set(stream.subarray(from, from + row.data), to)
    from += row.data
    to += row.data + row.zero
  }
  return image
}

/** How the digests of a container agree with its bytes. A mismatch says the file was modified, which is common. */
export interface Verification {
  readonly header: boolean
  readonly imports: boolean
  /** Page runs whose digest does not match, by index. */
  readonly badPages: readonly number[]
  readonly pageRuns: number
}

export function verifyXex(xex: Xex, bytes: Uint8Array, image: Uint8Array): Verification {
  const { security, securityOffset, headerSize, pageSize } = xex
  // the signed part of the security info is what the hash leaves out
  const header = sha1(bytes.subarray(securityOffset + 0x17c, headerSize), bytes.subarray(0, securityOffset + 8))
  const badPages: number[] = []
  let expected = security.imageHash
  let at = 0
  for (const [i, run] of security.pages.entries()) {
    const row = securityOffset + 0x184 + i * 24
    const size = run.count * pageSize
    const digest = sha1(image.subarray(at, at + size), bytes.subarray(row, row + 24))
    if (hexBytes(digest) !== expected) badPages.push(i)
    expected = run.digest
    at += size
  }
  return {
    header: hexBytes(header) === security.headerHash,
    imports: importsMatch(xex, bytes),
    badPages,
    pageRuns: security.pages.length,
  }
}

function importsMatch(xex: Xex, bytes: Uint8Array): boolean {
  let expected = xex.security.importTableDigest
  for (const record of xex.libraries) {
    const digest = sha1(bytes.subarray(record.offset + 4, record.offset + record.size))
    if (hexBytes(digest) !== expected) return false
    expected = record.nextDigest
  }
  return true
}
