/**
 * `npm run bench:programs [names…]`: programs that no one here wrote (sources.ts), built with Debian's cross compiler and
 * its C library, static, for the guest and for this machine, and run here (on as much of Linux as ../linux.ts has), under
 * QEMU's user mode on a processor of the same kind, and as they are. Options and times are
 * those of ../compare.ts.
 */
import { sitting, type Times } from '../compare.ts'
import { compiling } from '../figures.ts'
import { mean } from '../kit.ts'
import { build, realPrograms } from './sources.ts'

const bench = sitting(8)
const { engine, fpscr, slice, mode, say } = bench

interface Row extends Times {
  readonly program: string
  readonly build: string
}
const rows: Row[] = []
const chosen = realPrograms.filter(({ name }) => bench.names.length === 0 || bench.names.includes(name))

say(`engine ${engine}, slices of ${slice}; ${mode}; processor time in ms`)
bench.heading()
for (const program of chosen) {
  const { name } = program
  const native = build(program, 'gcc', [])
  for (const target of bench.builds) {
    const path = build(program, target.compiler, target.flags)
    const times = bench.compare({ name, build: target, path, native })
    if (times !== undefined) rows.push({ program: name, build: target.name, ...times })
  }
}
const [first] = bench.builds
const subjects =
  first === undefined ? [] : chosen.map(one => ({ path: build(one, first.compiler, first.flags), wide: first.wide }))
const costs = compiling(engine, fpscr, subjects)
for (const [what, value, must, aim, unit, how, digits] of costs)
  say(`${what}: ${value.toFixed(digits)} ${unit} (must ${must}, aim ${aim}); ${how}`)
if (rows.length > 0) {
  const over = (value: (row: Row) => number): string => mean(rows.map(value)).toFixed(2)
  say(`\ngeometric means: ${over(row => row.qemu / row.warm)} × QEMU warm, ${over(row => row.qemu / row.cold)} cold;`)
  say(`${over(row => row.native / row.warm)} of native warm`)
}
for (const { name, version, archive } of chosen) say(`${name} ${version}: ${archive.file}, SHA-256 ${archive.sha256}`)
bench.finish({ engine, fpscr, slice, rows, costs })
