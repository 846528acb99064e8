/** The composition root: the commands, the outside they get, and how the program ends. */
import manifest from '../../package.json' with { type: 'json' }
import { systemClock } from '../host/clock.ts'
import { prepareEngine } from '../host/engine.ts'
import { hostFiles } from '../host/files.ts'
import { network } from '../host/network.ts'
import { host } from '../host/process.ts'
import type { Outside } from './command.ts'
import { commands } from './commands.ts'
import { tell } from './exit.ts'
import { runCommand } from './parser.ts'

const outside: Outside = { host, files: hostFiles, clock: systemClock, network }

prepareEngine()
host.onDefect(error => host.exit(tell(host, error)))
try {
  host.exit(await runCommand(commands, manifest.version, outside, host.arguments))
} catch (error) {
  host.exit(tell(host, error))
}
