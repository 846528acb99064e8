import { dirname } from 'node:path'
import { openBlob, openBlobsIn } from '../host/blob.ts'
import { createFolder } from '../host/folder.ts'
import { type Media, openMedia } from '../machine/media.ts'

/** A title with the files beside it; `hidden` is the folder of those that are no part of it. */
export const openTitle = (path: string, hidden?: string): Media =>
  openMedia({
    file: openBlob(path),
    folder: createFolder(dirname(path), hidden),
    fragments: () => openBlobsIn(`${path}.data`),
  })
