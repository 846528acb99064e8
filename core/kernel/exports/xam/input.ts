/** Game pads. A pad that is not there answers DEVICE_NOT_CONNECTED, as titles poll all four. */
import { type Entry, hresult as hresultResult, ptr, u32, win32 as win32Result, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { nextKeystroke } from '../../keystrokes.ts'
import type { PadView } from '../../ports.ts'
import { hresult, win32 } from '../../status.ts'
import { INPUT_CAPABILITIES, INPUT_KEYSTROKE, INPUT_STATE } from '../../structs.ts'

const pads = 4
const anyPad = 0xff
const gamepad = 1
/** Everything on the pad but the guide button, which is the system's. */
const titleButtons = 0xf3ff

/** Whether kinds of device that are asked for, a bit a kind, have game pads among them; no bit is any kind. */
const padsAmong = (kinds: number): boolean => (kinds & 0xff) === 0 || (kinds & gamepad) !== 0

/** The pad of a user index; undefined when nothing is connected there. */
function padOf(k: Kernel, user: number, kinds = gamepad): PadView | undefined {
  const index = (user & 0xff) === anyPad ? 0 : user
  const pad = index < pads && padsAmong(kinds) ? k.ports.input?.pad(index) : undefined
  return pad?.connected === true ? pad : undefined
}

/** Tells the next key of a pad, or of the first that has one to tell; `told` learns whose it was. */
function keystroke(k: Kernel, user: number, kinds: number, at: number, told: (index: number) => void): number {
  const asked = (user & 0xff) === anyPad ? Array.from({ length: pads }, (_, i) => i) : [user]
  let code: number = win32.DEVICE_NOT_CONNECTED
  for (const index of asked) {
    const pad = padOf(k, index, kinds)
    if (pad === undefined) continue
    code = win32.EMPTY
    const next = nextKeystroke(k, index, pad)
    if (next === undefined) continue
    k.memory.fill(at, INPUT_KEYSTROKE.size, 0)
    k.memory.store16(at + INPUT_KEYSTROKE.key, next.key)
    k.memory.store16(at + INPUT_KEYSTROKE.flags, next.flags)
    k.memory.store8(at + INPUT_KEYSTROKE.user, index)
    told(index)
    return win32.SUCCESS
  }
  return code
}

function writeState(k: Kernel, at: number, pad: PadView): void {
  k.memory.store32(at + INPUT_STATE.packet, pad.packet)
  k.memory.store16(at + INPUT_STATE.buttons, pad.buttons & titleButtons)
  k.memory.store8(at + INPUT_STATE.leftTrigger, pad.lt)
  k.memory.store8(at + INPUT_STATE.rightTrigger, pad.rt)
  k.memory.store16(at + INPUT_STATE.leftX, pad.lx & 0xffff)
  k.memory.store16(at + INPUT_STATE.leftY, pad.ly & 0xffff)
  k.memory.store16(at + INPUT_STATE.rightX, pad.rx & 0xffff)
  k.memory.store16(at + INPUT_STATE.rightY, pad.ry & 0xffff)
}

function writeCapabilities(k: Kernel, user: number, kinds: number, at: number): number {
  if (padOf(k, user, kinds) === undefined) return win32.DEVICE_NOT_CONNECTED
  const caps = INPUT_CAPABILITIES
  k.memory.fill(at, caps.size, 0)
  k.memory.store8(at + caps.type, gamepad)
  k.memory.store8(at + caps.subType, gamepad)
  k.memory.store16(at + caps.buttons, titleButtons)
  k.memory.store16(at + caps.leftTrigger, 0xffff)
  k.memory.fill(at + caps.leftX, 8, 0xff)
  k.memory.store32(at + caps.leftMotor, 0xffffffff)
  return win32.SUCCESS
}

export const input: readonly Entry[] = [
  xam(
    400,
    'XamInputGetCapabilities',
    [u32('user'), u32('kinds'), ptr(INPUT_CAPABILITIES, 'capabilities')],
    win32Result,
    ['input', 'poll'],
    (k, user, kinds, at) => writeCapabilities(k, user, kinds, at),
  ),
  xam(
    685,
    'XamInputGetCapabilitiesEx',
    [u32('a'), u32('user'), u32('kinds'), ptr(INPUT_CAPABILITIES, 'capabilities')],
    win32Result,
    ['input', 'poll'],
    (k, _a, user, kinds, at) => writeCapabilities(k, user, kinds, at),
  ),
  xam(
    401,
    'XamInputGetState',
    [u32('user'), u32('kinds'), ptr(INPUT_STATE, 'state')],
    win32Result,
    ['input', 'hot', 'poll'],
    (k, user, kinds, at) => {
      const pad = padOf(k, user, kinds)
      if (pad === undefined) return win32.DEVICE_NOT_CONNECTED
      if (at !== 0) writeState(k, at, pad)
      return win32.SUCCESS
    },
  ),
  // The motors of a pad that is a script turn nothing.
  xam(402, 'XamInputSetState', [u32('user'), u32('flags'), ptr('vibration')], win32Result, ['input'], (k, user) =>
    padOf(k, user) === undefined ? win32.DEVICE_NOT_CONNECTED : win32.SUCCESS,
  ),
  xam(
    403,
    'XamInputGetKeystroke',
    [u32('user'), u32('kinds'), ptr(INPUT_KEYSTROKE, 'key')],
    win32Result,
    ['input', 'poll'],
    (k, user, kinds, at) => keystroke(k, user, kinds, at, () => {}),
  ),
  xam(
    408,
    'XamInputGetKeystrokeEx',
    [ptr('user'), u32('kinds'), ptr(INPUT_KEYSTROKE, 'key')],
    win32Result,
    ['input', 'poll'],
    (k, userAt, kinds, at) =>
      keystroke(k, k.memory.load32(userAt), kinds, at, index => k.memory.store32(userAt, index)),
  ),
  xam(
    520,
    'XamUserGetDeviceContext',
    [u32('user'), u32('a'), ptr('context')],
    hresultResult,
    ['input', 'poll'],
    (k, user, _a, out) => {
      const connected = padOf(k, user) !== undefined
      k.memory.store32(out, connected ? user & 0xff : 0)
      return connected ? 0 : hresult.DEVICE_NOT_CONNECTED
    },
  ),
]
