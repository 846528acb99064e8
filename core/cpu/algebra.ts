import type { operations, Type } from './arithmetic.ts'
import type { Operand } from './forms.ts'
import type { FaultCode, SpecialName, SpecialType } from './state.ts'

/**
 * Ops<V>: the vocabulary in which a row says what its instruction does.
 *
 * A meaning is a function `(o, f) => …` that runs once for each way of using it, not once an execution: with the
 * emitter's Ops it describes code (operands read at run time from a decoded record, or known while translating), with
 * the analyser's it tells what is read and written, and a test may run it on plain numbers. So a meaning may look, with
 * a host `if`, only at what is known before: flags and variants (`f.rc`, `f.bo`) and the mode (`o.wide`). Everything a
 * guest can change is a value of type V, branched on by `when`, `select` and `choose`.
 *
 * Order. Loads, stores and calls happen in the order written. Register reads see the registers as they were before the
 * instruction, and register writes take effect after everything else, in the order written: parallel assignment. So an
 * access that faults leaves the instruction undone; a meaning that stores twice must `check` the second range first.
 *
 * Effective addresses are i32; wrapping a 64-bit sum gives the truncation that the machine does. Byte order is the
 * memory's business: a load gives the number, a vector load the register.
 */
export interface Values {
  i32: unknown
  i64: unknown
  f32: unknown
  f64: unknown
  v128: unknown
}

/** What the decoder knows of an instruction: the number of an operand, its word, and its address. */
export interface Known {
  (operand: Operand): number
  readonly word: number
  readonly pc: number
}

type Operations = typeof operations
type Arguments<V extends Values, T extends readonly Type[]> = { readonly [I in keyof T]: V[T[I]] }
type Method<V extends Values, N extends keyof Operations> = Operations[N]['lane'] extends true
  ? (lane: number, ...values: Arguments<V, Operations[N]['takes']>) => V[Operations[N]['gives']]
  : (...values: Arguments<V, Operations[N]['takes']>) => V[Operations[N]['gives']]

type Arithmetic<V extends Values, G extends string> = {
  readonly [N in keyof Operations as N extends `${G}.${infer Method}` ? Method : never]: Method<V, N>
}

interface Choices<V extends Values, T extends Type> {
  /** `yes` where the condition is not zero, else `no`; both are computed. */
  select(condition: V['i32'], yes: V[T], no: V[T]): V[T]
  /** As `select`, but only the one chosen is computed. */
  choose(condition: V['i32'], yes: () => V[T], no: () => V[T]): V[T]
  /** As `choose` where all conditions hold; that they do not is rare, as with `Ops.usual`. */
  usual(conditions: readonly V['i32'][], yes: () => V[T], no: () => V[T]): V[T]
}

/** A pure function over values, emitted once and called; for what would be too long in every handler. */
export interface Routine<P extends readonly Type[] = readonly Type[], R extends readonly Type[] = readonly Type[]> {
  readonly name: string
  readonly takes: P
  readonly gives: R
  readonly body: <V extends Values>(o: Ops<V>, ...values: Arguments<V, P>) => Arguments<V, R>
}

const made: Routine[] = []
/** All there are. */
export const routines: readonly Routine[] = made

export function routine<const P extends readonly Type[], const R extends readonly Type[]>(
  name: string,
  takes: P,
  gives: R,
  body: Routine<P, R>['body'],
): Routine<P, R> {
  const one: Routine<P, R> = { name, takes, gives, body }
  made.push(one as unknown as Routine)
  return one
}

/** Constant bytes that emitted code looks numbers up in. */
export interface Table {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface Ops<V extends Values> {
  /** MSR.SF: results are judged, carried and counted by 64 bits instead of the low 32. */
  readonly wide: boolean
  /** Whether FPSCR's status is kept to the last bit; float/usual.ts says what is left out where it is not. */
  readonly exact: boolean
  /** Whether the relaxed multiply-add of this host rounds once. */
  readonly fuses: boolean

  readonly i32: Arithmetic<V, 'i32'> & Choices<V, 'i32'> & { const(value: number): V['i32'] }
  readonly i64: Arithmetic<V, 'i64'> & Choices<V, 'i64'> & { const(value: number | bigint): V['i64'] }
  readonly f32: Arithmetic<V, 'f32'> & Choices<V, 'f32'> & { const(value: number): V['f32'] }
  readonly f64: Arithmetic<V, 'f64'> & Choices<V, 'f64'> & { const(value: number): V['f64'] }
  readonly v128: Arithmetic<V, 'v128'> & Choices<V, 'v128'> & { const(lanes: readonly number[]): V['v128'] }
  readonly i8x16: Arithmetic<V, 'i8x16'> & {
    shuffle(lanes: readonly number[], first: V['v128'], second: V['v128']): V['v128']
  }
  readonly i16x8: Arithmetic<V, 'i16x8'>
  readonly i32x4: Arithmetic<V, 'i32x4'>
  readonly i64x2: Arithmetic<V, 'i64x2'>
  readonly f32x4: Arithmetic<V, 'f32x4'>
  readonly f64x2: Arithmetic<V, 'f64x2'>

  /** The number of the instruction's own: signed where its field is. */
  imm(operand: Operand<'imm'>): V['i64']
  imm32(operand: Operand<'imm'>): V['i32']
  /** A number the decoder computes from the operands, once: a mask, a target. */
  known32(of: (known: Known) => number): V['i32']
  known64(of: (known: Known) => bigint): V['i64']
  /** The number of a register operand, for `gprAt`. */
  numberOf(operand: Operand<'gpr'>): V['i32']
  /** A branch target: the displacement of the word, made absolute. */
  target(operand: Operand<'target'>, absolute: boolean): V['i32']
  /** The address of the next instruction. */
  next(): V['i64']

  gpr(operand: Operand<'gpr' | 'base'>): V['i64']
  setGpr(operand: Operand<'gpr'>, value: V['i64']): void
  /** The bits of a floating-point register. */
  fpr(operand: Operand<'fpr'>): V['i64']
  setFpr(operand: Operand<'fpr'>, bits: V['i64']): void
  /** The double of a floating-point register: moves and changes of sign keep the bits of a NaN, arithmetic does not. */
  double(operand: Operand<'fpr'>): V['f64']
  setDouble(operand: Operand<'fpr'>, value: V['f64']): void
  /** The nearest single; and whether that is the register's value. For a NaN the answer may be either: if it is, to every bit. */
  single(operand: Operand<'fpr'>): V['f32']
  isSingle(operand: Operand<'fpr'>): V['i32']
  /** Whether a register holds no NaN. */
  isNumber(operand: Operand<'fpr'>): V['i32']
  /** Not for a NaN: its bits would not be defined. */
  setSingle(operand: Operand<'fpr'>, value: V['f32']): void
  /** A single that may be a NaN of any bits; `ofNaN` tells the double of one. */
  setLoaded(operand: Operand<'fpr'>, value: V['f32'], ofNaN: (bits: V['i32']) => V['i64']): void
  /** Infinite while FPSCR asks for rounding to nearest and nothing else, below zero otherwise. */
  limit(): V['f64']
  singleLimit(): V['f32']
  /** Whether every word, as a single, is zero or larger than the smallest normal number (so no denormal), and no NaN. */
  isPlain(value: V['v128']): V['i32']
  /** A vector register: guest element i of n is lane n-1-i. */
  vr(operand: Operand<'vr'>): V['v128']
  setVr(operand: Operand<'vr'>, value: V['v128']): void
  /** Four bits: LT 8, GT 4, EQ 2, SO (or unordered) 1. */
  crField(field: Operand<'crf'> | number): V['i32']
  setCrField(field: Operand<'crf'> | number, value: V['i32']): void
  /** 0 or 1. */
  crBit(operand: Operand<'crb'>): V['i32']
  setCrBit(operand: Operand<'crb'>, value: V['i32']): void
  get<N extends SpecialName>(name: N): V[SpecialType<N>]
  set<N extends SpecialName>(name: N, value: V[SpecialType<N>]): void
  /** The guest timebase, exact at this instruction. */
  timebase(): V['i64']

  load8(ea: V['i32']): V['i32']
  load16(ea: V['i32']): V['i32']
  load32(ea: V['i32']): V['i32']
  load64(ea: V['i32']): V['i64']
  load128(ea: V['i32']): V['v128']
  loadSingle(ea: V['i32']): V['f32']
  loadDouble(ea: V['i32']): V['f64']
  store8(ea: V['i32'], value: V['i32']): void
  store16(ea: V['i32'], value: V['i32']): void
  store32(ea: V['i32'], value: V['i32']): void
  store64(ea: V['i32'], value: V['i64']): void
  store128(ea: V['i32'], value: V['v128']): void
  storeSingle(ea: V['i32'], value: V['f32']): void
  storeDouble(ea: V['i32'], value: V['f64']): void
  /** Faults unless every byte of the range (at most a page) may be loaded, or stored to. */
  check(access: 'load' | 'store', ea: V['i32'], size: V['i32']): void
  /** Drops translations of the code in the range. */
  forget(ea: V['i32'], size: number): void
  /** A number of a constant table, by its index; the index must lie inside. */
  lookup8(table: Table, index: V['i32']): V['i32']
  lookup32(table: Table, index: V['i32']): V['i32']
  lookup64(table: Table, index: V['i32']): V['i64']

  /** The effects of one of two branches. */
  when(condition: V['i32'], yes: () => void, no?: () => void): void
  /**
   * As `when` where all conditions hold. That they do not is rare: compiled code may then give the instruction up, and
   * leave it whole to the interpreter; so both arms must say the same, and no store may stand before it.
   */
  usual(conditions: readonly V['i32'][], yes: () => void, no: () => void): void
  /**
   * Runs `body` with 0, 1, … count-1. Inside, `gprAt` and `setGprAt` (and nothing else) reach registers by a computed
   * number, at once: check the memory that the body touches before the loop.
   */
  repeat(count: V['i32'], body: (index: V['i32']) => void): void
  gprAt(index: V['i32']): V['i64']
  setGprAt(index: V['i32'], value: V['i64']): void

  call<P extends readonly Type[], R extends readonly Type[]>(
    routine: Routine<P, R>,
    ...values: Arguments<V, P>
  ): Arguments<V, R>

  /** Execution goes on at `target`, whose low two bits are zero. */
  branch(target: V['i32']): void
  /** Ends the run here, with nothing of the instruction done. */
  fault(code: FaultCode, address?: V['i32']): void
  /** The kernel call of an import thunk. */
  callKernel(): void
}
