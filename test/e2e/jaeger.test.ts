import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Jaeger, spansOf, startJaeger } from './jaeger.ts'

const traceId = '5b8efff798038103d269b633813fc60c'

const text = (key: string, value: string) => ({ key, value: { stringValue: value } })

/** Two events whose names sort against their order, so that a store that sorts is caught. */
const request = {
  resourceSpans: [
    {
      resource: { attributes: [text('service.name', 'xenoscope')] },
      scopeSpans: [
        {
          spans: [
            {
              traceId,
              spanId: 'eee19b7ec3c1b174',
              name: 'Event/Manual',
              kind: 1,
              startTimeUnixNano: '1700000000000000020',
              endTimeUnixNano: '1700000000000000060',
              events: [
                { name: 'wait', timeUnixNano: '1700000000000000020', attributes: [text('xenon.lr', '0x82010010')] },
                { name: 'signal', timeUnixNano: '1700000000000000040', attributes: [text('xenon.lr', '0x82010020')] },
              ],
            },
          ],
        },
      ],
    },
  ],
}

describe('a real Jaeger under the shipped configuration', () => {
  let jaeger: Jaeger
  beforeAll(async () => {
    jaeger = await startJaeger()
  })
  afterAll(async () => {
    await jaeger?.stop()
  })

  test('a trace posted as OTLP/JSON is read back with its times and the order of its events', async () => {
    const answer = await fetch(`${jaeger.otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    })
    expect(answer.status).toBe(200)

    const [span] = spansOf(await jaeger.trace(traceId))
    expect(span?.startTimeUnixNano).toBe('1700000000000000020')
    expect(span?.events?.map(event => event.name)).toEqual(['wait', 'signal'])
    expect(span?.events?.[1]?.attributes).toEqual([text('xenon.lr', '0x82010020')])
    expect(await jaeger.services()).toEqual(['xenoscope'])
  })

  test('a trace is stored before its sender is told so', async () => {
    const other = structuredClone(request)
    const span = other.resourceSpans[0]?.scopeSpans[0]?.spans[0]
    if (span !== undefined) span.traceId = '00000000000000000000000000000001'
    await fetch(`${jaeger.otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(other),
    })
    const read = await fetch(`${jaeger.ui}/api/v3/traces/00000000000000000000000000000001`)
    expect(read.status).toBe(200)
  })

  test('the page gets the shipped settings', async () => {
    const page = await (await fetch(`${jaeger.ui}/`)).text()
    expect(page).toContain('xenon.')
  })

  test('nothing answers once it is stopped', async () => {
    const short = await startJaeger()
    await short.stop()
    await expect(fetch(`${short.ui}/api/v3/services`)).rejects.toThrow()
  })
})

test('a missing Jaeger is an error that says how to get it', async () => {
  const before = process.env.XENOSCOPE_JAEGER
  process.env.XENOSCOPE_JAEGER = '/nonexistent/jaeger'
  try {
    await expect(startJaeger()).rejects.toThrow(/npm run jaeger/)
  } finally {
    if (before === undefined) delete process.env.XENOSCOPE_JAEGER
    else process.env.XENOSCOPE_JAEGER = before
  }
})
