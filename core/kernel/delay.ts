/** Waits for nothing but time. */
import type { Kernel } from './context.ts'
import type { Later, Outcome } from './outcome.ts'
import type { WaitRequest } from './wait.ts'

/** What a thread's state calls such a wait. */
const delayReason = 1

/** The answer of a call that only waits. */
export const delayEnded: Later = { continuation: 'delay-ended', state: null }

/** Parks the calling thread for so long, by `WaitRequest`; it goes on with `later`. */
export const delay = (
  k: Kernel,
  request: Pick<WaitRequest, 'mode' | 'alertable' | 'timeout'> & { readonly later: Later },
): Outcome<number> => k.dispatcher.wait({ type: 'delay', objects: [], handles: [], reason: delayReason, ...request })
