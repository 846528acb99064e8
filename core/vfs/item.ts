/** A file or folder of a volume as the volume keeps it. */
import type { Plain } from '../base/state.ts'
import type { SourceEntry } from './source.ts'
import type { FileTime, Node, NodeTimes } from './vfs.ts'

export interface Item extends Node {
  name: string
  parent: Item | undefined
  size: number
  attributes: number
  times: NodeTimes
  /** The source's name for it; undefined when the title made it. */
  readonly key: string | undefined
  /** Its size in the source. */
  readonly original: number
  /** Bytes of the source still showing through; what lies beyond is blocks, or zero. */
  sourceSize: number
  readonly blocks: Map<number, Uint8Array>
  /** By folded name: what the title has met in this folder. */
  readonly children: Map<string, Item>
  /** Folded names of the source that were met, wherever they are now. */
  readonly met: Set<string>
  /** What the source has besides, once asked; no part of the state. */
  unmet: Map<string, SourceEntry> | undefined
  /** Hash of the source's listing, once the title has seen all of it. */
  listing: string
  /** Its bytes, name or attributes were changed by the title, or it was made by it. */
  changed: boolean
}

/** The same as plain data. */
export interface SavedItem {
  readonly name: string
  readonly id: number
  readonly directory: boolean
  readonly size: number
  readonly attributes: number
  readonly times: readonly [FileTime, FileTime, FileTime, FileTime]
  readonly key: string | null
  readonly original: number
  readonly sourceSize: number
  readonly changed: boolean
  readonly blocks: readonly (readonly [number, Uint8Array])[]
  readonly listing: string
  readonly met: readonly string[]
  readonly children: readonly Plain[]
}
