/** The state of files of exports: plain data by name, made at first use. */
import { copyState, type Plain } from '../base/state.ts'
import type { StateDefinition } from './outcome.ts'

export interface States {
  of<S>(definition: StateDefinition<S>): S
  /** Undefined before its first use. */
  soFar<S>(definition: StateDefinition<S>): S | undefined
  save(): Plain
  load(state: Plain): void
}

export function createStates(): States {
  const states = new Map<string, unknown>()
  return {
    of<S>(definition: StateDefinition<S>): S {
      const held = states.get(definition.name)
      if (held !== undefined) return held as S
      const made = definition.initial()
      states.set(definition.name, made)
      return made
    },
    soFar: <S>(definition: StateDefinition<S>) => states.get(definition.name) as S | undefined,
    save: () => [...states.keys()].sort().map(name => [name, states.get(name) as Plain]),
    load(state) {
      states.clear()
      for (const [name, value] of state as unknown as [string, Plain][]) states.set(name, copyState(value))
    },
  }
}
