import type { Type } from './arithmetic.ts'

/**
 * The register file as it lies in linear memory: the state block of the running guest thread, and, with the same
 * layout, the context of each parked one. Numbers are little-endian (the emitted code's own loads and stores). A vector
 * register is stored with its 16 bytes reversed, so that every element is an ordinary lane: guest element i of n is
 * lane n-1-i. A condition field is a byte (LT 8, GT 4, EQ 2, SO 1), and so are the three bits of XER.
 *
 * Up to `architected` is what a thread owns. Behind it lies what only the running code uses: `zero`, what register
 * number 0 reads as a base; how far a run may go and why it ended; and a scratch pad for device accesses.
 */
const registers = { gpr: 0x000, fpr: 0x100, vr: 0x200, crf: 0xa00 } as const

export const files = {
  gpr: { at: registers.gpr, step: 8, type: 'i64' },
  fpr: { at: registers.fpr, step: 8, type: 'f64' },
  vr: { at: registers.vr, step: 16, type: 'v128' },
  crf: { at: registers.crf, step: 1, type: 'i32' },
} as const
export type FileName = keyof typeof files

interface Special<T extends Type = Type> {
  readonly at: number
  readonly type: T
  readonly bytes: 1 | 4 | 8
}
const i64 = (at: number): Special<'i64'> => ({ at, type: 'i64', bytes: 8 })
const i32 = (at: number): Special<'i32'> => ({ at, type: 'i32', bytes: 4 })
const bit = (at: number): Special<'i32'> => ({ at, type: 'i32', bytes: 1 })

/** Registers that have a name instead of a number: one row each, for `o.get` and `o.set`. */
export const specials = {
  ca: bit(0xa08),
  ov: bit(0xa09),
  so: bit(0xa0a),
  /** The byte count of the string instructions, XER bits 57 to 63. */
  xerCount: bit(0xa0b),
  fpscr: i32(0xa0c),
  lr: i64(0xa10),
  ctr: i64(0xa18),
  msr: i64(0xa20),
  /** 0 for none, else the access's size in the high word and its effective address in the low one. */
  reservation: i64(0xa28),
  vscr: i32(0xa30),
  vrsave: i32(0xa34),
  pc: i32(0xa38),
  /** Cycles that the thread asked to rest since it was last looked at, beside one for each instruction. */
  rest: i32(0xa3c),
} as const satisfies Record<string, Special>
export type SpecialName = keyof typeof specials
export type SpecialType<N extends SpecialName> = (typeof specials)[N]['type']

/** Bytes of a register file that belong to its thread. */
export const architected = 0xa40

export const transient = {
  /** 16 zero bytes. */
  zero: 0xa40,
  /** Instructions left of the budget; complete at every call out of the emitted code. */
  left: 0xa50,
  /** Why the run ended: a number of `exits`. */
  exit: 0xa54,
  /** The address of a faulting access. */
  faultAddress: 0xa58,
  /** A value on its way to or from a device. */
  scratch: 0xa60,
  /** Compiled code's last jump through a register that led out of its unit. */
  jump: 0xa70,
  /** The instruction that compiled code gave up last; and 1 where it was for what it takes for granted at an entry. */
  refused: 0xa74,
} as const

/** Why emitted code returned. Those from `illegal` on are faults: nothing of the instruction at pc is done. */
export const exits = {
  budget: 0,
  leave: 1,
  illegal: 2,
  privileged: 3,
  unaligned: 4,
  load: 5,
  store: 6,
  fetch: 7,
  trap: 8,
  syscall: 9,
} as const
export type FaultCode = Exclude<keyof typeof exits, 'budget' | 'leave'>

export const contextSize = 4096

/** MSR.SF, the 64-bit mode. Big-endian bit 0. */
export const msrSf = 1n << 63n
/** MSR as a title's thread starts: external interrupts, machine checks and both translations on. */
export const initialMsr = 0x9030n
/** VSCR.NJ: vector denormals are flushed. */
export const vscrNj = 0x10000
