/** The composition root: the commands, the outside they get, and how the program ends. */
import manifest from '../../package.json' with { type: 'json' }
import { systemClock } from '../host/clock.ts'
import { hostFiles } from '../host/files.ts'
import { network } from '../host/network.ts'
import { host } from '../host/process.ts'
import type { AnyCommand, Outside } from './command.ts'
import { demo } from './commands/demo.ts'
import { disassemble } from './commands/disassemble.ts'
import { execCommand } from './commands/exec.ts'
import { exports } from './commands/exports.ts'
import { facts } from './commands/facts.ts'
import { inspect } from './commands/inspect.ts'
import { pack } from './commands/pack.ts'
import { plugins } from './commands/plugins.ts'
import { run } from './commands/run.ts'
import { tell } from './exit.ts'
import { runCommand } from './parser.ts'

const commands: readonly AnyCommand[] = [run, demo, inspect, disassemble, execCommand, pack, exports, plugins, facts]

const outside: Outside = { host, files: hostFiles, clock: systemClock, network }

host.onDefect(error => host.exit(tell(host, error)))
try {
  host.exit(await runCommand(commands, manifest.version, outside, host.arguments))
} catch (error) {
  host.exit(tell(host, error))
}
