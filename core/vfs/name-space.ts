/** The name space: which device a path leads to, through links, and which node on it. */
import { fail } from '../base/failure.ts'
import type { Plain } from '../base/state.ts'
import {
  clampParents,
  creationAllowed,
  cutPath,
  foldCase,
  lookupAllowed,
  matchesPattern,
  patternAllowed,
} from './path.ts'
import type { Location, Node, Vfs, Volume } from './vfs.ts'
import type { ChangedVolume } from './volume.ts'

/** Links in a chain before the path is refused: titles may link a name to itself. */
const longestChain = 16

const keyOf = (parts: readonly string[]): string => foldCase(parts.join('\\'))

export function createVfs(volumes: readonly ChangedVolume[]): Vfs {
  const byDevice = new Map<string, ChangedVolume>()
  for (const volume of volumes) byDevice.set(keyOf(cutPath(volume.info.device).parts), volume)
  /** Key of the link's components to its target's path. */
  let links = new Map<string, string>()

  /** Longest prefix of `parts`, of whole components, that is a key of `table`. */
  function longestPrefix<T>(
    table: ReadonlyMap<string, T>,
    parts: readonly string[],
  ): { value: T; length: number } | undefined {
    for (let length = parts.length; length > 0; length -= 1) {
      const value = table.get(keyOf(parts.slice(0, length)))
      if (value !== undefined) return { value, length }
    }
    return undefined
  }

  function descend(volume: Volume, start: Node, parts: readonly string[], folder: boolean, device: boolean): Location {
    let node = start
    for (let i = 0; i < parts.length; i += 1) {
      const name = parts[i] ?? ''
      if (!lookupAllowed(name)) return { kind: 'bad-name' }
      const last = i === parts.length - 1
      const child = node.directory ? volume.child(node, name) : undefined
      if (child === undefined)
        return last && node.directory
          ? { kind: 'no-name', volume, folder: node, name }
          : { kind: 'no-path', volume, folder: node }
      node = child
    }
    return { kind: 'node', volume, node, folder, device }
  }

  return {
    locate(path, from) {
      const cut = cutPath(path)
      if (from !== undefined) {
        const below = clampParents([...from.volume.pathOf(from.node).split('\\').filter(Boolean), ...cut.parts])
        return descend(from.volume, from.volume.root, below, cut.folder, false)
      }
      let parts: readonly string[] = cut.parts
      for (let i = 0; i <= longestChain; i += 1) {
        const link = longestPrefix(links, parts)
        const device = longestPrefix(byDevice, parts)
        if (device !== undefined && (link === undefined || device.length >= link.length)) {
          const tail = clampParents(parts.slice(device.length))
          return descend(device.value, device.value.root, tail, cut.folder, tail.length === 0 && !cut.folder)
        }
        if (link === undefined) return { kind: 'no-device' }
        parts = [...cutPath(link.value).parts, ...clampParents(parts.slice(link.length))]
      }
      return { kind: 'no-device' }
    },
    creationAllowed: (volume, name) => creationAllowed(name, volume.info.longestName),
    patternAllowed,
    matches: matchesPattern,
    link(name, target) {
      const key = keyOf(cutPath(name).parts)
      if (key === '' || links.has(key)) return false
      links.set(key, target)
      return true
    },
    unlink: name => links.delete(keyOf(cutPath(name).parts)),
    linkTarget: name => links.get(keyOf(cutPath(name).parts)),
    volumes: () => volumes,
    volume: device => byDevice.get(keyOf(cutPath(device).parts)),
    written: () =>
      volumes.flatMap(volume =>
        volume.changedFiles().map(node => ({ volume, node, path: `${volume.info.device}\\${volume.pathOf(node)}` })),
      ),
    save(): Plain {
      return {
        links: [...links].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, target]) => [name, target]),
        volumes: volumes.map(volume => [volume.info.device, volume.save()]),
      }
    },
    load(state) {
      const saved = state as { links?: unknown; volumes?: unknown }
      if (!Array.isArray(saved.links) || !Array.isArray(saved.volumes) || saved.volumes.length !== volumes.length)
        throw fail('SNAPSHOT_FORMAT', 'file system', 'has other volumes than this machine')
      links = new Map(saved.links as [string, string][])
      volumes.forEach((volume, i) => {
        const [device, part] = (saved.volumes as [string, Plain][])[i] ?? ['', null]
        if (device !== volume.info.device) throw fail('SNAPSHOT_FORMAT', device, 'is not a volume of this machine')
        volume.load(part)
      })
    },
  }
}
