/** Files, folders, volumes and symbolic links by the native calls. */
import type { Plain } from '../../../base/state.ts'
import type { Location } from '../../../vfs/vfs.ts'
import {
  ansiString,
  continuation,
  type Entry,
  handle,
  krnl,
  ptr,
  readAnsi,
  status as statusResult,
  u32,
} from '../../call.ts'
import type { Kernel } from '../../context.ts'
import {
  absence,
  deleteFile,
  disposition,
  fileOf,
  grantedBy,
  locateFrom,
  nodeOf,
  openWithHandle,
  right,
  writeStatus,
} from '../../file.ts'
import {
  allocatedSize,
  queries,
  refusedQueries,
  type Subject,
  setters,
  shownAttributes,
  volumeQueries,
  writeNetworkOpen,
} from '../../file-information.ts'
import { renameFile } from '../../file-rename.ts'
import { completionKinds, fileKinds, openedBy } from '../../handles.ts'
import { nextEntry, shown } from '../../listing.ts'
import { nameIn } from '../../naming.ts'
import { operation } from '../../object.ts'
import { failed, status } from '../../status.ts'
import { ANSI_STRING, IO_STATUS_BLOCK, OBJECT_ATTRIBUTES } from '../../structs.ts'
import {
  type Awaited,
  completeNow,
  completeTransfer,
  forgoTransfer,
  transfer,
  transferAwaited,
} from '../../transfer.ts'

const renameClass = 10
const completionClass = 30
const directoryEntryHeader = 0x40
const smallestListing = 72
const rootOf = (k: Kernel, attributes: number): number =>
  attributes === 0 ? 0 : k.memory.load32(attributes + OBJECT_ATTRIBUTES.rootDirectory)

function locate(k: Kernel, attributes: number): Location | number {
  return locateFrom(k, rootOf(k, attributes), nameIn(k, attributes))
}

/** The file of a handle with its volume and node, or a status. */
function subjectOf(k: Kernel, value: number): Subject | number {
  const object = k.handles.need(value, fileKinds, operation.other)
  if (typeof object === 'number') return object
  const at = nodeOf(k, object)
  return at === undefined ? status.INVALID_HANDLE : { k, object, ...at }
}

/** Answers one class of a query table. */
function query(
  k: Kernel,
  table: typeof queries,
  value: number,
  statusAt: number,
  at: number,
  room: number,
  which: number,
): number {
  const row = table[which]
  if (row === undefined) return refusedQueries.has(which) ? status.INVALID_PARAMETER : status.INVALID_INFO_CLASS
  if (room < row.size) return status.INFO_LENGTH_MISMATCH
  const subject = subjectOf(k, value)
  if (typeof subject === 'number') return subject
  const { length, cut = false } = row.fill(subject, at, room)
  const code = cut ? status.BUFFER_OVERFLOW : status.SUCCESS
  writeStatus(k, statusAt, code, length)
  return code
}

function setInformation(k: Kernel, value: number, statusAt: number, at: number, length: number, which: number): number {
  const subject = subjectOf(k, value)
  if (typeof subject === 'number') return subject
  const file = fileOf(subject.object)
  if (which === renameClass) {
    if (length < 16) return status.INFO_LENGTH_MISMATCH
    if ((grantedBy(file.access) & right.delete) === 0) return status.ACCESS_DENIED
    const [root, path] = [k.memory.load32(at + 4), readAnsi(k.memory, at + 8)]
    const result = renameFile(k, subject.object, root, path, k.memory.load8(at) !== 0)
    writeStatus(k, statusAt, result, 0)
    return result
  }
  if (which === completionClass) {
    if (length < 8) return status.INFO_LENGTH_MISMATCH
    const port = k.handles.need(k.memory.load32(at), completionKinds, operation.other)
    if (typeof port === 'number') return port
    file.port = port.serial
    file.key = k.memory.load32(at + 4)
    writeStatus(k, statusAt, status.SUCCESS, 0)
    return status.SUCCESS
  }
  const row = setters[which]
  if (row === undefined) return status.INVALID_INFO_CLASS
  if (length < row.size) return status.INFO_LENGTH_MISMATCH
  if ((grantedBy(file.access) & row.needs) !== row.needs) return status.ACCESS_DENIED
  const result = row.take(subject, at)
  writeStatus(k, statusAt, result, 0)
  return result
}

/** One entry of a folder's listing. */
function queryDirectory(
  k: Kernel,
  value: number,
  at: number,
  room: number,
  patternAt: number,
  restart: boolean,
): { code: number; count: number } {
  const subject = subjectOf(k, value)
  if (typeof subject === 'number') return { code: subject, count: 0 }
  const { volume, node, object } = subject
  if (!node.directory) return { code: status.INVALID_PARAMETER, count: 0 }
  if (room < smallestListing) return { code: status.INFO_LENGTH_MISMATCH, count: 0 }
  const entry = nextEntry(k, object, subject, patternAt === 0 ? undefined : readAnsi(k.memory, patternAt), restart)
  if (typeof entry === 'number') return { code: entry, count: 0 }
  if (room < directoryEntryHeader + entry.name.length) return { code: status.BUFFER_OVERFLOW, count: 0 }
  shown(object, entry)
  k.memory.store32(at, 0)
  k.memory.store32(at + 4, entry.id)
  const { created, accessed, written, changed } = entry.times
  ;[created, accessed, written, changed].forEach((time, i) => {
    k.memory.store64(at + 8 + i * 8, time)
  })
  k.memory.store64(at + 0x28, BigInt(entry.size))
  k.memory.store64(at + 0x30, BigInt(allocatedSize(volume, entry.size)))
  k.memory.store32(at + 0x38, shownAttributes(volume, entry))
  k.memory.store32(at + 0x3c, entry.name.length)
  k.memory.write(at + directoryEntryHeader, new Uint8Array([...entry.name].map(letter => letter.charCodeAt(0))))
  return { code: status.SUCCESS, count: directoryEntryHeader + entry.name.length }
}

/** What raw partitions answer: geometry, and where they lie. */
const control = { geometry: 0x70000, partition: 0x74004 } as const
const rawPartitionBytes = 0xff000

function deviceControl(
  k: Kernel,
  value: number,
  code: number,
  out: number,
  room: number,
): { code: number; count: number } {
  const subject = subjectOf(k, value)
  if (typeof subject === 'number') return { code: subject, count: 0 }
  const { info } = subject.volume
  if (code === control.geometry) {
    if (room < 8) return { code: status.BUFFER_TOO_SMALL, count: 0 }
    k.memory.store32(out, info.raw ? rawPartitionBytes / info.bytesPerSector : info.totalUnits * info.sectorsPerUnit)
    k.memory.store32(out + 4, info.bytesPerSector)
    return { code: status.SUCCESS, count: 8 }
  }
  if (code === control.partition) {
    if (room < 16) return { code: status.BUFFER_TOO_SMALL, count: 0 }
    k.memory.store64(out, 0n)
    k.memory.store64(out + 8, BigInt(rawPartitionBytes))
    return { code: status.SUCCESS, count: 16 }
  }
  return { code: status.INVALID_DEVICE_REQUEST, count: 0 }
}

const transferArgs = [
  handle('file'),
  handle('event'),
  u32('apc'),
  u32('context'),
  ptr(IO_STATUS_BLOCK, 'status'),
  u32('buffer'),
  u32('length'),
  ptr('offset'),
] as const

const transferRow = (ordinal: number, name: string, write: boolean, scattered: boolean): Entry =>
  krnl(
    ordinal,
    name,
    transferArgs,
    statusResult,
    ['files', 'blocking'],
    (k, file, event, apc, context, statusAt, buffer, length, offsetAt) =>
      transfer(k, file, { write, scattered, event, apc, context, statusAt, buffer, length, offsetAt }),
  )

export const files: readonly Entry[] = [
  krnl(
    210,
    'NtCreateFile',
    [
      ptr('handle'),
      u32('access'),
      ptr(OBJECT_ATTRIBUTES, 'attributes'),
      ptr(IO_STATUS_BLOCK, 'status'),
      ptr('allocation'),
      u32('fileAttributes'),
      u32('share'),
      u32('disposition'),
      u32('options'),
    ],
    statusResult,
    ['files'],
    (k, handleAt, access, named, statusAt, _allocation, attributes, share, how, options) =>
      how > disposition.overwriteIf
        ? status.INVALID_PARAMETER
        : openWithHandle(k, handleAt, statusAt, {
            path: nameIn(k, named),
            root: rootOf(k, named),
            access,
            share,
            disposition: how,
            options,
            attributes,
          }),
  ),
  krnl(
    223,
    'NtOpenFile',
    [
      ptr('handle'),
      u32('access'),
      ptr(OBJECT_ATTRIBUTES, 'attributes'),
      ptr(IO_STATUS_BLOCK, 'status'),
      u32('share'),
      u32('options'),
    ],
    statusResult,
    ['files'],
    (k, handleAt, access, named, statusAt, share, options) =>
      openWithHandle(k, handleAt, statusAt, {
        path: nameIn(k, named),
        root: rootOf(k, named),
        access,
        share,
        disposition: disposition.open,
        options,
        attributes: 0,
      }),
  ),
  transferRow(240, 'NtReadFile', false, false),
  transferRow(241, 'NtReadFileScatter', false, true),
  transferRow(255, 'NtWriteFile', true, false),
  transferRow(256, 'NtWriteFileGather', true, true),
  continuation('file-transfer', (k, state: Parameters<typeof completeTransfer>[1]) => completeTransfer(k, state)),
  continuation(
    'file-transfer-awaited',
    (k, state: Plain) => transferAwaited(k, state as unknown as Awaited),
    (k, state) => forgoTransfer(k, state as unknown as Awaited),
  ),
  krnl(
    232,
    'NtQueryInformationFile',
    [handle('file'), ptr(IO_STATUS_BLOCK, 'status'), ptr('information'), u32('length'), u32('class')],
    statusResult,
    ['files', 'poll'],
    (k, file, statusAt, at, length, which) => query(k, queries, file, statusAt, at, length, which),
  ),
  krnl(
    239,
    'NtQueryVolumeInformationFile',
    [handle('file'), ptr(IO_STATUS_BLOCK, 'status'), ptr('information'), u32('length'), u32('class')],
    statusResult,
    ['files', 'poll'],
    (k, file, statusAt, at, length, which) => query(k, volumeQueries, file, statusAt, at, length, which),
  ),
  krnl(
    247,
    'NtSetInformationFile',
    [handle('file'), ptr(IO_STATUS_BLOCK, 'status'), ptr('information'), u32('length'), u32('class')],
    statusResult,
    ['files'],
    (k, file, statusAt, at, length, which) => setInformation(k, file, statusAt, at, length, which),
  ),
  krnl(
    231,
    'NtQueryFullAttributesFile',
    [ptr(OBJECT_ATTRIBUTES, 'attributes'), ptr('information')],
    statusResult,
    ['files', 'poll'],
    (k, attributes, at) => {
      const found = locate(k, attributes)
      if (typeof found === 'number') return found
      if (found.kind !== 'node') return absence(k, found, nameIn(k, attributes))
      writeNetworkOpen(k, at, found.volume, found.node)
      return status.SUCCESS
    },
  ),
  krnl(
    228,
    'NtQueryDirectoryFile',
    [
      handle('file'),
      handle('event'),
      u32('apc'),
      u32('context'),
      ptr(IO_STATUS_BLOCK, 'status'),
      ptr('information'),
      u32('length'),
      ptr(ANSI_STRING, 'pattern'),
      u32('restart'),
    ],
    statusResult,
    ['files'],
    (k, file, event, apc, context, statusAt, at, length, patternAt, restart) => {
      const { code, count } = queryDirectory(k, file, at, length, patternAt, restart !== 0)
      const object = k.handles.peek(file)
      if (failed(code) || object === undefined) {
        writeStatus(k, statusAt, code, 0)
        return code
      }
      return completeNow(k, object, event, { thread: k.thread.id, apc, context, statusAt }, code, count)
    },
  ),
  krnl(
    217,
    'NtDeviceIoControlFile',
    [
      handle('file'),
      handle('event'),
      u32('apc'),
      u32('context'),
      ptr(IO_STATUS_BLOCK, 'status'),
      u32('code'),
      ptr('input'),
      u32('inputLength'),
      ptr('output'),
      u32('outputLength'),
    ],
    statusResult,
    ['files'],
    (k, file, event, apc, context, statusAt, code, _input, _inputLength, output, room) => {
      const result = deviceControl(k, file, code, output, room)
      const object = k.handles.peek(file)
      if (failed(result.code) || object === undefined) return result.code
      return completeNow(k, object, event, { thread: k.thread.id, apc, context, statusAt }, result.code, result.count)
    },
  ),
  // What is written is in the volume as soon as the transfer is complete.
  krnl(
    219,
    'NtFlushBuffersFile',
    [handle('file'), ptr(IO_STATUS_BLOCK, 'status')],
    statusResult,
    ['files'],
    (k, file, statusAt) => {
      const object = k.handles.need(file, fileKinds, operation.other)
      if (typeof object === 'number') return object
      writeStatus(k, statusAt, status.SUCCESS, 0)
      return status.SUCCESS
    },
  ),
  krnl(216, 'NtDeleteFile', [ptr(OBJECT_ATTRIBUTES, 'attributes')], statusResult, ['files'], (k, attributes) =>
    deleteFile(k, rootOf(k, attributes), nameIn(k, attributes)),
  ),

  krnl(
    259,
    'ObCreateSymbolicLink',
    [ansiString('link'), ansiString('target')],
    statusResult,
    ['files'],
    (k, link, target) => {
      if (link === undefined || target === undefined) return status.INVALID_PARAMETER
      return k.ports.files?.link(link, target) === true ? status.SUCCESS : status.OBJECT_NAME_COLLISION
    },
  ),
  krnl(260, 'ObDeleteSymbolicLink', [ansiString('link')], statusResult, ['files'], (k, link) => {
    if (link === undefined) return status.INVALID_PARAMETER
    return k.ports.files?.unlink(link) === true ? status.SUCCESS : status.OBJECT_NAME_NOT_FOUND
  }),
  krnl(
    224,
    'NtOpenSymbolicLinkObject',
    [ptr('handle'), ptr(OBJECT_ATTRIBUTES, 'attributes')],
    statusResult,
    ['files'],
    (k, handleAt, attributes) => {
      const name = nameIn(k, attributes)
      if (k.ports.files?.linkTarget(name) === undefined) return status.OBJECT_NAME_NOT_FOUND
      const object = k.objects.create({ kind: 'SymbolicLink', name })
      object.data = { link: name }
      k.memory.store32(handleAt, k.handles.open(object, openedBy.name))
      return status.SUCCESS
    },
  ),
  krnl(
    236,
    'NtQuerySymbolicLinkObject',
    [handle('link'), ptr(ANSI_STRING, 'target'), ptr('length')],
    statusResult,
    ['files', 'poll'],
    (k, value, out, lengthAt) => {
      const object = k.handles.need(value, ['SymbolicLink'], operation.other)
      if (typeof object === 'number') return object
      const target = k.ports.files?.linkTarget((object.data as { link: string }).link)
      if (target === undefined) return status.OBJECT_NAME_NOT_FOUND
      if (lengthAt !== 0) k.memory.store32(lengthAt, target.length)
      if (k.memory.load16(out + ANSI_STRING.maximumLength) < target.length) return status.BUFFER_TOO_SMALL
      k.memory.write(
        k.memory.load32(out + ANSI_STRING.buffer),
        new Uint8Array([...target].map(letter => letter.charCodeAt(0))),
      )
      k.memory.store16(out + ANSI_STRING.length, target.length)
      return status.SUCCESS
    },
  ),
]
