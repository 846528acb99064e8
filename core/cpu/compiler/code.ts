/** What the interpreter has made of the code, as its records in linear memory tell: what has run, and how often. */
import { hostMap, pageShift } from '../../memory/map.ts'
import { compiled, counting, pageAddressAt, recordShift, slotMask } from '../interpreter/records.ts'
import { sideOf, sideValue } from './dispatch.ts'

/** A count that does not run out: of what is hot and waits, and of what only the interpreter does. */
export const never = 0x7fffffff

export interface CodeRecords {
  /** The record of an address, 0 where its page is not decoded. */
  recordOf(pc: number): number
  pcOf(record: number): number
  handlerOf(record: number): number
  hasRun(pc: number): boolean
  isCompiled(pc: number): boolean
  /** How often a place may still run before it is hot; undefined where that is not counted. */
  leftOf(pc: number): number | undefined
}

export function codeRecords(bytes: Uint8Array): CodeRecords {
  const view = new DataView(bytes.buffer)
  const slots = new Uint32Array(bytes.buffer, hostMap.decodedPages, 1 << (32 - pageShift))
  const handlerOf = (record: number): number => view.getUint16(record, true)
  function recordOf(pc: number): number {
    const page = slots[pc >>> pageShift] ?? 0
    return page === 0 ? 0 : page + ((pc & 0xffc) << (recordShift - 2))
  }
  /** The handler of an address, 0 where nothing is decoded. */
  function handlerAt(pc: number): number {
    const record = recordOf(pc)
    return record === 0 ? 0 : handlerOf(record)
  }
  return {
    recordOf,
    handlerOf,
    pcOf: record =>
      (view.getUint32(((record & ~slotMask) >>> 0) + pageAddressAt, true) +
        ((record & slotMask) >>> (recordShift - 2))) >>>
      0,
    hasRun: pc => handlerAt(pc) !== 0,
    isCompiled: pc => handlerAt(pc) === compiled,
    leftOf: pc => (handlerAt(pc) === counting ? view.getUint32(sideOf(recordOf(pc)) + sideValue, true) : undefined),
  }
}
