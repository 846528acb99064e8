import type { Plain } from '../../../base/state.ts'
import { continuation, type Entry, handle, i32, krnl, nothing, ptr, status, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { completionKinds } from '../../handles.ts'
import { emptyList, linkBefore } from '../../list.ts'
import { createNamed } from '../../naming.ts'
import { type KernelObject, operation } from '../../object.ts'
import { addPacket, type Packet, reservePacket } from '../../packets.ts'
import { allowed, associate } from '../../queue-object.ts'
import { status as s } from '../../status.ts'
import { IO_STATUS_BLOCK, KQUEUE, LIST_ENTRY, OBJECT_ATTRIBUTES } from '../../structs.ts'
import { timeoutAt } from './waits.ts'

const queueReason = 4
const increment = 0

/** The fields of a new queue besides its header. */
function fill({ memory }: Kernel, body: number, threads: number): void {
  emptyList(memory, body + KQUEUE.entryFlink)
  emptyList(memory, body + KQUEUE.threadFlink)
  memory.store32(body + KQUEUE.currentCount, 0)
  memory.store32(body + KQUEUE.maximumCount, allowed(threads))
}

function insert(k: Kernel, at: number, entry: number, atHead: boolean): number {
  const queue = k.objects.at(at, operation.signal)
  if (queue === undefined) return 0
  const head = at + KQUEUE.entryFlink
  linkBefore(k.memory, atHead ? k.memory.load32(head) : head, entry)
  return k.dispatcher.enqueue(queue, increment)
}

/** Puts a packet into a completion port, in the room that was reserved for it; who waits there gets it. */
export function postPacket(k: Kernel, port: KernelObject, packet: Packet, room: number): void {
  addPacket(port, packet, room)
  k.dispatcher.enqueue(port, increment)
}

/** What a removal goes on with: the queue, and the entry that it was handed, if it had to wait. */
interface Removal {
  readonly serial: number
  readonly entry?: Plain
}

interface PacketRemoval extends Removal {
  readonly keyAt: number
  readonly contextAt: number
  readonly statusAt: number
}

/** The entry of a removal that has succeeded. */
function entryOf(k: Kernel, { serial, entry }: Removal): Plain {
  if (entry !== undefined) return entry
  const queue = k.objects.bySerial(serial)
  return queue === undefined ? null : k.dispatcher.takeEntry(queue)
}

/** No thread belongs to a queue any more that begins again or ends. */
function forget(k: Kernel, queue: KernelObject): void {
  for (const thread of k.threads.all.values()) if (thread.queue === queue.serial) associate(k.memory, thread, undefined)
}

export const queues: readonly Entry[] = [
  krnl(115, 'KeInitializeQueue', [ptr(KQUEUE, 'queue'), u32('count')], nothing, ['sync'], (k, at, count) => {
    forget(k, k.objects.create({ kind: 'Queue', at, fill: body => fill(k, body, count) }))
  }),
  krnl(121, 'KeInsertQueue', [ptr(KQUEUE, 'queue'), ptr(LIST_ENTRY, 'entry')], i32, ['sync'], (k, at, entry) =>
    insert(k, at, entry, false),
  ),
  krnl(120, 'KeInsertHeadQueue', [ptr(KQUEUE, 'queue'), ptr(LIST_ENTRY, 'entry')], i32, ['sync'], (k, at, entry) =>
    insert(k, at, entry, true),
  ),
  krnl(
    141,
    'KeRemoveQueue',
    [ptr(KQUEUE, 'queue'), u32('mode'), ptr('timeout')],
    ptr(),
    ['sync', 'blocking', 'poll'],
    (k, at, mode, timeout) => {
      const queue = k.objects.at(at, operation.wait)
      // An object of another kind has no entries to hand out.
      if (queue?.kind !== 'Queue') return s.TIMEOUT
      return k.dispatcher.wait({
        type: 'any',
        objects: [queue],
        handles: [0],
        reason: queueReason,
        mode,
        alertable: false,
        timeout: timeoutAt(k, timeout),
        removes: true,
        later: { continuation: 'queue-removed', state: { serial: queue.serial } },
      })
    },
  ),
  continuation('queue-removed', (k, removal: Plain, value) =>
    value === s.SUCCESS ? Number(entryOf(k, removal as unknown as Removal)) : value,
  ),
  krnl(148, 'KeRundownQueue', [ptr(KQUEUE, 'queue')], ptr(), ['sync'], (k, at) => {
    const queue = k.objects.at(at, operation.other)
    const head = at + KQUEUE.entryFlink
    const first = k.memory.load32(head)
    if (queue !== undefined) {
      k.objects.setState(queue, 0)
      forget(k, queue)
    }
    emptyList(k.memory, head)
    return first === head ? 0 : first
  }),
  krnl(
    211,
    'NtCreateIoCompletion',
    [ptr('handle'), u32('access'), ptr(OBJECT_ATTRIBUTES, 'attributes'), u32('threads')],
    status,
    ['sync'],
    (k, handleAt, _access, attributes, threads) =>
      createNamed(k, handleAt, attributes, { kind: 'IoCompletion', fill: body => fill(k, body, threads) }),
  ),
  krnl(
    248,
    'NtSetIoCompletion',
    [handle('port'), u32('key'), u32('context'), u32('status'), u32('bytes')],
    status,
    ['sync'],
    (k, value, key, context, code, bytes) => {
      const port = k.handles.need(value, completionKinds, operation.signal)
      if (typeof port === 'number') return port
      const room = reservePacket(k.pool)
      if (room === 0) return s.INSUFFICIENT_RESOURCES
      postPacket(k, port, { key, context, status: code, bytes }, room)
      return s.SUCCESS
    },
  ),
  krnl(
    244,
    'NtRemoveIoCompletion',
    [handle('port'), ptr('key'), ptr('context'), ptr(IO_STATUS_BLOCK, 'status'), ptr('timeout')],
    status,
    ['sync', 'blocking', 'poll'],
    (k, value, keyAt, contextAt, statusAt, timeout) => {
      const port = k.handles.need(value, completionKinds, operation.wait)
      if (typeof port === 'number') return port
      return k.dispatcher.wait({
        type: 'any',
        objects: [port],
        handles: [value],
        reason: queueReason,
        mode: 1,
        alertable: false,
        timeout: timeoutAt(k, timeout),
        removes: true,
        later: {
          continuation: 'io-completion-removed',
          state: { serial: port.serial, keyAt, contextAt, statusAt },
        },
      })
    },
  ),
  continuation('io-completion-removed', (k, state: Plain, value) => {
    if (value !== s.SUCCESS) return value
    const removal = state as unknown as PacketRemoval
    const packet = entryOf(k, removal) as unknown as Packet | null
    if (packet === null) return value
    const { keyAt, contextAt, statusAt } = removal
    k.memory.store32(keyAt, packet.key)
    k.memory.store32(contextAt, packet.context)
    k.memory.store32(statusAt + IO_STATUS_BLOCK.status, packet.status)
    k.memory.store32(statusAt + IO_STATUS_BLOCK.information, packet.bytes)
    return s.SUCCESS
  }),
  krnl(233, 'NtQueryIoCompletion', [handle('port'), ptr('information')], status, ['sync', 'poll'], (k, value, at) => {
    const port = k.handles.need(value, completionKinds, operation.other)
    if (typeof port === 'number') return port
    k.memory.store32(at, k.objects.stateOf(port))
    return s.SUCCESS
  }),
]
