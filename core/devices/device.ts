/** What a device is to the machine. All of them live in guest time and touch the world through their own small ports. */
import type { Part } from '../base/state.ts'
import { hex32 } from '../base/words.ts'

/** A device whose registers lie in the guest's address space. */
export interface MappedDevice {
  readonly name: string
  readonly start: number
  /** First address past its registers. */
  readonly end: number
  /** The 32-bit register at an address, as `lwz` sees it. */
  load32(address: number): number
  store32(address: number, value: number): void
}

/** A device that acts by itself at guest times. */
export interface TimedDevice {
  /** Ticks of what it does next by its own period; undefined while it has nothing to do. */
  deadline(): number | undefined
  /** Does all that is due at `now`, in order. */
  advance(now: number): void
}

export interface Device extends Part {
  readonly name: string
  /** Counters for the end report, by name. */
  counters(): Readonly<Record<string, number>>
}

/** Loads and stores of any size on registers of 32 bits. */
export interface DeviceBus {
  load(address: number, size: number): bigint
  store(address: number, size: number, value: bigint): void
}

export function createDeviceBus(devices: readonly MappedDevice[]): DeviceBus {
  function deviceAt(address: number): MappedDevice {
    const device = devices.find(each => address >= each.start && address < each.end)
    if (device === undefined) throw new RangeError(`no device has a register at ${hex32(address)}`)
    return device
  }
  function load(address: number, size: number): bigint {
    if (size === 8) return (load(address, 4) << 32n) | load(address + 4, 4)
    const word = BigInt(deviceAt(address).load32(address & ~3) >>> 0)
    const below = BigInt((4 - (address & 3) - size) * 8)
    return (word >> below) & ((1n << BigInt(size * 8)) - 1n)
  }
  function store(address: number, size: number, value: bigint): void {
    if (size === 8) {
      store(address, 4, value >> 32n)
      store(address + 4, 4, value)
      return
    }
    const device = deviceAt(address)
    if (size === 4) {
      device.store32(address, Number(BigInt.asUintN(32, value)))
      return
    }
    const below = BigInt((4 - (address & 3) - size) * 8)
    const mask = ((1n << BigInt(size * 8)) - 1n) << below
    const word = BigInt(device.load32(address & ~3) >>> 0)
    device.store32(address & ~3, Number((word & ~mask) | ((value << below) & mask)))
  }
  return { load, store }
}
