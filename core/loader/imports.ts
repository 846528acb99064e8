import type { GuestMemory } from '../memory/guest.ts'
import type { Image, ImportKind } from './image.ts'

/**
 * Where an import leads. A number is, for a function, the id its thunk traps with, and for a variable, the guest address
 * of the variable. A function in another module's code is given by its address.
 */
export type ImportTarget = number | { readonly code: number }
export type ImportResolver = (library: string, ordinal: number, kind: ImportKind) => ImportTarget

/** The words of a thunk that traps: `sc 2`, `blr`, the id, zero. */
const thunkWords = { syscall: 0x44000042, return: 0x4e800020, branchToCount: 0x4e800420 } as const
const moveToCount = 0x7d6903a6
const loadHigh = 0x3d600000
const orLow = 0x616b0000

/**
 * Binds every import of an image that was placed. An unresolved function is still a number, so that the title fails
 * only if it calls it, and by name.
 */
export function linkImports(image: Image, memory: GuestMemory, resolve: ImportResolver): void {
  for (const library of image.imports)
    for (const item of library.imports) {
      const target = resolve(library.name, item.ordinal, item.kind)
      if (item.thunk !== 0) {
        pokeWords(memory, item.thunk, typeof target === 'number' ? trap(target) : jump(target.code))
        // nothing reads a function's slot but code that calls through it, and that works with the thunk's address
        if (item.slot !== 0) pokeWords(memory, item.slot, [item.thunk])
      } else pokeWords(memory, item.slot, [typeof target === 'number' ? target : target.code])
    }
}

function trap(id: number): number[] {
  return [thunkWords.syscall, thunkWords.return, id, 0]
}

/** What the console itself writes: the target in r11, then a branch to it. */
function jump(target: number): number[] {
  return [loadHigh | (target >>> 16), orLow | (target & 0xffff), moveToCount, thunkWords.branchToCount]
}

function pokeWords(memory: GuestMemory, at: number, words: readonly number[]): void {
  const bytes = new Uint8Array(words.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word)
  memory.poke(at, bytes)
}
