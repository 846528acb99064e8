/**
 * Content packages: one header (CON, LIVE, PIRS) over one of two volumes. STFS holds files in hashed blocks of 4 KiB;
 * SVOD is a disc cut into fragments with hash tables between. Hashes are not checked: a damaged package shows damaged
 * bytes, as a damaged disc does. Chains and tables are bounded and walked with care, since packages come from anywhere.
 */
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import { type Blob, latinText, listable, viewOf } from './blob.ts'
import { gdfxSource, readDescriptor, type SectorReader, sectorBytes } from './gdfx.ts'
import type { Source, SourceEntry } from './source.ts'
import { attribute } from './vfs.ts'

const headerBytes = 0x971a
const blockBytes = 0x1000
const perTable = 170
const mostBlocks = perTable ** 3
const rowBytes = 0x40
const rowsPerBlock = blockBytes / rowBytes
const endOfChain = 0xffffff

export interface Package {
  readonly kind: 'STFS' | 'SVOD'
  readonly titleId: number
  readonly contentType: number
  readonly displayName: string
  readonly source: Source
}

export function isPackage(blob: Blob): boolean {
  return blob.size >= headerBytes && ['CON ', 'LIVE', 'PIRS'].includes(latinText(viewOf(blob, 0, 4, 'the magic'), 0, 4))
}

/** Opens a package; `fragments` are the files of its `.data` folder, by name, for the kind that has them. */
export function openPackage(blob: Blob, fragments: readonly Blob[] = []): Package {
  if (!isPackage(blob)) throw fail('IMAGE_FIELD', blob.name, 'is no content package')
  const header = viewOf(blob, 0, headerBytes, 'the header')
  const size = header.getUint32(0x340)
  if (size < 0x3ad || size > blob.size)
    throw fail('IMAGE_FIELD', `${blob.name} header size at 0x340`, `0x${size.toString(16)} is not the size of a header`)
  const volume = header.getUint32(0x3a9)
  if (volume > 1) throw fail('IMAGE_FIELD', `${blob.name} volume type at 0x3A9`, `${volume} is neither STFS nor SVOD`)
  if (header.getUint8(0x379) !== 0x24)
    throw fail('IMAGE_FIELD', `${blob.name} descriptor at 0x379`, 'has another length')
  let displayName = ''
  for (let i = 0; i < 128; i += 1) {
    const unit = header.getUint16(0x411 + i * 2)
    if (unit === 0) break
    displayName += String.fromCharCode(unit)
  }
  const base = Math.ceil(size / blockBytes) * blockBytes
  return {
    kind: volume === 0 ? 'STFS' : 'SVOD',
    titleId: header.getUint32(0x360),
    contentType: header.getUint32(0x344),
    displayName,
    source: volume === 0 ? openStfs(blob, header, base) : openSvod(blob, header, base, fragments),
  }
}

interface StfsFile {
  readonly start: number
  readonly size: number
  readonly contiguous: boolean
}

function openStfs(blob: Blob, header: DataView, base: number): Source {
  const flags = header.getUint8(0x37b)
  const copies = flags & 1 ? 1 : 2
  const tableBlocks = header.getUint16(0x37c, true)
  const firstTable = header.getUint16(0x37e, true) | (header.getUint8(0x380) << 16)
  const total = header.getUint32(0x395)
  if (total > mostBlocks)
    throw fail('IMAGE_FIELD', `${blob.name} block count at 0x395`, 'is more than a package can have')
  const step0 = perTable + copies
  const step1 = perTable * perTable + (perTable + 1) * copies

  const offsetOf = (physical: number): number => base + physical * blockBytes
  function blockOffset(n: number): number {
    let physical = n + copies * (Math.floor(n / perTable) + 1)
    if (n >= perTable) physical += copies * (Math.floor(n / perTable ** 2) + 1)
    if (n >= perTable ** 2) physical += copies
    return offsetOf(physical)
  }
  /** The table of a level that covers a block: copy 0. */
  function tableBlock(n: number, level: number): number {
    if (level === 2) return step1
    if (level === 1) return n < perTable ** 2 ? step0 : Math.floor(n / perTable ** 2) * step1 + copies
    if (n < perTable) return 0
    const upper = Math.floor(n / perTable) * step0
    return n < perTable ** 2 ? upper + copies : upper + (Math.floor(n / perTable ** 2) + 1) * copies + copies
  }
  const top = total <= perTable ? 0 : total <= perTable ** 2 ? 1 : 2
  /** The word beside a block's hash, in the copy of the table that is current. */
  function info(n: number, level: number): number {
    const current = level === top ? (flags >>> 1) & 1 : (info(n, level + 1) >>> 30) & 1
    const row = Math.floor(n / perTable ** level) % perTable
    const at = offsetOf(tableBlock(n, level)) + (copies === 2 ? current * blockBytes : 0) + row * 24 + 20
    return at + 4 > blob.size ? endOfChain : viewOf(blob, at, 4, 'a hash table').getUint32(0)
  }
  const nextBlock = (n: number): number => info(n, 0) & 0xffffff

  function chain(file: StfsFile): number[] {
    const blocks: number[] = []
    const need = Math.ceil(file.size / blockBytes)
    const seen = new Set<number>()
    for (let n = file.start; blocks.length < need && n < total && !seen.has(n); ) {
      seen.add(n)
      blocks.push(n)
      n = file.contiguous ? n + 1 : nextBlock(n)
    }
    return blocks
  }

  const files = new Map<string, StfsFile>()
  const folders = new Map<string, SourceEntry[]>([['', []]])
  const chains = new Map<string, number[]>()
  const rows: { name: string; parent: number; directory: boolean; file: StfsFile }[] = []
  let block = firstTable
  const seenTables = new Set<number>()
  for (let i = 0; i < tableBlocks && block < total && !seenTables.has(block); i += 1) {
    seenTables.add(block)
    const at = blockOffset(block)
    if (at + blockBytes > blob.size) break
    const view = viewOf(blob, at, blockBytes, 'the file table')
    for (let row = 0; row < rowsPerBlock; row += 1) {
      const start = row * rowBytes
      const kind = view.getUint8(start + 0x28)
      const u24 = (offset: number): number =>
        view.getUint16(start + offset, true) | (view.getUint8(start + offset + 2) << 16)
      rows.push({
        name: latinText(view, start, Math.min(40, kind & 0x3f)),
        parent: view.getUint16(start + 0x32),
        directory: (kind & 0x80) !== 0,
        file: { start: u24(0x2f), size: view.getUint32(start + 0x34), contiguous: (kind & 0x40) !== 0 },
      })
      if (rows.length > limits.imageEntries.value)
        throw fail('IMAGE_FIELD', `${blob.name} file table`, 'has too many rows')
    }
    block = nextBlock(block)
  }
  /** Folders share one table, so that what is missing of it may be of any. */
  let damage = rows.length < tableBlocks * rowsPerBlock ? rows.length * rowBytes : undefined
  /** Whether a row hangs on the root through folders, without a loop. */
  function reachable(index: number): boolean {
    let at = index
    for (let steps = 0; steps <= rows.length; steps += 1) {
      const parent = rows[at]?.parent ?? 0xffff
      if (parent === 0xffff) return true
      if (parent === at || rows[parent]?.directory !== true) return false
      at = parent
    }
    return false
  }
  rows.forEach((row, index) => {
    if (row.name === '') return
    if (!listable(row.name) || !reachable(index)) {
      damage = Math.min(damage ?? Infinity, index * rowBytes)
      return
    }
    const key = String(index)
    const above = row.parent === 0xffff ? '' : String(row.parent)
    const siblings = folders.get(above) ?? []
    folders.set(above, siblings)
    siblings.push({
      name: row.name,
      directory: row.directory,
      size: row.directory ? 0 : row.file.size,
      attributes: row.directory ? attribute.directory : attribute.normal,
      key,
    })
    if (!row.directory) files.set(key, row.file)
  })

  return {
    list: key => folders.get(key) ?? [],
    damageOf: () => damage,
    read(key, offset, into) {
      const file = files.get(key)
      if (file === undefined) return 0
      let blocks = chains.get(key)
      if (blocks === undefined) {
        blocks = chain(file)
        chains.set(key, blocks)
      }
      const length = Math.max(0, Math.min(into.length, Math.min(file.size, blocks.length * blockBytes) - offset))
      for (let done = 0; done < length; ) {
        const within = (offset + done) % blockBytes
        const part = Math.min(length - done, blockBytes - within)
        const at = blockOffset(blocks[Math.floor((offset + done) / blockBytes)] ?? 0) + within
        const got = at >= blob.size ? 0 : blob.read(at, into.subarray(done, done + part))
        if (got < part) return done + got
        done += part
      }
      return length
    },
  }
}

/** Data blocks of 2 KiB a fragment holds, and between how many of them a level-0 table lies. */
const fragmentBlocks = 0x14388
const blocksPerTable = 0x198
const fragmentBytes = 0xa290000

function openSvod(blob: Blob, header: DataView, base: number, given: readonly Blob[]): Source {
  const enhanced = (header.getUint8(0x391) & 0x40) !== 0
  const startBlock = header.getUint16(0x395, true) | (header.getUint8(0x397) << 16)
  const fragments = [...given].sort((a, b) => (a.name < b.name ? -1 : 1))
  const single = fragments.length === 0
  const files = single ? [blob] : fragments
  const [first = blob] = files
  const magicAt = single ? base + 0x2000 : enhanced ? 0x2000 : 0x12000
  const shift = single ? base : enhanced ? 0 : 0x10000
  const descriptor = readDescriptor(viewOf(first, magicAt, 0x20, 'the volume descriptor'))
  if (descriptor === undefined) throw fail('IMAGE_FIELD', first.name, 'has no volume descriptor of a disc')

  /** The fragment and offset of a disc block. */
  function locate(block: number): { file: Blob | undefined; at: number } {
    const relative = block - 2 * startBlock + (enhanced ? 2 : 0)
    let number = Math.floor(relative / fragmentBlocks)
    const within = relative % fragmentBlocks
    const tables = Math.floor(within / blocksPerTable) + 1
    let at = within * sectorBytes + tables * blockBytes + (Math.floor(tables / 0xa1c4) + 1) * blockBytes + shift
    if (!single && at >= fragmentBytes) {
      number += 1
      at = (at % fragmentBytes) + 0x2000
    }
    return { file: files[number], at }
  }

  const sectors: SectorReader = {
    name: blob.name,
    read(sector, offset, into) {
      for (let done = 0; done < into.length; ) {
        const position = offset + done
        const within = position % sectorBytes
        const part = Math.min(into.length - done, sectorBytes - within)
        const { file, at } = locate(sector + Math.floor(position / sectorBytes))
        if (file === undefined || at < 0 || at + within >= file.size) return done
        const got = file.read(at + within, into.subarray(done, done + part))
        if (got < part) return done + got
        done += part
      }
      return into.length
    },
  }
  return gdfxSource(sectors, descriptor.sector, descriptor.size)
}
