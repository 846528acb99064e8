import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Scene } from '../../../core/facts/record.ts'
import type { Fact, MachineViews, RunEnd, RunInfo, Verdict } from '../../../core/index.ts'
import { actors, address, factNames, handle, limits, maskOf, serial } from '../../../core/index.ts'
import { createBus } from '../../../core/plugin/bus.ts'
import { deviceTraceIdOf, spanIdOf, traceIdOf, traceUrl } from '../../../plugins/otel/ids.ts'
import { createOtel } from '../../../plugins/otel/index.ts'
import { eventName } from '../../../plugins/otel/map.ts'
import { options } from '../../../plugins/otel/options.ts'
import {
  aKernel,
  anEvent,
  aRun,
  aScene,
  aThread,
  type Kernel,
  nothing,
  type Scenery,
  viewsOf,
} from '../../kit/facts.ts'
import { aFile, linesOf, plainOf, resourceOf, type SpanJson, spansIn } from '../../kit/otlp.ts'

interface Setting {
  readonly choice?: Readonly<Record<string, string>>
  readonly scenery?: Scenery
  readonly run?: Partial<RunInfo>
}

const over = (verdicts: readonly Verdict[] = [], cause: RunEnd['cause'] = 'finished'): RunEnd => ({
  cause,
  exitStatus: 0,
  text: 'over',
  verdicts,
})

/** A traced run: `act` is what the kernel tells, and may let the host look up. */
async function traced(
  act: (kernel: Kernel, slice: () => void, written: () => readonly SpanJson[]) => void,
  setting: Setting = {},
  end = over(),
) {
  const file = aFile()
  const lines: string[] = []
  const bus = createBus({ strict: true })
  const kernel = aKernel(bus)
  const machine: MachineViews = viewsOf({ cycle: () => kernel.cycle, ...setting.scenery })
  const context = { run: aRun(setting.run), machine, log: (line: string) => void lines.push(line), output: () => file }
  const { instance } = bus.attach('otel', () => createOtel(context, options.parse(setting.choice ?? {})))
  const written = () => linesOf(file.text()).flatMap(spansIn)
  act(kernel, () => instance.slice?.(), written)
  await instance.end?.(end)
  const requests = linesOf(file.text())
  const spans = requests.flatMap(spansIn)
  return {
    file,
    lines,
    requests,
    spans,
    named: (name: string) => spans.filter(span => span.name === name),
    ofObject: (number: number) => spans.filter(span => span.traceId === traceIdOf('run-1', number)),
    counters: instance.counters?.() ?? {},
    report: instance.report?.() ?? [],
  }
}

const create = (kernel: Kernel, number: number, value = 0x1000 + number * 4) => {
  kernel['object.created'](aScene, anEvent(number, 0), 0, 0, 1, '')
  kernel['handle.opened'](aScene, anEvent(number, value), 0, 0, 0)
}
/** Threads 7 and 8, objects 1 and 2. */
function startThreads(kernel: Kernel): void {
  for (const [serial, tid] of [
    [1, 7],
    [2, 8],
  ] as const) {
    kernel['object.created'](aScene, aThread(serial), 0, 0, 0, '')
    kernel['thread.started'](aScene, aThread(serial), 0, tid, 0x82010000, 0, 0)
  }
}
const signal = (kernel: Kernel, number: number) => kernel['object.signalled'](aScene, anEvent(number), 0, 0, 1, 0)
const eventsOf = (spans: readonly SpanJson[]) => spans.flatMap(span => span.events)
const sequencesOf = (spans: readonly SpanJson[]) =>
  eventsOf(spans).map(event => plainOf(event.attributes)['xenon.sequence'])

test('the life of an object is a trace: an anchor of no guest time, a segment with its events, a lifetime', async () => {
  const { ofObject, requests, counters } = await traced(
    kernel => {
      kernel.cycle = 50
      create(kernel, 5, 0x1004)
      kernel.cycle = 100
      signal(kernel, 5)
      kernel['object.reset'](aScene, anEvent(5, 0x1004), 0, 1)
      kernel.cycle = 150
      kernel['handle.closed'](aScene, anEvent(5, 0x1004), 0, 0)
      kernel['object.destroyed'](aScene, anEvent(5), 0, 0)
    },
    { scenery: { threads: [{ tid: 7, name: 'producer' }], names: { 2181103620: 'producer+0x4' } } },
  )
  const [anchor, segment, lifetime, ...rest] = ofObject(5)
  expect(rest).toEqual([])
  const at = (ticks: number, nanos = 0n) => String(1_700_000_000_000_000_000n + BigInt(ticks) * 20n + nanos)
  const identity = {
    'xenon.object.serial': 5,
    'xenon.object.kind': 'Event/Auto',
    'xenon.handle.value': '0x1004',
  }
  const made = {
    ...identity,
    'xenon.object.adopted': false,
    'thread.id': 7,
    'thread.name': 'producer',
    'xenon.lr': '0x82010004',
    'xenon.source': 'NtSetEvent',
    'xenon.sequence': 1,
    'xenon.cycle': 50,
    'xenon.backchain': '0x70010000:0x82010004 0x70010060:0x82010ABC',
    'xenon.backchain.names': 'producer+0x4 < 0x82010ABC',
  }
  expect(anchor).toMatchObject({ name: 'Event/Auto', startTimeUnixNano: at(50), endTimeUnixNano: at(50, 1n) })
  expect(anchor?.parentSpanId).toBeUndefined()
  expect(plainOf(anchor?.attributes)).toEqual(made)
  expect(segment).toMatchObject({
    name: 'Event/Auto segment',
    parentSpanId: anchor?.spanId,
    startTimeUnixNano: at(50),
    endTimeUnixNano: at(150),
  })
  expect(segment?.events.map(event => [event.name, event.timeUnixNano])).toEqual([
    ['create', at(50)],
    ['open', at(50)],
    ['signal', at(100)],
    ['reset', at(100)],
    ['close', at(150)],
    ['destroy', at(150)],
  ])
  expect(plainOf(segment?.events[2]?.attributes)).toEqual({
    'xenon.sequence': 3,
    'xenon.cycle': 100,
    'thread.id': 7,
    'xenon.hw_thread': 3,
    'xenon.lr': '0x82010004',
    'xenon.source': 'NtSetEvent',
    'xenon.aux': 'previous=0 state=1 woken=0',
    'xenon.handle.value': '0x1014',
    'xenon.backchain': made['xenon.backchain'],
    'xenon.backchain.names': made['xenon.backchain.names'],
  })
  expect(lifetime).toMatchObject({
    name: 'Event/Auto lifetime',
    parentSpanId: anchor?.spanId,
    endTimeUnixNano: at(150),
  })
  expect(plainOf(lifetime?.attributes)).toMatchObject({
    ...made,
    'xenon.end': 'last reference gone',
    'xenon.total.signal': 1,
  })
  expect(lifetime?.status.code).toBe(0)
  expect(resourceOf(requests[0] ?? '')).toMatchObject({
    'service.name': 'xenoscope',
    'service.version': '0.1.0',
    'service.instance.id': 'run-1',
    'host.name': 'bench',
    'xenon.title.id': '0x4D5307D1',
    'xenon.image.sha256': 'ab'.repeat(32),
  })
  expect(counters).toMatchObject({ events_total: 6, events_in_spans_total: 6, spans_total: 3, spans_written_total: 3 })
})

test('an anchor is written while its object is alive, and its events when they are old enough', async () => {
  await traced((kernel, slice, written) => {
    create(kernel, 1)
    slice()
    expect(written()).toEqual([])
    kernel.cycle = 50_000_000
    slice()
    expect(written().map(span => span.name)).toEqual(['Event/Auto'])
    kernel.cycle = 11 * 50_000_000
    slice()
    expect(written().map(span => span.name)).toEqual(['Event/Auto', 'Event/Auto segment'])
  })
})

test('an anchor knows the handle value though it comes after the creation, and one that never comes is absent', async () => {
  const { ofObject } = await traced(kernel => {
    create(kernel, 1, 0x1004)
    kernel.cycle = 1
    kernel['object.created'](aScene, { ...anEvent(2, 0), address: 0x82300010 }, 0, 0, 1, 'a name')
  })
  expect(plainOf(ofObject(1)[0]?.attributes)['xenon.handle.value']).toBe('0x1004')
  const second = plainOf(ofObject(2)[0]?.attributes)
  expect(second).toMatchObject({ 'xenon.object.address': '0x82300010', 'xenon.object.name': 'a name' })
  expect(second).not.toHaveProperty(['xenon.handle.value'])
})

test('an adopted object has an anchor that says so', async () => {
  const { ofObject } = await traced(kernel =>
    kernel['object.adopted'](aScene, { ...anEvent(3, 0), address: 0x82300010 }, 0, 1, 0),
  )
  expect(plainOf(ofObject(3)[0]?.attributes)['xenon.object.adopted']).toBe(true)
  expect(eventsOf(ofObject(3)).map(event => event.name)).toEqual(['adopt'])
})

test('a segment holds a hundred events; the next goes on where it ended', async () => {
  const { named, ofObject } = await traced(kernel => {
    create(kernel, 1)
    for (let i = 0; i < 248; i += 1) signal(kernel, 1)
  })
  const segments = named('Event/Auto segment')
  expect(segments.map(span => span.events.length)).toEqual([100, 100, 50])
  expect(segments.map(span => plainOf(span.attributes)['xenon.segment.index'])).toEqual([0, 1, 2])
  expect(segments.map(span => plainOf(span.attributes)['xenon.segment.cut'])).toEqual(['count', 'count', 'end'])
  expect(sequencesOf(ofObject(1))).toEqual(Array.from({ length: 250 }, (_, i) => i + 1))
})

test('a segment is cut by guest time, also when its object is left alone', async () => {
  const { named } = await traced(
    kernel => {
      create(kernel, 1)
      kernel.cycle = 49_999_999
      signal(kernel, 1)
      kernel.cycle = 50_000_000
      signal(kernel, 1)
      kernel.cycle = 500_000_000
      create(kernel, 2)
    },
    { choice: { 'segment-seconds': '1' } },
  )
  const ofFirst = named('Event/Auto segment').filter(span => plainOf(span.attributes)['xenon.object.serial'] === 1)
  expect(ofFirst.map(span => span.events.length)).toEqual([3, 1])
  expect(ofFirst.map(span => plainOf(span.attributes)['xenon.segment.cut'])).toEqual(['time', 'time'])
})

test('a very busy object goes on in a new trace that leads back to the one before', async () => {
  const most = limits.segmentsPerTrace.value
  const { spans, ofObject, counters } = await traced(
    kernel => {
      create(kernel, 1)
      for (let i = 0; i < most; i += 1) signal(kernel, 1)
    },
    { choice: { 'segment-events': '1' } },
  )
  expect(ofObject(1).filter(span => span.name.endsWith('segment'))).toHaveLength(most)
  const second = spans.filter(span => span.traceId === traceIdOf('run-1', 1, 1))
  expect(second.map(span => span.name)).toEqual([
    'Event/Auto',
    'Event/Auto segment',
    'Event/Auto segment',
    'Event/Auto lifetime',
  ])
  expect(second[0]?.links).toEqual([expect.objectContaining({ traceId: traceIdOf('run-1', 1) })])
  expect(plainOf(ofObject(1).at(-1)?.attributes)).toMatchObject({ 'xenon.end': 'rollover' })
  expect(counters.trace_rollovers_total).toBe(1)
})

test('at the end of the run every life ends; one that somebody is stuck on ends in error, with the verdict', async () => {
  const verdicts = [
    { tid: 7, serial: serial(2), code: 'never-signalled', text: 'thread 7 waits for ever', stuck: true },
    { tid: 8, serial: serial(2), code: 'never-signalled', text: 'thread 8 waits for ever', stuck: true },
    { tid: 9, serial: serial(1), code: 'in-time', text: 'thread 9 is fine', stuck: false },
  ]
  const { named, report } = await traced(
    kernel => {
      create(kernel, 1)
      create(kernel, 2)
      kernel.cycle = 70
    },
    {
      scenery: {
        objects: [{ serial: serial(2), kind: 'Event/Auto', firstHandle: handle(0x1008), address: address(0) }],
      },
    },
    over(verdicts, 'stuck'),
  )
  const [first, second] = named('Event/Auto lifetime')
  expect(first?.status.code).toBe(0)
  expect(second?.status).toEqual({ code: 2, message: 'thread 7 waits for ever; thread 8 waits for ever' })
  expect(plainOf(second?.attributes)).toMatchObject({ 'xenon.end': 'run_end', 'error.type': 'handle_stuck' })
  expect(second?.endTimeUnixNano).toBe(String(1_700_000_000_000_000_000n + 70n * 20n))
  expect(report[0]?.data).toMatchObject({
    stuck: [{ serial: 2, name: 'Event/Auto 0x1008 #2', url: traceUrl('http://localhost:16686', 'run-1', 2) }],
  })
})

test('without a diagnosis, an object with waiters when nothing can move ends in error', async () => {
  const objects = [{ serial: serial(1), alive: true, waiters: [7, 9] }]
  const { named } = await traced(kernel => create(kernel, 1), { scenery: { objects } }, over([], 'deadlock'))
  expect(named('Event/Auto lifetime')[0]?.status).toEqual({
    code: 2,
    message: 'thread 7, thread 9 waits on it at the end',
  })
})

test('a wait on several objects is one event in the trace of each', async () => {
  const { ofObject, counters } = await traced(kernel => {
    for (const number of [1, 2, 3]) create(kernel, number)
    kernel['wait.begun'](aScene, anEvent(1), 0, 1, 0, 1, -1, -1, 1, [1, 2, 1])
    kernel['wait.ended'](aScene, anEvent(2), 0, 0x102, -1, 1, 9, [1, 0, 2, 0, 1, 0])
  })
  for (const number of [1, 2])
    expect(eventsOf(ofObject(number)).map(event => event.name)).toEqual(['create', 'open', 'wait', 'timeout'])
  expect(eventsOf(ofObject(3)).map(event => event.name)).toEqual(['create', 'open'])
  expect(plainOf(eventsOf(ofObject(2))[3]?.attributes)['xenon.aux']).toBe(
    'status=0x00000102 index=-1 end=1 waited=9 objects=1,0,2,0,1,0',
  )
  expect(counters.events_total).toBe(10)
})

test('a wake links to the thread that signalled, and names the signal that caused it', async () => {
  const { ofObject } = await traced(kernel => {
    kernel['object.created'](aScene, aThread(1), 0, 0, 0, '')
    kernel['thread.started'](aScene, aThread(1), 0, 7, 0x82010000, 0, 0)
    kernel['object.created'](aScene, aThread(2), 0, 0, 0, '')
    kernel['thread.started'](aScene, aThread(2), 0, 8, 0x82010000, 0, 0)
    create(kernel, 3)
    kernel['wait.begun']({ ...aScene, tid: 8 }, anEvent(3), 0, 1, 0, 1, -1, -1, 1, [3])
    const cause = kernel['object.signalled'](aScene, anEvent(3), 0, 0, 1, 1)
    kernel['wait.ended']({ ...aScene, tid: 8 }, anEvent(3), cause, 0, 0, 0, 9, [3, 0])
    kernel['thread.woken']({ ...aScene, tid: 8 }, anEvent(3), cause, 0, 0)
  })
  const traceId = traceIdOf('run-1', 1)
  const signaller = { traceId, spanId: spanIdOf(traceId, 'anchor') }
  const segment = ofObject(3).find(span => span.events.length > 0)
  expect(segment?.events.map(event => event.name)).toEqual(['create', 'open', 'wait', 'signal', 'wake'])
  expect(segment?.links).toEqual([expect.objectContaining(signaller)])
  expect(plainOf(segment?.events[4]?.attributes)).toMatchObject({
    'xenon.cause': 8,
    'thread.id': 8,
    'xenon.peer.trace_id': traceId,
  })
  // The woken thread's own trace says that it was made ready.
  const woken = ofObject(2).find(span => span.events.length > 0)
  expect(woken?.events.map(event => event.name)).toEqual(['create', 'start', 'ready'])
  expect(woken?.links).toEqual([expect.objectContaining(signaller)])
  // The viewer would draw a link into the own trace as a parent.
  expect(ofObject(1).flatMap(span => span.links)).toEqual([])
})

test('a thread that signals itself by exiting is not linked to its own trace', async () => {
  const { ofObject } = await traced(kernel => {
    kernel['object.created'](aScene, aThread(1), 0, 0, 0, '')
    kernel['thread.started'](aScene, aThread(1), 0, 7, 0x82010000, 0, 0)
    const cause = kernel['object.signalled'](aScene, aThread(1), 0, 0, 1, 1)
    kernel['wait.ended']({ ...aScene, tid: 8 }, aThread(1), cause, 0, 0, 0, 9, [1, 1])
  })
  expect(ofObject(1).flatMap(span => span.links)).toEqual([])
})

test('what the kernel does on a path of its own names the actor, and a wake by it has no link', async () => {
  const timer = { ...aScene, tid: 0, lr: 0, source: 1, actor: 1 }
  const { ofObject, counters } = await traced(
    kernel => {
      create(kernel, 1)
      const cause = kernel['object.signalled'](timer, anEvent(1), 0, 0, 1, 1)
      kernel['wait.ended'](aScene, anEvent(1), cause, 0, 0, 0, 9, [1, 0])
    },
    { scenery: { sources: { 1: 'timer-expiry' } } },
  )
  const events = eventsOf(ofObject(1)).map(event => plainOf(event.attributes))
  expect(events[2]).toMatchObject({ 'thread.id': 0, 'xenon.actor': 'timer', 'xenon.source': 'timer-expiry' })
  expect(ofObject(1).flatMap(span => span.links)).toEqual([])
  expect(counters.links_unresolved_total).toBe(0)
})

test('a wait that an APC ends is linked to the thread that queued it', async () => {
  const { ofObject, counters } = await traced(kernel => {
    startThreads(kernel)
    create(kernel, 3)
    const cause = kernel['apc.queued'](aScene, aThread(2), 0, 8, 0x82010000, 0, 1)
    kernel['wait.ended']({ ...aScene, tid: 8 }, anEvent(3), cause, 3, 0xc0, 0, 9, [3, 0])
  })
  const traceId = traceIdOf('run-1', 1)
  expect(ofObject(3).flatMap(span => span.links)).toEqual([
    expect.objectContaining({ traceId, spanId: spanIdOf(traceId, 'anchor') }),
  ])
  expect(counters.links_unresolved_total).toBe(0)
})

test('an alert is an event of the thread, and the wait that it ends is linked to who alerted', async () => {
  const { ofObject, counters } = await traced(kernel => {
    startThreads(kernel)
    create(kernel, 3)
    const cause = kernel['thread.alerted'](aScene, aThread(2), 0, 8, 1, 1)
    kernel['wait.ended']({ ...aScene, tid: 8 }, anEvent(3), cause, 2, 0x101, 0, 9, [3, 0])
  })
  const alert = eventsOf(ofObject(2)).find(event => event.name === 'alert')
  expect(plainOf(alert?.attributes)).toMatchObject({ 'thread.id': 7, 'xenon.aux': 'thread=8 mode=1 woke=1' })
  const traceId = traceIdOf('run-1', 1)
  expect(ofObject(3).flatMap(span => span.links)).toEqual([
    expect.objectContaining({ traceId, spanId: spanIdOf(traceId, 'anchor') }),
  ])
  expect(counters.links_unresolved_total).toBe(0)
})

test('the README names the event of every fact', () => {
  const text = readFileSync(new URL('../../../plugins/otel/README.md', import.meta.url), 'utf8')
  const named = new Set([...text.matchAll(/`(\w+)`/g)].map(([, word]) => word))
  expect(factNames.map(kind => eventName({ kind } as Fact)).filter(name => !named.has(name))).toEqual([])
})

test('a wake by a signal too long ago has no link rather than a wrong one, and that is counted', async () => {
  const { ofObject, counters } = await traced(kernel => {
    kernel['object.created'](aScene, aThread(1), 0, 0, 0, '')
    kernel['thread.started'](aScene, aThread(1), 0, 7, 0x82010000, 0, 0)
    create(kernel, 2)
    const cause = signal(kernel, 2)
    for (let i = 0; i < limits.recentSignals.value; i += 1) signal(kernel, 2)
    kernel['wait.ended']({ ...aScene, tid: 8 }, anEvent(2), cause, 0, 0, 0, 9, [2, 0])
  })
  expect(ofObject(2).flatMap(span => span.links)).toEqual([])
  expect(counters.links_unresolved_total).toBe(1)
})

test('calls on a value that names no object make a trace of the value, in error, with the nearest object named', async () => {
  const { named, counters } = await traced(kernel => {
    kernel['ghost.met'](aScene, nothing, 0, 1, 0, 5, 0x2000)
    kernel['ghost.met'](aScene, nothing, 0, 1, 1, 5, 0x2000)
    for (let i = 0; i < limits.ghostTraces.value + 10; i += 1)
      kernel['ghost.met'](aScene, nothing, 0, 0, 0, 0, 0x10000 + i * 4)
  })
  expect(named('<UNCREATED>')).toHaveLength(limits.ghostTraces.value + 1)
  const [first] = named('<UNCREATED> segment')
  expect(first?.events.map(event => event.name)).toEqual(['ghost', 'ghost'])
  expect(plainOf(first?.events[0]?.attributes)).toMatchObject({
    'xenon.handle.value': '0x2000',
    'xenon.aux': 'class=1 operation=0 candidate=5 value=0x2000',
    'xenon.candidate.trace_id': traceIdOf('run-1', 5),
  })
  expect(named('<UNCREATED> lifetime')[0]?.status).toEqual({
    code: 2,
    message: '2 calls on 0x2000, which named no object',
  })
  expect(counters.ghost_values_overflow_total).toBe(11)
})

test('a delay, which is on no object, is told in the trace of its thread', async () => {
  const { ofObject } = await traced(kernel => {
    kernel['object.created'](aScene, aThread(1), 0, 0, 0, '')
    kernel['thread.started'](aScene, aThread(1), 0, 7, 0x82010000, 0, 0)
    kernel['wait.begun'](aScene, nothing, 0, 1, 0, 1, 10, 500, 1, [])
  })
  expect(eventsOf(ofObject(1)).map(event => event.name)).toEqual(['create', 'start', 'wait'])
})

test('what comes after the end of an object has a trace of its own, and no id is used twice', async () => {
  const { spans, counters } = await traced(kernel => {
    create(kernel, 1)
    kernel['object.destroyed'](aScene, anEvent(1), 0, 0)
    signal(kernel, 1)
  })
  expect(new Set(spans.map(span => `${span.traceId} ${span.spanId}`)).size).toBe(spans.length)
  expect(counters).toMatchObject({ unseen_beginnings_total: 1, events_total: 4, events_in_spans_total: 4 })
})

test('an object of a restored machine has the anchor that its first run gave it', async () => {
  const objects = [
    { serial: serial(9), alive: true, kind: 'Event/Auto' as const, name: 'old', firstHandle: handle(0x1024) },
  ]
  const { ofObject } = await traced(kernel => signal(kernel, 9), { scenery: { objects } })
  expect(plainOf(ofObject(9)[0]?.attributes)).toMatchObject({
    'xenon.object.name': 'old',
    'xenon.handle.value': '0x1024',
    'xenon.creation_seen': false,
  })
})

test('two runs with other run ids share no trace; ids are hex, and the URL is known beforehand', async () => {
  const act = (kernel: Kernel) => create(kernel, 1)
  const one = await traced(act)
  const two = await traced(act, { run: { runId: 'run-2' } })
  expect(one.spans[0]?.traceId).not.toBe(two.spans[0]?.traceId)
  for (const span of one.spans) {
    expect(span.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
  }
  expect(traceUrl('http://jaeger:16686/', 'run-1', 1)).toBe(`http://jaeger:16686/trace/${one.spans[0]?.traceId}`)
})

test('with nowhere to send to, no fact is asked for', () => {
  const bus = createBus()
  const context = { run: aRun(), machine: viewsOf(), log: () => {}, output: () => undefined }
  bus.attach('otel', () => createOtel(context, options.parse({})))
  expect(bus.mask).toEqual(maskOf([]))
})

test('a disk that is full is said once, and what was not written is counted', async () => {
  const lines: string[] = []
  const bus = createBus({ strict: true })
  const full = {
    ...aFile(),
    write: () => {
      throw new Error('the disk is full')
    },
  }
  const context = { run: aRun(), machine: viewsOf(), log: (line: string) => void lines.push(line), output: () => full }
  const { instance } = bus.attach('otel', () => createOtel(context, options.parse({})))
  const kernel = aKernel(bus)
  create(kernel, 1)
  kernel.cycle = 100_000_000
  create(kernel, 2)
  await instance.end?.(over())
  expect(lines).toEqual(['traces cannot be written: the disk is full'])
  expect(instance.counters?.()).toMatchObject({ spans_total: 6, spans_written_total: 0, spans_unwritten_total: 6 })
})

interface Happening {
  readonly what: string
  readonly object: number
  readonly others: readonly number[]
  readonly after: number
  readonly slices: readonly number[]
}

const about = ({ what, object, others }: Happening): readonly number[] =>
  what === 'wait' || what === 'wake' ? [...new Set([object, ...others])] : [object]

/** Any facts on a few objects, at any times; an object is created before anything else happens to it, or never. */
const happening = fc
  .array(
    fc.record({
      what: fc.constantFrom('create', 'signal', 'wait', 'wake', 'destroy', 'ghost', 'look'),
      object: fc.integer({ min: 1, max: 3 }),
      others: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
      after: fc.constantFrom(0, 0, 1, 10_000_000, 30_000_000, 700_000_000),
      slices: fc.array(fc.integer({ min: 0, max: 30_000_000 }), { maxLength: 3 }),
    }),
    { maxLength: 150 },
  )
  .map(events => {
    const known = new Set<number>()
    return events.filter((event: Happening) => {
      if (event.what === 'look' || event.what === 'ghost') return true
      if (event.what === 'create' && known.has(event.object)) return false
      for (const one of about(event)) known.add(one)
      return true
    })
  })

function play(kernel: Kernel, events: readonly Happening[], slice: () => void) {
  for (const { what, object, others, after, slices } of events) {
    const until = kernel.cycle + after
    for (const step of [...slices].sort((a, b) => a - b)) {
      kernel.cycle = Math.min(until, kernel.cycle + step)
      slice()
    }
    kernel.cycle = until
    if (what === 'create') kernel['object.created'](aScene, anEvent(object, 0), 0, 0, 1, '')
    else if (what === 'signal') signal(kernel, object)
    else if (what === 'wait') kernel['wait.begun'](aScene, anEvent(object), 0, 1, 0, 1, -1, -1, 1, [object, ...others])
    else if (what === 'wake')
      kernel['wait.ended'](
        aScene,
        anEvent(object),
        0,
        0,
        0,
        0,
        1,
        [object, ...others].flatMap(one => [one, 0]),
      )
    else if (what === 'destroy') kernel['object.destroyed'](aScene, anEvent(object), 0, 0)
    else if (what === 'ghost') kernel['ghost.met'](aScene, nothing, 0, 0, 0, 0, object * 4)
    else slice()
  }
}

test('whenever the host looks up, equal runs write equal bytes', async () => {
  const choice = { 'segment-seconds': '0.5', 'segment-events': '3' }
  await fc.assert(
    fc.asyncProperty(happening, async events => {
      const looked = await traced((kernel, slice) => play(kernel, events, slice), { choice })
      const alone = await traced(kernel => play(kernel, events, () => {}), { choice })
      expect(looked.file.text()).toBe(alone.file.text())
    }),
    { numRuns: 60 },
  )
})

test('every fact is in the trace of each of its objects exactly once, and no span or event is lost on the way', async () => {
  await fc.assert(
    fc.asyncProperty(happening, async events => {
      const { spans, counters } = await traced((kernel, slice) => play(kernel, events, slice), {
        choice: { 'segment-events': '7' },
      })
      const expected = events
        .filter(event => event.what !== 'look')
        .flatMap((event, i) =>
          event.what === 'ghost'
            ? [`ghost ${event.object * 4} ${i + 1}`]
            : about(event).map(one => `object ${one} ${i + 1}`),
        )
      const found = spans.flatMap(span => {
        const { 'xenon.object.serial': number, 'xenon.handle.value': value } = plainOf(span.attributes)
        const whose = number === undefined ? `ghost ${Number(value)}` : `object ${number}`
        return span.events.map(event => `${whose} ${plainOf(event.attributes)['xenon.sequence']}`)
      })
      expect(found.sort()).toEqual(expected.sort())
      expect(counters.events_in_spans_total).toBe(counters.events_total)
      expect(counters.spans_written_total).toBe(counters.spans_total)
      expect(spans).toHaveLength(counters.spans_total ?? -1)
      expect(new Set(spans.map(span => `${span.traceId} ${span.spanId}`)).size).toBe(spans.length)
      const anchors = new Set(spans.filter(span => span.parentSpanId === undefined).map(span => span.spanId))
      for (const span of spans) expect(anchors.has(span.parentSpanId ?? span.spanId)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

describe('the GPU', () => {
  const stream: Scene = { tid: 0, hardwareThread: 0, lr: 0, sp: 0, source: 17, actor: actors.indexOf('device') }
  const callback: Scene = { ...aScene, tid: 0, hardwareThread: 2, actor: actors.indexOf('interrupt') }
  const gpu = deviceTraceIdOf('run-1', 'gpu')
  const scenery = { names: { 2181496832: 'graphics' } }

  test('has a trace of its own: vertical blanks, interrupts, fences and frames, in the words of Direct3D', async () => {
    const { spans } = await traced(
      kernel => {
        kernel.cycle = 100
        kernel['interrupt.begun'](callback, nothing, 0, 0, 1, 0x82070000)
        kernel.cycle = 200
        kernel['interrupt.begun'](callback, nothing, 0, 1, 1, 0x82070000)
        kernel['fence.written'](stream, nothing, 0, 0x1fffd000, 0x55, 0x58)
        kernel['frame.presented'](stream, nothing, 0, 1, 0x1fa54000, 1280, 720)
      },
      { scenery },
    )
    const own = spans.filter(span => span.traceId === gpu)
    expect(own.map(span => span.name)).toEqual(['GPU', 'GPU segment', 'GPU lifetime'])
    expect(plainOf(own[0]?.attributes)).toEqual({ 'xenon.object.kind': 'GPU' })
    const events = own.flatMap(span => span.events)
    expect(events.map(event => event.name)).toEqual(['vertical_blank', 'interrupt', 'fence', 'present'])
    const [blank, command, fence, frame] = events.map(event => plainOf(event.attributes))
    expect(blank).toMatchObject({ 'xenon.gpu.vertical_blank': 1, 'xenon.gpu.routine': 'graphics' })
    expect(command).toMatchObject({ 'xenon.gpu.interrupt': 1, 'xenon.actor': 'interrupt' })
    expect(fence).toMatchObject({
      'xenon.gpu.packet': 'EVENT_WRITE_SHD',
      'xenon.gpu.address': '0x1FFFD000',
      'xenon.gpu.value': '0x55',
    })
    expect(frame).toMatchObject({
      'xenon.gpu.frame': 1,
      'xenon.gpu.front_buffer': '0x1FA54000',
      'xenon.gpu.size': '1280x720',
    })
  })

  test('is where the signal of a graphics callback comes from, and the wake that follows: both say so and link there', async () => {
    const { ofObject } = await traced(kernel => {
      create(kernel, 5)
      kernel['wait.begun'](aScene, anEvent(5), 0, 1, 0, 1, -1, -1, 1, [5])
      kernel.cycle = 100
      kernel['interrupt.begun'](callback, nothing, 0, 1, 3, 0x82070000)
      // Another hardware thread's interrupt is not this one's.
      kernel['interrupt.begun']({ ...callback, hardwareThread: 4 }, nothing, 0, 0, 9, 0x82070000)
      const cause = kernel['object.signalled'](callback, anEvent(5), 0, 0, 1, 1)
      kernel['wait.ended'](aScene, anEvent(5), cause, 0, 0, 0, 100, [5, 0])
      kernel.cycle = 200
      kernel['interrupt.begun'](callback, nothing, 0, 0, 12, 0x82070000)
      kernel['object.signalled'](callback, anEvent(5), 0, 0, 1, 0)
      signal(kernel, 5)
    })
    const told = eventsOf(ofObject(5)).map(({ name, attributes }) => {
      const { 'xenon.interrupt': interrupt, 'xenon.peer.trace_id': peer } = plainOf(attributes)
      return [name, interrupt, peer]
    })
    expect(told).toEqual([
      ['create', undefined, undefined],
      ['open', undefined, undefined],
      ['wait', undefined, undefined],
      ['signal', 'command stream, interrupt 3', gpu],
      ['wake', undefined, gpu],
      ['signal', 'vertical blank 12', gpu],
      ['signal', undefined, undefined],
    ])
    expect(
      ofObject(5)
        .flatMap(span => span.links ?? [])
        .map(link => link.traceId),
    ).toEqual([gpu])
  })

  test('has no trace in a run that never heard of it', async () => {
    const { spans } = await traced(kernel => create(kernel, 5))
    expect(spans.filter(span => span.traceId === gpu)).toEqual([])
  })
})
