/** The XEX header as it lies in guest memory: titles and exports look things up in it while the title runs. */
import type { GuestMemory } from '../memory/guest.ts'

const firstRow = 0x18
const rowCount = 0x14
const rowSize = 8

export const headerKey = {
  resources: 0x2ff,
  tls: 0x20104,
  stackSize: 0x20200,
  systemFlags: 0x30000,
  executionInfo: 0x40006,
} as const

/** Address of the row of a key; 0 when the header has none. */
function rowOf(memory: GuestMemory, header: number, key: number): number {
  if (header === 0) return 0
  const rows = memory.load32(header + rowCount)
  for (let i = 0; i < rows; i += 1) {
    const at = header + firstRow + i * rowSize
    if (memory.load32(at) === key) return at
  }
  return 0
}

/**
 * What the platform answers for a header field: the value itself for keys that end in 00, the address of the value's
 * word for those in 01, else the address of the data; 0 when the header has none.
 */
export function headerField(memory: GuestMemory, header: number, key: number): number {
  const row = rowOf(memory, header, key)
  if (row === 0) return 0
  const value = memory.load32(row + 4)
  if ((key & 0xff) === 0) return value
  return (key & 0xff) === 1 ? row + 4 : header + value
}

/** Where a resource section lies; undefined when the image has none of that name. */
export function resourceOf(
  memory: GuestMemory,
  header: number,
  name: string,
): { readonly address: number; readonly size: number } | undefined {
  const block = headerField(memory, header, headerKey.resources)
  if (block === 0) return undefined
  const count = Math.floor((memory.load32(block) - 4) / 0x10)
  for (let i = 0; i < count; i += 1) {
    const at = block + 4 + i * 0x10
    if (memory.text(at, 8) === name) return { address: memory.load32(at + 8), size: memory.load32(at + 0xc) }
  }
  return undefined
}
