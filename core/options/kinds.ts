import { type Condition, conditionForms, parseConditions } from '../base/condition.ts'

/**
 * The kinds of option value, one row each: the placeholder, what a good value is, and how a text becomes one. A kind
 * knows no flag; a row of rows.ts adds name, default and range.
 */
export interface Kind<T> {
  /** Placeholder in usage lines. */
  readonly argument: string
  /** What a good value is, to complete `… is not `. */
  readonly expects: string
  /** The value of the text, or undefined when the text is none. */
  parse(text: string): T | undefined
  /** The number a range speaks of; absent for kinds without a range. */
  measure?(value: T): number
  /** A bound of a range as a person would type it. */
  show?(bound: number): string
}

const kind = <T>(row: Kind<T>): Kind<T> => row

const unitsOfCount: Readonly<Record<string, bigint>> = { '': 1n, k: 1_000n, m: 1_000_000n, g: 1_000_000_000n }
const unitsOfTime: Readonly<Record<string, bigint>> = { ms: 1n, '': 1_000n, s: 1_000n, m: 60_000n, h: 3_600_000n }

/** `12.5` times `unit` when that is a whole number that a double holds. */
function scaled(whole: string, fraction: string, unit: bigint | undefined): number | undefined {
  if (unit === undefined) return undefined
  const ten = 10n ** BigInt(fraction.length)
  const product = BigInt(whole + fraction) * unit
  if (product % ten !== 0n) return undefined
  const value = Number(product / ten)
  return Number.isSafeInteger(value) ? value : undefined
}

function decimal(text: string, units: Readonly<Record<string, bigint>>): number | undefined {
  const match = /^(\d{1,18})(?:\.(\d{1,9}))?([a-z]{0,2})$/i.exec(text)
  if (match === null) return undefined
  return scaled(match[1] ?? '', match[2] ?? '', units[(match[3] ?? '').toLowerCase()])
}

function whole(text: string): number | undefined {
  if (!/^(?:\d{1,16}|0x[0-9a-f]{1,13})$/i.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

function guestValues(text: string): readonly number[] | undefined {
  const values: number[] = []
  for (const part of text.split(',')) {
    const value = whole(part)
    if (value === undefined || value > 0xffffffff) return undefined
    values.push(value)
  }
  return values
}

function url(text: string): string | undefined {
  if (!/^https?:\/\/[^\s/]/i.test(text) || !URL.canParse(text)) return undefined
  return text.replace(/\/+$/, '')
}

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
function daysFromEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const ofEra = y - era * 400
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
}

/** Nanoseconds since 1970 of `2026-01-31T12:00:00Z`, or of a plain count of nanoseconds. */
function instant(text: string): bigint | undefined {
  if (/^\d{1,19}$/.test(text)) return BigInt(text)
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const days = daysFromEpoch(year, month, day)
  const firstOfNext = month === 12 ? daysFromEpoch(year + 1, 1, 1) : daysFromEpoch(year, month + 1, 1)
  if (year < 1970 || month < 1 || month > 12 || day < 1 || days >= firstOfNext) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const seconds = BigInt(days) * 86_400n + BigInt(hour * 3_600 + minute * 60 + second)
  return seconds * 1_000_000_000n + BigInt((match[7] ?? '').padEnd(9, '0'))
}

const showCount = (bound: number): string => {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (bound >= size && bound % size === 0) return `${bound / size}${unit}`
  return String(bound)
}

export const kinds = {
  flag: kind<boolean>({ argument: '', expects: 'a flag without a value', parse: text => text === '' || text === '1' }),
  count: kind<number>({
    argument: 'COUNT',
    expects: 'a whole number (k, M and G are decimal)',
    parse: text => decimal(text, unitsOfCount),
    measure: value => value,
    show: showCount,
  }),
  number: kind<number>({
    argument: 'N',
    expects: 'a whole number, decimal or 0x…',
    parse: whole,
    measure: value => value,
    show: String,
  }),
  address: kind<number>({
    argument: 'VALUE',
    expects: 'a number, decimal or 0x…',
    parse: whole,
    measure: value => value,
    show: bound => `0x${bound.toString(16).toUpperCase()}`,
  }),
  duration: kind<number>({
    argument: 'TIME',
    expects: 'a time such as 500ms, 30s or 5m',
    parse: text => decimal(text, unitsOfTime),
    measure: value => value,
    show: bound => (bound === 0 ? '0' : bound % 1000 === 0 ? `${bound / 1000}s` : `${bound}ms`),
  }),
  values: kind<readonly number[]>({
    argument: 'VALUES',
    expects: 'a list of 32-bit handle values or addresses such as 0x1004,0x100C',
    parse: guestValues,
  }),
  trails: kind<'all' | 'none' | readonly number[]>({
    argument: 'VALUES',
    expects: '1 or a list of 32-bit handle values or addresses such as 0x1004,0x100C',
    parse: text => (text === '' || text === '1' ? 'all' : text === '0' ? 'none' : guestValues(text)),
  }),
  name: kind<string>({
    argument: 'NAME',
    expects: 'a name of 1 to 64 letters, digits, dots, dashes and underscores that starts with a letter or a digit',
    parse: text => (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text) ? text : undefined),
  }),
  text: kind<string>({ argument: 'TEXT', expects: 'a text', parse: text => (text === '' ? undefined : text) }),
  path: kind<string>({
    argument: 'PATH',
    expects: 'a path',
    parse: text => (text === '' || text.includes('\0') ? undefined : text),
  }),
  url: kind<string>({ argument: 'URL', expects: 'an http or https URL such as http://localhost:4318', parse: url }),
  conditions: kind<readonly Condition[]>({
    argument: 'CONDITION,…',
    expects: `a list of conditions of the forms ${conditionForms.join(', ')}, with N from 1 (k, M and G are decimal)`,
    parse: parseConditions,
  }),
  choice: kind<string>({ argument: 'WORD', expects: 'one of', parse: text => text }),
  instant: kind<bigint>({
    argument: 'INSTANT',
    expects: 'a moment such as 2026-01-31T12:00:00Z, or nanoseconds since 1970',
    parse: instant,
  }),
} as const

export type KindName = keyof typeof kinds
export type ValueOfKind<K extends KindName> = (typeof kinds)[K] extends Kind<infer T> ? T : never
