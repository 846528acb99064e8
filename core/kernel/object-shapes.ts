/** The guest body of each kind of object, and the kinds that a header tells. */
import type { ObjectKind } from '../facts/objects.ts'
import { FILE_OBJECT, headerType, KEVENT, KMUTANT, KQUEUE, KSEMAPHORE, KTHREAD, KTIMER } from './structs.ts'

export interface Shape {
  readonly size: number
  /** Type byte of the header; undefined for kinds no header tells. */
  readonly type: number | undefined
  readonly headerAt: number
}

const shape = (size: number, type: number | undefined, headerAt = 0): Shape => ({ size, type, headerAt })

/** Every kind without a row gets a bare, manual event. */
const shapes: Partial<Record<ObjectKind, Shape>> = {
  'Event/Manual': shape(KEVENT.size, headerType.notificationEvent),
  'Event/Auto': shape(KEVENT.size, headerType.synchronizationEvent),
  Mutant: shape(KMUTANT.size, headerType.mutant),
  Semaphore: shape(KSEMAPHORE.size, headerType.semaphore),
  'Timer/Manual': shape(KTIMER.size, headerType.notificationTimer),
  'Timer/Auto': shape(KTIMER.size, headerType.synchronizationTimer),
  Thread: shape(KTHREAD.size, headerType.thread),
  Queue: shape(KQUEUE.size, headerType.queue),
  IoCompletion: shape(KQUEUE.size, headerType.queue),
  File: shape(FILE_OBJECT.size, headerType.notificationEvent, FILE_OBJECT.event),
}

const plainShape = shape(KEVENT.size, headerType.notificationEvent)
/** The body of a kind. */
export const shapeOf = (kind: ObjectKind): Shape => shapes[kind] ?? plainShape

/** The kind a header's type byte stands for; undefined for what is no waitable object. */
export const kindOfType: readonly (ObjectKind | undefined)[] = [
  'Event/Manual',
  'Event/Auto',
  'Mutant',
  undefined,
  'Queue',
  'Semaphore',
  undefined,
  undefined,
  'Timer/Manual',
  'Timer/Auto',
]

/** The variable whose memory is the type of a kind's objects. */
export const typeVariables: Readonly<Record<string, string>> = {
  'Event/Manual': 'ExEventObjectType',
  'Event/Auto': 'ExEventObjectType',
  Mutant: 'ExMutantObjectType',
  Semaphore: 'ExSemaphoreObjectType',
  Thread: 'ExThreadObjectType',
  'Timer/Manual': 'ExTimerObjectType',
  'Timer/Auto': 'ExTimerObjectType',
  IoCompletion: 'IoCompletionObjectType',
  Device: 'IoDeviceObjectType',
  File: 'IoFileObjectType',
  Directory: 'ObDirectoryObjectType',
  SymbolicLink: 'ObSymbolicLinkObjectType',
}
