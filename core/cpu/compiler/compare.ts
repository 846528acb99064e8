/**
 * Comparisons as compiled code keeps them: a condition field that an integer instruction sets is the order of two
 * numbers and a copy of SO, and stays that until somebody wants its bits. A branch on it is then one comparison.
 *
 * The shapes are those that rows/flags.ts makes; what does not match is computed as it is written.
 */
import type { Operation } from '../arithmetic.ts'
import { operations } from '../arithmetic.ts'
import { perNode } from '../wasm/plan.ts'
import type { KnownNumber, Node, Place } from '../wasm/program.ts'

export type Relation = 'lt' | 'gt' | 'eq'

/** In what way two numbers are compared. */
export interface OrderKind {
  readonly type: 'i32' | 'i64'
  readonly relations: Readonly<Record<Relation, Operation>>
}
export const orderKinds: readonly OrderKind[] = (['i32', 'i64'] as const).flatMap(type =>
  (['s', 'u'] as const).map(sign => ({
    type,
    relations: {
      lt: operations[`${type}.lt_${sign}`],
      gt: operations[`${type}.gt_${sign}`],
      eq: operations[`${type}.eq`],
    },
  })),
)

export interface Comparison {
  readonly first: Node
  /** Zero where there is none. */
  readonly second: Node | undefined
  /** An index into `orderKinds`. */
  readonly kind: number
  /** Summary overflow, 0 or 1. */
  readonly so: Node
}

export function argumentsOf(node: Node | undefined, operation: Operation): readonly Node[] | undefined {
  return node?.op === 'arithmetic' && node.operation === operation ? node.args : undefined
}
export const isConstant = (node: Node | undefined, value: number): boolean =>
  node?.op === 'const' && Number(node.value) === value

/** The comparison that a condition field's value is. */
export function comparisonOf(value: Node): Comparison | undefined {
  const [field, so] = argumentsOf(value, operations['i32.or']) ?? []
  const [eight, count] = argumentsOf(field, operations['i32.shr_u']) ?? []
  if (!isConstant(eight, 8) || so === undefined) return undefined
  const [greater, shifted] = argumentsOf(count, operations['i32.or']) ?? []
  const [equal, one] = argumentsOf(shifted, operations['i32.shl']) ?? []
  if (!isConstant(one, 1)) return undefined
  for (const [kind, { type, relations }] of orderKinds.entries()) {
    const [first, second] = argumentsOf(greater, relations.gt) ?? []
    if (first === undefined || second === undefined) continue
    const same = argumentsOf(equal, relations.eq)
    if (same?.[0] === first && same[1] === second) return { first, second, kind, so }
    const zero = argumentsOf(equal, operations[`${type}.eqz`])
    if (zero?.[0] === first && isConstant(second, 0)) return { first, second: undefined, kind, so }
  }
  return undefined
}

const conjunction = operations['i32.and']

export interface BitRead {
  readonly place: Place
  /** How far from the right of its field the bit is. */
  readonly shift: KnownNumber
}

/** The bit of a condition field that a value is. */
export const bitOf = perNode((node): BitRead | undefined => {
  const args = argumentsOf(node, conjunction)
  if (args === undefined) return undefined
  const [shifted, one] = args
  const [field, shift] = argumentsOf(shifted, operations['i32.shr_u']) ?? []
  if (!isConstant(one, 1) || field?.op !== 'read' || field.place.file !== 'crf' || shift?.op !== 'known')
    return undefined
  return { place: field.place, shift: shift.known }
})

export interface BasedAddress {
  readonly base: Place
  readonly displacement: KnownNumber
}

/** The register and displacement that an effective address is the sum of. */
export const basedAddress = perNode((ea): BasedAddress | undefined => {
  const [sum] = argumentsOf(ea, operations['i32.wrap_i64']) ?? []
  const [base, displacement] = argumentsOf(sum, operations['i64.add']) ?? []
  if (base?.op !== 'read' || base.place.file !== 'gpr' || displacement?.op !== 'known') return undefined
  return { base: base.place, displacement: displacement.known }
})
