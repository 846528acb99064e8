/** What the system answers of people, screens, packages and itself, with one person and nobody before the screen. */
import { expect, test } from 'vitest'
import { win32 } from '../../../core/kernel/status.ts'
import { emptySource } from '../../../core/vfs/source.ts'
import { createTitleVfs } from '../../../core/vfs/volumes.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const storageBench = (): Workbench =>
  createWorkbench({}, { files: createTitleVfs({ source: emptySource, kind: 'disc', time: 0n }) })

function text(bench: Workbench, value: string): number {
  const at = bench.cell(value.length + 1)
  bench.memory.write(at, new TextEncoder().encode(value))
  return at
}

function wide(bench: Workbench, value: string): number {
  const at = bench.cell(value.length * 2 + 2)
  for (let i = 0; i < value.length; i += 1) bench.memory.store16(at + i * 2, value.charCodeAt(i))
  return at
}

function readWide(bench: Workbench, at: number): string {
  let value = ''
  for (let i = 0; bench.memory.load16(at + i * 2) !== 0; i += 1)
    value += String.fromCharCode(bench.memory.load16(at + i * 2))
  return value
}

function contentData(bench: Workbench, name: string): number {
  const at = bench.cell(0x134)
  bench.memory.store32(at, 1)
  bench.memory.store32(at + 4, 1)
  bench.memory.write(at + 0x108, new TextEncoder().encode(name))
  return at
}

const signed = (answer: unknown): number => Number(answer) >>> 0

test('a screen is up for a moment, then down', () => {
  const bench = createWorkbench()
  expect(bench.call(1, 'XamShowFriendsUI', 0)).toBe(0)
  expect(bench.call(1, 'XamIsUIActive')).toBe(1)
  bench.pass(10_000_000)
  expect(bench.call(1, 'XamIsUIActive')).toBe(0)
})

test('a screen that asks for something is cancelled, late where the call is overlapped', () => {
  const bench = createWorkbench()
  const [overlapped, result] = [bench.cell(0x1c), bench.cell()]
  expect(bench.call(1, 'XamShowMarketplaceDownloadItemsUI', 0, 1, 0, 0, result, overlapped)).toBe(win32.IO_PENDING)
  expect(bench.memory.load32(result)).toBe(0x800704c7)
  expect(bench.memory.load32(overlapped)).toBe(win32.IO_PENDING)
  bench.pass(10_000_000)
  expect(bench.memory.load32(overlapped)).toBe(win32.CANCELLED)
  expect(bench.call(1, 'XamShowPasscodeVerifyUI', 0, result, 0)).toBe(win32.CANCELLED)
  expect(signed(bench.call(1, 'XamShowPasscodeVerifyUIEx', 0, result, 0, 0))).toBe(0x800704c7)
})

test('nobody is in a party, nobody speaks, nothing is restricted', () => {
  const bench = createWorkbench()
  expect(signed(bench.call(1, 'XamPartyGetUserList', 1, 0))).toBe(0x807d0003)
  expect(bench.call(1, 'XamPartySendGameInvites', 1, 0, 0)).toBe(win32.FUNCTION_FAILED)
  const [voice, allowed, overlapped] = [bench.words(7), bench.cell(), bench.cell(0x1c)]
  expect(bench.call(1, 'XamVoiceCreate', 0, 15, voice)).toBe(win32.ACCESS_DENIED)
  expect(bench.memory.load32(voice)).toBe(0)
  expect(bench.call(1, 'XamVoiceHeadsetPresent', 0)).toBe(0)
  expect(bench.call(1, 'XamUserContentRestrictionCheckAccess', 0, 0, 0, 0, 0, allowed, overlapped)).toBe(
    win32.IO_PENDING,
  )
  expect(bench.memory.load32(allowed)).toBe(1)
  expect(bench.call(1, 'XamUserContentRestrictionGetRating', 0, 0, voice, allowed)).toBe(0)
  expect([bench.memory.load32(voice), bench.memory.load32(allowed)]).toEqual([0x3f, 0])
  expect(bench.call(1, 'XamUserContentRestrictionGetRating', 2, 0, voice, allowed)).toBe(win32.NO_SUCH_USER)
  expect(signed(bench.call(1, 'XamUserGetOnlineXUIDFromOfflineXUID', 5n, bench.cell()))).toBe(0x80070525)
})

test('a session is an object with a handle, and a reference to it is one', () => {
  const bench = createWorkbench()
  const out = bench.cell()
  expect(bench.call(1, 'XamSessionCreateHandle', out)).toBe(0)
  const session = bench.memory.load32(out)
  expect(bench.call(1, 'XamSessionRefObjByHandle', session, out)).toBe(0)
  const object = bench.core.kernel.objects.known(bench.memory.load32(out))
  bench.call(1, 'NtClose', session)
  expect(object?.alive).toBe(true)
  bench.call(1, 'ObDereferenceObject', bench.memory.load32(out))
  expect(object?.alive).toBe(false)
  expect(bench.call(1, 'XamSessionRefObjByHandle', session, out)).toBe(win32.INVALID_HANDLE)
})

test('a notification that is broadcast reaches a listener', () => {
  const bench = createWorkbench()
  const listener = Number(bench.call(1, 'XamNotifyCreateListener', 1n, 0))
  const [id, parameter] = [bench.cell(), bench.cell()]
  while (bench.call(1, 'XNotifyGetNext', listener, 0, id, parameter) === 1);
  bench.call(1, 'XNotifyBroadcast', 0xe, 3)
  expect(bench.call(1, 'XNotifyGetNext', listener, 0, id, parameter)).toBe(1)
  expect([bench.memory.load32(id), bench.memory.load32(parameter)]).toEqual([0xe, 3])
})

test('what a title sets of notifications, dashboard and head-up display it gets back', () => {
  const bench = createWorkbench()
  const places = [0, 0, 0, 0].map(() => bench.cell())
  const shown = () => {
    bench.call(1, 'XNotifyUIGetOptions', ...places)
    return places.map(at => bench.memory.load32(at))
  }
  expect(shown()).toEqual([1, 1, 1, 1])
  bench.call(1, 'XNotifyUISetOptions', 1, 0, 1, 0)
  expect(shown()).toEqual([1, 0, 1, 0])
  bench.call(1, 'XamSetDashContext', 4)
  bench.call(1, 'XamSetHudContext', 5)
  expect([bench.call(1, 'XamGetDashContext'), bench.call(1, 'XamGetHudContext')]).toEqual([4, 5])
})

test('a package has the picture it was given, for whoever has room for it', () => {
  const bench = storageBench()
  const [root, data] = [text(bench, 'save'), contentData(bench, 'one')]
  const [picture, size] = [bench.words(0x01020304), bench.words(16)]
  expect(bench.call(1, 'XamContentSetThumbnail', 0, data, picture, 4, 0)).toBe(win32.FILE_NOT_FOUND)
  expect(bench.call(1, 'XamContentCreateInternal', root, data, 2, 0, 0, 0, 0n, 0)).toBe(0)
  expect(bench.call(1, 'XamContentGetThumbnail', 0, data, picture, size, 0)).toBe(win32.FILE_NOT_FOUND)
  expect(bench.call(1, 'XamContentSetThumbnail', 0, data, picture, 4, 0)).toBe(0)
  const out = bench.cell()
  bench.memory.store32(size, 3)
  expect(bench.call(1, 'XamContentGetThumbnail', 0, data, out, size, 0)).toBe(win32.INSUFFICIENT_BUFFER)
  expect(bench.call(1, 'XamContentGetThumbnail', 0, data, out, size, 0)).toBe(0)
  expect([bench.memory.load32(out), bench.memory.load32(size)]).toEqual([0x01020304, 4])
})

test('the system lists and deletes packages without a user', () => {
  const bench = storageBench()
  const [root, data, handle] = [text(bench, 'save'), contentData(bench, 'one'), bench.cell()]
  bench.call(1, 'XamContentCreateInternal', root, data, 2, 0, 0, 0, 0n, 0)
  const count = () => {
    expect(bench.call(1, 'XamContentAggregateCreateEnumerator', 0n, 1, 1, 0, handle)).toBe(0)
    const found = bench.words(0)
    bench.call(1, 'XamEnumerate', bench.memory.load32(handle), 0, bench.cell(0x134), 0x134, found, 0)
    return bench.memory.load32(found)
  }
  expect(count()).toBe(1)
  bench.call(1, 'XamContentClose', root, 0)
  expect(bench.call(1, 'XamContentDeleteInternal', data, 0)).toBe(0)
  expect(count()).toBe(0)
})

test('a resource lies in a container of the disc or in a section of a module', () => {
  const bench = createWorkbench()
  const out = bench.cell(0x100)
  const name = wide(bench, 'ring.png')
  bench.call(1, 'XamBuildSharedSystemResourceLocator', name, out, 0x80)
  expect(readWide(bench, out)).toBe('file://media:/shrdres.xzp#ring.png')
  bench.call(1, 'XamBuildResourceLocator', 0x8200abcdn, wide(bench, 'media'), name, out, 0x80)
  expect(readWide(bench, out)).toBe('section://8200ABCD,media#ring.png')
  bench.call(1, 'XamBuildXamResourceLocator', name, out, 5)
  expect(readWide(bench, out)).toBe('file')
})

test('a title that launches another is over, and what it says to its developers is printed', () => {
  const bench = createWorkbench()
  bench.call(1, 'XamDbgPrint', 0xfe, text(bench, 'level %d'), 3)
  expect(bench.printed).toEqual(['level 3'])
  bench.call(1, 'XamLoaderLaunchTitleEx', text(bench, 'game:\\b.xex'), 0, 0, 0)
  expect(bench.core.stopped()).toMatchObject({ kind: 'finished', text: 'the title launched game:\\b.xex' })
})

test('a module is found by its name, the title by none', () => {
  const bench = createWorkbench()
  const title = bench.core.kernel.modules.title?.handle
  expect([0, text(bench, 'bench.exe')].map(name => bench.call(1, 'GetModuleHandleA', name))).toEqual([title, title])
  expect(bench.call(1, 'GetModuleHandleA', text(bench, 'nothing.xex'))).toBe(0)
  expect(bench.call(1, 'GetLastError')).toBe(126)
})

test('the console is a retail one that no factory gave a number', () => {
  const bench = createWorkbench()
  const [id, digits, type] = [bench.words(0xffffffff, 0xffffffff), bench.cell(), bench.cell()]
  expect(bench.call(1, 'XeKeysGetConsoleID', id, digits)).toBe(0)
  expect([...bench.memory.read(id, 6)]).toEqual([0, 0, 0, 0, 0, 0xff])
  expect(bench.memory.text(digits)).toBe('000000000000')
  expect(bench.call(1, 'XeKeysGetConsoleType', type)).toBe(0)
  expect(bench.memory.load32(type)).toBe(2)
})

test('what a title would have the system pop up is printed', () => {
  const bench = createWorkbench()
  expect(bench.call(1, 'XNotifyQueueUI', 14, 0xff, 2, wide(bench, 'No network'), 0)).toBe(0)
  expect(bench.printed).toEqual(['[notification] No network'])
})

test('the tray is closed over a disc, and the controller that would open it answers nothing and says so', () => {
  const bench = createWorkbench()
  expect(bench.call(1, 'XamLoaderGetDvdTrayState')).toBe(4)
  expect(bench.call(1, 'HalIsExecutingPowerDownDpc')).toBe(0)
  const reply = bench.words(...Array.from({ length: 5 }, () => 0xffffffff))
  bench.call(1, 'HalSendSMCMessage', bench.cell(16), reply)
  expect([0, 12, 16].map(at => bench.memory.load32(reply + at))).toEqual([0, 0, 0xffffffff])
  bench.call(1, 'HalSendSMCMessage', bench.cell(16), 0)
  bench.call(1, 'KeFlushEntireTb')
  const idle = bench.core.shortfalls.all.map(({ id }) => bench.core.sourceName(id))
  expect(idle).toEqual(['HalSendSMCMessage', 'KeFlushEntireTb'])
})

test('the console has a name, and says of an address whether it may be read', () => {
  const bench = createWorkbench()
  const at = bench.cell(48)
  bench.call(1, 'XamGetConsoleFriendlyName', at)
  expect(String.fromCharCode(...Array.from({ length: 8 }, (_, i) => bench.memory.load16(at + i * 2)))).toBe('Xbox 360')
  expect([bench.call(1, 'MmDbgReadCheck', at), bench.call(1, 'MmDbgReadCheck', 0x10)]).toEqual([at, 0])
})
