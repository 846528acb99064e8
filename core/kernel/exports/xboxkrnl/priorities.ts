/** Priorities of threads: base, class, boosts. */
import { bool, type Entry, i32, krnl, nothing, ptr, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import type { Thread } from '../../object.ts'
import { KTHREAD } from '../../structs.ts'
import { priorityClasses } from '../../thread-body.ts'
import { threadAt } from './threads.ts'

const highestPriority = 31
/** From here on a thread keeps its priority when its class changes. */
const realTime = 18
const clamped = (priority: number): number => Math.min(highestPriority, Math.max(0, priority))

/** What a thread's increments are counted from, and their two ends, as its KTHREAD has them. */
function classOf(k: Kernel, thread: Thread): { idle: number; normal: number; timeCritical: number } {
  const at = thread.object.address
  return {
    idle: k.memory.load8(at + KTHREAD.idlePriority),
    normal: k.memory.load8(at + KTHREAD.normalPriority),
    timeCritical: k.memory.load8(at + KTHREAD.timeCriticalPriority),
  }
}

/** Moves a thread to a class, with the increment it has. */
function setClass(k: Kernel, thread: Thread, foreground: boolean): void {
  const at = thread.object.address
  const before = classOf(k, thread)
  const after = foreground ? priorityClasses.foreground : priorityClasses.background
  if (before.normal === after.normal) return
  const by = after.normal - before.normal
  k.memory.store8(at + KTHREAD.idlePriority, before.idle + by)
  k.memory.store8(at + KTHREAD.normalPriority, after.normal)
  k.memory.store8(at + KTHREAD.timeCriticalPriority, before.timeCritical + by)
  k.threads.setBasePriority(thread, clamped(thread.basePriority + by), thread.priority < realTime)
}

/** The base priority as the increment that gave it. */
function incrementOf(k: Kernel, thread: Thread): number {
  const saturation = (k.memory.load8(thread.object.address + KTHREAD.saturation) << 24) >> 24
  return saturation !== 0 ? saturation * 16 : thread.basePriority - classOf(k, thread).normal
}

function setIncrement(k: Kernel, thread: Thread, increment: number): void {
  const saturation = increment >= 16 ? 1 : increment <= -16 ? -1 : 0
  k.memory.store8(thread.object.address + KTHREAD.saturation, saturation)
  const { idle, normal, timeCritical } = classOf(k, thread)
  const wanted = normal + increment
  const priority =
    saturation > 0 ? timeCritical : saturation < 0 ? idle : Math.min(timeCritical, Math.max(idle, wanted))
  k.threads.setBasePriority(thread, clamped(priority))
}

export const priorities: readonly Entry[] = [
  krnl(0x81, 'KeQueryBasePriorityThread', [ptr(KTHREAD, 'thread')], i32, ['threads', 'poll'], (k, at) => {
    const thread = threadAt(k, at)
    return thread === undefined ? 0 : incrementOf(k, thread)
  }),
  krnl(
    0x99,
    'KeSetBasePriorityThread',
    [ptr(KTHREAD, 'thread'), i32('increment')],
    i32,
    ['threads'],
    (k, at, increment) => {
      const thread = threadAt(k, at)
      if (thread === undefined) return 0
      const before = incrementOf(k, thread)
      setIncrement(k, thread, increment)
      return before
    },
  ),
  krnl(0xa3, 'KeSetPriorityThread', [ptr(KTHREAD, 'thread'), i32('priority')], i32, ['threads'], (k, at, priority) => {
    const thread = threadAt(k, at)
    if (thread === undefined) return 0
    const before = thread.priority
    k.scheduler.setPriority(thread, clamped(priority))
    return before
  }),
  krnl(
    162,
    'KeSetPriorityClassThread',
    [ptr(KTHREAD, 'thread'), bool('foreground')],
    nothing,
    ['threads'],
    (k, at, foreground) => {
      const thread = threadAt(k, at)
      if (thread !== undefined) setClass(k, thread, foreground)
    },
  ),
  krnl(0x51, 'KeBoostPriorityThread', [ptr(KTHREAD, 'thread'), i32('increment')], nothing, ['threads'], (k, at, by) => {
    const thread = threadAt(k, at)
    if (thread !== undefined) k.scheduler.boost(thread, by)
  }),
  krnl(
    0x9c,
    'KeSetDisableBoostThread',
    [ptr(KTHREAD, 'thread'), bool('disabled')],
    u32,
    ['threads'],
    (k, at, disabled) => {
      const thread = threadAt(k, at)
      if (thread === undefined) return 0
      const before = thread.disableBoost
      thread.disableBoost = disabled
      k.memory.store8(at + KTHREAD.disableBoost, disabled ? 1 : 0)
      return before ? 1 : 0
    },
  ),
]
