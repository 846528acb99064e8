/**
 * `npm run test:titles -- FOLDER [--swaps N] [--only NAME]`: real titles, kept outside the repository, each run to so many
 * frames in several ways that must give one digest, and with a scripted pad, which must change what is drawn, twice alike.
 * The folder (or XENOSCOPE_TITLES) holds a folder for each title.
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { columns } from '../../core/cli/text.ts'
import { type Drawn, judge, judgePad, type PadJudgement, type Report, type Way, ways } from './judge.ts'
import { padScript } from './pad.ts'

const program = join(import.meta.dirname, '../../core/cli/main.ts')
const drawer = join(import.meta.dirname, 'drawn.ts')
const mostBytes = 256 * 1024 * 1024

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { swaps: { type: 'string', default: '600' }, only: { type: 'string', default: '' } },
})
const given = positionals[0] ?? process.env.XENOSCOPE_TITLES ?? ''
const titles = given === '' || !isFolder(given) ? [] : globSync('**/*.{xex,iso}', { cwd: given }).sort()

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

const howToGetThem = `There are no titles here: ${given === '' ? 'no folder was given' : `${given} holds none`}.

Titles are nobody's to pass on with this repository, so they are kept outside of it. Some samples built with the development
kit lie in public repositories of recompilers, as of rexdex/recompiler: projects/xenon/dolphin, and in its history
projects/xenon/mesh (bf38b01), fog (bf38b01) and lightshafts (a81b4fa). Put each into a folder of its own, its media beside
the executable (those of fog and lightshafts lack Media/Resource.xpr; the one of dolphin serves), and give the folder that
holds them:

    npm run test:titles -- FOLDER        (or set XENOSCOPE_TITLES)`

function run(title: string, way: Way, out: string): Report | undefined {
  const flags = ['--until', `swaps:${values.swaps}`, '-n', '100G', '--json', '--quiet', '--out', out, ...way.flags]
  return answerOf([program, 'run', title, ...flags]) as Report | undefined
}

function answerOf(args: readonly string[]): unknown {
  const ended = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: mostBytes,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    return JSON.parse(ended.stdout)
  } catch {
    return undefined
  }
}

/** How the title takes it that somebody plays. */
function played(title: string, script: string): PadJudgement {
  const drawn = (engine: string, ...input: string[]): Drawn | undefined =>
    answerOf([drawer, title, values.swaps, engine, ...input]) as Drawn | undefined
  return judgePad(drawn('tiered'), drawn('interpreter', script), drawn('tiered', script))
}

/** Folders without anything to run. */
const empty = (): string[] =>
  readdirSync(given, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !titles.some(title => title.startsWith(`${entry.name}/`)))
    .map(({ name }) => `${name}: holds no .xex and no .iso`)

function main(): number {
  if (titles.length === 0) {
    console.error(howToGetThem)
    return 2
  }
  const out = mkdtempSync(join(tmpdir(), 'xenoscope-titles-'))
  const script = join(out, 'pad.txt')
  writeFileSync(script, padScript())
  const rows = [['title', 'verdict', 'instructions', 'digest', 'pad', 'seconds']]
  const remarks = empty()
  let failed = 0
  for (const title of titles.filter(name => name.includes(values.only))) {
    const began = performance.now()
    const reports = ways.map(way => {
      console.error(`${title}: ${way.name}`)
      return run(resolve(given, title), way, out)
    })
    const { verdict, remarks: said } = judge(reports)
    if (verdict === 'frames') console.error(`${title}: pad`)
    const pad = verdict === 'frames' ? played(resolve(given, title), script) : undefined
    if (verdict === 'failed' || (pad?.remarks ?? []).length > 0) failed += 1
    const [first] = reports
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    rows.push([
      title,
      verdict,
      (first?.instructions ?? 0).toLocaleString('en-US'),
      first?.digest.slice(0, 16) ?? '',
      pad === undefined ? '' : `moves ${pad.moved} constants`,
      seconds,
    ])
    remarks.push(...[...said, ...(pad?.remarks ?? [])].map(line => `${basename(title)}: ${line}`))
  }
  rmSync(out, { recursive: true })
  console.log(columns(rows).join('\n'))
  if (remarks.length > 0) console.log(`\n${remarks.join('\n')}`)
  console.log(`\n${ways.map(({ name, flags }) => `${name}: ${flags.join(' ')}`).join('\n')}`)
  return failed === 0 ? 0 : 1
}

process.exitCode = main()
