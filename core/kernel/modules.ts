/** Modules as a title sees them: a loader-table entry in memory for each, found by name or handle. */

import type { Plain } from '../base/state.ts'
import type { GuestMemory } from '../memory/guest.ts'
import type { Pool } from './pool.ts'
import type { FunctionTable } from './ports.ts'
import { LDR_DATA_TABLE_ENTRY as LDR } from './structs.ts'
import { lastPart, wideBytes } from './text.ts'

/** Why the entry of a library is called, as Win32's DllMain is told. */
export const entryReason = { processDetach: 0, processAttach: 1, threadAttach: 2, threadDetach: 3 } as const

export interface Module {
  readonly name: string
  /** A library of the kernel's own (`system`) has rows for exports, and its code lies elsewhere. */
  readonly kind: 'system' | 'title' | 'library'
  /** Full path in the title's own naming. */
  readonly path: string
  /** Address of its loader-table entry, which is also its handle. */
  readonly handle: number
  readonly base: number
  readonly size: number
  readonly entry: number
  /** Address of its XEX header, 0 for none. */
  readonly header: number
  readonly headerSize: number
  readonly functions: FunctionTable
  readonly exports: readonly { readonly ordinal: number; readonly address: number; readonly name: string }[]
}

export interface Modules {
  readonly list: readonly Module[]
  /** The title's own module; undefined before it is loaded. */
  readonly title: Module | undefined
  add(module: Omit<Module, 'handle'>): Module
  remove(handle: number): void
  byHandle(handle: number): Module | undefined
  /** The module an address lies in. */
  at(address: number): Module | undefined
  /** By file name, with or without its folder, whatever the case; an empty name is the title. */
  byName(name: string): Module | undefined
  save(): Plain
  load(state: Plain): void
}

export function createModules(memory: GuestMemory, pool: Pool): Modules {
  let list: Module[] = []

  /** Writes a UNICODE_STRING and its text; the text's address. */
  function writeName(at: number, text: string): void {
    const buffer = pool.allocate(text.length * 2 + 2)
    memory.write(buffer, wideBytes(text))
    memory.store16(at, text.length * 2)
    memory.store16(at + 2, text.length * 2 + 2)
    memory.store32(at + 4, buffer)
  }

  return {
    get list() {
      return list
    },
    get title() {
      return list.find(({ kind }) => kind !== 'system')
    },
    add(module) {
      const handle = pool.allocate(LDR.size)
      for (const at of [0, 8, 0x10]) {
        memory.store32(handle + at, handle + at)
        memory.store32(handle + at + 4, handle + at)
      }
      memory.store32(handle + LDR.dllBase, module.base)
      memory.store32(handle + LDR.imageBase, module.base)
      memory.store32(handle + LDR.imageSize, module.size)
      memory.store32(handle + LDR.fullImageSize, module.size)
      memory.store32(handle + LDR.entryPoint, module.entry)
      memory.store16(handle + LDR.loadCount, 1)
      memory.store32(handle + LDR.xexHeaderBase, module.header)
      writeName(handle + LDR.fullDllName, module.path)
      writeName(handle + LDR.baseDllName, module.name)
      const added = { ...module, handle }
      list.push(added)
      return added
    },
    remove(handle) {
      const module = list.find(each => each.handle === handle)
      if (module === undefined) return
      for (const [at, text] of [
        [LDR.fullDllName, module.path],
        [LDR.baseDllName, module.name],
      ] as const)
        pool.free(memory.load32(handle + at + 4), text.length * 2 + 2)
      pool.free(handle, LDR.size)
      list = list.filter(module => module.handle !== handle)
    },
    at: address => list.find(module => address >= module.base && address < module.base + module.size),
    byHandle: handle => list.find(module => module.handle === handle),
    byName(name) {
      const file = lastPart(name).toLowerCase()
      return file === ''
        ? list.find(({ kind }) => kind !== 'system')
        : list.find(module => module.name.toLowerCase() === file)
    },
    save: () =>
      list.map(module => ({
        ...module,
        functions: { ...module.functions },
        exports: module.exports.map(row => ({ ...row })),
      })),
    load(state) {
      list = (state as unknown as Module[]).map(module => ({ ...module }))
    },
  }
}
