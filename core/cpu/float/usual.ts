/**
 * FPSCR in its two modes, and what the fast one leaves out.
 *
 * `exact`: every instruction leaves every bit of FPSCR as the architecture has it. To know FR and FI, it has to find out
 * how far each result lies from the exact one, which costs several times what the operation does.
 *
 * `fast`: an ordinary instruction gives its result and leaves FPSCR alone; every other does all that it does in the exact
 * mode, to all bits. An arithmetic instruction is ordinary when FPSCR asks for rounding to nearest and nothing else (no
 * NI, no enabled exception), its result is finite, and its operands are singles if it is of single precision. A compare
 * is ordinary when its operands are numbers, a conversion to an integer when the number fits (and, where FPSCR rounds it,
 * FPSCR asks for nothing else). So results are the same to the bit, the control bits hold, and infinite, invalid and
 * overflowing operations and divisions by zero leave OX, ZX, VX, their causes and FX behind.
 *
 * Left out, of ordinary instructions: FPRF, FR, FI, and XX and UX with their part in FX. No title is known to read them:
 * the C library's status word is asked for overflow, division and invalid operations; FPRF tells of the last result what
 * a compare tells of any; inexact is so for nearly every result, and underflow only warns of what the result shows.
 *
 * The mode belongs to the meaning of an instruction, so the interpreter and compiled code agree in each, whether or not
 * the host has a fused multiply-add; a digest covers FPSCR, so it is one of its mode.
 */
import type { Ops, Values } from '../algebra.ts'
import { fusedAddition } from './operations.ts'

type Of<T extends 'f32' | 'f64'> = <V extends Values>(o: Ops<V>, ...values: V[T][]) => V[T]

/** An operation rounded once to double, and to single of singles. */
export interface Host {
  readonly double: Of<'f64'>
  readonly single: Of<'f32'>
}

const missing = (): never => {
  throw new Error('an operation has too few operands')
}

/** An operation of two operands that both types have. */
const binary = (name: 'add' | 'sub' | 'mul' | 'div'): Host => ({
  double: (o, a = missing(), b = missing()) => o.f64[name](a, b),
  single: (o, a = missing(), b = missing()) => o.f32[name](a, b),
})

export const host = {
  add: binary('add'),
  subtract: binary('sub'),
  multiply: binary('mul'),
  divide: binary('div'),
  root: {
    double: (o, a = missing()) => o.f64.sqrt(a),
    single: (o, a = missing()) => o.f32.sqrt(a),
  },
} as const satisfies Record<string, Host>

/** a × c ± b, its sign turned or not. Without the host's help the exact routine gives the result. */
export const fused = (minus: boolean, turned: boolean): Host => ({
  double(o, a = missing(), c = missing(), addend = missing()) {
    const b = minus ? o.f64.neg(addend) : addend
    const sum = o.fuses
      ? o.f64x2.extract_lane(0, o.f64x2.relaxed_madd(o.f64x2.splat(a), o.f64x2.splat(c), o.f64x2.splat(b)))
      : software(o, a, c, b, 0)
    return turned ? o.f64.neg(sum) : sum
  },
  single(o, a = missing(), c = missing(), addend = missing()) {
    const b = minus ? o.f32.neg(addend) : addend
    const wide = o.f64.promote_f32
    const sum = o.fuses
      ? o.f32x4.extract_lane(0, o.f32x4.relaxed_madd(o.f32x4.splat(a), o.f32x4.splat(c), o.f32x4.splat(b)))
      : o.f32.demote_f64(software(o, wide(a), wide(c), wide(b), 1))
    return turned ? o.f32.neg(sum) : sum
  },
})

function software<V extends Values>(o: Ops<V>, a: V['f64'], c: V['f64'], b: V['f64'], single: 0 | 1): V['f64'] {
  const bits = o.i64.reinterpret_f64
  return o.f64.reinterpret_i64(o.call(fusedAddition, bits(a), bits(c), bits(b), o.i32.const(0), o.i32.const(single))[0])
}
