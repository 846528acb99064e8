/** Public-key arithmetic against the library's own keys, and plain arithmetic. */
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWorkbench, type Workbench } from './workbench.ts'

const bench: Workbench = createWorkbench()
const { memory } = bench
const [a, b, out, m] = [bench.cell(0x200), bench.cell(0x200), bench.cell(0x200), bench.cell(0x800)]
const state = bench.cell(0x100)

function write(at: number, digits: number, number: bigint): void {
  for (let i = 0; i < digits; i += 1) memory.store64(at + i * 8, BigInt.asUintN(64, number >> BigInt(i * 64)))
}
function read(at: number, digits: number): bigint {
  let number = 0n
  for (let i = digits - 1; i >= 0; i -= 1) number = (number << 64n) | memory.load64(at + i * 8)
  return number
}
const digits = 4
const number = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n })
const runs = { numRuns: 60 }

/** A 2048-bit key of the library in the platform's layout; the public part is its beginning. */
function writeKey(at: number): { exponent: number; modulus: bigint } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = privateKey.export({ format: 'jwk' })
  const part = (text: string | undefined): bigint => BigInt(`0x${Buffer.from(text ?? '', 'base64url').toString('hex')}`)
  const modulus = part(jwk.n)
  memory.store32(at, 0x20)
  memory.store32(at + 4, Number(part(jwk.e)))
  memory.store64(at + 8, 0n)
  write(at + 0x10, 0x20, modulus)
  for (const [i, value] of [jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].entries())
    write(at + 0x110 + i * 0x80, 0x10, part(value))
  return { exponent: Number(part(jwk.e)), modulus }
}

test('a Montgomery product times the radix is the product, and the inverse is one', () => {
  fc.assert(
    fc.property(number, number, number, (x, y, any) => {
      const modulus = any | 1n | (1n << 255n)
      memory.store64(state, 0n)
      bench.call(1, 'XeCryptBnQwNeModInv', BigInt.asUintN(64, modulus))
      const by = bench.frameOf(1).long(3)
      expect(BigInt.asUintN(64, by * modulus)).toBe(1n)
      write(a, digits, x % modulus)
      write(b, digits, y % modulus)
      write(m, digits, modulus)
      bench.call(1, 'XeCryptBnQwNeModMul', a, b, out, by, m, digits)
      const product = read(out, digits)
      expect(product < modulus).toBe(true)
      expect((product << 256n) % modulus).toBe(((x % modulus) * (y % modulus)) % modulus)
      expect(bench.call(1, 'XeCryptBnQwNeCompare', a, a, digits)).toBe(0)
    }),
    runs,
  )
})

test('numbers are compared by their most significant digit first', () => {
  write(a, digits, 1n << 192n)
  write(b, digits, (1n << 192n) - 1n)
  expect(
    [
      [a, b],
      [b, a],
    ].map(([x = 0, y = 0]) => Number(bench.call(1, 'XeCryptBnQwNeCompare', x, y, digits)) | 0),
  ).toEqual([1, -1])
})

test('a power of a small number', () => {
  write(a, digits, 7n)
  write(b, digits, 30n)
  write(m, digits, (1n << 200n) - 3n)
  expect(bench.call(1, 'XeCryptBnQwNeModExp', out, a, b, m, digits)).toBe(1)
  expect(read(out, digits)).toBe(7n ** 30n)
  write(m, digits, 0n)
  expect(bench.call(1, 'XeCryptBnQwNeModExp', out, a, b, m, digits)).toBe(0)
})

test('parts are turned round within each item', () => {
  memory.write(a, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9]))
  const turned = (name: string, count: number, size: number): number[] => {
    memory.fill(out, 16, 0)
    bench.call(1, name, a, out, count)
    return [...memory.read(out, size)]
  }
  expect(turned('XeCryptBnDw_Copy', 1, 5)).toEqual([1, 2, 3, 4, 0])
  expect(turned('XeCryptBnDw_SwapLeBe', 2, 8)).toEqual([4, 3, 2, 1, 8, 7, 6, 5])
  expect(turned('XeCryptBnQw_Copy', 1, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0])
  expect(turned('XeCryptBnQw_SwapDwQw', 1, 8)).toEqual([5, 6, 7, 8, 1, 2, 3, 4])
  expect(turned('XeCryptBnQw_SwapDwQwLeBe', 1, 8)).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
  expect(turned('XeCryptBnQw_SwapLeBe', 1, 8)).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
  bench.call(1, 'XeCryptBnDw_Zero', a, 1)
  expect([...memory.read(a, 5)]).toEqual([0, 0, 0, 0, 5])
})

test('what a private key enciphers, its public key deciphers', () => {
  const { modulus } = writeKey(m)
  const secret = (1n << 1999n) + 12345n
  write(a, 0x20, secret % modulus)
  expect(bench.call(1, 'XeCryptBnQwNeRsaPrvCrypt', a, out, m)).toBe(1)
  expect(read(out, 0x20) === secret).toBe(false)
  expect(bench.call(1, 'XeCryptBnQwNeRsaPubCrypt', out, b, m)).toBe(1)
  expect(read(b, 0x20)).toBe(secret % modulus)
})

test('a signature holds for its hash and salt, and for no other', () => {
  writeKey(m)
  const [hash, salt, signature] = [bench.cell(20), bench.cell(10), bench.cell(0x100)]
  memory.write(hash, createHash('sha1').update('title').digest())
  memory.write(salt, new TextEncoder().encode('XBOX360SAV'))
  expect(bench.call(1, 'XeCryptBnQwBeSigCreate', a, hash, salt, m)).toBe(1)
  bench.call(1, 'XeCryptBnQwNeRsaPrvCrypt', a, signature, m)
  expect(bench.call(1, 'XeCryptBnQwBeSigVerify', signature, hash, salt, m)).toBe(1)
  memory.store8(hash, memory.load8(hash) ^ 1)
  expect(bench.call(1, 'XeCryptBnQwBeSigVerify', signature, hash, salt, m)).toBe(0)
  memory.store32(m + 4, 5)
  expect(bench.call(1, 'XeCryptBnQwBeSigVerify', signature, hash, salt, m)).toBe(0)
})

test.each([0, 1, 2])('the older form of a signature, type %d, is recognised and a changed one is not', type => {
  memory.write(b, createHash('sha1').update('title').digest())
  bench.call(1, 'XeCryptBnDwLePkcs1Format', b, type, out, 0x100)
  expect([...memory.read(out + 0xfd, 3)]).toEqual([0xff, 1, 0])
  expect(bench.call(1, 'XeCryptBnDwLePkcs1Verify', b, out, 0x100)).toBe(1)
  memory.store8(out + 0x80, 0)
  expect(bench.call(1, 'XeCryptBnDwLePkcs1Verify', b, out, 0x100)).toBe(0)
})

test.each([
  ['XeCryptHmacSha', 'sha1', 20],
  ['XeCryptHmacMd5', 'md5', 16],
] as const)('%s in pieces is the keyed %s of the whole', (name, algorithm, size) => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), pieces, (key, parts) => {
      memory.write(a, key)
      bench.call(1, `${name}Init`, state, a, key.length)
      for (const part of parts) {
        memory.write(b, part)
        bench.call(1, `${name}Update`, state, b, part.length)
      }
      bench.call(1, `${name}Final`, state, out, size)
      const expected = createHmac(algorithm, key).update(Buffer.concat(parts)).digest('hex')
      expect(Buffer.from(memory.read(out, size)).toString('hex')).toBe(expected)
    }),
    runs,
  )
})

test('a keyed hash is verified by as much of it as is given', () => {
  memory.write(a, new TextEncoder().encode('key and text'))
  const mac = createHmac('sha1', 'key').update('text').digest()
  memory.write(out, mac)
  const verify = (size: number) => bench.call(1, 'XeCryptHmacShaVerify', a, 3, a + 8, 4, 0, 0, 0, 0, out, size)
  memory.store8(out + 10, memory.load8(out + 10) ^ 1)
  expect([verify(10), verify(20)]).toEqual([1, 0])
})

test('the rotating sum goes twice before and, inverted, twice behind what is hashed', () => {
  memory.write(a, new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]))
  bench.call(1, 'XeCryptRotSumSha', a, 8, 0, 0, out, 20)
  // One doubleword of 1: the sum is 1 turned by 29, the difference -1 turned, and it borrowed.
  const sum = Buffer.from(`${'0'.repeat(16)}0000000020000000${'f'.repeat(16)}${'f'.repeat(16)}`, 'hex')
  const inverted = Buffer.from(sum.map(byte => ~byte))
  const expected = createHash('sha1')
    .update(sum)
    .update(sum)
    .update(memory.read(a, 8))
    .update(inverted)
    .update(inverted)
  expect(Buffer.from(memory.read(out, 20)).toString('hex')).toBe(expected.digest('hex'))
})
