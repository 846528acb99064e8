import type { Ops, Values } from '../algebra.ts'
import { type Encoding, type Operands, parsePattern } from '../forms.ts'
import type { ModelName } from '../models.ts'

/** One instruction: the only place that says how it is encoded, written and executed. */
export interface Row {
  readonly name: string
  readonly encoding: Encoding
  /** The operands as assembly text: field names with the punctuation between them. */
  readonly syntax: string
  readonly about: string
  /** Stated models its result rests on, where no public source fixes it to the bit. */
  readonly models: readonly ModelName[]
  /** Why QEMU is no judge of it, so that written-down vectors are (test/isa). */
  readonly apart: string | undefined
  readonly meaning: <V extends Values>(o: Ops<V>, f: Record<string, unknown>) => void
}

/** Another name for some words of a row (`li`, `blr`): text alone. */
export type Alias = Pick<Row, 'name' | 'encoding' | 'syntax' | 'about'>

export function row<const P extends string>(
  name: string,
  pattern: P,
  syntax: string,
  about: string,
  meaning: <V extends Values>(o: Ops<V>, f: Operands<P>) => void,
): Row {
  const encoding = parsePattern(name, pattern)
  return { name, encoding, syntax, about, models: [], apart: undefined, meaning: meaning as unknown as Row['meaning'] }
}

/** Rows whose result rests on a stated model. */
export const modelled = (model: ModelName, ...rows: readonly Row[]): readonly Row[] =>
  rows.map(one => ({ ...one, models: [...one.models, model] }))

/** Rows that QEMU cannot judge, and why. */
export const apart = (why: string, ...rows: readonly Row[]): readonly Row[] => rows.map(one => ({ ...one, apart: why }))

export function alias(name: string, pattern: string, syntax: string, about: string): Alias {
  return { name, encoding: parsePattern(name, pattern), syntax, about }
}
