/**
 * What a title comes on: an executable with its folder, a disc image, a content package. From each come the bytes of the
 * executable and the files the title sees.
 */
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import type { Blob } from '../vfs/blob.ts'
import { findPartition, openDisc } from '../vfs/gdfx.ts'
import { isPackage, openPackage } from '../vfs/package.ts'
import { foldCase } from '../vfs/path.ts'
import { type HostFolder, hostSource, type Source } from '../vfs/source.ts'
import type { Vfs } from '../vfs/vfs.ts'
import { createTitleVfs } from '../vfs/volumes.ts'
import { defaultMachineOptions } from './options.ts'

export interface Media {
  /** The executable's file name. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly files: Vfs
}

export interface MediaPorts {
  /** The file that was named. */
  readonly file: Blob
  /** The folder it lies in. */
  readonly folder: HostFolder
  /** The files of the folder that is named like it with `.data` behind: the fragments of an installed disc. */
  fragments(): readonly Blob[]
}

const launchFile = 'default.xex'

/** The executable of an image, from its root folder. */
function launchBytes(source: Source, place: string): Uint8Array {
  const entry = source.list('').find(each => !each.directory && foldCase(each.name) === launchFile)
  if (entry === undefined) throw fail('IMAGE_FIELD', place, `holds no ${launchFile}`)
  return wholeOf(launchFile, entry.size, place, into => source.read(entry.key, 0, into))
}

function wholeOf(name: string, size: number, place: string, read: (into: Uint8Array) => number): Uint8Array {
  if (size > limits.executableBytes.value)
    throw fail('FORMAT_UNKNOWN', place, `${name} has ${size} bytes, more than an executable can have`)
  const bytes = new Uint8Array(size)
  if (read(bytes) !== size) throw fail('FILE_UNREADABLE', place, `ends within ${name}`)
  return bytes
}

/** Opens whatever the file is; `time` is the date of all files the title did not write. */
export function openMedia({ file, folder, fragments }: MediaPorts, time = defaultMachineOptions.systemTime): Media {
  const disc = findPartition(file) === undefined ? undefined : openDisc(file)
  const source = disc ?? (isPackage(file) ? openPackage(file, fragments()).source : undefined)
  if (source !== undefined)
    return {
      name: launchFile,
      bytes: launchBytes(source, file.name),
      files: createTitleVfs({ source, kind: 'disc', time }),
    }
  return {
    name: file.name,
    bytes: wholeOf(file.name, file.size, file.name, into => file.read(0, into)),
    files: createTitleVfs({ source: hostSource(folder), kind: 'folder', time }),
  }
}
