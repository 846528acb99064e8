/**
 * What drivers keep their requests in: device queues, and the lock for cancelling. A queue is busy while a request is
 * being served; only what comes meanwhile is queued, in order of arrival or of a key.
 *
 * Sources: WDK, KeInsertDeviceQueue and its kin, IoAcquireCancelSpinLock; the layouts are those of public headers for this
 * console, which have the lock before the list.
 */
import { bool, type Entry, krnl, nothing, ptr, u8, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { emptyList, firstWhere, linkBefore, unlink, unlinkFirst } from '../../list.ts'
import { kernelState } from '../../outcome.ts'
import { dispatchLevel } from '../../scheduler.ts'
import { headerType, KDEVICE_QUEUE, KDEVICE_QUEUE_ENTRY } from '../../structs.ts'

const entries = KDEVICE_QUEUE.listFlink
const keyOf = (k: Kernel, entry: number): number => k.memory.load32(entry + KDEVICE_QUEUE_ENTRY.sortKey)

/** Queues an entry where `place` says, or makes the queue busy with it; whether it was queued. */
function insert({ memory }: Kernel, queue: number, entry: number, place: () => number): boolean {
  const busy = memory.load8(queue + KDEVICE_QUEUE.busy) !== 0
  if (busy) linkBefore(memory, place(), entry)
  else memory.store8(queue + KDEVICE_QUEUE.busy, 1)
  memory.store8(entry + KDEVICE_QUEUE_ENTRY.inserted, busy ? 1 : 0)
  return busy
}

/** The entry that was taken off; a queue without entries is no longer busy. */
function taken({ memory }: Kernel, queue: number, entry: number): number {
  memory.store8(entry === 0 ? queue + KDEVICE_QUEUE.busy : entry + KDEVICE_QUEUE_ENTRY.inserted, 0)
  return entry
}

function removeByKey(k: Kernel, queue: number, key: number): number {
  const head = queue + entries
  const found = firstWhere(k.memory, head, entry => keyOf(k, entry) >= key)
  if (found === head) return taken(k, queue, unlinkFirst(k.memory, head))
  unlink(k.memory, found)
  return taken(k, queue, found)
}

/** The control region of the hardware thread that holds the lock; 0 while it is free. */
const cancelLock = kernelState('cancel-lock', () => ({ owner: 0 }))

export const deviceQueues: readonly Entry[] = [
  krnl(110, 'KeInitializeDeviceQueue', [ptr(KDEVICE_QUEUE, 'queue')], nothing, ['sync'], ({ memory }, queue) => {
    memory.fill(queue, KDEVICE_QUEUE.size, 0)
    memory.store16(queue + KDEVICE_QUEUE.type, headerType.deviceQueue)
    memory.store8(queue + KDEVICE_QUEUE.bytes, KDEVICE_QUEUE.size)
    emptyList(memory, queue + entries)
  }),
  krnl(
    119,
    'KeInsertDeviceQueue',
    [ptr(KDEVICE_QUEUE, 'queue'), ptr(KDEVICE_QUEUE_ENTRY, 'entry')],
    bool,
    ['sync'],
    (k, queue, entry) => insert(k, queue, entry, () => queue + entries),
  ),
  krnl(
    118,
    'KeInsertByKeyDeviceQueue',
    [ptr(KDEVICE_QUEUE, 'queue'), ptr(KDEVICE_QUEUE_ENTRY, 'entry'), u32('key')],
    bool,
    ['sync'],
    (k, queue, entry, key) => {
      k.memory.store32(entry + KDEVICE_QUEUE_ENTRY.sortKey, key)
      return insert(k, queue, entry, () => firstWhere(k.memory, queue + entries, other => keyOf(k, other) > key))
    },
  ),
  krnl(139, 'KeRemoveDeviceQueue', [ptr(KDEVICE_QUEUE, 'queue')], ptr(), ['sync'], (k, queue) =>
    taken(k, queue, unlinkFirst(k.memory, queue + entries)),
  ),
  krnl(138, 'KeRemoveByKeyDeviceQueue', [ptr(KDEVICE_QUEUE, 'queue'), u32('key')], ptr(), ['sync'], removeByKey),
  krnl(
    140,
    'KeRemoveEntryDeviceQueue',
    [ptr(KDEVICE_QUEUE, 'queue'), ptr(KDEVICE_QUEUE_ENTRY, 'entry')],
    bool,
    ['sync'],
    ({ memory }, _queue, entry) => {
      const queued = memory.load8(entry + KDEVICE_QUEUE_ENTRY.inserted) !== 0
      if (queued) unlink(memory, entry)
      memory.store8(entry + KDEVICE_QUEUE_ENTRY.inserted, 0)
      return queued
    },
  ),
  krnl(694, 'IoAcquireCancelSpinLock', [ptr('irql')], nothing, ['sync', 'poll'], (k, irqlAt) => {
    const lock = k.state(cancelLock)
    if (lock.owner !== 0) return k.tryAgain()
    k.memory.store8(irqlAt, k.scheduler.irql())
    lock.owner = k.scheduler.running.kpcr
    k.scheduler.setIrql(dispatchLevel)
    return undefined
  }),
  krnl(695, 'IoReleaseCancelSpinLock', [u8('irql')], nothing, ['sync', 'poll'], (k, irql) => {
    k.state(cancelLock).owner = 0
    k.scheduler.setIrql(irql)
  }),
]
