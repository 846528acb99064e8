/**
 * The null XMA decoder: it takes compressed packets at the pace the title feeds them, counts their frames exactly, and
 * puts silence where the samples would be.
 *
 * A context is 64 bytes in physical memory that title and decoder both write: two input buffers of packets, a ring of
 * output blocks, a read position in bits. A kick makes the decoder run until the output is full or the input is used up;
 * here it does so at once. A packet begins with a header that tells where its first frame starts; a frame begins with
 * its length in bits and may run on into the next packet, behind that packet's header. Lengths are followed, so that a
 * sound is as long as it is; a length that makes no sense leads to the next packet, so that nothing is waited for in vain.
 *
 * Registers are little-endian on the bus, unlike the GPU's: what `lwz` sees is byte-reversed.
 */
import { fail } from '../../base/failure.ts'
import { limits } from '../../base/limits.ts'
import type { Plain } from '../../base/state.ts'
import type { GuestMemory } from '../../memory/guest.ts'
import { physicalBase, physicalSize } from '../../memory/map.ts'
import type { Device, MappedDevice } from '../device.ts'
import { swapWord } from '../gpu/registers.ts'

export const contextCount = 320
const contextBytes = 64

export interface XmaDecoder extends Device, MappedDevice {
  /** Physical address of the array of contexts. */
  setContexts(address: number): void
  /** Starts a context. */
  kick(index: number): void
  /** Forgets where a context stands. */
  clear(index: number): void
}

const start = 0x7fea0000
const end = 0x7feb0000
const register = { contexts: 0x600, current: 0x606, next: 0x607, kick: 0x650, lock: 0x690, clear: 0x6a0 } as const
const registersPerGroup = 10

const packetBytes = 2048
const packetBits = packetBytes * 8
const packetHeaderBits = 32
const lengthBits = 15
const noMoreFrames = 0x7fff
const samplesPerFrame = 512
const bytesPerBlock = 256
const endlessLoop = 255

/** Fields of a context: dword, lowest bit, width. */
const field = {
  input0Packets: [0, 0, 12],
  loopCount: [0, 12, 8],
  input0Valid: [0, 20, 1],
  input1Valid: [0, 21, 1],
  outputBlocks: [0, 22, 5],
  outputWrite: [0, 27, 5],
  input1Packets: [1, 0, 12],
  stereo: [1, 29, 1],
  outputValid: [1, 31, 1],
  readOffset: [2, 0, 26],
  loopStart: [3, 0, 26],
  loopEnd: [4, 0, 26],
  currentBuffer: [4, 31, 1],
  outputRead: [9, 0, 5],
} as const
export type XmaField = keyof typeof field
export const xmaFields: Readonly<Record<XmaField, readonly [number, number, number]>> = field
const dword = { input0: 5, input1: 6, output: 7 } as const

export function createXmaDecoder(memory: GuestMemory): XmaDecoder {
  const registers = new Uint32Array(0x4000)
  registers[register.next] = 1
  let contexts = 0
  let frames = 0
  let packetsSkipped = 0
  let badAccesses = 0

  const addressOf = (physical: number): number => physicalBase + (physical & (physicalSize - 1))

  function readable(at: number, size: number): boolean {
    if (memory.accessAt(at) !== 0 && memory.accessAt(at + size - 1) !== 0) return true
    badAccesses += 1
    return false
  }

  function load(physical: number): number {
    const at = addressOf(physical)
    return readable(at, 4) ? memory.load32(at) : 0
  }

  /** Big-endian bits of a buffer, at most 32 of them. */
  function bitsAt(buffer: number, position: number, count: number): number {
    const first = position >>> 3
    let value = 0n
    for (let i = 0; i < 5; i += 1) {
      const at = addressOf(buffer + first + i)
      value = (value << 8n) | BigInt(readable(at, 1) ? memory.load8(at) : 0)
    }
    return Number((value >> BigInt(40 - (position & 7) - count)) & ((1n << BigInt(count)) - 1n))
  }

  /** Where the first frame of a packet begins, in bits of its buffer. */
  function firstFrame(buffer: number, packet: number): number {
    return packet * packetBits + packetHeaderBits + bitsAt(buffer, packet * packetBits + 6, 15)
  }

  /** The packet after one: streams may take turns. */
  function packetAfter(buffer: number, packet: number): number {
    return packet + 1 + bitsAt(buffer, packet * packetBits + 24, 8)
  }

  /** Passes one frame; where the next begins, or undefined when the buffer holds no more. */
  function passFrame(buffer: number, packets: number, position: number): { next: number; whole: boolean } | undefined {
    const packet = Math.floor(position / packetBits)
    if (packet >= packets) return undefined
    const within = position % packetBits
    const length = within + lengthBits <= packetBits ? bitsAt(buffer, position, lengthBits) : 0
    if (length === 0 || length === noMoreFrames || within < packetHeaderBits) {
      packetsSkipped += 1
      const after = packetAfter(buffer, packet)
      return after < packets ? { next: firstFrame(buffer, after), whole: false } : undefined
    }
    const stop = within + length
    if (stop < packetBits) return { next: position + length, whole: true }
    const after = packetAfter(buffer, packet)
    return { next: after < packets ? firstFrame(buffer, after) : packets * packetBits, whole: true }
  }

  function kick(index: number): void {
    if (contexts === 0 || index >= contextCount) return
    const at = contexts + index * contextBytes
    if (!readable(addressOf(at), contextBytes)) return
    const words = Array.from({ length: 10 }, (_, i) => load(at + i * 4))
    const get = (name: XmaField): number => {
      const [word, shift, width] = field[name]
      return ((words[word] ?? 0) >>> shift) & ((1 << width) - 1)
    }
    const set = (name: XmaField, value: number): void => {
      const [word, shift, width] = field[name]
      const mask = ((1 << width) - 1) << shift
      words[word] = (((words[word] ?? 0) & ~mask) | ((value << shift) & mask)) >>> 0
    }
    decode(words, get, set)
    words.forEach((word, i) => {
      memory.store32(addressOf(at + i * 4), word)
    })
  }

  function decode(
    words: number[],
    get: (name: XmaField) => number,
    set: (name: XmaField, value: number) => void,
  ): void {
    const blocks = get('outputBlocks')
    const frameBlocks = (samplesPerFrame * 2 * (get('stereo') + 1)) / bytesPerBlock
    const output = addressOf(words[dword.output] ?? 0)
    if (get('outputValid') === 0 || blocks === 0 || !readable(output, blocks * bytesPerBlock)) return
    const used = (get('outputWrite') - get('outputRead') + blocks) % blocks
    let free = blocks - used
    for (let budget = limits.xmaFramesPerKick.value; budget > 0 && free >= frameBlocks; budget -= 1) {
      const second = get('currentBuffer') === 1
      if (get(second ? 'input1Valid' : 'input0Valid') === 0) break
      const buffer = words[second ? dword.input1 : dword.input0] ?? 0
      const packets = get(second ? 'input1Packets' : 'input0Packets')
      const passed = passFrame(buffer, packets, Math.max(get('readOffset'), packetHeaderBits))
      if (passed?.whole === true) {
        for (let i = 0; i < frameBlocks; i += 1)
          memory.fill(output + ((get('outputWrite') + i) % blocks) * bytesPerBlock, bytesPerBlock, 0)
        set('outputWrite', (get('outputWrite') + frameBlocks) % blocks)
        free -= frameBlocks
        frames += 1
      }
      const next = passed?.next ?? packets * packetBits
      const loops = get('loopCount')
      if (loops > 0 && get('loopEnd') > 0 && next >= get('loopEnd')) {
        set('readOffset', get('loopStart'))
        if (loops !== endlessLoop) set('loopCount', loops - 1)
      } else if (next >= packets * packetBits) {
        set(second ? 'input1Valid' : 'input0Valid', 0)
        set('currentBuffer', second ? 0 : 1)
        const other = words[second ? dword.input0 : dword.input1] ?? 0
        const ready = get(second ? 'input0Valid' : 'input1Valid') === 1
        set('readOffset', ready ? firstFrame(other, 0) : packetHeaderBits)
      } else set('readOffset', next)
    }
    if (free === 0) set('outputValid', 0)
  }

  function clear(index: number): void {
    if (contexts === 0 || index >= contextCount) return
    const at = addressOf(contexts + index * contextBytes)
    if (!readable(at, contextBytes)) return
    memory.store32(at, (memory.load32(at) & ~0xf8300000) >>> 0)
    memory.store32(at + 8, (memory.load32(at + 8) & 0xfc000000) >>> 0)
    memory.store32(at + 0x24, (memory.load32(at + 0x24) & ~0x1f) >>> 0)
  }

  /** Does something for every bit of a word of one of the register groups. */
  function forBits(index: number, group: number, value: number, act: (context: number) => void): void {
    for (let bit = 0; bit < 32; bit += 1) if (value & (1 << bit)) act((index - group) * 32 + bit)
  }

  const inGroup = (index: number, group: number): boolean => index >= group && index < group + registersPerGroup

  return {
    name: 'xma',
    start,
    end,
    setContexts(address) {
      contexts = address
      registers[register.contexts] = address
    },
    kick,
    clear,
    load32(address) {
      const index = (address - start) >>> 2
      const value = registers[index] ?? 0
      // Titles wait until the decoder has moved on from their context: it is always on its way.
      if (index === register.current) registers[index] = (value + 1) % contextCount
      return swapWord(value, 2)
    },
    store32(address, stored) {
      const index = (address - start) >>> 2
      const value = swapWord(stored, 2)
      if (index !== register.contexts) registers[index] = value
      if (inGroup(index, register.kick)) forBits(index, register.kick, value, kick)
      if (inGroup(index, register.clear)) forBits(index, register.clear, value, clear)
    },
    counters: () => ({
      xma_frames_total: frames,
      xma_packets_skipped_total: packetsSkipped,
      xma_bad_accesses_total: badAccesses,
    }),
    save: (): Plain => ({
      registers: new Uint8Array(registers.buffer),
      contexts,
      counts: [frames, packetsSkipped, badAccesses],
    }),
    load(state) {
      const saved = state as { registers?: unknown; contexts?: unknown; counts?: unknown }
      if (!(saved.registers instanceof Uint8Array) || saved.registers.length !== registers.byteLength)
        throw fail('SNAPSHOT_FORMAT', 'xma', 'has another number of registers')
      new Uint8Array(registers.buffer).set(saved.registers)
      contexts = Number(saved.contexts)
      ;[frames, packetsSkipped, badAccesses] = saved.counts as [number, number, number]
    },
  }
}
