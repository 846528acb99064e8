/**
 * What events, semaphores and mutants mean, written a second time and otherwise: no wait lists, no hand-offs, only one
 * list of who waits since when, looked through from the start after every change. It is slow and knows nothing of
 * handles, memory or facts; the kernel has to agree with it.
 */
export type Kind = 'auto' | 'manual' | 'semaphore' | 'mutant'

export interface Thing {
  readonly kind: Kind
  state: number
  limit: number
  /** -1 for nobody. */
  owner: number
  abandoned: boolean
  /** When its owner took it: what counts in which order a thread that ends gives things up. */
  taken: number
}

interface Waiting {
  readonly who: number
  readonly all: boolean
  readonly things: readonly number[]
  readonly until: number
}

export interface Woken {
  readonly who: number
  readonly status: number
}

const timedOut = 0x102

export interface Model {
  readonly things: Thing[]
  /** Who cannot act: waiting, suspended or gone. */
  busy(who: number): boolean
  waits(who: number): boolean
  gone(who: number): boolean
  set(thing: number): number
  reset(thing: number): number
  pulse(thing: number): number
  release(thing: number, count: number): number | 'over'
  unlock(who: number, thing: number): number | 'not-owned'
  wait(who: number, all: boolean, things: readonly number[], ticks: number): number | 'parked'
  suspend(who: number): number
  resume(who: number): number
  exit(who: number): void
  /** Ends the waits whose time is up. */
  expire(): void
  /** Wakes since last asked, in order. */
  woken(): Woken[]
}

/** @param now the tick it is, which the model's user keeps: calls take time too. */
export function createModel(things: Thing[], now: () => number): Model {
  let line: Waiting[] = []
  let woken: Woken[] = []
  let takings = 0
  const held = new Map<number, Waiting>()
  const depth = new Map<number, number>()
  const gone = new Set<number>()

  const at = (index: number): Thing => things[index] as Thing
  const open = (index: number, who: number): boolean => at(index).state > 0 || at(index).owner === who

  /** The status of the wait if it can end now; nothing is taken. */
  function answer({ who, all, things: wanted }: Waiting): number | undefined {
    if (all) return wanted.every(index => open(index, who)) ? 0 : undefined
    const place = wanted.findIndex(index => open(index, who))
    return place < 0 ? undefined : place
  }

  function take(waiting: Waiting, place: number): number {
    const { who, all, things: wanted } = waiting
    let warned = false
    for (const index of all ? wanted : [wanted[place] as number]) {
      const thing = at(index)
      if (thing.kind === 'auto') thing.state = 0
      else if (thing.kind === 'semaphore') thing.state -= 1
      else if (thing.kind === 'mutant') {
        if (thing.owner !== who) {
          takings += 1
          thing.taken = takings
        }
        thing.state -= 1
        thing.owner = who
        warned ||= thing.abandoned
        thing.abandoned = false
      }
    }
    return (all ? 0 : place) + (warned ? 0x80 : 0)
  }

  /** Lets everybody go who can, longest waiting first, but only by way of the thing that changed. */
  function sweep(changed: number): void {
    for (const waiting of line.slice()) {
      const { who, all, things: wanted } = waiting
      if (!wanted.includes(changed) || !open(changed, who)) continue
      if (all && answer(waiting) === undefined) continue
      line = line.filter(other => other !== waiting)
      woken.push({ who, status: take(waiting, all ? 0 : wanted.indexOf(changed)) })
    }
  }

  function resumed(waiting: Waiting): void {
    const place = answer(waiting)
    if (place !== undefined) woken.push({ who: waiting.who, status: take(waiting, place) })
    else if (waiting.until <= now()) woken.push({ who: waiting.who, status: timedOut })
    else line.push(waiting)
  }

  return {
    things,
    busy: who => gone.has(who) || (depth.get(who) ?? 0) > 0 || line.some(waiting => waiting.who === who),
    waits: who => line.some(waiting => waiting.who === who) || held.has(who),
    gone: who => gone.has(who),
    set(index) {
      const before = at(index).state
      at(index).state = 1
      if (before === 0) sweep(index)
      return before
    },
    reset(index) {
      const before = at(index).state
      at(index).state = 0
      return before
    },
    pulse(index) {
      const before = at(index).state
      at(index).state = 1
      sweep(index)
      at(index).state = 0
      return before
    },
    release(index, count) {
      const thing = at(index)
      const before = thing.state
      if (before + count > thing.limit) return 'over'
      thing.state += count
      sweep(index)
      return before
    },
    unlock(who, index) {
      const thing = at(index)
      if (thing.owner !== who) return 'not-owned'
      const before = thing.state
      thing.state += 1
      if (thing.state === 1) thing.owner = -1
      sweep(index)
      return before
    },
    wait(who, all, wanted, ticks) {
      const waiting = { who, all, things: wanted, until: now() + ticks }
      const place = answer(waiting)
      if (place !== undefined) return take(waiting, place)
      if (ticks === 0) return timedOut
      line.push(waiting)
      return 'parked'
    },
    suspend(who) {
      const before = depth.get(who) ?? 0
      depth.set(who, before + 1)
      const waiting = line.find(other => other.who === who)
      if (waiting !== undefined) {
        line = line.filter(other => other !== waiting)
        held.set(who, waiting)
      }
      return before
    },
    resume(who) {
      const before = depth.get(who) ?? 0
      depth.set(who, Math.max(0, before - 1))
      const waiting = held.get(who)
      if (before === 1 && waiting !== undefined) {
        held.delete(who)
        resumed(waiting)
      }
      return before
    },
    exit(who) {
      gone.add(who)
      const mine = things.filter(thing => thing.owner === who).sort((a, b) => a.taken - b.taken)
      for (const thing of mine) {
        thing.owner = -1
        thing.state = 1
        thing.abandoned = true
        sweep(things.indexOf(thing))
      }
    },
    expire() {
      const due = line.filter(waiting => waiting.until <= now())
      line = line.filter(waiting => waiting.until > now())
      const inOrder = due
        .map((waiting, i) => ({ waiting, i }))
        .sort((a, b) => a.waiting.until - b.waiting.until || a.i - b.i)
      for (const { waiting } of inOrder) woken.push({ who: waiting.who, status: timedOut })
    },
    woken() {
      const all = woken
      woken = []
      return all
    },
  }
}
