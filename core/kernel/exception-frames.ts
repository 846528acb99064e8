/**
 * What both walks over frames need (exception.ts searches for a handler, unwinding.ts unwinds): the rows of functions,
 * how the frames of guest functions that the kernel called are crossed, records on the guest's stack, and going on.
 */
import type { Plain } from '../base/state.ts'
import { GuestAccessError } from '../memory/guest.ts'
import type { Kernel } from './context.ts'
import {
  captureContext,
  copyContext,
  type MachineContext,
  readContext,
  resumeContext,
  wordOf,
} from './machine-context.ts'
import { jumped, type Outcome } from './outcome.ts'
import { DISPATCHER_CONTEXT, EXCEPTION_RECORD, KTHREAD } from './structs.ts'
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
export const mostFrames = 0x10000
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
}

export interface NewException {
  readonly code: number
  readonly flags: number
  readonly address: number
  readonly information: readonly number[]
}

export const handlerCall = 'exception-handler-done'
export const unwindCall = 'unwind-handler-done'

export function functionRowAt(k: Kernel, pc: number): FunctionRow | undefined {
  const module = k.modules.at(pc)
  return module === undefined ? undefined : findFunction(k.memory, module.functions, pc)
}

export function onStack(k: Kernel, sp: number): boolean {
  const body = k.thread.object.address
  if (k.thread.tid === 0) return false
  return (
    sp >= k.memory.load32(body + KTHREAD.stackLimit) && sp < k.memory.load32(body + KTHREAD.stackBase) && sp % 8 === 0
  )
}

/** Where a walk stands. */
export interface Place {
  context: MachineContext
  pc: number
  top: boolean
  /**
   * First instruction of the function, where the walk has met an unwinding that stands there: its handler has moved the
   * place on, perhaps to the end of the function. 0 elsewhere.
   */
  collidedIn: number
}

export const placeAt = (context: MachineContext, pc: number, top: boolean): Place => ({
  context,
  pc,
  top,
  collidedIn: 0,
})

/** The row of the function a place lies in. */
export const rowOf = (k: Kernel, { pc, collidedIn }: Place): FunctionRow | undefined =>
  functionRowAt(k, collidedIn === 0 ? pc : collidedIn)

/** Goes on where the caller of the frame that was just unwound waits. */
export function stepUp(place: Place): void {
  place.pc = (place.context.pc - 4) >>> 0
  place.top = false
  place.collidedIn = 0
}

/** Crosses the frame of a function that the kernel called: false where nothing is known of what lies above. */
export function cross(k: Kernel, place: Place): boolean {
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
  if (call.continuation === unwindCall) {
    // It stood at a frame whose handler it had called: what lies below is gone, and what is left of that frame is ours.
    const other = call.state as unknown as Unwinding
    place.context = readContext(k.memory, other.working)
    place.pc = k.memory.load32(other.dispatcher + DISPATCHER_CONTEXT.controlPc)
    place.top = false
    place.collidedIn = other.begin
    return true
  }
  if (call.saved !== null) return false
  place.context.gpr[1] = BigInt(call.sp)
  place.context.lr = call.lr
  place.pc = (call.lr - 4) >>> 0
  return true
}

export const atTrap = (k: Kernel, pc: number): boolean => pc === k.traps.guestReturn - 4

/** Whether any function from a place upwards has a language handler; looks only. */
export function anyHandler(k: Kernel, context: MachineContext, pc: number, top: boolean): boolean {
  const place = placeAt(copyContext(context), pc, top)
  try {
    for (let i = 0; i < mostFrames; i += 1) {
      if (atTrap(k, place.pc)) {
        if (!cross(k, place)) return false
        continue
      }
      if (!onStack(k, wordOf(place.context, 1))) return false
      const row = rowOf(k, place)
      if (row !== undefined && row.handler !== 0) return true
      const before = wordOf(place.context, 1)
      const next = unwindFrame(k.memory, row, place.context, place.pc, place.top)
      if (next.frame <= before && !place.top) return false
      stepUp(place)
    }
  } catch (error) {
    if (!(error instanceof GuestAccessError)) throw error
  }
  return false
}

/** Calls a language handler on a stack pointer of its own. */
export function callHandler(
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

export function writeDispatcher(
  k: Kernel,
  at: number,
  pc: number,
  row: FunctionRow,
  frame: number,
  context: number,
): void {
  k.memory.store32(at + DISPATCHER_CONTEXT.controlPc, pc)
  k.memory.store32(at + DISPATCHER_CONTEXT.functionEntry, row.at)
  k.memory.store32(at + DISPATCHER_CONTEXT.establisherFrame, frame)
  k.memory.store32(at + DISPATCHER_CONTEXT.contextRecord, context)
}
/** Goes on with a context; calls of the kernel's that lie below its stack are left. */
export function resume(k: Kernel, context: MachineContext): typeof jumped {
  resumeContext(k.ports.registers.current, context, k.scheduler.running.kpcr)
  const { calls } = k.thread
  while (calls.length > 0 && (calls.at(-1)?.calledAt ?? 0) < wordOf(context, 1)) calls.pop()
  return jumped
}

/** Takes room on the calling thread's stack, below what runs; undefined when it does not fit. */
export function takeRoom(k: Kernel, sp: number, sizes: readonly number[]): number[] | undefined {
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

export function writeRecord(k: Kernel, at: number, { code, flags, address, information }: NewException): number {
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
