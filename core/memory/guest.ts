import { fail } from '../base/failure.ts'
import type { Part, Plain } from '../base/state.ts'
import { hex32 } from '../base/words.ts'
import { createPageFlags, type PageFlags } from './flags.ts'
import {
  type Access,
  access,
  fold,
  hostMap,
  pageShift,
  pageSize,
  plain,
  reachesHost,
  wasmPages,
  windows,
} from './map.ts'

/** A load or store of the kernel (not of an instruction) met a page that does not allow it. */
export class GuestAccessError extends Error {
  readonly address: number
  readonly write: boolean
  constructor(address: number, write: boolean) {
    super(
      `${write ? 'store to' : 'load from'} ${hex32(address)}, which is not ${write ? 'writable' : 'committed'} memory`,
    )
    this.name = 'GuestAccessError'
    this.address = address
    this.write = write
  }
}

/**
 * Guest memory as the kernel, the loader and the devices see it: big-endian, folded, checked against the page flags.
 * `bytes` and `wasm` are the raw linear memory for the processor; whoever uses them keeps the flags itself.
 */
export interface GuestMemory extends Part {
  readonly wasm: WebAssembly.Memory
  /** The whole linear memory; index with a folded address. */
  readonly bytes: Uint8Array
  load8(address: number): number
  load16(address: number): number
  load32(address: number): number
  load64(address: number): bigint
  store8(address: number, value: number): void
  store16(address: number, value: number): void
  store32(address: number, value: number): void
  store64(address: number, value: bigint): void
  /** A copy of `size` bytes. */
  read(address: number, size: number): Uint8Array
  write(address: number, bytes: Uint8Array): void
  fill(address: number, size: number, value: number): void
  /** The bytes up to the first NUL, at most `max`, as Latin-1 text. */
  text(address: number, max?: number): string
  /** Writes whatever the protection: for loaders that fill read-only pages. The pages must be committed. */
  poke(address: number, bytes: Uint8Array): void
  /** Makes whole pages exist with the given access; pages that existed keep their bytes, new ones are zero. */
  commit(address: number, size: number, flags: Access): void
  /** Makes pages cease to exist; their bytes are zeroed. */
  decommit(address: number, size: number): void
  /** Changes the access of committed pages. */
  protect(address: number, size: number, flags: Access): void
  /** The flags of the page at an address; 0 when nothing is there. */
  accessAt(address: number): Access
  /** Whether every page of the range is committed and allows `flags`. */
  allows(address: number, size: number, flags: Access): boolean
  /** Called with the folded start and size before bytes of a page flagged `code` change or lose their access. */
  onCodeWrite(listener: (start: number, size: number) => void): void
}

const firstFoldedPage = Math.min(...windows.map(window => window.start)) / pageSize
const flagsEnd = hostMap.guestEnd >>> pageShift
// Of its own, since what a module imports the engine looks up at every use.
const shift: number = pageShift
const plainLoad = plain.load * plain.from
const plainStore = plain.store * plain.from

/** All that addresses reach. It is grown to that: where it is asked for at once, the host collects all its garbage first. */
function wholeMemory(): WebAssembly.Memory {
  const wasm = new WebAssembly.Memory({ initial: 0, maximum: wasmPages, shared: true })
  wasm.grow(wasmPages)
  return wasm
}

/** What the compiler sees of the memory, in whichever thread: `buffer` is the whole of it. */
export function readMemory(buffer: ArrayBufferLike): Pick<GuestMemory, 'bytes' | 'accessAt'> {
  const bytes = new Uint8Array(buffer)
  return { bytes, accessAt: accessIn(createPageFlags(bytes)) }
}

const accessIn =
  (flags: PageFlags): GuestMemory['accessAt'] =>
  address =>
    flags.of(fold(address >>> 0) >>> pageShift) & ~access.code

/** The memory is shared, so that the compiler may read code in a thread of its own; it is the running thread's to write. */
export function createMemory(wasm = wholeMemory()): GuestMemory {
  const bytes = new Uint8Array(wasm.buffer)
  const view = new DataView(wasm.buffer)
  const flags = createPageFlags(bytes)
  let codeWritten: (start: number, size: number) => void = () => {}

  // The usual access is decided by one byte of its page, in integers: an address that leaves a function as a number may
  // be too large for a small integer, and would be a new object each time. One function for both cost a sixth of a call.
  function loads(address: number): boolean {
    const page = address >>> shift
    return page < firstFoldedPage && (flags.plain(page) & plainLoad) !== 0
  }
  function stores(address: number): boolean {
    const page = address >>> shift
    return page < firstFoldedPage && (flags.plain(page) & plainStore) !== 0
  }

  /** The folded address, once every page of the access allows it. */
  function at(address: number, size: number, write: boolean): number {
    const need = write ? access.write : access.read
    const start = fold(address >>> 0)
    if (start + size > hostMap.guestEnd) throw new GuestAccessError(address >>> 0, write)
    const last = (start + size - 1) >>> pageShift
    for (let page = start >>> pageShift; page <= last; page += 1) {
      const have = flags.of(page)
      if ((have & need) === 0) throw new GuestAccessError(address >>> 0, write)
      if (write && have & access.code) codeWritten(start, size)
    }
    return start
  }

  function eachPage(address: number, size: number, visit: (page: number) => void): void {
    if (size <= 0) return
    const start = fold(address >>> 0)
    const last = Math.min(start + size, hostMap.guestEnd) - 1
    for (let page = start >>> pageShift; page <= last >>> pageShift; page += 1)
      if (!reachesHost(page * pageSize, pageSize)) visit(page)
  }

  function setFlags(address: number, size: number, next: Access): void {
    eachPage(address, size, page => {
      if (flags.of(page) & access.code) codeWritten((page << pageShift) >>> 0, pageSize)
      flags.set(page, next)
    })
  }

  return {
    wasm,
    bytes,
    load8: address => (loads(address) ? view.getUint8(address >>> 0) : view.getUint8(at(address, 1, false))),
    load16: address => (loads(address) ? view.getUint16(address >>> 0) : view.getUint16(at(address, 2, false))),
    load32: address => (loads(address) ? view.getUint32(address >>> 0) : view.getUint32(at(address, 4, false))),
    load64: address => (loads(address) ? view.getBigUint64(address >>> 0) : view.getBigUint64(at(address, 8, false))),
    store8(address, value) {
      if (stores(address)) view.setUint8(address >>> 0, value)
      else view.setUint8(at(address, 1, true), value)
    },
    store16(address, value) {
      if (stores(address)) view.setUint16(address >>> 0, value)
      else view.setUint16(at(address, 2, true), value)
    },
    store32(address, value) {
      if (stores(address)) view.setUint32(address >>> 0, value)
      else view.setUint32(at(address, 4, true), value)
    },
    store64(address, value) {
      if (stores(address)) view.setBigUint64(address >>> 0, value)
      else view.setBigUint64(at(address, 8, true), value)
    },
    read(address, size) {
      if (size === 0) return new Uint8Array(0)
      const start = at(address, size, false)
      return bytes.slice(start, start + size)
    },
    write(address, source) {
      if (source.length > 0) bytes.set(source, at(address, source.length, true))
    },
    fill(address, size, value) {
      if (size === 0) return
      const start = at(address, size, true)
      bytes.fill(value, start, start + size)
    },
    text(address, max = 4096) {
      let text = ''
      for (let i = 0; i < max; i += 1) {
        const code = view.getUint8(at(address + i, 1, false))
        if (code === 0) break
        text += String.fromCharCode(code)
      }
      return text
    },
    poke(address, source) {
      eachPage(address, source.length, page => {
        if (flags.of(page) === 0) throw new GuestAccessError(address, true)
        if (flags.of(page) & access.code) codeWritten((page << pageShift) >>> 0, pageSize)
      })
      bytes.set(source, fold(address >>> 0))
    },
    commit: setFlags,
    decommit(address, size) {
      setFlags(address, size, access.none)
      eachPage(address, size, page => bytes.fill(0, page * pageSize, (page + 1) * pageSize))
    },
    protect(address, size, next) {
      eachPage(address, size, page => {
        if (flags.of(page) !== 0) setFlags(page * pageSize, pageSize, next)
      })
    },
    accessAt: accessIn(flags),
    allows(address, size, need) {
      const start = fold(address >>> 0)
      let all = size > 0 && start + size <= hostMap.guestEnd && !reachesHost(start, size)
      eachPage(address, size, page => {
        if ((flags.of(page) & need) !== need) all = false
      })
      return all
    },
    onCodeWrite(listener) {
      codeWritten = listener
    },
    save() {
      const runs: Plain[] = []
      for (let page = 0; page < flagsEnd; page += 1) {
        const kind = flags.of(page) & ~access.code
        if (kind === 0) continue
        let end = page + 1
        while (end < flagsEnd && (flags.of(end) & ~access.code) === kind) end += 1
        runs.push({ address: page * pageSize, access: kind, bytes: bytes.subarray(page * pageSize, end * pageSize) })
        page = end - 1
      }
      return { runs }
    },
    load(state) {
      const runs = (state as { runs?: unknown }).runs
      if (!Array.isArray(runs)) throw fail('SNAPSHOT_FORMAT', 'memory', 'has no list of page runs')
      for (let page = 0; page < flagsEnd; page += 1) {
        if (flags.of(page) === 0) continue
        setFlags(page * pageSize, pageSize, access.none)
        bytes.fill(0, page * pageSize, (page + 1) * pageSize)
      }
      for (const run of runs as { address: number; access: number; bytes: Uint8Array }[]) {
        setFlags(run.address, run.bytes.length, run.access)
        bytes.set(run.bytes, run.address)
      }
    },
  }
}
