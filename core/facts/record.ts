/**
 * The binary record of a fact: one layout for all, little-endian, written once by the kernel's side and read in place by
 * plugins in this thread, or copied as it is to a worker, a ring or a file.
 *
 *     0 u16 fact id      2 u16 length of the record in bytes, a multiple of 8
 *     4 u8 hardware thread   5 u8 object kind   6 u8 actor   7 u8 number of own fields
 *     8 f64 sequence    16 f64 cycle          (exact integers below 2^53)
 *    24 u32 tid         28 u32 lr
 *    32 u32 serial      36 u32 handle         40 u32 address     44 u32 source
 *    48 f64 cause: the sequence of the fact that caused this one, 0 for none
 *    56 u32 stack: number of the interned back chain, 0 when no subscriber asked
 *    60 u16 words in the list   62 u16 bytes of text
 *    64 f64 own fields, then u32 list, then text
 *
 * Invariants: a record is complete before a subscriber sees it; its length never exceeds `maxRecordBytes`; text that
 * does not fit is cut at `maxTextBytes`.
 */
import { bitOf, catalogue, type FactName, type FactRows, factNames } from './catalogue.ts'
import { type ObjectKind, objectKinds } from './objects.ts'
import type { FactSink } from './sink.ts'

export const headerBytes = 64
const maxTextBytes = 1024
export const maxRecordBytes = 4096

/** Who acts, and from where: the guest thread inside a kernel call, or the kernel's own path. */
export interface Scene {
  tid: number
  hardwareThread: number
  /** Guest address one past the `bl` that led to the thunk; 0 on the kernel's own paths. */
  lr: number
  /** Guest stack pointer at the call: where a back-chain walk starts; 0 when there is none. */
  sp: number
  /** Id of the export or of the kernel's own path; `sourceName` of the views turns it into text. */
  source: number
  /** Index in `actors`. */
  actor: number
}

/** What a fact is about. */
export interface Subject {
  readonly serial: number
  /** The handle value used, or 0. */
  readonly handle: number
  /** Guest address of the dispatcher header, or 0. */
  readonly address: number
  readonly kind: ObjectKind
}

type FieldValues<F extends readonly string[]> = { readonly [I in keyof F]: number }
type ListArgument<R> = R extends { readonly list: string } ? [list: readonly number[]] : []
type TextArgument<R> = R extends { readonly text: string } ? [text: string] : []

/**
 * One function a fact: says that it happened. Arguments are the scene, the subject, the cause (a sequence or 0), the
 * row's fields in order, then its list and its text. Answers the fact's sequence. Costs a count and a mask test when
 * nobody subscribes.
 */
export type Emitters = {
  readonly [K in FactName]: (
    scene: Scene,
    subject: Subject,
    cause: number,
    ...own: [...FieldValues<FactRows[K]['fields']>, ...ListArgument<FactRows[K]>, ...TextArgument<FactRows[K]>]
  ) => number
}

export interface RecorderPorts {
  readonly sink: FactSink
  /** The guest timebase now. */
  cycle(): number
  /** Walks the back chain of a scene and answers the number of the interned stack. */
  walk(scene: Scene): number
}

const encoder = new TextEncoder()

/** The emitters over one record buffer; `sequence` starts after `start`, for a machine restored from a snapshot. */
export function createEmitters({ sink, cycle, walk }: RecorderPorts): Emitters {
  const bytes = new Uint8Array(maxRecordBytes)
  const view = new DataView(bytes.buffer)

  function write(
    name: FactName,
    scene: Scene,
    subject: Subject,
    cause: number,
    sequence: number,
    stack: number,
    own: readonly unknown[],
  ): void {
    const row = catalogue[name]
    const fields = row.fields.length
    view.setUint16(0, row.id, true)
    view.setUint8(4, scene.hardwareThread)
    view.setUint8(5, objectKinds[subject.kind].id)
    view.setUint8(6, scene.actor)
    view.setUint8(7, fields)
    view.setFloat64(8, sequence, true)
    view.setFloat64(16, cycle(), true)
    view.setUint32(24, scene.tid, true)
    view.setUint32(28, scene.lr, true)
    view.setUint32(32, subject.serial, true)
    view.setUint32(36, subject.handle, true)
    view.setUint32(40, subject.address, true)
    view.setUint32(44, scene.source, true)
    view.setFloat64(48, cause, true)
    view.setUint32(56, stack, true)
    let at = headerBytes
    for (let i = 0; i < fields; i += 1, at += 8) view.setFloat64(at, own[i] as number, true)
    let next = fields
    let words = 0
    if ('list' in row) {
      const list = own[next] as readonly number[]
      next += 1
      words = list.length
      for (let i = 0; i < words; i += 1, at += 4) view.setUint32(at, list[i] ?? 0, true)
    }
    let textBytes = 0
    if ('text' in row) {
      textBytes = encoder.encodeInto(own[next] as string, bytes.subarray(at, at + maxTextBytes)).written
      at += textBytes
    }
    view.setUint16(60, words, true)
    view.setUint16(62, textBytes, true)
    const length = (at + 7) & ~7
    bytes.fill(0, at, length)
    view.setUint16(2, length, true)
    sink.accept(bytes, length)
  }

  const emitters: Partial<Record<FactName, unknown>> = {}
  for (const name of factNames) {
    const { low, high } = bitOf(name)
    // As many parameters as a row may have of its own, since collecting the rest would allocate at every fact.
    emitters[name] = (
      scene: Scene,
      subject: Subject,
      cause: number,
      a: unknown,
      b: unknown,
      c: unknown,
      d: unknown,
      e: unknown,
      f: unknown,
      g: unknown,
    ): number => {
      sink.sequence += 1
      const sequence = sink.sequence
      if ((sink.mask.low & low) | (sink.mask.high & high)) {
        const walks = (sink.framesMask.low & low) | (sink.framesMask.high & high)
        write(name, scene, subject, cause, sequence, walks === 0 ? 0 : walk(scene), [a, b, c, d, e, f, g])
      }
      return sequence
    }
  }
  // Of an object that was filled by computed names the engine makes a slow dictionary, but not of a prototype.
  return Object.create(emitters) as Emitters
}
