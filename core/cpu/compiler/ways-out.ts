/**
 * The rare ways out of a unit: where the budget is too short, and where an instruction is given up.
 *
 * They carry a mask of the dirty registers to one place at the end of the function that stores them. What is clean and not
 * live there is let go of first, or the host would keep it for that place, across calls too; where that is more than is dirty,
 * registers are stored on the spot, as on the ordinary ways out.
 */
import { hostMap } from '../../memory/map.ts'
import { operations } from '../arithmetic.ts'
import { transient } from '../state.ts'
import { memory as op, type Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import { type Calls, notSo, parameters } from './calls.ts'
import type { Locals } from './locals.ts'
import type { Bits, Registers } from './registers.ts'
import { takeNumbers } from './scratch.ts'
import { forms, type Singles } from './singles.ts'

export interface WaysOut {
  /** To be written before the code of the unit. */
  open(): void
  /** Leaves to an address; `sets` is where those of the block begin, and an instruction that is `refused` is given up. */
  leave(pc: number, owed: number, sets: number, refused: boolean): void
  /** Gives a unit up at its entry, before anything of it is done, since what it takes for granted there is not so. */
  leaveEntry(entry: number): void
  /** To be written behind the code of the unit, which does not come here: answers for it with address and count. */
  close(): void
}

export interface WaysOutSpec {
  readonly writer: Writer
  readonly registers: Registers
  readonly held: Locals
  readonly singles: Singles
  /** Of each block, what is dirty where writing stands in it. */
  readonly dirty: Bits
  readonly calls: Pick<Calls, 'pay' | 'returnTo'>
  /** A new local. */
  keep(type: 'i32'): number
}

function bitCount(word: number): number {
  let count = 0
  for (let rest = word; rest !== 0; rest &= rest - 1) count += 1
  return count
}

const { stateBlock } = hostMap
const { left, pc: pcLocal } = parameters

export function createWaysOut({ writer, registers, held, singles, dirty, calls, keep }: WaysOutSpec): WaysOut {
  const w = instructions(writer)
  const { words, liveIn, written } = registers
  const { each, spill } = held
  const masks = Array.from({ length: words }, () => keep('i32'))
  /** Where they begin: registers may be stored by then, and the instruction may be given up. */
  const begin = { stored: 0, storedRefused: 0, masked: 0, maskedRefused: 0 }
  const others = takeNumbers(words)

  /** Notes what is given up: what `push` pushes. */
  function markRefused(push: () => void): void {
    w.i32(stateBlock)
    push()
    w.memory(op.i32Store, transient.refused)
  }
  const pushPc = (): void => w.get(pcLocal)

  return {
    open() {
      for (const name of ['stored', 'storedRefused', 'masked', 'maskedRefused'] as const) {
        w.block()
        begin[name] = writer.depth
      }
    },
    leave(pc, owed, sets, refused) {
      calls.pay(owed)
      w.i32(pc | 0)
      w.set(pcLocal)
      let more = 0
      for (let word = 0; word < words; word += 1) {
        const own = dirty[sets + word] ?? 0
        const rest = (written[word] ?? 0) & ~(own | (liveIn[sets + word] ?? 0))
        others[word] = rest
        more += bitCount(rest) - bitCount(own)
      }
      if (more >= 0) {
        each(dirty, spill, sets)
        w.br(refused ? begin.storedRefused : begin.stored)
        return
      }
      for (let word = 0; word < words; word += 1) {
        w.i32(dirty[sets + word] ?? 0)
        w.set(masks[word] ?? 0)
      }
      singles.tell(dirty, sets)
      each(others, held.forget)
      w.br(refused ? begin.maskedRefused : begin.masked)
    },
    leaveEntry(entry) {
      markRefused(() => w.i32((entry + notSo) | 0))
      calls.returnTo(() => w.i32(entry | 0))
    },
    close() {
      w.end()
      markRefused(pushPc)
      w.end()
      each(written, register => {
        w.get(masks[register.index >> 5] ?? 0)
        w.i32(1 << (register.index & 31))
        w.do(operations['i32.and'])
        w.if()
        if (singles.pushTold(register)) {
          const local = held.of(register.index)
          w.if()
          singles.pushDouble(register.index, local, forms.single)
          w.set(local)
          w.end()
        }
        spill(register)
        w.end()
      })
      w.br(begin.stored)
      w.end()
      markRefused(pushPc)
      w.end()
      pushPc()
      w.get(left)
    },
  }
}
