/**
 * Scalar floats in the first lane of vectors, which is how compiled code keeps them.
 *
 * The host has one file of registers for both, so to look at the first lane costs nothing, while to make a vector of a scalar
 * is an instruction, and there is a fused multiply-add of vectors alone: three such instructions for each, one of them
 * between a sum and the next. So a float register, what is loaded for one and what is computed for one stay vectors as long
 * as there is an operation of vectors that does the same in each lane. What the other lanes hold does not matter. A register
 * that is read more than once is read each time: in what way depends on what for.
 */
import { type Operation, operations } from '../arithmetic.ts'
import { perNode } from './plan.ts'
import type { Node } from './program.ts'

export const splats = { f32: operations['f32x4.splat'], f64: operations['f64x2.splat'] } as const
/** To be given the number of a lane. */
export const extracts = { f32: operations['f32x4.extract_lane'], f64: operations['f64x2.extract_lane'] } as const

const shapes = { f32: 'f32x4', f64: 'f64x2' } as const
const ofBothTypes = ['add', 'sub', 'mul', 'div', 'neg', 'abs', 'sqrt'] as const

/** Of an operation on scalars, the one that does the same in the first lanes of vectors. */
const twins = new Map<Operation, Operation>([
  [operations['f64.promote_f32'], operations['f64x2.promote_low_f32x4']],
  [operations['f32.demote_f64'], operations['f32x4.demote_f64x2_zero']],
])
for (const type of ['f32', 'f64'] as const)
  for (const name of ofBothTypes) twins.set(operations[`${type}.${name}`], operations[`${shapes[type]}.${name}`])

/** Operations on vectors of which each lane depends on the same lane of the operands alone. */
const laneByLane: readonly Operation[] = [operations['f32x4.relaxed_madd'], operations['f64x2.relaxed_madd']]

export const isFloat = (node: Node): node is Node & { readonly type: 'f32' | 'f64' } =>
  node.type === 'f32' || node.type === 'f64'

/** How a scalar comes about in a first lane: by an operation on first lanes, as the first of a vector, or as what it is. */
export type LaneWay =
  | { readonly kind: 'operation' | 'single'; readonly operation: Operation }
  | { readonly kind: 'vector'; readonly vector: Node }
  | { readonly kind: 'access' }

/** Null where a scalar has to be made first. */
export const laneWayOf = perNode((node): LaneWay | undefined => {
  if (!isFloat(node)) return undefined
  if (node.op === 'load' || (node.op === 'read' && node.place.file === 'fpr')) return { kind: 'access' }
  if (node.op === 'single') return { kind: 'single', operation: operations['f32x4.demote_f64x2_zero'] }
  if (node.op !== 'arithmetic') return undefined
  const [vector] = node.args
  if (node.operation === extracts[node.type] && node.lane === 0 && vector !== undefined)
    return { kind: 'vector', vector }
  const operation = twins.get(node.operation)
  return operation && { kind: 'operation', operation }
})

/** What scalars a vector is made of, lane by lane, with the operation; null where its other lanes may matter to the first. */
export const lanesOf = perNode(
  (node): { readonly operation: Operation; readonly scalars: readonly Node[] } | undefined => {
    if (node.op !== 'arithmetic' || !laneByLane.includes(node.operation)) return undefined
    const scalars = node.args.flatMap(arg => {
      const isSplat = arg.op === 'arithmetic' && (arg.operation === splats.f32 || arg.operation === splats.f64)
      return isSplat ? arg.args : []
    })
    return scalars.length === node.args.length ? { operation: node.operation, scalars } : undefined
  },
)
