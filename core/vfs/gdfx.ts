/**
 * The disc file system: 2048-byte sectors, little-endian; each folder is a binary search tree of entries. `SectorReader`
 * is what it needs of whatever holds the sectors (a disc image, or the fragments of an installed disc).
 *
 * Images come from anywhere: every offset is checked, a tree is walked with a visited set and without recursion, a folder
 * that contains itself is left out.
 */
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import { type Blob, latinText, listable, viewOf } from './blob.ts'
import type { Source, SourceEntry } from './source.ts'
import { attribute } from './vfs.ts'

export const sectorBytes = 2048
const volumeMagic = 'MICROSOFT*XBOX*MEDIA'
/** Where a partition may start in an image: rebuilt images, and the game partitions of the disc generations. */
const partitionStarts = [0, 0xfb20, 0x20600, 0x2080000, 0xfd90000]
const descriptorSector = 32
const entryHeader = 14
const padding = 0xffff

export interface SectorReader {
  readonly name: string
  /** Reads bytes that begin in a sector; answers how many there were. */
  read(sector: number, offset: number, into: Uint8Array): number
}

/** The folders above, nearest last, as `sector,size` joined by `/`; the last is the entry itself. */
const keyOf = (above: string, sector: number, size: number): string =>
  above === '' ? `${sector},${size}` : `${above}/${sector},${size}`

function cutKey(key: string): { sector: number; size: number } {
  const [sector = '0', size = '0'] = key.slice(key.lastIndexOf('/') + 1).split(',')
  return { sector: Number(sector), size: Number(size) }
}

interface Folder {
  readonly entries: readonly SourceEntry[]
  /** The first byte of the table that makes no sense or is not there. */
  readonly damage?: number
}

/** The entries of one folder table, in no order. */
function readFolder(sectors: SectorReader, key: string): Folder {
  const { sector, size } = cutKey(key)
  if (size === 0) return { entries: [] }
  if (size > limits.imageFolderBytes.value) return { entries: [], damage: 0 }
  const table = new Uint8Array(Math.ceil(size / sectorBytes) * sectorBytes)
  const have = sectors.read(sector, 0, table)
  const view = new DataView(table.buffer, 0, have)
  const ancestors = new Set(key.split('/').map(part => part.split(',')[0]))
  const entries: SourceEntry[] = []
  const seen = new Set<number>()
  const pending = [0]
  let damage: number | undefined
  const damaged = (at: number): void => {
    damage = Math.min(damage ?? at, at)
  }
  for (let ordinal = pending.pop(); ordinal !== undefined; ordinal = pending.pop()) {
    const at = ordinal * 4
    if (seen.has(ordinal) || at + entryHeader > have) {
      damaged(at)
      continue
    }
    seen.add(ordinal)
    const left = view.getUint16(at, true)
    const right = view.getUint16(at + 2, true)
    if (left === padding) {
      // A table without any entry begins with padding; nothing leads to it elsewhere.
      if (ordinal !== 0) damaged(at)
      continue
    }
    const length = view.getUint8(at + 13)
    if (left !== 0) pending.push(left)
    if (right !== 0 && right !== padding) pending.push(right)
    if (at + entryHeader + length > have) {
      damaged(at)
      continue
    }
    const name = latinText(view, at + entryHeader, length)
    const start = view.getUint32(at + 4, true)
    const bytes = view.getUint32(at + 8, true)
    const attributes = view.getUint8(at + 12)
    const directory = (attributes & attribute.directory) !== 0
    if (!listable(name) || (directory && bytes > 0 && ancestors.has(String(start)))) damaged(at)
    else entries.push({ name, directory, size: directory ? 0 : bytes, attributes, key: keyOf(key, start, bytes) })
  }
  return { entries, ...(damage === undefined ? {} : { damage }) }
}

/** The tree whose root folder lies in the given sector. */
export function gdfxSource(sectors: SectorReader, rootSector: number, rootSize: number): Source {
  const root = keyOf('', rootSector, rootSize)
  return {
    list: key => readFolder(sectors, key === '' ? root : key).entries,
    damageOf: key => readFolder(sectors, key === '' ? root : key).damage,
    read(key, offset, into) {
      const { sector, size } = cutKey(key)
      const length = Math.max(0, Math.min(into.length, size - offset))
      return length === 0 ? 0 : sectors.read(sector, offset, into.subarray(0, length))
    },
  }
}

/** Root folder of a volume descriptor, or undefined when it is none. */
export function readDescriptor(view: DataView): { sector: number; size: number } | undefined {
  if (latinText(view, 0, volumeMagic.length) !== volumeMagic) return undefined
  return { sector: view.getUint32(0x14, true), size: view.getUint32(0x18, true) }
}

/** Whether a blob is a disc image, and where its partition starts. */
export function findPartition(blob: Blob): number | undefined {
  return partitionStarts.find(start => {
    const at = start + descriptorSector * sectorBytes
    return at + 0x20 <= blob.size && readDescriptor(viewOf(blob, at, 0x20, 'a volume descriptor')) !== undefined
  })
}

export function openDisc(blob: Blob): Source {
  const start = findPartition(blob)
  if (start === undefined) throw fail('IMAGE_FIELD', blob.name, 'has no volume descriptor of a disc')
  const descriptor = readDescriptor(viewOf(blob, start + descriptorSector * sectorBytes, 0x20, 'the volume descriptor'))
  if (descriptor === undefined || start + descriptor.sector * sectorBytes > blob.size)
    throw fail('IMAGE_FIELD', `${blob.name} volume descriptor`, 'puts the root folder beyond the end of the file')
  const sectors: SectorReader = {
    name: blob.name,
    read: (sector, offset, into) => {
      const at = start + sector * sectorBytes + offset
      return at >= blob.size ? 0 : blob.read(at, into)
    },
  }
  return gdfxSource(sectors, descriptor.sector, descriptor.size)
}
