/**
 * Guest code of the kernel's own: four words that call it with a number. Some are where guest functions return to; the
 * others stand for exports a title looks up while it runs.
 */
import type { Plain } from '../base/state.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { access } from '../memory/map.ts'
import { kernelRegion } from './pool.ts'
import { type PathName, pathNumber, paths } from './sources.ts'

const size = 16
const firstExportThunk = 0x1000
const words = { syscall: 0x44000042, return: 0x4e800020 } as const

export interface Thunks {
  /** Where guest functions that the kernel called, first functions of threads, and interrupts return to. */
  readonly traps: { readonly guestReturn: number; readonly threadReturn: number; readonly interruptReturn: number }
  /** Address of code that calls an export, made at first use. */
  of(id: number): number
  save(): Plain
  load(state: Plain): void
}

/** Whether an address is one of the kernel's own thunks. */
export const isThunk = (address: number): boolean =>
  address >= kernelRegion.traps && address < kernelRegion.traps + kernelRegion.trapsSize

export function createThunks(memory: GuestMemory): Thunks {
  let made: [id: number, at: number][] = []

  function write(at: number, id: number): void {
    const bytes = new Uint8Array(size)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, words.syscall)
    view.setUint32(4, words.return)
    view.setUint32(8, id)
    memory.poke(at, bytes)
  }

  memory.commit(kernelRegion.traps, kernelRegion.trapsSize, access.read | access.execute)
  for (const id of Object.keys(paths)) write(kernelRegion.traps + Number(id) * size, Number(id))
  const trapOf = (path: PathName): number => kernelRegion.traps + pathNumber(path) * size

  return {
    traps: {
      guestReturn: trapOf('guest-return'),
      threadReturn: trapOf('thread-return'),
      interruptReturn: trapOf('interrupt-return'),
    },
    of(id) {
      const known = made.find(([other]) => other === id)
      if (known !== undefined) return known[1]
      const at = kernelRegion.traps + firstExportThunk + made.length * size
      write(at, id)
      made.push([id, at])
      return at
    },
    save: () => made.map(([id, at]) => [id, at]),
    load(state) {
      made = (state as unknown as [number, number][]).map(([id, at]) => [id, at])
    },
  }
}
