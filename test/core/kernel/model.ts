/**
 * What events, semaphores, mutants, timers and queues mean, waits, delays, APCs and suspensions, written a second time and
 * otherwise: no wait lists, no hand-offs, only one list of who waits since when, looked through from the start after every
 * change. It is slow and knows nothing of handles, memory or facts; the kernel has to agree with it.
 */
export type Kind = 'auto' | 'manual' | 'semaphore' | 'mutant' | 'autoTimer' | 'manualTimer'

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

/** A queue of packets or entries: how many may run on what they took from it. */
export interface Queue {
  readonly limit: number
  readonly entries: number[]
}

interface Waiting {
  readonly who: number
  readonly all: boolean
  readonly things: readonly number[]
  readonly until: number
  readonly alertable: boolean
  /** 0 kernel, 1 user: only the latter lets APCs in. */
  readonly mode: number
  /** The queue an entry is asked of. */
  readonly queue?: number
  /** Counts those who have a deadline: of equal ones the earlier is first. */
  order: number
}

interface Armed {
  readonly thing: number
  readonly first: number
  readonly period: number
  count: number
  due: number
  order: number
}

export interface Woken {
  readonly who: number
  readonly status: number
  /** What came out of a queue. */
  readonly entry?: number
}

const timedOut = 0x102
export const userApc = 0xc0
const alerted = 0x101

export interface Model {
  readonly things: Thing[]
  readonly queues: readonly Queue[]
  /** Who cannot act: waiting, suspended or gone. */
  busy(who: number): boolean
  waits(who: number): boolean
  gone(who: number): boolean
  suspended(who: number): boolean
  /** A kernel APC runs on somebody, and is over: a wait begins again where it was, behind all others. */
  interrupt(who: number): void
  set(thing: number): number
  reset(thing: number): number
  pulse(thing: number): number
  release(thing: number, count: number): number | 'over'
  unlock(who: number, thing: number): number | 'not-owned' | 'abandoned'
  wait(
    who: number,
    all: boolean,
    things: readonly number[],
    ticks: number,
    alertable: boolean,
    mode: number,
  ): number | 'parked'
  /** Sets a timer to expire, once or at every period; whether it was set, and its state before. */
  arm(thing: number, ticks: number, period: number): { readonly armed: boolean; readonly state: number }
  cancel(thing: number): { readonly armed: boolean; readonly state: number }
  /** Puts an entry into a queue; how many were in it. */
  post(queue: number, entry: number, first: boolean): number
  /** Takes an entry out of a queue. */
  remove(who: number, queue: number, ticks: number): { readonly entry: number } | 'parked' | 'timed out'
  /** Queues an APC; false for who is gone. */
  apc(who: number): boolean
  /** Alerts in a mode; whether that was so before. */
  alert(who: number, mode: number): boolean
  /** How many APCs are called now, one after the other. */
  calls(who: number): number
  suspend(who: number): number
  resume(who: number): number
  exit(who: number): void
  /** Ends the waits whose time is up. */
  expire(): void
  /** Wakes since last asked, in order. */
  woken(): Woken[]
}

/** @param now the tick it is, which the model's user keeps: calls take time too. */
export function createModel(things: Thing[], queues: readonly Queue[], now: () => number): Model {
  let line: Waiting[] = []
  let woken: Woken[] = []
  let takings = 0
  const held = new Map<number, Waiting>()
  const depth = new Map<number, number>()
  const apcs = new Map<number, number>()
  let armed: Armed[] = []
  /** The queue each belongs to: the one asked last. */
  const member = new Map<number, number>()
  let orders = 0
  const alerts = new Set<string>()
  const gone = new Set<number>()

  const at = (index: number): Thing => things[index] as Thing
  const open = (index: number, who: number): boolean => at(index).state > 0 || at(index).owner === who

  /** The status of the wait if it can end now; nothing is taken. */
  function answer({ who, all, things: wanted }: Waiting): number | undefined {
    if (wanted.length === 0) return undefined
    if (all) return wanted.every(index => open(index, who)) ? 0 : undefined
    const place = wanted.findIndex(index => open(index, who))
    return place < 0 ? undefined : place
  }

  function take(waiting: Waiting, place: number): number {
    const { who, all, things: wanted } = waiting
    let warned = false
    for (const index of all ? wanted : [wanted[place] as number]) {
      const thing = at(index)
      if (thing.kind === 'auto' || thing.kind === 'autoTimer') thing.state = 0
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

  const still = (who: number): boolean =>
    gone.has(who) || (depth.get(who) ?? 0) > 0 || line.some(waiting => waiting.who === who)
  const admits = (queue: number, asking: number): boolean =>
    [...member].filter(([who, of]) => of === queue && who !== asking && !still(who)).length <
    (queues[queue]?.limit ?? 0)

  /** Lets one go who waits for an entry of a queue, the latest first, as long as it may. */
  function serve(queue: number | undefined): void {
    const entries = queue === undefined ? [] : (queues[queue]?.entries ?? [])
    for (;;) {
      const last = line.findLast(waiting => queue !== undefined && waiting.queue === queue)
      if (last === undefined || queue === undefined || entries.length === 0 || !admits(queue, last.who)) return
      line = line.filter(other => other !== last)
      woken.push({ who: last.who, status: 0, entry: entries.shift() ?? 0 })
    }
  }

  function park(waiting: Waiting): void {
    line.push(waiting)
    serve(member.get(waiting.who))
  }

  const isAlerted = (who: number, mode: number): boolean => alerts.has(`${who} ${mode}`)
  /** What interrupts an alertable wait: an alert in its mode, an APC, an alert in kernel mode. An alert is spent. */
  function interrupted({ who, alertable, mode }: Waiting): number | undefined {
    if (!alertable) return undefined
    if (mode === 1 && !isAlerted(who, 1) && (apcs.get(who) ?? 0) > 0) return userApc
    const spent = [mode, 0].find(each => isAlerted(who, each))
    if (spent === undefined) return undefined
    alerts.delete(`${who} ${spent}`)
    return alerted
  }
  const nextOrder = (): number => {
    orders += 1
    return orders
  }

  function expired(timer: Armed): void {
    timer.count += 1
    if (timer.period > 0) {
      timer.due = timer.first + timer.count * timer.period
      timer.order = nextOrder()
    } else armed = armed.filter(other => other !== timer)
    const thing = at(timer.thing)
    if (thing.state > 0) return
    thing.state = 1
    sweep(timer.thing)
  }

  function disarm(index: number): boolean {
    const before = armed.length
    armed = armed.filter(({ thing }) => thing !== index)
    return armed.length < before
  }

  function resumed(waiting: Waiting): void {
    const place = answer(waiting)
    const entries = waiting.queue === undefined ? [] : (queues[waiting.queue]?.entries ?? [])
    if (waiting.queue !== undefined && entries.length > 0 && admits(waiting.queue, waiting.who))
      woken.push({ who: waiting.who, status: 0, entry: entries.shift() ?? 0 })
    else if (place !== undefined) woken.push({ who: waiting.who, status: take(waiting, place) })
    else {
      const status = interrupted(waiting) ?? (waiting.until <= now() ? timedOut : undefined)
      if (status !== undefined) woken.push({ who: waiting.who, status })
      else {
        waiting.order = nextOrder()
        line.push(waiting)
      }
    }
  }

  return {
    things,
    queues,
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
      if (thing.owner !== who) return thing.abandoned ? 'abandoned' : 'not-owned'
      const before = thing.state
      thing.state += 1
      if (thing.state === 1) thing.owner = -1
      sweep(index)
      return before
    },
    wait(who, all, wanted, ticks, alertable, mode) {
      const waiting = { who, all, things: wanted, until: now() + ticks, alertable, mode, order: nextOrder() }
      const place = answer(waiting)
      if (place !== undefined) return take(waiting, place)
      const status = interrupted(waiting)
      if (status !== undefined) return status
      if (ticks === 0) return timedOut
      park(waiting)
      return 'parked'
    },
    arm(index, ticks, period) {
      const before = { armed: disarm(index), state: at(index).state }
      at(index).state = 0
      const timer = { thing: index, first: now() + ticks, period, count: 0, due: now() + ticks, order: nextOrder() }
      armed.push(timer)
      if (ticks === 0) expired(timer)
      return before
    },
    cancel: index => ({ armed: disarm(index), state: at(index).state }),
    post(queue, entry, first) {
      const entries = queues[queue]?.entries ?? []
      const before = entries.length
      if (first) entries.unshift(entry)
      else entries.push(entry)
      serve(queue)
      return before
    },
    remove(who, queue, ticks) {
      const before = member.get(who)
      member.set(who, queue)
      if (before !== queue) serve(before)
      const entries = queues[queue]?.entries ?? []
      if (entries.length > 0 && admits(queue, who)) return { entry: entries.shift() ?? 0 }
      if (ticks === 0) return 'timed out'
      park({ who, all: false, things: [], until: now() + ticks, alertable: false, mode: 1, queue, order: nextOrder() })
      return 'parked'
    },
    apc(who) {
      if (gone.has(who)) return false
      apcs.set(who, (apcs.get(who) ?? 0) + 1)
      const waiting = line.find(other => other.who === who)
      if (waiting?.alertable === true && waiting.mode === 1) {
        line = line.filter(other => other !== waiting)
        woken.push({ who, status: userApc })
      }
      return true
    },
    alert(who, mode) {
      if (gone.has(who)) return false
      const before = isAlerted(who, mode)
      const waiting = line.find(other => other.who === who)
      if (waiting?.alertable === true && mode <= waiting.mode) {
        line = line.filter(other => other !== waiting)
        woken.push({ who, status: alerted })
      } else alerts.add(`${who} ${mode}`)
      return before
    },
    calls(who) {
      const count = apcs.get(who) ?? 0
      apcs.delete(who)
      return count
    },
    suspend(who) {
      const before = depth.get(who) ?? 0
      depth.set(who, before + 1)
      const waiting = line.find(other => other.who === who)
      if (waiting !== undefined) {
        line = line.filter(other => other !== waiting)
        held.set(who, waiting)
      }
      serve(member.get(who))
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
    suspended: who => (depth.get(who) ?? 0) > 0,
    interrupt(who) {
      const waiting = line.find(other => other.who === who)
      if (waiting === undefined) return
      line = line.filter(other => other !== waiting)
      resumed(waiting)
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
      serve(member.get(who))
    },
    expire() {
      for (;;) {
        const due = [
          ...line.map(waiting => ({ at: waiting.until, order: waiting.order, waiting })),
          ...armed.map(timer => ({ at: timer.due, order: timer.order, timer })),
        ]
          .filter(each => each.at <= now())
          .sort((a, b) => a.at - b.at || a.order - b.order)
        const [first] = due
        if (first === undefined) return
        if ('timer' in first) expired(first.timer)
        else {
          line = line.filter(other => other !== first.waiting)
          woken.push({ who: first.waiting.who, status: timedOut })
        }
      }
    },
    woken() {
      const all = woken
      woken = []
      return all
    },
  }
}
