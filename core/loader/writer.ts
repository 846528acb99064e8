/** A block of bytes with fields at known offsets; big-endian unless told otherwise. */
export interface Writer {
  readonly bytes: Uint8Array
  u8(offset: number, value: number): void
  u16(offset: number, value: number): void
  u32(offset: number, value: number): void
  put(offset: number, bytes: Uint8Array): void
  text(offset: number, text: string): void
}

export function createWriter(target: number | Uint8Array, littleEndian = false): Writer {
  const bytes = typeof target === 'number' ? new Uint8Array(target) : target
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    bytes,
    u8: (offset, value) => view.setUint8(offset, value),
    u16: (offset, value) => view.setUint16(offset, value, littleEndian),
    u32: (offset, value) => view.setUint32(offset, value, littleEndian),
    put: (offset, source) => bytes.set(source, offset),
    text(offset, text) {
      for (let i = 0; i < text.length; i += 1) bytes[offset + i] = text.charCodeAt(i)
    },
  }
}

/** The words, big-endian. */
export function words(...values: readonly number[]): Uint8Array {
  const writer = createWriter(values.length * 4)
  for (const [i, value] of values.entries()) writer.u32(i * 4, value)
  return writer.bytes
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}
