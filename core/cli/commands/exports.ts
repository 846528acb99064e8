import { basename } from 'node:path'
import { exitStatus, fail } from '../../base/failure.ts'
import { allEntries } from '../../kernel/exports/index.ts'
import { libraries } from '../../kernel/sources.ts'
import { libraryIndex, tableOf } from '../../kernel/table.ts'
import { parseImage } from '../../loader/load.ts'
import type { ExportNaming } from '../../loader/symbols.ts'
import { defineCommand } from '../command.ts'
import { openTitle } from '../title.ts'
import {
  allExports,
  countsText,
  exportLines,
  importsOf,
  isOfModule,
  type ListedExport,
  lacksBody,
} from './export-list.ts'

/** Names of exports for whoever shows an image. */
export function exportNaming(): ExportNaming {
  const table = tableOf(allEntries)
  return (library, ordinal) => table.find(library, ordinal)?.name
}

/** What a title imports: of an executable, or of the one on a disc image or in a package. */
function usedBy(path: string): ListedExport[] {
  const media = openTitle(path)
  return importsOf(parseImage(media.bytes, media.name).imports)
}

const counted = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`

/** `xenoscope exports`: every export the kernel knows by name, and what there is of it. */
export const exports = defineCommand({
  name: 'exports',
  about:
    'list the exports a title can import, and which of them are implemented; of others, why not, where that is known',
  arguments: [{ name: '[pattern]', about: 'show those whose name contains this' }],
  options: {
    module: {
      kind: 'name',
      about: `show those of one library: ${libraries.join(', ')}; the ending may be left out`,
      since: '0.1',
    },
    implemented: { kind: 'flag', about: 'show those that have a body; a variable is its memory', since: '0.1' },
    missing: { kind: 'flag', about: 'show those that have none', since: '0.1' },
    usedBy: {
      kind: 'path',
      argument: 'TITLE',
      about: 'show what this title imports, and how much of it',
      since: '0.1',
    },
    json: { kind: 'flag', about: 'print them as one JSON document', since: '0.1' },
  },
  more: 'What is without effect acts on nothing, because the machine has nothing of the kind; a run counts such calls and says why. Unknown is an import of a title that has no row here.',
  run({ host }, [pattern = ''], { module, implemented, missing, usedBy: title, json }) {
    if (implemented && missing) throw fail('OPTION_INVALID', '--missing', 'shows the opposite of --implemented')
    const all = title === undefined ? allExports() : usedBy(title)
    if (module !== undefined && libraryIndex(module) < 0 && !all.some(row => isOfModule(row, module)))
      throw fail('OPTION_INVALID', '--module', `there is no library ${module}`)
    const wanted = pattern.toLowerCase()
    const rows = all.filter(
      row =>
        row.name.toLowerCase().includes(wanted) &&
        (module === undefined || isOfModule(row, module)) &&
        (!missing || lacksBody(row)) &&
        (!implemented || !lacksBody(row)),
    )
    if (json) {
      host.out(`${JSON.stringify(rows, undefined, 2)}\n`)
      return exitStatus.finished
    }
    const counts = countsText(rows)
    const sum = `${counted(rows.length, 'export')}${counts === '' ? '' : `: ${counts}`}`
    const lacking = all.filter(lacksBody).length
    const use =
      title === undefined
        ? []
        : [`${basename(title)} imports ${counted(all.length, 'export')}; ${lacking} of them lack a body`]
    host.out(`${[...exportLines(rows), sum, ...use].join('\n')}\n`)
    return exitStatus.finished
  },
})
