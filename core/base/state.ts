/**
 * Machine state is plain data. A part of the machine that has state implements `Part`; the digest is the SHA-256 of the
 * canonical bytes of every part's `save`, so what `save` returns must have a fixed key order and no host object in it.
 *
 * Canonical bytes are a tag and the value: `n` null, `f`/`t` booleans, `d` f64, `i` a 64-bit integer, `s` text, `b`
 * bytes, `a` a list, `o` keys and values in their order; lengths are u32, all little-endian.
 */
import { fail } from './failure.ts'

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
  /** The whole state as plain data; may hold views on live bytes, so copy it (`copyState`) if the machine runs on. */
  save(): Plain
  /** Replaces the whole state. Throws `Failure` SNAPSHOT_FORMAT when the data does not have the part's shape. */
  load(state: Plain): void
}

const isList = (state: Plain): state is readonly Plain[] => Array.isArray(state)

/** A copy that shares nothing with the machine. */
export function copyState(state: Plain): Plain {
  if (state === null || typeof state !== 'object') return state
  if (state instanceof Uint8Array) return state.slice()
  if (isList(state)) return state.map(copyState)
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, copyState(value)]))
}

const encoder = new TextEncoder()

function head(tag: string, length: number): Uint8Array {
  const bytes = new Uint8Array(5)
  bytes[0] = tag.charCodeAt(0)
  new DataView(bytes.buffer).setUint32(1, length, true)
  return bytes
}

function scalar(tag: string, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(9)
  bytes[0] = tag.charCodeAt(0)
  write(new DataView(bytes.buffer))
  return bytes
}

/** Feeds the canonical bytes of a state to `take`, in order; large byte arrays are passed as they are, uncopied. */
export function feedState(state: Plain, take: (bytes: Uint8Array) => void): void {
  if (state === null) take(head('n', 0))
  else if (typeof state === 'boolean') take(head(state ? 't' : 'f', 0))
  else if (typeof state === 'number') take(scalar('d', view => view.setFloat64(1, state, true)))
  else if (typeof state === 'bigint') take(scalar('i', view => view.setBigUint64(1, BigInt.asUintN(64, state), true)))
  else if (typeof state === 'string' || state instanceof Uint8Array) {
    const bytes = typeof state === 'string' ? encoder.encode(state) : state
    take(head(typeof state === 'string' ? 's' : 'b', bytes.length))
    take(bytes)
  } else if (isList(state)) {
    take(head('a', state.length))
    for (const item of state) feedState(item, take)
  } else {
    const entries = Object.entries(state)
    take(head('o', entries.length))
    for (const [key, value] of entries) {
      feedState(key, take)
      feedState(value, take)
    }
  }
}

/** Reads back what `feedState` fed. Throws `Failure` SNAPSHOT_FORMAT with the offset where the bytes make no sense. */
export function readState(bytes: Uint8Array): Plain {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let at = 0

  function broken(what: string): never {
    throw fail('SNAPSHOT_FORMAT', `snapshot at offset ${at}`, what)
  }
  function take(length: number): number {
    const start = at
    if (length > bytes.length - at) broken('the file ends too early')
    at += length
    return start
  }
  function value(depth: number): Plain {
    if (depth > 64) broken('nested too deeply')
    const tag = String.fromCharCode(view.getUint8(take(1)))
    if (tag === 'd') return view.getFloat64(take(8), true)
    if (tag === 'i') return view.getBigUint64(take(8), true)
    const length = view.getUint32(take(4), true)
    switch (tag) {
      case 'n':
        return null
      case 't':
        return true
      case 'f':
        return false
      case 's': {
        const start = take(length)
        try {
          return decoder.decode(bytes.subarray(start, start + length))
        } catch {
          return broken('a text that is not UTF-8')
        }
      }
      case 'b': {
        const start = take(length)
        return bytes.slice(start, start + length)
      }
      case 'a': {
        const list: Plain[] = []
        for (let i = 0; i < length; i += 1) list.push(value(depth + 1))
        return list
      }
      case 'o': {
        const object: Record<string, Plain> = {}
        for (let i = 0; i < length; i += 1) {
          const key = value(depth + 1)
          if (typeof key !== 'string') broken('a key that is not a text')
          else
            Object.defineProperty(object, key, {
              value: value(depth + 1),
              enumerable: true,
              writable: true,
              configurable: true,
            })
        }
        return object
      }
      default:
        return broken('an unknown tag')
    }
  }

  const state = value(0)
  if (at !== bytes.length) broken('bytes after the end')
  return state
}
