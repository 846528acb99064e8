/** What is looked at closely: by handle value, by address, by kind, by creating call site. */
import { catalogue, type Focus, type ObjectKind, objectKinds, type Stack } from '../../core/index.ts'

export interface FocusChoice {
  readonly handles: readonly number[]
  readonly addresses: readonly number[]
  readonly kinds: readonly ObjectKind[]
  /** Addresses that a creating call returns to, or any address in its back chain. */
  readonly callers: readonly number[]
}

export interface FocusRule {
  /** Anything may come into focus. */
  readonly any: boolean
  /** A handle value or address. */
  value(value: number): boolean
  kind(kindId: number): boolean
  caller(lr: number): boolean
  /** A frame of the creation's back chain is a creating call site in focus. */
  chain(stack: Stack | undefined): boolean
  /** The creation's back chain is needed to decide. */
  readonly needsChain: boolean
}

export function focusRule(run: Focus, choice: FocusChoice): FocusRule {
  const values = new Set([...run.values, ...choice.handles, ...choice.addresses])
  const kinds = new Set<number>(choice.kinds.map(kind => objectKinds[kind].id))
  const callers = new Set(choice.callers)
  return {
    any: run.all || values.size + kinds.size + callers.size > 0,
    value: value => run.all || values.has(value),
    kind: kindId => run.all || kinds.has(kindId),
    caller: lr => callers.has(lr),
    chain: stack => stack?.frames.some(frame => callers.has(frame.lr)) ?? false,
    needsChain: callers.size > 0,
  }
}

/** The facts that begin an object. */
export const births: ReadonlySet<number> = new Set([catalogue['object.created'].id, catalogue['object.adopted'].id])
