/**
 * Memory for trails: cells of 128 bytes in slabs, chained by an index in their first word. Everything a trail keeps lies
 * in cells, so what all trails cost is a count of cells, exact, and freeing one object's trail makes room for any other.
 * Cell 0 is never handed out: 0 ends a chain.
 */
export const cellBytes = 128
export const cellWords = cellBytes / 4
/** Words of a cell that hold content; the first is the link. */
const payloadWords = cellWords - 1

const slabBits = 13
const slabCells = 1 << slabBits

export interface Cells {
  /** Cells handed out and not given back. */
  readonly used: number
  /** The slab that holds the cell; the cell begins at word `at(cell)`. */
  slab(cell: number): Int32Array
  /** The same slab as doubles; the cell begins at `at(cell) / 2`. */
  doubles(cell: number): Float64Array
  /** One cell, its content as it was left. */
  take(): number
  /** Gives back a chain from its first to its last cell, `count` cells in all. */
  give(first: number, last: number, count: number): void
  link(cell: number): number
  setLink(cell: number, next: number): void
  /** Copies words into a new chain. Answers its first cell; `lastTaken` is its last. */
  store(words: Int32Array, count: number): number
  readonly lastTaken: number
  /** Copies `count` words of a chain. */
  load(first: number, count: number): Int32Array
}

/** Cells that `count` words need. */
export const cellsFor = (count: number): number => (count <= payloadWords ? 1 : Math.ceil(count / payloadWords))

/** The word at which a cell begins in its slab. */
export const at = (cell: number): number => (cell & (slabCells - 1)) * cellWords

export function createCells(): Cells {
  const slabs: Int32Array[] = []
  const doubles: Float64Array[] = []
  let fresh = 1
  let free = 0
  let used = 0
  let lastTaken = 0

  const slab = (cell: number): Int32Array => slabs[cell >>> slabBits] as Int32Array

  function take(): number {
    used += 1
    if (free !== 0) {
      const cell = free
      free = slab(cell)[at(cell)] as number
      return cell
    }
    const cell = fresh
    fresh += 1
    if (cell >>> slabBits === slabs.length) {
      const slab = new Int32Array(slabCells * cellWords)
      slabs.push(slab)
      doubles.push(new Float64Array(slab.buffer))
    }
    return cell
  }

  return {
    get used() {
      return used
    },
    get lastTaken() {
      return lastTaken
    },
    slab,
    doubles: cell => doubles[cell >>> slabBits] as Float64Array,
    take,
    give(first, last, count) {
      slab(last)[at(last)] = free
      free = first
      used -= count
    },
    link: cell => slab(cell)[at(cell)] as number,
    setLink(cell, next) {
      slab(cell)[at(cell)] = next
    },
    store(words, count) {
      let first = 0
      let previous = 0
      let from = 0
      do {
        const cell = take()
        const memory = slab(cell)
        const start = at(cell)
        const end = Math.min(from + payloadWords, count)
        memory[start] = 0
        for (let to = start + 1; from < end; from += 1, to += 1) memory[to] = words[from] as number
        if (previous === 0) first = cell
        else slab(previous)[at(previous)] = cell
        previous = cell
      } while (from < count)
      lastTaken = previous
      return first
    },
    load(first, count) {
      const words = new Int32Array(count)
      let cell = first
      for (let to = 0; to < count; to += payloadWords) {
        const start = at(cell) + 1
        words.set(slab(cell).subarray(start, start + Math.min(payloadWords, count - to)), to)
        cell = slab(cell)[at(cell)] as number
      }
      return words
    },
  }
}
