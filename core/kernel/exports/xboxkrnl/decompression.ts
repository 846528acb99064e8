/**
 * The LZX decompression interface: a context is created, decodes block after block of a stream, is reset where another
 * stream begins, and destroyed. Answers are the interface’s own numbers. A context lies in memory that the caller hands
 * over; where it hands over none, its allocator is asked, and gets the memory back in the end.
 */
import type { Plain } from '../../../base/state.ts'
import { continuation, type Entry, krnl, ptr, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import {
  blockLimits,
  contextSize,
  decodeBlock,
  endContext,
  makeContext,
  resetContext,
  windowBitsOf,
} from '../../decompression.ts'
import type { Outcome } from '../../outcome.ts'

const answer = { done: 0, noMemory: 1, badParameters: 2, failed: 4 } as const

const configuration = { size: 8, windowSize: 0 } as const

interface Creation {
  readonly [key: string]: Plain
  readonly windowBits: number
  readonly free: number
  readonly handleAt: number
}

/** Makes a context where there is room; the room's address may be 0. */
function create(k: Kernel, { windowBits, free, handleAt }: Creation, room: number): number {
  if (room === 0) return answer.noMemory
  makeContext(k.memory, room, windowBits, free)
  k.memory.store32(handleAt, room)
  return answer.done
}

function decompress(k: Kernel, context: number, source: number, length: number, into: number, sizeAt: number): number {
  const wanted = k.memory.load32(sizeAt)
  if (wanted > blockLimits.data || length > blockLimits.source) return answer.badParameters
  const block = decodeBlock(k.memory, context, k.memory.read(source, length), wanted)
  if (block === 'no-context') return answer.badParameters
  if (block === 'damaged') return answer.failed
  k.memory.write(into, block)
  return answer.done
}

export const decompression: readonly Entry[] = [
  krnl(
    182,
    'LDICreateDecompression',
    [
      ptr('blockMost'),
      ptr(configuration, 'configuration'),
      ptr('allocate'),
      ptr('free'),
      ptr('room'),
      ptr('sourceMost'),
      ptr('handle'),
    ],
    u32,
    ['misc'],
    (k, blockMostAt, configurationAt, allocate, free, room, sourceMostAt, handleAt): Outcome<number> => {
      const windowBits = windowBitsOf(k.memory.load32(configurationAt + configuration.windowSize))
      if (windowBits === undefined || k.memory.load32(blockMostAt) > blockLimits.data) return answer.badParameters
      k.memory.store32(blockMostAt, blockLimits.data)
      k.memory.store32(sourceMostAt, blockLimits.source)
      // Without a place for a handle it is only asked how large the buffers must be.
      if (handleAt === 0) return answer.done
      const creation = { windowBits, free: room === 0 ? free : 0, handleAt }
      if (room !== 0 || allocate === 0) return create(k, creation, room)
      return k.callGuest({
        entry: allocate,
        args: [contextSize(windowBits)],
        later: { continuation: 'decompression-allocated', state: creation },
      })
    },
  ),
  continuation('decompression-allocated', create),
  krnl(
    183,
    'LDIDecompress',
    [ptr('context'), ptr('source'), u32('length'), ptr('into'), ptr('size')],
    u32,
    ['misc'],
    decompress,
  ),
  krnl(184, 'LDIDestroyDecompression', [ptr('context')], u32, ['misc'], (k, context): Outcome<number> => {
    const free = endContext(k.memory, context)
    if (free === undefined) return answer.badParameters
    if (free === 0) return answer.done
    return k.callGuest({ entry: free, args: [context], later: { continuation: 'decompression-freed', state: null } })
  }),
  continuation('decompression-freed', () => answer.done),
  krnl(738, 'LDIResetDecompression', [ptr('context')], u32, ['misc'], (k, context) =>
    resetContext(k.memory, context) ? answer.done : answer.badParameters,
  ),
]
