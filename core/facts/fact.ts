/**
 * What a subscriber reads: a view on a record, with the common fields and the row's own by name. The view is one object
 * that is moved from record to record, so it is valid during the call only; copy what must outlive it.
 */
import type { GuestAddress, Handle, Serial, Ticks } from '../base/words.ts'
import { catalogue, type FactName, type FactRows, factNameOf, factNames } from './catalogue.ts'
import { type Actor, actors, type ObjectKind, objectKindOf } from './objects.ts'
import { headerBytes } from './record.ts'

export interface Common {
  /** Counts all facts of the run, subscribed or not, from 1. */
  readonly sequence: number
  /** Guest timebase ticks. */
  readonly cycle: Ticks
  /** The guest thread that acts; 0 when none does. */
  readonly tid: number
  readonly hardwareThread: number
  readonly actor: Actor
  readonly lr: GuestAddress
  /** Id of the export or kernel path; `views.sourceName(id)` is its text. */
  readonly source: number
  /** The object, 0 for none. */
  readonly serial: Serial
  readonly objectKind: ObjectKind
  /** The handle value used, 0 for none. */
  readonly handle: Handle
  readonly address: GuestAddress
  /** Sequence of the fact that caused this one, 0 for none. */
  readonly cause: number
  /** Number of the interned back chain, 0 when not asked for; `views.frames(id)` gives its frames. */
  readonly stack: number
}

type ListOf<R> = R extends { readonly list: string } ? { readonly list: readonly number[] } : unknown
type TextOf<R> = R extends { readonly text: string } ? { readonly text: string } : unknown

export type FactOf<K extends FactName> = Common & { readonly kind: K } & {
  readonly [F in FactRows[K]['fields'][number]]: number
} & ListOf<FactRows[K]> &
  TextOf<FactRows[K]>

/** Any fact; `kind` tells which. */
export type Fact = { [K in FactName]: FactOf<K> }[FactName]

/** Reads records in place. */
export interface FactReader {
  /** The view on the record at `offset` of `bytes`, or undefined for a fact this version does not know. */
  read(bytes: Uint8Array, offset?: number): Fact | undefined
}

const decoder = new TextDecoder()

export function createFactReader(): FactReader {
  let view: DataView = new DataView(new ArrayBuffer(headerBytes))
  let bytes: Uint8Array = new Uint8Array(view.buffer)
  let at = 0
  const common: Record<keyof Common, () => unknown> = {
    sequence: () => view.getFloat64(at + 8, true),
    cycle: () => view.getFloat64(at + 16, true),
    tid: () => view.getUint32(at + 24, true),
    hardwareThread: () => view.getUint8(at + 4),
    actor: () => actors[view.getUint8(at + 6)] ?? 'kernel',
    lr: () => view.getUint32(at + 28, true),
    source: () => view.getUint32(at + 44, true),
    serial: () => view.getUint32(at + 32, true),
    objectKind: () => objectKindOf(view.getUint8(at + 5)),
    handle: () => view.getUint32(at + 36, true),
    address: () => view.getUint32(at + 40, true),
    cause: () => view.getFloat64(at + 48, true),
    stack: () => view.getUint32(at + 56, true),
  }
  const listStart = (): number => at + headerBytes + view.getUint8(at + 7) * 8
  const list = (): number[] => {
    const words: number[] = []
    const start = listStart()
    for (let i = 0; i < view.getUint16(at + 60, true); i += 1) words.push(view.getUint32(start + i * 4, true))
    return words
  }
  const text = (): string => {
    const start = listStart() + view.getUint16(at + 60, true) * 4
    return decoder.decode(bytes.subarray(start, start + view.getUint16(at + 62, true)))
  }
  const views = new Map<FactName, Fact>()
  for (const name of factNames) {
    const properties: PropertyDescriptorMap = { kind: { value: name, enumerable: true } }
    for (const [key, get] of Object.entries(common)) properties[key] = { get, enumerable: true }
    catalogue[name].fields.forEach((field, i) => {
      properties[field] = { get: () => view.getFloat64(at + headerBytes + i * 8, true), enumerable: true }
    })
    if ('list' in catalogue[name]) properties.list = { get: list, enumerable: true }
    if ('text' in catalogue[name]) properties.text = { get: text, enumerable: true }
    views.set(name, Object.create(null, properties) as Fact)
  }
  return {
    read(source, offset = 0) {
      if (source !== bytes) {
        bytes = source
        view = new DataView(source.buffer, source.byteOffset, source.byteLength)
      }
      at = offset
      const name = factNameOf(view.getUint16(at, true))
      return name === undefined ? undefined : views.get(name)
    },
  }
}
