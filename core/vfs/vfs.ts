/**
 * The virtual file system as the kernel sees it: volumes of nodes, and one name space of devices and links over them.
 * Nothing here knows statuses, handles or guest structures; the kernel turns outcomes into those.
 */
import type { Part } from '../base/state.ts'

/** 100 ns since 1601 UTC. */
export type FileTime = bigint

export const attribute = {
  readOnly: 1,
  hidden: 2,
  system: 4,
  directory: 0x10,
  archive: 0x20,
  normal: 0x80,
} as const

/** A file or folder of a volume. Its identity in saved state is its path, so it lives exactly as long as it has one. */
export interface Node {
  readonly name: string
  readonly parent: Node | undefined
  readonly directory: boolean
  /** Bytes; 0 for a folder. */
  readonly size: number
  readonly attributes: number
  readonly times: NodeTimes
  /** Stable while the node exists: for calls that ask for a unique id. */
  readonly id: number
}

export interface NodeTimes {
  readonly created: FileTime
  readonly accessed: FileTime
  readonly written: FileTime
  readonly changed: FileTime
}

/** What volume queries answer. */
export interface VolumeInfo {
  /** Object path without a trailing separator: `\Device\Cdrom0`. */
  readonly device: string
  /** `FATX` or `GDFX`: what titles compare. */
  readonly fileSystem: string
  readonly label: string
  readonly serial: number
  readonly readOnly: boolean
  readonly bytesPerSector: number
  readonly sectorsPerUnit: number
  readonly totalUnits: number
  readonly longestName: number
  /** A raw partition: no files; reads are zero and writes are taken and dropped, as on an unformatted disk. */
  readonly raw: boolean
}

export type WriteOutcome = 'done' | 'full'
export type RemoveOutcome = 'done' | 'not-empty' | 'root'
export type RenameOutcome = 'done' | 'exists' | 'into-itself'

export interface Volume extends Part {
  readonly info: VolumeInfo
  readonly root: Node
  /** Units not in use. */
  freeUnits(): number
  /** The child of a folder, without regard to case. */
  child(folder: Node, name: string): Node | undefined
  /** All children, sorted by folded name. */
  children(folder: Node): readonly Node[]
  /** The byte from which the table of a folder is damaged: there may be more in it than it shows. */
  damageOf(folder: Node): number | undefined
  /** Copies bytes of a file from `offset`; answers how many there were before its end, or before damage. */
  read(file: Node, offset: number, into: Uint8Array): number
  /** Extends the file as needed; a gap reads as zero. */
  write(file: Node, offset: number, bytes: Uint8Array, now: FileTime): WriteOutcome
  resize(file: Node, size: number, now: FileTime): WriteOutcome
  create(folder: Node, name: string, directory: boolean, attributes: number, now: FileTime): Node
  remove(node: Node): RemoveOutcome
  rename(node: Node, folder: Node, name: string, now: FileTime): RenameOutcome
  setAttributes(node: Node, attributes: number, times: Partial<NodeTimes>): void
  /** Path below the root, `\` between components, empty for the root. */
  pathOf(node: Node): string
}

/** Where a path leads. */
export type Location =
  | {
      readonly kind: 'node'
      readonly volume: Volume
      readonly node: Node
      /** The path ended in `\`. */
      readonly folder: boolean
      /** The device itself was named: a raw partition, or a root without its `\`. */
      readonly device: boolean
    }
  /** Nothing has that name, but its folder exists. */
  | { readonly kind: 'no-name'; readonly volume: Volume; readonly folder: Node; readonly name: string }
  /** A folder on the way does not exist: the first that does not would lie in this one. */
  | { readonly kind: 'no-path'; readonly volume: Volume; readonly folder: Node }
  /** No device or link is called so. */
  | { readonly kind: 'no-device' }
  /** A component cannot be a name. */
  | { readonly kind: 'bad-name' }

export interface Vfs extends Part {
  /** Follows links and finds the node; with `from`, a relative path starts there. */
  locate(path: string, from?: { readonly volume: Volume; readonly node: Node }): Location
  /** Whether something may be created under a name. */
  creationAllowed(volume: Volume, name: string): boolean
  /** Whether a listing may be asked for with a pattern, and whether a name is in it. */
  patternAllowed(pattern: string): boolean
  matches(pattern: string, name: string): boolean
  /** False when the link exists. */
  link(name: string, target: string): boolean
  /** False when there was none. */
  unlink(name: string): boolean
  linkTarget(name: string): string | undefined
  volumes(): readonly Volume[]
  volume(device: string): Volume | undefined
  /** Files the title made or changed on any volume, sorted: what a host may copy out. */
  written(): readonly { readonly volume: Volume; readonly node: Node; readonly path: string }[]
}
