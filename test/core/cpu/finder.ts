import { type Finder, longestUnit } from '../../../core/cpu/compiler/find.ts'

/** A finder that knows of no functions, loops apart, stops or jumps, and takes all code to have run, but for what is said. */
export const finderIn = (memory: Finder['memory'], more: Partial<Finder> = {}): Finder => ({
  memory,
  mode: { wide: false, exact: false, fuses: true },
  whole: new Set(),
  stops: new Set(),
  longest: longestUnit,
  isFunction: () => false,
  isApart: () => false,
  seen: () => [],
  mayRun: () => true,
  ...more,
})
