import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { commands } from '../../../core/cli/commands.ts'
import { failureText, statusOf } from '../../../core/cli/exit.ts'
import { runCommand } from '../../../core/cli/parser.ts'
import { flagOf } from '../../../core/options/values.ts'
import { anOutside, type OutsideSpec } from '../../kit/outside.ts'

interface Answer {
  readonly status: number
  readonly out: string
  readonly notes: string
}

/** What the program answers, as main.ts makes it. */
async function xenoscope(given: readonly string[], spec: OutsideSpec = {}): Promise<Answer> {
  const { outside, out, notes } = anOutside(spec)
  try {
    const status = await runCommand(commands, '1.2.3', outside, given)
    return { status, out: out(), notes: notes() }
  } catch (error) {
    return { status: statusOf(error), out: out(), notes: notes() + failureText(error) }
  }
}

const refusal = async (...given: string[]): Promise<string> => {
  const { status, notes } = await xenoscope(given)
  expect(status).toBe(2)
  return notes.split('\n')[0] ?? ''
}

describe('help', () => {
  test('without arguments the help goes to standard error, and the status is that of bad input', async () => {
    const { status, out, notes } = await xenoscope([])
    expect([status, out]).toEqual([2, ''])
    expect(notes).toContain('Usage: xenoscope')
  })

  test('every command has a help page that lists every option of its rows, with range and default', async () => {
    for (const command of commands) {
      const { status, out } = await xenoscope(['help', command.name])
      expect(status).toBe(0)
      for (const key of Object.keys(command.options)) expect(out).toContain(flagOf(key))
    }
    const { out } = await xenoscope(['run', '--help'])
    expect(out.replaceAll(/\s+/g, ' ')).toContain('(0 to 64; default 6)')
  })

  test('the version is the package’s', async () => {
    expect((await xenoscope(['--version'])).out).toBe('1.2.3\n')
  })
})

describe('complaints', () => {
  test('name what was typed, and what it may have meant', async () => {
    expect(await refusal('rnu', 'x.xex')).toBe("xenoscope: command line: unknown command 'rnu' (Did you mean run?)")
    expect(await refusal('run', '--framse', '3', 'x')).toContain("unknown option '--framse'")
    expect(await refusal('help', 'nothing')).toContain('there is no command "nothing"')
    expect(await refusal('run')).toContain("missing required argument 'title'")
  })

  test('a file in the place of a command is told how to run it', async () => {
    expect(await refusal('package.json')).toBe(
      'xenoscope: command line: "package.json" is a file, not a command: `xenoscope run "package.json"`',
    )
  })

  test('a flag that takes its value after = alone does not eat the title, and says so', async () => {
    expect(await refusal('run', '--trace-handles-focus', '0x1004', 'x.xex')).toBe(
      'xenoscope: --trace-handles-focus: takes its value after "=": --trace-handles-focus=0x1004',
    )
    expect(await refusal('run', '--trace-handles-focus', 'x.xex')).toContain('needs its value after `=`')
    expect(await refusal('run', '--trace-handles', '/nowhere/x.xex')).toContain('/nowhere/x.xex')
  })

  test('an option is checked before the title is opened', async () => {
    expect(await refusal('run', '/nowhere/x.xex', '--frames', '99')).toBe(
      'xenoscope: --frames: "99" is outside the range: 0 to 64',
    )
    expect(await refusal('run', '/nowhere/x.xex', '--until', 'never')).toContain('--until: "never" is not')
  })

  test('a plugin or an option of it that is not there is refused before the title starts', async () => {
    const title = 'core/cli/demo/demo.xex'
    expect(await refusal('run', title, '--plugin', 'nothing-such')).toContain('plugin nothing-such: ')
    expect(await refusal('run', title, '--plugin', 'otel:colour=red')).toContain('colour')
  })
})

const folder = mkdtempSync(join(tmpdir(), 'xenoscope-bytes-'))
const file = join(folder, 'a.bin')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const flags = commands.flatMap(({ options }) => Object.keys(options).map(flagOf))
const word = fc.oneof(
  fc.constantFrom(...commands.map(({ name }) => name)),
  fc.constantFrom(...flags),
  fc.constantFrom('-n', '--', '-', '=', '--=', '-h', '--help', '-nx', '--frames=', '--trace-handles=', '/nowhere'),
  fc.tuple(fc.constantFrom(...flags), fc.string({ maxLength: 12 })).map(([flag, text]) => `${flag}=${text}`),
  fc.string({ unit: 'binary', maxLength: 20 }),
)

test('whatever is typed, the answer is a short text and a known status, never a defect', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), async given => {
      // A run of the demonstration is a good answer too, but not a quick one.
      fc.pre(!given.includes('demo') || given.includes('--help') || given.includes('-h'))
      const { status, notes } = await xenoscope(given)
      expect([0, 2]).toContain(status)
      if (status === 2 && given.length > 0) {
        expect(notes).toMatch(/^xenoscope: [^\n]{1,500}: [^\n]+\n {2}[^\n]+\n$|^Usage: /)
        expect(notes).not.toMatch(/\n\s+at /)
      }
    }),
    { numRuns: 300 },
  )
})

test('whatever bytes a file holds, inspect, disassemble, pack and run answer with a place and a remedy', async () => {
  const magic = fc.constantFrom('XEX2', '\x7fELF\x01\x02\x01', 'CON ', 'LIVE', 'MZ', '')
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('inspect', 'disassemble', 'pack', 'run'),
      magic,
      fc.uint8Array({ maxLength: 400 }),
      async (command, start, rest) => {
        const bytes = new Uint8Array([...Buffer.from(start, 'latin1'), ...rest])
        writeFileSync(file, bytes)
        const { status, notes } = await xenoscope([command, file])
        expect(status).toBe(2)
        expect(notes).toMatch(/^xenoscope: [^\n]+: [^\n]+\n {2}[^\n]+\n$/)
      },
    ),
    { numRuns: 300 },
  )
})

test('a defect is told in one line with a place of ours, without a stack trace and without paths of the machine', () => {
  const error = new TypeError('x is not a function\n    at somewhere')
  error.stack = 'TypeError: x\n    at f (file:///home/someone/xenoscope/core/kernel/kernel.ts:12:3)'
  expect(failureText(error)).toBe(
    'xenoscope: TypeError: x is not a function     at somewhere (core/kernel/kernel.ts:12)\n' +
      '  this is a defect of xenoscope; please report it with the command line\n',
  )
  expect(statusOf(error)).toBe(70)
  expect(statusOf(new Failure('XEX_FIELD', 'a', 'b'))).toBe(2)
})
