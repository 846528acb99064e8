/**
 * Conditions that end a run. They are looked at where the machine is the same in every engine and for every slice: after
 * each kernel call, and where turns end; the run leaves there, with the state that met the condition. A cycle is met to
 * the tick: a turn runs no further than that, and an idle machine leaps no further. Nothing here is state of the machine:
 * the digest of a run that a condition ended is that of any run that stands at the same point.
 */
import { type Condition, conditionText } from '../base/condition.ts'
import { hex } from '../base/words.ts'
import type { Kernel } from '../kernel/context.ts'

/** What of an end matters here. */
interface Stop {
  readonly kind: string
  readonly met?: string
}

export interface UntilPorts {
  readonly conditions: readonly Condition[]
  readonly kernel: Pick<Kernel, 'time' | 'handles'>
  readonly instructionsPerTick: number
  /** Instructions retired. */
  instructions(): number
  /** Frames presented. */
  swaps(): number
  /** Facts that happened. */
  facts(): number
}

export interface Until {
  /** Some condition can be met by a kernel call. */
  readonly watches: boolean
  /** The first condition, as typed, that holds. */
  holding(): Condition | undefined
  /** How a run ends that a condition ends. */
  reason(condition: Condition): { readonly kind: 'until'; readonly text: string; readonly met: string }
  /** Marks an end that the title came to by itself as one that was asked for. */
  judge<S extends Stop>(stop: S): S
  /** Instructions that may run before time has to be looked at. */
  room(): number
  /** The tick no leap may pass. */
  readonly cycle: number
}

export function createUntil({ conditions, kernel, instructionsPerTick, ...ports }: UntilPorts): Until {
  const { time, handles } = kernel
  const looked = conditions.filter(({ kind }) => kind !== 'fault' && kind !== 'stuck')
  const cycle = Math.min(
    Number.POSITIVE_INFINITY,
    ...conditions.flatMap(one => (one.kind === 'cycle' ? [one.count] : [])),
  )

  function holds(condition: Condition): boolean {
    switch (condition.kind) {
      case 'swaps':
        return ports.swaps() >= condition.count
      case 'cycle':
        return time.now() >= condition.count
      case 'facts':
        return ports.facts() >= condition.count
      case 'signalled':
        return (handles.peek(condition.handle)?.counts.signals ?? 0) >= condition.count
      case 'fault':
      case 'stuck':
        return false
    }
  }

  function sentence(condition: Condition): string {
    switch (condition.kind) {
      case 'swaps':
        return `${ports.swaps()} frames have been presented`
      case 'cycle':
        return `the timebase stands at ${time.now()}`
      case 'facts':
        return `${ports.facts()} facts have happened`
      case 'signalled': {
        const object = handles.peek(condition.handle)
        return `handle ${hex(condition.handle)} (${object?.kind ?? 'nothing'}) has been signalled ${condition.count === 1 ? 'once' : `${condition.count} times`}`
      }
      case 'fault':
        return 'a guest fault'
      case 'stuck':
        return 'a hang'
    }
  }

  const holding = (): Condition | undefined => looked.find(holds)

  return {
    watches: looked.length > 0,
    cycle,
    holding,
    reason: condition => ({ kind: 'until', text: sentence(condition), met: conditionText(condition) }),
    judge(stop) {
      const asked = stop.kind === 'deadlock' ? 'stuck' : stop.kind
      const met = conditions.find(({ kind }) => kind === asked) ?? holding()
      return met === undefined || stop.met !== undefined ? stop : { ...stop, met: conditionText(met) }
    },
    room() {
      if (cycle === Number.POSITIVE_INFINITY) return cycle
      // Ticks come of whole groups of instructions: the group that is begun counts.
      const begun = ports.instructions() % instructionsPerTick
      return (cycle - time.now()) * instructionsPerTick - begun
    },
  }
}
