/** Dates as they lie in a title's memory: a half-word each, in the order of a layout. */
import type { GuestMemory } from '../memory/guest.ts'
import { fieldsOf, type TimeFields, timeOf } from './calendar.ts'

type DateLayout = Readonly<Record<keyof TimeFields, number>>

export function writeDate(memory: GuestMemory, at: number, layout: DateLayout, time: bigint): void {
  for (const [name, value] of Object.entries(fieldsOf(time)))
    memory.store16(at + layout[name as keyof TimeFields], value)
}

/** Undefined where there is no such date. */
export function readDate(memory: GuestMemory, at: number, layout: DateLayout): bigint | undefined {
  const field = (name: keyof TimeFields): number => memory.load16(at + layout[name])
  return timeOf({
    year: field('year'),
    month: field('month'),
    day: field('day'),
    hour: field('hour'),
    minute: field('minute'),
    second: field('second'),
    milliseconds: field('milliseconds'),
  })
}
