/**
 * How a unit was written, for people: the same emission once more, with a mark in the code for everything that happens,
 * by which the text form of the module is set beside it. A mark is a constant that is dropped; without the marks, the
 * code is what the compiler makes of the unit when it is alone in its module.
 */
import { disassembler } from '../isa.ts'
import { code, type Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import type { Block, Unit } from './find.ts'
import type { ShapeSite } from './shape.ts'

export interface ListedBlock {
  readonly start: number
  readonly ending: Block['ending']
  readonly skips: Block['skips']
  readonly instructions: readonly { readonly pc: number; readonly word: number; readonly text: string }[]
}

export interface UnitListing {
  readonly entry: number
  readonly blocks: readonly ListedBlock[]
  /** What happened while the unit was written, in order; `depth` counts the constructs around it. */
  readonly notes: readonly { readonly text: string; readonly depth: number }[]
  /** The module, with the marks in it. */
  readonly marked: Uint8Array<ArrayBuffer>
  /** Bytes of the module as it would run. */
  readonly size: number
}

/** What `emitUnit` tells while it writes. */
export interface UnitWatch {
  shape(site: ShapeSite): ShapeSite
  instruction(pc: number, word: number): void
}

const tag = 0x6d61726bn << 32n
/** The number of the note that a constant stands for, if it is a mark. */
export const noteOf = (constant: bigint): number | undefined =>
  constant >> 32n === tag >> 32n ? Number(constant & 0xffffffffn) : undefined

export function createWatch(writer: Writer): { readonly watch: UnitWatch; readonly notes: UnitListing['notes'] } {
  const notes: { text: string; depth: number }[] = []
  const open: { readonly name: string; readonly depth: number }[] = []
  const w = instructions(writer)
  function note(text: string, depth = open.length): void {
    w.i64(tag | BigInt(notes.length))
    writer.u8(code.drop)
    notes.push({ text, depth })
  }
  const watch: UnitWatch = {
    instruction: (pc, word) => note(disassembler.text(word, pc), open.length + 1),
    shape: site => ({
      ...site,
      open(kind, head) {
        const depth = site.open(kind, head)
        note(kind === 'loop' ? `loop B${head}` : `block, B${head} behind it`)
        open.push({ name: kind === 'loop' ? `again B${head}` : `on to B${head}`, depth })
        return depth
      },
      close() {
        site.close()
        open.pop()
        note('end')
      },
      branch(depth) {
        note(open.find(one => one.depth === depth)?.name ?? 'out')
        site.branch(depth)
      },
      block(index) {
        note(`B${index}:`)
        site.block(index)
      },
      choose(place) {
        note(`choose ${place}`)
        site.choose(place)
      },
      branchChosen(depths) {
        note(`choose among ${depths.map(depth => open.find(one => one.depth === depth)?.name ?? 'out').join(', ')}`)
        site.branchChosen(depths)
      },
    }),
  }
  return { watch, notes }
}

export const listedBlocks = (unit: Unit): ListedBlock[] =>
  unit.blocks.map(({ start, ending, skips, instructions }) => ({
    start,
    ending,
    skips,
    instructions: instructions.map(({ pc, bits }) => ({ pc, word: bits, text: disassembler.text(bits, pc) })),
  }))
