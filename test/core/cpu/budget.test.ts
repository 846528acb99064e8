import { describe, expect, it } from 'vitest'
import { budgetOf } from '../../../core/cpu/compiler/budget.ts'
import { flowTo } from './ways.ts'

function of(lengths: readonly number[], ways: readonly (readonly number[])[]) {
  return budgetOf({
    flow: flowTo(ways),
    length: block => lengths[block] ?? 0,
    order: [...lengths.keys()],
  })
}

describe('the budget of a unit', () => {
  it('is asked for once where two ways part and meet again: for the longer of them', () => {
    const { need, owed, paid } = of([3, 10, 2, 4], [[1, 2], [3], [3], []])
    expect([...need]).toEqual([17, 0, 0, 0])
    expect([...owed]).toEqual([0, 3, 3, 0])
    expect([0, 1, 2, 3].map(paid)).toEqual([true, false, false, true])
  })

  it('is asked for at each round of a loop', () => {
    const { need, owed } = of([1, 5, 2], [[1], [1, 2], []])
    expect([...need]).toEqual([1, 7, 0])
    expect([...owed]).toEqual([0, 0, 5])
  })

  it('is never asked for more than a few blocks at once', () => {
    const { need } = of(Array(8).fill(60), [[1], [2], [3], [4], [5], [6], [7], []])
    expect(Math.max(...need)).toBeLessThanOrEqual(128)
    expect([...need].reduce((sum, one) => sum + one)).toBe(8 * 60)
  })

  it('is asked for at each round of a loop of two entries', () => {
    const { need, paid } = of([1, 3, 4], [[1, 2], [2], [1]])
    expect([...need]).toEqual([5, 7, 0])
    expect([1, 2].map(paid)).toEqual([true, true])
  })
})
