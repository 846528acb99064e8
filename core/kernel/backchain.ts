/**
 * The guarded walk of guest frames.
 *
 * The problem: a fact is worth much more with the code that led to it, and the only witness is the guest's own stack,
 * which a title may have swapped (fibers), cut short (assembly stubs), or overwritten. So every word read is doubted,
 * and the walk says why it ended.
 *
 * Terms. A frame is a pair (fp, lr): a stack pointer, and the return address of whoever runs on it. Frame 0 is live: r1
 * and LR at the entry of the import thunk, which has no frame of its own. The word at a stack pointer is the back chain:
 * the caller's stack pointer. The return address lies below the caller's stack pointer (Xbox layout, `callerSP - 8`,
 * saved with a 32-bit store before the frame is made) or above the caller's back chain word (System V layout,
 * `callerSP + 4`); which of them is a property of the image that the running code belongs to, asked anew at each frame.
 *
 * The life of a walk:
 *   1. push (r1, LR);
 *   2. up = load32(fp); zero is the end of the chain;
 *   3. up must be 8-aligned (16 by the ABI; fibers of real titles are not always), above fp, and inside the thread's
 *      stack, else the walk stops there with the reason;
 *   4. the return address must be in memory that may be executed, else `not-code`; a zero there is the end: the root
 *      frame of a thread was made so by the kernel;
 *   5. push (up, return address) and go on, until the frame limit.
 *
 * Frames the kernel makes for the guest functions it calls (callbacks, APCs) follow the same layout, so a walk crosses
 * them. The return address in such a frame is a kernel trap, which is executable, so it is shown as a frame too.
 *
 * What a walk cannot know: a tail call drops a frame, a function that has not finished its prologue is skipped by one.
 * Neither arises at a kernel call: there the caller is always past its prologue.
 *
 * Invariants: memory is only read; a walk takes at most `limit` steps; the same registers and memory give the same
 * frames. Stacks are interned: equal stacks have one number, numbers are never used again, and the oldest go when there
 * are more than `limits.internedStacks`, which is counted. None of it is machine state.
 */
import { limits } from '../base/limits.ts'
import type { Frame, Stack } from '../facts/views.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { access } from '../memory/map.ts'
import type { FrameLayout } from './ports.ts'

export interface WalkPorts {
  readonly memory: GuestMemory
  framesOf(address: number): FrameLayout
  /** Where the first function of a thread returns to: the chain ends there. */
  readonly root: number
}

/** Bounds of the stack a walk stays in: from `low` up to, not including, `high`. */
export interface StackBounds {
  readonly low: number
  readonly high: number
}

export interface Walk {
  readonly frames: Frame[]
  readonly stop: Stack['stop']
}

const xboxSlot = -8
const sysvSlot = 4

/** Walks from a live (sp, lr), at most `limit` frames. */
export function walkFrames(ports: WalkPorts, sp: number, lr: number, bounds: StackBounds, limit: number): Walk {
  const { memory } = ports
  const frames: Frame[] = []
  if (limit <= 0) return { frames, stop: 'limit' }
  frames.push({ fp: sp, lr })
  let fp = sp
  let pc = lr
  for (;;) {
    if (fp & 7) return { frames, stop: 'misaligned' }
    if (fp < bounds.low || fp + 8 > bounds.high) return { frames, stop: 'outside-stack' }
    if (!memory.allows(fp, 4, access.read)) return { frames, stop: 'unreadable' }
    const up = memory.load32(fp)
    if (up === 0) return { frames, stop: 'end' }
    if (up & 7) return { frames, stop: 'misaligned' }
    if (up <= fp) return { frames, stop: 'backwards' }
    if (up + 8 > bounds.high) return { frames, stop: 'outside-stack' }
    if (frames.length >= limit) return { frames, stop: 'limit' }
    const slot = up + (ports.framesOf(pc) === 'xbox' ? xboxSlot : sysvSlot)
    if (!memory.allows(slot, 4, access.read)) return { frames, stop: 'unreadable' }
    const next = memory.load32(slot)
    if (next === 0 || next === ports.root) return { frames, stop: 'end' }
    if (next & 3 || (memory.accessAt(next) & access.execute) === 0) return { frames, stop: 'not-code' }
    frames.push({ fp: up, lr: next })
    fp = up
    pc = next
  }
}

export interface StackTable {
  /** The number of a stack, the same for equal stacks. */
  intern(walk: Walk): number
  get(id: number): Stack | undefined
  readonly evicted: number
  /** Stacks cut at the frame limit. */
  readonly cut: number
}

function hashOf(walk: Walk): number {
  let hash = 0x811c9dc5
  for (const frame of walk.frames) {
    hash = Math.imul(hash ^ frame.fp, 0x01000193)
    hash = Math.imul(hash ^ frame.lr, 0x01000193)
  }
  return hash
}

const same = (a: Stack, b: Walk): boolean =>
  a.stop === b.stop &&
  a.frames.length === b.frames.length &&
  a.frames.every((frame, i) => frame.fp === b.frames[i]?.fp && frame.lr === b.frames[i]?.lr)

export function createStackTable(capacity: number = limits.internedStacks.value): StackTable {
  const byId = new Map<number, Walk>()
  const byHash = new Map<number, number[]>()
  let last = 0
  let evicted = 0
  let cut = 0

  function evictOldest(): void {
    for (const [id, walk] of byId) {
      byId.delete(id)
      const hash = hashOf(walk)
      const bucket = (byHash.get(hash) ?? []).filter(other => other !== id)
      if (bucket.length === 0) byHash.delete(hash)
      else byHash.set(hash, bucket)
      evicted += 1
      return
    }
  }

  return {
    intern(walk) {
      if (walk.stop === 'limit') cut += 1
      const hash = hashOf(walk)
      const bucket = byHash.get(hash) ?? []
      for (const id of bucket) {
        const known = byId.get(id)
        if (known !== undefined && same(known, walk)) return id
      }
      last += 1
      byId.set(last, walk)
      byHash.set(hash, [...bucket, last])
      if (byId.size > capacity) evictOldest()
      return last
    },
    get: id => byId.get(id),
    get evicted() {
      return evicted
    },
    get cut() {
      return cut
    },
  }
}
