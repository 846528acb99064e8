/**
 * The address space, once. One 4 GiB linear memory holds the guest plainly, big-endian, guest address = offset.
 *
 * The physical windows at C0000000 and E0000000 show the same 512 MiB as the one at A0000000, so `fold` moves any
 * address in them down to A0000000 (the last window starts 0x1000 into physical memory). No folded address reaches
 * C0010000 or more; from there up the linear memory is the host's: contexts, decoded code. What emitted code reaches by a
 * constant address lies where no guest memory is either, but below 80000000: up to there an address is part of the
 * host's instruction, from there on it takes a register. The TypeScript accessors and the code emitter both derive their
 * fold from `windows`, so a region is added or moved here alone.
 *
 * Sources: the address ranges agree in two public emulators; see also the kernel's MmGetPhysicalAddress.
 */
export interface Region {
  readonly name: string
  readonly start: number
  /** First address past the region. */
  readonly end: number
  /** Page size of allocations in it, in bytes. */
  readonly page: number
  readonly kind: 'virtual' | 'image' | 'physical' | 'device'
}

export const regions: readonly Region[] = [
  { name: 'virtual-4k', start: 0x00010000, end: 0x40000000, page: 0x1000, kind: 'virtual' },
  { name: 'virtual-64k', start: 0x40000000, end: 0x7f000000, page: 0x10000, kind: 'virtual' },
  { name: 'device', start: 0x7fc00000, end: 0x80000000, page: 0x1000, kind: 'device' },
  { name: 'image-64k', start: 0x80000000, end: 0x90000000, page: 0x10000, kind: 'image' },
  { name: 'image-4k', start: 0x90000000, end: 0xa0000000, page: 0x1000, kind: 'image' },
  { name: 'physical-64k', start: 0xa0000000, end: 0xc0000000, page: 0x10000, kind: 'physical' },
  { name: 'physical-16m', start: 0xc0000000, end: 0xe0000000, page: 0x1000000, kind: 'physical' },
  { name: 'physical-4k', start: 0xe0000000, end: 0xffd00000, page: 0x1000, kind: 'physical' },
]

/** The region of an address, or undefined where the map has none (the null page, the top of memory). */
export function regionOf(address: number): Region | undefined {
  return regions.find(region => address >= region.start && address < region.end)
}

/** Windows on physical memory that fold: from `start` on, `delta` is added (modulo 2^32). Highest start first. */
export const windows: readonly { readonly start: number; readonly delta: number }[] = [
  { start: 0xe0000000, delta: (0xa0001000 - 0xe0000000) >>> 0 },
  { start: 0xc0000000, delta: (0xa0000000 - 0xc0000000) >>> 0 },
]

const lowestWindow = Math.min(...windows.map(window => window.start))

/** The offset in linear memory of a guest address. Every access of every tier goes through this mapping. */
export function fold(address: number): number {
  if (address < lowestWindow) return address
  for (const window of windows) if (address >= window.start) return (address + window.delta) >>> 0
  return address
}

export const physicalBase = 0xa0000000
export const physicalSize = 0x20000000

export const pageShift = 12
export const pageSize = 1 << pageShift
/** Pages of WebAssembly that linear memory has, 64 KiB each. */
export const wasmPages = 65_536

/** What may be done to a page of 4 KiB: one byte a page in the page-flag table, indexed by folded address. */
export const access = {
  none: 0,
  read: 1,
  write: 2,
  execute: 4,
  /** Loads and stores go to a device, not to memory. */
  device: 8,
  /** Holds decoded or translated code: a store must drop the translation before it takes effect. */
  code: 16,
  /** Exists and keeps its bytes, though nothing else may be allowed: guard pages and pages without access. */
  committed: 32,
} as const
export type Access = number

/**
 * What accesses to a page are plain: a byte a page, computed from the flags (memory/flags.ts). Where stores are, so are
 * loads, so that code that does both asks once.
 */
export const plain = {
  load: 1,
  store: 2,
  /** Times `load` or `store`: of accesses that begin in the page and may end in the next. */
  from: 4,
} as const

const tablesAt = 0x7f820000
/** Bytes of each of the areas of tables. */
export const tablesSize = 0x20000

/** Where the host's own tables lie in linear memory: never in a region of the guest, nor where folded addresses reach. */
export const hostMap = {
  /** Where the lower part begins, and the first address past it. */
  low: 0x7f800000,
  lowEnd: 0x7fc00000,
  /** The register file of the guest thread that runs now; layout in cpu/state.ts. */
  stateBlock: 0x7f810000,
  /**
   * Constants and look-up tables of emitted code, in areas of one size: of the interpreter, of the translator, and of the one
   * that only shows what it would make.
   */
  tables: tablesAt,
  translatorTables: tablesAt + tablesSize,
  listingTables: tablesAt + 2 * tablesSize,
  /** One flag byte a page of 4 KiB: 1 MiB. */
  pageFlags: 0x7f900000,
  /** One u32 a page of 4 KiB: offset of the decoded page, 0 when there is none: 4 MiB. */
  decodedPages: 0xc0200000,
  /** One byte a page of 4 KiB: 1 MiB. */
  plainPages: 0x7fa00000,
  /** The first address that no folded access reaches. */
  guestEnd: 0xc0010000,
  /** Register files of guest threads that do not run: 4 KiB each. */
  contexts: 0xc1000000,
  /** Decoded code. */
  decoded: 0xc2000000,
  end: 0xffff0000,
} as const

/** Whether a range holds an address of the host's lower part: nobody may be given that. */
export const reachesHost = (start: number, size: number): boolean =>
  start < hostMap.lowEnd && start + size > hostMap.low
