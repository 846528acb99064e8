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
 * crossed by what is known of them: above the call of a handler lies the place of its exception; a walk that meets the
 * call of a handler by an earlier unwinding takes that unwinding over (they collide) where it stood.
 *
 * A look whether anybody up there has a handler comes first. Nobody has: then nothing was touched, and the title ends as
 * it does for any fault.
 */
import type { Plain } from '../base/state.ts'
import { hex32 } from '../base/words.ts'
import { GuestAccessError } from '../memory/guest.ts'
import type { Kernel } from './context.ts'
import {
  captureContext,
  copyContext,
  type MachineContext,
  readContext,
  resumeContext,
  wordOf,
  writeContext,
} from './machine-context.ts'
import { jumped, type Outcome } from './outcome.ts'
import type { GuestFault } from './ports.ts'
import { status } from './status.ts'
import { CONTEXT, DISPATCHER_CONTEXT, EXCEPTION_RECORD, KTHREAD } from './structs.ts'
import { type FunctionRow, findFunction, unwindFrame } from './unwind.ts'

export const exceptionFlag = {
  noncontinuable: 1,
  unwinding: 2,
  exitUnwind: 4,
  stackInvalid: 8,
  nested: 0x10,
  targetUnwind: 0x20,
  collided: 0x40,
} as const

export const disposition = { continueExecution: 0, continueSearch: 1, nested: 2, collided: 3 } as const

/** Frames a walk goes through before it gives up. */
const mostFrames = 0x10000
/** What a function may store below its stack pointer before it makes its frame. */
const belowStack = 0x680

/** A search for a handler: all addresses are of records in guest memory. */
export interface Search {
  readonly [key: string]: Plain
  readonly record: number
  /** Where the exception happened, and goes on if a handler wants so. */
  readonly context: number
  readonly working: number
  readonly dispatcher: number
  /** Where the instruction is that raised it. */
  readonly origin: number
  /** The stack pointer handlers are called with. */
  readonly sp: number
  readonly pc: number
  readonly top: boolean
  /** What the run ends with if nobody handles it, and the processor's own account. */
  readonly story: string
  readonly fault: Plain
}

export interface Unwinding {
  readonly [key: string]: Plain
  readonly record: number
  readonly target: number
  readonly targetIp: number
  readonly value: number
  readonly working: number
  readonly dispatcher: number
  readonly sp: number
  readonly pc: number
  readonly frame: number
  /** First instruction of the function whose handler was called. */
  readonly begin: number
  readonly collided: boolean
}

export interface NewException {
  readonly code: number
  readonly flags: number
  readonly address: number
  readonly information: readonly number[]
}

const handlerCall = 'exception-handler-done'
const unwindCall = 'unwind-handler-done'

function rowAt(k: Kernel, pc: number): FunctionRow | undefined {
  const module = k.modules.at(pc)
  return module === undefined ? undefined : findFunction(k.memory, module.functions, pc)
}

export const functionRowAt = rowAt

function onStack(k: Kernel, sp: number): boolean {
  const body = k.thread.object.address
  if (k.thread.tid === 0) return false
  return (
    sp >= k.memory.load32(body + KTHREAD.stackLimit) && sp < k.memory.load32(body + KTHREAD.stackBase) && sp % 8 === 0
  )
}

/** Where a walk stands. */
interface Place {
  context: MachineContext
  pc: number
  top: boolean
}

/**
 * Crosses the frame of a function that the kernel called: false where nothing is known of what lies above. `collide` is
 * called with the state of an unwinding that is met.
 */
function cross(k: Kernel, place: Place, collide?: (state: Unwinding) => void): boolean {
  const sp = wordOf(place.context, 1)
  const call = k.thread.calls.findLast(each => each.calledAt === sp)
  if (call === undefined) return false
  if (call.continuation === handlerCall) {
    const search = call.state as unknown as Search
    place.context = readContext(k.memory, search.context)
    place.pc = search.origin
    place.top = true
    return true
  }
  if (call.continuation === unwindCall && collide !== undefined) {
    collide(call.state as unknown as Unwinding)
    return true
  }
  if (call.saved !== null) return false
  place.context.gpr[1] = BigInt(call.sp)
  place.context.lr = call.lr
  place.pc = (call.lr - 4) >>> 0
  return true
}

const atTrap = (k: Kernel, pc: number): boolean => pc === k.traps.guestReturn - 4

/** Whether any function from a place upwards has a language handler; looks only. */
function anyHandler(k: Kernel, context: MachineContext, pc: number, top: boolean): boolean {
  const place: Place = { context: copyContext(context), pc, top }
  try {
    for (let i = 0; i < mostFrames; i += 1) {
      if (atTrap(k, place.pc)) {
        if (!cross(k, place)) return false
        continue
      }
      if (!onStack(k, wordOf(place.context, 1))) return false
      const row = rowAt(k, place.pc)
      if (row !== undefined && row.handler !== 0) return true
      const before = wordOf(place.context, 1)
      const next = unwindFrame(k.memory, row, place.context, place.pc, place.top)
      if (next.frame <= before && !place.top) return false
      place.pc = (place.context.pc - 4) >>> 0
      place.top = false
    }
  } catch (error) {
    if (!(error instanceof GuestAccessError)) throw error
  }
  return false
}

/** Calls a language handler on a stack pointer of its own. */
function callHandler(
  k: Kernel,
  row: FunctionRow,
  args: readonly number[],
  sp: number,
  name: string,
  state: Plain,
): Outcome<never> {
  k.frame.setWord(1, sp)
  return k.callGuest({ entry: row.handler, args, later: { continuation: name, state } })
}

function writeDispatcher(k: Kernel, at: number, pc: number, row: FunctionRow, frame: number, context: number): void {
  k.memory.store32(at + DISPATCHER_CONTEXT.controlPc, pc)
  k.memory.store32(at + DISPATCHER_CONTEXT.functionEntry, row.at)
  k.memory.store32(at + DISPATCHER_CONTEXT.establisherFrame, frame)
  k.memory.store32(at + DISPATCHER_CONTEXT.contextRecord, context)
}

/** Nobody handles it: the title ends where it happened. */
function unhandled(k: Kernel, search: Search): Outcome<never> {
  const { story, fault } = search
  resume(k, readContext(k.memory, search.context))
  const more = fault === null ? {} : { fault: { ...(fault as unknown as GuestFault) } }
  return k.endTitle({ kind: 'fault', text: story, exitCode: 0, ...more })
}

/** Goes on with a context; calls of the kernel's that lie below its stack are left. */
function resume(k: Kernel, context: MachineContext): typeof jumped {
  resumeContext(k.ports.registers.current, context, k.scheduler.running.kpcr)
  const { calls } = k.thread
  while (calls.length > 0 && (calls.at(-1)?.calledAt ?? 0) < wordOf(context, 1)) calls.pop()
  return jumped
}

/** Searches on from where a search stands. */
function search(k: Kernel, state: Search): Outcome<never> {
  const place: Place = { context: readContext(k.memory, state.working), pc: state.pc, top: state.top }
  const { record, context, dispatcher, sp } = state
  try {
    for (let i = 0; i < mostFrames; i += 1) {
      if (atTrap(k, place.pc)) {
        if (!cross(k, place)) break
        continue
      }
      if (!onStack(k, wordOf(place.context, 1))) break
      const row = rowAt(k, place.pc)
      const { pc } = place
      const before = wordOf(place.context, 1)
      const { frame } = unwindFrame(k.memory, row, place.context, pc, place.top)
      if (frame <= before && !place.top) break
      place.pc = (place.context.pc - 4) >>> 0
      place.top = false
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

/** Takes room on the calling thread's stack, below what runs; undefined when it does not fit. */
function takeRoom(k: Kernel, sp: number, sizes: readonly number[]): number[] | undefined {
  let at = (sp - belowStack) & ~15
  const blocks = sizes.map(size => {
    at = (at - size) & ~15
    return at >>> 0
  })
  const bottom = (at - 0x100) >>> 0
  if (!onStack(k, sp) || !onStack(k, bottom - 0x400)) return undefined
  k.memory.store32(bottom, sp)
  return [...blocks, bottom]
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

function writeRecord(k: Kernel, at: number, { code, flags, address, information }: NewException): number {
  k.memory.fill(at, EXCEPTION_RECORD.size, 0)
  k.memory.store32(at + EXCEPTION_RECORD.code, code)
  k.memory.store32(at + EXCEPTION_RECORD.flags, flags)
  k.memory.store32(at + EXCEPTION_RECORD.address, address)
  k.memory.store32(at + EXCEPTION_RECORD.count, information.length)
  information.forEach((word, i) => {
    k.memory.store32(at + EXCEPTION_RECORD.information + i * 4, word)
  })
  return at
}

/** The registers of the caller of an export, as it goes on when the export returns. */
export function callerContext(k: Kernel): MachineContext {
  const context = captureContext(k.ports.registers.current)
  context.pc = context.lr
  return context
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
  if (k.scheduler.irql() !== 0) return false
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
    collided: false,
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
function unwindOn(k: Kernel, begun: Unwinding): Outcome<never> {
  let state = begun
  const place: Place = { context: readContext(k.memory, state.working), pc: state.pc, top: false }
  try {
    for (let i = 0; i < mostFrames; i += 1) {
      if (atTrap(k, place.pc)) {
        const known = cross(k, place, other => {
          // The other stood at a frame whose handler it had called; what is left of that frame is ours.
          place.context = readContext(k.memory, other.working)
          place.pc = k.memory.load32(other.dispatcher + DISPATCHER_CONTEXT.controlPc)
          place.top = false
          state = { ...state, collided: true, begin: other.begin }
        })
        if (!known) break
        continue
      }
      if (!onStack(k, wordOf(place.context, 1))) break
      const row = rowAt(k, state.collided ? state.begin : place.pc)
      const before = copyContext(place.context)
      const { pc } = place
      const { frame } = unwindFrame(k.memory, row, place.context, pc, place.top)
      if (frame <= wordOf(before, 1) && !place.top && !state.collided && frame !== state.target) break
      if (state.target !== 0 && frame > state.target) break
      if (row !== undefined && row.handler !== 0) return callCleaner(k, state, before, { row, pc, frame })
      if (frame === state.target) return arrive(k, state, before)
      state = { ...state, collided: false }
      place.pc = (place.context.pc - 4) >>> 0
      place.top = false
    }
  } catch (error) {
    if (!(error instanceof GuestAccessError)) throw error
  }
  return badUnwind(k, state)
}

function callCleaner(
  k: Kernel,
  state: Unwinding,
  context: MachineContext,
  { row, pc, frame }: { readonly row: FunctionRow; readonly pc: number; readonly frame: number },
): Outcome<never> {
  const { record, target, working, dispatcher } = state
  const flagsAt = record + EXCEPTION_RECORD.flags
  const { targetUnwind, collided } = exceptionFlag
  const kept = k.memory.load32(flagsAt) & ~(targetUnwind | collided)
  const now = kept | (frame === target ? targetUnwind : 0) | (state.collided ? collided : 0)
  k.memory.store32(flagsAt, now)
  writeContext(k.memory, working, context)
  // Handlers learn from the context where the unwinding leads.
  k.memory.store32(working + CONTEXT.iar, state.targetIp)
  k.memory.store64(working + CONTEXT.gpr + 3 * 8, BigInt(state.value))
  writeDispatcher(k, dispatcher, pc, row, frame, working)
  const next = { ...state, pc, frame, begin: row.begin, collided: false }
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
  unwindFrame(k.memory, rowAt(k, begin), context, pc, false)
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
