import { z } from 'zod'
import { limits } from '../../core/index.ts'

const httpUrl = z.url({ protocol: /^https?$/, error: 'expected a URL such as http://localhost:4318' })

export const options = z.strictObject({
  endpoint: httpUrl.optional().describe('OTLP/HTTP endpoint to stream to, with or without `/v1/traces`'),
  ui: httpUrl.default('http://localhost:16686').describe('where Jaeger shows traces, for the URLs in the report'),
  file: z.stringbool().default(true).describe('whether `traces.jsonl` is written to the folder of the run'),
  'segment-events': z.coerce
    .number()
    .int()
    .min(1)
    .max(limits.segmentEvents.value)
    .default(limits.segmentEvents.value)
    .describe('events of a segment'),
  'segment-seconds': z.coerce
    .number()
    .min(0.001)
    .max(86_400)
    .default(limits.segmentSeconds.value)
    .describe('guest seconds after which a segment is sent, full or not'),
  attempts: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(limits.otlpAttempts.value)
    .describe('failures in a row before the collector is given up'),
})

export type Options = z.infer<typeof options>
