import { type Packed, type PackOptions, packElf } from '../../loader/pack.ts'

/** What `xenoscope pack IN --out OUT` makes of a guest ELF: the container, and a map of its names. */
export function packGuest(bytes: Uint8Array, name: string, options: PackOptions = {}): Packed {
  return packElf(bytes, name, options)
}
