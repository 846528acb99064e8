import { interruption } from '../../alerts.ts'
import { bool, continuation, type Entry, handle, krnl, nothing, ptr, status, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { delay, delayEnded } from '../../delay.ts'
import { openedBy, threadKinds } from '../../handles.ts'
import { threadFits } from '../../memory-manager.ts'
import { begin, createThread } from '../../notifications.ts'
import { operation, type Thread } from '../../object.ts'
import { hardwareThreads } from '../../scheduler.ts'
import { status as s } from '../../status.ts'
import { KPCR, KPROCESS, KTHREAD } from '../../structs.ts'
import { threadFlags } from '../../thread.ts'
import { timeoutAt } from './waits.ts'

/** The lowest hardware thread of a mask; undefined when it names none. */
function firstOf(mask: number): number | undefined {
  for (let index = 0; index < hardwareThreads; index += 1) if (mask & (1 << index)) return index
  return undefined
}

/** The living thread of a handle, undefined when it is over, or a status. */
export function threadOf(k: Kernel, value: number): Thread | undefined | number {
  const object = k.handles.need(value, threadKinds, operation.other)
  if (typeof object === 'number') return object
  return object.thread?.state === 'exited' ? undefined : object.thread
}

/** Leaves the count before at a pointer, then changes it: a thread that stops itself is told nothing afterwards. A status. */
function counted(k: Kernel, countAt: number, before: number, change: () => number | undefined): number {
  if (countAt !== 0) k.memory.store32(countAt, before)
  return change() === undefined ? s.SUSPEND_COUNT_EXCEEDED : s.SUCCESS
}

/** The living thread of a KTHREAD; a call on what is no thread is told of. */
export function threadAt(k: Kernel, at: number): Thread | undefined {
  const object = k.objects.known(at)
  const thread = object?.thread
  if (object?.kind !== 'Thread')
    k.objects.ghost(at, operation.other, object === undefined ? 'neverCreated' : 'wrongType', object)
  return thread?.state === 'exited' ? undefined : thread
}

const tlsSlotAt = (k: Kernel, thread: Thread, index: number): number => thread.tls + k.threads.tls.size + index * 4

const bitmapWord = (k: Kernel, index: number): number => k.threads.process + KPROCESS.tlsSlotBitmap + (index >>> 5) * 4
const bitmapBit = (index: number): number => 0x80000000 >>> (index & 31)
const bitmapSlots = 256

export const threads: readonly Entry[] = [
  krnl(
    13,
    'ExCreateThread',
    [ptr('handle'), u32('stackSize'), ptr('threadId'), ptr('startup'), ptr('start'), u32('context'), u32('flags')],
    status,
    ['threads'],
    (k, handleAt, stackSize, tidAt, startup, start, context, flags) => {
      const stack = stackSize === 0 ? k.threads.defaultStack : stackSize
      if (!threadFits(k, stack)) return s.NO_MEMORY
      const thread = createThread(k, {
        entry: startup === 0 ? start : startup,
        start,
        parameter: context,
        args: startup === 0 ? [context] : [start, context],
        stackSize: stack,
        flags,
        hardwareThread: firstOf(flags >>> 24) ?? k.thread.hardwareThread,
      })
      if (tidAt !== 0) k.memory.store32(tidAt, thread.tid)
      if (flags & threadFlags.returnPointer) {
        k.objects.reference(thread.object)
        if (handleAt !== 0) k.memory.store32(handleAt, thread.object.address)
      } else if (handleAt !== 0) k.memory.store32(handleAt, k.handles.open(thread.object, openedBy.creation))
      return begin(k, thread)
    },
  ),
  krnl(25, 'ExTerminateThread', [u32('code')], status, ['threads'], (k, code) => k.exitThread(code)),
  krnl(0xfc, 'NtSuspendThread', [handle('thread'), ptr('previous')], status, ['threads'], (k, value, countAt) => {
    const thread = threadOf(k, value)
    if (typeof thread === 'number') return thread
    if (thread === undefined) return s.THREAD_IS_TERMINATING
    return counted(k, countAt, thread.suspendCount, () => k.threads.suspend(thread))
  }),
  krnl(0xf5, 'NtResumeThread', [handle('thread'), ptr('previous')], status, ['threads'], (k, value, countAt) => {
    const thread = threadOf(k, value)
    if (typeof thread === 'number') return thread
    return counted(k, countAt, thread?.suspendCount ?? 0, () => (thread === undefined ? 0 : k.threads.resume(thread)))
  }),
  krnl(0xa9, 'KeSuspendThread', [ptr(KTHREAD, 'thread')], u32, ['threads'], (k, at) => {
    const thread = threadAt(k, at)
    if (thread === undefined) return 0
    return k.threads.suspend(thread) ?? k.raise(s.SUSPEND_COUNT_EXCEEDED, 'KeSuspendThread')
  }),
  krnl(0x92, 'KeResumeThread', [ptr(KTHREAD, 'thread')], u32, ['threads'], (k, at) => {
    const thread = threadAt(k, at)
    return thread === undefined ? 0 : k.threads.resume(thread)
  }),
  krnl(
    0x97,
    'KeSetAffinityThread',
    [ptr(KTHREAD, 'thread'), u32('mask'), ptr('previous')],
    status,
    ['threads'],
    (k, at, mask, previousAt) => {
      const index = firstOf(mask)
      const thread = threadAt(k, at)
      if (index === undefined || thread === undefined) return s.INVALID_PARAMETER
      if (previousAt !== 0) k.memory.store32(previousAt, thread.affinity)
      thread.affinity = mask & 0x3f
      if ((mask & (1 << thread.hardwareThread)) === 0) k.scheduler.migrate(thread, index)
      return s.SUCCESS
    },
  ),
  krnl(
    90,
    'KeDelayExecutionThread',
    [u32('mode'), bool('alertable'), ptr('interval')],
    status,
    ['threads', 'poll', 'blocking'],
    (k, mode, alertable, at) => {
      const timeout = timeoutAt(k, at) ?? 0n
      const interrupted = alertable && interruption(k.thread, mode) !== undefined
      if (timeout === 0n && !interrupted) {
        k.scheduler.yield()
        return s.SUCCESS
      }
      return delay(k, { mode, alertable, timeout, later: delayEnded })
    },
  ),
  continuation(delayEnded.continuation, (_k, _state, value) => (value === s.TIMEOUT ? s.SUCCESS : value)),
  krnl(0x101, 'NtYieldExecution', [], status, ['threads', 'poll'], k =>
    k.scheduler.yield() ? s.SUCCESS : s.NO_YIELD_PERFORMED,
  ),
  krnl(102, 'KeGetCurrentProcessType', [], u32, ['threads', 'poll'], k => {
    const { kpcr } = k.scheduler.running
    if (k.memory.load32(kpcr + KPCR.dpcRoutineActive) !== 0) return k.memory.load8(kpcr + 0xc)
    return k.memory.load8(k.memory.load32(kpcr + KPCR.currentThread) + KTHREAD.processType)
  }),
  krnl(154, 'KeSetCurrentProcessType', [u32('type')], nothing, ['threads'], (k, type) => {
    const { kpcr } = k.scheduler.running
    if (k.memory.load32(kpcr + KPCR.dpcRoutineActive) !== 0) k.memory.store8(kpcr + 0xc, type)
    else k.memory.store8(k.memory.load32(kpcr + KPCR.currentThread) + KTHREAD.processType, type)
  }),
  krnl(93, 'KeEnableFpuExceptions', [u32('enable')], nothing, ['threads'], (k, enable) => {
    k.memory.store8(k.thread.object.address + KTHREAD.fpuExceptions, enable)
  }),
  krnl(
    155,
    'KeSetCurrentStackPointers',
    [ptr('sp'), ptr(KTHREAD, 'thread'), u32('allocation'), u32('base'), u32('limit')],
    nothing,
    ['threads'],
    (k, sp, thread, allocation, base, limit) => {
      const { kpcr } = k.scheduler.running
      k.memory.store32(thread + KTHREAD.stackAllocation, allocation)
      k.memory.store32(thread + KTHREAD.stackBase, base)
      k.memory.store32(thread + KTHREAD.stackLimit, limit)
      k.memory.store32(kpcr + KPCR.stackBase, base)
      k.memory.store32(kpcr + KPCR.stackLimit, limit)
      k.frame.setWord(1, sp)
    },
  ),
  krnl(298, 'RtlGetStackLimits', [ptr('low'), ptr('high')], nothing, ['threads', 'poll'], (k, lowAt, highAt) => {
    const { kpcr } = k.scheduler.running
    k.memory.store32(lowAt, k.memory.load32(kpcr + KPCR.stackLimit))
    k.memory.store32(highAt, k.memory.load32(kpcr + KPCR.stackBase))
  }),
  krnl(338, 'KeTlsAlloc', [], u32, ['threads'], k => {
    const slots = Math.min(bitmapSlots, k.threads.tls.slots)
    for (let index = 0; index < slots; index += 1) {
      const at = bitmapWord(k, index)
      const word = k.memory.load32(at)
      if ((word & bitmapBit(index)) === 0) continue
      k.memory.store32(at, word & ~bitmapBit(index))
      for (const thread of k.threads.all.values())
        if (thread.tid !== 0) k.memory.store32(tlsSlotAt(k, thread, index), 0)
      return index
    }
    return 0xffffffff
  }),
  krnl(339, 'KeTlsFree', [u32('index')], bool, ['threads'], (k, index) => {
    if (index >= Math.min(bitmapSlots, k.threads.tls.slots)) return false
    const at = bitmapWord(k, index)
    const word = k.memory.load32(at)
    if (word & bitmapBit(index)) return false
    k.memory.store32(at, word | bitmapBit(index))
    for (const thread of k.threads.all.values()) if (thread.tid !== 0) k.memory.store32(tlsSlotAt(k, thread, index), 0)
    return true
  }),
  krnl(340, 'KeTlsGetValue', [u32('index')], u32, ['threads', 'hot', 'poll'], (k, index) =>
    index < k.threads.tls.slots && k.thread.tid !== 0 ? k.memory.load32(tlsSlotAt(k, k.thread, index)) : 0,
  ),
  krnl(341, 'KeTlsSetValue', [u32('index'), u32('value')], bool, ['threads', 'hot', 'poll'], (k, index, value) => {
    if (index >= k.threads.tls.slots || k.thread.tid === 0) return false
    k.memory.store32(tlsSlotAt(k, k.thread, index), value)
    return true
  }),
]
