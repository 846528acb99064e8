/** Enumerators: lists that a title takes in portions, by a handle. */
import type { Plain } from '../base/state.ts'
import type { Kernel } from './context.ts'
import { openedBy } from './handles.ts'
import type { KernelObject } from './object.ts'

interface Enumeration {
  /** The items, each as the bytes that are copied out. */
  readonly items: readonly Uint8Array[]
  /** How many a call takes at most. */
  readonly portion: number
  next: number
}

export function createEnumerator(k: Kernel, items: readonly Uint8Array[], portion: number): number {
  const object = k.objects.create({ kind: 'Enumerator' })
  object.data = { items, portion, next: 0 } as unknown as Plain
  return k.handles.open(object, openedBy.creation)
}

/** The next portion, as much as fits. */
export function takePortion(object: KernelObject, room: number): readonly Uint8Array[] {
  const list = object.data as unknown as Enumeration
  const taken: Uint8Array[] = []
  let left = room
  for (let item = list.items[list.next]; item !== undefined; item = list.items[list.next]) {
    if (taken.length >= list.portion || item.length > left) break
    taken.push(item)
    left -= item.length
    list.next += 1
  }
  return taken
}

/** Whether all has been taken. */
export const exhausted = (object: KernelObject): boolean => {
  const list = object.data as unknown as Enumeration
  return list.next >= list.items.length
}
