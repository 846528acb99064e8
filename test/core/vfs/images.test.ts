import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { bytesBlob } from '../../../core/vfs/blob.ts'
import { openDisc } from '../../../core/vfs/gdfx.ts'
import { openPackage } from '../../../core/vfs/package.ts'
import type { Source } from '../../../core/vfs/source.ts'
import { makeDisc, makeInstalledDisc, makePackage, type Tree } from './images.ts'

const pattern = (length: number, seed: number): Uint8Array =>
  new Uint8Array(length).map((_, i) => (i * 7 + seed) & 0xff)

const name = fc
  .string({ unit: fc.constantFrom(...'abcXYZ019_. '), minLength: 1, maxLength: 12 })
  .filter(text => !/^[. ]+$/.test(text))
const names = fc.uniqueArray(name, { selector: text => text.toLowerCase(), maxLength: 40 })
const content = fc.record({ length: fc.nat(9_000), seed: fc.nat(255) }).map(({ length, seed }) => pattern(length, seed))

function treeOf(depth: number): fc.Arbitrary<Tree> {
  const child: fc.Arbitrary<Uint8Array | Tree> =
    depth === 0 ? content : fc.oneof({ weight: 3, arbitrary: content }, { weight: 1, arbitrary: treeOf(depth - 1) })
  return names.chain(all =>
    fc
      .tuple(...all.map(() => child))
      .map(values => Object.fromEntries(all.map((each, i) => [each, values[i] ?? pattern(0, 0)]))),
  )
}

/** What a source shows, as the tree it was made of. */
function show(source: Source, key = ''): Tree {
  return Object.fromEntries(
    source.list(key).map(entry => {
      if (entry.directory) return [entry.name, show(source, entry.key)]
      const bytes = new Uint8Array(entry.size)
      expect(source.read(entry.key, 0, bytes)).toBe(entry.size)
      return [entry.name, bytes]
    }),
  )
}

test('a disc shows the files it was made of', () => {
  fc.assert(
    fc.property(treeOf(2), tree => {
      expect(show(openDisc(bytesBlob('disc', makeDisc(tree))))).toEqual(tree)
    }),
    { numRuns: 40 },
  )
})

test('a package shows the files it was made of, whatever its hash tables look like', () => {
  const form = fc.record({ copies: fc.constantFrom(1, 2), scattered: fc.boolean(), active: fc.constantFrom(0, 1) })
  fc.assert(
    fc.property(treeOf(2), form, (tree, options) => {
      expect(show(openPackage(bytesBlob('package', makePackage(tree, options))).source)).toEqual(tree)
    }),
    { numRuns: 40 },
  )
})

test('a package of more blocks than one hash table covers reads to its end', () => {
  const tree = { 'big.bin': pattern(190 * 0x1000 + 5, 1), 'after.bin': pattern(10, 2) }
  for (const copies of [1, 2])
    for (const scattered of [false, true])
      expect(
        show(openPackage(bytesBlob('package', makePackage(tree, { copies, scattered, active: copies - 1 }))).source),
      ).toEqual(tree)
})

test('a package says what it is', () => {
  const opened = openPackage(bytesBlob('package', makePackage({})))
  expect(opened).toMatchObject({ kind: 'STFS', titleId: 0x58410001, contentType: 1, displayName: 'A' })
})

test('an installed disc shows the files of the disc it was made of', () => {
  const tree = { 'default.xex': pattern(1_500_000, 4), Media: { 'a.bin': pattern(5_000, 5) } }
  const { header, fragment } = makeInstalledDisc(makeDisc(tree))
  const opened = openPackage(bytesBlob('installed', header), [bytesBlob('Data0000', fragment)])
  expect(opened.kind).toBe('SVOD')
  expect(show(opened.source)).toEqual(tree)
})

test('a read begins and ends anywhere in a file', () => {
  const bytes = pattern(10_000, 3)
  const source = openPackage(bytesBlob('package', makePackage({ a: bytes }, { scattered: true }))).source
  const key = source.list('')[0]?.key ?? ''
  fc.assert(
    fc.property(fc.nat(10_500), fc.nat(9_000), (offset, length) => {
      const into = new Uint8Array(length)
      const got = source.read(key, offset, into)
      expect(Buffer.compare(into.subarray(0, got), bytes.subarray(offset, offset + length))).toBe(0)
    }),
  )
})

describe('a folder whose table cannot be read to its end', () => {
  const tree = { Media: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`file${i}.bin`, pattern(10, i)])) }
  const media = (source: Source): string => source.list('').find(entry => entry.name === 'Media')?.key ?? ''
  const names = (source: Source): string[] => source.list(media(source)).map(entry => entry.name)

  /** Where the table of the folder lies. */
  function tableOf(disc: Uint8Array): number {
    const { key = '' } = openDisc(bytesBlob('disc', disc)).list('')[0] ?? {}
    return Number(key.slice(key.lastIndexOf('/') + 1).split(',')[0]) * 2048
  }

  test('says from which byte, and shows what can be read', () => {
    const disc = makeDisc(tree)
    const whole = openDisc(bytesBlob('disc', disc))
    expect([whole.damageOf?.(''), whole.damageOf?.(media(whole))]).toEqual([undefined, undefined])
    // What the first entry has on its left lies far behind the table.
    new DataView(disc.buffer).setUint16(tableOf(disc), 0x4000, true)
    const damaged = openDisc(bytesBlob('disc', disc))
    expect([damaged.damageOf?.(''), damaged.damageOf?.(media(damaged))]).toEqual([undefined, 0x10000])
    expect(names(damaged).length).toBeGreaterThan(0)
    expect(names(damaged).length).toBeLessThan(40)
  })

  test('is one that the image does not have to its end, wherever that is', () => {
    const disc = makeDisc(tree.Media)
    const at = new DataView(disc.buffer).getUint32(32 * 2048 + 0x14, true) * 2048
    const all = openDisc(bytesBlob('disc', disc)).list('').length
    const end = disc.findLastIndex(byte => byte !== 0xff && byte !== 0) + 1
    for (let size = at + 20; size < end; size += 1) {
      const source = openDisc(bytesBlob('disc', disc.slice(0, size)))
      expect(source.damageOf?.(''), `${size}`).toEqual(expect.any(Number))
      expect(source.list('').length).toBeLessThan(all)
    }
  })

  test.each<[what: string, breaks: (view: DataView, entry: number, ordinal: number) => void]>([
    ['leads in a circle', (view, entry, ordinal) => view.setUint16(entry + 2, ordinal, true)],
    ['leads to padding', (view, entry) => view.setUint16(entry + 2, 0x1f0, true)],
    ['has a name of no letters', (view, entry) => view.setUint8(entry + 13, 0)],
    ['has a name that is a path', (view, entry) => view.setUint8(entry + 14, 0x2f)],
    ['holds itself', (view, entry) => view.setUint32(entry + 4, entry >> 11, true)],
  ])('is one with an entry that %s', (what, breaks) => {
    const disc = makeDisc({ Media: { 'a.bin': pattern(10, 1), 'b.bin': pattern(10, 2), 'c.bin': pattern(10, 3) } })
    const at = tableOf(disc)
    const view = new DataView(disc.buffer)
    // The last entry, so that only its own is behind it: what the first has on its right.
    const ordinal = view.getUint16(at + 2, true)
    breaks(view, at + ordinal * 4, ordinal)
    if (what === 'holds itself') view.setUint8(at + ordinal * 4 + 12, 0x10)
    const damaged = openDisc(bytesBlob('disc', disc))
    expect(damaged.damageOf?.(media(damaged))).toEqual(expect.any(Number))
    expect(names(damaged)).toContain('b.bin')
  })

  test('is any of a package whose one table is cut', () => {
    const many = { ...tree, More: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`m${i}`, pattern(1, i)])) }
    const whole = makePackage(many)
    expect(openPackage(bytesBlob('package', whole)).source.damageOf?.('')).toBeUndefined()
    // The link from the first block of the table to the second.
    new DataView(whole.buffer).setUint32(0xa000 + 20, 0x80ffffff)
    const { source } = openPackage(bytesBlob('package', whole))
    expect([source.damageOf?.(''), source.damageOf?.(media(source))]).toEqual([0x1000, 0x1000])
  })
})

test('a damaged image is refused, or shows damaged files, and never hangs', () => {
  const tree = { a: pattern(5_000, 1), folder: { b: pattern(100, 2), c: { d: pattern(3_000, 3) } } }
  const disc = makeDisc(tree)
  const packed = makePackage(tree, { scattered: true, copies: 2 })
  const important = [0x340, 0x343, 0x379, 0x37b, 0x37c, 0x395, 0x3ac, 0xa000 + 20, 0xa000 + 23]
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.boolean()), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(damage, fc.option(fc.nat()), fc.boolean(), (places, cut, isDisc) => {
      let image = (isDisc ? disc : packed).slice()
      for (const [where, value, near] of places) {
        const start = isDisc ? 32 * 2048 : (important[where % important.length] ?? 0)
        image[near ? start + (where % 0x1000) : where % image.length] = value
      }
      if (cut !== null) image = image.slice(0, cut % image.length)
      const blob = bytesBlob('image', image)
      try {
        const source = isDisc ? openDisc(blob) : openPackage(blob).source
        const walk = (key: string, depth: number): void => {
          for (const entry of source.list(key)) {
            if (entry.directory) {
              if (depth < 20) walk(entry.key, depth + 1)
            } else source.read(entry.key, 0, new Uint8Array(Math.min(entry.size, 0x4000)))
          }
        }
        walk('', 0)
      } catch (error) {
        expect(error).toBeInstanceOf(Failure)
      }
    }),
    { numRuns: 300 },
  )
})
