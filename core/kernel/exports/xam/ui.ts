/**
 * The system's own screens, with nobody before them: each is answered as a person in no mood would, the first button or
 * a cancel, after a moment in which the system says that a screen is up. What a message box or a notification says is
 * printed.
 */
import { bool, continuation, type Entry, nothing, ptr, u32, u64, win32 as win32Result, wstr, xam } from '../../call.ts'
import { hardDisk } from '../../content.ts'
import type { Kernel } from '../../context.ts'
import { broadcast, notification } from '../../notify.ts'
import { kernelState } from '../../outcome.ts'
import { conclude, type Result } from '../../overlapped.ts'
import { requestAt } from '../../requests.ts'
import { win32 } from '../../status.ts'
import { usersPresent } from '../../user.ts'

/** How long a screen is up, in milliseconds. */
const shown = 50
const screens = kernelState('screens', () => ({ up: 0 }))

/** Puts a screen up and takes it down again: what the call that asked for it answers. */
export function show(k: Kernel, overlapped: number, result: Result): number {
  const state = k.state(screens)
  state.up += 1
  broadcast(k, notification.systemUi, 1)
  requestAt(k, k.time.now() + k.time.ticksOfMilliseconds(shown), 'screen-down', null)
  return conclude(k, overlapped, result, shown + 1)
}

function messageBox(
  k: Kernel,
  title: string | undefined,
  text: string | undefined,
  buttons: number,
  active: number,
  resultAt: number,
  overlapped: number,
): number {
  k.ports.print(`[message box] ${[title, text].filter(part => part !== undefined && part !== '').join(': ')}`)
  if (resultAt !== 0) k.memory.store32(resultAt, Math.min(active, Math.max(0, buttons - 1)))
  return show(k, overlapped, { result: win32.SUCCESS, length: 4 })
}

export const ui: readonly Entry[] = [
  continuation('screen-down', k => {
    const state = k.state(screens)
    state.up -= 1
    broadcast(k, notification.systemUi, 0)
    return 0
  }),
  xam(
    656,
    'XNotifyQueueUI',
    [u32('kind'), u32('user'), u64('priority'), wstr('text'), u64('context')],
    win32Result,
    ['user'],
    (k, _kind, _user, _priority, text) => {
      k.ports.print(`[notification] ${text ?? ''}`)
      return win32.SUCCESS
    },
  ),
  xam(748, 'XamIsUIActive', [], bool, ['user', 'poll'], k => k.state(screens).up > 0),
  xam(992, 'XamIsMessageBoxActive', [], bool, ['user', 'poll'], k => k.state(screens).up > 0),
  xam(
    714,
    'XamShowMessageBoxUI',
    [
      u32('user'),
      wstr('title'),
      wstr('text'),
      u32('buttons'),
      ptr('labels'),
      u32('active'),
      u32('flags'),
      ptr('result'),
      u32('overlapped'),
    ],
    win32Result,
    ['user'],
    (k, _user, title, text, buttons, _labels, active, _flags, resultAt, overlapped) =>
      messageBox(k, title, text, buttons, active, resultAt, overlapped),
  ),
  xam(
    732,
    'XamShowMessageBoxUIEx',
    [
      u32('user'),
      wstr('title'),
      wstr('text'),
      u32('buttons'),
      ptr('labels'),
      u32('active'),
      u32('flags'),
      u32('unused'),
      ptr('result'),
      u32('overlapped'),
    ],
    win32Result,
    ['user'],
    (k, _user, title, text, buttons, _labels, active, _flags, _unused, resultAt, overlapped) =>
      messageBox(k, title, text, buttons, active, resultAt, overlapped),
  ),
  xam(
    705,
    'XamShowKeyboardUI',
    [
      u32('user'),
      u32('flags'),
      wstr('default'),
      wstr('title'),
      wstr('description'),
      ptr('buffer'),
      u32('length'),
      u32('overlapped'),
    ],
    win32Result,
    ['user'],
    (k, _user, _flags, _default, _title, _description, _buffer, _length, overlapped) =>
      show(k, overlapped, { result: win32.CANCELLED }),
  ),
  xam(
    715,
    'XamShowDeviceSelectorUI',
    [u32('user'), u32('type'), u32('flags'), u64('bytes'), ptr('device'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, _user, _type, _flags, _bytes, deviceAt, overlapped) => {
      k.memory.store32(deviceAt, hardDisk)
      return show(k, overlapped, { result: win32.SUCCESS })
    },
  ),
  // Nobody is there to sign in or out.
  xam(700, 'XamShowSigninUI', [u32('users'), u32('flags')], win32Result, ['user'], k => {
    show(k, 0, { result: win32.SUCCESS })
    broadcast(k, notification.signInChanged, usersPresent(k))
    return win32.SUCCESS
  }),
  xam(702, 'XamShowSigninUIp', [u32('user'), u32('users'), u32('flags')], win32Result, ['user'], k => {
    show(k, 0, { result: win32.SUCCESS })
    broadcast(k, notification.signInChanged, usersPresent(k))
    return win32.SUCCESS
  }),
  xam(709, 'XamShowAchievementsUI', [u32('user'), u32('mask')], win32Result, ['user'], k =>
    show(k, 0, { result: win32.SUCCESS }),
  ),
  xam(711, 'XamShowMarketplaceUI', [u32('user'), u32('type'), u64('offer'), u32('content')], win32Result, ['user'], k =>
    show(k, 0, { result: win32.SUCCESS }),
  ),
  xam(729, 'XamShowDirtyDiscErrorUI', [u32('user')], nothing, ['user'], k =>
    k.terminateTitle({ kind: 'finished', text: 'the title reported that its disc cannot be read', exitCode: 1 }),
  ),
]
