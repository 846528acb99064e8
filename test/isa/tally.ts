/** How often each row was judged, by whom, and what was left out because it faults here. */
import { rows } from '../../core/cpu/rows/table.ts'
import { isLeftOut, lacking, type Mode } from './differences.ts'

/** A row QEMU executes is part of at least so many sequences that were compared, in each mode whose processor has it. */
export const leastHits = 1000

export interface Tally {
  readonly mode: Mode
  readonly hits: ReadonlyMap<string, number>
  /** Sequences left out, by the row that faulted in them. */
  readonly faults: ReadonlyMap<string, number>
}

const cell = (tally: Tally, name: string): string => {
  const row = rows.find(one => one.name === name)
  if (row === undefined || row.apart !== undefined) return ''
  if (lacking[tally.mode].has(name)) return 'lacking'
  return String(tally.hits.get(name) ?? 0)
}

/** A line a row: how often it was compared in each mode, how often it ended a sequence with a fault, and its judge. */
export function hitTable(tallies: readonly Tally[], vectors: ReadonlyMap<string, number>): string[] {
  const lines = [
    ['row', ...tallies.map(({ mode }) => mode), 'left out', 'judge'],
    ...rows.map(({ name, apart }) => {
      const left = tallies.reduce((sum, { faults }) => sum + (faults.get(name) ?? 0), 0)
      const written = `${vectors.get(name) ?? 0} vectors`
      return [
        name,
        ...tallies.map(tally => cell(tally, name)),
        left === 0 ? '' : String(left),
        apart === undefined ? 'QEMU' : `${written}: ${apart}`,
      ]
    }),
  ]
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0))) ?? []
  return lines.map(line =>
    line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** What is not judged enough, in words. */
export function shortcomings(
  tallies: readonly Tally[],
  vectors: ReadonlyMap<string, number>,
  least = leastHits,
): string[] {
  return rows.flatMap(row => {
    if (row.apart !== undefined) return vectors.has(row.name) ? [] : [`${row.name} has no vector`]
    const judging = tallies.filter(({ mode }) => !isLeftOut(row, mode))
    if (judging.length === 0) return [`${row.name} has no judge`]
    return judging
      .filter(({ hits }) => (hits.get(row.name) ?? 0) < least)
      .map(({ mode, hits }) => `${row.name} was compared ${hits.get(row.name) ?? 0} times in ${mode} mode`)
  })
}
