/** Libraries that come in while a title runs: from the bytes of a file to a module in guest memory. */
import { Failure } from '../base/failure.ts'
import type { KernelCore } from '../kernel/kernel.ts'
import type { ModulePort } from '../kernel/ports.ts'
import { libraryIndex } from '../kernel/table.ts'
import type { Image } from '../loader/image.ts'
import { type ImportResolver, linkImports } from '../loader/imports.ts'
import { parseImage, place } from '../loader/load.ts'
import type { GuestMemory } from '../memory/guest.ts'

/** Where imports lead: to a module that is loaded, else to the kernel. */
export const importsOf =
  (core: () => KernelCore): ImportResolver =>
  (library, ordinal, kind) => {
    const row =
      libraryIndex(library) < 0
        ? core()
            .kernel.modules.byName(library)
            ?.exports.find(each => each.ordinal === ordinal)
        : undefined
    return row === undefined ? core().resolve(library, ordinal, kind) : { code: row.address }
  }

export function createLibraries(memory: GuestMemory, core: () => KernelCore): ModulePort {
  /** The library in a file; undefined when it holds none. */
  function parse(name: string, bytes: Uint8Array): Image | undefined {
    try {
      const image = parseImage(bytes, name)
      return image.library ? image : undefined
    } catch (error) {
      if (error instanceof Failure) return undefined
      throw error
    }
  }

  return {
    load(name, bytes, { claim, release, need }) {
      const image = parse(name, bytes)
      if (image === undefined) return 'bad-image'
      if (!claim(image.base, image.size)) return 'no-room'
      for (const library of image.imports)
        if (libraryIndex(library.name) < 0 && core().kernel.modules.byName(library.name) === undefined)
          need(library.name)
      try {
        place({ ...image, headerBlock: new Uint8Array(0) }, memory)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        release(image.base)
        return 'no-room'
      }
      linkImports(image, memory, importsOf(core))
      const { base, size, entry, headerBlock, functionTable, exports } = image
      return { name, base, size, entry, headerBlock, functionTable, exports }
    },
  }
}
