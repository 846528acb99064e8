/** Memory: virtual ranges, physical memory, pools, the locked cache. */
import { alignUp } from '../../../base/bits.ts'
import { access } from '../../../memory/map.ts'
import { bool, type Entry, i32, krnl, nothing, ptr, status as statusResult, u32, withoutEffect } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import {
  allocateStack,
  allocationType,
  lockCache,
  memoryUse,
  physicalPages,
  unlockCache,
} from '../../memory-manager.ts'
import { kernelState } from '../../outcome.ts'
import { allocatePhysical, allocationSize, freePhysical, physicalAddress } from '../../physical-memory.ts'
import { status } from '../../status.ts'
import { MEMORY_BASIC_INFORMATION, MM_STATISTICS } from '../../structs.ts'
import {
  allocateVirtual,
  freeVirtual,
  protectAt,
  protectVirtual,
  queryVirtual,
  type Span,
  setProtect,
} from '../../virtual-memory.ts'

/** What `type` says of memory that is no image and no mapped file. */
const privateMemory = 0x20000

function readSpan(k: Kernel, base: number, size: number): Span {
  return { base: k.memory.load32(base), size: k.memory.load32(size) }
}

function writeSpan(k: Kernel, base: number, size: number, span: Span): number {
  k.memory.store32(base, span.base)
  k.memory.store32(size, span.size)
  return status.SUCCESS
}

/** Sizes of the pool blocks that are out, by address. */
const poolBlocks = kernelState<Record<number, number>>('pool-blocks', () => ({}))

/** From here on a block of the pool begins on a page. */
const largeBlock = 0xfd8

function allocatePool(k: Kernel, size: number): number {
  const bytes = size > largeBlock ? alignUp(size, 0x1000) : Math.max(size, 8)
  if (!k.pool.fits(bytes)) return 0
  const at = k.pool.allocate(bytes)
  k.state(poolBlocks)[at] = bytes
  return at
}

function freePool(k: Kernel, at: number): void {
  const blocks = k.state(poolBlocks)
  const size = blocks[at]
  if (size === undefined) return
  delete blocks[at]
  k.objects.freed(at, size)
  k.pool.free(at, size)
}

function writeStatistics(k: Kernel, at: number): number {
  if (k.memory.load32(at) !== MM_STATISTICS.size) return status.BUFFER_TOO_SMALL
  const use = memoryUse(k)
  const pool = Math.ceil(k.pool.used / 0x1000)
  const stack = Math.ceil(k.space.taken(0x70000000, 0x7f000000) / 0x1000)
  const image = Math.ceil((k.space.taken(0x82000000, 0x8c000000) + k.space.taken(0x90000000, 0xa0000000)) / 0x1000)
  const words: Partial<Record<keyof typeof MM_STATISTICS, number>> = {
    totalPages: physicalPages,
    kernelPages: 0x300,
    availablePages: use.available,
    totalVirtual: 0x7fff0000 - 0x10000,
    reservedVirtual: (use.virtual + use.reserved) * 0x1000,
    physicalPages: use.physical,
    poolPages: pool,
    stackPages: stack,
    imagePages: image,
    virtualPages: use.virtual,
    highestPage: physicalPages - 1,
  }
  k.memory.fill(at + 4, MM_STATISTICS.size - 4, 0)
  for (const [name, value] of Object.entries(words))
    k.memory.store32(at + MM_STATISTICS[name as keyof typeof MM_STATISTICS], value)
  return status.SUCCESS
}

export const memory: readonly Entry[] = [
  krnl(
    204,
    'NtAllocateVirtualMemory',
    [ptr('base'), ptr('size'), u32('type'), u32('protect'), u32('region')],
    statusResult,
    ['memory'],
    (k, base, size, type, protect) => {
      const result = allocateVirtual(k, readSpan(k, base, size), type, protect)
      return typeof result === 'number' ? result : writeSpan(k, base, size, result)
    },
  ),
  krnl(
    220,
    'NtFreeVirtualMemory',
    [ptr('base'), ptr('size'), u32('type'), u32('region')],
    statusResult,
    ['memory'],
    (k, base, size, type) => {
      const result = freeVirtual(k, readSpan(k, base, size), type)
      return typeof result === 'number' ? result : writeSpan(k, base, size, result)
    },
  ),
  krnl(
    225,
    'NtProtectVirtualMemory',
    [ptr('base'), ptr('size'), u32('protect'), ptr('old'), u32('region')],
    statusResult,
    ['memory'],
    (k, base, size, protect, old) => {
      const result = protectVirtual(k, readSpan(k, base, size), protect)
      if (typeof result === 'number') return result
      if (old !== 0) k.memory.store32(old, result.old)
      return writeSpan(k, base, size, result)
    },
  ),
  krnl(
    238,
    'NtQueryVirtualMemory',
    [u32('address'), ptr(MEMORY_BASIC_INFORMATION, 'info'), u32('region')],
    statusResult,
    ['memory', 'poll'],
    (k, address, info) => {
      const found = queryVirtual(k, address)
      if (found === undefined) return status.INVALID_PARAMETER
      k.memory.store32(info + MEMORY_BASIC_INFORMATION.base, found.base)
      k.memory.store32(info + MEMORY_BASIC_INFORMATION.allocationBase, found.allocationBase)
      k.memory.store32(info + MEMORY_BASIC_INFORMATION.allocationProtect, found.allocationProtect)
      k.memory.store32(info + MEMORY_BASIC_INFORMATION.regionSize, found.size)
      k.memory.store32(info + MEMORY_BASIC_INFORMATION.state, found.state)
      k.memory.store32(info + MEMORY_BASIC_INFORMATION.protect, found.protect)
      k.memory.store32(info + MEMORY_BASIC_INFORMATION.type, found.state === allocationType.free ? 0 : privateMemory)
      return status.SUCCESS
    },
  ),
  krnl(
    186,
    'MmAllocatePhysicalMemoryEx',
    [u32('type'), u32('size'), u32('protect'), u32('low'), u32('high'), u32('align')],
    u32,
    ['memory'],
    (k, _type, size, protect, low, high, align) => allocatePhysical(k, { size, protect, low, high, align }),
  ),
  krnl(
    185,
    'MmAllocatePhysicalMemory',
    [u32('type'), u32('size'), u32('protect')],
    u32,
    ['memory'],
    (k, _type, size, protect) => allocatePhysical(k, { size, protect, low: 0, high: 0xffffffff, align: 0 }),
  ),
  krnl(189, 'MmFreePhysicalMemory', [u32('type'), u32('address')], nothing, ['memory'], (k, _type, address) => {
    freePhysical(k, address)
  }),
  krnl(190, 'MmGetPhysicalAddress', [u32('address')], u32, ['memory', 'hot', 'poll'], (_k, address) =>
    physicalAddress(address),
  ),
  krnl(
    191,
    'MmIsAddressValid',
    [u32('address')],
    bool,
    ['memory', 'poll'],
    (k, address) => k.memory.accessAt(address) !== 0,
  ),
  krnl(427, 'MmDbgReadCheck', [u32('address')], u32, ['memory', 'poll'], (k, address) =>
    (k.memory.accessAt(address) & access.read) === 0 ? 0 : address,
  ),
  krnl(196, 'MmQueryAddressProtect', [u32('address')], u32, ['memory', 'poll'], (k, address) => protectAt(k, address)),
  krnl(
    199,
    'MmSetAddressProtect',
    [u32('address'), u32('size'), u32('protect')],
    nothing,
    ['memory'],
    (k, at, size, protect) => setProtect(k, at, size, protect),
  ),
  krnl(197, 'MmQueryAllocationSize', [u32('address')], u32, ['memory', 'poll'], (k, address) =>
    allocationSize(k, address),
  ),
  krnl(198, 'MmQueryStatistics', [ptr(MM_STATISTICS, 'statistics')], statusResult, ['memory', 'poll'], (k, at) =>
    writeStatistics(k, at),
  ),
  krnl(187, 'MmCreateKernelStack', [u32('size'), u32('type')], u32, ['memory'], (k, size) => allocateStack(k, size)),
  krnl(188, 'MmDeleteKernelStack', [u32('base'), u32('limit')], nothing, ['memory'], (k, _base, limit) => {
    const stack = k.space.find(limit)
    if (stack?.use === 'stack') k.space.release(stack.base)
  }),
  // Device registers are where they are for everybody; physical memory is seen through its first window.
  krnl(
    194,
    'MmMapIoSpace',
    [u32('bus'), u32('address'), u32('size'), u32('flags')],
    u32,
    ['memory', 'poll'],
    (_k, _bus, address) => (address < 0x20000000 ? 0xa0000000 + address : address),
  ),
  krnl(9, 'ExAllocatePool', [u32('size')], u32, ['memory'], (k, size) => allocatePool(k, size)),
  krnl(10, 'ExAllocatePoolWithTag', [u32('size'), u32('tag')], u32, ['memory'], (k, size) => allocatePool(k, size)),
  krnl(11, 'ExAllocatePoolTypeWithTag', [u32('size'), u32('tag'), u32('type')], u32, ['memory'], (k, size) =>
    allocatePool(k, size),
  ),
  krnl(15, 'ExFreePool', [u32('block')], nothing, ['memory'], (k, block) => freePool(k, block)),
  krnl(
    19,
    'ExQueryPoolBlockSize',
    [u32('block')],
    u32,
    ['memory', 'poll'],
    (k, block) => k.state(poolBlocks)[block] ?? 0,
  ),
  krnl(
    107,
    'KeLockL2',
    [u32('index'), u32('address'), u32('size'), u32('ways'), u32('more')],
    i32,
    ['memory'],
    (k, index, address, size) => lockCache(k, index, address, size),
  ),
  krnl(108, 'KeUnlockL2', [u32('index')], nothing, ['memory'], (k, index) => unlockCache(k, index)),
  krnl(
    97,
    'KeFlushCacheRange',
    [u32('address'), u32('size')],
    nothing,
    ['memory'],
    withoutEffect('there are no caches that memory could differ from', () => {}),
  ),
  krnl(
    99,
    'KeFlushEntireTb',
    [],
    nothing,
    ['memory'],
    withoutEffect('addresses are translated anew at every access: there is no buffer to flush', () => {}),
  ),
  krnl(
    283,
    'RtlCompareMemoryUlong',
    [u32('at'), u32('length'), u32('pattern')],
    u32,
    ['memory', 'poll'],
    (k, at, length, pattern) => {
      const words = length >>> 2
      for (let i = 0; i < words; i += 1) if (k.memory.load32(at + i * 4) !== pattern) return i * 4
      return words * 4
    },
  ),
  krnl(282, 'RtlCompareMemory', [u32('a'), u32('b'), u32('length')], u32, ['memory', 'poll'], (k, a, b, length) => {
    for (let i = 0; i < length; i += 1) if (k.memory.load8(a + i) !== k.memory.load8(b + i)) return i
    return length
  }),
  krnl(
    294,
    'RtlFillMemoryUlong',
    [u32('at'), u32('length'), u32('pattern')],
    nothing,
    ['memory'],
    (k, at, length, pattern) => {
      for (let i = 0; i + 4 <= length; i += 4) k.memory.store32(at + i, pattern)
    },
  ),
]
