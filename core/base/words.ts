/**
 * How the project represents the guest's words, in one place.
 *
 * 32-bit values are unsigned numbers (`>>> 0`). 64-bit values are `bigint` at rest and where a guest register is meant;
 * counts that cannot reach 2^53 in a run of years (instructions, ticks, sequence numbers) are plain numbers.
 * Brands keep addresses, handles, serials and ticks from being taken for one another; they cost nothing at run time.
 */
declare const brand: unique symbol
type Branded<Name extends string> = number & { readonly [brand]: Name }

/** A 32-bit guest effective address. */
export type GuestAddress = Branded<'GuestAddress'>
/** A value in a guest handle table. */
export type Handle = Branded<'Handle'>
/** The number of a kernel object in order of first contact; never used again. 0 names no object. */
export type Serial = Branded<'Serial'>
/** Guest timebase ticks since the machine started: 20 ns each at the default 50 MHz. */
export type Ticks = Branded<'Ticks'>

export const address = (value: number): GuestAddress => (value >>> 0) as GuestAddress
export const handle = (value: number): Handle => (value >>> 0) as Handle
export const serial = (value: number): Serial => value as Serial
export const ticks = (value: number): Ticks => value as Ticks

/** A 32-bit guest number as every message prints it: `0x82010000`. */
export function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).toUpperCase().padStart(8, '0')}`
}

/** A number in hex without padding, for sizes, ordinals and handles: `0x1004`. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16).toUpperCase()}`
}

/** A 64-bit guest number in full: `0x0000000082010000`. */
export function hex64(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16).toUpperCase().padStart(16, '0')}`
}
