import { assembler } from '../../../core/cpu/isa.ts'
import type { Profile } from '../../../core/cpu/profile.ts'
import {
  type Cpu,
  type CpuExit,
  type CpuPorts,
  type CpuSettings,
  createCpu,
  type Engine,
} from '../../../core/cpu/run.ts'
import { msrSf } from '../../../core/cpu/state.ts'
import { createMemory, type GuestMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'

export const codeBase = 0x82000000
export const dataBase = 0x40000000
export const readWrite = access.read | access.write
export const readExecute = access.read | access.execute
export const all = readWrite | access.execute

/** Ways out of compiled code so far. */
export const exitsOf = (profile: Profile): number =>
  Object.values(profile.report().exits).reduce((sum, one) => sum + one, 0)

export interface Workbench {
  readonly memory: GuestMemory
  readonly cpu: Cpu
  /** Puts a program (lines of assembly, or words) at `base` (its pages become code) and points pc at it. */
  place(lines: readonly (string | number)[], base?: number, flags?: number): void
  /** Places and runs until the instruction behind the last line, which is a stop. */
  run(lines: readonly (string | number)[], budget?: number): CpuExit
}

/** A processor on a bare memory: a page of code, a page of data, and no kernel. */
export function createWorkbench(
  ports: Partial<CpuPorts> = {},
  wide = false,
  settings: Engine | CpuSettings = 'interpreter',
): Workbench {
  const memory = createMemory()
  const cpu = createCpu(
    memory,
    {
      call: () => true,
      timebase: () => 0n,
      deviceLoad: () => 0n,
      deviceStore: () => {},
      ...ports,
    },
    settings,
  )
  const registers = cpu.registers()
  if (wide) registers.msr |= msrSf
  memory.commit(dataBase, 0x2000, readWrite)
  function place(lines: readonly (string | number)[], base = codeBase, flags = readExecute): void {
    const page = (base & ~0xfff) >>> 0
    const size = Math.max(1, Math.ceil((base + lines.length * 4 - page) / 0x1000)) * 0x1000
    memory.commit(page, size, readExecute)
    const bytes = new DataView(new ArrayBuffer(lines.length * 4))
    for (const [index, line] of lines.entries())
      bytes.setUint32(index * 4, typeof line === 'number' ? line : assembler.word(line, base + index * 4))
    memory.poke(base, new Uint8Array(bytes.buffer))
    memory.protect(page, size, flags)
    registers.pc = base
  }
  return {
    memory,
    cpu,
    place,
    run(lines, budget = 100_000) {
      place(lines)
      cpu.setStops([codeBase + lines.length * 4])
      return cpu.run(budget)
    },
  }
}
