/**
 * Messages to the applications of the system: the game library, the music player, the live service. Each is a number and
 * a block; a message whose answer is known is a row, any other is refused as unknown, and counted like a missing export.
 */

import { type Entry, ptr, u32, win32 as win32Result, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { setLastError } from '../../dos-errors.ts'
import { kernelState } from '../../outcome.ts'
import { conclude, hastenOverlapped } from '../../overlapped.ts'
import { hresult, win32 } from '../../status.ts'
import { titleId } from '../../title-data.ts'
import { setSetting, settingType } from '../../user.ts'
import { writeAchievements } from './achievements.ts'

const app = { music: 0xfa, game: 0xfb, live: 0xfc } as const

const musicState = kernelState('music', () => ({ controller: 0, volume: 0x3f800000 }))

/** A message: what it does with its two arguments (a block, and its length or a second address). */
type Message = (k: Kernel, first: number, second: number) => number

/** Stores values where the words of a block behind its first point. */
function answer(k: Kernel, at: number, ...values: readonly number[]): number {
  values.forEach((value, i) => {
    const target = k.memory.load32(at + 4 + i * 4)
    if (target !== 0) k.memory.store32(target, value)
  })
  return 0
}

/** Contexts and properties a title publishes are kept like settings of its profile. */
function remember(k: Kernel, id: number, value: number): number {
  setSetting(k, titleId(k), id, { type: settingType.int32, low: value, high: 0, bytes: null })
  return 0
}

/** Rows of an application: number of the message, and what answers it. */
const messages: ReadonlyMap<number, ReadonlyMap<number, Message>> = new Map([
  [
    app.music,
    new Map<number, Message>([
      // Each block begins with the client; addresses for answers follow. Nothing plays, the title may play what it likes.
      [0x70009, (k, at) => answer(k, at, 0)],
      [0x7000b, (k, at) => answer(k, at, k.state(musicState).volume)],
      [
        0x7001a,
        (k, at) => {
          k.state(musicState).controller = k.memory.load32(at + 4)
          return 0
        },
      ],
      [0x7001b, (k, at) => answer(k, at, k.state(musicState).controller, 0)],
      [0x70029, (k, at) => answer(k, at, 0, 0, 0)],
    ]),
  ],
  [
    app.game,
    new Map<number, Message>([
      // context: user, then id and value
      [0xb0006, (k, at) => remember(k, k.memory.load32(at + 0x10), k.memory.load32(at + 0x14))],
      // property: user, then id, size and pointer to the value
      [
        0xb0007,
        (k, at) => {
          const size = k.memory.load32(at + 0x14)
          const from = k.memory.load32(at + 0x18)
          const bytes = k.memory.read(from, Math.min(size, 0x400))
          setSetting(k, titleId(k), k.memory.load32(at + 0x10), { type: settingType.binary, low: 0, high: 0, bytes })
          return 0
        },
      ],
      [0xb0008, writeAchievements],
    ]),
  ],
  [
    app.live,
    new Map<number, Message>([
      // The service was never logged on to.
      [0x58003, () => hresult.NOT_CONNECTED],
      [
        0x58004,
        (k, at) => {
          k.memory.store32(at, 1)
          return 0
        },
      ],
      [
        0x58006,
        (k, at) => {
          k.memory.store32(at, 1)
          return 0
        },
      ],
      [0x58007, () => hresult.NOT_CONNECTED],
      [0x58020, () => hresult.NOT_CONNECTED],
    ]),
  ],
])

const unheard = kernelState<{ messages: Record<string, number> }>('messages', () => ({ messages: {} }))

function send(k: Kernel, to: number, message: number, first: number, second: number): number {
  const table = messages.get(to)
  if (table === undefined) {
    setLastError(k, win32.NOT_FOUND)
    return hresult.INVALID_ARGUMENT
  }
  const body = table.get(message)
  if (body !== undefined) return body(k, first, second)
  const { messages: heard } = k.state(unheard)
  const key = `${to.toString(16)}:${message.toString(16)}`
  if (heard[key] === undefined)
    k.ports.print(`[xam] nobody answers message 0x${message.toString(16)} to application 0x${to.toString(16)}`)
  heard[key] = (heard[key] ?? 0) + 1
  return hresult.FAIL
}

/** What an overlapped message ends with: an error of the component layer becomes the extended error. */
function start(k: Kernel, to: number, message: number, overlapped: number, block: number, length: number): number {
  const code = send(k, to, message, block, length) >>> 0
  return conclude(k, overlapped, {
    result: code < 0x80000000 ? win32.SUCCESS : code >>> 16 === 0x8007 ? code & 0xffff : win32.FUNCTION_FAILED,
    extended: code < 0x80000000 ? 0 : code,
  })
}

export const xamMessages: readonly Entry[] = [
  xam(
    500,
    'XMsgInProcessCall',
    [u32('app'), u32('message'), u32('first'), u32('second')],
    win32Result,
    ['user'],
    (k, to, message, first, second) => send(k, to, message, first, second),
  ),
  xam(
    502,
    'XMsgSystemProcessCall',
    [u32('app'), u32('message'), u32('block'), u32('length')],
    win32Result,
    ['user'],
    (k, to, message, block, length) => send(k, to, message, block, length),
  ),
  xam(
    503,
    'XMsgStartIORequest',
    [u32('app'), u32('message'), u32('overlapped'), u32('block'), u32('length')],
    win32Result,
    ['user'],
    (k, to, message, overlapped, block, length) => start(k, to, message, overlapped, block, length),
  ),
  xam(
    508,
    'XMsgStartIORequestEx',
    [u32('app'), u32('message'), u32('overlapped'), u32('block'), u32('length'), ptr('more')],
    win32Result,
    ['user'],
    (k, to, message, overlapped, block, length) => start(k, to, message, overlapped, block, length),
  ),
  xam(504, 'XMsgCancelIORequest', [u32('overlapped'), u32('wait')], win32Result, ['user'], (k, overlapped) => {
    hastenOverlapped(k, overlapped)
    return win32.SUCCESS
  }),
]
