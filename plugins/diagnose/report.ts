/** The diagnosis as text, the answer first, and as data for `--json`. */
import {
  hex,
  type MissingExport,
  type ObjectView,
  type ReportSection,
  type RunEnd,
  type Stack,
  type ThreadView,
} from '../../core/index.ts'
import {
  awaitsSignal,
  type Block,
  type BlockContext,
  blockClasses,
  doing,
  ghostClasses,
  ghostOperations,
} from './blocks.ts'
import type { Diagnosis, Waiting } from './diagnosis.ts'
import type { SignalNote } from './evidence.ts'
import { labelled, table, wrap } from './layout.ts'
import { capital, count, plain } from './names.ts'
import { producersOf } from './producer.ts'

const mostRoots = 3
const mostBlocks = 8

/** What of the end of the run is told of here. */
export type Ending = Pick<RunEnd, 'cause' | 'fault'>

export function sectionsOf(context: BlockContext, diagnosis: Diagnosis, end: Ending): ReportSection[] {
  return [
    why(context, diagnosis, end.cause),
    threadsSection(context, diagnosis, end.fault?.tid),
    missingSection(context),
    ghostSection(context),
  ].filter(section => section.lines.length > 0)
}

function why(context: BlockContext, diagnosis: Diagnosis, cause: RunEnd['cause']): ReportSection {
  const hung = cause === 'deadlock' || cause === 'stuck'
  const shown = diagnosis.roots.slice(0, mostRoots)
  const lines = shown.flatMap((root, i) => [...(i > 0 ? [''] : []), ...rootLines(context, diagnosis, root)])
  const rest = diagnosis.roots.length - shown.length
  if (rest > 0)
    lines.push(
      '',
      `${count(rest, 'more thread')} ${rest === 1 ? 'waits' : 'wait'} for ever; they are among the threads below.`,
    )
  const told = new Set(
    shown.flatMap(({ cycle, behind, thread, likewise }) => [
      thread.tid,
      ...cycle,
      ...behind,
      ...likewise.map(one => one.tid),
    ]),
  )
  for (const thread of diagnosis.suspended)
    if (!told.has(thread.tid)) lines.push(...(lines.length > 0 ? [''] : []), ...suspendedLines(context, thread))
  return {
    title: hung ? 'Why it hangs' : 'What waits for long',
    lines,
    data: {
      name: 'why',
      roots: diagnosis.roots.map(root => ({
        tid: root.thread.tid,
        verdict: root.code,
        text: `${root.says}: ${root.because}`,
        cycle: root.cycle,
        behind: root.behind,
        producers: root.blocks.map(({ object }) => ({
          serial: object.serial,
          known: producersOf(context, root.thread, object, root.behind),
        })),
      })),
    },
  }
}

function rootLines(context: BlockContext, diagnosis: Diagnosis, root: Waiting): string[] {
  const { names } = context
  const { thread, wait, blocks, cycle } = root
  if (cycle.length > 1) return cycleLines(context, diagnosis, root)
  const lines = wrap(`${capital(root.says)}: ${root.because}.`, 0, 2)
  lines.push(
    ...labelled(root.polls > 0 ? 'asks' : 'waits', [
      `since ${names.time(wait.begun.cycle)}, ${root.polls > 0 ? `${count(root.polls, 'time')}, ` : ''}in ` +
        names.site(wait.begun.source, wait.begun.lr),
    ]),
  )
  if (wait.alertable) lines.push(...labelled('', ['alertable: a user APC would end it too']))
  if (blocks.length > 1) lines.push(...blockLines(wait.type === 'all' ? 'all of' : 'any of', blocks))
  lines.push(...labelled('stack', stackLines(context, thread.stack)))
  const first = blocks.find(({ code }) => code === root.code)
  if (first !== undefined) {
    lines.push(...objectLines(context, first.object, awaitsSignal.has(first.code)))
    lines.push(...labelled('handle', valueBefore(context, first)))
    if (awaitsSignal.has(first.code))
      lines.push(...labelled('producer', producersOf(context, thread, first.object, root.behind)))
  }
  if (root.likewise.length > 0)
    lines.push(
      ...labelled(
        'likewise',
        root.likewise.map(one => `${names.thread(one.tid)} at ${stackText(context, one.stack)}`),
      ),
    )
  if (root.behind.length > 0) lines.push(...labelled('behind it', behindLines(context, diagnosis, root.behind)))
  return lines
}

function cycleLines(context: BlockContext, diagnosis: Diagnosis, root: Waiting): string[] {
  const { names } = context
  const members = root.cycle.flatMap(tid => diagnosis.waiting.find(({ thread }) => thread.tid === tid) ?? [])
  const all = members.map(({ thread }) => names.thread(thread.tid))
  const list = `${all.slice(0, -1).join(', ')} and ${all.at(-1) ?? ''}`
  const certain = members.every((member, i) => {
    const next = members[(i + 1) % members.length]
    return member.blocks.some(({ blockers }) => next !== undefined && blockers.includes(next.thread.tid))
  })
  const says = certain ? 'wait for each other, and none can go on' : 'seem to wait for each other'
  const lines = wrap(`${capital(list)} ${says}.`, 0, 2)
  for (const [i, member] of members.entries()) {
    const next = members[(i + 1) % members.length]
    if (next === undefined) continue
    const block = member.blocks.find(({ blockers }) => blockers.includes(next.thread.tid)) ?? member.blocks[0]
    if (block === undefined) continue
    lines.push(
      ...labelled(i === 0 ? 'circle' : '', [
        `${names.thread(member.thread.tid)} waits on ${block.label}; ${names.thread(next.thread.tid)} ${roleOf(block, next)}`,
      ]),
    )
    lines.push(
      ...labelled('', [
        `  since ${names.time(member.wait.begun.cycle)}, at ${stackText(context, member.thread.stack)}`,
      ]),
    )
  }
  const outside = root.behind.filter(tid => !root.cycle.includes(tid))
  if (outside.length > 0) lines.push(...labelled('behind it', behindLines(context, diagnosis, outside)))
  return lines
}

function roleOf(block: Block, next: Waiting): string {
  if (!block.blockers.includes(next.thread.tid)) return 'is in the code that would signal it'
  return block.object.kind === 'Thread' ? 'is that thread' : 'holds it'
}

const behindLines = (context: BlockContext, diagnosis: Diagnosis, tids: readonly number[]): string[] =>
  tids.flatMap(tid => {
    const one = diagnosis.waiting.find(({ thread }) => thread.tid === tid)
    return one === undefined ? [] : [`${context.names.thread(tid)} ${doing(context, one.thread)}`]
  })

function suspendedLines(context: BlockContext, thread: ThreadView): string[] {
  const { names, evidence } = context
  const never = evidence.resumes(thread.tid) === 0
  const says = never
    ? 'was made suspended, and nobody ever resumed it'
    : `is suspended ${count(thread.suspendCount, 'time')}`
  return [
    ...wrap(`${capital(names.thread(thread.tid))} ${says}.`, 0, 2),
    ...labelled('made', [startedBy(context, thread)]),
    ...(never ? [] : labelled('stack', stackLines(context, thread.stack))),
  ]
}

function blockLines(label: string, blocks: readonly Block[]): string[] {
  const lines = blocks.slice(0, mostBlocks).map(block => `${block.label}: ${blockClasses[block.code]}`)
  if (blocks.length > mostBlocks) lines.push(`and ${blocks.length - mostBlocks} more`)
  return labelled(label, lines)
}

/** Within a function that saved its return address and has not called since, the live one is the saved one again. */
const framesOf = ({ frames }: Stack): Stack['frames'] => frames.filter(({ lr }, i) => i !== 1 || lr !== frames[0]?.lr)

function stackLines({ names }: BlockContext, stack: Stack): string[] {
  if (stack.frames.length === 0) return ['none to be read']
  const rows = framesOf(stack).map(({ lr }) => `0x${lr.toString(16).toUpperCase().padStart(8, '0')}  ${names.code(lr)}`)
  const cut = cutText(stack)
  return cut === '' ? rows : [...rows, cut]
}

const stackText = ({ names }: BlockContext, stack: Stack): string =>
  stack.frames.length === 0
    ? 'a stack that cannot be read'
    : framesOf(stack)
        .map(({ lr }) => names.code(lr))
        .join(' ← ') + (cutText(stack) === '' ? '' : ` (${cutText(stack)})`)

function cutText({ stop }: Stack): string {
  if (stop === 'end' || stop === 'limit') return ''
  return `broken here: the next frame is ${stop === 'outside-stack' ? 'outside the stack' : stop.replace('-', ' ')}`
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
function valueBefore({ names, evidence }: BlockContext, { handle, object }: Block): string[] {
  const closing = handle === 0 ? undefined : evidence.closing(handle)
  if (closing === undefined || closing.serial === object.serial) return []
  return [
    `${hex(handle)} named ${closing.kind} #${closing.serial} before, until ` +
      `${names.thread(closing.tid, closing.actor)} closed it at ${names.time(closing.cycle)}: ${names.site(closing.source, closing.lr)}`,
  ]
}

/** How it came to be, and who signalled it; a thread is told of elsewhere, and a mutant is owned. */
function objectLines(context: BlockContext, object: ObjectView, signals: boolean): string[] {
  if (object.kind === 'Thread') return []
  const made = labelled('object', [madeBy(context, object)])
  return !signals ? made : [...made, ...labelled('signals', signalLines(context, object))]
}

function startedBy({ names }: BlockContext, thread: ThreadView): string {
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

function threadsSection(
  context: BlockContext,
  { waiting, roots }: Diagnosis,
  faulted: number | undefined,
): ReportSection {
  const { views } = context
  const threads = views.threads()
  const byTid = new Map(waiting.map(one => [one.thread.tid, one]))
  const told = new Set(
    roots.slice(0, mostRoots).flatMap(({ thread, likewise }) => [thread.tid, ...likewise.map(one => one.tid)]),
  )
  const title = threads.filter(({ system }) => !system)
  const system = threads.filter(thread => thread.system && thread.state !== 'exited')
  const lines = title.flatMap((thread, i) => [
    ...(i > 0 && (thread.state !== 'exited' || title[i - 1]?.state !== 'exited') ? [''] : []),
    ...(thread.tid === faulted
      ? faultLines(context, thread)
      : threadLines(context, thread, byTid.get(thread.tid), told.has(thread.tid))),
  ])
  if (system.length > 0) {
    lines.push('', `${count(system.length, 'thread')} of the system:`)
    lines.push(...system.map(thread => `  ${context.names.thread(thread.tid)} ${doing(context, thread)}`))
  }
  return {
    title: 'Threads',
    lines,
    data: { name: 'threads', threads: threads.map(thread => threadData(context, thread, byTid.get(thread.tid))) },
  }
}

function faultLines(context: BlockContext, thread: ThreadView): string[] {
  const { names } = context
  return [
    `${capital(names.thread(thread.tid))} faulted.`,
    ...labelled('at', [names.code(thread.pc)]),
    ...labelled('stack', [stackText(context, thread.stack)]),
    ...labelled('made', [startedBy(context, thread)]),
  ]
}

/** `told`: it is one of those at the top, and its object was shown there. */
function threadLines(context: BlockContext, thread: ThreadView, waits: Waiting | undefined, told: boolean): string[] {
  const { names, evidence } = context
  const name = capital(names.thread(thread.tid))
  if (thread.state === 'exited') {
    const exit = evidence.exited(thread.tid)
    const when = exit === undefined ? '' : ` at ${names.time(exit.cycle)}`
    const by = thread.creator === undefined ? 'the kernel' : names.thread(thread.creator.tid, 'kernel')
    return wrap(`${name} ${doing(context, thread)}${when}; made by ${by}, entry ${names.code(thread.entry)}.`, 0, 2)
  }
  const suspended = thread.suspendCount > 0 ? `, suspended ${count(thread.suspendCount, 'time')}` : ''
  const head =
    waits === undefined
      ? `${name} ${doing(context, thread)}${thread.state === 'suspended' ? '' : suspended}.`
      : `${capital(waits.says)}${suspended}: ${waits.because}.`
  const lines = wrap(head, 0, 2)
  if (waits !== undefined && waits.blocks.length > 1)
    lines.push(...blockLines(waits.wait.type === 'all' ? 'all of' : 'any of', waits.blocks))
  const only = waits?.blocks.length === 1 ? waits.blocks[0] : undefined
  if (only !== undefined && only.object.handles.length > 1)
    lines.push(...labelled('handles', [names.handles(only.object)]))
  // Where a thread runs its frames say only who called: the instruction it is at comes first.
  if (thread.state === 'running') lines.push(...labelled('at', [names.code(thread.pc)]))
  lines.push(...labelled('stack', [stackText(context, thread.stack)]))
  lines.push(...labelled('made', [startedBy(context, thread)]))
  if (only !== undefined && !told) lines.push(...objectLines(context, only.object, awaitsSignal.has(only.code)))
  return lines
}

function threadData(context: BlockContext, thread: ThreadView, waits: Waiting | undefined): unknown {
  const { names, evidence } = context
  return {
    tid: thread.tid,
    name: plain(thread.name),
    serial: thread.serial,
    state: thread.state,
    system: thread.system,
    hardwareThread: thread.hardwareThread,
    priority: thread.priority,
    suspendCount: thread.suspendCount,
    exitCode: thread.exitCode,
    entry: { address: thread.entry, name: names.code(thread.entry) },
    pc: { address: thread.pc, name: names.code(thread.pc) },
    creator: names.siteData(thread.creator),
    stack: {
      stop: thread.stack.stop,
      frames: thread.stack.frames.map(({ fp, lr }) => ({ fp, lr, name: names.code(lr) })),
    },
    ...(waits === undefined
      ? {}
      : {
          wait: {
            type: waits.wait.type,
            alertable: waits.wait.alertable,
            deadline: waits.wait.deadline,
            begun: names.siteData(waits.wait.begun),
            waited: waits.waited,
            stuck: waits.stuck,
            cycle: waits.cycle,
            behind: waits.behind,
            objects: waits.blocks.map(block => ({
              serial: block.object.serial,
              kind: block.object.kind,
              name: plain(block.object.name),
              handle: block.handle,
              handles: block.object.handles,
              address: block.object.address,
              adopted: block.object.adopted,
              state: block.object.state,
              verdict: block.code,
              text: block.clause,
              created: names.siteData(block.object.created),
              signals: block.object.signals,
              lost: block.object.lost,
              lastSignals: (evidence.of(block.object.serial)?.signals ?? []).map(names.siteData),
            })),
          },
        }),
  }
}

function missingSection({ views, names }: BlockContext): ReportSection {
  const missing = views.missingExports().toSorted((a, b) => b.calls - a.calls)
  const rowOf = ({ module, name, calls, first }: MissingExport): string[] => [
    name,
    module,
    count(calls, 'call'),
    `first by ${names.thread(first.tid)} at ${names.time(first.cycle)}: ${names.code(first.lr)}`,
  ]
  return {
    title: 'Exports called but not implemented',
    lines: table(missing.map(rowOf)),
    data: { name: 'missingExports', exports: missing.map(one => ({ ...one, first: names.siteData(one.first) })) },
  }
}

function ghostSection({ views, names, evidence }: BlockContext): ReportSection {
  const ghosts = evidence.ghosts()
  return {
    title: 'Calls on nothing',
    lines: table(
      ghosts.map(ghost => [
        views.sourceName(ghost.source),
        `${ghostOperations[ghost.operation] ?? 'use'} of a value that ${ghostClasses[ghost.class] ?? 'is nothing'}`,
        count(ghost.count, 'time'),
        `first ${hex(ghost.first.value)} by ${names.thread(ghost.first.tid, ghost.first.actor)} at ${names.time(ghost.first.cycle)}: ` +
          `${names.code(ghost.first.lr)}${ghost.first.candidate === 0 ? '' : `; the nearest object is #${ghost.first.candidate}`}`,
      ]),
    ),
    data: {
      name: 'ghosts',
      ghosts: ghosts.map(ghost => ({
        ...ghost,
        source: views.sourceName(ghost.source),
        class: ghostClasses[ghost.class],
        operation: ghostOperations[ghost.operation],
        first: names.siteData(ghost.first),
      })),
    },
  }
}
