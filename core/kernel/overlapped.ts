/**
 * Overlapped calls of the xam library. A call that is given an overlapped block answers IO_PENDING and ends later: the
 * block is filled with the result last, its event is set, its routine is queued to the thread that asked. What such a
 * call has to do is done at once; only its end is late, so nothing is complete before the call returns.
 */
import type { Plain } from '../base/state.ts'
import { GuestAccessError } from '../memory/guest.ts'
import type { Kernel } from './context.ts'
import { eventKinds } from './handles.ts'
import { operation } from './object.ts'
import { cancelRequest, requestAt, requestsOf } from './requests.ts'
import { win32 } from './status.ts'
import { XOVERLAPPED } from './structs.ts'

/** How long the system takes for what is no transfer, in milliseconds. */
const delay = 1

/** How a call ends: what the caller without a block is answered, and what a block gets. */
export interface Result {
  readonly result: number
  readonly length?: number
  readonly extended?: number
}

interface Ending {
  readonly [key: string]: Plain
  readonly at: number
  readonly thread: number
  readonly event: number
  readonly result: number
  readonly length: number
  readonly extended: number
  /** A place is kept for the APC of its routine. */
  readonly reserved: boolean
}

const hresultOf = (code: number): number => (code === 0 ? 0 : (0x80070000 | code) >>> 0)

/**
 * Ends a call now, or promises to: what the call answers. What is promised comes: where too many APCs wait for the thread to
 * queue its routine too, the call is refused.
 */
export function conclude(
  k: Kernel,
  at: number,
  { result, length = 0, extended }: Result,
  milliseconds = delay,
): number {
  if (at === 0) return result
  const { memory } = k
  const eventHandle = memory.load32(at + XOVERLAPPED.event)
  const event = eventHandle === 0 ? undefined : k.handles.need(eventHandle, eventKinds, operation.signal)
  memory.store32(at + XOVERLAPPED.result, win32.IO_PENDING)
  memory.store32(at + XOVERLAPPED.length, 0)
  memory.store32(at + XOVERLAPPED.context, k.thread.tid)
  memory.store32(at + XOVERLAPPED.extendedError, 0)
  const signals = typeof event === 'number' ? undefined : event
  if (signals !== undefined && k.objects.stateOf(signals) !== 0) k.dispatcher.reset(signals)
  const reserved = memory.load32(at + XOVERLAPPED.routine) !== 0
  if (reserved && !k.apcs.reserve(k.thread)) {
    memory.store32(at + XOVERLAPPED.result, win32.NOT_ENOUGH_MEMORY)
    return win32.NOT_ENOUGH_MEMORY
  }
  if (signals !== undefined) signals.references += 1
  const ending: Ending = {
    at,
    thread: k.thread.id,
    event: signals?.serial ?? 0,
    result,
    length,
    extended: extended ?? hresultOf(result),
    reserved,
  }
  requestAt(k, k.time.now() + k.time.ticksOfMilliseconds(milliseconds), 'overlapped-end', ending)
  return win32.IO_PENDING
}

/**
 * Ends the call of a block at once: what was asked for is done already, so it comes to what it would have come to, and the
 * block is the title's own again.
 */
export function hastenOverlapped(k: Kernel, at: number): void {
  for (const { id, state } of requestsOf(k, 'overlapped-end')) {
    const ending = state as Ending
    if (ending.at !== at) continue
    cancelRequest(k, id)
    endOverlapped(k, ending)
  }
}

/** The time of an overlapped call's end has come. */
export function endOverlapped(k: Kernel, { at, thread, event, result, length, extended, reserved }: Ending): void {
  let routine = 0
  try {
    k.memory.store32(at + XOVERLAPPED.extendedError, extended)
    k.memory.store32(at + XOVERLAPPED.length, length)
    k.memory.store32(at + XOVERLAPPED.result, result)
    routine = k.memory.load32(at + XOVERLAPPED.routine)
  } catch (error) {
    if (!(error instanceof GuestAccessError)) throw error
  }
  const object = event === 0 ? undefined : k.objects.bySerial(event)
  if (object !== undefined) {
    k.dispatcher.set(object, 1)
    k.objects.drop(object)
  }
  const issuer = k.threads.all.get(thread)
  if (issuer === undefined) return
  if (routine === 0) {
    if (reserved) k.apcs.release(issuer)
    return
  }
  const called = { routine, context: result, argument1: length, argument2: at }
  const nothingElse = { address: 0, mode: 1, kernelRoutine: 0, rundownRoutine: 0, timer: 0 }
  k.apcs.queue(issuer, { ...nothingElse, ...called }, reserved ? 'reserved' : undefined)
}
