import type { GuestMemory } from '../../memory/guest.ts'
import { access, fold } from '../../memory/map.ts'
import type { ExitCause } from '../profile.ts'
import type { Mode } from '../wasm/program.ts'
import { longestWay } from './budget.ts'
import { longestUnit } from './find.ts'
import { type Meaning, meaningsIn } from './meaning.ts'

export interface CausesSpec {
  readonly memory: GuestMemory
  /** Whether a compiled unit begins at an address, and whether one holds it. */
  isCompiled(pc: number): boolean
  isHeld(pc: number): boolean
  /** Instructions of the longest block of a unit that begins at an address; 0 for none. */
  longestBlock(pc: number): number
}

/**
 * Tells why compiled code was left: it only says where execution goes on, and how many instructions may still run, and the
 * place tells the rest.
 */
export function createCauses(spec: CausesSpec): (mode: Mode, pc: number, left: number) => ExitCause {
  const { memory, isCompiled, isHeld, longestBlock } = spec
  const view = new DataView(memory.bytes.buffer)

  function meaningAt(mode: Mode, address: number): Meaning | undefined {
    if ((memory.accessAt(address) & access.execute) === 0) return undefined
    return meaningsIn({ ...mode, quick: true })(view.getUint32(fold(address)))
  }

  return (mode, pc, left) => {
    const meaning = meaningAt(mode, pc)
    if (meaning === undefined) return 'cold'
    if (!meaning.compilable) return 'instruction'
    // Where it is asked, the budget must cover a way, and a block that is longer than ways should be.
    if (left < longestWay || (left < longestUnit && left < longestBlock(pc))) return 'budget'
    if (meaningAt(mode, (pc - 4) >>> 0)?.links === true) return 'return'
    // What a unit gives up is inside of one.
    const { memory: reaches, faults } = meaning.effects
    if ((meaning.gives || reaches || faults) && isHeld(pc)) return meaning.gives && !reaches ? 'rare' : 'access'
    return isCompiled(pc) ? 'return' : 'cold'
  }
}
