/** What a meaning says, as data: nodes and statements, which trace.ts makes, and the emitter and the analyser read. */
import type { Known, Routine, Table } from '../algebra.ts'
import type { Operation, Type } from '../arithmetic.ts'
import type { Operand } from '../forms.ts'
import type { Where } from '../places.ts'
import type { FaultCode, FileName, SpecialName } from '../state.ts'

/** A register: of a file, by operand or by number, or one with a name. */
export type Place = (
  | { readonly file: FileName; readonly operand: Operand; readonly type: Type }
  | { readonly file: FileName; readonly number: number; readonly type: Type }
  | { readonly file: 'special'; readonly name: SpecialName; readonly type: Type }
) & {
  /** Its number among the places of its program. */
  readonly slot: number
  /** Its offset in the state block: that of `transient.zero` for number 0 as a base. */
  readonly where: Where
}

/** A number the decoder computes; `bytes` and `signed` say how small it may be kept. */
export interface KnownNumber {
  readonly of: (known: Known) => number | bigint
  readonly bytes: 1 | 2 | 4 | 8
  readonly signed: boolean
}

export type Size = 1 | 2 | 4 | 8 | 16

/** For what a meaning is run. */
export interface Mode {
  /** MSR.SF. */
  readonly wide: boolean
  readonly exact: boolean
  readonly fuses: boolean
  /** What is rare is left to the interpreter. */
  readonly quick?: boolean
  /** A general register keeps its value where the branch before the instruction jumps over it. */
  readonly skips?: boolean
}

export type Form =
  | { readonly op: 'const'; readonly value: number | bigint | readonly number[] }
  | { readonly op: 'arithmetic'; readonly operation: Operation; readonly lane: number }
  | { readonly op: 'shuffle'; readonly lanes: readonly number[] }
  | { readonly op: 'known'; readonly known: KnownNumber }
  | { readonly op: 'read'; readonly place: Place }
  | { readonly op: 'readAt' }
  | { readonly op: 'select' }
  | { readonly op: 'choose'; readonly yes: Scope; readonly no: Scope; readonly results: readonly [Node, Node] }
  | { readonly op: 'load'; readonly size: Size }
  | { readonly op: 'lookup'; readonly table: Table; readonly bytes: 1 | 4 | 8 }
  | { readonly op: 'result'; readonly routine: Routine; readonly index: number; readonly all: readonly Node[] }
  | { readonly op: 'parameter'; readonly index: number }
  | { readonly op: 'timebase' }
  /** What of the second argument, a register's value, the first tells: compiled code may know it beforehand. */
  | { readonly op: 'fact'; readonly fact: 'single' | 'plain' | 'number' }
  | { readonly op: 'single' }
  /** The double of a single, to the last bit of a NaN. */
  | { readonly op: 'loaded' }
  | { readonly op: 'limit' }
  | { readonly op: 'index' }
  /** Whether the branch before the instruction jumps over it. */
  | { readonly op: 'skipped' }

export type Node = Form & {
  /** No other node of any program has it. */
  readonly id: number
  readonly type: Type
  readonly args: readonly Node[]
  readonly scope: Scope
  /** Must be computed where it was made. */
  readonly pinned: boolean
  uses: number
  /** The local that an emitter has put it into, in the writing of that number. */
  local: number
  writing: number
}

export type Statement =
  | { readonly kind: 'value'; readonly node: Node }
  | { readonly kind: 'store'; readonly size: Size; readonly ea: Node; readonly value: Node }
  | { readonly kind: 'check'; readonly access: 'load' | 'store'; readonly ea: Node; readonly size: Node }
  | { readonly kind: 'forget'; readonly ea: Node; readonly size: number }
  | { readonly kind: 'when'; readonly condition: Node; readonly yes: Scope; readonly no: Scope }
  | { readonly kind: 'repeat'; readonly count: Node; readonly index: Node; readonly body: Scope }
  | { readonly kind: 'writeAt'; readonly index: Node; readonly value: Node }
  /** Where one does not hold, the instruction is given up. */
  | { readonly kind: 'require'; readonly conditions: readonly Node[] }
  | { readonly kind: 'fault'; readonly code: FaultCode; readonly address: Node | undefined }
  | { readonly kind: 'callKernel' }

/**
 * What writing a scope as code comes down to, found once a program: most statements of a scope are values that stand
 * where they are used, and most scopes have no branch.
 */
export interface Plan {
  /** The statements that are code by themselves, in order. */
  readonly effects: readonly Statement[]
  /** The same where the program is immediate: registers that are read are kept then. */
  readonly immediateEffects: readonly Statement[]
  readonly whens: readonly (Statement & { kind: 'when' })[]
  /** Of this scope and those inside. */
  readonly hasEffects: boolean
  readonly writes: number
  readonly branches: readonly Node[]
  readonly callsKernel: boolean
}

export interface Scope {
  readonly parent: Scope | undefined
  readonly statements: Statement[]
  readonly writes: { readonly place: Place; readonly value: Node }[]
  branch: Node | undefined
  /** By what is asked of them, nodes that others may be the same as. */
  readonly memo: Map<string, Node[]>
  /** No other scope of any program has it. */
  readonly id: number
  /** Kept here and by nobody else: programs are many, and most are written once. */
  plan: Plan | undefined
}

export interface Program {
  readonly body: Scope
  /** Registers are also written by computed number, at once. */
  readonly immediate: boolean
  /** Whether it may be another in the other width of the mode. */
  readonly asksWidth: boolean
  /** The registers it names. */
  readonly places: readonly Place[]
  /** What `perProgram` keeps. */
  readonly made: unknown[]
}
