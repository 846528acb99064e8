/** Files in Win32's words: what CreateFile, ReadFile, WriteFile and their kin are documented to answer. */
import { describe, expect, test } from 'vitest'
import {
  begin,
  createAlways,
  createNew,
  current,
  end,
  error,
  filesBench,
  invalid,
  openAlways,
  openExisting,
  overlappedFlag,
  read,
  truncate,
  write,
} from './win32-bench.ts'
import { code, parked } from './workbench.ts'

describe('CreateFile', () => {
  test.each<[what: string, path: string, how: number, access: number, answers: 'a handle' | 'none', error: number]>([
    ['opens what is there', 'game:\\Media\\b.txt', openExisting, read, 'a handle', 0],
    ['does not open what is not', 'game:\\z', openExisting, read, 'none', error.fileNotFound],
    ['tells a folder that is not there apart', 'game:\\z\\z', openExisting, read, 'none', error.pathNotFound],
    ['does not make anew what is there', 'game:\\Media\\b.txt', createNew, write, 'none', error.fileExists],
    ['makes what is not there', 'game:\\new', createNew, write, 'a handle', 0],
    [
      'opens always, and says that it was there',
      'game:\\Media\\b.txt',
      openAlways,
      read,
      'a handle',
      error.alreadyExists,
    ],
    ['opens always, and makes it', 'game:\\new', openAlways, write, 'a handle', 0],
    [
      'empties what was there, and says so',
      'game:\\Media\\b.txt',
      createAlways,
      write,
      'a handle',
      error.alreadyExists,
    ],
    ['empties only what is there', 'game:\\new', truncate, write, 'none', error.fileNotFound],
    ['opens no folder', 'game:\\Media', openExisting, read, 'none', error.accessDenied],
    ['knows five ways', 'game:\\Media\\b.txt', 6, read, 'none', error.invalidParameter],
  ])('%s', (_, path, how, access, answers, last) => {
    const { open, lastError } = filesBench()
    expect([open(path, how, access) === invalid ? 'none' : 'a handle', lastError()]).toEqual([answers, last])
  })
})

describe('a file that waits', () => {
  test('is read on from where the last call stopped, and at its end gives nothing, which is no error', () => {
    const bench = filesBench()
    const file = bench.open('game:\\Media\\b.txt')
    const found = [bench.read(file, 7), bench.read(file, 100), bench.read(file, 10)]
    expect(found.map(each => [each.answer, each.text])).toEqual([
      [1, 'hello, '],
      [1, 'world'],
      [1, ''],
    ])
  })

  test('holds what was written, gives no more room of the pool back than it took', () => {
    const bench = filesBench()
    const { pool } = bench.bench.core.kernel
    const file = bench.open('game:\\new', createAlways, (read | write) >>> 0)
    const before = pool.used
    expect([bench.write(file, 'one '), bench.count(), bench.write(file, 'two'), bench.count()]).toEqual([1, 4, 1, 3])
    expect([bench.seek(file, 0, begin), bench.read(file, 20).text, bench.size(file)]).toEqual([0, 'one two', 7])
    expect(pool.used).toBe(before)
  })

  test('is read where its OVERLAPPED says, and there its end is an error', () => {
    const bench = filesBench()
    const file = bench.open('game:\\Media\\b.txt')
    const at = (offset: number): number => bench.bench.words(0, 0, offset, 0, 0)
    expect(bench.read(file, 5, at(7))).toMatchObject({ answer: 1, text: 'world' })
    expect([bench.read(file, 5, at(12)).answer, bench.lastError()]).toEqual([0, error.handleEof])
  })

  test('may not be written by one who opened it to read', () => {
    const bench = filesBench()
    const file = bench.open('game:\\Media\\b.txt')
    expect([bench.write(file, 'x'), bench.lastError(), bench.count()]).toEqual([0, error.accessDenied, 0])
  })
})

describe('a file for overlapped transfers', () => {
  test('keeps nothing of the kernel’s memory where its OVERLAPPED cannot be read or written', () => {
    const { bench, open } = filesBench()
    const file = open('game:\\Media\\b.txt', openExisting, read, overlappedFlag)
    const used = [0x10, 0x10, code, code].map(overlapped => {
      bench.call(1, 'ReadFile', file, bench.cell(), 4, 0, overlapped)
      return bench.core.kernel.pool.used
    })
    expect(new Set(used).size).toBe(1)
    expect(bench.core.stopped()?.kind).toBe('fault')
  })

  test('answers that a transfer is on its way, and fills OVERLAPPED and sets its event when it is done', () => {
    const bench = filesBench()
    const { memory } = bench.bench
    const file = bench.open('game:\\Media\\b.txt', openExisting, read, overlappedFlag)
    const eventAt = bench.bench.cell()
    bench.bench.call(1, 'NtCreateEvent', eventAt, 0, 0, 0)
    const overlapped = bench.bench.words(0, 0, 7, 0, memory.load32(eventAt))
    const { answer, buffer } = bench.read(file, 5, overlapped)
    expect([answer, bench.lastError(), memory.load32(overlapped)]).toEqual([0, error.pending, 0x103])
    bench.bench.told()
    bench.bench.pass(1_000_000)
    expect([memory.load32(overlapped), memory.load32(overlapped + 4), memory.text(buffer, 5)]).toEqual([0, 5, 'world'])
    expect(bench.bench.told('object.signalled').map(fact => fact.objectKind)).toEqual(['File', 'Event/Manual'])
  })

  test('tells what a transfer came to, at once or when it is over', () => {
    const { bench, open, read: readFile, lastError, countAt, count } = filesBench()
    const file = open('game:\\Media\\b.txt', openExisting, read, overlappedFlag)
    const eventAt = bench.cell()
    bench.call(1, 'NtCreateEvent', eventAt, 0, 0, 0)
    for (const event of [0, bench.memory.load32(eventAt) | 1]) {
      const overlapped = bench.words(0, 0, 7, 0, event)
      const { buffer } = readFile(file, 64, overlapped)
      const ask = (wait: number) => bench.call(1, 'GetOverlappedResult', file, overlapped, countAt, wait)
      expect([ask(0), lastError()]).toEqual([0, error.incomplete])
      expect(ask(1)).toBe(parked)
      bench.pass(1_000_000)
      expect([bench.result(1), count(), bench.memory.text(buffer, 5)]).toEqual([1, 5, 'world'])
      expect([ask(0), ask(1), count()]).toEqual([1, 1, 5])
    }
    const beyond = bench.words(0xc0000011, 0, 0, 0, 0)
    expect([bench.call(1, 'GetOverlappedResult', file, beyond, countAt, 1), lastError()]).toEqual([0, error.handleEof])
    const going = bench.words(0x103, 0, 0, 0, 0)
    // Neither nothing nor what never is signalled is waited for.
    bench.call(1, 'XamUserCreateTitlesPlayedEnumerator', 0, 0, 0n, 0, 1, 0, countAt)
    for (const handle of [0x4444, bench.memory.load32(countAt)])
      expect([bench.call(1, 'GetOverlappedResult', handle, going, countAt, 1), lastError()]).toEqual([
        0,
        error.invalidHandle,
      ])
  })

  test('is not read without one', () => {
    const bench = filesBench()
    const file = bench.open('game:\\Media\\b.txt', openExisting, read, overlappedFlag)
    expect([bench.read(file, 5).answer, bench.lastError()]).toEqual([0, error.invalidParameter])
  })
})

describe('the position', () => {
  test('moves from the beginning, from where it is and from the end, and not before the beginning', () => {
    const { open, seek, lastError } = filesBench()
    const file = open('game:\\Media\\b.txt')
    expect([seek(file, 4, begin), seek(file, -1, current), seek(file, -2, end)]).toEqual([4, 3, 10])
    expect([seek(file, -11, current), lastError()]).toEqual([invalid, error.negativeSeek])
    expect([seek(file, 0, 3), lastError()]).toEqual([invalid, error.invalidParameter])
    expect([seek(file, 0, current), lastError()]).toEqual([10, 0])
  })

  test('has two words where they are asked for, and 64 bits in the other call', () => {
    const { bench, open } = filesBench()
    const file = open('game:\\Media\\b.txt')
    const highAt = bench.words(2)
    expect(bench.call(1, 'SetFilePointer', file, -1, highAt, begin)).toBe(0xffffffff)
    expect(bench.memory.load32(highAt)).toBe(2)
    const at = bench.cell(8)
    expect(bench.call(1, 'SetFilePointerEx', file, -0x1_0000_0000n, at, current)).toBe(1)
    expect(bench.memory.load64(at)).toBe(0x1_ffff_ffffn)
  })
})

test('the size of a file comes in both forms; a handle of no file is refused', () => {
  const { bench, open, size, lastError } = filesBench()
  const file = open('game:\\Media\\b.txt')
  const at = bench.cell(8)
  expect([size(file), bench.call(1, 'GetFileSizeEx', file, at), bench.memory.load64(at)]).toEqual([12, 1, 12n])
  expect([size(0x4444), lastError()]).toEqual([invalid, error.invalidHandle])
})

test('a folder is made once, where its own is there', () => {
  const { bench, put, lastError } = filesBench()
  const make = (path: string) => bench.call(1, 'CreateDirectoryA', put(path), 0)
  expect(make('game:\\Saves')).toBe(1)
  expect([make('game:\\Saves'), lastError()]).toEqual([0, error.alreadyExists])
  expect([make('game:\\z\\z'), lastError()]).toEqual([0, error.pathNotFound])
})

test('attributes are told of what is there', () => {
  const { bench, put, lastError } = filesBench()
  const attributes = (path: string) => bench.call(1, 'GetFileAttributesA', put(path))
  expect([attributes('game:\\Media'), attributes('d:\\media\\B.TXT')]).toEqual([0x10, 0x20])
  expect([attributes('game:\\z'), lastError()]).toEqual([invalid, error.fileNotFound])
})

test('a file is deleted, unless somebody has it and does not share that, and a folder is not', () => {
  const { bench, put, open, lastError } = filesBench()
  const remove = (path: string) => bench.call(1, 'DeleteFileA', put(path))
  const held = Number(bench.call(1, 'CreateFileA', put('game:\\Media\\b.txt'), read, 1, 0, openExisting, 0, 0))
  expect([remove('game:\\Media\\b.txt'), lastError()]).toEqual([0, error.sharing])
  bench.call(1, 'NtClose', held)
  expect(remove('game:\\Media\\b.txt')).toBe(1)
  expect([open('game:\\Media\\b.txt'), lastError()]).toEqual([invalid, error.fileNotFound])
  expect([remove('game:\\Media\\b.txt'), lastError()]).toEqual([0, error.fileNotFound])
  expect([remove('game:\\Media'), lastError()]).toEqual([0, error.accessDenied])
})
