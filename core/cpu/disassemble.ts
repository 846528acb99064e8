import { hex, hex32 } from '../base/words.ts'
import { extract, type FieldName } from './fields.ts'
import { fieldOf } from './forms.ts'
import type { Alias, Row } from './rows/row.ts'
import { fullName } from './variants.ts'

/** The pieces of a syntax: field names, and the text between them. */
export function syntaxTokens(syntax: string): readonly string[] {
  return syntax === '' ? [] : syntax.split(/([a-z][a-z0-9]*)/).filter(token => token !== '')
}

const conditionNames = ['lt', 'gt', 'eq', 'so'] as const

export function conditionBit(bit: number): string {
  const name = conditionNames[bit & 3] ?? ''
  return bit < 4 ? name : `4*cr${bit >> 2}+${name}`
}

function number(value: number): string {
  const size = Math.abs(value)
  if (size < 10) return `${value}`
  return value < 0 ? `-${hex(size)}` : hex(size)
}

function operand(name: FieldName, word: number, pc: number, absolute: boolean): string {
  const field = fieldOf(name)
  const value = extract(field, word)
  switch (field.kind) {
    case 'gpr':
      return `r${value}`
    case 'base':
      return value === 0 ? '0' : `r${value}`
    case 'fpr':
      return `f${value}`
    case 'vr':
      return `v${value}`
    case 'crf':
      return `cr${value}`
    case 'crb':
      return conditionBit(value)
    case 'target':
      return hex32(absolute ? value : pc + value)
    default:
      return number(value)
  }
}

/** Whether a word is one that an alias may name: its bits, and equal numbers where a field repeats. */
export function isAlias(one: Alias, word: number): boolean {
  const { mask, match, fields } = one.encoding
  if (((word & mask) ^ match) !== 0) return false
  return fields.every(name => {
    const field = fieldOf(name)
    if (!field.same) return true
    const [first, ...others] = field.runs.map(run => extract({ ...field, runs: [run] }, word))
    return others.every(other => other === first)
  })
}

export interface Disassembler {
  /** One instruction as assembly text; an unknown word as `.long`. */
  text(word: number, pc: number): string
}

export function createDisassembler(
  decode: (word: number) => Row | undefined,
  aliasesOf: (row: Row) => readonly Alias[],
): Disassembler {
  function write(row: Pick<Row, 'name' | 'encoding' | 'syntax'>, word: number, pc: number): string {
    const flag = (name: FieldName): boolean => extract(fieldOf(name), word) !== 0
    const absolute = row.encoding.fields.includes('aa') && flag('aa')
    const tokens = syntaxTokens(row.syntax)
    const operands = tokens.map(token =>
      /^[a-z]/.test(token) ? operand(token as FieldName, word, pc, absolute) : token,
    )
    return `${fullName(row, flag)} ${operands.join('')}`.trimEnd()
  }
  return {
    text(word, pc) {
      const row = decode(word)
      if (row === undefined) return `.long ${hex32(word)}`
      return write(aliasesOf(row).find(one => isAlias(one, word)) ?? row, word, pc)
    },
  }
}
