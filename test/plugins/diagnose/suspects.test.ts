import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { address, handle, limits, type MissingExport, ticks } from '../../../core/index.ts'
import type { BlockContext } from '../../../plugins/diagnose/blocks.ts'
import { createCodeHunt } from '../../../plugins/diagnose/code.ts'
import { createCollector } from '../../../plugins/diagnose/collect.ts'
import { diagnose } from '../../../plugins/diagnose/diagnosis.ts'
import { createMissingUses } from '../../../plugins/diagnose/missing-uses.ts'
import { createNames } from '../../../plugins/diagnose/names.ts'
import { suspectsOf } from '../../../plugins/diagnose/suspects.ts'
import { runFile } from '../../kit/runs.ts'
import { aTitle, nop, type Title } from './title.ts'

type Uses = ReturnType<typeof createMissingUses>
type Call = Parameters<Uses['note']>[0]

interface Made {
  readonly source: number
  readonly tid: number
  readonly given?: number
  readonly cycle?: number
  readonly sequence?: number
}

/** A call of a missing export, as its fact tells of it. */
function call(uses: Uses, { source, tid, given = 0, cycle = 0, sequence = 1 }: Made): void {
  const fact = { tid, sequence, export: source, result: 0, r3: given, r4: 0, r5: 0, r6: 0 } as Call
  uses.note(fact, { sequence, cycle, tid, actor: 'thread', lr: 0x82010004, source })
}

const anExport = (source: number, name: string, tag: string, calls = 1): MissingExport => ({
  source,
  module: 'xboxkrnl.exe',
  name,
  tags: [tag],
  calls,
  first: {
    sequence: 1,
    cycle: ticks(0),
    tid: 1,
    lr: address(0x82010004),
    source,
    stack: { frames: [], stop: 'end' },
  },
})

function rank(title: Title, uses: Uses, missing: readonly MissingExport[]): string[] {
  const views = { ...title.views, missingExports: () => missing }
  const context: BlockContext = {
    views,
    evidence: { ...createCollector(), missing: uses.of },
    names: createNames(views),
    code: createCodeHunt(views),
  }
  return suspectsOf(context, diagnose(context, 'deadlock')).map(
    ({ missing: { name }, likely, reasons }) => `${name}${likely ? '!' : ''} ${reasons[0] ?? ''}`,
  )
}

function aHang() {
  const title = aTitle()
  const event = title.object({ kind: 'Event/Auto', handles: [handle(0x1008)], address: address(0x40001040) })
  const code = title.function('work', nop, nop, nop)
  const waiter = title.waits('worker', { in: code, offset: 8 }, event)
  const main = title.thread({ name: 'main', state: 'running' })
  return { title, event, waiter, main, uses: createMissingUses() }
}

describe('of the exports without a body, the first told of', () => {
  test('is the one that was given the very handle a thread waits on, whoever called it', () => {
    const { title, uses, waiter, main } = aHang()
    call(uses, { source: 1, tid: waiter.tid, given: 0x2000 })
    call(uses, { source: 2, tid: main.tid, given: 0x1008 })
    expect(rank(title, uses, [anExport(1, 'KeTuneThread', 'misc', 9), anExport(2, 'XamOpen', 'misc')])).toEqual([
      'XamOpen! it was given Event/Auto 0x1008 #1, on which thread 1 "worker" waits',
      'KeTuneThread thread 1 "worker" called it right before it began to wait',
    ])
  })

  test('is the one that was given memory which holds the object, before one that was given memory beside it', () => {
    const { title, uses, main } = aHang()
    call(uses, { source: 1, tid: main.tid, given: 0x40001044 })
    call(uses, { source: 2, tid: main.tid, given: 0x40001000 })
    const [first, second] = rank(title, uses, [anExport(1, 'IoA', 'sync'), anExport(2, 'IoB', 'sync')])
    expect(first).toMatch(/^IoB! it was given memory that holds Event/)
    expect(second).toBe('IoA its subject is what threads wait for')
  })

  test('is the one that the waiting thread called last, if its subject wakes threads', () => {
    const { title, uses, waiter } = aHang()
    call(uses, { source: 1, tid: waiter.tid })
    call(uses, { source: 2, tid: waiter.tid })
    const ranked = rank(title, uses, [anExport(1, 'RtlA', 'strings', 50), anExport(2, 'KeA', 'threads')])
    expect(ranked.map(text => text.split(' ')[0])).toEqual(['KeA!', 'RtlA'])
  })

  test('is not one that was given a value before it named the object', () => {
    const { title, uses, main, event } = aHang()
    const made = { ...event, created: { ...event.created, sequence: 70 } } as typeof event
    const views = { ...title.views, objects: () => [made], object: () => made }
    call(uses, { source: 1, tid: main.tid, given: 0x1008, sequence: 50 })
    expect(rank({ ...title, views }, uses, [anExport(1, 'XamOpen', 'misc')])).toEqual(['XamOpen '])
  })

  test('is likely only where somebody is stuck', () => {
    const title = aTitle()
    title.thread({ name: 'main', state: 'running' })
    const uses = createMissingUses()
    call(uses, { source: 1, tid: 1 })
    expect(rank(title, uses, [anExport(1, 'KeInsertAlarm', 'threads')])).toEqual([
      'KeInsertAlarm its subject is what threads wait for',
    ])
  })
})

test('what an export was given is bounded, the oldest goes, and what went is counted', () => {
  const uses = createMissingUses()
  const most = limits.unimplementedWords.value
  for (let i = 1; i <= most + 3; i += 1) call(uses, { source: 1, tid: i % 80, given: i, sequence: i })
  expect([...(uses.of(1)?.given.keys() ?? [])].slice(0, 1)).toEqual([4])
  expect(uses.of(1)?.callers.size).toBe(limits.unimplementedCallers.value)
  const counters = uses.counters()
  expect(counters[limits.unimplementedWords.counter]).toBe(3)
  expect(counters[limits.unimplementedCallers.counter]).toBeGreaterThan(0)
})

test('a guest that hangs by a missing export is told so first, with the first caller’s back chain by name', async () => {
  const { sections } = await runFile(join(import.meta.dirname, '../../guests/missing-export.elf'), {
    plugins: ['diagnose'],
  })
  const text = (sections[0]?.lines ?? []).join(' ').replaceAll(/\s+/g, ' ')
  expect(sections[0]?.title).toBe('Exports called but not implemented')
  expect(text).toContain('IoCompleteRequest (xboxkrnl.exe), 1 call: the likeliest cause of the hang.')
  expect(text).toContain('it was given memory that holds Event/Manual at')
  expect(text).toContain('stack read+0x18 ← reader+0x1C')
  expect(text.indexOf('HalSetAudioEnable (xboxkrnl.exe), 3 calls.')).toBeGreaterThan(text.indexOf('first by'))
  expect(sections[0]?.data).toMatchObject({
    exports: [
      { name: 'IoCompleteRequest', likely: true, callers: [{ calls: 1 }] },
      { name: 'HalSetAudioEnable', likely: false, callers: [{ calls: 3 }] },
    ],
  })
})
