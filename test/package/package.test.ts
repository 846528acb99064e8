import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const checkout = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'xenoscope-package-'))
const user = join(folder, 'user')
const installed = join(user, 'node_modules', 'xenoscope')
const title = join(installed, 'dist/core/cli/demo/demo.xex')
const command = join(user, 'node_modules', '.bin', 'xenoscope')

interface Outcome {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

/** Runs a program; the Node that runs this test is first on its path, and nothing of the checkout's is. */
function run(program: string, given: readonly string[], cwd = user): Outcome {
  const outside = (process.env.PATH ?? '').split(delimiter).filter(part => !part.startsWith(checkout))
  const environment: NodeJS.ProcessEnv = { ...process.env }
  for (const name of Object.keys(environment)) if (name.startsWith('npm_')) delete environment[name]
  environment.PATH = [join(process.execPath, '..'), ...outside].join(delimiter)
  const { status, stdout, stderr } = spawnSync(program, given, { cwd, env: environment, encoding: 'utf8' })
  return { status, out: stdout, error: stderr }
}

function succeed(program: string, given: readonly string[], cwd = user): string {
  const { status, out, error } = run(program, given, cwd)
  if (status !== 0) throw new Error(`${program} ${given.join(' ')} ended with ${status}\n${out}\n${error}`)
  return out
}

/** Makes Node report itself as an old one. */
const pretendOld = ['--import', `data:text/javascript,Object.defineProperty(process,'version',{value:'v20.20.2'})`]

beforeAll(() => {
  mkdirSync(user)
  succeed('npm', ['pack', '--pack-destination', folder], checkout)
  const [tarball] = globSync(join(folder, 'xenoscope-*.tgz'))
  if (tarball === undefined) throw new Error('npm pack left no tarball')
  writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }))
  succeed('npm', ['install', '--no-audit', '--no-fund', tarball])
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the installed package', () => {
  test('carries JavaScript, declarations, the licence and the bundled titles, and no TypeScript sources', () => {
    const files = globSync('**/*', { cwd: installed })
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'core/cli/launcher.js', 'dist/core/index.d.ts']))
    expect(files.filter(file => file.endsWith('.xex')).length).toBeGreaterThan(0)
    expect(files.filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([])
    expect(files.filter(file => file.startsWith('node_modules'))).toEqual([])
  })

  test('`xenoscope --help` lists the commands', () => {
    const help = succeed(command, ['--help'])
    for (const name of ['run', 'demo', 'inspect']) expect(help).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
  })

  test('`xenoscope demo` finds the planted hang and writes its traces where it is run', () => {
    const said = succeed(command, ['demo'])
    expect(said).toMatch(/"FooterReady": nobody ever signalled it/)
    expect(globSync('xenoscope-out/**/*.jsonl', { cwd: user }).length).toBeGreaterThan(0)
  })

  test('every plugin that comes along loads by its name', () => {
    const names = readdirSync(join(checkout, 'plugins')).filter(name =>
      existsSync(join(checkout, 'plugins', name, 'index.ts')),
    )
    expect(names.length).toBeGreaterThan(0)
    const listed = succeed(command, ['plugins'])
    for (const name of names) expect(listed).toMatch(new RegExp(`^\\s*${name}\\b`, 'm'))
    const ran = run(command, ['run', title, ...names.flatMap(name => ['--plugin', name])])
    expect(ran.status, ran.error).toBe(4)
  })

  test('the library entry gives what a plugin is made with', () => {
    const program = `
      import { definePlugin, pluginApiVersion } from 'xenoscope'
      console.log(typeof definePlugin, pluginApiVersion)`
    expect(succeed(process.execPath, ['--input-type=module', '--eval', program])).toMatch(/^function \d+\n$/)
  })

  test('a plugin that lies in a folder without packages imports `xenoscope` from the one that runs it', () => {
    const far = mkdtempSync(join(folder, 'far-'))
    const plugin = join(far, 'tally.js')
    writeFileSync(
      plugin,
      `import { definePlugin } from 'xenoscope'
       let signals = 0
       export default definePlugin({
         name: 'tally',
         about: 'counts signals',
         options: { safeParse: () => ({ success: true, data: undefined }) },
         create: () => ({
           facts: ['object.signalled'],
           record: () => { signals++ },
           end: () => console.error('signals: ' + (signals > 0 ? 'some' : 'none')),
         }),
       })\n`,
    )
    const given = ['run', title, '--quiet', '--no-plugins', '--plugin', plugin]
    for (const ran of [run(command, given), run(join(checkout, 'core/cli/launcher.js'), given)]) {
      expect(ran.error).toBe('signals: some\n')
      expect(ran.status).toBe(4)
    }
  })

  test.each([
    ['a title', [title]],
    // Hot enough that the translator's thread is started.
    ['a title that is compiled', [join(checkout, 'test/bench/guests/mixed-loop.xex'), '-n', '20M']],
  ])('%s comes to the same digest as in the checkout', (_, which) => {
    const given = ['run', ...which, '--quiet', '--stable-digest']
    const digest = run(command, given).out
    expect(digest).toMatch(/^instructions=\d+ cycles=\d+ digest=[0-9a-f]{64}\n$/)
    expect(run(process.execPath, [join(checkout, 'core/cli/main.ts'), ...given]).out).toBe(digest)
  })

  test('its declarations stand up to a strict compiler that knows no other types', () => {
    writeFileSync(
      join(user, 'use.ts'),
      `import { type FactName, pluginApiVersion } from 'xenoscope'
       export const version: number = pluginApiVersion
       export const name: FactName = 'object.signalled'
       // @ts-expect-error: no fact is called so
       export const wrong: FactName = 'object.nothing'\n`,
    )
    const options = '--noEmit --strict --target esnext --module nodenext'.split(' ')
    expect(succeed(join(checkout, 'node_modules/.bin/tsc'), [...options, 'use.ts'])).toBe('')
  })
})

describe('the launcher', () => {
  test('on an old Node, with none brought along, says in two lines what to do', () => {
    const { status, error } = run(process.execPath, [...pretendOld, join(installed, 'core/cli/launcher.js')])
    expect(status).toBe(2)
    expect(error).toMatch(/needs Node 26 or newer; this is v20\.20\.2\.\n.*npx.*\n$/)
  })

  test('on an old Node, in the checkout, hands over to the one that the project brings', () => {
    const { status, out } = run(
      process.execPath,
      [...pretendOld, join(checkout, 'core/cli/launcher.js'), '--help'],
      checkout,
    )
    expect(status).toBe(0)
    expect(out).toBe(succeed(command, ['--help']))
  })

  test('`npx xenoscope` says the same in the checkout as installed, and passes the exit status on', () => {
    expect(succeed('npx', ['xenoscope', '--help'], checkout)).toBe(succeed('npx', ['xenoscope', '--help']))
    expect(run('npx', ['xenoscope', 'inspect', 'no-such-file'], checkout).status).toBe(2)
    expect(run('npx', ['xenoscope', 'inspect', 'no-such-file']).status).toBe(2)
  })
})
