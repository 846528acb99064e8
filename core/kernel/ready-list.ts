/** The threads of one hardware thread that may run and do not: a list a priority, and a mask of those with anybody in. */
import type { Thread } from './object.ts'

/** Above all priorities of threads: the hardware thread's own context for interrupts. */
const interruptPriority = 32

export interface ReadyLists {
  /** The highest priority with a thread in it, -1 for none. */
  highest(): number
  /** Behind its equals. */
  append(thread: Thread): void
  /** Before its equals. */
  prepend(thread: Thread): void
  remove(thread: Thread): void
  /** Takes the first of a priority. */
  take(priority: number): Thread | undefined
  save(): number[][]
  load(ids: readonly (readonly number[])[], threads: ReadonlyMap<number, Thread>): void
}

export function createReadyLists(): ReadyLists {
  const lists: Thread[][] = Array.from({ length: interruptPriority + 1 }, () => [])
  const interrupts = lists[interruptPriority] as Thread[]
  let mask = 0

  const listOf = (priority: number): Thread[] => lists[priority] as Thread[]

  /** Brings the mask's bit of a priority up to date; interrupts have none. */
  function note(priority: number): void {
    if (priority === interruptPriority) return
    if (listOf(priority).length > 0) mask |= 1 << priority
    else mask &= ~(1 << priority)
  }

  return {
    highest: () => (interrupts.length > 0 ? interruptPriority : 31 - Math.clz32(mask)),
    append(thread) {
      listOf(thread.priority).push(thread)
      note(thread.priority)
    },
    prepend(thread) {
      listOf(thread.priority).unshift(thread)
      note(thread.priority)
    },
    remove(thread) {
      const list = listOf(thread.priority)
      const at = list.indexOf(thread)
      if (at >= 0) list.splice(at, 1)
      note(thread.priority)
    },
    take(priority) {
      const thread = listOf(priority).shift()
      note(priority)
      return thread
    },
    save: () => lists.map(list => list.map(thread => thread.id)),
    load(ids, threads) {
      mask = 0
      lists.forEach((list, priority) => {
        list.length = 0
        for (const id of ids[priority] ?? []) {
          const thread = threads.get(id)
          if (thread !== undefined) list.push(thread)
        }
        note(priority)
      })
    },
  }
}
