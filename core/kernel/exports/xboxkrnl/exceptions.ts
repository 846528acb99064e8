/**
 * Exceptions: raised by the title, searched for handlers, unwound; and the language handler of C, whose scope table says
 * which instructions a filter or a clean-up guards. The title's own code has the language handler of C++.
 */
import { hex32 } from '../../../base/words.ts'
import { continuation, type Entry, i32, krnl, nothing, ptr, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { handlerAnswered, raise } from '../../exception.ts'
import {
  callerContext,
  disposition,
  exceptionFlag,
  functionRowAt,
  type Search,
  type Unwinding,
} from '../../exception-frames.ts'
import { readContext, writeContext } from '../../machine-context.ts'
import type { Outcome } from '../../outcome.ts'
import { CONTEXT, DISPATCHER_CONTEXT, EXCEPTION_RECORD } from '../../structs.ts'
import { unwindFrame } from '../../unwind.ts'
import { cleanerAnswered, consolidated, unwind } from '../../unwinding.ts'

/** The exception by which a title gives a thread a name. */
const setThreadName = 0x406d1388
const cxxException = 0xe06d7363
const callingThread = 0xffffffff

function nameThread(k: Kernel, record: number): void {
  const nameAt = k.memory.load32(record + EXCEPTION_RECORD.information + 4)
  const tid = k.memory.load32(record + EXCEPTION_RECORD.information + 8)
  const thread = tid === callingThread ? k.thread : k.threads.byTid(tid)
  if (thread !== undefined && nameAt !== 0) k.threads.setName(thread, k.memory.text(nameAt, 64))
}

/** What the language handler of C is called with, and the scope it has come to. */
interface ScopeWalk {
  readonly [key: string]: number
  readonly record: number
  readonly frame: number
  readonly context: number
  readonly dispatcher: number
  readonly index: number
}

interface Scope {
  readonly begin: number
  readonly end: number
  /** Filter, or clean-up code where there is no target. */
  readonly handler: number
  readonly target: number
}

const scopeSize = 0x10
/** In place of a filter: always take it. */
const alwaysExecute = 1

function scopesOf(k: Kernel, dispatcher: number): Scope[] {
  const begin = k.memory.load32(k.memory.load32(dispatcher + DISPATCHER_CONTEXT.functionEntry))
  const table = k.memory.load32(begin - 4)
  return Array.from({ length: k.memory.load32(table) }, (_, i) => {
    const [from = 0, end = 0, handler = 0, target = 0] = [4, 8, 12, 16].map(at =>
      k.memory.load32(table + at + i * scopeSize),
    )
    return { begin: from, end, handler, target }
  })
}

const unwindingFlags = exceptionFlag.unwinding | exceptionFlag.exitUnwind

/** Walks the scopes from where it stands; a disposition, or a guest function is called first. */
function walkScopes(k: Kernel, walk: ScopeWalk): Outcome<number> {
  const { record, frame, context, dispatcher } = walk
  const pc = k.memory.load32(dispatcher + DISPATCHER_CONTEXT.controlPc)
  const flags = k.memory.load32(record + EXCEPTION_RECORD.flags)
  const cleaning = (flags & unwindingFlags) !== 0
  const arriving = (flags & exceptionFlag.targetUnwind) !== 0
  const targetIp = k.memory.load32(context + CONTEXT.iar)
  const scopes = scopesOf(k, dispatcher)
  for (let index = walk.index; index < scopes.length; index += 1) {
    const scope = scopes[index]
    if (scope === undefined || pc < scope.begin || pc >= scope.end) continue
    const { handler, target } = scope
    const state = { ...walk, index: index + 1 }
    if (cleaning) {
      // The scope that is unwound to is not left, nor any around it.
      if (arriving && ((targetIp >= scope.begin && targetIp < scope.end) || targetIp === target)) break
      if (target !== 0) continue
      // What collides with this unwinding goes on behind the scope.
      k.memory.store32(dispatcher + DISPATCHER_CONTEXT.controlPc, scope.end)
      k.frame.setWord(12, frame)
      return k.callGuest({
        entry: handler,
        args: [1],
        later: { continuation: 'scope-cleaned', state: { ...state, pc } },
      })
    }
    if (target === 0) continue
    if (handler === alwaysExecute) return takeScope(k, walk, target)
    const pointers = k.pool.allocate(8)
    k.memory.store32(pointers, record)
    k.memory.store32(pointers + 4, context)
    k.frame.setWord(12, frame)
    return k.callGuest({
      entry: handler,
      args: [pointers],
      later: { continuation: 'scope-filtered', state: { ...state, target, pointers } },
    })
  }
  return disposition.continueSearch
}

/** A scope takes the exception: unwinds to it, the code of the exception in r3. */
function takeScope(k: Kernel, { record, frame }: ScopeWalk, target: number): Outcome<never> {
  const value = k.memory.load32(record + EXCEPTION_RECORD.code)
  return unwind(k, { target: frame, targetIp: target, record, value })
}

function filtered(k: Kernel, state: ScopeWalk, answer: number): Outcome<number> {
  const { target = 0, pointers = 0 } = state
  k.pool.free(pointers, 8)
  const verdict = answer | 0
  if (verdict < 0) return disposition.continueExecution
  return verdict > 0 ? takeScope(k, state, target) : walkScopes(k, state)
}

function raiseStatus(k: Kernel, code: number): Outcome<never> {
  const address = k.frame.lr
  return raise(
    k,
    { code, flags: exceptionFlag.noncontinuable, address, information: [] },
    `exception ${hex32(code)} was raised, called from ${hex32(address)}`,
  )
}

const unwindTo = (k: Kernel, target: number, targetIp: number, record: number, value: number): Outcome<never> =>
  unwind(k, { target, targetIp, record, value })

export const exceptions: readonly Entry[] = [
  krnl(310, 'RtlRaiseException', [ptr(EXCEPTION_RECORD, 'record')], nothing, ['debug'], (k, record) => {
    const code = k.memory.load32(record + EXCEPTION_RECORD.code)
    if (code === setThreadName) return nameThread(k, record)
    const what = code === cxxException ? 'a C++ exception was thrown' : `exception ${hex32(code)} was raised`
    return raise(k, record, `${what}, called from ${hex32(k.frame.lr)}`)
  }),
  krnl(311, 'RtlRaiseStatus', [u32('status')], nothing, ['debug'], raiseStatus),
  krnl(281, 'RtlCaptureContext', [ptr(CONTEXT, 'context')], nothing, ['debug', 'poll'], (k, at) =>
    writeContext(k.memory, at, callerContext(k)),
  ),
  krnl(305, 'RtlLookupFunctionEntry', [u32('pc')], ptr(), ['debug', 'poll'], (k, pc) => functionRowAt(k, pc)?.at ?? 0),
  krnl(
    331,
    'RtlVirtualUnwind',
    [
      u32('pc'),
      ptr('functionEntry'),
      ptr(CONTEXT, 'context'),
      ptr('inFunction'),
      ptr('establisherFrame'),
      ptr('pointers'),
      u32('low'),
      u32('high'),
    ],
    u32,
    ['debug'],
    (k, pc, entry, at, inFunctionAt, frameAt) => {
      const context = readContext(k.memory, at)
      const row = entry === 0 ? undefined : functionRowAt(k, pc)
      const { pc: where } = context
      const { frame } = unwindFrame(k.memory, row, context, pc, true)
      const next = (context.pc - 4) >>> 0
      context.pc = where
      writeContext(k.memory, at, context)
      if (inFunctionAt !== 0) k.memory.store8(inFunctionAt, row !== undefined && pc >= row.prologueEnd ? 1 : 0)
      if (frameAt !== 0) k.memory.store32(frameAt, frame)
      return next
    },
  ),
  krnl(
    327,
    'RtlUnwind',
    [ptr('targetFrame'), u32('targetIp'), ptr(EXCEPTION_RECORD, 'record'), u32('value')],
    nothing,
    ['debug'],
    unwindTo,
  ),
  krnl(
    328,
    'RtlUnwind2',
    [ptr('targetFrame'), u32('targetIp'), ptr(EXCEPTION_RECORD, 'record'), u32('value'), ptr(CONTEXT, 'context')],
    nothing,
    ['debug'],
    unwindTo,
  ),
  krnl(
    421,
    '__C_specific_handler',
    [ptr(EXCEPTION_RECORD, 'record'), ptr('frame'), ptr(CONTEXT, 'context'), ptr(DISPATCHER_CONTEXT, 'dispatcher')],
    i32,
    ['debug'],
    (k, record, frame, context, dispatcher) => walkScopes(k, { record, frame, context, dispatcher, index: 0 }),
  ),
  continuation('scope-filtered', filtered, (k, { pointers = 0 }) => k.pool.free(pointers, 8)),
  continuation('scope-cleaned', (k, { pc = 0, ...state }: ScopeWalk & { pc?: number }) => {
    const walk = state as ScopeWalk
    k.memory.store32(walk.dispatcher + DISPATCHER_CONTEXT.controlPc, pc)
    return walkScopes(k, walk)
  }),
  continuation('exception-handler-done', (k, state: Search, answer) => handlerAnswered(k, state, answer)),
  continuation('unwind-handler-done', (k, state: Unwinding, answer) => cleanerAnswered(k, state, answer)),
  continuation('unwind-consolidated', (k, { working }: { working: number }, pc) => consolidated(k, working, pc)),
]
