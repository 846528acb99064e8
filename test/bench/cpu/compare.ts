/**
 * One sitting of a bench of programs: each is run here, under QEMU’s user mode and as native code, in turn, and a line tells
 * how they compare. A figure counts only if all runs print the same.
 *
 * Times are of the processor, so that what else the machine does matters little: here of the running thread, elsewhere of
 * the whole process. A cold run is the first of its process: it decodes, interprets, translates, and waits for nothing the
 * host compiles meanwhile on other threads. Warm is what it takes when nothing is left to compile: twice the second half,
 * by instructions, of a run after it in the same process, where the host already has its best code for the very same
 * modules. Medians.
 *
 * `--engine NAME` (tiered), `--fpscr MODE` (fast), `--slice N` (1000000), `--runs N` (3 processes each), `--only64`, `--json`.
 */
import { parseArgs } from 'node:util'
import type { Engine } from '../../../core/cpu/run.ts'
import { type Build, builds, elsewhere, here, median } from './kit.ts'

const warmRuns = 2

export interface Subject {
  readonly name: string
  readonly build: Build
  /** The program built for the guest, and for this machine. */
  readonly path: string
  readonly native: string
  readonly unitsInModule?: number
}

/** Milliseconds; `coldAll` counts the host's compiler too. */
export interface Times {
  readonly instructions: number
  readonly cold: number
  readonly coldAll: number
  readonly warm: number
  readonly qemu: number
  readonly native: number
}

/** The sitting that the command line asks for; names take `width` columns of its lines. */
export function sitting(width: number) {
  const { values: given, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      engine: { type: 'string', default: 'tiered' },
      fpscr: { type: 'string', default: 'fast' },
      slice: { type: 'string', default: '1000000' },
      runs: { type: 'string', default: '3' },
      only64: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  })
  const engine = given.engine as Engine
  const fpscr: 'exact' | 'fast' = given.fpscr === 'exact' ? 'exact' : 'fast'
  const slice = Number(given.slice)
  const runs = Number(given.runs)
  const wrong: string[] = []
  const say = (text: string): void => {
    if (!given.json) process.stdout.write(`${text}\n`)
  }

  /** Runs a program everywhere and says its line; nothing where the results differ. */
  function compare({ name, build, path, native, ...job }: Subject): Times | undefined {
    const lists = { cold: [], coldAll: [], warm: [], qemu: [], native: [] } as Record<
      Exclude<keyof Times, 'instructions'>,
      number[]
    >
    const texts = new Set<string>()
    let instructions = 0
    for (let i = 0; i < runs; i += 1) {
      const [first, ...after] = here({ path, wide: build.wide, engine, fpscr, slice, runs: 1 + warmRuns, ...job })
      const peer = elsewhere([...build.qemu, path])
      const machine = elsewhere([native])
      lists.cold.push(first?.ms ?? 0)
      lists.coldAll.push(first?.all ?? 0)
      lists.warm.push(...after.map(one => one.steady ?? one.ms))
      lists.qemu.push(peer.ms)
      lists.native.push(machine.ms)
      for (const one of [first, ...after, peer, machine]) texts.add(one?.text ?? '')
      instructions = first?.retired ?? 0
    }
    if (texts.size !== 1) {
      const fault = `${name} ${build.name}: the results differ: ${[...texts].join(' | ')}`
      wrong.push(fault)
      say(fault)
      return undefined
    }
    const [cold, coldAll, warm, qemu, own] = [
      median(lists.cold),
      median(lists.coldAll),
      median(lists.warm),
      median(lists.qemu),
      median(lists.native),
    ]
    const n = (value: number, width: number, digits = 0): string => value.toFixed(digits).padStart(width)
    say(
      `${name.padEnd(width)} ${build.name} ${n(cold, 8)}${n(warm, 8)}${n(qemu, 8)}${n(qemu / cold, 8, 2)}${n(qemu / warm, 8, 2)}${n(instructions / warm / 1000, 11)}${n(own, 8)}${n(own / warm, 7, 2)}`,
    )
    return { instructions, cold, coldAll, warm, qemu, native: own }
  }

  return {
    engine,
    fpscr,
    slice,
    runs,
    /** The programs asked for; none for all. */
    names: positionals,
    builds: builds.filter(build => build.wide || !given.only64),
    mode: `exact budget, memory checked, FPSCR ${fpscr}`,
    say,
    heading: () =>
      say(`${'program'.padEnd(width)} build     cold    warm    QEMU  × cold  × warm  MIPS warm  native  share`),
    compare,
    /** Ends the sitting: with the document for `--json`, and as failed where results differ. */
    finish(document: Readonly<Record<string, unknown>>): void {
      if (given.json) process.stdout.write(`${JSON.stringify({ ...document, wrong }, null, 2)}\n`)
      if (wrong.length > 0) process.exitCode = 1
    },
  }
}
