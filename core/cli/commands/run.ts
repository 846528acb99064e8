import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import manifest from '../../../package.json' with { type: 'json' }
import { conditionText } from '../../base/condition.ts'
import { filesUnder } from '../../host/output.ts'
import { createTranslatorThread } from '../../host/translator.ts'
import { parseImage } from '../../loader/load.ts'
import { symbolsOf } from '../../loader/symbols.ts'
import { createMachine, type Machine } from '../../machine/machine.ts'
import { runOptions } from '../../options/rows.ts'
import type { RunInfo } from '../../plugin/api.ts'
import { createDriver } from '../../plugin/driver.ts'
import { loadPlugins } from '../../plugin/load.ts'
import { defineCommand, type Outside } from '../command.ts'
import { tell } from '../exit.ts'
import { watchForInterrupts } from '../interrupt.ts'
import { createProgress } from '../progress.ts'
import { digestLine, type Outcome, reportJson, reportText } from '../report.ts'
import { createSaid } from '../said.ts'
import { runToEnd } from '../session.ts'
import { focusOf, identityOf, machineOptionsOf, pluginsOf, type RunValues } from '../settings.ts'
import { openTitle } from '../title.ts'
import { addressIn, listingText } from './dump-wasm.ts'
import { mapOf } from './inspect.ts'
import { profileSections } from './profile-report.ts'

export const run = defineCommand({
  name: 'run',
  about: 'run a title and say how it ended, who waits for what, and why that does not come',
  arguments: [
    {
      name: '<title>',
      about:
        'a XEX2 or a big-endian PowerPC ELF, with the files beside it as its disc; or a disc image or content package',
    },
  ],
  options: runOptions,
  more: 'Exit status: 0 finished, 2 bad input, 3 limit reached, 4 deadlock or stuck, 5 guest fault, 70 a defect of ours, 128+n signal n; with --until, 0 where a condition is met and 1 where the title finished before.',
  run: async (outside, [path = ''], values) => (await runTitle(outside, path, values)).outcome.end.exitStatus,
})

/** How long an endpoint may take to take a connection before that is remarked on. */
const reachMilliseconds = 1_000

export interface TitleRun {
  readonly outcome: Outcome
  readonly machine: Machine
}

/** Runs a title to its end and prints what was asked for. */
export async function runTitle(outside: Outside, path: string, values: RunValues): Promise<TitleRun> {
  const { host, files, clock, network } = outside
  const media = openTitle(path, values.out)
  const image = parseImage(media.bytes, media.name)
  const map = mapOf(outside, path, values.map)
  const mapNotes = map === undefined || values.quiet ? [] : symbolsOf(image, { map }).notes
  const options = machineOptionsOf(values)
  const input = values.input === undefined ? '' : new TextDecoder().decode(files.read(values.input))
  const { runId, traceBase } = identityOf(values, clock, image.sha256, { ...options, input })
  const plugins = await loadPlugins(pluginsOf(values), { folder: pathToFileURL(`${resolve('.')}/`).href })
  const out = join(values.out, runId)

  const progress = createProgress(host, clock, values.quiet)
  const note = (line: string): void => {
    progress.clear()
    host.note(`${line}\n`)
  }
  for (const text of mapNotes) note(`xenoscope: ${text}; its names are not used`)
  if (values.otlp !== undefined && !values.noPlugins && !(await network.reachable(values.otlp, reachMilliseconds)))
    note(
      `xenoscope: nobody answers at ${values.otlp} yet; the traces wait, and go to the folder of the run in any case`,
    )
  const driver = createDriver({
    plugins,
    strict: values.strictPlugins,
    clock: clock.now,
    log: note,
    output: filesUnder(out),
  })
  const said = createSaid()
  // Only a machine with a compiler can say what it would make of a function; the engine changes nothing else.
  const engine = values.dumpWasm !== undefined && values.engine === 'interpreter' ? 'tiered' : values.engine
  // It ends whatever becomes of the run.
  using translation = engine === 'tiered' ? createTranslatorThread() : undefined
  const machine = createMachine({
    image,
    options,
    sink: driver.sink,
    files: media.files,
    input,
    ...(values.input !== undefined && { inputName: values.input }),
    ...(map === undefined ? {} : { map }),
    engine,
    ...(translation && { translation }),
    ...(values.profile && { profileClock: clock.now }),
    print: text => {
      said.add(text)
      if (!values.quiet) note(`title: ${text}`)
    },
  })
  const listed = values.dumpWasm === undefined ? undefined : addressIn(machine, values.dumpWasm)
  const run: RunInfo = {
    runId,
    traceBase,
    timebaseHz: values.timebase,
    version: manifest.version,
    hostName: network.hostName,
    title: { name: image.name, id: image.titleId, sha256: image.sha256 },
    out: plugins.length === 0 ? undefined : out,
    focus: focusOf(values),
  }
  driver.start(run, machine.views)
  const interrupt = watchForInterrupts(host)
  const began = clock.now()
  const { end, failure } = await runToEnd({
    host,
    clock,
    machine,
    driver,
    interrupt,
    progress,
    awaited: values.until.length > 0,
  })
  const milliseconds = clock.now() - began
  const outcome: Outcome = {
    nameOf: machine.views.nameOf,
    run,
    end,
    until: options.until?.map(conditionText) ?? [],
    instructions: machine.views.instructions,
    cycles: machine.views.cycle,
    digest: machine.digest(),
    exitCode: machine.exitCode,
    said,
    sections: [...driver.sections(), ...profileSections(machine)],
    plugins: driver.summary(),
    balance: driver.balance(),
    counters: machine.views.counters(),
    milliseconds,
  }
  let unlisted: unknown
  const listing =
    listed === undefined
      ? ''
      : await listingText(machine, listed).catch((error: unknown) => {
          unlisted = error
          return ''
        })
  if (values.json) host.out(reportJson({ ...outcome, ...(listing && { listing }) }))
  else {
    if (!values.quiet) host.out(reportText(outcome, host.bold))
    host.out(listing)
    if (values.stableDigest) host.out(`${digestLine(outcome)}\n`)
  }
  if (failure !== undefined) tell(host, failure)
  interrupt.release()
  // The report is out; what could not be listed is told now.
  if (unlisted !== undefined) throw unlisted
  return { outcome, machine }
}
