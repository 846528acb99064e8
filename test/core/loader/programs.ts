import type { Program } from '../../../core/loader/pack.ts'
import { words } from '../../../core/loader/writer.ts'
import { access } from '../../../core/memory/map.ts'

export const textAt = 0x82010000
export const dataAt = 0x82020000
const blr = 0x4e800020

/** A function at 0x82010010 that calls one export, another that returns, a variable's slot, and 0x100 bytes of .bss. */
export function smallProgram(changes: Partial<Program> = {}): Program {
  const text = words(0, 0, 0, 0, 0x4bfffff1, blr, 0, 0, blr, blr)
  const data = words(0, 0, 0xdeadbeef)
  return {
    entry: textAt + 0x10,
    segments: [
      { address: textAt, size: text.length, bytes: text, access: access.read | access.execute },
      { address: dataAt, size: data.length + 0x100, bytes: data, access: access.read | access.write },
    ],
    sections: [
      { name: '.text', address: textAt, size: 0x28, present: 0x28, access: access.read | access.execute },
      { name: '.data', address: dataAt, size: 12, present: 12, access: access.read | access.write },
      { name: '.bss', address: dataAt + 12, size: 0x100, present: 0x100, access: access.read | access.write },
    ],
    functions: [
      { begin: textAt + 0x10, end: textAt + 0x18, prologue: 4, handler: false },
      { begin: textAt + 0x20, end: textAt + 0x28, prologue: 0, handler: true },
    ],
    imports: [
      {
        name: 'xboxkrnl.exe',
        version: '',
        minimum: '',
        imports: [
          { ordinal: 0xd1, kind: 'function', slot: dataAt, thunk: textAt },
          { ordinal: 0x193, kind: 'variable', slot: dataAt + 4, thunk: 0 },
        ],
      },
    ],
    symbols: [
      { address: textAt + 0x10, size: 8, name: '_start', function: true },
      { address: dataAt + 8, size: 4, name: 'counter', function: false },
    ],
    tls: { slots: 0, address: 0, size: 0, initialised: 0 },
    frames: 'xbox',
    ...changes,
  }
}

export interface ElfPart {
  readonly name: string
  readonly address?: number
  readonly bytes: Uint8Array
  /** Section type; 1 is program bits, 8 has no bytes in the file. */
  readonly type?: number
  readonly flags?: number
  readonly size?: number
}

export interface ElfPlan {
  readonly bits: 32 | 64
  readonly entry: number
  readonly flags?: number
  readonly segments: readonly { address: number; bytes: Uint8Array; size: number; flags: number; type?: number }[]
  readonly sections?: readonly ElfPart[]
  /** `section` counts in `sections`; `info` is binding * 16 + type. */
  readonly symbols?: readonly { name: string; value: number; size: number; info: number; section: number }[]
}

/** Writes a big-endian executable: headers, segments, sections, symbols, names. */
export function buildElf(plan: ElfPlan): Uint8Array {
  const wide = plan.bits === 64
  const chunks: { at: number; bytes: Uint8Array }[] = []
  const headerSize = wide ? 64 : 52
  const rowSize = wide ? 56 : 32
  let end = headerSize + plan.segments.length * rowSize
  const append = (bytes: Uint8Array): number => {
    end = Math.ceil(end / 8) * 8
    chunks.push({ at: end, bytes })
    end += bytes.length
    return end - bytes.length
  }
  const field = (value: number): number[] => (wide ? [0, value] : [value])

  const programRows = plan.segments.flatMap(({ address, bytes, size, flags, type = 1 }) => {
    const at = append(bytes)
    return wide
      ? [type, flags, 0, at, 0, address, 0, address, 0, bytes.length, 0, size, 0, 0x10000]
      : [type, at, address, address, bytes.length, size, flags, 0x10000]
  })

  const given = plan.sections ?? []
  const symbolNames = createStrings()
  const symbolBytes = (plan.symbols ?? []).flatMap(({ name, value, size, info, section }) => {
    const nameAt = symbolNames.add(name)
    const place = (info << 24) | (section + 1)
    return wide ? [nameAt, place, 0, value, 0, size] : [nameAt, value, size, place]
  })
  const parts: ElfPart[] = [
    { name: '', bytes: new Uint8Array(0), type: 0 },
    ...given,
    { name: '.symtab', bytes: words(...symbolBytes), type: 2 },
    { name: '.strtab', bytes: symbolNames.bytes(), type: 3 },
  ]
  const names = createStrings()
  const nameOffsets = [...parts.map(part => part.name), '.shstrtab'].map(names.add)
  parts.push({ name: '.shstrtab', bytes: names.bytes(), type: 3 })
  const sectionRows = parts.flatMap(({ address = 0, bytes, type = 1, flags = 0, size = bytes.length }, i) => {
    const at = type === 8 || type === 0 ? 0 : append(bytes)
    const link = type === 2 ? given.length + 2 : 0
    return [nameOffsets[i] ?? 0, type, ...[flags, address, at, size].flatMap(field), link, 0, ...[8, 0].flatMap(field)]
  })
  const sectionsAt = append(words(...sectionRows))

  const file = new Uint8Array(end)
  for (const { at, bytes } of chunks) file.set(bytes, at)
  file.set(words(0x7f454c46, ((wide ? 2 : 1) << 24) | 0x020100, 0, 0), 0)
  const half = (a: number, b: number): number => (a << 16) | b
  const machine = half(2, wide ? 21 : 20)
  file.set(
    words(
      ...[machine, 1, ...field(plan.entry), ...field(headerSize), ...field(sectionsAt), plan.flags ?? 0],
      ...[half(headerSize, rowSize), half(plan.segments.length, wide ? 64 : 40), half(parts.length, parts.length - 1)],
    ),
    16,
  )
  file.set(words(...programRows), headerSize)
  return file
}

function createStrings() {
  let text = '\0'
  return {
    add(name: string): number {
      if (name === '') return 0
      const at = text.length
      text += `${name}\0`
      return at
    },
    bytes: (): Uint8Array => Uint8Array.from(text, letter => letter.charCodeAt(0)),
  }
}

/** One row of `.xenon.imports`. */
export function importRow(slot: number, thunk: number, ordinal: number, library: string): number[] {
  const row = new Uint8Array(20)
  for (let i = 0; i < library.length; i += 1) row[i] = library.charCodeAt(i)
  const view = new DataView(row.buffer)
  return [slot, thunk, ordinal, ...[0, 4, 8, 12, 16].map(at => view.getUint32(at))]
}

/** A program with code, data, imports and symbols, as an ELF of either class. */
export function smallElf(bits: 32 | 64, base = 0x82010000): Uint8Array {
  const text = words(0x010000d1, 0x020000d1, 0x7d6903a6, 0x4e800420, 0x4bfffff1, blr, 0, 0)
  const data = words(0xd1, 0x193, 7)
  const data0 = base + 0x10000
  return buildElf({
    bits,
    entry: base + 16,
    flags: bits === 64 ? 2 : 0,
    segments: [
      { address: base, bytes: text, size: text.length, flags: 5 },
      { address: data0, bytes: data, size: data.length + 0x40, flags: 6 },
    ],
    sections: [
      { name: '.text', address: base, bytes: text, flags: 6 },
      { name: '.data', address: data0, bytes: data, flags: 3 },
      { name: '.bss', address: data0 + 12, bytes: new Uint8Array(0), size: 0x40, type: 8, flags: 3 },
      {
        name: '.xenon.imports',
        bytes: words(
          ...importRow(data0, base, 0xd1, 'xboxkrnl.exe'),
          ...importRow(data0 + 4, 0, 0x193, 'xboxkrnl.exe'),
        ),
      },
      { name: '.xenon.frames', bytes: Uint8Array.from('xbox\0', letter => letter.charCodeAt(0)) },
    ],
    symbols: [
      { name: '_start', value: base + 16, size: 8, info: 0x12, section: 0 },
      { name: 'again', value: base + 20, size: 0, info: 0, section: 0 },
      { name: 'counter', value: data0 + 8, size: 4, info: 0x11, section: 1 },
    ],
  })
}
