/**
 * The native file calls over a volume in memory. A transfer takes effect when the guest time that its size gives has
 * passed, and signals, in order: the status block, the file, the event, the APC, the packet.
 */
import { describe, expect, test } from 'vitest'
import { limits } from '../../../core/base/limits.ts'
import { status } from '../../../core/kernel/status.ts'
import { memorySource } from '../../../core/vfs/source.ts'
import { createTitleVfs } from '../../../core/vfs/volumes.ts'
import { code, createWorkbench, parked, type Workbench } from './workbench.ts'

const time = 127_794_240_000_000_000n
const generic = { read: 0x80000000, write: 0x40000000, delete: 0x10000 } as const
const synchronous = 0x20
const shareAll = 7
const open = 1
const create = 2
const openIf = 3
const overwriteIf = 5

interface FileBench extends Workbench {
  /** NtCreateFile; the status, what happened and the handle. */
  open(path: string, more?: Partial<OpenSpec>): { code: number; info: number; handle: number }
  attributes(path: string, root?: number): number
  /** Result and information of a status block. */
  block(at: number): [status: number, information: number]
}

interface OpenSpec {
  readonly access: number
  readonly share: number
  readonly disposition: number
  readonly options: number
  readonly root: number
}

const files = {
  'default.xex': new Uint8Array(10),
  'Media/a.bin': new Uint8Array(5000).map((_, i) => i & 0xff),
  'Media/b.txt': new TextEncoder().encode('hello, world'),
  'Media/Sub/c.bin': new Uint8Array(3),
}

function fileBench(
  kind: 'folder' | 'disc' = 'folder',
  vfs = createTitleVfs({ source: memorySource(files), kind, time }),
): FileBench {
  const bench = createWorkbench({ ioRate: 1_000_000 }, { files: vfs })
  const ansi = (text: string): number => {
    const buffer = bench.cell(text.length + 1)
    bench.memory.write(buffer, new Uint8Array([...text].map(letter => letter.charCodeAt(0))))
    return bench.words((text.length << 16) | (text.length + 1), buffer)
  }
  const attributes = (path: string, root = 0xfffffffd): number => bench.words(root, ansi(path), 0x40)
  return Object.assign(bench, {
    attributes,
    block: (at: number): [number, number] => [bench.memory.load32(at), bench.memory.load32(at + 4)],
    open(path: string, more: Partial<OpenSpec> = {}) {
      const { access = generic.read, share = shareAll, disposition = open, options = synchronous, root } = more
      const handleAt = bench.cell()
      const statusAt = bench.cell()
      const code = Number(
        bench.call(
          1,
          'NtCreateFile',
          handleAt,
          access,
          attributes(path, root),
          statusAt,
          0,
          0x80,
          share,
          disposition,
          options,
        ),
      )
      return { code, info: bench.memory.load32(statusAt + 4), handle: bench.memory.load32(handleAt) }
    },
  })
}

/** Reads synchronously: parks, lets the time pass, answers status and bytes. */
function readSync(
  bench: FileBench,
  handle: number,
  length: number,
  offset?: bigint,
): { code: number; bytes: Uint8Array } {
  const statusAt = bench.cell()
  const buffer = bench.cell(length)
  const offsetAt = offset === undefined ? 0 : bench.long(offset)
  const answer = bench.call(1, 'NtReadFile', handle, 0, 0, 0, statusAt, buffer, length, offsetAt)
  if (answer !== parked) return { code: Number(answer), bytes: new Uint8Array(0) }
  bench.pass(10_000_000)
  const code = bench.result(1)
  return { code, bytes: bench.memory.read(buffer, bench.memory.load32(statusAt + 4)) }
}

test.each<[what: string, path: string, more: Partial<OpenSpec>, code: number, info: number]>([
  ['a file is opened', 'game:\\Media\\a.bin', {}, 0, 1],
  ['the case of a name means nothing', 'D:\\MEDIA\\A.BIN', {}, 0, 1],
  ['a missing file is not opened', 'game:\\Media\\z.bin', {}, status.OBJECT_NAME_NOT_FOUND, 5],
  ['a missing folder is told apart', 'game:\\Nowhere\\z.bin', {}, status.OBJECT_PATH_NOT_FOUND, 5],
  ['an unknown device has no file', 'ShaderDumpxe:\\CompareBackEnds', {}, status.NO_SUCH_FILE, 5],
  ['a wild card is no name', 'game:\\*.bin', {}, status.OBJECT_NAME_INVALID, 5],
  [
    'a file that is there is not created',
    'game:\\Media\\a.bin',
    { disposition: create },
    status.OBJECT_NAME_COLLISION,
    4,
  ],
  ['a file that is not there is', 'game:\\new.bin', { disposition: create }, 0, 2],
  ['open or create opens', 'game:\\Media\\a.bin', { disposition: openIf }, 0, 1],
  ['open or create creates', 'game:\\new.bin', { disposition: openIf }, 0, 2],
  ['an overwritten file says so', 'game:\\Media\\a.bin', { disposition: overwriteIf, access: generic.write }, 0, 3],
  ['a superseded file says so', 'game:\\Media\\a.bin', { disposition: 0, access: generic.write }, 0, 0],
  ['a folder is no file', 'game:\\Media', { options: 0x40 }, status.FILE_IS_A_DIRECTORY, 4],
  ['a file is no folder', 'game:\\Media\\a.bin', { options: 1 }, status.NOT_A_DIRECTORY, 4],
  ['a path that ends in a separator is a folder', 'game:\\Media\\a.bin\\', {}, status.NOT_A_DIRECTORY, 4],
  ['the root is opened by its separator', 'game:\\', { options: 1 }, 0, 1],
  ['the device is opened without', 'game:', {}, 0, 1],
  ['a name with a bad letter is not created', 'game:\\a|b', { disposition: create }, status.OBJECT_NAME_INVALID, 5],
  ['a disposition beyond the last is refused', 'game:\\x', { disposition: 6 }, status.INVALID_PARAMETER, 0],
])('NtCreateFile: %s', (_what, path, more, expected, info) => {
  const bench = fileBench()
  expect(bench.open(path, more)).toMatchObject({ code: expected, info })
})

test('a disc is read and never written', () => {
  const bench = fileBench('disc')
  expect(bench.open('game:\\Media\\a.bin').code).toBe(0)
  expect(bench.open('game:\\Media\\a.bin', { access: generic.write }).code).toBe(status.ACCESS_DENIED)
  expect(bench.open('game:\\new', { disposition: create }).code).toBe(status.ACCESS_DENIED)
  // Who asks for whatever may be had may read.
  const { code, handle } = bench.open('game:\\Media\\a.bin', { access: 0x2000000 })
  expect([code, readSync(bench, handle, 1, 0n).code]).toEqual([0, 0])
  expect(bench.call(1, 'NtWriteFile', handle, 0, 0, 0, bench.cell(), bench.cell(), 1, 0)).toBe(status.ACCESS_DENIED)
})

test('NtOpenFile takes share and options, and a path below a folder handle', () => {
  const bench = fileBench()
  const folder = bench.open('game:\\Media', { options: 1 }).handle
  const handleAt = bench.cell()
  const statusAt = bench.cell()
  const call = (name: number): number =>
    Number(bench.call(1, 'NtOpenFile', handleAt, generic.read, name, statusAt, 3, 0x40))
  expect(call(bench.attributes('b.txt', folder))).toBe(0)
  expect(call(bench.attributes('..\\default.xex', folder))).toBe(0)
  expect(call(bench.attributes('Sub', folder))).toBe(status.FILE_IS_A_DIRECTORY)
  expect(call(bench.attributes('b.txt', 0x1234))).toBe(status.INVALID_HANDLE)
})

test('openings that do not share refuse one another', () => {
  const bench = fileBench()
  const first = bench.open('game:\\Media\\a.bin', { share: 1 })
  expect(bench.open('game:\\Media\\a.bin', { share: 1 }).code).toBe(0)
  expect(bench.open('game:\\media\\A.bin', { access: generic.write }).code).toBe(status.SHARING_VIOLATION)
  expect(bench.open('game:\\Media\\a.bin', { share: 0 }).code).toBe(status.SHARING_VIOLATION)
  bench.call(1, 'NtClose', first.handle)
})

test('a synchronous read parks its caller until the bytes are there, at the time its size gives', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\a.bin')
  const statusAt = bench.cell()
  const buffer = bench.cell(4000)
  expect(bench.call(1, 'NtReadFile', handle, 0, 0, 0, statusAt, buffer, 4000, bench.long(1000n))).toBe(parked)
  expect(bench.block(statusAt)[0]).toBe(status.PENDING)
  // 100 microseconds and 4000 bytes at a million a second.
  const ticks = (100 + 4000) * 50
  bench.pass(ticks - 2)
  expect(bench.runs(1)).toBe(false)
  bench.pass(2)
  expect(bench.result(1)).toBe(0)
  expect(bench.block(statusAt)).toEqual([0, 4000])
  expect([...bench.memory.read(buffer, 4000)]).toEqual([...files['Media/a.bin'].subarray(1000, 5000)])
})

test('a read without an offset goes on where the last one ended, and ends at the end', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt')
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
  expect(text(readSync(bench, handle, 5).bytes)).toBe('hello')
  expect(text(readSync(bench, handle, 100, -1n).bytes)).toBe(', world')
  expect(readSync(bench, handle, 1).code).toBe(status.END_OF_FILE)
  expect(text(readSync(bench, handle, 2, 1n).bytes)).toBe('el')
  expect(text(readSync(bench, handle, 2, -2n).bytes)).toBe('lo')
  expect(readSync(bench, handle, 1, 12n).code).toBe(status.END_OF_FILE)
})

test('an asynchronous read answers at once and signals event, APC and packet when it is complete', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt', { options: 0 })
  const eventAt = bench.cell()
  bench.call(1, 'NtCreateEvent', eventAt, 0, 1, 1)
  const event = bench.memory.load32(eventAt)
  const portAt = bench.cell()
  bench.call(1, 'NtCreateIoCompletion', portAt, 0, 0, 1)
  const statusAt = bench.cell()
  const info = bench.words(bench.memory.load32(portAt), 0x77)
  expect(bench.call(1, 'NtSetInformationFile', handle, statusAt, info, 8, 30)).toBe(0)
  const buffer = bench.cell(16)
  bench.told()
  const routine = code + 0x400
  expect(bench.call(1, 'NtReadFile', handle, event | 1, routine, 0x55, statusAt, buffer, 12, bench.long(0n))).toBe(
    status.PENDING,
  )
  expect(bench.block(statusAt)).toEqual([status.PENDING, 0])
  expect(bench.told('object.reset').map(fact => fact.handle)).toEqual([event])
  bench.pass(1_000_000)
  expect(bench.block(statusAt)).toEqual([0, 12])
  const told = bench.told('object.signalled', 'apc.queued')
  expect(told.map(fact => [fact.kind, fact.objectKind, fact.actor])).toEqual([
    ['object.signalled', 'File', 'device'],
    ['object.signalled', 'Event/Auto', 'device'],
    ['apc.queued', 'Thread', 'device'],
    ['object.signalled', 'IoCompletion', 'device'],
  ])
  const keyAt = bench.cell()
  const contextAt = bench.cell()
  bench.call(1, 'NtRemoveIoCompletion', bench.memory.load32(portAt), keyAt, contextAt, statusAt, bench.long(0n))
  expect([bench.memory.load32(keyAt), bench.memory.load32(contextAt)]).toEqual([0x77, 0x55])
})

test('the low bit of the routine keeps the packet back', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt', { options: 0 })
  const portAt = bench.cell()
  bench.call(1, 'NtCreateIoCompletion', portAt, 0, 0, 1)
  const statusAt = bench.cell()
  bench.call(1, 'NtSetInformationFile', handle, statusAt, bench.words(bench.memory.load32(portAt), 1), 8, 30)
  bench.call(1, 'NtReadFile', handle, 0, 1, 0x55, statusAt, bench.cell(16), 12, bench.long(0n))
  bench.told()
  bench.pass(1_000_000)
  expect(bench.told('object.signalled').map(fact => fact.objectKind)).toEqual(['File'])
})

test('a transfer whose packet would find no room is refused when it begins; the room of others outlasts them', () => {
  const bench = fileBench()
  const { pool } = bench.core.kernel
  const { handle } = bench.open('game:\\Media\\b.txt', { options: 0 })
  const statusAt = bench.cell()
  const buffer = bench.cell(16)
  const read = () => bench.call(1, 'NtReadFile', handle, 0, 0, 0x55, statusAt, buffer, 12, bench.long(0n))
  const before = pool.used
  expect(read()).toBe(status.PENDING)
  expect(bench.call(1, 'NtCancelIoFile', handle, bench.cell())).toBe(0)
  expect(pool.used).toBe(before)
  for (const size of [0x10_0000, 0x1_0000, 0x1000]) while (pool.fits(size)) pool.allocate(size)
  while (pool.fits(0x20)) pool.allocate(0x20)
  expect(read()).toBe(status.INSUFFICIENT_RESOURCES)
  bench.pass(1_000_000)
  expect(bench.block(statusAt)).toEqual([status.CANCELLED, 0])
})

test('a read at the end of an asynchronous file says so at once, and signals nothing', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt', { options: 0 })
  bench.told()
  expect(bench.call(1, 'NtReadFile', handle, 0, 0, 0, bench.cell(), bench.cell(), 1, bench.long(12n))).toBe(
    status.END_OF_FILE,
  )
  expect(bench.told('object.signalled')).toEqual([])
})

test('a closed file still completes its read', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt', { options: 0 })
  const statusAt = bench.cell()
  bench.call(1, 'NtReadFile', handle, 0, 0, 0, statusAt, bench.cell(16), 12, bench.long(0n))
  bench.call(1, 'NtClose', handle)
  bench.pass(1_000_000)
  expect(bench.block(statusAt)).toEqual([0, 12])
  expect(bench.told('object.destroyed').length).toBe(1)
})

test('a buffer that is gone when the bytes come is told in the status, and stops nothing', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt', { options: 0 })
  const statusAt = bench.cell()
  bench.call(1, 'NtReadFile', handle, 0, 0, 0, statusAt, 0x30000000, 12, bench.long(0n))
  bench.pass(1_000_000)
  expect(bench.block(statusAt)).toEqual([status.ACCESS_VIOLATION, 0])
})

test('pages are read into wherever they lie', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\a.bin')
  const segments = bench.words(0x40008000, 0x40004000)
  const statusAt = bench.cell()
  bench.call(1, 'NtReadFileScatter', handle, 0, 0, 0, statusAt, segments, 0x2000, bench.long(0n))
  bench.pass(1_000_000)
  expect(bench.block(statusAt)).toEqual([0, 5000])
  expect([...bench.memory.read(0x40008000, 0x1000)]).toEqual([...files['Media/a.bin'].subarray(0, 0x1000)])
  expect([...bench.memory.read(0x40004000, 904)]).toEqual([...files['Media/a.bin'].subarray(0x1000)])
})

test('what is written is read back, and only by who may', () => {
  const bench = fileBench()
  const both = generic.read | generic.write
  const { handle } = bench.open('game:\\save.dat', { access: both, disposition: create })
  const buffer = bench.cell()
  bench.memory.write(buffer, new TextEncoder().encode('saved'))
  const statusAt = bench.cell()
  bench.call(1, 'NtWriteFile', handle, 0, 0, 0, statusAt, buffer, 5, bench.long(3n))
  bench.pass(1_000_000)
  expect(bench.block(statusAt)).toEqual([0, 5])
  expect(new TextDecoder().decode(readSync(bench, handle, 8, 0n).bytes)).toBe('\0\0\0saved')
  const reader = bench.open('game:\\save.dat').handle
  expect(bench.call(1, 'NtWriteFile', reader, 0, 0, 0, statusAt, buffer, 5, 0)).toBe(status.ACCESS_DENIED)
  const writer = bench.open('game:\\save.dat', { access: generic.write }).handle
  expect(bench.call(1, 'NtReadFile', writer, 0, 0, 0, statusAt, buffer, 5, 0)).toBe(status.ACCESS_DENIED)
  expect(bench.call(1, 'NtReadFile', 0x4321, 0, 0, 0, statusAt, buffer, 5, 0)).toBe(status.INVALID_HANDLE)
})

test('sizes, times and attributes come in the classes titles ask for', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\a.bin')
  const statusAt = bench.cell()
  const at = bench.cell(64)
  const ask = (which: number, room: number): number =>
    Number(bench.call(1, 'NtQueryInformationFile', handle, statusAt, at, room, which))
  expect(ask(34, 56)).toBe(0)
  expect(bench.memory.load64(at + 0x28)).toBe(5000n)
  expect(bench.memory.load64(at + 0x20)).toBe(16384n)
  expect(bench.memory.load64(at)).toBe(time)
  expect(bench.memory.load32(at + 0x30)).toBe(0x20)
  expect(bench.block(statusAt)).toEqual([0, 56])
  expect(ask(34, 55)).toBe(status.INFO_LENGTH_MISMATCH)
  expect(ask(5, 24)).toBe(0)
  expect([bench.memory.load64(at + 8), bench.memory.load8(at + 21)]).toEqual([5000n, 0])
  expect(ask(99, 56)).toBe(status.INVALID_INFO_CLASS)
  expect(bench.call(1, 'NtQueryFullAttributesFile', bench.attributes('game:\\Media'), at)).toBe(0)
  expect(bench.memory.load32(at + 0x30)).toBe(0x10)
  expect(bench.call(1, 'NtQueryFullAttributesFile', bench.attributes('game:\\no'), at)).toBe(
    status.OBJECT_NAME_NOT_FOUND,
  )
})

test('the position is set and asked, and the next read begins there', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt')
  const statusAt = bench.cell()
  expect(bench.call(1, 'NtSetInformationFile', handle, statusAt, bench.long(7n), 8, 14)).toBe(0)
  expect(new TextDecoder().decode(readSync(bench, handle, 5).bytes)).toBe('world')
  const at = bench.cell()
  bench.call(1, 'NtQueryInformationFile', handle, statusAt, at, 8, 14)
  expect(bench.memory.load64(at)).toBe(12n)
  expect(bench.call(1, 'NtSetInformationFile', handle, statusAt, bench.long(-5n), 8, 14)).toBe(status.INVALID_PARAMETER)
})

test('a file is cut and grown', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt', { access: generic.read | generic.write })
  const statusAt = bench.cell()
  bench.call(1, 'NtSetInformationFile', handle, statusAt, bench.long(5n), 8, 20)
  bench.call(1, 'NtSetInformationFile', handle, statusAt, bench.long(7n), 8, 20)
  expect(new TextDecoder().decode(readSync(bench, handle, 20, 0n).bytes)).toBe('hello\0\0')
})

test('a file marked for deletion goes when its last handle does, and cannot be opened meanwhile', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt', { access: generic.delete })
  const statusAt = bench.cell()
  const yes = bench.cell()
  bench.memory.store8(yes, 1)
  expect(bench.call(1, 'NtSetInformationFile', handle, statusAt, yes, 1, 13)).toBe(0)
  expect(bench.open('game:\\Media\\b.txt').code).toBe(status.DELETE_PENDING)
  bench.call(1, 'NtClose', handle)
  expect(bench.open('game:\\Media\\b.txt').code).toBe(status.OBJECT_NAME_NOT_FOUND)
  const folder = bench.open('game:\\Media', { access: generic.delete, options: 1 }).handle
  expect(bench.call(1, 'NtSetInformationFile', folder, statusAt, yes, 1, 13)).toBe(status.DIRECTORY_NOT_EMPTY)
})

describe('what is set of a file asks a right of its handle', () => {
  const zw = 'WDK, ZwSetInformationFile'
  const rights = {
    readData: 1,
    writeData: 2,
    appendData: 4,
    writeAttributes: 0x100,
    delete: 0x10000,
    genericRead: 0x80000000,
    genericWrite: 0x40000000,
    genericExecute: 0x20000000,
    genericAll: 0x10000000,
    maximumAllowed: 0x2000000,
  } as const
  type Right = keyof typeof rights
  const writing: readonly Right[] = ['writeData', 'genericWrite', 'genericAll', 'maximumAllowed']

  test.each<[what: string, number: number, allowed: readonly Right[] | 'any', source: string]>([
    [
      'its times and attributes',
      4,
      ['writeAttributes', 'genericWrite', 'genericAll', 'maximumAllowed'],
      `${zw}: FILE_WRITE_ATTRIBUTES`,
    ],
    ['its name', 10, ['delete', 'genericAll', 'maximumAllowed'], `${zw}: DELETE`],
    ['whether it is to go', 13, ['delete', 'genericAll', 'maximumAllowed'], `${zw}: DELETE`],
    ['its position', 14, 'any', 'the position is the handle’s own: any that may read or write'],
    ['its room', 19, writing, `${zw}: FILE_WRITE_DATA`],
    ['its end', 20, writing, `${zw}: FILE_WRITE_DATA`],
  ])('%s (class %i)', (_what, number, allowed) => {
    const granted = Object.entries(rights).filter(([, access]) => {
      const bench = fileBench()
      const { handle } = bench.open('game:\\Media\\b.txt', { access })
      const name = 'game:\\new'
      const at = bench.cell(name.length)
      bench.memory.write(at, new TextEncoder().encode(name))
      const information = number === 10 ? bench.words(0, 0, (name.length << 16) | name.length, at) : bench.cell(40)
      const size = number === 10 ? 16 : 40
      const code = Number(bench.call(1, 'NtSetInformationFile', handle, bench.cell(), information, size, number)) >>> 0
      expect([0, status.ACCESS_DENIED]).toContain(code)
      return code === 0
    })
    expect(granted.map(([right]) => right)).toEqual(allowed === 'any' ? Object.keys(rights) : allowed)
  })
})

test('what is open below a renamed folder stays open', () => {
  const bench = fileBench()
  const inside = bench.open('game:\\Media\\b.txt').handle
  const folder = bench.open('game:\\Media', { access: generic.delete, options: 1 }).handle
  const rename = (target: string, replace = 0): number => {
    const buffer = bench.cell(target.length)
    bench.memory.write(buffer, new TextEncoder().encode(target))
    const info = bench.words(replace << 24, 0, (target.length << 16) | target.length, buffer)
    return Number(bench.call(1, 'NtSetInformationFile', folder, bench.cell(), info, 16, 10))
  }
  expect(rename('game:\\default.xex')).toBe(status.OBJECT_NAME_COLLISION)
  expect(rename('game:\\Moved')).toBe(0)
  expect(new TextDecoder().decode(readSync(bench, inside, 5, 0n).bytes)).toBe('hello')
  expect(bench.open('game:\\Moved\\b.txt').code).toBe(0)
  expect(bench.open('game:\\Media\\b.txt').code).toBe(status.OBJECT_PATH_NOT_FOUND)
})

test('a folder is listed entry by entry, by a pattern that the first call carries', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media', { options: 1 | synchronous })
  const statusAt = bench.cell()
  const at = bench.cell(0x100)
  const list = (pattern = '', restart = 0): string | number => {
    let patternAt = 0
    if (pattern !== '') {
      const buffer = bench.cell(pattern.length)
      bench.memory.write(buffer, new TextEncoder().encode(pattern))
      patternAt = bench.words((pattern.length << 16) | pattern.length, buffer)
    }
    const code = Number(bench.call(1, 'NtQueryDirectoryFile', handle, 0, 0, 0, statusAt, at, 0x100, patternAt, restart))
    if (code !== 0) return code
    return new TextDecoder('latin1').decode(bench.memory.read(at + 0x40, bench.memory.load32(at + 0x3c)))
  }
  expect([list(), list(), list(), list()]).toEqual(['a.bin', 'b.txt', 'Sub', status.NO_MORE_FILES])
  expect(list('', 1)).toBe('a.bin')
  expect([list('*.TXT', 1), list(), list('*.TXT')]).toEqual(['b.txt', status.NO_MORE_FILES, status.NO_MORE_FILES])
  expect(bench.memory.load64(at + 0x28)).toBe(12n)
  expect(list('*.none', 1)).toBe(status.NO_SUCH_FILE)
  expect(list('*_X3.rkv', 1)).toBe(status.INVALID_PARAMETER)
  expect(bench.call(1, 'NtQueryDirectoryFile', handle, 0, 0, 0, statusAt, at, 71, 0, 1)).toBe(
    status.INFO_LENGTH_MISMATCH,
  )
})

test('a volume says how large it is, what it is and how free', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\')
  const at = bench.cell(64)
  const ask = (which: number, room: number): number =>
    Number(bench.call(1, 'NtQueryVolumeInformationFile', handle, bench.cell(), at, room, which))
  expect(ask(3, 24)).toBe(0)
  expect([bench.memory.load32(at + 16), bench.memory.load32(at + 20)]).toEqual([32, 512])
  expect(bench.memory.load64(at + 8) * 16384n < 1n << 32n).toBe(true)
  expect(ask(5, 32)).toBe(0)
  expect(bench.memory.text(at + 12, 4)).toBe('FATX')
  expect(ask(3, 23)).toBe(status.INFO_LENGTH_MISMATCH)
  expect(ask(77, 64)).toBe(status.INVALID_INFO_CLASS)
})

test('a raw partition answers its geometry and takes what is written to it', () => {
  const bench = fileBench()
  const { code: opened, handle } = bench.open('\\Device\\Harddisk0\\Cache0', {
    access: generic.read | generic.write,
  })
  expect(opened).toBe(0)
  const out = bench.cell(16)
  const control = (which: number, room: number): number =>
    Number(bench.call(1, 'NtDeviceIoControlFile', handle, 0, 0, 0, bench.cell(), which, 0, 0, out, room))
  expect(control(0x70000, 8)).toBe(0)
  expect(bench.memory.load32(out + 4)).toBe(512)
  expect(control(0x74004, 16)).toBe(0)
  expect(bench.memory.load64(out + 8)).toBe(0xff000n)
  expect(control(0x1234, 16)).toBe(status.INVALID_DEVICE_REQUEST)
  bench.memory.store32(out, 0xffffffff)
  expect([...readSync(bench, handle, 4, 0n).bytes]).toEqual([0, 0, 0, 0])
})

test('a title makes its own drive names', () => {
  const bench = fileBench()
  const text = (value: string): number => {
    const buffer = bench.cell(value.length)
    bench.memory.write(buffer, new TextEncoder().encode(value))
    return bench.words((value.length << 16) | value.length, buffer)
  }
  const link = text('\\??\\xbmovie:')
  expect(bench.call(1, 'ObCreateSymbolicLink', link, text('game:\\Media'))).toBe(0)
  expect(bench.call(1, 'ObCreateSymbolicLink', link, text('game:'))).toBe(status.OBJECT_NAME_COLLISION)
  expect(bench.open('xbmovie:\\b.txt').code).toBe(0)
  const handleAt = bench.cell()
  expect(bench.call(1, 'NtOpenSymbolicLinkObject', handleAt, bench.attributes('\\??\\xbmovie:', 0))).toBe(0)
  const target = bench.words(0x40, bench.cell(0x40))
  expect(bench.call(1, 'NtQuerySymbolicLinkObject', bench.memory.load32(handleAt), target, 0)).toBe(0)
  expect(bench.memory.text(bench.memory.load32(target + 4), bench.memory.load16(target))).toBe('game:\\Media')
  expect(bench.call(1, 'ObDeleteSymbolicLink', link)).toBe(0)
  expect(bench.call(1, 'ObDeleteSymbolicLink', link)).toBe(status.OBJECT_NAME_NOT_FOUND)
  expect(bench.open('xbmovie:\\b.txt').code).toBe(status.NO_SUCH_FILE)
})

test('a transfer that is cancelled says so by status, file and event, and moves nothing', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt', { options: 0 })
  const eventAt = bench.cell()
  bench.call(1, 'NtCreateEvent', eventAt, 0, 0, 0)
  const event = bench.memory.load32(eventAt)
  const [first, second, own] = [bench.cell(), bench.cell(), bench.cell()]
  const buffer = bench.cell(16)
  bench.call(1, 'NtReadFile', handle, event, 0, 0, first, buffer, 12, bench.long(0n))
  bench.call(1, 'NtReadFile', handle, 0, 0, 0, second, buffer, 12, bench.long(0n))
  expect(bench.call(1, 'NtCancelIoFileEx', handle, first, own)).toBe(0)
  expect(bench.block(first)).toEqual([status.CANCELLED, 0])
  expect(bench.block(second)).toEqual([status.PENDING, 0])
  expect(bench.call(1, 'NtWaitForSingleObjectEx', event, 1, 0, bench.long(0n))).toBe(0)
  expect(bench.call(1, 'NtCancelIoFileEx', handle, first, own)).toBe(status.NOT_FOUND)
  expect(bench.call(1, 'NtCancelIoFile', handle, own)).toBe(0)
  expect(bench.block(second)).toEqual([status.CANCELLED, 0])
  bench.pass(10_000_000)
  expect([bench.block(second), bench.memory.load32(buffer)]).toEqual([[status.CANCELLED, 0], 0])
  expect(bench.call(1, 'NtCancelIoFile', 0x4444, own)).toBe(status.INVALID_HANDLE)
})

test('one who waits for a transfer hears that another cancelled it', () => {
  const bench = fileBench()
  const { tid } = bench.thread(1)
  const { handle } = bench.open('game:\\Media\\b.txt')
  const [block, own] = [bench.cell(), bench.cell()]
  const buffer = bench.cell(16)
  expect(bench.call(tid, 'NtReadFile', handle, 0, 0, 0, block, buffer, 12, 0)).toBe(parked)
  expect(bench.call(1, 'NtCancelIoFile', handle, own)).toBe(0)
  expect(bench.block(block)).toEqual([status.PENDING, 0])
  expect(bench.call(1, 'NtCancelIoFileEx', handle, 0, own)).toBe(0)
  expect(bench.result(tid)).toBe(status.CANCELLED)
})

test('a utility drive is made, linked, written and taken away', () => {
  const bench = fileBench()
  const text = (value: string): number => {
    const buffer = bench.cell(value.length)
    bench.memory.write(buffer, new TextEncoder().encode(value))
    return bench.words((value.length << 16) | value.length, buffer)
  }
  const [deviceAt, outAt] = [bench.cell(), bench.cell()]
  const name = text('\\Device\\Utility')
  expect(bench.open('cache:\\a.bin', { disposition: create }).code).toBe(status.NO_SUCH_FILE)
  expect(bench.call(1, 'IoCreateDevice', 0, 0x24, name, 7, 0, deviceAt)).toBe(0)
  expect(bench.call(1, 'IoCreateDevice', 0, 0, name, 7, 0, outAt)).toBe(status.OBJECT_NAME_COLLISION)
  const device = bench.memory.load32(deviceAt)
  const extension = bench.memory.load32(device + 0x18)
  expect(bench.memory.read(extension, 0x24)).toEqual(new Uint8Array(0x24))
  expect(bench.call(1, 'StfsCreateDevice', device, 0, outAt)).toBe(0)
  expect(bench.memory.load32(outAt)).toBe(device)
  expect(bench.call(1, 'ObCreateSymbolicLink', text('\\??\\cache:'), name)).toBe(0)
  const write = { access: generic.read | generic.write, disposition: create }
  expect(bench.open('cache:\\a.bin', write)).toMatchObject({ code: 0, info: 2 })
  expect(bench.open('CACHE:\\..\\..\\A.BIN').code).toBe(0)
  expect(bench.open('cache0:\\a.bin').code).toBe(status.NO_SUCH_FILE)
  expect(bench.open('game:\\a.bin').code).toBe(status.OBJECT_NAME_NOT_FOUND)
  expect(bench.call(1, 'IoDismountVolume', device)).toBe(0)
  expect(bench.open('cache:\\a.bin').code).toBe(status.NO_SUCH_FILE)
  expect(bench.call(1, 'IoDismountVolume', 0x1234)).toBe(status.INVALID_PARAMETER)
})

test('a file that is opened and is not there is remembered by its path, for the report', () => {
  const bench = fileBench()
  bench.open('game:\\Media\\none.bin')
  bench.open('GAME:\\media\\NONE.bin')
  bench.open('game:\\No\\such\\folder.bin')
  bench.open('game:\\Media\\a.bin')
  bench.open('game:\\Media\\made.bin', { access: generic.write, disposition: openIf })
  const seen = bench.core.absences.all.map(({ path, tries, first }) => [path, tries, first.tid])
  expect(seen).toEqual([
    ['game:\\Media\\none.bin', 2, 1],
    ['game:\\No\\such\\folder.bin', 1, 1],
  ])
  const saved = bench.core.saveReports()
  const other = fileBench()
  other.core.loadReports(saved)
  expect(other.core.absences.all).toEqual(bench.core.absences.all)
})

test('a file that is asked about before it would be opened is remembered too', () => {
  const bench = fileBench()
  const at = bench.cell()
  bench.call(1, 'NtQueryFullAttributesFile', bench.attributes('game:\\Media\\none.bin'), at)
  bench.open('game:\\Media\\none.bin')
  expect(bench.core.absences.all.map(({ path, tries }) => [path, tries])).toEqual([['game:\\Media\\none.bin', 2]])
})

test('of more absent files than are kept, the rest is counted', () => {
  const bench = fileBench()
  const most = limits.absentFiles.value
  for (let i = 0; i < most + 3; i += 1) bench.core.absences.note(`game:\\${i}.bin`)
  bench.core.absences.note('game:\\0.bin')
  expect([bench.core.absences.all.length, bench.core.absences.overflow]).toEqual([most, 3])
})

test('bytes that a damaged image lacks are an error of the device, never zeros, and the report names file and place', () => {
  const whole = memorySource(files)
  const source = {
    ...whole,
    read: (key: string, offset: number, into: Uint8Array) =>
      whole.read(key, offset, into.subarray(0, Math.max(0, 3000 - offset))),
  }
  const vfs = createTitleVfs({ source, kind: 'disc', time })
  const bench = fileBench('disc', vfs)
  const { handle } = bench.open('game:\\media\\a.BIN')
  expect(readSync(bench, handle, 3000, 0n)).toMatchObject({ code: 0, bytes: files['Media/a.bin'].subarray(0, 3000) })
  const [block, buffer] = [bench.cell(), bench.cell(0x20)]
  bench.memory.write(buffer, new Uint8Array(0x20).fill(7))
  bench.call(1, 'NtReadFile', handle, 0, 0, 0, block, buffer, 0x20, bench.long(2990n))
  bench.pass(1_000_000)
  expect(bench.block(block)).toEqual([status.DEVICE_DATA_ERROR, 0])
  expect([...bench.memory.read(buffer, 0x20)]).toEqual(Array.from({ length: 0x20 }, () => 7))
  expect(bench.core.absences.all).toMatchObject([
    { path: '\\Device\\Cdrom0\\Media\\a.bin', unreadableAt: 3000, tries: 1 },
  ])
})

test('a folder whose table is damaged ends in an error of the device, not as if it were all, and the report names it', () => {
  const whole = memorySource(files)
  const source = { ...whole, damageOf: (key: string) => (key === 'Media' ? 0x40 : undefined) }
  const bench = fileBench('disc', createTitleVfs({ source, kind: 'disc', time }))
  const { handle } = bench.open('game:\\media', { options: 0x21 })
  const [block, at] = [bench.cell(), bench.cell(0x100)]
  const list = (): number =>
    Number(bench.call(1, 'NtQueryDirectoryFile', handle, 0, 0, 0, block, at, 0x100, 0, 0)) >>> 0
  const codes = [list()]
  while (codes.at(-1) === 0) codes.push(list())
  expect(codes.length).toBeGreaterThan(1)
  expect([codes.at(-1), list()]).toEqual([status.DEVICE_DATA_ERROR, status.DEVICE_DATA_ERROR])
  expect(bench.open('game:\\media\\a.bin').code).toBe(0)
  const lost = ['game:\\media\\z', 'game:\\media\\z\\z', 'game:\\z']
  expect(lost.map(path => bench.open(path).code)).toEqual([
    status.DEVICE_DATA_ERROR,
    status.DEVICE_DATA_ERROR,
    status.OBJECT_NAME_NOT_FOUND,
  ])
  expect(bench.core.absences.all).toMatchObject([
    { path: '\\Device\\Cdrom0\\Media', unreadableAt: 0x40, tries: 4 },
    { path: 'game:\\z' },
  ])
})

test('a kernel APC comes to a thread between two waits for one transfer', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\a.bin')
  const [slow, fast] = [bench.thread(1), bench.thread(2)]
  const read = (tid: number, length: number) =>
    bench.call(tid, 'NtReadFile', handle, 0, 0, 0, bench.cell(), bench.cell(length), length, bench.long(0n))
  expect([read(slow.tid, 5000), read(fast.tid, 4)]).toEqual([parked, parked])
  bench.pass(10_000)
  const apc = bench.cell(0x30)
  bench.call(1, 'KeInitializeApc', apc, slow.at, 0, 0, code + 0x400, 0, 0)
  bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
  expect(bench.frameOf(slow.tid).pc).toBe(code + 0x400)
  bench.returnFrom(slow.tid)
  bench.pass(1_000_000)
  expect(bench.result(slow.tid)).toBe(0)
})

test('the APC of a transfer has its place when the transfer begins: where there is none, the transfer is refused', () => {
  const bench = fileBench()
  const { handle } = bench.open('game:\\Media\\b.txt', { options: 0 })
  const a = bench.thread(1)
  const thread = bench.core.kernel.threads.byTid(a.tid)
  const read = () =>
    bench.call(a.tid, 'NtReadFile', handle, 0, code + 0x400, 0x55, bench.cell(), bench.cell(16), 12, bench.long(0n))
  expect(read()).toBe(status.PENDING)
  const queue = () => bench.call(1, 'NtQueueApcThread', a.handle, code + 0x400, 1, 0, 0)
  expect(queue()).toBe(0)
  const [first] = thread?.userApcs ?? []
  if (first !== undefined) thread?.userApcs.push(...new Array(limits.queuedApcs.value - 2).fill(first))
  expect([queue(), read()]).toEqual([status.NO_MEMORY, status.INSUFFICIENT_RESOURCES])
  bench.core.load(structuredClone(bench.core.save()))
  const restored = bench.core.kernel.threads.byTid(a.tid)
  bench.pass(1_000_000)
  expect(restored?.userApcs.length).toBe(limits.queuedApcs.value)
  expect(restored?.userApcs.at(-1)).toMatchObject({ context: 0x55 })
  restored?.userApcs.splice(0)
  expect(read()).toBe(status.PENDING)
  expect(bench.call(a.tid, 'NtCancelIoFile', handle, bench.cell())).toBe(0)
  expect(restored).toMatchObject({ reservedApcs: 0 })
})
