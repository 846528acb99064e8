/**
 * How the kernel comes to know objects, and how they end. An address first met is adopted by its header. An object in
 * the title's own memory ends when that memory is freed, when its type byte changes, or when there are too many of them
 * and it was least recently touched; one of the kernel's own when nothing refers to it and nobody waits for it.
 */
import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import type { ObjectKind } from '../facts/objects.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { access } from '../memory/map.ts'
import type { Audit } from './audit.ts'
import {
  destroyed,
  type GhostClass,
  ghostClass,
  type KernelObject,
  newObject,
  type Objects,
  type Operation,
} from './object.ts'
import { createObjectIndex } from './object-index.ts'
import { kindOfType, shapeOf } from './object-shapes.ts'
import { restoreObject, type SavedObject, saveObject } from './object-state.ts'
import type { Pool } from './pool.ts'
import { DISPATCHER_HEADER, headerType, KSEMAPHORE, OBJECT_HEADER } from './structs.ts'

const endedKept = limits.endedObjects.value

export interface ObjectPorts {
  readonly memory: GuestMemory
  readonly pool: Pool
  readonly audit: Audit
  /** Address of the type variable of a kind, 0 where there is none. */
  typeAddress(kind: ObjectKind): number
}

export function createObjects({ memory, pool, audit, typeAddress }: ObjectPorts): Objects {
  const index = createObjectIndex()
  const { live } = index
  const ended: KernelObject[] = []
  const counters = {
    ghosts_never_created_total: 0,
    ghosts_closed_total: 0,
    ghosts_wrong_type_total: 0,
    adopted_evicted_total: 0,
  }
  let lastSerial = 0
  let clock = 0
  const onEnd: ((object: KernelObject) => void)[] = []
  let unlinked: readonly { readonly object: KernelObject; readonly saved: SavedObject }[] = []

  const stateOf = (object: KernelObject): number => memory.load32(object.stateAt) | 0
  const setState = (object: KernelObject, state: number): void => memory.store32(object.stateAt, state)

  function writeHeader(header: number, type: number, state: number): void {
    memory.store32(header + DISPATCHER_HEADER.type, type << 24)
    memory.store32(header + DISPATCHER_HEADER.signalState, state)
    memory.store32(header + DISPATCHER_HEADER.waitListFlink, header + DISPATCHER_HEADER.waitListFlink)
    memory.store32(header + DISPATCHER_HEADER.waitListBlink, header + DISPATCHER_HEADER.waitListFlink)
  }

  function build(kind: ObjectKind, address: number, owned: boolean, adopted: boolean, limit?: number): KernelObject {
    lastSerial += 1
    clock += 1
    const header = address === 0 ? 0 : address + shapeOf(kind).headerAt
    const object = newObject({ serial: lastSerial, kind, address, header, owned, adopted, limit })
    object.touched = clock
    return object
  }

  function end(object: KernelObject, reason: number): void {
    object.alive = false
    index.remove(object)
    for (const listener of onEnd) listener(object)
    if (object.owned && object.address !== 0)
      pool.free(object.address - OBJECT_HEADER.size, shapeOf(object.kind).size + OBJECT_HEADER.size)
    audit.emit['object.destroyed'](audit.scene, audit.about(object), 0, reason)
    ended.push(object)
    if (ended.length > endedKept) ended.shift()
  }

  /**
   * Makes room among the objects in the title's memory: a sixteenth of the bound, least recently touched first. What is
   * in use, though nobody touches it, stays: who is waited for, and timers that are armed.
   */
  function evict(): void {
    const candidates = [...live.values()].filter(
      ({ owned, address, references, waiters, timer }) =>
        !owned && address !== 0 && references === 0 && waiters.length === 0 && timer?.armed !== true,
    )
    candidates.sort((a, b) => a.touched - b.touched)
    for (const object of candidates.slice(0, limits.adoptedObjects.value >>> 4)) {
      counters.adopted_evicted_total += 1
      end(object, destroyed.evicted)
    }
  }

  function allocateBody(kind: ObjectKind): number {
    const body = pool.allocate(shapeOf(kind).size + OBJECT_HEADER.size) + OBJECT_HEADER.size
    memory.store32(body - OBJECT_HEADER.size + OBJECT_HEADER.pointerCount, 1)
    memory.store32(body - OBJECT_HEADER.size + OBJECT_HEADER.objectType, typeAddress(kind))
    return body
  }

  /** Ends an object that nothing refers to; who waits for it holds it too. */
  function settle(object: KernelObject): void {
    if (object.references === 0 && object.owned && object.alive && object.waiters.length === 0)
      end(object, destroyed.lastReference)
  }

  function drop(object: KernelObject): void {
    if (object.references > 0) object.references -= 1
    settle(object)
  }

  const own = (kind: ObjectKind, limit: number | undefined): number =>
    limit === undefined || kind !== 'Semaphore' ? 0 : limit

  function ghost(value: number, what: Operation, kind: GhostClass, candidate: KernelObject | undefined): void {
    if (kind === 'neverCreated') counters.ghosts_never_created_total += 1
    else if (kind === 'closed') counters.ghosts_closed_total += 1
    else counters.ghosts_wrong_type_total += 1
    audit.emit['ghost.met'](audit.scene, audit.nobody, 0, ghostClass[kind], what, candidate?.serial ?? 0, value >>> 0)
  }

  function adopt(address: number, what: Operation): KernelObject | undefined {
    const readable = (address & 3) === 0 && memory.allows(address, DISPATCHER_HEADER.size, access.read)
    const kind = readable ? kindOfType[memory.load8(address + DISPATCHER_HEADER.type)] : undefined
    if (kind === undefined) {
      ghost(address, what, readable ? 'wrongType' : 'neverCreated', undefined)
      return undefined
    }
    if (index.inTitleMemory() >= limits.adoptedObjects.value) evict()
    const limit = kind === 'Semaphore' ? memory.load32(address + KSEMAPHORE.limit) | 0 : undefined
    const object = build(kind, address, false, true, limit)
    index.add(object)
    const sequence = audit.emit['object.adopted'](
      audit.scene,
      audit.about(object),
      0,
      stateOf(object),
      own(kind, limit),
    )
    object.created = audit.site(sequence)
    return object
  }

  return {
    live,
    ended,
    counters,
    stateOf,
    setState,
    ghost,
    bySerial: serial => live.get(serial),
    known: address => index.at(address),
    create({ kind, at = 0, state = 0, limit, name = '', fill }) {
      const { type = headerType.notificationEvent } = shapeOf(kind)
      const before = at === 0 ? undefined : index.at(at)
      if (before !== undefined && before.kind === kind && !before.owned && before.limit === limit) {
        const previous = stateOf(before)
        writeHeader(before.header, type, state)
        fill?.(at)
        clock += 1
        before.touched = clock
        audit.emit['object.reinitialised'](audit.scene, audit.about(before), 0, previous, state, own(kind, limit))
        return before
      }
      if (before !== undefined && !before.owned) end(before, destroyed.typeChanged)
      if (at !== 0 && index.inTitleMemory() >= limits.adoptedObjects.value) evict()
      const body = at === 0 ? allocateBody(kind) : at
      const object = build(kind, body, at === 0, false, limit)
      object.name = name
      writeHeader(object.header, type, state)
      fill?.(body)
      index.add(object)
      const sequence = audit.emit['object.created'](audit.scene, audit.about(object), 0, state, own(kind, limit), name)
      object.created = audit.site(sequence)
      return object
    },
    at(address, what) {
      const object = index.at(address)
      if (object === undefined) return adopt(address >>> 0, what)
      const expected = shapeOf(object.kind).type
      if (!object.owned && expected !== undefined && memory.load8(object.header) !== expected) {
        end(object, destroyed.typeChanged)
        return adopt(address >>> 0, what)
      }
      clock += 1
      object.touched = clock
      return object
    },
    reference(object) {
      object.references += 1
      object.pointers += 1
      audit.emit['object.referenced'](audit.scene, audit.about(object), 0, object.references)
    },
    release(object) {
      const own = object.pointers > 0 ? 1 : 0
      audit.emit['object.released'](audit.scene, audit.about(object), 0, object.references - own)
      object.pointers -= own
      if (own > 0) drop(object)
    },
    drop,
    settle,
    freed(start, size) {
      for (const object of index.within(start, size)) end(object, destroyed.memoryFreed)
    },
    nearest(value, values) {
      let best: KernelObject | undefined
      let distance = Number.POSITIVE_INFINITY
      for (const object of live.values())
        for (const candidate of values(object)) {
          const apart = Math.abs(candidate - value)
          if (apart < distance) {
            best = object
            distance = apart
          }
        }
      return best
    },
    onEnd(listener) {
      onEnd.push(listener)
    },
    save() {
      const objects = [...live.values()].sort((a, b) => a.serial - b.serial).map(saveObject)
      return { lastSerial, clock, objects } as unknown as Plain
    },
    load(state) {
      const saved = state as unknown as { lastSerial: number; clock: number; objects: SavedObject[] }
      index.clear()
      ended.length = 0
      lastSerial = saved.lastSerial
      clock = saved.clock
      unlinked = saved.objects.map(row => ({ object: restoreObject(row, kind => shapeOf(kind).headerAt), saved: row }))
      for (const { object } of unlinked) index.add(object)
    },
    link(threads) {
      for (const { object, saved } of unlinked) {
        object.owner = threads.get(saved.owner)
        for (const [id, place] of saved.waiters) {
          const thread = threads.get(id)
          if (thread !== undefined) object.waiters.push({ thread, index: place })
        }
      }
      unlinked = []
    },
  }
}
