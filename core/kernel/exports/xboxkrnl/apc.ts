import { isAlerted, kernelMode, setAlerted, userMode, wakes } from '../../alerts.ts'
import { bool, continuation, type Entry, handle, krnl, nothing, ptr, status, u8, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { threadKinds } from '../../handles.ts'
import { operation, type Thread } from '../../object.ts'
import { status as s } from '../../status.ts'
import { headerType, KAPC, KTHREAD } from '../../structs.ts'
import { waitEnd } from '../../wait.ts'
import { threadAt } from './threads.ts'

/** Alerts a thread in a mode, or ends the wait that the alert interrupts; whether it was alerted before. */
function alert(k: Kernel, thread: Thread, mode: number): boolean {
  const before = isAlerted(thread, mode)
  const ends = wakes(thread, mode)
  if (!ends) setAlerted(k.memory, thread, mode, true)
  const { scene, emit } = k.audit
  const sequence = emit['thread.alerted'](scene, k.audit.about(thread.object), 0, thread.tid, mode, ends ? 1 : 0)
  if (ends) k.dispatcher.end(thread, s.ALERTED, waitEnd.alerted, sequence)
  return before
}

const modeOf = (word: number): number => ((word & 0xff) === kernelMode ? kernelMode : userMode)

export const apcs: readonly Entry[] = [
  krnl(
    0xe3,
    'NtQueueApcThread',
    [handle('thread'), ptr('routine'), u32('first'), u32('second'), u32('third')],
    status,
    ['threads'],
    (k, value, routine, first, second, third) => {
      const object = k.handles.need(value, threadKinds, operation.wake)
      if (typeof object === 'number') return object
      const { thread } = object
      if (thread === undefined || thread.state === 'exited') return s.UNSUCCESSFUL
      const queued = k.apcs.queue(thread, {
        address: 0,
        mode: 1,
        kernelRoutine: 0,
        rundownRoutine: 0,
        routine,
        context: first,
        argument1: second,
        argument2: third,
        timer: 0,
      })
      return queued ? s.SUCCESS : s.NO_MEMORY
    },
  ),
  krnl(
    0x6d,
    'KeInitializeApc',
    [
      ptr(KAPC, 'apc'),
      ptr(KTHREAD, 'thread'),
      ptr('kernelRoutine'),
      ptr('rundownRoutine'),
      ptr('normalRoutine'),
      u8('mode'),
      u32('context'),
    ],
    nothing,
    ['threads'],
    (k, at, thread, kernelRoutine, rundownRoutine, normalRoutine, mode, context) => {
      const { memory } = k
      memory.store16(at + KAPC.type, headerType.apc)
      memory.store8(at + KAPC.mode, normalRoutine === 0 ? 0 : mode)
      memory.store8(at + KAPC.inserted, 0)
      memory.store32(at + KAPC.thread, thread)
      memory.store32(at + KAPC.kernelRoutine, kernelRoutine)
      memory.store32(at + KAPC.rundownRoutine, rundownRoutine)
      memory.store32(at + KAPC.normalRoutine, normalRoutine)
      memory.store32(at + KAPC.normalContext, normalRoutine === 0 ? 0 : context)
    },
  ),
  krnl(
    0x7a,
    'KeInsertQueueApc',
    [ptr(KAPC, 'apc'), u32('first'), u32('second'), u32('increment')],
    bool,
    ['threads'],
    (k, at, first, second) => {
      const thread = k.threads.at(k.memory.load32(at + KAPC.thread))
      if (thread === undefined || thread.state === 'exited') return false
      if (k.memory.load8(at + KAPC.inserted) !== 0) return false
      k.memory.store32(at + KAPC.argument1, first)
      k.memory.store32(at + KAPC.argument2, second)
      return k.apcs.queue(thread, k.apcs.read(at))
    },
  ),
  krnl(0x2f0, 'KeRemoveQueueApc', [ptr(KAPC, 'apc')], bool, ['threads'], (k, at) => k.apcs.remove(at)),
  krnl(0x4f, 'KeAlertThread', [ptr(KTHREAD, 'thread'), u32('mode')], bool, ['threads'], (k, at, mode) => {
    const thread = threadAt(k, at)
    return thread !== undefined && alert(k, thread, modeOf(mode))
  }),
  krnl(0x4e, 'KeAlertResumeThread', [ptr(KTHREAD, 'thread')], u32, ['threads'], (k, at) => {
    const thread = threadAt(k, at)
    if (thread === undefined) return 0
    alert(k, thread, kernelMode)
    return k.threads.resume(thread)
  }),
  krnl(0xac, 'KeTestAlertThread', [u32('mode')], bool, ['threads'], (k, mode) => {
    const { thread } = k
    const before = isAlerted(thread, modeOf(mode))
    if (before) setAlerted(k.memory, thread, modeOf(mode), false)
    if (before || modeOf(mode) !== userMode || thread.userApcs.length === 0) return before
    const outcome = k.deliverApcs({ continuation: 'alert-tested', state: null })
    return typeof outcome === 'number' ? false : outcome
  }),
  continuation('alert-tested', () => false),
  krnl(95, 'KeEnterCriticalRegion', [], nothing, ['threads', 'hot', 'poll'], k => {
    const at = k.thread.object.address + KTHREAD.kernelApcDisable
    k.memory.store32(at, k.memory.load32(at) - 1)
  }),
  krnl(125, 'KeLeaveCriticalRegion', [], nothing, ['threads', 'hot', 'poll'], k => {
    const at = k.thread.object.address + KTHREAD.kernelApcDisable
    const count = (k.memory.load32(at) + 1) | 0
    k.memory.store32(at, count)
    if (count === 0 && (k.thread.kernelApcs.length > 0 || k.thread.suspendCount > 0)) k.scheduler.attention = true
  }),
  krnl(413, 'KiApcNormalRoutineNop', [], u32, ['threads', 'poll'], () => 0),
]
