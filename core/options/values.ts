/** From rows and texts to checked values: the only reader of option texts. It is given the environment, and reads none. */
import { fail } from '../base/failure.ts'
import { type Kind, type KindName, kinds, type ValueOfKind } from './kinds.ts'
import type { OptionRow, OptionRows } from './rows.ts'

type Parsed<R extends OptionRow> = R extends { readonly choices: readonly (infer Word)[] }
  ? Word
  : ValueOfKind<R['kind']>

type Single<R extends OptionRow> = R extends { readonly kind: 'flag' }
  ? boolean
  : R extends { readonly default: string }
    ? Parsed<R>
    : Parsed<R> | undefined

type ValueOf<R extends OptionRow> = R extends { readonly repeatable: true }
  ? readonly ValueOfKind<R['kind']>[]
  : Single<R>

/** The checked values of a table of options. */
export type OptionValues<Rows extends OptionRows> = { readonly [Name in keyof Rows]: ValueOf<Rows[Name]> }

/** What was typed: the texts of each option by key, in order; `''` for a flag that stood alone. */
export type GivenOptions = Readonly<Record<string, readonly string[] | undefined>>
export type Environment = Readonly<Record<string, string | undefined>>

/** The flag of a key: `stuckAfter` is `--stuck-after`. */
export const flagOf = (key: string): string => `--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

/** `0 to 64`, as a person would type it; undefined for a row without a range. */
export function rangeOf(row: OptionRow): string | undefined {
  if (row.choices !== undefined) return row.choices.join(', ')
  const show = kinds[row.kind].show
  if (row.range === undefined || show === undefined) return undefined
  const [least, most] = row.range
  const span = most === Number.MAX_SAFE_INTEGER ? `${show(least)} or more` : `${show(least)} to ${show(most)}`
  return row.step === undefined ? span : `${span}, in steps of ${row.step}`
}

function expected(row: OptionRow): string {
  const range = rangeOf(row)
  if (range === undefined) return kinds[row.kind].expects
  return `${kinds[row.kind].expects}${row.choices === undefined ? ',' : ''} ${range}`
}

/** A text of the outside, in quotes, short enough for one line and without control characters. */
export function quoted(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '?')
  return `"${plain.length > 60 ? `${plain.slice(0, 57)}…` : plain}"`
}

/** Checks one text against its row. `place` is the flag or the variable it came from. */
export function parseOption(row: OptionRow, place: string, text: string): ValueOfKind<KindName> {
  const kind = kinds[row.kind] as Kind<ValueOfKind<KindName>>
  const bare = text === '' && row.kind !== 'flag' && row.bare !== true
  if (bare && row.attached === true)
    throw fail('OPTION_INVALID', place, `needs its value after \`=\`: ${expected(row)}`)
  const value = bare || row.choices?.includes(text) === false ? undefined : kind.parse(text)
  if (value === undefined) throw fail('OPTION_INVALID', place, `${quoted(text)} is not ${expected(row)}`)
  const measured = kind.measure?.(value)
  if (measured !== undefined && row.range !== undefined) {
    const [least, most] = row.range
    if (measured < least || measured > most || (row.step !== undefined && measured % row.step !== 0))
      throw fail('OPTION_INVALID', place, `${quoted(text)} is outside the range: ${rangeOf(row)}`)
  }
  return value
}

/** The values of all rows: what was typed, else the environment, else the default. */
export function readOptions<const Rows extends OptionRows>(
  rows: Rows,
  given: GivenOptions,
  environment: Environment = {},
): OptionValues<Rows> {
  const values: Record<string, unknown> = {}
  for (const [key, row] of Object.entries(rows)) {
    const place = flagOf(key)
    const typed = given[key]
    if (row.repeatable === true) {
      values[key] = (typed ?? []).map(text => parseOption(row, place, text))
      continue
    }
    const last = typed?.at(-1)
    const variable = row.env?.find(name => (environment[name] ?? '') !== '')
    if (last !== undefined) values[key] = parseOption(row, place, last)
    else if (variable !== undefined)
      values[key] = parseOption(row, `environment variable ${variable}`, environment[variable] ?? '')
    else if (row.default !== undefined) values[key] = parseOption(row, place, row.default)
    else values[key] = row.kind === 'flag' ? false : undefined
  }
  return values as OptionValues<Rows>
}
