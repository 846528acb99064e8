import type { GuestMemory } from '../../memory/guest.ts'
import { access, fold } from '../../memory/map.ts'
import type { ExitCause } from '../profile.ts'
import type { Mode } from '../wasm/program.ts'
import { longestWay } from './budget.ts'
import { longestUnit } from './find.ts'
import { type Meaning, meaningsIn } from './meaning.ts'

export interface Exit {
  readonly memory: GuestMemory
  readonly mode: Mode
  /** Where execution goes on, and the instructions that may still run. */
  readonly pc: number
  readonly left: number
  /** Whether a compiled unit begins there, and whether one holds it. */
  readonly compiled: boolean
  readonly held: boolean
  /** Instructions of the longest block of a unit that begins there; 0 for none. */
  longestBlock(): number
}

/** Why compiled code was left: it only says where execution goes on, and the place tells the rest. */
export function causeOf({ memory, mode, pc, left, compiled, held, longestBlock }: Exit): ExitCause {
  const view = new DataView(memory.bytes.buffer)
  const meaningOf = meaningsIn({ ...mode, quick: true })
  const meaningAt = (address: number): Meaning | undefined =>
    (memory.accessAt(address) & access.execute) === 0 ? undefined : meaningOf(view.getUint32(fold(address)))

  const meaning = meaningAt(pc)
  if (meaning === undefined) return 'cold'
  if (!meaning.compilable) return 'instruction'
  // Where it is asked, the budget must cover a way, and a block that is longer than ways should be.
  if (left < longestWay || (left < longestUnit && left < longestBlock())) return 'budget'
  if (meaningAt((pc - 4) >>> 0)?.links === true) return 'return'
  // What a unit gives up is inside of one.
  if (held && meaning.gives && !meaning.effects.memory) return 'rare'
  if (held && (meaning.effects.memory || meaning.effects.faults)) return 'access'
  return compiled ? 'return' : 'cold'
}
