/**
 * What satisfies a wait, and what a satisfied wait takes. An object is signalled for a thread when its SignalState is
 * above zero, or when it is a mutant the thread owns. Auto-reset events and timers go to zero, semaphores lose one, a mutant
 * gains an owner or a level; everything else stays as it is. An object that has ended, its memory freed, is never signalled
 * again. What is taken from queues is told in queue-object.ts.
 */
import { bitOf, holds } from '../facts/catalogue.ts'
import type { FactSink } from '../facts/sink.ts'
import type { GuestMemory } from '../memory/guest.ts'
import type { KernelObject, Objects, Thread, Wait } from './object.ts'
import { KMUTANT } from './structs.ts'

/** What is waited for, and whether all of it. */
export interface Wanted {
  readonly type: 'any' | 'all' | 'delay'
  readonly objects: readonly KernelObject[]
}

/** A thread whose wait is satisfied and has taken what it takes. */
export interface Winner {
  readonly thread: Thread
  readonly wait: Wait
  readonly index: number
  readonly abandoned: boolean
  /** It has taken nothing: a mutant of its own cannot be taken once more. */
  readonly refused: boolean
  readonly states: readonly number[]
}

export interface Satisfaction {
  /** Whether a wait of the thread on the object would end now. */
  signalled(object: KernelObject, thread: Thread): boolean
  /** The place of the object that satisfies the wait now, -1 when none does. */
  place(wanted: Wanted, thread: Thread): number
  /** Takes what the wait takes by the object at a place; true when a mutant's owner had abandoned it. */
  take(wanted: Wanted, thread: Thread, place: number): boolean
  /**
   * Whether the wait comes to a mutant that its owner has taken as often as can be counted: the one that would end it,
   * or, where all are waited for, any before the first that is not signalled.
   */
  overLimit(wanted: Wanted, thread: Thread): boolean
  ownerOf(mutant: KernelObject): Thread | undefined
  /** Gives a mutant another owner, or none: it is among what that one owns, and nobody else. */
  setOwner(mutant: KernelObject, thread: Thread | undefined): void
  /** Serial and SignalState of each object waited on, if anybody will read them. */
  statesOf(waited: readonly KernelObject[]): readonly number[]
}

export interface SatisfactionPorts {
  readonly memory: GuestMemory
  readonly objects: Objects
  readonly sink: FactSink
  threadAt(address: number): Thread | undefined
}

const noStates: readonly number[] = []
/** The state of a mutant taken as often as can be. */
const mostTaken = -0x80000000
const waitEnded = bitOf('wait.ended')

export function createSatisfaction({ memory, objects, sink, threadAt }: SatisfactionPorts): Satisfaction {
  const { stateOf, setState } = objects

  function ownerOf(object: KernelObject): Thread | undefined {
    if (object.owner === undefined && object.adopted && stateOf(object) <= 0) {
      object.owner = threadAt(memory.load32(object.address + KMUTANT.ownerThread))
      if (object.owner !== undefined && !object.owner.owned.includes(object)) object.owner.owned.push(object)
    }
    return object.owner
  }

  function signalled(object: KernelObject, thread: Thread): boolean {
    if (!object.alive) return false
    if (stateOf(object) > 0) return true
    return object.kind === 'Mutant' && ownerOf(object) === thread
  }

  function setOwner(object: KernelObject, thread: Thread | undefined): void {
    const before = object.owner?.owned
    const place = before?.indexOf(object) ?? -1
    if (place >= 0) before?.splice(place, 1)
    object.owner = thread
    thread?.owned.push(object)
    memory.store32(object.address + KMUTANT.ownerThread, thread?.object.address ?? 0)
  }

  /** Takes what a satisfied wait takes; true when a mutant's owner had abandoned it. */
  function consume(object: KernelObject, thread: Thread): boolean {
    switch (object.kind) {
      case 'Event/Auto':
      case 'Timer/Auto':
        setState(object, 0)
        return false
      case 'Semaphore':
        setState(object, stateOf(object) - 1)
        return false
      case 'Mutant': {
        const state = stateOf(object) - 1
        setState(object, state)
        if (state !== 0) return false
        setOwner(object, thread)
        const abandoned = memory.load8(object.address + KMUTANT.abandoned) !== 0
        if (abandoned) memory.store8(object.address + KMUTANT.abandoned, 0)
        return abandoned
      }
      default:
        return false
    }
  }

  function statesOf(waited: readonly KernelObject[]): readonly number[] {
    if (!holds(sink.mask, waitEnded)) return noStates
    const states: number[] = []
    for (const object of waited) states.push(object.serial, object.alive ? stateOf(object) >>> 0 : 0)
    return states
  }

  function place(request: Wanted, thread: Thread): number {
    const waited = request.objects
    if (waited.length === 0) return -1
    if (request.type === 'all') return waited.every(object => signalled(object, thread)) ? 0 : -1
    for (let i = 0; i < waited.length; i += 1) {
      const object = waited[i]
      if (object !== undefined && signalled(object, thread)) return i
    }
    return -1
  }

  function take(request: Wanted, thread: Thread, index: number): boolean {
    if (request.type !== 'all') return consume(request.objects[index] as KernelObject, thread)
    let abandoned = false
    for (const object of request.objects) abandoned = consume(object, thread) || abandoned
    return abandoned
  }

  const isFull = (object: KernelObject): boolean => object.kind === 'Mutant' && stateOf(object) === mostTaken

  function overLimit({ type, objects: waited }: Wanted, thread: Thread): boolean {
    for (const object of waited) {
      const now = signalled(object, thread)
      if (now && isFull(object)) return true
      // One that is signalled ends a wait for any, and one that is not keeps a wait for all from its end.
      if (now !== (type === 'all')) return false
    }
    return false
  }

  return { signalled, place, take, overLimit, ownerOf, setOwner, statesOf }
}
