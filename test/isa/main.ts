import type { Mode } from './differences.ts'
import { createFuzzer, describe } from './fuzz.ts'
import { hitTable } from './tally.ts'
import { vectorCounts } from './vectors.ts'

/** `npm run fuzz:isa -- --minutes 60 --seed 1`: both modes in turn, until the time is over or something differs. */
const argument = (name: string, otherwise: number): number => {
  const index = process.argv.indexOf(`--${name}`)
  return index < 0 ? otherwise : Number(process.argv[index + 1])
}
const text = (name: string): string => {
  const index = process.argv.indexOf(`--${name}`)
  return index < 0 ? '' : (process.argv[index + 1] ?? '')
}
/** A pattern for the names of rows, to look at a few alone. */
const only = new RegExp(text('only'))
const engine = text('engine') || 'interpreter'
if (engine !== 'interpreter' && engine !== 'compiler')
  throw new Error(`--engine is interpreter or compiler, not ${engine}`)
const minutes = argument('minutes', 1)
const seed = argument('seed', 1)
const size = argument('batch', 2000)
const end = performance.now() + minutes * 60_000
const modes: readonly Mode[] = ['wide', 'narrow']
const fuzzers = modes.map((mode, n) => ({
  mode,
  fuzzer: createFuzzer({ mode, seed: seed * 2 + n, engine, isAllowed: row => only.test(row.name) }),
}))
let status = 0
search: while (performance.now() < end)
  for (const { mode, fuzzer } of fuzzers) {
    const difference = fuzzer.batch(size)
    if (difference === undefined) continue
    console.log(describe(difference, mode))
    status = 1
    break search
  }

const tallies = fuzzers.map(({ fuzzer }) => fuzzer)
for (const { mode, compared, dropped } of tallies)
  console.log(`${mode}: ${compared} sequences compared, ${dropped} that fault on our side left out`)
if (process.argv.includes('--table')) console.log(hitTable(tallies, vectorCounts()).join('\n'))
else
  for (const { mode, hits } of tallies) {
    const fewest = [...hits].sort(([, a], [, b]) => a - b).slice(0, 5)
    console.log(`${mode}: ${hits.size} rows; ${fewest.map(([name, times]) => `${name} ${times}`).join(', ')}`)
  }
for (const tally of tallies) tally.close()
process.exitCode = status
