/**
 * The catalogue of facts: one row for each thing the kernel says happened. A fact is a hook: a plugin subscribes by name.
 *
 * Everything about a fact is derived from its row: the binary record (record.ts), the view a plugin reads (view.ts), the
 * emitter the kernel calls, the documentation. A row's `id` is its place in the subscription mask and its number in a
 * stored record, so it is stable for ever: never renumber, never reuse; 1 to 61.
 *
 * Every record has the common fields of `Common` in fact.ts. `fields` are the kind's own, in order, each eight bytes.
 * `list` is a variable list of u32 and `text` is UTF-8, for the kinds that name them.
 */
export interface Field {
  readonly name: string
  readonly unit: string
}

export interface FactRow {
  readonly id: number
  /** The category of a trail the fact belongs to. */
  readonly category: Category
  /** One sentence, in the words of the reference documentation. */
  readonly about: string
  readonly fields: readonly string[]
  /** What the list holds; absent when the kind has none. */
  readonly list?: string
  /** What the text is; absent when the kind has none. */
  readonly text?: string
  /** First version that emits it. */
  readonly since: string
}

export type Category = 'signal' | 'wait' | 'wake' | 'other'

const row = <const R extends Omit<FactRow, 'since'>>(r: R): R & { readonly since: '0.1' } => ({ ...r, since: '0.1' })

export const catalogue = {
  'object.created': row({
    id: 1,
    category: 'other',
    about: 'A kernel call made an object; `state` is its initial SignalState.',
    fields: ['state', 'limit'],
    text: 'name, when it has one',
  }),
  'object.adopted': row({
    id: 2,
    category: 'other',
    about: 'First contact with an object the title initialised inline; its creation was not seen.',
    fields: ['state', 'limit'],
  }),
  'object.reinitialised': row({
    id: 3,
    category: 'other',
    about: 'A live object was initialised again at its address; it keeps its serial.',
    fields: ['previous', 'state', 'limit'],
  }),
  'object.destroyed': row({
    id: 4,
    category: 'other',
    about:
      'The object ended. `reason`: 0 last reference, 1 its memory was freed, 2 its type changed, 3 evicted from the adopted objects.',
    fields: ['reason'],
  }),
  'object.referenced': row({
    id: 5,
    category: 'other',
    about: 'A pointer reference was taken; `count` is the count after.',
    fields: ['count'],
  }),
  'object.released': row({
    id: 6,
    category: 'other',
    about: 'A pointer reference was given back; `count` is the count after.',
    fields: ['count'],
  }),
  'handle.opened': row({
    id: 7,
    category: 'other',
    about:
      'A handle value now names the object. `via`: 0 created, 1 duplicated, 2 opened by name, 3 opened by pointer.',
    fields: ['via', 'from'],
  }),
  'handle.closed': row({
    id: 8,
    category: 'other',
    about: 'A handle value no longer names the object; `open` handles remain.',
    fields: ['open'],
  }),
  'object.signalled': row({
    id: 9,
    category: 'signal',
    about:
      'The object was set, released or incremented: SignalState went from `previous` to `state` before any waiter took it; `woken` waiters follow.',
    fields: ['previous', 'state', 'woken'],
  }),
  'object.reset': row({
    id: 10,
    category: 'signal',
    about: 'SignalState went from `previous` to 0 by a call.',
    fields: ['previous'],
  }),
  'object.pulsed': row({
    id: 11,
    category: 'signal',
    about: 'Those who waited now were released (`woken`), then the state became 0.',
    fields: ['previous', 'woken'],
  }),
  'signal.lost': row({
    id: 12,
    category: 'signal',
    about:
      'A signal had no effect; told instead of `object.signalled` or `object.pulsed`. `reason`: 0 auto-reset event set while set, 1 pulse with nobody waiting, 2 release over the limit, 3 manual event set while set.',
    fields: ['reason', 'previous', 'count'],
  }),
  'ghost.met': row({
    id: 13,
    category: 'signal',
    about:
      'A call on a value that names no object. `class`: 0 never created, 1 closed before, 2 wrong type; `operation`: 0 signal, 1 wait, 2 wake, 3 other; `candidate` is the serial it most likely meant, or 0.',
    fields: ['class', 'operation', 'candidate', 'value'],
  }),
  'wait.begun': row({
    id: 14,
    category: 'wait',
    about:
      'A thread asked to wait; the subject is the first object. `type`: 0 all, 1 any; `timeout` in 100 ns (relative), -1 for ever, 0 poll; `deadline` in ticks, -1 none.',
    fields: ['type', 'alertable', 'mode', 'timeout', 'deadline', 'parked'],
    list: 'the serials waited on, in order',
  }),
  'wait.ended': row({
    id: 15,
    category: 'wake',
    about:
      'A wait ended with `status`; the subject is the object that satisfied it, else the first. `index` is the object that satisfied it or -1; `waited` in ticks. `end`: 0 satisfied, 1 timed out, 2 alerted, 3 user APC, 4 abandoned, 5 thread terminated, 6 refused.',
    fields: ['status', 'index', 'end', 'waited'],
    list: 'pairs of serial and SignalState after, in order',
  }),
  'thread.woken': row({
    id: 16,
    category: 'wake',
    about: 'A parked thread was made ready, with the status its wait will return; tid and lr are its own.',
    fields: ['status', 'index'],
  }),
  'thread.started': row({
    id: 17,
    category: 'other',
    about: 'A thread object began: `entry`, `parameter`, creation `flags`; `thread` is its tid.',
    fields: ['thread', 'entry', 'parameter', 'flags'],
  }),
  'thread.exited': row({ id: 18, category: 'other', about: 'A thread ended with `code`.', fields: ['thread', 'code'] }),
  'thread.suspended': row({
    id: 19,
    category: 'other',
    about: 'The suspend count of a thread rose to `count`.',
    fields: ['thread', 'count'],
  }),
  'thread.resumed': row({
    id: 20,
    category: 'other',
    about: 'The suspend count of a thread fell to `count`.',
    fields: ['thread', 'count'],
  }),
  'thread.named': row({
    id: 21,
    category: 'other',
    about: 'A thread was given a name.',
    fields: ['thread'],
    text: 'the name',
  }),
  'apc.queued': row({
    id: 22,
    category: 'other',
    about: 'An APC was queued to a thread.',
    fields: ['thread', 'routine', 'context', 'mode'],
  }),
  'apc.delivered': row({
    id: 23,
    category: 'other',
    about: 'An APC began to run on its thread.',
    fields: ['thread', 'routine', 'context', 'mode'],
  }),
  'timer.set': row({
    id: 24,
    category: 'other',
    about: 'A timer was armed: `due` in ticks, `period` in milliseconds, 0 for one shot.',
    fields: ['due', 'period', 'was'],
  }),
  'timer.cancelled': row({
    id: 25,
    category: 'other',
    about: 'A timer was disarmed; `was` tells whether it had been armed.',
    fields: ['was'],
  }),
  'timer.expired': row({
    id: 26,
    category: 'other',
    about: 'A timer reached its due time for the `n`-th time since it was set; its signal follows.',
    fields: ['due', 'n'],
  }),
  'export.missing': row({
    id: 27,
    category: 'other',
    about:
      'The title called an export that has no implementation; `result` is what it was answered, `r3` to `r6` what it may have been given.',
    fields: ['export', 'result', 'r3', 'r4', 'r5', 'r6'],
  }),
  'fence.written': row({
    id: 28,
    category: 'signal',
    about:
      'The command stream of the GPU wrote a word for guest code to see, where titles look for how far it came: `address` is physical, `packet` the opcode that wrote it.',
    fields: ['address', 'value', 'packet'],
  }),
  'interrupt.begun': row({
    id: 29,
    category: 'other',
    about:
      'A hardware thread began to run the title’s graphics callback, `routine`. `origin` 0 is the `n`-th vertical blank of the run, 1 the `n`-th interrupt that the command stream asked for. What the hardware thread does as `interrupt` until the next such fact is its doing.',
    fields: ['origin', 'n', 'routine'],
  }),
  'frame.presented': row({
    id: 30,
    category: 'other',
    about:
      'The command stream came to a swap: frame `n` of the run is on show, from `frontBuffer`, a physical address.',
    fields: ['n', 'frontBuffer', 'width', 'height'],
  }),
  'thread.alerted': row({
    id: 31,
    category: 'other',
    about:
      'A thread was alerted in `mode`, 0 kernel or 1 user; `woke` 1 where that ended the wait it was in, 0 where it keeps.',
    fields: ['thread', 'mode', 'woke'],
  }),
} as const satisfies Record<string, FactRow>

export type FactName = keyof typeof catalogue
export type FactRows = typeof catalogue

export const factNames = Object.keys(catalogue) as FactName[]

/**
 * Which facts are wanted: a bit a fact, by id, in two words, because a word is a small integer to the engine only up to 31
 * bits. A table of bytes was measured to take 1.5 ns in place of 0.8 at a fact nobody asked for.
 */
export interface FactMask {
  low: number
  high: number
}

const bitsOfWord = 31
/** The largest id that has a bit. */
export const largestFactId = 2 * bitsOfWord - 1

/** The bit of a fact, in one of the two words; 0 in the other. */
export const bitOf = (name: FactName): Readonly<FactMask> => {
  const { id } = catalogue[name]
  return id < bitsOfWord ? { low: 1 << id, high: 0 } : { low: 0, high: 1 << (id - bitsOfWord) }
}

export const holds = (mask: FactMask, bit: Readonly<FactMask>): boolean =>
  ((mask.low & bit.low) | (mask.high & bit.high)) !== 0

/** Adds facts to a mask. */
export function addTo(mask: FactMask, names: readonly FactName[]): void {
  for (const name of names) {
    const { low, high } = bitOf(name)
    mask.low |= low
    mask.high |= high
  }
}

/** The mask of several facts. */
export function maskOf(names: readonly FactName[]): FactMask {
  const mask = { low: 0, high: 0 }
  addTo(mask, names)
  return mask
}

const byId: (FactName | undefined)[] = []
for (const name of factNames) byId[catalogue[name].id] = name

/** The name of a stored fact number, or undefined when this version does not know it. */
export const factNameOf = (id: number): FactName | undefined => byId[id]
