/** A file of the host read here and there: images are larger than memory. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Failure, fail } from '../base/failure.ts'
import { reasonOf } from './files.ts'

export interface HostBlob {
  readonly name: string
  readonly size: number
  /** Answers how many bytes there were. */
  read(offset: number, into: Uint8Array): number
  close(): void
}

/** Opens a file for reading; Failure FILE_UNREADABLE. */
export function openBlob(path: string): HostBlob {
  try {
    const file = openSync(path, 'r')
    const about = fstatSync(file)
    if (!about.isFile()) {
      closeSync(file)
      throw fail('FILE_UNREADABLE', path, about.isDirectory() ? 'is a folder, not a file' : 'is a device, not a file')
    }
    return {
      name: basename(path),
      size: fstatSync(file).size,
      read: (offset, into) => readSync(file, into, 0, into.length, offset),
      close: () => closeSync(file),
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw fail('FILE_UNREADABLE', path, reasonOf(error), error)
  }
}

/** Opens every file of a folder, by name; none when there is no such folder. */
export function openBlobsIn(folder: string): HostBlob[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => openBlob(join(folder, entry.name)))
  } catch {
    return []
  }
}
