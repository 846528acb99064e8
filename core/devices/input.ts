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
 *
 * A line that says anything else is refused, with its number.
 */

import { buttons } from '../base/buttons.ts'
import { sha256 } from '../base/digest.ts'
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'

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

const actions = ['press', 'release', ...Object.keys({ ...axes, ...triggers }), 'connect', 'disconnect']
const isAction = (word: string): boolean => actions.includes(word)

/** A word of the script, which may be anything, as it can be shown on a line. */
const quoted = (text: string): string =>
  text === '' ? 'nothing' : `\`${text.replace(/[^\x21-\x7e]/g, '?').slice(0, 40)}\``

interface Event {
  readonly tick: number
  readonly pad: number
  readonly change: Partial<Record<Axis, number>> & { press?: number; release?: number; connected?: boolean }
}

function ticksOf(text: string, timebaseHz: number, refuse: (what: string) => never): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|f|t)$/.exec(text)
  if (match === null) return refuse(`${quoted(text)} is no time; write 1.5s, 250ms, 90f or 1200t`)
  const units = { s: timebaseHz, ms: timebaseHz / 1000, f: timebaseHz / 60, t: 1 } as const
  const ticks = Math.floor(Number(match[1]) * units[match[2] as keyof typeof units])
  return ticks <= limits.guestTicks.value ? ticks : refuse(`${quoted(text)} lies beyond the end of guest time`)
}

/** How many words an action takes behind its name. */
const mostWords = (action: string): number =>
  action === 'press' ? 2 : action === 'connect' || action === 'disconnect' ? 0 : 1

function parse(script: string, timebaseHz: number, file: string): Event[] {
  const events: Event[] = []
  let last = 0
  script.split(/\r?\n/).forEach((line, i) => {
    const words = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/)
    const [when = '', pad = '', action = '', ...values] = words
    const [value = '', duration] = values
    if (when === '') return
    const refuse = (what: string): never => {
      throw fail('INPUT_SCRIPT', `${file} line ${i + 1}`, what)
    }
    const time = (text: string): number => ticksOf(text, timebaseHz, refuse)
    const tick = when.startsWith('+') ? last + time(when.slice(1)) : time(when)
    if (tick < last) refuse('comes before the line above it')
    last = tick
    const number = /^[0-3]$/.test(pad) ? Number(pad) : refuse(`${quoted(pad)} is no pad; pads are 0 to 3`)
    if (!isAction(action)) refuse(`${quoted(action)} is no action; they are ${actions.join(', ')}`)
    if (values.length > mostWords(action)) refuse(`says more than \`${action}\` takes`)
    const add = (at: number, change: Event['change']): void => {
      events.push({ tick: at, pad: number, change })
    }
    if (action === 'connect' || action === 'disconnect') add(tick, { connected: action === 'connect' })
    else if (action === 'press' || action === 'release') {
      if (!Object.hasOwn(buttons, value))
        refuse(`${quoted(value)} is no button; they are ${Object.keys(buttons).join(', ')}`)
      const bit = buttons[value as keyof typeof buttons]
      add(tick, action === 'press' ? { press: bit } : { release: bit })
      if (duration !== undefined) add(tick + time(duration), { release: bit })
    } else {
      const [low, high] = { ...axes, ...triggers }[action as Axis]
      const amount = /^-?\d{1,6}$/.test(value) ? Number(value) : Number.NaN
      if (!(amount >= low && amount <= high)) refuse(`${quoted(value)} is not a whole number from ${low} to ${high}`)
      add(tick, { [action]: amount })
    }
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
