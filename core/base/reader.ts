import { type Failure, type FailureCode, fail } from './failure.ts'
import { hex } from './words.ts'

/**
 * Reads fields of an untrusted file. Every read names the field it is for, so that a broken file is refused with the
 * name and the offset of what is broken; nothing is ever read, or allocated, beyond what the file holds.
 */
export interface Reader {
  readonly bytes: Uint8Array
  readonly length: number
  u8(offset: number, field: string): number
  u16(offset: number, field: string): number
  u32(offset: number, field: string): number
  u64(offset: number, field: string): bigint
  /** A view, not a copy. */
  slice(offset: number, size: number, field: string): Uint8Array
  /** Latin-1 text up to the first NUL or `size` bytes. */
  text(offset: number, size: number, field: string): string
  /** The failure to throw for a field whose value makes no sense. */
  wrong(offset: number, field: string, what: string): Failure
}

export interface ReaderOptions {
  /** The file's name, for messages. */
  readonly name: string
  readonly code: FailureCode
  readonly littleEndian?: boolean
  /** What offset 0 is called in messages, when it is not the start of the file. */
  readonly origin?: string
}

export function createReader(bytes: Uint8Array, options: ReaderOptions): Reader {
  const { name, code, littleEndian = false, origin } = options
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wrong = (offset: number, field: string, what: string): Failure =>
    fail(code, `${name}: ${field} at ${origin === undefined ? '' : `${origin}+`}${hex(offset)}`, what)

  function inside(offset: number, size: number, field: string): number {
    if (offset + size > bytes.length || offset < 0 || size < 0)
      throw wrong(offset, field, `${hex(size)} bytes are needed, and there are ${hex(bytes.length)} in all`)
    return offset
  }

  return {
    bytes,
    length: bytes.length,
    u8: (offset, field) => view.getUint8(inside(offset, 1, field)),
    u16: (offset, field) => view.getUint16(inside(offset, 2, field), littleEndian),
    u32: (offset, field) => view.getUint32(inside(offset, 4, field), littleEndian),
    u64: (offset, field) => view.getBigUint64(inside(offset, 8, field), littleEndian),
    slice: (offset, size, field) => bytes.subarray(inside(offset, size, field), offset + size),
    text(offset, size, field) {
      inside(offset, 0, field)
      return latin1(bytes.subarray(offset, Math.min(offset + size, bytes.length)))
    },
    wrong,
  }
}

/** Latin-1 text up to the first NUL. */
export function latin1(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  let text = ''
  for (const code of end < 0 ? bytes : bytes.subarray(0, end)) text += String.fromCharCode(code)
  return text
}

/** Lower-case hex of bytes, as digests and keys are shown. */
export function hexBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
