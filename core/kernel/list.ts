/** Doubly linked lists in guest memory: a head and entries, each two words, that lead to themselves when empty. */
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import { hex32 } from '../base/words.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { LIST_ENTRY } from './structs.ts'

export function emptyList(memory: GuestMemory, at: number): void {
  memory.store32(at + LIST_ENTRY.flink, at)
  memory.store32(at + LIST_ENTRY.blink, at)
}

/** Links an entry in before another: before the head is the tail. */
export function linkBefore(memory: GuestMemory, next: number, entry: number): void {
  const before = memory.load32(next + LIST_ENTRY.blink)
  memory.store32(entry + LIST_ENTRY.flink, next)
  memory.store32(entry + LIST_ENTRY.blink, before)
  memory.store32(before + LIST_ENTRY.flink, entry)
  memory.store32(next + LIST_ENTRY.blink, entry)
}

export function unlink(memory: GuestMemory, entry: number): void {
  const next = memory.load32(entry + LIST_ENTRY.flink)
  const before = memory.load32(entry + LIST_ENTRY.blink)
  memory.store32(before + LIST_ENTRY.flink, next)
  memory.store32(next + LIST_ENTRY.blink, before)
}

/** Takes the first entry off a list; 0 when it is empty. */
export function unlinkFirst(memory: GuestMemory, head: number): number {
  const entry = memory.load32(head + LIST_ENTRY.flink)
  if (entry === head) return 0
  const next = memory.load32(entry + LIST_ENTRY.flink)
  memory.store32(head + LIST_ENTRY.flink, next)
  memory.store32(next + LIST_ENTRY.blink, head)
  return entry
}

/** The first entry that a condition holds for; the head where it holds for none. */
export function firstWhere(memory: GuestMemory, head: number, holds: (entry: number) => boolean): number {
  let entry = memory.load32(head + LIST_ENTRY.flink)
  for (let walked = 0; entry !== head && !holds(entry); walked += 1) {
    if (walked === limits.listEntries.value)
      throw fail('GUEST_FAULT', `the list at ${hex32(head)}`, `does not come back to its head in ${walked} entries`)
    entry = memory.load32(entry + LIST_ENTRY.flink)
  }
  return entry
}
