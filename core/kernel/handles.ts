/**
 * The handle table: values that name objects for a while. Values are `base + 4 n`, the first n is 1, the value freed
 * last is used again first. The two low bits of a value a title passes mean nothing. Names of objects live here too.
 */
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import { type ObjectKind, objectKinds } from '../facts/objects.ts'
import type { Audit } from './audit.ts'
import type { KernelObject, Objects, Operation, Thread } from './object.ts'
import { status } from './status.ts'

/** The value that stands for the calling thread. */
export const currentThread = 0xfffffffe

export const openedBy = { creation: 0, duplication: 1, name: 2, pointer: 3 } as const

export interface Handles {
  /** Gives an object a new handle value. */
  open(object: KernelObject, via: number, from?: number): number
  /** Ends a handle value; a status. */
  close(value: number): number
  /** The object a value names; tells of nothing. */
  peek(value: number): KernelObject | undefined
  /** The object a value names, if it is of one of the kinds; else a status, and a ghost is told of. */
  need(value: number, kinds: readonly ObjectKind[] | undefined, what: Operation): KernelObject | number
  /** The object of a name, whatever the case of its letters. */
  named(name: string): KernelObject | undefined
  name(object: KernelObject, name: string): void
  save(): Plain
  load(state: Plain): void
}

export interface HandlePorts {
  readonly base: number
  readonly objects: Objects
  readonly audit: Audit
  /** The calling thread. */
  running(): Thread | undefined
}

export const eventKinds: readonly ObjectKind[] = ['Event/Manual', 'Event/Auto']
export const timerKinds: readonly ObjectKind[] = ['Timer/Manual', 'Timer/Auto']
export const semaphoreKinds: readonly ObjectKind[] = ['Semaphore']
export const mutantKinds: readonly ObjectKind[] = ['Mutant']
export const threadKinds: readonly ObjectKind[] = ['Thread']
export const completionKinds: readonly ObjectKind[] = ['IoCompletion']
export const fileKinds: readonly ObjectKind[] = ['File']
export const waitableKinds = (Object.keys(objectKinds) as ObjectKind[]).filter(kind => objectKinds[kind].waitable)

const runningThread = currentThread | 0

/** Without a call of the engine's own search, which costs as much as all the rest. */
function isOneOf(kinds: readonly ObjectKind[], kind: ObjectKind): boolean {
  for (let i = 0; i < kinds.length; i += 1) if (kinds[i] === kind) return true
  return false
}

export function createHandles({ base, objects, audit, running }: HandlePorts): Handles {
  /** By slot: the object, or undefined; slot 0 is never used. */
  let table: (KernelObject | undefined)[] = [undefined]
  /** By slot: serial of the object it named last. */
  let last: number[] = [0]
  let free: number[] = []
  let open = 0
  const names = new Map<string, KernelObject>()

  const slotOf = (value: number): number => {
    const slot = ((value - base) & ~3) >>> 2
    return slot < table.length ? slot : 0
  }

  objects.onEnd(object => {
    if (object.name !== '' && names.get(object.name.toLowerCase()) === object) names.delete(object.name.toLowerCase())
  })

  function peek(value: number): KernelObject | undefined {
    if ((value | 0) === runningThread) return running()?.object
    return table[slotOf(value)]
  }

  /** The value most likely meant an object of the `kinds` that the call takes. */
  function unknown(value: number, what: Operation, kinds?: readonly ObjectKind[]): number {
    const slot = slotOf(value)
    const before = slot === 0 ? undefined : objects.bySerial(last[slot] ?? 0)
    if (slot !== 0) objects.ghost(value, what, 'closed', before)
    else
      objects.ghost(
        value,
        what,
        'neverCreated',
        objects.nearest(value >>> 0, ({ kind, handles }) => (kinds?.includes(kind) === false ? [] : handles)),
      )
    return status.INVALID_HANDLE
  }

  return {
    peek,
    open(object, via, from = 0) {
      const slot = free.pop() ?? table.length
      if (slot > limits.handles.value)
        throw fail('GUEST_FAULT', 'handle table', `holds ${open} handles and takes no more`)
      table[slot] = object
      last[slot] = object.serial
      open += 1
      const value = (base + slot * 4) >>> 0
      object.handles.push(value)
      object.references += 1
      if (object.firstHandle === 0) object.firstHandle = value
      audit.used(object, value)
      audit.emit['handle.opened'](audit.scene, audit.about(object), 0, via, from)
      return value
    },
    close(value) {
      const slot = slotOf(value)
      const object = table[slot]
      if (object === undefined) return unknown(value, 3)
      table[slot] = undefined
      free.push(slot)
      open -= 1
      const plain = (base + slot * 4) >>> 0
      object.handles = object.handles.filter(other => other !== plain)
      audit.used(object, plain)
      audit.emit['handle.closed'](audit.scene, audit.about(object), 0, object.handles.length)
      objects.drop(object)
      return status.SUCCESS
    },
    need(value, kinds, what) {
      const object = peek(value)
      if (object === undefined) return unknown(value, what, kinds)
      audit.used(object, value >>> 0)
      if (kinds !== undefined && !isOneOf(kinds, object.kind)) {
        objects.ghost(value, what, 'wrongType', object)
        return status.OBJECT_TYPE_MISMATCH
      }
      return object
    },
    named: name => names.get(name.toLowerCase()),
    name(object, name) {
      object.name = name
      names.set(name.toLowerCase(), object)
    },
    save: () => ({
      table: table.map(object => object?.serial ?? 0),
      last: last.slice(),
      free: free.slice(),
      names: [...names.values()].map(object => object.serial).sort((a, b) => a - b),
    }),
    load(state) {
      const saved = state as { table: number[]; last: number[]; free: number[]; names: number[] }
      table = saved.table.map(serial => objects.bySerial(serial))
      last = saved.last.slice()
      free = saved.free.slice()
      open = table.filter(object => object !== undefined).length
      names.clear()
      for (const serial of saved.names) {
        const object = objects.bySerial(serial)
        if (object !== undefined) names.set(object.name.toLowerCase(), object)
      }
    },
  }
}
