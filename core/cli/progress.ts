/** What is said while it runs: one line redrawn on a terminal, a plain line now and then where nobody looks at once. */
import type { Clock } from '../host/clock.ts'
import type { Host } from '../host/process.ts'
import { amount, seconds } from './text.ts'

export interface Progress {
  /** Between slices: says something when it is time. */
  update(instructions: number, guestSeconds: number): void
  /** Takes the line away before something else is printed. */
  clear(): void
}

const quietMilliseconds = 1_000
const redrawMilliseconds = 200
const plainMilliseconds = 10_000

export function createProgress(host: Host, clock: Clock, quiet: boolean): Progress {
  const start = clock.now()
  let next = start + (host.terminal ? quietMilliseconds : plainMilliseconds)
  let last = { at: start, instructions: 0 }
  let drawn = false

  return {
    update(instructions, guestSeconds) {
      const now = clock.now()
      if (quiet || now < next) return
      next = now + (host.terminal ? redrawMilliseconds : plainMilliseconds)
      const speed = (instructions - last.instructions) / Math.max(now - last.at, 1) / 1_000
      last = { at: now, instructions }
      const rate = speed.toFixed(speed < 10 ? 1 : 0)
      const line = `${amount(instructions)} instructions, ${seconds(guestSeconds)} of guest time, ${rate} M/s`
      if (host.terminal) host.note(`\r\u001b[K${line.slice(0, host.columns - 1)}`)
      else host.note(`${line}\n`)
      drawn = host.terminal
    },
    clear() {
      if (drawn) host.note('\r\u001b[K')
      drawn = false
    },
  }
}
