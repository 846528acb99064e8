/**
 * Structured exceptions, as the platform delivers them.
 *
 * An exception is a record, and a context that says where it happened. It is searched for a handler frame by frame, from
 * that place up the stack: a function whose row in the function table has a language handler gets it called with the
 * record, the frame, the context, and what the dispatcher knows of the frame. A handler may let the search go on, mend
 * the context and continue, or not return at all: then it unwinds to its own frame. Unwinding is a second walk, from the
 * caller of RtlUnwind up to the frame that was named, which calls the same handlers with a flag in the record, so that
 * they clean up; then the context of that frame goes on at the address that was named.
 *
 * Handlers, filters and clean-up code are guest functions, so both walks are continuations: their state is plain data,
 * and the records lie on the guest's own stack, below what was running. The frames the kernel makes for such calls are
 * crossed by what is known of them: above the call of a handler lies the place of its exception; a walk of either kind
 * that meets the call of a handler by an unwinding goes on where that stood (they collide): the frames below are gone, and
 * what was cleaned up is not cleaned up again.
 *
 * A look whether anybody up there has a handler comes first. Nobody has: then nothing was touched, and the title ends as
 * it does for any fault.
 */

import { hex32 } from '../base/words.ts'
import { GuestAccessError } from '../memory/guest.ts'
import type { Kernel } from './context.ts'
import {
  anyHandler,
  atTrap,
  callerContext,
  callHandler,
  cross,
  disposition,
  exceptionFlag,
  handlerCall,
  mostFrames,
  type NewException,
  onStack,
  placeAt,
  resume,
  rowOf,
  type Search,
  stepUp,
  takeRoom,
  writeDispatcher,
  writeRecord,
} from './exception-frames.ts'
import { captureContext, type MachineContext, readContext, wordOf, writeContext } from './machine-context.ts'
import type { Outcome } from './outcome.ts'
import type { GuestFault } from './ports.ts'
import { status } from './status.ts'
import { CONTEXT, DISPATCHER_CONTEXT, EXCEPTION_RECORD } from './structs.ts'
import { unwindFrame } from './unwind.ts'

/** Nobody handles it: the title ends where it happened. */
function unhandled(k: Kernel, search: Search): Outcome<never> {
  const { story, fault } = search
  resume(k, readContext(k.memory, search.context))
  const more = fault === null ? {} : { fault: { ...(fault as unknown as GuestFault) } }
  return k.endTitle({ kind: 'fault', text: story, exitCode: 0, ...more })
}

/** Searches on from where a search stands. */
function search(k: Kernel, state: Search): Outcome<never> {
  const place = placeAt(readContext(k.memory, state.working), state.pc, state.top)
  const { record, context, dispatcher, sp } = state
  try {
    for (let i = 0; i < mostFrames; i += 1) {
      if (atTrap(k, place.pc)) {
        if (!cross(k, place)) break
        continue
      }
      if (!onStack(k, wordOf(place.context, 1))) break
      const row = rowOf(k, place)
      const { pc } = place
      const before = wordOf(place.context, 1)
      const { frame } = unwindFrame(k.memory, row, place.context, pc, place.top)
      if (frame <= before && !place.top) break
      stepUp(place)
      if (row === undefined || row.handler === 0) continue
      writeContext(k.memory, state.working, place.context)
      writeDispatcher(k, dispatcher, pc, row, frame, context)
      return callHandler(k, row, [record, frame, context, dispatcher], sp, handlerCall, {
        ...state,
        pc: place.pc,
        top: false,
      })
    }
  } catch (error) {
    if (!(error instanceof GuestAccessError)) throw error
  }
  return unhandled(k, state)
}

/** A language handler has answered a search. */
export function handlerAnswered(k: Kernel, state: Search, answer: number): Outcome<never> {
  if (answer === disposition.continueSearch || answer === disposition.nested) return search(k, state)
  const flags = k.memory.load32(state.record + EXCEPTION_RECORD.flags)
  if (answer === disposition.continueExecution && (flags & exceptionFlag.noncontinuable) === 0)
    return resume(k, readContext(k.memory, state.context))
  const code = answer === disposition.continueExecution ? status.NONCONTINUABLE_EXCEPTION : status.INVALID_DISPOSITION
  return raise(k, { code, flags: exceptionFlag.noncontinuable, address: k.frame.pc, information: [] }, state.story)
}
interface Raised {
  readonly context: MachineContext
  /** Address of a record, or what to make one of. */
  readonly exception: number | NewException
  readonly origin: number
  readonly top: boolean
  readonly story: string
  readonly fault?: GuestFault
}

/** Searches for a handler; undefined, and nothing is changed, when there is none. */
function dispatch(k: Kernel, { context, exception, origin, top, story, fault }: Raised): Outcome<never> | undefined {
  if (k.thread.tid === 0 || !anyHandler(k, context, origin, top)) return undefined
  const sizes = [CONTEXT.size, CONTEXT.size, DISPATCHER_CONTEXT.size, EXCEPTION_RECORD.size]
  const room = takeRoom(k, wordOf(context, 1), sizes)
  if (room === undefined) return undefined
  const [contextAt = 0, working = 0, dispatcher = 0, recordAt = 0, sp = 0] = room
  writeContext(k.memory, contextAt, context)
  writeContext(k.memory, working, context)
  const record = typeof exception === 'number' ? exception : writeRecord(k, recordAt, exception)
  return search(k, {
    record,
    context: contextAt,
    working,
    dispatcher,
    origin,
    sp,
    pc: origin,
    top,
    story,
    fault: fault === undefined ? null : { ...fault },
  })
}

/** Raises an exception at the caller of an export; ends the title with `story` when nobody handles it. */
export function raise(k: Kernel, exception: number | NewException, story: string): Outcome<never> {
  const context = callerContext(k)
  if (typeof exception === 'number') k.memory.store32(exception + EXCEPTION_RECORD.address, context.pc)
  const origin = (context.pc - 4) >>> 0
  const raised = dispatch(k, { context, exception, origin, top: false, story })
  return raised ?? k.endTitle({ kind: 'fault', text: story, exitCode: 0 })
}

/** Codes by which the platform calls what the processor meets. */
function codeOf({ code, word }: GuestFault): number | undefined {
  if (code === 'load' || code === 'store' || code === 'fetch') return status.ACCESS_VIOLATION
  if (code === 'unaligned') return status.DATATYPE_MISALIGNMENT
  if (code === 'illegal') return status.ILLEGAL_INSTRUCTION
  if (code === 'privileged') return status.PRIVILEGED_INSTRUCTION
  if (code !== 'trap') return undefined
  // The compiler's own checks before a division.
  const condition = (word >>> 21) & 31
  const immediate = word & 0xffff
  const compares = word >>> 26 === 3 || word >>> 26 === 2
  if (compares && immediate === 0 && (condition === 6 || condition === 4)) return status.INTEGER_DIVIDE_BY_ZERO
  if (compares && immediate === 0xffff && condition === 5) return status.INTEGER_OVERFLOW
  return status.BREAKPOINT
}

/** Delivers a fault of an instruction to the thread it happened in; false when nobody there could handle it. */
export function deliverFault(k: Kernel, fault: GuestFault, story: string): boolean {
  const code = codeOf(fault)
  if (code === undefined || k.scheduler.irql() !== 0) return false
  const access = code === status.ACCESS_VIOLATION
  const context = captureContext(k.ports.registers.current)
  const { pc } = fault
  context.pc = pc
  // A jump to where no code is has left its function: the one it came from is told.
  const jumpedAway = fault.code === 'fetch'
  const raised = dispatch(k, {
    context,
    exception: {
      code,
      flags: 0,
      address: pc,
      information: access ? [fault.code === 'store' ? 1 : 0, fault.address ?? pc] : [],
    },
    origin: jumpedAway ? (context.lr - 4) >>> 0 : pc,
    top: !jumpedAway,
    story: `exception ${hex32(code)} at ${hex32(pc)} was not handled: ${story}`,
    fault,
  })
  return raised !== undefined
}

/** Delivers a bad address given to an export to the export's caller; false when nobody there could handle it. */
export function deliverAccess(k: Kernel, error: GuestAccessError, story: string): boolean {
  // Nor can a thread be told that the call has stopped already, or ended.
  if (k.scheduler.irql() !== 0 || k.scheduler.current !== k.thread) return false
  const context = captureContext(k.ports.registers.current)
  const origin = (context.lr - 4) >>> 0
  // To continue is to do the call again.
  context.pc -= 4
  const exception = {
    code: status.ACCESS_VIOLATION,
    flags: 0,
    address: context.pc,
    information: [error.write ? 1 : 0, error.address],
  }
  return dispatch(k, { context, exception, origin, top: false, story }) !== undefined
}
