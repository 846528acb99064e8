/**
 * A volume: the tree of a source, with whatever the title writes laid over it in memory.
 *
 * The source is never written. A folder is listed at first sight and remembered; a file's bytes come from the source
 * until a block of them is written, then from the block. So a read-only image costs nothing, and what the title made
 * is exactly what differs. State is the tree seen so far with its blocks: names and sizes that entered from outside are
 * part of the digest, and a snapshot notices when the source is no longer what it was.
 */
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import { foldCase } from './path.ts'
import { listingHash, type Source } from './source.ts'
import type { FileTime, Node, NodeTimes, RenameOutcome, Volume, VolumeInfo } from './vfs.ts'
import { attribute } from './vfs.ts'

interface Item extends Node {
  name: string
  parent: Item | undefined
  size: number
  attributes: number
  times: NodeTimes
  /** The source's name for it; undefined when the title made it. */
  readonly key: string | undefined
  /** Bytes of the source still showing through; what lies beyond is blocks, or zero. */
  sourceSize: number
  readonly blocks: Map<number, Uint8Array>
  /** By folded name; undefined while the source has not been asked. */
  children: Map<string, Item> | undefined
  /** Hash of the source's listing, once asked. */
  listing: string
  /** Its bytes, name or attributes were changed by the title, or it was made by it. */
  changed: boolean
}

const blockBytes = 0x10000
const largestFile = 0xffffffff

export interface VolumeParts {
  readonly info: VolumeInfo
  readonly source: Source
  /** The time of everything that the source shows: the host's would differ from machine to machine. */
  readonly sourceTime: FileTime
}

export interface ChangedVolume extends Volume {
  /** Files the title made or changed, sorted by path. */
  changedFiles(): readonly Node[]
  readonly counters: { overlay_full_total: number }
}

export function createVolume({ info, source, sourceTime }: VolumeParts): ChangedVolume {
  const sourceTimes: NodeTimes = {
    created: sourceTime,
    accessed: sourceTime,
    written: sourceTime,
    changed: sourceTime,
  }
  const counters = { overlay_full_total: 0 }
  let nextId = 1
  let blockCount = 0
  let root = rootItem()

  function rootItem(): Item {
    return {
      name: '',
      parent: undefined,
      directory: true,
      size: 0,
      attributes: attribute.directory,
      times: sourceTimes,
      id: 0,
      key: '',
      sourceSize: 0,
      blocks: new Map(),
      children: undefined,
      listing: '',
      changed: false,
    }
  }

  /** The item behind a node, which must be one of ours and still in the tree. */
  const itemOf = (node: Node): Item => node as Item

  function childrenOf(folder: Item): Map<string, Item> {
    if (folder.children !== undefined) return folder.children
    const children = new Map<string, Item>()
    folder.children = children
    if (folder.key === undefined || !folder.directory) return children
    const entries = [...source.list(folder.key)].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    folder.listing = listingHash(entries)
    for (const entry of entries) {
      const folded = foldCase(entry.name)
      if (children.has(folded)) continue
      children.set(folded, {
        name: entry.name,
        parent: folder,
        directory: entry.directory,
        size: entry.directory ? 0 : entry.size,
        attributes: entry.attributes,
        times: sourceTimes,
        id: nextId,
        key: entry.key,
        sourceSize: entry.directory ? 0 : entry.size,
        blocks: new Map(),
        children: undefined,
        listing: '',
        changed: false,
      })
      nextId += 1
    }
    return children
  }

  const sortedChildren = (folder: Item): Item[] =>
    [...childrenOf(folder)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)

  function touch(item: Item, now: FileTime): void {
    item.changed = true
    item.times = { ...item.times, accessed: now, written: now, changed: now }
  }

  /** The bytes of the source at `offset`, zero where it shows none. */
  function fromSource(file: Item, offset: number, into: Uint8Array): void {
    const showing = Math.max(0, Math.min(into.length, file.sourceSize - offset))
    const got = file.key === undefined || showing === 0 ? 0 : source.read(file.key, offset, into.subarray(0, showing))
    into.fill(0, got)
  }

  function writableBlock(file: Item, index: number): Uint8Array {
    const known = file.blocks.get(index)
    if (known !== undefined) return known
    const block = new Uint8Array(blockBytes)
    fromSource(file, index * blockBytes, block)
    file.blocks.set(index, block)
    blockCount += 1
    return block
  }

  function roomFor(file: Item, offset: number, length: number): boolean {
    if (offset + length > largestFile) return false
    const first = Math.floor(offset / blockBytes)
    const last = Math.floor((offset + length - 1) / blockBytes)
    let missing = 0
    for (let i = first; i <= last; i += 1) if (!file.blocks.has(i)) missing += 1
    return (blockCount + missing) * blockBytes <= limits.overlayBytes.value
  }

  function full(): 'full' {
    counters.overlay_full_total += 1
    return 'full'
  }

  function saveItem(item: Item): Plain {
    return {
      name: item.name,
      id: item.id,
      directory: item.directory,
      size: item.size,
      attributes: item.attributes,
      times: [item.times.created, item.times.accessed, item.times.written, item.times.changed],
      key: item.key ?? null,
      sourceSize: item.sourceSize,
      changed: item.changed,
      blocks: [...item.blocks].sort(([a], [b]) => a - b).map(([index, bytes]) => [index, bytes]),
      listing: item.listing,
      children: item.children === undefined ? null : sortedChildren(item).map(saveItem),
    }
  }

  function loadItem(state: Plain, parent: Item | undefined): Item {
    const saved = state as unknown as SavedItem
    const item: Item = {
      name: saved.name,
      parent,
      directory: saved.directory,
      size: saved.size,
      attributes: saved.attributes,
      times: {
        created: saved.times[0],
        accessed: saved.times[1],
        written: saved.times[2],
        changed: saved.times[3],
      },
      id: saved.id,
      key: saved.key ?? undefined,
      sourceSize: saved.sourceSize,
      blocks: new Map(saved.blocks.map(([index, bytes]) => [index, bytes.slice()])),
      children: undefined,
      listing: saved.listing,
      changed: saved.changed,
    }
    blockCount += item.blocks.size
    if (saved.children !== null) {
      if (item.key !== undefined) {
        const entries = [...source.list(item.key)].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
        if (listingHash(entries) !== item.listing)
          throw fail('SNAPSHOT_FORMAT', `${info.device}\\${item.key}`, 'holds other files than when it was saved')
      }
      item.children = new Map(
        saved.children.map(child => {
          const made = loadItem(child, item)
          return [foldCase(made.name), made]
        }),
      )
    }
    return item
  }

  function changedBelow(folder: Item, found: Item[]): Item[] {
    if (folder.children === undefined) return found
    for (const item of sortedChildren(folder)) {
      if (item.directory) changedBelow(item, found)
      else if (item.changed) found.push(item)
    }
    return found
  }

  function isBelow(node: Item, ancestor: Item): boolean {
    for (let at: Item | undefined = node; at !== undefined; at = at.parent) if (at === ancestor) return true
    return false
  }

  const volume: ChangedVolume = {
    info,
    counters,
    get root() {
      return root
    },
    freeUnits() {
      if (info.readOnly) return 0
      const unit = info.bytesPerSector * info.sectorsPerUnit
      return Math.max(0, info.totalUnits - Math.ceil((blockCount * blockBytes) / unit))
    },
    child: (folder, name) => childrenOf(itemOf(folder)).get(foldCase(name)),
    children: folder => sortedChildren(itemOf(folder)),
    read(node, offset, into) {
      const file = itemOf(node)
      const length = Math.max(0, Math.min(into.length, file.size - offset))
      for (let done = 0; done < length; ) {
        const at = offset + done
        const start = at % blockBytes
        const block = file.blocks.get(Math.floor(at / blockBytes))
        let part = Math.min(length - done, blockBytes - start)
        if (block === undefined) {
          while (done + part < length && !file.blocks.has(Math.floor((at + part) / blockBytes)))
            part = Math.min(length - done, part + blockBytes)
          fromSource(file, at, into.subarray(done, done + part))
        } else into.set(block.subarray(start, start + part), done)
        done += part
      }
      return length
    },
    write(node, offset, bytes, now) {
      const file = itemOf(node)
      if (bytes.length === 0) return 'done'
      if (!roomFor(file, offset, bytes.length)) return full()
      for (let done = 0; done < bytes.length; ) {
        const at = offset + done
        const start = at % blockBytes
        const part = Math.min(bytes.length - done, blockBytes - start)
        writableBlock(file, Math.floor(at / blockBytes)).set(bytes.subarray(done, done + part), start)
        done += part
      }
      file.size = Math.max(file.size, offset + bytes.length)
      touch(file, now)
      return 'done'
    },
    resize(node, size, now) {
      const file = itemOf(node)
      if (size > largestFile) return full()
      if (size < file.size) {
        for (const index of [...file.blocks.keys()])
          if (index * blockBytes >= size) {
            file.blocks.delete(index)
            blockCount -= 1
          }
        file.blocks.get(Math.floor(size / blockBytes))?.fill(0, size % blockBytes)
        file.sourceSize = Math.min(file.sourceSize, size)
      }
      file.size = size
      touch(file, now)
      return 'done'
    },
    create(node, name, directory, attributes, now) {
      const folder = itemOf(node)
      const children = childrenOf(folder)
      const item: Item = {
        name,
        parent: folder,
        directory,
        size: 0,
        attributes: directory ? attributes | attribute.directory : attributes,
        times: { created: now, accessed: now, written: now, changed: now },
        id: nextId,
        key: undefined,
        sourceSize: 0,
        blocks: new Map(),
        children: directory ? new Map() : undefined,
        listing: '',
        changed: true,
      }
      nextId += 1
      children.set(foldCase(name), item)
      return item
    },
    remove(node) {
      const item = itemOf(node)
      const folder = item.parent
      if (folder === undefined) return 'root'
      if (item.directory && childrenOf(item).size > 0) return 'not-empty'
      childrenOf(folder).delete(foldCase(item.name))
      blockCount -= item.blocks.size
      return 'done'
    },
    rename(node, target, name, now): RenameOutcome {
      const item = itemOf(node)
      const folder = itemOf(target)
      const from = item.parent
      if (from === undefined || isBelow(folder, item)) return 'into-itself'
      const there = childrenOf(folder).get(foldCase(name))
      if (there !== undefined && there !== item) return 'exists'
      childrenOf(from).delete(foldCase(item.name))
      item.name = name
      item.parent = folder
      childrenOf(folder).set(foldCase(name), item)
      touch(item, now)
      return 'done'
    },
    setAttributes(node, attributes, times) {
      const item = itemOf(node)
      item.attributes = item.directory ? attributes | attribute.directory : attributes & ~attribute.directory
      item.times = { ...item.times, ...times }
      item.changed = true
    },
    pathOf(node) {
      const parts: string[] = []
      for (let at: Node | undefined = node; at?.parent !== undefined; at = at.parent) parts.unshift(at.name)
      return parts.join('\\')
    },
    changedFiles: () => changedBelow(root, []),
    save: () => ({ nextId, root: saveItem(root), full: counters.overlay_full_total }),
    load(state) {
      const saved = state as { nextId?: unknown; root?: Plain; full?: unknown }
      if (typeof saved.nextId !== 'number' || saved.root === undefined || typeof saved.full !== 'number')
        throw fail('SNAPSHOT_FORMAT', info.device, 'is not the state of a volume')
      blockCount = 0
      root = loadItem(saved.root, undefined)
      nextId = saved.nextId
      counters.overlay_full_total = saved.full
    },
  }
  return volume
}

interface SavedItem {
  readonly name: string
  readonly id: number
  readonly directory: boolean
  readonly size: number
  readonly attributes: number
  readonly times: readonly [FileTime, FileTime, FileTime, FileTime]
  readonly key: string | null
  readonly sourceSize: number
  readonly changed: boolean
  readonly blocks: readonly (readonly [number, Uint8Array])[]
  readonly listing: string
  readonly children: readonly Plain[] | null
}
