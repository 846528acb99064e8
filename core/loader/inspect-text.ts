import { hex, hex32 } from '../base/words.ts'
import type { InspectedContainer, InspectedImage, Inspection } from './inspect.ts'
import {
  type BitNames,
  imageFlagNames,
  mediaNames,
  moduleFlagNames,
  namesOfBits,
  regionNames,
  systemFlagNames,
  titleIdText,
} from './xex-names.ts'

/** An inspection as lines for a person: what it is, whether it is whole, where it lies, what it asks for. */
export function inspectionText(inspection: Inspection): string[] {
  const { image, container, problem } = inspection
  const lines = [`${inspection.name}: ${inspection.kind}, ${inspection.bytes} bytes`]
  if (problem !== undefined)
    lines.push(`  cannot be loaded (${problem.code}): ${problem.message}`, `  what to do: ${problem.remedy}`)
  if (image !== undefined) lines.push(...imageLines(image))
  if (container !== undefined) lines.push(...containerLines(container))
  if (inspection.title !== undefined) lines.push(...titleLines(inspection.title))
  if (image !== undefined) lines.push(...sectionLines(image), ...importLines(image), ...exportLines(image))
  for (const note of image?.notes ?? []) lines.push('', `note: ${note}`)
  return lines
}

function heading(title: string): string[] {
  return ['', title]
}

function row(label: string, ...values: readonly string[]): string {
  return `  ${label.padEnd(16)} ${values.filter(Boolean).join('  ')}`
}

function imageLines(image: InspectedImage): string[] {
  const { tls } = image
  const helpers = image.functions.filter(item => item.helper !== undefined).length
  return [
    row('sha256', image.sha256),
    row('base', image.base, `${hex(image.size)} bytes`),
    row('entry', image.entry, image.entryName ?? ''),
    row('title id', image.titleId, titleIdText(Number(image.titleId)), image.library ? '(a library)' : ''),
    row('stack', hex(image.stackSize)),
    row('heap', image.heapSize === null ? 'not stated' : hex(image.heapSize)),
    row('TLS', `${tls.slots} slots`, tls.size === 0 ? 'no static data' : staticData(tls)),
    row('frames', image.frames),
    row('functions', `${image.functions.length} with stated bounds`, helpers ? `${helpers} save and restore runs` : ''),
    row('symbols', `${image.symbols} names`),
  ]
}

function staticData(tls: InspectedImage['tls']): string {
  return `${hex(tls.size)} bytes a thread, ${hex(tls.initialised)} of them from ${tls.address}`
}

function containerLines(container: InspectedContainer): string[] {
  const { security, headers, digests } = container
  const lines = [
    ...heading('container'),
    row('module flags', container.moduleFlags, named(container.moduleFlags, moduleFlagNames)),
    row('headers', `${hex(container.headerSize)} bytes, ${container.optionalHeaders.length} optional headers`),
    row('encryption', container.encryption, keyText(container)),
    row('compression', compressionText(container)),
    row('image flags', security.imageFlags, named(security.imageFlags, imageFlagNames)),
    row('load address', security.loadAddress, `${hex(security.imageSize)} bytes in pages of ${hex(security.pageSize)}`),
    row('regions', security.gameRegion, named(security.gameRegion, regionNames)),
    row('media', security.allowedMedia, named(security.allowedMedia, mediaNames)),
  ]
  if (typeof headers.privileges0 === 'number') {
    const flags = hex32(headers.privileges0)
    lines.push(row('system flags', flags, named(flags, systemFlagNames)))
  }
  if (digests !== undefined)
    lines.push(
      row('header hash', digests.header ? 'matches' : 'DOES NOT MATCH'),
      row('import digests', digests.imports ? 'match' : 'DO NOT MATCH'),
      row('page digests', pageDigestText(digests.badPages, digests.pageRuns)),
    )
  lines.push(...heading('optional headers'))
  for (const { key, title, value, offset, size } of container.optionalHeaders)
    lines.push(row(key, title.padEnd(24), Number(key) % 256 < 2 ? value : `${size} bytes at ${offset}`))
  lines.push(...listed(headers))
  if (container.resources.length > 0) {
    lines.push(...heading('resources'))
    for (const { name, address, size } of container.resources) lines.push(row(name, address, `${hex(size)} bytes`))
  }
  lines.push(...heading('pages'))
  for (const run of merged(container)) lines.push(row(hex32(run.start), `${hex(run.size)} bytes`, run.kind))
  return lines
}

function keyText({ key }: InspectedContainer): string {
  return key === undefined || key === 'none' ? '' : `opened with the ${key} key`
}

function compressionText({ compression }: InspectedContainer): string {
  if (compression.kind === 'basic')
    return `basic: ${compression.rows.map(({ data, zero }) => `${hex(data)} + ${hex(zero)} zero`).join(', ')}`
  if (compression.kind === 'raw') return 'none'
  return `${compression.kind}, window of ${hex(compression.windowSize)} bytes`
}

function pageDigestText(bad: readonly number[], runs: number): string {
  if (bad.length === 0) return `all ${runs} match`
  return `${bad.length} of ${runs} DO NOT MATCH (the first is number ${bad[0]})`
}

function named(value: string, names: BitNames): string {
  return namesOfBits(Number(value), names).join(', ')
}

/** The optional headers that hold more than a number, a field a line. */
function listed(headers: Readonly<Record<string, unknown>>): string[] {
  const lines: string[] = []
  const shownElsewhere = new Set(['fileFormat', 'resources', 'importLibraries', 'tls'])
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'number' || shownElsewhere.has(name)) continue
    const rows = Array.isArray(value) ? value : [value]
    for (const item of rows) lines.push(row(name, fieldText(item)))
  }
  return lines.length === 0 ? [] : [...heading('what they say'), ...lines]
}

function fieldText(item: unknown): string {
  if (typeof item !== 'object' || item === null) return typeof item === 'number' ? hex(item) : String(item)
  return Object.entries(item)
    .map(([key, value]) =>
      typeof value === 'number' ? `${key} ${hex(value)}` : `${key === 'name' ? '' : `${key} `}${value}`,
    )
    .join(', ')
}

function merged(container: InspectedContainer): { start: number; size: number; kind: string }[] {
  const runs: { start: number; size: number; kind: string }[] = []
  let start = Number(container.base)
  for (const { kind, count } of container.security.pages) {
    const size = count * container.security.pageSize
    const last = runs.at(-1)
    if (last?.kind === kind) last.size += size
    else runs.push({ start, size, kind })
    start += size
  }
  return runs
}

function titleLines(title: NonNullable<Inspection['title']>): string[] {
  if ('problem' in title) return [...heading('title'), row('unreadable', title.problem)]
  const { achievements } = title
  const score = achievements.reduce((sum, each) => sum + each.score, 0)
  return [
    ...heading('title'),
    row('name', title.name),
    row('languages', title.languages.join(', '), `${title.language} unless it speaks the console’s`),
    row('achievements', `${achievements.length}, ${score} points in all`),
    ...achievements.map(({ id, label, description, score }) =>
      row(String(id).padStart(16), String(score).padStart(4), label, description),
    ),
  ]
}

function sectionLines(image: InspectedImage): string[] {
  const lines = heading('sections')
  for (const { name, address, size, present, access } of image.sections)
    lines.push(row(name || '(no name)', address, hex(size).padStart(9), access, presence(size, present)))
  return lines
}

function presence(size: number, present: number): string {
  if (present === size) return ''
  return present === 0 ? 'not in the image' : `${hex(present)} of it in the image`
}

function importLines(image: InspectedImage): string[] {
  const lines: string[] = []
  for (const { library, version, minimum, imports } of image.imports) {
    const versions = version === '' ? '' : ` ${version}, at least ${minimum}`
    const functions = imports.filter(item => item.kind === 'function').length
    lines.push(
      ...heading(
        `imports of ${library}${versions} (functions: ${functions}, variables: ${imports.length - functions})`,
      ),
    )
    for (const { ordinal, name, kind, slot, thunk } of imports)
      lines.push(row(kind === 'function' ? thunk : slot, hex(ordinal).padStart(5), kind.padEnd(8), name))
  }
  return lines
}

function exportLines(image: InspectedImage): string[] {
  if (image.exports.length === 0) return []
  const rows = image.exports.map(({ ordinal, address, name }) => row(address, hex(ordinal).padStart(5), name))
  return [...heading('exports'), ...rows]
}
