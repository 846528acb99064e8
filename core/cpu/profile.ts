/**
 * Where the instructions of a run go, and what the compiler does about it.
 *
 * Every so many retired instructions, counted over the whole machine, the pc is looked at: the runs of the processor are
 * cut there, which changes nothing, since a run may be cut anywhere. So the samples are the same in every engine, at any
 * slices and on any host; only the times are the host's, taken from the clock that is handed in. What costs time with a
 * profile and costs none without: a cut now and then, and a call out of each way out of compiled code.
 */

/** Instructions from one sample to the next; a prime, so that no turn and no loop keeps step with it. */
export const samplePeriod = 49_999

/** Why execution left compiled code for the interpreter. */
export const exitCauses = {
  budget: 'the turn or slice is over',
  kernel: 'a call of the kernel that went on elsewhere',
  instruction: 'an instruction that only the interpreter does',
  access: 'a device, a page of code, a fault or a trap',
  rare: 'a result of floating point that is not ordinary',
  cold: 'code that is not compiled, or not yet',
  return: 'a return to a caller that was interpreted, or to somewhere else',
} as const
export type ExitCause = keyof typeof exitCauses
export const causeNames = Object.keys(exitCauses) as ExitCause[]

export interface ProfileSpec {
  /** Milliseconds of the host. */
  now(): number
  /** Where the function begins that an address is in. */
  functionOf(pc: number): number
}

export interface FunctionProfile {
  readonly address: number
  /** Of `samplePeriod` instructions each. */
  readonly samples: number
  /** Compiled where a unit begins in it, or where the last sample stood inside a unit. */
  readonly tier: 'interpreted' | 'compiled' | 'dropped'
  /** Units compiled in it, those compiled again included. */
  readonly units: number
  readonly compileMilliseconds: number
  /** Ways out of compiled code that went on in this function. */
  readonly exits: Readonly<Record<ExitCause, number>>
}

export interface ProfileReport {
  readonly samplePeriod: number
  readonly samples: number
  /** The hottest first. */
  readonly functions: readonly FunctionProfile[]
  readonly exits: Readonly<Record<ExitCause, number>>
  /** From guest code to bytes, and from bytes to an instance. */
  readonly compile: {
    readonly units: number
    readonly instructions: number
    readonly bytes: number
    readonly translateMilliseconds: number
    readonly instantiateMilliseconds: number
  }
  /** Host time for which the running thread stood still to compile. */
  readonly stall: { readonly milliseconds: number; readonly longestMilliseconds: number; readonly times: number }
}

/** What the processor and the compiler tell. */
export interface Profile {
  now(): number
  /** Instructions until the next sample is due. */
  due(retired: number): number
  /** A run has ended here; it is a sample if one is due. `isCompiled` tells whether a unit holds an address. */
  ended(retired: number, pc: number, isCompiled: (pc: number) => boolean): void
  left(pc: number, cause: ExitCause): void
  unit(entry: number, milliseconds: number): void
  dropped(entry: number): void
  module(done: { instructions: number; bytes: number; translate: number; instantiate: number }): void
  stalled(milliseconds: number): void
  report(): ProfileReport
}

interface Entry {
  samples: number
  /** The last sample stood inside a unit, which may begin in another function. */
  inside: boolean
  units: number
  live: number
  milliseconds: number
  exits: Record<ExitCause, number>
}
const noExits = () => Object.fromEntries(causeNames.map(name => [name, 0])) as Record<ExitCause, number>

export function createProfile({ now, functionOf }: ProfileSpec): Profile {
  const functions = new Map<number, Entry>()
  const exits = noExits()
  const compile = { units: 0, instructions: 0, bytes: 0, translateMilliseconds: 0, instantiateMilliseconds: 0 }
  const stall = { milliseconds: 0, longestMilliseconds: 0, times: 0 }
  let samples = 0
  let sampledAt = 0

  function entryOf(pc: number): Entry {
    const address = functionOf(pc)
    let entry = functions.get(address)
    if (entry === undefined) {
      entry = { samples: 0, inside: false, units: 0, live: 0, milliseconds: 0, exits: noExits() }
      functions.set(address, entry)
    }
    return entry
  }

  return {
    now,
    due: retired => samplePeriod - (retired % samplePeriod),
    ended(retired, pc, isCompiled) {
      if (retired % samplePeriod !== 0 || retired === sampledAt) return
      sampledAt = retired
      samples += 1
      const entry = entryOf(pc)
      entry.samples += 1
      entry.inside = isCompiled(pc)
    },
    left(pc, cause) {
      exits[cause] += 1
      entryOf(pc).exits[cause] += 1
    },
    unit(at, milliseconds) {
      const entry = entryOf(at)
      entry.units += 1
      entry.live += 1
      entry.milliseconds += milliseconds
      compile.units += 1
    },
    dropped(at) {
      entryOf(at).live -= 1
    },
    module({ instructions, bytes, translate, instantiate }) {
      compile.instructions += instructions
      compile.bytes += bytes
      compile.translateMilliseconds += translate
      compile.instantiateMilliseconds += instantiate
    },
    stalled(milliseconds) {
      stall.milliseconds += milliseconds
      stall.longestMilliseconds = Math.max(stall.longestMilliseconds, milliseconds)
      stall.times += 1
    },
    report: () => ({
      samplePeriod,
      samples,
      exits: { ...exits },
      compile: { ...compile },
      stall: { ...stall },
      functions: [...functions]
        .map(
          ([address, entry]): FunctionProfile => ({
            address,
            samples: entry.samples,
            tier: entry.live > 0 || entry.inside ? 'compiled' : entry.units > 0 ? 'dropped' : 'interpreted',
            units: entry.units,
            compileMilliseconds: entry.milliseconds,
            exits: entry.exits,
          }),
        )
        .sort((a, b) => b.samples - a.samples || exitsOf(b) - exitsOf(a) || a.address - b.address),
    }),
  }
}

const exitsOf = ({ exits }: FunctionProfile): number => causeNames.reduce((sum, name) => sum + exits[name], 0)
