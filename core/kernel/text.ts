/** Texts as bytes of guest memory, and names of files. */

/** A byte a character; what needs more is cut. */
export function narrowBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** UTF-16, big-endian. */
export function wideBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < text.length; i += 1) view.setUint16(i * 2, text.charCodeAt(i))
  return bytes
}

/** What stands behind the last backslash of a name. */
export const lastPart = (name: string): string => name.slice(name.lastIndexOf('\\') + 1)
