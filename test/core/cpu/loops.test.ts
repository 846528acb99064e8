import { describe, expect, test } from 'vitest'
import { dispatchOf } from '../../../core/cpu/compiler/dispatch-loops.ts'
import { findUnit, type Unit } from '../../../core/cpu/compiler/find.ts'
import { cutToLoop, loopsInside } from '../../../core/cpu/compiler/loops.ts'
import { finderIn } from './finder.ts'
import { codeBase, createWorkbench } from './workbench.ts'

const at = (line: number): number => codeBase + 4 * line
const to = (line: number): string => `0x${at(line).toString(16)}`

const lineOf = (address: number): number => (address - codeBase) / 4

interface Known {
  /** Lines of loops that are units of their own already. */
  readonly apart?: readonly number[]
  /** Lines that jumps through a register have led to. */
  readonly seen?: readonly number[]
}
const targets = ({ seen = [] }: Known) => seen.map(at)

/** The unit that begins at a line. */
function unitAt(lines: readonly string[], entry: number, known: Known = {}): Unit {
  const { memory, place } = createWorkbench()
  place(lines)
  const finder = finderIn(memory, {
    stops: new Set([at(lines.length)]),
    isApart: head => known.apart?.some(line => at(line) === head) === true,
    seen: () => targets(known),
  })
  const unit = findUnit(finder, at(entry))
  if (unit === undefined) throw new Error('no unit begins there')
  return unit
}

interface Found {
  /** Lines at which blocks begin. */
  readonly blocks: readonly number[]
  /** Lines of the loops around, where it was asked whether the loop is to be set apart. */
  readonly around: readonly number[] | undefined
}

/** The same, or only the loop that begins there, where one does. */
function found(...which: Parameters<typeof unitAt>): Found {
  let asked: readonly number[] | undefined
  const unit = cutToLoop(unitAt(...which), around => {
    asked = around
    return true
  })
  return { blocks: unit.blocks.map(({ start }) => lineOf(start)), around: asked?.map(lineOf) }
}

/** The loops inside a unit that are asked for, and those around them, by lines. */
function inside(lines: readonly string[], entry: number): Record<number, readonly number[]> {
  const around: Record<number, readonly number[]> = {}
  const heads = loopsInside(unitAt(lines, entry), (head, others) => {
    around[lineOf(head)] = others().map(lineOf)
    return true
  })
  return Object.fromEntries(heads.map(head => [lineOf(head), around[lineOf(head)] ?? []]))
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
    expect(found(nested, 5, { apart: [2] })).toEqual({ blocks: [5, 1, 7, 10], around: undefined })
  })
})

test('a loop with a jump through a register stays with what is around', () => {
  const lines = ['addi r3, r3, 1', `beq ${to(3)}`, 'bctr', `bdnz ${to(0)}`, 'li r5, 0']
  expect(found(lines, 0).around).toBeUndefined()
})

describe('a loop inside a unit can be set apart', () => {
  test('with the loops around it told', () => {
    expect(inside(nested, 0)).toEqual({ 1: [], 2: [1] })
  })

  test('unless it is entered behind its head', () => {
    expect(inside(nested.with(0, `b ${to(4)}`), 0)).toEqual({})
  })

  test('unless it jumps through a register', () => {
    expect(inside(['li r3, 0', 'addi r3, r3, 1', `beq ${to(4)}`, 'bctr', `bdnz ${to(1)}`, 'li r5, 0'], 0)).toEqual({})
  })

  test('which another one ends in that began before: it goes round as often, and is around', () => {
    const crossed = ['li r3, 0', 'addi r3, r3, 1', 'addi r4, r4, 1', `bne ${to(1)}`, `bdnz ${to(2)}`, 'li r5, 0']
    expect(inside(crossed, 0)[2]).toEqual([1])
  })
})

test('what goes round only by what lies before it is no loop by itself', () => {
  // The dispatch, which lies before its cases, is part of each round.
  const lines = [
    `b ${to(3)}`,
    'addi r3, r3, 1',
    `bdnz ${to(5)}`,
    'addi r4, r4, 1',
    `b ${to(1)}`,
    'li r5, 0',
    `b ${to(3)}`,
  ]
  expect(found(lines, 3).around).toBeUndefined()
})

describe('a large unit that jumps to many cases', () => {
  const length = 16
  const caseAt = (n: number): number => 4 + n * length
  const cases = (count: number): string[] =>
    Array.from({ length: count }, () => [...new Array<string>(length - 1).fill('addi r3, r3, 1'), `b ${to(1)}`]).flat()
  /** A step before the loop, the way to the jump, and the jump. */
  const head = ['li r3, 0', 'lwzu r4, 4(r5)', 'mtctr r4', 'bctr']
  function dispatch(lines: readonly string[], entry: number, count: number): number | undefined {
    const known = { seen: Array.from({ length: count }, (_, n) => caseAt(n)) }
    const start = dispatchOf(unitAt(lines, entry, known), pc => (pc === at(3) ? targets(known) : []))
    return start === undefined ? undefined : lineOf(start.head)
  }

  test('has a loop that is a unit of its own, from where all ways meet', () => {
    expect(dispatch([...head, ...cases(10)], 0, 10)).toBe(1)
    expect(dispatch([...head, ...cases(10)], caseAt(3), 10)).toBe(1)
  })

  test('is that loop where it begins with it', () => {
    expect(dispatch([...head, ...cases(10)], 1, 10)).toBeUndefined()
  })

  test('has none where it does not come back to the jump', () => {
    const once = cases(10).map(line => (line.startsWith('b ') ? 'blr' : line))
    expect(dispatch([...head, ...once], 0, 10)).toBeUndefined()
  })

  test('has none where one case alone comes back to it', () => {
    const some = cases(10).map((line, i) => (line.startsWith('b ') && i >= length ? 'blr' : line))
    expect(dispatch([...head, ...some], 0, 10)).toBeUndefined()
  })

  test('has none where there are few cases', () => {
    expect(dispatch([...head, ...cases(10)], 0, 7)).toBeUndefined()
  })
})
