import { createHash } from 'node:crypto'

/** SHA-256 of the parts in order, in lower-case hex. */
export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** The first `bytes` bytes of the SHA-256 of the parts joined by NUL, in lower-case hex: stable ids from names. */
export function shortHash(bytes: number, ...parts: readonly string[]): string {
  return sha256(parts.join('\0')).slice(0, bytes * 2)
}
