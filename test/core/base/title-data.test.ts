/** The data base among a title’s resources: its name, its achievements, and texts in several languages. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { readTitleData, titleDataName } from '../../../core/base/title-data.ts'
import { makeTitleData, titleNameText } from '../../kit/title-data.ts'

const [english, german, french] = [1, 3, 4]
const plan = {
  texts: {
    [english]: { [titleNameText]: 'Test', 1: 'First', 2: 'Done once', 3: 'Do it once' },
    [german]: { [titleNameText]: 'Prüfung', 1: 'Erster', 2: 'Einmal getan', 3: 'Tu es einmal' },
  },
  achievements: [
    { id: 7, label: 1, description: 2, unachieved: 3, image: 9, score: 20, flags: 0xb },
    { id: 8, label: 1, description: 2, unachieved: 99, score: 5 },
  ],
  defaultLanguage: german,
}

test('a title has a name in the languages it speaks, and its own language elsewhere', () => {
  const data = readTitleData(makeTitleData(plan), 'x')
  expect([data.name(english), data.name(german), data.name(french)]).toEqual(['Test', 'Prüfung', 'Prüfung'])
  expect([data.languages, data.defaultLanguage]).toEqual([[english, german], german])
})

test('without a word of its own language a title speaks English where it does not speak the console’s', () => {
  const { defaultLanguage: _, ...silent } = plan
  expect(readTitleData(makeTitleData(silent), 'x').name(french)).toBe('Test')
})

test('achievements come in the order of their table, and a text that is missing is empty', () => {
  const data = readTitleData(makeTitleData(plan), 'x')
  expect(data.achievements).toEqual([
    { id: 7, label: 1, description: 2, unachieved: 3, image: 9, score: 20, flags: 0xb },
    { id: 8, label: 1, description: 2, unachieved: 99, image: 0, score: 5, flags: 0 },
  ])
  expect([3, 99].map(id => data.text(english, id))).toEqual(['Do it once', ''])
})

test('the resource is called by eight digits of the title’s number', () => {
  expect([0x4d5307d1, 0xff].map(titleDataName)).toEqual(['4D5307D1', '000000FF'])
})

const rowAt = 0x18
const dataAt = rowAt + 5 * 18 + 8
const changed = (at: number, value: number): Uint8Array => {
  const bytes = makeTitleData(plan)
  new DataView(bytes.buffer).setUint32(at, value)
  return bytes
}

test.each([
  ['a wrong magic', changed(0, 1), 'x: magic at 0x0: is not XDBF'],
  ['a wrong version', changed(4, 1), 'x: version at 0x4: is not 0x10000'],
  ['more rows than room', changed(0xc, 6), 'x: number of rows at 0xC: 6 rows are more than there is room for (5)'],
  ['tables without an end', changed(8, 0x10000000), 'x: room for rows at 0x8: the tables are longer'],
  ['data behind the end', changed(rowAt + 0xa, 0x7fffffff), 'x: place of row 0 at 0x22: its data lie beyond the end'],
  ['a wrong magic of a block', changed(dataAt, 1), 'x: magic at 0x7A+0x0: is not XACH'],
  ['more achievements than there are', changed(dataAt + 0xc, 0x00030000), '3 of them are more than the table holds'],
  ['an empty resource', new Uint8Array(0), 'x: magic at 0x0: 0x4 bytes are needed, and there are 0x0 in all'],
])('%s is refused by name and place', (_what, bytes, message) => {
  expect(() => readTitleData(bytes, 'x')).toThrow(message)
})

test('as many tables as a resource has room for, all of them the same, are read without delay', () => {
  const rows = 50_000
  const texts = 50_000
  const table = rowAt + rows * 18 + 8
  const bytes = new Uint8Array(table + 0xe + texts * 4)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of [0x58444246, 0x10000, rows, rows, 1, 1].entries()) view.setUint32(i * 4, word)
  for (let i = 0; i < rows; i += 1) {
    view.setUint16(rowAt + i * 18, 3)
    view.setBigUint64(rowAt + i * 18 + 2, BigInt(i))
    view.setUint32(rowAt + i * 18 + 0xe, bytes.length - table)
  }
  for (const [i, word] of [0x58535452, 1, 0].entries()) view.setUint32(table + i * 4, word)
  view.setUint16(table + 0xc, texts)
  const data = readTitleData(bytes, 'x')
  // No console speaks more.
  expect(data.languages).toHaveLength(256)
  expect(data.text(255, 0)).toBe('')
})

/** Reads all there is to read; whether that went well. */
function survives(bytes: Uint8Array): boolean {
  try {
    const data = readTitleData(bytes, 'x')
    for (const { label } of data.achievements) data.text(french, label)
    return true
  } catch (error) {
    if (error instanceof Failure && error.code === 'RESOURCE_FIELD') return false
    throw error
  }
}

test('damage ends in a failure or in what is left', () => {
  const whole = makeTitleData(plan)
  const seen = { whole: 0, failure: 0 }
  const hostile = fc.constantFrom(0, 1, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff)
  fc.assert(
    fc.property(fc.nat(whole.length - 4), hostile, fc.boolean(), (at, value, cuts) => {
      const bytes = whole.slice()
      new DataView(bytes.buffer).setUint32(at, value)
      seen[survives(cuts ? bytes.subarray(0, at) : bytes) ? 'whole' : 'failure'] += 1
    }),
    { numRuns: 1_000 },
  )
  for (let size = 0; size < whole.length; size += 1) expect(survives(whole.subarray(0, size))).toBe(false)
  expect(seen.whole).toBeGreaterThan(20)
  expect(seen.failure).toBeGreaterThan(20)
})

test('anything behind a right beginning is survived', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(3), (rest, rows) => {
      survives(Uint8Array.from([0x58, 0x44, 0x42, 0x46, 0, 1, 0, 0, 0, 0, 0, rows, 0, 0, 0, rows, ...rest]))
    }),
    { numRuns: 500 },
  )
})
