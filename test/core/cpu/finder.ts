import { type Finder, longestUnit } from '../../../core/cpu/compiler/find.ts'
import { usualMode } from '../../kit/translation.ts'

/** A finder that knows of no functions, loops apart, stops or jumps, and takes all code to have run, but for what is said. */
export const finderIn = (memory: Finder['memory'], more: Partial<Finder> = {}): Finder => ({
  memory,
  mode: usualMode,
  whole: new Set(),
  stops: new Set(),
  longest: longestUnit,
  isFunction: () => false,
  isApart: () => false,
  seen: () => [],
  mayRun: () => true,
  ...more,
})
