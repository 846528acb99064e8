/** How things are told, one form each: objects, signals, who made what. */
import { hex, type ObjectView, type ThreadView } from '../../core/index.ts'
import { type Block, type BlockContext, blockClasses } from './blocks.ts'
import type { SignalNote } from './evidence.ts'
import { labelled } from './layout.ts'
import { count } from './names.ts'

const mostBlocks = 8

export function blockLines(label: string, blocks: readonly Block[]): string[] {
  const lines = blocks.slice(0, mostBlocks).map(block => `${block.label}: ${blockClasses[block.code]}`)
  if (blocks.length > mostBlocks) lines.push(`and ${blocks.length - mostBlocks} more`)
  return labelled(label, lines)
}

function madeBy({ names }: BlockContext, object: ObjectView): string {
  const { created } = object
  if (object.adopted || created === undefined)
    return `initialised by the title itself${created === undefined ? '' : `; first seen ${names.time(created.cycle)} in ${names.site(created.source, created.lr)}`}`
  const also = object.handles.length > 1 ? `; handles ${names.handles(object)}` : ''
  const closed = object.handles.length === 0 && object.firstHandle !== 0 ? '; its handles are closed' : ''
  return `made by ${names.thread(created.tid)} at ${names.time(created.cycle)}: ${names.site(created.source, created.lr)}${also}${closed}`
}

/** A handle value that named another object before: perhaps that is the one that was meant. */
export function valueBefore({ names, evidence }: BlockContext, { handle, object }: Block): string[] {
  const closing = handle === 0 ? undefined : evidence.closing(handle)
  if (closing === undefined || closing.serial === object.serial) return []
  return [
    `${hex(handle)} named ${closing.kind} #${closing.serial} before, until ` +
      `${names.thread(closing.tid, closing.actor)} closed it at ${names.time(closing.cycle)}: ${names.site(closing.source, closing.lr)}`,
  ]
}

/** How it came to be, and who signalled it; a thread is told of elsewhere, and a mutant is owned. */
export function objectLines(context: BlockContext, object: ObjectView, signals: boolean): string[] {
  if (object.kind === 'Thread') return []
  const made = labelled('object', [madeBy(context, object)])
  return !signals ? made : [...made, ...labelled('signals', signalLines(context, object))]
}

export function startedBy({ names }: BlockContext, thread: ThreadView): string {
  const { creator } = thread
  const by =
    creator === undefined || creator.tid === 0
      ? 'by the kernel'
      : `by ${names.thread(creator.tid)} at ${names.time(creator.cycle)}: ${names.site(creator.source, creator.lr)}`
  return `${by}; entry ${names.code(thread.entry)}`
}

const lostReasons = ['it was set already', 'nobody waited', 'over its limit', 'it was set already'] as const

function noteText({ names }: BlockContext, note: SignalNote): string {
  const by = `${names.time(note.cycle)}  ${names.site(note.source, note.lr)}, ${names.thread(note.tid, note.actor)}`
  if (note.what === 'reset') return `${by}: reset`
  if (note.what === 'lost') return `${by}: lost, ${lostReasons[note.reason] ?? 'no effect'}`
  const released = note.woken === 0 ? 'nobody waited' : `released ${count(note.woken, 'waiter')}`
  return `${by}: ${note.what === 'pulsed' ? 'pulsed' : 'set'}, ${released}`
}

function signalLines(context: BlockContext, object: ObjectView): string[] {
  const notes = context.evidence.of(object.serial)?.signals ?? []
  const { alreadySet, pulsedIntoNobody, overLimit } = object.lost
  const lost = alreadySet + pulsedIntoNobody + overLimit
  if (object.signals === 0 && lost === 0 && notes.length === 0) return ['none']
  const total =
    object.signals === 0
      ? `${count(lost, 'signal')} of no effect; the last:`
      : `${count(object.signals, 'signal')}${lost > 0 ? ` and ${lost} of no effect` : ''}, ${count(object.wakes, 'wake')}; the last:`
  return [total, ...notes.map(note => noteText(context, note))]
}
