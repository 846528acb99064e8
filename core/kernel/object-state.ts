/** An object as plain data. Threads are named by id; who they are is settled when they are back. */
import { copyState, type Plain } from '../base/state.ts'
import { objectKindOf, objectKinds } from '../facts/objects.ts'
import { type KernelObject, newObject, type TimerState } from './object.ts'

export interface SavedObject {
  readonly serial: number
  readonly kind: number
  readonly address: number
  readonly owned: boolean
  readonly adopted: boolean
  readonly name: string
  readonly references: number
  readonly pointers: number
  readonly handles: readonly number[]
  readonly firstHandle: number
  readonly limit: number | null
  /** Thread id and place of each waiter. */
  readonly waiters: readonly (readonly [id: number, place: number])[]
  /** Thread id of the owner, 0 for none. */
  readonly owner: number
  readonly timer: TimerState | null
  readonly data: Plain
  readonly touched: number
}

export function saveObject(object: KernelObject): SavedObject {
  return {
    serial: object.serial,
    kind: objectKinds[object.kind].id,
    address: object.address,
    owned: object.owned,
    adopted: object.adopted,
    name: object.name,
    references: object.references,
    pointers: object.pointers,
    handles: object.handles.slice(),
    firstHandle: object.firstHandle,
    limit: object.limit ?? null,
    waiters: object.waiters.map(({ thread, index }) => [thread.id, index] as const),
    owner: object.owner?.id ?? 0,
    timer: object.timer === undefined ? null : { ...object.timer },
    data: object.data,
    touched: object.touched,
  }
}

export function restoreObject(saved: SavedObject, headerAt: (kind: KernelObject['kind']) => number): KernelObject {
  const kind = objectKindOf(saved.kind)
  const { serial, address, owned, adopted } = saved
  const header = address === 0 ? 0 : address + headerAt(kind)
  const object = newObject({ serial, kind, address, header, owned, adopted, limit: saved.limit ?? undefined })
  object.name = saved.name
  object.references = saved.references
  object.pointers = saved.pointers
  object.handles = saved.handles.slice()
  object.firstHandle = saved.firstHandle
  object.timer = saved.timer === null ? undefined : { ...saved.timer }
  object.data = copyState(saved.data)
  object.touched = saved.touched
  return object
}
