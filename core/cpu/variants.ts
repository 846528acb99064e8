/** The variants of a row: its meaning is another for each setting of them. */
import { extract, type FieldName, suffixes } from './fields.ts'
import { fieldOf } from './forms.ts'
import type { Row } from './rows/row.ts'

/** The settings of a row's variants, first varying slowest, and the number of the setting that a word has. */
export function variantsOf(row: Row): ReadonlyMap<FieldName, number>[] {
  let all: Map<FieldName, number>[] = [new Map()]
  for (const name of row.encoding.variants) {
    const values = domain(name)
    all = all.flatMap(one => values.map(value => new Map(one).set(name, value)))
  }
  return all
}

/** How many settings there are. */
export const variantCount = (row: Row): number =>
  row.encoding.variants.reduce((count, name) => count * domain(name).length, 1)

export function variantNumber(row: Row, word: number): number {
  let number = 0
  for (const name of row.encoding.variants) {
    const field = fieldOf(name)
    const values = domain(name)
    number = number * values.length + values.indexOf(field.canon(extract(field, word)))
  }
  return number
}

const flagValues: readonly number[] = [0, 1]
function domain(name: FieldName): readonly number[] {
  const field = fieldOf(name)
  return field.kind === 'flag' ? flagValues : field.values
}

/** The name with the letters of its flags: `add` with OE and Rc is `addo.`. */
export function fullName(row: Pick<Row, 'name' | 'encoding'>, flag: (name: FieldName) => boolean): string {
  let name = row.name
  for (const field of row.encoding.variants) {
    const suffix = suffixes[field]
    if (suffix !== undefined && flag(field)) name += suffix
  }
  return name
}
