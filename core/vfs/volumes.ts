/** The volumes of a console with a title in it, and the names titles know them by. */
import { createVfs } from './name-space.ts'
import { emptySource, type Source } from './source.ts'
import type { FileTime, Vfs, VolumeInfo } from './vfs.ts'
import { createVolume } from './volume.ts'

/** What the title was started from. */
export interface TitleMedia {
  readonly source: Source
  /** A disc cannot be written; a folder is the hard disk's title partition, and what is written to it stays here. */
  readonly kind: 'disc' | 'folder'
  /** The date of everything on it. */
  readonly time: FileTime
}

const megabyte = 1024 * 1024
const gigabyte = 1024 * megabyte

/** Titles read free space as 32 bits: less than 4 GiB is free on every disk. */
const diskBytes = 3 * gigabyte

function disk(device: string, bytes: number, more: Partial<VolumeInfo> = {}): VolumeInfo {
  const bytesPerSector = 512
  const sectorsPerUnit = 32
  return {
    device,
    fileSystem: 'FATX',
    label: '',
    serial: 0x58454e4f,
    readOnly: false,
    bytesPerSector,
    sectorsPerUnit,
    totalUnits: bytes / (bytesPerSector * sectorsPerUnit),
    longestName: 42,
    raw: false,
    ...more,
  }
}

const disc = (device: string): VolumeInfo => ({
  ...disk(device, 0),
  fileSystem: 'GDFX',
  readOnly: true,
  bytesPerSector: 2048,
  sectorsPerUnit: 1,
  totalUnits: (7 * gigabyte) / 2048,
  longestName: 255,
})

export const devices = {
  disc: '\\Device\\Cdrom0',
  title: '\\Device\\Harddisk0\\Partition1',
  cache: '\\Device\\Harddisk0\\CacheFiles',
} as const

/** Partitions that are opened raw by the code that mounts caches. */
const rawDevices = ['Partition0', 'Cache0', 'Cache1'].map(name => `\\Device\\Harddisk0\\${name}`)

export function createTitleVfs({ source, kind, time }: TitleMedia): Vfs {
  const make = (info: VolumeInfo, from: Source) => createVolume({ info, source: from, sourceTime: time })
  const vfs = createVfs([
    make(disc(devices.disc), source),
    make(disk(devices.title, diskBytes), kind === 'folder' ? source : emptySource),
    make(disk(devices.cache, gigabyte), emptySource),
    ...rawDevices.map(device => make(disk(device, 16 * megabyte, { raw: true }), emptySource)),
  ])
  const home = kind === 'folder' ? devices.title : devices.disc
  vfs.link('game:', home)
  vfs.link('d:', home)
  return vfs
}
