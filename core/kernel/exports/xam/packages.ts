/** Content packages once more: the calls the system itself uses, which have no user, and pictures of packages. */
import { cstr, type Entry, ptr, u32, u64, win32 as win32Result, xam } from '../../call.ts'
import { deletePackage, findPackage, hardDisk, listPackages, readContentData } from '../../content.ts'
import type { Kernel } from '../../context.ts'
import { createEnumerator } from '../../enumerator.ts'
import { kernelState } from '../../outcome.ts'
import { conclude } from '../../overlapped.ts'
import { win32 } from '../../status.ts'
import { CONTENT_DATA } from '../../structs.ts'
import { titleId } from '../../title-data.ts'
import { contentItem, openContent } from './content.ts'

/** Pictures that packages were given in this run. */
const pictures = kernelState<Record<string, Uint8Array>>('package-pictures', () => ({}))

/** The name a package's picture is kept under; undefined where there is no such package. */
function pictureKey(k: Kernel, dataAt: number): string | undefined {
  const content = readContentData(k, dataAt)
  return findPackage(k, titleId(k), content) === undefined
    ? undefined
    : `${content.type}:${content.fileName.toLowerCase()}`
}

export const packages: readonly Entry[] = [
  xam(
    624,
    'XamContentDeleteInternal',
    [ptr(CONTENT_DATA, 'data'), u32('overlapped')],
    win32Result,
    ['user', 'files'],
    (k, dataAt, overlapped) =>
      conclude(k, overlapped, { result: deletePackage(k, titleId(k), readContentData(k, dataAt)) }),
  ),
  xam(
    625,
    'XamContentCreateInternal',
    [
      cstr('root'),
      ptr(CONTENT_DATA, 'data'),
      u32('flags'),
      ptr('disposition'),
      ptr('license'),
      u32('cacheSize'),
      u64('contentSize'),
      u32('overlapped'),
    ],
    win32Result,
    ['user', 'files'],
    (k, root = '', dataAt, flags, dispositionAt, licenseAt, _cacheSize, _contentSize, overlapped) =>
      openContent(k, { root, dataAt, flags, dispositionAt, licenseAt, overlapped }),
  ),
  xam(
    633,
    'XamContentAggregateCreateEnumerator',
    [u64('xuid'), u32('device'), u32('type'), u32('items'), ptr('handle')],
    win32Result,
    ['user', 'files'],
    (k, _xuid, device, type, _items, handleAt) => {
      const here = device === 0 || device === hardDisk
      const list = here ? listPackages(k, titleId(k), type).map(each => contentItem(k, each)) : []
      k.memory.store32(handleAt, createEnumerator(k, list, Math.max(1, list.length)))
      return win32.SUCCESS
    },
  ),
  xam(
    608,
    'XamContentSetThumbnail',
    [u32('user'), ptr(CONTENT_DATA, 'data'), ptr('picture'), u32('size'), u32('overlapped')],
    win32Result,
    ['user', 'files'],
    (k, _user, dataAt, at, size, overlapped) => {
      const key = pictureKey(k, dataAt)
      if (key !== undefined) k.state(pictures)[key] = k.memory.read(at, size)
      return conclude(k, overlapped, { result: key === undefined ? win32.FILE_NOT_FOUND : win32.SUCCESS })
    },
  ),
  xam(
    609,
    'XamContentGetThumbnail',
    [u32('user'), ptr(CONTENT_DATA, 'data'), ptr('picture'), ptr('size'), u32('overlapped')],
    win32Result,
    ['user', 'files'],
    (k, _user, dataAt, at, sizeAt, overlapped) => {
      const key = pictureKey(k, dataAt)
      const picture = key === undefined ? undefined : k.state(pictures)[key]
      if (picture === undefined) return conclude(k, overlapped, { result: win32.FILE_NOT_FOUND })
      const room = k.memory.load32(sizeAt)
      k.memory.store32(sizeAt, picture.length)
      if (at === 0 || room < picture.length)
        return conclude(k, overlapped, { result: win32.INSUFFICIENT_BUFFER, length: picture.length })
      k.memory.write(at, picture)
      return conclude(k, overlapped, { result: win32.SUCCESS, length: picture.length })
    },
  ),
]
