/**
 * The whole machine as plain data. `state` is what the digest covers; `reports` is what only reports need: sequence
 * numbers and call sites. Host tables (decoded code, interned stacks) are in neither.
 */
import { fail } from '../base/failure.ts'
import type { Part, Plain } from '../base/state.ts'
import type { Cpu } from '../cpu/run.ts'
import type { KernelCore } from '../kernel/kernel.ts'
import type { GuestMemory } from '../memory/guest.ts'
import type { Loop } from './loop.ts'
import { slotBytes } from './registers.ts'

export interface SnapshotParts {
  readonly memory: GuestMemory
  readonly cpu: Cpu
  readonly core: KernelCore
  readonly loop: Loop
  /** Devices and file systems, by name. */
  readonly others: readonly { readonly name: string; readonly part: Part }[]
  readonly identity: Plain
}

/** The state the digest covers; holds views on live bytes. */
export function saveState({ memory, cpu, core, loop, others }: SnapshotParts): Plain {
  const kernel = core.save()
  const slots = [...core.kernel.threads.all.values()].map(thread => thread.slot).sort((a, b) => a - b)
  return {
    kernel,
    cpu: cpu.save(),
    contexts: slots.map(slot => [slot, slotBytes(memory.bytes, slot)]),
    loop: loop.save(),
    others: others.map(({ name, part }) => [name, part.save()]),
    memory: memory.save(),
  }
}

export function saveMachine(parts: SnapshotParts): Plain {
  return { identity: parts.identity, state: saveState(parts), reports: parts.core.saveReports() }
}

export function loadMachine(parts: SnapshotParts, saved: Plain): void {
  const { identity, state, reports } = saved as { identity?: Plain; state?: Plain; reports?: Plain }
  if (JSON.stringify(identity) !== JSON.stringify(parts.identity))
    throw fail('SNAPSHOT_FORMAT', 'snapshot', 'is of another title or of other options')
  if (state === undefined || reports === undefined) throw fail('SNAPSHOT_FORMAT', 'snapshot', 'has no state')
  const { kernel, cpu, contexts, loop, others, memory } = state as {
    kernel: Plain
    cpu: Plain
    contexts: [number, Uint8Array][]
    loop: Plain
    others: [string, Plain][]
    memory: Plain
  }
  parts.memory.load(memory)
  parts.core.load(kernel)
  for (const [slot, bytes] of contexts) slotBytes(parts.memory.bytes, slot).set(bytes)
  parts.cpu.load(cpu)
  parts.loop.load(loop)
  for (const { name, part } of parts.others) {
    const row = others.find(([other]) => other === name)
    if (row === undefined) throw fail('SNAPSHOT_FORMAT', `snapshot of ${name}`, 'is missing')
    part.load(row[1])
  }
  parts.core.loadReports(reports)
}
