/**
 * A volume: the tree of a source, with whatever the title writes laid over it in memory.
 *
 * The source is never written. A file's bytes come from it until a block of them is written, then from the block. So a
 * read-only image costs nothing, and what the title made is exactly what differs.
 *
 * State is what the title has met: the files it found by name, the folders it listed, its own blocks. What else lies in
 * a folder of the host has not entered the machine, so it changes no digest; what has entered must still be there, and
 * of the same size, when a snapshot is restored.
 */
import { fail } from '../base/failure.ts'
import type { Plain } from '../base/state.ts'
import type { Item, SavedItem } from './item.ts'
import { createOverlay } from './overlay.ts'
import { foldCase } from './path.ts'
import { listingHash, type Source, type SourceEntry } from './source.ts'
import type { FileTime, Node, NodeTimes, RenameOutcome, Volume, VolumeInfo } from './vfs.ts'
import { attribute } from './vfs.ts'

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
  const bytes = createOverlay(source)
  let nextId = 1
  let root = rootItem()

  function plainItem(name: string, parent: Item | undefined, directory: boolean, attributes: number): Item {
    return {
      name,
      parent,
      directory,
      size: 0,
      attributes,
      times: sourceTimes,
      id: 0,
      key: undefined,
      original: 0,
      sourceSize: 0,
      blocks: new Map(),
      children: new Map(),
      met: new Set(),
      unmet: undefined,
      listing: '',
      changed: false,
    }
  }

  function rootItem(): Item {
    return { ...plainItem('', undefined, true, attribute.directory), key: '' }
  }

  /** The item behind a node, which must be one of ours and still in the tree. */
  const itemOf = (node: Node): Item => node as Item

  const entriesOf = (key: string): SourceEntry[] =>
    [...source.list(key)].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))

  /** What the source has in a folder and the title has not met. */
  function unmetIn(folder: Item): Map<string, SourceEntry> {
    if (folder.unmet !== undefined) return folder.unmet
    const unmet = new Map<string, SourceEntry>()
    folder.unmet = unmet
    if (folder.key === undefined || !folder.directory) return unmet
    for (const entry of entriesOf(folder.key)) {
      const folded = foldCase(entry.name)
      if (!unmet.has(folded) && !folder.met.has(folded)) unmet.set(folded, entry)
    }
    return unmet
  }

  /** The title meets an entry of the source. */
  function meet(folder: Item, folded: string, entry: SourceEntry): Item {
    const size = entry.directory ? 0 : entry.size
    const item: Item = {
      ...plainItem(entry.name, folder, entry.directory, entry.attributes),
      size,
      original: size,
      sourceSize: size,
      id: nextId,
      key: entry.key,
    }
    nextId += 1
    folder.children.set(folded, item)
    folder.met.add(folded)
    folder.unmet?.delete(folded)
    return item
  }

  function childOf(folder: Item, name: string): Item | undefined {
    const folded = foldCase(name)
    const known = folder.children.get(folded)
    if (known !== undefined) return known
    const entry = unmetIn(folder).get(folded)
    return entry === undefined ? undefined : meet(folder, folded, entry)
  }

  const sorted = (folder: Item): Item[] =>
    [...folder.children].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)

  /** All of a folder, which the title now has met whole. */
  function allOf(folder: Item): Item[] {
    const unmet = [...unmetIn(folder)].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [folded, entry] of unmet) meet(folder, folded, entry)
    if (folder.listing === '' && folder.key !== undefined) folder.listing = listingHash(entriesOf(folder.key))
    return sorted(folder)
  }

  function touch(item: Item, now: FileTime): void {
    item.changed = true
    item.times = { ...item.times, accessed: now, written: now, changed: now }
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
      original: item.original,
      sourceSize: item.sourceSize,
      changed: item.changed,
      blocks: [...item.blocks].sort(([a], [b]) => a - b).map(([index, block]) => [index, block]),
      listing: item.listing,
      met: [...item.met].sort(),
      children: sorted(item).map(saveItem),
    }
  }

  /** Refuses a source that is no longer what the title met. */
  function verify(folder: Item): void {
    if (folder.key === undefined || folder.met.size === 0) return
    const entries = entriesOf(folder.key)
    const place = `${info.device}\\${folder.key}`
    if (folder.listing !== '' && listingHash(entries) !== folder.listing)
      throw fail('SNAPSHOT_FORMAT', place, 'holds other files than when it was saved')
    for (const child of folder.children.values()) {
      if (child.key === undefined) continue
      const entry = entries.find(each => each.key === child.key)
      if (
        entry !== undefined &&
        (entry.directory !== child.directory || (!entry.directory && entry.size !== child.original))
      )
        throw fail('SNAPSHOT_FORMAT', `${info.device}\\${child.key}`, 'is not the file it was when it was saved')
    }
    for (const name of folder.met)
      if (!entries.some(each => foldCase(each.name) === name))
        throw fail('SNAPSHOT_FORMAT', place, `no longer holds ${name}`)
  }

  function loadItem(state: Plain, parent: Item | undefined): Item {
    const saved = state as unknown as SavedItem
    const [created, accessed, written, changed] = saved.times
    const item: Item = {
      ...plainItem(saved.name, parent, saved.directory, saved.attributes),
      size: saved.size,
      times: { created, accessed, written, changed },
      id: saved.id,
      key: saved.key ?? undefined,
      original: saved.original,
      sourceSize: saved.sourceSize,
      blocks: new Map(saved.blocks.map(([index, block]) => [index, block.slice()])),
      met: new Set(saved.met),
      listing: saved.listing,
      changed: saved.changed,
    }
    bytes.adopt(item)
    for (const child of saved.children) {
      const made = loadItem(child, item)
      item.children.set(foldCase(made.name), made)
    }
    verify(item)
    return item
  }

  function changedBelow(folder: Item, found: Item[]): Item[] {
    for (const item of sorted(folder)) {
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
      return Math.max(0, info.totalUnits - Math.ceil(bytes.used / unit))
    },
    child: (folder, name) => childOf(itemOf(folder), name),
    children: folder => allOf(itemOf(folder)),
    damageOf(node) {
      const { key, directory } = itemOf(node)
      return key === undefined || !directory ? undefined : source.damageOf?.(key)
    },
    read: (node, offset, into) => bytes.read(itemOf(node), offset, into),
    write(node, offset, written, now) {
      if (written.length === 0) return 'done'
      if (!bytes.write(itemOf(node), offset, written)) return full()
      touch(itemOf(node), now)
      return 'done'
    },
    resize(node, size, now) {
      if (!bytes.resize(itemOf(node), size)) return full()
      touch(itemOf(node), now)
      return 'done'
    },
    create(node, name, directory, attributes, now) {
      const folder = itemOf(node)
      const item: Item = {
        ...plainItem(name, folder, directory, directory ? attributes | attribute.directory : attributes),
        times: { created: now, accessed: now, written: now, changed: now },
        id: nextId,
        changed: true,
      }
      nextId += 1
      folder.children.set(foldCase(name), item)
      return item
    },
    remove(node) {
      const item = itemOf(node)
      const folder = item.parent
      if (folder === undefined) return 'root'
      if (item.directory && allOf(item).length > 0) return 'not-empty'
      folder.children.delete(foldCase(item.name))
      bytes.release(item)
      return 'done'
    },
    rename(node, target, name, now): RenameOutcome {
      const item = itemOf(node)
      const folder = itemOf(target)
      const from = item.parent
      if (from === undefined || isBelow(folder, item)) return 'into-itself'
      const there = childOf(folder, name)
      if (there !== undefined && there !== item) return 'exists'
      from.children.delete(foldCase(item.name))
      item.name = name
      item.parent = folder
      folder.children.set(foldCase(name), item)
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
      bytes.reset()
      root = loadItem(saved.root, undefined)
      nextId = saved.nextId
      counters.overlay_full_total = saved.full
    },
  }
  return volume
}
