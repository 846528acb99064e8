/** Notifications of the system: listeners with queues, and what the system says to them. */
import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import type { Kernel } from './context.ts'
import { openedBy } from './handles.ts'
import type { KernelObject } from './object.ts'
import { kernelState } from './outcome.ts'

/** Notifications by name. The area is in bits 25 to 30, the least version in bits 16 to 24. */
export const notification = {
  systemUi: 0x00000009,
  signInChanged: 0x0000000a,
  storageDevicesChanged: 0x0000000b,
  profileSettingChanged: 0x0000000e,
  liveConnectionChanged: 0x02000001,
  liveLinkStateChanged: 0x02000003,
} as const

interface Listener {
  readonly areas: bigint
  readonly version: number
  queue: [id: number, parameter: number][]
}

const lost = kernelState('notifications-lost', () => ({ count: 0 }))
/** How many notifications no listener ever took, for want of room. */
export const notificationsLost = (k: Kernel): number => k.stateSoFar(lost)?.count ?? 0

const listenerOf = (object: KernelObject): Listener => object.data as unknown as Listener
const increment = 0

function wants({ areas, version }: Listener, id: number): boolean {
  return (areas & (1n << BigInt((id >>> 25) & 0x3f))) !== 0n && ((id >>> 16) & 0x1ff) <= version
}

function enqueue(k: Kernel, object: KernelObject, id: number, parameter: number): void {
  const listener = listenerOf(object)
  if (!wants(listener, id)) return
  listener.queue.push([id, parameter])
  if (listener.queue.length > limits.notifications.value) {
    listener.queue.shift()
    k.state(lost).count += 1
  }
  if (listener.queue.length === 1) k.dispatcher.set(object, increment)
}

/** Tells every listener that wants to know. */
export function broadcast(k: Kernel, id: number, parameter: number): void {
  for (const object of [...k.objects.live.values()])
    if (object.kind === 'NotifyListener') enqueue(k, object, id, parameter)
}

/** A new listener's handle. The first of the system area is told how things stand; `present` is who is signed in, a bit each. */
export function createListener(k: Kernel, areas: bigint, version: number, present: number): number {
  const others = [...k.objects.live.values()].some(
    object => object.kind === 'NotifyListener' && (listenerOf(object).areas & 1n) !== 0n,
  )
  const object = k.objects.create({ kind: 'NotifyListener' })
  const listener: Listener = { areas, version, queue: [] }
  object.data = listener as unknown as Plain
  const handle = k.handles.open(object, openedBy.creation)
  if (!others) {
    enqueue(k, object, notification.systemUi, 1)
    enqueue(k, object, notification.systemUi, 0)
    enqueue(k, object, notification.signInChanged, present)
  }
  return handle
}

/** Takes the next notification, of one kind if asked; undefined when there is none. */
export function takeNext(k: Kernel, object: KernelObject, wanted: number): readonly [number, number] | undefined {
  const listener = listenerOf(object)
  const index = wanted === 0 ? 0 : listener.queue.findIndex(([id]) => id === wanted)
  const [found] = index < 0 ? [] : listener.queue.splice(index, 1)
  if (found !== undefined && listener.queue.length === 0) k.dispatcher.reset(object)
  return found
}
