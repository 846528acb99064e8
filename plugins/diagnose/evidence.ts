/**
 * What the diagnosis remembers of a run while it runs: per object the last few signals, who took the last one, who opened
 * it besides its creator, and calls on nothing that most likely meant it; per creation site, the call sites that
 * signalled what was made there. Everything is bounded by a row of limits.ts and counted where it overflows.
 */
import type { Actor, ObjectKind } from '../../core/index.ts'

/** Who did something, where and when. */
export interface Deed {
  readonly sequence: number
  readonly cycle: number
  readonly tid: number
  readonly actor: Actor
  readonly lr: number
  readonly source: number
}

export type SignalNote = Deed & {
  readonly what: 'set' | 'reset' | 'pulsed' | 'lost'
  /** Waiters it released. */
  readonly woken: number
  /** Why it was lost, as `signal.lost` says it; -1 when it was not. */
  readonly reason: number
}

/** A call site that signals. */
export interface SignalSite {
  readonly lr: number
  readonly source: number
  count: number
  /** Threads whose signals came from it: the first few. */
  readonly tids: number[]
  last: { readonly tid: number; readonly cycle: number; readonly serial: number }
}

/** The place that makes objects of one kind, and who signals them. */
export interface Origin {
  readonly kind: ObjectKind
  readonly lr: number
  readonly source: number
  objects: number
  readonly sites: Map<number, SignalSite>
}

export interface ObjectEvidence {
  readonly origin: Origin | undefined
  /** Oldest first, at most `limits.diagnosedSignals`. */
  readonly signals: SignalNote[]
  /** The last wait it satisfied. */
  taken: Deed | undefined
  /** Handle values it got besides the first. */
  readonly opened: (Deed & { readonly handle: number; readonly via: number })[]
  closed: (Deed & { readonly handle: number; readonly open: number }) | undefined
  timer:
    | (Deed & { readonly what: 'set' | 'cancelled' | 'expired'; readonly due: number; readonly period: number })
    | undefined
  /** Signals on values that name nothing, of which this is the nearest object. */
  readonly misses: (Deed & { readonly value: number; readonly class: number })[]
}

/** A thread that asks for one object again and again and never gets it. */
export interface Poll {
  readonly serial: number
  readonly handle: number
  /** Asked so often without success, without another wait between. */
  times: number
  /** The first time. */
  readonly since: Deed
  last: number
}

/** A handle value that no longer names what it named. */
export type Closing = Deed & { readonly serial: number; readonly kind: ObjectKind }

/** Calls on nothing, by source and class. */
export interface GhostCount {
  readonly source: number
  readonly class: number
  readonly operation: number
  count: number
  readonly first: Deed & { readonly value: number; readonly candidate: number }
}

/** Calls of an export that has no body, by one thread. */
export interface MissingCaller {
  /** 0 for whoever is no thread. */
  readonly tid: number
  calls: number
  last: Deed
}

/** What is known of the calls of an export that has no body. */
export interface MissingUse {
  /** At most `limits.unimplementedCallers`. */
  readonly callers: ReadonlyMap<number, MissingCaller>
  /** What it was given in its argument registers, with the sequence of the newest call that gave it. */
  readonly given: ReadonlyMap<number, number>
  /** What the newest call was answered. */
  readonly answer: number
}

/** A word that the GPU's command stream wrote for guest code to see. */
export type FenceNote = Deed & { readonly address: number; readonly value: number }

export interface Evidence {
  of(serial: number): ObjectEvidence | undefined
  /** Threads that made a kernel call which returns to this address: the first few; none where it never ran. */
  ranAt(lr: number): readonly number[]
  /** Return addresses of all kernel calls that were seen. */
  callers(): Iterable<number>
  /** Whether a call site may have been left out of `callers`. */
  readonly complete: boolean
  ghosts(): readonly GhostCount[]
  /** Frames on show so far, and when the last came. */
  frames(): { readonly count: number; readonly last: Deed | undefined }
  fences(): { readonly count: number; readonly last: FenceNote | undefined }
  /** Calls of an export that has no body, by its source number. */
  missing(source: number): MissingUse | undefined
  /** The last time a handle value ceased to name an object. */
  closing(value: number): Closing | undefined
  /** What a thread polls; undefined when its last wait was none or came true. */
  polls(tid: number): Poll | undefined
  /** How often a thread was resumed, for threads that were made suspended; undefined for the others. */
  resumes(tid: number): number | undefined
  exited(tid: number): Deed | undefined
}
