/** A bench with a disc of one folder and one file, for file calls in Win32’s words. */
import { KTHREAD } from '../../../core/kernel/structs.ts'
import { memorySource, type Source } from '../../../core/vfs/source.ts'
import { createTitleVfs } from '../../../core/vfs/volumes.ts'
import { createWorkbench, parked } from './workbench.ts'

export const text = 'hello, world'
export const [read, write] = [0x80000000, 0x40000000]
export const [createNew, createAlways, openExisting, openAlways, truncate] = [1, 2, 3, 4, 5]
export const overlappedFlag = 0x40000000
export const [begin, current, end] = [0, 1, 2]
export const invalid = 0xffffffff
export const error = {
  fileNotFound: 2,
  pathNotFound: 3,
  accessDenied: 5,
  invalidHandle: 6,
  sharing: 0x20,
  noMoreFiles: 0x12,
  crc: 0x17,
  handleEof: 0x26,
  diskFull: 0x70,
  directory: 0x10b,
  fileExists: 0x50,
  invalidParameter: 0x57,
  negativeSeek: 0x83,
  alreadyExists: 0xb7,
  incomplete: 0x3e4,
  pending: 0x3e5,
} as const

const disc = memorySource({ 'Media/b.txt': new TextEncoder().encode(text) })

export function filesBench(source: Source = disc) {
  const files = createTitleVfs({
    source,
    kind: 'folder',
    time: 127_794_240_000_000_000n,
  })
  const bench = createWorkbench({ ioRate: 1_000_000 }, { files })
  const { memory } = bench
  const put = (words: string): number => {
    const at = bench.cell(words.length + 1)
    memory.write(at, new TextEncoder().encode(`${words}\0`))
    return at
  }
  const lastError = (): number =>
    memory.load32((bench.core.kernel.threads.byTid(1)?.object.address ?? 0) + KTHREAD.lastError)
  const countAt = bench.cell()
  /** A call that may wait for a transfer: its answer when the time for that has passed. */
  const waited = (name: string, ...args: number[]): number => {
    const answer = bench.call(1, name, ...args)
    if (answer !== parked) return Number(answer)
    bench.pass(10_000_000)
    return bench.result(1)
  }
  return {
    bench,
    files,
    waited,
    lastError,
    put,
    countAt,
    count: () => memory.load32(countAt),
    open: (path: string, how: number = openExisting, access = read, flags = 0) =>
      Number(bench.call(1, 'CreateFileA', put(path), access, 7, 0, how, flags, 0)),
    read(file: number, length: number, overlapped = 0) {
      const buffer = bench.cell(length)
      const answer = waited('ReadFile', file, buffer, length, countAt, overlapped)
      return { answer, text: memory.text(buffer, memory.load32(countAt)), buffer }
    },
    write: (file: number, words: string, overlapped = 0) =>
      waited('WriteFile', file, put(words), words.length, countAt, overlapped),
    seek: (file: number, distance: number, method: number) =>
      bench.call(1, 'SetFilePointer', file, distance, 0, method),
    size: (file: number) => bench.call(1, 'GetFileSize', file, 0),
  }
}
