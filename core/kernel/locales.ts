/**
 * Countries, locales and languages as the console numbers them: their codes, by number; `-` is a number that means nothing.
 * What leads from one list to another is by the code, so that a list says each thing once.
 */

const list = (codes: string): readonly string[] => codes.trim().split(/\s+/)

/** Countries of the network; the first ones are those of the console. */
const onlineCountries = list(`
  ZZ AE AL AM AR AT AU AZ BE BG BH BN BO BR BY BZ CA - CH CL CN CO CR CZ DE DK DO DZ EC EE EG ES FI FO FR GB GE GR GT HK
  HN HR HU ID IE IL IN IQ IR IS IT JM JO JP KE KG KR KW KZ LB LI LT LU LV LY MA MC MK MN MO MV MX MY NI NL NO NZ OM PA PE
  PH PK PL PR PT PY QA RO RU SA SE SG SI SK - SV SY TH TN TR TT TW UA US UY UZ VE VN YE ZA ZW AF - AD AO AI - AG AW BS BD
  BB BJ BM BT BA BW BF BI KH CM CV KY CF TD CX CC KM CG CD CK CI CY DJ DM - GQ ER ET FK FJ GF PF GA GM GH GI GL GD GP - GG
  GN GW GY HT JE KI LA LS LR MG MW ML MT MH MQ MR MU YT FM MD ME MS MZ MM NA NR NP AN NC NE NG NU NF - PW PS PG PN RE RW
  WS SM ST SN RS SC SL SB SO LK SH KN LC PM VC SR SZ TJ TZ TL TG TK TO TM TC TV UG VU VA - VG WF EH ZM ZZ`)
const countries = [...onlineCountries.slice(0, 111), 'ZZ']
const locales = list(`
  ZZ AU AT BE BR CA CL CN CO CZ DK FI FR DE GR HK HU IN IE IT JP KR MX NL NZ NO PL PT SG SK ZA ES SE CH TW GB US RU ZZ TR
  AR SA IL AE`)
const languages = list('zz en ja de fr es it ko zh pt - pl ru sv tr nb nl zh')
const onlineLanguages = list(`
  zz en ja de fr es it ko zh pt zh pl ru da fi nb nl sv cs el hu sk id ms ar bg et hr he is kk lt lv ro sl th tr uk vi ps
  sq hy bn be km am fo ka kl sw ky lb mk mt mn ne ur rw wo si tk`)

const english = 1
/** Chinese in simplified letters: the code alone does not tell it from the other. */
const simplified = { online: 10, console: 17 } as const

const codeIn =
  (codes: readonly string[]) =>
  (number: number): string | undefined =>
    codes[number] === '-' ? undefined : codes[number]

export const countryCode = codeIn(countries)
export const onlineCountryCode = codeIn(onlineCountries)
export const localeCode = codeIn(locales)
export const languageCode = codeIn(languages)
export const onlineLanguageCode = codeIn(onlineLanguages)

/** The last number that a code of one list has in another; 0 for one it does not have. Nowhere is the last and the first. */
function across(from: readonly string[], to: readonly string[], number: number): number {
  const code = codeIn(from)(number)
  return number === 0 || code === undefined ? 0 : Math.max(0, to.lastIndexOf(code))
}

export const localeOfCountry = (country: number): number => across(countries, locales, country)
export const localeOfOnlineCountry = (country: number): number => across(onlineCountries, locales, country)
export const countryOfOnlineCountry = (country: number): number => across(onlineCountries, countries, country)

/** A locale that is none is told of as the second country of the list. */
const noLocale = 2
export const onlineCountryOfLocale = (locale: number): number =>
  locale === 0 ? noLocale : across(locales, onlineCountries, locale)

/** Languages of the network that the console does not speak are English there. */
export function languageOfOnlineLanguage(language: number): number {
  if (language === simplified.online) return simplified.console
  const code = onlineLanguageCode(language)
  if (code === undefined) return 0
  const known = languages.indexOf(code)
  return known < 0 ? english : known
}

/** Where a console of a region stands when its country says nothing: by the number of the region. */
export function localeOfRegion(region: number): number {
  const place = (code: string): number => locales.indexOf(code)
  if (region >>> 8 === 1) return place(region === 0x101 ? 'JP' : 'KR')
  return place(region >>> 8 === 2 ? 'GB' : 'US')
}
