/**
 * Files in Win32’s words, over the same openings and transfers as the native calls: CreateFile, ReadFile, WriteFile and
 * what moves in a file and measures it. A file that was not opened for overlapped transfers parks its caller until the
 * bytes have moved; another answers that the transfer is on its way, and its OVERLAPPED is the status block.
 */
import { bool, continuation, cstr, type Entry, handle, i32, i64, ptr, u32, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { dosError, setLastError } from '../../dos-errors.ts'
import { disposition, fileOf, grantedBy, nodeOf, openFile, option, right } from '../../file.ts'
import { resizeFile } from '../../file-information.ts'
import { openedBy, waitableKinds } from '../../handles.ts'
import { type KernelObject, operation } from '../../object.ts'
import { jumped, type Outcome, parked } from '../../outcome.ts'
import { status, win32 } from '../../status.ts'
import { IO_STATUS_BLOCK, OVERLAPPED } from '../../structs.ts'
import { transfer } from '../../transfer.ts'
import { dosNames, errorOf, fileOfHandle, high, invalid, refuse, wordSize } from '../../win32-files.ts'

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
  if (opened.object === undefined) return refuse(k, errorOf(opened.code), invalid)
  const known = opened.information === wasThere.opened || opened.information === wasThere.overwritten
  setLastError(k, known && (how === createAlways || how === openAlways) ? win32.ALREADY_EXISTS : 0)
  return k.handles.open(opened.object, openedBy.creation)
}

/** What an opening found, in the words of the native call’s status block. */
const wasThere = { opened: 1, overwritten: 3 } as const

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
  const object = fileOfHandle(k, value)
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
  const object = fileOfHandle(k, value)
  const at = object === undefined ? undefined : nodeOf(k, object)
  return at?.node.size
}

/** Where a move of the position leads; undefined, and the error, where it cannot go. */
function seek(k: Kernel, value: number, distance: number, method: number): number | undefined {
  const object = fileOfHandle(k, value)
  if (object === undefined) return undefined
  const from = [0, fileOf(object).position, nodeOf(k, object)?.node.size ?? 0][method]
  if (from === undefined) return refuse(k, win32.INVALID_PARAMETER, undefined)
  if (from + distance < 0) return refuse(k, win32.NEGATIVE_SEEK, undefined)
  fileOf(object).position = from + distance
  setLastError(k, 0)
  return from + distance
}

interface Asked {
  readonly [key: string]: number
  readonly overlapped: number
  readonly countAt: number
}

/** What an overlapped transfer came to: whether it was done, or its error. */
function overlappedResult(k: Kernel, { overlapped, countAt }: Asked): boolean {
  const code = k.memory.load32(overlapped + IO_STATUS_BLOCK.status)
  if (code === status.PENDING) return refuse(k, win32.IO_INCOMPLETE, false)
  k.memory.store32(countAt, k.memory.load32(overlapped + IO_STATUS_BLOCK.information))
  return code === status.SUCCESS || refuse(k, dosError(code), false)
}

/** The same, once it is over where that is to be waited for: on its event, or on the file where it has none. */
function awaitOverlapped(k: Kernel, value: number, asked: Asked, waits: boolean): Outcome<boolean> {
  if (!waits || k.memory.load32(asked.overlapped + IO_STATUS_BLOCK.status) !== status.PENDING)
    return overlappedResult(k, asked)
  const event = (k.memory.load32(asked.overlapped + OVERLAPPED.event) & ~1) >>> 0
  const object = k.handles.need(event === 0 ? value : event, waitableKinds, operation.wait)
  if (typeof object === 'number') return refuse(k, dosError(object), false)
  return k.waitFor(object, undefined, { continuation: 'overlapped-over', state: asked }) as Outcome<never>
}

/** Whether a handle may write, and its file; undefined, and the error, where it may not. */
function writable(k: Kernel, value: number, rights: number): KernelObject | undefined {
  const object = fileOfHandle(k, value)
  if (object === undefined || (grantedBy(fileOf(object).access) & rights) !== 0) return object
  return refuse(k, win32.ACCESS_DENIED, undefined)
}

/** Cuts a file where its position is, or grows it to there. */
function setEnd(k: Kernel, value: number): boolean {
  const object = writable(k, value, right.writeData)
  const at = object === undefined ? undefined : nodeOf(k, object)
  if (object === undefined || at === undefined) return false
  const code = resizeFile({ k, object, ...at }, BigInt(fileOf(object).position))
  return code === status.SUCCESS || refuse(k, dosError(code), false)
}

export const xamFiles: readonly Entry[] = [
  xam(
    1095,
    'CreateFileA',
    [cstr('path'), u32('access'), u32('share'), ptr('security'), u32('disposition'), u32('flags'), handle('template')],
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
  continuation('file-moved', moved, (k, { block, own }) => own && k.pool.free(block, cellSize)),
  xam(
    1070,
    'GetOverlappedResult',
    [handle('file'), ptr(OVERLAPPED, 'overlapped'), ptr('count'), bool('wait')],
    bool,
    ['files', 'blocking', 'poll'],
    (k, value, overlapped, countAt, waits) => awaitOverlapped(k, value, { overlapped, countAt }, waits),
  ),
  continuation('overlapped-over', overlappedResult),
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
  // What is written is in the volume as soon as its transfer is complete.
  xam(
    1053,
    'FlushFileBuffers',
    [handle('file')],
    bool,
    ['files'],
    (k, value) => writable(k, value, right.writeData | right.appendData) !== undefined,
  ),
  xam(1105, 'SetEndOfFile', [handle('file')], bool, ['files'], setEnd),
]
