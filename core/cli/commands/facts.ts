import { exitStatus } from '../../base/failure.ts'
import { catalogue, type FactRow } from '../../facts/catalogue.ts'
import { defineCommand } from '../command.ts'
import { wrapped } from '../text.ts'

/** `xenoscope facts`: the catalogue, for who writes a plugin. */
export const facts = defineCommand({
  name: 'facts',
  about: 'list the facts that a plugin can subscribe to',
  arguments: [],
  options: { json: { kind: 'flag', about: 'print them as one JSON document', since: '0.1' } },
  run({ host }, _given, { json }) {
    const rows: [string, FactRow][] = Object.entries(catalogue)
    if (json) host.out(`${JSON.stringify(Object.fromEntries(rows), undefined, 2)}\n`)
    else host.out(`${rows.flatMap(([name, row]) => factLines(name, row)).join('\n')}\n`)
    return exitStatus.finished
  },
})

function factLines(name: string, row: FactRow): string[] {
  const parts = [
    ...row.fields,
    ...(row.list === undefined ? [] : ['list']),
    ...(row.text === undefined ? [] : ['text']),
  ]
  const details = [
    row.about,
    row.list === undefined ? '' : `List: ${row.list}.`,
    row.text === undefined ? '' : `Text: ${row.text}.`,
  ]
  return [
    `${name.padEnd(22)}${parts.join(', ')}`,
    ...wrapped(details.filter(text => text !== '').join(' '), 96).map(line => `    ${line}`),
  ]
}
