/**
 * The calling convention, once, and the expressions exports are written in.
 *
 * Integers and pointers are general registers 3 to 10, argument n in register 3 + n; the rest lie on the stack, in the
 * low word of 8-byte slots, the eighth argument at r1 + 0x54. A 64-bit integer takes one register. A floating-point
 * argument takes the next of f1.. and uses up the general register it stands for. Results are in r3 or f1; a 32-bit
 * status is sign-extended, as compiled kernel code leaves it.
 */
import type { Plain } from '../base/state.ts'
import type { GuestMemory } from '../memory/guest.ts'
import type { Kernel } from './context.ts'
import type { Outcome } from './outcome.ts'
import type { CallFrame } from './ports.ts'
import { hresult as hresults, status as statuses, win32 as win32s } from './status.ts'
import type { Ptr } from './structs.ts'
import { type Subject, subjectOf } from './subjects.ts'

type Reader<T> = (frame: CallFrame, memory: GuestMemory) => T

/** The type of an argument: knows how to read it from its slot. */
export interface Arg<T> {
  readonly type: string
  readonly label: string
  readonly float: boolean
  /** The value is the low word of the register as it is: the common case, read without a detour. */
  readonly plain?: boolean
  bind(slot: number, floatRegister: number): Reader<T>
}

/** The type of a result: knows how to leave it, and what an export that is missing answers. */
export interface Result<T> {
  readonly type: string
  readonly failure: T
  write(frame: CallFrame, value: T): void
}

/** A type that serves as argument (`u32`, `u32('size')`) and as result. */
export type Scalar<T> = Arg<T> & Result<T> & ((label: string) => Arg<T>)

const firstRegister = 3
const registerSlots = 8
const stackSlots = 0x50

const wordReader = (slot: number): Reader<number> =>
  slot < registerSlots
    ? frame => frame.word(firstRegister + slot)
    : (frame, memory) => memory.load32(frame.word(1) + stackSlots + (slot - registerSlots) * 8 + 4)

const longReader = (slot: number): Reader<bigint> =>
  slot < registerSlots
    ? frame => frame.long(firstRegister + slot)
    : (frame, memory) => memory.load64(frame.word(1) + stackSlots + (slot - registerSlots) * 8)

const arg = <T>(type: string, label: string, bind: Arg<T>['bind'], float = false): Arg<T> => ({
  type,
  label,
  float,
  bind,
})

function scalar<T>(
  type: string,
  bind: Arg<T>['bind'],
  failure: T,
  write: Result<T>['write'],
  float = false,
): Scalar<T> {
  return Object.assign((label: string) => arg(type, label, bind, float), {
    type,
    label: '',
    float,
    bind,
    failure,
    write,
  })
}

const writeWord = (frame: CallFrame, value: number): void => frame.setWord(3, value)
const writeSigned = (frame: CallFrame, value: number): void => frame.setSigned(3, value)

/** An argument made of the low word of its slot. */
function ofWord<T>(type: string, convert: (word: number) => T, failure: T, write: Result<T>['write']): Scalar<T> {
  return scalar(
    type,
    slot => {
      const read = wordReader(slot)
      return (frame, memory) => convert(read(frame, memory))
    },
    failure,
    write,
  )
}

/** Marks a type whose values, also under a label, are plain words. */
const plain = (type: Scalar<number>): Scalar<number> =>
  Object.assign((label: string) => ({ ...type(label), plain: true }), {
    type: type.type,
    label: '',
    float: false,
    plain: true,
    bind: type.bind,
    failure: type.failure,
    write: type.write,
  })

export const u32: Scalar<number> = plain(scalar('u32', wordReader, 0, writeWord))
export const i32: Scalar<number> = ofWord('i32', word => word | 0, 0, writeSigned)
export const u16: Scalar<number> = ofWord('u16', word => word & 0xffff, 0, writeWord)
export const u8: Scalar<number> = ofWord('u8', word => word & 0xff, 0, writeWord)
export const bool: Scalar<boolean> = ofWord(
  'bool',
  word => word !== 0,
  false,
  (frame, value) => frame.setWord(3, value ? 1 : 0),
)
export const u64: Scalar<bigint> = scalar('u64', longReader, 0n, (frame, value) => frame.setLong(3, value))
export const i64: Scalar<bigint> = scalar(
  'i64',
  slot => {
    const read = longReader(slot)
    return (frame, memory) => BigInt.asIntN(64, read(frame, memory))
  },
  0n,
  (frame, value) => frame.setLong(3, value),
)
export const f64: Scalar<number> = scalar(
  'f64',
  (_slot, register) => frame => frame.float(register),
  0,
  (frame, value) => frame.setFloat(1, value),
  true,
)
/** A handle value as the caller gave it. */
export const handle: Scalar<number> = plain(scalar('handle', wordReader, 0, writeWord))

const pointerResult = { failure: 0, write: writeWord }

/** A pointer to a structure: `ptr(KEVENT, 'event')`; without a layout it is plain memory: `ptr('buffer')`. */
export function ptr(label?: string): Arg<number> & Result<number>
export function ptr<const L extends object>(layout: L, label?: string): Arg<Ptr<L>> & Result<Ptr<L>>
export function ptr(first?: object | string, second = ''): Arg<number> & Result<number> {
  return { ...arg('ptr', typeof first === 'string' ? first : second, wordReader), plain: true, ...pointerResult }
}

const text = (
  type: string,
  label: string,
  read: (memory: GuestMemory, at: number) => string,
): Arg<string | undefined> =>
  arg(type, label, slot => {
    const word = wordReader(slot)
    return (frame, memory) => {
      const at = word(frame, memory)
      return at === 0 ? undefined : read(memory, at)
    }
  })

/** The text up to a NUL; undefined for a null pointer. */
export const cstr = (label = ''): Arg<string | undefined> => text('cstr', label, (memory, at) => memory.text(at))

/** The text of an ANSI_STRING; undefined for a null pointer. */
export const ansiString = (label = ''): Arg<string | undefined> =>
  text('ansi', label, (memory, at) => readAnsi(memory, at))

/** Text of 16-bit units up to a NUL, at most so many. */
export function readUnits(memory: GuestMemory, at: number, most = 4096): string {
  let result = ''
  for (let i = 0; i < most; i += 1) {
    const unit = memory.load16(at + i * 2)
    if (unit === 0) break
    result += String.fromCharCode(unit)
  }
  return result
}

/** Text of 16-bit units up to a NUL; undefined for a null pointer. */
export const wstr = (label = ''): Arg<string | undefined> => text('wstr', label, (memory, at) => readUnits(memory, at))

/** The text of an ANSI_STRING in memory. */
export function readAnsi(memory: GuestMemory, at: number): string {
  const bytes = memory.read(memory.load32(at + 4), memory.load16(at))
  return String.fromCharCode(...bytes)
}

/** Arguments of a call with a variable number of them, taken one after the other. */
export interface Variadic {
  word(): number
  long(): bigint
  float(): number
}

const bits = new DataView(new ArrayBuffer(8))
const doubleOf = (raw: bigint): number => {
  bits.setBigUint64(0, raw)
  return bits.getFloat64(0)
}

/** The `...` of a row: must be its last argument. */
export const rest: Arg<Variadic> = arg('...', '', first => (frame, memory) => {
  let slot = first
  const long = (): bigint => {
    const raw = longReader(slot)(frame, memory)
    slot += 1
    return raw
  }
  return { long, word: () => Number(BigInt.asUintN(32, long())), float: () => doubleOf(long()) }
})

/** The arguments behind a `va_list`: 8-byte slots in memory. */
export function variadicAt(memory: GuestMemory, list: number): Variadic {
  let at = list
  const long = (): bigint => {
    const raw = memory.load64(at)
    at += 8
    return raw
  }
  return { long, word: () => Number(BigInt.asUintN(32, long())), float: () => doubleOf(long()) }
}

const result = <T>(type: string, failure: T, write: Result<T>['write']): Result<T> => ({ type, failure, write })

/** No result. */
export const nothing: Result<void> = result<void>('void', undefined, () => {})
export const status: Result<number> = result('status', statuses.NOT_IMPLEMENTED as number, writeSigned)
export const win32: Result<number> = result('win32', win32s.NOT_SUPPORTED as number, writeWord)
export const hresult: Result<number> = result('hresult', hresults.NOT_IMPLEMENTED as number, writeSigned)
/** A result where all ones means failure: an index, a socket. */
export const index: Result<number> = result('index', 0xffffffff, writeSigned)

export const results = { void: nothing, status, win32, hresult, index, u32, i32, bool, u64, ptr: ptr(), f64, handle }
export type ResultName = keyof typeof results

/**
 * `hot`: called often, and never worth a line; `poll`: changes nothing another thread could see, so that a loop of such
 * calls and timed waits makes no progress; `blocking`: may park.
 */
export type Tag = Subject | 'hot' | 'poll' | 'blocking'

type Values<A extends readonly Arg<unknown>[]> = { readonly [I in keyof A]: A[I] extends Arg<infer T> ? T : never }

/** Reads the arguments, runs the body, answers its outcome. */
export type Invoke = (kernel: Kernel) => Outcome<unknown>

/** A body whose arguments are so many plain words in registers, which is most of what is called often. */
export interface OfWords {
  readonly count: number
  readonly body: AnyBody
}

/** How a result is left in r3: what is left otherwise, its type writes. */
export const leaves = { nothing: 0, word: 1, signed: 2, otherwise: 3 } as const
export function leavesOf({ write }: Result<unknown>): number {
  if (write === (nothing.write as Result<unknown>['write'])) return leaves.nothing
  if (write === (writeWord as Result<unknown>['write'])) return leaves.word
  return write === (writeSigned as Result<unknown>['write']) ? leaves.signed : leaves.otherwise
}

export interface ExportRow {
  readonly entry: 'function'
  readonly library: number
  readonly ordinal: number
  readonly name: string
  readonly args: readonly Arg<unknown>[]
  readonly result: Result<unknown>
  readonly tags: readonly Tag[]
  /** Absent in a row that is missing. */
  readonly invoke?: Invoke
  /** The same without the detour, where its arguments are simple. */
  readonly ofWords?: OfWords
  /** Why a call has no effect here, in a row that has none; such calls are counted. */
  readonly idle?: string
  /** Why there is no body, in a row that has none and where that was looked into. */
  readonly because?: string
}

/** A variable the platform exports: memory whose address the importing slot gets. */
export interface VariableRow {
  readonly entry: 'variable'
  readonly library: number
  readonly ordinal: number
  readonly name: string
  readonly size: number
  fill?(kernel: Kernel, address: number): void
}

/** What happens after a wait or a guest function, by name. */
export interface ContinuationRow {
  readonly entry: 'continuation'
  readonly name: string
  /** `value` is the status of the wait, or what the guest function left in r3. */
  run(kernel: Kernel, state: Plain, value: number): Outcome<unknown>
  /** Lets go of what the state holds, where it is never gone on with: the thread ended, or jumped out of the function. */
  forgone?(kernel: Kernel, state: Plain): void
}

export type Entry = ExportRow | VariableRow | ContinuationRow

export type AnyBody = (kernel: Kernel, ...values: readonly unknown[]) => Outcome<unknown>

/**
 * The body of an export that does nothing a title could notice, because the machine has nothing it would act upon: the
 * reason is part of the row, and each call is counted and told of at the end of the run.
 */
export const withoutEffect = <V extends readonly unknown[], R>(
  why: string,
  body: (kernel: Kernel, ...values: V) => Outcome<R>,
): ((kernel: Kernel, ...values: V) => Outcome<R>) & { readonly idle: string } => Object.assign(body, { idle: why })

type Bound = Pick<ExportRow, 'invoke' | 'ofWords' | 'idle'>

function bind(args: readonly Arg<unknown>[], body: AnyBody & { idle?: string }): Bound {
  const { idle } = body
  const invoke = bindBody(args, body)
  if (idle === undefined) {
    const simple = args.length <= 4 && args.every(argument => argument.plain === true)
    return simple ? { invoke, ofWords: { count: args.length, body } } : { invoke }
  }
  const counted: Invoke = k => {
    k.countWithoutEffect()
    return invoke(k)
  }
  return { invoke: counted, idle }
}

/** Binds each argument to its place, so that a call does no work that could be done now. */
function bindBody(args: readonly Arg<unknown>[], body: AnyBody): Invoke {
  let float = 0
  const read = args.map((argument, slot) => argument.bind(slot, argument.float ? ++float : 0))
  const [a, b, c, d, e] = read
  if (a === undefined) return k => body(k)
  if (b === undefined) return k => body(k, a(k.frame, k.memory))
  if (c === undefined) return k => body(k, a(k.frame, k.memory), b(k.frame, k.memory))
  if (d === undefined) return k => body(k, a(k.frame, k.memory), b(k.frame, k.memory), c(k.frame, k.memory))
  if (e === undefined)
    return k => body(k, a(k.frame, k.memory), b(k.frame, k.memory), c(k.frame, k.memory), d(k.frame, k.memory))
  return k => body(k, ...read.map(next => next(k.frame, k.memory)))
}

const define =
  (library: number) =>
  <const A extends readonly Arg<unknown>[], R>(
    ordinal: number,
    name: string,
    args: A,
    returns: Result<R>,
    tags: readonly Tag[],
    body?: (kernel: Kernel, ...values: Values<A>) => Outcome<R>,
  ): ExportRow => ({
    entry: 'function',
    library,
    ordinal,
    name,
    args,
    result: returns as Result<unknown>,
    tags,
    ...(body === undefined ? {} : bind(args, body as unknown as AnyBody)),
  })

/** An export of xboxkrnl.exe. */
export const krnl = define(0)
/** An export of xam.xex. */
export const xam = define(1)
/** An export of xbdm.xex. */
export const xbdm = define(2)

const defineVariable =
  (library: number) =>
  (ordinal: number, name: string, size: number, fill?: VariableRow['fill']): VariableRow => ({
    entry: 'variable',
    library,
    ordinal,
    name,
    size,
    ...(fill === undefined ? {} : { fill }),
  })

/** A variable of xboxkrnl.exe: zeroed memory of `size` bytes, filled once at the start. */
export const krnlVariable = defineVariable(0)

/** A continuation: `state` is what the body that parked or called a guest function left for it. */
export const continuation = <S extends Plain>(
  name: string,
  run: (kernel: Kernel, state: S, value: number) => Outcome<unknown>,
  forgone?: (kernel: Kernel, state: S) => void,
): ContinuationRow => ({
  entry: 'continuation',
  name,
  run: run as ContinuationRow['run'],
  ...(forgone === undefined ? {} : { forgone: forgone as NonNullable<ContinuationRow['forgone']> }),
})

/** Rows without a body, in short form: ordinal, name, result, and why there is none. */
export function missing(
  library: number,
  rows: readonly (readonly [ordinal: number, name: string, result: ResultName | 'variable', because?: string])[],
): Entry[] {
  return rows.map(([ordinal, name, returns, because]) =>
    returns === 'variable'
      ? { entry: 'variable', library, ordinal, name, size: 0x100 }
      : {
          entry: 'function',
          library,
          ordinal,
          name,
          args: [],
          result: results[returns] as Result<unknown>,
          tags: [subjectOf(name)],
          ...(because === undefined ? {} : { because }),
        },
  )
}
