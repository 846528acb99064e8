import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'

/** The two master keys that wrap a file's own key. No field says which one; a loader tries them in this order. */
export const masterKeys = {
  retail: Uint8Array.of(
    ...[0x20, 0xb1, 0x85, 0xa5, 0x9d, 0x28, 0xfd, 0xc3],
    ...[0x40, 0x58, 0x3f, 0xbb, 0x08, 0x96, 0xbf, 0x91],
  ),
  devkit: new Uint8Array(16),
} as const
export type MasterKey = keyof typeof masterKeys

const blockBytes = 16
const zeroVector = new Uint8Array(blockBytes)

/** AES-128-CBC with a zero vector over the whole blocks; a tail shorter than a block is not encrypted, and copied. */
export function decrypt(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return transform(createDecipheriv('aes-128-cbc', key, zeroVector), bytes)
}

export function encrypt(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return transform(createCipheriv('aes-128-cbc', key, zeroVector), bytes)
}

/** The key a file's image is encrypted with. */
export function unwrapKey(master: MasterKey, wrapped: Uint8Array): Uint8Array {
  return decrypt(masterKeys[master], wrapped)
}

export function wrapKey(master: MasterKey, key: Uint8Array): Uint8Array {
  return encrypt(masterKeys[master], key)
}

export function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

function transform(
  cipher: ReturnType<typeof createDecipheriv> | ReturnType<typeof createCipheriv>,
  bytes: Uint8Array,
): Uint8Array {
  cipher.setAutoPadding(false)
  const whole = bytes.length - (bytes.length % blockBytes)
  const result = new Uint8Array(bytes.length)
  result.set(cipher.update(bytes.subarray(0, whole)))
  cipher.final()
  result.set(bytes.subarray(whole), whole)
  return result
}
