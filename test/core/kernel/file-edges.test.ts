/**
 * The file calls where titles are careless or quick: appended writes, files that are renamed, deleted and overwritten
 * while somebody has them open, answers that do not fit, and completions heard in each way there is.
 */
import { expect, test } from 'vitest'
import { status } from '../../../core/kernel/status.ts'
import { memorySource } from '../../../core/vfs/source.ts'
import { createTitleVfs } from '../../../core/vfs/volumes.ts'
import { away, code, createWorkbench, parked, type Workbench } from './workbench.ts'

const read = 0x80000000
const write = 0x40000000
const append = 0x100004
const deletes = 0x10000
const synchronous = 0x20
const readOnly = 1

interface Disk extends Workbench {
  name(path: string): number
  open(path: string, more?: Partial<Opening>): { code: number; handle: number }
  /** Writes and waits; the status. */
  write(handle: number, text: string, offset?: bigint): number
  /** The whole of a file, as a new handle sees it. */
  text(path: string): string | number
  rename(handle: number, to: string, replace: number): number
}

interface Opening {
  readonly access: number
  readonly share: number
  readonly disposition: number
  readonly options: number
  readonly attributes: number
}

function disk(): Disk {
  const source = memorySource({ 'a.txt': bytes('one'), 'b.txt': bytes('two'), 'Sub/c.txt': bytes('three') })
  const files = createTitleVfs({ source, kind: 'folder', time: 0n })
  const bench = createWorkbench({ ioRate: 1_000_000 }, { files })
  const string = (text: string): number => {
    const at = bench.cell(text.length + 1)
    bench.memory.write(at, bytes(text))
    return bench.words((text.length << 16) | (text.length + 1), at)
  }
  const all: Disk = Object.assign(bench, {
    name: (path: string) => bench.words(0xfffffffd, string(path), 0x40),
    open(path: string, more: Partial<Opening> = {}) {
      const { access = read, share = 7, disposition = 1, options = synchronous, attributes = 0x80 } = more
      const [at, block] = [bench.cell(), bench.cell()]
      const given = [all.name(path), block, 0, attributes, share, disposition, options]
      return { code: Number(bench.call(1, 'NtCreateFile', at, access, ...given)), handle: bench.memory.load32(at) }
    },
    write(handle: number, text: string, offset?: bigint) {
      const [block, buffer] = [bench.cell(), bench.cell(text.length)]
      bench.memory.write(buffer, bytes(text))
      const at = offset === undefined ? 0 : bench.long(offset)
      const answer = bench.call(1, 'NtWriteFile', handle, 0, 0, 0, block, buffer, text.length, at)
      if (answer !== parked) return Number(answer)
      bench.pass(1_000_000)
      return bench.result(1)
    },
    text(path: string) {
      const { code: opened, handle } = all.open(path)
      if (opened !== 0) return opened
      const [block, buffer] = [bench.cell(), bench.cell(64)]
      if (bench.call(1, 'NtReadFile', handle, 0, 0, 0, block, buffer, 64, bench.long(0n)) === parked)
        bench.pass(1_000_000)
      bench.call(1, 'NtClose', handle)
      return new TextDecoder().decode(bench.memory.read(buffer, bench.memory.load32(block + 4)))
    },
    rename(handle: number, to: string, replace: number) {
      const at = string(to)
      const information = bench.words(replace << 24, 0, bench.memory.load32(at), bench.memory.load32(at + 4))
      return Number(bench.call(1, 'NtSetInformationFile', handle, bench.cell(), information, 16, 10))
    },
  })
  return all
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('a write at the offset of all ones goes to the end, and the next one goes on there', () => {
  const bench = disk()
  const { handle } = bench.open('game:\\a.txt', { access: read | write })
  expect([bench.write(handle, '+', -1n), bench.write(handle, '!')]).toEqual([0, 0])
  expect(bench.text('game:\\a.txt')).toBe('one+!')
  // One below all ones is where the last transfer ended.
  expect([bench.write(handle, 'O', 0n), bench.write(handle, 'N', -2n)]).toEqual([0, 0])
  expect(bench.text('game:\\a.txt')).toBe('ONe+!')
})

test('who may only append does, wherever he says', () => {
  const bench = disk()
  const { handle } = bench.open('game:\\a.txt', { access: append })
  bench.write(handle, '2', 0n)
  bench.write(handle, '3')
  expect(bench.text('game:\\a.txt')).toBe('one23')
})

test('a file is renamed over another only where that is asked for, and where nobody has that one open', () => {
  const bench = disk()
  const { handle } = bench.open('game:\\a.txt', { access: read | deletes })
  expect(bench.rename(handle, 'game:\\b.txt', 0)).toBe(status.OBJECT_NAME_COLLISION)
  const other = bench.open('game:\\b.txt').handle
  expect(bench.rename(handle, 'game:\\b.txt', 1)).toBe(status.ACCESS_DENIED)
  bench.call(1, 'NtClose', other)
  expect(bench.rename(handle, 'game:\\Sub', 1)).toBe(status.ACCESS_DENIED)
  expect(bench.rename(handle, 'game:\\b.txt', 1)).toBe(0)
  expect([bench.text('game:\\b.txt'), bench.text('game:\\a.txt')]).toEqual(['one', status.OBJECT_NAME_NOT_FOUND])
})

test('a rename to another device takes nothing away there', () => {
  const bench = disk()
  const { handle } = bench.open('game:\\a.txt', { access: read | deletes })
  const device = bench.cell()
  const named = bench.words((15 << 16) | 15, bench.cell(16))
  bench.memory.write(bench.memory.load32(named + 4), bytes('\\Device\\Utility'))
  bench.call(1, 'IoCreateDevice', 0, 0x24, named, 7, 0, device)
  bench.call(1, 'StfsCreateDevice', bench.memory.load32(device), 0, bench.cell())
  const there = bench.open('\\Device\\Utility\\x', { access: write, disposition: 2 })
  expect(there.code).toBe(0)
  bench.call(1, 'NtClose', there.handle)
  expect(bench.rename(handle, '\\Device\\Utility\\x', 1)).toBe(status.NOT_SAME_DEVICE)
  expect(bench.open('\\Device\\Utility\\x').code).toBe(0)
})

test('a name is changed to itself in other letters', () => {
  const bench = disk()
  const { handle } = bench.open('game:\\a.txt', { access: read | deletes })
  expect(bench.rename(handle, 'game:\\A.TXT', 0)).toBe(0)
  const [block, at] = [bench.cell(), bench.cell(64)]
  expect(bench.call(1, 'NtQueryInformationFile', handle, block, at, 64, 9)).toBe(0)
  expect(bench.memory.text(at + 4, bench.memory.load32(at))).toBe('\\A.TXT')
})

test('a file that is deleted by name while it is open is there until the last handle is closed', () => {
  const bench = disk()
  const holder = bench.open('game:\\a.txt', { share: 3 }).handle
  expect(bench.call(1, 'NtDeleteFile', bench.name('game:\\a.txt'))).toBe(status.SHARING_VIOLATION)
  bench.call(1, 'NtClose', holder)
  const sharer = bench.open('game:\\a.txt').handle
  expect(bench.call(1, 'NtDeleteFile', bench.name('game:\\a.txt'))).toBe(0)
  expect(bench.open('game:\\a.txt').code).toBe(status.DELETE_PENDING)
  bench.call(1, 'NtClose', sharer)
  expect(bench.open('game:\\a.txt').code).toBe(status.OBJECT_NAME_NOT_FOUND)
})

test('a file marked for its deletion by one handle goes when the other is closed, and not before', () => {
  const bench = disk()
  const marker = bench.open('game:\\a.txt', { access: deletes }).handle
  const holder = bench.open('game:\\a.txt').handle
  const yes = bench.cell()
  bench.memory.store8(yes, 1)
  expect(bench.call(1, 'NtSetInformationFile', marker, bench.cell(), yes, 1, 13)).toBe(0)
  bench.call(1, 'NtClose', marker)
  expect(bench.open('game:\\a.txt').code).toBe(status.DELETE_PENDING)
  bench.call(1, 'NtClose', holder)
  expect(bench.open('game:\\a.txt').code).toBe(status.OBJECT_NAME_NOT_FOUND)
})

test('a file that is deleted when it is closed can be opened until then', () => {
  const bench = disk()
  const options = synchronous | 0x1000
  const { handle } = bench.open('game:\\t.tmp', { access: write | deletes, disposition: 2, options })
  bench.write(handle, 'temporary')
  expect(bench.text('game:\\t.tmp')).toBe('temporary')
  bench.call(1, 'NtClose', handle)
  expect(bench.open('game:\\t.tmp').code).toBe(status.OBJECT_NAME_NOT_FOUND)
})

test.each([
  ['that is read-only', 'game:\\kept', status.CANNOT_DELETE],
  ['that is not there', 'game:\\none', status.OBJECT_NAME_NOT_FOUND],
  ['that is a folder with something in it', 'game:\\Sub', status.DIRECTORY_NOT_EMPTY],
  ['that is the root', 'game:\\', status.CANNOT_DELETE],
])('a file %s is not deleted by name', (_, path, refusal) => {
  const bench = disk()
  bench.call(1, 'NtClose', bench.open('game:\\kept', { access: write, disposition: 2, attributes: readOnly }).handle)
  expect(bench.call(1, 'NtDeleteFile', bench.name(path))).toBe(refusal)
  expect(bench.call(1, 'NtDeleteFile', bench.name(path))).toBe(refusal)
})

test('a file that is overwritten takes the attributes it is given, and one that is read-only is not', () => {
  const bench = disk()
  bench.call(1, 'NtClose', bench.open('game:\\a.txt', { access: write, disposition: 5, attributes: readOnly }).handle)
  expect(bench.text('game:\\a.txt')).toBe('')
  for (const disposition of [0, 4, 5])
    expect(bench.open('game:\\a.txt', { access: read, disposition }).code).toBe(status.ACCESS_DENIED)
  expect(bench.open('game:\\a.txt', { access: write }).code).toBe(status.ACCESS_DENIED)
  expect(bench.open('game:\\a.txt', { access: read }).code).toBe(0)
})

test('of a text that does not fit the fixed part is answered, with a status that says so', () => {
  const bench = disk()
  const { handle } = bench.open('game:\\Sub\\c.txt')
  const [block, at] = [bench.cell(), bench.cell(64)]
  expect(bench.call(1, 'NtQueryInformationFile', handle, block, at, 8, 9)).toBe(status.BUFFER_OVERFLOW)
  expect([bench.memory.load32(block), bench.memory.load32(block + 4)]).toEqual([status.BUFFER_OVERFLOW, 4])
  expect(bench.memory.load32(at)).toBe('\\Sub\\c.txt'.length)
  expect(bench.call(1, 'NtQueryVolumeInformationFile', handle, block, at, 12, 5)).toBe(status.BUFFER_OVERFLOW)
  expect([bench.memory.load32(block + 4), bench.memory.load32(at + 8)]).toEqual([12, 4])
})

test('the routine of a read runs at the next alertable wait, with its context, the block and 0, whatever the context', () => {
  const bench = disk()
  const { handle } = bench.open('game:\\a.txt', { options: 0 })
  for (const context of [0x55, 0]) {
    const [block, buffer] = [bench.cell(), bench.cell()]
    bench.call(1, 'NtReadFile', handle, 0, code + 0x400, context, block, buffer, 3, bench.long(0n))
    bench.pass(1_000_000)
    expect(bench.call(1, 'KeDelayExecutionThread', 1, 0, bench.long(0n))).not.toBe(away)
    expect(bench.call(1, 'KeDelayExecutionThread', 1, 1, bench.long(-1_000_000n))).toBe(away)
    const frame = bench.frameOf(1)
    expect([frame.pc, frame.word(3), frame.word(4), frame.word(5)]).toEqual([code + 0x400, context, block, 0])
    bench.returnFrom(1)
    expect(bench.result(1)).toBe(status.USER_APC)
  }
})

test('a folder listed on an asynchronous handle signals its event, and posts to its port', () => {
  const bench = disk()
  const { handle } = bench.open('game:\\', { options: 1 })
  const [eventAt, portAt, block, at] = [bench.cell(), bench.cell(), bench.cell(), bench.cell(0x100)]
  bench.call(1, 'NtCreateEvent', eventAt, 0, 1, 0)
  bench.call(1, 'NtCreateIoCompletion', portAt, 0, 0, 1)
  const port = bench.memory.load32(portAt)
  bench.call(1, 'NtSetInformationFile', handle, block, bench.words(port, 0x77), 8, 30)
  const event = bench.memory.load32(eventAt)
  expect(bench.call(1, 'NtQueryDirectoryFile', handle, event, 0, 9, block, at, 0x100, 0, 0)).toBe(0)
  expect(bench.call(1, 'NtWaitForSingleObjectEx', event, 1, 0, bench.long(0n))).toBe(0)
  const [key, context] = [bench.cell(), bench.cell()]
  expect(bench.call(1, 'NtRemoveIoCompletion', port, key, context, block, bench.long(0n))).toBe(0)
  expect([bench.memory.load32(key), bench.memory.load32(context)]).toEqual([0x77, 9])
})

test('what is cut, grown and listed while another handle reads is what that handle sees', () => {
  const bench = disk()
  const writer = bench.open('game:\\a.txt', { access: read | write }).handle
  const reader = bench.open('game:\\A.txt').handle
  bench.call(1, 'NtSetInformationFile', writer, bench.cell(), bench.long(1n), 8, 20)
  const [block, buffer] = [bench.cell(), bench.cell()]
  expect(bench.call(1, 'NtReadFile', reader, 0, 0, 0, block, buffer, 3, bench.long(1n))).toBe(status.END_OF_FILE)
  bench.write(writer, 'xyz', 1n)
  expect(bench.text('game:\\a.txt')).toBe('oxyz')
})
