/**
 * Trails: what each object did lately, by category, in bounded memory.
 *
 * An object has a head cell and a ring for each category: a chain of cells that holds whole records, oldest first. A
 * ring keeps the newest `depth` records; an object's cells are bounded, and so are those of all objects. What is dropped
 * is counted where it is dropped, and totals stay: entries = retained + dropped (by ring or size) + evicted, always.
 *
 * The record of a creation is kept beside the rings once the rings let go of it, for as long as the object has a trail.
 *
 * Room is made by evicting whole objects (order.ts). A trail that begins after its object did (evicted, or never seen
 * created) does not know its totals, and says so by having none.
 */
import { type Category, limits } from '../../core/index.ts'
import { at, cellBytes, cellsFor, cellWords, createCells } from './cells.ts'
import { createOrder, flag, flagsWord } from './order.ts'

export const categories = ['signal', 'wait', 'wake', 'other'] as const satisfies readonly Category[]

/** Retained and total facts of one category; no total where the beginning was not seen. */
export interface Count {
  readonly retained: number
  readonly total?: number
}
export type Counts = Readonly<Record<Category, Count>>

export interface TrailLimits {
  readonly depth: number
  readonly bytesPerObject: number
  readonly bytes: number
}

export const defaultTrailLimits: TrailLimits = {
  depth: limits.trailPerCategory.value,
  bytesPerObject: limits.trailBytesPerObject.value,
  bytes: limits.trailBytes.value,
}

export interface TrailTotals {
  readonly objects: number
  /** Facts put into trails; a fact about several objects counts in each. */
  readonly entries: number
  readonly retained: number
  /** Pushed out of a full ring by newer facts. */
  readonly dropped: number
  /** Let go because the object's trail was too large. */
  readonly droppedForSize: number
  /** Lost with the trail of an evicted object. */
  readonly evicted: number
  readonly evictedObjects: number
  readonly bytes: number
}

export interface Trails {
  /** The trail of a key, 0 when it has none. A trail's number is valid until the next `open`, `append` or `keep`. */
  find(key: number): number
  /** Begins a trail; `whole` when the object begins here too. */
  open(key: number, kind: number, whole: boolean): number
  /** Puts a record of `words` words into a ring. */
  append(trail: number, category: number, record: Int32Array, words: number): void
  /** Marks the object as ended: it goes first when room is needed. */
  end(trail: number): void
  focus(trail: number): void
  inFocus(trail: number): boolean
  /** What the object is, and the first handle value and address by which it was met; 0 is not known. */
  name(trail: number, kind: number, handle: number, address: number): void
  /** Keeps a list of words with the trail. */
  keep(trail: number, words: Int32Array): void
  view(key: number): TrailView | undefined
  /** Keys of all trails, in order of beginning. */
  keys(): IterableIterator<number>
  totals(): TrailTotals
}

/** One trail, copied out. */
export interface TrailView {
  readonly key: number
  readonly kind: number
  readonly handle: number
  readonly address: number
  readonly inFocus: boolean
  readonly ended: boolean
  readonly counts: Counts
  /** The record of creation or adoption, when it was seen. */
  readonly birth: Uint8Array | undefined
  readonly kept: Int32Array | undefined
  /** Records of a category, oldest first. */
  records(category: Category): Uint8Array[]
}

// Words of a head cell; 2 to 4 are those of order.ts.
const KEY = 1
const CELLS = 5
const KIND = 6
const HANDLE = 7
const ADDRESS = 8
const BIRTH = 9
const KEPT = 10
const KEPT_WORDS = 11
const RINGS = 12 // for each category: head, tail, and records in the low half with cells in the high half
const TOTALS = 24 // for each category a double

// Flags beside those of order.ts.
const WHOLE = 4
const GHOST = 8

/** Keys from here on are values that name no object; those below are serials. */
export const ghostKeys = 2 ** 32

/**
 * What an entry of the table of trails costs at most, beside the cells: three words and half a bucket, in a map that may
 * be a quarter full (it doubles, and what was deleted leaves gaps), and a key of a ghost, which is no small integer.
 */
const tableBytes = 4 * 28 + 16
const otherCategory = categories.indexOf('other')
const lowHalf = 0xffff

export function createTrails(bounds: TrailLimits, isBirth: (firstWord: number) => boolean): Trails {
  const cells = createCells()
  const heads = new Map<number, number>()
  const order = createOrder(cells)
  const cellsPerObject = Math.floor(bounds.bytesPerObject / cellBytes)
  let entries = 0
  let retained = 0
  let dropped = 0
  let droppedForSize = 0
  let evicted = 0
  let evictedObjects = 0

  const get = (head: number, word: number): number => cells.slab(head)[at(head) + word] as number
  const set = (head: number, word: number, value: number): void => {
    cells.slab(head)[at(head) + word] = value
  }
  const bytes = (): number => cells.used * cellBytes + heads.size * tableBytes
  const recordWords = (cell: number): number => (get(cell, 1) >>> 16) / 4

  function total(head: number, category: number, more: number): number {
    const doubles = cells.doubles(head)
    const place = (at(head) + TOTALS) / 2 + category
    const value = (doubles[place] as number) + more
    doubles[place] = value
    return value
  }

  function lastOf(first: number, count: number): number {
    let cell = first
    for (let i = 1; i < count; i += 1) cell = cells.link(cell)
    return cell
  }

  function freeChain(first: number, count: number): void {
    cells.give(first, lastOf(first, count), count)
  }

  function evict(head: number): void {
    for (let category = 0; category < categories.length; category += 1) {
      const ring = RINGS + category * 3
      const packed = get(head, ring + 2)
      if (packed === 0) continue
      cells.give(get(head, ring), get(head, ring + 1), packed >>> 16)
      retained -= packed & lowHalf
      evicted += packed & lowHalf
    }
    const birth = get(head, BIRTH)
    if (birth !== 0) freeChain(birth, cellsFor(recordWords(birth)))
    if (get(head, KEPT) !== 0) freeChain(get(head, KEPT), cellsFor(get(head, KEPT_WORDS)))
    order.remove(head)
    heads.delete((get(head, KEY) >>> 0) + (get(head, flagsWord) & GHOST ? ghostKeys : 0))
    cells.give(head, head, 1)
    evictedObjects += 1
  }

  /** Evicts until `more` bytes fit, but never the trail that they are for. */
  function makeRoom(more: number, spare: number): void {
    while (bytes() + more > bounds.bytes) {
      const victim = order.victim(spare)
      if (victim === 0) return
      evict(victim)
    }
  }

  /** Lets the oldest record of a ring go. */
  function dropOldest(head: number, category: number): void {
    const memory = cells.slab(head)
    const ring = at(head) + RINGS + category * 3
    const first = memory[ring] as number
    const slab = cells.slab(first)
    const start = at(first)
    const words = (slab[start + 1] as number) >>> 18
    const count = cellsFor(words)
    const last = count === 1 ? first : lastOf(first, count)
    const packed = memory[ring + 2] as number
    memory[ring] = last === first ? (slab[start] as number) : cells.link(last)
    memory[ring + 2] = packed - 1 - (count << 16)
    if ((packed & lowHalf) === 1) memory[ring + 1] = 0
    retained -= 1
    if (category === otherCategory && get(head, BIRTH) === 0 && isBirth(get(first, 1))) set(head, BIRTH, first)
    else {
      cells.give(first, last, count)
      set(head, CELLS, get(head, CELLS) - count)
    }
  }

  function widest(head: number): number {
    let widestCategory = -1
    let most = 0
    for (let category = 0; category < categories.length; category += 1) {
      const used = get(head, RINGS + category * 3 + 2) >>> 16
      if (used > most) {
        most = used
        widestCategory = category
      }
    }
    return widestCategory
  }

  function append(head: number, category: number, record: Int32Array, words: number): void {
    const need = cellsFor(words)
    const memory = cells.slab(head)
    const start = at(head)
    const ring = start + RINGS + category * 3
    entries += 1
    total(head, category, 1)
    if (((memory[ring + 2] as number) & lowHalf) >= bounds.depth) {
      dropOldest(head, category)
      dropped += 1
    }
    while ((memory[start + CELLS] as number) + need > cellsPerObject) {
      const fullest = widest(head)
      droppedForSize += 1
      if (fullest < 0) return
      dropOldest(head, fullest)
    }
    if (bytes() + need * cellBytes > bounds.bytes) makeRoom(need * cellBytes, head)
    const first = cells.store(record, words)
    const tail = memory[ring + 1] as number
    if (tail === 0) memory[ring] = first
    else cells.setLink(tail, first)
    memory[ring + 1] = cells.lastTaken
    memory[ring + 2] = (memory[ring + 2] as number) + 1 + (need << 16)
    memory[start + CELLS] = (memory[start + CELLS] as number) + need
    memory[start + flagsWord] = (memory[start + flagsWord] as number) | flag.touched
    retained += 1
  }

  function open(key: number, kind: number, whole: boolean): number {
    makeRoom(cellBytes + tableBytes, 0)
    const head = cells.take()
    cells.slab(head).fill(0, at(head), at(head) + cellWords)
    set(head, KEY, key)
    set(head, flagsWord, (whole ? WHOLE : 0) | (key >= ghostKeys ? GHOST : 0))
    set(head, KIND, kind)
    set(head, CELLS, 1)
    heads.set(key, head)
    order.add(head)
    return head
  }

  function view(key: number): TrailView | undefined {
    const head = heads.get(key)
    if (head === undefined) return undefined
    const flags = get(head, flagsWord)
    const records = (category: Category): Uint8Array[] => {
      const ring = RINGS + categories.indexOf(category) * 3
      const found: Uint8Array[] = []
      let cell = get(head, ring)
      for (let left = get(head, ring + 2) & lowHalf; left > 0; left -= 1) {
        const words = recordWords(cell)
        found.push(new Uint8Array(cells.load(cell, words).buffer))
        for (let i = cellsFor(words); i > 0; i -= 1) cell = cells.link(cell)
      }
      return found
    }
    const counts = Object.fromEntries(
      categories.map((category, i): [Category, Count] => {
        const kept = get(head, RINGS + i * 3 + 2) & lowHalf
        return [category, flags & WHOLE ? { retained: kept, total: total(head, i, 0) } : { retained: kept }]
      }),
    ) as Record<Category, Count>
    const moved = get(head, BIRTH)
    const birth =
      moved !== 0
        ? new Uint8Array(cells.load(moved, recordWords(moved)).buffer)
        : records('other').find(record => isBirth(new Int32Array(record.buffer)[0] as number))
    return {
      key,
      kind: get(head, KIND),
      handle: get(head, HANDLE) >>> 0,
      address: get(head, ADDRESS) >>> 0,
      inFocus: (flags & flag.focus) !== 0,
      ended: (flags & flag.ended) !== 0,
      counts,
      birth,
      kept: get(head, KEPT) === 0 ? undefined : cells.load(get(head, KEPT), get(head, KEPT_WORDS)),
      records,
    }
  }

  return {
    find: key => heads.get(key) ?? 0,
    open,
    append,
    end: head => order.mark(head, flag.ended),
    focus: head => order.mark(head, flag.focus),
    inFocus: head => (get(head, flagsWord) & flag.focus) !== 0,
    name(head, kind, handle, address) {
      const memory = cells.slab(head)
      const start = at(head)
      if (kind !== 0 && memory[start + KIND] === 0) memory[start + KIND] = kind
      if (handle !== 0 && memory[start + HANDLE] === 0) memory[start + HANDLE] = handle
      if (address !== 0 && memory[start + ADDRESS] === 0) memory[start + ADDRESS] = address
    },
    keep(head, words) {
      const need = cellsFor(words.length)
      if (get(head, KEPT) !== 0 || words.length === 0 || get(head, CELLS) + need > cellsPerObject) return
      makeRoom(need * cellBytes, head)
      set(head, KEPT, cells.store(words, words.length))
      set(head, KEPT_WORDS, words.length)
      set(head, CELLS, get(head, CELLS) + need)
    },
    view,
    keys: () => heads.keys(),
    totals: () => ({
      objects: heads.size,
      entries,
      retained,
      dropped,
      droppedForSize,
      evicted,
      evictedObjects,
      bytes: bytes(),
    }),
  }
}
