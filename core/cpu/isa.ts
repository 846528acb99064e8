import type { Known } from './algebra.ts'
import { createAssembler } from './assemble.ts'
import { createDecoder } from './decode.ts'
import { createDisassembler } from './disassemble.ts'
import type { Operand } from './forms.ts'
import type { Alias, Row } from './rows/row.ts'
import { aliases, hints, rows } from './rows/table.ts'

/** What the rows are turned into once: a decoder, a disassembler and an assembler. */
const decodeRow = createDecoder(rows)
const hinted = new Map(hints.map(hint => [hint.encoding.match, hint]))
export const decode = (word: number): Row | undefined => hinted.get(word >>> 0) ?? decodeRow(word)

const byRow = new Map<Row, Alias[]>()
for (const one of aliases) {
  const row = decode(one.encoding.match)
  if (row === undefined || (one.encoding.mask & row.encoding.mask) >>> 0 !== row.encoding.mask)
    throw new Error(`alias ${one.name} names words of no single row`)
  byRow.set(row, [...(byRow.get(row) ?? []), one])
}

export const disassembler = createDisassembler(decode, row => byRow.get(row) ?? [])
export const assembler = createAssembler([...rows, ...hints], aliases)

/** What the decoder tells of an instruction. */
export function knownOf(word: number, pc: number): Known {
  const known = (operand: Operand): number => operand.read(word)
  known.word = word
  known.pc = pc
  return known
}
