import type { FieldName } from './fields.ts'
import type { Row } from './rows/row.ts'
import type { Node, Place, Program, Scope, Statement } from './wasm/program.ts'
import { traceRow } from './wasm/trace.ts'

/**
 * What an instruction reads, writes and does, found by running its meaning. Nobody keeps such facts by hand, so they
 * cannot disagree with what the instruction does.
 */
export interface Effects {
  readonly reads: readonly Place[]
  readonly writes: readonly Place[]
  /** Those of them that it writes in one of its ways alone. */
  readonly perhaps: readonly Place[]
  /** Loads or stores of guest memory. */
  readonly memory: boolean
  /** May end with a fault of its own, other than an access's. */
  readonly faults: boolean
  readonly calls: boolean
  readonly branches: boolean
  /** Whether a branch is certain, so that nothing behind it runs. */
  readonly ends: boolean
  /** Holds a result against what FPSCR asks for. */
  readonly limit: boolean
  /** Reaches registers by computed number. */
  readonly immediate: boolean
}

const placeName = (place: Place): string =>
  place.file === 'special' ? place.name : `${place.file}:${'operand' in place ? place.operand.name : place.number}`

export function analyseProgram(program: Program): Effects {
  const reads = new Map<string, Place>()
  const writes = new Map<string, Place>()
  let memory = false
  let faults = false
  let calls = false
  let branches = false
  let limit = false

  function node(one: Node): void {
    if (one.op === 'read') reads.set(placeName(one.place), one.place)
    if (one.op === 'load') memory = true
    if (one.op === 'limit') limit = true
    if (one.op === 'choose') {
      scope(one.yes)
      scope(one.no)
    }
  }
  function statement(one: Statement) {
    switch (one.kind) {
      case 'value':
        return node(one.node)
      case 'store':
      case 'check':
      case 'forget':
        memory = true
        return
      case 'when':
        scope(one.yes)
        return scope(one.no)
      case 'repeat':
        return scope(one.body)
      case 'fault':
        faults = true
        return
      case 'callKernel':
        calls = true
        return
      case 'writeAt':
      case 'require':
        return
      default:
        return one satisfies never
    }
  }
  function scope(one: Scope): void {
    for (const each of one.statements) statement(each)
    for (const { place } of one.writes) writes.set(placeName(place), place)
    if (one.branch) branches = true
  }
  scope(program.body)
  const certain = new Set(program.body.writes.map(({ place }) => placeName(place)))
  const ends =
    program.body.branch !== undefined ||
    program.body.statements.some(one => one.kind === 'fault' || one.kind === 'callKernel')
  return {
    reads: [...reads.values()],
    writes: [...writes.values()],
    perhaps: [...writes].flatMap(([name, place]) => (certain.has(name) ? [] : [place])),
    memory,
    faults,
    calls,
    branches,
    ends,
    limit,
    immediate: program.immediate,
  }
}

export function analyseRow(row: Row, variants: ReadonlyMap<FieldName, number>, wide = false): Effects {
  return analyseProgram(traceRow(row, variants, { wide, exact: true, fuses: false }))
}
