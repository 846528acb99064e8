/** Where the console stands and what it speaks, in numbers and in codes. */
import { expect, test } from 'vitest'
import { createWorkbench, type Workbench } from './workbench.ts'

const country = 0xe
const signed = (answer: unknown): number => Number(answer) >>> 0

/** The text that a call wrote, or its code where it wrote none. */
function codeOf(bench: Workbench, name: string, ...numbers: number[]): string | number {
  const at = bench.cell(32)
  const answer = signed(bench.call(1, name, ...numbers, 16, at))
  if (answer !== 0) return answer
  let text = ''
  for (let i = 0; bench.memory.load16(at + i * 2) !== 0; i += 1)
    text += String.fromCharCode(bench.memory.load16(at + i * 2))
  return text
}

test('the console speaks English in the United States, until its settings are changed', () => {
  const bench = createWorkbench()
  const asked = (): unknown[] => ['XGetLanguage', 'XamGetLanguage', 'XamGetLocale'].map(name => bench.call(1, name))
  expect(asked()).toEqual([1, 1, 36])
  bench.call(1, 'ExSetXConfigSetting', 3, 9, bench.words(3), 4)
  const german = bench.cell()
  bench.memory.store8(german, 24)
  bench.call(1, 'ExSetXConfigSetting', 3, country, german, 1)
  expect(asked()).toEqual([3, 3, 13])
  expect(bench.call(1, 'XamGetLocaleEx', 23, 43)).toBe(36)
  expect(bench.call(1, 'XamGetLocaleEx', 111, 12)).toBe(36)
})

test.each<[name: string, numbers: number[], code: string | number]>([
  ['XamGetCountryString', [103], 'US'],
  ['XamGetCountryString', [111], 'ZZ'],
  ['XamGetCountryString', [112], 0x80070490],
  ['XamGetCountryString', [17], 0x80070490],
  ['XamGetOnlineCountryString', [111], 'AF'],
  ['XamGetOnlineCountryString', [112], 0x80070490],
  ['XamGetOnlineCountryString', [236], 'ZZ'],
  ['XamGetOnlineCountryString', [237], 0x80070490],
  ['XamGetLanguageString', [17], 'zh'],
  ['XamGetLanguageString', [10], 0x80070490],
  ['XamGetOnlineLanguageString', [60], 'tk'],
  ['XamGetLocaleString', [43], 'AE'],
  ['XamGetLanguageLocaleString', [4, 5], 'fr-CA'],
  ['XamGetLanguageLocaleString', [4, 44], 0x80070490],
  ['XamGetOnlineLanguageAndCountryString', [13, 25], 'da-DK'],
])('%s of %j is %j', (name, numbers, code) => {
  expect(codeOf(createWorkbench(), name, ...numbers)).toBe(code)
})

test('a code that does not fit with its NUL is not written', () => {
  const bench = createWorkbench()
  const at = bench.words(0x5a5a5a5a)
  expect(signed(bench.call(1, 'XamGetCountryString', 103, 2, at))).toBe(0x8007007a)
  expect(signed(bench.call(1, 'XamGetCountryString', 103, 0x80000000, at))).toBe(0x80070057)
  expect(bench.memory.load32(at)).toBe(0x5a5a5a5a)
  expect(bench.call(1, 'XamGetCountryString', 103, 3, at)).toBe(0)
})

test.each([
  ['XamGetOnlineCountryFromLocale', [0, 36, 38, 43, 44], [2, 103, 236, 1, 0]],
  ['XamGetLocaleFromOnlineCountry', [0, 103, 236, 2, 112], [0, 36, 38, 0, 0]],
  ['XamGetCountryFromOnlineCountry', [0, 17, 110, 111, 236], [0, 0, 110, 0, 111]],
  ['XamGetLanguageFromOnlineLanguage', [0, 10, 13, 15, 17, 36, 60, 61], [0, 17, 1, 15, 13, 14, 1, 0]],
])('%s leads from %j to %j', (name, from, to) => {
  const bench = createWorkbench()
  expect(from.map(number => bench.call(1, name, number))).toEqual(to)
})
