import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const folder = new URL('../../deploy/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

const compose = z
  .object({
    services: z.record(
      z.string(),
      z.object({
        image: z.string().optional(),
        build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
        environment: z.record(z.string(), z.string()).default({}),
        volumes: z.array(z.string()).default([]),
        ports: z.array(z.string()).default([]),
        healthcheck: z.object({ test: z.array(z.string()) }).optional(),
        depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
      }),
    ),
  })
  .parse(parse(read('compose.yaml')))

const jaegerSettings = read('jaeger.yaml')
const pipeline = z
  .object({
    service: z.object({
      pipelines: z.object({ traces: z.object({ processors: z.array(z.string()).default([]) }) }),
    }),
  })
  .parse(parse(jaegerSettings)).service.pipelines.traces

const defaultPort = (name: string): string | undefined =>
  jaegerSettings.match(new RegExp(`\\$\\{env:${name}:-(\\d+)\\}`))?.[1]

describe('the compose file', () => {
  const { jaeger, xenoscope } = compose.services

  test('pins an exact second-generation Jaeger, no older than the one the end-to-end tests run', () => {
    const [, minor] = jaeger?.image?.match(/^jaegertracing\/jaeger:2\.(\d+)\.\d+$/) ?? []
    expect(Number(minor)).toBeGreaterThanOrEqual(13)
  })

  test('every file it mounts lies beside it, and the image is built from a file that is there', () => {
    const mounted = (jaeger?.volumes ?? []).map(volume => volume.split(':')[0] ?? '')
    expect(mounted).toEqual(['./jaeger.yaml', './ui.json'])
    for (const path of mounted) expect(existsSync(new URL(path, folder)), path).toBe(true)
    expect(existsSync(new URL(`${xenoscope?.build?.context}/${xenoscope?.build?.dockerfile}`, folder))).toBe(true)
  })

  test('shows its ports to this computer alone', () => {
    for (const port of jaeger?.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
    expect(jaeger?.ports).toContain(`127.0.0.1:16686:${defaultPort('JAEGER_UI_PORT')}`)
  })

  test('starts the title when Jaeger is healthy, and sends to the port Jaeger listens on', () => {
    expect(xenoscope?.depends_on).toEqual({ jaeger: { condition: 'service_healthy' } })
    expect(jaeger?.healthcheck?.test.at(-1)).toContain(`:${defaultPort('JAEGER_HEALTH_PORT')}/`)
    expect(xenoscope?.environment.OTEL_EXPORTER_OTLP_ENDPOINT).toBe(
      `http://jaeger:${defaultPort('JAEGER_OTLP_HTTP_PORT')}`,
    )
  })
})

test('Jaeger acknowledges a span only when it is stored: no processor stands before the store', () => {
  expect(pipeline.processors).toEqual([])
})

test('the page puts our attributes first and computes no critical path over thousands of segments', () => {
  const ui: unknown = JSON.parse(read('ui.json'))
  expect(ui).toMatchObject({ criticalPathEnabled: false, topTagPrefixes: ['xenon.'] })
})
