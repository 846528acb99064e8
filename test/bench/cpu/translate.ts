/**
 * What translating takes, from decoded words to bytes: all functions of some programs, in one thread that does nothing
 * else. To be started in a process of its own. Three times round the programs: once each; then so often that the host has
 * made of the translator what it will; then as often again, which is what counts. Prints one JSON document: the
 * instructions of all programs, and milliseconds of the thread's processor time to translate them, at first and later.
 *
 *     node translate.ts '{"programs": [{"path": …, "wide": true}]}'
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { TranslatorSetup } from '../../../core/cpu/compiler/translation.ts'
import { createTranslator } from '../../../core/cpu/compiler/translator.ts'
import { createCpu } from '../../../core/cpu/run.ts'
import { prepareEngine } from '../../../core/host/engine.ts'
import { parseImage, place } from '../../../core/loader/load.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { requestOf, usualMode } from '../../kit/translation.ts'

export interface TranslateJob {
  readonly programs: readonly { readonly path: string; readonly wide: boolean }[]
}
export interface Translated {
  readonly instructions: number
  readonly first: number
  readonly later: number
}

/** Functions that are asked for at a time, as a module has about so many. */
const atOnce = 60
/** Instructions of a round that is not the first: the clock of a thread goes by steps of some milliseconds. */
const enough = 1_000_000

const job: TranslateJob = JSON.parse(process.argv[2] ?? '{}')
prepareEngine()
const memory = createMemory()

/** What a processor tells a translator. */
function setupOf(): TranslatorSetup {
  let setup: TranslatorSetup | undefined
  createCpu(
    memory,
    { call: () => true, timebase: () => 0n, deviceLoad: () => 0n, deviceStore: () => {} },
    {
      engine: 'tiered',
      fpscr: 'fast',
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

interface Spent {
  readonly instructions: number
  /** Of the thread's processor time. */
  readonly ms: number
}

/** Translates all of a program, some times over. */
function translate({ path, wide }: TranslateJob['programs'][number], times: number): Spent {
  const image = parseImage(readFileSync(path), basename(path))
  memory.load({ runs: [] })
  place(image, memory)
  const starts = image.functions.length > 0 ? image.functions.map(({ begin }) => begin) : [image.entry]
  const translator = createTranslator({ ...setup, memory: memory.wasm.buffer, functions: new Set(starts), eager: true })
  let instructions = 0
  const from = process.threadCpuUsage()
  for (let time = 0; time < times; time += 1)
    for (let at = 0; at < starts.length; at += atOnce) {
      const { units } = translator.translate(
        requestOf({
          mode: { ...usualMode, wide },
          entries: starts.slice(at, at + atOnce),
          room: Number.POSITIVE_INFINITY,
          forget: at === 0,
        }),
      )
      for (const unit of units) instructions += unit.instructions
    }
  const { user, system } = process.threadCpuUsage(from)
  return { instructions, ms: (user + system) / 1000 }
}

/** Once round the programs. */
function round(times: number): Spent {
  const all = job.programs.map(program => translate(program, times))
  return { instructions: sum(all.map(one => one.instructions)), ms: sum(all.map(one => one.ms)) }
}
const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0)

const { instructions, ms: first } = round(1)
const times = Math.ceil(enough / Math.max(instructions, 1))
round(times)
const later = round(times).ms / times
process.stdout.write(JSON.stringify({ instructions, first, later } satisfies Translated))
