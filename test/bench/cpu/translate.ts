/**
 * What translating takes, from decoded words to bytes: all functions of some programs, again and again in one thread that
 * does nothing else, until the host has made of the translator what it will. To be started in a process of its own. Prints
 * one JSON document: the instructions of a pass, and milliseconds of the thread's processor time, of the first pass and of
 * a later one (the mean of the second half, since the clock of a thread goes by steps of some milliseconds).
 *
 *     node translate.ts '{"programs": [{"path": …, "wide": true}], "passes": 9}'
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { createTranslator, type TranslatorSetup } from '../../../core/cpu/compiler/translator.ts'
import { createCpu } from '../../../core/cpu/run.ts'
import { prepareEngine } from '../../../core/host/engine.ts'
import { parseImage, place } from '../../../core/loader/load.ts'
import { createMemory } from '../../../core/memory/guest.ts'

export interface TranslateJob {
  readonly programs: readonly { readonly path: string; readonly wide: boolean }[]
  readonly passes: number
}
export interface Translated {
  readonly instructions: number
  readonly first: number
  readonly later: number
}

/** Functions that are asked for at a time, as a module has about so many. */
const atOnce = 60

const job: TranslateJob = JSON.parse(process.argv[2] ?? '{}')
prepareEngine()
const shared = new WebAssembly.Memory({ initial: 65_536, maximum: 65_536, shared: true })
const memory = createMemory(shared)

/** What a processor tells a translator that it begins; one that has many functions does so at once. */
function setupOf(): TranslatorSetup {
  let setup: TranslatorSetup | undefined
  createCpu(
    memory,
    { call: () => true, timebase: () => 0n, deviceLoad: () => 0n, deviceStore: () => {} },
    {
      engine: 'tiered',
      fpscr: 'fast',
      functions: new Map(Array.from({ length: 10_000 }, (_, i) => [4 * i, 4])),
      translation: {
        begin(given) {
          setup = given
        },
        ask: () => {},
        answer: () => undefined,
      },
    },
  )
  if (setup === undefined) throw new Error('the processor has begun no translator')
  return setup
}
const setup = setupOf()

/** Translates all of a program; answers the instructions and the milliseconds that took. */
function translate({ path, wide }: TranslateJob['programs'][number]): readonly [instructions: number, ms: number] {
  const image = parseImage(readFileSync(path), basename(path))
  memory.load({ runs: [] })
  place(image, memory)
  const starts = image.functions.length > 0 ? image.functions.map(({ begin }) => begin) : [image.entry]
  const translator = createTranslator({ ...setup, memory: shared, functions: new Set(starts), eager: true })
  let instructions = 0
  const from = process.threadCpuUsage()
  for (let at = 0; at < starts.length; at += atOnce) {
    const { units } = translator.translate({
      mode: { wide, exact: false, fuses: true },
      entries: starts.slice(at, at + atOnce),
      room: Number.POSITIVE_INFINITY,
      stops: new Set(),
      whole: new Set(),
      callTargets: [],
      jumps: [],
      forget: at === 0,
    })
    for (const unit of units) instructions += unit.instructions
  }
  const { user, system } = process.threadCpuUsage(from)
  return [instructions, (user + system) / 1000]
}

function pass(): readonly [instructions: number, ms: number] {
  let [instructions, ms] = [0, 0]
  for (const program of job.programs) {
    const [some, spent] = translate(program)
    instructions += some
    ms += spent
  }
  return [instructions, ms]
}
const [instructions, first] = pass()
const half = Math.ceil((job.passes - 1) / 2)
for (let i = 1; i < job.passes - half; i += 1) pass()
let later = 0
for (let i = 0; i < half; i += 1) later += pass()[1] / half
process.stdout.write(JSON.stringify({ instructions, first, later } satisfies Translated))
