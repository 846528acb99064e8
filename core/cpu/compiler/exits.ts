import type { GuestMemory } from '../../memory/guest.ts'
import { access, fold } from '../../memory/map.ts'
import type { ExitCause } from '../profile.ts'
import type { Mode } from '../wasm/trace.ts'
import { type Meaning, meaningOf } from './find.ts'

export interface Exit {
  readonly memory: GuestMemory
  readonly mode: Mode
  /** Where execution goes on, and the instructions that may still run. */
  readonly pc: number
  readonly left: number
  /** Whether a compiled unit begins there. */
  readonly compiled: boolean
}

/** A block runs only if the budget covers it, and few are longer than this. */
const longestBlock = 200

/** Why compiled code was left: it only says where execution goes on, and the place tells the rest. */
export function causeOf({ memory, mode, pc, left, compiled }: Exit): ExitCause {
  const view = new DataView(memory.bytes.buffer)
  const quick: Mode = { ...mode, quick: true }
  const meaningAt = (address: number): Meaning | undefined =>
    (memory.accessAt(address) & access.execute) === 0 ? undefined : meaningOf(view.getUint32(fold(address)), quick)

  const meaning = meaningAt(pc)
  if (meaning === undefined) return 'cold'
  if (meaning.row.name === 'sc') return 'kernel'
  if (!meaning.compilable) return 'instruction'
  let length = 1
  for (; length <= Math.min(left, longestBlock); length += 1)
    if (meaningAt(pc + 4 * (length - 1))?.effects.branches !== false) break
  if (length > left) return 'budget'
  if (meaningAt((pc - 4) >>> 0)?.links === true) return 'return'
  if (meaning.gives && !meaning.effects.memory) return 'rare'
  if (meaning.effects.memory || meaning.effects.faults) return 'access'
  return compiled ? 'return' : 'cold'
}
