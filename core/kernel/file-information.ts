/** What may be asked of files and volumes, one row a class: its size, and how it is filled or taken. */
import type { Node, Volume } from '../vfs/vfs.ts'
import type { Kernel } from './context.ts'
import { fileOf, refusalToDelete, right } from './file.ts'
import type { KernelObject } from './object.ts'
import { status } from './status.ts'
import { narrowBytes } from './text.ts'

export interface Subject {
  readonly k: Kernel
  readonly object: KernelObject
  readonly volume: Volume
  readonly node: Node
}

interface QueryRow {
  readonly size: number
  /** Fills the block; answers bytes written, and whether a text was left out for want of room. */
  fill(subject: Subject, at: number, room: number): { readonly length: number; readonly cut?: boolean }
}

const never = 0

export const bytesPerUnit = ({ info }: Volume): number => info.bytesPerSector * info.sectorsPerUnit

/** Bytes of whole units that a size takes. */
export function allocatedSize(volume: Volume, size: number): number {
  const unit = bytesPerUnit(volume)
  return Math.ceil(size / unit) * unit
}

function storeTimes(k: Kernel, at: number, node: Node): void {
  const { created, accessed, written, changed } = node.times
  ;[created, accessed, written, changed].forEach((time, i) => {
    k.memory.store64(at + i * 8, time)
  })
}

/** The block of 56 bytes that file sizes and times are mostly asked with. */
export function writeNetworkOpen(k: Kernel, at: number, volume: Volume, node: Node): void {
  storeTimes(k, at, node)
  k.memory.store64(at + 0x20, BigInt(allocatedSize(volume, node.size)))
  k.memory.store64(at + 0x28, BigInt(node.size))
  k.memory.store32(at + 0x30, shownAttributes(volume, node))
  k.memory.store32(at + 0x34, 0)
}

/** Attributes as they are listed: a file without any is `normal`. */
export function shownAttributes(volume: Volume, node: Node): number {
  const readOnly = volume.info.readOnly ? 1 : 0
  return node.attributes === 0 ? 0x80 : node.attributes | readOnly
}

/** A text behind the fields of a block, where there is room for the whole of it. */
function withText(k: Kernel, at: number, header: number, text: string, room: number): ReturnType<QueryRow['fill']> {
  if (header + text.length > room) return { length: header, cut: true }
  k.memory.write(at + header, narrowBytes(text))
  return { length: header + text.length }
}

export const queries: Readonly<Record<number, QueryRow>> = {
  4: {
    size: 40,
    fill({ k, volume, node }, at) {
      storeTimes(k, at, node)
      k.memory.store32(at + 32, shownAttributes(volume, node))
      k.memory.store32(at + 36, 0)
      return { length: 40 }
    },
  },
  5: {
    size: 24,
    fill({ k, object, volume, node }, at) {
      k.memory.store64(at, BigInt(allocatedSize(volume, node.size)))
      k.memory.store64(at + 8, BigInt(node.size))
      k.memory.store32(at + 16, 1)
      k.memory.store8(at + 20, fileOf(object).deletePending ? 1 : 0)
      k.memory.store8(at + 21, node.directory ? 1 : 0)
      k.memory.store16(at + 22, 0)
      return { length: 24 }
    },
  },
  6: {
    size: 8,
    fill({ k, node }, at) {
      k.memory.store64(at, BigInt(node.id))
      return { length: 8 }
    },
  },
  9: {
    size: 8,
    fill({ k, volume, node }, at, room) {
      const text = `\\${volume.pathOf(node)}`
      k.memory.store32(at, text.length)
      return withText(k, at, 4, text, room)
    },
  },
  14: {
    size: 8,
    fill({ k, object }, at) {
      k.memory.store64(at, BigInt(fileOf(object).position))
      return { length: 8 }
    },
  },
  16: {
    size: 4,
    fill({ k, object }, at) {
      k.memory.store32(at, fileOf(object).options & 0x3e)
      return { length: 4 }
    },
  },
  17: {
    size: 4,
    fill({ k }, at) {
      k.memory.store32(at, never)
      return { length: 4 }
    },
  },
  34: {
    size: 56,
    fill({ k, volume, node }, at) {
      writeNetworkOpen(k, at, volume, node)
      return { length: 56 }
    },
  },
}

/** Classes that exist and that no file here has an answer to. */
export const refusedQueries: ReadonlySet<number> = new Set([26, 27])

export const volumeQueries: Readonly<Record<number, QueryRow>> = {
  1: {
    size: 17,
    fill({ k, volume }, at, room) {
      k.memory.store64(at, volume.root.times.created)
      k.memory.store32(at + 8, volume.info.serial)
      k.memory.store32(at + 12, volume.info.label.length)
      k.memory.store8(at + 16, 0)
      return withText(k, at, 17, volume.info.label, room)
    },
  },
  3: {
    size: 24,
    fill({ k, volume }, at) {
      k.memory.store64(at, BigInt(volume.info.totalUnits))
      k.memory.store64(at + 8, BigInt(volume.freeUnits()))
      k.memory.store32(at + 16, volume.info.sectorsPerUnit)
      k.memory.store32(at + 20, volume.info.bytesPerSector)
      return { length: 24 }
    },
  },
  4: {
    size: 8,
    fill({ k, volume }, at) {
      const optical = volume.info.fileSystem === 'GDFX'
      k.memory.store32(at, optical ? 2 : 7)
      k.memory.store32(at + 4, volume.info.readOnly ? 2 : 0)
      return { length: 8 }
    },
  },
  5: {
    size: 12,
    fill({ k, volume }, at, room) {
      k.memory.store32(at, volume.info.readOnly ? 0x80000 : 0)
      k.memory.store32(at + 4, volume.info.longestName)
      k.memory.store32(at + 8, volume.info.fileSystem.length)
      return withText(k, at, 12, volume.info.fileSystem, room)
    },
  },
}

/** What is set asks a right of the handle, as NT documents it; that this console does too is taken from there. */
interface SetRow {
  readonly size: number
  /** 0 for none. */
  readonly needs: number
  take(subject: Subject, at: number): number
}

const keepTime = (time: bigint): bigint | undefined => (time === 0n || time === 0xffffffffffffffffn ? undefined : time)

/** Cuts or grows a file; a status. */
export function resizeFile({ k, volume, node }: Subject, size: bigint): number {
  if (volume.info.readOnly) return status.ACCESS_DENIED
  if (node.directory) return status.INVALID_PARAMETER
  return volume.resize(node, Number(size), k.time.systemTime()) === 'full' ? status.DISK_FULL : status.SUCCESS
}

export const setters: Readonly<Record<number, SetRow>> = {
  4: {
    size: 40,
    needs: right.writeAttributes,
    take({ k, volume, node }, at) {
      if (volume.info.readOnly) return status.ACCESS_DENIED
      const names = ['created', 'accessed', 'written', 'changed'] as const
      const times: Partial<Record<(typeof names)[number], bigint>> = {}
      names.forEach((name, i) => {
        const time = keepTime(k.memory.load64(at + i * 8))
        if (time !== undefined) times[name] = time
      })
      const attributes = k.memory.load32(at + 32)
      volume.setAttributes(node, attributes === 0 ? node.attributes : attributes & 0x37, times)
      return status.SUCCESS
    },
  },
  13: {
    size: 1,
    needs: right.delete,
    take({ k, object, volume, node }, at) {
      const wanted = k.memory.load8(at) !== 0
      const refused = wanted ? refusalToDelete(volume, node) : undefined
      if (refused !== undefined) return refused
      fileOf(object).deletePending = wanted
      return status.SUCCESS
    },
  },
  14: {
    size: 8,
    needs: 0,
    take({ k, object }, at) {
      const position = BigInt.asIntN(64, k.memory.load64(at))
      if (position < 0n) return status.INVALID_PARAMETER
      fileOf(object).position = Number(position)
      return status.SUCCESS
    },
  },
  // Space is taken as it is written; a smaller allocation than the file cuts it, as the platform does.
  19: {
    size: 8,
    needs: right.writeData,
    take: (subject, at) => {
      const size = subject.k.memory.load64(at)
      return size < BigInt(subject.node.size) ? resizeFile(subject, size) : status.SUCCESS
    },
  },
  20: { size: 8, needs: right.writeData, take: (subject, at) => resizeFile(subject, subject.k.memory.load64(at)) },
}
