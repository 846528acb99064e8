/**
 * Headers of a portable executable in memory. They lie as the linker wrote them, least significant byte first, whatever
 * the processor's own order; a title walks them to find its sections and its resources.
 */
import { hex32 } from '../../../base/words.ts'
import { cstr, type Entry, krnl, nothing, ptr, rest, u16, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'

const dosMagic = 0x4d5a
const ntMagic = 0x50450000
const optionalMagic = 0x10b
/** Offsets from the NT headers, then from the optional header in them, then in a section's row. */
const nt = { sections: 6, optionalSize: 0x14, optional: 0x18 } as const
const optional = { headersSize: 0x3c, directories: 0x5c, directory: 0x60 } as const
const section = { size: 0x28, address: 0xc, rawSize: 0x10, raw: 0x14 } as const
/** Set in a base that is no mapped image but the file as it is. */
const asFile = 1

const little32 = (k: Kernel, at: number): number => {
  const word = k.memory.load32(at)
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}
const little16 = (k: Kernel, at: number): number => {
  const half = k.memory.load16(at)
  return ((half & 0xff) << 8) | (half >>> 8)
}

/** Address of the NT headers of an image, 0 when it is none. */
function ntHeader(k: Kernel, base: number): number {
  if (base === 0 || base === 0xffffffff || k.memory.load16(base) !== dosMagic) return 0
  const at = (base + little32(k, base + 0x3c)) >>> 0
  return k.memory.load32(at) === ntMagic ? at : 0
}

/** Where an address of the image lies in the file; 0 in none of its sections. */
function inFile(k: Kernel, base: number, header: number, address: number): number {
  const first = header + nt.optional + little16(k, header + nt.optionalSize)
  for (let i = 0; i < little16(k, header + nt.sections); i += 1) {
    const at = first + i * section.size
    const offset = address - little32(k, at + section.address)
    if (offset >= 0 && offset < little32(k, at + section.rawSize)) return base + little32(k, at + section.raw) + offset
  }
  return 0
}

export const images: readonly Entry[] = [
  krnl(425, 'RtlImageNtHeader', [ptr('base')], ptr(), ['modules', 'poll'], ntHeader),
  krnl(
    424,
    'RtlImageDirectoryEntryToData',
    [u32('base'), u32('mapped'), u16('entry'), ptr('size')],
    u32,
    ['modules', 'poll'],
    (k, given, mapped, entry, sizeAt) => {
      const base = (given & ~asFile) >>> 0
      const header = ntHeader(k, base)
      const at = header + nt.optional
      if (header === 0 || little16(k, at) !== optionalMagic || entry >= little32(k, at + optional.directories)) return 0
      const address = little32(k, at + optional.directory + entry * 8)
      if (address === 0) return 0
      k.memory.store32(sizeAt, little32(k, at + optional.directory + entry * 8 + 4))
      const whole = (mapped !== 0 && (given & asFile) === 0) || address < little32(k, at + optional.headersSize)
      return whole ? base + address : inFile(k, base, header, address)
    },
  ),
  krnl(312, 'RtlRip', [cstr('routine'), cstr('message'), rest], nothing, ['debug'], (k, routine, message) =>
    k.endTitle({
      kind: 'fault',
      text: `rip: ${[routine, message].filter(part => part !== undefined).join(': ')}, called from ${hex32(k.frame.lr)}`,
      exitCode: 0,
    }),
  ),
  krnl(2, 'DbgBreakPointWithStatus', [u32('status')], nothing, ['debug'], (k, code) =>
    k.endTitle({
      kind: 'fault',
      text: `a break point was reached (${hex32(code)}), called from ${hex32(k.frame.lr)}`,
      exitCode: 0,
    }),
  ),
]
