/** Enumerators: lists that a title takes in portions, by a handle. */
import type { Plain } from '../base/state.ts'
import type { Kernel } from './context.ts'
import { openedBy } from './handles.ts'
import type { KernelObject } from './object.ts'

/** What is copied out of one entry: a record, and texts behind all the records of a portion that it points to. */
export interface Item {
  readonly record: Uint8Array
  /** Each with the place of its pointer in the record. */
  readonly texts: readonly { readonly pointer: number; readonly bytes: Uint8Array }[]
  /** Bytes of the buffer that are set aside for one. */
  readonly room: number
}

export const recordOnly = (record: Uint8Array): Item => ({ record, texts: [], room: record.length })

interface Enumeration {
  readonly items: readonly Item[]
  /** How many a call takes at most. */
  readonly portion: number
  next: number
}

const enumerationOf = (object: KernelObject): Enumeration => object.data as unknown as Enumeration

export function createEnumerator(k: Kernel, items: readonly Item[], portion: number): number {
  const object = k.objects.create({ kind: 'Enumerator' })
  object.data = { items, portion, next: 0 } as unknown as Plain
  return k.handles.open(object, openedBy.creation)
}

/** Copies out the next portion, as much as fits: how many entries that was. */
export function writePortion(k: Kernel, object: KernelObject, buffer: number, room: number): number {
  const list = enumerationOf(object)
  const taken: Item[] = []
  let left = room
  for (let item = list.items[list.next]; item !== undefined; item = list.items[list.next]) {
    if (taken.length >= list.portion || item.room > left) break
    taken.push(item)
    left -= item.room
    list.next += 1
  }
  let at = buffer
  let textAt = buffer + taken.reduce((sum, { record }) => sum + record.length, 0)
  for (const { record, texts } of taken) {
    k.memory.write(at, record)
    for (const { pointer, bytes } of texts) {
      k.memory.write(textAt, bytes)
      k.memory.store32(at + pointer, textAt)
      textAt += bytes.length
    }
    at += record.length
  }
  return taken.length
}

/** Whether all has been taken. */
export function exhausted(object: KernelObject): boolean {
  const list = enumerationOf(object)
  return list.next >= list.items.length
}
