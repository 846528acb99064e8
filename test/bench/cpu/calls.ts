/**
 * What a kernel call costs that nobody listens to, its caller's loop of a few instructions included: a guest of
 * ../guests with nothing but such calls, warm. To be started in a process of its own, as a title is: what the engine
 * learned of another machine would be in the way. Prints one JSON document: nanoseconds of the running thread a call.
 *
 *     node calls.ts '{"path": …, "engine": "tiered", "calls": 8000000}'
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Engine } from '../../../core/cpu/run.ts'
import { createSilentSink } from '../../../core/facts/sink.ts'
import { prepareEngine } from '../../../core/host/engine.ts'
import { parseImage } from '../../../core/loader/load.ts'
import { createMachine } from '../../../core/machine/machine.ts'

export interface CallsJob {
  readonly path: string
  readonly engine: Engine
  /** Calls from start to end. */
  readonly calls: number
}

/** What runs before the clock does. */
const warmUp = 12_000_000

const job: CallsJob = JSON.parse(process.argv[2] ?? '{}')
prepareEngine()
const image = parseImage(readFileSync(job.path), basename(job.path))
const machine = createMachine({ image, sink: createSilentSink(), engine: job.engine })
machine.run(warmUp)
const from = process.threadCpuUsage()
let stop = machine.run(warmUp)
while (stop === undefined) stop = machine.run(warmUp)
const { user, system } = process.threadCpuUsage(from)
if (stop.kind !== 'finished' || stop.exitCode !== 0) throw new Error(`${basename(job.path)} ended by ${stop.text}`)
const timed = (job.calls * (machine.instructions - warmUp)) / machine.instructions
process.stdout.write(JSON.stringify(((user + system) * 1000) / timed))
