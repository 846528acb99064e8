/**
 * What is hot and waits to be compiled, and when it is worth a request.
 *
 * Each request is a pause. So many hot addresses are compiled together; fewer wait until they have run so often again as
 * makes some of them hot, but neither less nor more than so many instructions: what runs often is soon compiled, what hardly
 * runs any more waits for others.
 */

/** Addresses that are enough; runs of fewer, in times of what makes one hot; and instructions that pass, for those. */
const batchSize = 120
const batchRuns = 2
const shortestWait = 1_000_000
const longestWait = 100_000_000

export interface WaitingSpec {
  /** Instructions run so far. */
  now(): number
  /** How often an address that waits has run since it was hot. */
  since(pc: number): number
  isCompiled(pc: number): boolean
  /** Times an address runs before it is hot. */
  readonly threshold: number
}

export interface Waiting {
  /** A unit is to begin at an address; `again` where one does already. */
  add(pc: number, again?: boolean): void
  /** An address will be inside a unit that waits. */
  join(pc: number): void
  /** Something waits of which nobody counts how often it runs. */
  hurry(): void
  /** Whether a unit is to begin at an address. */
  has(pc: number): boolean
  /** No longer waits for new units that `isNeedless` holds of; which they were. */
  drop(isNeedless: (pc: number) => boolean): number[]
  /** Whether a request is due: nothing waits behind it. */
  isDue(): boolean
  /** All that waits: where units are to begin, and with those the addresses that will be inside. */
  take(): { readonly entries: readonly number[]; readonly asked: readonly number[] }
  clear(): void
}

export function createWaiting({ now, since, isCompiled, threshold }: WaitingSpec): Waiting {
  /** Where units are to begin, and whether though one does already. */
  const queue = new Map<number, boolean>()
  const joining = new Set<number>()
  let queuedAt = 0
  let lookedAt = 0
  let uncounted = false

  function clear(): void {
    queue.clear()
    joining.clear()
    uncounted = false
  }

  return {
    add(pc, again = false) {
      if (queue.size === 0) queuedAt = now()
      queue.set(pc, again || queue.get(pc) === true)
    },
    join: pc => joining.add(pc),
    hurry() {
      uncounted = true
    },
    has: pc => queue.has(pc),
    drop(isNeedless) {
      const dropped: number[] = []
      for (const [pc, again] of queue) if (!again && isNeedless(pc)) dropped.push(pc)
      for (const pc of dropped) queue.delete(pc)
      return dropped
    },
    isDue() {
      if (queue.size === 0 || queue.size >= batchSize) return queue.size > 0
      if (now() - Math.max(queuedAt, lookedAt) < shortestWait) return false
      lookedAt = now()
      if (uncounted || now() - queuedAt >= longestWait) return true
      let runs = 0
      for (const pc of queue.keys()) runs += since(pc)
      for (const pc of joining) runs += since(pc)
      return runs >= batchRuns * threshold
    },
    take() {
      const entries: number[] = []
      for (const [pc, again] of queue) if (again || !isCompiled(pc)) entries.push(pc)
      const asked = joining.size === 0 ? entries : [...entries, ...joining]
      clear()
      return { entries, asked }
    },
    clear,
  }
}
