/**
 * Files in Win32’s words, by their names: what is made, measured, listed, copied and deleted without being opened first.
 */
import type { Node, Volume } from '../../../vfs/vfs.ts'
import { bool, continuation, cstr, type Entry, handle, ptr, u32, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { copied, copyFile, leftUncopied } from '../../copy.ts'
import { dosError } from '../../dos-errors.ts'
import { disposition, fileOf, nodeOf, openFile, option, right } from '../../file.ts'
import { bytesPerUnit, shownAttributes } from '../../file-information.ts'
import { openedBy } from '../../handles.ts'
import { nextEntry, shown } from '../../listing.ts'
import type { KernelObject } from '../../object.ts'
import { status, win32 } from '../../status.ts'
import { FILE_ATTRIBUTE_DATA, FIND_DATA } from '../../structs.ts'
import { lastPart, narrowBytes } from '../../text.ts'
import { dosNames, fileOfHandle, high, invalid, lookUp, refuse, shareAll, wordSize } from '../../win32-files.ts'

const readOnly = 1

/** Opens what is asked for and closes it again, for what that does; whether it could. */
function openOnce(k: Kernel, request: Parameters<typeof openFile>[1]): boolean {
  const opened = openFile(k, request)
  if (opened.object === undefined) return refuse(k, dosError(opened.code), false)
  k.handles.close(k.handles.open(opened.object, openedBy.creation))
  return true
}

function deleteFile(k: Kernel, name: string): boolean {
  const found = lookUp(k, name)
  if (found === undefined) return false
  const { volume, node } = found
  if (node.directory || volume.info.readOnly || (node.attributes & readOnly) !== 0)
    return refuse(k, win32.ACCESS_DENIED, false)
  return openOnce(k, {
    path: name,
    root: dosNames,
    access: right.delete,
    share: shareAll,
    disposition: disposition.open,
    options: option.deleteOnClose,
    attributes: 0,
  })
}

/** What both calls that tell of a file at length begin with: attributes, three times, two words of the size. */
function writeAttributes(k: Kernel, at: number, volume: Volume, node: Node): void {
  const { created, accessed, written } = node.times
  k.memory.store32(at + FILE_ATTRIBUTE_DATA.attributes, shownAttributes(volume, node))
  k.memory.store64(at + FILE_ATTRIBUTE_DATA.created, created)
  k.memory.store64(at + FILE_ATTRIBUTE_DATA.accessed, accessed)
  k.memory.store64(at + FILE_ATTRIBUTE_DATA.written, written)
  k.memory.store32(at + FILE_ATTRIBUTE_DATA.sizeHigh, high(node.size))
  k.memory.store32(at + FILE_ATTRIBUTE_DATA.sizeLow, node.size % wordSize)
}

/** Shows the next entry of a listing: SUCCESS, or the status with which there is none. */
function show(k: Kernel, object: KernelObject, pattern: string | undefined, at: number): number {
  const place = nodeOf(k, object)
  if (place === undefined) return status.INVALID_HANDLE
  const entry = nextEntry(k, object, place, pattern, false)
  if (typeof entry === 'number') return entry
  k.memory.fill(at, FIND_DATA.size, 0)
  writeAttributes(k, at, place.volume, entry)
  k.memory.write(at + FIND_DATA.name, narrowBytes(entry.name))
  shown(object, entry)
  return status.SUCCESS
}

const notThere: readonly number[] = [status.OBJECT_NAME_NOT_FOUND, status.NO_SUCH_FILE]

/** Begins a listing: its handle, or -1 and the error. */
function findFirst(k: Kernel, name: string, at: number): number {
  const pattern = lastPart(name.replaceAll('/', '\\').replace(/^([^\\]*:)/, '$1\\'))
  if (pattern === '') return refuse(k, win32.FILE_NOT_FOUND, invalid)
  const { object, code } = openFile(k, {
    path: name.slice(0, -pattern.length),
    root: dosNames,
    access: right.readData,
    share: shareAll,
    disposition: disposition.open,
    options: option.directory | option.synchronous,
    attributes: 0,
  })
  if (object === undefined) return refuse(k, notThere.includes(code) ? win32.PATH_NOT_FOUND : dosError(code), invalid)
  const handle = k.handles.open(object, openedBy.creation)
  const outcome = show(k, object, pattern, at)
  if (outcome === status.SUCCESS) return handle
  k.handles.close(handle)
  return refuse(k, dosError(outcome), invalid)
}

/** Goes on with a listing. */
function findNext(k: Kernel, value: number, at: number): boolean {
  const object = fileOfHandle(k, value)
  if (object === undefined) return false
  if (fileOf(object).pattern === null) return refuse(k, win32.INVALID_HANDLE, false)
  const outcome = show(k, object, undefined, at)
  return outcome === status.SUCCESS || refuse(k, dosError(outcome), false)
}

/** Room on the volume that a folder lies on, each where it is asked for. */
function diskSpace(k: Kernel, name: string, outs: readonly [caller: number, total: number, free: number]): boolean {
  const found = lookUp(k, name)
  if (found === undefined) return false
  if (!found.node.directory) return refuse(k, win32.DIRECTORY, false)
  const { volume } = found
  const unit = BigInt(bytesPerUnit(volume))
  const free = BigInt(volume.freeUnits()) * unit
  ;[free, BigInt(volume.info.totalUnits) * unit, free].forEach((bytes, i) => {
    const out = outs[i] ?? 0
    if (out !== 0) k.memory.store64(out, bytes)
  })
  return true
}

const path = cstr('path')

export const xamPaths: readonly Entry[] = [
  xam(1093, 'CreateDirectoryA', [path, ptr('security')], bool, ['files'], (k, name) =>
    openOnce(k, {
      path: name ?? '',
      root: dosNames,
      access: 0,
      share: 0,
      disposition: disposition.create,
      options: option.directory,
      attributes: 0,
    }),
  ),
  xam(1099, 'GetFileAttributesA', [path], u32, ['files'], (k, name) => {
    const found = lookUp(k, name ?? '')
    return found === undefined ? invalid : shownAttributes(found.volume, found.node)
  }),
  xam(1096, 'DeleteFileA', [path], bool, ['files'], (k, name) => deleteFile(k, name ?? '')),
  xam(
    1101,
    'GetFileAttributesExA',
    [path, u32('level'), ptr(FILE_ATTRIBUTE_DATA, 'data')],
    bool,
    ['files'],
    (k, name, level, at) => {
      if (level !== 0) return refuse(k, win32.INVALID_PARAMETER, false)
      const found = lookUp(k, name ?? '')
      if (found !== undefined) writeAttributes(k, at, found.volume, found.node)
      return found !== undefined
    },
  ),
  xam(1097, 'FindFirstFileA', [path, ptr(FIND_DATA, 'data')], u32, ['files'], (k, name, at) =>
    findFirst(k, name ?? '', at),
  ),
  xam(1098, 'FindNextFileA', [handle('listing'), ptr(FIND_DATA, 'data')], bool, ['files'], findNext),
  xam(
    1103,
    'GetDiskFreeSpaceExA',
    [path, ptr('freeToCaller'), ptr('total'), ptr('free')],
    bool,
    ['files'],
    (k, name, caller, total, free) => diskSpace(k, name ?? '', [caller, total, free]),
  ),
  xam(1104, 'CopyFileA', [cstr('from'), cstr('to'), bool('isNew')], bool, ['files', 'blocking'], (k, from, to, isNew) =>
    copyFile(k, from ?? '', to ?? '', isNew),
  ),
  continuation('file-copied', copied, leftUncopied),
]
