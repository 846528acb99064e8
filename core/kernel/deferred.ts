/** Deferred calls of the title: a KDPC is queued to a hardware thread and runs on its interrupt context. */
import type { GuestMemory } from '../memory/guest.ts'
import { hardwareThreads, type Scheduler, type Work } from './scheduler.ts'
import { pathNumber } from './sources.ts'
import { KDPC } from './structs.ts'

const deferredActor = 3

export interface DeferredCalls {
  /** Queues a KDPC; false when it was queued already. */
  queue(dpc: number, argument1: number, argument2: number): boolean
  /** Takes it out of its queue; whether it was there. */
  remove(dpc: number): boolean
  /** Takes the first that is queued to the running hardware thread. */
  take(): Work | undefined
}

export function createDeferredCalls(memory: GuestMemory, scheduler: Scheduler): DeferredCalls {
  /** Where a KDPC is queued; one that was initialised again meanwhile is found too. */
  function placeOf(dpc: number): { readonly work: Work[]; readonly at: number } | undefined {
    for (const { work } of scheduler.hardware) {
      const at = work.findIndex(item => item.dpc === dpc)
      if (at >= 0) return { work, at }
    }
    return undefined
  }

  return {
    queue(dpc, argument1, argument2) {
      if (memory.load8(dpc + KDPC.inserted) !== 0 || placeOf(dpc) !== undefined) return false
      const target = memory.load8(dpc + KDPC.target)
      memory.store8(dpc + KDPC.inserted, 1)
      memory.store32(dpc + KDPC.argument1, argument1)
      memory.store32(dpc + KDPC.argument2, argument2)
      const index = target === 0 || target > hardwareThreads ? scheduler.running.index : target - 1
      scheduler.interrupt(index, {
        routine: memory.load32(dpc + KDPC.routine),
        args: [dpc, memory.load32(dpc + KDPC.context), argument1, argument2],
        actor: deferredActor,
        path: pathNumber('dpc'),
        dpc,
      })
      return true
    },
    remove(dpc) {
      const place = placeOf(dpc)
      if (place === undefined) return false
      place.work.splice(place.at, 1)
      memory.store8(dpc + KDPC.inserted, 0)
      return true
    },
    take() {
      const { work } = scheduler.running
      const at = work.findIndex(item => item.dpc !== 0)
      const [next] = at < 0 ? [] : work.splice(at, 1)
      if (next !== undefined) memory.store8(next.dpc + KDPC.inserted, 0)
      return next
    },
  }
}
