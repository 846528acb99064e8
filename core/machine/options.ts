import type { Condition } from '../base/condition.ts'
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import type { FpscrMode } from '../cpu/run.ts'

/** What a machine is made with besides the title: plain data, and part of a run's identity. */
export interface MachineOptions {
  /** Ticks of the timebase a second. */
  readonly timebase: number
  /** Instructions that make a tick. */
  readonly instructionsPerTick: number
  /** Instructions of a hardware thread's turn. */
  readonly turn: number
  /** The handle table starts above this value. */
  readonly handleBase: number
  /** Milliseconds of guest time without progress that count as stuck; 0 for never. */
  readonly stuckAfter: number
  /** Stop after exactly this many instructions; undefined for no limit. */
  readonly limit: number | undefined
  /** Stop where the first of these is met. */
  readonly until: readonly Condition[]
  /** The guest's date at tick 0: 100 ns units since 1601. */
  readonly systemTime: bigint
  /** Frames of a walked back chain. */
  readonly frames: number
  /** Bytes a second of a file transfer. */
  readonly ioRate: number
  /** How much of the floating-point status is kept. */
  readonly fpscr: FpscrMode
}

/**
 * All options, with what is not given; a machine that could not work is refused. A reservation dies at the end of a turn,
 * so that no store has to look at it: a turn cut off between load and conditional store fails once, and the rest of the
 * next must hold the whole loop, or the loop never ends.
 */
export function machineOptions(given: Partial<MachineOptions> = {}): MachineOptions {
  const options = { ...defaultMachineOptions, ...given }
  const least = limits.leastTurn.value
  if (!Number.isInteger(options.turn) || options.turn < least)
    throw fail(
      'OPTION_INVALID',
      'turn',
      `${options.turn} instructions are too few for a lock to be taken; ${least} or more`,
    )
  return options
}

export const defaultMachineOptions: MachineOptions = {
  timebase: 50_000_000,
  instructionsPerTick: 64,
  turn: 10_000,
  handleBase: 0x1000,
  stuckAfter: 30_000,
  limit: undefined,
  until: [],
  // 2026-01-01T00:00:00Z: any date would do, as long as every run has the same.
  systemTime: 134_116_992_000_000_000n,
  frames: 6,
  // As fast as a disc drive: a title that loads slowly on the console does so here.
  ioRate: 16_000_000,
  fpscr: 'fast',
}
