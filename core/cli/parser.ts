/** From command rows to the parser and the help of `commander`; every complaint of it becomes a failure of ours. */
import { type Command as Commander, CommanderError, createCommand, createOption } from 'commander'
import { exitStatus, fail } from '../base/failure.ts'
import { kinds } from '../options/kinds.ts'
import { type OptionRow, type OptionRows, optionGroups } from '../options/rows.ts'
import { flagOf, type GivenOptions, quoted, rangeOf, readOptions } from '../options/values.ts'
import type { AnyCommand, Outside } from './command.ts'

/** Parses the arguments, runs the command they name, answers its exit status. */
export async function runCommand(
  commands: readonly AnyCommand[],
  version: string,
  outside: Outside,
  given: readonly string[],
): Promise<number> {
  let status: number = exitStatus.finished
  const program = createCommand('xenoscope')
    .description('Runs an Xbox 360 title and explains why a thread waits for ever: every kernel handle is one trace.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help on a command')
  program.addHelpText('after', '\n`xenoscope help run` lists every option of a run with its range.')
  for (const command of commands) {
    const sub = program
      .command(command.name)
      .summary(command.about)
      .description(`${command.about.charAt(0).toUpperCase()}${command.about.slice(1)}.`)
    for (const { name, about } of command.arguments) sub.argument(name, about)
    for (const group of optionGroups)
      for (const [key, row] of Object.entries(command.options)) if (row.group === group) addOption(sub, key, row)
    for (const [key, row] of Object.entries(command.options)) if (row.group === undefined) addOption(sub, key, row)
    if (command.more !== undefined) sub.addHelpText('after', `\n${command.more}`)
    sub.action(async (...received: unknown[]) => {
      const values = readOptions(command.options, givenOptions(sub, command.options), outside.host.environment)
      const texts = received.slice(0, command.arguments.length).flatMap(one => (one === undefined ? [] : [one].flat()))
      command.arguments.forEach(({ name }, i) => {
        const text = texts[i]
        if (text === '' || /\p{Cc}/u.test(String(text ?? '')))
          throw fail('OPTION_INVALID', `argument ${name}`, `${quoted(String(text))} is no name of anything`)
      })
      status = await command.run(outside, texts.map(String), values as never)
    })
  }
  for (const one of [program, ...program.commands])
    one
      .exitOverride()
      .configureOutput({ writeOut: text => outside.host.out(text), writeErr: () => {}, getOutHelpWidth: () => 100 })
      .configureHelp({ sortSubcommands: false })
      .helpOption('-h, --help', 'print help')
  if (given.length === 0) {
    outside.host.note(program.helpInformation())
    return exitStatus.badInput
  }
  const [asked, about] = given
  if (asked === 'help' && about !== undefined && !commands.some(({ name }) => name === about))
    throw fail('OPTION_INVALID', 'command help', `there is no command ${quoted(about)}`)
  try {
    await program.parseAsync(attach(commands, given), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0 || error.code === 'commander.help') return exitStatus.finished
    throw complaint(error, commands, given, outside)
  }
  return status
}

/** `-n, --instructions COUNT`. */
export function usageOf(key: string, row: OptionRow): string {
  const argument = row.argument ?? kinds[row.kind].argument
  const long = flagOf(key)
  const flags = row.short === undefined ? long : `-${row.short}, ${long}`
  if (argument === '') return flags
  if (row.attached === true) return `${flags}${row.bare === true ? `[=${argument}]` : `=${argument}`}`
  return `${flags} ${argument}`
}

/** `stop after … (1 or more; XENOSCOPE_X)`: what the help and the README say of a row. */
function aboutOption(row: OptionRow): string {
  const notes = [
    rangeOf(row) ?? '',
    row.default === undefined ? '' : `default ${row.default}`,
    row.env === undefined ? '' : `or ${row.env.join(', ')} in the environment`,
    row.repeatable === true ? 'may be repeated' : '',
  ].filter(note => note !== '')
  return notes.length === 0 ? row.about : `${row.about} (${notes.join('; ')})`
}

function addOption(command: Commander, key: string, row: OptionRow): void {
  const long = flagOf(key)
  const value = row.kind === 'flag' ? '' : ' <value>'
  const short = row.short === undefined ? '' : `-${row.short}, `
  const option = createOption(`${short}${long}${value}`, aboutOption(row))
  option.flags = usageOf(key, row)
  if (row.group !== undefined) option.helpGroup(`${row.group}:`)
  if (row.repeatable === true)
    option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text])
  command.addOption(option)
}

/** What was typed, by key: commander's defaults are none of it. */
function givenOptions(command: Commander, rows: OptionRows): GivenOptions {
  const given: Record<string, string[]> = {}
  for (const key of Object.keys(rows)) {
    const attribute = key.replace(/^no([A-Z])/, (_, letter: string) => letter.toLowerCase())
    if (command.getOptionValueSource(attribute) !== 'cli') continue
    const value: unknown = command.getOptionValue(attribute)
    given[key] = typeof value === 'boolean' ? [''] : [value].flat().map(String)
  }
  return given
}

const attachedFlags = (commands: readonly AnyCommand[]): ReadonlySet<string> =>
  new Set(
    commands.flatMap(({ options }) =>
      Object.entries(options).flatMap(([key, row]) => (row.attached === true ? [flagOf(key)] : [])),
    ),
  )

/** A flag whose value stands after `=` alone takes an empty one here, so that it never eats the title. */
function attach(commands: readonly AnyCommand[], given: readonly string[]): string[] {
  const flags = attachedFlags(commands)
  const end = given.indexOf('--')
  return given.map((text, i) => (flags.has(text) && (end < 0 || i < end) ? `${text}=` : text))
}

function complaint(error: CommanderError, commands: readonly AnyCommand[], given: readonly string[], outside: Outside) {
  const text = error.message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/='$/, "'")
  const name = given.find(one => !one.startsWith('-')) ?? ''
  const known = commands.some(command => command.name === name)
  const place = known ? `command ${name}` : 'command line'
  const apart = given.findIndex(one => attachedFlags(commands).has(one))
  const value = given[apart + 1]
  if (error.code === 'commander.excessArguments' && apart >= 0 && value !== undefined)
    return fail(
      'OPTION_INVALID',
      given[apart] ?? '',
      `takes its value after "=": ${given[apart]}=${quoted(value).slice(1, -1)}`,
    )
  if (error.code === 'commander.unknownCommand' && outside.files.isFile(name))
    return fail('OPTION_INVALID', place, `${quoted(name)} is a file, not a command: \`xenoscope run ${quoted(name)}\``)
  return fail('OPTION_INVALID', place, text)
}
