/**
 * Which trail goes first when room is needed: four lists through the head cells, ended before live, out of focus before
 * in focus (focus counts more). In a list the one that came first goes, but one that was touched since it was last looked
 * at is passed over once and put last: near enough to the least recently touched, for one bit instead of a move at every
 * fact.
 */
import { at, type Cells } from './cells.ts'

/** The word of a head cell that holds its flags; the two after it link the list it is in. */
export const flagsWord = 2
const previousWord = 3
const nextWord = 4

export const flag = { ended: 1, focus: 2, touched: 16 } as const

const listOf = (flags: number): number => (flags & flag.focus ? 2 : 0) + (flags & flag.ended ? 0 : 1)

export interface Order {
  /** Puts a head last in the list that its flags say. */
  add(head: number): void
  remove(head: number): void
  /** Sets a flag that may change the list. */
  mark(head: number, bit: number): void
  /** The next to go, other than `spare`; 0 when there is none. */
  victim(spare: number): number
}

export function createOrder(cells: Cells): Order {
  const oldest = [0, 0, 0, 0]
  const newest = [0, 0, 0, 0]

  const get = (head: number, word: number): number => cells.slab(head)[at(head) + word] as number
  const set = (head: number, word: number, value: number): void => {
    cells.slab(head)[at(head) + word] = value
  }

  function remove(head: number): void {
    const list = listOf(get(head, flagsWord))
    const previous = get(head, previousWord)
    const next = get(head, nextWord)
    if (previous === 0) oldest[list] = next
    else set(previous, nextWord, next)
    if (next === 0) newest[list] = previous
    else set(next, previousWord, previous)
  }

  function add(head: number): void {
    const list = listOf(get(head, flagsWord))
    const last = newest[list] as number
    set(head, previousWord, last)
    set(head, nextWord, 0)
    if (last === 0) oldest[list] = head
    else set(last, nextWord, head)
    newest[list] = head
  }

  function firstOf(list: number, spare: number): number {
    let head = oldest[list] as number
    while (head !== 0) {
      const flags = get(head, flagsWord)
      if (head !== spare && !(flags & flag.touched)) return head
      if (head === spare && get(head, nextWord) === 0 && get(head, previousWord) === 0) return 0
      remove(head)
      set(head, flagsWord, flags & ~flag.touched)
      add(head)
      head = oldest[list] as number
    }
    return 0
  }

  return {
    add,
    remove,
    mark(head, bit) {
      if (get(head, flagsWord) & bit) return
      remove(head)
      set(head, flagsWord, get(head, flagsWord) | bit)
      add(head)
    },
    victim(spare) {
      for (let list = 0; list < oldest.length; list += 1) {
        const head = firstOf(list, spare)
        if (head !== 0) return head
      }
      return 0
    },
  }
}
