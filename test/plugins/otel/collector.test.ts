import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { expect, test } from 'vitest'
import { limits } from '../../../core/index.ts'
import { createBus } from '../../../core/plugin/bus.ts'
import { createCollector } from '../../../plugins/otel/collector.ts'
import { tracesUrl } from '../../../plugins/otel/export.ts'
import { createOtel } from '../../../plugins/otel/index.ts'
import { options } from '../../../plugins/otel/options.ts'
import { aKernel, anEvent, aRun, aScene, type Kernel, viewsOf } from '../../kit/facts.ts'
import { aFile, linesOf, spansIn } from '../../kit/otlp.ts'

type Answer = 'yes' | 'down' | 'refused' | 'throws'

const refusal = Object.assign(new Error('Bad Request'), { code: 400 })
const silence = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })

/** An exporter that answers in turn as told; the last answer stays. Answers come later, as over a network. */
function anExporter(answers: readonly Answer[]) {
  const taken: (readonly ReadableSpan[])[] = []
  let asked = 0
  let inFlight = 0
  let most = 0
  const exporter: SpanExporter = {
    export(spans, callback) {
      const answer = answers[Math.min(asked, answers.length - 1)]
      asked += 1
      inFlight += 1
      most = Math.max(most, inFlight)
      if (answer === 'throws') {
        inFlight -= 1
        throw new Error('cannot be serialized')
      }
      setImmediate(() => {
        inFlight -= 1
        if (answer === 'yes') taken.push(spans)
        callback(answer === 'yes' ? { code: 0 } : { code: 1, error: answer === 'refused' ? refusal : silence })
      })
    },
    shutdown: async () => {},
  }
  return { exporter, taken, asked: () => asked, most: () => most }
}

function collecting(answers: readonly Answer[], attempts = 3) {
  const fake = anExporter(answers)
  const lines: string[] = []
  const pauses: number[] = []
  const collector = createCollector({
    exporter: fake.exporter,
    url: 'http://c/v1/traces',
    attempts,
    log: line => void lines.push(line),
    pause: async milliseconds => void pauses.push(milliseconds),
  })
  return { ...fake, collector, lines, pauses }
}

const batch = (size: number) => Array.from({ length: size }, () => ({}) as ReadableSpan)

test('batches are sent, a few at a time, and counted by the span', async () => {
  const { collector, taken, most } = collecting(['yes'])
  for (let i = 0; i < 10; i += 1) collector.send(batch(3))
  await collector.drain()
  expect(taken).toHaveLength(10)
  expect(most()).toBe(4)
  expect(collector.counts()).toMatchObject({ sent: 30, refused: 0, unsent: 0, retries: 0 })
})

test('a collector that comes back gets every batch, and the failures before are said', async () => {
  const { collector, taken, lines, pauses } = collecting(['down', 'down', 'yes'])
  const sizes = [1, 2, 3]
  for (const size of sizes) collector.send(batch(size))
  await collector.drain()
  expect(taken.map(spans => spans.length).sort()).toEqual(sizes)
  expect(collector.counts()).toMatchObject({ sent: 6, unsent: 0, retries: 1 })
  expect(pauses).toEqual([1000])
  expect(lines[0]).toContain('does not answer (ECONNREFUSED); attempt 1 of 3')
  expect(lines[1]).toContain('answers again')
})

test('while it is down one batch at a time is tried, after longer and longer pauses up to ten seconds', async () => {
  const { collector, asked, pauses } = collecting(['down'], 8)
  for (let i = 0; i < 4; i += 1) collector.send(batch(1))
  await collector.drain()
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000, 10_000])
  expect(asked()).toBe(4 + 7)
})

test('given up after the stated attempts, what is queued and what comes after is counted as unsent', async () => {
  const { collector, lines } = collecting(['down'], 2)
  collector.send(batch(5))
  collector.send(batch(2))
  await collector.drain()
  collector.send(batch(1))
  expect(collector.gaveUp).toBe(true)
  expect(collector.counts()).toMatchObject({ sent: 0, unsent: 8 })
  expect(lines.at(-1)).toContain('given up after attempt 2 of 2: ECONNREFUSED')
})

test('a refused batch is not tried again; it is counted, and said once for each reason', async () => {
  const { collector, lines, asked } = collecting(['refused', 'refused', 'yes'])
  for (let i = 0; i < 3; i += 1) collector.send(batch(2))
  await collector.drain()
  expect(asked()).toBe(3)
  expect(collector.counts()).toMatchObject({ sent: 2, refused: 4, unsent: 0 })
  expect(lines).toEqual(['the collector at http://c/v1/traces refused 2 spans: 400 Bad Request'])
})

test('an exporter that throws does not end the run', async () => {
  const { collector } = collecting(['throws'], 1)
  collector.send(batch(2))
  await collector.drain()
  expect(collector.counts()).toMatchObject({ unsent: 2 })
})

test('the machine waits while too much is queued, and goes on when half of it is gone', async () => {
  const { collector } = collecting(['yes'])
  expect(collector.ready()).toBeUndefined()
  for (let i = 0; i < limits.otlpQueue.value + 4; i += 1) collector.send(batch(1))
  const waiting = collector.ready()
  expect(waiting).toBeInstanceOf(Promise)
  await waiting
  const { sent } = collector.counts()
  expect(sent).toBeGreaterThanOrEqual(limits.otlpQueue.value / 2)
  expect(sent).toBeLessThan(limits.otlpQueue.value + 4)
  await collector.drain()
})

test('the machine does not wait for a collector that was given up', async () => {
  const { collector } = collecting(['down'], 1)
  for (let i = 0; i < 2 * limits.otlpQueue.value; i += 1) collector.send(batch(1))
  await collector.ready()
  expect(collector.ready()).toBeUndefined()
  expect(collector.counts().unsent).toBe(2 * limits.otlpQueue.value)
})

test('the path of traces is put behind an endpoint that lacks it', () => {
  expect(tracesUrl('http://localhost:4318')).toBe('http://localhost:4318/v1/traces')
  expect(tracesUrl('http://localhost:4318/')).toBe('http://localhost:4318/v1/traces')
  expect(tracesUrl('https://host/otlp/?key=1')).toBe('https://host/otlp/v1/traces?key=1')
  expect(tracesUrl('http://host/v1/traces')).toBe('http://host/v1/traces')
})

const over = { cause: 'finished', exitStatus: 0, text: 'over', verdicts: [] } as const

/** A traced run against a collector at `endpoint`, or one played by an exporter. */
async function streamed(endpoint: string, act: (kernel: Kernel) => void, exporter?: SpanExporter, attempts = '1') {
  const file = aFile()
  const lines: string[] = []
  const bus = createBus({ strict: true })
  const context = {
    run: aRun(),
    machine: viewsOf(),
    log: (line: string) => void lines.push(line),
    output: () => file,
  }
  const { instance } = bus.attach('otel', () => createOtel(context, options.parse({ endpoint, attempts }), exporter))
  act(aKernel(bus))
  await instance.end?.(over)
  return { file, lines, counters: instance.counters?.() ?? {}, report: instance.report?.()[0]?.lines ?? [] }
}

const someLife = (kernel: Kernel): void => {
  kernel['object.created'](aScene, anEvent(1), 0, 0, 1, '')
  for (let i = 0; i < 120; i += 1) kernel['object.signalled'](aScene, anEvent(1), 0, 0, 1, 0)
}

/** A collector of this test: keeps the bodies it accepted, and answers with the statuses told, then with 200. */
async function listening<T>(statuses: number[], use: (endpoint: string, bodies: string[]) => Promise<T>): Promise<T> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const status = statuses.shift() ?? 200
      if (status === 200) bodies.push(body)
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies)
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
}

test('what the exporter of the SDK sends is byte for byte what the file holds', async () => {
  await listening([], async (endpoint, bodies) => {
    const { file, counters, report } = await streamed(endpoint, someLife)
    expect(bodies).toEqual(linesOf(file.text()))
    expect(bodies.flatMap(spansIn)).toHaveLength(4)
    expect(counters).toMatchObject({ spans_total: 4, spans_sent_total: 4, spans_written_total: 4 })
    expect(report).toEqual(['4 spans in out/traces.jsonl', `4 spans sent to ${endpoint}`])
  })
})

test('a collector that refuses by its status is not asked again, and the report says how much it has not', async () => {
  await listening([400], async endpoint => {
    const { counters, report, lines } = await streamed(endpoint, someLife)
    expect(counters).toMatchObject({ spans_sent_total: 0, spans_refused_total: 4, spans_written_total: 4 })
    expect(report).toContain('4 spans were refused by the collector')
    expect(lines[0]).toContain('400')
  })
})

test('a collector that is busy is asked again', async () => {
  await listening([503], async (endpoint, bodies) => {
    const { counters } = await streamed(endpoint, someLife)
    expect(bodies).toHaveLength(1)
    expect(counters).toMatchObject({ spans_sent_total: 4, spans_unsent_total: 0 })
  })
})

test('with the collector down the file has all, and the report says what was not sent', async () => {
  const { exporter } = anExporter(['down'])
  const { file, counters, report } = await streamed('http://localhost:1', someLife, exporter)
  expect(linesOf(file.text()).flatMap(spansIn)).toHaveLength(4)
  expect(counters).toMatchObject({ spans_written_total: 4, spans_sent_total: 0, spans_unsent_total: 4 })
  expect(report).toContain('4 spans could not be sent; the file has them all')
  expect(file.closed()).toBe(true)
})
