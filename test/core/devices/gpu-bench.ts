/** A GPU over memory of its own, and packets for it. */
import { createGpu, type Gpu } from '../../../core/devices/gpu/gpu.ts'
import { createMemory, type GuestMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'

/** One for all the GPUs of a test file, one after the other. */
export const memory = createMemory()
export const physical = (address: number): number => 0xa0000000 + address
const ringAt = 0x10000
export const ringBytes = 0x1000
export const writeBackAt = 0x2003c
export const shared = 0x30000
export const bufferAt = 0x40000
/** Bytes of physical memory that are there, from 0 on. */
export const committedBytes = 0x100000
export const gpuStart = 0x7fc80000
const writePointer = gpuStart + 4 * 0x1c5

export interface Bench {
  readonly memory: GuestMemory
  readonly gpu: Gpu
  readonly interrupts: [source: number, thread: number][]
  at: number
  clock: number
  /** Puts packets behind the last and tells the GPU. */
  submit(...words: number[]): void
}

export function bench(): Bench {
  memory.decommit(physical(0), committedBytes)
  memory.commit(physical(0), committedBytes, access.read | access.write)
  const interrupts: [number, number][] = []
  const bench: Bench = {
    memory,
    gpu: createGpu({
      memory,
      timebaseHz: 50_000_000,
      now: () => bench.clock,
      interrupt: (source, thread) => interrupts.push([source, thread]),
    }),
    interrupts,
    at: 0,
    clock: 0,
    submit(...words) {
      for (const word of words) {
        memory.store32(physical(ringAt + bench.at * 4), word >>> 0)
        bench.at = (bench.at + 1) % (ringBytes / 4)
      }
      bench.gpu.store32(writePointer, bench.at)
    },
  }
  bench.gpu.setRing(ringAt, ringBytes)
  bench.gpu.setReadPointerWriteBack(writeBackAt)
  return bench
}

/** Writes values to registers from the first on. */
export const type0 = (register: number, ...values: number[]): number[] => [
  ((values.length - 1) << 16) | register,
  ...values,
]
/** A command. */
export const type3 = (opcode: number, ...values: number[]): number[] => [
  0xc0000000 | ((values.length - 1) << 16) | (opcode << 8),
  ...values,
]
/** In the low bits of an address: the word is natural to the processor. */
export const swapped = 2
