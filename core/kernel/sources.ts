/**
 * Numbers of what acts in a fact, and of what a trap in guest code calls. Below 0x10000 they are the kernel's own paths,
 * rows of this table; from 0x10000 on they are exports: 0x10000 + library << 12 + ordinal.
 */
export const paths = {
  1: 'timer-expiry',
  2: 'thread-exit',
  3: 'deadline',
  4: 'apc',
  5: 'interrupt',
  6: 'dpc',
  7: 'title-start',
  8: 'memory-freed',
  9: 'guest-return',
  10: 'thread-return',
  11: 'io-completion',
  12: 'resume',
  13: 'debug-service',
  14: 'kernel',
  15: 'audio',
  16: 'interrupt-return',
  17: 'command-stream',
} as const

export type PathName = (typeof paths)[keyof typeof paths]

const numbers = new Map<string, number>(Object.entries(paths).map(([number, name]) => [name, Number(number)]))

/** The number of one of the kernel's own paths. */
export const pathNumber = (name: PathName): number => numbers.get(name) ?? 0

export const libraries = ['xboxkrnl.exe', 'xam.xex', 'xbdm.xex'] as const

export const firstExport = 0x10000
/** Ordinals of one library lie below this. */
export const ordinalsPerLibrary = 0x1000

export const exportNumber = (library: number, ordinal: number): number =>
  firstExport + library * ordinalsPerLibrary + ordinal
