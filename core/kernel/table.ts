/** All rows of all exports, by number and by name. Two rows for one ordinal are an error when the table is built. */
import { fail } from '../base/failure.ts'
import type { ContinuationRow, Entry, ExportRow, VariableRow } from './call.ts'
import { exportNumber, firstExport, libraries, ordinalsPerLibrary } from './sources.ts'

export interface ExportTable {
  /** By number - firstExport. */
  readonly rows: readonly (ExportRow | VariableRow | undefined)[]
  readonly continuations: ReadonlyMap<string, ContinuationRow>
  readonly variables: readonly VariableRow[]
  /** The row of a library by ordinal or name. */
  find(library: string, which: number | string): ExportRow | VariableRow | undefined
  row(id: number): ExportRow | VariableRow | undefined
}

/** Index of a library by its file name, with or without `.exe` or `.xex`; -1 for one the kernel does not provide. */
export function libraryIndex(name: string): number {
  const stem = name.toLowerCase().replace(/\.(exe|xex)$/, '')
  return libraries.findIndex(library => library.replace(/\.(exe|xex)$/, '') === stem)
}

const built = new WeakMap<readonly Entry[], ExportTable>()

/** The table of a list of rows, built once for all kernels. */
export function tableOf(entries: readonly Entry[]): ExportTable {
  const known = built.get(entries)
  if (known !== undefined) return known
  const table = createExportTable(entries)
  built.set(entries, table)
  return table
}

export function createExportTable(entries: readonly Entry[]): ExportTable {
  const rows: (ExportRow | VariableRow | undefined)[] = []
  const names = new Map<string, ExportRow | VariableRow>()
  const continuations = new Map<string, ContinuationRow>()
  const variables: VariableRow[] = []

  for (const entry of entries) {
    if (entry.entry === 'continuation') {
      if (continuations.has(entry.name)) throw fail('DEFECT', `continuation ${entry.name}`, 'is defined twice')
      continuations.set(entry.name, entry)
      continue
    }
    const at = exportNumber(entry.library, entry.ordinal) - firstExport
    const before = rows[at]
    if (before !== undefined)
      throw fail(
        'DEFECT',
        `${libraries[entry.library]} ordinal ${entry.ordinal}`,
        `is both ${before.name} and ${entry.name}`,
      )
    rows[at] = entry
    names.set(`${entry.library}:${entry.name}`, entry)
    if (entry.entry === 'variable') variables.push(entry)
  }

  return {
    rows,
    continuations,
    variables,
    row: id => rows[id - firstExport],
    find(library, which) {
      const index = libraryIndex(library)
      if (index < 0) return undefined
      return typeof which === 'number'
        ? which >= 0 && which < ordinalsPerLibrary
          ? rows[index * ordinalsPerLibrary + which]
          : undefined
        : names.get(`${index}:${which}`)
    },
  }
}
