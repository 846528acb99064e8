/**
 * The null GPU: everything that a title can see of a GPU but the picture.
 *
 * The title writes packets into a ring and stores the write pointer; the command processor walks the packets, in no guest
 * time, until it has caught up or stands on a wait. What it waits for is often made by guest code (an interrupt handler
 * clears a word), so a wait leaves the processor where it stands, its stack of indirect buffers included, and it tries
 * again at every `pump`. The read pointer is written back as whole ring packets are done, so "the ring is empty" means
 * that everything in it took effect.
 *
 * The vertical blank comes at 60 Hz of guest time, drawn from the timebase as a rational, whether anything is drawn or
 * not: titles wait on it long before their first frame, and it is what frees a suspended stream.
 *
 * Frames and the vertical blank. Nothing in the hardware holds a frame to the blank; Direct3D does, inside the title, with
 * three parts that are here. Read from the machine code of its runtime (2.0.21119): before the swap the stream writes 1 to
 * scratch register 1, has the title called back by INTERRUPT with (surface | interval << 8 | threshold), and then stands in
 * WAIT_REG_MEM until the write-back of scratch 1 is 0. The callback clears that word at once if the interval is over, else
 * it queues the flip, and the callback of the vertical blank at which it is due clears it. The interval is 1 for
 * D3DPRESENT_INTERVAL_DEFAULT and ONE, 2 for TWO, 3 for THREE, and 0 for IMMEDIATE, where the word is cleared in the very
 * callback and the stream goes on: a title that asks for IMMEDIATE is not held, here as on the console, and since nothing is
 * drawn its frames come as fast as it can submit them. So a run that presents thousands of frames between two blanks is
 * not a clock that stands still. Checked on such a title by changing the field in its device: IMMEDIATE 281 frames in
 * 125,000 ticks; ONE 66 frames in 65 blanks, TWO one in two, THREE one in three (tests: the guest `title-road`).
 */
import { fail } from '../../base/failure.ts'
import { limits } from '../../base/limits.ts'
import type { Plain } from '../../base/state.ts'
import { hex32 } from '../../base/words.ts'
import type { GuestMemory } from '../../memory/guest.ts'
import type { Device, MappedDevice, TimedDevice } from '../device.ts'
import { createGpuBus } from './bus.ts'
import { bins, binsMeet, type CommandContext, holds, packets, waitText } from './packets.ts'
import { fixedReads, register, registerCount } from './registers.ts'

export interface GpuPorts {
  readonly memory: GuestMemory
  readonly timebaseHz: number
  /** Guest ticks now. */
  now(): number
  /** Asks for one run of the title's graphics callback: source 0 is the n-th vertical blank, 1 the stream's n-th command. */
  interrupt(source: 0 | 1, hardwareThread: number, n: number): void
  /** The stream wrote a word for guest code to see. `packet` is the opcode that did. */
  fence?(address: number, value: number, packet: number): void
  /** The stream came to a swap. */
  presented?(swap: SwapView): void
}

export interface SwapView {
  readonly count: number
  /** Physical address of the newest front buffer. */
  readonly frontBuffer: number
  readonly width: number
  readonly height: number
  /** Ticks of the newest swap. */
  readonly at: number
}

export interface Gpu extends Device, MappedDevice, TimedDevice {
  /** The ring: physical address and bytes; none where that is less than a word. The read pointer starts again at 0. */
  setRing(address: number, bytes: number): void
  /** Physical address of the word that gets the read pointer. */
  setReadPointerWriteBack(address: number): void
  /** Takes up the stream where it stands: at turn ends, and after callbacks. */
  pump(): void
  /** The newest swap. A function, since it is asked all the time: an accessor of an object literal is slow to reach. */
  swaps(): SwapView
  /** What the stream stands on, in words; undefined while it has caught up. */
  standing(): string | undefined
}

interface Buffer {
  /** Physical address. */
  readonly address: number
  readonly dwords: number
  at: number
}

const start = 0x7fc80000
const end = 0x7fc90000
const verticalBlanksPerSecond = 60
/** Lines of a 720p picture, and of those the visible ones. */
const linesPerFrame = 750
const visibleLines = 720
/** The hardware thread that vertical blanks go to, as on the console. */
const verticalBlankThread = 2
/** A guard word that the Direct3D runtime plants, and plain zero: one-dword no-ops. */
const guardWord = 0x0badf00d
const depthLimit = 16
/** Behind the header of a packet. */
const mostWords = 0x4000
const scratches = 8

/** What packets are counted by: their opcodes, then the two types that have none. */
const kinds = [...packets.map((row, opcode) => row?.name ?? `unknown 0x${opcode.toString(16)}`), 'TYPE_0', 'TYPE_1']
const [type0, type1] = [packets.length, packets.length + 1]

/** Registers that do more than keep what is stored. */
const acting = new Uint8Array(registerCount)
acting[register.coherencyStatus] = 1
acting.fill(1, register.scratch0, register.scratch0 + scratches)

export function createGpu({ memory, timebaseHz, now, interrupt, fence, presented }: GpuPorts): Gpu {
  const registers = new Uint32Array(registerCount)
  const bad = { bad: 0 }
  const bus = createGpuBus(memory, registers, bad)
  const data = new Uint32Array(mostWords)
  /** The first so many words of it, made when they are first asked for. */
  const parts: Uint32Array[] = []
  /** Packets of each kind that were done. */
  const packetsDone = new Float64Array(kinds.length)
  let ring: Buffer | undefined
  let writePointer = 0
  let writeBack = 0
  /** Indirect buffers in execution, innermost last. */
  let nested: Buffer[] = []
  /** Where the ring packet began that the nested buffers came from. */
  let ringPacket = 0
  let waiting = false
  let drawsLeftOut = 0
  let malformed = 0
  let unknown = 0
  let interrupts = 0
  let verticalBlanks = 0
  let fences = 0
  let swaps: SwapView = { count: 0, frontBuffer: 0, width: 0, height: 0, at: 0 }

  function writeRegister(index: number, value: number): void {
    const at = index & (registerCount - 1)
    registers[at] = value
    if (acting[at] !== 0) act(at, value)
  }

  function act(at: number, value: number): void {
    if (at === register.coherencyStatus) registers[at] = (value | 0x80000000) >>> 0
    const scratch = at - register.scratch0
    if (scratch >= 0 && scratch < scratches && (registers[register.scratchMask] ?? 0) & (1 << scratch))
      bus.storeBig((registers[register.scratchAddress] ?? 0) + scratch * 4, value)
  }

  function pollRegister(index: number): number {
    // Caches have nothing to write back here: a flush is done as soon as anybody looks.
    if (index === register.coherencyStatus) registers[index] = 0
    return readRegister(index)
  }

  function readRegister(index: number): number {
    if (index === register.ringWritePointer) return writePointer
    if (index === register.loadCounter) return now() >>> 0
    if (index === register.verticalLine) return verticalLine()
    return fixedReads.get(index) ?? registers[index] ?? 0
  }

  /** The line the display scans: the blank begins with the line after the last visible one. */
  function verticalLine(): number {
    const period = timebaseHz / verticalBlanksPerSecond
    const scanned = Math.floor(((now() % period) / period) * linesPerFrame)
    return (visibleLines + scanned) % linesPerFrame
  }

  const context: CommandContext = {
    registers,
    bus,
    writeRegister,
    pollRegister,
    enter(address, dwords) {
      if (nested.length >= depthLimit) malformed += 1
      else if (dwords > 0) nested.push({ address, dwords, at: 0 })
    },
    interrupt(hardwareThread) {
      interrupts += 1
      interrupt(1, hardwareThread, interrupts)
    },
    swap(frontBuffer, width, height) {
      swaps = { count: swaps.count + 1, frontBuffer, width, height, at: now() }
      presented?.(swaps)
    },
    fence(address, value, packet) {
      fences += 1
      fence?.(address & ~3 & 0x1fffffff, value, packet)
    },
    counter: () => (verticalBlanks + swaps.count) >>> 0,
    bins: new Uint32Array(bins.count).fill(0xffffffff),
  }

  function available(buffer: Buffer): number {
    if (buffer !== ring) return buffer.dwords - buffer.at
    return (writePointer - buffer.at + buffer.dwords) % buffer.dwords
  }

  /** The dword `ahead` of where a buffer stands; the ring wraps. */
  function peek(buffer: Buffer, ahead: number): number {
    return bus.loadBig(buffer.address + ((buffer.at + ahead) % buffer.dwords) * 4)
  }

  function advanceIn(buffer: Buffer, dwords: number): void {
    buffer.at += dwords
    if (buffer === ring) buffer.at %= buffer.dwords
  }

  function count(kind: number): void {
    packetsDone[kind] = (packetsDone[kind] ?? 0) + 1
  }

  /** The words behind the header where a buffer stands. */
  function operands(buffer: Buffer, length: number): Uint32Array {
    parts[length] ??= data.subarray(0, length)
    const words = parts[length]
    const first = (buffer.at + 1) % buffer.dwords
    const straight = buffer.dwords - first
    if (length <= straight) bus.loadRun(buffer.address + first * 4, words)
    else {
      bus.loadRun(buffer.address + first * 4, words.subarray(0, straight))
      bus.loadRun(buffer.address, words.subarray(straight))
    }
    return words
  }

  /** Runs one packet; false when it must be tried again later, or when its data has not come. */
  function step(buffer: Buffer): boolean {
    const header = peek(buffer, 0)
    const type = header >>> 30
    if (header === 0 || header === guardWord || type === 2) {
      advanceIn(buffer, 1)
      return true
    }
    const length = type === 1 ? 2 : ((header >>> 16) & 0x3fff) + 1
    if (length + 1 > available(buffer)) {
      // The ring gets the rest with the next store of the write pointer; a buffer has no rest.
      if (buffer === ring) return false
      malformed += 1
      buffer.at = buffer.dwords
      return true
    }
    const words = operands(buffer, length)
    if (type === 0) {
      count(type0)
      const first = header & 0x7fff
      const step = header & 0x8000 ? 0 : 1
      for (let i = 0; i < length; i += 1) writeRegister(first + i * step, words[i] ?? 0)
    } else if (type === 1) {
      count(type1)
      writeRegister(header & 0x7ff, words[0] ?? 0)
      writeRegister((header >>> 11) & 0x7ff, words[1] ?? 0)
    } else if ((header & 1) === 0 || binsMeet(context)) {
      const opcode = (header >>> 8) & 0x7f
      const row = packets[opcode]
      if (row === undefined) unknown += 1
      const until = row?.until?.(words)
      if (until !== undefined && !holds(context, until)) return false
      advanceIn(buffer, length + 1)
      row?.run?.(context, words, opcode)
      if (row?.draws) drawsLeftOut += 1
      count(opcode)
      return true
    }
    advanceIn(buffer, length + 1)
    return true
  }

  const countsByName = (): [name: string, times: number][] =>
    kinds
      .map((name, kind): [string, number] => [name, packetsDone[kind] ?? 0])
      .filter(([, times]) => times > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))

  /** The 64 bins of the mask, or of what is selected, by where their high word is. */
  const allBins = (high: number): bigint =>
    (BigInt(context.bins[high] ?? 0) << 32n) | BigInt(context.bins[high + 1] ?? 0)

  function reportReadPointer(): void {
    if (ring === undefined) return
    const done = nested.length > 0 ? ringPacket : ring.at
    registers[register.ringReadPointer] = done
    if (writeBack !== 0) bus.storeBig(writeBack, done)
  }

  function pump(): void {
    if (ring === undefined) return
    waiting = false
    let moved = false
    for (let budget = limits.gpuPacketsPerPump.value; budget > 0; budget -= 1) {
      let buffer = nested[nested.length - 1]
      while (buffer !== undefined && buffer.at >= buffer.dwords) {
        nested.pop()
        buffer = nested[nested.length - 1]
        moved = true
      }
      if (buffer === undefined) {
        buffer = ring
        ringPacket = ring.at
        if (available(ring) === 0) break
      }
      if (!step(buffer)) {
        waiting = true
        break
      }
      moved = true
    }
    if (moved) reportReadPointer()
  }

  return {
    name: 'gpu',
    start,
    end,
    setRing(address, bytes) {
      const dwords = bytes >>> 2
      ring = dwords === 0 ? undefined : { address, dwords, at: 0 }
      writePointer = 0
      nested = []
      waiting = false
      reportReadPointer()
    },
    setReadPointerWriteBack(address) {
      writeBack = address
      reportReadPointer()
    },
    pump,
    load32: address => pollRegister((address - start) >>> 2),
    store32(address, value) {
      const index = (address - start) >>> 2
      if (index !== register.ringWritePointer) {
        writeRegister(index, value)
        return
      }
      writePointer = ring === undefined ? value : value % ring.dwords
      pump()
    },
    deadline: () => Math.floor(((verticalBlanks + 1) * timebaseHz) / verticalBlanksPerSecond),
    advance(time) {
      while (Math.floor(((verticalBlanks + 1) * timebaseHz) / verticalBlanksPerSecond) <= time) {
        verticalBlanks += 1
        interrupt(0, verticalBlankThread, verticalBlanks)
      }
    },
    swaps: () => swaps,
    standing() {
      const buffer = nested[nested.length - 1] ?? ring
      if (!waiting || buffer === undefined) return undefined
      const header = peek(buffer, 0)
      const row = header >>> 30 === 3 ? packets[(header >>> 8) & 0x7f] : undefined
      const length = Math.min(((header >>> 16) & 0x3fff) + 1, available(buffer) - 1)
      const words = Uint32Array.from({ length: Math.max(0, Math.min(6, length)) }, (_, i) => peek(buffer, i + 1))
      const at = `the packet at physical ${hex32(buffer.address + buffer.at * 4)}`
      if (row === undefined) return `${at}, whose rest has not come`
      return `${at}, ${row.name}: ${waitText({ ...context, pollRegister: readRegister }, row, words)}`
    },
    counters() {
      const counts: Record<string, number> = {
        gpu_swaps_total: swaps.count,
        gpu_vertical_blanks_total: verticalBlanks,
        gpu_interrupts_total: interrupts,
        gpu_fences_total: fences,
        gpu_draws_left_out_total: drawsLeftOut,
        gpu_malformed_packets_total: malformed,
        gpu_unknown_packets_total: unknown,
        gpu_bad_accesses_total: bad.bad,
      }
      for (const [name, times] of countsByName()) counts[`gpu_packets_total{${name}}`] = times
      return counts
    },
    save(): Plain {
      return {
        registers: new Uint8Array(registers.buffer),
        ring: ring === undefined ? null : [ring.address, ring.dwords, ring.at],
        writePointer,
        writeBack,
        nested: nested.map(({ address, dwords, at }) => [address, dwords, at]),
        ringPacket,
        waiting,
        bins: [allBins(bins.maskHigh), allBins(bins.selectHigh)],
        swaps: [swaps.count, swaps.frontBuffer, swaps.width, swaps.height, swaps.at],
        counts: [verticalBlanks, interrupts, drawsLeftOut, malformed, unknown, bad.bad, fences],
        packets: countsByName(),
      }
    },
    load(state) {
      const saved = state as unknown as SavedGpu
      if (!(saved.registers instanceof Uint8Array) || saved.registers.length !== registerCount * 4)
        throw fail('SNAPSHOT_FORMAT', 'gpu', 'has another number of registers')
      const stranger = saved.packets.find(([name]) => !kinds.includes(name))
      if (stranger !== undefined)
        throw fail('SNAPSHOT_FORMAT', 'gpu', `counts packets of no known kind: ${stranger[0]}`)
      new Uint8Array(registers.buffer).set(saved.registers)
      ring = saved.ring === null ? undefined : { address: saved.ring[0], dwords: saved.ring[1], at: saved.ring[2] }
      writePointer = saved.writePointer
      writeBack = saved.writeBack
      nested = saved.nested.map(([address, dwords, at]) => ({ address, dwords, at }))
      ringPacket = saved.ringPacket
      waiting = saved.waiting
      saved.bins.forEach((all, i) => {
        context.bins[2 * i] = Number(all >> 32n)
        context.bins[2 * i + 1] = Number(BigInt.asUintN(32, all))
      })
      const [frames, frontBuffer, width, height, at] = saved.swaps
      swaps = { count: frames, frontBuffer, width, height, at }
      ;[verticalBlanks, interrupts, drawsLeftOut, malformed, unknown, bad.bad, fences] = saved.counts
      packetsDone.fill(0)
      for (const [name, times] of saved.packets) packetsDone[kinds.indexOf(name)] = times
    },
  }
}

type Triple = readonly [number, number, number]

interface SavedGpu {
  readonly registers: Uint8Array
  readonly ring: Triple | null
  readonly writePointer: number
  readonly writeBack: number
  readonly nested: readonly Triple[]
  readonly ringPacket: number
  readonly waiting: boolean
  readonly bins: readonly [bigint, bigint]
  readonly swaps: readonly [number, number, number, number, number]
  readonly counts: readonly [number, number, number, number, number, number, number]
  readonly packets: readonly (readonly [string, number])[]
}
