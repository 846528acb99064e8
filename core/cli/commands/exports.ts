import { exitStatus } from '../../base/failure.ts'
import { hex } from '../../base/words.ts'
import type { ExportRow, VariableRow } from '../../kernel/call.ts'
import { allEntries } from '../../kernel/exports/index.ts'
import { libraries } from '../../kernel/sources.ts'
import { createExportTable } from '../../kernel/table.ts'
import type { ExportNaming } from '../../loader/symbols.ts'
import { defineCommand } from '../command.ts'
import { columns } from '../text.ts'

type Row = ExportRow | VariableRow

/** Names of exports for whoever shows an image. */
export function exportNaming(): ExportNaming {
  const table = createExportTable(allEntries)
  return (library, ordinal) => table.find(library, ordinal)?.name
}

const stateOf = (row: Row): string => {
  if (row.entry === 'variable') return 'variable'
  if (row.invoke === undefined) return 'missing'
  return row.tags.includes('stub') ? 'stub' : 'implemented'
}

const signatureOf = (row: Row): string =>
  row.entry === 'variable'
    ? `${row.size} bytes`
    : `(${row.args.map(({ type, label }) => (label === '' ? type : `${type} ${label}`)).join(', ')}) → ${row.result.type}`

/** `xenoscope exports`: every export the kernel knows by name, and what there is of it. */
export const exports = defineCommand({
  name: 'exports',
  about: 'list the exports a title can import, and which of them are implemented',
  arguments: [{ name: '[pattern]', about: 'show those whose name contains this' }],
  options: {
    missing: { kind: 'flag', about: 'show those that are not implemented', since: '0.1' },
    json: { kind: 'flag', about: 'print them as one JSON document', since: '0.1' },
  },
  run({ host }, [pattern = ''], { missing, json }) {
    const all = createExportTable(allEntries).rows.flatMap(row => row ?? [])
    const wanted = pattern.toLowerCase()
    const shown = all.filter(row => row.name.toLowerCase().includes(wanted) && (!missing || stateOf(row) === 'missing'))
    if (json) {
      const rows = shown.map(row => ({
        library: libraries[row.library],
        ordinal: row.ordinal,
        name: row.name,
        state: stateOf(row),
        signature: signatureOf(row),
        tags: row.entry === 'variable' ? [] : row.tags,
      }))
      host.out(`${JSON.stringify(rows, undefined, 2)}\n`)
      return exitStatus.finished
    }
    const lines = shown.map(row => [
      libraries[row.library] ?? '',
      hex(row.ordinal),
      stateOf(row),
      row.name,
      stateOf(row) === 'missing' ? '' : signatureOf(row),
    ])
    const counts = new Map<string, number>()
    for (const row of shown) counts.set(stateOf(row), (counts.get(stateOf(row)) ?? 0) + 1)
    const sum = [...counts].map(([state, n]) => `${n} ${state}`).join(', ')
    host.out(`${[...columns(lines), `${shown.length} exports${sum === '' ? '' : `: ${sum}`}`].join('\n')}\n`)
    return exitStatus.finished
  },
})
