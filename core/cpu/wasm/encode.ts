/** WebAssembly modules of their parts. */
import { wasmPages } from '../../memory/map.ts'
import type { Type } from '../arithmetic.ts'
import { code, createWriter, type Piece, type Signature, valueTypes, type Writer } from './bytes.ts'

/** Functions that stand in a table, one behind the other. */
export interface Elements {
  readonly at: number
  readonly functions: readonly number[]
}

/** The parts of a module, in any order; function numbers count imports first. */
export interface ModuleParts {
  readonly types: readonly Signature[]
  readonly imports: readonly { readonly name: string; readonly type: number }[]
  readonly functions: readonly { readonly type: number; readonly body: Piece }[]
  readonly exports: readonly { readonly name: string; readonly index: number }[]
  /** Names of imported tables, and what the module puts into the first. */
  readonly tables: readonly string[]
  readonly elements: readonly Elements[]
}

/**
 * Makes the code that stands behind a mark the body of a function: puts its locals before it, and what `begin` writes, for
 * which all locals are known.
 */
export function completeFunction(writer: Writer, mark: number, locals: readonly Type[], begin?: () => void): void {
  const runs: { type: Type; count: number }[] = []
  for (const type of locals) {
    const last = runs.at(-1)
    if (last?.type === type) last.count += 1
    else runs.push({ type, count: 1 })
  }
  writer.u8(code.end)
  writer.insert(mark, () => {
    writer.u32(runs.length)
    for (const run of runs) {
      writer.u32(run.count)
      writer.u8(valueTypes[run.type])
    }
    begin?.()
  })
}

/** What every module begins with. */
export const preamble = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0] as const

export function writeSection(writer: Writer, id: number, write: () => void): void {
  writer.u8(id)
  const mark = writer.open()
  write()
  writer.close(mark)
}

/** What modules are put together in, one after the other. */
const moduleWriter = createWriter(1 << 20)

/** A module that imports its memory and its functions from `x`. */
export function encodeModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const writer = moduleWriter
  writer.clear()
  const section = (id: number, write: () => void): void => writeSection(writer, id, write)
  writer.bytes(preamble)
  section(1, () => {
    writer.u32(parts.types.length)
    for (const type of parts.types) {
      writer.u8(0x60)
      for (const list of [type.takes, type.gives]) {
        writer.u32(list.length)
        for (const one of list) writer.u8(valueTypes[one])
      }
    }
  })
  section(2, () => {
    writer.u32(parts.imports.length + 1 + parts.tables.length)
    writer.name('x')
    writer.name('memory')
    // Shared, with a maximum.
    writer.bytes([0x02, 0x03])
    writer.u32(wasmPages)
    writer.u32(wasmPages)
    for (const name of parts.tables) {
      writer.name('x')
      writer.name(name)
      writer.bytes([0x01, 0x70, 0x00, 0x00])
    }
    for (const one of parts.imports) {
      writer.name('x')
      writer.name(one.name)
      writer.u8(0x00)
      writer.u32(one.type)
    }
  })
  section(3, () => {
    writer.u32(parts.functions.length)
    for (const one of parts.functions) writer.u32(one.type)
  })
  section(7, () => {
    writer.u32(parts.exports.length)
    for (const one of parts.exports) {
      writer.name(one.name)
      writer.u8(0x00)
      writer.u32(one.index)
    }
  })
  if (parts.elements.length > 0)
    section(9, () => {
      writer.u32(parts.elements.length)
      for (const { at, functions } of parts.elements) {
        writer.bytes([0x00, code.i32Const])
        writer.s32(at)
        writer.u8(code.end)
        writer.u32(functions.length)
        for (const index of functions) writer.u32(index)
      }
    })
  const hinted = parts.functions
    .map(({ body }, index) => ({ rare: body.rare, index }))
    .filter(({ rare }) => rare.length > 0)
  if (hinted.length > 0)
    section(0, () => {
      writer.name('metadata.code.branch_hint')
      writer.u32(hinted.length)
      for (const { index, rare } of hinted) {
        writer.u32(parts.imports.length + index)
        writer.u32(rare.length)
        for (const at of rare) {
          writer.u32(at)
          // A hint's length, and that the condition does not hold.
          writer.u8(1)
          writer.u8(0)
        }
      }
    })
  section(10, () => {
    writer.u32(parts.functions.length)
    for (const { body } of parts.functions) {
      writer.u32(body.bytes.length)
      writer.bytes(body.bytes)
    }
  })
  return writer.finish()
}
