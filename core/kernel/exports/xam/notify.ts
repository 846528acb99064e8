import {
  bool,
  continuation,
  type Entry,
  handle,
  nothing,
  ptr,
  u32,
  u64,
  win32 as win32Result,
  withoutEffect,
  xam,
} from '../../call.ts'
import { createListener, takeNext } from '../../notify.ts'
import { operation } from '../../object.ts'
import { kernelState } from '../../outcome.ts'
import { conclude, endOverlapped } from '../../overlapped.ts'
import { win32 } from '../../status.ts'
import { XOVERLAPPED } from '../../structs.ts'
import { usersPresent } from '../../user.ts'

const highestVersion = 10
const forever = undefined
const nothingOnShow = 'no notice is on show that could be moved or put off'

/** Where the title wants notices to appear, and the tick before which it wants none. */
const notices = kernelState('notices', () => ({ position: 0, notBefore: 0 }))

/** How an overlapped call ended; who waits is parked on its event. */
const resultRow = (ordinal: number, name: string): Entry =>
  xam(
    ordinal,
    name,
    [ptr(XOVERLAPPED, 'overlapped'), ptr('length'), bool('wait')],
    win32Result,
    ['user', 'blocking', 'poll'],
    (k, at, lengthAt, wait) => {
      const result = k.memory.load32(at + XOVERLAPPED.result)
      if (result !== win32.IO_PENDING) {
        if (lengthAt !== 0) k.memory.store32(lengthAt, k.memory.load32(at + XOVERLAPPED.length))
        return result
      }
      const event = k.handles.peek(k.memory.load32(at + XOVERLAPPED.event))
      if (!wait || event === undefined) return win32.IO_INCOMPLETE
      return k.waitFor(event, forever, { continuation: 'overlapped-awaited', state: { at, lengthAt } })
    },
  )

export const notify: readonly Entry[] = [
  xam(650, 'XamNotifyCreateListener', [u64('areas'), u32('version')], handle, ['user'], (k, areas, version) =>
    version > highestVersion ? 0 : createListener(k, areas, version, usersPresent(k)),
  ),
  xam(
    657,
    'XamNotifyCreateListenerInternal',
    [u64('areas'), u32('system'), u32('version')],
    handle,
    ['user'],
    (k, areas, _system, version) => (version > highestVersion ? 0 : createListener(k, areas, version, usersPresent(k))),
  ),
  xam(
    651,
    'XNotifyGetNext',
    [handle('listener'), u32('wanted'), ptr('id'), ptr('parameter')],
    bool,
    ['user', 'poll'],
    (k, value, wanted, idAt, parameterAt) => {
      if (idAt !== 0) k.memory.store32(idAt, 0)
      if (parameterAt !== 0) k.memory.store32(parameterAt, 0)
      const object = k.handles.need(value, ['NotifyListener'], operation.other)
      if (typeof object === 'number') return false
      const found = takeNext(k, object, wanted)
      if (found === undefined) return false
      if (idAt !== 0) k.memory.store32(idAt, found[0])
      if (parameterAt !== 0) k.memory.store32(parameterAt, found[1])
      return true
    },
  ),
  xam(
    652,
    'XNotifyPositionUI',
    [u32('position')],
    nothing,
    ['user'],
    withoutEffect(nothingOnShow, (k, position) => {
      k.state(notices).position = position
    }),
  ),
  xam(
    653,
    'XNotifyDelayUI',
    [u32('milliseconds')],
    win32Result,
    ['user'],
    withoutEffect(nothingOnShow, (k, milliseconds) => {
      k.state(notices).notBefore = k.time.now() + k.time.ticksOfMilliseconds(milliseconds)
      return win32.SUCCESS
    }),
  ),

  continuation('overlapped-end', (k, state: Parameters<typeof endOverlapped>[1]) => endOverlapped(k, state)),
  resultRow(507, 'XamGetOverlappedResult'),
  resultRow(1083, 'XGetOverlappedResult'),
  xam(1082, 'XGetOverlappedExtendedError', [ptr(XOVERLAPPED, 'overlapped')], win32Result, ['user', 'poll'], (k, at) =>
    k.memory.load32(at + XOVERLAPPED.result) === win32.IO_PENDING
      ? win32.IO_INCOMPLETE
      : k.memory.load32(at + XOVERLAPPED.extendedError),
  ),
  continuation('overlapped-awaited', (k, { at, lengthAt }: { at: number; lengthAt: number }) => {
    if (lengthAt !== 0) k.memory.store32(lengthAt, k.memory.load32(at + XOVERLAPPED.length))
    return k.memory.load32(at + XOVERLAPPED.result)
  }),
  xam(
    501,
    'XMsgCompleteIORequest',
    [ptr(XOVERLAPPED, 'overlapped'), u32('result'), u32('extended'), u32('length')],
    win32Result,
    ['user'],
    (k, at, result, extended, length) => {
      const answer = conclude(k, at, { result, extended, length }, 0)
      return at === 0 || answer === win32.IO_PENDING ? win32.SUCCESS : answer
    },
  ),
]
