/**
 * Tasks of xam: a routine on a thread of its own, at once or when a handle is signalled.
 *
 * Attributes are two words: properties, and what they are about (a handle to wait for, with `waits`). What other properties
 * ask for (periods, pools, queues, priorities) has no public source that says enough, and is kept to be asked for only.
 */
import { bool, continuation, type Entry, handle, hresult, nothing, ptr, u32, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { openedBy, threadKinds } from '../../handles.ts'
import { threadFits } from '../../memory-manager.ts'
import { begin, createThread } from '../../notifications.ts'
import { type KernelObject, operation } from '../../object.ts'
import { kernelState, quietly } from '../../outcome.ts'
import { hresult as codes } from '../../status.ts'
import { KTHREAD } from '../../structs.ts'

interface Task {
  /** Of its thread, as an object. */
  readonly serial: number
  /** What its maker was given; 0 if nothing. */
  readonly handle: number
  readonly properties: number
  readonly about: number
  cancelled: boolean
}
/** Tasks whose threads are objects still, also those that are over. */
const tasks = kernelState('xam-tasks', () => ({ list: [] as Task[] }))

const taskStack = 0x10000
const waits = 1

/** The thread of a task's handle. */
function threadOf(k: Kernel, value: number) {
  const object = k.handles.need(value, threadKinds, operation.other)
  return typeof object === 'number' ? undefined : object
}
const taskOf = (k: Kernel, object: KernelObject | undefined): Task | undefined =>
  k.state(tasks).list.find(({ serial }) => serial === object?.serial)

/** What the thread of a task begins with. */
type Start = {
  readonly routine: number
  readonly parameter: number
  /** The address of the object that is waited for. */
  readonly object: number
}

/** The object that a task waits for; undefined where it waits for none, and the handle where that is none. */
function awaited(k: Kernel, properties: number, about: number): KernelObject | number | undefined {
  if ((properties & waits) === 0) return undefined
  const object = k.handles.need(about, undefined, operation.wait)
  return typeof object === 'number' ? about : object
}

export const xamTasks: readonly Entry[] = [
  xam(
    431,
    'XamTaskSchedule',
    [ptr('routine'), u32('parameter'), ptr('attributes'), ptr('task')],
    hresult,
    ['threads'],
    (k, routine, parameter, attributes, taskAt) => {
      if (routine === 0) return codes.INVALID_ARGUMENT
      const properties = attributes === 0 ? 0 : k.memory.load32(attributes)
      const about = attributes === 0 ? 0 : k.memory.load32(attributes + 4)
      if (!threadFits(k, taskStack)) return codes.OUT_OF_MEMORY
      const object = awaited(k, properties, about)
      if (typeof object === 'number') return codes.INVALID_ARGUMENT
      if (object !== undefined) k.objects.reference(object)
      const start: Start = { routine, parameter, object: object?.address ?? 0 }
      const thread = createThread(k, {
        entry: object === undefined ? routine : 0,
        start: routine,
        parameter,
        args: [parameter],
        stackSize: taskStack,
        flags: 0,
        hardwareThread: k.thread.hardwareThread,
        ...(object && { resume: { later: { continuation: 'xam-task-waits', state: { ...start } }, value: 0, row: 0 } }),
      })
      const value = k.handles.open(thread.object, openedBy.creation)
      if (taskAt !== 0) k.memory.store32(taskAt, value)
      else k.handles.close(value)
      const state = k.state(tasks)
      const { serial } = thread.object
      state.list = state.list.filter(task => k.objects.bySerial(task.serial) !== undefined)
      state.list.push({ serial, handle: taskAt === 0 ? 0 : value, properties, about, cancelled: false })
      return begin(k, thread)
    },
  ),
  continuation('xam-task-waits', (k, start: Start) => {
    const object = k.objects.known(start.object)
    const later = { continuation: 'xam-task-runs', state: { ...start } }
    return object === undefined ? k.proceed(later, 0) : k.waitFor(object, undefined, later)
  }),
  continuation('xam-task-runs', (k, { routine, parameter, object: address }: Start) => {
    const object = k.objects.known(address)
    if (object !== undefined) k.objects.release(object)
    return k.callGuest({ entry: routine, args: [parameter], later: { continuation: 'xam-task-ended', state: null } })
  }),
  continuation('xam-task-ended', (k, _: null, value: number) => k.exitThread(value)),
  xam(433, 'XamTaskCloseHandle', [handle('task')], bool, ['threads'], (k, value) => k.handles.close(value) === 0),
  xam(434, 'XamTaskCancel', [handle('task')], nothing, ['threads'], (k, value) => {
    const task = taskOf(k, threadOf(k, value))
    if (task !== undefined) task.cancelled = true
  }),
  xam(435, 'XamTaskShouldExit', [], bool, ['threads', 'poll'], k => taskOf(k, k.thread.object)?.cancelled === true),
  xam(436, 'XamTaskWaitOnCompletion', [handle('task')], nothing, ['threads', 'blocking'], (k, value) => {
    const object = threadOf(k, value)
    return object === undefined ? undefined : quietly(k.waitFor(object, undefined))
  }),
  xam(438, 'XamTaskGetCurrentTask', [], handle, ['threads', 'poll'], k => taskOf(k, k.thread.object)?.handle ?? 0),
  xam(
    439,
    'XamTaskGetAttributes',
    [handle('task'), ptr('attributes')],
    hresult,
    ['threads', 'poll'],
    (k, value, attributes) => {
      const task = taskOf(k, threadOf(k, value))
      if (task === undefined || attributes === 0) return codes.INVALID_ARGUMENT
      k.memory.store32(attributes, task.properties)
      k.memory.store32(attributes + 4, task.about)
      return 0
    },
  ),
  xam(450, 'XamTaskGetStatus', [handle('task')], hresult, ['threads', 'poll'], (k, value) => {
    const object = threadOf(k, value)
    if (object === undefined) return codes.INVALID_ARGUMENT
    return k.objects.stateOf(object) === 0 ? codes.DATA_PENDING : 0
  }),
  xam(2851, 'XamTaskGetCompletionStatus', [handle('task')], hresult, ['threads', 'poll'], (k, value) => {
    const object = threadOf(k, value)
    if (object === undefined) return codes.INVALID_ARGUMENT
    return k.objects.stateOf(object) === 0 ? codes.DATA_PENDING : k.memory.load32(object.address + KTHREAD.exitStatus)
  }),
  xam(1192, 'XamTaskQueryProperty', [handle('task'), u32('mask')], u32, ['threads', 'poll'], (k, value, mask) => {
    const { properties = 0 } = taskOf(k, threadOf(k, value)) ?? {}
    return (properties & mask) >>> 0
  }),
]
