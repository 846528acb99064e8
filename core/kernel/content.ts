/**
 * Content packages: saves, and whatever else a title keeps under a name. A package is a folder on the title's disk,
 * below `Content\<title>\<type>`, and while it is open a link with a name of the title's choosing leads to it.
 */

import type { Node, Volume } from '../vfs/vfs.ts'
import { readUnits } from './call.ts'
import type { Kernel } from './context.ts'
import { kernelState } from './outcome.ts'
import { win32 } from './status.ts'
import { CONTENT_DATA } from './structs.ts'

/** The number of the only storage device. */
export const hardDisk = 1
export const hardDiskType = 1
export const hardDiskName = 'Hard Drive'
const titleDisk = '\\Device\\Harddisk0\\Partition1'
const folderName = 'Content'
/** Holds a package's display name; beside the package, so that the title never sees it. */
const nameSuffix = '.name'

interface OpenPackage {
  readonly root: string
  readonly path: string
}

const openPackages = kernelState<{ list: OpenPackage[] }>('content', () => ({ list: [] }))

export interface ContentData {
  readonly device: number
  readonly type: number
  readonly displayName: string
  readonly fileName: string
}

export function readContentData(k: Kernel, at: number): ContentData {
  const data = CONTENT_DATA
  return {
    device: k.memory.load32(at + data.device),
    type: k.memory.load32(at + data.type),
    displayName: readUnits(k.memory, at + data.displayName, 128),
    fileName: k.memory.text(at + data.fileName, data.fileNameLength),
  }
}

export function writeContentData(k: Kernel, at: number, content: ContentData): void {
  const data = CONTENT_DATA
  k.memory.fill(at, data.size, 0)
  k.memory.store32(at + data.device, content.device)
  k.memory.store32(at + data.type, content.type)
  for (let i = 0; i < Math.min(127, content.displayName.length); i += 1)
    k.memory.store16(at + data.displayName + i * 2, content.displayName.charCodeAt(i))
  k.memory.write(
    at + data.fileName,
    new Uint8Array([...content.fileName.slice(0, data.fileNameLength)].map(letter => letter.charCodeAt(0))),
  )
}

export const titleVolume = (k: Kernel): Volume | undefined => k.ports.files?.volume(titleDisk)

const hex8 = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0')

/** The folder below the root with these names; made where it is missing, if asked. */
function folderAt(k: Kernel, volume: Volume, names: readonly string[], make: boolean): Node | undefined {
  let node: Node | undefined = volume.root
  for (const name of names) {
    const found: Node | undefined = volume.child(node, name)
    if (found === undefined && !make) return undefined
    node = found ?? volume.create(node, name, true, 0, k.time.systemTime())
  }
  return node
}

const folderNames = (title: number, type: number): string[] => [folderName, hex8(title), hex8(type)]

/** The folder of a package; undefined when there is none. */
export function findPackage(k: Kernel, title: number, content: ContentData): Node | undefined {
  const volume = titleVolume(k)
  const folder = volume === undefined ? undefined : folderAt(k, volume, folderNames(title, content.type), false)
  return folder === undefined ? undefined : volume?.child(folder, content.fileName)
}

export function createPackage(k: Kernel, title: number, content: ContentData): Node | undefined {
  const volume = titleVolume(k)
  if (volume === undefined || !k.ports.files?.creationAllowed(volume, content.fileName)) return undefined
  const folder = folderAt(k, volume, folderNames(title, content.type), true)
  if (folder === undefined) return undefined
  const now = k.time.systemTime()
  const label = `${content.fileName}${nameSuffix}`
  const file = volume.child(folder, label) ?? volume.create(folder, label, false, 0, now)
  const bytes = new Uint8Array(content.displayName.length * 2)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < content.displayName.length; i += 1) view.setUint16(i * 2, content.displayName.charCodeAt(i))
  volume.write(file, 0, bytes, now)
  return volume.create(folder, content.fileName, true, 0, now)
}

/** Removes a folder and all in it. */
function removeTree(volume: Volume, node: Node): void {
  for (const child of [...volume.children(node)]) removeTree(volume, child)
  volume.remove(node)
}

const keyOf = (root: string): string => root.toLowerCase().replace(/:$/, '')

export function isMounted(k: Kernel, root: string): boolean {
  return k.state(openPackages).list.some(open => open.root === keyOf(root))
}

/** Whether a package is open under any name. */
function isPackageOpen(k: Kernel, path: string): boolean {
  return k.state(openPackages).list.some(open => open.path === path)
}

export function mountPackage(k: Kernel, root: string, node: Node): void {
  const volume = titleVolume(k)
  if (volume === undefined) return
  const path = `${titleDisk}\\${volume.pathOf(node)}`
  k.state(openPackages).list.push({ root: keyOf(root), path })
  k.ports.files?.link(`${keyOf(root)}:`, path)
}

/** Closes a package; a Win32 code. */
export function unmountPackage(k: Kernel, root: string): number {
  const state = k.state(openPackages)
  if (!isMounted(k, root)) return win32.FILE_NOT_FOUND
  state.list = state.list.filter(open => open.root !== keyOf(root))
  k.ports.files?.unlink(`${keyOf(root)}:`)
  return win32.SUCCESS
}

/** Deletes a package; a Win32 code. */
export function deletePackage(k: Kernel, title: number, content: ContentData): number {
  const volume = titleVolume(k)
  const node = findPackage(k, title, content)
  if (volume === undefined || node === undefined) return win32.FILE_NOT_FOUND
  if (isPackageOpen(k, `${titleDisk}\\${volume.pathOf(node)}`)) return win32.ACCESS_DENIED
  const label = node.parent === undefined ? undefined : volume.child(node.parent, `${node.name}${nameSuffix}`)
  if (label !== undefined) volume.remove(label)
  removeTree(volume, node)
  return win32.SUCCESS
}

/** Every package of a type, by name. */
export function listPackages(k: Kernel, title: number, type: number): ContentData[] {
  const volume = titleVolume(k)
  const folder = volume === undefined ? undefined : folderAt(k, volume, folderNames(title, type), false)
  if (volume === undefined || folder === undefined) return []
  return volume
    .children(folder)
    .filter(node => node.directory)
    .map(node => {
      const label = volume.child(folder, `${node.name}${nameSuffix}`)
      const bytes = new Uint8Array(label?.size ?? 0)
      if (label !== undefined) volume.read(label, 0, bytes)
      const view = new DataView(bytes.buffer)
      let displayName = ''
      for (let i = 0; i + 1 < bytes.length; i += 2) displayName += String.fromCharCode(view.getUint16(i))
      return { device: hardDisk, type, displayName, fileName: node.name }
    })
}
