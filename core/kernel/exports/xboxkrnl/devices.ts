/**
 * Devices a title makes: the road by which its own code mounts the utility drive. It opens a cache partition raw, makes a
 * device with a name, puts a file system on it, and links `cache:` to the name. The files of each such device lie in a
 * folder of their own on the cache volume, which is empty at the start, bounded, and seen by this run alone.
 */
import type { Volume } from '../../../vfs/vfs.ts'
import { ansiString, type Entry, krnl, nothing, ptr, status as statusResult, u32, withoutEffect } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { kernelState } from '../../outcome.ts'
import { status } from '../../status.ts'
import { DEVICE_OBJECT } from '../../structs.ts'

const cacheVolume = '\\Device\\Harddisk0\\CacheFiles'
const deviceType = 3
const mostExtension = 0x10000

interface Device {
  readonly at: number
  readonly name: string
  readonly size: number
}

const made = kernelState<{ last: number; devices: Device[] }>('devices', () => ({ last: 0, devices: [] }))

/** The folder a new device's files lie in; undefined when there is no cache volume. */
function folderFor(k: Kernel, number: number): string | undefined {
  const volume: Volume | undefined = k.ports.files?.volume(cacheVolume)
  if (volume === undefined) return undefined
  const name = `Device${number}`
  if (volume.child(volume.root, name) === undefined) volume.create(volume.root, name, true, 0, k.time.systemTime())
  return `${cacheVolume}\\${name}`
}

/** Makes a device object, and a place for its files when it has a name; its address, or a status to refuse with. */
function createDevice(k: Kernel, driver: number, extension: number, name: string, type: number): Device | number {
  if (extension > mostExtension) return status.INSUFFICIENT_RESOURCES
  const state = k.state(made)
  const size = DEVICE_OBJECT.size + extension
  if (!k.pool.fits(size)) return status.INSUFFICIENT_RESOURCES
  if (name !== '') {
    const { files } = k.ports
    if (files === undefined || files.volume(name) !== undefined) return status.OBJECT_NAME_COLLISION
    const folder = folderFor(k, state.last + 1)
    if (folder === undefined) return status.NO_SUCH_FILE
    if (!files.link(name, folder)) return status.OBJECT_NAME_COLLISION
  }
  state.last += 1
  const at = k.pool.allocate(size)
  k.memory.store16(at + DEVICE_OBJECT.type, deviceType)
  k.memory.store16(at + DEVICE_OBJECT.bytes, size)
  k.memory.store32(at + DEVICE_OBJECT.referenceCount, 1)
  k.memory.store32(at + DEVICE_OBJECT.driver, driver)
  k.memory.store32(at + DEVICE_OBJECT.mounted, at)
  k.memory.store32(at + DEVICE_OBJECT.extension, extension === 0 ? 0 : at + DEVICE_OBJECT.size)
  k.memory.store8(at + DEVICE_OBJECT.deviceType, type)
  k.memory.store32(at + DEVICE_OBJECT.sectorSize, 512)
  const device = { at, name, size }
  state.devices.push(device)
  return device
}

/** Takes a device's name away, so that nothing on it is found any more; whether it had one. */
function dismount(k: Kernel, device: Device | undefined): number {
  if (device === undefined) return status.INVALID_PARAMETER
  return device.name !== '' && k.ports.files?.unlink(device.name) === true
    ? status.SUCCESS
    : status.OBJECT_NAME_NOT_FOUND
}

const find = (k: Kernel, at: number): Device | undefined => k.state(made).devices.find(device => device.at === at)

export const devices: readonly Entry[] = [
  krnl(
    55,
    'IoCreateDevice',
    [ptr('driver'), u32('extension'), ansiString('name'), u32('type'), u32('attributes'), ptr('device')],
    statusResult,
    ['files'],
    (k, driver, extension, name = '', type, _attributes, outAt) => {
      const device = createDevice(k, driver, extension, name, type)
      if (typeof device === 'number') return device
      k.memory.store32(outAt, device.at)
      return status.SUCCESS
    },
  ),
  krnl(57, 'IoDeleteDevice', [ptr('device')], nothing, ['files'], (k, at) => {
    const device = find(k, at)
    if (device === undefined) return
    dismount(k, device)
    const state = k.state(made)
    state.devices = state.devices.filter(each => each !== device)
    k.pool.free(device.at, device.size)
  }),
  krnl(59, 'IoDismountVolume', [ptr('device')], statusResult, ['files'], (k, at) => dismount(k, find(k, at))),
  krnl(61, 'IoDismountVolumeByName', [ansiString('name')], statusResult, ['files'], (k, name = '') =>
    dismount(
      k,
      k.state(made).devices.find(device => device.name.toLowerCase() === name.toLowerCase()),
    ),
  ),
  // The file system is on a named device from the start; one that is asked for by itself gets a device of its own.
  krnl(
    601,
    'StfsCreateDevice',
    [ptr('device'), u32('flags'), ptr('out')],
    statusResult,
    ['files'],
    (k, at, _flags, outAt) => {
      const device = find(k, at) ?? createDevice(k, 0, 0, '', 0)
      if (typeof device === 'number') return device
      if (outAt !== 0) k.memory.store32(outAt, device.at)
      return status.SUCCESS
    },
  ),
  krnl(
    602,
    'StfsControlDevice',
    [ptr('device'), u32('code'), ptr('input'), u32('inputLength'), ptr('output'), u32('outputLength')],
    statusResult,
    ['files'],
    withoutEffect(
      'the file system of a utility drive has nothing to set: it is always whole and written through',
      () => status.SUCCESS,
    ),
  ),
]
