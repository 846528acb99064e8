/** Files that get another name or place, with all that is open on them and below them. */
import type { Location, Node, Volume } from '../vfs/vfs.ts'
import type { Kernel } from './context.ts'
import { fileOf, locateFrom, nodeOf, openOn, refusalToDelete, statusOfAbsence } from './file.ts'
import type { KernelObject } from './object.ts'
import { status } from './status.ts'
import { lastPart } from './text.ts'

/** Makes room for a file that is renamed over another; a status when that one stays. */
function replace(k: Kernel, { volume, node }: { volume: Volume; node: Node }): number | undefined {
  if (node.directory || refusalToDelete(volume, node) !== undefined) return status.ACCESS_DENIED
  if (openOn(k, volume.info.device, volume.pathOf(node)).length > 0) return status.ACCESS_DENIED
  volume.remove(node)
  return undefined
}

/** Where a rename leads: the folder and the name in it, or a status. `spelt` is the name as the title wrote it. */
function destination(target: Location, spelt: string): { volume: Volume; folder: Node; name: string } | number {
  if (target.kind === 'no-name') return target
  if (target.kind !== 'node') return statusOfAbsence[target.kind]
  const { volume, node } = target
  return node.parent === undefined ? status.OBJECT_NAME_COLLISION : { volume, folder: node.parent, name: spelt }
}

/** Renames a node and everything that is open below it, over another file where that is asked for; a status. */
export function renameFile(k: Kernel, object: KernelObject, root: number, to: string, replaces: boolean): number {
  const at = nodeOf(k, object)
  if (at === undefined) return status.INVALID_HANDLE
  const target = locateFrom(k, root, to)
  if (typeof target === 'number') return target
  const place = destination(target, lastPart(to))
  if (typeof place === 'number') return place
  if (place.volume !== at.volume) return status.NOT_SAME_DEVICE
  if (at.volume.info.readOnly) return status.ACCESS_DENIED
  // Its own name in other letters is a name that is free.
  if (target.kind === 'node' && target.node !== at.node) {
    const refused = replaces ? replace(k, target) : status.OBJECT_NAME_COLLISION
    if (refused !== undefined) return refused
  }
  if (!k.ports.files?.creationAllowed(at.volume, place.name)) return status.OBJECT_NAME_INVALID
  const { device, path } = fileOf(object)
  const outcome = at.volume.rename(at.node, place.folder, place.name, k.time.systemTime())
  if (outcome !== 'done') return outcome === 'exists' ? status.OBJECT_NAME_COLLISION : status.INVALID_PARAMETER
  const next = at.volume.pathOf(at.node)
  for (const other of k.objects.live.values()) {
    if (other.kind !== 'File') continue
    const file = fileOf(other)
    if (file.device !== device) continue
    if (file.path === path) file.path = next
    else if (file.path.startsWith(`${path}\\`)) file.path = next + file.path.slice(path.length)
  }
  return status.SUCCESS
}
