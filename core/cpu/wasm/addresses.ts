/**
 * How emitted code goes from a guest address to linear memory, written once for both tiers: the fold of the physical
 * windows (from the table that memory/map.ts folds by), the flags of a page, the test for the plain access, and the
 * decoded record of a word. All of it works on addresses in i32 locals.
 */
import { hostMap, pageShift, pageSize, windows } from '../../memory/map.ts'
import { memory, type Writer } from './bytes.ts'
import { instructions } from './instructions.ts'

const op = { ne: 0x47, gtU: 0x4b, geU: 0x4f, add: 0x6a, and: 0x71, or: 0x72, shl: 0x74, shrU: 0x76 } as const
const highestFirst = [...windows].sort((a, b) => b.start - a.start)

export function addresses(writer: Writer) {
  const w = instructions(writer)
  const pageOf = (address: number): void => {
    w.get(address)
    w.i32(pageShift)
    w.op(op.shrU)
  }
  const flagsOf = (address: number): void => {
    pageOf(address)
    w.memory(memory.i32Load8U, hostMap.pageFlags)
  }
  return {
    /** Pushes the address, moved down from the windows that fold. */
    fold(address: number): void {
      for (const window of highestFirst) {
        w.get(address)
        w.i32(window.start)
        w.op(op.geU)
        w.if('i32')
        w.get(address)
        w.i32(window.delta)
        w.op(op.add)
        w.else()
      }
      w.get(address)
      for (const _ of highestFirst) w.end()
    },
    /** Pushes the flags of the address's page. */
    flagsOf,
    /** Pushes whether the plain access may not be done: its page lacks `need`, has a flag of `refuse`, or ends in it. */
    isSpecial(address: number, size: number, need: number, refuse: number): void {
      flagsOf(address)
      w.i32(need | refuse)
      w.op(op.and)
      w.i32(need)
      w.op(op.ne)
      if (size > 1) {
        w.get(address)
        w.i32(pageSize - 1)
        w.op(op.and)
        w.i32(pageSize - size)
        w.op(op.gtU)
        w.op(op.or)
      }
    },
    /** Pushes the slot of decoded records of the page that the address on the stack lies in, 0 for none. */
    slotOf(): void {
      w.i32(pageShift)
      w.op(op.shrU)
      w.i32(2)
      w.op(op.shl)
      w.memory(memory.i32Load, hostMap.decodedPages)
    },
    /** Pushes what a slot holds for the word at an address, entries of 2^`shift` bytes: both are locals. */
    entryOf(slot: number, address: number, shift: number): void {
      w.get(slot)
      w.get(address)
      w.i32(pageSize - 4)
      w.op(op.and)
      w.i32(shift - 2)
      w.op(op.shl)
      w.op(op.add)
    },
  }
}
