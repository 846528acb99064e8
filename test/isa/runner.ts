import { assembler } from '../../core/cpu/isa.ts'
import { at, blockSize, blocksBase, codeBase, dataAt, endAt } from './layout.ts'

/**
 * The program that QEMU runs: one static executable with the code of every test, made of our own assembler's words. For
 * each block it loads all registers, jumps to the test's code, stores all registers into the block's end, and goes on;
 * then it writes all blocks to its standard output.
 *
 * r1 is the block and no test changes it. CTR carries the jump, so the first words of each test load CTR (and the r0 they
 * need for it). Reservations are cleared behind each test.
 */
const entry = 0x10000000
/** Words in front of each test's code. */
export const prologueWords = 3

interface Width {
  readonly load: string
  readonly store: string
  /** Where in a doubleword of the block a register's value lies. */
  readonly inset: number
}
const widths = {
  wide: { load: 'ld', store: 'std', inset: 0 },
  narrow: { load: 'lwz', store: 'stw', inset: 4 },
} as const satisfies Record<string, Width>

const all = Array.from({ length: 32 }, (_, n) => n)
const loadAll = '.long 0xfdfe058e' // mtfsf 255, f0
const readFpscr = '.long 0xfc00048e' // mffs f0

function prologue({ load, inset }: Width): string[] {
  return [`${load} r0, ${at.ctr + inset}(r1)`, 'mtctr r0', `${load} r0, ${at.gpr + inset}(r1)`]
}

/** From the entry: `count` blocks, then the way out. Answers with the words and the address of the part behind a test. */
function frame(width: Width, count: number, total: number): { words: number[]; back: number } {
  const { load, store, inset } = width
  const high = (value: number): string => `0x${(value >>> 16).toString(16)}`
  const low = (value: number): string => `0x${(value & 0xffff).toString(16)}`
  const lines: string[] = []
  const here = (): number => entry + lines.length * 4
  const addressOf = (register: string, value: number): string[] => [
    `lis ${register}, ${high(value)}`,
    `ori ${register}, ${register}, ${low(value)}`,
  ]

  lines.push(...addressOf('r1', blocksBase))
  const head = here()
  // Registers that only others can load come first.
  lines.push(`addi r31, r1, ${at.vscr}`, 'lvx v31, 0, r31', 'mtvscr v31')
  for (const n of all) lines.push(`addi r31, r1, ${at.vr + n * 16}`, `lvx v${n}, 0, r31`)
  lines.push(`lfd f0, ${at.fpscr}(r1)`, loadAll)
  for (const n of all) lines.push(`lfd f${n}, ${at.fpr + n * 8}(r1)`)
  for (const [name, move] of [
    ['cr', 'mtcr r31'],
    ['xer', 'mtxer r31'],
    ['lr', 'mtlr r31'],
    ['vrsave', 'mtspr 0x100, r31'],
    ['code', 'mtctr r31'],
  ] as const)
    lines.push(`${load} r31, ${at[name] + inset}(r1)`, move)
  for (const n of all) if (n !== 1) lines.push(`${load} r${n}, ${at.gpr + n * 8 + inset}(r1)`)
  lines.push('bctr')

  const back = here()
  for (const n of all) lines.push(`${store} r${n}, ${endAt + at.gpr + n * 8 + inset}(r1)`)
  for (const [name, move] of [
    ['cr', 'mfcr r31'],
    ['xer', 'mfxer r31'],
    ['lr', 'mflr r31'],
    ['ctr', 'mfctr r31'],
    ['vrsave', 'mfspr r31, 0x100'],
  ] as const)
    lines.push(move, `${store} r31, ${endAt + at[name] + inset}(r1)`)
  for (const n of all) lines.push(`stfd f${n}, ${endAt + at.fpr + n * 8}(r1)`)
  lines.push(readFpscr, `stfd f0, ${endAt + at.fpscr}(r1)`)
  for (const n of all) lines.push(`addi r31, r1, ${endAt + at.vr + n * 16}`, `stvx v${n}, 0, r31`)
  lines.push('mfvscr v31', `addi r31, r1, ${endAt + at.vscr}`, 'stvx v31, 0, r31')
  lines.push(`addi r31, r1, ${dataAt - 16}`, 'stwcx. r31, 0, r31')
  lines.push(`addi r1, r1, ${blockSize}`)
  lines.push(...addressOf('r31', blocksBase + count * blockSize), 'cmplw r1, r31', `bne 0x${head.toString(16)}`)

  lines.push(...addressOf('r4', blocksBase), ...addressOf('r5', total))
  const more = here()
  // write(1, r4, r5) until all is written; then exit(0).
  lines.push('li r0, 4', 'li r3, 1', 'sc 0', 'add r4, r4, r3', 'subf. r5, r3, r5', `bne 0x${more.toString(16)}`)
  lines.push('li r0, 1', 'li r3, 0', 'sc 0')
  return { words: assembler.words(lines, entry), back }
}

export interface Program {
  /** The bytes at `codeBase`. */
  readonly code: Uint8Array
  /** Address of each test's first word behind its prologue, and of the word behind its last. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly elf: (blocks: Uint8Array) => Uint8Array
}

/** Lays the tests' code out. The word behind each test branches back to the runner. */
export function buildProgram(tests: readonly (readonly number[])[], wide: boolean): Program {
  const width = wide ? widths.wide : widths.narrow
  const total = tests.length * blockSize
  const runner = frame(width, tests.length, total)
  const words: number[] = []
  const starts: number[] = []
  const ends: number[] = []
  const here = (): number => codeBase + words.length * 4
  const head = assembler.words(prologue(width), codeBase)
  for (const test of tests) {
    words.push(...head)
    starts.push(here())
    words.push(...test)
    ends.push(here())
    words.push(assembler.word(`b 0x${runner.back.toString(16)}`, here()))
  }
  const code = bigEndian(words)
  return {
    code,
    starts,
    ends,
    elf: blocks =>
      (wide ? elf64 : elf32)([
        { address: entry, bytes: bigEndian(runner.words), flags: 5 },
        { address: codeBase, bytes: code, flags: 5 },
        { address: blocksBase, bytes: blocks, flags: 6 },
      ]),
  }
}

function bigEndian(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word)
  return bytes
}

interface Segment {
  readonly address: number
  readonly bytes: Uint8Array
  /** 1 execute, 2 write, 4 read. */
  readonly flags: number
}
const page = 0x10000
const ident = [0x7f, 0x45, 0x4c, 0x46]

/** File offsets that leave each segment at the same place in its page as its address. */
function place(segments: readonly Segment[], headers: number): { offsets: number[]; size: number } {
  let size = headers
  const offsets = segments.map(segment => {
    const offset = Math.ceil(size / page) * page + (segment.address % page)
    size = offset + segment.bytes.length
    return offset
  })
  return { offsets, size }
}

function elf64(segments: readonly Segment[]): Uint8Array {
  const { offsets, size } = place(segments, 64 + segments.length * 56)
  const file = new Uint8Array(size)
  const view = new DataView(file.buffer)
  file.set([...ident, 2, 2, 1])
  view.setUint16(16, 2)
  view.setUint16(18, 21)
  view.setUint32(20, 1)
  view.setBigUint64(24, BigInt(entry))
  view.setBigUint64(32, 64n)
  // The second version of the calling convention: the entry is code, not a descriptor.
  view.setUint32(48, 2)
  view.setUint16(52, 64)
  view.setUint16(54, 56)
  view.setUint16(56, segments.length)
  for (const [index, { address, bytes, flags }] of segments.entries()) {
    const header = 64 + index * 56
    view.setUint32(header, 1)
    view.setUint32(header + 4, flags)
    view.setBigUint64(header + 8, BigInt(offsets[index] ?? 0))
    view.setBigUint64(header + 16, BigInt(address))
    view.setBigUint64(header + 24, BigInt(address))
    view.setBigUint64(header + 32, BigInt(bytes.length))
    view.setBigUint64(header + 40, BigInt(bytes.length))
    view.setBigUint64(header + 48, BigInt(page))
    file.set(bytes, offsets[index])
  }
  return file
}

function elf32(segments: readonly Segment[]): Uint8Array {
  const { offsets, size } = place(segments, 52 + segments.length * 32)
  const file = new Uint8Array(size)
  const view = new DataView(file.buffer)
  file.set([...ident, 1, 2, 1])
  view.setUint16(16, 2)
  view.setUint16(18, 20)
  view.setUint32(20, 1)
  view.setUint32(24, entry)
  view.setUint32(28, 52)
  view.setUint16(40, 52)
  view.setUint16(42, 32)
  view.setUint16(44, segments.length)
  for (const [index, { address, bytes, flags }] of segments.entries()) {
    const header = 52 + index * 32
    const fields = [1, offsets[index] ?? 0, address, address, bytes.length, bytes.length, flags, page]
    for (const [field, value] of fields.entries()) view.setUint32(header + field * 4, value)
    file.set(bytes, offsets[index])
  }
  return file
}
