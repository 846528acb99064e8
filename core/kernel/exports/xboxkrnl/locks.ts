import { bool, continuation, type Entry, krnl, nothing, ptr, status, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { operation } from '../../object.ts'
import { type Outcome, quietly } from '../../outcome.ts'
import { status as s } from '../../status.ts'
import {
  RTL_CRITICAL_SECTION as CS,
  DISPATCHER_HEADER,
  ERWLOCK,
  KSEMAPHORE,
  KSPIN_LOCK,
  SLIST_HEADER,
} from '../../structs.ts'

const criticalSectionReason = 8
const readWriteLockReason = 7
const increment = 1
const dispatchLevel = 2

function initialiseSection(k: Kernel, at: number, spins: number): void {
  k.objects.create({
    kind: 'Event/Auto',
    at,
    fill(body) {
      k.memory.store8(body + DISPATCHER_HEADER.absolute, spins)
      k.memory.store32(body + CS.lockCount, 0xffffffff)
      k.memory.store32(body + CS.recursionCount, 0)
      k.memory.store32(body + CS.owningThread, 0)
    },
  })
}

/** Takes a section that is free or the caller's own; false when another thread has it. */
function enterNow(k: Kernel, at: number): boolean {
  const { memory } = k
  const me = k.thread.object.address
  const lock = memory.load32(at + CS.lockCount) | 0
  if (lock === -1) {
    memory.store32(at + CS.lockCount, 0)
    memory.store32(at + CS.recursionCount, 1)
    memory.store32(at + CS.owningThread, me)
    return true
  }
  if (memory.load32(at + CS.owningThread) !== me) return false
  memory.store32(at + CS.lockCount, lock + 1)
  memory.store32(at + CS.recursionCount, memory.load32(at + CS.recursionCount) + 1)
  return true
}

function waitOn(
  k: Kernel,
  at: number,
  reason: number,
  later?: { continuation: string; state: number },
): Outcome<number> {
  const object = k.objects.at(at, operation.wait)
  if (object === undefined) return s.INVALID_PARAMETER
  return k.dispatcher.wait({
    type: 'any',
    objects: [object],
    handles: [0],
    mode: 0,
    alertable: false,
    reason,
    timeout: undefined,
    ...(later === undefined ? {} : { later }),
  })
}

const add = (k: Kernel, at: number, by: number): number => {
  const sum = (k.memory.load32(at) + by) | 0
  k.memory.store32(at, sum)
  return sum
}

function acquireSpinLock(k: Kernel, at: number): boolean {
  if (k.memory.load32(at + KSPIN_LOCK.owner) !== 0) return false
  k.memory.store32(at + KSPIN_LOCK.owner, k.scheduler.running.kpcr)
  return true
}

function raise(k: Kernel, level: number): number {
  const before = k.scheduler.irql()
  k.scheduler.setIrql(level)
  return before
}

export const locks: readonly Entry[] = [
  krnl(302, 'RtlInitializeCriticalSection', [ptr(CS, 'section')], nothing, ['sync'], (k, at) => {
    initialiseSection(k, at, 0)
  }),
  krnl(
    303,
    'RtlInitializeCriticalSectionAndSpinCount',
    [ptr(CS, 'section'), u32('spins')],
    status,
    ['sync'],
    (k, at, spins) => {
      initialiseSection(k, at, Math.min(255, (spins + 255) >>> 8))
      return s.SUCCESS
    },
  ),
  krnl(293, 'RtlEnterCriticalSection', [ptr(CS, 'section')], nothing, ['sync', 'hot', 'poll', 'blocking'], (k, at) => {
    if (enterNow(k, at)) return undefined
    add(k, at + CS.lockCount, 1)
    return quietly(waitOn(k, at, criticalSectionReason, { continuation: 'critical-section-entered', state: at }))
  }),
  continuation('critical-section-entered', (k, at: number) => {
    k.memory.store32(at + CS.owningThread, k.thread.object.address)
    k.memory.store32(at + CS.recursionCount, 1)
    return undefined
  }),
  krnl(321, 'RtlTryEnterCriticalSection', [ptr(CS, 'section')], bool, ['sync', 'hot', 'poll'], (k, at) =>
    enterNow(k, at),
  ),
  krnl(304, 'RtlLeaveCriticalSection', [ptr(CS, 'section')], nothing, ['sync', 'hot', 'poll'], (k, at) => {
    if (add(k, at + CS.recursionCount, -1) !== 0) {
      add(k, at + CS.lockCount, -1)
      return
    }
    k.memory.store32(at + CS.owningThread, 0)
    if (add(k, at + CS.lockCount, -1) < 0) return
    const event = k.objects.at(at, operation.signal)
    if (event !== undefined) k.dispatcher.set(event, increment)
  }),

  krnl(177, 'KfAcquireSpinLock', [ptr(KSPIN_LOCK, 'lock')], u32, ['sync', 'hot', 'poll'], (k, at) =>
    acquireSpinLock(k, at) ? raise(k, dispatchLevel) : k.tryAgain(),
  ),
  krnl(
    180,
    'KfReleaseSpinLock',
    [ptr(KSPIN_LOCK, 'lock'), u32('level')],
    nothing,
    ['sync', 'hot', 'poll'],
    (k, at, level) => {
      k.memory.store32(at + KSPIN_LOCK.owner, 0)
      k.scheduler.setIrql(level & 0xff)
    },
  ),
  krnl(77, 'KeAcquireSpinLockAtRaisedIrql', [ptr(KSPIN_LOCK, 'lock')], nothing, ['sync', 'hot', 'poll'], (k, at) =>
    acquireSpinLock(k, at) ? undefined : k.tryAgain(),
  ),
  krnl(137, 'KeReleaseSpinLockFromRaisedIrql', [ptr(KSPIN_LOCK, 'lock')], nothing, ['sync', 'hot', 'poll'], (k, at) => {
    k.memory.store32(at + KSPIN_LOCK.owner, 0)
  }),
  krnl(174, 'KeTryToAcquireSpinLockAtRaisedIrql', [ptr(KSPIN_LOCK, 'lock')], bool, ['sync', 'hot', 'poll'], (k, at) =>
    acquireSpinLock(k, at),
  ),
  krnl(178, 'KfRaiseIrql', [u32('level')], u32, ['sync', 'hot', 'poll'], (k, level) => raise(k, level & 0xff)),
  krnl(179, 'KfLowerIrql', [u32('level')], nothing, ['sync', 'hot', 'poll'], (k, level) => {
    k.scheduler.setIrql(level & 0xff)
  }),
  krnl(133, 'KeRaiseIrqlToDpcLevel', [], u32, ['sync', 'hot', 'poll'], k => raise(k, dispatchLevel)),

  krnl(17, 'ExInitializeReadWriteLock', [ptr(ERWLOCK, 'lock')], nothing, ['sync'], (k, at) => {
    k.memory.fill(at, ERWLOCK.size, 0)
    k.memory.store32(at + ERWLOCK.lockCount, 0xffffffff)
    k.objects.create({ kind: 'Event/Auto', at: at + ERWLOCK.writerEvent })
    k.objects.create({
      kind: 'Semaphore',
      at: at + ERWLOCK.readerSemaphore,
      limit: 0x7fffffff,
      fill: body => k.memory.store32(body + KSEMAPHORE.limit, 0x7fffffff),
    })
  }),
  krnl(7, 'ExAcquireReadWriteLockExclusive', [ptr(ERWLOCK, 'lock')], nothing, ['sync', 'poll', 'blocking'], (k, at) => {
    if (add(k, at + ERWLOCK.lockCount, 1) === 0) return undefined
    add(k, at + ERWLOCK.writersWaiting, 1)
    return quietly(waitOn(k, at + ERWLOCK.writerEvent, readWriteLockReason))
  }),
  krnl(8, 'ExAcquireReadWriteLockShared', [ptr(ERWLOCK, 'lock')], nothing, ['sync', 'poll', 'blocking'], (k, at) => {
    const free = add(k, at + ERWLOCK.lockCount, 1) === 0
    if (free || sharedAllowed(k, at)) {
      add(k, at + ERWLOCK.readersEntry, 1)
      return undefined
    }
    add(k, at + ERWLOCK.readersWaiting, 1)
    return quietly(waitOn(k, at + ERWLOCK.readerSemaphore, readWriteLockReason))
  }),
  krnl(733, 'ExTryToAcquireReadWriteLockExclusive', [ptr(ERWLOCK, 'lock')], bool, ['sync', 'poll'], (k, at) => {
    if ((k.memory.load32(at + ERWLOCK.lockCount) | 0) !== -1) return false
    k.memory.store32(at + ERWLOCK.lockCount, 0)
    return true
  }),
  krnl(734, 'ExTryToAcquireReadWriteLockShared', [ptr(ERWLOCK, 'lock')], bool, ['sync', 'poll'], (k, at) => {
    if ((k.memory.load32(at + ERWLOCK.lockCount) | 0) !== -1 && !sharedAllowed(k, at)) return false
    add(k, at + ERWLOCK.lockCount, 1)
    add(k, at + ERWLOCK.readersEntry, 1)
    return true
  }),
  krnl(22, 'ExReleaseReadWriteLock', [ptr(ERWLOCK, 'lock')], nothing, ['sync', 'poll'], (k, at) => {
    const { memory } = k
    if (add(k, at + ERWLOCK.lockCount, -1) < 0) {
      memory.store32(at + ERWLOCK.readersEntry, 0)
      return
    }
    const inside = memory.load32(at + ERWLOCK.readersEntry)
    const waiting = memory.load32(at + ERWLOCK.readersWaiting)
    if (inside === 0 && waiting !== 0) {
      memory.store32(at + ERWLOCK.readersEntry, waiting)
      memory.store32(at + ERWLOCK.readersWaiting, 0)
      const semaphore = k.objects.at(at + ERWLOCK.readerSemaphore, operation.signal)
      if (semaphore !== undefined) k.dispatcher.release(semaphore, increment, waiting)
      return
    }
    if (inside !== 0 && add(k, at + ERWLOCK.readersEntry, -1) !== 0) return
    add(k, at + ERWLOCK.writersWaiting, -1)
    const event = k.objects.at(at + ERWLOCK.writerEvent, operation.signal)
    if (event !== undefined) k.dispatcher.set(event, increment)
  }),

  krnl(
    45,
    'InterlockedPushEntrySList',
    [ptr(SLIST_HEADER, 'list'), ptr('entry')],
    ptr(),
    ['sync', 'hot'],
    (k, list, entry) => {
      const first = k.memory.load32(list + SLIST_HEADER.next)
      k.memory.store32(entry, first)
      k.memory.store32(list + SLIST_HEADER.next, entry)
      countList(k, list, k.memory.load16(list + SLIST_HEADER.depth) + 1)
      return first
    },
  ),
  krnl(44, 'InterlockedPopEntrySList', [ptr(SLIST_HEADER, 'list')], ptr(), ['sync', 'hot'], (k, list) => {
    const first = k.memory.load32(list + SLIST_HEADER.next)
    if (first === 0) return 0
    k.memory.store32(list + SLIST_HEADER.next, k.memory.load32(first))
    countList(k, list, k.memory.load16(list + SLIST_HEADER.depth) - 1)
    return first
  }),
  krnl(43, 'InterlockedFlushSList', [ptr(SLIST_HEADER, 'list')], ptr(), ['sync'], (k, list) => {
    const first = k.memory.load32(list + SLIST_HEADER.next)
    k.memory.store32(list + SLIST_HEADER.next, 0)
    countList(k, list, 0)
    return first
  }),
]

const sharedAllowed = (k: Kernel, at: number): boolean =>
  k.memory.load32(at + ERWLOCK.readersEntry) !== 0 && k.memory.load32(at + ERWLOCK.writersWaiting) === 0

function countList(k: Kernel, list: number, depth: number): void {
  k.memory.store16(list + SLIST_HEADER.depth, depth)
  k.memory.store16(list + SLIST_HEADER.sequence, k.memory.load16(list + SLIST_HEADER.sequence) + 1)
}
