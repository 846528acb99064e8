/**
 * How long a slice is: as many instructions as take about half of the longest a slice may take, measured as it goes, so
 * that a sudden slow stretch still stays below the bound. The length changes nothing in the machine.
 */
import { limits } from '../base/limits.ts'

export interface Pace {
  /** Instructions of the next slice. */
  readonly slice: number
  /** Told how long the last one took. */
  took(milliseconds: number): void
}

const least = 1_000
const most = 50_000_000
const first = 100_000
const aim = limits.sliceMilliseconds.value / 2
/** A slice grows at most so much at once: one that skipped idle time says little of the next. */
const growth = 2

export function createPace(): Pace {
  let slice = first
  return {
    get slice() {
      return slice
    },
    took(milliseconds) {
      const wanted = milliseconds <= 0 ? slice * growth : (slice * aim) / milliseconds
      slice = Math.round(Math.min(most, Math.max(least, Math.min(slice * growth, wanted))))
    },
  }
}
