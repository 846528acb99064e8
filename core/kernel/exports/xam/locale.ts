/** Where the console stands and what it speaks: numbers, and codes for them. */
import { type Entry, hresult as hresultResult, ptr, u8, u32, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import {
  countryCode,
  countryOfOnlineCountry,
  languageCode,
  languageOfOnlineLanguage,
  localeCode,
  localeOfCountry,
  localeOfOnlineCountry,
  localeOfRegion,
  onlineCountryCode,
  onlineCountryOfLocale,
  onlineLanguageCode,
} from '../../locales.ts'
import { gameRegion, settingBytes } from '../../settings.ts'
import { hresult } from '../../status.ts'
import { wideBytes } from '../../text.ts'
import { consoleLanguage } from '../../title-data.ts'

const category = 3
const countrySetting = 0xe
/** The last of the countries and of the locales that this console knows. */
const known = { country: 111, locale: 43 } as const

/** The last byte of a setting: none of these numbers is larger. */
const numberOf = (k: Kernel, setting: number): number => settingBytes(k, category, setting)?.at(-1) ?? 0

function locale(k: Kernel, lastCountry: number, lastLocale: number): number {
  const country = numberOf(k, countrySetting)
  const found = localeOfCountry(country)
  return country <= lastCountry && found <= lastLocale ? found : localeOfRegion(gameRegion)
}

/** Writes a text with its NUL, where a code is known for each part of it. */
function writeCodes(k: Kernel, codes: readonly (string | undefined)[], units: number, at: number): number {
  if (units > 0x7fffffff) return hresult.INVALID_ARGUMENT
  if (codes.includes(undefined)) return hresult.NOT_FOUND
  const text = `${codes.join('-')}\0`
  if (text.length > units) return hresult.INSUFFICIENT_BUFFER
  k.memory.write(at, wideBytes(text))
  return 0
}

type Coder = (number: number) => string | undefined

/** A call that writes the code of a number. */
const codeRow = (ordinal: number, name: string, code: Coder): Entry =>
  xam(ordinal, name, [u8('number'), u32('units'), ptr('buffer')], hresultResult, ['misc'], (k, number, units, at) =>
    writeCodes(k, [code(number)], units, at),
  )

/** A call that writes the codes of two numbers. */
const pairRow = (ordinal: number, name: string, first: Coder, second: Coder): Entry =>
  xam(
    ordinal,
    name,
    [u8('language'), u8('place'), u32('units'), ptr('buffer')],
    hresultResult,
    ['misc'],
    (k, language, place, units, at) => writeCodes(k, [first(language), second(place)], units, at),
  )

/** A call that leads from a number of one list to that of another. */
const numberRow = (ordinal: number, name: string, lead: (number: number) => number): Entry =>
  xam(ordinal, name, [u8('number')], u32, ['misc', 'poll'], (_k, number) => lead(number))

export const locales: readonly Entry[] = [
  xam(973, 'XGetLanguage', [], u32, ['misc', 'poll'], consoleLanguage),
  xam(978, 'XamGetLanguage', [], u32, ['misc', 'poll'], consoleLanguage),
  xam(1193, 'XamGetLocale', [], u32, ['misc', 'poll'], k => locale(k, known.country, known.locale)),
  xam(1495, 'XamGetLocaleEx', [u8('lastCountry'), u8('lastLocale')], u32, ['misc', 'poll'], locale),
  numberRow(1289, 'XamGetOnlineCountryFromLocale', onlineCountryOfLocale),
  numberRow(1423, 'XamGetLocaleFromOnlineCountry', localeOfOnlineCountry),
  numberRow(1448, 'XamGetLanguageFromOnlineLanguage', languageOfOnlineLanguage),
  numberRow(1450, 'XamGetCountryFromOnlineCountry', countryOfOnlineCountry),
  codeRow(1413, 'XamGetOnlineCountryString', onlineCountryCode),
  codeRow(1414, 'XamGetCountryString', countryCode),
  codeRow(1415, 'XamGetLanguageString', languageCode),
  codeRow(1422, 'XamGetLocaleString', localeCode),
  codeRow(1449, 'XamGetOnlineLanguageString', onlineLanguageCode),
  pairRow(1416, 'XamGetLanguageLocaleString', languageCode, localeCode),
  pairRow(1417, 'XamGetOnlineLanguageAndCountryString', onlineLanguageCode, onlineCountryCode),
]
