/**
 * Game pads that follow a script: what a pad shows at a guest time is a function of the script and that time, so a run
 * with a script is as repeatable as one without. Without a script pad 0 is connected and nobody touches it.
 *
 * A script is lines of `TIME PAD ACTION`; `#` begins a comment. TIME is `1.5s`, `250ms`, `90f` (frames of a sixtieth) or
 * `1200t` (ticks); with a leading `+` it counts from the line before. PAD is 0 to 3. ACTION is one of
 *
 *     press BUTTON [DURATION]     held for the duration, or until released
 *     release BUTTON
 *     lx|ly|rx|ry VALUE           -32768 to 32767
 *     lt|rt VALUE                 0 to 255
 *     connect | disconnect
 */

import { sha256 } from '../base/digest.ts'
import { fail } from '../base/failure.ts'

export const buttons = {
  up: 0x0001,
  down: 0x0002,
  left: 0x0004,
  right: 0x0008,
  start: 0x0010,
  back: 0x0020,
  ls: 0x0040,
  rs: 0x0080,
  lb: 0x0100,
  rb: 0x0200,
  guide: 0x0400,
  a: 0x1000,
  b: 0x2000,
  x: 0x4000,
  y: 0x8000,
} as const

const axes = { lx: [-32768, 32767], ly: [-32768, 32767], rx: [-32768, 32767], ry: [-32768, 32767] } as const
const triggers = { lt: [0, 255], rt: [0, 255] } as const
type Axis = keyof typeof axes | keyof typeof triggers

export interface PadState extends Readonly<Record<Axis, number>> {
  readonly connected: boolean
  /** Changes exactly when the state does. */
  readonly packet: number
  readonly buttons: number
}

export interface Pads {
  /** Names the script in the run's identity. */
  readonly identity: string
  /** What a pad shows at a tick. */
  at(pad: number, tick: number): PadState
}

const padCount = 4

interface Event {
  readonly tick: number
  readonly pad: number
  readonly change: Partial<Record<Axis, number>> & { press?: number; release?: number; connected?: boolean }
}

function ticksOf(text: string, timebaseHz: number, place: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|f|t)$/.exec(text)
  if (match === null) throw fail('OPTION_INVALID', place, `\`${text}\` is no time; write 1.5s, 250ms, 90f or 1200t`)
  const units = { s: timebaseHz, ms: timebaseHz / 1000, f: timebaseHz / 60, t: 1 } as const
  return Math.floor(Number(match[1]) * units[match[2] as keyof typeof units])
}

function parse(script: string, timebaseHz: number, file: string): Event[] {
  const events: Event[] = []
  let last = 0
  script.split(/\r?\n/).forEach((line, i) => {
    const words = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/)
    const [when = '', pad = '', action = '', value = '', extra = '', ...more] = words
    if (when === '') return
    const place = `${file} line ${i + 1}`
    const refuse = (what: string): never => {
      throw fail('OPTION_INVALID', place, what)
    }
    const tick = when.startsWith('+')
      ? last + ticksOf(when.slice(1), timebaseHz, place)
      : ticksOf(when, timebaseHz, place)
    if (tick < last) refuse('comes before the line above it')
    last = tick
    const number = /^[0-3]$/.test(pad) ? Number(pad) : refuse(`\`${pad}\` is no pad; pads are 0 to 3`)
    if (more.length > 0) refuse('says more than one action')
    const add = (at: number, change: Event['change']): void => {
      events.push({ tick: at, pad: number, change })
    }
    if (action === 'connect' || action === 'disconnect') add(tick, { connected: action === 'connect' })
    else if (action === 'press' || action === 'release') {
      if (!Object.hasOwn(buttons, value))
        refuse(`\`${value}\` is no button; they are ${Object.keys(buttons).join(', ')}`)
      const bit = buttons[value as keyof typeof buttons]
      add(tick, action === 'press' ? { press: bit } : { release: bit })
      if (extra !== '' && action === 'press') add(tick + ticksOf(extra, timebaseHz, place), { release: bit })
    } else if (Object.hasOwn(axes, action) || Object.hasOwn(triggers, action)) {
      const [low, high] = { ...axes, ...triggers }[action as Axis]
      const amount = Number(value)
      if (value === '' || !Number.isInteger(amount) || amount < low || amount > high)
        refuse(`\`${value}\` is not a whole number from ${low} to ${high}`)
      add(tick, { [action]: amount })
    } else refuse(`\`${action}\` is no action`)
  })
  return events
    .map((event, order) => ({ event, order }))
    .sort((a, b) => a.event.tick - b.event.tick || a.order - b.order)
    .map(({ event }) => event)
}

const atRest = { packet: 0, buttons: 0, lt: 0, rt: 0, lx: 0, ly: 0, rx: 0, ry: 0 } as const

/** The pads of a script; `file` names it in failures. */
export function createPads(script: string, timebaseHz: number, file = 'input script'): Pads {
  const events = parse(script, timebaseHz, file)
  /** Per pad, each tick at which it changed and what it showed from then on. */
  const histories: { tick: number; state: PadState }[][] = []
  for (let pad = 0; pad < padCount; pad += 1) {
    let state: PadState = { ...atRest, connected: pad === 0 }
    const history = [{ tick: 0, state }]
    for (const { tick, change } of events.filter(event => event.pad === pad)) {
      const { press = 0, release = 0, ...rest } = change
      const next = { ...state, ...rest, buttons: (state.buttons | press) & ~release }
      if (Object.entries(next).every(([key, value]) => state[key as keyof PadState] === value)) continue
      state = { ...next, packet: state.packet + 1 }
      history.push({ tick, state })
    }
    histories.push(history)
  }
  return {
    identity: sha256(script),
    at(pad, tick) {
      const history = histories[pad] ?? []
      let low = 0
      let high = history.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((history[middle]?.tick ?? 0) <= tick) low = middle + 1
        else high = middle
      }
      return history[low - 1]?.state ?? { ...atRest, connected: false }
    },
  }
}
