/**
 * How emitted code goes from a guest address to linear memory, written once for both tiers: the fold of the physical
 * windows (from the table that memory/map.ts folds by), the flags of a page, the test for the plain access, and the
 * decoded record of a word. All of it works on addresses in i32 locals.
 *
 * Every access asks for the byte of its page, which makes its fault precise. A coarser question (a table of a byte for each
 * 16 MiB, for loads) was measured and is no faster: what costs is to ask at all, and the null page, device registers and the
 * windows that fold must be asked for in any case. So there is no mode that asks less.
 */
import { hostMap, pageShift, pageSize, plain, windows } from '../../memory/map.ts'
import { operations } from '../arithmetic.ts'
import { memory, type Writer } from './bytes.ts'
import { instructions, perWriter } from './instructions.ts'

const highestFirst = [...windows].sort((a, b) => b.start - a.start)

export const addresses = perWriter(create)

function create(writer: Writer) {
  const w = instructions(writer)
  const pageOf = (address: number): void => {
    w.get(address)
    w.i32(pageShift)
    w.do(operations['i32.shr_u'])
  }
  const flagsOf = (address: number): void => {
    pageOf(address)
    w.memory(memory.i32Load8U, hostMap.pageFlags)
  }
  const plainOf = (address: number, offset: number): void => {
    w.get(address)
    if (offset > 0) {
      w.i32(offset)
      w.do(operations['i32.add'])
    }
    w.i32(pageShift)
    w.do(operations['i32.shr_u'])
    w.memory(memory.i32Load8U, hostMap.plainPages)
  }
  /** Pushes whether the flags on the stack lack `need`, which is one of `plain`. */
  const test = (need: number): void => {
    w.i32(need)
    w.do(operations['i32.and'])
    w.do(operations['i32.eqz'])
  }
  return {
    /** Pushes the address, moved down from the windows that fold. */
    fold(address: number): void {
      for (const window of highestFirst) {
        w.get(address)
        w.i32(window.start)
        w.do(operations['i32.ge_u'])
        w.if('i32')
        w.get(address)
        w.i32(window.delta)
        w.do(operations['i32.add'])
        w.else()
      }
      w.get(address)
      for (const _ of highestFirst) w.end()
    },
    /** Pushes the flags of the address's page. */
    flagsOf,
    /** Pushes whether the access may not be done plainly, as far as its first page alone tells. */
    isSpecial(address: number, size: number, need: number): void {
      plainOf(address, 0)
      test(size === 1 ? need : need * plain.from)
    },
    /** Pushes whether the access may not be done plainly, by the pages of its first and last byte. */
    isRefused(address: number, size: number, need: number): void {
      plainOf(address, 0)
      plainOf(address, size - 1)
      w.do(operations['i32.and'])
      test(need)
    },
    /** Pushes the slot of decoded records of the page that the address on the stack lies in, 0 for none. */
    slotOf(): void {
      w.i32(pageShift)
      w.do(operations['i32.shr_u'])
      w.i32(2)
      w.do(operations['i32.shl'])
      w.memory(memory.i32Load, hostMap.decodedPages)
    },
    /** Pushes what a slot holds for the word at an address, entries of 2^`shift` bytes: both are locals. */
    entryOf(slot: number, address: number, shift: number): void {
      w.get(slot)
      w.get(address)
      w.i32(pageSize - 4)
      w.do(operations['i32.and'])
      w.i32(shift - 2)
      w.do(operations['i32.shl'])
      w.do(operations['i32.add'])
    },
  }
}
