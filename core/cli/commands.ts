/** Every command, in the order the help lists them. */
import type { AnyCommand } from './command.ts'
import { demo } from './commands/demo.ts'
import { disassemble } from './commands/disassemble.ts'
import { execCommand } from './commands/exec.ts'
import { exports } from './commands/exports.ts'
import { facts } from './commands/facts.ts'
import { inspect } from './commands/inspect.ts'
import { instructions } from './commands/instructions.ts'
import { pack } from './commands/pack.ts'
import { plugins } from './commands/plugins.ts'
import { run } from './commands/run.ts'

export const commands: readonly AnyCommand[] = [
  run,
  demo,
  inspect,
  disassemble,
  execCommand,
  pack,
  exports,
  instructions,
  plugins,
  facts,
]
