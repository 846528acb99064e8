/**
 * All registers of a thread as one value: taken from the register file or from a CONTEXT in guest memory, and put back.
 * Unwinding works on such values, so that a look up the stack changes nothing.
 */
import type { GuestMemory } from '../memory/guest.ts'
import type { FullFrame } from './ports.ts'
import { CONTEXT } from './structs.ts'

export interface MachineContext {
  readonly gpr: bigint[]
  readonly fpr: bigint[]
  readonly vr: Uint8Array[]
  pc: number
  lr: number
  msr: number
  ctr: bigint
  cr: number
  xer: number
  fpscr: number
}

const wholeContext = 0x17
const generals = 32
const vectors = 128
const vectorSize = 16

const list = <T>(length: number, item: (i: number) => T): T[] => Array.from({ length }, (_, i) => item(i))

export function captureContext(frame: FullFrame): MachineContext {
  return {
    gpr: list(generals, i => frame.long(i)),
    fpr: list(generals, i => frame.floatBits(i)),
    vr: list(vectors, i => frame.vector(i)),
    pc: frame.pc,
    lr: frame.lr,
    msr: frame.msr,
    ctr: frame.counter,
    cr: frame.cr,
    xer: frame.xer,
    fpscr: frame.fpscr,
  }
}

/** Makes a context the running one, but for what belongs to the processor it runs on. */
export function resumeContext(frame: FullFrame, context: MachineContext, kpcr: number): void {
  context.gpr.forEach((value, i) => {
    frame.setLong(i, value)
  })
  context.fpr.forEach((value, i) => {
    frame.setFloatBits(i, value)
  })
  context.vr.forEach((value, i) => {
    frame.setVector(i, value)
  })
  frame.setWord(13, kpcr)
  frame.pc = context.pc
  frame.lr = context.lr
  frame.counter = context.ctr
  frame.cr = context.cr
  frame.xer = context.xer
  frame.fpscr = context.fpscr
}

export function readContext(memory: GuestMemory, at: number): MachineContext {
  return {
    gpr: list(generals, i => memory.load64(at + CONTEXT.gpr + i * 8)),
    fpr: list(generals, i => memory.load64(at + CONTEXT.fpr + i * 8)),
    vr: list(vectors, i => memory.read(at + CONTEXT.vr + i * vectorSize, vectorSize)),
    pc: memory.load32(at + CONTEXT.iar),
    lr: memory.load32(at + CONTEXT.lr),
    msr: memory.load32(at + CONTEXT.msr),
    ctr: memory.load64(at + CONTEXT.ctr),
    cr: memory.load32(at + CONTEXT.cr),
    xer: memory.load32(at + CONTEXT.xer),
    fpscr: memory.load32(at + CONTEXT.fpscr + 4),
  }
}

export function writeContext(memory: GuestMemory, at: number, context: MachineContext): void {
  memory.store32(at + CONTEXT.flags, wholeContext)
  memory.store32(at + CONTEXT.msr, context.msr)
  memory.store32(at + CONTEXT.iar, context.pc)
  memory.store32(at + CONTEXT.lr, context.lr)
  memory.store64(at + CONTEXT.ctr, context.ctr)
  memory.store32(at + CONTEXT.cr, context.cr)
  memory.store32(at + CONTEXT.xer, context.xer)
  memory.store64(at + CONTEXT.fpscr, BigInt(context.fpscr))
  context.gpr.forEach((value, i) => {
    memory.store64(at + CONTEXT.gpr + i * 8, value)
  })
  context.fpr.forEach((value, i) => {
    memory.store64(at + CONTEXT.fpr + i * 8, value)
  })
  context.vr.forEach((value, i) => {
    memory.write(at + CONTEXT.vr + i * vectorSize, value)
  })
}

export const copyContext = (context: MachineContext): MachineContext => ({
  ...context,
  gpr: context.gpr.slice(),
  fpr: context.fpr.slice(),
  vr: context.vr.slice(),
})

/** The low half of a general register. */
export const wordOf = (context: MachineContext, register: number): number =>
  Number(BigInt.asUintN(32, context.gpr[register] ?? 0n))
