import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunEnd, serial } from '../../core/index.ts'
import { createBus } from '../../core/plugin/bus.ts'
import { traceIdOf, traceUrl } from '../../plugins/otel/ids.ts'
import { createOtel } from '../../plugins/otel/index.ts'
import { options } from '../../plugins/otel/options.ts'
import { aKernel, anEvent, aRun, aScene, aThread, type Kernel, viewsOf } from '../kit/facts.ts'
import { aFile, linesOf } from '../kit/otlp.ts'
import { type Jaeger, type OtlpAttribute, type OtlpSpan, spansOf, startJaeger } from './jaeger.ts'

const plain = (attributes: readonly OtlpAttribute[] = []): Record<string, string | number | boolean | undefined> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? (value.intValue === undefined ? undefined : Number(value.intValue)),
    ]),
  )

const sequences = (span: OtlpSpan | undefined) =>
  span?.events?.map(event => plain(event.attributes)['xenon.sequence'] as number)

/** The base is now, as a run without `--trace-base` has it, since searching goes by it. */
const traceBase = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000_000n
const at = (ticks: number, nanos = 0n): string => String(traceBase + BigInt(ticks) * 20n + nanos)

const stuck: RunEnd = {
  cause: 'stuck',
  exitStatus: 4,
  text: 'nothing moves',
  verdicts: [
    { tid: 8, serial: serial(4), code: 'never-signalled', text: 'thread 8 waits, nobody ever signalled', stuck: true },
  ],
}

describe('the traces of a run in a real Jaeger', () => {
  let jaeger: Jaeger
  beforeAll(async () => {
    jaeger = await startJaeger()
  })
  afterAll(async () => {
    await jaeger?.stop()
  })

  async function stream(runId: string, act: (kernel: Kernel) => void, end: RunEnd) {
    const file = aFile()
    const bus = createBus({ strict: true })
    const kernel = aKernel(bus)
    const machine = viewsOf({
      cycle: () => kernel.cycle,
      threads: [{ tid: 7, name: 'producer' }],
      names: { 2181103620: 'producer+0x4' },
    })
    const run = aRun({ runId, traceBase })
    const context = { run, machine, log: () => {}, output: () => file }
    const { instance } = bus.attach('otel', () =>
      createOtel(context, options.parse({ endpoint: jaeger.otlp, ui: jaeger.ui })),
    )
    act(kernel)
    await instance.end?.(end)
    return { file, counters: instance.counters?.() ?? {}, report: instance.report?.()[0]?.lines ?? [] }
  }

  /** Two threads, a hand-over that works (#3) and one that never comes (#4). */
  function handOver(kernel: Kernel): void {
    const consumer = { ...aScene, tid: 8, lr: 0x82020008 }
    kernel['object.created'](aScene, aThread(1), 0, 0, 0, '')
    kernel['thread.started'](aScene, aThread(1), 0, 7, 0x82010000, 0, 0)
    kernel['object.created'](aScene, aThread(2), 0, 0, 0, '')
    kernel['thread.started'](aScene, aThread(2), 0, 8, 0x82020000, 0, 0)
    for (const number of [3, 4]) {
      kernel.cycle += 10
      kernel['object.created'](aScene, anEvent(number, 0), 0, 0, 0, '')
      kernel['handle.opened'](aScene, anEvent(number), 0, 0, 0)
    }
    for (let i = 0; i < 70; i += 1) {
      kernel.cycle += 100
      kernel['wait.begun'](consumer, anEvent(3), 0, 1, 0, 1, -1, -1, 1, [3])
      kernel.cycle += 100
      const cause = kernel['object.signalled'](aScene, anEvent(3), 0, 0, 1, 1)
      kernel['wait.ended'](consumer, anEvent(3), cause, 0, 0, 0, 100, [3, 0])
      kernel['thread.woken'](consumer, anEvent(3), cause, 0, 0)
    }
    kernel['wait.begun'](consumer, anEvent(4), 0, 1, 0, 1, -1, -1, 1, [3, 4])
    kernel.cycle += 50_000_000
  }

  test('a trace has its anchor, its segments and its lifetime; events keep their order, attributes and frames', async () => {
    await stream('hand-over', handOver, stuck)
    const resources = await jaeger.trace(traceIdOf('hand-over', 3), 5)
    const spans = [...spansOf(resources)].sort((a, b) => (a.events?.length ?? 0) - (b.events?.length ?? 0))
    expect(spans).toHaveLength(5)
    const anchor = spans.find(span => span.name === 'Event/Auto')
    const lifetime = spans.find(span => span.name === 'Event/Auto lifetime')
    const segments = spans
      .filter(span => span.name === 'Event/Auto segment')
      .sort(
        (a, b) =>
          Number(plain(a.attributes)['xenon.segment.index']) - Number(plain(b.attributes)['xenon.segment.index']),
      )

    expect(anchor?.parentSpanId ?? '').toBe('')
    expect([anchor?.startTimeUnixNano, anchor?.endTimeUnixNano]).toEqual([at(10), at(10, 1n)])
    expect(plain(anchor?.attributes)).toMatchObject({
      'xenon.object.serial': 3,
      'xenon.object.kind': 'Event/Auto',
      'xenon.object.adopted': false,
      'xenon.handle.value': '0x100C',
      'thread.id': 7,
      'thread.name': 'producer',
      'xenon.lr': '0x82010004',
      'xenon.backchain': '0x70010000:0x82010004 0x70010060:0x82010ABC',
      'xenon.backchain.names': 'producer+0x4 < 0x82010ABC',
    })
    for (const span of [...segments, lifetime]) expect(span?.parentSpanId).toBe(anchor?.spanId)

    // 2 of the creation, 70 times wait, signal, wake, and the wait on both: 213, each once and in order.
    expect(segments.map(span => span.events?.length)).toEqual([100, 100, 13])
    const all = segments.flatMap(span => sequences(span) ?? [])
    expect(all).toHaveLength(213)
    expect(all).toEqual([...new Set(all)].sort((a, b) => a - b))
    expect(segments[0]?.events?.slice(0, 8).map(event => event.name)).toEqual([
      'create',
      'open',
      'wait',
      'signal',
      'wake',
      'wait',
      'signal',
      'wake',
    ])
    const wake = segments[0]?.events?.[4]
    expect(wake?.timeUnixNano).toBe(at(220))
    expect(plain(wake?.attributes)).toMatchObject({
      'xenon.cycle': 220,
      'thread.id': 8,
      'xenon.hw_thread': 3,
      'xenon.lr': '0x82020008',
      'xenon.source': 'NtSetEvent',
      'xenon.aux': 'status=0x00000000 index=0 end=0 waited=100 objects=3,0',
      'xenon.cause': all[3] as number,
      'xenon.backchain': '0x70010000:0x82010004 0x70010060:0x82010ABC',
    })

    const producer = traceIdOf('hand-over', 1)
    for (const segment of segments) expect(segment.links?.map(link => link.traceId)).toEqual([producer])
    expect(plain(resources[0]?.resource?.attributes)).toMatchObject({
      'service.name': 'xenoscope',
      'service.instance.id': 'hand-over',
      'host.name': 'bench',
      'xenon.title.id': '0x4D5307D1',
    })
  })

  test('the object that somebody is stuck on ends in error, is found by it, and has the URL that the report prints', async () => {
    const { report } = await stream('stuck', handOver, stuck)
    const traceId = traceIdOf('stuck', 4)
    const spans = spansOf(await jaeger.trace(traceId, 3))
    const lifetime = spans.find(span => span.name === 'Event/Auto lifetime')
    expect(lifetime?.status).toEqual({ code: 2, message: 'thread 8 waits, nobody ever signalled' })
    expect(spans.flatMap(span => span.events ?? []).map(event => event.name)).toEqual(['create', 'open', 'wait'])
    expect(report).toContain(`object #4: ${traceUrl(jaeger.ui, 'stuck', 4)}`)

    // Searching by attribute is not in `/api/v3` of the pinned version; its UI uses this.
    const minute = 60_000
    const search = new URLSearchParams({
      service: 'xenoscope',
      tags: JSON.stringify({ 'error.type': 'handle_stuck' }),
      start: String((Date.now() - minute) * 1000),
      end: String((Date.now() + minute) * 1000),
      limit: '100',
    })
    const found = (await (await fetch(`${jaeger.ui}/api/traces?${search}`)).json()) as { data: { traceID: string }[] }
    const ids = found.data.map(trace => trace.traceID)
    expect(ids).toContain(traceId)
    expect(ids).not.toContain(traceIdOf('stuck', 3))
  })

  test('the view for people warns of nothing: no orphan, no duplicate, no clock that is corrected', async () => {
    await stream('clean', handOver, stuck)
    for (const number of [1, 2, 3, 4]) {
      const answer = await fetch(`${jaeger.ui}/api/traces/${traceIdOf('clean', number)}`)
      const { data } = (await answer.json()) as {
        data: { warnings?: unknown; spans: { warnings?: unknown; references: unknown[] }[] }[]
      }
      expect(data[0]?.warnings ?? null).toBeNull()
      for (const span of data[0]?.spans ?? []) expect(span.warnings ?? null).toBeNull()
    }
  })

  test('every object of a busy run is there, and Jaeger holds exactly what the counters say was sent', async () => {
    const objects = 300
    const { counters, file } = await stream(
      'busy',
      kernel => {
        for (let number = 1; number <= objects; number += 1) {
          kernel.cycle += 1000
          kernel['object.created'](aScene, anEvent(number, 0), 0, 0, 0, '')
        }
        for (let i = 0; i < 250; i += 1)
          for (let number = 1; number <= objects; number += 1) {
            kernel.cycle += 10
            kernel['object.signalled'](aScene, anEvent(number), 0, 0, 1, 0)
          }
      },
      { ...stuck, verdicts: [] },
    )
    expect(counters).toMatchObject({ spans_refused_total: 0, spans_unsent_total: 0, events_total: objects * 251 })
    expect(counters.spans_sent_total).toBe(objects * 5)
    expect(linesOf(file.text()).length).toBe(counters.requests_total)
    for (const number of [1, 150, objects]) {
      const spans = spansOf(await jaeger.trace(traceIdOf('busy', number), 5))
      expect(spans.flatMap(span => span.events ?? [])).toHaveLength(251)
    }
  })

  test('the file that a run without a collector leaves is what the upload page of Jaeger takes', async () => {
    const { file } = await stream('upload', handOver, stuck)
    for (const line of linesOf(file.text())) {
      const answer = await fetch(`${jaeger.ui}/api/transform`, { method: 'POST', body: line })
      expect(answer.status).toBe(200)
      const { data } = (await answer.json()) as { data: { spans: unknown[] }[] }
      expect(data.flatMap(trace => trace.spans).length).toBeGreaterThan(0)
    }
  })
})
