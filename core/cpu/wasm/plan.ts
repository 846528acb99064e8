/** How a program is written as code: found once for each scope, and things made once for each program or node. */
import type { Node, Plan, Program, Scope, Statement } from './trace.ts'

/** Whether a node is computed into a local where it was made. */
export function isMaterial(node: Node, immediate: boolean): boolean {
  if (node.op === 'const' || node.op === 'parameter' || node.op === 'index') return false
  return node.pinned || node.uses > 1 || (immediate && node.op === 'read' && node.uses > 0)
}

/** Only for scopes that are complete. */
export function planOf(scope: Scope): Plan {
  scope.plan ??= makePlan(scope)
  return scope.plan
}

function makePlan(scope: Scope): Plan {
  const effects: Statement[] = []
  const whens: (Statement & { kind: 'when' })[] = []
  const branches: Node[] = scope.branch ? [scope.branch] : []
  let hasEffects = false
  let writes = scope.writes.length
  for (const one of scope.statements) {
    if (one.kind === 'value') {
      if (isMaterial(one.node, false)) hasEffects = true
      if (isMaterial(one.node, true)) effects.push(one)
      continue
    }
    effects.push(one)
    if (one.kind !== 'when') {
      hasEffects = true
      continue
    }
    whens.push(one)
    for (const inner of [planOf(one.yes), planOf(one.no)]) {
      if (inner.hasEffects) hasEffects = true
      writes += inner.writes
      branches.push(...inner.branches)
    }
  }
  const callsKernel = scope.statements.some(one => one.kind === 'callKernel')
  return { effects, whens, hasEffects, writes, branches, callsKernel }
}

/** Makes something of each thing with a number once, and gives the same again. */
function perNumber<K, T>(numberOf: (key: K) => number, make: (key: K) => T): (key: K) => T {
  const made: (T | undefined)[] = []
  return key => {
    const number = numberOf(key)
    const have = made[number]
    if (have !== undefined) return have
    // Without holes, which would make the array slow.
    while (made.length <= number) made.push(undefined)
    const now = make(key)
    made[number] = now
    return now
  }
}
export const perProgram = <T>(make: (program: Program) => T) => perNumber(program => program.body.id, make)
/** Null where there is nothing to be made of a node. */
export const perNode = <T>(make: (node: Node) => T | undefined) =>
  perNumber<Node, T | null>(
    node => node.id,
    node => make(node) ?? null,
  )
