/**
 * A program of the bench, run here: to be started in a process of its own, since identical modules share what the host's
 * compiler made of them, and a second run in one process is a warm one. It still interprets and translates at first, so
 * what it takes when nothing is left to compile is told by its second half. Prints one JSON document: a measurement for each
 * run, the first from cold. Times are of the processor, of the running thread; `all` counts the host's compiler too.
 *
 *     node here.ts '{"path": …, "wide": true, "engine": "tiered", "slice": 1000000, "runs": 3}'
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { createProfile, type ProfileReport } from '../../../core/cpu/profile.ts'
import { createCpu, type Engine } from '../../../core/cpu/run.ts'
import { msrSf } from '../../../core/cpu/state.ts'
import { prepareEngine } from '../../../core/host/engine.ts'
import { createTranslatorThread } from '../../../core/host/translator.ts'
import { parseImage, place } from '../../../core/loader/load.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { startProcess } from './linux.ts'

export interface Job {
  readonly path: string
  readonly wide: boolean
  readonly engine: Engine
  readonly fpscr: 'exact' | 'fast'
  readonly slice: number
  readonly runs: number
  readonly unitsInModule?: number
  readonly counts?: boolean
  readonly profile?: boolean
}

export interface Measured {
  readonly text: string
  readonly retired: number
  readonly ms: number
  readonly all: number
  /** Of a run that is not the first: twice what its second half took, counted in instructions. */
  readonly steady?: number
  readonly profile?: ProfileReport
}

prepareEngine()
const shared = createMemory().wasm

const translation = createTranslatorThread()

/** Runs a static program to its end. */
function run(job: Job, instructions?: number): Measured {
  const whole = process.cpuUsage()
  const thread = process.threadCpuUsage()
  const file = readFileSync(job.path)
  const image = parseImage(file, basename(job.path))
  const memory = createMemory(shared)
  memory.load({ runs: [] })
  place(image, memory)
  const profile = job.profile
    ? createProfile({ now: () => performance.now(), functionOf: pc => (pc & -0x100) >>> 0 })
    : undefined
  const cpu = createCpu(
    memory,
    { call: () => true, timebase: () => 0n, deviceLoad: () => 0n, deviceStore: () => {} },
    {
      engine: job.engine,
      translation,
      fpscr: job.fpscr,
      functions: new Map(image.functions.map(one => [one.begin, one.end - one.begin])),
      ...(profile && { profile }),
      ...(job.unitsInModule === undefined ? {} : { unitsInModule: job.unitsInModule }),
      ...(job.counts === undefined ? {} : { counts: job.counts }),
    },
  )
  const registers = cpu.registers()
  if (job.wide) registers.msr |= msrSf
  const guest = startProcess(memory, registers, { file, image }, job.wide)
  registers.setGpr32(2, image.toc ?? 0)
  registers.pc = image.entry
  const half = instructions === undefined ? Number.POSITIVE_INFINITY : Math.floor(instructions / 2)
  let atHalf: NodeJS.CpuUsage | undefined
  for (;;) {
    const before = half - cpu.retired
    if (before <= 0) atHalf ??= process.threadCpuUsage()
    const exit = cpu.run(before > 0 ? Math.min(job.slice, before) : job.slice)
    if (exit.kind === 'budget') continue
    // The bench's loops for the interpreter end by a trap, as they do under QEMU.
    const trapped = exit.kind === 'fault' && exit.fault.code === 'trap'
    if (!trapped && (exit.kind !== 'fault' || exit.fault.code !== 'syscall'))
      throw new Error(`${basename(job.path)}: ${JSON.stringify(exit)}`)
    if (trapped || guest.call()) {
      const used = process.threadCpuUsage(thread)
      const since = atHalf && process.threadCpuUsage(atHalf)
      const all = process.cpuUsage(whole)
      return {
        text: guest.text.trim(),
        retired: cpu.retired,
        ms: (used.user + used.system) / 1000,
        all: (all.user + all.system) / 1000,
        ...(since && { steady: (since.user + since.system) / 500 }),
        ...(profile && { profile: profile.report() }),
      }
    }
  }
}

const job: Job = JSON.parse(process.argv[2] ?? '{}')
const first = run(job)
// A program that is told to count or not to is run whole: where nothing is counted, no half can be told.
const counted = job.counts === undefined ? first.retired : undefined
const others = Array.from({ length: job.runs - 1 }, () => run(job, counted))
process.stdout.write(`${JSON.stringify([first, ...others])}\n`)
