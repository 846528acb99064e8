/**
 * The null audio output: it takes frames at the rate of the hardware and makes no sound. A title's mixer is driven by
 * its callback, once for each frame of 256 samples at 48 kHz; music positions, cut scenes and voice ends all follow the
 * count of callbacks, so an output that never calls back would hang them.
 */
import { fail } from '../../base/failure.ts'
import type { Plain } from '../../base/state.ts'
import type { Device, TimedDevice } from '../device.ts'

export interface AudioPorts {
  readonly timebaseHz: number
  /** Guest ticks now. */
  now(): number
  /** A frame's slot is free: the client's callback is to run. False when it has not returned from the one before. */
  slotFree(client: number): boolean
}

export interface AudioOutput extends Device, TimedDevice {
  /** Takes a client; answers its number, or undefined when there are as many as the platform has. */
  register(): number | undefined
  /** False when there is no such client. */
  unregister(client: number): boolean
  /** A client hands over one frame. False when there is no such client. */
  submit(client: number): boolean
}

/** As many as the platform's mixer takes. */
const clientLimit = 8
const samplesPerFrame = 256
const samplesPerSecond = 48_000

interface Client {
  /** Tick of the registration; frames are counted from it. */
  readonly start: number
  /** Frames whose time has come. */
  due: number
}

export function createAudioOutput({ timebaseHz, now, slotFree }: AudioPorts): AudioOutput {
  let clients: (Client | undefined)[] = []
  let submitted = 0
  let callbacks = 0
  let skipped = 0

  const nextOf = (client: Client): number =>
    client.start + Math.floor(((client.due + 1) * samplesPerFrame * timebaseHz) / samplesPerSecond)

  /** The client whose frame is due first; the lowest number among equals. */
  function earliest(): { client: Client; number: number; at: number } | undefined {
    let first: { client: Client; number: number; at: number } | undefined
    clients.forEach((client, number) => {
      if (client === undefined) return
      const at = nextOf(client)
      if (first === undefined || at < first.at) first = { client, number, at }
    })
    return first
  }

  return {
    name: 'audio',
    register() {
      for (let number = 0; number < clientLimit; number += 1)
        if (clients[number] === undefined) {
          clients[number] = { start: now(), due: 0 }
          return number
        }
      return undefined
    },
    unregister(client) {
      const known = clients[client] !== undefined
      clients[client] = undefined
      return known
    },
    submit(client) {
      if (clients[client] === undefined) return false
      submitted += 1
      return true
    },
    deadline: () => earliest()?.at,
    advance(time) {
      for (let first = earliest(); first !== undefined && first.at <= time; first = earliest()) {
        first.client.due += 1
        if (slotFree(first.number)) callbacks += 1
        else skipped += 1
      }
    },
    counters: () => ({
      audio_frames_submitted_total: submitted,
      audio_callbacks_total: callbacks,
      audio_slots_skipped_total: skipped,
    }),
    save(): Plain {
      return {
        clients: Array.from({ length: clientLimit }, (_, i) => {
          const client = clients[i]
          return client === undefined ? null : [client.start, client.due]
        }),
        counts: [submitted, callbacks, skipped],
      }
    },
    load(state) {
      const saved = state as { clients?: unknown; counts?: unknown }
      if (!Array.isArray(saved.clients) || !Array.isArray(saved.counts))
        throw fail('SNAPSHOT_FORMAT', 'audio', 'is not the state of an audio output')
      clients = (saved.clients as ([number, number] | null)[]).map(client =>
        client === null ? undefined : { start: client[0], due: client[1] },
      )
      ;[submitted, callbacks, skipped] = saved.counts as [number, number, number]
    },
  }
}
