/** Instructions that units give up, and when those are compiled with all they mean. */
import { describe, expect, test } from 'vitest'
import { notSo } from '../../../core/cpu/compiler/calls.ts'
import { createRefusals } from '../../../core/cpu/compiler/refusals.ts'
import { transient } from '../../../core/cpu/state.ts'
import { hostMap } from '../../../core/memory/map.ts'
import { usualMode } from '../../kit/translation.ts'
import { codeBase, createWorkbench } from './workbench.ts'

const threshold = 3
const [load, sum, floats] = [codeBase, codeBase + 4, codeBase + 8]

function start(held: readonly number[] = [load, sum, floats]) {
  const { memory, place } = createWorkbench()
  place(['lwz r3, 0(r4)', 'add r3, r3, r4', 'fadds f1, f2, f3'])
  const view = new DataView(memory.bytes.buffer)
  const refusals = createRefusals({ memory: memory.bytes.buffer, threshold, holds: pc => held.includes(pc) })
  const giveUp = (pc: number): void => view.setUint32(hostMap.stateBlock + transient.refused, pc, true)
  return { refusals, giveUp }
}

describe('a hot address', () => {
  test.each([
    ['a load', load, true],
    ['arithmetic of floats', floats, true],
    ['what has nothing rare', sum, false],
  ])('that a unit gave up last, %s, is whole from then on: %$', (_, pc, whole) => {
    const { refusals, giveUp } = start()
    giveUp(pc)
    expect(refusals.becomesWhole(pc, usualMode)).toBe(whole)
    expect(refusals.whole.has(pc)).toBe(whole)
  })

  test('is whole, whatever it is, where a unit that begins there took for granted what is not so', () => {
    const { refusals, giveUp } = start()
    giveUp(sum + notSo)
    expect(refusals.becomesWhole(sum, usualMode)).toBe(true)
  })

  test('that no unit gave up last is not, nor one that no unit holds any more', () => {
    const { refusals, giveUp } = start([floats])
    giveUp(floats)
    expect(refusals.becomesWhole(load, usualMode)).toBe(false)
    giveUp(load)
    expect(refusals.becomesWhole(load, usualMode)).toBe(false)
    expect([...refusals.whole]).toEqual([])
  })

  test('becomes whole once, until that is forgotten', () => {
    const { refusals, giveUp } = start()
    giveUp(load)
    expect(refusals.becomesWhole(load, usualMode)).toBe(true)
    giveUp(load)
    expect(refusals.becomesWhole(load, usualMode)).toBe(false)
    refusals.forget()
    giveUp(load)
    expect(refusals.becomesWhole(load, usualMode)).toBe(true)
  })

  test('is given up but once each time: what was told of is not told again', () => {
    const { refusals, giveUp } = start()
    giveUp(load)
    refusals.becomesWhole(load, usualMode)
    refusals.forget()
    expect(refusals.becomesWhole(load, usualMode)).toBe(false)
  })
})

describe('a unit that gives its first instruction up', () => {
  test('is told of each time it has done so as often as makes an address hot', () => {
    const { refusals } = start()
    expect(Array.from({ length: 6 }, () => refusals.stuck(load))).toEqual([false, false, true, false, false, true])
  })

  test('counts from the start where another took its place', () => {
    const { refusals } = start()
    refusals.stuck(load)
    refusals.stuck(load)
    refusals.left(load)
    expect(Array.from({ length: 3 }, () => refusals.stuck(load))).toEqual([false, false, true])
  })
})
