import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { commands } from '../../../core/cli/commands.ts'
import { runCommand } from '../../../core/cli/parser.ts'
import { anOutside } from '../../kit/outside.ts'

const root = new URL('../../..', import.meta.url).pathname
const marks = join(root, 'test/core/cli/fixtures/marks.ts')

async function run(guest: string, ...more: string[]) {
  const { outside, out, notes } = anOutside()
  const status = await runCommand(commands, '1.2.3', outside, ['run', join(root, `test/guests/${guest}.xex`), ...more])
  return { status, out: out(), notes: notes() }
}

describe('the exit status', () => {
  test.each([
    ['event-auto', [], 0],
    ['deadlock', [], 4],
    ['poll-for-ever', [], 4],
    ['fault', [], 5],
    ['poll-for-ever', ['-n', '100'], 3],
    ['poll-for-ever', ['--until', 'stuck'], 0],
    ['fault', ['--until', 'swaps:1', '--until', 'fault,stuck'], 0],
    ['fault', ['--until', 'stuck'], 5],
    ['event-auto', ['--until', 'swaps:2'], 1],
    ['event-auto', ['--until', 'facts:3'], 0],
  ] as const)('of %s %j is %i', async (guest, more, status) => {
    expect((await run(guest, '--quiet', '--no-plugins', ...more)).status).toBe(status)
  })
})

describe('--until', () => {
  test('ends the run, and the summary and the document say with what', async () => {
    const { out } = await run('title-road', '--no-plugins', '--until', 'facts:1G,swaps:2')
    expect(out).toContain(
      'title-road.xex met its condition: 2 frames have been presented.\nAs asked with --until swaps:2.',
    )
    const given = ['--json', '--no-plugins', '--engine', 'compiler', '--until', 'swaps:2']
    const document = JSON.parse((await run('title-road', ...given)).out)
    expect(document.end).toMatchObject({ cause: 'until', met: 'swaps:2', exitStatus: 0 })
    expect(out).toContain(document.digest)
  })

  test('says when nothing of it was met', async () => {
    const { out } = await run('event-auto', '--no-plugins', '--until', 'swaps:2')
    expect(out).toContain('Nothing of --until swaps:2 was met.')
    expect(out).toContain('What the title said last')
    expect((await run('event-auto', '--no-plugins')).out).not.toContain('What the title said last')
  })

  test('counts the frames that came to be seen', async () => {
    const { out } = await run('title-road', '--no-plugins', '--until', 'swaps:3')
    expect(out).toMatch(/ of guest time, 3 frames, in /)
    expect((await run('event-auto', '--no-plugins')).out).toMatch(/ of guest time, in /)
  })
})

describe('standard output', () => {
  test('is the digest line alone with --quiet --stable-digest, whatever the title prints', async () => {
    const { out, notes } = await run('event-auto', '--quiet', '--stable-digest', '--no-plugins')
    expect(out).toMatch(/^instructions=\d+ cycles=\d+ digest=[0-9a-f]{64}\n$/)
    expect(notes).toBe('')
  })

  test('is one JSON document with --json, that holds the whole report', async () => {
    const { out } = await run('deadlock', '--json', '--run-id', 'a-run', '--no-plugins', '--plugin', 'diagnose')
    const report = JSON.parse(out)
    expect(report).toMatchObject({ end: { cause: 'deadlock', exitStatus: 4 }, run: { id: 'a-run' } })
    expect(report.sections.map(({ title }: { title: string }) => title)).toEqual(['Why it hangs', 'Threads'])
    expect(report.end.verdicts).toContainEqual(expect.objectContaining({ code: 'owner-waits', stuck: true }))
  })

  test('without plugins says how it ended, what happened, and the digest', async () => {
    const { out } = await run('deadlock', '--no-plugins')
    expect(out).toMatch(/^deadlock\.xex hangs: [^\n]+\.\n/)
    expect(out).toMatch(/\d+ facts happened = 0 built \+ \d+ nobody asked for/)
    expect(out).toMatch(/^ {2}instructions=\d+ cycles=\d+ digest=[0-9a-f]{64}$/m)
  })

  test('shows the trails of what --trace-handles names, and of nothing else', async () => {
    const { out } = await run('deadlock', '--trace-handles=0x1004', '--no-plugins', '--plugin', 'handle-audit')
    expect(out).toContain('Trail of Mutant 0x1004')
    expect(out).not.toContain('Trail of Mutant 0x1008')
  })
})

test('a plugin that fails in a fact is named, and the run goes on', async () => {
  const ended = await run('deadlock', '--no-plugins', '--plugin', 'diagnose', '--plugin', `${marks}:fail=fact`)
  expect(ended.status).toBe(4)
  expect(ended.notes).toContain('marks: failed at object.created: planted in a fact')
  expect(ended.out).toContain('wait for each other')
})

test('a folder that cannot be written is told of before the title starts', async () => {
  await expect(run('deadlock', '--out', '/proc/nowhere')).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    place: expect.stringMatching(/^\/proc\/nowhere\//),
    status: 2,
  })
})

test('an option of the user’s for a plugin that is loaded anyway goes to that plugin', async () => {
  const { out } = await run('deadlock', '--out', '/proc/nowhere', '--plugin', 'otel:file=false', '--json')
  expect(JSON.parse(out).plugins.map(({ plugin }: { plugin: string }) => plugin)).toEqual(['diagnose', 'otel'])
})

describe('--profile', () => {
  const given = ['--no-plugins', '-n', '2M', '--stuck-after', '0', '--engine', 'compiler'] as const

  test('shows the hot functions, and leaves the digest as it is', async () => {
    const plain = await run('poll-for-ever', '--quiet', '--stable-digest', ...given)
    const { out } = await run('poll-for-ever', '--profile', '--stable-digest', ...given)
    expect(out).toContain('40 samples, one every 49,999 instructions.')
    expect(out).toMatch(/share +function +tier +compiling +exits that went on here\n +\d+\.\d % +sub_/)
    expect(out.endsWith(plain.out)).toBe(true)
  })

  test('is in the document whole', async () => {
    const document = JSON.parse((await run('poll-for-ever', '--json', '--profile', ...given)).out)
    const { data } = document.sections.find(({ title }: { title: string }) => title === 'Profile')
    expect(data).toMatchObject({ samplePeriod: 49_999, samples: 40, compile: { units: expect.any(Number) } })
    expect(data.functions[0]).toMatchObject({ name: expect.any(String), tier: expect.any(String) })
  })
})

describe('--dump-wasm', () => {
  const given = ['--no-plugins', '-n', '1k', '--dump-wasm'] as const

  test('sets the WebAssembly of a function beside its instructions, in the order of the structured form', async () => {
    const { out, status } = await run('poll-for-ever', ...given, '0x82010120')
    expect(status).toBe(3)
    expect(out).toMatch(/sub_82010120 \(0x82010120\): \d+ instructions in \d+ blocks; alone in a module, [\d,]+ bytes/)
    expect(out).toContain('0x82010158  4182FFE0  beq 0x82010138')
    const rows = out.split('\n').flatMap(line => (line.includes('│') ? [line.split(' │')] : []))
    const left = rows.map(([text]) => text?.trim()).filter(text => text !== '')
    const guest = [...out.matchAll(/^ {4}0x[0-9A-F]{8} {2}[0-9A-F]{8} {2}(.+)$/gm)].map(([, text]) => text)
    expect(left.filter(text => guest.includes(text))).toEqual(guest)
    expect(left.slice(0, 3)).toEqual(['Structured form', 'B0:', 'mflr r12'])
    const way = ['loop B1', 'B1:', 'B2:', 'again B1', 'end']
    expect(left.filter(text => text !== undefined && way.includes(text))).toEqual(way)
    expect(rows[1]?.[1]).toMatch(/^ \(func \(;\d+;\) \(type \d+\) \(param i32 i32 i32\) \(result i32 i32\)$/)
    expect(out).not.toContain('i64.const 7881')
  })

  test('is part of the document', async () => {
    const document = JSON.parse((await run('poll-for-ever', '--json', ...given, '82010120')).out)
    expect(document.listing[0]).toContain('sub_82010120')
  })

  test('of what is nowhere is refused by name', async () => {
    await expect(run('poll-for-ever', ...given, 'nobody')).rejects.toThrow('there is nothing called nobody')
  })

  test('of what is nowhere ends the thread that was to translate', async () => {
    const ends: Promise<unknown>[] = []
    const started = (message: unknown): void => {
      const { worker } = message as { worker: Worker }
      ends.push(once(worker, 'exit'))
    }
    subscribe('worker_threads', started)
    await run('poll-for-ever', ...given, 'nobody').catch(() => undefined)
    unsubscribe('worker_threads', started)
    expect(ends).toHaveLength(1)
    expect(await Promise.race([...ends, setTimeout(5_000, 'is there still')])).toEqual([expect.any(Number)])
  })

  test('of data is refused once the report is out', async () => {
    const { outside, out } = anOutside()
    const path = join(root, 'test/guests/poll-for-ever.xex')
    const ended = runCommand(commands, '1.2.3', outside, ['run', path, ...given, '0x82000000'])
    await expect(ended).rejects.toThrow('no code that the compiler')
    expect(out()).toContain('reached its limit')
  })
})
