/**
 * Comparisons as compiled code keeps them: a condition field that an integer instruction sets is the order of two
 * numbers and a copy of SO, that of two floats their order alone, and it stays that until somebody wants its bits. A branch on
 * it is then one comparison.
 *
 * The shapes are those that rows/flags.ts and rows/float.ts make; what does not match is computed as it is written.
 */
import type { Operation } from '../arithmetic.ts'
import { operations } from '../arithmetic.ts'
import { perNode } from '../wasm/plan.ts'
import type { KnownNumber, Node, Place } from '../wasm/program.ts'

export type Relation = 'lt' | 'gt' | 'eq'

/** In what way two numbers are compared. */
export interface OrderKind {
  readonly type: OrderType
  readonly relations: Readonly<Record<Relation, Operation>>
}
export const orderTypes = ['i32', 'i64', 'f64'] as const
export type OrderType = (typeof orderTypes)[number]

const kindsOfIntegers = (['i32', 'i64'] as const).flatMap(type =>
  (['s', 'u'] as const).map(sign => ({
    type,
    relations: {
      lt: operations[`${type}.lt_${sign}`],
      gt: operations[`${type}.gt_${sign}`],
      eq: operations[`${type}.eq`],
    },
  })),
)
/** Floats are compared so where neither is a NaN: one of the relations holds. */
const ofFloats: OrderKind = {
  type: 'f64',
  relations: { lt: operations['f64.lt'], gt: operations['f64.gt'], eq: operations['f64.eq'] },
}
export const orderKinds: readonly OrderKind[] = [...kindsOfIntegers, ofFloats]
/** Whether a field of a kind has a copy of SO. */
export const hasSummary = (kind: number): boolean => orderKinds[kind] !== ofFloats

export interface Comparison {
  readonly first: Node
  /** Zero where there is none. */
  readonly second: Node | undefined
  /** An index into `orderKinds`. */
  readonly kind: number
  /** Summary overflow, 0 or 1; none of floats. */
  readonly so: Node | undefined
}

export function argumentsOf(node: Node | undefined, operation: Operation): readonly Node[] | undefined {
  return node?.op === 'arithmetic' && node.operation === operation ? node.args : undefined
}
export const isConstant = (node: Node | undefined, value: number): boolean =>
  node?.op === 'const' && Number(node.value) === value

/** The comparison that a condition field's value is. */
export function comparisonOf(value: Node): Comparison | undefined {
  const [field, so] = argumentsOf(value, operations['i32.or']) ?? [value]
  const [eight, count] = argumentsOf(field, operations['i32.shr_u']) ?? []
  if (!isConstant(eight, 8)) return undefined
  const [greater, shifted] = argumentsOf(count, operations['i32.or']) ?? []
  const [equal, one] = argumentsOf(shifted, operations['i32.shl']) ?? []
  if (!isConstant(one, 1)) return undefined
  for (const [kind, { type, relations }] of orderKinds.entries()) {
    if (hasSummary(kind) !== (so !== undefined)) continue
    const [first, second] = argumentsOf(greater, relations.gt) ?? []
    if (first === undefined || second === undefined) continue
    const same = argumentsOf(equal, relations.eq)
    if (same?.[0] === first && same[1] === second) return { first, second, kind, so }
    const zero = type === 'f64' ? undefined : argumentsOf(equal, operations[`${type}.eqz`])
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
