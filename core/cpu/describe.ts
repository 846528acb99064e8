/** What a table of instructions says of a row, all computed from it: its format, the registers it changes beside its operands. */
import { analyseRow, type Effects } from './analyse.ts'
import { type FieldName, suffixes } from './fields.ts'
import type { Encoding } from './forms.ts'
import type { Row } from './rows/row.ts'
import { fullName, variantsOf } from './variants.ts'

const mfcr = 0x7c000026

/** The instruction format as the manuals name it, told by fields and opcode. */
export function formOf({ match, mask, fields }: Encoding): string {
  const opcode = match >>> 26
  const has = (...names: readonly FieldName[]): boolean => names.some(name => fields.includes(name))
  if (has('vd128', 'vs128')) {
    if (has('base')) return 'VX128_1'
    if (has('vc128')) return 'VX128_2'
    if (has('shb')) return 'VX128_5'
    if (has('perm')) return 'VX128_P'
    if (has('wmask', 'pmask')) return 'VX128_4'
    if (has('rc25')) return 'VX128_R'
    return has('va128') || (mask & 0x1f0000) !== 0 ? 'VX128' : 'VX128_3'
  }
  if (has('li')) return 'I'
  if (has('bd')) return 'B'
  if (has('lev')) return 'SC'
  if (has('ds')) return 'DS'
  if (has('d', 'si', 'ui')) return 'D'
  if (has('mb6')) return has('sh6') ? 'MD' : 'MDS'
  if (has('sh6')) return 'XS'
  if (has('mb')) return 'M'
  if (has('flm')) return 'XFL'
  if (has('spr', 'fxm', 'fxm1') || match === mfcr) return 'XFX'
  if (has('vc', 'shb')) return 'VA'
  if (opcode === 4) return has('rc21') ? 'VXR' : 'VX'
  if (opcode === 19) return 'XL'
  // The extended opcode ends in 01001 or 01011 in products and quotients alone.
  if (opcode === 31) return has('oe') || (match & 0x3a) === 0x12 ? 'XO' : 'X'
  return (match & 0x20) !== 0 ? 'A' : 'X'
}

const flagNames: Readonly<Record<string, string>> = {
  so: 'SO',
  ov: 'OV',
  ca: 'CA',
  xerCount: 'XER count',
  reservation: 'reservation',
}

/** Of what an instruction changes: that which is no operand of it. */
function flagsOf({ writes }: Effects): Set<string> {
  const names = writes.flatMap(place => {
    if (place.file === 'special') return [flagNames[place.name] ?? place.name.toUpperCase()]
    return 'number' in place && place.file === 'crf' ? [`CR${place.number}`] : []
  })
  return new Set(names)
}

/** What is always changed, and behind it what is where a letter is in the name: `CA`, `OV (o)`, `CR0 (.)`. */
export function flagsWritten(row: Row): readonly string[] {
  const all = variantsOf(row).map(variants => {
    const letters = fullName(row, name => suffixes[name] !== undefined && variants.get(name) === 1).slice(
      row.name.length,
    )
    return { letters, flags: flagsOf(analyseRow(row, variants)) }
  })
  const names = new Set(all.flatMap(({ flags }) => [...flags]))
  return [...names].map(name => {
    const having = all.filter(({ flags }) => flags.has(name)).map(({ letters }) => letters)
    const fewest = having.toSorted((a, b) => a.length - b.length)[0] ?? ''
    return fewest === '' ? name : `${name} (${fewest})`
  })
}
