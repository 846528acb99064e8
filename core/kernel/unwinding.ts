/** Unwinding: the second walk over the frames of an exception, or the only one of a jump out of many functions. */

import { hex32 } from '../base/words.ts'
import { GuestAccessError } from '../memory/guest.ts'
import type { Kernel } from './context.ts'
import { raise } from './exception.ts'
import {
  atTrap,
  callerContext,
  callHandler,
  cross,
  disposition,
  exceptionFlag,
  functionRowAt,
  mostFrames,
  onStack,
  placeAt,
  resume,
  rowOf,
  stepUp,
  takeRoom,
  type Unwinding,
  unwindCall,
  writeDispatcher,
  writeRecord,
} from './exception-frames.ts'
import { copyContext, type MachineContext, readContext, wordOf, writeContext } from './machine-context.ts'
import type { Outcome } from './outcome.ts'
import { status } from './status.ts'
import { CONTEXT, DISPATCHER_CONTEXT, EXCEPTION_RECORD } from './structs.ts'
import { type FunctionRow, unwindFrame } from './unwind.ts'

export interface UnwindRequest {
  /** The frame to unwind to; 0 unwinds them all. */
  readonly target: number
  readonly targetIp: number
  /** Address of the record; 0 for none. */
  readonly record: number
  readonly value: number
}

/** Unwinds from the caller of an export: `return unwind(k, …)`; it does not come back. */
export function unwind(k: Kernel, { target, targetIp, record, value }: UnwindRequest): Outcome<never> {
  const context = callerContext(k)
  const room = takeRoom(k, wordOf(context, 1), [CONTEXT.size, DISPATCHER_CONTEXT.size, EXCEPTION_RECORD.size])
  if (room === undefined) return k.endTitle({ kind: 'fault', text: 'no stack is left to unwind on', exitCode: 0 })
  const [working = 0, dispatcher = 0, recordAt = 0, sp = 0] = room
  const own = { code: status.UNWIND, flags: 0, address: context.pc, information: [] }
  const at = record === 0 ? writeRecord(k, recordAt, own) : record
  const flags = exceptionFlag.unwinding | (target === 0 ? exceptionFlag.exitUnwind : 0)
  k.memory.store32(at + EXCEPTION_RECORD.flags, k.memory.load32(at + EXCEPTION_RECORD.flags) | flags)
  writeContext(k.memory, working, context)
  return unwindOn(k, {
    record: at,
    target,
    targetIp,
    value,
    working,
    dispatcher,
    sp,
    pc: (context.pc - 4) >>> 0,
    frame: 0,
    begin: 0,
  })
}

function badUnwind(k: Kernel, state: Unwinding): Outcome<never> {
  const code = k.memory.load32(state.record + EXCEPTION_RECORD.code)
  const text =
    state.target === 0
      ? `exception ${hex32(code)} unwound the whole stack`
      : `unwinding for exception ${hex32(code)} met no frame ${hex32(state.target)}`
  return k.endTitle({ kind: 'fault', text, exitCode: 0 })
}

/** Unwinds on from where an unwinding stands. */
function unwindOn(k: Kernel, state: Unwinding): Outcome<never> {
  const place = placeAt(readContext(k.memory, state.working), state.pc, false)
  try {
    for (let i = 0; i < mostFrames; i += 1) {
      if (atTrap(k, place.pc)) {
        if (!cross(k, place)) break
        continue
      }
      if (!onStack(k, wordOf(place.context, 1))) break
      const row = rowOf(k, place)
      const collided = place.collidedIn !== 0
      const before = copyContext(place.context)
      const { pc } = place
      const { frame } = unwindFrame(k.memory, row, place.context, pc, place.top)
      if (frame <= wordOf(before, 1) && !place.top && !collided && frame !== state.target) break
      if (state.target !== 0 && frame > state.target) break
      if (row !== undefined && row.handler !== 0) return callCleaner(k, state, before, { row, pc, frame, collided })
      if (frame === state.target) return arrive(k, state, before)
      stepUp(place)
    }
  } catch (error) {
    if (!(error instanceof GuestAccessError)) throw error
  }
  return badUnwind(k, state)
}

/** A frame whose handler is to clean up. */
interface Cleaned {
  readonly row: FunctionRow
  readonly pc: number
  readonly frame: number
  /** Another unwinding had come to it before. */
  readonly collided: boolean
}

function callCleaner(
  k: Kernel,
  state: Unwinding,
  context: MachineContext,
  { row, pc, frame, collided }: Cleaned,
): Outcome<never> {
  const { record, target, working, dispatcher } = state
  const flagsAt = record + EXCEPTION_RECORD.flags
  const { targetUnwind, collided: collidedFlag } = exceptionFlag
  const kept = k.memory.load32(flagsAt) & ~(targetUnwind | collidedFlag)
  const now = kept | (frame === target ? targetUnwind : 0) | (collided ? collidedFlag : 0)
  k.memory.store32(flagsAt, now)
  writeContext(k.memory, working, context)
  // Handlers learn from the context where the unwinding leads.
  k.memory.store32(working + CONTEXT.iar, state.targetIp)
  k.memory.store64(working + CONTEXT.gpr + 3 * 8, BigInt(state.value))
  writeDispatcher(k, dispatcher, pc, row, frame, working)
  const next = { ...state, pc, frame, begin: row.begin }
  return callHandler(k, row, [record, frame, working, dispatcher], state.sp, unwindCall, next)
}

/** A language handler has cleaned its frame up. */
export function cleanerAnswered(k: Kernel, state: Unwinding, answer: number): Outcome<never> {
  const { record, frame, target, working, pc, begin } = state
  if (answer !== disposition.continueSearch)
    return raise(
      k,
      { code: status.INVALID_DISPOSITION, flags: exceptionFlag.noncontinuable, address: pc, information: [record] },
      `a handler answered ${answer} to an unwinding`,
    )
  const context = readContext(k.memory, working)
  if (frame === target) return arrive(k, state, context)
  unwindFrame(k.memory, functionRowAt(k, begin), context, pc, false)
  writeContext(k.memory, working, context)
  return unwindOn(k, { ...state, pc: (context.pc - 4) >>> 0 })
}

/** The frame that was named is reached: its function goes on where it was told, or where a function says it should. */
function arrive(k: Kernel, state: Unwinding, context: MachineContext): Outcome<never> {
  context.pc = state.targetIp
  context.gpr[3] = BigInt(state.value >>> 0)
  const { record, working, sp } = state
  const consolidates =
    k.memory.load32(record + EXCEPTION_RECORD.code) === status.UNWIND_CONSOLIDATE &&
    k.memory.load32(record + EXCEPTION_RECORD.count) > 0
  if (!consolidates) return resume(k, context)
  writeContext(k.memory, working, context)
  k.frame.setWord(1, sp)
  const entry = k.memory.load32(record + EXCEPTION_RECORD.information)
  return k.callGuest({ entry, args: [record], later: { continuation: 'unwind-consolidated', state: { working } } })
}

/** The function that ran before the frame was left has said where it goes on. */
export function consolidated(k: Kernel, working: number, pc: number): Outcome<never> {
  const context = readContext(k.memory, working)
  context.pc = pc
  return resume(k, context)
}
