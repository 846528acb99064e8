/** The words in which facts are shown, the same in a trail, a trace and a report. */
import { hex, hex32 } from '../base/words.ts'
import { catalogue } from './catalogue.ts'
import type { Fact } from './fact.ts'

const inHex32 = new Set([
  'status',
  'entry',
  'parameter',
  'routine',
  'context',
  'flags',
  'code',
  'result',
  'address',
  'frontBuffer',
])
const inHex = new Set(['from', 'value'])

/** One of a fact's own fields as text: addresses, codes and handles in hex. */
export function fieldText(name: string, value: number): string {
  if (inHex32.has(name)) return hex32(value)
  if (inHex.has(name) && value >= 0) return hex(value)
  return String(value)
}

/** A fact's own fields, `name=value`, in the order of its row. */
export function ownFields(fact: Fact): string[] {
  const values = fact as unknown as Readonly<Record<string, number>>
  return catalogue[fact.kind].fields.map(name => `${name}=${fieldText(name, values[name] ?? 0)}`)
}

/** Guest text without what would disturb a terminal. */
export const plainText = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '?')
