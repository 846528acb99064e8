import { Failure } from '../base/failure.ts'
import { createReader } from '../base/reader.ts'
import { readTitleData, type TitleData, titleDataName } from '../base/title-data.ts'
import { hex, hex32 } from '../base/words.ts'
import { type Access, access } from '../memory/map.ts'
import type { Image } from './image.ts'
import { parseImage } from './load.ts'
import { type SymbolSources, type SymbolTable, symbolsOf } from './symbols.ts'
import { isXex, parseXex, type Xex } from './xex.ts'
import { titleIdText } from './xex-names.ts'
import { openXex, type Verification, verifyXex } from './xex-open.ts'

/** All that is known of an executable, as data that JSON can hold: guest numbers are hex text, counts are numbers. */
export interface Inspection {
  readonly name: string
  readonly bytes: number
  readonly kind: string
  /** Absent when the image cannot be opened; `problem` says why. */
  readonly image?: InspectedImage
  readonly container?: InspectedContainer
  /** What the title says of itself; absent when it has no such resource. */
  readonly title?: InspectedTitle | { readonly problem: string }
  readonly problem?: { readonly code: string; readonly message: string; readonly remedy: string }
}

export type InspectedTitle = ReturnType<typeof inspectTitle>
export type InspectedImage = ReturnType<typeof inspectImage>
export type InspectedContainer = ReturnType<typeof inspectContainer> & {
  /** Which master key opened the image. */
  readonly key?: string
  readonly digests?: Verification
}

/** Opens what can be opened. A container whose image cannot be is described by its headers, with the reason. */
export function inspect(bytes: Uint8Array, name: string, sources: SymbolSources = {}): Inspection {
  const magic = bytes.length < 4 ? 0 : createReader(bytes, { name, code: 'FORMAT_UNKNOWN' }).u32(0, 'magic')
  if (!isXex(magic)) {
    const image = parseImage(bytes, name)
    return { name, bytes: bytes.length, kind: kinds[image.kind], image: inspectImage(image, symbolsOf(image, sources)) }
  }
  const xex = parseXex(bytes, name)
  const common = { name, bytes: bytes.length, kind: kinds.xex }
  try {
    const image = parseImage(bytes, name)
    const opened = openXex(xex, bytes, name)
    return {
      ...common,
      image: inspectImage(image, symbolsOf(image, sources)),
      container: { ...inspectContainer(xex), key: opened.key, digests: verifyXex(xex, bytes, opened.bytes) },
      ...titleOf(xex, opened.bytes, name),
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const problem = { code: error.code, message: error.message, remedy: error.remedy }
    return { ...common, container: inspectContainer(xex), problem }
  }
}

/** The title’s account of itself, or why it cannot be read: the rest of the image is none the worse for it. */
function titleOf(xex: Xex, image: Uint8Array, name: string): Pick<Inspection, 'title'> {
  const called = titleDataName(xex.headers.executionInfo?.titleId ?? 0)
  const resource = xex.headers.resources?.find(each => each.name === called)
  if (resource === undefined) return {}
  const place = `${name}: resource ${called}`
  try {
    const bytes = createReader(image, { name: place, code: 'RESOURCE_FIELD', origin: hex32(xex.base) })
    return {
      title: inspectTitle(readTitleData(bytes.slice(resource.address - xex.base, resource.size, 'data'), place)),
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { title: { problem: error.message } }
  }
}

function inspectTitle(data: TitleData) {
  const { defaultLanguage: language, languages } = data
  return {
    name: data.name(language),
    language,
    languages,
    achievements: data.achievements.map(({ id, label, description, unachieved, image, score, flags }) => ({
      id,
      label: data.text(language, label),
      description: data.text(language, description),
      unachieved: data.text(language, unachieved),
      image,
      score,
      flags: hex32(flags),
    })),
  }
}

const kinds = {
  xex: 'XEX2 executable',
  elf32: 'ELF, 32-bit big-endian PowerPC',
  elf64: 'ELF, 64-bit big-endian PowerPC',
} as const

function inspectImage(image: Image, symbols: SymbolTable) {
  const entryName = symbols.nameOf(image.entry)
  return {
    sha256: image.sha256,
    base: hex32(image.base),
    size: image.size,
    entry: hex32(image.entry),
    ...(entryName === undefined ? {} : { entryName }),
    titleId: hex32(image.titleId),
    library: image.library,
    frames: image.frames,
    stackSize: image.stackSize,
    heapSize: image.heapSize ?? null,
    tls: { ...image.tls, address: hex32(image.tls.address) },
    segments: image.segments.map(({ address, size, access: flags }) => ({
      address: hex32(address),
      size,
      access: accessText(flags),
    })),
    sections: image.sections.map(({ name, address, size, present, access: flags }) => ({
      name,
      address: hex32(address),
      size,
      present,
      access: accessText(flags),
    })),
    imports: image.imports.map(({ name, version, minimum, imports }) => ({
      library: name,
      version,
      minimum,
      imports: imports.map(({ ordinal, kind, slot, thunk }) => ({
        ordinal,
        name: symbols.nameOf(thunk || slot)?.replace(/^__imp_/, '') ?? '',
        kind,
        slot: hex32(slot),
        thunk: hex32(thunk),
      })),
    })),
    exports: image.exports.map(({ ordinal, address, name }) => ({
      ordinal,
      address: hex32(address),
      name: name ?? symbols.nameOf(address) ?? '',
    })),
    functions: image.functions.map(({ begin, end, prologue, handler, helper }) => ({
      begin: hex32(begin),
      end: hex32(end),
      name: symbols.nameOf(begin) ?? '',
      prologue,
      handler,
      ...(helper === undefined ? {} : { helper }),
    })),
    symbols: symbols.size,
    notes: [...image.notes, ...symbols.notes],
  }
}

function inspectContainer(xex: Xex) {
  const { headers, security } = xex
  const { resources, fileFormat, executionInfo } = headers
  return {
    moduleFlags: hex32(xex.moduleFlags),
    headerSize: xex.headerSize,
    base: hex32(xex.base),
    entry: hex32(headers.entryPoint ?? 0),
    titleId: titleIdText(executionInfo?.titleId ?? 0),
    optionalHeaders: xex.entries.map(({ key, title, value, offset, size }) => ({
      key: hex32(key),
      title,
      value: hex32(value),
      offset: hex(offset),
      size,
    })),
    encryption: fileFormat?.encrypted ? 'AES-128' : 'none',
    compression: fileFormat?.compression ?? { kind: 'raw' as const },
    headers: plain(headers) as Record<string, unknown>,
    resources: (resources ?? []).map(({ name, address, size }) => ({ name, address: hex32(address), size })),
    libraries: xex.libraries.map(({ name, version, minimum, addresses }) => ({
      name,
      version,
      minimum,
      records: addresses.length,
    })),
    security: {
      imageSize: security.imageSize,
      imageFlags: hex32(security.imageFlags),
      loadAddress: hex32(security.loadAddress),
      imageHash: security.imageHash,
      importTableDigest: security.importTableDigest,
      headerHash: security.headerHash,
      mediaId: security.mediaId,
      exportTable: hex32(security.exportTable),
      gameRegion: hex32(security.gameRegion),
      allowedMedia: hex32(security.allowedMedia),
      pageSize: xex.pageSize,
      pages: security.pages.map(({ kind, count, digest }) => ({ kind, count, digest })),
    },
  }
}

/** JSON has no 64-bit numbers. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return hex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

function accessText(flags: Access): string {
  return `${flags & access.read ? 'r' : '-'}${flags & access.write ? 'w' : '-'}${flags & access.execute ? 'x' : '-'}`
}
