/**
 * `npm run bench:cpu [names…]`: programs of our own, built for the guest and run here and under QEMU’s user mode, in one
 * sitting, in turn; and built for this machine (`-O2 -fno-tree-vectorize`), for the share of native speed. A figure counts
 * only if all runs print the same number.
 *
 * Times are of the processor, so that what else the machine does matters little: here of the running thread, elsewhere of
 * the whole process. A cold run is the first of its process: it decodes, interprets, translates, and waits for nothing the
 * host compiles meanwhile on other threads. Warm is what it takes when nothing is left to compile: twice the second half,
 * by instructions, of a run after it in the same process, where the host already has its best code for the very same
 * modules. Medians. Both are judged: hot code is what the goals are about, and QEMU’s time is
 * never warm.
 *
 * `--engine NAME` (tiered), `--fpscr MODE` (fast), `--slice N` (1000000), `--runs N` (3 processes each), `--only64`, `--json`.
 */

import { readdirSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Engine } from '../../../core/cpu/run.ts'
import { figures } from './figures.ts'
import { builds, elsewhere, guestOf, here, mean, median, nativeOf, out, programs } from './kit.ts'

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
const slice = Number(given.slice)
const runs = Number(given.runs)
const warmRuns = 2

const classes = {
  integer: [1.2, 2],
  'calls in a module': [0.9, 1.3],
  'calls across modules': [0.7, 1],
  'scalar double': [10, 20],
  'scalar single': [10, 20],
  'AltiVec integer': [4, 10],
  'AltiVec float': [15, 28],
} as const satisfies Record<string, readonly [must: number, aim: number]>
type Class = keyof typeof classes
const classOf: Readonly<Record<string, Class>> = {
  calls: 'calls in a module',
  'calls-across': 'calls across modules',
  double: 'scalar double',
  single: 'scalar single',
  'vector-integer': 'AltiVec integer',
  'vector-float': 'AltiVec float',
}
/** What no integer program may be under. */
const worst = 0.75
const fpscr = given.fpscr === 'exact' ? 'exact' : 'fast'
const mode = `exact budget, memory checked, FPSCR ${fpscr}`

interface Row {
  readonly name: string
  readonly build: string
  readonly kind: Class
  readonly instructions: number
  readonly cold: number
  readonly coldAll: number
  readonly warm: number
  readonly qemu: number
  readonly native: number
}

const say = (text: string): void => {
  if (!given.json) process.stdout.write(`${text}\n`)
}
const rows: Row[] = []
const wrong: string[] = []

const names = readdirSync(programs)
  .filter(file => file.endsWith('.c'))
  .map(file => file.slice(0, -2))
  .filter(name => name !== 'empty' && (positionals.length === 0 || positionals.includes(name)))
const chosen = builds.filter(build => build.wide || !given.only64)

say(`engine ${engine}, slices of ${slice}; ${mode}; processor time in ms; × is QEMU's time over ours`)
const starts = chosen.map(build => {
  const empty = guestOf(build, 'empty')
  const list = Array.from({ length: 5 }, () => elsewhere([...build.qemu, empty]).ms)
  return `${build.qemu[0]} ${median(list).toFixed(0)} ms`
})
say(`QEMU's start, an empty program, is in its times: ${starts.join(', ')}\n`)
say('program          build     cold    warm    QEMU  × cold  × warm  MIPS warm  native  share')
for (const name of names) {
  const kind = classOf[name] ?? 'integer'
  const native = nativeOf(name)
  for (const build of chosen) {
    const path = guestOf(build, name)
    const [cold, coldAll, warm, qemu, own]: number[][] = [[], [], [], [], []]
    const texts = new Set<string>()
    let instructions = 0
    for (let i = 0; i < runs; i += 1) {
      const alone = name === 'calls-across' ? { unitsInModule: 1 } : {}
      const [first, ...after] = here({ path, wide: build.wide, engine, fpscr, slice, runs: 1 + warmRuns, ...alone })
      const peer = elsewhere([...build.qemu, path])
      const machine = elsewhere([native])
      cold?.push(first?.ms ?? 0)
      coldAll?.push(first?.all ?? 0)
      warm?.push(...after.map(one => one.steady ?? one.ms))
      qemu?.push(peer.ms)
      own?.push(machine.ms)
      for (const text of [first, ...after, peer, machine]) texts.add(text?.text ?? '')
      instructions = first?.retired ?? 0
    }
    if (texts.size !== 1) {
      wrong.push(`${name} ${build.name}: the results differ: ${[...texts].join(', ')}`)
      say(wrong.at(-1) ?? '')
      continue
    }
    const row: Row = {
      name,
      build: build.name,
      kind,
      instructions,
      cold: median(cold ?? []),
      coldAll: median(coldAll ?? []),
      warm: median(warm ?? []),
      qemu: median(qemu ?? []),
      native: median(own ?? []),
    }
    rows.push(row)
    const n = (value: number, width: number, digits = 0): string => value.toFixed(digits).padStart(width)
    say(
      `${name.padEnd(16)} ${row.build} ${n(row.cold, 8)}${n(row.warm, 8)}${n(row.qemu, 8)}${n(row.qemu / row.cold, 8, 2)}${n(row.qemu / row.warm, 8, 2)}${n(instructions / row.warm / 1000, 11)}${n(row.native, 8)}${n(row.native / row.warm, 7, 2)}`,
    )
  }
}

interface Judged {
  readonly what: string
  readonly value: string
  readonly must: string
  readonly aim: string
  readonly met: 'aim' | 'must' | 'missed' | '-'
  readonly mode: string
}
const judged: Judged[] = []
function judge(what: string, value: number, must: number, aim: number, unit: string, under: string, digits = 2): void {
  const more = must <= aim
  const reaches = (goal: number): boolean => (more ? value >= goal : value <= goal)
  const met = reaches(aim) ? 'aim' : reaches(must) ? 'must' : 'missed'
  judged.push({ what, value: `${value.toFixed(digits)} ${unit}`, must: `${must}`, aim: `${aim}`, met, mode: under })
}
for (const [kind, [must, aim]] of Object.entries(classes))
  for (const build of chosen) {
    const list = rows.filter(row => row.kind === kind && row.build === build.name)
    if (list.length === 0) continue
    for (const run of ['warm', 'cold'] as const) {
      const ratios = list.map(row => row.qemu / row[run])
      judge(`${kind}, ${build.name}, ${run}`, mean(ratios), must, aim, '× QEMU', mode)
      if (kind === 'integer') judge(`  the worst, ${run}`, Math.min(...ratios), worst, worst, '× QEMU', mode)
    }
  }
if (rows.length > 0)
  judge('share of native, all, warm', mean(rows.map(row => row.native / row.warm)), 0.35, 0.6, '', mode)
if (positionals.length === 0) for (const one of await figures(engine, fpscr, runs)) judge(...one)

const columns = (cells: readonly string[]): string =>
  `${(cells[0] ?? '').padEnd(44)}${(cells[1] ?? '').padStart(18)}${(cells[2] ?? '').padStart(8)}${(cells[3] ?? '').padStart(8)}  ${(cells[4] ?? '').padEnd(8)}${cells[5] ?? ''}`.trimEnd()
say(`\n${columns(['', 'figure', 'must', 'aim', 'met', 'mode'])}`)
for (const { what, value, must, aim, met, mode: under } of judged) say(columns([what, value, must, aim, met, under]))
if (given.json) process.stdout.write(`${JSON.stringify({ engine, slice, rows, judged, wrong }, null, 2)}\n`)
rmSync(out, { recursive: true })
if (wrong.length > 0) process.exitCode = 1
