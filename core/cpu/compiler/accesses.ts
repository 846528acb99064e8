/**
 * Memory accesses of a block that share a base register: one check of the span they cover serves them all. The check
 * stands at the first of them; where it does not pass, the interpreter does that instruction and what follows, each
 * access for itself, so a span wider than what is allowed costs time alone.
 */
import type { Node, Size } from '../wasm/trace.ts'
import { type BasedAddress, basedAddress } from './compare.ts'
import type { Block, Instruction } from './find.ts'
import { offsetOf, type Registers } from './registers.ts'

export interface Span {
  /** The local of the base register's index. */
  readonly base: number
  least: number
  end: number
  loads: boolean
  stores: boolean
  /** The local that holds the place of its least address, once written. */
  local: number | undefined
}

/** Spans are no wider than this, so that they seldom cross a page. */
const widest = 512

/** The span of an access, by the index of its instruction and its base register. */
export type Spans = ReadonlyMap<number, readonly Span[]>

export function spanOf(spans: Spans, index: number, base: number): Span | undefined {
  return spans.get(index)?.find(one => one.base === base)
}

interface Access {
  readonly address: BasedAddress
  readonly size: Size
  readonly store: boolean
}

function accessesOf({ meaning }: Instruction): Access[] {
  const found: Access[] = []
  const add = (ea: Node | undefined, size: Size, store: boolean): void => {
    const address = ea && basedAddress(ea)
    if (address !== undefined) found.push({ address, size, store })
  }
  for (const one of meaning.program.body.statements) {
    if (one.kind === 'value' && one.node.op === 'load') add(one.node.args[0], one.node.size, false)
    if (one.kind === 'store') add(one.ea, one.size, true)
  }
  return found
}

export function spansOf(block: Block, registers: Registers): Spans {
  const spans = new Map<number, Span[]>()
  const open = new Map<number, Span>()
  for (const [index, instruction] of block.instructions.entries()) {
    const { known, meaning } = instruction
    if (meaning.effects.memory)
      for (const { address, size, store } of accessesOf(instruction)) {
        const base = registers.at(offsetOf(address.base, known))?.index
        if (base === undefined) continue
        const at = Number(address.displacement.of(known))
        let span = open.get(base)
        if (span === undefined || Math.max(span.end, at + size) - Math.min(span.least, at) > widest) {
          // A second access of one instruction keeps to the span of the first.
          if (spanOf(spans, index, base) !== undefined) continue
          span = { base, least: at, end: at + size, loads: false, stores: false, local: undefined }
          open.set(base, span)
        }
        span.least = Math.min(span.least, at)
        span.end = Math.max(span.end, at + size)
        if (store) span.stores = true
        else span.loads = true
        const list = spans.get(index) ?? []
        if (!list.includes(span)) list.push(span)
        spans.set(index, list)
      }
    for (const place of meaning.effects.writes)
      if (place.file === 'gpr') open.delete(registers.at(offsetOf(place, known))?.index ?? -1)
  }
  return spans
}
