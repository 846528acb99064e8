/**
 * Libraries a title loads while it runs: from a file or from memory to a module with its imports bound, and back.
 *
 * A library is loaded once and counted after. What it imports from libraries that are not there yet is loaded first, from
 * the same folder, and held by it. Each new module's entry is called with `process attach`, those it needs before it; one
 * that answers 0 undoes the whole call. When the count comes to zero the entry is told `process detach`, and then the
 * pages, the header and the loader-table entry are given back, so that code compiled from them ends too.
 *
 * A library has no static thread data. A process has room for the image of one (KPROCESS), which is its title's, and code
 * reaches it from the first word of the KPCR by a constant, where other platforms go through a module's index; the
 * libraries that were looked at have no TLS header. They keep thread data in dynamic slots (KeTlsAlloc), which are there
 * for all.
 */
import type { Plain } from '../base/state.ts'
import type { Kernel } from './context.ts'
import { absence, locateFrom } from './file.ts'
import { entryReason, type Module } from './modules.ts'
import { kernelState, type Outcome } from './outcome.ts'
import { libraries } from './sources.ts'
import { status } from './status.ts'
import { LDR_DATA_TABLE_ENTRY as LDR } from './structs.ts'
import { libraryIndex } from './table.ts'
import { lastPart } from './text.ts'

const imageProtection = 0x20
const largestFile = 0x10000000

/** Where the libraries that a title may ask for lie on the console. Nothing of theirs can be read here. */
const systemModules = [
  { name: 'xboxkrnl.exe', base: 0x80040000 },
  { name: 'xam.xex', base: 0x81700000 },
] as const

/** Enters the kernel's own libraries among the modules: titles read their loader-table entries. */
export function addSystemModules(k: Kernel): void {
  for (const { name, base } of systemModules)
    k.modules.add({
      name,
      kind: 'system',
      path: `\\SystemRoot\\${name}`,
      base,
      size: 0,
      entry: 0,
      header: 0,
      headerSize: 0,
      functions: { address: 0, size: 0 },
      exports: [],
    })
}

/** A module by name: the title's own and what it loaded, or a library of the kernel's, also without `.exe` or `.xex`. */
export function moduleNamed(k: Kernel, name: string): Module | undefined {
  const known = k.modules.byName(name)
  if (known !== undefined) return known
  const system = libraries[libraryIndex(lastPart(name))]
  return system === undefined ? undefined : k.modules.byName(system)
}

/** Handles of what each loaded library holds. */
const held = kernelState<{ needs: [number, number[]][] }>('libraries', () => ({ needs: [] }))

const countOf = (k: Kernel, handle: number): number => k.memory.load16(handle + LDR.loadCount)
const setCount = (k: Kernel, handle: number, count: number): void =>
  k.memory.store16(handle + LDR.loadCount, Math.min(count, 0xffff))

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('\\') + 1)

/** A name without a device lies where the title does. */
const fullPath = (name: string): string => (/^\\|:/.test(name) ? name.replace(/:(?!\\)/, ':\\') : `game:\\${name}`)

/** The bytes of a file, or why there are none. */
function readFile(k: Kernel, path: string): Uint8Array | number {
  const found = locateFrom(k, 0, path)
  if (typeof found === 'number') return found
  if (found.kind !== 'node') {
    const code = absence(k, found, path)
    return code === status.DEVICE_DATA_ERROR || found.kind === 'bad-name' ? code : status.NO_SUCH_FILE
  }
  const { volume, node } = found
  if (node.directory) return status.FILE_IS_A_DIRECTORY
  if (node.size > largestFile) return status.INVALID_IMAGE_FORMAT
  const bytes = new Uint8Array(node.size)
  const count = volume.read(node, 0, bytes)
  if (count === bytes.length) return bytes
  k.noteAbsence(path, count)
  return status.DEVICE_DATA_ERROR
}

/** What one call has brought in: in the order their entries are called. */
interface Brought {
  readonly modules: Module[]
  /** Files on their way in, so that two which need each other end. */
  readonly begun: string[]
}

/** Brings a library in, or counts it once more; its handle, or a status. */
function bring(k: Kernel, path: string, given: Uint8Array | undefined, brought: Brought): { handle: number } | number {
  const name = lastPart(path)
  const known = k.modules.byName(name)
  if (known !== undefined) {
    setCount(k, known.handle, countOf(k, known.handle) + 1)
    return { handle: known.handle }
  }
  const { modules } = k.ports
  const bytes = given ?? readFile(k, path)
  if (typeof bytes === 'number') return bytes
  if (modules === undefined) return status.INVALID_IMAGE_FORMAT
  brought.begun.push(name.toLowerCase())
  const needs: number[] = []
  const loaded = modules.load(name, bytes, {
    claim: (base, size) => k.space.claim({ base, size, protect: imageProtection, use: 'image' }),
    release: base => void k.space.release(base),
    need(library) {
      if (brought.begun.includes(library.toLowerCase())) return
      const one = bring(k, `${folderOf(path)}${library}`, undefined, brought)
      if (typeof one !== 'number') needs.push(one.handle)
    },
  })
  if (loaded === 'bad-image' || loaded === 'no-room') {
    for (const handle of needs) setCount(k, handle, countOf(k, handle) - 1)
    return loaded === 'bad-image' ? status.INVALID_IMAGE_FORMAT : status.CONFLICTING_ADDRESSES
  }
  const { base, size, entry, headerBlock, functionTable, exports } = loaded
  const header = headerBlock.length === 0 ? 0 : k.pool.allocate(headerBlock.length)
  if (header !== 0) k.memory.write(header, headerBlock)
  const module = k.modules.add({
    name,
    kind: 'library',
    path,
    base,
    size,
    entry,
    header,
    headerSize: headerBlock.length,
    functions: functionTable,
    exports: exports.map(row => ({ ...row, name: row.name ?? '' })),
  })
  k.state(held).needs.push([module.handle, needs])
  brought.modules.push(module)
  return { handle: module.handle }
}

/** Loads a library by name, or from bytes: `return loadLibrary(…)`. */
export function loadLibrary(k: Kernel, name: string, outAt: number, given?: Uint8Array): Outcome<number> {
  if (outAt !== 0) k.memory.store32(outAt, 0)
  const brought: Brought = { modules: [], begun: [] }
  const system = moduleNamed(k, name)
  const result = system?.kind === 'system' ? { handle: system.handle } : bring(k, fullPath(name), given, brought)
  if (typeof result === 'number') {
    for (const { handle } of brought.modules) release(k, handle)
    return result
  }
  return attach(k, { left: brought.modules.map(({ handle }) => handle), handle: result.handle, outAt, last: 0 })
}

/** Whose entries are still to be called. */
interface Attaching {
  readonly [key: string]: Plain
  readonly left: readonly number[]
  readonly handle: number
  readonly outAt: number
  /** The one whose entry was called last. */
  readonly last: number
}

function attach(k: Kernel, state: Attaching): Outcome<number> {
  const [next, ...left] = state.left
  if (next === undefined) {
    if (state.outAt !== 0) k.memory.store32(state.outAt, state.handle)
    return status.SUCCESS
  }
  const entry = k.modules.byHandle(next)?.entry ?? 0
  const rest = { ...state, left, last: next }
  if (entry === 0) return attach(k, rest)
  return k.callGuest({
    entry,
    args: [next, entryReason.processAttach, 0],
    later: { continuation: 'library-attached', state: rest },
  })
}

/** An entry has answered `process attach`. */
export function attached(k: Kernel, state: Attaching, answer: number): Outcome<number> {
  if ((answer & 0xff) !== 0) return attach(k, state)
  for (const handle of [state.last, ...state.left]) release(k, handle)
  return status.DLL_INIT_FAILED
}

/** Gives up one hold of a module; those that nothing holds any more, in the order their entries are told. */
function letGo(k: Kernel, handle: number): number[] {
  const count = countOf(k, handle) - 1
  setCount(k, handle, count)
  if (count > 0) return []
  const needs = k.state(held).needs.find(([holder]) => holder === handle)?.[1] ?? []
  return [handle, ...needs.filter(each => k.modules.byHandle(each) !== undefined).flatMap(each => letGo(k, each))]
}

/** Unloads a library: `return unloadLibrary(…)`; then ends the thread, where that was asked for. */
export function unloadLibrary(k: Kernel, handle: number, exitCode?: number): Outcome<number> {
  const module = k.modules.byHandle(handle)
  if (module === undefined) return status.INVALID_HANDLE
  if (module.kind === 'system') return finish(k, exitCode)
  // The title itself is never unloaded by hand.
  if (handle === k.modules.title?.handle && countOf(k, handle) <= 1) return status.INVALID_PARAMETER
  return detach(k, { left: letGo(k, handle), last: 0, exitCode: exitCode ?? null })
}

const finish = (k: Kernel, exitCode: number | null | undefined): Outcome<number> =>
  exitCode === null || exitCode === undefined ? status.SUCCESS : k.exitThread(exitCode)

interface Detaching {
  readonly [key: string]: Plain
  readonly left: readonly number[]
  readonly last: number
  readonly exitCode: number | null
}

function detach(k: Kernel, state: Detaching): Outcome<number> {
  const [next, ...left] = state.left
  if (next === undefined) return finish(k, state.exitCode)
  const entry = k.modules.byHandle(next)?.entry ?? 0
  const rest = { ...state, left, last: next }
  if (entry === 0) return detached(k, rest)
  return k.callGuest({
    entry,
    args: [next, entryReason.processDetach, 0],
    later: { continuation: 'library-detached', state: rest },
  })
}

/** An entry has been told `process detach`. */
export function detached(k: Kernel, state: Detaching): Outcome<number> {
  release(k, state.last)
  return detach(k, state)
}

/** Gives back all that a module has. */
function release(k: Kernel, handle: number): void {
  const module = k.modules.byHandle(handle)
  if (module === undefined) return
  k.space.release(module.base)
  if (module.header !== 0) k.pool.free(module.header, module.headerSize)
  k.modules.remove(handle)
  const state = k.state(held)
  state.needs = state.needs.filter(([holder]) => holder !== handle)
}
