/** The processor control region of each hardware thread, and what the scheduler keeps of it. */
import type { GuestMemory } from '../memory/guest.ts'
import type { Thread } from './object.ts'
import type { Pool } from './pool.ts'
import { createReadyLists } from './ready-list.ts'
import type { HardwareThread } from './scheduler.ts'
import { KPCR, KTHREAD } from './structs.ts'

/** A hardware thread whose interrupts run on `context`; while it is idle, that context's block is its current thread. */
export function createHardwareThread(
  memory: GuestMemory,
  pool: Pool,
  kpcr: number,
  index: number,
  context: Thread,
): HardwareThread {
  const idle = pool.allocate(KTHREAD.size)
  Object.assign(context.object, { address: idle, header: idle })
  memory.store32(kpcr + KPCR.self, kpcr)
  memory.store32(kpcr + KPCR.prcb, kpcr + KPCR.prcbStart)
  memory.store32(kpcr + KPCR.setMember, 1 << index)
  memory.store8(kpcr + KPCR.processor, index)
  memory.store32(kpcr + KPCR.currentThread, idle)
  memory.store32(kpcr + KPCR.idleThread, idle)
  return {
    index,
    kpcr,
    context,
    current: undefined,
    ready: createReadyLists(),
    work: [],
    stamp: 0,
    spinning: false,
  }
}
