/**
 * Requests to the translator's thread and its answers, as numbers in memory that both threads see. To write or read them
 * takes the running thread a few microseconds; as messages they would take ten times that.
 */
import type { TranslatedUnit, Translation, TranslationRequest } from '../cpu/compiler/translation.ts'

/** Where the counts of requests and of answers are, how many words the last answer has, and whether a message came with it. */
export const place = { asked: 0, answered: 1, words: 2, message: 3 } as const

/** 32-bit words, at first; what holds less than is to be told makes way for what holds twice that. */
const leastWords = 1 << 14
export const createWords = (least = 0): Uint32Array =>
  new Uint32Array(new SharedArrayBuffer(4 * Math.max(2 * least, leastWords)))

/** For one processor. */
export interface Exchange {
  readonly counters: Int32Array
  readonly requests: Uint32Array
  readonly answers: Uint32Array
}
export const createExchange = (): Exchange => ({
  counters: new Int32Array(new SharedArrayBuffer(16)),
  requests: createWords(),
  answers: createWords(),
})

const micro = 1_000
const nothing = new Uint8Array(0)

/** Reads numbers, lists behind their lengths, and parts that stay where they are. */
function readerOf(words: Uint32Array) {
  let at = 0
  const next = (): number => words[at++] ?? 0
  return {
    next,
    list(): number[] {
      const numbers: number[] = []
      for (let left = next(); left > 0; left -= 1) numbers.push(next())
      return numbers
    },
    part(length: number): Uint32Array {
      at += length
      return words.subarray(at - length, at)
    },
  }
}

export function wordsOfRequest(request: TranslationRequest): number[] {
  const { mode, entries, room, longest = 0, stops, whole, callTargets, jumps, forget } = request
  const { wide, exact, fuses, quick } = mode
  const flags = +wide | (+exact << 1) | (+fuses << 2) | (+(quick === true) << 3) | (+forget << 4)
  const words = [flags, room, longest]
  for (const list of [entries, [...stops], [...whole], callTargets, jumps.flat()]) {
    words.push(list.length)
    for (const pc of list) words.push(pc)
  }
  return words
}

export function requestIn(words: Uint32Array): TranslationRequest {
  const { next, list } = readerOf(words)
  const flags = next()
  const has = (bit: number): boolean => ((flags >> bit) & 1) === 1
  const room = next()
  const longest = next()
  const entries = list()
  const stops = new Set(list())
  const whole = new Set(list())
  const callTargets = list()
  const pairs = list()
  return {
    mode: { wide: has(0), exact: has(1), fuses: has(2), quick: has(3) },
    entries,
    room,
    ...(longest === 0 ? {} : { longest }),
    stops,
    whole,
    callTargets,
    jumps: pairs.flatMap((from, i) => (i % 2 === 0 ? [[from, pairs[i + 1] ?? 0] as const] : [])),
    forget: has(4),
  }
}

/** The module is no number, and its bytes are nobody's once it is one. */
export function wordsOfTranslation(translation: Translation): number[] {
  const { size, slots, instructions, milliseconds, units, pages, refused, waiting, scattered } = translation
  return [
    size,
    slots,
    instructions,
    Math.round(milliseconds * micro),
    ...[pages, refused, waiting, scattered].flatMap(list => [list.length, ...list]),
    units.length,
    ...units.flatMap(unit => [
      unit.entry,
      unit.slot,
      unit.instructions,
      Math.round(unit.milliseconds * micro),
      unit.starts.length,
      ...unit.starts,
      ...unit.ends,
    ]),
  ]
}

/** What it says of blocks stays where it is: nothing may be written there any more, and all of it lives as long. */
export function translationIn(words: Uint32Array): Translation {
  const { next, list, part } = readerOf(words)
  const size = next()
  const slots = next()
  const instructions = next()
  const milliseconds = next() / micro
  const pages = list()
  const refused = list()
  const waiting = list()
  const scattered = list()
  const units: TranslatedUnit[] = []
  for (let left = next(); left > 0; left -= 1) {
    const unit = { entry: next(), slot: next(), instructions: next(), milliseconds: next() / micro }
    const blocks = next()
    units.push({ ...unit, starts: part(blocks), ends: part(blocks) })
  }
  return { bytes: nothing, size, slots, instructions, milliseconds, units, pages, refused, waiting, scattered }
}
