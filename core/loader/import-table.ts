import { createReader, type Reader } from '../base/reader.ts'
import { hex32 } from '../base/words.ts'
import type { Import, ImportLibrary } from './image.ts'
import type { LibraryRecord, Xex } from './xex.ts'

/** Bytes of a function's thunk. */
export const thunkSize = 16

/** The words an extraction tool leaves in a thunk: `li r3,library`, `li r4,ordinal`. */
const rewrittenFirst = 0x3860
const rewrittenSecond = 0x3880

/**
 * Pairs the addresses of the import table up: the top byte of the word at an address tells a slot (0) from a thunk (1),
 * the low half is the ordinal. Every import has a slot; a function has a thunk too, listed after it.
 */
export function readImports(xex: Xex, image: Uint8Array, name: string): ImportLibrary[] {
  const reader = createReader(image, { name, code: 'XEX_FIELD', origin: 'image' })
  const libraries = new Map<string, { record: LibraryRecord; imports: Import[] }>()
  for (const record of xex.libraries) {
    const library = libraries.get(record.name) ?? { record, imports: [] }
    libraries.set(record.name, library)
    library.imports.push(...pairUp(record, reader, xex.base))
  }
  return [...libraries.values()].map(({ record, imports }) => ({
    name: record.name,
    version: record.version,
    minimum: record.minimum,
    imports,
  }))
}

function pairUp(record: LibraryRecord, reader: Reader, base: number): Import[] {
  const slots = new Map<number, number>()
  const imports = new Map<number, Import>()
  for (const address of record.addresses) {
    const at = address - base
    const field = `import of ${record.name}`
    if (address % 4 !== 0) throw reader.wrong(at, field, `${hex32(address)} is not aligned`)
    const word = reader.u32(at, field)
    const kind = word >>> 24
    const second = kind === 0x38 && word >>> 16 === rewrittenFirst ? reader.u32(at + 4, field) : 0
    if (kind !== 0 && kind !== 1 && second >>> 16 !== rewrittenSecond)
      throw reader.wrong(at, field, `${hex32(word)} is neither a slot nor a thunk`)
    const ordinal = kind === 0x38 ? second & 0xffff : word & 0xffff
    if (kind === 0) {
      slots.set(ordinal, address)
      imports.set(ordinal, { ordinal, kind: 'variable', slot: address, thunk: 0 })
    } else {
      reader.slice(at, thunkSize, `thunk of ${record.name}`)
      imports.set(ordinal, { ordinal, kind: 'function', slot: slots.get(ordinal) ?? 0, thunk: address })
    }
  }
  return [...imports.values()]
}
