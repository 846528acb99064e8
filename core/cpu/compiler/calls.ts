/**
 * How units call and leave one another.
 *
 * A unit takes the instructions left, the room left on the host's stack and its own address, and gives the address where
 * execution goes on and the instructions left; all other state is then in the state block.
 */
import { hostMap } from '../../memory/map.ts'
import { operations } from '../arithmetic.ts'
import { specials, transient } from '../state.ts'
import { code, memory as op, type Signature, type Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'

export const unitSignature: Signature = { takes: ['i32', 'i32', 'i32'], gives: ['i32', 'i32'] }

/** A unit's answer when the state block says all, pc and count too, and the frames above have nothing to do. */
export const unwound = 1

/** Added to the entry of a unit that was given up since what it takes for granted there is not so. */
export const notSo = 1

/** Calls that come back, and those that do not. */
const callOpcodes = {
  call: { direct: code.call, indirect: code.callIndirect },
  leave: { direct: code.returnCall, indirect: code.returnCallIndirect },
} as const

/** The locals that a unit's parameters are; the last serves for any address later. */
export const parameters = { left: 0, room: 1, pc: 2, count: 3 } as const

/** What the module around a unit gives it to call others. */
export interface CallSite {
  readonly unitType: number
  /** The function of a unit in the same module. */
  direct(target: number): number | undefined
  /** Where the function of a unit stands in the table of units. */
  slot(target: number): number
  readonly runtime: (name: 'resolve' | 'kernel') => number
  /** Whether instructions are counted; where not, nothing ends but by itself. */
  readonly counts: boolean
}

export interface Calls {
  /** Pushes the instructions left. */
  pushLeft(owed: number): void
  pay(owed: number): void
  returnTo(pc: () => void, owed?: number): void
  /** Pushes what a unit takes; the address is in the local where no target is given. */
  argumentsFor(target: number | undefined, owed: number): void
  callThrough(target: number | undefined, how: keyof typeof callOpcodes): void
  /** Hands up the address on the stack, unless it is where a call returns to. */
  leaveUnlessBack(back: number): void
  leaveIfSpent(pc: number): void
  /** Hands the unit up undone where a frame of so many bytes has no room on the host's stack. */
  leaveUnlessRoom(entry: number, bytes: number): void
  /** Completes pc and count in the state block. */
  mark(pc: number, owed: number): void
  /** The kernel call that ends before an address; the frames are left if the kernel goes elsewhere, or dropped code. */
  enterKernel(after: number, owed: number): void
}

const { stateBlock } = hostMap
const { left, room, pc: pcLocal } = parameters

export function createCalls(writer: Writer, site: CallSite): Calls {
  const w = instructions(writer)

  function pushLeft(owed: number): void {
    w.get(left)
    if (owed === 0 || !site.counts) return
    w.i32(owed)
    w.do(operations['i32.sub'])
  }
  function returnTo(pc: () => void, owed = 0): void {
    pc()
    pushLeft(owed)
    w.op(code.return)
  }
  function mark(pc: number, owed: number): void {
    w.i32(stateBlock)
    w.i32(pc | 0)
    w.memory(op.i32Store, specials.pc.at)
    w.i32(stateBlock)
    pushLeft(owed)
    w.memory(op.i32Store, transient.left)
  }

  return {
    pushLeft,
    returnTo,
    mark,
    pay(owed) {
      if (owed === 0 || !site.counts) return
      pushLeft(owed)
      w.set(left)
    },
    argumentsFor(target, owed) {
      pushLeft(owed)
      w.get(room)
      if (target === undefined) w.get(pcLocal)
      else w.i32(target | 0)
    },
    callThrough(target, how) {
      const opcode = callOpcodes[how]
      const direct = target === undefined ? undefined : site.direct(target)
      if (direct !== undefined) {
        w.op(opcode.direct)
        writer.u32(direct)
        return
      }
      if (target === undefined) {
        w.get(pcLocal)
        w.call(site.runtime('resolve'))
      } else w.i32(site.slot(target))
      w.op(opcode.indirect)
      writer.u32(site.unitType)
      writer.u32(0)
    },
    leaveUnlessBack(back) {
      w.tee(pcLocal)
      w.i32(back | 0)
      w.do(operations['i32.ne'])
      w.ifRare()
      returnTo(() => w.get(pcLocal))
      w.end()
    },
    leaveIfSpent(pc) {
      if (!site.counts) return
      w.get(left)
      w.i32(1)
      w.do(operations['i32.lt_s'])
      w.ifRare()
      returnTo(() => w.i32(pc | 0))
      w.end()
    },
    leaveUnlessRoom(entry, bytes) {
      w.get(room)
      w.i32(bytes)
      w.do(operations['i32.sub'])
      w.tee(room)
      w.i32(0)
      w.do(operations['i32.lt_s'])
      w.ifRare()
      returnTo(() => w.i32(entry | 0))
      w.end()
    },
    enterKernel(after, owed) {
      mark(after, owed)
      w.i32(after | 0)
      w.call(site.runtime('kernel'))
      w.ifRare()
      returnTo(() => w.i32(unwound))
      w.end()
      w.i32(stateBlock)
      w.memory(op.i32Load, transient.left)
      w.set(left)
    },
  }
}
