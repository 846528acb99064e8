/** Achievements: the title’s own list, what was achieved in this run, and what the profile makes of it. */
import { expect, test } from 'vitest'
import { allEntries } from '../../../core/kernel/exports/index.ts'
import { win32 } from '../../../core/kernel/status.ts'
import { offlineId } from '../../../core/kernel/user.ts'
import { makeTitleData, titleNameText } from '../../kit/title-data.ts'
import { code, createWorkbench, data, type Workbench } from './workbench.ts'

const [english, german] = [1, 3]
const title = 0x58450001
const headerAt = data + 0xe000
const resourceAt = code + 0xa000
const achievedFlag = 0x20000
const all = 0xffffffff

const long = 'x'.repeat(150)
const plan = {
  texts: {
    [english]: { [titleNameText]: 'Test', 1: 'First', 2: 'Done once', 3: 'Do it once', 4: 'Second', 5: long },
    [german]: { [titleNameText]: 'Test', 1: 'Erster' },
  },
  achievements: [
    { id: 7, label: 1, description: 2, unachieved: 3, image: 9, score: 20, flags: 0xb },
    { id: 8, label: 4, description: 5, unachieved: 3, image: 10, score: 5, flags: 1 },
    { id: 9, label: 4, description: 2, unachieved: 3, image: 11, score: 15, flags: 1 },
  ],
}

/** A bench whose title has these bytes as its resource. */
function titleBench(resource: Uint8Array = makeTitleData(plan), size = resource.length, at = resourceAt): Workbench {
  const bench = createWorkbench({}, {}, allEntries, headerAt)
  const { memory } = bench
  memory.poke(resourceAt, resource)
  memory.store32(headerAt + 0x14, 2)
  ;[0x2ff, 0x100, 0x40006, 0x200].forEach((word, i) => {
    memory.store32(headerAt + 0x18 + i * 4, word)
  })
  memory.store32(headerAt + 0x100, 0x14)
  memory.write(headerAt + 0x104, new TextEncoder().encode('58450001'))
  memory.store32(headerAt + 0x10c, at)
  memory.store32(headerAt + 0x110, size)
  memory.store32(headerAt + 0x20c, title)
  return bench
}

interface Asked {
  readonly title?: number
  readonly user?: number
  readonly xuid?: bigint
  readonly flags?: number
  readonly first?: number
  readonly count?: number
}

function create(bench: Workbench, asked: Asked = {}): { answer: number; size: number; handle: number } {
  const [sizeAt, handleAt] = [bench.cell(), bench.cell()]
  const { title: of = 0, user = 0, xuid = 0n, flags = all, first = 0, count = 3 } = asked
  const name = 'XamUserCreateAchievementEnumerator'
  const answer = Number(bench.call(1, name, of, user, xuid, flags, first, count, sizeAt, handleAt))
  return { answer, size: bench.memory.load32(sizeAt), handle: bench.memory.load32(handleAt) }
}

function wide({ memory }: Workbench, at: number): string {
  let text = ''
  if (at === 0) return text
  for (let i = 0; memory.load16(at + i * 2) !== 0; i += 1) text += String.fromCharCode(memory.load16(at + i * 2))
  return text
}

/** The next portion of a list; the code where there is none. */
function take(bench: Workbench, handle: number, room: number) {
  const [buffer, countAt] = [bench.cell(room), bench.cell()]
  const answer = Number(bench.call(1, 'XamEnumerate', handle, 0, buffer, room, countAt, 0))
  const { memory } = bench
  const rows = Array.from({ length: memory.load32(countAt) }, (_, i) => {
    const at = buffer + i * 0x24
    const word = (offset: number): number => memory.load32(at + offset)
    return {
      id: word(0),
      texts: [4, 8, 0xc].map(offset => wide(bench, word(offset))),
      image: word(0x10),
      score: word(0x14),
      time: memory.load64(at + 0x18),
      flags: word(0x20),
    }
  })
  return { answer, rows }
}

const listOf = (bench: Workbench, asked: Asked = {}) => {
  const { handle, size } = create(bench, asked)
  return take(bench, handle, size).rows
}

/** XUserWriteAchievements, as the library of titles sends it. */
const write = (bench: Workbench, ids: readonly number[], user = 0): number => {
  const pairs = bench.words(...ids.flatMap(id => [user, id]), 0)
  return Number(bench.call(1, 'XMsgInProcessCall', 0xfb, 0xb0008, bench.words(ids.length, pairs), 8)) >>> 0
}

test('a title lists its achievements with their texts, in the order of its resource', () => {
  const bench = titleBench()
  const { answer, size, handle } = create(bench)
  expect([answer, size]).toEqual([0, 3 * (0x24 + 464)])
  expect(take(bench, handle, size)).toEqual({
    answer: 0,
    rows: [
      { id: 7, texts: ['First', 'Done once', 'Do it once'], image: 9, score: 20, time: 0n, flags: 0xb },
      { id: 8, texts: ['Second', long.slice(0, 99), 'Do it once'], image: 10, score: 5, time: 0n, flags: 1 },
      { id: 9, texts: ['Second', 'Done once', 'Do it once'], image: 11, score: 15, time: 0n, flags: 1 },
    ],
  })
  expect(take(bench, handle, size)).toEqual({ answer: win32.NO_MORE_FILES, rows: [] })
})

test('texts that were not asked for have no address, and take no room', () => {
  const bench = titleBench()
  expect(create(bench, { flags: 0, count: 2 }).size).toBe(2 * 0x24)
  expect(listOf(bench, { flags: 0 }).map(row => row.texts)).toEqual([
    ['', '', ''],
    ['', '', ''],
    ['', '', ''],
  ])
  expect(listOf(bench, { flags: 1 }).map(row => row.texts.join())).toEqual(['First,,', 'Second,,', 'Second,,'])
  expect(listOf(bench, { flags: 6 })[0]?.texts).toEqual(['', 'Done once', 'Do it once'])
})

test('a list begins where it is asked to and comes in portions', () => {
  const bench = titleBench()
  expect(listOf(bench, { first: 2 }).map(row => row.id)).toEqual([9])
  expect(listOf(bench, { first: 3 })).toEqual([])
  const { handle, size } = create(bench, { count: 2 })
  expect([1, 2, 3].map(() => take(bench, handle, size).rows.map(row => row.id))).toEqual([[7, 8], [9], []])
  const again = create(bench)
  expect(take(bench, again.handle, 0x24 + 464).rows.map(row => row.id)).toEqual([7])
  expect(take(bench, again.handle, 0x24)).toEqual({ answer: win32.INSUFFICIENT_BUFFER, rows: [] })
})

test('texts are in the language of the console, where the title speaks it', () => {
  const bench = titleBench()
  expect(bench.call(1, 'ExSetXConfigSetting', 3, 9, bench.words(german), 4)).toBe(0)
  expect(listOf(bench)[0]?.texts).toEqual(['Erster', '', ''])
  expect(bench.call(1, 'ExSetXConfigSetting', 3, 9, bench.words(4), 4)).toBe(0)
  expect(listOf(bench)[0]?.texts).toEqual(['First', 'Done once', 'Do it once'])
})

test('wrong asking is refused', () => {
  const bench = titleBench()
  const [sizeAt, handleAt] = [bench.cell(), bench.cell()]
  const ask = (user: number, count: number, size: number, handle: number) =>
    bench.call(1, 'XamUserCreateAchievementEnumerator', 0, user, 0n, 0, 0, count, size, handle)
  expect(ask(0, 0, sizeAt, handleAt)).toBe(win32.INVALID_PARAMETER)
  expect(ask(0, 1, 0, handleAt)).toBe(win32.INVALID_PARAMETER)
  expect(ask(0, 1, sizeAt, 0)).toBe(win32.INVALID_PARAMETER)
  expect(ask(4, 1, sizeAt, handleAt)).toBe(win32.INVALID_PARAMETER)
  expect(ask(1, 1, sizeAt, handleAt)).toBe(win32.NO_SUCH_USER)
})

test('nothing is known of another title, nor of somebody who is not here', () => {
  const bench = titleBench()
  expect(listOf(bench, { title, xuid: offlineId })).toHaveLength(3)
  expect(listOf(bench, { title: 0x58450002 })).toEqual([])
  expect(listOf(bench, { xuid: 0x0009_0000_0000_0001n })).toEqual([])
})

test('what a title achieves is listed as achieved then, and said with its name and score', () => {
  const bench = titleBench()
  bench.pass(50_000_000)
  const now = bench.core.kernel.time.systemTime()
  expect(write(bench, [8])).toBe(0)
  bench.pass(50_000_000)
  expect(listOf(bench).map(({ time, flags }) => [time, flags])).toEqual([
    [0n, 0xb],
    [now, 1 | achievedFlag],
    [0n, 1],
  ])
  expect(bench.printed).toEqual(['[achievements] 8 unlocked: “Second”, 5 points'])
})

test('what was achieved before is not achieved again, and the call says so', () => {
  const bench = titleBench()
  expect([write(bench, [7, 7]), write(bench, [7]), write(bench, [7, 9]), write(bench, [9])]).toEqual([0, 1, 0, 1])
  expect(bench.printed).toHaveLength(2)
  const overlapped = bench.cell(0x1c)
  const block = bench.words(1, bench.words(0, 7))
  expect(bench.call(1, 'XMsgStartIORequest', 0xfb, 0xb0008, overlapped, block, 8)).toBe(win32.IO_PENDING)
  bench.pass(1_000_000)
  expect([bench.memory.load32(overlapped), bench.memory.load32(overlapped + 0x18)]).toEqual([0, 0])
})

test('what is in no list is not achieved, and said', () => {
  const bench = titleBench()
  expect([write(bench, [77]), write(bench, [77]), write(bench, [])]).toEqual([0, 0, 0])
  expect(new Set(bench.printed)).toEqual(new Set(['[achievements] 77 unlocked, not in any list of the title']))
  expect(write(bench, [7], 1)).toBe(0x80070525)
  expect(listOf(bench).every(row => row.time === 0n)).toBe(true)
  expect(Number(bench.call(1, 'XMsgInProcessCall', 0xfb, 0xb0008, bench.words(0x10001, 0), 8)) >>> 0).toBe(0x80070057)
})

test('the profile counts achievements and their score, whatever a title writes there', () => {
  const bench = titleBench()
  const ids = [0x10040006, 0x10040013, 0x10040038, 0x10040039]
  const buffer = bench.cell(8 + 4 * 0x28)
  const read = (of: number): number[][] => {
    const sizeAt = bench.words(8 + 4 * 0x28)
    const list = bench.words(...ids)
    expect(bench.call(1, 'XamUserReadProfileSettings', of, 0, 0, 0, 4, list, sizeAt, buffer, 0)).toBe(0)
    return ids.map((_, i) => [0, 0x20].map(at => bench.memory.load32(buffer + 8 + i * 0x28 + at)))
  }
  const nothing = [0, 0]
  expect(read(0)).toEqual([
    [1, 0],
    [1, 0],
    [2, 0],
    [2, 0],
  ])
  write(bench, [7, 9])
  expect(read(title)).toEqual([
    [1, 35],
    [1, 2],
    [2, 35],
    [2, 2],
  ])
  expect(read(1)).toEqual([[1, 35], [1, 2], nothing, nothing])
  const setting = bench.cell(0x28)
  bench.memory.store32(setting + 0x10, 0x10040006)
  bench.memory.store8(setting + 0x18, 1)
  bench.memory.store32(setting + 0x20, 1_000_000)
  expect(bench.call(1, 'XamUserWriteProfileSettings', 0, 0, 1, setting, 0)).toBe(0)
  expect(read(0)[0]).toEqual([1, 35])
})

test.each([
  ['that is damaged', makeTitleData(plan).subarray(0, 0x30), undefined, undefined],
  ['that reaches beyond the image', makeTitleData(plan), 0x10000, undefined],
  ['that lies outside the image', makeTitleData(plan), undefined, data],
])('a resource %s makes an empty list, and is said once', (_what, bytes, size, at) => {
  const bench = titleBench(bytes, size, at)
  expect([listOf(bench), listOf(bench)]).toEqual([[], []])
  expect(bench.printed).toHaveLength(1)
  expect(bench.printed[0]).toMatch(/^\[title\] resource 58450001: /)
})

test('a title without a resource has no achievements', () => {
  const bench = createWorkbench()
  expect(listOf(bench)).toEqual([])
  expect(write(bench, [1])).toBe(0)
  expect(bench.printed).toEqual(['[achievements] 1 unlocked, not in any list of the title'])
})
