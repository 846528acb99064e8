/**
 * `npm run bench:programs [names…]`: programs that no one here wrote (sources.ts), built with Debian's cross compiler and
 * its C library, static, for the guest and for this machine, and run here (on as much of Linux as ../linux.ts has), under
 * QEMU's user mode on a processor of the same kind, and as they are. A figure counts only if all print the same. Times as
 * in ../bench.ts: of the processor, medians, cold and warm.
 *
 * `--engine NAME` (tiered), `--fpscr MODE` (fast), `--slice N` (1000000), `--runs N` (3), `--only64`, `--json`.
 */
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Engine } from '../../../../core/cpu/run.ts'
import { builds, elsewhere, here, mean, median, out } from '../kit.ts'
import { build, realPrograms } from './sources.ts'

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
rmSync(out, { recursive: true })
const engine = given.engine as Engine
const fpscr = given.fpscr === 'exact' ? 'exact' : 'fast'
const slice = Number(given.slice)
const runs = Number(given.runs)
const warmRuns = 2

interface Row {
  readonly program: string
  readonly build: string
  readonly instructions: number
  readonly cold: number
  readonly warm: number
  readonly qemu: number
  readonly native: number
}
const say = (text: string): void => {
  if (!given.json) process.stdout.write(`${text}\n`)
}
const rows: Row[] = []
const wrong: string[] = []
const chosen = realPrograms.filter(({ name }) => positionals.length === 0 || positionals.includes(name))

say(`engine ${engine}, slices of ${slice}; exact budget, memory checked, FPSCR ${fpscr}; processor time in ms`)
say('program  build     cold    warm    QEMU  × cold  × warm  MIPS warm  native  share')
for (const program of chosen) {
  const native = build(program, 'gcc', [])
  for (const { name, compiler, flags, wide, qemu: command } of builds) {
    if (!wide && given.only64) continue
    const path = build(program, compiler, flags)
    const [cold, warm, theirs, own]: [number[], number[], number[], number[]] = [[], [], [], []]
    const texts = new Set<string>()
    let instructions = 0
    for (let i = 0; i < runs; i += 1) {
      const [first, ...after] = here({ path, wide, engine, fpscr, slice, runs: 1 + warmRuns })
      const other = elsewhere([...command, path])
      const machine = elsewhere([native])
      cold.push(first?.ms ?? 0)
      warm.push(...after.map(one => one.steady ?? one.ms))
      theirs.push(other.ms)
      own.push(machine.ms)
      for (const one of [first, ...after, other, machine]) texts.add(one?.text ?? '')
      instructions = first?.retired ?? 0
    }
    if (texts.size !== 1) {
      wrong.push(`${program.name} ${name}: the results differ: ${[...texts].join(' | ')}`)
      say(wrong.at(-1) ?? '')
      continue
    }
    const [c, w, q, n] = [median(cold), median(warm), median(theirs), median(own)]
    rows.push({ program: program.name, build: name, instructions, cold: c, warm: w, qemu: q, native: n })
    const cell = (value: number, width: number, digits = 0): string => value.toFixed(digits).padStart(width)
    say(
      `${program.name.padEnd(8)} ${name} ${cell(c, 8)}${cell(w, 8)}${cell(q, 8)}${cell(q / c, 8, 2)}${cell(q / w, 8, 2)}${cell(instructions / w / 1000, 11)}${cell(n, 8)}${cell(n / w, 7, 2)}`,
    )
  }
}
if (rows.length > 0) {
  const over = (value: (row: Row) => number): string => mean(rows.map(value)).toFixed(2)
  say(`\ngeometric means: ${over(row => row.qemu / row.warm)} × QEMU warm, ${over(row => row.qemu / row.cold)} cold;`)
  say(`${over(row => row.native / row.warm)} of native warm`)
}
for (const { name, version, archive } of chosen) say(`${name} ${version}: ${archive.file}, SHA-256 ${archive.sha256}`)
if (given.json) process.stdout.write(`${JSON.stringify({ engine, fpscr, slice, rows, wrong }, null, 2)}\n`)
if (wrong.length > 0) process.exitCode = 1
