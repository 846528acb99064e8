/**
 * Files in Win32’s words, over the same openings and transfers as the native calls: CreateFile, ReadFile, WriteFile and
 * what moves in a file and measures it. A file that was not opened for overlapped transfers parks its caller until the
 * bytes have moved; another answers that the transfer is on its way, and its OVERLAPPED is the status block.
 */
import type { Node, Volume } from '../../../vfs/vfs.ts'
import { bool, continuation, cstr, type Entry, handle, i32, i64, ptr, u32, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { dosError, setLastError } from '../../dos-errors.ts'
import { disposition, fileOf, locateFrom, nodeOf, type Opened, openFile, option, statusOfAbsence } from '../../file.ts'
import { shownAttributes } from '../../file-information.ts'
import { fileKinds, openedBy } from '../../handles.ts'
import { type KernelObject, operation } from '../../object.ts'
import { jumped, type Outcome, parked } from '../../outcome.ts'
import { status, win32 } from '../../status.ts'
import { IO_STATUS_BLOCK, OVERLAPPED } from '../../structs.ts'
import { transfer } from '../../transfer.ts'

const invalid = 0xffffffff
const dosNames = 0xfffffffd
/** Of a file’s attributes, of an access mask, of what others may do meanwhile. */
const [readOnly, deletes, shareAll] = [1, 0x10000, 7]

/** What is to be done where a file is there, or is not, as Win32 numbers it. */
const dispositions = [
  undefined,
  disposition.create,
  disposition.overwriteIf,
  disposition.open,
  disposition.openIf,
  disposition.overwrite,
] as const
const [createAlways, openAlways] = [2, 4]

const flag = { overlapped: 0x40000000, backupSemantics: 0x02000000, deleteOnClose: 0x04000000 } as const
const attributeBits = 0xffff

/** Opens or creates; a handle, or -1 and the error. */
function open(k: Kernel, path: string, access: number, share: number, how: number, flags: number): number {
  const native = dispositions[how]
  if (native === undefined) return refuse(k, win32.INVALID_PARAMETER, invalid)
  const options =
    (flags & flag.overlapped ? 0 : option.synchronous) |
    (flags & flag.backupSemantics ? 0 : option.notDirectory) |
    (flags & flag.deleteOnClose ? option.deleteOnClose : 0)
  const attributes = flags & attributeBits
  const opened = openFile(k, { path, root: dosNames, access, share, disposition: native, options, attributes })
  if (opened.object === undefined) return refuse(k, errorOf(opened), invalid)
  const known = opened.information === wasThere.opened || opened.information === wasThere.overwritten
  setLastError(k, known && (how === createAlways || how === openAlways) ? win32.ALREADY_EXISTS : 0)
  return k.handles.open(opened.object, openedBy.creation)
}

/** What an opening found, in the words of the native call’s status block. */
const wasThere = { opened: 1, overwritten: 3 } as const

/** Win32 says of a file that one there already exists; of anything else, that it does. */
const errorOf = ({ code }: Opened): number =>
  code === status.OBJECT_NAME_COLLISION ? win32.FILE_EXISTS : dosError(code)

function refuse<T>(k: Kernel, error: number, answer: T): T {
  setLastError(k, error)
  return answer
}

function file(k: Kernel, value: number): KernelObject | undefined {
  const object = k.handles.need(value, fileKinds, operation.other)
  return typeof object === 'number' ? refuse(k, dosError(object), undefined) : object
}

interface Move {
  readonly write: boolean
  readonly buffer: number
  readonly length: number
  /** Gets the count, 0 for nobody. */
  readonly countAt: number
  readonly overlapped: number
}

interface Waiting {
  readonly [key: string]: number | boolean
  /** The status block, and whether it was made here. */
  readonly block: number
  readonly own: boolean
  readonly countAt: number
}

/** Two words of the pool: a status block, or an offset. */
const cellSize = 8

/** Reads or writes: whether that was done, or its error. */
function move(k: Kernel, value: number, { write, buffer, length, countAt, overlapped }: Move): Outcome<boolean> {
  const object = file(k, value)
  if (object === undefined) return false
  const waits = (fileOf(object).options & option.synchronous) !== 0
  if (overlapped === 0 && !waits) return refuse(k, win32.INVALID_PARAMETER, false)
  if (!k.pool.fits(cellSize * 2)) return refuse(k, win32.NOT_ENOUGH_MEMORY, false)
  if (countAt !== 0) k.memory.store32(countAt, 0)
  const own = overlapped === 0
  const given = (field: number): number => (own ? 0 : k.memory.load32(overlapped + field))
  const offset = [given(OVERLAPPED.offsetHigh), given(OVERLAPPED.offset)]
  const event = given(OVERLAPPED.event)
  const block = own ? k.pool.allocate(cellSize) : overlapped
  const offsetAt = own ? 0 : k.pool.allocate(cellSize)
  if (!own)
    offset.forEach((word, i) => {
      k.memory.store32(offsetAt + i * 4, word)
    })
  const waiting: Waiting = { block, own, countAt }
  let outcome: Outcome<number>
  try {
    outcome = transfer(k, value, {
      write,
      event,
      apc: 0,
      // The lowest bit of the event keeps the packet back.
      context: own || (event & 1) !== 0 ? 0 : overlapped,
      statusAt: block,
      buffer,
      scattered: false,
      length,
      offsetAt,
      later: { continuation: 'file-moved', state: waiting },
    })
  } finally {
    // The title's OVERLAPPED may not be there to be written.
    if (offsetAt !== 0) k.pool.free(offsetAt, cellSize)
  }
  return outcome === parked || outcome === jumped ? outcome : moved(k, waiting, outcome)
}

/** A transfer has ended, or could not begin. */
function moved(k: Kernel, { block, own, countAt }: Waiting, code: number): boolean {
  const count = code === status.SUCCESS ? k.memory.load32(block + IO_STATUS_BLOCK.information) : 0
  if (own) k.pool.free(block, cellSize)
  if (countAt !== 0) k.memory.store32(countAt, count)
  // To read at the end is no error for one who asks for the next bytes.
  if (code === status.SUCCESS || (own && code === status.END_OF_FILE)) return true
  return refuse(k, code === status.PENDING ? win32.IO_PENDING : dosError(code), false)
}

function sizeOf(k: Kernel, value: number): number | undefined {
  const object = file(k, value)
  const at = object === undefined ? undefined : nodeOf(k, object)
  return at?.node.size
}

/** Where a move of the position leads; undefined, and the error, where it cannot go. */
function seek(k: Kernel, value: number, distance: number, method: number): number | undefined {
  const object = file(k, value)
  if (object === undefined) return undefined
  const from = [0, fileOf(object).position, nodeOf(k, object)?.node.size ?? 0][method]
  if (from === undefined) return refuse(k, win32.INVALID_PARAMETER, undefined)
  if (from + distance < 0) return refuse(k, win32.NEGATIVE_SEEK, undefined)
  fileOf(object).position = from + distance
  setLastError(k, 0)
  return from + distance
}

/** What lies at a path; undefined, and the error, where nothing does. */
function lookUp(k: Kernel, name: string): { readonly volume: Volume; readonly node: Node } | undefined {
  const found = locateFrom(k, dosNames, name)
  if (typeof found === 'number') return refuse(k, dosError(found), undefined)
  if (found.kind === 'node') return found
  k.noteAbsence(name)
  return refuse(k, dosError(statusOfAbsence[found.kind]), undefined)
}

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
    access: deletes,
    share: shareAll,
    disposition: disposition.open,
    options: option.deleteOnClose,
    attributes: 0,
  })
}

const wordSize = 2 ** 32
const high = (value: number): number => Math.floor(value / wordSize)
const path = cstr('path')

export const xamFiles: readonly Entry[] = [
  xam(
    1095,
    'CreateFileA',
    [path, u32('access'), u32('share'), ptr('security'), u32('disposition'), u32('flags'), handle('template')],
    u32,
    ['files'],
    (k, name, access, share, _security, how, flags) => open(k, name ?? '', access, share, how, flags),
  ),
  xam(
    1052,
    'ReadFile',
    [handle('file'), ptr('buffer'), u32('length'), ptr('count'), ptr(OVERLAPPED, 'overlapped')],
    bool,
    ['files', 'blocking'],
    (k, value, buffer, length, countAt, overlapped) =>
      move(k, value, { write: false, buffer, length, countAt, overlapped }),
  ),
  xam(
    1054,
    'WriteFile',
    [handle('file'), ptr('buffer'), u32('length'), ptr('count'), ptr(OVERLAPPED, 'overlapped')],
    bool,
    ['files', 'blocking'],
    (k, value, buffer, length, countAt, overlapped) =>
      move(k, value, { write: true, buffer, length, countAt, overlapped }),
  ),
  continuation('file-moved', moved),
  xam(1063, 'GetFileSize', [handle('file'), ptr('high')], u32, ['files'], (k, value, highAt) => {
    const size = sizeOf(k, value)
    if (size === undefined) return invalid
    if (highAt !== 0) k.memory.store32(highAt, high(size))
    return size % wordSize
  }),
  xam(1064, 'GetFileSizeEx', [handle('file'), ptr('size')], bool, ['files'], (k, value, sizeAt) => {
    const size = sizeOf(k, value)
    if (size !== undefined) k.memory.store64(sizeAt, BigInt(size))
    return size !== undefined
  }),
  xam(
    1047,
    'SetFilePointer',
    [handle('file'), i32('distance'), ptr('high'), u32('method')],
    u32,
    ['files'],
    (k, value, distance, highAt, method) => {
      const whole = highAt === 0 ? distance : (k.memory.load32(highAt) | 0) * wordSize + (distance >>> 0)
      const at = seek(k, value, whole, method)
      if (at === undefined) return invalid
      if (highAt !== 0) k.memory.store32(highAt, high(at))
      return at % wordSize
    },
  ),
  xam(
    1048,
    'SetFilePointerEx',
    [handle('file'), i64('distance'), ptr('position'), u32('method')],
    bool,
    ['files'],
    (k, value, distance, positionAt, method) => {
      const at = seek(k, value, Number(distance), method)
      if (at !== undefined && positionAt !== 0) k.memory.store64(positionAt, BigInt(at))
      return at !== undefined
    },
  ),
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
]
