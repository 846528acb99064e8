/**
 * `npm run bench:cpu [names…]`: programs of our own, built for the guest and run here and under QEMU’s user mode, in one
 * sitting, in turn; and built for this machine (`-O2 -fno-tree-vectorize`), for the share of native speed. A figure counts
 * only if all runs print the same number.
 *
 * Options and times are those of compare.ts. Cold and warm are both judged: hot code is what the goals are about, and
 * QEMU’s time is never warm.
 */
import { readdirSync } from 'node:fs'
import { sitting, type Times } from './compare.ts'
import { figures } from './figures.ts'
import { elsewhere, guestOf, mean, median, nativeOf, programs } from './kit.ts'

const bench = sitting(16)
const { engine, fpscr, slice, runs, mode, say } = bench

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

interface Row extends Times {
  readonly name: string
  readonly build: string
  readonly kind: Class
}
const rows: Row[] = []

const names = readdirSync(programs)
  .filter(file => file.endsWith('.c'))
  .map(file => file.slice(0, -2))
  .filter(name => name !== 'empty' && (bench.names.length === 0 || bench.names.includes(name)))

say(`engine ${engine}, slices of ${slice}; ${mode}; processor time in ms; × is QEMU's time over ours`)
const starts = bench.builds.map(build => {
  const empty = guestOf(build, 'empty')
  const list = Array.from({ length: 5 }, () => elsewhere([...build.qemu, empty]).ms)
  return `${build.qemu[0]} ${median(list).toFixed(0)} ms`
})
say(`QEMU's start, an empty program, is in its times: ${starts.join(', ')}\n`)
bench.heading()
for (const name of names) {
  const kind = classOf[name] ?? 'integer'
  const native = nativeOf(name)
  for (const build of bench.builds) {
    const alone = name === 'calls-across' ? { unitsInModule: 1 } : {}
    const times = bench.compare({ name, build, path: guestOf(build, name), native, ...alone })
    if (times !== undefined) rows.push({ name, build: build.name, kind, ...times })
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
  for (const build of bench.builds) {
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
if (bench.names.length === 0) for (const one of await figures(engine, fpscr, runs)) judge(...one)

const columns = (cells: readonly string[]): string =>
  `${(cells[0] ?? '').padEnd(44)}${(cells[1] ?? '').padStart(18)}${(cells[2] ?? '').padStart(8)}${(cells[3] ?? '').padStart(8)}  ${(cells[4] ?? '').padEnd(8)}${cells[5] ?? ''}`.trimEnd()
say(`\n${columns(['', 'figure', 'must', 'aim', 'met', 'mode'])}`)
for (const { what, value, must, aim, met, mode: under } of judged) say(columns([what, value, must, aim, met, under]))
bench.finish({ engine, slice, rows, judged })
