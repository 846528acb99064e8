/**
 * Records that count how often they run, and those whose unit is compiled: where a unit may begin, and whether one does.
 * What handler such a record had, its counter or the place of its unit are at its side (dispatch.ts).
 */
import { compiled, counting, firstHandler } from '../interpreter/records.ts'
import { type CodeRecords, never } from './code.ts'
import { sideOf, sideValue } from './dispatch.ts'

export interface Counts {
  /** Makes the record of an address count, if it is decoded, or once it is. */
  propose(pc: number): void
  isProposed(pc: number): boolean
  /** Makes a record count from the start. */
  count(record: number): void
  /** No longer counts a record that was hot. */
  rest(record: number): void
  /** How often a record that is no longer counted has run since. */
  since(pc: number): number
  /** Counts anew at an address that was hot and is not compiled. */
  recount(pc: number): void
  /** The same at one that was not hot yet. */
  restart(pc: number): void
  /** No unit can begin at an address. */
  refuse(pc: number): void
  /** Code has changed: what was refused may be asked for again. */
  relent(): void
  /** A unit begins at an address from now on, and no longer. */
  enter(pc: number, slot: number): void
  leave(pc: number): void
  /** The records are gone. */
  forget(): void
}

export function createCounts(bytes: Uint8Array, records: CodeRecords, threshold: number): Counts {
  const view = new DataView(bytes.buffer)
  const { recordOf, pcOf, handlerOf, leftOf } = records
  const proposed = new Set<number>()
  const refused = new Set<number>()

  /** Makes a record count from the threshold, or enter its unit. */
  function mark(record: number, handler: typeof counting | typeof compiled, value: number): void {
    const side = sideOf(record)
    const old = handlerOf(record)
    if (old >= firstHandler) view.setUint16(side, old, true)
    else if (old !== counting && old !== compiled) return
    view.setUint32(side + sideValue, value, true)
    view.setUint16(record, handler, true)
  }
  const startOf = (pc: number): number => (refused.has(pc) ? never : threshold)
  function count(record: number): void {
    const pc = pcOf(record)
    proposed.add(pc)
    mark(record, counting, startOf(pc))
  }

  return {
    count,
    isProposed: pc => proposed.has(pc),
    propose(pc) {
      if (proposed.has(pc)) return
      proposed.add(pc)
      const record = recordOf(pc)
      if (record !== 0 && handlerOf(record) >= firstHandler) mark(record, counting, startOf(pc))
    },
    rest: record => mark(record, counting, never),
    since(pc) {
      const left = leftOf(pc) ?? 0
      return left > threshold ? never - left : 0
    },
    recount(pc) {
      if (leftOf(pc) !== undefined) count(recordOf(pc))
    },
    restart(pc) {
      const left = leftOf(pc)
      if (left !== undefined && left <= threshold) count(recordOf(pc))
    },
    refuse: pc => refused.add(pc),
    relent: () => refused.clear(),
    enter(pc, slot) {
      const record = recordOf(pc)
      if (record !== 0) mark(record, compiled, slot)
    },
    leave(pc) {
      const record = recordOf(pc)
      if (record !== 0 && handlerOf(record) === compiled) mark(record, counting, threshold)
    },
    forget: () => proposed.clear(),
  }
}
