/**
 * Hashes with a key that a title feeds in pieces, and the console's own sum over a hash. The state of a keyed hash is two
 * states of the plain one: what is hashed inside, begun with the key and 36s, and what goes around it, begun with 5Cs.
 */
import { createHash, createHmac } from 'node:crypto'
import { type Entry, krnl, nothing, ptr, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { finish, freshState, type HashKind, md5, sha1, update } from '../../hash.ts'
import { feed, joined, put, readHash, sizeOfState, writeHash } from './crypto.ts'

const mostKey = 0x40
const pads = [0x36, 0x5c] as const

function keyedPieces(kind: HashKind, name: string, init: number, next: number, last: number): Entry[] {
  const outer = sizeOfState(kind)
  return [
    krnl(init, `${name}Init`, [ptr('state'), ptr('key'), u32('size')], nothing, ['crypto'], (k, at, keyAt, size) => {
      const key = k.memory.read(keyAt, Math.min(size, mostKey))
      for (const [i, pad] of pads.entries()) {
        const state = freshState(kind)
        update(
          kind,
          state,
          new Uint8Array(kind.blockBytes).map((_, place) => (key[place] ?? 0) ^ pad),
        )
        writeHash(k, kind, at + i * outer, state)
      }
    }),
    krnl(next, `${name}Update`, [ptr('state'), ptr('input'), u32('size')], nothing, ['crypto'], feed(kind)),
    krnl(last, `${name}Final`, [ptr('state'), ptr('out'), u32('size')], nothing, ['crypto'], (k, at, out, size) => {
      const around = readHash(k, kind, at + outer)
      update(kind, around, finish(kind, readHash(k, kind, at)))
      put(k, out, size, finish(kind, around))
    }),
  ]
}

/** Two sums over doublewords, each turned as it goes, with the carries of both. */
function rotatingSum(parts: readonly Uint8Array[]): Uint8Array {
  let [carries, sum, borrows, difference] = [0n, 0n, 0n, 0n]
  const turned = (word: bigint, by: bigint): bigint => BigInt.asUintN(64, (word << by) | (word >> (64n - by)))
  for (const part of parts) {
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength)
    for (let at = 0; at + 8 <= part.length; at += 8) {
      const word = view.getBigUint64(at)
      sum = BigInt.asUintN(64, sum + word)
      difference = BigInt.asUintN(64, difference - word)
      if (sum < word) carries += 1n
      if (word < difference) borrows = BigInt.asUintN(64, borrows - 1n)
      sum = turned(sum, 29n)
      difference = turned(difference, 31n)
    }
  }
  const bytes = new Uint8Array(0x20)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of [carries, sum, borrows, difference].entries()) view.setBigUint64(i * 8, word)
  return bytes
}

const macOf = (k: Kernel, key: number, size: number, parts: readonly Uint8Array[]): Uint8Array => {
  const mac = createHmac('sha1', k.memory.read(key, Math.min(size, mostKey)))
  for (const part of parts) mac.update(part)
  return mac.digest()
}

export const keyedHashes: readonly Entry[] = [
  ...keyedPieces(md5, 'XeCryptHmacMd5', 379, 380, 381),
  ...keyedPieces(sha1, 'XeCryptHmacSha', 383, 384, 385),
  krnl(
    387,
    'XeCryptHmacShaVerify',
    [
      ptr('key'),
      u32('keySize'),
      u32('a'),
      u32('aSize'),
      u32('b'),
      u32('bSize'),
      u32('c'),
      u32('cSize'),
      ptr('expected'),
      u32('size'),
    ],
    u32,
    ['crypto'],
    (k, key, keySize, a, aSize, b, bSize, c, cSize, at, size) => {
      const mac = macOf(k, key, keySize, joined(k, [a, aSize], [b, bSize], [c, cSize])).subarray(0, size)
      return Buffer.from(k.memory.read(at, mac.length)).equals(mac) ? 1 : 0
    },
  ),
  krnl(
    398,
    'XeCryptRotSumSha',
    [u32('a'), u32('aSize'), u32('b'), u32('bSize'), ptr('out'), u32('size')],
    nothing,
    ['crypto'],
    (k, a, aSize, b, bSize, out, size) => {
      const parts = joined(k, [a, aSize], [b, bSize])
      const sum = rotatingSum(parts)
      const inverted = sum.map(byte => ~byte)
      const hash = createHash('sha1')
      for (const part of [sum, sum, ...parts, inverted, inverted]) hash.update(part)
      put(k, out, size, hash.digest())
    },
  ),
]
