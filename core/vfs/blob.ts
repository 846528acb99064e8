/** Bytes of an image file, read where needed: images are larger than memory. */
import { fail } from '../base/failure.ts'

export interface Blob {
  /** Names it in failures. */
  readonly name: string
  readonly size: number
  /** Answers how many bytes there were. */
  read(offset: number, into: Uint8Array): number
}

/** A view on `size` bytes of a blob, which must all be there. */
export function viewOf(blob: Blob, offset: number, size: number, what: string): DataView {
  const bytes = new Uint8Array(size)
  if (offset < 0 || offset + size > blob.size || blob.read(offset, bytes) !== size)
    throw fail('IMAGE_FIELD', `${blob.name} at 0x${offset.toString(16)}`, `the file ends within ${what}`)
  return new DataView(bytes.buffer)
}

export function bytesBlob(name: string, bytes: Uint8Array): Blob {
  return {
    name,
    size: bytes.length,
    read(offset, into) {
      const part = bytes.subarray(offset, offset + into.length)
      into.set(part)
      return part.length
    },
  }
}

/** Text of 8-bit characters. */
export function latinText(view: DataView, offset: number, length: number): string {
  let text = ''
  for (let i = 0; i < length; i += 1) text += String.fromCharCode(view.getUint8(offset + i))
  return text
}

/** Whether a name found in an image may be listed. */
export function listable(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[\\/:*?]|[^\x20-\xff]/.test(name)
}
