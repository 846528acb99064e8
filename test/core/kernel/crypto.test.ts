/** Hashes and ciphers against the library's own, whatever way the title feeds them. */
import { createCipheriv, createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWorkbench, type Workbench } from './workbench.ts'

const bench: Workbench = createWorkbench()
const { memory } = bench
const input = bench.cell(0x800)
const out = bench.cell(0x800)
const state = bench.cell(0x200)
const keyAt = bench.cell(0x40)
const feedAt = bench.cell(0x20)

const bytes = fc.uint8Array({ maxLength: 400 })

test.each([
  ['XeCryptSha', 'sha1', 20],
  ['XeCryptMd5', 'md5', 16],
  ['XeCryptSha256', 'sha256', 32],
  ['XeCryptSha512', 'sha512', 64],
])('%s in pieces is %s of the whole', (name, algorithm, size) => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 4 }), pieces => {
      bench.call(1, `${name}Init`, state)
      for (const piece of pieces) {
        memory.write(input, piece)
        bench.call(1, `${name}Update`, state, input, piece.length)
      }
      bench.call(1, `${name}Final`, state, out, size)
      const expected = createHash(algorithm).update(Buffer.concat(pieces)).digest('hex')
      expect(Buffer.from(memory.read(out, size)).toString('hex')).toBe(expected)
    }),
    { numRuns: 60 },
  )
})

test('three parts are hashed as one, and keyed as one', () => {
  memory.write(input, new TextEncoder().encode('abcdefghi'))
  memory.write(keyAt, new TextEncoder().encode('key'))
  const parts = [input, 3, 0, 0, input + 3, 6] as const
  bench.call(1, 'XeCryptSha', ...parts, out, 20)
  expect(Buffer.from(memory.read(out, 20))).toEqual(createHash('sha1').update('abcdefghi').digest())
  bench.call(1, 'XeCryptHmacSha', keyAt, 3, ...parts, out, 20)
  expect(Buffer.from(memory.read(out, 20))).toEqual(createHmac('sha1', 'key').update('abcdefghi').digest())
  memory.fill(out, 32, 0xaa)
  bench.call(1, 'XeCryptMd5', ...parts, out, 8)
  expect(memory.load8(out + 8)).toBe(0xaa)
})

test.each([
  ['Aes', 'aes-128-cbc', 16, 16],
  ['Des3', 'des-ede3-cbc', 24, 8],
])('%s chains blocks over calls, and back', (name, algorithm, keySize, block) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: keySize, maxLength: keySize }),
      fc.array(bytes, { maxLength: 3 }),
      (key, pieces) => {
        const whole = pieces.map(piece => piece.slice(0, piece.length - (piece.length % block)))
        const run = (parts: readonly Uint8Array[], encrypt: number): Uint8Array[] => {
          memory.write(keyAt, key)
          bench.call(1, `XeCrypt${name}Key`, state, keyAt)
          memory.fill(feedAt, block, 7)
          return parts.map(part => {
            memory.write(input, part)
            bench.call(1, `XeCrypt${name}Cbc`, state, input, part.length, out, feedAt, encrypt)
            return memory.read(out, part.length)
          })
        }
        const made = run(whole, 1)
        const cipher = createCipheriv(algorithm, key, new Uint8Array(block).fill(7)).setAutoPadding(false)
        expect(Buffer.concat(made)).toEqual(Buffer.concat([cipher.update(Buffer.concat(whole)), cipher.final()]))
        expect(Buffer.concat(run(made, 0))).toEqual(Buffer.concat(whole))
      },
    ),
    { numRuns: 30 },
  )
})

test('the single cipher is the standard vector', () => {
  memory.write(keyAt, new Uint8Array(Buffer.from('133457799bbcdff1', 'hex')))
  memory.write(input, new Uint8Array(Buffer.from('0123456789abcdef', 'hex')))
  bench.call(1, 'XeCryptDesKey', state, keyAt)
  bench.call(1, 'XeCryptDesEcb', state, input, out, 1)
  expect(Buffer.from(memory.read(out, 8)).toString('hex')).toBe('85e813540f0ab405')
})

test('the stream cipher is its own inverse, and the standard vector', () => {
  memory.write(keyAt, new TextEncoder().encode('Key'))
  memory.write(input, new TextEncoder().encode('Plaintext'))
  bench.call(1, 'XeCryptRc4', keyAt, 3, input, 9)
  expect(Buffer.from(memory.read(input, 9)).toString('hex')).toBe('bbf316e8d940af0ad3')
  bench.call(1, 'XeCryptRc4Key', state, keyAt, 3)
  bench.call(1, 'XeCryptRc4Ecb', state, input, 4)
  bench.call(1, 'XeCryptRc4Ecb', state, input + 4, 5)
  expect(memory.text(input, 9)).toBe('Plaintext')
})

test('parity makes every byte odd', () => {
  memory.write(input, new Uint8Array([0, 1, 0xfe, 0xff]))
  bench.call(1, 'XeCryptDesParity', input, 4, out)
  expect([...memory.read(out, 4)]).toEqual([1, 1, 0xfe, 0xfe])
})

test('random bytes are the same in every run and differ from call to call', () => {
  const draw = (from: Workbench): string => {
    const at = from.cell(40)
    from.call(1, 'XeCryptRandom', at, 40)
    return Buffer.from(from.memory.read(at, 40)).toString('hex')
  }
  const one = createWorkbench()
  const [first, second] = [draw(one), draw(one)]
  const two = createWorkbench()
  expect([draw(two), draw(two)]).toEqual([first, second])
  expect(second).not.toBe(first)
})
