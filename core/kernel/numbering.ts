/** Numbers of exports and their names; an export of a library the kernel does not provide gets a number too. */
import type { Plain } from '../base/state.ts'
import { exportNumber, firstExport, libraries, ordinalsPerLibrary, paths } from './sources.ts'
import type { ExportTable } from './table.ts'

export interface Numbering {
  /** What an import leads to: a number a thunk traps with, or the address of a variable. */
  resolve(library: string, ordinal: number, kind: 'function' | 'variable'): number
  /** The text of a source number. */
  nameOf(source: number): string
  save(): Plain
  load(state: Plain): void
}

export interface NumberingPorts {
  readonly table: ExportTable
  /** Address of an exported variable. */
  variable(name: string): number
  thunkOf(id: number): number
}

export function createNumbering({ table, variable, thunkOf }: NumberingPorts): Numbering {
  let others: string[] = []

  function foreign(library: string, ordinal: number): number {
    const name = library.toLowerCase()
    if (!others.includes(name)) others.push(name)
    return exportNumber(libraries.length + others.indexOf(name), ordinal & (ordinalsPerLibrary - 1))
  }

  return {
    resolve(library, ordinal, kind) {
      const row = table.find(library, ordinal)
      if (row?.entry === 'variable') return variable(row.name)
      const id = row === undefined ? foreign(library, ordinal) : exportNumber(row.library, row.ordinal)
      return kind === 'variable' ? thunkOf(id) : id
    },
    nameOf(source) {
      if (source < firstExport) return paths[source as keyof typeof paths] ?? `path ${source}`
      const row = table.row(source)
      if (row !== undefined) return row.name
      const library = Math.floor((source - firstExport) / ordinalsPerLibrary)
      const name = libraries[library] ?? others[library - libraries.length] ?? 'unknown'
      return `${name}#${source & (ordinalsPerLibrary - 1)}`
    },
    save: () => others.slice(),
    load(state) {
      others = (state as readonly string[]).slice()
    },
  }
}
