/** The files of one run, each appended to until it is closed. Structurally the `OutputFile` of the plugin API. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fail } from '../base/failure.ts'
import { makeFolders, reasonOfUnwritten } from './files.ts'

export interface RunFile {
  readonly path: string
  write(bytes: Uint8Array | string): void
  close(): void
}

/** Makes files under `folder`, and the folder with the first of them. */
export function filesUnder(folder: string): (name: string) => RunFile {
  return name => {
    const path = join(folder, name)
    if (normalize(name).startsWith('..')) throw fail('FILE_UNWRITABLE', path, 'lies outside the folder of the run')
    const naming = <T>(act: () => T): T => {
      try {
        return act()
      } catch (error) {
        throw fail('FILE_UNWRITABLE', path, reasonOfUnwritten(error), error)
      }
    }
    const descriptor = naming(() => {
      makeFolders(dirname(path))
      return openSync(path, 'w')
    })
    let open = true
    return {
      path,
      write(content) {
        const bytes = typeof content === 'string' ? Buffer.from(content) : content
        for (let at = 0; at < bytes.length; ) at += naming(() => writeSync(descriptor, bytes, at))
      },
      close() {
        if (open) closeSync(descriptor)
        open = false
      },
    }
  }
}
