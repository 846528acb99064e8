import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { limits } from '../../../core/base/limits.ts'
import { inspect } from '../../../core/loader/inspect.ts'
import { inspectionText } from '../../../core/loader/inspect-text.ts'
import { readLinkerMap } from '../../../core/loader/linker-map.ts'
import { parseImage, place } from '../../../core/loader/load.ts'
import { pack } from '../../../core/loader/pack.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { makeTitleData } from '../../kit/title-data.ts'
import { smallElf, smallProgram } from './programs.ts'

/**
 * Broken files. Whatever is done to a file, reading it ends, and ends in an image or in a Failure; an image is never
 * larger than the bound. The allocation bound is tested where memory is asked for: no image is made beyond it.
 */
const memory = createMemory()

type Damage =
  | { readonly kind: 'flip'; readonly at: number; readonly bits: number }
  | { readonly kind: 'word'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number }

/** Where in the file, as a share of a million of its headers or of the whole. */
const where = fc.nat(1_000_000)
const hostile = fc.constantFrom(0, 1, 3, 0x7f, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff)
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: where, bits: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('word' as const), at: where, value: hostile }),
  fc.record({ kind: fc.constant('cut' as const), at: where }),
)

function damaged(file: Uint8Array, headerSize: number, list: readonly Damage[], inHeaders: boolean): Uint8Array {
  let copy = file.slice()
  for (const item of list) {
    const at = Math.floor((item.at / 1_000_001) * (inHeaders ? Math.min(headerSize, copy.length) : copy.length))
    if (item.kind === 'cut') copy = copy.slice(0, at)
    else if (item.kind === 'flip') copy[at] = (copy[at] ?? 0) ^ item.bits
    else if (at - (at % 4) + 4 <= copy.length) new DataView(copy.buffer).setUint32(at - (at % 4), item.value)
  }
  return copy
}

/** Reads the file in every way there is; answers whether it became an image. */
function survives(file: Uint8Array): boolean {
  try {
    inspectionText(inspect(file, 'x'))
    const image = parseImage(file, 'x')
    expect(image.segments.reduce((sum, s) => sum + s.size, 0)).toBeLessThanOrEqual(limits.imageBytes.value)
    expect(image.segments.every(s => s.bytes.length <= s.size)).toBe(true)
    place(image, memory, image.headerBlock.length > 0 ? 0x70000000 : undefined)
    for (const { address, size } of image.segments) memory.decommit(address, size)
    memory.decommit(0x70000000, image.headerBlock.length)
    return true
  } catch (error) {
    if (error instanceof Failure && error.code !== 'DEFECT') return false
    throw error
  }
}

const packed = pack(smallProgram(), {
  encryption: 'none',
  titleId: 1,
  heapSize: 2,
  resources: [{ name: '00000001', bytes: makeTitleData({ texts: { 1: { 1: 'x' } } }) }],
}).xex

test.each([
  { what: 'a XEX2', file: packed, headerSize: 0x400 },
  { what: 'an encrypted XEX2', file: pack(smallProgram(), { encryption: 'devkit' }).xex, headerSize: 0x400 },
  { what: 'the PE inside', file: packed.subarray(0), headerSize: 0x1400 },
  { what: 'an ELF of 32 bits', file: smallElf(32), headerSize: 0x1000 },
  { what: 'an ELF of 64 bits', file: smallElf(64), headerSize: 0x1000 },
])('damage to $what ends in a failure or an image', ({ file, headerSize }) => {
  expect(survives(file)).toBe(true)
  const seen = { image: 0, failure: 0 }
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), fc.boolean(), (list, inHeaders) => {
      seen[survives(damaged(file, headerSize, list, inHeaders)) ? 'image' : 'failure'] += 1
    }),
    { numRuns: 700 },
  )
  // the damage is neither so mild that nothing breaks nor so harsh that nothing deep is reached
  expect(seen.image).toBeGreaterThan(20)
  expect(seen.failure).toBeGreaterThan(20)
})

test('every word of the headers, made hostile, is survived', () => {
  for (const file of [packed, smallElf(32), smallElf(64)])
    for (let at = 0; at < Math.min(file.length, 0x400); at += 4)
      for (const value of [0, 0x7fffffff, 0xffffffff]) {
        const copy = file.slice()
        new DataView(copy.buffer).setUint32(at, value)
        survives(copy)
      }
})

test('a file cut anywhere is survived', () => {
  for (const file of [packed, smallElf(32), smallElf(64)])
    for (let size = 0; size < file.length; size += size < 0x600 ? 1 : 997) survives(file.slice(0, size))
})

test('anything behind a right magic is survived', () => {
  fc.assert(
    fc.property(
      fc.constantFrom([0x58, 0x45, 0x58, 0x32], [0x7f, 0x45, 0x4c, 0x46, 1, 2], [0x7f, 0x45, 0x4c, 0x46, 2, 2]),
      fc.uint8Array({ maxLength: 2_000 }),
      (magic, rest) => {
        survives(Uint8Array.from([...magic, ...rest]))
      },
    ),
    { numRuns: 500 },
  )
})

test('anything as a linker’s map is survived', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[ 0-9a-f:x?@]{0,60}$/)), lines => {
      const { symbols } = readLinkerMap(lines.join('\n'))
      expect(symbols.every(symbol => Number.isInteger(symbol.address))).toBe(true)
    }),
    { numRuns: 300 },
  )
})
