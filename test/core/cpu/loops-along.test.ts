/** What is translated along with what a loop is cut from: else the interpreter would have that loop until it is hot again. */
import { describe, expect, test } from 'vitest'
import type { TranslationRequest, TranslatorSetup } from '../../../core/cpu/compiler/translation.ts'
import { createTranslator } from '../../../core/cpu/compiler/translator.ts'
import { requestOf } from '../../kit/translation.ts'
import { at, to } from './late-bench.ts'
import { codeBase, createWorkbench } from './workbench.ts'

interface Asked extends Partial<Pick<TranslationRequest, 'jumps'>> {
  readonly unitsInModule?: number
}

/** Where units begin, and what waits, by lines, that are made at once of what has been interpreted for a while. */
function translated(
  lines: readonly string[],
  entries: readonly number[],
  { jumps = [], unitsInModule = 100 }: Asked = {},
) {
  let setup: TranslatorSetup | undefined
  const translation = {
    begin(given: TranslatorSetup) {
      setup = given
    },
    ask() {},
    answer: () => undefined,
  }
  const functions = new Map(entries.map(line => [at(line), 4]))
  const { cpu, place } = createWorkbench({}, false, { engine: 'tiered', translation, functions })
  place(lines)
  cpu.registers().setGpr(8, BigInt(at(10)))
  cpu.run(400_000)
  if (setup === undefined) throw new Error('no translator was told of')
  const { units, waiting } = createTranslator({ ...setup, unitsInModule }).translate(
    requestOf({ entries: entries.map(at), room: 20_000, jumps }),
  )
  const lineOf = (pc: number): number => (pc - codeBase) / 4
  return { units: units.map(({ entry }) => lineOf(entry)), waiting: waiting.map(lineOf) }
}

/** Goes round 64 times from the second of its lines on. */
const loopAt = (line: number): string[] => ['li r6, 64', 'addi r3, r3, 1', 'addic. r6, r6, -1', `bne ${to(line + 1)}`]

test('a loop is translated with what it is cut from, though that is found once more for want of room', () => {
  const length = 100
  // Cases one behind the other: all have run.
  const cases = Array.from({ length: 16 }, (_, n) => 10 + n * length)
  const lines = [
    `bl ${to(3)}`,
    `bl ${to(8)}`,
    `b ${to(0)}`,
    ...loopAt(3),
    'blr',
    'mtctr r8', // 8: the jump
    'bctr',
    ...cases.flatMap(line => [...new Array<string>(length - 1).fill('addi r7, r7, 1'), `b ${to(line + length)}`]),
    'blr',
  ]
  const jumps = cases.map(line => [at(9), at(line)] as const)
  expect(translated(lines, [3, 8], { jumps }).units).toContain(4)
})

test('a loop is translated with what it is cut from, though another unit holds it that enters it elsewhere', () => {
  const lines = [
    `bl ${to(3)}`,
    `bl ${to(6)}`,
    `b ${to(0)}`,
    'li r6, 1', // 3: goes into the loop of the other
    'nop',
    `b ${to(8)}`,
    ...loopAt(6),
    'blr',
  ]
  expect(translated(lines, [3, 6]).units).toEqual([3, 6, 7])
})

describe('where there is no room for all, a loop', () => {
  const lines = [`bl ${to(3)}`, `bl ${to(8)}`, `b ${to(0)}`, ...loopAt(3), 'blr', ...loopAt(8), 'blr']

  test('goes before what else is asked for', () => {
    expect(translated(lines, [3, 8], { unitsInModule: 2 })).toEqual({ units: [3, 4], waiting: [8] })
  })

  test('is the first that waits', () => {
    expect(translated(lines, [3, 8], { unitsInModule: 3 })).toEqual({ units: [3, 4, 8], waiting: [9] })
  })
})
