/**
 * What a call does with the row of its export. Titles call all the time and all sorts of exports, so nothing here is the
 * same twice for the engine: each call of a function it could not foresee costs as much as a small body. Of those there
 * is one, the body, where arguments and result are plain words; and rows, which have many shapes, are looked at in
 * objects of one.
 */
import { type AnyBody, type Entry, type Invoke, leaves, leavesOf, type Result } from './call.ts'
import type { Kernel } from './context.ts'
import type { Outcome } from './outcome.ts'
import type { CallFrame } from './ports.ts'

// Of this module, since what a module imports the engine looks up at every use.
const { word, signed, otherwise } = leaves

export interface Served {
  readonly invoke: Invoke
  readonly body: AnyBody
  /** Words that the body takes; -1 where only `invoke` knows. */
  readonly words: number
  /** One of `leaves`. */
  readonly leaves: number
  readonly write: Result<unknown>['write']
  /** A call changes nothing that another thread could see. */
  readonly polls: boolean
}

export function servedBy(row: Entry | undefined): Served | undefined {
  if (row?.entry !== 'function' || row.invoke === undefined) return undefined
  const { invoke, ofWords, result, tags } = row
  return {
    invoke,
    body: ofWords?.body ?? invoke,
    words: ofWords?.count ?? -1,
    leaves: leavesOf(result),
    write: result.write,
    polls: tags.includes('poll'),
  }
}

export function runBody({ invoke, body, words }: Served, kernel: Kernel): Outcome<unknown> {
  const { frame } = kernel
  switch (words) {
    case 0:
      return body(kernel)
    case 1:
      return body(kernel, frame.word(3))
    case 2:
      return body(kernel, frame.word(3), frame.word(4))
    case 3:
      return body(kernel, frame.word(3), frame.word(4), frame.word(5))
    case 4:
      return body(kernel, frame.word(3), frame.word(4), frame.word(5), frame.word(6))
    default:
      return invoke(kernel)
  }
}

export function leave({ leaves: how, write }: Served, frame: CallFrame, value: unknown): void {
  if (how === signed) frame.setSigned(3, value as number)
  else if (how === word) frame.setWord(3, value as number)
  else if (how === otherwise) write(frame, value)
}
