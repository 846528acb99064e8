/**
 * Heaps in Win32’s words, over the kernel’s pool: a heap is a set of blocks that can be given back one by one, or all
 * with the heap. What each call answers is that of HeapCreate, HeapAlloc, HeapReAlloc, HeapSize, HeapFree, HeapValidate,
 * HeapDestroy, LocalAlloc and LocalFree. Serialisation is no matter here: a call is over before another begins.
 */
import { bool, type Entry, nothing, ptr, u32, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { setLastError } from '../../dos-errors.ts'
import { kernelState, type Outcome } from '../../outcome.ts'
import { status, win32 } from '../../status.ts'

/** The heap of the process, 0 before it is asked for; sizes of the blocks of each heap, by address. */
const heaps = kernelState<{ process: number; blocks: Record<number, Record<number, number>> }>('heaps', () => ({
  process: 0,
  blocks: {},
}))

const flag = { generateExceptions: 4, zeroMemory: 8, inPlaceOnly: 0x10 } as const
const localFlag = { moveable: 2 } as const
const noSize = 0xffffffff
/** What stands for a heap in the pool: its address is the handle. */
const heapSize = 0x10

function createHeap(k: Kernel): number {
  if (!k.pool.fits(heapSize)) return 0
  const heap = k.pool.allocate(heapSize)
  k.state(heaps).blocks[heap] = {}
  return heap
}

function processHeap(k: Kernel): number {
  const held = k.state(heaps)
  if (held.process === 0) held.process = createHeap(k)
  return held.process
}

const blocksOf = (k: Kernel, heap: number): Record<number, number> | undefined => k.state(heaps).blocks[heap]

/** Zeroed memory; 0 when there is none. */
function allocate(k: Kernel, heap: number, size: number): number {
  const blocks = blocksOf(k, heap)
  if (blocks === undefined || !k.pool.fits(size)) return 0
  const at = k.pool.allocate(size)
  blocks[at] = size
  return at
}

/** What a call that allocates answers; one that asks for exceptions gets one for no memory. */
const orRaise = (k: Kernel, at: number, flags: number, by: string): Outcome<number> =>
  at === 0 && (flags & flag.generateExceptions) !== 0 ? k.raise(status.NO_MEMORY, by) : at

function free(k: Kernel, heap: number, at: number): boolean {
  const blocks = blocksOf(k, heap)
  const size = blocks?.[at]
  if (blocks === undefined || size === undefined) return false
  delete blocks[at]
  k.objects.freed(at, size)
  k.pool.free(at, size)
  return true
}

function reallocate(k: Kernel, heap: number, flags: number, at: number, size: number): number {
  const before = blocksOf(k, heap)?.[at]
  if (before === undefined) return 0
  if ((flags & flag.inPlaceOnly) !== 0) return size === before ? at : 0
  const next = allocate(k, heap, size)
  if (next === 0) return 0
  k.memory.write(next, k.memory.read(at, Math.min(before, size)))
  free(k, heap, at)
  return next
}

function destroyHeap(k: Kernel, heap: number): boolean {
  const held = k.state(heaps)
  const blocks = blocksOf(k, heap)
  if (blocks === undefined || heap === held.process) return false
  for (const at of Object.keys(blocks)) free(k, heap, Number(at))
  delete held.blocks[heap]
  k.pool.free(heap, heapSize)
  return true
}

export const xamHeaps: readonly Entry[] = [
  xam(2002, 'GetProcessHeap', [], ptr(), ['memory'], processHeap),
  xam(
    1018,
    'RtlCreateHeap',
    [u32('flags'), ptr('base'), u32('reserve'), u32('commit'), ptr('lock'), ptr('parameters')],
    ptr(),
    ['memory'],
    createHeap,
  ),
  xam(1019, 'RtlDestroyHeap', [ptr('heap')], ptr(), ['memory'], (k, heap) => (destroyHeap(k, heap) ? 0 : heap)),
  xam(
    1020,
    'RtlAllocateHeap',
    [ptr('heap'), u32('flags'), u32('size')],
    ptr(),
    ['memory'],
    (k, heap, flags, size): Outcome<number> => orRaise(k, allocate(k, heap, size), flags, 'RtlAllocateHeap'),
  ),
  xam(
    1022,
    'RtlReAllocateHeap',
    [ptr('heap'), u32('flags'), ptr('block'), u32('size')],
    ptr(),
    ['memory'],
    (k, heap, flags, at, size): Outcome<number> =>
      orRaise(k, reallocate(k, heap, flags, at, size), flags, 'RtlReAllocateHeap'),
  ),
  xam(
    1023,
    'RtlFreeHeap',
    [ptr('heap'), u32('flags'), ptr('block')],
    bool,
    ['memory'],
    (k, heap, _flags, at) => at === 0 || free(k, heap, at),
  ),
  xam(
    1025,
    'RtlSizeHeap',
    [ptr('heap'), u32('flags'), ptr('block')],
    u32,
    ['memory'],
    (k, heap, _flags, at) => blocksOf(k, heap)?.[at] ?? noSize,
  ),
  xam(1031, 'RtlValidateHeap', [ptr('heap'), u32('flags'), ptr('block')], bool, ['memory'], (k, heap, _flags, at) => {
    const blocks = blocksOf(k, heap)
    return blocks !== undefined && (at === 0 || blocks[at] !== undefined)
  }),
  xam(1073, 'LocalAlloc', [u32('flags'), u32('size')], ptr(), ['memory'], (k, flags, size) => {
    // What may move must be locked to be had, and xam has no call for that.
    const at = flags & localFlag.moveable ? 0 : allocate(k, processHeap(k), size)
    if (at === 0) setLastError(k, flags & localFlag.moveable ? win32.INVALID_PARAMETER : win32.NOT_ENOUGH_MEMORY)
    return at
  }),
  xam(1074, 'LocalFree', [ptr('block')], ptr(), ['memory'], (k, at) => {
    if (at === 0 || free(k, processHeap(k), at)) return 0
    setLastError(k, win32.INVALID_HANDLE)
    return at
  }),
  xam(1049, 'SetLastError', [u32('code')], nothing, ['misc', 'poll'], setLastError),
]
