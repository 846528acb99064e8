/**
 * The packets of the command stream, one row an opcode: its name and what it does when nothing is drawn. `data` holds
 * the dwords after the header. A row without `run` has no effect that anything can see; a row marked `draws` is counted
 * as drawing left out. An opcode without a row is counted as unknown and skipped.
 */
import type { GpuBus } from './bus.ts'
import { register } from './registers.ts'

export interface CommandContext {
  readonly registers: Uint32Array
  readonly bus: GpuBus
  /** The store path of every packet: scratch write-back and the like happen here. */
  writeRegister(index: number, value: number): void
  /** A load that a packet polls with. */
  pollRegister(index: number): number
  /** Runs a buffer before the packets that follow. */
  enter(address: number, dwords: number): void
  interrupt(hardwareThread: number): void
  swap(frontBuffer: number, width: number, height: number): void
  /** Counts frames and vertical blanks: what an event writes when asked for the counter. */
  counter(): number
  binMask: bigint
  binSelect: bigint
}

/** Answers `wait` when what it waits for has not come; it is then run again later, from its header. */
type PacketBody = (gpu: CommandContext, data: Uint32Array) => 'wait' | undefined

export interface PacketRow {
  readonly name: string
  readonly draws?: true
  readonly run?: PacketBody
}

/** Compare functions of waits, on (value & mask) and the reference, unsigned. */
const compare: readonly ((value: number, reference: number) => boolean)[] = [
  () => false,
  (value, reference) => value < reference,
  (value, reference) => value <= reference,
  (value, reference) => value === reference,
  (value, reference) => value !== reference,
  (value, reference) => value >= reference,
  (value, reference) => value > reference,
  () => true,
]

/** The first five dwords of a wait or conditional write: info, address, reference, mask. */
function holds(gpu: CommandContext, data: Uint32Array): boolean {
  const [info = 0, address = 0, reference = 0, mask = 0] = data
  const value = info & 0x10 ? gpu.bus.loadSwapped(address) : gpu.pollRegister(address & 0x7fff)
  return compare[info & 7]?.((value & mask) >>> 0, reference) ?? false
}

/** Where constants of a type lie in the register file. */
const constantBases = [0x4000, 0x4800, 0x4900, 0x4908, 0x2000]

function constantIndex(word: number): number {
  return (constantBases[(word >>> 16) & 0xff] ?? 0x2000) + (word & 0x7ff)
}

function writeRun(gpu: CommandContext, first: number, data: Uint32Array): undefined {
  for (let i = 1; i < data.length; i += 1) gpu.writeRegister(first + i - 1, data[i] ?? 0)
}

function event(gpu: CommandContext, data: Uint32Array): void {
  gpu.writeRegister(register.eventInitiator, (data[0] ?? 0) & 0x3f)
}

function fence(gpu: CommandContext, data: Uint32Array): undefined {
  const [initiator = 0, address = 0, value = 0] = data
  event(gpu, data)
  gpu.bus.storeSwapped(address, initiator >>> 31 ? gpu.counter() : value)
}

/** Titles mark sample counters with this and wait until it is gone. */
const sampleMarker = 0xfffffeed
/** What an occlusion query that ended answers: nothing was drawn, and "visible" is what lets a title go on. */
const samplesAnswered = 1000

function sampleCounters(gpu: CommandContext, data: Uint32Array): undefined {
  event(gpu, data)
  const at = gpu.registers[register.sampleCountAddress] ?? 0
  if (at === 0) return
  const marked = (word: number): boolean => gpu.bus.loadBig(at + word * 4) === sampleMarker
  const ended = (marked(4) && marked(5)) || (marked(2) && marked(3))
  const bytes = new Uint8Array(32)
  if (ended) {
    const view = new DataView(bytes.buffer)
    view.setUint32(0, samplesAnswered, true)
    view.setUint32(16, samplesAnswered, true)
  }
  gpu.bus.storeBytes(at, bytes)
}

/** Screen extents of everything drawn: the largest there can be, minima first, in units of 8 pixels. */
const extents = [0, 0x400, 0, 0x400, 0, 1]

const indirect: PacketBody = (gpu, data) => {
  gpu.enter(data[0] ?? 0, (data[1] ?? 0) & 0xfffff)
  return undefined
}

const registerWait =
  (satisfied: (value: number, reference: number) => boolean): PacketBody =>
  (gpu, data) => {
    const [index = 0, reference = 0, mask = 0xffffffff] = data
    return satisfied((gpu.pollRegister(index & 0x7fff) & mask) >>> 0, reference) ? undefined : 'wait'
  }

const low32 = 0xffffffffn

export const packets: Readonly<Record<number, PacketRow>> = {
  16: { name: 'NOP' },
  33: {
    name: 'REG_RMW',
    run(gpu, data) {
      const [info = 0, and = 0, or = 0] = data
      const index = info & 0x1fff
      const andWith = info >>> 31 ? gpu.pollRegister(and & 0x1fff) : and
      const orWith = info & 0x40000000 ? gpu.pollRegister(or & 0x1fff) : or
      gpu.writeRegister(index, (((gpu.registers[index] ?? 0) & andWith) | orWith) >>> 0)
      return undefined
    },
  },
  34: {
    name: 'DRAW_INDX',
    draws: true,
    run(gpu, data) {
      gpu.writeRegister(register.drawInitiator, data[1] ?? 0)
      if (data.length > 2) gpu.writeRegister(register.dmaBase, data[2] ?? 0)
      if (data.length > 3) gpu.writeRegister(register.dmaSize, data[3] ?? 0)
      return undefined
    },
  },
  35: {
    name: 'VIZ_QUERY',
    run(gpu, data) {
      const [word = 0] = data
      const id = word & 0x3f
      const index = register.vizQuery0 + (id >>> 5)
      if (word & 0x100) gpu.writeRegister(index, ((gpu.registers[index] ?? 0) | (1 << (id & 31))) >>> 0)
      return undefined
    },
  },
  37: { name: 'SET_STATE' },
  38: { name: 'WAIT_FOR_IDLE' },
  39: { name: 'IM_LOAD' },
  43: { name: 'IM_LOAD_IMMEDIATE' },
  44: { name: 'IM_STORE' },
  45: { name: 'SET_CONSTANT', run: (gpu, data) => writeRun(gpu, constantIndex(data[0] ?? 0), data) },
  46: { name: 'LOAD_CONSTANT_CONTEXT' },
  47: {
    name: 'LOAD_ALU_CONSTANT',
    run(gpu, data) {
      const [from = 0, target = 0, size = 0] = data
      for (let i = 0; i < (size & 0xfff); i += 1)
        gpu.writeRegister(constantIndex(target) + i, gpu.bus.loadBig((from & 0x3fffffff) + i * 4))
      return undefined
    },
  },
  52: { name: 'DRAW_INDX_BIN', draws: true },
  53: { name: 'DRAW_INDX_2_BIN', draws: true },
  54: {
    name: 'DRAW_INDX_2',
    draws: true,
    run(gpu, data) {
      gpu.writeRegister(register.drawInitiator, data[0] ?? 0)
      return undefined
    },
  },
  55: { name: 'INDIRECT_BUFFER_PFD', run: indirect },
  59: { name: 'INVALIDATE_STATE' },
  60: { name: 'WAIT_REG_MEM', run: (gpu, data) => (holds(gpu, data) ? undefined : 'wait') },
  61: {
    name: 'MEM_WRITE',
    run(gpu, data) {
      const [address = 0] = data
      for (let i = 1; i < data.length; i += 1) gpu.bus.storeSwapped(address + (i - 1) * 4, data[i] ?? 0)
      return undefined
    },
  },
  62: {
    name: 'REG_TO_MEM',
    run(gpu, data) {
      gpu.bus.storeSwapped(data[1] ?? 0, gpu.pollRegister((data[0] ?? 0) & 0x7fff))
      return undefined
    },
  },
  63: { name: 'INDIRECT_BUFFER', run: indirect },
  68: { name: 'COND_EXEC' },
  69: {
    name: 'COND_WRITE',
    run(gpu, data) {
      if (!holds(gpu, data)) return undefined
      const [info = 0, , , , target = 0, value = 0] = data
      if (info & 0x100) gpu.bus.storeSwapped(target, value)
      else gpu.writeRegister(target & 0x7fff, value)
      return undefined
    },
  },
  70: {
    name: 'EVENT_WRITE',
    run(gpu, data) {
      event(gpu, data)
      if (data.length >= 3) gpu.bus.storeSwapped(data[1] ?? 0, data[2] ?? 0)
      return undefined
    },
  },
  72: { name: 'ME_INIT' },
  74: { name: 'SET_SHADER_BASES' },
  75: { name: 'SET_BIN_BASE_OFFSET' },
  79: {
    name: 'MEM_WRITE_CNTR',
    run(gpu, data) {
      gpu.bus.storeSwapped(data[0] ?? 0, gpu.counter())
      return undefined
    },
  },
  80: {
    name: 'SET_BIN_MASK',
    run(gpu, data) {
      gpu.binMask = (BigInt(data[0] ?? 0) << 32n) | BigInt(data[1] ?? 0)
      return undefined
    },
  },
  81: {
    name: 'SET_BIN_SELECT',
    run(gpu, data) {
      gpu.binSelect = (BigInt(data[0] ?? 0) << 32n) | BigInt(data[1] ?? 0)
      return undefined
    },
  },
  82: { name: 'WAIT_REG_EQ', run: registerWait((value, reference) => value === reference) },
  83: { name: 'WAIT_REG_GTE', run: registerWait((value, reference) => value >= reference) },
  84: {
    name: 'INTERRUPT',
    run(gpu, data) {
      // The handler clears the bit of the hardware thread it runs on, and the stream waits until all are clear.
      for (let n = 0; n < 6; n += 1) if ((data[0] ?? 0) & (1 << n)) gpu.interrupt(n)
      return undefined
    },
  },
  85: { name: 'SET_CONSTANT2', run: (gpu, data) => writeRun(gpu, (data[0] ?? 0) & 0xffff, data) },
  86: { name: 'SET_SHADER_CONSTANTS', run: (gpu, data) => writeRun(gpu, (data[0] ?? 0) & 0xffff, data) },
  88: { name: 'EVENT_WRITE_SHD', run: fence },
  89: { name: 'EVENT_WRITE_CFL', run: fence },
  90: {
    name: 'EVENT_WRITE_EXT',
    run(gpu, data) {
      event(gpu, data)
      const bytes = new Uint8Array(12)
      const view = new DataView(bytes.buffer)
      extents.forEach((value, i) => {
        view.setUint16(i * 2, value)
      })
      gpu.bus.storeBytes((data[1] ?? 0) & ~3, bytes)
      return undefined
    },
  },
  91: { name: 'EVENT_WRITE_ZPD', run: sampleCounters },
  92: { name: 'WAIT_UNTIL_READ' },
  93: { name: 'WAIT_IB_PFD_COMPLETE' },
  94: { name: 'CONTEXT_UPDATE' },
  96: {
    name: 'SET_BIN_MASK_LO',
    run(gpu, data) {
      gpu.binMask = (gpu.binMask & ~low32) | BigInt(data[0] ?? 0)
      return undefined
    },
  },
  97: {
    name: 'SET_BIN_MASK_HI',
    run(gpu, data) {
      gpu.binMask = (BigInt(data[0] ?? 0) << 32n) | (gpu.binMask & low32)
      return undefined
    },
  },
  98: {
    name: 'SET_BIN_SELECT_LO',
    run(gpu, data) {
      gpu.binSelect = (gpu.binSelect & ~low32) | BigInt(data[0] ?? 0)
      return undefined
    },
  },
  99: {
    name: 'SET_BIN_SELECT_HI',
    run(gpu, data) {
      gpu.binSelect = (BigInt(data[0] ?? 0) << 32n) | (gpu.binSelect & low32)
      return undefined
    },
  },
  // Not of the hardware: what our own VdSwap puts into the stream, so that a frame counts when the stream reaches it.
  100: {
    name: 'SWAP',
    run(gpu, data) {
      const [, frontBuffer = 0, width = 0, height = 0] = data
      gpu.swap(frontBuffer, width, height)
      return undefined
    },
  },
}
