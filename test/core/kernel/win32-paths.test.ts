/** Files in Win32’s words, by their names: listings, attributes, room, copies, and where a file ends. */
import { describe, expect, test } from 'vitest'
import { memorySource } from '../../../core/vfs/source.ts'
import {
  begin,
  createAlways,
  error,
  filesBench,
  invalid,
  openAlways,
  openExisting,
  read,
  text,
  write,
} from './win32-bench.ts'
import { parked } from './workbench.ts'

const bytes = (size: number): Uint8Array => new Uint8Array(size).fill(7)
const time = 127_794_240_000_000_000n
const disc = memorySource({
  'Media/a.bin': bytes(3),
  'Media/b.txt': new TextEncoder().encode(text),
  'Media/c.txt': bytes(5),
  'Media/Sub/d.txt': bytes(1),
  'top.txt': bytes(2),
})

/** A bench with listings: each as the name, or the error behind an empty one. */
function listingBench() {
  const files = filesBench(disc)
  const { bench, put, lastError } = files
  const at = bench.cell(0x140)
  const shown = () => bench.memory.text(at + 0x2c)
  return {
    ...files,
    at,
    first(path: string): number {
      return Number(bench.call(1, 'FindFirstFileA', put(path), at))
    },
    next: (listing: number) => (bench.call(1, 'FindNextFileA', listing, at) === 1 ? shown() : lastError()),
    shown,
    /** All that a pattern finds. */
    all(path: string): (string | number)[] {
      const listing = Number(bench.call(1, 'FindFirstFileA', put(path), at))
      if (listing === invalid) return [lastError()]
      const found = [shown()]
      while (bench.call(1, 'FindNextFileA', listing, at) === 1) found.push(shown())
      expect(lastError()).toBe(error.noMoreFiles)
      bench.call(1, 'CloseHandle', listing)
      return found
    },
  }
}

describe('a listing', () => {
  test.each<[path: string, found: (string | number)[]]>([
    ['game:\\Media\\*', ['a.bin', 'b.txt', 'c.txt', 'Sub']],
    ['game:\\Media\\*.txt', ['b.txt', 'c.txt']],
    ['game:\\media\\?.TXT', ['b.txt', 'c.txt']],
    ['game:/Media/Sub/*', ['d.txt']],
    ['game:\\Media', ['Media']],
    ['game:*.txt', ['top.txt']],
    ['game:\\Media\\a.bin', ['a.bin']],
    ['game:\\Media\\*.z', [error.fileNotFound]],
    ['game:\\Media\\', [error.fileNotFound]],
    ['game:\\z\\*', [error.pathNotFound]],
    ['game:\\z\\z\\*', [error.pathNotFound]],
    ['z:\\*', [error.pathNotFound]],
    ['game:\\top.txt\\*', [error.directory]],
    ['', [error.fileNotFound]],
  ])('of “%s” has %j', (path, found) => {
    expect(listingBench().all(path)).toEqual(found)
  })

  test('tells attributes, times and size, and leaves the short name empty', () => {
    const { bench, at, first, next } = listingBench()
    bench.memory.fill(at, 0x140, 0xcc)
    const listing = first('game:\\Media\\*')
    const words = (...offsets: number[]) => offsets.map(offset => bench.memory.load32(at + offset))
    expect([4, 0xc, 0x14].map(offset => bench.memory.load64(at + offset))).toEqual([time, time, time])
    expect(words(0, 0x1c, 0x20, 0x24, 0x28)).toEqual([0x20, 0, 3, 0, 0])
    expect(bench.memory.load8(at + 0x130)).toBe(0)
    for (let i = 0; i < 3; i += 1) next(listing)
    expect(words(0, 0x20)).toEqual([0x10, 0])
  })

  test('goes on only by a handle that began one, and leaves none open where it found nothing', () => {
    const { bench, open, next, first } = listingBench()
    const file = open('game:\\top.txt')
    expect([next(file), next(0x4444)]).toEqual([error.invalidHandle, error.invalidHandle])
    const before = bench.core.kernel.objects.live.size
    first('game:\\Media\\*.z')
    expect(bench.core.kernel.objects.live.size).toBe(before)
  })
})

test('attributes at length are told of what is there, on the one level there is', () => {
  const { bench, put, lastError } = filesBench(disc)
  const at = bench.cell(0x24)
  const ask = (path: string, level: number) => bench.call(1, 'GetFileAttributesExA', put(path), level, at)
  expect(ask('game:\\Media\\b.txt', 0)).toBe(1)
  expect([bench.memory.load32(at), bench.memory.load64(at + 0x14)]).toEqual([0x20, time])
  expect([bench.memory.load32(at + 0x1c), bench.memory.load32(at + 0x20)]).toEqual([0, 12])
  expect([ask('game:\\Media\\b.txt', 1), lastError()]).toEqual([0, error.invalidParameter])
  expect([ask('game:\\z', 0), lastError()]).toEqual([0, error.fileNotFound])
})

test('the room of a volume is told by any folder on it, as far as it is asked for', () => {
  const { bench, files, put, open, write: put2, lastError } = filesBench(disc)
  const [caller, total, free] = [bench.cell(8), bench.cell(8), bench.cell(8)]
  const ask = (path: string, ...outs: number[]) => bench.call(1, 'GetDiskFreeSpaceExA', put(path), ...outs)
  const words = () => [caller, total, free].map(at => bench.memory.load64(at))
  expect(ask('game:\\Media', caller, total, free)).toBe(1)
  const [before = 0n, whole = 0n] = words()
  const found = files.locate('game:\\')
  if (found.kind !== 'node') throw new Error('there is no disc')
  const { info } = found.volume
  expect(whole).toBe(BigInt(info.totalUnits * info.bytesPerSector * info.sectorsPerUnit))
  put2(open('game:\\new', createAlways, write), 'x')
  expect(ask('game:\\', 0, 0, free)).toBe(1)
  expect(words()[2]).toBeLessThan(before)
  expect([ask('game:\\top.txt', caller, total, free), lastError()]).toEqual([0, error.directory])
  expect([ask('game:\\z', caller, total, free), lastError()]).toEqual([0, error.fileNotFound])
})

describe('where a file ends', () => {
  test('is where its position is, before its end or behind it', () => {
    const { bench, open, seek, size } = filesBench(disc)
    const file = open('game:\\Media\\b.txt', openExisting, read | write)
    seek(file, 5, begin)
    expect([bench.call(1, 'SetEndOfFile', file), size(file)]).toEqual([1, 5])
    seek(file, 100, begin)
    expect([bench.call(1, 'SetEndOfFile', file), size(file)]).toEqual([1, 100])
  })

  test('is not set by one who may not write, nor flushed', () => {
    const { bench, open, lastError, size } = filesBench(disc)
    const file = open('game:\\Media\\b.txt')
    expect([bench.call(1, 'SetEndOfFile', file), lastError()]).toEqual([0, error.accessDenied])
    expect([bench.call(1, 'FlushFileBuffers', file), lastError()]).toEqual([0, error.accessDenied])
    expect([bench.call(1, 'FlushFileBuffers', 0x4444), lastError()]).toEqual([0, error.invalidHandle])
    expect(size(file)).toBe(12)
    expect(bench.call(1, 'FlushFileBuffers', open('game:\\new', openAlways, write))).toBe(1)
  })
})

describe('a copy', () => {
  const copyBench = (source = disc) => {
    const files = filesBench(source)
    const { put, waited, open, read: readFile } = files
    return {
      ...files,
      copy: (from: string, to: string, isNew = 0) => waited('CopyFileA', put(from), put(to), isNew),
      contents: (path: string) => readFile(open(path), 64).text,
    }
  }

  test('has the bytes, the attributes and the time of what it is made of', () => {
    const { bench, put, copy, contents } = copyBench()
    expect(copy('game:\\Media\\b.txt', 'game:\\copy.txt')).toBe(1)
    expect(contents('game:\\copy.txt')).toBe(text)
    const at = bench.cell(0x24)
    bench.call(1, 'GetFileAttributesExA', put('game:\\copy.txt'), 0, at)
    expect([bench.memory.load32(at), bench.memory.load64(at + 0x14)]).toEqual([0x20, time])
  })

  test('takes the time of reading and writing so many bytes', () => {
    const { bench, put, open, lastError } = copyBench()
    // 100 µs and 3 bytes at a megabyte a second, twice.
    const ticks = 2 * 103 * 50
    expect(bench.call(1, 'CopyFileA', put('game:\\Media\\a.bin'), put('game:\\copy'), 0)).toBe(parked)
    bench.pass(ticks - 10)
    expect(bench.runs(1)).toBe(false)
    bench.pass(20)
    expect(bench.result(1)).toBe(1)
    expect([open('game:\\copy'), lastError()]).not.toContain(invalid)
  })

  test('is made over another file, unless it is to be new', () => {
    const { copy, contents, lastError } = copyBench()
    expect([copy('game:\\Media\\b.txt', 'game:\\top.txt', 1), lastError()]).toEqual([0, error.fileExists])
    expect(copy('game:\\Media\\b.txt', 'game:\\top.txt')).toBe(1)
    expect(contents('game:\\top.txt')).toBe(text)
  })

  test.each<[what: string, from: string, to: string, code: number]>([
    ['of nothing', 'game:\\z', 'game:\\copy', error.fileNotFound],
    ['of a folder', 'game:\\Media', 'game:\\copy', error.accessDenied],
    ['over a folder', 'game:\\top.txt', 'game:\\Media', error.accessDenied],
    ['into a folder that is not there', 'game:\\top.txt', 'game:\\z\\copy', error.pathNotFound],
    ['over itself', 'game:\\top.txt', 'game:\\top.txt', error.sharing],
  ])('%s is not made', (_, from, to, code) => {
    const { bench, copy, lastError } = copyBench()
    const before = bench.core.kernel.objects.live.size
    expect([copy(from, to), lastError()]).toEqual([0, code])
    expect(bench.core.kernel.objects.live.size).toBe(before)
  })

  test('of a damaged file fails, and leaves nothing', () => {
    const { bench, copy, open, lastError } = copyBench({ ...disc, read: () => 1 })
    expect([copy('game:\\Media\\b.txt', 'game:\\copy'), lastError()]).toEqual([0, error.crc])
    expect(bench.core.absences.all.map(({ path }) => path)).toContainEqual(expect.stringContaining('b.txt'))
    expect([open('game:\\copy'), lastError()]).toEqual([invalid, error.fileNotFound])
  })
})
