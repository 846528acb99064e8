import { conditionBit, syntaxTokens } from './disassemble.ts'
import { type FieldName, fields, insert, suffixes } from './fields.ts'
import { fieldOf } from './forms.ts'
import type { Alias, Row } from './rows/row.ts'
import { fullName, variantsOf } from './variants.ts'

type Written = Pick<Row, 'name' | 'encoding' | 'syntax'>

/** A line that is no instruction of the table, or whose operands do not fit. */
export class AssemblyError extends Error {
  constructor(line: string, what: string) {
    super(`'${line}': ${what}`)
    this.name = 'AssemblyError'
  }
}

const registerLetter: Partial<Record<string, string>> = { gpr: 'r', fpr: 'f', vr: 'v', crf: 'cr' }
const conditionBits = new Map(Array.from({ length: 32 }, (_, bit) => [conditionBit(bit), bit]))

function parseNumber(text: string): number | undefined {
  const match = /^(-?)(0x[0-9a-f]+|\d+)$/i.exec(text)
  return match ? Number(match[2]) * (match[1] === '-' ? -1 : 1) : undefined
}

function parseOperand(name: FieldName, text: string, pc: number, absolute: boolean): number | undefined {
  const { kind } = fieldOf(name)
  if (kind === 'base' && text === '0') return 0
  const letter = kind === 'base' ? 'r' : registerLetter[kind]
  if (letter !== undefined) {
    const match = new RegExp(`^${letter}(\\d+)$`).exec(text)
    return match ? Number(match[1]) : undefined
  }
  if (kind === 'crb') return conditionBits.get(text) ?? parseNumber(text)
  const value = parseNumber(text)
  if (value === undefined || kind !== 'target') return value
  return (absolute ? value : value - pc) | 0
}

export interface Assembler {
  /** The word of one instruction; branch targets are absolute addresses. */
  word(line: string, pc?: number): number
  /** The words of several lines, from `start` on. */
  words(lines: readonly string[], start?: number): number[]
  /** The word of a row with the given operands; those not given are zero. */
  encode(row: Row, operands: Readonly<Partial<Record<FieldName, number>>>): number
}

export function createAssembler(rows: readonly Row[], aliases: readonly Alias[]): Assembler {
  /** Every mnemonic with its flags' letters, and the bits those flags set. */
  const named = new Map<string, { row: Written; flags: number; absolute: boolean }[]>()
  for (const row of [...aliases, ...rows]) {
    const suffixed = variantsOf({ ...row, models: [], apart: undefined, meaning: () => {} })
    for (const setting of suffixed) {
      const flag = (name: FieldName): boolean => setting.get(name) === 1
      const name = fullName(row, flag)
      let bits = 0
      for (const field of row.encoding.variants)
        if (flag(field) && suffixes[field] !== undefined) bits |= insert(fieldOf(field), 1) ?? 0
      const list = named.get(name) ?? []
      if (!list.some(one => one.row === row && one.flags === bits))
        list.push({ row, flags: bits, absolute: row.encoding.variants.includes('aa') && flag('aa') })
      named.set(name, list)
    }
  }

  function tryRow(row: Written, flags: number, absolute: boolean, text: string, pc: number): number | undefined {
    let pattern = ''
    const names: FieldName[] = []
    for (const token of syntaxTokens(row.syntax))
      if (token in fields) {
        names.push(token as FieldName)
        pattern += '([^\\s,()]+)'
      } else pattern += token.replace(/[()]/g, '\\$&').replace(/,\s*/g, ',')
    const match = new RegExp(`^${pattern}$`).exec(text.replace(/\s*,\s*/g, ','))
    if (match === null) return undefined
    let word = row.encoding.match | flags
    for (const [index, name] of names.entries()) {
      const value = parseOperand(name, match[index + 1] ?? '', pc, absolute)
      const bits = value === undefined ? undefined : insert(fieldOf(name), value)
      if (bits === undefined) return undefined
      word |= bits
    }
    return word >>> 0
  }

  const assembler: Assembler = {
    word(line, pc = 0) {
      const [, mnemonic = '', operands = ''] = /^\s*(\S+)\s*(.*?)\s*$/.exec(line) ?? []
      if (mnemonic === '.long') {
        const value = parseNumber(operands)
        if (value === undefined) throw new AssemblyError(line, 'no number')
        return value >>> 0
      }
      const candidates = named.get(mnemonic)
      if (candidates === undefined) throw new AssemblyError(line, 'no such instruction')
      for (const { row, flags, absolute } of candidates) {
        const word = tryRow(row, flags, absolute, operands, pc)
        if (word !== undefined) return word
      }
      const forms = candidates.map(one => `${mnemonic} ${one.row.syntax}`).join('; ')
      throw new AssemblyError(line, `operands do not fit ${forms}`)
    },
    words: (lines, start = 0) => lines.map((line, index) => assembler.word(line, (start + index * 4) >>> 0)),
    encode(row, operands) {
      let word = row.encoding.match
      for (const name of row.encoding.fields) {
        const value = operands[name] ?? 0
        const bits = insert(fieldOf(name), value)
        if (bits === undefined) throw new AssemblyError(row.name, `${name} cannot be ${value}`)
        word |= bits
      }
      return word >>> 0
    },
  }
  return assembler
}
