/** The answer: where it begins, what is known of the producer, and who waits behind. */
import type { ReportSection, RunEnd, ThreadView } from '../../core/index.ts'
import { blockLines, objectLines, startedBy, valueBefore } from './account.ts'
import { awaitsSignal, type Block, type BlockContext, doing } from './blocks.ts'
import { type Diagnosis, mostRoots, type Waiting } from './diagnosis.ts'
import { labelled, wrap } from './layout.ts'
import { capital, count } from './names.ts'
import { producersOf } from './producer.ts'
import { callsOf, stackLines, stackText } from './stack.ts'

export function why(context: BlockContext, diagnosis: Diagnosis, cause: RunEnd['cause']): ReportSection {
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
  lines.push(...labelled('stack', stackLines(context, callsOf(context, thread))))
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
        root.likewise.map(one => `${names.thread(one.tid)} at ${stackText(context, callsOf(context, one))}`),
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
    ...(never ? [] : labelled('stack', stackLines(context, callsOf(context, thread)))),
  ]
}
