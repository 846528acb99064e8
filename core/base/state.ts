/**
 * Machine state is plain data. A part of the machine that has state implements `Part`; the digest is the SHA-256 of the
 * canonical text of every part's `save`, so what `save` returns must have a fixed key order and no host object in it.
 */
export type Plain =
  | null
  | boolean
  | number
  | string
  | bigint
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain }

export interface Part {
  /** The whole state as plain data; calling it changes nothing. */
  save(): Plain
  /** Replaces the whole state. Throws `Failure` SNAPSHOT_FORMAT when the data does not have the part's shape. */
  load(state: Plain): void
}
