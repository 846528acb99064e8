/**
 * The packets of the command stream, one row an opcode: its name and what it does when nothing is drawn. `data` holds
 * the dwords after the header. A row without `run` has no effect that anything can see; a row marked `draws` is counted
 * as drawing left out. An opcode without a row is counted as unknown and skipped.
 */
import { hex, hex32 } from '../../base/words.ts'
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
  /** A word was written for guest code to see: how far the stream came. */
  fence(address: number, value: number, packet: number): void
  /** Counts frames and vertical blanks: what an event writes when asked for the counter. */
  counter(): number
  /** The 64 bins of the mask and of what is selected, in words: `bins`. */
  readonly bins: Uint32Array
}

/** Where the words of the bins are. */
export const bins = { maskHigh: 0, maskLow: 1, selectHigh: 2, selectLow: 3, count: 4 } as const

/** Whether a packet that asks for it is to run: a bin of the mask is selected. */
export const binsMeet = ({ bins: words }: CommandContext): boolean =>
  (((words[bins.maskHigh] ?? 0) & (words[bins.selectHigh] ?? 0)) |
    ((words[bins.maskLow] ?? 0) & (words[bins.selectLow] ?? 0))) !==
  0

type PacketBody = (gpu: CommandContext, data: Uint32Array, opcode: number) => void

/** A word of memory or a register that a packet holds against a number. */
interface Condition {
  readonly inMemory: boolean
  readonly place: number
  readonly mask: number
  /** Whether the mask is an operand that a packet always has. */
  readonly isMasked: boolean
  /** Number of a relation. */
  readonly relation: number
  readonly reference: number
}

interface PacketRow {
  readonly opcode: number
  readonly name: string
  readonly draws?: true
  /** What the stream stands still for; the packet is tried again later, from its header. */
  readonly until?: (data: Uint32Array) => Condition
  readonly run?: PacketBody
}

/** How (value & mask) stands to the reference, unsigned; equality needs no word. */
const relations: readonly { readonly text: string; holds(value: number, reference: number): boolean }[] = [
  { text: 'never ', holds: () => false },
  { text: 'below ', holds: (value, reference) => value < reference },
  { text: 'at most ', holds: (value, reference) => value <= reference },
  { text: '', holds: (value, reference) => value === reference },
  { text: 'other than ', holds: (value, reference) => value !== reference },
  { text: 'at least ', holds: (value, reference) => value >= reference },
  { text: 'above ', holds: (value, reference) => value > reference },
  { text: 'anything ', holds: () => true },
]
const equal = 3
const atLeast = 5

/** The first dwords of a wait or conditional write: info, address, reference, mask. */
function conditionOf(data: Uint32Array): Condition {
  const [info = 0, address = 0, reference = 0, mask = 0] = data
  const inMemory = (info & 0x10) !== 0
  return {
    inMemory,
    place: inMemory ? address : address & 0x7fff,
    mask,
    isMasked: true,
    relation: info & 7,
    reference,
  }
}

const registerIs =
  (relation: number) =>
  (data: Uint32Array): Condition => {
    const [index = 0, reference = 0, mask = 0xffffffff] = data
    return { inMemory: false, place: index & 0x7fff, mask, isMasked: false, relation, reference }
  }

const measured = (gpu: CommandContext, { inMemory, place, mask }: Condition): number =>
  ((inMemory ? gpu.bus.loadSwapped(place) : gpu.pollRegister(place)) & mask) >>> 0

export const holds = (gpu: CommandContext, condition: Condition): boolean =>
  relations[condition.relation]?.holds(measured(gpu, condition), condition.reference) ?? false

/** Where constants of a type lie in the register file. */
const constantBases = [0x4000, 0x4800, 0x4900, 0x4908, 0x2000]

function constantIndex(word: number): number {
  return (constantBases[(word >>> 16) & 0xff] ?? 0x2000) + (word & 0x7ff)
}

function writeRun(gpu: CommandContext, first: number, data: Uint32Array): void {
  for (let i = 1; i < data.length; i += 1) gpu.writeRegister(first + i - 1, data[i] ?? 0)
}

function event(gpu: CommandContext, data: Uint32Array): void {
  gpu.writeRegister(register.eventInitiator, (data[0] ?? 0) & 0x3f)
}

/** Writes a word that guest code waits for. */
function signal(gpu: CommandContext, packet: number, address: number, value: number): void {
  gpu.bus.storeSwapped(address, value)
  gpu.fence(address, value, packet)
}

const fence: PacketBody = (gpu, data, opcode) => {
  const [initiator = 0, address = 0, value = 0] = data
  event(gpu, data)
  signal(gpu, opcode, address, initiator >>> 31 ? gpu.counter() : value)
}

/** Titles mark sample counters with this and wait until it is gone. */
const sampleMarker = 0xfffffeed
/** What an occlusion query that ended answers: nothing was drawn, and "visible" is what lets a title go on. */
const samplesAnswered = 1000

function sampleCounters(gpu: CommandContext, data: Uint32Array): void {
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

/** Screen extents of everything drawn: the largest there can be, minima first, in units of 8 pixels, as 16-bit numbers. */
const extents = Uint8Array.from([0, 0x400, 0, 0x400, 0, 1].flatMap(value => [value >>> 8, value & 0xff]))

const indirect: PacketBody = (gpu, data) => {
  gpu.enter(data[0] ?? 0, (data[1] ?? 0) & 0xfffff)
}

/** All 64 bins at once, the high word first. */
const setBins =
  (first: number): PacketBody =>
  (gpu, data) => {
    gpu.bins[first] = data[0] ?? 0
    gpu.bins[first + 1] = data[1] ?? 0
  }

/** One word of the 64 bins. */
const setBinsAt =
  (at: number): PacketBody =>
  (gpu, data) => {
    gpu.bins[at] = data[0] ?? 0
  }

const rows: readonly PacketRow[] = [
  { opcode: 0x10, name: 'NOP' },
  {
    opcode: 0x21,
    name: 'REG_RMW',
    run(gpu, data) {
      const [info = 0, and = 0, or = 0] = data
      const index = info & 0x1fff
      const andWith = info >>> 31 ? gpu.pollRegister(and & 0x1fff) : and
      const orWith = info & 0x40000000 ? gpu.pollRegister(or & 0x1fff) : or
      gpu.writeRegister(index, (((gpu.registers[index] ?? 0) & andWith) | orWith) >>> 0)
    },
  },
  {
    opcode: 0x22,
    name: 'DRAW_INDX',
    draws: true,
    run(gpu, data) {
      gpu.writeRegister(register.drawInitiator, data[1] ?? 0)
      if (data.length > 2) gpu.writeRegister(register.dmaBase, data[2] ?? 0)
      if (data.length > 3) gpu.writeRegister(register.dmaSize, data[3] ?? 0)
    },
  },
  {
    opcode: 0x23,
    name: 'VIZ_QUERY',
    run(gpu, data) {
      const [word = 0] = data
      const id = word & 0x3f
      const index = register.vizQuery0 + (id >>> 5)
      if (word & 0x100) gpu.writeRegister(index, ((gpu.registers[index] ?? 0) | (1 << (id & 31))) >>> 0)
    },
  },
  { opcode: 0x25, name: 'SET_STATE' },
  { opcode: 0x26, name: 'WAIT_FOR_IDLE' },
  { opcode: 0x27, name: 'IM_LOAD' },
  { opcode: 0x2b, name: 'IM_LOAD_IMMEDIATE' },
  { opcode: 0x2c, name: 'IM_STORE' },
  { opcode: 0x2d, name: 'SET_CONSTANT', run: (gpu, data) => writeRun(gpu, constantIndex(data[0] ?? 0), data) },
  { opcode: 0x2e, name: 'LOAD_CONSTANT_CONTEXT' },
  {
    opcode: 0x2f,
    name: 'LOAD_ALU_CONSTANT',
    run(gpu, data) {
      const [from = 0, target = 0, size = 0] = data
      for (let i = 0; i < (size & 0xfff); i += 1)
        gpu.writeRegister(constantIndex(target) + i, gpu.bus.loadBig((from & 0x3fffffff) + i * 4))
    },
  },
  { opcode: 0x34, name: 'DRAW_INDX_BIN', draws: true },
  { opcode: 0x35, name: 'DRAW_INDX_2_BIN', draws: true },
  {
    opcode: 0x36,
    name: 'DRAW_INDX_2',
    draws: true,
    run(gpu, data) {
      gpu.writeRegister(register.drawInitiator, data[0] ?? 0)
    },
  },
  { opcode: 0x37, name: 'INDIRECT_BUFFER_PFD', run: indirect },
  { opcode: 0x3b, name: 'INVALIDATE_STATE' },
  { opcode: 0x3c, name: 'WAIT_REG_MEM', until: conditionOf },
  {
    opcode: 0x3d,
    name: 'MEM_WRITE',
    run(gpu, data, opcode) {
      const [address = 0] = data
      for (let i = 1; i < data.length; i += 1) signal(gpu, opcode, address + (i - 1) * 4, data[i] ?? 0)
    },
  },
  {
    opcode: 0x3e,
    name: 'REG_TO_MEM',
    run(gpu, data) {
      gpu.bus.storeSwapped(data[1] ?? 0, gpu.pollRegister((data[0] ?? 0) & 0x7fff))
    },
  },
  { opcode: 0x3f, name: 'INDIRECT_BUFFER', run: indirect },
  { opcode: 0x44, name: 'COND_EXEC' },
  {
    opcode: 0x45,
    name: 'COND_WRITE',
    run(gpu, data, opcode) {
      if (!holds(gpu, conditionOf(data))) return
      const [info = 0, , , , target = 0, value = 0] = data
      if (info & 0x100) signal(gpu, opcode, target, value)
      else gpu.writeRegister(target & 0x7fff, value)
    },
  },
  {
    opcode: 0x46,
    name: 'EVENT_WRITE',
    run(gpu, data, opcode) {
      event(gpu, data)
      if (data.length >= 3) signal(gpu, opcode, data[1] ?? 0, data[2] ?? 0)
    },
  },
  { opcode: 0x48, name: 'ME_INIT' },
  { opcode: 0x4a, name: 'SET_SHADER_BASES' },
  { opcode: 0x4b, name: 'SET_BIN_BASE_OFFSET' },
  {
    opcode: 0x4f,
    name: 'MEM_WRITE_CNTR',
    run(gpu, data, opcode) {
      signal(gpu, opcode, data[0] ?? 0, gpu.counter())
    },
  },
  { opcode: 0x50, name: 'SET_BIN_MASK', run: setBins(bins.maskHigh) },
  { opcode: 0x51, name: 'SET_BIN_SELECT', run: setBins(bins.selectHigh) },
  { opcode: 0x52, name: 'WAIT_REG_EQ', until: registerIs(equal) },
  { opcode: 0x53, name: 'WAIT_REG_GTE', until: registerIs(atLeast) },
  {
    opcode: 0x54,
    name: 'INTERRUPT',
    run(gpu, data) {
      // The handler clears the bit of the hardware thread it runs on, and the stream waits until all are clear.
      for (let n = 0; n < 6; n += 1) if ((data[0] ?? 0) & (1 << n)) gpu.interrupt(n)
    },
  },
  { opcode: 0x55, name: 'SET_CONSTANT2', run: (gpu, data) => writeRun(gpu, (data[0] ?? 0) & 0xffff, data) },
  { opcode: 0x56, name: 'SET_SHADER_CONSTANTS', run: (gpu, data) => writeRun(gpu, (data[0] ?? 0) & 0xffff, data) },
  { opcode: 0x58, name: 'EVENT_WRITE_SHD', run: fence },
  { opcode: 0x59, name: 'EVENT_WRITE_CFL', run: fence },
  {
    opcode: 0x5a,
    name: 'EVENT_WRITE_EXT',
    run(gpu, data) {
      event(gpu, data)
      gpu.bus.storeBytes((data[1] ?? 0) & ~3, extents)
    },
  },
  { opcode: 0x5b, name: 'EVENT_WRITE_ZPD', run: sampleCounters },
  { opcode: 0x5c, name: 'WAIT_UNTIL_READ' },
  { opcode: 0x5d, name: 'WAIT_IB_PFD_COMPLETE' },
  { opcode: 0x5e, name: 'CONTEXT_UPDATE' },
  { opcode: 0x60, name: 'SET_BIN_MASK_LO', run: setBinsAt(bins.maskLow) },
  { opcode: 0x61, name: 'SET_BIN_MASK_HI', run: setBinsAt(bins.maskHigh) },
  { opcode: 0x62, name: 'SET_BIN_SELECT_LO', run: setBinsAt(bins.selectLow) },
  { opcode: 0x63, name: 'SET_BIN_SELECT_HI', run: setBinsAt(bins.selectHigh) },
  // Not of the hardware: what our own VdSwap puts into the stream, so that a frame counts when the stream reaches it.
  {
    opcode: 0x64,
    name: 'SWAP',
    run(gpu, data) {
      const [, frontBuffer = 0, width = 0, height = 0] = data
      gpu.swap(frontBuffer, width, height)
    },
  },
]

/** A row with all it may have: they are of one shape, since the command processor looks at them all the time. */
export interface Packet extends Pick<PacketRow, 'opcode' | 'name'> {
  readonly draws: boolean
  readonly until: PacketRow['until'] | undefined
  readonly run: PacketBody | undefined
}

/** The rows by opcode. */
export const packets: readonly (Packet | undefined)[] = Array.from({ length: 0x80 }, (_, opcode) => {
  const row = rows.find(one => one.opcode === opcode)
  return row && { opcode, name: row.name, draws: row.draws === true, until: row.until, run: row.run }
})

/** What people call an opcode. */
export const packetName = (opcode: number): string => packets[opcode]?.name ?? `packet ${hex(opcode)}`

/** What a packet that waits waits for, and how that stands. */
export function waitText(gpu: CommandContext, { until }: Packet, data: Uint32Array): string {
  const condition = until?.(data)
  if (condition === undefined) return 'it goes on by itself'
  const { inMemory, place, mask, isMasked, relation, reference } = condition
  const where = inMemory ? `the word at physical ${hex32(place & ~3)}` : `register ${hex(place)}`
  const masked = isMasked && mask !== 0xffffffff ? `, of which ${hex32(mask)} counts,` : ''
  const against = `${relations[relation]?.text ?? ''}${hex(reference)}`
  return `until ${where}${masked} is ${against}; it is ${hex(measured(gpu, condition))}`
}
