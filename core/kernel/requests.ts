/**
 * Things of the kernel's own that are to happen at a guest time: a transfer completes, an overlapped call ends. Each is
 * a continuation's name with its data, run on the kernel's own path when its tick is reached, with no thread acting.
 */
import type { Plain } from '../base/state.ts'
import type { Kernel } from './context.ts'
import { kernelState, type Later } from './outcome.ts'

/** What is open, by number: in the order it was asked for, since numbers only grow. */
const requests = kernelState<{ last: number; open: Record<number, Later> }>('requests', () => ({ last: 0, open: {} }))

/** Has a continuation run when a tick is reached; the request's number. */
export function requestAt(k: Kernel, at: number, continuation: string, state: Plain): number {
  const held = k.state(requests)
  held.last += 1
  held.open[held.last] = { continuation, state }
  k.time.add('request', held.last, at)
  return held.last
}

/** Whether a request has not been served yet. */
export const isOpen = (k: Kernel, id: number): boolean => k.state(requests).open[id] !== undefined

/** The requests that go on with a continuation, in the order they were asked for. */
export function requestsOf(k: Kernel, continuation: string): readonly { readonly id: number; readonly state: Plain }[] {
  return Object.entries(k.state(requests).open).flatMap(([id, request]) =>
    request.continuation === continuation ? [{ id: Number(id), state: request.state }] : [],
  )
}

/** Takes a request back before its tick. */
export function cancelRequest(k: Kernel, id: number): void {
  takeRequest(k, id)
  k.time.remove('request', id)
}

/** Takes a request whose tick is reached. */
export function takeRequest(k: Kernel, id: number): Later | undefined {
  const { open } = k.state(requests)
  const found = open[id]
  delete open[id]
  return found
}
