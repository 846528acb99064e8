/** Routines run on other hardware threads, and what the kernel tells of images and of its own names. */
import { expect, test } from 'vitest'
import { status } from '../../../core/kernel/status.ts'
import { emptySource } from '../../../core/vfs/source.ts'
import { createTitleVfs } from '../../../core/vfs/volumes.ts'
import { away, code, createWorkbench, type Workbench } from './workbench.ts'

/** What is queued to a hardware thread runs and returns; the routine and its first argument. */
function serve(bench: Workbench, index: number): number[] {
  const { kernel } = bench.core
  bench.core.begin(index)
  const began = [kernel.frame.pc, kernel.frame.word(3), kernel.frame.word(4), kernel.frame.word(5)]
  bench.core.call(bench.memory.load32(kernel.traps.interruptReturn + 8))
  return began
}

test('an inter-processor call runs everywhere, its own hardware thread last, and answers what that run answers', () => {
  const bench = createWorkbench()
  const call = () => bench.call(1, 'KeIpiGenericCall', code + 0x700, 5)
  call()
  expect(bench.core.takeRetry()).toBe(true)
  for (const index of [1, 2, 3, 4]) expect(serve(bench, index).slice(0, 2)).toEqual([code + 0x700, 5])
  call()
  expect(bench.core.takeRetry()).toBe(true)
  serve(bench, 5)
  expect(call()).toBe(away)
  expect(bench.frameOf(1).pc).toBe(code + 0x700)
  bench.returnFrom(1, 42)
  expect(bench.result(1)).toBe(42)
})

test('a deferred routine that is waited for runs once on the processor that is named', () => {
  const bench = createWorkbench()
  const { pool } = bench.core.kernel
  const used = pool.used
  const call = () => bench.call(1, 'KeCallAndWaitForDpcRoutine', code + 0x700, 77, 3, 8, 9)
  call()
  expect(bench.core.takeRetry()).toBe(true)
  const [pc, , context, first] = serve(bench, 3)
  expect([pc, context, first]).toEqual([code + 0x700, 77, 8])
  expect(call()).toBe(0)
  expect(bench.core.takeRetry()).toBe(false)
  expect(pool.used).toBe(used)
  expect(Number(bench.call(1, 'KeCallAndWaitForDpcRoutine', code + 0x700, 0, 6, 0, 0)) >>> 0).toBe(
    status.INVALID_PARAMETER,
  )
})

test('an event that boosts names the thread it lets go', () => {
  const bench = createWorkbench()
  const event = bench.cell()
  const out = bench.cell()
  bench.call(1, 'KeInitializeEvent', event, 1, 0)
  const a = bench.thread(1)
  bench.call(a.tid, 'KeWaitForSingleObject', event, 3, 0, 0, 0)
  bench.call(1, 'KeSetEventBoostPriority', event, out)
  expect(bench.memory.load32(out)).toBe(a.at)
  expect(bench.runs(a.tid)).toBe(true)
})

/** An image of one section, as the linker writes it: least significant byte first. */
function image(bench: Workbench): number {
  const at = bench.cell(0x300)
  const little = (offset: number, value: number, bytes = 4): void => {
    for (let i = 0; i < bytes; i += 1) bench.memory.store8(at + offset + i, (value >>> (i * 8)) & 0xff)
  }
  bench.memory.write(at, new TextEncoder().encode('MZ'))
  little(0x3c, 0x80)
  bench.memory.write(at + 0x80, new TextEncoder().encode('PE'))
  little(0x86, 1, 2)
  little(0x94, 0xe0, 2)
  little(0x98, 0x10b, 2)
  little(0x98 + 0x3c, 0x200)
  little(0x98 + 0x5c, 16)
  little(0x98 + 0x60 + 3 * 8, 0x1010)
  little(0x98 + 0x64 + 3 * 8, 0x88)
  const section = 0x98 + 0xe0
  little(section + 0xc, 0x1000)
  little(section + 0x10, 0x100)
  little(section + 0x14, 0x200)
  return at
}

test('headers of an image are found, and data of its directories, mapped or as in the file', () => {
  const bench = createWorkbench()
  const at = image(bench)
  const size = bench.cell()
  expect(bench.call(1, 'RtlImageNtHeader', at)).toBe(at + 0x80)
  expect(bench.call(1, 'RtlImageNtHeader', at + 16)).toBe(0)
  expect(bench.call(1, 'RtlImageDirectoryEntryToData', at, 1, 3, size)).toBe(at + 0x1010)
  expect(bench.memory.load32(size)).toBe(0x88)
  expect(bench.call(1, 'RtlImageDirectoryEntryToData', at, 0, 3, size)).toBe(at + 0x210)
  expect(bench.call(1, 'RtlImageDirectoryEntryToData', at + 1, 1, 3, size)).toBe(at + 0x210)
  expect(bench.call(1, 'RtlImageDirectoryEntryToData', at, 1, 4, size)).toBe(0)
  expect(bench.call(1, 'RtlImageDirectoryEntryToData', at, 1, 16, size)).toBe(0)
})

const letters = (value: string): Uint8Array => new TextEncoder().encode(value)

function attributes(bench: Workbench, name: string): number {
  const buffer = bench.cell(name.length + 1)
  bench.memory.write(buffer, letters(name))
  return bench.words(0, bench.words((name.length << 16) | (name.length + 1), buffer), 0x40)
}

test('a directory lists what is named below it, one object a call, by its letters', () => {
  const bench = createWorkbench()
  const [handle, buffer, context] = [bench.cell(), bench.cell(0x40), bench.cell()]
  expect(bench.call(1, 'NtCreateDirectoryObject', handle, attributes(bench, '\\Mine'))).toBe(0)
  const directory = bench.memory.load32(handle)
  bench.call(1, 'NtCreateSemaphore', handle, attributes(bench, '\\Mine\\b'), 0, 1)
  bench.call(1, 'NtCreateEvent', handle, attributes(bench, '\\mine\\A'), 0, 0)
  bench.call(1, 'NtCreateEvent', handle, attributes(bench, '\\Other'), 0, 0)
  const next = (restart: number, room = 0x40) =>
    Number(bench.call(1, 'NtQueryDirectoryObject', directory, buffer, room, restart, context, 0)) >>> 0
  const shown = () => [bench.memory.text(bench.memory.load32(buffer + 4)), bench.memory.load32(buffer + 8)]
  expect(next(1, 8)).toBe(status.BUFFER_TOO_SMALL)
  expect(next(1)).toBe(0)
  expect(shown()).toEqual(['A', 0x76657645])
  expect(next(0)).toBe(0)
  expect(shown()).toEqual(['b', 0x616d6553])
  expect(next(0)).toBe(status.NO_MORE_ENTRIES)
  expect(bench.call(1, 'NtOpenDirectoryObject', handle, attributes(bench, '\\mine'))).toBe(0)
  const refused = (name: string) =>
    Number(bench.call(1, 'NtOpenDirectoryObject', handle, attributes(bench, name))) >>> 0
  expect([refused('\\Nowhere'), refused('\\Other')]).toEqual([
    status.OBJECT_NAME_NOT_FOUND,
    status.OBJECT_TYPE_MISMATCH,
  ])
})

test("a link with a handle is the file system's own, made once", () => {
  const bench = createWorkbench({}, { files: createTitleVfs({ source: emptySource, kind: 'disc', time: 0n }) })
  const [handle, buffer] = [bench.cell(), bench.cell(0x20)]
  const target = bench.memory.load32(attributes(bench, '\\Device\\Cdrom0') + 4)
  const name = attributes(bench, '\\??\\mine:')
  expect(bench.call(1, 'NtCreateSymbolicLinkObject', handle, name, target)).toBe(0)
  const out = bench.words(0x20, buffer)
  expect(bench.call(1, 'NtQuerySymbolicLinkObject', bench.memory.load32(handle), out, 0)).toBe(0)
  expect(bench.memory.text(buffer)).toBe('\\Device\\Cdrom0')
  expect(Number(bench.call(1, 'NtCreateSymbolicLinkObject', handle, name, target)) >>> 0).toBe(
    status.OBJECT_NAME_COLLISION,
  )
})
