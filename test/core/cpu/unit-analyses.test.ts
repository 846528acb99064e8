import { describe, expect, test } from 'vitest'
import { spansOfUnit } from '../../../core/cpu/compiler/accesses.ts'
import { chainsOf } from '../../../core/cpu/compiler/chains.ts'
import { factsOf } from '../../../core/cpu/compiler/facts.ts'
import { blockAt, findUnit } from '../../../core/cpu/compiler/find.ts'
import { flowOf } from '../../../core/cpu/compiler/flow.ts'
import type { Instruction } from '../../../core/cpu/compiler/meaning.ts'
import { has, registersOf } from '../../../core/cpu/compiler/registers.ts'
import { shapeOf } from '../../../core/cpu/compiler/shape.ts'
import { files } from '../../../core/cpu/state.ts'
import { finderIn } from './finder.ts'
import { codeBase, createWorkbench } from './workbench.ts'

const at = (line: number): number => codeBase + 4 * line
const to = (line: number): string => `0x${at(line).toString(16)}`

/** What is known of the unit of some lines, blocks being named by the line they begin at. */
function analysed(lines: readonly string[]) {
  const { memory, place } = createWorkbench()
  place(lines)
  const unit = findUnit(finderIn(memory), at(0))
  if (unit === undefined) throw new Error('there is no unit')
  const flow = flowOf(unit, () => [])
  const { order } = shapeOf(flow)
  const registers = registersOf(unit, flow, order)
  const block = (line: number): number => blockAt(unit, at(line))
  const gpr = (number: number): number => registers.at(files.gpr.at + files.gpr.step * number)?.index ?? -1
  const instruction = (line: number, index: number): Instruction => {
    const one = unit.blocks[block(line)]?.instructions[index]
    if (one === undefined) throw new Error(`line ${line} begins no block of ${index + 1}`)
    return one
  }
  const spans = spansOfUnit(unit, registers, flow, order)
  const chains = chainsOf(unit, registers, flow, order)
  const { facts } = factsOf(unit, registers, flow)
  const vector = (number: number): number => registers.at(files.vr.at + files.vr.step * number)?.index ?? -1
  return {
    isDirty: (line: number, number: number) => has(registers.dirtyIn, gpr(number), block(line) * registers.words),
    isLive: (line: number, number: number) => has(registers.liveIn, gpr(number), block(line) * registers.words),
    span: (line: number, index: number) => spans.of(instruction(line, index))?.span,
    isPlain: (line: number, number: number) => has(facts.plain, vector(number), block(line) * registers.words),
    hasLowWord: (number: number) => has(chains.lowWords, gpr(number)),
    isLink: (line: number, index: number) => chains.isLink(instruction(line, index)),
  }
}

test('the bits of two vectors together are known to be ordinary where both are the same, and ordinary', () => {
  const sums = ['vaddfp v1, v0, v0', 'vaddfp v2, v0, v0']
  const unit = analysed([...sums, 'vor v3, v1, v2', 'vor v4, v1, v1', 'vor v5, v6, v6', `b ${to(6)}`, 'blr'])
  expect([1, 2, 3, 4, 5].map(number => unit.isPlain(6, number))).toEqual([true, true, false, true, false])
})

describe('a register that is written on one of two ways to a place', () => {
  const lines = (last: string): string[] => [`beq ${to(3)}`, 'li r5, 1', 'nop', last, 'blr']

  test('is stored on that way where nobody reads it, so that the other need not load it', () => {
    const unit = analysed(lines('li r6, 2'))
    expect(unit.isDirty(3, 5)).toBe(false)
    expect(unit.isLive(0, 5)).toBe(false)
  })

  test('stays in its local where it is read', () => {
    const unit = analysed(lines('addi r6, r5, 2'))
    expect(unit.isDirty(3, 5)).toBe(true)
    expect(unit.isLive(0, 5)).toBe(true)
  })

  test('stays there in a loop, which may store it when it is left', () => {
    const unit = analysed([`beq ${to(3)}`, 'li r5, 1', 'nop', 'li r6, 2', `bdnz ${to(0)}`, 'blr'])
    expect(unit.isDirty(3, 5)).toBe(true)
  })
})

describe('accesses of one base in two blocks', () => {
  test('share a check where one way alone leads from the one to the other', () => {
    const unit = analysed(['lwz r4, 0(r3)', `beq ${to(3)}`, 'lwz r5, 8(r3)', 'blr'])
    expect(unit.span(2, 0)).toBe(unit.span(0, 0))
    expect(unit.span(0, 0)).toMatchObject({ least: 0, end: 12 })
  })

  test('do not where two ways lead there, where a call lies between, or where a store follows loads', () => {
    const joined = analysed(['lwz r4, 0(r3)', `beq ${to(4)}`, 'li r6, 1', 'nop', 'lwz r5, 8(r3)', 'blr'])
    expect(joined.span(4, 0)).not.toBe(joined.span(0, 0))
    const called = analysed(['lwz r4, 0(r3)', `bl ${to(4)}`, 'lwz r5, 8(r3)', 'blr', 'blr'])
    expect(called.span(2, 0)).not.toBe(called.span(0, 0))
    const stored = analysed(['lwz r4, 0(r3)', `beq ${to(3)}`, 'stw r5, 8(r3)', 'blr'])
    expect(stored.span(2, 0)).not.toBe(stored.span(0, 0))
  })

  test('do not where they lie far apart: the one behind may never happen', () => {
    const unit = analysed(['lwz r4, 0(r3)', `beq ${to(3)}`, 'lwz r5, 2000(r3)', 'blr'])
    expect(unit.span(0, 0)).toMatchObject({ least: 0, end: 4 })
  })
})

describe('a load', () => {
  test('is a link of a chain where the next one waits for it, round a loop', () => {
    const chased = analysed(['lwz r3, 4(r3)', 'cmpwi r3, 0', `bne ${to(0)}`, 'blr'])
    expect(chased.isLink(0, 0)).toBe(true)
    expect(chased.hasLowWord(3)).toBe(false)
    const two = analysed(['ld r4, 0(r3)', 'ld r3, 0(r4)', `bdnz ${to(0)}`, 'blr'])
    expect([two.isLink(0, 0), two.isLink(0, 1)]).toEqual([true, true])
  })

  test('is none where nothing goes on from it, where it does not go on from itself, and outside loops', () => {
    const side = analysed(['lwz r5, 8(r3)', 'lwz r3, 0(r3)', 'lwz r6, 0(r7)', 'lwz r8, 0(r6)', `bdnz ${to(0)}`, 'blr'])
    expect([0, 1, 2, 3].map(index => side.isLink(0, index))).toEqual([false, true, false, false])
    expect(analysed(['lwz r3, 0(r3)', 'lwz r3, 0(r3)', 'blr']).isLink(0, 0)).toBe(false)
  })
})

describe('a register has a low word', () => {
  test('where a loop loads it from such registers, and does not write it otherwise', () => {
    const two = analysed(['ld r4, 0(r3)', 'ld r3, 0(r4)', `bdnz ${to(0)}`, 'blr'])
    expect([3, 4].map(two.hasLowWord)).toEqual([true, true])
    const moved = analysed(['ld r3, 0(r3)', 'addi r3, r3, 8', `bdnz ${to(0)}`, 'blr'])
    expect(moved.hasLowWord(3)).toBe(false)
  })

  test('not where its chain ends with it, nor outside loops', () => {
    const side = analysed(['ld r5, 8(r3)', 'ld r3, 0(r3)', 'ld r6, 0(r7)', `bdnz ${to(0)}`, 'blr'])
    expect([3, 5, 6].map(side.hasLowWord)).toEqual([true, false, false])
    expect(analysed(['ld r3, 0(r3)', 'ld r3, 0(r3)', 'blr']).hasLowWord(3)).toBe(false)
  })
})
