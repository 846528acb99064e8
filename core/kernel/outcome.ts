/**
 * How a kernel call ends. A body answers a value of the row's result type, or one of two marks: `parked`, the thread
 * waits and its result is computed later from the wait record; `jumped`, the registers now lead somewhere else (a guest
 * function the kernel calls, the first instruction of a thread) and what comes after is a continuation.
 *
 * No host frame, promise or generator outlives a call: what is to be done later is a continuation's name with plain data.
 */
import type { Plain } from '../base/state.ts'

export const parked = Symbol('parked')
export const jumped = Symbol('jumped')

export type Outcome<R> = R | typeof parked | typeof jumped

/** An outcome whose value nobody wants. */
export const quietly = (outcome: Outcome<unknown>): Outcome<void> =>
  outcome === parked || outcome === jumped ? outcome : undefined

/** What is to be done when a wait ends or a guest function returns. */
export interface Later {
  /** Name of a continuation row. */
  readonly continuation: string
  readonly state: Plain
}

/** State of one file of exports: plain data under a name, saved and restored with the kernel. */
export interface StateDefinition<S> {
  readonly name: string
  initial(): S
}

/**
 * Declares state that bodies reach by `k.state(definition)`. It must be plain data (numbers, texts, bytes, arrays,
 * objects, bigint), because it is part of the machine's digest and snapshot.
 */
export const kernelState = <S>(name: string, initial: () => S): StateDefinition<S> => ({ name, initial })
