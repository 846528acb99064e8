/**
 * The small data base of the platform: a table of rows (name space, number, place), and the data they point into. A title
 * brings one as a resource of its image.
 */

import { createReader, type Reader, type ReaderOptions } from './reader.ts'
import { hex } from './words.ts'

const magic = 0x58444246
const version = 0x10000
const headerSize = 0x18
const rowSize = 0x12
const freeRowSize = 8
/** Before the fields of a block: its magic, its version, and its size without the magic. */
const blockHeader = 0xc
const blockVersion = 1

export interface Xdbf {
  /** The data of a row; undefined when there is none. */
  find(space: number, id: bigint): Reader | undefined
  /** Numbers of the rows of a name space, each once, in the order of the table. */
  ids(space: number): readonly bigint[]
}

interface Row {
  readonly at: number
  readonly size: number
}

/** Reads the table; every row must lie in the file. Of several with one number the first counts. */
export function readXdbf(bytes: Uint8Array, options: ReaderOptions): Xdbf {
  const reader = createReader(bytes, options)
  if (reader.u32(0, 'magic') !== magic) throw reader.wrong(0, 'magic', 'is not XDBF')
  if (reader.u32(4, 'version') !== version) throw reader.wrong(4, 'version', `is not ${hex(version)}`)
  const room = reader.u32(8, 'room for rows')
  const count = reader.u32(0xc, 'number of rows')
  const freeRoom = reader.u32(0x10, 'room for rows of free space')
  if (count > room) throw reader.wrong(0xc, 'number of rows', `${count} rows are more than there is room for (${room})`)
  const dataAt = headerSize + room * rowSize + freeRoom * freeRowSize
  if (dataAt > reader.length) throw reader.wrong(8, 'room for rows', 'the tables are longer than the resource')
  const spaces = new Map<number, Map<bigint, Row>>()
  for (let i = 0; i < count; i += 1) {
    const at = headerSize + i * rowSize
    const space = reader.u16(at, `name space of row ${i}`)
    const id = reader.u64(at + 2, `number of row ${i}`)
    const row = {
      at: dataAt + reader.u32(at + 0xa, `place of row ${i}`),
      size: reader.u32(at + 0xe, `size of row ${i}`),
    }
    if (row.at + row.size > reader.length)
      throw reader.wrong(at + 0xa, `place of row ${i}`, 'its data lie beyond the end of the resource')
    const rows = spaces.get(space) ?? new Map<bigint, Row>()
    if (!rows.has(id)) rows.set(id, row)
    spaces.set(space, rows)
  }
  return {
    find(space, id) {
      const row = spaces.get(space)?.get(id)
      if (row === undefined) return undefined
      const origin = `${options.origin === undefined ? '' : `${options.origin}+`}${hex(row.at)}`
      return createReader(reader.slice(row.at, row.size, 'data of a row'), { ...options, origin })
    },
    ids: space => [...(spaces.get(space)?.keys() ?? [])],
  }
}

/** Checks the head of a block; the place of its fields. */
export function openBlock(block: Reader, blockMagic: string): number {
  if (block.text(0, 4, 'magic') !== blockMagic) throw block.wrong(0, 'magic', `is not ${blockMagic}`)
  if (block.u32(4, 'version') !== blockVersion)
    throw block.wrong(4, `version of ${blockMagic}`, `is not ${blockVersion}`)
  return blockHeader
}
