/** Content packages, the storage device they lie on, and enumerators over both. */
import { cstr, type Entry, handle, ptr, u32, u64, win32 as win32Result, xam } from '../../call.ts'
import {
  createPackage,
  deletePackage,
  findPackage,
  hardDisk,
  hardDiskName,
  hardDiskType,
  isMounted,
  listPackages,
  mountPackage,
  readContentData,
  titleVolume,
  unmountPackage,
  writeContentData,
} from '../../content.ts'
import type { Kernel } from '../../context.ts'
import { createEnumerator, exhausted, type Item, recordOnly, writePortion } from '../../enumerator.ts'
import { operation } from '../../object.ts'
import { conclude } from '../../overlapped.ts'
import { win32 } from '../../status.ts'
import { CONTENT_DATA, CONTENT_DEVICE_DATA } from '../../structs.ts'
import { wideBytes } from '../../text.ts'
import { titleId } from '../../title-data.ts'
import { offlineId } from '../../user.ts'

/** How a package is opened, in the low bits of the flags. */
const mode = { createNew: 1, createAlways: 2, openExisting: 3, openAlways: 4, truncateExisting: 5 } as const
const outcome = { failed: 0, created: 1, opened: 2 } as const
const noMoreFiles = 0x80070012

interface OpenRequest {
  readonly root: string
  readonly dataAt: number
  readonly flags: number
  readonly dispositionAt: number
  readonly licenseAt: number
  readonly overlapped: number
}

/** Opens a package: a Win32 code and what happened. */
function open(k: Kernel, root: string, dataAt: number, flags: number): { code: number; how: number } {
  const refuse = (code: number): { code: number; how: number } => ({ code, how: outcome.failed })
  if (root === '' || dataAt === 0) return refuse(win32.INVALID_PARAMETER)
  if (isMounted(k, root)) return refuse(win32.ALREADY_EXISTS)
  const title = titleId(k)
  const content = readContentData(k, dataAt)
  const how = flags & 0xf
  const found = findPackage(k, title, content)
  if (found !== undefined && how === mode.createNew) return refuse(win32.ALREADY_EXISTS)
  if (found === undefined && (how === mode.openExisting || how === mode.truncateExisting))
    return refuse(win32.PATH_NOT_FOUND)
  if (how < mode.createNew || how > mode.truncateExisting) return refuse(win32.INVALID_PARAMETER)
  const afresh = found === undefined || how === mode.createAlways || how === mode.truncateExisting
  if (found !== undefined && afresh) {
    const code = deletePackage(k, title, content)
    if (code !== win32.SUCCESS) return refuse(code)
  }
  const node = afresh ? createPackage(k, title, content) : found
  if (node === undefined) return refuse(win32.INVALID_PARAMETER)
  mountPackage(k, root, node)
  return {
    code: win32.SUCCESS,
    how: found === undefined || how === mode.createAlways ? outcome.created : outcome.opened,
  }
}

export function openContent(
  k: Kernel,
  { root, dataAt, flags, dispositionAt, licenseAt, overlapped }: OpenRequest,
): number {
  const { code, how } = open(k, root, dataAt, flags)
  if (dispositionAt !== 0) k.memory.store32(dispositionAt, how)
  if (licenseAt !== 0) k.memory.store32(licenseAt, 0)
  return conclude(k, overlapped, { result: code, length: how })
}

function deviceData(k: Kernel): Uint8Array {
  const bytes = new Uint8Array(CONTENT_DEVICE_DATA.size)
  const view = new DataView(bytes.buffer)
  const volume = titleVolume(k)
  const unit = BigInt((volume?.info.bytesPerSector ?? 512) * (volume?.info.sectorsPerUnit ?? 32))
  view.setUint32(CONTENT_DEVICE_DATA.id, hardDisk)
  view.setUint32(CONTENT_DEVICE_DATA.type, hardDiskType)
  view.setBigUint64(CONTENT_DEVICE_DATA.total, BigInt(volume?.info.totalUnits ?? 0) * unit)
  view.setBigUint64(CONTENT_DEVICE_DATA.free, BigInt(volume?.freeUnits() ?? 0) * unit)
  for (let i = 0; i < hardDiskName.length; i += 1)
    view.setUint16(CONTENT_DEVICE_DATA.name + i * 2, hardDiskName.charCodeAt(i))
  return bytes
}

export function contentItem(k: Kernel, content: Parameters<typeof writeContentData>[2]): Item {
  const at = k.pool.allocate(CONTENT_DATA.size)
  writeContentData(k, at, content)
  const bytes = k.memory.read(at, CONTENT_DATA.size)
  k.pool.free(at, CONTENT_DATA.size)
  return recordOnly(bytes)
}

function enumerate(
  k: Kernel,
  value: number,
  buffer: number,
  room: number,
  countAt: number,
  overlapped: number,
): number {
  const object = k.handles.need(value, ['Enumerator'], operation.other)
  if (typeof object === 'number') return win32.INVALID_HANDLE
  const count = writePortion(k, object, buffer, room)
  if (countAt !== 0) k.memory.store32(countAt, count)
  if (count > 0) return conclude(k, overlapped, { result: win32.SUCCESS, length: count })
  if (!exhausted(object)) return win32.INSUFFICIENT_BUFFER
  return overlapped === 0
    ? win32.NO_MORE_FILES
    : conclude(k, overlapped, { result: win32.FUNCTION_FAILED, extended: noMoreFiles })
}

const createArgs = [
  u32('user'),
  cstr('root'),
  ptr(CONTENT_DATA, 'data'),
  u32('flags'),
  ptr('disposition'),
  ptr('license'),
] as const

export const content: readonly Entry[] = [
  xam(
    600,
    'XamContentCreate',
    [...createArgs, u32('overlapped')],
    win32Result,
    ['user', 'files'],
    (k, _user, root = '', dataAt, flags, dispositionAt, licenseAt, overlapped) =>
      openContent(k, { root, dataAt, flags, dispositionAt, licenseAt, overlapped }),
  ),
  xam(
    601,
    'XamContentCreateEx',
    [...createArgs, u32('cacheSize'), u64('contentSize'), u32('overlapped')],
    win32Result,
    ['user', 'files'],
    (k, _user, root = '', dataAt, flags, dispositionAt, licenseAt, _cacheSize, _contentSize, overlapped) =>
      openContent(k, { root, dataAt, flags, dispositionAt, licenseAt, overlapped }),
  ),
  xam(
    602,
    'XamContentClose',
    [cstr('root'), u32('overlapped')],
    win32Result,
    ['user', 'files'],
    (k, root = '', overlapped) => conclude(k, overlapped, { result: unmountPackage(k, root) }),
  ),
  xam(
    603,
    'XamContentDelete',
    [u32('user'), ptr(CONTENT_DATA, 'data'), u32('overlapped')],
    win32Result,
    ['user', 'files'],
    (k, _user, dataAt, overlapped) =>
      conclude(k, overlapped, { result: deletePackage(k, titleId(k), readContentData(k, dataAt)) }),
  ),
  // What a title writes is on the disk at once.
  xam(
    615,
    'XamContentFlush',
    [cstr('root'), u32('overlapped')],
    win32Result,
    ['user', 'files'],
    (k, root = '', overlapped) =>
      conclude(k, overlapped, { result: isMounted(k, root) ? win32.SUCCESS : win32.FILE_NOT_FOUND }),
  ),
  xam(
    604,
    'XamContentCreateEnumerator',
    [u32('user'), u32('device'), u32('type'), u32('flags'), u32('items'), ptr('size'), ptr('handle')],
    win32Result,
    ['user', 'files'],
    (k, _user, device, type, _flags, items, sizeAt, handleAt) => {
      if (device !== 0 && device !== hardDisk) return win32.DEVICE_NOT_CONNECTED
      if (sizeAt !== 0) k.memory.store32(sizeAt, CONTENT_DATA.size * items)
      const list = listPackages(k, titleId(k), type).map(each => contentItem(k, each))
      k.memory.store32(handleAt, createEnumerator(k, list, items))
      return win32.SUCCESS
    },
  ),
  xam(
    605,
    'XamContentCreateDeviceEnumerator',
    [u32('type'), u32('flags'), u32('count'), ptr('size'), ptr('handle')],
    win32Result,
    ['user', 'files'],
    (k, _type, _flags, count, sizeAt, handleAt) => {
      if (sizeAt !== 0) k.memory.store32(sizeAt, CONTENT_DEVICE_DATA.size * count)
      k.memory.store32(handleAt, createEnumerator(k, [recordOnly(deviceData(k))], count))
      return win32.SUCCESS
    },
  ),
  xam(
    592,
    'XamEnumerate',
    [handle('enumerator'), u32('flags'), ptr('buffer'), u32('size'), ptr('count'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, value, _flags, buffer, room, countAt, overlapped) => enumerate(k, value, buffer, room, countAt, overlapped),
  ),
  xam(
    606,
    'XamContentGetDeviceData',
    [u32('device'), ptr(CONTENT_DEVICE_DATA, 'data')],
    win32Result,
    ['user', 'poll'],
    (k, device, at) => {
      if (device !== hardDisk) return win32.DEVICE_NOT_CONNECTED
      k.memory.write(at, deviceData(k))
      return win32.SUCCESS
    },
  ),
  xam(
    607,
    'XamContentGetDeviceName',
    [u32('device'), ptr('name'), u32('units')],
    win32Result,
    ['user', 'poll'],
    (k, device, at, units) => {
      if (device !== hardDisk) return win32.DEVICE_NOT_CONNECTED
      if (units <= hardDiskName.length) return win32.INSUFFICIENT_BUFFER
      k.memory.write(at, wideBytes(`${hardDiskName}\0`))
      return win32.SUCCESS
    },
  ),
  xam(
    613,
    'XamContentGetDeviceState',
    [u32('device'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, device, overlapped) =>
      conclude(k, overlapped, { result: device === hardDisk ? win32.SUCCESS : win32.DEVICE_NOT_CONNECTED }),
  ),
  xam(
    610,
    'XamContentGetCreator',
    [u32('user'), ptr(CONTENT_DATA, 'data'), ptr('isCreator'), ptr('creator'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, _user, dataAt, isCreatorAt, creatorAt, overlapped) => {
      const found = findPackage(k, titleId(k), readContentData(k, dataAt)) !== undefined
      if (found) {
        k.memory.store32(isCreatorAt, 1)
        if (creatorAt !== 0) k.memory.store64(creatorAt, offlineId)
      }
      return conclude(k, overlapped, { result: found ? win32.SUCCESS : win32.PATH_NOT_FOUND })
    },
  ),
  xam(
    614,
    'XamContentGetLicenseMask',
    [ptr('mask'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, maskAt, overlapped) => {
      k.memory.store32(maskAt, 0)
      return conclude(k, overlapped, { result: win32.SUCCESS })
    },
  ),
]
