/**
 * A folder of the host as a title may see it: plain files and folders below it, links left out, nothing above it. What
 * cannot be read is as if it were not there.
 */
import { closeSync, constants, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join, resolve } from 'node:path'

interface Listed {
  readonly name: string
  readonly directory: boolean
  readonly size: number
}

export interface Folder {
  list(path: readonly string[]): readonly Listed[]
  read(path: readonly string[], offset: number, into: Uint8Array): number
  /** Gives back the files kept open. */
  close(): void
}

/** Files kept open between reads: titles read one file in many small pieces. */
const openFiles = 32

/** `hidden` is a folder or file below it that is as if it were not there: what the run itself writes. */
export function createFolder(root: string, hidden = ''): Folder {
  const open = new Map<string, number>()

  function descriptor(path: readonly string[]): number {
    const full = join(root, ...path)
    const known = open.get(full)
    if (known !== undefined) return known
    const oldest = open.entries().next().value
    if (open.size >= openFiles && oldest !== undefined) {
      closeSync(oldest[1])
      open.delete(oldest[0])
    }
    const opened = openSync(full, constants.O_RDONLY | constants.O_NOFOLLOW)
    open.set(full, opened)
    return opened
  }

  return {
    list(path) {
      const full = join(root, ...path)
      try {
        return readdirSync(full, { withFileTypes: true }).flatMap((entry): Listed[] => {
          if (hidden !== '' && resolve(full, entry.name) === resolve(hidden)) return []
          if (entry.isDirectory()) return [{ name: entry.name, directory: true, size: 0 }]
          return entry.isFile()
            ? [{ name: entry.name, directory: false, size: lstatSync(join(full, entry.name)).size }]
            : []
        })
      } catch {
        return []
      }
    },
    read(path, offset, into) {
      try {
        return readSync(descriptor(path), into, 0, into.length, offset)
      } catch {
        return 0
      }
    },
    close() {
      for (const file of open.values()) closeSync(file)
      open.clear()
    },
  }
}
