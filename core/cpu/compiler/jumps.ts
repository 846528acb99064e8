/**
 * Where jumps through registers lead, as far as has been seen: the cases of a switch, mostly. A unit holds all targets that
 * its jumps are known to have, so each new one is a reason to compile it anew; where they are more than a unit holds, the
 * jump is scattered, and each target is a unit of its own (batch.ts).
 */

/** Targets of one jump; and how many words it may go where it is not known which function it is in. */
const widestJump = 1_024

export interface Jumps {
  /** A jump has led to an address; whether that was not known and may be in its unit. */
  saw(from: number, to: number): boolean
  /** The jump by which an address that is no unit was last found, once; not where its targets are units themselves. */
  take(to: number): number | undefined
  scatter(jumps: readonly number[]): void
  /** Targets that are known. */
  count(): number
  /** The targets that units hold. */
  all(): (readonly [from: number, to: number])[]
  clear(): void
}

/** `functions` has the lengths of functions by their starts; `isFunction` knows of others too. */
export function createJumps(
  isFunction: (address: number) => boolean,
  listed: (pc: number) => number | undefined,
): Jumps {
  const targets = new Map<number, number[]>()
  const sources = new Map<number, number>()
  const scattered = new Set<number>()
  let count = 0

  /** Whether a jump stays in its function, as far as functions are listed; else whether it does not go far. */
  function staysInside(from: number, to: number): boolean {
    if (isFunction(to)) return false
    const own = listed(from)
    return own === undefined ? Math.abs(to - from) < 4 * widestJump : own === listed(to)
  }

  return {
    saw(from, to) {
      const list = targets.get(from) ?? []
      if (from === 0 || list.includes(to) || list.length >= widestJump || !staysInside(from, to)) return false
      targets.set(from, [...list, to])
      count += 1
      sources.set(to, from)
      return true
    },
    take(to) {
      const from = sources.get(to)
      sources.delete(to)
      return from === undefined || scattered.has(from) ? undefined : from
    },
    scatter(jumps) {
      for (const jump of jumps) scattered.add(jump)
    },
    count: () => count,
    all: () => [...targets].flatMap(([from, list]) => (scattered.has(from) ? [] : list.map(to => [from, to] as const))),
    clear() {
      targets.clear()
      sources.clear()
      scattered.clear()
      count = 0
    },
  }
}

/** Tells the start of the listed function that an address lies in. */
export function listedFunctions(lengths: ReadonlyMap<number, number>): (pc: number) => number | undefined {
  const starts = Uint32Array.from(lengths.keys()).sort()
  return pc => {
    let from = 0
    for (let to = starts.length; from < to; ) {
      const middle = (from + to) >>> 1
      if ((starts[middle] ?? 0) <= pc) from = middle + 1
      else to = middle
    }
    const start = starts[from - 1]
    return start !== undefined && pc - start < (lengths.get(start) ?? 0) ? start : undefined
  }
}
