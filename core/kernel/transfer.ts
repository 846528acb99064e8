/**
 * Transfers: how bytes move between an open file and memory. A transfer is asked for at one guest time and takes effect
 * at another, computed from its size: then the bytes are read or written, the status block is filled, the file and the
 * title's event are signalled, an APC is queued and a packet is posted, in that order. A file opened for synchronous
 * transfers parks its caller until then.
 */
import type { Plain } from '../base/state.ts'
import { GuestAccessError } from '../memory/guest.ts'
import type { Kernel } from './context.ts'
import { postPacket } from './exports/xboxkrnl/queues.ts'
import { appendsOnly, fileOf, nodeOf, type OpenFile, option, reads, writeStatus, writes } from './file.ts'
import { fileKinds } from './handles.ts'
import { type KernelObject, operation } from './object.ts'
import type { Later, Outcome } from './outcome.ts'
import { releasePacket, reservePacket } from './packets.ts'
import { cancelRequest, isOpen, requestAt, requestsOf } from './requests.ts'
import { status } from './status.ts'
import { IO_STATUS_BLOCK } from './structs.ts'

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
  /** Room of the packet it may post, 0 for none; where it queues an APC, that has a place. */
  readonly room: number
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
  /** A caller that was parked goes on here with the status. */
  readonly later?: Later
}

const scatterPage = 0x1000
/** What a transfer costs however short it is, in microseconds. */
const latency = 100
/** Bytes a second of a fast disc drive. */
const defaultIoRate = 16_000_000

/** How long it takes to move so many bytes, in 100 ns. */
export function durationOf(k: Kernel, bytes: number): bigint {
  const rate = BigInt(k.options.ioRate ?? defaultIoRate)
  return (BigInt(latency) + (BigInt(bytes) * 1_000_000n) / rate) * 10n
}

/** Offsets that are no place: the end of the file, for a write; where the last transfer ended. */
const special = { end: -1n, position: -2n } as const

/** Where a transfer begins in a file of that size. */
function offsetOf(k: Kernel, file: OpenFile, { write, offsetAt: at }: TransferRequest, size: number): number {
  if (write && appendsOnly(file.access)) return size
  if (at === 0) return file.position
  const offset = BigInt.asIntN(64, k.memory.load64(at))
  if (offset === special.end) return write ? size : file.position
  return offset === special.position ? file.position : Number(offset)
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
  const offset = offsetOf(k, file, request, at.node.size)
  if (offset < 0) return status.INVALID_PARAMETER
  const size = at.volume.info.raw ? Number.MAX_SAFE_INTEGER : at.node.size
  if (!write && length > 0 && offset >= size) {
    writeStatus(k, statusAt, status.END_OF_FILE, 0)
    return status.END_OF_FILE
  }
  const room = reserve(k, request)
  if (room === undefined) return status.INSUFFICIENT_RESOURCES
  const expected = write ? length : Math.min(length, size - offset)
  let segments: readonly number[]
  try {
    writeStatus(k, statusAt, status.PENDING, 0)
    segments = request.scattered
      ? Array.from({ length: Math.ceil(expected / scatterPage) }, (_, i) => k.memory.load32(request.buffer + i * 4))
      : [request.buffer]
    for (const waited of [object, event])
      if (waited !== undefined && k.objects.stateOf(waited) !== 0) k.dispatcher.reset(waited)
  } catch (error) {
    releasePacket(k.pool, room)
    if (queuesApc(request)) k.apcs.release(k.thread)
    throw error
  }
  const synchronous = (file.options & (option.synchronous | option.synchronousAlert)) !== 0
  if (synchronous || request.offsetAt === 0) file.position = offset + expected
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
    room,
  }
  // The transfer keeps what it will signal, whoever closes it meanwhile.
  object.references += 1
  if (event !== undefined) event.references += 1
  const id = requestAt(k, k.time.now() + k.time.ticksOf(durationOf(k, expected)), 'file-transfer', state)
  return synchronous
    ? awaitTransfer(k, { file: object.serial, id, statusAt, later: request.later ?? null })
    : status.PENDING
}

/** A transfer that its caller is parked for. */
export interface Awaited {
  /** Serial of the file. */
  readonly file: number
  readonly id: number
  readonly statusAt: number
  readonly later: Later | null
}

/** Parks the caller on the file until its own transfer is complete. */
function awaitTransfer(k: Kernel, state: Awaited): Outcome<number> {
  const object = k.objects.bySerial(state.file)
  if (object === undefined) return transferAwaited(k, state)
  return k.waitFor(object, undefined, {
    continuation: 'file-transfer-awaited',
    state: { ...state } as unknown as Plain,
  })
}

/** The file was signalled: by this caller's transfer, or by another's on the same handle. */
export function transferAwaited(k: Kernel, state: Awaited): Outcome<number> {
  const { file, id, statusAt, later } = state
  const object = k.objects.bySerial(file)
  if (object !== undefined && isOpen(k, id)) {
    k.objects.setState(object, 0)
    return awaitTransfer(k, state)
  }
  const code = k.memory.load32(statusAt + IO_STATUS_BLOCK.status)
  return later === null ? code : (k.proceed(later, code) as Outcome<number>)
}

/** The caller is gone, and its transfer with it: nothing is to be written any more to what was the caller's. */
export function forgoTransfer(k: Kernel, { file, id, later }: Awaited): void {
  const object = k.objects.bySerial(file)
  if (object !== undefined) cancelTransfers(k, object, (_, other) => other === id)
  if (later !== null) k.forgo(later)
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
  if (count < Math.min(move.length, node.size - move.offset)) {
    // The image is damaged, or the host's file is not what it was: zeros would pass for the title's own data.
    k.noteAbsence(`${volume.info.device}\\${volume.pathOf(node)}`, move.offset + count)
    return { code: status.DEVICE_DATA_ERROR, count: 0 }
  }
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
  end(k, object, move, result.code, result.count)
}

/** Ends a transfer, which lets go of what it kept. */
function end(k: Kernel, object: KernelObject, move: Transfer, code: number, count: number): void {
  const event = move.event === 0 ? undefined : k.objects.bySerial(move.event)
  finish(k, object, event, move, move.room, code, count)
  k.objects.drop(object)
  if (event !== undefined) k.objects.drop(event)
}

/** Ends the transfers of a file that are on their way, with nothing moved: all that match; how many there were. */
export function cancelTransfers(
  k: Kernel,
  object: KernelObject,
  matches: (move: { readonly thread: number; readonly statusAt: number }, id: number) => boolean,
): number {
  const mine = requestsOf(k, 'file-transfer').filter(({ id, state }) => {
    const move = state as Transfer
    return move.file === object.serial && matches(move, id)
  })
  for (const { id, state } of mine) {
    cancelRequest(k, id)
    end(k, object, state as Transfer, status.CANCELLED, 0)
  }
  return mine.length
}

interface Completion {
  readonly thread: number
  readonly apc: number
  readonly context: number
  readonly statusAt: number
}

/** Whether a call on a file that belongs to a port posts a packet when it ends; the lowest bit says that none is wanted. */
const postsPacket = ({ apc, context }: Pick<Completion, 'apc' | 'context'>): boolean => context !== 0 && (apc & 1) === 0

const queuesApc = ({ apc }: Pick<Completion, 'apc'>): boolean => (apc & ~1) !== 0

/** Keeps what the end of a call needs, so that it cannot fail: the room of its packet, 0 for none; undefined if there is too little. */
function reserve(k: Kernel, call: Pick<Completion, 'apc' | 'context'>): number | undefined {
  const room = postsPacket(call) ? reservePacket(k.pool) : 0
  if (room === 0 && postsPacket(call)) return undefined
  if (!queuesApc(call) || k.apcs.reserve(k.thread)) return room
  releasePacket(k.pool, room)
  return undefined
}

const ioIncrement = 1

function finish(
  k: Kernel,
  object: KernelObject,
  event: KernelObject | undefined,
  { thread, apc, context, statusAt }: Completion,
  room: number,
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
  if (queuesApc({ apc }) && issuer !== undefined) {
    const called = { routine: apc & ~1, context, argument1: statusAt, argument2: 0 }
    const nothingElse = { address: 0, mode: 1, kernelRoutine: 0, rundownRoutine: 0, timer: 0 }
    k.apcs.queue(issuer, { ...nothingElse, ...called }, 'reserved')
  }
  const { port, key } = fileOf(object)
  const target = port === 0 ? undefined : k.objects.bySerial(port)
  if (target !== undefined && room !== 0) postPacket(k, target, { key, context, status: code, bytes: count }, room)
  else releasePacket(k.pool, room)
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
  const room = reserve(k, rest)
  if (room === undefined) return status.INSUFFICIENT_RESOURCES
  for (const waited of [object, event])
    if (waited !== undefined && k.objects.stateOf(waited) !== 0) k.dispatcher.reset(waited)
  finish(k, object, event, rest, room, code, count)
  return code
}
