/** A bounded ring that keeps the newest items and counts every one it ever took. */
export interface Ring<T> {
  readonly capacity: number
  /** Items ever pushed. */
  readonly total: number
  /** Items pushed and no longer kept. */
  readonly dropped: number
  push(item: T): void
  /** The kept items, oldest first. */
  items(): T[]
}

export function createRing<T>(capacity: number): Ring<T> {
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new RangeError(`a ring needs a capacity of at least 1, not ${capacity}`)
  const slots: T[] = []
  let total = 0
  return {
    capacity,
    get total() {
      return total
    },
    get dropped() {
      return total - slots.length
    },
    push(item) {
      if (slots.length < capacity) slots.push(item)
      else slots[total % capacity] = item
      total += 1
    },
    items() {
      if (total <= capacity) return slots.slice()
      const oldest = total % capacity
      return [...slots.slice(oldest), ...slots.slice(0, oldest)]
    },
  }
}
