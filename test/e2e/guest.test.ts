import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deviceTraceIdOf, traceIdOf, traceUrl, urlOf } from '../../plugins/otel/ids.ts'
import { linesOf, type Plain, plainOf, type SpanJson, spansIn } from '../kit/otlp.ts'
import { type Jaeger, type OtlpSpan, spansOf, startJaeger } from './jaeger.ts'

const main = fileURLToPath(new URL('../../core/cli/main.ts', import.meta.url))
const guest = (name: string) => fileURLToPath(new URL(`../guests/${name}.xex`, import.meta.url))

const byIndex = (a: OtlpSpan, b: OtlpSpan) =>
  Number(plainOf(a.attributes)['xenon.segment.index'] ?? 0) - Number(plainOf(b.attributes)['xenon.segment.index'] ?? 0)

const eventsOf = (spans: readonly OtlpSpan[]): Plain[] =>
  [...spans]
    .sort(byIndex)
    .flatMap(span => (span.events ?? []).map(event => ({ ...plainOf(event.attributes), name: event.name })))

describe('a guest that runs under the command line and streams to a real Jaeger', () => {
  let jaeger: Jaeger
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'xenoscope-e2e-'))
    jaeger = await startJaeger()
  })
  afterAll(async () => {
    await jaeger?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function run(name: string, runId: string, ...more: string[]) {
    const out = join(folder, `${runId}-${more.length}`)
    const child = spawn(process.execPath, [main, 'run', guest(name), '--run-id', runId, '--out', out, ...more])
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    const [status] = (await once(child, 'close')) as [number]
    const path = join(out, runId, 'traces.jsonl')
    if (!existsSync(path)) throw new Error(`${name} left no traces, and ended with ${status}:\n${text}`)
    const file = readFileSync(path, 'utf8')
    return { status, text, file, spans: linesOf(file).flatMap(spansIn) }
  }

  const streamed = (name: string, runId: string) =>
    run(name, runId, '--otlp', jaeger.otlp, '--plugin', `otel:ui=${jaeger.ui}`)

  test('the hang of a guest is an error in the trace of the very object, under the URL that the run prints', async () => {
    const { status, text } = await streamed('never-signalled', 'never')
    expect(status).toBe(4)
    const url = /Event\/Manual 0x1004 #2: (http\S+)/.exec(text.replace(/\n\s+/g, ' '))?.[1]
    expect(url).toBe(traceUrl(jaeger.ui, 'never', 2))

    const spans = spansOf(await jaeger.trace(traceIdOf('never', 2), 3))
    expect(spans.map(span => span.name).sort()).toEqual([
      'Event/Manual',
      'Event/Manual lifetime',
      'Event/Manual segment',
    ])
    const anchor = spans.find(span => span.name === 'Event/Manual')
    expect(plainOf(anchor?.attributes)).toMatchObject({
      'xenon.handle.value': '0x1004',
      'thread.name': 'main',
      'xenon.source': 'NtCreateEvent',
      'xenon.object.adopted': false,
    })
    const events = eventsOf(spans)
    expect(events.map(event => event.name)).toEqual(['create', 'open', 'wait'])
    // The waiting thread's frames: frame pointer and return address of each, the names beside them.
    expect(events[2]?.['xenon.backchain']).toMatch(/^0x[0-9A-F]{8}:0x[0-9A-F]{8} 0x[0-9A-F]{8}:0x[0-9A-F]{8}$/)
    expect(events[2]?.['xenon.backchain.names']).toMatch(/^sub_\w+\+0x\w+ < sub_\w+\+0x\w+$/)
    expect(events[2]).toMatchObject({ 'thread.id': 2, 'xenon.source': 'NtWaitForSingleObjectEx' })
    const lifetime = spans.find(span => span.name === 'Event/Manual lifetime')
    expect(lifetime?.status?.code).toBe(2)
    expect(lifetime?.status?.message).toContain('nobody ever signalled it')
  })

  test('a hand-over between threads is wait, signal, wake in order, and the wake links to the signaller', async () => {
    const { status, spans } = await streamed('event-auto', 'auto')
    expect(status).toBe(0)
    const event = spans.find(span => span.name === 'Event/Auto')
    const serial = Number(plainOf(event?.attributes)['xenon.object.serial'])
    const stored = spansOf(await jaeger.trace(traceIdOf('auto', serial), 3))
    const events = eventsOf(stored)
    const sequences = events.map(one => one['xenon.sequence'] as number)
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
    const wake = events.find(one => one.name === 'wake' && one['xenon.cause'] !== undefined)
    const signal = events.find(one => one['xenon.sequence'] === wake?.['xenon.cause'])
    expect(signal?.name).toBe('signal')
    const threads = spans.filter(span => span.name === 'Thread').map(span => span.traceId)
    expect(threads).toContain(wake?.['xenon.peer.trace_id'])
    expect(stored.flatMap(span => span.links ?? []).map(link => link.traceId)).toContain(wake?.['xenon.peer.trace_id'])
  })

  test('a frame is a story: what the stream asked, the callback it ran, whom that woke, the fence and the frame on show', async () => {
    const { status, text, spans } = await streamed('title-road', 'road')
    expect(status).toBe(0)
    const gpu = deviceTraceIdOf('road', 'gpu')
    expect(text.replace(/\n\s+/g, ' ')).toContain(`frames, fences and vertical blanks: ${urlOf(jaeger.ui, gpu)}`)
    const written = spans.filter(span => span.traceId === gpu)
    const stored = spansOf(await jaeger.trace(gpu, written.length))
    const events = eventsOf(stored)
    const frames = events.filter(one => one.name === 'present')
    expect(frames.map(one => one['xenon.gpu.frame'])).toEqual([1, 2, 3, 4, 5, 6])
    expect(frames[0]).toMatchObject({ 'xenon.gpu.size': '1280x720', 'xenon.source': 'command-stream' })
    expect(events.find(one => one.name === 'fence')).toMatchObject({
      'xenon.gpu.packet': 'EVENT_WRITE_SHD',
      'xenon.gpu.value': '0x7',
    })
    // The first three are shown at once, each of the others at a vertical blank of its own.
    const shown = events.filter(one => one.name === 'present' || one.name === 'vertical_blank').map(one => one.name)
    expect(shown.slice(-10).join(' ')).toMatch(/(present ){3}.*(vertical_blank present ?){3}$/)

    // The event that the callback signals is the one the title waits for.
    const linked = spans.filter(span => (span.links ?? []).some(link => link.traceId === gpu))
    const event = linked.find(span => span.name === 'Event/Auto segment')
    const told = eventsOf(spansOf(await jaeger.trace(event?.traceId ?? '', 3)))
    const wake = told.find(one => one.name === 'wake' && one['xenon.peer.trace_id'] === gpu)
    const signal = told.find(one => one['xenon.sequence'] === wake?.['xenon.cause'])
    expect(signal).toMatchObject({ 'xenon.source': 'KeSetEvent', 'xenon.actor': 'interrupt' })
    expect(signal?.['xenon.interrupt']).toMatch(/^(vertical blank|command stream, interrupt) \d+$/)
  })

  test.each(['handle-reused', 'ghost-signal', 'wait-64', 'apc-blocks', 'timer-periodic', 'vtable-hang'])(
    'all of what %s did is in Jaeger as it is in the file: every span, every event',
    async name => {
      const { spans } = await streamed(name, `whole-${name}`)
      const traces = Map.groupBy(spans, span => span.traceId)
      expect(traces.size).toBeGreaterThan(1)
      const shape = (span: OtlpSpan | SpanJson) => [
        span.spanId,
        span.name,
        span.startTimeUnixNano,
        span.endTimeUnixNano,
        (span.events ?? []).map(event => [event.name, plainOf(event.attributes)['xenon.sequence']]),
      ]
      for (const [traceId, written] of traces) {
        const stored = spansOf(await jaeger.trace(traceId, written.length))
        expect(stored.map(shape).sort()).toEqual(written.map(shape).sort())
      }
    },
  )

  test('two runs with the same run id and trace base leave equal files, streaming or not', async () => {
    const base = ['--trace-base', new Date().toISOString()]
    const alone = await run('timer-periodic', 'equal', ...base)
    const streaming = await run('timer-periodic', 'equal', ...base, '--otlp', jaeger.otlp)
    expect(streaming.file).toBe(alone.file)
    const other = await run('timer-periodic', 'unequal', ...base)
    expect(other.file).not.toBe(alone.file)
  })
})
