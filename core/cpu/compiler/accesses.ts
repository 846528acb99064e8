/**
 * Memory accesses that share a base register, in a block and in those that follow it alone: one check of the span they
 * cover serves them all. The check stands at the first of them; where it does not pass, the interpreter does that
 * instruction and what follows, each access for itself, so a span wider than what is allowed costs time alone.
 *
 * A base that is moved by a number that is known, as pointers are, stays the base: what moved it since the first access
 * is `moved`, and its accesses count from where it was.
 */
import { pageSize } from '../../memory/map.ts'
import { analyseProgram } from '../analyse.ts'
import { operations } from '../arithmetic.ts'
import { perProgram } from '../wasm/plan.ts'
import type { KnownNumber, Node, Place, Size } from '../wasm/program.ts'
import { argumentsOf, type BasedAddress, basedAddress } from './compare.ts'
import type { Block, Unit } from './find.ts'
import type { Flow } from './flow.ts'
import { type Instruction, numberIn } from './meaning.ts'
import type { Registers } from './registers.ts'
import { takeNumbers } from './scratch.ts'

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
function moveOf(
  instruction: Instruction,
  { certain }: Moves,
  register: number,
  registers: Registers,
): number | undefined {
  let by: KnownNumber | undefined
  let writes = 0
  for (const one of certain) {
    if (registers.indexOf(one.place, instruction) !== register) continue
    writes += 1
    if (one.base !== undefined && registers.indexOf(one.base, instruction) === register) by = one.by
  }
  return by === undefined || writes > 1 ? undefined : Number(numberIn(instruction, by))
}

/** The spans of a unit; and of blocks that begin with what is checked already, behind which block. */
export interface UnitSpans {
  of(instruction: Instruction): Part | undefined
  before(block: number): number | undefined
}

/** A block to which a single way leads, and not from a call, goes on with the spans of the block before it. */
export function spansOfUnit(unit: Unit, registers: Registers, flow: Flow, order: ArrayLike<number>): UnitSpans {
  const { size, startsInto, from, fromCall } = flow
  const single = (block: number): number | undefined => {
    const way = startsInto[block] ?? 0
    const alone = block !== 0 && startsInto[block + 1] === way + 1 && fromCall[way] === 0
    return alone ? from[way] : undefined
  }
  const parts = createParts(unit.places)
  /** What is open at the end of a block, where another goes on with it. */
  const ends = new Array<readonly Part[]>(size).fill(none)
  const followed = takeNumbers(size)
  for (let block = 0; block < size; block += 1) {
    const before = single(block)
    if (before !== undefined) followed[before] = 1
  }
  const open: Part[] = []
  for (let at = 0; at < order.length; at += 1) {
    const index = order[at] ?? 0
    const block = unit.blocks[index]
    if (block === undefined) continue
    const before = single(index)
    takeSpans(block, registers, parts, before === undefined ? none : (ends[before] ?? none), open)
    if (followed[index] === 1) ends[index] = open.slice()
  }
  return { of: parts.of, before: single }
}
const none: readonly Part[] = []

/** What instructions have of spans. */
function createParts(places: number) {
  const list: Part[] = []
  /** One more than the place in the list of what an instruction has. */
  const numbers = takeNumbers(places)
  return {
    of: ({ at }: Instruction): Part | undefined => partAt(list, (numbers[at] ?? 0) - 1),
    set({ at }: Instruction, part: Part): void {
      if (list.at(-1) !== part) list.push(part)
      numbers[at] = list.length
    },
  }
}
type Parts = ReturnType<typeof createParts>

function placeIn(parts: readonly Part[], base: number): number {
  let place = parts.length - 1
  while (place >= 0 && parts[place]?.span.base !== base) place -= 1
  return place
}

/** None at -1: not asked of the list, which would look for a property of that name. */
const partAt = (parts: readonly Part[], place: number): Part | undefined => (place < 0 ? undefined : parts[place])

function fits({ span }: Part, at: number, size: number, store: boolean, own: boolean): boolean {
  const least = Math.min(span.least, at)
  const end = Math.max(span.end, at + size)
  if (own) return end - least <= widest
  // What another block may never do is not asked for with much else.
  return (span.stores || !store) && (end - least <= widestAcross || (least === span.least && end === span.end))
}

/** Puts what the accesses of a block have of spans where `parts` has their instructions, and into `open` what is at its end. */
function takeSpans(block: Block, registers: Registers, parts: Parts, inherited: readonly Part[], open: Part[]): void {
  const { instructions } = block
  open.length = 0
  open.push(...inherited)
  for (let i = 0; i < instructions.length; i += 1) {
    const instruction = instructions[i]
    if (instruction === undefined) continue
    const access = accessOf(instruction.meaning.program)
    const base = access === null ? -1 : registers.indexOf(access.address.base, instruction)
    if (access !== null && base >= 0) {
      const { address, size, store } = access
      const displacement = Number(numberIn(instruction, address.displacement))
      const place = placeIn(open, base)
      let part = partAt(open, place)
      const at = displacement + (part?.moved ?? 0)
      const old = partAt(inherited, placeIn(inherited, base))
      if (part === undefined || !fits(part, at, size, store, old?.span !== part.span)) {
        const span: Span = { base, least: displacement, end: displacement + size, stores: false, local: undefined }
        part = { span, moved: 0 }
        if (place < 0) open.push(part)
        else open[place] = part
      } else {
        part.span.least = Math.min(part.span.least, at)
        part.span.end = Math.max(part.span.end, at + size)
      }
      if (store) part.span.stores = true
      parts.set(instruction, part)
    }
    if (open.length === 0) continue
    const moves = movesOf(instruction.meaning.program)
    for (let one = 0; one < moves.written.length; one += 1) {
      const written = moves.written[one]
      const moved = written === undefined ? -1 : registers.indexOf(written, instruction)
      const place = placeIn(open, moved)
      const part = partAt(open, place)
      if (part === undefined) continue
      const by = moveOf(instruction, moves, moved, registers)
      if (by === undefined) open.splice(place, 1)
      else open[place] = { span: part.span, moved: part.moved + by }
    }
  }
}
