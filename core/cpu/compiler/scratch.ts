/**
 * Lists of numbers that live while a unit is made, cut from one array that is used for all units. The host keeps a typed
 * array of more than 64 bytes apart from its own objects, and a unit takes some forty: to make each by itself was seen to
 * take a tenth of the time of a translation, and as much again in the thread that gives them back.
 */

/** Numbers of the array at first; it grows as units ask. */
const atFirst = 1 << 16

/** Numbers that are set one by one: most lists are so short that it takes longer to call the host for it. */
const longestLoop = 64

let array = new Int32Array(atFirst)
let used = 0
/** How many are making something, one inside the other. */
let makers = 0

/** So many numbers, all the same at first; where nobody would give them back, a list by itself. */
export function takeNumbers(size: number, value = 0): Int32Array {
  if (makers === 0) return new Int32Array(size).fill(value)
  const start = used
  used += size
  // What is given out already stays where it is.
  if (used > array.length) array = new Int32Array(2 * used)
  const list = new Int32Array(array.buffer, start * array.BYTES_PER_ELEMENT, size)
  if (size > longestLoop) return list.fill(value)
  for (let at = 0; at < size; at += 1) list[at] = value
  return list
}

export function copyOf(list: ArrayLike<number>): Int32Array {
  const copy = takeNumbers(list.length)
  for (let at = 0; at < list.length; at += 1) copy[at] = list[at] ?? 0
  return copy
}

/** Makes something, and gives all numbers back that were taken for it: it keeps none. */
export function withScratch<T>(make: () => T): T {
  const before = used
  makers += 1
  try {
    return make()
  } finally {
    makers -= 1
    used = before
  }
}
