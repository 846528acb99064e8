/**
 * Open files: how a path becomes a File object, and how bytes move.
 *
 * A File object's own data says where its node lies (device and path), where the next transfer without an offset begins,
 * and what its listing has shown. A transfer is asked for at one guest time and takes effect at another, computed from
 * its size: then the bytes are read or written, the status block is filled, the file and the title's event are
 * signalled, an APC is queued and a packet is posted, in that order. A file opened for synchronous transfers parks its
 * caller until then.
 */
import type { Plain } from '../base/state.ts'
import { GuestAccessError } from '../memory/guest.ts'
import type { Location, Node, Volume } from '../vfs/vfs.ts'
import type { Kernel } from './context.ts'
import { postPacket } from './exports/xboxkrnl/queues.ts'
import { fileKinds, openedBy } from './handles.ts'
import { type KernelObject, operation } from './object.ts'
import type { Outcome } from './outcome.ts'
import { isOpen, requestAt } from './requests.ts'
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

/** Bits of an access mask that let bytes be read or written, or the file be deleted. */
const reads = 0x80000000 | 0x10000000 | 0x20000000 | 1
const writes = 0x40000000 | 0x10000000 | 2 | 4
const deletes = 0x10000000 | 0x10000
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

/** Every File object that is open on a node. */
function openOn(k: Kernel, device: string, path: string): OpenFile[] {
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
  const { disposition: how, options, access } = request
  const now = k.time.systemTime()
  if (found.kind === 'no-name' && how !== disposition.open && how !== disposition.overwrite) {
    const { volume, folder, name } = found
    if (volume.info.readOnly) return refuse(status.ACCESS_DENIED)
    if (!k.ports.files?.creationAllowed(volume, name)) return refuse(status.OBJECT_NAME_INVALID)
    const isDirectory = (options & option.directory) !== 0
    const node = volume.create(folder, name, isDirectory, isDirectory ? 0 : request.attributes & 0xa7, now)
    return { code: status.SUCCESS, information: information.created, object: makeFile(k, request, volume, node, false) }
  }
  if (found.kind !== 'node') return refuse(statusOfAbsence[found.kind])
  const { volume, node, folder, device } = found
  const whole = device || volume.info.raw
  if (how === disposition.create) return refuse(status.OBJECT_NAME_COLLISION, information.exists)
  if (!whole) {
    if (options & option.notDirectory && node.directory) return refuse(status.FILE_IS_A_DIRECTORY, information.exists)
    if ((options & option.directory || folder) && !node.directory)
      return refuse(status.NOT_A_DIRECTORY, information.exists)
    if (access & writes && (volume.info.readOnly || (node.attributes & 1 && !node.directory)))
      return refuse(status.ACCESS_DENIED, information.exists)
  }
  const path = volume.pathOf(node)
  const others = openOn(k, volume.info.device, path)
  if (others.some(other => other.deletePending)) return refuse(status.DELETE_PENDING, information.exists)
  if (!node.directory && !sharingAllowed(others, access, request.share))
    return refuse(status.SHARING_VIOLATION, information.exists)
  let info: number = information.opened
  if (how === disposition.supersede || how === disposition.overwrite || how === disposition.overwriteIf) {
    if (node.directory) return refuse(status.OBJECT_NAME_COLLISION, information.exists)
    if (volume.info.readOnly) return refuse(status.ACCESS_DENIED, information.exists)
    volume.resize(node, 0, now)
    info = how === disposition.supersede ? information.superseded : information.overwritten
  }
  return { code: status.SUCCESS, information: info, object: makeFile(k, request, volume, node, whole) }
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
    deletePending: (request.options & option.deleteOnClose) !== 0,
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

/** A File object has ended: what was to be deleted is. */
export function fileEnded(k: Kernel, object: KernelObject): void {
  if (object.kind !== 'File') return
  const file = fileOf(object)
  if (!file.deletePending) return
  const at = nodeOf(k, object)
  if (at !== undefined && openOn(k, file.device, file.path).every(other => other === file)) at.volume.remove(at.node)
}

/** Renames a node and everything that is open below it; a status. */
export function renameFile(k: Kernel, object: KernelObject, target: Location): number {
  const at = nodeOf(k, object)
  if (at === undefined) return status.INVALID_HANDLE
  if (target.kind === 'node') return status.OBJECT_NAME_COLLISION
  if (target.kind !== 'no-name') return statusOfAbsence[target.kind]
  if (target.volume !== at.volume) return status.NOT_SAME_DEVICE
  if (!k.ports.files?.creationAllowed(at.volume, target.name)) return status.OBJECT_NAME_INVALID
  const { device, path } = fileOf(object)
  const outcome = at.volume.rename(at.node, target.folder, target.name, k.time.systemTime())
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

/** A transfer on its way. */
interface Transfer {
  readonly [key: string]: Plain
  readonly write: boolean
  /** Serial of the File object. */
  readonly file: number
  readonly thread: number
  /** Serial of the title's event, 0 for none. */
  readonly event: number
  readonly apc: number
  readonly context: number
  readonly statusAt: number
  /** Addresses of the pages, or of the whole buffer. */
  readonly segments: readonly number[]
  readonly length: number
  readonly offset: number
}

export interface TransferRequest {
  readonly write: boolean
  readonly event: number
  readonly apc: number
  readonly context: number
  readonly statusAt: number
  readonly buffer: number
  /** The buffer is a list of pages. */
  readonly scattered: boolean
  readonly length: number
  /** Address of the offset, 0 for none. */
  readonly offsetAt: number
}

const scatterPage = 0x1000
/** What a transfer costs however short it is, in microseconds. */
const latency = 100
/** Bytes a second of a fast disc drive. */
export const defaultIoRate = 16_000_000

function offsetOf(k: Kernel, file: OpenFile, at: number): number {
  if (at === 0) return file.position
  const offset = BigInt.asIntN(64, k.memory.load64(at))
  // All ones, and the value one below, mean where the last transfer ended.
  return offset === -1n || offset === -2n ? file.position : Number(offset)
}

/** Begins a transfer: a status, or the caller is parked until it is complete. */
export function transfer(k: Kernel, handle: number, request: TransferRequest): Outcome<number> {
  const object = k.handles.need(handle, fileKinds, operation.other)
  if (typeof object === 'number') return object
  const file = fileOf(object)
  const { write, statusAt, length } = request
  if ((file.access & (write ? writes : reads)) === 0) return status.ACCESS_DENIED
  const at = nodeOf(k, object)
  if (at === undefined) return status.INVALID_HANDLE
  if (file.directory && !at.volume.info.raw && !file.whole) return status.INVALID_DEVICE_REQUEST
  const event = request.event === 0 ? undefined : k.handles.need(request.event & ~3, undefined, operation.signal)
  if (typeof event === 'number') return event
  const offset = offsetOf(k, file, request.offsetAt)
  if (offset < 0) return status.INVALID_PARAMETER
  const size = at.volume.info.raw ? Number.MAX_SAFE_INTEGER : at.node.size
  if (!write && length > 0 && offset >= size) {
    writeStatus(k, statusAt, status.END_OF_FILE, 0)
    return status.END_OF_FILE
  }
  const expected = write ? length : Math.min(length, size - offset)
  const synchronous = (file.options & (option.synchronous | option.synchronousAlert)) !== 0
  if (synchronous || request.offsetAt === 0) file.position = offset + expected

  for (const waited of [object, event])
    if (waited !== undefined && k.objects.stateOf(waited) !== 0) k.dispatcher.reset(waited)
  writeStatus(k, statusAt, status.PENDING, 0)
  const segments = request.scattered
    ? Array.from({ length: Math.ceil(expected / scatterPage) }, (_, i) => k.memory.load32(request.buffer + i * 4))
    : [request.buffer]
  const state: Transfer = {
    write,
    file: object.serial,
    thread: k.thread.id,
    event: event?.serial ?? 0,
    apc: request.apc,
    context: request.context,
    statusAt,
    segments,
    length: expected,
    offset,
  }
  // The transfer keeps what it will signal, whoever closes it meanwhile.
  object.references += 1
  if (event !== undefined) event.references += 1
  const rate = k.options.ioRate ?? defaultIoRate
  const micros = BigInt(latency) + (BigInt(expected) * 1_000_000n) / BigInt(rate)
  const id = requestAt(k, k.time.now() + k.time.ticksOf(micros * 10n), 'file-transfer', state)
  return synchronous ? awaitTransfer(k, object, id, statusAt) : status.PENDING
}

/** Parks the caller on the file until its own transfer is complete. */
export function awaitTransfer(k: Kernel, object: KernelObject, id: number, statusAt: number): Outcome<number> {
  return k.waitFor(object, undefined, {
    continuation: 'file-transfer-awaited',
    state: { file: object.serial, id, statusAt },
  })
}

/** The file was signalled: by this caller's transfer, or by another's on the same handle. */
export function transferAwaited(k: Kernel, state: { file: number; id: number; statusAt: number }): Outcome<number> {
  const object = k.objects.bySerial(state.file)
  if (object === undefined || !isOpen(k, state.id)) return k.memory.load32(state.statusAt + IO_STATUS_BLOCK.status)
  k.objects.setState(object, 0)
  return awaitTransfer(k, object, state.id, state.statusAt)
}

function moveIn(k: Kernel, bytes: Uint8Array, segments: readonly number[]): void {
  if (segments.length === 1) k.memory.write(segments[0] ?? 0, bytes)
  else
    segments.forEach((segment, i) => {
      k.memory.write(segment, bytes.subarray(i * scatterPage, (i + 1) * scatterPage))
    })
}

function moveOut(k: Kernel, length: number, segments: readonly number[]): Uint8Array {
  if (segments.length <= 1) return k.memory.read(segments[0] ?? 0, length)
  const bytes = new Uint8Array(length)
  segments.forEach((segment, i) => {
    bytes.set(k.memory.read(segment, Math.min(scatterPage, length - i * scatterPage)), i * scatterPage)
  })
  return bytes
}

/** Moves the bytes of a transfer: its final status and count. */
function perform(k: Kernel, object: KernelObject, move: Transfer): { code: number; count: number } {
  const at = nodeOf(k, object)
  if (at === undefined) return { code: status.INVALID_HANDLE, count: 0 }
  const { volume, node } = at
  if (move.write) {
    const bytes = moveOut(k, move.length, move.segments)
    if (volume.info.raw) return { code: status.SUCCESS, count: bytes.length }
    if (volume.info.readOnly) return { code: status.ACCESS_DENIED, count: 0 }
    const outcome = volume.write(node, move.offset, bytes, k.time.systemTime())
    return outcome === 'full' ? { code: status.DISK_FULL, count: 0 } : { code: status.SUCCESS, count: bytes.length }
  }
  const bytes = new Uint8Array(move.length)
  const count = volume.info.raw ? move.length : volume.read(node, move.offset, bytes)
  moveIn(k, bytes.subarray(0, count), move.segments)
  return count === 0 && move.length > 0 ? { code: status.END_OF_FILE, count } : { code: status.SUCCESS, count }
}

/** A transfer's time has come. */
export function completeTransfer(k: Kernel, move: Transfer): void {
  const object = k.objects.bySerial(move.file)
  if (object === undefined) return
  let result = { code: status.ACCESS_VIOLATION as number, count: 0 }
  try {
    result = perform(k, object, move)
  } catch (error) {
    // The title freed the buffer in the meantime; the status says so.
    if (!(error instanceof GuestAccessError)) throw error
  }
  const event = move.event === 0 ? undefined : k.objects.bySerial(move.event)
  finish(k, object, event, move, result.code, result.count)
  k.objects.drop(object)
  if (event !== undefined) k.objects.drop(event)
}

interface Completion {
  readonly thread: number
  readonly apc: number
  readonly context: number
  readonly statusAt: number
}

const ioIncrement = 1

function finish(
  k: Kernel,
  object: KernelObject,
  event: KernelObject | undefined,
  { thread, apc, context, statusAt }: Completion,
  code: number,
  count: number,
): void {
  try {
    writeStatus(k, statusAt, code, count)
  } catch (error) {
    if (!(error instanceof GuestAccessError)) throw error
  }
  k.dispatcher.set(object, ioIncrement)
  if (event !== undefined) k.dispatcher.set(event, ioIncrement)
  const issuer = k.threads.all.get(thread)
  if ((apc & ~1) !== 0 && context !== 0 && issuer !== undefined)
    k.apcs.queue(issuer, {
      address: 0,
      mode: 1,
      kernelRoutine: 0,
      rundownRoutine: 0,
      routine: apc & ~1,
      context,
      argument1: statusAt,
      argument2: 0,
      timer: 0,
    })
  const { port, key } = fileOf(object)
  const target = port === 0 ? undefined : k.objects.bySerial(port)
  if (target !== undefined && context !== 0 && (apc & 1) === 0)
    postPacket(k, target, { key, context, status: code, bytes: count })
}

/** Ends at once a call on a file that takes no time: status block, file, event, APC, packet. */
export function completeNow(
  k: Kernel,
  object: KernelObject,
  eventHandle: number,
  rest: Completion,
  code: number,
  count: number,
): number {
  const event = eventHandle === 0 ? undefined : k.handles.need(eventHandle & ~3, undefined, operation.signal)
  if (typeof event === 'number') return event
  for (const waited of [object, event])
    if (waited !== undefined && k.objects.stateOf(waited) !== 0) k.dispatcher.reset(waited)
  finish(k, object, event, rest, code, count)
  return code
}
