import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDecoder, findOverlap } from '../../../core/cpu/decode.ts'
import { formOf } from '../../../core/cpu/describe.ts'
import { extract } from '../../../core/cpu/fields.ts'
import { fieldOf, parsePattern } from '../../../core/cpu/forms.ts'
import { assembler, decode, disassembler } from '../../../core/cpu/isa.ts'
import { models } from '../../../core/cpu/models.ts'
import { type Row, row } from '../../../core/cpu/rows/row.ts'
import { hints, rows } from '../../../core/cpu/rows/table.ts'

const names = readFileSync(new URL('encodings.tsv', import.meta.url), 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
  .map(line => line.split('\t'))
  .map(([name = '', group = '', form = '', mask = '', match = '']) => ({
    name,
    group,
    form,
    mask: Number(mask),
    match: Number(match),
  }))
/** A name that is no row says of which row it is another name: the one deliberate difference between the two lists. */
const alias = /^alias of (.*)$/
const published = names.filter(one => !alias.test(one.group))
const otherNames = names.filter(one => alias.test(one.group))

/** The bits of a row's fields; what is neither fixed nor a field's is ignored, and zero in what an assembler writes. */
function fieldBits(one: Row): number {
  let bits = 0
  for (const name of one.encoding.fields)
    for (const [first, last] of fieldOf(name).runs) bits |= (2 ** (last - first + 1) - 1) << (31 - last)
  return bits
}
/** Any word that a row stands for, ignored bits zero. */
const wordOf = (one: Row) => fc.nat(0xffffffff).map(bits => (one.encoding.match | (bits & fieldBits(one))) >>> 0)
const anyRow = fc.constantFrom(...rows)
const anyWord = anyRow.chain(one => wordOf(one).map(word => ({ one, word })))

describe('the table of instructions', () => {
  test('has no two rows that one word satisfies', () => {
    expect(findOverlap(rows)).toBeUndefined()
  })

  test('refuses, when a decoder is made, rows that overlap', () => {
    const pattern = '011111 t a b oe 100001010 rc'
    const pair = [row('one', pattern, '', '', () => {}), row('other', '011111 t a b 1100001010 rc', '', '', () => {})]
    expect(() => createDecoder(pair)).toThrow('rows one and other overlap')
  })

  test('fixes and frees the bits that the published encodings fix and free', () => {
    const byName = new Map(published.map(one => [one.name, one]))
    const ours = rows.map(one => ({ name: one.name, mask: one.encoding.mask, match: one.encoding.match }))
    const theirs = rows.map(({ name }) => ({ name, mask: byName.get(name)?.mask, match: byName.get(name)?.match }))
    expect(ours).toEqual(theirs)
  })

  test('has every instruction that is published for this processor', () => {
    const have = new Set(rows.map(one => one.name))
    expect(published.filter(one => !have.has(one.name)).map(one => one.name)).toEqual([])
  })

  test('has a row of another name for each published name that it lacks', () => {
    const found = otherNames.map(({ name, match }) => [name, decode(match)?.name])
    const hinted = new Set(hints.map(({ name }) => name))
    expect(found).toEqual(otherNames.map(({ name, group }) => [name, hinted.has(name) ? name : alias.exec(group)?.[1]]))
    expect(otherNames).toHaveLength(23)
    expect(otherNames.filter(({ name }) => hinted.has(name))).toHaveLength(hints.length)
  })

  test('has no hint but words of a row that would do nothing', () => {
    const beneath = createDecoder(rows)
    expect(hints.map(({ encoding }) => [encoding.mask >>> 0, beneath(encoding.match)?.name])).toEqual(
      hints.map(() => [0xffffffff, 'or']),
    )
  })

  test('tells of each row the format that the manuals give it', () => {
    expect(rows.map(({ name, encoding }) => [name, formOf(encoding)])).toEqual(
      rows.map(({ name }) => [name, published.find(one => one.name === name)?.form]),
    )
  })

  test('says what each row does in words of its own', () => {
    const abouts = rows.map(one => one.about)
    expect(new Set(abouts).size).toBe(rows.length)
    expect(rows.filter(({ about }) => about.length < 8 || about.length > 100).map(one => one.name)).toEqual([])
  })

  test('rests on no model that is not stated, and states none that no row rests on', () => {
    const used = new Set(rows.flatMap(one => one.models))
    expect([...used].toSorted()).toEqual(Object.keys(models).toSorted())
  })

  test('ignores the bits that neither an operand nor the opcode takes', () => {
    const ignored = rows.filter(one => (one.encoding.mask | fieldBits(one)) >>> 0 !== 0xffffffff)
    for (const one of ignored)
      expect(decode((one.encoding.match | (~one.encoding.mask & ~fieldBits(one))) >>> 0)).toBe(one)
    expect(ignored.map(one => one.name)).toContain('vupkd3d128')
  })

  test('gives back the row and the operands that a word was made of', () => {
    fc.assert(
      fc.property(anyWord, ({ one, word }) => {
        expect(decode(word)).toBe(hints.find(hint => hint.encoding.match === word) ?? one)
        const operands = Object.fromEntries(one.encoding.fields.map(name => [name, extract(fieldOf(name), word)]))
        expect(assembler.encode(one, operands)).toBe(word)
      }),
      { numRuns: 5000 },
    )
  })

  test('reads every word it writes as text back to the same word', () => {
    fc.assert(
      fc.property(anyWord, fc.nat(0x3fffffff), ({ word }, quarter) => {
        const pc = quarter * 4
        expect(assembler.word(disassembler.text(word, pc), pc)).toBe(word)
      }),
      { numRuns: 10_000 },
    )
  })

  test('says so, and stays, where it knows no instruction', () => {
    expect(decode(0)).toBeUndefined()
    expect(disassembler.text(0x00000000, 0)).toBe('.long 0x00000000')
    expect(assembler.word('.long 0x00000000')).toBe(0)
  })
})

describe('a pattern', () => {
  test('is refused when a field stands where it does not belong', () => {
    expect(() => parsePattern('x', '011111 a t b oe 100001010 rc')).toThrow('field a does not begin at bit 6')
  })
  test('is refused when it has not 32 bits', () => {
    expect(() => parsePattern('x', '011111 t a b oe 100001010')).toThrow('31 bits')
  })
  test('is refused when half of a field is missing', () => {
    expect(() => parsePattern('x', '011110 s a sh6 mb6 mb6 0000 rc')).toThrow('field sh6 is named 1 times')
  })
})

describe('assembly text', () => {
  test.each([
    [0x90610070, 'stw r3, 0x70(r1)'],
    [0x7c0802a6, 'mflr r0'],
    [0x9421ffa0, 'stwu r1, -0x60(r1)'],
    [0x3d608201, 'lis r11, 0x8201'],
    [0x38600001, 'li r3, 1'],
    [0x7c7f1b78, 'mr r31, r3'],
    [0x4e800020, 'blr'],
    [0x4e800421, 'bctrl'],
    [0x419a0010, 'beq cr6, 0x82000010'],
    [0x4082fff8, 'bne 0x81FFFFF8'],
    [0x4bfffffd, 'bl 0x81FFFFFC'],
    [0x2f0b0000, 'cmpwi cr6, r11, 0'],
    [0x7c2004ac, 'lwsync'],
    [0x7c2007ec, 'dcbz128 0, r0'],
    [0x0fe00016, 'twi 0x1F, r0, 0x16'],
    [0x60000000, 'nop'],
    [0x7c6a5a15, 'add. r3, r10, r11'],
    [0x44000042, 'sc 2'],
    [0x4def7b82, 'crmove 4*cr3+so, 4*cr3+so'],
  ])('of %i is %s', (word, text) => {
    expect(disassembler.text(word, 0x82000000)).toBe(text)
    expect(assembler.word(text, 0x82000000)).toBe(word)
  })

  test('of nonsense is refused with the line', () => {
    expect(() => assembler.word('add r3, r4')).toThrow("'add r3, r4'")
    expect(() => assembler.word('addi r3, r4, 0x8000')).toThrow('operands do not fit')
    expect(() => assembler.word('frobnicate r3')).toThrow('no such instruction')
  })
})
