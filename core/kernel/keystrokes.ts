/**
 * What is pressed on a pad, told as keys: one at a time, each when it goes down, again and again while it stays down, and
 * when it goes up. A title that asks seldom hears late, and of what was pressed and released between nothing: the pad is
 * looked at when the title asks.
 */
import { buttons as bits } from '../base/buttons.ts'
import type { Kernel } from './context.ts'
import { kernelState } from './outcome.ts'
import type { PadView } from './ports.ts'

export interface Keystroke {
  readonly key: number
  readonly flags: number
}

const stroke = { down: 1, up: 2, repeat: 4 } as const
/** How far something must be moved to be pressed, and how a key repeats in milliseconds: as emulators have it. */
const reach = { trigger: 0x1f, stick: 0x4e00 } as const
const repeats = { first: 400, next: 100 } as const

const buttonKeys: readonly (readonly [key: number, bit: number])[] = [
  [0x5800, bits.a],
  [0x5801, bits.b],
  [0x5802, bits.x],
  [0x5803, bits.y],
  [0x5804, bits.rb],
  [0x5805, bits.lb],
  [0x5810, bits.up],
  [0x5811, bits.down],
  [0x5812, bits.left],
  [0x5813, bits.right],
  [0x5814, bits.start],
  [0x5815, bits.back],
  [0x5816, bits.ls],
  [0x5817, bits.rs],
]
const triggerKeys = { left: 0x5806, right: 0x5807 } as const
/** Eight keys from the first on: by where a stick points, left to right in a row, the upper row first. */
const stickKeys = { left: 0x5820, right: 0x5830 } as const
const directions = [4, 0, 5, 3, undefined, 2, 7, 1, 6] as const

const third = (value: number): number => (value >= reach.stick ? 2 : value <= -reach.stick ? 0 : 1)

function stickKey(first: number, x: number, y: number): number[] {
  const direction = directions[(2 - third(y)) * 3 + third(x)]
  return direction === undefined ? [] : [first + direction]
}

/** The keys that are down. */
const pressed = ({ buttons, lt, rt, lx, ly, rx, ry }: PadView): number[] => [
  ...buttonKeys.flatMap(([key, bit]) => (buttons & bit ? [key] : [])),
  ...(lt >= reach.trigger ? [triggerKeys.left] : []),
  ...(rt >= reach.trigger ? [triggerKeys.right] : []),
  ...stickKey(stickKeys.left, lx, ly),
  ...stickKey(stickKeys.right, rx, ry),
]

interface Told {
  /** Keys that the title was told are down. */
  down: number[]
  /** The one that repeats, 0 for none, and when. */
  repeating: number
  next: number
}
const told = kernelState<{ pads: Record<number, Told> }>('keystrokes', () => ({ pads: {} }))

/** What there is to be told next of a pad; undefined when nothing happened. */
export function nextKeystroke(k: Kernel, index: number, pad: PadView): Keystroke | undefined {
  const { pads } = k.state(told)
  pads[index] ??= { down: [], repeating: 0, next: 0 }
  const known = pads[index]
  const now = k.time.now()
  const keys = pressed(pad)
  const released = known.down.find(key => !keys.includes(key))
  if (released !== undefined) {
    known.down = known.down.filter(key => key !== released)
    if (known.repeating === released) known.repeating = 0
    return { key: released, flags: stroke.up }
  }
  const key = keys.find(each => !known.down.includes(each))
  if (key !== undefined) {
    known.down = [...known.down, key]
    known.repeating = key
    known.next = now + k.time.ticksOfMilliseconds(repeats.first)
    return { key, flags: stroke.down }
  }
  if (known.repeating === 0 || now < known.next) return undefined
  known.next = now + k.time.ticksOfMilliseconds(repeats.next)
  return { key: known.repeating, flags: stroke.down | stroke.repeat }
}
