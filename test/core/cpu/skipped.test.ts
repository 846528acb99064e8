/** Branches over one instruction, which compiled code does in any case and lets come to nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findUnit } from '../../../core/cpu/compiler/find.ts'
import { assembler } from '../../../core/cpu/isa.ts'
import { finderIn } from './finder.ts'
import {
  addressOf as at,
  benchesOf,
  circumstances,
  control,
  engines,
  listing,
  named,
  programLength,
  straight,
  trailOf,
  withLines,
  wordsOf,
} from './programs.ts'
import { codeBase, createWorkbench } from './workbench.ts'

const benchOf = benchesOf((engine, wide) => createWorkbench({}, wide, { engine }))

/** The blocks of the unit at the start of a program. */
function blocksOf(words: readonly number[]) {
  const { memory, place } = benchOf('interpreter', false)
  place(words)
  const mayRun = (pc: number): boolean => pc < codeBase + 4 * words.length
  return findUnit(finderIn(memory, { mayRun }), codeBase)?.blocks
}
const assembled = (lines: readonly string[]): number[] =>
  lines.map((line, index) => assembler.word(line, codeBase + 4 * index))
/** Which blocks jump over their last instruction. */
const skipping = (lines: readonly string[]): boolean[] | undefined =>
  blocksOf(assembled(lines))?.map(block => block.skips)

describe('an instruction that a branch jumps over', () => {
  test('belongs to the block of the branch', () => {
    expect(skipping([`beq ${at(2)}`, 'mr r3, r4', 'blr'])).toEqual([true, false])
    expect(skipping([`bne cr6, ${at(2)}`, 'addi r3, r3, 1', 'blr'])).toEqual([true, false])
  })

  test('does not where another leads to it, where it is one of several, or does more than give a register a value', () => {
    const alone = [false, false, false]
    expect(skipping([`beq ${at(2)}`, 'addi r3, r3, 1', `bdnz ${at(1)}`, 'blr'])).toEqual([false, false, false, false])
    expect(skipping([`beq ${at(3)}`, 'mr r3, r4', 'mr r4, r3', 'blr'])).toEqual(alone)
    for (const one of [
      'lwz r3, 0(r4)',
      'stw r3, 0(r4)',
      'add. r3, r4, r5',
      'mtctr r3',
      'fmr f1, f2',
      'divw r3, r4, r5',
    ])
      expect(skipping([`beq ${at(2)}`, one, 'blr']), one).toEqual(alone)
  })

  test('does not where the branch counts, or calls', () => {
    expect(skipping([`bdnz ${at(2)}`, 'mr r3, r4', 'blr'])).toEqual([false, false, false])
    expect(skipping([`bc 12, 2, ${at(2)}`, 'mr r3, r4', 'blr'])).toEqual([true, false])
    expect(skipping([`bcl 12, 2, ${at(2)}`, 'mr r3, r4', 'blr'])).not.toContain(true)
  })
})

const moving = named('add', 'addi', 'or', 'xor', 'rlwinm', 'rldicl', 'neg', 'subf', 'extsw', 'mulld', 'srd', 'rlwimi')
const comparing = named('cmp', 'cmpi', 'cmpl', 'cmpli', 'andi.', 'addic.', 'creqv')
const row = fc.oneof(
  { arbitrary: fc.constantFrom(...moving), weight: 6 },
  { arbitrary: fc.constantFrom(...comparing), weight: 4 },
  { arbitrary: fc.constantFrom(...control), weight: 1 },
  { arbitrary: fc.constantFrom(...straight), weight: 1 },
  { arbitrary: fc.constantFrom(...named('lwz', 'stw', 'ld')), weight: 2 },
)
/** Branches over the next word, on a bit that is set or clear. */
const skip = fc.record({
  at: fc.nat(programLength - 1),
  bit: fc.nat(11),
  set: fc.boolean(),
})
const program = fc.record({
  words: fc
    .tuple(wordsOf(row, fc.integer({ min: -64, max: 64 }), 3), fc.array(skip, { minLength: 1, maxLength: 8 }))
    .map(([words, skips]) =>
      withLines(
        words,
        skips.map(({ at: index, bit, set }) => [index, `bc ${set ? 12 : 4}, ${bit}, ${at(index + 2)}`]),
      ),
    ),
  ...circumstances,
})

describe('programs that jump over instructions', () => {
  test('come to the same compiled and interpreted, wherever slices end', () => {
    let skips = 0
    fc.assert(
      fc.property(program, one => {
        skips += blocksOf(one.words)?.filter(block => block.skips).length ?? 0
        const [expected, found] = engines.map(engine => trailOf(benchOf(engine, one.wide), one))
        expect(found, listing(one.words)).toEqual(expected)
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    )
    expect(skips).toBeGreaterThan(100)
  })
})
