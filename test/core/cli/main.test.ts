import { type ChildProcess, spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const root = new URL('../../..', import.meta.url).pathname
const guests = join(root, 'test/guests')
const marks = join(root, 'test/core/cli/fixtures/marks.ts')
const folder = mkdtempSync(join(tmpdir(), 'xenoscope-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly notes: string
}

/** Runs the program as a process of its own, in a folder of its own. */
function xenoscope(given: readonly string[], watch?: (child: ChildProcess, notes: string) => void): Promise<Ended> {
  const environment: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' }
  delete environment.OTEL_EXPORTER_OTLP_ENDPOINT
  const child = spawn(process.execPath, [join(root, 'core/cli/main.ts'), ...given], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let notes = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    notes += chunk
    watch?.(child, notes)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', status => resolve({ status, out, notes }))
  })
}

const run = (guest: string, ...more: string[]) => xenoscope(['run', join(guests, `${guest}.xex`), ...more])

/** Kills once, when the plugin has said that the run is under way. */
function killWhenReady(signal: NodeJS.Signals) {
  let sent = false
  return (child: ChildProcess, notes: string) => {
    if (sent || !notes.includes('marks: ready')) return
    sent = true
    child.kill(signal)
  }
}

/** Polls for ever, and is never found stuck. */
const endless = ['run', join(guests, 'poll-for-ever.xex'), '--stuck-after', '0', '--plugin', marks]

test.each(['elf', 'xex'])(
  'the listing of a whole %s begins with its first instruction, not with its headers',
  async kind => {
    const { status, out } = await xenoscope(['disassemble', join(guests, `event-auto.${kind}`)])
    expect(status).toBe(0)
    expect(out.split('\n')[1]).toBe('820100A0  7D8802A6  mflr r12')
  },
)

test('the demonstration ends with 0 when it finds what was planted', async () => {
  const { status, out } = await xenoscope(['demo'])
  expect(status).toBe(0)
  expect(out).toContain('Thread 3 "decoder" waits for ever on Event/Manual 0x1010 #6 "FooterReady": nobody ever')
  expect(out).toContain('--otlp http://localhost:4318')
})

describe('a signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends the run with the whole report, and status %i', async (signal, status) => {
    const ended = await xenoscope(endless, killWhenReady(signal))
    expect(ended.status).toBe(status)
    expect(ended.out).toContain(`poll-for-ever.xex was stopped: by ${signal}.`)
    expect(ended.out).toMatch(/^Threads$/m)
    expect(ended.out).toMatch(/^ {2}instructions=\d+ cycles=\d+ digest=[0-9a-f]{64}$/m)
    const [traces = ''] = globSync(`${folder}/xenoscope-out/${/Run (\w+)\./.exec(ended.out)?.[1]}/traces.jsonl`)
    const lines = readFileSync(traces, 'utf8').trimEnd().split('\n')
    expect(lines.map(line => Object.keys(JSON.parse(line)))).toEqual(lines.map(() => ['resourceSpans']))
  })
})

test('a second signal leaves a collector that is down, and the report comes all the same', async () => {
  let signals = 0
  const ended = await xenoscope([...endless, '--otlp', 'http://127.0.0.1:9'], (child, notes) => {
    const asked = notes.includes('Ctrl-C leaves them') ? 2 : notes.includes('marks: ready') ? 1 : 0
    for (; signals < asked; signals += 1) child.kill('SIGINT')
  })
  expect(ended.status).toBe(130)
  expect(ended.out).toContain('was stopped: by SIGINT.')
  expect(ended.out).toMatch(/^Threads$/m)
})

describe('a plugin that fails', () => {
  test('ends a strict run with the status of a defect, and the others have their end', async () => {
    const ended = await run('deadlock', '--strict-plugins', '--plugin', `${marks}:fail=fact`)
    expect(ended.status).toBe(70)
    expect(ended.notes).toContain('plugin marks: failed at object.created: planted in a fact')
    expect(ended.out).toContain('Traces')
  })

  test('where nobody can catch it is a defect, told shortly, and nothing recorded is lost', async () => {
    const ended = await xenoscope([...endless.slice(0, -1), `${marks}:fail=later`])
    expect(ended.status).toBe(70)
    expect(ended.notes).toContain('planted in a timer')
    expect(ended.notes).toContain('marks: ended')
    expect(ended.notes).not.toMatch(/\n\s+at /)
    expect(ended.out).toMatch(/spans in .*traces\.jsonl/)
  })
})

describe('files', () => {
  test('that are no title are refused with the place and what to do, and no folder is made', async () => {
    const bad = join(folder, 'bad.xex')
    writeFileSync(bad, 'XEX2\0\0\0\u0001')
    for (const path of [bad, folder, join(folder, 'nothing.xex'), '/dev/null']) {
      const { status, notes } = await xenoscope(['run', path, '--out', join(folder, 'unmade')])
      expect(status).toBe(2)
      expect(notes).toMatch(/^xenoscope: [^\n]+: [^\n]+\n {2}[^\n]+\n$/)
    }
    expect(globSync(join(folder, 'unmade'))).toEqual([])
  })

  test('in a folder that is named in their place are told of', async () => {
    const { status, notes } = await xenoscope(['run', guests])
    expect(status).toBe(2)
    expect(notes).toMatch(/guests\/?: is a folder; give the title in it: [^\n]*apc-blocks\.xex/)
  })

  test('that are empty are said to be', async () => {
    writeFileSync(join(folder, 'empty.xex'), '')
    expect((await xenoscope(['run', join(folder, 'empty.xex')])).notes).toMatch(/empty\.xex: is empty/)
  })

  test('beside a title that is reached by a link are those beside the file named', async () => {
    const link = join(folder, 'linked.xex')
    symlinkSync(join(guests, 'event-auto.xex'), link)
    expect((await xenoscope(['run', link, '--quiet'])).status).toBe(0)
  })
})
