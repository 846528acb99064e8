import { exitStatus } from '../../base/failure.ts'
import { hex32 } from '../../base/words.ts'
import { flagsWritten, formOf } from '../../cpu/describe.ts'
import type { FieldName } from '../../cpu/fields.ts'
import { fieldOf } from '../../cpu/forms.ts'
import { models } from '../../cpu/models.ts'
import type { Row } from '../../cpu/rows/row.ts'
import { rows } from '../../cpu/rows/table.ts'
import { defineCommand } from '../command.ts'
import { columns, markdownTable } from '../text.ts'

/** Bits as the manuals number them, the lowest part of the number first: `11-15|26|21`. */
const bitsOf = (name: FieldName): string =>
  fieldOf(name)
    .runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    .join('|')

const describe = (row: Row) => ({
  name: row.name,
  syntax: `${row.name} ${row.syntax}`.trimEnd(),
  form: formOf(row.encoding),
  mask: hex32(row.encoding.mask),
  match: hex32(row.encoding.match),
  operands: row.encoding.fields.map(name => ({ name, kind: fieldOf(name).kind, bits: bitsOf(name) })),
  flags: flagsWritten(row),
  about: row.about,
  judge: row.apart === undefined ? 'QEMU' : `vectors: ${row.apart}`,
  models: row.models,
})
type Described = ReturnType<typeof describe>

const head = ['instruction', 'form', 'mask', 'match', 'operands', 'changes', 'what it does', 'judged by', 'model']
const cells = (one: Described): readonly string[] => [
  one.syntax,
  one.form,
  one.mask,
  one.match,
  one.operands.map(({ name, bits }) => `${name}:${bits}`).join(' '),
  one.flags.join(', '),
  one.about,
  one.judge,
  one.models.join(', '),
]

/** The stated models that rows rest on, each with its rows. */
function modelList(shown: readonly Row[]): { model: string; about: string; rows: readonly string[] }[] {
  return Object.entries(models)
    .map(([model, about]) => ({
      model,
      about,
      rows: shown.filter(row => row.models.some(name => name === model)).map(row => row.name),
    }))
    .filter(one => one.rows.length > 0)
}

/** `xenoscope instructions`: the table of instructions, as the processor is made of it. */
export const instructions = defineCommand({
  name: 'instructions',
  about: 'list the instructions of the processor: encoding, operands, what each does, and who judges it',
  arguments: [{ name: '[pattern]', about: 'show those whose name contains this' }],
  options: {
    models: { kind: 'flag', about: 'list what no public source fixes, and the model followed instead', since: '0.1' },
    markdown: { kind: 'flag', about: 'print a Markdown table', since: '0.1' },
    json: { kind: 'flag', about: 'print one JSON document', since: '0.1' },
  },
  run({ host }, [pattern = ''], { models: wantsModels, markdown: wantsMarkdown, json }) {
    const wanted = pattern.toLowerCase()
    const shown = rows.filter(row => row.name.toLowerCase().includes(wanted))
    const print = (lines: readonly string[]): number => {
      host.out(`${lines.join('\n')}\n`)
      return exitStatus.finished
    }
    if (wantsModels) {
      const list = modelList(shown)
      if (json) return print([JSON.stringify(list, undefined, 2)])
      if (wantsMarkdown)
        return print(
          markdownTable(
            ['model', 'what is followed', 'instructions'],
            list.map(({ model, about, rows: names }) => [model, about, names.join(', ')]),
          ),
        )
      return print(list.flatMap(({ model, about, rows: names }) => [model, `  ${about}`, `  ${names.join(', ')}`]))
    }
    const described = shown.map(describe)
    if (json) return print([JSON.stringify(described, undefined, 2)])
    if (wantsMarkdown) return print(markdownTable(head, described.map(cells)))
    const stated = described.filter(one => one.models.length > 0).length
    return print([
      ...columns([head, ...described.map(cells)]),
      `${described.length} instructions, ${stated} of them rest on a stated model (--models)`,
    ])
  },
})
