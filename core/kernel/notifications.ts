/**
 * Routines a title registers to be told by: of each thread that is made and that ends, and of its own end. A registration
 * lies in the title's memory (routine, priority, a list entry that stays the title's); the order is the kernel's: higher
 * priority first, and among equals who came first. The routines run on the thread that caused it: the maker of a thread,
 * before its first instruction; the thread that ends, before anything of it is given up; the thread that ends the title.
 */
import type { Plain } from '../base/state.ts'
import type { GuestFunction, Kernel, KernelStop } from './context.ts'
import { tellLibraries } from './library-threads.ts'
import { entryReason } from './modules.ts'
import type { Thread } from './object.ts'
import { kernelState, type Later, type Outcome } from './outcome.ts'
import { REGISTRATION } from './structs.ts'
import type { ThreadSpec } from './thread.ts'

export type Occasion = 'thread' | 'title'

interface Registration {
  readonly at: number
  readonly priority: number
}

const registered = kernelState<Record<Occasion, Registration[]> & { ending: boolean }>('notifications', () => ({
  thread: [],
  title: [],
  ending: false,
}))

export function register(k: Kernel, occasion: Occasion, at: number): void {
  const list = k.state(registered)[occasion]
  if (list.some(each => each.at === at)) return
  const priority = k.memory.load32(at + REGISTRATION.priority)
  const behind = list.findIndex(each => each.priority < priority)
  list.splice(behind < 0 ? list.length : behind, 0, { at, priority })
}

export function unregister(k: Kernel, occasion: Occasion, at: number): void {
  const list = k.state(registered)[occasion]
  const place = list.findIndex(each => each.at === at)
  if (place >= 0) list.splice(place, 1)
}

/** Who is still to be told of what, and what comes then. */
type Round = {
  readonly occasion: Occasion
  readonly left: readonly number[]
  readonly args: readonly number[]
  readonly after: { readonly continuation: string; readonly state: Plain }
}

/** Calls one routine after the other, on the calling thread, and then goes on. */
export function tell(k: Kernel, round: Round): Outcome<unknown> {
  const list = k.state(registered)[round.occasion]
  const left = round.left.filter(at => list.some(each => each.at === at))
  const [at, ...rest] = left
  if (at === undefined) return k.proceed(round.after, 0)
  const next: GuestFunction = {
    entry: k.memory.load32(at + REGISTRATION.routine),
    args: round.occasion === 'thread' ? [at, ...round.args] : [],
    later: { continuation: 'notified', state: { ...round, left: rest, after: { ...round.after } } },
  }
  return k.callGuest(next)
}

function tellAll(k: Kernel, occasion: Occasion, args: readonly number[], after: Later): Outcome<unknown> {
  return tell(k, { occasion, left: k.state(registered)[occasion].map(each => each.at), args, after })
}

/** Makes a thread that begins when everybody has been told of it: `return begin(k, createThread(k, …))`. */
export const createThread = (k: Kernel, spec: ThreadSpec): Thread =>
  k.threads.create({ ...spec, held: k.state(registered).thread.length > 0 })

/** Tells of a new thread and lets it begin; then answers. */
export function begin(k: Kernel, thread: Thread, answer = 0): Outcome<number> {
  if (k.state(registered).thread.length === 0) return answer
  const after = { continuation: 'thread-begins', state: { id: thread.id, answer } }
  return tellAll(k, 'thread', [thread.object.address, 1], after) as Outcome<number>
}

/** Ends the calling thread, when everybody has been told. The end of the first thread is the title's. */
export const endThread = (k: Kernel, code: number): Outcome<never> =>
  k.thread.tid === 1 ? tellTitle(k, { continuation: 'thread-ends', state: code }) : sayEnd(k, code)

/** Tells libraries, then whoever registered, of the end of the calling thread, then ends it. */
export const sayEnd = (k: Kernel, code: number): Outcome<never> => {
  const after = { continuation: 'thread-left', state: code }
  const outcome = k.thread.system ? k.proceed(after, 0) : tellLibraries(k, entryReason.threadDetach, after)
  return outcome as Outcome<never>
}

/** Tells whoever registered of the end of the calling thread, then ends it. */
export const sayLeft = (k: Kernel, code: number): Outcome<never> =>
  tellAll(k, 'thread', [k.thread.object.address, 0], {
    continuation: 'thread-rundown',
    state: { code },
  }) as Outcome<never>

/** Ends the title, when everybody has been told. */
export const terminateTitle = (k: Kernel, stop: KernelStop): Outcome<never> =>
  tellTitle(k, { continuation: 'title-ends', state: { ...stop } as unknown as Plain })

/** A title that ends while it is told of its end is not told again. */
function tellTitle(k: Kernel, after: Later): Outcome<never> {
  const state = k.state(registered)
  if (state.ending) return k.proceed(after, 0) as Outcome<never>
  state.ending = true
  return tellAll(k, 'title', [], after) as Outcome<never>
}
