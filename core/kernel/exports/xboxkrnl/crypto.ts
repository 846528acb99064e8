/**
 * Hashes, ciphers and random bytes. States lie in the title's memory, in the layouts it allocates for them; a cipher's
 * holds the key alone. Random bytes come from a stream that every run has alike.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'
import { pageSize } from '../../../memory/map.ts'
import { type Entry, krnl, nothing, ptr, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { finish, freshState, type HashKind, type HashState, md5, sha1, sha256, sha512, update } from '../../hash.ts'
import { kernelState } from '../../outcome.ts'

/** Where a hash's state keeps its parts. */
interface Layout {
  readonly chain: number
  readonly block: number
}

const layouts: ReadonlyMap<HashKind, Layout> = new Map([
  [sha1, { chain: 4, block: 0x18 }],
  [md5, { chain: 4, block: 0x14 }],
  [sha256, { chain: 4, block: 0x24 }],
  [sha512, { chain: 8, block: 0x48 }],
])

const layoutOf = (kind: HashKind): Layout => layouts.get(kind) ?? { chain: 4, block: 0x18 }

/** Bytes of a hash's state. */
export const sizeOfState = (kind: HashKind): number => layoutOf(kind).block + kind.blockBytes

export function readHash(k: Kernel, kind: HashKind, at: number): HashState {
  const layout = layoutOf(kind)
  return {
    count: k.memory.load32(at),
    chain: kind.initial.map((_, i) =>
      kind.wordBytes === 8
        ? k.memory.load64(at + layout.chain + i * 8)
        : BigInt(k.memory.load32(at + layout.chain + i * 4)),
    ),
    block: k.memory.read(at + layout.block, kind.blockBytes),
  }
}

export function writeHash(k: Kernel, kind: HashKind, at: number, state: HashState): void {
  const layout = layoutOf(kind)
  k.memory.store32(at, state.count)
  state.chain.forEach((word, i) => {
    if (kind.wordBytes === 8) k.memory.store64(at + layout.chain + i * 8, word)
    else k.memory.store32(at + layout.chain + i * 4, Number(word))
  })
  k.memory.write(at + layout.block, state.block)
}

export function put(k: Kernel, at: number, room: number, bytes: Uint8Array): void {
  k.memory.write(at, bytes.subarray(0, room))
}

/** Takes more input into a hash whose state the title holds. */
export const feed =
  (kind: HashKind) =>
  (k: Kernel, at: number, input: number, size: number): void => {
    const state = readHash(k, kind, at)
    update(kind, state, k.memory.read(input, size))
    writeHash(k, kind, at, state)
  }

/** The three calls of a hash whose state the title holds. */
function streaming(kind: HashKind, name: string, init: number, next: number, last: number): Entry[] {
  return [
    krnl(init, `${name}Init`, [ptr('state')], nothing, ['crypto'], (k, at) => writeHash(k, kind, at, freshState(kind))),
    krnl(next, `${name}Update`, [ptr('state'), u32('input'), u32('size')], nothing, ['crypto'], feed(kind)),
    krnl(last, `${name}Final`, [ptr('state'), u32('out'), u32('size')], nothing, ['crypto'], (k, at, out, size) => {
      const state = readHash(k, kind, at)
      put(k, out, size, finish(kind, state))
      writeHash(k, kind, at, state)
    }),
  ]
}

const threeInputs = [u32('a'), u32('aSize'), u32('b'), u32('bSize'), u32('c'), u32('cSize')] as const

export function joined(k: Kernel, ...parts: readonly (readonly [at: number, size: number])[]): Uint8Array[] {
  return parts.filter(([at, size]) => at !== 0 && size !== 0).map(([at, size]) => k.memory.read(at, size))
}

const whole = (ordinal: number, name: string, algorithm: string): Entry =>
  krnl(
    ordinal,
    name,
    [...threeInputs, u32('out'), u32('size')],
    nothing,
    ['crypto'],
    (k, a, aSize, b, bSize, c, cSize, out, size) => {
      const hash = createHash(algorithm)
      for (const part of joined(k, [a, aSize], [b, bSize], [c, cSize])) hash.update(part)
      put(k, out, size, hash.digest())
    },
  )

const keyed = (ordinal: number, name: string, algorithm: string): Entry =>
  krnl(
    ordinal,
    name,
    [u32('key'), u32('keySize'), ...threeInputs, u32('out'), u32('size')],
    nothing,
    ['crypto'],
    (k, key, keySize, a, aSize, b, bSize, c, cSize, out, size) => {
      const mac = createHmac(algorithm, k.memory.read(key, keySize))
      for (const part of joined(k, [a, aSize], [b, bSize], [c, cSize])) mac.update(part)
      put(k, out, size, mac.digest())
    },
  )

/** One block or a chain of blocks through a cipher of the library, without padding. */
function cipher(
  name: string,
  key: Uint8Array,
  feed: Uint8Array | null,
  input: Uint8Array,
  encrypt: boolean,
): Uint8Array {
  const made = encrypt ? createCipheriv(name, key, feed) : createDecipheriv(name, key, feed)
  made.setAutoPadding(false)
  return new Uint8Array(Buffer.concat([made.update(input), made.final()]))
}

const aesBlock = 16
const aesKey = 16
const desBlock = 8
const desKey = 8

function chained(
  k: Kernel,
  name: string,
  key: Uint8Array,
  block: number,
  { input, size, out, feed, encrypt }: { input: number; size: number; out: number; feed: number; encrypt: boolean },
): void {
  const bytes = k.memory.read(input, size - (size % block))
  if (bytes.length === 0) return
  const result = cipher(name, key, k.memory.read(feed, block), bytes, encrypt)
  k.memory.write(out, result)
  k.memory.write(feed, (encrypt ? result : bytes).slice(-block))
}

/** A single key of the older cipher, as the three of the newer: the same function. */
const tripled = (key: Uint8Array): Uint8Array => new Uint8Array([...key, ...key, ...key])

export interface Rc4 {
  readonly box: Uint8Array
  i: number
  j: number
}

export function rc4Key(key: Uint8Array): Rc4 {
  const box = new Uint8Array(256).map((_, i) => i)
  for (let i = 0, j = 0; i < 256; i += 1) {
    j = (j + (box[i] ?? 0) + (key[i % Math.max(1, key.length)] ?? 0)) & 0xff
    ;[box[i], box[j]] = [box[j] ?? 0, box[i] ?? 0]
  }
  return { box, i: 0, j: 0 }
}

export function rc4(state: Rc4, bytes: Uint8Array): Uint8Array {
  const { box } = state
  return bytes.map(byte => {
    state.i = (state.i + 1) & 0xff
    state.j = (state.j + (box[state.i] ?? 0)) & 0xff
    ;[box[state.i], box[state.j]] = [box[state.j] ?? 0, box[state.i] ?? 0]
    return byte ^ (box[((box[state.i] ?? 0) + (box[state.j] ?? 0)) & 0xff] ?? 0)
  })
}

function writeRc4(k: Kernel, at: number, state: Rc4): void {
  k.memory.write(at, state.box)
  k.memory.store8(at + 256, state.i)
  k.memory.store8(at + 257, state.j)
}

const randomStream = kernelState('random', () => ({ count: 0 }))

/** The next bytes of the stream that stands in for chance. */
export function randomBytes(k: Kernel, size: number): Uint8Array {
  const state = k.state(randomStream)
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at += 32) {
    state.count += 1
    bytes.set(
      createHash('sha256')
        .update(`random ${state.count}`)
        .digest()
        .subarray(0, size - at),
      at,
    )
  }
  return bytes
}

/** Fills memory page by page, so that a size beyond what is there faults before much is made. */
export function writeRandom(k: Kernel, at: number, size: number): void {
  for (let done = 0; done < size; done += pageSize)
    k.memory.write(at + done, randomBytes(k, Math.min(pageSize, size - done)))
}

export const crypto: readonly Entry[] = [
  ...streaming(sha1, 'XeCryptSha', 399, 400, 401),
  ...streaming(md5, 'XeCryptMd5', 388, 389, 390),
  ...streaming(sha256, 'XeCryptSha256', 784, 785, 786),
  ...streaming(sha512, 'XeCryptSha512', 799, 803, 804),
  whole(402, 'XeCryptSha', 'sha1'),
  whole(391, 'XeCryptMd5', 'md5'),
  whole(787, 'XeCryptSha256', 'sha256'),
  whole(805, 'XeCryptSha512', 'sha512'),
  keyed(386, 'XeCryptHmacSha', 'sha1'),
  keyed(382, 'XeCryptHmacMd5', 'md5'),

  krnl(345, 'XeCryptAesKey', [ptr('state'), ptr('key')], nothing, ['crypto'], (k, state, key) =>
    k.memory.write(state, k.memory.read(key, aesKey)),
  ),
  krnl(
    346,
    'XeCryptAesEcb',
    [ptr('state'), ptr('input'), ptr('out'), u32('encrypt')],
    nothing,
    ['crypto'],
    (k, state, input, out, encrypt) =>
      k.memory.write(
        out,
        cipher('aes-128-ecb', k.memory.read(state, aesKey), null, k.memory.read(input, aesBlock), encrypt !== 0),
      ),
  ),
  krnl(
    347,
    'XeCryptAesCbc',
    [ptr('state'), ptr('input'), u32('size'), ptr('out'), ptr('feed'), u32('encrypt')],
    nothing,
    ['crypto'],
    (k, state, input, size, out, feed, encrypt) =>
      chained(k, 'aes-128-cbc', k.memory.read(state, aesKey), aesBlock, {
        input,
        size,
        out,
        feed,
        encrypt: encrypt !== 0,
      }),
  ),
  krnl(373, 'XeCryptDesKey', [ptr('state'), ptr('key')], nothing, ['crypto'], (k, state, key) =>
    k.memory.write(state, k.memory.read(key, desKey)),
  ),
  krnl(
    374,
    'XeCryptDesEcb',
    [ptr('state'), ptr('input'), ptr('out'), u32('encrypt')],
    nothing,
    ['crypto'],
    (k, state, input, out, encrypt) =>
      k.memory.write(
        out,
        cipher('des-ede3', tripled(k.memory.read(state, desKey)), null, k.memory.read(input, desBlock), encrypt !== 0),
      ),
  ),
  krnl(
    375,
    'XeCryptDesCbc',
    [ptr('state'), ptr('input'), u32('size'), ptr('out'), ptr('feed'), u32('encrypt')],
    nothing,
    ['crypto'],
    (k, state, input, size, out, feed, encrypt) =>
      chained(k, 'des-ede3-cbc', tripled(k.memory.read(state, desKey)), desBlock, {
        input,
        size,
        out,
        feed,
        encrypt: encrypt !== 0,
      }),
  ),
  krnl(376, 'XeCryptDes3Key', [ptr('state'), ptr('keys')], nothing, ['crypto'], (k, state, keys) =>
    k.memory.write(state, k.memory.read(keys, desKey * 3)),
  ),
  krnl(
    377,
    'XeCryptDes3Ecb',
    [ptr('state'), ptr('input'), ptr('out'), u32('encrypt')],
    nothing,
    ['crypto'],
    (k, state, input, out, encrypt) =>
      k.memory.write(
        out,
        cipher('des-ede3', k.memory.read(state, desKey * 3), null, k.memory.read(input, desBlock), encrypt !== 0),
      ),
  ),
  krnl(
    378,
    'XeCryptDes3Cbc',
    [ptr('state'), ptr('input'), u32('size'), ptr('out'), ptr('feed'), u32('encrypt')],
    nothing,
    ['crypto'],
    (k, state, input, size, out, feed, encrypt) =>
      chained(k, 'des-ede3-cbc', k.memory.read(state, desKey * 3), desBlock, {
        input,
        size,
        out,
        feed,
        encrypt: encrypt !== 0,
      }),
  ),
  krnl(372, 'XeCryptDesParity', [ptr('input'), u32('size'), ptr('out')], nothing, ['crypto'], (k, input, size, out) =>
    k.memory.write(
      out,
      k.memory.read(input, size).map(byte => {
        let ones = 0
        for (let bit = 1; bit < 8; bit += 1) ones += (byte >>> bit) & 1
        return (byte & 0xfe) | (ones & 1 ? 0 : 1)
      }),
    ),
  ),
  krnl(395, 'XeCryptRc4Key', [ptr('state'), ptr('key'), u32('size')], nothing, ['crypto'], (k, state, key, size) =>
    writeRc4(k, state, rc4Key(k.memory.read(key, size))),
  ),
  krnl(396, 'XeCryptRc4Ecb', [ptr('state'), ptr('data'), u32('size')], nothing, ['crypto'], (k, at, data, size) => {
    const state = { box: k.memory.read(at, 256), i: k.memory.load8(at + 256), j: k.memory.load8(at + 257) }
    k.memory.write(data, rc4(state, k.memory.read(data, size)))
    writeRc4(k, at, state)
  }),
  krnl(
    397,
    'XeCryptRc4',
    [ptr('key'), u32('keySize'), ptr('data'), u32('size')],
    nothing,
    ['crypto'],
    (k, key, keySize, data, size) =>
      k.memory.write(data, rc4(rc4Key(k.memory.read(key, keySize)), k.memory.read(data, size))),
  ),
  krnl(394, 'XeCryptRandom', [ptr('buffer'), u32('size')], nothing, ['crypto'], (k, at, size) =>
    writeRandom(k, at, size),
  ),
]
