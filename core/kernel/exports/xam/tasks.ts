import { bool, type Entry, handle, hresult, nothing, ptr, u32, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { openedBy, threadKinds } from '../../handles.ts'
import { begin, createThread } from '../../notifications.ts'
import { operation } from '../../object.ts'
import { kernelState, quietly } from '../../outcome.ts'
import { hresult as codes } from '../../status.ts'

/** Threads of tasks that were asked to come to an end. */
const tasks = kernelState('xam-tasks', () => ({ cancelled: [] as number[] }))

const taskStack = 0x10000

/** The thread of a task's handle. */
function taskOf(k: Kernel, value: number) {
  const object = k.handles.need(value, threadKinds, operation.other)
  return typeof object === 'number' ? undefined : object
}

export const xamTasks: readonly Entry[] = [
  xam(
    431,
    'XamTaskSchedule',
    [ptr('routine'), u32('parameter'), ptr('attributes'), ptr('task')],
    hresult,
    ['threads'],
    (k, routine, parameter, _attributes, taskAt) => {
      if (routine === 0) return codes.INVALID_ARGUMENT
      const thread = createThread(k, {
        entry: routine,
        start: routine,
        parameter,
        args: [parameter],
        stackSize: taskStack,
        flags: 0,
        hardwareThread: k.thread.hardwareThread,
      })
      const value = k.handles.open(thread.object, openedBy.creation)
      if (taskAt !== 0) k.memory.store32(taskAt, value)
      else k.handles.close(value)
      return begin(k, thread)
    },
  ),
  xam(433, 'XamTaskCloseHandle', [handle('task')], bool, ['threads'], (k, value) => k.handles.close(value) === 0),
  xam(434, 'XamTaskCancel', [handle('task')], nothing, ['threads'], (k, value) => {
    const { cancelled } = k.state(tasks)
    const thread = taskOf(k, value)?.thread
    if (thread !== undefined && !cancelled.includes(thread.id)) cancelled.push(thread.id)
  }),
  xam(435, 'XamTaskShouldExit', [], bool, ['threads', 'poll'], k => k.state(tasks).cancelled.includes(k.thread.id)),
  xam(436, 'XamTaskWaitOnCompletion', [handle('task')], nothing, ['threads', 'blocking'], (k, value) => {
    const object = taskOf(k, value)
    return object === undefined ? undefined : quietly(k.waitFor(object, undefined))
  }),
]
