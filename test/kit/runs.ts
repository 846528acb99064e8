import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Engine } from '../../core/cpu/run.ts'
import type { Focus, ReportSection, RunEnd, Verdict } from '../../core/index.ts'
import { parseImage } from '../../core/loader/load.ts'
import { createMachine, type Machine } from '../../core/machine/machine.ts'
import type { MachineOptions } from '../../core/machine/options.ts'
import { createDriver, type Driver } from '../../core/plugin/driver.ts'
import { loadPlugins } from '../../core/plugin/load.ts'
import { emptySource } from '../../core/vfs/source.ts'
import { createTitleVfs } from '../../core/vfs/volumes.ts'
import { aRun } from './facts.ts'

export interface Ran {
  readonly machine: Machine
  readonly driver: Driver
  readonly end: RunEnd
  readonly sections: readonly ReportSection[]
  readonly verdicts: readonly Verdict[]
  /** What the title printed. */
  readonly printed: readonly string[]
}

export interface RunSpec {
  readonly options?: Partial<MachineOptions>
  /** Specifiers. */
  readonly plugins?: readonly string[]
  readonly focus?: Focus
  /** Instructions of the next slice. */
  slice?(): number
  readonly engine?: Engine
  /** Text of a linker's map. */
  readonly map?: string
}

const statusOf: Readonly<Record<string, number>> = { finished: 0, until: 0, limit: 3, deadlock: 4, stuck: 4, fault: 5 }

/** Runs a file to its end, as the command line does, without the command line. */
export async function runFile(path: string, spec: RunSpec = {}): Promise<Ran> {
  const plugins = await loadPlugins(spec.plugins ?? [], { folder: import.meta.url })
  const driver = createDriver({ plugins, strict: true, log() {} })
  const printed: string[] = []
  const machine = createMachine({
    image: parseImage(new Uint8Array(readFileSync(path)), basename(path)),
    options: { limit: 50_000_000, ...spec.options },
    sink: driver.sink,
    print: text => printed.push(text),
    files: createTitleVfs({ source: emptySource, kind: 'folder', time: 0n }),
    ...(spec.engine === undefined ? {} : { engine: spec.engine }),
    ...(spec.map === undefined ? {} : { map: spec.map }),
  })
  driver.start(aRun(spec.focus === undefined ? {} : { focus: spec.focus }), machine.views)
  let stop = machine.run(spec.slice?.() ?? 1_000_000)
  while (stop === undefined) {
    driver.slice()
    stop = machine.run(spec.slice?.() ?? 1_000_000)
  }
  const { kind, text, met } = stop
  const exitStatus = met === undefined ? (statusOf[kind] ?? 70) : 0
  const fault = stop.fault === undefined ? {} : { fault: stop.fault }
  const end = await driver.finish({ ...fault, cause: kind, text, exitStatus, ...(met === undefined ? {} : { met }) })
  return { machine, driver, end, sections: driver.sections(), verdicts: end.verdicts, printed }
}
