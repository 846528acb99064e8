import { dirname, join } from 'node:path'
import { fail } from '../base/failure.ts'
import { openBlob, openBlobsIn } from '../host/blob.ts'
import { hostFiles } from '../host/files.ts'
import { createFolder } from '../host/folder.ts'
import { type Media, openMedia } from '../machine/media.ts'

/** A title with the files beside it; `hidden` is the folder of those that are no part of it. */
export function openTitle(path: string, hidden?: string): Media {
  if (hostFiles.isFolder(path)) throw fail('FILE_UNREADABLE', path, `is a folder${titlesIn(path)}`)
  return openMedia({
    file: openBlob(path),
    folder: createFolder(dirname(path), hidden),
    fragments: () => openBlobsIn(`${path}.data`),
  })
}

/** What in a folder is likely meant by whoever names the folder. */
function titlesIn(path: string): string {
  const names = createFolder(path)
    .list([])
    .flatMap(({ name, directory }) => (!directory && /\.(xex|elf|iso)$/i.test(name) ? [join(path, name)] : []))
    .sort()
  return names.length === 0 ? '; give the title in it' : `; give the title in it: ${names.slice(0, 4).join(', ')}`
}
