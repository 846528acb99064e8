/**
 * The kernel's side of audio output: for each client a thread of the system's own, which calls the title's callback once
 * for each slot that the output frees. The callback may block, as it does on the console; while it has not returned, no
 * further slot is taken. The machine calls `audioSlotFree` when its output frees one.
 */
import { fail } from '../base/failure.ts'
import type { Kernel } from './context.ts'
import { createThread } from './notifications.ts'
import type { Thread } from './object.ts'
import type { Outcome } from './outcome.ts'
import { kernelState } from './outcome.ts'

export interface AudioClient {
  readonly number: number
  readonly callback: number
  /** Address of the word that holds the callback's argument. */
  readonly argumentAt: number
  /** Serial of the semaphore that counts the slots. */
  readonly slots: number
  readonly thread: number
  /** A slot was given and the callback has not returned. */
  busy: boolean
  closing: boolean
}

const audioState = kernelState<{ clients: AudioClient[] }>('audio', () => ({ clients: [] }))

/** The high half of a client's handle. */
export const driverMark = 0x41550000
const hardwareThread = 4
const priority = 24
const stackSize = 0x10000
const mostSlots = 64
const increment = 1

export const clientOf = (k: Kernel, driver: number): AudioClient | undefined =>
  driver >>> 16 === driverMark >>> 16
    ? k.state(audioState).clients.find(client => client.number === (driver & 0xffff) && !client.closing)
    : undefined

/** Makes a client's worker, which has yet to begin. */
export function addClient(k: Kernel, number: number, callback: number, argument: number): Thread {
  const argumentAt = k.pool.allocate(4)
  k.memory.store32(argumentAt, argument)
  const slots = k.objects.create({ kind: 'Semaphore', state: 0, limit: mostSlots, name: `audio slots ${number}` })
  slots.references += 1
  const thread = createThread(k, {
    entry: 0,
    start: callback,
    parameter: argumentAt,
    args: [],
    stackSize,
    flags: 0,
    hardwareThread,
    system: true,
    priority,
    name: `audio ${number}`,
    resume: { later: { continuation: 'audio-next-slot', state: number }, value: 0, row: 0 },
  })
  k.state(audioState).clients.push({
    number,
    callback,
    argumentAt,
    slots: slots.serial,
    thread: thread.id,
    busy: false,
    closing: false,
  })
  return thread
}

/** Ends a client: its worker leaves as soon as it is not in the title's callback. */
export function removeClient(k: Kernel, client: AudioClient): void {
  client.closing = true
  const slots = k.objects.bySerial(client.slots)
  if (slots !== undefined && !client.busy) k.dispatcher.release(slots, increment, 1)
}

/** A frame's slot is free: the client's callback is to run. False when it has not returned from the last. */
export function audioSlotFree(k: Kernel, number: number): boolean {
  const client = k.state(audioState).clients.find(each => each.number === number && !each.closing)
  const slots = client === undefined ? undefined : k.objects.bySerial(client.slots)
  if (client === undefined || slots === undefined || client.busy) return false
  client.busy = true
  k.audit.as('audio', 'device', () => k.dispatcher.release(slots, increment, 1))
  return true
}

const current = (k: Kernel): AudioClient => {
  const client = k.state(audioState).clients.find(each => each.thread === k.thread.id)
  if (client === undefined) throw fail('DEFECT', 'audio worker', 'has no client')
  return client
}

/** The worker waits for its next slot, or ends. */
export function awaitSlot(k: Kernel): Outcome<unknown> {
  const client = current(k)
  const slots = k.objects.bySerial(client.slots)
  if (slots === undefined || client.closing) {
    const state = k.state(audioState)
    state.clients = state.clients.filter(each => each !== client)
    k.pool.free(client.argumentAt, 4)
    if (slots !== undefined) k.objects.drop(slots)
    return k.exitThread(0)
  }
  return k.waitFor(slots, undefined, { continuation: 'audio-slot-free', state: null })
}

/** The worker calls the title. */
export function callClient(k: Kernel): Outcome<unknown> {
  const client = current(k)
  if (client.closing) return awaitSlot(k)
  return k.callGuest({
    entry: client.callback,
    args: [client.argumentAt],
    later: { continuation: 'audio-returned', state: null },
  })
}

export function clientReturned(k: Kernel): Outcome<unknown> {
  current(k).busy = false
  return awaitSlot(k)
}
