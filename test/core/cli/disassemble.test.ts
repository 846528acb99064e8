import { expect, test } from 'vitest'
import { disassembleRange, formatLine } from '../../../core/cli/commands/disassemble.ts'
import { assembler } from '../../../core/cpu/isa.ts'

const base = 0x82010000
const words = assembler.words(['mflr r12', 'bl 0x82010010', 'bne cr6, 0x82010000', '.long 0x00000000', 'blr'], base)
const load = (address: number): number | undefined => words[(address - base) / 4]

test('a listing shows address, word and instruction, and passes over what is not there', () => {
  expect([...disassembleRange(load, base - 8, base + 0x20)].map(formatLine)).toEqual([
    '82010000  7D8802A6  mflr r12',
    '82010004  4800000D  bl 0x82010010',
    '82010008  409AFFF8  bne cr6, 0x82010000',
    '8201000C  00000000  .long 0x00000000',
    '82010010  4E800020  blr',
  ])
})

test('a listing with names has labels where they begin and names behind the targets of branches', () => {
  const names = {
    exact: (address: number) => (address === base ? 'start' : undefined),
    near: (address: number) => `start+0x${(address - base).toString(16)}`,
  }
  expect([...disassembleRange(load, base, base + 8, names)].map(formatLine)).toEqual([
    'start:\n82010000  7D8802A6  mflr r12',
    '82010004  4800000D  bl 0x82010010 <start+0x10>',
  ])
})
