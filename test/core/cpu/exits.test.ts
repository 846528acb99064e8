/** Why compiled code was left, told by where execution goes on. */
import { describe, expect, test } from 'vitest'
import { longestWay } from '../../../core/cpu/compiler/budget.ts'
import { createCauses } from '../../../core/cpu/compiler/exits.ts'
import { usualMode } from '../../kit/translation.ts'
import { codeBase, createWorkbench, dataBase } from './workbench.ts'

const much = 1_000_000
const lines = [
  'bl 0x82000100',
  'nop',
  'lwz r3, 0(r4)',
  'fadds f1, f2, f3',
  'tw 4, r3, r4',
  'lmw r30, 0(r4)',
  'add r3, r3, r4',
]
const at = (line: number): number => codeBase + 4 * line
const [behindCall, load, floats, trap, several, sum] = [at(1), at(2), at(3), at(4), at(5), at(6)]

function causes({ compiled = [] as readonly number[], held = [load, floats, trap, sum], longest = 8 } = {}) {
  const { memory, place } = createWorkbench()
  place(lines)
  const causeOf = createCauses({
    memory,
    isCompiled: pc => compiled.includes(pc),
    isHeld: pc => held.includes(pc),
    longestBlock: () => longest,
  })
  return (pc: number, left = much) => causeOf(usualMode, pc, left)
}

describe('compiled code was left', () => {
  test.each([
    ['for code that is nowhere', dataBase, 'cold'],
    ['for an instruction of the interpreter', several, 'instruction'],
    ['by a return to where nothing begins', behindCall, 'return'],
    ['by an access', load, 'access'],
    ['by a trap', trap, 'access'],
    ['by a result that is rare', floats, 'rare'],
    ['for code that is in a unit where none begins', sum, 'cold'],
  ] as const)('%s', (_, pc, cause) => {
    expect(causes()(pc)).toBe(cause)
  })

  test('for code that is not compiled, though it could be given up, where no unit holds it', () => {
    const causeOf = causes({ held: [] })
    expect([load, floats, trap].map(pc => causeOf(pc))).toEqual(['cold', 'cold', 'cold'])
  })

  test('by a return, where a unit begins that gives nothing up', () => {
    expect(causes({ compiled: [sum] })(sum)).toBe('return')
  })

  test('since the budget covers no way, or not the block that is next', () => {
    expect(causes()(load, longestWay - 1)).toBe('budget')
    expect(causes({ longest: longestWay + 2 })(load, longestWay + 1)).toBe('budget')
    expect(causes({ longest: longestWay + 1 })(load, longestWay + 1)).toBe('access')
  })
})
