/** The Win32-like calls that xam offers beside the native ones: threads, waits and errors in its words. */
import { userMode } from '../../alerts.ts'
import { bool, type Entry, handle, i32, nothing, ptr, u32, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { delay, delayEnded } from '../../delay.ts'
import { dosError, setLastError } from '../../dos-errors.ts'
import { eventKinds, openedBy } from '../../handles.ts'
import { threadFits } from '../../memory-manager.ts'
import { begin, createThread } from '../../notifications.ts'
import { operation } from '../../object.ts'
import type { Outcome } from '../../outcome.ts'
import { hardwareThreads } from '../../scheduler.ts'
import { failed, status, win32 } from '../../status.ts'
import { threadFlags } from '../../thread.ts'
import { writeRandom } from '../xboxkrnl/crypto.ts'
import { threadOf } from '../xboxkrnl/threads.ts'

const infinite = 0xffffffff
const waitFailed = 0xffffffff
const unitsPerMillisecond = 10_000n

const span = (milliseconds: number): bigint | undefined =>
  milliseconds === infinite ? undefined : -BigInt(milliseconds) * unitsPerMillisecond

function waitFor(k: Kernel, value: number, milliseconds: number, alertable: boolean): Outcome<number> {
  const object = k.handles.need(value, undefined, operation.wait)
  if (typeof object === 'number') {
    setLastError(k, dosError(object))
    return waitFailed
  }
  return k.dispatcher.wait({
    type: 'any',
    objects: [object],
    handles: [value],
    reason: 3,
    mode: userMode,
    alertable,
    timeout: span(milliseconds),
  })
}

function sleep(k: Kernel, milliseconds: number, alertable: boolean): Outcome<number> {
  if (milliseconds === 0) {
    k.scheduler.yield()
    return status.SUCCESS
  }
  return delay(k, { mode: userMode, alertable, timeout: span(milliseconds), later: delayEnded })
}

/** CREATE_SUSPENDED of Win32. */
const createSuspended = 4
/** No hardware thread is asked for. */
const anywhere = 0xffffffff

/** A thread in Win32's words: its handle. No start-up routine of a title is around it: it returns from its first function. */
function startThread(
  k: Kernel,
  { stackSize, start, parameter, flags, hardwareThread, tidAt }: Record<ThreadArgument, number>,
): Outcome<number> {
  const chosen = hardwareThread < hardwareThreads
  const processors = chosen ? 1 << (24 + hardwareThread) : 0
  const suspended = flags & createSuspended ? threadFlags.suspended : 0
  const stack = stackSize === 0 ? k.threads.defaultStack : stackSize
  if (!threadFits(k, stack)) {
    setLastError(k, win32.NOT_ENOUGH_MEMORY)
    return 0
  }
  const thread = createThread(k, {
    entry: start,
    start,
    parameter,
    args: [parameter],
    stackSize: stack,
    flags: (processors | suspended) >>> 0,
    hardwareThread: chosen ? hardwareThread : k.thread.hardwareThread,
  })
  if (tidAt !== 0) k.memory.store32(tidAt, thread.tid)
  return begin(k, thread, k.handles.open(thread.object, openedBy.creation))
}
type ThreadArgument = 'stackSize' | 'start' | 'parameter' | 'flags' | 'hardwareThread' | 'tidAt'

export const processes: readonly Entry[] = [
  xam(
    1084,
    'CreateThread',
    [ptr('attributes'), u32('stackSize'), ptr('start'), u32('parameter'), u32('flags'), ptr('threadId')],
    handle,
    ['threads'],
    (k, _attributes, stackSize, start, parameter, flags, tidAt) =>
      startThread(k, { stackSize, start, parameter, flags, hardwareThread: anywhere, tidAt }),
  ),
  xam(
    1116,
    'XapipCreateThread',
    [
      ptr('attributes'),
      u32('stackSize'),
      ptr('start'),
      u32('parameter'),
      u32('flags'),
      u32('hardwareThread'),
      ptr('threadId'),
    ],
    handle,
    ['threads'],
    (k, _attributes, stackSize, start, parameter, flags, hardwareThread, tidAt) =>
      startThread(k, { stackSize, start, parameter, flags, hardwareThread, tidAt }),
  ),
  xam(
    1061,
    'WaitForSingleObject',
    [handle('object'), u32('milliseconds')],
    u32,
    ['sync', 'blocking', 'poll'],
    (k, value, milliseconds) => waitFor(k, value, milliseconds, false),
  ),
  xam(
    1062,
    'WaitForSingleObjectEx',
    [handle('object'), u32('milliseconds'), bool('alertable')],
    u32,
    ['sync', 'blocking', 'poll'],
    (k, value, milliseconds, alertable) => waitFor(k, value, milliseconds, alertable),
  ),
  xam(1078, 'Sleep', [u32('milliseconds')], u32, ['threads', 'blocking', 'poll'], (k, milliseconds) =>
    sleep(k, milliseconds, false),
  ),
  xam(
    1079,
    'SleepEx',
    [u32('milliseconds'), bool('alertable')],
    u32,
    ['threads', 'blocking', 'poll'],
    (k, milliseconds, alertable) => sleep(k, milliseconds, alertable),
  ),
  xam(
    1005,
    'RtlSleep',
    [u32('milliseconds'), bool('alertable')],
    u32,
    ['threads', 'blocking', 'poll'],
    (k, milliseconds, alertable) => sleep(k, milliseconds, alertable),
  ),
  xam(1044, 'CloseHandle', [handle('object')], bool, ['sync'], (k, value) => {
    const code = k.handles.close(value)
    if (failed(code)) setLastError(k, dosError(code))
    return !failed(code)
  }),
  xam(1085, 'ResumeThread', [handle('thread')], u32, ['threads'], (k, value) => {
    const thread = threadOf(k, value)
    if (typeof thread !== 'number') return thread === undefined ? 0 : k.threads.resume(thread)
    setLastError(k, dosError(thread))
    return waitFailed
  }),
  xam(1086, 'ExitThread', [u32('code')], nothing, ['threads'], (k, code) => k.exitThread(code)),
  xam(1008, 'RtlSetLastNTError', [u32('status')], u32, ['misc'], (k, code) => {
    const error = dosError(code)
    setLastError(k, error)
    return error
  }),
  xam(
    1057,
    'XapiFormatTimeOut',
    [ptr('result'), u32('milliseconds')],
    u32,
    ['time', 'poll'],
    (k, out, milliseconds) => {
      const units = span(milliseconds)
      if (units === undefined) return 0
      k.memory.store64(out, BigInt.asUintN(64, units))
      return out
    },
  ),
  xam(1077, 'RtlRandom', [ptr('seed')], u32, ['misc'], (k, seedAt) => {
    const next = (Math.imul(k.memory.load32(seedAt), 0x343fd) + 0x269ec3) >>> 0
    k.memory.store32(seedAt, next)
    return next & 0x7fffffff
  }),
  xam(
    53,
    'NetDll_XNetRandom',
    [u32('caller'), u32('buffer'), u32('size')],
    i32,
    ['network'],
    (k, _caller, at, size) => {
      writeRandom(k, at, size)
      return 0
    },
  ),

  xam(29, 'NetDll_WSACreateEvent', [], handle, ['network', 'sync'], k => {
    const object = k.objects.create({ kind: 'Event/Manual' })
    return k.handles.open(object, openedBy.creation)
  }),
  xam(
    30,
    'NetDll_WSACloseEvent',
    [handle('event')],
    bool,
    ['network', 'sync'],
    (k, value) => !failed(k.handles.close(value)),
  ),
  xam(31, 'NetDll_WSASetEvent', [handle('event')], bool, ['network', 'sync'], (k, value) => {
    const object = k.handles.need(value, eventKinds, operation.signal)
    if (typeof object === 'number') return false
    k.dispatcher.set(object, 1)
    return true
  }),
  xam(32, 'NetDll_WSAResetEvent', [handle('event')], bool, ['network', 'sync'], (k, value) => {
    const object = k.handles.need(value, eventKinds, operation.signal)
    if (typeof object === 'number') return false
    k.dispatcher.reset(object)
    return true
  }),
  xam(
    33,
    'NetDll_WSAWaitForMultipleEvents',
    [u32('count'), ptr('events'), bool('all'), u32('milliseconds'), bool('alertable')],
    u32,
    ['network', 'sync', 'blocking', 'poll'],
    (k, count, events, all, milliseconds, alertable) => {
      if (count === 0 || count > 64) return waitFailed
      const handles = Array.from({ length: count }, (_, i) => k.memory.load32(events + i * 4))
      const objects = handles.map(value => k.handles.need(value, undefined, operation.wait))
      const known = objects.filter(object => typeof object !== 'number')
      if (known.length !== count) {
        setLastError(k, win32.INVALID_HANDLE)
        return waitFailed
      }
      return k.dispatcher.wait({
        type: all ? 'all' : 'any',
        objects: known,
        handles,
        reason: 3,
        mode: userMode,
        alertable,
        timeout: span(milliseconds),
      })
    },
  ),
]
