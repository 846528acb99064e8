import { describe, expect, test } from 'vitest'
import { address, handle, type RunEnd, ticks } from '../../../core/index.ts'
import type { BlockContext } from '../../../plugins/diagnose/blocks.ts'
import { createCodeHunt } from '../../../plugins/diagnose/code.ts'
import { createCollector } from '../../../plugins/diagnose/collect.ts'
import { diagnose } from '../../../plugins/diagnose/diagnosis.ts'
import { createNames } from '../../../plugins/diagnose/names.ts'
import { sectionsOf } from '../../../plugins/diagnose/report.ts'
import { aTitle, bl, blr, lis, lwz, nop, type Title } from './title.ts'

function contextOf({ views }: Title): BlockContext {
  return { views, evidence: createCollector(), names: createNames(views), code: createCodeHunt(views) }
}

function told(title: Title, cause: RunEnd['cause'] = 'deadlock'): string {
  const context = contextOf(title)
  const [first] = sectionsOf(context, diagnose(context, cause), { cause })
  return [first?.title ?? '', ...(first?.lines ?? [])].join('\n')
}

describe('where it begins', () => {
  test('a thread that stands in the code that would signal is in the way of who waits for that signal', () => {
    const title = aTitle()
    const set = title.thunk('NtSetEvent')
    const level = title.object({ kind: 'Event/Auto', handles: [handle(0x1008)] })
    const footer = title.object({ kind: 'Event/Auto', handles: [handle(0x100c)] })
    const cell = title.cell(0x1008)
    // The decoder waits for the footer, and would set the level's event right after.
    const decode = title.function('decode', nop, nop, lis(3, cell), lwz(3, cell, 3), bl(set), blr)
    const draw = title.function('draw', nop, nop, blr)
    title.waits('renderer', { in: draw, offset: 8 }, level)
    const decoder = title.waits('decoder', { in: decode, offset: 8 }, footer)
    const { roots } = diagnose(contextOf(title), 'deadlock')
    expect(roots.map(({ thread }) => thread.tid)).toEqual([decoder.tid])
    expect(told(title)).toMatch(/^Why it hangs\nThread 2 "decoder" waits for ever on Event\/Auto 0x100C/)
  })

  test('two threads that each stand before the signal the other waits for are a circle', () => {
    const title = aTitle()
    const set = title.thunk('NtSetEvent')
    const ping = title.object({ kind: 'Event/Auto', handles: [handle(0x1008)] })
    const pong = title.object({ kind: 'Event/Auto', handles: [handle(0x100c)] })
    const [pingCell, pongCell] = [title.cell(0x1008), title.cell(0x100c)]
    const left = title.function('left', nop, nop, lis(3, pingCell), lwz(3, pingCell, 3), bl(set), blr)
    const right = title.function('right', nop, nop, lis(3, pongCell), lwz(3, pongCell, 3), bl(set), blr)
    title.waits('left', { in: left, offset: 8 }, pong)
    title.waits('right', { in: right, offset: 8 }, ping)
    const text = told(title).replaceAll(/\s+/g, ' ')
    expect(text).toContain('Thread 1 "left" and thread 2 "right" seem to wait for each other.')
    expect(text).toContain('thread 2 "right" is in the code that would signal it')
  })

  test('a queue with entries in it that lets nobody go is as busy as it may be', () => {
    const title = aTitle()
    const here = { in: title.function('take', nop, nop, nop), offset: 8 }
    title.waits('worker', here, title.object({ kind: 'Queue', state: 2 }))
    expect(told(title).replaceAll(/\s+/g, ' ')).toContain(
      'it holds 2 entries, and as many threads as it allows run on what they took',
    )
  })

  test('a circle of owners is stuck though the title still runs', () => {
    const title = aTitle()
    const here = { in: title.function('take', nop, nop, nop), offset: 8 }
    const first = title.object({ kind: 'Mutant', handles: [handle(0x1004)], owner: 2 })
    const second = title.object({ kind: 'Mutant', handles: [handle(0x1008)], owner: 1 })
    title.waits('left', here, first)
    title.waits('right', here, second)
    title.thread({ name: 'main', state: 'running' })
    expect(told(title, 'limit')).toContain('wait for each other, and none can go on')
  })

  test('so is one in which a suspended owner waits all the same, as in a critical region: its suspension is not to blame', () => {
    const title = aTitle()
    const here = { in: title.function('take', nop, nop, nop), offset: 8 }
    const first = title.object({ kind: 'Mutant', handles: [handle(0x1004)], owner: 2 })
    const second = title.object({ kind: 'Mutant', handles: [handle(0x1008)], owner: 1 })
    title.waits('left', here, first)
    Object.assign(title.waits('right', here, second), { suspendCount: 1 })
    expect(told(title)).toContain('wait for each other, and none can go on')
    expect(diagnose(contextOf(title), 'deadlock').suspended).toEqual([])
  })

  test('a short wait is nobody’s fault while the title still runs, and none is when it has finished', () => {
    const title = aTitle()
    const here = { in: title.function('work', nop, nop, nop), offset: 8 }
    title.waits('worker', here, title.object({ kind: 'Event/Auto', handles: [handle(0x1004)] }))
    for (const cause of ['limit', 'signal', 'finished'] as const)
      expect(diagnose(contextOf(title), cause).roots).toEqual([])
  })

  test('a thread that owns what it waits for stands in its own way', () => {
    const title = aTitle()
    const here = { in: title.function('take', nop, nop, nop), offset: 8 }
    title.waits('left', here, title.object({ kind: 'Mutant', handles: [handle(0x1004)], owner: 1 }))
    expect(told(title)).toContain('its owner is this thread itself')
  })
})

describe('the words', () => {
  test('of guest text cannot disturb a terminal', () => {
    const title = aTitle()
    const here = { in: title.function('work', nop, nop, nop), offset: 8 }
    title.waits('a\u001b[2J\nb', here, title.object({ kind: 'Event/Auto', handles: [handle(0x1004)], name: '\u0007' }))
    const context = contextOf(title)
    for (const { lines } of sectionsOf(context, diagnose(context, 'deadlock'), { cause: 'deadlock' }))
      expect(lines.join('')).not.toMatch(/\p{Cc}/u)
  })

  test('fit in a hundred columns, but for tables and names', () => {
    const title = aTitle()
    const here = { in: title.function('work', nop, nop, nop), offset: 8 }
    const events = Array.from({ length: 64 }, (_, i) =>
      title.object({ kind: 'Event/Manual', handles: [handle(0x1004 + i * 4)] }),
    )
    title.waits('waits for a great many things at once', here, ...events)
    const text = told(title)
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
    expect(text).toContain('and 56 more')
  })
})

test('a thread of the system that faulted is told of like any other', () => {
  const title = aTitle()
  title.thread({ name: 'main', state: 'running' })
  title.thread({ system: true, state: 'waiting' })
  const body = title.function('body', nop, nop, blr)
  const plugin = title.thread({ system: true, state: 'running', pc: address(body + 4) })
  const context = contextOf(title)
  const end = { cause: 'fault', fault: { tid: plugin.tid } } as unknown as RunEnd
  const section = sectionsOf(context, diagnose(context, 'fault'), end).find(one => one.title === 'Threads')
  const text = section?.lines.join('\n') ?? ''
  expect(text).toMatch(/^Thread 3 faulted\.\n {2}at +body\+0x4$/m)
  expect(text).toContain('1 thread of the system:')
})

test('files that a title asked for in vain are told, with how often and who was first', () => {
  const title = aTitle()
  const load = title.function('load', nop, nop, blr)
  const first = { sequence: 3, cycle: ticks(50_000), tid: 1, lr: address(load + 8), source: 0x10001 }
  const views = { ...title.views, absentFiles: () => [{ path: 'game:\\Media\\a.bin', tries: 3, first }] }
  const context = contextOf({ ...title, views })
  const sections = sectionsOf(context, diagnose(context, 'finished'), { cause: 'finished' } as RunEnd)
  const section = sections.find(one => one.title === 'Files that were asked for and are not there')
  expect(section?.lines.join(' ').replaceAll(/ {2,}/g, ' · ')).toMatch(
    /^game:\\Media\\a\.bin · 3 times · first by thread 1 at \S+ \S+: load\+0x8$/,
  )
})
