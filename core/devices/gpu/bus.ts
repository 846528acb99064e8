/**
 * Memory as the command processor reaches it: by physical address, whatever protection the CPU's pages have. An access
 * where nothing is committed does nothing, reads zero, and is counted.
 */
import type { GuestMemory } from '../../memory/guest.ts'
import { access, pageSize, physicalBase, physicalSize } from '../../memory/map.ts'
import { register, swapWord } from './registers.ts'

export interface GpuBus {
  /** Big-endian, as ring and indirect buffers are. */
  loadBig(address: number): number
  /** The words of that order from an address on, as many as there is room for. */
  loadRun(address: number, words: Uint32Array): void
  storeBig(address: number, value: number): void
  storeBytes(address: number, bytes: Uint8Array): void
  /** The low two bits of the address say how to swap. */
  loadSwapped(address: number): number
  storeSwapped(address: number, value: number): void
  readonly badAccesses: number
}

/** Where the CPU sees the bus windows that start at C0000000: its write-back lines and its locked cache lines. */
const windowBus = 0xc0000000
const windowCpu = 0x7f000000
const windowEnd = 0xc0800000
/** Bytes of the write-back lines, one of 128 bytes for each hardware thread: memory that is there without being asked for. */
const linesSize = 0x1000

export function createGpuBus(memory: GuestMemory, registers: Uint32Array, counters: { bad: number }): GpuBus {
  memory.commit(windowCpu, linesSize, access.read | access.write)
  const view = new DataView(memory.wasm.buffer)
  const word = new Uint8Array(4)
  const wordView = new DataView(word.buffer)

  const inWindow = (at: number): boolean => at >= windowBus && at < windowEnd

  function inAperture(address: number, first: number): boolean {
    const base = registers[first] ?? 0
    return base !== 0 && address >= base && address - base < (registers[first + 1] ?? 0)
  }

  /** The CPU's address of a bus address. */
  function target(address: number): number {
    const at = address >>> 0
    if (inWindow(at) && (inAperture(at, register.aperture0) || inAperture(at, register.aperture1)))
      return windowCpu + (at - windowBus)
    return physicalBase + (at & (physicalSize - 1))
  }

  function committed(at: number): boolean {
    if ((memory.accessAt(at) & ~access.device) !== 0) return true
    counters.bad += 1
    return false
  }

  function storeBytes(address: number, bytes: Uint8Array): void {
    const at = target(address)
    const last = at + bytes.length - 1
    // Behind the end of physical memory is what the CPU sees folded, which is not there for the bus.
    if (last >= physicalBase + physicalSize) counters.bad += 1
    else if (committed(at) && committed(last)) memory.poke(at, bytes)
  }

  /** How many words from an address on are reached as the first is: those that begin in its page, but in a window of the bus. */
  function runAt(address: number): number {
    const at = address >>> 0
    return inWindow(at) ? 1 : (pageSize - (at & (pageSize - 1)) + 3) >>> 2
  }

  return {
    loadBig(address) {
      const at = target(address)
      return committed(at) ? view.getUint32(at) : 0
    },
    loadRun(address, words) {
      const { length } = words
      for (let done = 0; done < length; ) {
        const from = address + 4 * done
        const end = Math.min(length, done + runAt(from))
        const at = target(from)
        if (committed(at)) for (let i = done; i < end; i += 1) words[i] = view.getUint32(at + 4 * (i - done))
        else {
          words.fill(0, done, end)
          // Each is one; `committed` has counted the first.
          counters.bad += end - done - 1
        }
        done = end
      }
    },
    storeBig(address, value) {
      wordView.setUint32(0, value)
      storeBytes(address, word)
    },
    storeBytes,
    loadSwapped(address) {
      const at = target(address & ~3)
      return committed(at) ? swapWord(view.getUint32(at, true), address) : 0
    },
    storeSwapped(address, value) {
      wordView.setUint32(0, swapWord(value, address), true)
      storeBytes(address & ~3, word)
    },
    get badAccesses() {
      return counters.bad
    },
  }
}
