/**
 * What a volume shows before anything was written: a read-only tree that something outside provides (a folder of the
 * host, a disc image, a package, bytes in memory). A source is asked only for names it listed itself, so no text of the
 * guest ever reaches what is behind it.
 */
import { sha256 } from '../base/digest.ts'

export interface SourceEntry {
  /** Latin-1, as it is to be listed. */
  readonly name: string
  readonly directory: boolean
  readonly size: number
  readonly attributes: number
  /** The source's own name for it, passed back to `list` and `read`. */
  readonly key: string
}

export interface Source {
  /** The entries of a folder, in any order; the key of the root is ''. */
  list(key: string): readonly SourceEntry[]
  /** Copies bytes of a file; answers how many there were before its end. */
  read(key: string, offset: number, into: Uint8Array): number
  /** The byte from which the table of a folder cannot be read, so that it may have lacked entries; undefined when all can. */
  damageOf?(key: string): number | undefined
}

/** Identity of what a source listed: names, kinds and sizes. */
export function listingHash(entries: readonly SourceEntry[]): string {
  return sha256(
    entries.map(entry => `${entry.name}\0${entry.directory ? 'd' : entry.size}\0${entry.attributes}\n`).join(''),
  )
}

/** A volume that starts empty. */
export const emptySource: Source = { list: () => [], read: () => 0 }

/** Files in memory by path (`Media/a.bin`), for tests and for what a title brings inside its image. */
export function memorySource(files: Readonly<Record<string, Uint8Array>>): Source {
  const folders = new Map<string, Map<string, SourceEntry>>([['', new Map()]])
  function folder(key: string): Map<string, SourceEntry> {
    const known = folders.get(key)
    if (known !== undefined) return known
    const made = new Map<string, SourceEntry>()
    folders.set(key, made)
    const cut = key.lastIndexOf('/')
    const name = key.slice(cut + 1)
    folder(cut < 0 ? '' : key.slice(0, cut)).set(name, { name, directory: true, size: 0, attributes: 0x10, key })
    return made
  }
  for (const [key, bytes] of Object.entries(files)) {
    const cut = key.lastIndexOf('/')
    const name = key.slice(cut + 1)
    folder(cut < 0 ? '' : key.slice(0, cut)).set(name, {
      name,
      directory: false,
      size: bytes.length,
      attributes: 0x20,
      key,
    })
  }
  return {
    list: key => [...(folders.get(key)?.values() ?? [])],
    read(key, offset, into) {
      const bytes = files[key]
      if (bytes === undefined || offset >= bytes.length) return 0
      const part = bytes.subarray(offset, offset + into.length)
      into.set(part)
      return part.length
    },
  }
}

/** The port to a folder of the host. Whoever implements it follows no links and lists only plain files and folders. */
export interface HostFolder {
  list(
    path: readonly string[],
  ): readonly { readonly name: string; readonly directory: boolean; readonly size: number }[]
  read(path: readonly string[], offset: number, into: Uint8Array): number
}

/** A folder of the host. Names that do not fit in 8 bits or mean something else to the guest are left out. */
export function hostSource(folder: HostFolder): Source {
  const split = (key: string): string[] => (key === '' ? [] : key.split('/'))
  return {
    list(key) {
      const entries: SourceEntry[] = []
      for (const { name, directory, size } of folder.list(split(key))) {
        if (name === '.' || name === '..' || /[^\x20-\xff]|[\\/:*?]/.test(name)) continue
        entries.push({
          name,
          directory,
          size: directory ? 0 : size,
          attributes: directory ? 0x10 : 0x20,
          key: key === '' ? name : `${key}/${name}`,
        })
      }
      return entries
    },
    read: (key, offset, into) => folder.read(split(key), offset, into),
  }
}
