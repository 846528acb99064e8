import { type Field, type FieldName, fields, type Kind } from './fields.ts'

/**
 * A pattern says how an instruction is encoded: 32 bits from the left, each a literal 0 or 1, a `.` for a bit that is
 * ignored, or the name of a field, which takes the width of the run that starts there. A field of several runs is named
 * at each of them: `'011110 s a sh6 mb6 00 0 sh6 rc'` would be a rotate of 64 bits. Since a name takes its place from
 * `fields`, a pattern that puts it anywhere else does not parse.
 */
export interface Encoding {
  readonly mask: number
  readonly match: number
  /** The fields of the pattern, in order of first appearance. */
  readonly fields: readonly FieldName[]
  /** Those that are known before code is emitted, one handler for each of their values. */
  readonly variants: readonly FieldName[]
}

type Words<P extends string> = P extends `${infer Head} ${infer Rest}` ? Head | Words<Rest> : P
export type FieldsOf<P extends string> = Extract<Words<P>, FieldName>

/** What stands for a field inside a row's meaning; its number is known to the decoder, or to nobody yet. */
export interface Operand<K extends Kind = Kind> {
  readonly name: FieldName
  readonly kind: K
  /** The number in a word, as `extract` gives it. */
  read(word: number): number
}

type HandleOf<N extends FieldName> =
  (typeof fields)[N] extends Field<infer K>
    ? K extends 'flag'
      ? boolean
      : K extends 'variant'
        ? number
        : Operand<K>
    : never

/** The operands a pattern gives to its row's meaning, by name. */
export type Operands<P extends string> = { readonly [N in FieldsOf<P>]: HandleOf<N> }

export const fieldOf = (name: FieldName): Field => fields[name]

export function parsePattern(name: string, pattern: string): Encoding {
  let at = 0
  let mask = 0
  let match = 0
  const seen = new Map<FieldName, number>()
  const bad = (what: string): Error => new Error(`row ${name}: ${what} in '${pattern}'`)
  for (const token of pattern.split(' ')) {
    if (/^[01.]+$/.test(token)) {
      for (const bit of token) {
        const weight = 2 ** (31 - at)
        if (bit !== '.') mask += weight
        if (bit === '1') match += weight
        at += 1
      }
    } else if (token in fields) {
      const field = token as FieldName
      const run = fieldOf(field).runs.find(([first]) => first === at)
      if (run === undefined) throw bad(`field ${token} does not begin at bit ${at}`)
      at = run[1] + 1
      seen.set(field, (seen.get(field) ?? 0) + 1)
    } else throw bad(`no field is called ${token}`)
  }
  if (at !== 32) throw bad(`${at} bits`)
  for (const [field, times] of seen)
    if (times !== fieldOf(field).runs.length) throw bad(`field ${field} is named ${times} times`)
  const names = [...seen.keys()]
  const early = (field: FieldName) => fieldOf(field).kind === 'flag' || fieldOf(field).kind === 'variant'
  return { mask, match, fields: names, variants: names.filter(early) }
}
