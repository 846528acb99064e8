import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/**
 * A real Jaeger on free ports of the loopback, for tests that read traces back.
 *
 * The module is pinned by its own numbering: its last listed version, 1.76.0, carries `cmd/jaeger` of Jaeger 2.13.0.
 * Its web page is a placeholder (the module brings no assets); OTLP and the query API are whole.
 */
export const jaegerModule = { path: 'github.com/jaegertracing/jaeger', version: 'v1.76.0', release: '2.13.0' } as const

export function jaegerBinary(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.XENOSCOPE_JAEGER) return environment.XENOSCOPE_JAEGER
  const cache = environment.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(cache, 'xenoscope', `jaeger-${jaegerModule.release}`, 'jaeger')
}

export interface Jaeger {
  /** Where exporters post: the OTLP/HTTP base, without `/v1/traces`. */
  readonly otlp: string
  /** Query API and UI. */
  readonly ui: string
  services(): Promise<readonly string[]>
  /** The trace as stored: every span, its events in the order they were added. Waits until it holds `spans` spans. */
  trace(traceId: string, spans?: number): Promise<readonly OtlpResourceSpans[]>
  stop(): Promise<void>
}

export interface OtlpValue {
  readonly stringValue?: string
  readonly intValue?: string
  readonly doubleValue?: number
  readonly boolValue?: boolean
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] }
}
export interface OtlpAttribute {
  readonly key: string
  readonly value: OtlpValue
}
export interface OtlpEvent {
  readonly name: string
  readonly timeUnixNano: string
  readonly attributes?: readonly OtlpAttribute[]
}
export interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind?: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly OtlpAttribute[]
  readonly events?: readonly OtlpEvent[]
  readonly links?: readonly {
    readonly traceId: string
    readonly spanId: string
    readonly attributes?: readonly OtlpAttribute[]
  }[]
  readonly status?: { readonly code?: number; readonly message?: string }
}
export interface OtlpResourceSpans {
  readonly resource?: { readonly attributes?: readonly OtlpAttribute[] }
  readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
}

export const spansOf = (resources: readonly OtlpResourceSpans[]): readonly OtlpSpan[] =>
  resources.flatMap(resource => resource.scopeSpans.flatMap(scope => scope.spans))

const startWithin = 30_000
const traceWithin = 10_000
const stopWithin = 5_000

const configuration = fileURLToPath(new URL('../../deploy/jaeger.yaml', import.meta.url))
const uiConfiguration = fileURLToPath(new URL('../../deploy/ui.json', import.meta.url))

export async function startJaeger(): Promise<Jaeger> {
  const binary = jaegerBinary()
  if (!existsSync(binary)) {
    throw new Error(`no Jaeger at ${binary}; \`npm run jaeger\` builds it once (needs Go), or set XENOSCOPE_JAEGER`)
  }
  // A port found free can be taken by somebody else before Jaeger binds it; that is told apart and tried again.
  for (let attempt = 1; ; attempt++) {
    const started = await launch(binary)
    if ('api' in started) return started.api
    if (attempt === 3 || !started.log.includes('address already in use')) {
      throw new Error(`Jaeger (${binary}) did not become healthy:\n${started.log.slice(-4000)}`)
    }
  }
}

async function launch(binary: string): Promise<{ readonly api: Jaeger } | { readonly log: string }> {
  const [health, ui, query, otlpHttp, otlpGrpc] = await freePorts(5)
  const child = spawn(binary, ['--config', configuration], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      JAEGER_LISTEN_HOST: '127.0.0.1',
      JAEGER_HEALTH_PORT: String(health),
      JAEGER_UI_PORT: String(ui),
      JAEGER_QUERY_PORT: String(query),
      JAEGER_OTLP_HTTP_PORT: String(otlpHttp),
      JAEGER_OTLP_GRPC_PORT: String(otlpGrpc),
      JAEGER_UI_CONFIG: uiConfiguration,
    },
  })
  let log = ''
  const keep = (bytes: Buffer): void => {
    log = (log + bytes.toString()).slice(-64_000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.on('error', error => keep(Buffer.from(String(error))))

  const killWithParent = (): void => void child.kill('SIGKILL')
  process.once('exit', killWithParent)
  const stop = async (): Promise<void> => {
    process.off('exit', killWithParent)
    await end(child)
  }

  if (!(await healthy(child, `http://127.0.0.1:${health}/status`))) {
    await stop()
    return { log }
  }
  const base = `http://127.0.0.1:${ui}`
  return {
    api: {
      otlp: `http://127.0.0.1:${otlpHttp}`,
      ui: base,
      services: async () =>
        ((await getJson(`${base}/api/v3/services`)) as { services?: string[] } | undefined)?.services ?? [],
      trace: (traceId, spans = 1) => readTrace(base, traceId, spans),
      stop,
    },
  }
}

async function healthy(child: ChildProcess, url: string): Promise<boolean> {
  const deadline = performance.now() + startWithin
  while (performance.now() < deadline && child.exitCode === null && child.pid !== undefined) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return true
    await pause(50)
  }
  return false
}

async function readTrace(base: string, traceId: string, spans: number): Promise<readonly OtlpResourceSpans[]> {
  const deadline = performance.now() + traceWithin
  let found: readonly OtlpResourceSpans[] = []
  do {
    // `raw_traces` keeps events in the order they were written; without it the answer sorts them by name.
    const body = await getJson(`${base}/api/v3/traces/${traceId}?raw_traces=true`)
    found = (body as { result?: { resourceSpans?: OtlpResourceSpans[] } } | undefined)?.result?.resourceSpans ?? []
    if (spansOf(found).length >= spans) return found
    await pause(50)
  } while (performance.now() < deadline)
  throw new Error(`trace ${traceId} has ${spansOf(found).length} spans in Jaeger, ${spans} were expected`)
}

async function getJson(url: string): Promise<unknown> {
  const answer = await fetch(url)
  if (answer.status === 404) {
    await answer.body?.cancel()
    return undefined
  }
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const forced = setTimeout(() => child.kill('SIGKILL'), stopWithin)
  await exited
  clearTimeout(forced)
}

/** All are held open until the last is known, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  try {
    return await Promise.all(
      servers.map(async server => {
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        const address = server.address()
        if (address === null || typeof address === 'string') throw new Error('the loopback gave no port')
        return address.port
      }),
    )
  } finally {
    await Promise.all(servers.map(server => new Promise(done => server.close(done))))
  }
}
