/**
 * Numbers of many digits, as the platform's public-key routines hold them: arrays of doublewords, the least significant
 * first, each in the machine's byte order (`Ne`). A number here is a bigint, read and written whole.
 *
 * Signatures. The value that is signed is moved into the Montgomery domain first, so that the verifier needs no
 * conversion: with R = 2^(64 digits), a verifier's chain of Montgomery products of s gives s^e R^(1-e), and what was
 * signed was x R^(e-1). The layout of x (padding, salt, a hash that keys a stream cipher over the rest) and the layouts of
 * keys are those that public tools for consoles' own images agree on.
 */
import { createHash } from 'node:crypto'
import { fail } from '../../../base/failure.ts'
import { limits } from '../../../base/limits.ts'
import { type Entry, i32, krnl, nothing, ptr, u32, u64 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { rc4, rc4Key } from './crypto.ts'

const digit = 64
const signatureDigits = 0x20
const exponents: readonly number[] = [3, 0x10001]
const rsa = { digits: 0, exponent: 4, modulus: 0x10 } as const
/** Where the parts of a signature's value lie, from its most significant byte. */
const value = { size: 0x100, one: 0xe0, salt: 0xe1, saltSize: 10, hash: 0xeb, hashSize: 20, end: 0xff } as const
const endMark = 0xbc

function readNumber(k: Kernel, at: number, digits: number): bigint {
  if (digits > limits.numberDigits.value)
    throw fail('GUEST_FAULT', 'a number', `has ${digits} digits of 64 bits, and no key is so long`)
  let number = 0n
  for (let i = digits - 1; i >= 0; i -= 1) number = (number << 64n) | k.memory.load64(at + i * 8)
  return number
}

function writeNumber(k: Kernel, at: number, digits: number, number: bigint): void {
  for (let i = 0; i < digits; i += 1) k.memory.store64(at + i * 8, BigInt.asUintN(64, number >> BigInt(i * digit)))
}

/** base^exponent mod modulus. */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus
  let square = base % modulus
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

/** The inverse of an odd number modulo 2^64: each step doubles the bits that are right, from three. */
export function inverse(odd: bigint): bigint {
  let found = odd
  for (let bits = 3; bits < digit; bits *= 2) found = BigInt.asUintN(digit, found * (2n - odd * found))
  return found
}

/** a b / 2^(64 digits) mod modulus, digit by digit; `by` is the inverse of the modulus' lowest digit. */
function montgomery(a: bigint, b: bigint, by: bigint, modulus: bigint, digits: number): bigint {
  let product = a * b
  for (let i = 0; i < digits; i += 1)
    product = (product - BigInt.asUintN(digit, BigInt.asUintN(digit, product) * by) * modulus) >> 64n
  return product < 0n ? product + modulus : product
}

interface Key {
  readonly digits: number
  readonly exponent: number
  readonly modulus: bigint
}

const readKey = (k: Kernel, at: number): Key => {
  const digits = Math.min(limits.numberDigits.value, k.memory.load32(at + rsa.digits))
  return { digits, exponent: k.memory.load32(at + rsa.exponent), modulus: readNumber(k, at + rsa.modulus, digits) }
}

/** The value that stands for a hash in a signature. */
function signatureValue(hash: Uint8Array, salt: Uint8Array): bigint {
  const digest = createHash('sha1').update(new Uint8Array(8)).update(hash).update(salt).digest()
  const bytes = new Uint8Array(value.size)
  bytes[value.one] = 1
  bytes.set(salt, value.salt)
  bytes.set(rc4(rc4Key(digest), bytes.slice(0, value.hash)))
  bytes.set(digest, value.hash)
  bytes[value.end] = endMark
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

const formatted = (k: Kernel, hash: number, salt: number): bigint =>
  signatureValue(k.memory.read(hash, value.hashSize), k.memory.read(salt, value.saltSize))

const signs = ({ digits, exponent, modulus }: Key): boolean =>
  digits === signatureDigits && exponents.includes(exponent) && (modulus & 1n) === 1n

/** What follows the hash in the older form of a signature, by type. */
const pkcs1 = ['140400051a02030e2b05060930213000', '14041a02030e2b050607301f3000', '00'] as const

function pkcs1Value(hash: Uint8Array, type: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(0xff)
  bytes[size - 1] = 0
  bytes[size - 2] = 1
  bytes.set(hash.slice().reverse())
  bytes.set(Buffer.from(pkcs1[type] ?? '00', 'hex'), value.hashSize)
  return bytes
}
const pkcs1Allowed = (size: number): boolean => size >= 0x27 && size <= 0x200

/** Copies items and turns the parts of each round. */
const turn = (ordinal: number, name: string, item: number, part: number): Entry =>
  krnl(ordinal, name, [ptr('input'), ptr('out'), u32('count')], nothing, ['crypto'], (k, input, out, count) => {
    const from = k.memory.read(input, count * item)
    k.memory.write(
      out,
      from.map((_, i) => {
        const within = i % item
        const other = item - part - (within - (within % part)) + (within % part)
        return from[i - within + other] ?? 0
      }),
    )
  })

const zero = (ordinal: number, name: string, item: number): Entry =>
  krnl(ordinal, name, [ptr('number'), u32('count')], nothing, ['crypto'], (k, at, count) =>
    k.memory.fill(at, count * item, 0),
  )

export const bigNumbers: readonly Entry[] = [
  turn(351, 'XeCryptBnDw_Copy', 4, 4),
  turn(352, 'XeCryptBnDw_SwapLeBe', 4, 1),
  turn(366, 'XeCryptBnQw_Copy', 8, 8),
  turn(367, 'XeCryptBnQw_SwapDwQw', 8, 4),
  turn(368, 'XeCryptBnQw_SwapDwQwLeBe', 8, 1),
  turn(369, 'XeCryptBnQw_SwapLeBe', 8, 1),
  zero(353, 'XeCryptBnDw_Zero', 4),
  zero(370, 'XeCryptBnQw_Zero', 8),
  krnl(806, 'XeCryptBnQwNeCompare', [ptr('a'), ptr('b'), u32('digits')], i32, ['crypto'], (k, a, b, digits) => {
    const [left, right] = [readNumber(k, a, digits), readNumber(k, b, digits)]
    return left < right ? -1 : left > right ? 1 : 0
  }),
  krnl(361, 'XeCryptBnQwNeModInv', [u64('odd')], u64, ['crypto', 'poll'], (_k, odd) => inverse(odd)),
  krnl(
    362,
    'XeCryptBnQwNeModMul',
    [ptr('a'), ptr('b'), ptr('out'), u64('inverse'), ptr('modulus'), u32('digits')],
    nothing,
    ['crypto'],
    (k, a, b, out, by, modulus, digits) => {
      const read = (at: number): bigint => readNumber(k, at, digits)
      writeNumber(k, out, digits, montgomery(read(a), read(b), by, read(modulus), digits))
    },
  ),
  krnl(
    359,
    'XeCryptBnQwNeModExp',
    [ptr('out'), ptr('base'), ptr('exponent'), ptr('modulus'), u32('digits')],
    u32,
    ['crypto'],
    (k, out, base, exponent, at, digits) => {
      const modulus = readNumber(k, at, digits)
      if (modulus === 0n) return 0
      writeNumber(k, out, digits, power(readNumber(k, base, digits), readNumber(k, exponent, digits), modulus))
      return 1
    },
  ),
  krnl(
    365,
    'XeCryptBnQwNeRsaPubCrypt',
    [ptr('input'), ptr('out'), ptr('key')],
    u32,
    ['crypto'],
    (k, input, out, keyAt) => {
      const { digits, exponent, modulus } = readKey(k, keyAt)
      if (modulus === 0n) return 0
      writeNumber(k, out, digits, power(readNumber(k, input, digits), BigInt(exponent), modulus))
      return 1
    },
  ),
  krnl(
    364,
    'XeCryptBnQwNeRsaPrvCrypt',
    [ptr('input'), ptr('out'), ptr('key')],
    u32,
    ['crypto'],
    (k, input, out, keyAt) => {
      const { digits, modulus } = readKey(k, keyAt)
      const half = digits >>> 1
      const part = (index: number): bigint => readNumber(k, keyAt + rsa.modulus + digits * 8 + index * half * 8, half)
      const [p, q, dp, dq, coefficient] = [part(0), part(1), part(2), part(3), part(4)]
      if (modulus === 0n || p === 0n || q === 0n) return 0
      const number = readNumber(k, input, digits)
      const [m1, m2] = [power(number, dp, p), power(number, dq, q)]
      const difference = (((coefficient * (m1 - m2)) % p) + p) % p
      writeNumber(k, out, digits, (m2 + difference * q) % modulus)
      return 1
    },
  ),
  krnl(
    357,
    'XeCryptBnQwBeSigFormat',
    [ptr('signature'), ptr('hash'), ptr('salt')],
    nothing,
    ['crypto'],
    (k, out, hash, salt) => writeNumber(k, out, signatureDigits, formatted(k, hash, salt)),
  ),
  krnl(
    356,
    'XeCryptBnQwBeSigCreate',
    [ptr('signature'), ptr('hash'), ptr('salt'), ptr('key')],
    u32,
    ['crypto'],
    (k, out, hash, salt, keyAt) => {
      const key = readKey(k, keyAt)
      if (!signs(key)) return 0
      const number = formatted(k, hash, salt)
      if (number >= key.modulus) return 0
      const radix = power(2n, BigInt(key.digits * digit) * BigInt(key.exponent - 1), key.modulus)
      writeNumber(k, out, key.digits, (number * radix) % key.modulus)
      return 1
    },
  ),
  krnl(
    358,
    'XeCryptBnQwBeSigVerify',
    [ptr('signature'), ptr('hash'), ptr('salt'), ptr('key')],
    u32,
    ['crypto'],
    (k, at, hash, salt, keyAt) => {
      const key = readKey(k, keyAt)
      if (!signs(key)) return 0
      const by = inverse(BigInt.asUintN(digit, key.modulus))
      const product = (a: bigint, b: bigint): bigint => montgomery(a, b, by, key.modulus, key.digits)
      const signature = readNumber(k, at, key.digits)
      let chain = signature
      for (let left = key.exponent >>> 1; left > 0; left >>>= 1) chain = product(chain, chain)
      return product(chain, signature) === formatted(k, hash, salt) ? 1 : 0
    },
  ),
  krnl(
    354,
    'XeCryptBnDwLePkcs1Format',
    [ptr('hash'), u32('type'), ptr('signature'), u32('size')],
    nothing,
    ['crypto'],
    (k, hash, type, out, size) => {
      const bytes = k.memory.read(hash, value.hashSize)
      if (pkcs1Allowed(size)) k.memory.write(out, pkcs1Value(bytes, type, size))
    },
  ),
  krnl(
    355,
    'XeCryptBnDwLePkcs1Verify',
    [ptr('hash'), ptr('signature'), u32('size')],
    u32,
    ['crypto'],
    (k, hash, at, size) => {
      const bytes = k.memory.read(hash, value.hashSize)
      if (!pkcs1Allowed(size)) return 0
      const given = k.memory.read(at, size)
      const type = given[0x16] === 0 ? 0 : given[0x16] === 0x1a ? 1 : 2
      return Buffer.from(pkcs1Value(bytes, type, size)).equals(given) ? 1 : 0
    },
  ),
]
