/** Every thread: its state, what it waits on and why, its stack, who made it. */
import type { ReportSection, ThreadView } from '../../core/index.ts'
import { blockLines, objectLines, startedBy } from './account.ts'
import { awaitsSignal, type BlockContext, doing } from './blocks.ts'
import { type Diagnosis, mostRoots, type Waiting } from './diagnosis.ts'
import { labelled, wrap } from './layout.ts'
import { capital, count, plain } from './names.ts'
import { callsOf, stackData, stackText } from './stack.ts'

export function threadsSection(
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
  const isBeside = (thread: ThreadView): boolean => thread.system && thread.tid !== faulted
  const title = threads.filter(thread => !isBeside(thread))
  const system = threads.filter(thread => isBeside(thread) && thread.state !== 'exited')
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
    ...labelled('stack', [stackText(context, callsOf(context, thread))]),
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
  lines.push(...labelled('stack', [stackText(context, callsOf(context, thread))]))
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
    stack: stackData(context, callsOf(context, thread)),
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
