/** The xam library: one local user, one disk, no network, nobody before the screen. */
import { expect, test } from 'vitest'
import { limits } from '../../../core/base/limits.ts'
import { notificationsLost } from '../../../core/kernel/notify.ts'
import { win32 } from '../../../core/kernel/status.ts'
import { offlineId } from '../../../core/kernel/user.ts'
import { emptySource } from '../../../core/vfs/source.ts'
import { createTitleVfs } from '../../../core/vfs/volumes.ts'
import { code, createWorkbench, parked, type Workbench } from './workbench.ts'

const noSuchUser = 0x80070525
const signInChanged = 0xa

function storageBench(): Workbench {
  const files = createTitleVfs({ source: emptySource, kind: 'disc', time: 0n })
  return createWorkbench({}, { files })
}

function text(bench: Workbench, value: string): number {
  const at = bench.cell(value.length + 1)
  bench.memory.write(at, new Uint8Array([...value].map(letter => letter.charCodeAt(0))))
  return at
}

function contentData(bench: Workbench, name: string, shown = 'My Save'): number {
  const at = bench.cell(0x134)
  bench.memory.store32(at, 1)
  bench.memory.store32(at + 4, 1)
  for (let i = 0; i < shown.length; i += 1) bench.memory.store16(at + 8 + i * 2, shown.charCodeAt(i))
  bench.memory.write(at + 0x108, new Uint8Array([...name].map(letter => letter.charCodeAt(0))))
  return at
}

const signed = (answer: unknown): number => Number(answer) >>> 0

test('user 0 is signed in locally, and nobody else is', () => {
  const bench = createWorkbench()
  expect([0, 1, 2, 3].map(user => bench.call(1, 'XamUserGetSigninState', user))).toEqual([1, 0, 0, 0])
  const at = bench.cell(0x28)
  expect(bench.call(1, 'XamUserGetXUID', 0, 1, at)).toBe(0)
  expect(bench.memory.load64(at)).toBe(offlineId)
  expect(signed(bench.call(1, 'XamUserGetXUID', 1, 1, at))).toBe(noSuchUser)
  expect(bench.call(1, 'XamUserGetSigninInfo', 0, 0, at)).toBe(0)
  expect([bench.memory.load32(at + 0xc), bench.memory.text(at + 0x18)]).toEqual([1, 'User'])
  expect(bench.call(1, 'XamUserGetName', 0, at, 4)).toBe(0)
  expect(bench.memory.text(at)).toBe('Use')
  expect(bench.call(1, 'XamUserGetName', 2, at, 16)).toBe(win32.NO_SUCH_USER)
  expect(bench.call(1, 'XamUserCheckPrivilege', 1, 254, at)).toBe(win32.NOT_LOGGED_ON)
})

test('the user signs out and in again by a list of identities, and listeners are told each time something changed', () => {
  const bench = createWorkbench()
  const listener = Number(bench.call(1, 'XamNotifyCreateListener', 1n, 0))
  const [id, parameter] = [bench.cell(), bench.cell()]
  const told = (): number[] => {
    const all: number[] = []
    while (bench.call(1, 'XNotifyGetNext', listener, signInChanged, id, parameter) === 1)
      all.push(bench.memory.load32(parameter))
    return all
  }
  expect(told()).toEqual([1])
  const list = bench.cell(32)
  bench.memory.store64(list, offlineId)
  const logon = (flags: number): number => signed(bench.call(1, 'XamUserLogon', list, flags, 0))
  expect([logon(8), bench.call(1, 'XamUserGetSigninState', 0), told()]).toEqual([0, 0, [0]])
  expect(bench.call(1, 'XamUserGetName', 0, bench.cell(), 4)).toBe(win32.NO_SUCH_USER)
  expect([logon(8), told()]).toEqual([0, []])
  expect([logon(4), bench.call(1, 'XamUserGetSigninState', 0), told()]).toEqual([0, 1, [1]])
  bench.memory.store64(list, 0x0009_0000_0000_0001n)
  expect([logon(4), told()]).toEqual([noSuchUser, []])
  bench.memory.store64(list, 0n)
  expect([logon(4), bench.call(1, 'XamUserGetSigninState', 0)]).toEqual([0, 1])
  expect([logon(0x23), bench.call(1, 'XamUserGetSigninState', 0), told()]).toEqual([0, 0, [0]])
  const overlapped = bench.cell(0x20)
  bench.memory.store64(list, offlineId)
  expect(signed(bench.call(1, 'XamUserLogon', list, 4, overlapped))).toBe(0x800703e5)
  expect(bench.call(1, 'XamUserGetSigninState', 0)).toBe(1)
})

test('an overlapped call is pending, then fills its block, sets its event and queues its routine', () => {
  const bench = storageBench()
  const eventAt = bench.cell()
  bench.call(1, 'NtCreateEvent', eventAt, 0, 0, 1)
  const overlapped = bench.words(0, 0, 0, bench.memory.load32(eventAt), code + 0x400, 0, 0)
  bench.told()
  expect(bench.call(1, 'XamContentGetDeviceState', 9, overlapped)).toBe(win32.IO_PENDING)
  expect(bench.memory.load32(overlapped)).toBe(win32.IO_PENDING)
  expect(bench.told('object.reset').length).toBe(1)
  expect(bench.call(1, 'XamGetOverlappedResult', overlapped, 0, 0)).toBe(win32.IO_INCOMPLETE)
  expect(bench.call(1, 'XamGetOverlappedResult', overlapped, 0, 1)).toBe(parked)
  bench.told()
  bench.pass(1_000_000)
  expect(bench.result(1)).toBe(win32.DEVICE_NOT_CONNECTED)
  expect(bench.memory.load32(overlapped + 0x18)).toBe(0x8007048f)
  expect(bench.told('object.signalled', 'thread.woken', 'apc.queued').map(fact => fact.kind)).toEqual([
    'object.signalled',
    'thread.woken',
    'apc.queued',
  ])
})

test('a listener is told how things stand, then nothing until something changes', () => {
  const bench = createWorkbench()
  const listener = Number(bench.call(1, 'XamNotifyCreateListener', 0xefn, 10))
  const id = bench.cell()
  const parameter = bench.cell()
  const next = (wanted = 0): unknown[] => [
    bench.call(1, 'XNotifyGetNext', listener, wanted, id, parameter),
    bench.memory.load32(id),
    bench.memory.load32(parameter),
  ]
  expect(bench.call(1, 'NtWaitForSingleObjectEx', listener, 1, 0, bench.long(0n))).toBe(0)
  expect(next(0xa)).toEqual([1, 0xa, 1])
  expect([next(), next(), next()]).toEqual([
    [1, 9, 1],
    [1, 9, 0],
    [0, 0, 0],
  ])
  const other = bench.thread(1)
  expect(bench.call(1, 'NtWaitForSingleObjectEx', listener, 1, 0, 0)).toBe(parked)
  bench.call(other.tid, 'XamShowSigninUI', 1, 0)
  expect(bench.result(1)).toBe(0)
  expect(bench.call(1, 'XamNotifyCreateListener', 1n, 11)).toBe(0)
})

test('a listener that is never asked keeps the newest notifications, and the lost ones are counted', () => {
  const bench = createWorkbench()
  const listener = Number(bench.call(1, 'XamNotifyCreateListener', 1n, 10))
  const most = limits.notifications.value
  // What a new listener is told of how things stand goes first.
  for (let i = 0; i < most; i += 1) bench.call(1, 'XNotifyBroadcast', 0x0000000b, i)
  expect(notificationsLost(bench.core.kernel)).toBe(3)
  const [id, parameter] = [bench.cell(), bench.cell()]
  const taken: number[] = []
  while (bench.call(1, 'XNotifyGetNext', listener, 0, id, parameter) === 1) taken.push(bench.memory.load32(parameter))
  expect(taken).toEqual(Array.from({ length: most }, (_, i) => i))
  expect(bench.call(1, 'NtWaitForSingleObjectEx', listener, 1, 0, bench.long(0n))).toBe(0x102)
})

test('a notification of an area that nobody asked for goes nowhere', () => {
  const bench = createWorkbench()
  const listener = Number(bench.call(1, 'XamNotifyCreateListener', 2n, 10))
  bench.call(1, 'XamShowSigninUI', 1, 0)
  expect(bench.call(1, 'XNotifyGetNext', listener, 0, 0, 0)).toBe(0)
})

test('settings of the profile are sized, read as not set, written and read back', () => {
  const bench = createWorkbench()
  const settings = { number: 0x10040004, bytes: 0x63e83fff } as const
  const ids = bench.words(settings.number, settings.bytes)
  const size = bench.words(0)
  const read = (buffer: number): number =>
    Number(bench.call(1, 'XamUserReadProfileSettings', 0, 0, 0, 0, 2, ids, size, buffer, 0))
  expect(read(0)).toBe(win32.INSUFFICIENT_BUFFER)
  expect(bench.memory.load32(size)).toBe(8 + 2 * 0x28 + 0x3e8)
  const buffer = bench.cell(bench.memory.load32(size))
  expect(read(buffer)).toBe(0)
  const row = (i: number): number => bench.memory.load32(buffer + 4) + i * 0x28
  expect([bench.memory.load32(buffer), bench.memory.load32(row(0)), bench.memory.load32(row(1))]).toEqual([2, 0, 0])
  const list = bench.cell(0x50)
  bench.memory.store32(list + 0x10, settings.number)
  bench.memory.store8(list + 0x18, 1)
  bench.memory.store32(list + 0x20, 77)
  bench.memory.store32(list + 0x38, settings.bytes)
  bench.memory.store8(list + 0x40, 6)
  bench.memory.store32(list + 0x48, 5)
  bench.memory.store32(list + 0x4c, text(bench, 'blob!'))
  expect(bench.call(1, 'XamUserWriteProfileSettings', 0, 0, 2, list, 0)).toBe(0)
  expect(read(buffer)).toBe(0)
  expect([bench.memory.load32(row(0)), bench.memory.load32(row(0) + 0x20)]).toEqual([2, 77])
  expect(bench.memory.text(bench.memory.load32(row(1) + 0x24), bench.memory.load32(row(1) + 0x20))).toBe('blob!')
  // A list without an end is none, and nothing of it is written.
  bench.memory.store32(list + 0x20, 78)
  expect(bench.call(1, 'XamUserWriteProfileSettings', 0, 0, 0x7fffffff, list, 0)).toBe(win32.INVALID_PARAMETER)
  expect([read(buffer), bench.memory.load32(row(0) + 0x20)]).toEqual([0, 77])
})

test('a save is created, written, closed, listed, opened again and deleted', () => {
  const bench = storageBench()
  const root = text(bench, 'save')
  const data = contentData(bench, 'SAVE01')
  const disposition = bench.cell()
  const openAs = (mode: number, at = data): number =>
    Number(bench.call(1, 'XamContentCreate', 0, root, at, mode, disposition, 0, 0))
  expect(openAs(3)).toBe(win32.PATH_NOT_FOUND)
  expect([openAs(1), bench.memory.load32(disposition)]).toEqual([0, 1])
  expect(openAs(4)).toBe(win32.ALREADY_EXISTS)

  const path = 'save:\\state.bin'
  const attributes = bench.words(0xfffffffd, bench.words((path.length << 16) | path.length, text(bench, path)), 0x40)
  const handleAt = bench.cell()
  expect(bench.call(1, 'NtCreateFile', handleAt, 0xc0000000, attributes, bench.cell(), 0, 0x80, 0, 2, 0x20)).toBe(0)
  bench.call(1, 'NtClose', bench.memory.load32(handleAt))
  expect(bench.call(1, 'XamContentDelete', 0, data, 0)).toBe(win32.ACCESS_DENIED)
  expect(bench.call(1, 'XamContentClose', root, 0)).toBe(0)
  expect(bench.call(1, 'XamContentClose', root, 0)).toBe(win32.FILE_NOT_FOUND)
  expect(signed(bench.call(1, 'NtOpenFile', handleAt, 0x80000000, attributes, bench.cell(), 3, 0))).toBe(0xc000000f)

  const size = bench.cell()
  const enumerator = bench.cell()
  expect(bench.call(1, 'XamContentCreateEnumerator', 0, 1, 1, 0, 4, size, enumerator)).toBe(0)
  const buffer = bench.cell(bench.memory.load32(size))
  const count = bench.cell()
  const take = (): number =>
    Number(bench.call(1, 'XamEnumerate', bench.memory.load32(enumerator), 0, buffer, 4 * 0x134, count, 0))
  expect([take(), bench.memory.load32(count), bench.memory.text(buffer + 0x108)]).toEqual([0, 1, 'SAVE01'])
  expect([0, 1].map(i => String.fromCharCode(bench.memory.load16(buffer + 8 + i * 2))).join('')).toBe('My')
  expect(take()).toBe(win32.NO_MORE_FILES)

  expect([openAs(3, buffer), bench.memory.load32(disposition)]).toEqual([0, 2])
  expect(bench.call(1, 'NtOpenFile', handleAt, 0x80000000, attributes, bench.cell(), 3, 0)).toBe(0)
  bench.call(1, 'NtClose', bench.memory.load32(handleAt))
  bench.call(1, 'XamContentClose', root, 0)
  expect([openAs(2), bench.memory.load32(disposition)]).toEqual([0, 1])
  expect(signed(bench.call(1, 'NtOpenFile', handleAt, 0x80000000, attributes, bench.cell(), 3, 0))).toBe(0xc0000034)
  bench.call(1, 'XamContentClose', root, 0)
  expect(bench.call(1, 'XamContentDelete', 0, data, 0)).toBe(0)
  expect(bench.call(1, 'XamContentDelete', 0, data, 0)).toBe(win32.FILE_NOT_FOUND)
})

test('a name of a package cannot lead out of its folder', () => {
  const bench = storageBench()
  for (const name of ['..', '..\\x', 'a\\b', 'a/b', 'x:y', ''])
    expect(bench.call(1, 'XamContentCreate', 0, text(bench, 'save'), contentData(bench, name), 2, 0, 0, 0), name).toBe(
      win32.INVALID_PARAMETER,
    )
})

test('an exhausted list ends an overlapped call with the code titles look for', () => {
  const bench = storageBench()
  const enumerator = bench.cell()
  bench.call(1, 'XamUserCreateAchievementEnumerator', 0, 0, 0n, 0, 0, 10, bench.cell(), enumerator)
  const overlapped = bench.cell(0x1c)
  bench.call(1, 'XamEnumerate', bench.memory.load32(enumerator), 0, bench.cell(), 16, 0, overlapped)
  bench.pass(1_000_000)
  expect([bench.memory.load32(overlapped), bench.memory.load32(overlapped + 0x18)]).toEqual([
    win32.FUNCTION_FAILED,
    0x80070012,
  ])
})

test('the disk is the one storage device, with less than 4 GiB free', () => {
  const bench = storageBench()
  const at = bench.cell(0x50)
  expect(bench.call(1, 'XamContentGetDeviceData', 1, at)).toBe(0)
  const free = bench.memory.load64(at + 0x10)
  expect(free > 0n && free < 1n << 32n).toBe(true)
  expect(bench.call(1, 'XamContentGetDeviceData', 2, at)).toBe(win32.DEVICE_NOT_CONNECTED)
  const device = bench.cell()
  expect(bench.call(1, 'XamShowDeviceSelectorUI', 0, 1, 0, 1000n, device, bench.cell(0x1c))).toBe(win32.IO_PENDING)
  expect(bench.memory.load32(device)).toBe(1)
})

test('the network starts and is not there', () => {
  const bench = createWorkbench()
  expect(Number(bench.call(1, 'NetDll_socket', 1, 2, 1, 6)) | 0).toBe(-1)
  expect(bench.call(1, 'NetDll_WSAGetLastError')).toBe(10093)
  expect(bench.call(1, 'NetDll_WSAStartup', 1, 0x202, bench.cell(0x190))).toBe(0)
  expect(Number(bench.call(1, 'NetDll_socket', 1, 2, 1, 6)) | 0).toBe(-1)
  expect(bench.call(1, 'NetDll_WSAGetLastError')).toBe(10050)
  expect(bench.call(1, 'NetDll_XNetGetTitleXnAddr', 1, bench.cell(36))).toBe(1)
  expect(bench.call(1, 'NetDll_XNetGetEthernetLinkStatus', 1)).toBe(0)
  expect(bench.call(1, 'NetDll_inet_addr', text(bench, '10.0.0.1'))).toBe(0x0a000001)
  expect(Number(bench.call(1, 'NetDll_inet_addr', text(bench, '10.0.0.256'))) | 0).toBe(-1)
})

test('memory of the library is zero, given and taken, and physical where asked', () => {
  const bench = createWorkbench()
  const out = bench.cell()
  expect(bench.call(1, 'XamAlloc', 0, 0x40, out)).toBe(0)
  const block = bench.memory.load32(out)
  expect(bench.memory.load32(block)).toBe(0)
  const used = bench.core.kernel.pool.used
  bench.call(1, 'XamFree', block)
  expect(bench.core.kernel.pool.used).toBeLessThan(used)
  expect(bench.call(1, 'XamAllocEx', 0x20000000, 0x40000000, 0x2000, out)).toBe(0)
  expect(bench.memory.load32(out) >= 0xe0000000).toBe(true)
  bench.call(1, 'XamFree', bench.memory.load32(out))
  expect(bench.call(1, 'MmIsAddressValid', bench.memory.load32(out))).toBe(0)
})

test('the music player is idle and leaves playing to the title', () => {
  const bench = createWorkbench()
  const state = bench.words(99)
  expect(bench.call(1, 'XMsgInProcessCall', 0xfa, 0x70009, bench.words(2, state), 8)).toBe(0)
  expect(bench.memory.load32(state)).toBe(0)
  bench.call(1, 'XMsgInProcessCall', 0xfa, 0x7001a, bench.words(2, 1, 0), 12)
  const [controller, locked] = [bench.cell(), bench.words(5)]
  bench.call(1, 'XMsgInProcessCall', 0xfa, 0x7001b, bench.words(2, controller, locked), 12)
  expect([bench.memory.load32(controller), bench.memory.load32(locked)]).toEqual([1, 0])
})

test('the live service is not connected, an unknown message is refused and named once', () => {
  const bench = createWorkbench()
  expect(signed(bench.call(1, 'XMsgInProcessCall', 0xfc, 0x58007, 0, 0))).toBe(0x80151802)
  for (let i = 0; i < 3; i += 1)
    expect(signed(bench.call(1, 'XMsgInProcessCall', 0xfc, 0x58999, 0, 0))).toBe(0x80004005)
  expect(bench.printed).toEqual(['[xam] nobody answers message 0x58999 to application 0xfc'])
  expect(signed(bench.call(1, 'XMsgInProcessCall', 0x12, 1, 0, 0))).toBe(0x80070057)
  expect(bench.call(1, 'GetLastError')).toBe(win32.NOT_FOUND)
  const overlapped = bench.cell(0x1c)
  expect(bench.call(1, 'XMsgStartIORequest', 0xfc, 0x58007, overlapped, 0, 0)).toBe(win32.IO_PENDING)
  bench.pass(1_000_000)
  expect([bench.memory.load32(overlapped), bench.memory.load32(overlapped + 0x18)]).toEqual([
    win32.FUNCTION_FAILED,
    0x80151802,
  ])
})

test('the Win32 waits of the library time out in milliseconds and name errors in its words', () => {
  const bench = createWorkbench()
  const event = Number(bench.call(1, 'NetDll_WSACreateEvent'))
  expect(bench.call(1, 'WaitForSingleObject', event, 0)).toBe(0x102)
  expect(bench.call(1, 'WaitForSingleObjectEx', event, 20, 0)).toBe(parked)
  bench.pass(1_000_000)
  expect(bench.result(1)).toBe(0x102)
  bench.call(1, 'NetDll_WSASetEvent', event)
  expect(bench.call(1, 'NetDll_WSAWaitForMultipleEvents', 1, bench.words(event), 1, 0xffffffff, 0)).toBe(0)
  bench.call(1, 'NetDll_WSAResetEvent', event)
  expect(bench.call(1, 'WaitForSingleObject', event, 0)).toBe(0x102)
  expect(bench.call(1, 'Sleep', 5)).toBe(parked)
  bench.pass(250_000)
  expect(bench.result(1)).toBe(0)
  expect(bench.call(1, 'CloseHandle', event)).toBe(1)
  expect(bench.call(1, 'CloseHandle', event)).toBe(0)
  expect(bench.call(1, 'RtlGetLastError')).toBe(win32.INVALID_HANDLE)
})

test('a thread made in Win32’s words runs its function on its parameter, where it was asked for, or suspended', () => {
  const bench = createWorkbench()
  const tidAt = bench.cell()
  const handle = bench.call(1, 'XapipCreateThread', 0, 0, code + 0x200, 77, 0, 3, tidAt)
  const tid = bench.memory.load32(tidAt)
  expect(bench.core.kernel.threads.byTid(tid)?.hardwareThread).toBe(3)
  expect(bench.runs(tid)).toBe(true)
  expect([bench.frameOf(tid).pc, bench.frameOf(tid).word(3)]).toEqual([code + 0x200, 77])
  expect(bench.call(1, 'WaitForSingleObject', Number(handle), 0)).toBe(0x102)
  bench.call(tid, 'ExitThread', 5)
  expect(bench.call(1, 'WaitForSingleObject', Number(handle), 0)).toBe(0)

  const waiting = bench.call(1, 'CreateThread', 0, 0, code + 0x200, 0, 4, tidAt)
  expect(bench.runs(bench.memory.load32(tidAt))).toBe(false)
  expect(bench.call(1, 'ResumeThread', Number(waiting))).toBe(1)
})

test('the maker of a thread has its handle once those who are told of threads have been told', () => {
  const bench = createWorkbench()
  bench.call(1, 'ExRegisterThreadNotification', bench.words(code + 0x400, 0, 0, 0), 1)
  const tidAt = bench.cell()
  bench.call(1, 'CreateThread', 0, 0, code + 0x200, 0, 0, tidAt)
  bench.returnFrom(1, 99)
  expect(bench.call(1, 'ResumeThread', Number(bench.result(1)))).toBe(0)
})

test('a task with a handle to wait for runs its routine when that is signalled, and says what it was made with', () => {
  const bench = createWorkbench()
  const other = bench.thread(1)
  const event = Number(bench.call(1, 'NetDll_WSACreateEvent'))
  const attributes = bench.words(0x1000001, event)
  const taskAt = bench.cell()
  expect(bench.call(1, 'XamTaskSchedule', code + 0x200, 42, attributes, taskAt)).toBe(0)
  const task = bench.memory.load32(taskAt)
  const out = bench.cell(8)
  expect(bench.call(1, 'XamTaskGetAttributes', task, out)).toBe(0)
  expect([bench.memory.load32(out), bench.memory.load32(out + 4)]).toEqual([0x1000001, event])
  expect(bench.call(1, 'XamTaskQueryProperty', task, 0xff)).toBe(1)
  // The task shares its maker's hardware thread.
  expect(bench.call(1, 'XamTaskWaitOnCompletion', task)).toBe(parked)
  const thread = [...bench.core.kernel.threads.all.values()].at(-1)
  if (thread === undefined) throw new Error('the task has no thread')
  expect(bench.runs(thread.tid)).toBe(false)
  expect(thread.state).toBe('waiting')

  bench.call(other.tid, 'NetDll_WSASetEvent', event)
  expect(bench.runs(thread.tid)).toBe(true)
  const frame = bench.frameOf(thread.tid)
  expect([frame.pc, frame.word(3)]).toEqual([code + 0x200, 42])
  expect(bench.call(thread.tid, 'XamTaskGetCurrentTask')).toBe(task)
  const ask = (name: string, of = task): number => signed(bench.call(other.tid, name, of))
  expect(['XamTaskGetStatus', 'XamTaskGetCompletionStatus'].map(name => ask(name))).toEqual([0x8000000a, 0x8000000a])
  bench.returnFrom(thread.tid, 3)
  expect(thread.state).toBe('exited')
  expect(bench.runs(1)).toBe(true)
  expect(['XamTaskGetStatus', 'XamTaskGetCompletionStatus'].map(name => ask(name))).toEqual([0, 3])
  expect(ask('XamTaskGetStatus', 0x4444)).toBe(0x80070057)
})

test('a task that is to wait for what is no handle is refused', () => {
  const bench = createWorkbench()
  expect(signed(bench.call(1, 'XamTaskSchedule', code + 0x200, 0, bench.words(1, 0x999), bench.cell()))).toBe(
    0x80070057,
  )
})

test('a socket call fails with the code of a network that is down, and leaves no overlapped call open', () => {
  const bench = createWorkbench()
  bench.call(1, 'NetDll_WSAStartup', 1, 0x202, 0)
  const overlapped = bench.cell(0x1c)
  for (const [name, args] of [
    ['NetDll_WSARecv', [5, bench.cell(), 1, 0, 0, overlapped, 0]],
    ['NetDll_WSASendTo', [5, bench.cell(), 1, 0, 0, 0, 0, overlapped, 0]],
    ['NetDll_WSAEventSelect', [5, 0, 1]],
  ] as const) {
    bench.call(1, 'NetDll_WSASetLastError', 0)
    expect(Number(bench.call(1, name, 1, ...args)) | 0, name).toBe(-1)
    expect(bench.call(1, 'NetDll_WSAGetLastError'), name).toBe(10050)
  }
  expect(bench.memory.load32(overlapped)).toBe(0)
  expect(bench.call(1, 'NetDll_WSAGetOverlappedResult', 1, 5, overlapped, 0, 1, 0)).toBe(0)
})

test('a set of sockets holds those that are written in it', () => {
  const bench = createWorkbench()
  const set = bench.words(2, 7, 9, 11)
  expect([7, 9, 11].map(socket => bench.call(1, 'NetDll___WSAFDIsSet', socket, set))).toEqual([1, 1, 0])
})

test('a session key is of games at one place, and is taken back once', () => {
  const bench = createWorkbench()
  const id = bench.cell(8)
  expect(bench.call(1, 'NetDll_XNetCreateKey', 1, id, bench.cell(16))).toBe(0)
  expect([bench.memory.load8(id) & 0xf0, bench.memory.load64(id) === 0n]).toEqual([0, false])
  expect(bench.call(1, 'NetDll_XNetRegisterKey', 1, id, id)).toBe(0)
  expect([1, 2].map(() => bench.call(1, 'NetDll_XNetUnregisterKey', 1, id))).toEqual([0, 10022])
})

test('the secure layer answers codes, remembers what it was started with, and finds nobody', () => {
  const bench = createWorkbench()
  const parameters = bench.cell()
  bench.memory.write(parameters, new Uint8Array([13, 1, 4]))
  bench.call(1, 'NetDll_XNetStartup', 1, parameters)
  const [value, size] = [bench.cell(), bench.words(12)]
  expect(bench.call(1, 'NetDll_XNetGetOpt', 1, 1, value, size)).toBe(10040)
  expect(bench.memory.load32(size)).toBe(13)
  expect(bench.call(1, 'NetDll_XNetGetOpt', 1, 1, value, size)).toBe(0)
  expect([...bench.memory.read(value, 3)]).toEqual([13, 1, 4])
  expect(bench.call(1, 'NetDll_XNetGetOpt', 1, 2, value, size)).toBe(10022)
  bench.call(1, 'NetDll_WSAStartup', 1, 0x202, 0)
  bench.memory.store32(value, 1)
  expect(bench.call(1, 'NetDll_XNetQosServiceLookup', 1, 0, 0, value)).toBe(10050)
  expect(bench.memory.load32(value)).toBe(0)
  expect(bench.call(1, 'NetDll_XNetConnect', 1, 0x0a000001)).toBe(10050)
  expect(bench.call(1, 'NetDll_XNetGetConnectStatus', 1, 0x0a000001)).toBe(3)
  bench.call(1, 'NetDll_XNetInAddrToString', 1, 0x0a00010f, value, 16)
  expect(bench.memory.text(value)).toBe('10.0.1.15')
  bench.call(1, 'NetDll_XNetSetSystemLinkPort', 1, 1000)
  bench.call(1, 'NetDll_XNetGetSystemLinkPort', 1, value)
  expect(bench.memory.load16(value)).toBe(1000)
})

test('a web request gets no handle, and the last error says that nothing was started', () => {
  const bench = createWorkbench()
  expect(bench.call(1, 'NetDll_XHttpConnect', 1, 0, 0, 80, 0)).toBe(0)
  expect(bench.call(1, 'RtlGetLastError')).toBe(12172)
})

test.each([
  ['as it was', (_bench: Workbench) => undefined],
  ['restored', (bench: Workbench) => bench.core.load(structuredClone(bench.core.save()))],
])('in a machine %s, a task that is over has its attributes while it has a handle', (_how, between) => {
  const bench = createWorkbench()
  const [taskAt, out] = [bench.cell(), bench.cell()]
  const schedule = () => bench.call(1, 'XamTaskSchedule', code + 0x200, 42, bench.words(0x10, 7), taskAt)
  expect(schedule()).toBe(0)
  const task = bench.memory.load32(taskAt)
  const thread = bench.core.kernel.handles.peek(task)?.thread
  bench.core.kernel.scheduler.migrate(thread as NonNullable<typeof thread>, 1)
  bench.call(thread?.tid ?? 0, 'ExTerminateThread', 0)
  between(bench)
  expect(schedule()).toBe(0)
  expect(bench.call(1, 'XamTaskGetAttributes', task, out)).toBe(0)
  expect([bench.memory.load32(out), bench.call(1, 'XamTaskQueryProperty', task, 0xff)]).toEqual([0x10, 0x10])
})
