/** What the declarations say of exports, as rows to print: of all that the kernel knows, or of what a title imports. */
import { hex } from '../../base/words.ts'
import type { ExportRow, VariableRow } from '../../kernel/call.ts'
import { allEntries } from '../../kernel/exports/index.ts'
import { libraries } from '../../kernel/sources.ts'
import { libraryIndex, tableOf } from '../../kernel/table.ts'
import type { ImportLibrary } from '../../loader/image.ts'
import { columns } from '../text.ts'

type Row = ExportRow | VariableRow

/** `unknown`: of a library or with an ordinal that the kernel has no row for, so that it has not even a name. */
const exportStates = ['implemented', 'without-effect', 'variable', 'missing', 'unknown'] as const
export type ExportState = (typeof exportStates)[number]

export interface ListedExport {
  readonly library: string
  readonly ordinal: number
  readonly name: string
  readonly state: ExportState
  readonly signature: string
  readonly tags: readonly string[]
  /** Why it has no effect, or no body; empty where nothing is said. */
  readonly why: string
}

/** A call of it finds nothing to do it. */
export const lacksBody = ({ state }: ListedExport): boolean => state === 'missing' || state === 'unknown'

function stateOf(row: Row): ExportState {
  if (row.entry === 'variable') return 'variable'
  if (row.invoke === undefined) return 'missing'
  return row.idle === undefined ? 'implemented' : 'without-effect'
}

const signatureOf = (row: Row): string =>
  row.entry === 'variable'
    ? `${row.size} bytes`
    : `(${row.args.map(({ type, label }) => (label === '' ? type : `${type} ${label}`)).join(', ')}) → ${row.result.type}`

function listed(row: Row): ListedExport {
  const state = stateOf(row)
  return {
    library: libraries[row.library] ?? '',
    ordinal: row.ordinal,
    name: row.name,
    state,
    // What a row without a body says of its arguments is not known.
    signature: state === 'missing' ? '' : signatureOf(row),
    tags: row.entry === 'variable' ? [] : row.tags,
    why: row.entry === 'variable' ? '' : (row.idle ?? row.because ?? ''),
  }
}

/** Every export there is a row for, by library and ordinal. */
export const allExports = (): ListedExport[] =>
  tableOf(allEntries).rows.flatMap(row => (row === undefined ? [] : [listed(row)]))

/** What an image imports, in the order it does. */
export function importsOf(imports: readonly ImportLibrary[]): ListedExport[] {
  const table = tableOf(allEntries)
  return imports.flatMap(({ name, imports: items }) =>
    items.map(({ ordinal, kind }): ListedExport => {
      const row = table.find(name, ordinal)
      if (row !== undefined) return listed(row)
      return { library: name, ordinal, name: '', state: 'unknown', signature: kind, tags: [], why: '' }
    }),
  )
}

/** Whether a row is of the library a person named, with or without its ending. */
export function isOfModule({ library }: ListedExport, module: string): boolean {
  const known = libraryIndex(module)
  return known < 0
    ? library.toLowerCase() === module.toLowerCase()
    : libraries[known] === libraries[libraryIndex(library)]
}

export function exportLines(rows: readonly ListedExport[]): string[] {
  return columns(
    rows.map(({ library, ordinal, state, name, signature, why }) => [
      library,
      hex(ordinal),
      state,
      name,
      why === '' ? signature : `${signature}  ${why}`.trim(),
    ]),
  )
}

/** `112 implemented, 3 without-effect`; empty where there is nothing. */
export function countsText(rows: readonly ListedExport[]): string {
  return exportStates
    .flatMap(state => {
      const n = rows.filter(row => row.state === state).length
      return n === 0 ? [] : [`${n} ${state}`]
    })
    .join(', ')
}
