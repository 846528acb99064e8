import type { Access } from '../memory/map.ts'
import type { Xex } from './xex.ts'

/**
 * What every executable becomes, whatever it was: where its bytes go, what it asks of the system, and what is known of
 * its code. Nothing here refers to guest memory; `place` in load.ts puts an image there.
 */
export interface Image {
  readonly kind: 'xex' | 'elf32' | 'elf64'
  /** The file's name without its folder. */
  readonly name: string
  /** SHA-256 of the file, in hex: the image's identity. */
  readonly sha256: string
  readonly base: number
  /** Bytes from `base` to the end of the last segment. */
  readonly size: number
  readonly entry: number
  /** What r2 holds at the entry: 64-bit ELF only. */
  readonly toc?: number
  /** A library is not started; its entry is called when it is loaded. */
  readonly library: boolean
  readonly segments: readonly Segment[]
  readonly sections: readonly Section[]
  /** Functions whose bounds the file states, by address, never overlapping. */
  readonly functions: readonly FunctionRange[]
  /** Names the file itself gives, by address. */
  readonly symbols: readonly NamedAddress[]
  readonly imports: readonly ImportLibrary[]
  readonly exports: readonly Export[]
  /** Where the rows of `.pdata` lie in memory: unwinding reads them there; size 0 for none. */
  readonly functionTable: { readonly address: number; readonly size: number }
  readonly tls: Tls
  readonly stackSize: number
  /** Undefined when the file does not say. */
  readonly heapSize: number | undefined
  readonly titleId: number
  /** When it was linked, in seconds, as the file says; 0 when it does not. A linker map must carry the same. */
  readonly timestamp: number
  /** The headers that a title reads while it runs; empty for an ELF. */
  readonly headerBlock: Uint8Array
  /** Where a frame keeps its caller: below the caller's stack pointer, or above its back chain word. */
  readonly frames: Frames
  /** What is odd about the file and was let pass. */
  readonly notes: readonly string[]
  /** The container's own description. */
  readonly xex?: Xex
}

export type Frames = 'xbox' | 'sysv'

export interface Segment {
  readonly address: number
  /** May exceed `bytes.length`: the rest is zero. */
  readonly size: number
  readonly access: Access
  readonly bytes: Uint8Array
}

export interface Section {
  readonly name: string
  readonly address: number
  /** What the section table says. */
  readonly size: number
  /** Bytes of it that lie inside the image. */
  readonly present: number
  readonly access: Access
}

export interface FunctionRange {
  readonly begin: number
  /** First address past the function. */
  readonly end: number
  /** Bytes of prologue; 0 when unknown. */
  readonly prologue: number
  /** The two words before `begin` are an exception handler and its data. */
  readonly handler: boolean
  /** The run of register save or restore entries that functions share. */
  readonly helper?: 'save' | 'restore'
}

export interface NamedAddress {
  readonly address: number
  readonly size: number
  readonly name: string
  readonly function: boolean
}

export type ImportKind = 'function' | 'variable'

export interface Import {
  readonly ordinal: number
  readonly kind: ImportKind
  /** The word that gets an address; 0 when there is none. */
  readonly slot: number
  /** The four words that become a call; 0 for a variable. */
  readonly thunk: number
}

export interface ImportLibrary {
  readonly name: string
  /** `2.0.21119.0`; empty when the file does not say. */
  readonly version: string
  readonly minimum: string
  readonly imports: readonly Import[]
}

export interface Export {
  readonly ordinal: number
  readonly address: number
  readonly name?: string
}

export interface Tls {
  readonly slots: number
  /** Guest address of the initialised bytes; 0 when there are none. */
  readonly address: number
  /** Bytes of static data a thread gets. */
  readonly size: number
  /** How many of them are copied from `address`; the rest is zero. */
  readonly initialised: number
}

/** Stack of a main thread when the file does not say. */
export const defaultStackSize = 0x40000
/** Dynamic TLS slots when the file does not say. */
export const defaultTlsSlots = 1024
