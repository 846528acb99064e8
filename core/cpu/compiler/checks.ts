/** The checks of a unit's memory accesses: one for each span of accesses (accesses.ts), or for an access by itself. */
import { plain } from '../../memory/map.ts'
import { operations, type Type } from '../arithmetic.ts'
import { addresses } from '../wasm/addresses.ts'
import type { Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import type { Node } from '../wasm/program.ts'
import type { AccessPlace, Site } from '../wasm/site.ts'
import type { UnitSpans } from './accesses.ts'
import { basedAddress } from './compare.ts'
import type { Locals } from './locals.ts'
import { numberIn } from './meaning.ts'
import type { Step } from './step.ts'

export interface ChecksSpec {
  readonly writer: Writer
  readonly spans: UnitSpans
  readonly held: Locals
  /** Whether an access is to look in the windows that fold. */
  folds(pc: number): boolean
  /** A new local; one for within the instruction. */
  keep(type: Type): number
  temporary(type: Type): number
  here(): Step
  /** Leaves the unit with the instruction undone. */
  refuse(): void
}

export interface Checks {
  /** Told where a block begins, and of every way out of it: what was checked stays so behind it. */
  begin(block: number): void
  leave(block: number): void
  readonly place: NonNullable<Site['place']>
}

export function createChecks(spec: ChecksSpec): Checks {
  const { writer, spans, held, keep, here } = spec
  const w = instructions(writer)
  const { fold, isRefused, isSpecial } = addresses(writer)
  const locals: number[] = []
  const usedBy: number[] = []
  let used = 0

  /** Leaves the place of the bytes at the address on the stack in a local, or leaves the unit. */
  function check(local: number, size: number, stores: boolean): void {
    const need = stores ? plain.store : plain.load
    w.set(local)
    // A byte is asked about as two are. By itself it would be asked the same again in the rare case, of which the host makes
    // one question; and the flags that one question alone is about it loads twice, for themselves and in the test.
    isSpecial(local, Math.max(size, 2), need)
    w.ifRare()
    if (spec.folds(here().instruction.pc)) {
      fold(local)
      w.set(local)
    }
    // The last page before what is not committed may be as hot as any, such as the top of a stack.
    isRefused(local, size, need)
    w.ifRare()
    spec.refuse()
    w.end()
    w.end()
  }

  /** The place of an access whose span is checked, here or before. */
  function spanned(ea: Node): AccessPlace | undefined {
    const { instruction } = here()
    const part = spans.of(instruction)
    const address = basedAddress(ea)
    if (part === undefined || address === null) return undefined
    const { span, moved } = part
    const displacement = Number(numberIn(instruction, address.displacement)) + moved
    if (span.local === undefined) {
      const local = locals[used] ?? keep('i32')
      locals[used] = local
      used += 1
      span.local = local
      const low = held.lowWord(span.base)
      w.get(low ?? held.of(span.base))
      if (low === undefined) w.do(operations['i32.wrap_i64'])
      w.i32(span.least)
      w.do(operations['i32.add'])
      check(local, span.end - span.least, span.stores)
    }
    return { local: span.local, offset: displacement - span.least }
  }

  return {
    begin(block) {
      const before = spans.before(block)
      used = before === undefined ? 0 : (usedBy[before] ?? 0)
    },
    leave(block) {
      usedBy[block] ??= used
    },
    place(ea, size, kind, expression) {
      const shared = spanned(ea)
      if (shared !== undefined) return shared
      const local = spec.temporary('i32')
      expression(ea)
      check(local, size, kind === 'store')
      return { local, offset: 0 }
    },
  }
}
