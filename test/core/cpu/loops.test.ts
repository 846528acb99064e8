import { describe, expect, test } from 'vitest'
import { type Finder, findUnit, longestUnit } from '../../../core/cpu/compiler/find.ts'
import { cutToLoop } from '../../../core/cpu/compiler/loops.ts'
import { codeBase, createWorkbench } from './workbench.ts'

const at = (line: number): number => codeBase + 4 * line
const to = (line: number): string => `0x${at(line).toString(16)}`

interface Found {
  /** Lines at which blocks begin. */
  readonly blocks: readonly number[]
  /** Lines of the loops around, where it was asked whether the loop is to be set apart. */
  readonly around: readonly number[] | undefined
}

/** The unit that begins at a line, where every loop that is asked for is set apart, and those at `apart` are already. */
function found(lines: readonly string[], entry: number, apart: readonly number[] = []): Found {
  const { memory, place } = createWorkbench()
  place(lines)
  let asked: readonly number[] | undefined
  const finder: Finder = {
    memory,
    mode: { wide: false, exact: false, fuses: true },
    whole: new Set(),
    stops: new Set([at(lines.length)]),
    longest: longestUnit,
    isFunction: () => false,
    isApart: head => apart.some(line => at(line) === head),
    seen: () => [],
    mayRun: () => true,
  }
  const whole = findUnit(finder, at(entry))
  const unit =
    whole &&
    cutToLoop(whole, around => {
      asked = around
      return true
    })
  const line = (address: number): number => (address - codeBase) / 4
  return { blocks: unit?.blocks.map(({ start }) => line(start)) ?? [], around: asked?.map(line) }
}

const nested = [
  'li r3, 0', // 0
  'addi r3, r3, 1', // 1: the outer loop
  'addi r4, r4, 1', // 2: the inner loop
  `beq cr1, ${to(8)}`, // 3: to a part behind
  `bdnz ${to(2)}`, // 4
  'cmpwi r3, 100', // 5
  `bne ${to(1)}`, // 6
  `b ${to(10)}`, // 7
  'addi r4, r4, 2', // 8: leads back
  `b ${to(4)}`, // 9
  'li r5, 0', // 10
]

describe('a unit that begins with a loop set apart', () => {
  test('holds the loop and what lies behind it and leads back, and none of what is around', () => {
    expect(found(nested, 2)).toEqual({ blocks: [2, 4, 8], around: [1] })
  })

  test('holds the loops inside', () => {
    expect(found(nested, 1)).toEqual({ blocks: [1, 2, 4, 5, 8], around: [] })
  })

  test('is entered from the unit around, which ends there', () => {
    expect(found(nested, 5, [2])).toEqual({ blocks: [5, 1, 7, 10], around: undefined })
  })
})

test('a loop with a jump through a register stays with what is around', () => {
  const lines = ['addi r3, r3, 1', `beq ${to(3)}`, 'bctr', `bdnz ${to(0)}`, 'li r5, 0']
  expect(found(lines, 0).around).toBeUndefined()
})
