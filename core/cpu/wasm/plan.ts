/** How a program is written as code: found once for each scope, and things made once for each program or node. */
import type { Node, Plan, Program, Scope, Statement } from './program.ts'

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
  const immediateEffects: Statement[] = []
  const whens: (Statement & { kind: 'when' })[] = []
  const branches: Node[] = scope.branch ? [scope.branch] : []
  let hasEffects = false
  let writes = scope.writes.length
  for (const one of scope.statements) {
    if (one.kind === 'value') {
      if (isMaterial(one.node, false)) {
        hasEffects = true
        effects.push(one)
      }
      if (isMaterial(one.node, true)) immediateEffects.push(one)
      continue
    }
    effects.push(one)
    immediateEffects.push(one)
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
  return { effects, immediateEffects, whens, hasEffects, writes, branches, callsKernel }
}

let makers = 0
/** Makes something of each program once, and gives the same again. */
export function perProgram<T>(make: (program: Program) => T): (program: Program) => T {
  const place = makers
  makers += 1
  return program => {
    const have = program.made[place]
    return have === undefined ? keep(program.made, place, make(program)) : (have as T)
  }
}
/** The same of each node; null where there is nothing to be made of it. */
export function perNode<T>(make: (node: Node) => T | undefined): (node: Node) => T | null {
  const made: (T | null | undefined)[] = []
  return node => {
    const have = made[node.id]
    return have === undefined ? keep(made, node.id, make(node) ?? null) : have
  }
}
/** Puts something into a list without leaving holes, which would make it slow. */
function keep<T>(list: unknown[], place: number, one: T): T {
  while (list.length <= place) list.push(undefined)
  list[place] = one
  return one
}
