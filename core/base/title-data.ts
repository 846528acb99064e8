/**
 * What a title says of itself in the data base among its resources: its name, and what can be achieved in it. Texts are
 * tables of their own, one a language; everything else names a text by its number.
 */
import type { Reader } from './reader.ts'
import { openBlock, readXdbf, type Xdbf } from './xdbf.ts'

export interface Achievement {
  readonly id: number
  /** Numbers of texts: what it is called, what is said of it once achieved, and what before. */
  readonly label: number
  readonly description: number
  readonly unachieved: number
  readonly image: number
  readonly score: number
  readonly flags: number
}

export interface TitleData {
  readonly achievements: readonly Achievement[]
  /** Languages that there are texts in. */
  readonly languages: readonly number[]
  readonly defaultLanguage: number
  /** The title's name in a language; empty when there is none. */
  name(language: number): string
  /** A text in a language, or in the title's own where it does not speak that language; empty when there is none. */
  text(language: number, id: number): string
}

const space = { metadata: 1, strings: 3 } as const
const titleName = 0x8000
const english = 1
/** A console says in a byte which language it speaks: nobody asks for a table beyond. */
const lastLanguage = 0xffn
const achievementSize = 0x24
const stringHeader = 4

/** A row of the metadata is numbered by its magic. */
const idOf = (magic: string): bigint => [...magic].reduce((id, letter) => (id << 8n) | BigInt(letter.charCodeAt(0)), 0n)

function readAchievements(data: Xdbf): Achievement[] {
  const block = data.find(space.metadata, idOf('XACH'))
  if (block === undefined) return []
  const at = openBlock(block, 'XACH')
  const count = block.u16(at, 'number of achievements')
  if (at + 2 + count * achievementSize > block.length)
    throw block.wrong(at, 'number of achievements', `${count} of them are more than the table holds`)
  return Array.from({ length: count }, (_, i) => {
    const row = at + 2 + i * achievementSize
    return {
      id: block.u16(row, 'achievement'),
      label: block.u16(row + 2, 'label'),
      description: block.u16(row + 4, 'description'),
      unachieved: block.u16(row + 6, 'description before'),
      image: block.u32(row + 8, 'image'),
      score: block.u16(row + 0xc, 'score'),
      flags: block.u32(row + 0x10, 'flags'),
    }
  })
}

/** Hands out the texts of a table, each of which must lie in it. */
function walkStrings(block: Reader, take: (id: number, bytes: Uint8Array) => void): void {
  const at = openBlock(block, 'XSTR')
  const count = block.u16(at, 'number of texts')
  let row = at + 2
  for (let i = 0; i < count; i += 1) {
    const id = block.u16(row, `number of text ${i}`)
    const length = block.u16(row + 2, `length of text ${i}`)
    take(id, block.slice(row + stringHeader, length, `text ${i}`))
    row += stringHeader + length
  }
}

/** A table of texts, checked at once, and read when somebody wants one of them. */
function openStrings(block: Reader): () => ReadonlyMap<number, string> {
  walkStrings(block, () => {})
  let read: Map<number, string> | undefined
  return () => {
    if (read !== undefined) return read
    const texts = new Map<number, string>()
    const decoder = new TextDecoder()
    walkStrings(block, (id, bytes) => {
      if (!texts.has(id)) texts.set(id, decoder.decode(bytes))
    })
    read = texts
    return texts
  }
}

function readDefaultLanguage(data: Xdbf): number {
  const block = data.find(space.metadata, idOf('XSTC'))
  return block === undefined ? english : block.u32(openBlock(block, 'XSTC'), 'default language')
}

export function readTitleData(bytes: Uint8Array, name: string): TitleData {
  const data = readXdbf(bytes, { name, code: 'RESOURCE_FIELD' })
  const tables = new Map<number, () => ReadonlyMap<number, string>>()
  for (const id of data.ids(space.strings)) {
    const table = data.find(space.strings, id)
    if (table !== undefined && id <= lastLanguage) tables.set(Number(id), openStrings(table))
  }
  const defaultLanguage = readDefaultLanguage(data)
  const text = (language: number, id: number): string =>
    (tables.get(language) ?? tables.get(defaultLanguage) ?? tables.get(english))?.().get(id) ?? ''
  return {
    achievements: readAchievements(data),
    languages: [...tables.keys()],
    defaultLanguage,
    name: language => text(language, titleName),
    text,
  }
}

/** The resource is called by the title's number. */
export const titleDataName = (titleId: number): string => titleId.toString(16).toUpperCase().padStart(8, '0')
