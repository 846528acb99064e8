import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyState, feedState, type Plain } from '../../../core/base/state.ts'
import { createVfs } from '../../../core/vfs/name-space.ts'
import { emptySource, hostSource, memorySource, type Source } from '../../../core/vfs/source.ts'
import type { Location, Vfs, VolumeInfo } from '../../../core/vfs/vfs.ts'
import { createVolume } from '../../../core/vfs/volume.ts'

const time = 127_794_240_000_000_000n

function info(device: string, more: Partial<VolumeInfo> = {}): VolumeInfo {
  return {
    device,
    fileSystem: 'FATX',
    label: '',
    serial: 1,
    readOnly: false,
    bytesPerSector: 512,
    sectorsPerUnit: 32,
    totalUnits: 0x10000,
    longestName: 42,
    raw: false,
    ...more,
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

function disc(): Source {
  return memorySource({
    'default.xex': text('XEX2'),
    'Media/Fonts/Arial_16.xpr': text('font'),
    'Media/Big.bin': new Uint8Array(200_000).map((_, i) => i & 0xff),
    'Other/secret.txt': text('secret'),
  })
}

function machineFiles(source = disc()): Vfs {
  const vfs = createVfs([
    createVolume({ info: info('\\Device\\Cdrom0'), source, sourceTime: time }),
    createVolume({ info: info('\\Device\\Harddisk0\\Partition1'), source: emptySource, sourceTime: time }),
    createVolume({ info: info('\\Device\\Harddisk0\\Partition10'), source: emptySource, sourceTime: time }),
  ])
  vfs.link('game:', '\\Device\\Cdrom0')
  vfs.link('\\??\\d:', '\\Device\\Cdrom0\\')
  vfs.link('media:', 'game:\\Media')
  return vfs
}

function node(location: Location): string {
  return location.kind === 'node'
    ? `${location.volume.info.device}|${location.volume.pathOf(location.node)}`
    : location.kind
}

function readAll(vfs: Vfs, path: string): string {
  const found = vfs.locate(path)
  if (found.kind !== 'node') return found.kind
  const bytes = new Uint8Array(found.node.size)
  expect(found.volume.read(found.node, 0, bytes)).toBe(bytes.length)
  return new TextDecoder().decode(bytes)
}

function stateBytes(vfs: Vfs): string {
  const parts: Uint8Array[] = []
  feedState(vfs.save(), part => parts.push(part.slice()))
  return Buffer.concat(parts).toString('hex')
}

test.each([
  ['game:\\Media\\Fonts\\Arial_16.xpr', '\\Device\\Cdrom0|Media\\Fonts\\Arial_16.xpr'],
  ['GAME:\\MEDIA\\fonts\\ARIAL_16.XPR', '\\Device\\Cdrom0|Media\\Fonts\\Arial_16.xpr'],
  ['d:/media//fonts/./arial_16.xpr', '\\Device\\Cdrom0|Media\\Fonts\\Arial_16.xpr'],
  ['\\??\\D:\\default.xex', '\\Device\\Cdrom0|default.xex'],
  ['\\Device\\Cdrom0\\Media\\..\\default.xex', '\\Device\\Cdrom0|default.xex'],
  ['game:default.xex', '\\Device\\Cdrom0|default.xex'],
  ['media:\\Big.bin', '\\Device\\Cdrom0|Media\\Big.bin'],
  ['media:\\..\\default.xex', 'no-name'],
  ['game:\\', '\\Device\\Cdrom0|'],
  ['game:', '\\Device\\Cdrom0|'],
  ['game:\\nothing', 'no-name'],
  ['game:\\nothing\\at', 'no-path'],
  ['game:\\default.xex\\at', 'no-path'],
  ['ShaderDumpxe:\\CompareBackEnds', 'no-device'],
  ['game:\\Media\\*.xpr', 'bad-name'],
  ['\\Device\\Harddisk0\\Partition10', '\\Device\\Harddisk0\\Partition10|'],
  ['\\Device\\Harddisk0\\Partition1\\', '\\Device\\Harddisk0\\Partition1|'],
  ['\\Device\\Harddisk0', 'no-device'],
  ['', 'no-device'],
])('the path %s leads to %s', (path, expected) => {
  expect(node(machineFiles().locate(path))).toBe(expected)
})

test('a chain of links that comes back to itself leads nowhere', () => {
  const vfs = machineFiles()
  vfs.link('a:', 'b:')
  vfs.link('b:', 'a:')
  expect(vfs.locate('a:\\x').kind).toBe('no-device')
})

test('a link is made once and can be taken away', () => {
  const vfs = machineFiles()
  expect(vfs.link('\\??\\xbmovie:', 'game:\\Media')).toBe(true)
  expect(vfs.link('XBMOVIE:', 'game:')).toBe(false)
  expect(vfs.linkTarget('xbMovie:')).toBe('game:\\Media')
  expect(vfs.unlink('\\??\\xbmovie:')).toBe(true)
  expect(vfs.unlink('xbmovie:')).toBe(false)
  expect(vfs.locate('xbmovie:\\Big.bin').kind).toBe('no-device')
})

test('no path reaches a file outside the folder its link points at', () => {
  const vfs = machineFiles()
  const component = fc.oneof(
    fc.constantFrom(
      '..',
      '.',
      '',
      'Other',
      'secret.txt',
      'Media',
      'media:',
      'game:',
      'Fonts',
      'Device',
      'Cdrom0',
      '??',
    ),
    fc.string({ maxLength: 6 }),
  )
  fc.assert(
    fc.property(fc.array(component, { maxLength: 12 }), fc.constantFrom('\\', '/', '\\\\'), (parts, separator) => {
      const found = vfs.locate(`media:${separator}${parts.join(separator)}`)
      if (found.kind === 'node') expect(`${found.volume.pathOf(found.node)}\\`).toMatch(/^Media\\/)
      if (found.kind === 'no-name') expect(`${found.volume.pathOf(found.folder)}\\`).toMatch(/^Media\\/)
    }),
    { numRuns: 2000 },
  )
})

test('whatever links a title makes and however it mixes them with other paths, it stays on what is mounted', () => {
  const prefix = fc.constantFrom(
    '',
    '\\',
    '/',
    '\\??\\',
    '\\DosDevices\\',
    '\\Device\\',
    '..\\',
    'c:',
    'c:\\',
    '\\\\host\\share\\',
  )
  const component = fc.oneof(
    fc.constantFrom(
      '..',
      '.',
      '',
      'Media',
      'Fonts',
      'Other',
      'secret.txt',
      'Device',
      'Cdrom0',
      'Harddisk0',
      'Partition1',
    ),
    fc.constantFrom('game:', 'd:', 'media:', 'l0:', 'l1:', 'l2:', 'l1:..', '..:', 'L0', '%2e%2e', '...', '.. '),
    fc.string({ maxLength: 5 }),
  )
  const separator = fc.constantFrom('\\', '/', '\\\\', '\\/', '\\.\\')
  const path = fc
    .tuple(prefix, fc.array(fc.tuple(component, separator), { maxLength: 9 }))
    .map(([first, rest]) => first + rest.flat().join(''))
  const seen = { node: 0, 'no-name': 0 }
  fc.assert(
    fc.property(fc.array(path, { maxLength: 3 }), fc.array(path, { minLength: 1, maxLength: 8 }), (targets, paths) => {
      const vfs = machineFiles()
      targets.forEach((target, i) => {
        vfs.link(`l${i}:`, target)
      })
      const media = vfs.locate('game:\\Media')
      const below = media.kind === 'node' ? media : undefined
      for (const wanted of paths)
        for (const from of [undefined, below]) {
          const found = vfs.locate(wanted, from)
          if (found.kind !== 'node' && found.kind !== 'no-name') continue
          seen[found.kind] += 1
          const node = found.kind === 'node' ? found.node : found.folder
          // What it is found as lies on a volume of the machine, and is reached from its root by names alone.
          expect(vfs.volumes()).toContain(found.volume)
          if (from !== undefined) expect(found.volume).toBe(from.volume)
          const names = found.volume.pathOf(node).split('\\').filter(Boolean)
          let reached: typeof node | undefined = found.volume.root
          for (const name of names) reached = reached === undefined ? undefined : found.volume.child(reached, name)
          expect(reached).toBe(node)
          if (found.kind === 'no-name') expect(found.name).not.toBe('..')
        }
    }),
    { seed: 14, numRuns: 400 },
  )
  expect(Math.min(seen.node, seen['no-name'])).toBeGreaterThan(50)
})

test('the source is asked only for names that it listed itself, whatever the title asks for', () => {
  const asked: string[] = []
  const inner = disc()
  const source: Source = {
    list: key => {
      asked.push(key)
      return inner.list(key)
    },
    read: (key, offset, into) => {
      asked.push(key)
      return inner.read(key, offset, into)
    },
  }
  const vfs = machineFiles(source)
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom('..', 'Media', '../..', '/etc'), fc.string())), parts => {
      const found = vfs.locate(`game:\\${parts.join('\\')}`)
      if (found.kind === 'node' && !found.node.directory) found.volume.read(found.node, 0, new Uint8Array(4))
    }),
    { numRuns: 500 },
  )
  for (const key of asked)
    expect([
      '',
      'Media',
      'Media/Fonts',
      'Media/Fonts/Arial_16.xpr',
      'Media/Big.bin',
      'default.xex',
      'Other',
      'Other/secret.txt',
    ]).toContain(key)
})

test('a host folder hides names that a guest could not mean', () => {
  const folder = {
    list: () => [
      { name: 'ok.txt', directory: false, size: 2 },
      { name: 'a\\b', directory: false, size: 2 },
      { name: 'snow☃', directory: false, size: 2 },
      { name: 'a:b', directory: false, size: 2 },
    ],
    read: () => 0,
  }
  expect(
    hostSource(folder)
      .list('')
      .map(entry => entry.name),
  ).toEqual(['ok.txt'])
})

test('what the title writes over a file shows, and the rest of the file stays', () => {
  const vfs = machineFiles()
  const found = vfs.locate('game:\\Media\\Big.bin')
  if (found.kind !== 'node') throw new Error(found.kind)
  found.volume.write(found.node, 70_000, text('HELLO'), time + 1n)
  const bytes = new Uint8Array(200_010)
  expect(found.volume.read(found.node, 0, bytes)).toBe(200_000)
  for (const at of [0, 65_535, 69_999, 70_005, 131_072, 199_999]) expect(bytes[at]).toBe(at & 0xff)
  expect(new TextDecoder().decode(bytes.subarray(70_000, 70_005))).toBe('HELLO')
  expect(vfs.written().map(file => file.path)).toEqual(['\\Device\\Cdrom0\\Media\\Big.bin'])
})

test('a file cut and grown again reads as zero past the cut', () => {
  const vfs = machineFiles()
  const found = vfs.locate('game:\\Media\\Big.bin')
  if (found.kind !== 'node') throw new Error(found.kind)
  const { volume, node: file } = found
  volume.write(file, 80_000, text('x'), time)
  volume.resize(file, 80_001, time)
  volume.resize(file, 1_000, time)
  volume.resize(file, 100_000, time)
  const bytes = new Uint8Array(100_000)
  expect(volume.read(file, 0, bytes)).toBe(100_000)
  expect(bytes[999]).toBe(999 & 0xff)
  expect(bytes.subarray(1_000).every(byte => byte === 0)).toBe(true)
})

test('a volume behaves as plain byte arrays do, and a restored one as the saved one', () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('write' as const),
      at: fc.nat(150_000),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    }),
    fc.record({ do: fc.constant('resize' as const), size: fc.nat(200_000) }),
    fc.record({ do: fc.constant('restore' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), steps => {
      let vfs = machineFiles()
      let model: Uint8Array = new Uint8Array(200_000).map((_, i) => i & 0xff)
      for (const each of steps) {
        const found = vfs.locate('game:\\media\\big.bin')
        if (found.kind !== 'node') throw new Error(found.kind)
        if (each.do === 'write') {
          found.volume.write(found.node, each.at, each.bytes, time)
          const grown = new Uint8Array(Math.max(model.length, each.at + each.bytes.length))
          grown.set(model)
          grown.set(each.bytes, each.at)
          model = grown
        } else if (each.do === 'resize') {
          found.volume.resize(found.node, each.size, time)
          const cut = new Uint8Array(each.size)
          cut.set(model.subarray(0, each.size))
          model = cut
        } else {
          const state = copyState(vfs.save())
          const before = stateBytes(vfs)
          vfs = machineFiles()
          vfs.load(state)
          expect(stateBytes(vfs)).toBe(before)
        }
      }
      const found = vfs.locate('game:\\media\\big.bin')
      if (found.kind !== 'node') throw new Error(found.kind)
      const bytes = new Uint8Array(model.length + 10)
      expect(found.volume.read(found.node, 0, bytes)).toBe(model.length)
      expect(Buffer.compare(bytes.subarray(0, model.length), model)).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('folders are made, renamed, listed in order and removed when empty', () => {
  const vfs = machineFiles()
  const volume = vfs.volume('\\Device\\Harddisk0\\Partition1')
  if (volume === undefined) throw new Error('no partition')
  const saves = volume.create(volume.root, 'Saves', true, 0, time)
  const slot = volume.create(saves, 'slot1', true, 0, time)
  volume.write(volume.create(slot, 'b.dat', false, 0x80, time), 0, text('b'), time)
  volume.write(volume.create(slot, 'A.dat', false, 0x80, time), 0, text('a'), time)
  expect(volume.children(slot).map(item => item.name)).toEqual(['A.dat', 'b.dat'])
  expect(volume.remove(slot)).toBe('not-empty')
  expect(volume.rename(saves, slot, 'inside', time)).toBe('into-itself')
  expect(volume.rename(slot, volume.root, 'moved', time)).toBe('done')
  expect(readAll(vfs, '\\Device\\Harddisk0\\Partition1\\MOVED\\a.dat')).toBe('a')
  expect(volume.remove(saves)).toBe('done')
  expect(volume.remove(volume.root)).toBe('root')
  expect(volume.rename(slot, volume.root, 'MOVED', time)).toBe('done')
  expect(volume.pathOf(slot)).toBe('MOVED')
})

test('a file that the title removed stays away after a restore', () => {
  const vfs = machineFiles()
  const found = vfs.locate('game:\\default.xex')
  if (found.kind !== 'node') throw new Error(found.kind)
  found.volume.remove(found.node)
  const restored = machineFiles()
  restored.load(copyState(vfs.save()))
  expect(restored.locate('game:\\default.xex').kind).toBe('no-name')
  expect(readAll(restored, 'game:\\Other\\secret.txt')).toBe('secret')
})

test('a snapshot is refused when the folder holds other files than when it was saved', () => {
  const vfs = machineFiles()
  vfs.locate('game:\\default.xex')
  const state: Plain = copyState(vfs.save())
  const other = machineFiles(memorySource({ 'default.xex': text('XEX2, and more') }))
  expect(() => other.load(state)).toThrow('is not the file it was')
  expect(() => machineFiles(memorySource({})).load(state)).toThrow('no longer holds default.xex')
})

test('a snapshot is refused when a folder the title listed holds more than it did', () => {
  const vfs = machineFiles()
  const found = vfs.locate('game:\\')
  if (found.kind === 'node') found.volume.children(found.node)
  const state: Plain = copyState(vfs.save())
  const more = memorySource({
    'default.xex': text('XEX2'),
    'Media/Fonts/Arial_16.xpr': text('font'),
    'Media/Big.bin': new Uint8Array(200_000),
    'Other/secret.txt': text('secret'),
    new: text(''),
  })
  expect(() => machineFiles(more).load(state)).toThrow('holds other files')
})

test('files that the title never met change nothing about it', () => {
  const alone = machineFiles(memorySource({ 'a.txt': text('a') }))
  const crowded = machineFiles(memorySource({ '0.txt': text('0'), 'a.txt': text('a'), 'z/z.txt': text('z') }))
  for (const vfs of [alone, crowded]) expect(readAll(vfs, 'game:\\a.txt')).toBe('a')
  expect(stateBytes(crowded)).toBe(stateBytes(alone))
})

test('a disk holds what the limit says and no more', () => {
  const vfs = machineFiles()
  const volume = vfs.volume('\\Device\\Harddisk0\\Partition1')
  if (volume === undefined) throw new Error('no partition')
  const file = volume.create(volume.root, 'big', false, 0, time)
  expect(volume.write(file, 0xffff_fffe, text('ab'), time)).toBe('full')
  expect(volume.resize(file, 0x1_0000_0000, time)).toBe('full')
  expect(volume.freeUnits()).toBe(0x10000)
  volume.write(file, 0, text('ab'), time)
  expect(volume.freeUnits()).toBe(0x10000 - 4)
})
