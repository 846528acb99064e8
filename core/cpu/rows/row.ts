import type { Ops, Values } from '../algebra.ts'
import { type Encoding, type Operands, parsePattern } from '../forms.ts'

/** One instruction: the only place that says how it is encoded, written and executed. */
export interface Row {
  readonly name: string
  readonly encoding: Encoding
  /** The operands as assembly text: field names with the punctuation between them. */
  readonly syntax: string
  readonly about: string
  readonly meaning: <V extends Values>(o: Ops<V>, f: Record<string, unknown>) => void
}

/** Another name for some words of a row (`li`, `blr`): text alone. */
export type Alias = Omit<Row, 'meaning'>

export function row<const P extends string>(
  name: string,
  pattern: P,
  syntax: string,
  about: string,
  meaning: <V extends Values>(o: Ops<V>, f: Operands<P>) => void,
): Row {
  return { name, encoding: parsePattern(name, pattern), syntax, about, meaning: meaning as unknown as Row['meaning'] }
}

export function alias(name: string, pattern: string, syntax: string, about: string): Alias {
  return { name, encoding: parsePattern(name, pattern), syntax, about }
}
