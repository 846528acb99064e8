/**
 * Memory accesses that share a base register, in a block and in those that follow it alone: one check of the span they
 * cover serves them all. The check stands at the first of them; where it does not pass, the interpreter does that
 * instruction and what follows, each access for itself, so a span wider than what is allowed costs time alone.
 *
 * A base that is moved by a number that is known, as pointers are, stays the base: what moved it since the first access
 * is `moved`, and its accesses count from where it was.
 */
import { pageSize } from '../../memory/map.ts'
import { operations } from '../arithmetic.ts'
import { analyseProgram } from '../analyse.ts'
import { perProgram } from '../wasm/plan.ts'
import type { KnownNumber, Node, Place, Size } from '../wasm/trace.ts'
import { argumentsOf, type BasedAddress, basedAddress } from './compare.ts'
import type { Block } from './find.ts'
import type { Edge, Registers } from './registers.ts'
import { numberIn, type Instruction } from './meaning.ts'

export interface Span {
  /** The local of the base register's index. */
  readonly base: number
  least: number
  end: number
  stores: boolean
  /** The local that holds the place of its least address, once written. */
  local: number | undefined
}

/** What an instruction has of a span: how far its base was moved since the span began. */
export interface Part {
  readonly span: Span
  readonly moved: number
}

/** Spans are no wider than this, so that they reach into two pages at most. */
const widest = pageSize
/** And no wider than this where blocks share them: not all that is asked for need happen. */
const widestAcross = 512

/** What accesses have of spans, by the place of their instruction in its block. */
export type Spans = ReadonlyMap<number, Part>

interface Access {
  readonly address: BasedAddress
  readonly size: Size
  readonly store: boolean
}

/** The access of a program through a base and a displacement; null where it has none, or several, which keep to themselves. */
const accessOf = perProgram((program): Access | null => {
  const found: Access[] = []
  const add = (ea: Node | undefined, size: Size, store: boolean): void => {
    const address = ea && basedAddress(ea)
    if (address) found.push({ address, size, store })
  }
  for (const one of program.body.statements) {
    if (one.kind === 'value' && one.node.op === 'load') add(one.node.args[0], one.node.size, false)
    if (one.kind === 'store') add(one.ea, one.size, true)
  }
  const [only, ...others] = found
  return only === undefined || others.length > 0 ? null : only
})

/** The general registers a program writes; and of those it writes for certain, to which it adds a known number, and what. */
interface Moves {
  readonly written: readonly Place[]
  readonly certain: readonly { readonly place: Place; readonly base?: Place; readonly by?: KnownNumber }[]
}
const movesOf = perProgram((program): Moves => {
  const certain = program.body.writes.flatMap(({ place, value }) => {
    if (place.file !== 'gpr') return []
    const [base, by] = argumentsOf(value, operations['i64.add']) ?? []
    const adds = base?.op === 'read' && base.place.file === 'gpr' && by?.op === 'known'
    return [adds ? { place, base: base.place, by: by.known } : { place }]
  })
  return { written: analyseProgram(program).writes.filter(({ file }) => file === 'gpr'), certain }
})

/** How far an instruction moves a register, where that is known. */
function moveOf(instruction: Instruction, { certain }: Moves, register: number, registers: Registers): number | undefined {
  const [only, ...others] = certain.filter(({ place }) => registers.indexOf(place, instruction) === register)
  if (only?.base === undefined || only.by === undefined || others.length > 0) return undefined
  return registers.indexOf(only.base, instruction) === register ? Number(numberIn(instruction, only.by)) : undefined
}

/** The spans of each block of a unit; and of those that begin with what is checked already, behind which block. */
export interface UnitSpans {
  of(block: number): Spans
  before(block: number): number | undefined
}

/** A block to which a single way leads, and not from a call, goes on with the spans of the block before it. */
export function spansOfUnit(
  blocks: readonly Block[],
  registers: Registers,
  edges: readonly (readonly Edge[])[],
  order: readonly number[],
): UnitSpans {
  const ways = new Int32Array(blocks.length)
  const before = new Map<number, number>()
  for (let from = 0; from < edges.length; from += 1)
    for (const { to, afterCall } of edges[from] ?? []) {
      ways[to] = (ways[to] ?? 0) + 1
      if (afterCall || to === 0) before.delete(to)
      else before.set(to, from)
    }
  const single = (block: number): number | undefined =>
    ways[block] === 1 && order.length > 0 ? before.get(block) : undefined
  const ends = new Map<number, ReadonlyMap<number, Part>>()
  const all = new Map<number, Spans>()
  for (const index of order.length === 0 ? blocks.keys() : order) {
    const block = blocks[index]
    if (block === undefined) continue
    const from = single(index)
    const { spans, open } = spansOf(block, registers, from === undefined ? undefined : ends.get(from))
    all.set(index, spans)
    ends.set(index, open)
  }
  return { of: block => all.get(block) ?? new Map(), before: single }
}

function spansOf(block: Block, registers: Registers, inherited: ReadonlyMap<number, Part> = new Map()) {
  const spans = new Map<number, Part>()
  const open = new Map<number, Part>(inherited)
  const fits = ({ span }: Part, at: number, size: number, store: boolean, own: boolean): boolean => {
    const least = Math.min(span.least, at)
    const end = Math.max(span.end, at + size)
    if (own) return end - least <= widest
    // What another block may never do is not asked for with much else.
    return (span.stores || !store) && (end - least <= widestAcross || (least === span.least && end === span.end))
  }
  const { instructions } = block
  for (let index = 0; index < instructions.length; index += 1) {
    const instruction = instructions[index]
    if (instruction === undefined) continue
    const access = accessOf(instruction.meaning.program)
    const base = access === null ? -1 : registers.indexOf(access.address.base, instruction)
    if (access !== null && base >= 0) {
      const { address, size, store } = access
      const displacement = Number(numberIn(instruction, address.displacement))
      let part = open.get(base)
      const at = displacement + (part?.moved ?? 0)
      if (part === undefined || !fits(part, at, size, store, inherited.get(base)?.span !== part.span)) {
        const span = { base, least: displacement, end: displacement + size, stores: false, local: undefined }
        part = { span, moved: 0 }
        open.set(base, part)
      } else {
        part.span.least = Math.min(part.span.least, at)
        part.span.end = Math.max(part.span.end, at + size)
      }
      if (store) part.span.stores = true
      spans.set(index, part)
    }
    if (open.size === 0) continue
    const moves = movesOf(instruction.meaning.program)
    for (const place of moves.written) {
      const moved = registers.indexOf(place, instruction)
      const part = open.get(moved)
      if (part === undefined) continue
      const by = moveOf(instruction, moves, moved, registers)
      if (by === undefined) open.delete(moved)
      else open.set(moved, { span: part.span, moved: part.moved + by })
    }
  }
  return { spans, open }
}
