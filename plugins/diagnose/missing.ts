/** Exports that were called and have no body: the likeliest cause of the hang first, each with what speaks for it. */
import type { ReportSection } from '../../core/index.ts'
import type { BlockContext } from './blocks.ts'
import { labelled, wrap } from './layout.ts'
import { count } from './names.ts'
import { stackData, stackText } from './stack.ts'
import type { Suspect } from './suspects.ts'

export function missingSection(context: BlockContext, suspects: readonly Suspect[]): ReportSection {
  const anyLikely = suspects.some(({ likely }) => likely)
  return {
    title: 'Exports called but not implemented',
    lines: suspects.flatMap((suspect, i) => [
      ...(i > 0 ? [''] : []),
      ...suspectLines(context, suspect, anyLikely && i === 0 ? ': the likeliest cause of the hang' : ''),
    ]),
    data: { name: 'missingExports', exports: suspects.map(one => suspectData(context, one)) },
  }
}

function suspectLines(context: BlockContext, { missing, use, reasons, likely }: Suspect, rank: string): string[] {
  const { names } = context
  const { name, module, calls, first } = missing
  const callers = [...(use?.callers.values() ?? [])]
  const others = callers.filter(({ tid, calls: times }) => tid !== first.tid || times > 1)
  const mostCallers = 4
  return [
    ...wrap(`${name} (${module}), ${count(calls, 'call')}${rank === '' && likely ? ': likely too' : rank}.`, 0, 2),
    ...labelled('because', reasons),
    ...labelled('first', [`by ${names.thread(first.tid)} at ${names.time(first.cycle)}`]),
    ...labelled('stack', [stackText(context, first.stack)]),
    ...labelled(
      'last',
      others
        .slice(-mostCallers)
        .map(
          ({ tid, calls: times, last }) =>
            `by ${names.thread(tid, last.actor)} at ${names.time(last.cycle)}: ${names.code(last.lr)}` +
            (times > 1 ? `, ${count(times, 'call')}` : ''),
        ),
    ),
  ]
}

function suspectData(context: BlockContext, { missing, use, score, likely, reasons }: Suspect): unknown {
  const { names } = context
  const { first, ...rest } = missing
  return {
    ...rest,
    score,
    likely,
    reasons,
    answer: use?.answer,
    first: {
      ...(names.siteData(first) as object),
      stack: stackData(context, first.stack),
    },
    callers: [...(use?.callers.values() ?? [])].map(({ tid, calls, last }) => ({
      tid,
      calls,
      last: names.siteData(last),
    })),
  }
}
