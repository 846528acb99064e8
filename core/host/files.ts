/** The host's files, with failures that name the path and the reason in words. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fail } from '../base/failure.ts'

export interface Files {
  /** The whole file. */
  read(path: string): Uint8Array
  /** Writes the whole file, and makes its folder where there is none. */
  write(path: string, content: Uint8Array | string): void
  /** Makes the folder and those above it. */
  makeFolder(path: string): void
  isFile(path: string): boolean
  isFolder(path: string): boolean
  /** Names of the folders right below; none where there is no such folder. */
  folders(path: string): readonly string[]
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a folder, not a file',
  EACCES: 'may not be accessed',
  EPERM: 'may not be accessed',
  ENOTDIR: 'lies under something that is no folder',
  ENOSPC: 'does not fit: the disk is full',
  EROFS: 'lies on a disk that cannot be written',
  ENAMETOOLONG: 'is too long a name',
  ELOOP: 'is a link to itself',
  EEXIST: 'exists and is no folder',
  ERR_INVALID_ARG_VALUE: 'is no path',
  ERR_FS_FILE_TOO_LARGE: 'is too large to be read',
}

/** What the host said, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? `cannot be used (${code || String(error)})`
}

/** The same of what was to be written: of that, nothing had to be there. */
export const reasonOfUnwritten = (error: unknown): string =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'cannot be made there' : reasonOf(error)

/**
 * Makes a folder and those above it, from the top down: the platform's own way of doing it never ends where a file
 * system answers that a folder cannot be made because it is not there (/proc does).
 */
export function makeFolders(path: string): void {
  const missing: string[] = []
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.push(at)
  for (const folder of missing.reverse())
    try {
      mkdirSync(folder)
    } catch (error) {
      // Another run may have made it meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
}

export const hostFiles: Files = {
  read(path) {
    try {
      return new Uint8Array(readFileSync(path))
    } catch (error) {
      throw fail('FILE_UNREADABLE', path, reasonOf(error), error)
    }
  },
  write(path, content) {
    try {
      makeFolders(dirname(path))
      writeFileSync(path, content)
    } catch (error) {
      throw fail('FILE_UNWRITABLE', path, reasonOfUnwritten(error), error)
    }
  },
  makeFolder(path) {
    try {
      makeFolders(path)
    } catch (error) {
      throw fail('FILE_UNWRITABLE', path, reasonOfUnwritten(error), error)
    }
  },
  isFile: path => kindOf(path)?.isFile() ?? false,
  isFolder: path => kindOf(path)?.isDirectory() ?? false,
  folders(path) {
    try {
      return readdirSync(path, { withFileTypes: true }).flatMap(entry => (entry.isDirectory() ? [entry.name] : []))
    } catch {
      return []
    }
  },
}

function kindOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
