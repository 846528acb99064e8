/**
 * What the README says that is computed: tables from rows, and what a run prints. `npm run docs` writes them between
 * their marks; docs.test.ts fails when the file says something else.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Limit, limits } from '../../core/base/limits.ts'
import { commands } from '../../core/cli/commands.ts'
import { usageOf } from '../../core/cli/parser.ts'
import { markdownTable } from '../../core/cli/text.ts'
import { type OptionRow, optionGroups, runOptions } from '../../core/options/rows.ts'
import { rangeOf } from '../../core/options/values.ts'
import { loadPlugin } from '../../core/plugin/load.ts'
import { runFile } from '../kit/runs.ts'

export const root = new URL('../..', import.meta.url).pathname

const code = (text: string): string => (text === '' ? '' : `\`${text}\``)

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  markdownTable(head, rows).join('\n')

function flagTable(): string {
  const all: [string, OptionRow][] = Object.entries(runOptions)
  return optionGroups
    .map(group => {
      const rows = all
        .filter(([, row]) => row.group === group)
        .map(([key, row]) => [
          code(usageOf(key, row)),
          row.default === undefined ? '' : code(row.default),
          rangeOf(row) ?? '',
          row.about + (row.env === undefined ? '' : `; ${row.env.map(code).join(', ')} in the environment`),
        ])
      return `**${group}**\n\n${table(['flag', 'default', 'range', ''], rows)}`
    })
    .join('\n\n')
}

function limitTable(): string {
  const rows = Object.entries<Limit>(limits).map(([name, { value, unit, counter, reason }]) => [
    name,
    `${value.toLocaleString('en-US')} ${unit}`,
    code(counter),
    reason,
  ])
  return table(['limit', 'value', 'counter of what met it', 'why'], rows)
}

const commandTable = (): string =>
  table(
    ['command', ''],
    commands.map(({ name, arguments: given, about }) => [
      code(['xenoscope', name, ...given.map(one => one.name)].join(' ')),
      about,
    ]),
  )

async function pluginTable(): Promise<string> {
  const rows: string[][] = []
  for (const name of ['diagnose', 'handle-audit', 'otel']) {
    const { plugin } = await loadPlugin(name, { folder: import.meta.url })
    rows.push([`[${plugin.name}](plugins/${plugin.name}/README.md)`, plugin.about])
  }
  return table(['plugin', ''], rows)
}

/** The answer of the demonstration, as the terminal shows it. */
async function sample(): Promise<string> {
  const map = readFileSync(join(root, 'core/cli/demo/demo.map'), 'utf8')
  const { end, sections } = await runFile(join(root, 'core/cli/demo/demo.xex'), { plugins: ['diagnose'], map })
  const why = sections.find(({ title }) => title === 'Why it hangs')
  const lines = (why?.lines ?? []).map(line => (line === '' ? '' : `  ${line}`))
  return ['```', '$ npm start', '…', `demo.xex hangs: ${end.text}.`, '', why?.title ?? '', ...lines, '…', '```'].join(
    '\n',
  )
}

const parts: Readonly<Record<string, () => string | Promise<string>>> = {
  sample,
  commands: commandTable,
  flags: flagTable,
  plugins: pluginTable,
  limits: limitTable,
}

const mark = (name: string, end: string): string => `<!-- ${name}:${end} -->`

/** The text with every computed part as it is now. */
export async function renewed(text: string): Promise<string> {
  let out = text
  for (const [name, make] of Object.entries(parts)) {
    const begin = out.indexOf(mark(name, 'begin'))
    const end = out.indexOf(mark(name, 'end'))
    if (begin < 0 || end < begin) throw new Error(`the README has no marks for ${name}`)
    out = `${out.slice(0, begin)}${mark(name, 'begin')}\n${await make()}\n${out.slice(end)}`
  }
  return out
}

export const readme = join(root, 'README.md')
export const readReadme = (): string => readFileSync(readme, 'utf8')
