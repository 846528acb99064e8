/** Whose stack a walk of the back chain stays in, and where it begins. */
import type { Scene } from '../facts/record.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { type StackBounds, type Walk, walkFrames } from './backchain.ts'
import type { Thread } from './object.ts'
import type { FrameLayout, Registers } from './ports.ts'
import type { Scheduler } from './scheduler.ts'
import { KTHREAD } from './structs.ts'
import { isThunk } from './thunks.ts'

export interface Walker {
  /** From where a fact was made. */
  scene(scene: Scene): Walk
  /** From where a thread is: its wait, or its registers. */
  thread(thread: Thread): Walk
}

export interface WalkerPorts {
  readonly memory: GuestMemory
  readonly registers: Registers
  readonly scheduler: () => Scheduler
  readonly threads: () => ReadonlyMap<number, Thread>
  framesOf(address: number): FrameLayout
  /** Where the first function of a thread returns to. */
  readonly root: number
  /** Frames of a walk. */
  readonly limit: number
}

export function createWalker(ports: WalkerPorts): Walker {
  const { memory, registers, root, limit } = ports
  const walkPorts = {
    memory,
    root,
    framesOf: (address: number): FrameLayout => (isThunk(address) ? 'xbox' : ports.framesOf(address)),
  }

  /** A fiber switch changes them, so they are read where the title sees them. */
  function boundsOf(thread: Thread | undefined): StackBounds {
    if (thread === undefined) return { low: 0, high: 0 }
    if (thread.tid === 0) return { low: thread.stackLimit, high: thread.stackBase }
    const body = thread.object.address
    return { low: memory.load32(body + KTHREAD.stackLimit), high: memory.load32(body + KTHREAD.stackBase) }
  }

  return {
    scene(scene) {
      if (scene.sp === 0) return { frames: [], stop: 'end' }
      const thread = scene.tid === 0 ? ports.scheduler().current : ports.threads().get(scene.tid)
      return walkFrames(walkPorts, scene.sp, scene.lr, boundsOf(thread), limit)
    },
    thread(thread) {
      const frame = thread === ports.scheduler().current ? registers.current : registers.slot(thread.slot)
      const { sp, lr } = thread.wait ?? { sp: frame.word(1), lr: frame.lr }
      return walkFrames(walkPorts, sp, lr, boundsOf(thread), limit)
    },
  }
}
