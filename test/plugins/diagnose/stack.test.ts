import { expect, test } from 'vitest'
import { address, type ThreadView } from '../../../core/index.ts'
import type { BlockContext } from '../../../plugins/diagnose/blocks.ts'
import { createCodeHunt } from '../../../plugins/diagnose/code.ts'
import { createCollector } from '../../../plugins/diagnose/collect.ts'
import { createNames } from '../../../plugins/diagnose/names.ts'
import { callsOf } from '../../../plugins/diagnose/stack.ts'
import { runFile } from '../../kit/runs.ts'
import { aTitle, type Instruction, lwz, nop, type Title } from './title.ts'

const makeFrame: Instruction = () => 0x9421ffa0 // stwu r1, -0x60(r1)

function returnsOf({ views }: Title, thread: ThreadView): number[] {
  const context: BlockContext = {
    views,
    evidence: createCollector(),
    names: createNames(views),
    code: createCodeHunt(views),
  }
  return callsOf(context, thread).frames.map(({ lr }) => lr)
}

/** A thread at an instruction of `walk`, which makes its frame by its second, with these return addresses. */
function stopped(title: Title, instruction: number, returns: (begin: number) => number[], change = {}): ThreadView {
  const begin = title.function('walk', nop, makeFrame, lwz(3, 0, 3), nop)
  const frames = returns(begin).map((lr, i) => ({ fp: 0x70000000 + i * 0x60, lr }))
  return title.thread({ pc: address(begin + instruction * 4), stack: { frames, stop: 'end' }, ...change })
}

const caller = 0x82018008

test('of a function stopped past its prologue the caller is told once, with the stack pointer it goes back to', () => {
  const title = aTitle()
  const thread = stopped(title, 2, () => [caller, caller, caller + 0x40])
  expect(returnsOf(title, thread)).toEqual([caller, caller + 0x40])
})

test('of a function stopped before it made its frame every caller is told, though it called itself', () => {
  const title = aTitle()
  const thread = stopped(title, 1, begin => [begin + 12, begin + 12, caller])
  expect(returnsOf(title, thread)).toEqual([thread.pc + 8, thread.pc + 8, caller])
})

test('of a function that called itself past its prologue only the live address goes', () => {
  const title = aTitle()
  const thread = stopped(title, 2, begin => [begin + 12, begin + 12, begin + 12, caller])
  expect(returnsOf(title, thread)).toEqual([thread.pc + 4, thread.pc + 4, caller])
})

test('a live address that differs from the saved one stays', () => {
  const title = aTitle()
  const thread = stopped(title, 2, () => [caller + 4, caller])
  expect(returnsOf(title, thread)).toEqual([caller + 4, caller])
})

test('of a thread that waits every frame is told: at a kernel call none stands twice', () => {
  const title = aTitle()
  const begin = title.function('spin', nop, makeFrame, nop, nop)
  const waiter = title.waits('spinner', { in: begin, offset: 12 }, title.object({ kind: 'Event/Auto' }))
  const frames = [begin + 12, begin + 12, caller].map((lr, i) => ({ fp: 0x70000000 + i * 0x60, lr }))
  const thread = { ...waiter, pc: address(begin + 12), stack: { frames, stop: 'end' as const } }
  expect(returnsOf(title, thread)).toEqual([begin + 12, begin + 12, caller])
})

test('the report of a fault has each caller once, as text and as data', async () => {
  const guest = new URL('../../guests/fault.elf', import.meta.url).pathname
  const { sections } = await runFile(guest, { plugins: ['diagnose'] })
  const threads = sections.find(({ title }) => title === 'Threads')
  expect(threads?.lines.map(line => line.trim().replaceAll(/ {2,}/g, ' '))).toContain('stack _start+0x20')
  expect(threads?.data).toMatchObject({ threads: [{ stack: { frames: [{ name: '_start+0x20' }] } }] })
})
