/**
 * Branches over one instruction. Where a branch depends on data, the host guesses wrong, and loses what some twenty
 * instructions take; so the instruction is done in any case, and its result is kept where it is not jumped over
 * (`Mode.skips`). It belongs to the block of the branch then, and a way that leads to it from elsewhere begins a unit.
 *
 * Two or three instructions were no gain, and made the merging of lists slower: what an address is made of is sooner guessed
 * than told. An instruction that has not run when its unit is made is not known, and the branch stays one.
 */
import { type Operation, operations } from '../arithmetic.ts'
import { perProgram, planOf } from '../wasm/plan.ts'
import type { Node } from '../wasm/program.ts'
import { argumentsOf, isConstant } from './compare.ts'

/** Operations that take as long as a wrong guess. */
const long = new Set<Operation>(
  (['i32', 'i64'] as const).flatMap(type => [operations[`${type}.div_s`], operations[`${type}.div_u`]]),
)
function isSoonTold(node: Node): boolean {
  if (node.op === 'read') return node.place.file === 'gpr'
  return !node.pinned && !(node.op === 'arithmetic' && long.has(node.operation))
}
/** Whether a program only gives a general register a value that is soon told of others. */
export const moves = perProgram(
  ({ body: { statements, writes, branch } }) =>
    branch === undefined &&
    writes.length === 1 &&
    writes[0]?.place.file === 'gpr' &&
    statements.every(one => one.kind === 'value' && isSoonTold(one.node)),
)

/** Whether a value is 0 or 1, whatever it is made of. */
function isBit(node: Node): boolean {
  if (node.op !== 'arithmetic') return false
  return node.operation === operations['i32.eqz'] || isConstant(argumentsOf(node, operations['i32.and'])?.[1], 1)
}
/** Whether a program branches to an address on a bit, and does nothing else. */
export const decides = perProgram(({ body }) => {
  const { effects, whens, writes } = planOf(body)
  const [only] = whens
  if (only === undefined || writes > 0 || body.branch !== undefined || !isBit(only.condition)) return false
  const [yes, no] = [planOf(only.yes), planOf(only.no)]
  const plain = effects.every(one => one === only || (one.kind === 'value' && !one.node.pinned))
  return plain && !yes.hasEffects && !no.hasEffects && no.branches.length === 0 && only.yes.branch?.op === 'known'
})
