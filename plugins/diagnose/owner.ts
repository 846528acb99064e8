/**
 * The C++ object an address lies in, by the run-time type information its compiler left: a word before the address that
 * points to a table of functions, before which stands the locator of the class. What has none has no name here.
 */
import type { MachineViews } from '../../core/index.ts'

/** How far from its start a member is looked for. */
const largestObject = 0x2000
const longestName = 256
const firstImage = 0x80000000
const pastImage = 0xa0000000

/** `StreamDecoder+0x14`, or undefined. */
export function memberName(views: MachineViews, address: number): string | undefined {
  const word = (at: number): number | undefined => {
    const bytes = views.readMemory(at, 4)
    return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  }
  const isImage = (at: number | undefined): at is number =>
    at !== undefined && at >= firstImage && at < pastImage && at % 4 === 0
  const start = address - (address % 4)
  for (let at = start; at > start - largestObject; at -= 4) {
    const table = word(at)
    if (table === undefined) return undefined
    if (!isImage(table)) continue
    const locator = word(table - 4)
    if (!isImage(locator) || word(locator) !== 0) continue
    const offset = word(locator + 4) ?? 0
    const type = word(locator + 12)
    if (!isImage(type) || offset > largestObject) continue
    const name = className(textAt(views, type + 8))
    if (name !== undefined) return `${name}+0x${(address - at + offset).toString(16).toUpperCase()}`
  }
  return undefined
}

function textAt(views: MachineViews, address: number): string {
  let text = ''
  for (let at = address; text.length < longestName; at += 1) {
    const code = views.readMemory(at, 1)?.[0] ?? 0
    if (code === 0) break
    text += String.fromCharCode(code)
  }
  return text
}

/** `.?AVInner@Outer@@` is `Outer::Inner`; templates keep the compiler's spelling. */
function className(text: string): string | undefined {
  const [, path] = /^\.\?A[UV]([\x21-\x7e]+)@@$/.exec(text) ?? []
  if (path === undefined) return undefined
  return path.includes('?') ? path : path.split('@').reverse().join('::')
}
