/**
 * Completion packets: what a port holds until somebody takes it. Each takes its room of the kernel's pool from the time
 * it is certain to be wanted (a transfer reserves its own when it begins, so that its end cannot fail), and gives it
 * back when it is taken. What is in a packet has no layout that a title knows, so it is kept with the port.
 */
import type { Plain } from '../base/state.ts'
import type { KernelObject } from './object.ts'
import type { Pool } from './pool.ts'

export interface Packet {
  readonly key: number
  readonly context: number
  readonly status: number
  readonly bytes: number
}

/** A packet in a port, with its room. */
interface Held extends Packet {
  readonly room: number
}

/** What a port holds: the packets before `first` are taken already. */
interface Line {
  first: number
  packets: Held[]
}

/** A packet's words, and a list entry to link it by. */
const packetSize = 0x18
/** Taken packets are dropped once they are so many, and half of all. */
const leastDropped = 32

/** Room for one packet; 0 when there is none. */
export const reservePacket = (pool: Pool): number => (pool.fits(packetSize) ? pool.allocate(packetSize) : 0)

/** Gives room back that no packet took. */
export function releasePacket(pool: Pool, room: number): void {
  if (room !== 0) pool.free(room, packetSize)
}

function lineOf(port: KernelObject): Line {
  port.data ??= { first: 0, packets: [] }
  return port.data as unknown as Line
}

export function addPacket(port: KernelObject, packet: Packet, room: number): void {
  lineOf(port).packets.push({ ...packet, room })
}

/** Takes the first packet of a port, as plain data; null when there is none. */
export function takePacket(pool: Pool, port: KernelObject): Plain {
  const line = lineOf(port)
  const held = line.packets[line.first]
  if (held === undefined) return null
  line.first += 1
  if (line.first >= leastDropped && line.first * 2 >= line.packets.length) {
    line.packets.splice(0, line.first)
    line.first = 0
  }
  const { room, ...packet } = held
  releasePacket(pool, room)
  return packet as unknown as Plain
}

/** A port has ended, with what nobody took. */
export function portEnded(pool: Pool, object: KernelObject): void {
  if (object.kind !== 'IoCompletion') return
  const { first, packets } = lineOf(object)
  for (const { room } of packets.slice(first)) releasePacket(pool, room)
}
