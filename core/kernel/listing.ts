/** Listings of folders: an open folder keeps the pattern it is listed by, and the name it showed last. */
import type { Node, Volume } from '../vfs/vfs.ts'
import type { Kernel } from './context.ts'
import { fileOf, isDamaged } from './file.ts'
import type { KernelObject } from './object.ts'
import { status } from './status.ts'

/**
 * The entry a folder shows next, or a status. A pattern is taken where the listing begins, or where another is given;
 * undefined goes on with the one there is.
 */
export function nextEntry(
  k: Kernel,
  object: KernelObject,
  { volume, node }: { readonly volume: Volume; readonly node: Node },
  given: string | undefined,
  restart: boolean,
): Node | number {
  const file = fileOf(object)
  const { files } = k.ports
  if (file.pattern === null || given !== undefined) {
    const pattern = given ?? ''
    if (files?.patternAllowed(pattern) !== true) return status.INVALID_PARAMETER
    if (pattern !== file.pattern) file.after = null
    file.pattern = pattern
  }
  if (restart) file.after = null
  const { pattern, after } = file
  const entry = volume
    .children(node)
    .find(
      child =>
        files?.matches(pattern ?? '', child.name) === true && (after === null || child.name.toLowerCase() > after),
    )
  if (entry !== undefined) return entry
  // A folder that would seem to end, or to be empty, where its table cannot be read.
  if (isDamaged(k, volume, node)) return status.DEVICE_DATA_ERROR
  return after === null ? status.NO_SUCH_FILE : status.NO_MORE_FILES
}

/** The entry was shown: the listing goes on behind it. */
export function shown(object: KernelObject, entry: Node): void {
  fileOf(object).after = entry.name.toLowerCase()
}
