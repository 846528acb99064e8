/**
 * Open files: how a path becomes a File object. The object's own data says where its node lies (device and path), where
 * the next transfer without an offset begins, and what its listing has shown.
 */
import type { Plain } from '../base/state.ts'
import { attribute, type Location, type Node, type Volume } from '../vfs/vfs.ts'
import type { Kernel } from './context.ts'
import { fileKinds, openedBy } from './handles.ts'
import { type KernelObject, operation } from './object.ts'
import { status } from './status.ts'
import { IO_STATUS_BLOCK } from './structs.ts'

export const option = {
  directory: 0x1,
  synchronousAlert: 0x10,
  synchronous: 0x20,
  notDirectory: 0x40,
  deleteOnClose: 0x1000,
} as const

export const disposition = { supersede: 0, open: 1, create: 2, openIf: 3, overwrite: 4, overwriteIf: 5 } as const
const information = { superseded: 0, opened: 1, created: 2, overwritten: 3, exists: 4, absent: 5 } as const

/** Rights to a file, and what the generic ones stand for. */
export const right = {
  readData: 1,
  writeData: 2,
  appendData: 4,
  writeAttributes: 0x100,
  delete: 0x10000,
} as const
const generic = [
  [0x80000000, 0x120089],
  [0x40000000, 0x120116],
  [0x20000000, 0x1200a0],
  [0x10000000, 0x1f01ff],
] as const

/** Asks for whatever may be had. */
const maximumAllowed = 0x2000000
/** An access with what it gets where it asks for that: all rights, or to a file that nobody may write, to read it. */
const allowed = (access: number, isReadOnly: boolean): number =>
  access & maximumAllowed ? ((access & ~maximumAllowed) | (isReadOnly ? 0xa0000000 : 0x10000000)) >>> 0 : access

/** The rights of an access mask. */
export const grantedBy = (access: number): number =>
  generic.reduce((rights, [bit, stands]) => (access & bit ? rights | stands : rights), access & 0x1fffff)

/** Bits of an access mask that let bytes be read or written, or the file be deleted. */
export const reads = 0x80000000 | 0x10000000 | 0x20000000 | 1
export const writes = 0x40000000 | 0x10000000 | 2 | 4
const deleteAccess = 0x10000
const deletes = 0x10000000 | deleteAccess
const appends = 4

/** Whether an access lets bytes be written at the end of the file alone. */
export const appendsOnly = (access: number): boolean => (access & writes) === appends
const share = { read: 1, write: 2, delete: 4 } as const

/** What a File object keeps besides its body. */
export interface OpenFile {
  /** Object path of the volume. */
  readonly device: string
  /** Path of the node below the root; changes when it is renamed. */
  path: string
  readonly directory: boolean
  /** The device itself was opened, not a file on it. */
  readonly whole: boolean
  readonly access: number
  readonly share: number
  readonly options: number
  position: number
  /** Pattern of the listing; null before it began. */
  pattern: string | null
  /** Name the listing showed last. */
  after: string | null
  deletePending: boolean
  /** Serial of the completion port, 0 for none, and the key of its packets. */
  port: number
  key: number
}

export const fileOf = (object: KernelObject): OpenFile => object.data as unknown as OpenFile

export interface Opened {
  readonly code: number
  readonly information: number
  readonly object?: KernelObject
}

export interface OpenRequest {
  readonly path: string
  /** A handle of the folder a relative path begins in; 0 and the two pseudo roots are the root of all names. */
  readonly root: number
  readonly access: number
  readonly share: number
  readonly disposition: number
  readonly options: number
  readonly attributes: number
}

/** Roots that stand for the name spaces of DOS names and of all objects. */
const pseudoRoots = [0, 0xfffffffd, 0xfffffffc]

const refuse = (code: number, info: number = information.absent): Opened => ({ code, information: info })

/** Where a path leads, from a root handle; a status when the handle is wrong. */
export function locateFrom(k: Kernel, root: number, path: string): Location | number {
  const { files } = k.ports
  if (files === undefined) return { kind: 'no-device' }
  if (pseudoRoots.includes(root)) return files.locate(path)
  const object = k.handles.need(root, fileKinds, operation.other)
  if (typeof object === 'number') return object
  const at = nodeOf(k, object)
  return at === undefined ? status.INVALID_HANDLE : files.locate(path, at)
}

/** Volume and node of an open file; undefined when the node is gone. */
export function nodeOf(k: Kernel, object: KernelObject): { volume: Volume; node: Node } | undefined {
  const { device, path } = fileOf(object)
  const volume = k.ports.files?.volume(device)
  if (volume === undefined) return undefined
  let node: Node | undefined = volume.root
  for (const name of path === '' ? [] : path.split('\\')) {
    node = node === undefined ? undefined : volume.child(node, name)
  }
  return node === undefined ? undefined : { volume, node }
}

export const statusOfAbsence = {
  'no-name': status.OBJECT_NAME_NOT_FOUND,
  'no-path': status.OBJECT_PATH_NOT_FOUND,
  'no-device': status.NO_SUCH_FILE,
  'bad-name': status.OBJECT_NAME_INVALID,
} as const

/** Says that a folder cannot be read to the end of its table, if that is so: what it shows may not be all of it. */
export function isDamaged(k: Kernel, volume: Volume, folder: Node): boolean {
  const from = volume.damageOf(folder)
  if (from !== undefined) k.noteAbsence(`${volume.info.device}\\${volume.pathOf(folder)}`, from)
  return from !== undefined
}

/** The status of a path that leads nowhere, which is said: nobody knows what a damaged folder has. */
export function absence(k: Kernel, found: Exclude<Location, { kind: 'node' }>, path: string): number {
  if ((found.kind === 'no-name' || found.kind === 'no-path') && isDamaged(k, found.volume, found.folder))
    return status.DEVICE_DATA_ERROR
  k.noteAbsence(path)
  return statusOfAbsence[found.kind]
}

/** Attributes that a file can be made with. */
const settable = attribute.readOnly | attribute.hidden | attribute.system | attribute.archive | attribute.normal

/** Every File object that is open on a node. */
export function openOn(k: Kernel, device: string, path: string): OpenFile[] {
  const found: OpenFile[] = []
  for (const object of k.objects.live.values()) {
    if (object.kind !== 'File') continue
    const file = fileOf(object)
    if (file.device === device && file.path.toLowerCase() === path.toLowerCase()) found.push(file)
  }
  return found
}

/** Whether a new opening and those there are let one another be. */
function sharingAllowed(others: readonly OpenFile[], access: number, allowed: number): boolean {
  const wants = (mask: number, bit: number, grant: number): boolean => (mask & bit) === 0 || (grant & bit) !== 0
  const kinds = (mask: number): number =>
    (mask & reads ? share.read : 0) | (mask & writes ? share.write : 0) | (mask & deletes ? share.delete : 0)
  return others.every(other =>
    [share.read, share.write, share.delete].every(
      bit => wants(kinds(access), bit, other.share) && wants(kinds(other.access), bit, allowed),
    ),
  )
}

/** Opens or creates; the File object has no handle yet. */
export function openFile(k: Kernel, request: OpenRequest): Opened {
  const found = locateFrom(k, request.root, request.path)
  if (typeof found === 'number') return refuse(found)
  const { disposition: how, options } = request
  const now = k.time.systemTime()
  if (found.kind === 'no-name' && how !== disposition.open && how !== disposition.overwrite) {
    const { volume, folder, name } = found
    if (volume.info.readOnly) return refuse(status.ACCESS_DENIED)
    if (!k.ports.files?.creationAllowed(volume, name)) return refuse(status.OBJECT_NAME_INVALID)
    const isDirectory = (options & option.directory) !== 0
    const node = volume.create(folder, name, isDirectory, isDirectory ? 0 : request.attributes & settable, now)
    const own = { ...request, access: allowed(request.access, false) }
    return { code: status.SUCCESS, information: information.created, object: makeFile(k, own, volume, node, false) }
  }
  if (found.kind !== 'node') return refuse(absence(k, found, request.path))
  const { volume, node, folder, device } = found
  const whole = device || volume.info.raw
  if (how === disposition.create) return refuse(status.OBJECT_NAME_COLLISION, information.exists)
  const isReadOnly = volume.info.readOnly || ((node.attributes & attribute.readOnly) !== 0 && !node.directory)
  const access = allowed(request.access, isReadOnly)
  if (!whole) {
    if (options & option.notDirectory && node.directory) return refuse(status.FILE_IS_A_DIRECTORY, information.exists)
    if ((options & option.directory || folder) && !node.directory)
      return refuse(status.NOT_A_DIRECTORY, information.exists)
    if (access & writes && isReadOnly) return refuse(status.ACCESS_DENIED, information.exists)
  }
  const path = volume.pathOf(node)
  const others = openOn(k, volume.info.device, path)
  if (others.some(other => other.deletePending)) return refuse(status.DELETE_PENDING, information.exists)
  if (!node.directory && !sharingAllowed(others, access, request.share))
    return refuse(status.SHARING_VIOLATION, information.exists)
  let info: number = information.opened
  if (how === disposition.supersede || how === disposition.overwrite || how === disposition.overwriteIf) {
    if (node.directory) return refuse(status.OBJECT_NAME_COLLISION, information.exists)
    if (volume.info.readOnly || node.attributes & attribute.readOnly)
      return refuse(status.ACCESS_DENIED, information.exists)
    volume.resize(node, 0, now)
    volume.setAttributes(node, request.attributes & settable, {})
    info = how === disposition.supersede ? information.superseded : information.overwritten
  }
  return { code: status.SUCCESS, information: info, object: makeFile(k, { ...request, access }, volume, node, whole) }
}

function makeFile(k: Kernel, request: OpenRequest, volume: Volume, node: Node, whole: boolean): KernelObject {
  const object = k.objects.create({ kind: 'File', name: request.path })
  const data: OpenFile = {
    device: volume.info.device,
    path: volume.pathOf(node),
    directory: node.directory,
    whole,
    access: request.access,
    share: request.share,
    options: request.options,
    position: 0,
    pattern: null,
    after: null,
    deletePending: false,
    port: 0,
    key: 0,
  }
  object.data = data as unknown as Plain
  return object
}

/** Opens a file and gives it a handle: what the two calls that open do. */
export function openWithHandle(k: Kernel, handleAt: number, statusAt: number, request: OpenRequest): number {
  const { code, information: info, object } = openFile(k, request)
  if (object !== undefined) k.memory.store32(handleAt, k.handles.open(object, openedBy.creation))
  writeStatus(k, statusAt, code, info)
  return code
}

export function writeStatus(k: Kernel, at: number, code: number, info: number): void {
  if (at === 0) return
  k.memory.store32(at + IO_STATUS_BLOCK.information, info)
  k.memory.store32(at + IO_STATUS_BLOCK.status, code)
}

/** A File object has ended: what was to be deleted is, as soon as nobody has it open. */
export function fileEnded(k: Kernel, object: KernelObject): void {
  if (object.kind !== 'File') return
  const file = fileOf(object)
  if (!file.deletePending && (file.options & option.deleteOnClose) === 0) return
  const others = openOn(k, file.device, file.path).filter(other => other !== file)
  for (const other of others) other.deletePending = true
  if (others.length === 0) {
    const at = nodeOf(k, object)
    at?.volume.remove(at.node)
  }
}

/** Deletes by name: as if opened, marked and closed again. */
export function deleteFile(k: Kernel, root: number, path: string): number {
  const { code, object } = openFile(k, {
    path,
    root,
    access: deleteAccess,
    share: share.read | share.write | share.delete,
    disposition: disposition.open,
    options: 0,
    attributes: 0,
  })
  if (object === undefined) return code
  const at = nodeOf(k, object)
  const refused = at === undefined ? status.INVALID_HANDLE : refusalToDelete(at.volume, at.node)
  if (refused === undefined) fileOf(object).deletePending = true
  // Nothing but this call held it, so its end is its last reference's.
  object.references += 1
  k.objects.drop(object)
  return refused ?? status.SUCCESS
}

/** Why a node cannot be deleted; undefined when it can. */
export function refusalToDelete(volume: Volume, node: Node): number | undefined {
  if (volume.info.readOnly || node.attributes & attribute.readOnly || node.parent === undefined)
    return status.CANNOT_DELETE
  return node.directory && volume.children(node).length > 0 ? status.DIRECTORY_NOT_EMPTY : undefined
}
