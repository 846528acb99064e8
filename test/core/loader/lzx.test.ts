import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { hexBytes } from '../../../core/base/reader.ts'
import { sha1 } from '../../../core/loader/crypt.ts'
import { parseImage } from '../../../core/loader/load.ts'
import { decodeLzx } from '../../../core/loader/lzx.ts'
import { pack } from '../../../core/loader/pack.ts'
import { writeXex } from '../../../core/loader/pack-xex.ts'
import { concatenate, createWriter, words } from '../../../core/loader/writer.ts'
import { parseXex } from '../../../core/loader/xex.ts'
import { openXex } from '../../../core/loader/xex-open.ts'
import { type BlockKind, encodeLzx } from './lzx-encoder.ts'
import { smallProgram } from './programs.ts'

/** Text-like data: short words again and again, far and near, with long runs between. */
function sample(size: number, seed: number): Uint8Array {
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
  const pool = Array.from({ length: 60 }, () => Array.from({ length: 2 + next(9) }, () => next(200)))
  const out: number[] = []
  while (out.length < size) {
    out.push(...(pool[next(pool.length)] ?? []))
    if (next(200) === 0) out.push(...new Array<number>(next(600)).fill(next(3)))
  }
  return Uint8Array.from(out.slice(0, size))
}

const kindLists: BlockKind[][] = [['verbatim'], ['aligned'], ['plain'], ['verbatim', 'plain', 'aligned']]

test.each(kindLists)('blocks decode to what was encoded: %s %s %s', (...kinds) => {
  const data = sample(100_000, 1)
  const stream = concatenate(encodeLzx(data, 17, kinds))
  expect(stream.length).toBeLessThan(data.length)
  expect(decodeLzx(stream, 17, data.length, 'x')).toEqual(data)
})

test('any data in any window comes back', () => {
  fc.assert(
    fc.property(
      fc.nat(90_000),
      fc.nat(),
      fc.constantFrom(15, 16, 17, 21),
      fc.array(fc.constantFrom<BlockKind>('verbatim', 'aligned', 'plain'), { minLength: 1, maxLength: 4 }),
      (size, seed, windowBits, kinds) => {
        const data = sample(size, seed)
        const stream = concatenate(encodeLzx(data, windowBits, kinds))
        expect(hexBytes(sha1(decodeLzx(stream, windowBits, size, 'x')))).toBe(hexBytes(sha1(data)))
      },
    ),
    { numRuns: 40 },
  )
})

test('a stream of nonsense ends in a failure that says where, or in bytes, but it ends', () => {
  let refused = 0
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 4_000 }), bytes => {
      try {
        decodeLzx(bytes, 15, 0x20000, 'x')
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        refused += 1
      }
    }),
    { numRuns: 500 },
  )
  expect(refused).toBe(500)
})

test('a damaged stream of real blocks never does worse than fail', () => {
  const data = sample(40_000, 3)
  const stream = concatenate(encodeLzx(data, 16, ['aligned', 'verbatim']))
  fc.assert(
    fc.property(fc.nat(stream.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = stream.slice()
      damaged[at] = (damaged[at] ?? 0) ^ flip
      try {
        expect(decodeLzx(damaged, 16, data.length, 'x').length).toBe(data.length)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
      }
    }),
    { numRuns: 300 },
  )
})

test('call translation for x86 is refused by name', () => {
  expect(() => decodeLzx(Uint8Array.of(0, 0x80), 15, 10, 'x')).toThrow('x86 call translation')
})

/** A container of normal compression: hashed blocks of a few chunks each, each block naming the next. */
function normalXex(image: Uint8Array, options: { encrypted: boolean; chunksPerBlock: number }): Uint8Array {
  const chunks = encodeLzx(image, 15, ['verbatim', 'aligned'])
  const blocks: Uint8Array[] = []
  let next: { size: number; digest: Uint8Array } = { size: 0, digest: new Uint8Array(20) }
  const groups = Math.ceil(chunks.length / options.chunksPerBlock)
  for (let group = groups - 1; group >= 0; group -= 1) {
    const own = chunks.slice(group * options.chunksPerBlock, (group + 1) * options.chunksPerBlock)
    const parts = own.flatMap(chunk => [Uint8Array.of(chunk.length >> 8, chunk.length & 255), chunk])
    const block = concatenate([words(next.size), next.digest, ...parts, new Uint8Array(2)])
    next = { size: block.length, digest: sha1(block) }
    blocks.unshift(block)
  }
  return writeXex({
    base: 0x82000000,
    image,
    pageSize: 0x10000,
    runs: [
      { info: 3, count: 1 },
      { info: 1, count: 1 },
      { info: 2, count: 1 },
    ],
    moduleFlags: 1,
    mediaId: new Uint8Array(16),
    headers: [
      { key: 0x10100, data: 0x82010010 },
      { key: 0x10201, data: 0x82000000 },
    ],
    libraries: [],
    compression: {
      kind: 2,
      body: concatenate([words(0x8000, next.size), next.digest]),
      stream: concatenate(blocks),
    },
    ...(options.encrypted ? { encryption: { master: 'retail', key: new Uint8Array(16).fill(9) } } : {}),
  })
}

function packedImage(): Uint8Array {
  const { xex } = pack(smallProgram(), { compression: 'raw' })
  return openXex(parseXex(xex, 'x'), xex, 'x').bytes
}

test.each([
  { encrypted: false, chunksPerBlock: 9 },
  { encrypted: false, chunksPerBlock: 2 },
  { encrypted: true, chunksPerBlock: 1 },
])('a container of normal compression opens: %o', options => {
  const image = packedImage()
  const file = normalXex(image, options)
  const opened = openXex(parseXex(file, 'x'), file, 'x')
  expect(opened.key).toBe(options.encrypted ? 'retail' : 'none')
  expect(hexBytes(sha1(opened.bytes))).toBe(hexBytes(sha1(image)))
  expect(parseImage(file, 'x').entry).toBe(0x82010010)
})

test('a block whose digest does not match is refused at its offset', () => {
  const file = normalXex(packedImage(), { encrypted: false, chunksPerBlock: 2 })
  file[file.length - 3] = 0xff
  expect(() => parseImage(file, 'x.xex')).toThrow(
    /^x\.xex: compressed block at stream\+0x\w+: its digest does not match$/,
  )
})

test('a window that is no power of two from 32 KiB to 2 MiB is refused', () => {
  const file = normalXex(packedImage(), { encrypted: false, chunksPerBlock: 2 })
  const at = parseXex(file, 'x').entries.find(entry => entry.key === 0x3ff)?.offset ?? 0
  createWriter(file).u32(at + 8, 0x9000)
  expect(() => parseImage(file, 'x.xex')).toThrow(/^x\.xex: window size at 0x\w+: 0x9000 is no power of two/)
})
