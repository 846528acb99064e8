import { basename } from 'node:path'
import { exitStatus } from '../../base/failure.ts'
import { inspect as inspectImage } from '../../loader/inspect.ts'
import { inspectionText } from '../../loader/inspect-text.ts'
import type { ExportNaming } from '../../loader/symbols.ts'
import { defineCommand, type Outside } from '../command.ts'
import { exportNaming } from './exports.ts'

export interface InspectOptions {
  readonly json?: boolean
  /** Names of exports: the kernel's rows know them. */
  readonly naming?: ExportNaming
  /** Text of the linker's map beside the executable, if there is one. */
  readonly map?: string
}

/** What `xenoscope inspect FILE` prints. */
export function inspectReport(bytes: Uint8Array, name: string, options: InspectOptions = {}): string {
  const { json = false, naming, map } = options
  const inspection = inspectImage(bytes, name, { ...(naming && { naming }), ...(map !== undefined && { map }) })
  return json ? `${JSON.stringify(inspection, undefined, 2)}\n` : `${inspectionText(inspection).join('\n')}\n`
}

/** The linker's map of an executable: the one given, else the one beside it of the same name. */
export function mapOf({ files }: Outside, title: string, given: string | undefined): string | undefined {
  const beside = title.replace(/\.[^./\\]*$/, '.map')
  const path = given ?? (beside !== title && files.isFile(beside) ? beside : undefined)
  return path === undefined ? undefined : new TextDecoder('latin1').decode(files.read(path))
}

export const inspect = defineCommand({
  name: 'inspect',
  about: 'show what an executable is: headers, sections, imports, pages, names',
  arguments: [{ name: '<file>', about: 'a XEX2 or a big-endian PowerPC ELF' }],
  options: {
    json: { kind: 'flag', about: 'print it as one JSON document', since: '0.1' },
    map: {
      kind: 'path',
      argument: 'FILE',
      about: "linker's map with names; the one beside the file unless given",
      since: '0.1',
    },
  },
  run(outside, [path = ''], { json, map }) {
    const bytes = outside.files.read(path)
    const text = mapOf(outside, path, map)
    const options = { json, naming: exportNaming(), ...(text === undefined ? {} : { map: text }) }
    outside.host.out(inspectReport(bytes, basename(path), options))
    return exitStatus.finished
  },
})
