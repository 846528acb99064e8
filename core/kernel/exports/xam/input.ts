/** Game pads. A pad that is not there answers DEVICE_NOT_CONNECTED, as titles poll all four. */
import { type Entry, hresult as hresultResult, ptr, u32, win32 as win32Result, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import type { PadView } from '../../ports.ts'
import { hresult, win32 } from '../../status.ts'
import { INPUT_CAPABILITIES, INPUT_STATE } from '../../structs.ts'

const pads = 4
const anyPad = 0xff
const gamepad = 1
/** Everything on the pad but the guide button, which is the system's. */
const titleButtons = 0xf3ff

/** The pad of a user index; undefined when nothing is connected there. */
function padOf(k: Kernel, user: number): PadView | undefined {
  const index = (user & 0xff) === anyPad ? 0 : user
  const pad = index < pads ? k.ports.input?.pad(index) : undefined
  return pad?.connected === true ? pad : undefined
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

function writeCapabilities(k: Kernel, user: number, at: number): number {
  if (padOf(k, user) === undefined) return win32.DEVICE_NOT_CONNECTED
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
    [u32('user'), u32('flags'), ptr(INPUT_CAPABILITIES, 'capabilities')],
    win32Result,
    ['input', 'poll'],
    (k, user, _flags, at) => writeCapabilities(k, user, at),
  ),
  xam(
    685,
    'XamInputGetCapabilitiesEx',
    [u32('a'), u32('user'), u32('flags'), ptr(INPUT_CAPABILITIES, 'capabilities')],
    win32Result,
    ['input', 'poll'],
    (k, _a, user, _flags, at) => writeCapabilities(k, user, at),
  ),
  xam(
    401,
    'XamInputGetState',
    [u32('user'), u32('flags'), ptr(INPUT_STATE, 'state')],
    win32Result,
    ['input', 'hot', 'poll'],
    (k, user, _flags, at) => {
      const pad = padOf(k, user)
      if (pad === undefined) return win32.DEVICE_NOT_CONNECTED
      if (at !== 0) writeState(k, at, pad)
      return win32.SUCCESS
    },
  ),
  // The motors of a pad that is a script turn nothing.
  xam(402, 'XamInputSetState', [u32('user'), u32('flags'), ptr('vibration')], win32Result, ['input'], (k, user) =>
    padOf(k, user) === undefined ? win32.DEVICE_NOT_CONNECTED : win32.SUCCESS,
  ),
  // Scripts press buttons, not keys.
  xam(
    403,
    'XamInputGetKeystroke',
    [u32('user'), u32('flags'), ptr('key')],
    win32Result,
    ['input', 'poll'],
    (k, user) => (padOf(k, user) === undefined ? win32.DEVICE_NOT_CONNECTED : win32.EMPTY),
  ),
  xam(
    408,
    'XamInputGetKeystrokeEx',
    [ptr('user'), u32('flags'), ptr('key')],
    win32Result,
    ['input', 'poll'],
    (k, userAt) => (padOf(k, k.memory.load32(userAt)) === undefined ? win32.DEVICE_NOT_CONNECTED : win32.EMPTY),
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
