/**
 * A command of `xenoscope`, one row each: its words, its options and its body. main.ts makes the parser and the help of
 * the rows; a body gets checked values and the outside as an argument, and answers the exit status.
 */
import type { Clock } from '../host/clock.ts'
import type { Files } from '../host/files.ts'
import type { Network } from '../host/network.ts'
import type { Host } from '../host/process.ts'
import type { OptionRows } from '../options/rows.ts'
import type { OptionValues } from '../options/values.ts'

export interface Outside {
  readonly host: Host
  readonly files: Files
  readonly clock: Clock
  readonly network: Network
}

export interface Command<Rows extends OptionRows = OptionRows> {
  readonly name: string
  /** One sentence for the list of commands. */
  readonly about: string
  /** In order; `<file>` is needed, `[pattern]` is not. */
  readonly arguments: readonly { readonly name: string; readonly about: string }[]
  readonly options: Rows
  /** More to say under the help: the format of what is read, examples. */
  readonly more?: string
  run(outside: Outside, given: readonly string[], options: OptionValues<Rows>): number | Promise<number>
}

/** What main.ts holds: a command with the type of its options forgotten. */
export type AnyCommand = Omit<Command, 'run'> & {
  run(outside: Outside, given: readonly string[], options: never): number | Promise<number>
}

export function defineCommand<const Rows extends OptionRows>(command: Command<Rows>): Command<Rows> {
  return command
}
