/** What is told a translator of code, with the requests. */
import { expect, test } from 'vitest'
import { createLearned } from '../../../core/cpu/compiler/learned.ts'

const start = () => createLearned(new Map([[0x1000, 0x100]]))

test('is what is new since the last request, and all where it is asked for whole', () => {
  const learned = start()
  learned.called(0x2000)
  learned.called(0x2000)
  learned.jumped(0x1010, 0x1080)
  expect(learned.takeNews()).toEqual({ callTargets: [0x2000], jumps: [[0x1010, 0x1080]], forget: false })
  learned.called(0x3000)
  learned.jumped(0x1010, 0x1080)
  expect(learned.takeNews()).toEqual({ callTargets: [0x3000], jumps: [], forget: false })
  expect(learned.takeNews()).toEqual({ callTargets: [], jumps: [], forget: false })
  expect(learned.all()).toEqual({ callTargets: [0x2000, 0x3000], jumps: [[0x1010, 0x1080]], forget: false })
})

test('has no jumps into another function, and none whose targets are units of their own', () => {
  const learned = start()
  learned.called(0x1080)
  learned.jumped(0x1010, 0x1080)
  learned.jumped(0x1010, 0x2000)
  expect(learned.takeNews().jumps).toEqual([])
  learned.jumped(0x1010, 0x1040)
  learned.scatter([0x1010])
  expect(learned.all().jumps).toEqual([])
  expect(learned.takeJump(0x1040)).toBeUndefined()
})

test('is to forget all, once, where all was forgotten; nothing is known then', () => {
  const learned = start()
  learned.called(0x2000)
  learned.loops(0x1020)
  learned.jumped(0x1010, 0x1080)
  expect([learned.count(), learned.isHead(0x1020), learned.isForgotten()]).toEqual([3, true, false])
  learned.forget()
  expect([learned.count(), learned.isHead(0x1020), learned.isForgotten()]).toEqual([0, false, true])
  expect(learned.takeNews()).toEqual({ callTargets: [], jumps: [], forget: true })
  expect(learned.takeNews().forget).toBe(false)
})
