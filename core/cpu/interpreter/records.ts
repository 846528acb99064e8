import type { Known } from '../algebra.ts'
import type { Operand } from '../forms.ts'
import { registerOffset } from '../places.ts'
import type { Signature } from '../wasm/bytes.ts'
import type { KnownNumber } from '../wasm/program.ts'

/**
 * Decoded instructions in linear memory. A guest page that has run owns a slot: a record of 16 bytes for each of its
 * 1024 words, one more that leads to the next page, then the page's address. A record begins with the number of its
 * handler, 0 while the word has not been decoded; what the handler needs to know follows, packed as its layout says:
 * registers as offsets into the state block, numbers in as few bytes as hold them.
 *
 * Slots are aligned to a power of two, so a record's address alone gives the address of its instruction.
 */
export const recordSize = 16
export const recordShift = 4
const recordsPerPage = 1024
export const slotSize = 0x8000
export const slotMask = slotSize - 1
/** Offset in a slot of the record behind the last, and of the guest address of the page. */
export const pageEndAt = recordsPerPage * recordSize
export const pageAddressAt = pageEndAt + recordSize

/** A handler takes its record and the instructions left, and gives nothing back: the next takes its place. */
export const handlerSignature: Signature = { takes: ['i32', 'i32'], gives: [] }

/** Handlers that no row has made. */
export const undecoded = 0
export const pageEnd = 1
export const stopped = 2
/** Filled by the compiler: a record that is counted until it is hot, and one whose code is compiled. */
export const counting = 3
export const compiled = 4
/** From here on: routines that handlers call, then the handlers of rows. */
export const firstHandler = 5

interface Slot {
  readonly at: number
  readonly bytes: 1 | 2 | 4 | 8
  readonly value: (known: Known) => number | bigint
}

export interface RecordLayout {
  /** Where a register operand's offset lies in the record. */
  register(operand: Operand): number
  number(known: KnownNumber): number
  /** Fills a record; the handler's number comes first. */
  write(view: DataView, record: number, handler: number, known: Known): void
}

export function createLayout(name: string): RecordLayout {
  const slots: Slot[] = []
  const registers = new Map<string, number>()
  const numbers = new Map<KnownNumber, number>()
  let at = 2

  function add(bytes: Slot['bytes'], value: Slot['value']): number {
    const start = at
    at += bytes
    if (at > recordSize) throw new Error(`row ${name} needs ${at} bytes of record, which has ${recordSize}`)
    slots.push({ at: start, bytes, value })
    return start
  }

  return {
    register(operand) {
      const have = registers.get(operand.name)
      if (have !== undefined) return have
      const slot = add(2, known => registerOffset(operand, known(operand)))
      registers.set(operand.name, slot)
      return slot
    },
    number(known) {
      const have = numbers.get(known)
      if (have !== undefined) return have
      const slot = add(known.bytes, known.of)
      numbers.set(known, slot)
      return slot
    },
    write(view, record, handler, known) {
      view.setUint16(record, handler, true)
      for (const slot of slots) {
        const value = slot.value(known)
        if (slot.bytes === 8) view.setBigInt64(record + slot.at, BigInt(value), true)
        else if (slot.bytes === 4) view.setInt32(record + slot.at, Number(value), true)
        else if (slot.bytes === 2) view.setInt16(record + slot.at, Number(value), true)
        else view.setInt8(record + slot.at, Number(value))
      }
    },
  }
}
