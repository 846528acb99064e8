/** The diagnosis as text, the answer first, and as data for `--json`. */
import { hex, hex32, type IdleExport, type ReportSection, type RunEnd } from '../../core/index.ts'
import { type BlockContext, ghostClasses, ghostOperations } from './blocks.ts'
import type { Diagnosis } from './diagnosis.ts'
import { table, wrap } from './layout.ts'
import { missingSection } from './missing.ts'
import { count } from './names.ts'
import { suspectsOf } from './suspects.ts'
import { threadsSection } from './threads.ts'
import { why } from './why.ts'

/** What of the end of the run is told of here. */
export type Ending = Pick<RunEnd, 'cause' | 'fault'>

export function sectionsOf(context: BlockContext, diagnosis: Diagnosis, end: Ending): ReportSection[] {
  const suspects = suspectsOf(context, diagnosis)
  const missing = missingSection(context, suspects)
  // What most likely made it hang comes before what that led to.
  const first = suspects.some(({ likely }) => likely)
  return [
    ...(first ? [missing] : []),
    why(context, diagnosis, end.cause),
    graphicsSection(context, end.cause),
    threadsSection(context, diagnosis, end.fault?.tid),
    ...(first ? [] : [missing]),
    absentSection(context),
    unreadableSection(context),
    idleSection(context),
    ghostSection(context),
  ].filter(section => section.lines.length > 0)
}

/** In a hang: what the command stream waits for, and how far it came; a title that waits for the GPU waits for that. */
function graphicsSection({ views, names, evidence }: BlockContext, cause: RunEnd['cause']): ReportSection {
  const standing = views.streamStanding()
  const { count: written, last } = evidence.fences()
  const { count: shown, last: newest } = evidence.frames()
  const hung = cause === 'deadlock' || cause === 'stuck'
  const lines: string[] = []
  if (standing !== undefined) lines.push(...wrap(`The command stream stands on ${standing}.`, 0, 2))
  if (newest !== undefined) lines.push(`${count(shown, 'frame')}; the last at ${names.time(newest.cycle)}`)
  if (last !== undefined)
    lines.push(
      `${count(written, 'fence')}; the last at ${names.time(last.cycle)}: ${hex(last.value)} at physical ${hex32(last.address)}`,
    )
  return {
    title: 'Graphics',
    lines: hung ? lines : [],
    data: {
      name: 'graphics',
      standing: standing ?? null,
      frames: shown,
      fences: written,
      last: last === undefined ? null : names.siteData(last),
    },
  }
}

/** What an incomplete copy of a title's media lacks is among these; so is what a title looks for in vain by design. */
function absentSection({ views, names }: BlockContext): ReportSection {
  const absent = views.absentFiles().filter(({ unreadableAt }) => unreadableAt === undefined)
  return {
    title: 'Files that were asked for and are not there',
    lines: table(
      absent.map(({ path, tries, first }) => [
        path,
        count(tries, 'time'),
        `first by ${names.thread(first.tid)} at ${names.time(first.cycle)}: ${names.code(first.lr)}`,
      ]),
    ),
    data: { name: 'absentFiles', files: absent.map(one => ({ ...one, first: names.siteData(one.first) })) },
  }
}

/** What of the title's media is damaged, whatever the title makes of it. */
function unreadableSection({ views, names }: BlockContext): ReportSection {
  const damaged = views.absentFiles().filter(({ unreadableAt }) => unreadableAt !== undefined)
  return {
    title: 'Files that could not be read to their end',
    lines: table(
      damaged.map(({ path, unreadableAt = 0, tries, first }) => [
        path,
        `from byte ${hex(unreadableAt)}`,
        count(tries, 'time'),
        `first at ${names.time(first.cycle)}`,
        'damaged: take it from its source again',
      ]),
    ),
    data: { name: 'unreadableFiles', files: damaged.map(one => ({ ...one, first: names.siteData(one.first) })) },
  }
}

function idleSection({ views, names }: BlockContext): ReportSection {
  const idle = views.idleExports().toSorted((a, b) => b.calls - a.calls)
  const rowOf = ({ module, name, calls, why }: IdleExport): string[] => [name, module, count(calls, 'call'), why]
  return {
    title: 'Answered without effect',
    lines: table(idle.map(rowOf)),
    data: { name: 'idleExports', exports: idle.map(one => ({ ...one, first: names.siteData(one.first) })) },
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
