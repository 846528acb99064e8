/** The end-of-run account of the trails. */
import { type Focus, hex, limits, type MachineViews, type ReportSection } from '../../core/index.ts'
import { type Audit, ghostClasses, ghostOperations } from './audit.ts'
import type { FocusRule } from './focus.ts'
import { type Counts, categories, ghostKeys, type TrailView } from './trails.ts'
import { createWords, type Words } from './words.ts'

export interface ReportChoice {
  readonly focus: FocusRule
  readonly report: Focus['report']
  /** Facts shown of each category. */
  readonly show: number
}

export function reportOf(audit: Audit, machine: MachineViews, choice: ReportChoice): ReportSection[] {
  const words = createWords(machine)
  const sections: ReportSection[] = []
  let more = 0
  for (const key of [...audit.trails.keys()].sort((a, b) => a - b)) {
    const trail = audit.trails.view(key)
    if (trail === undefined || !shown(trail, choice, words)) continue
    if (sections.length >= limits.reportTrails.value) more += 1
    else
      sections.push(
        key >= ghostKeys ? ghostSection(trail, audit, words, choice.show) : section(trail, words, choice.show),
      )
  }
  if (more > 0) sections.push({ title: 'More trails', lines: [`${more} more objects have trails that are not shown`] })
  const ghosts = ghostSummary(audit, words)
  if (ghosts !== undefined) sections.push(ghosts)
  return sections
}

function shown(trail: TrailView, { focus, report }: ReportChoice, words: Words): boolean {
  if (report === 'all') return true
  if (report === 'none') return trail.inFocus || !focus.any
  if (!trail.inFocus) return false
  if (report.has(trail.handle) || report.has(trail.address)) return true
  return trail.records('other').some(record => report.has(Number(words.data(record).handle)))
}

function section(trail: TrailView, words: Words, show: number): ReportSection {
  const lines: string[] = []
  if (trail.birth === undefined) lines.push('its creation is not in this trail')
  else lines.push(words.origin(trail.birth))
  const frames = trail.kept === undefined ? [] : words.frames(trail.kept)
  lines.push(...frames.map(line => `  ${line}`))
  lines.push(countsLine(trail.counts), ...lastFacts(trail, words, show))
  return {
    title: `Trail of ${words.object(trail)}${trail.ended ? ', ended' : ''}`,
    lines,
    data: {
      serial: trail.key,
      counts: trail.counts,
      ended: trail.ended,
      created: trail.birth === undefined ? undefined : words.data(trail.birth),
      frames,
      ...factData(trail, words, show),
    },
  }
}

function ghostSection(trail: TrailView, audit: Audit, words: Words, show: number): ReportSection {
  const value = trail.key - ghostKeys
  const calls = audit.watched().find(one => one.value === value)?.calls ?? []
  const counts = ghostOperations.map((operation, i) => `${operation} ${calls[i] ?? 0}`).join(', ')
  return {
    title: `Trail of <UNCREATED> ${hex(value)}`,
    lines: [`calls on a value that named no object: ${counts}`, ...lastFacts(trail, words, show)],
    data: {
      value,
      calls: Object.fromEntries(ghostOperations.map((operation, i) => [operation, calls[i] ?? 0])),
      ...factData(trail, words, show),
    },
  }
}

function ghostSummary(audit: Audit, words: Words): ReportSection | undefined {
  const byCaller = audit.ghosts()
  const withoutTrail = audit.watched().filter(({ value }) => audit.trails.find(ghostKeys + value) === 0)
  if (byCaller.length === 0 && withoutTrail.length === 0) return undefined
  return {
    title: 'Calls on values that named no object',
    lines: [
      ...withoutTrail.map(
        ({ value, calls }) =>
          `${hex(value)}, in focus, never signalled: ${ghostOperations.map((name, i) => `${name} ${calls[i]}`).join(', ')}`,
      ),
      ...byCaller.map(
        ghost =>
          `${words.source(ghost.source)}, ${ghostClasses[ghost.class] ?? 'unknown'}: ${ghost.calls} ${ghost.calls === 1 ? 'call' : 'calls'}`,
      ),
    ],
    data: {
      watched: withoutTrail,
      sources: byCaller.map(ghost => ({
        source: words.source(ghost.source),
        class: ghostClasses[ghost.class],
        calls: ghost.calls,
      })),
    },
  }
}

const countsLine = (counts: Counts): string =>
  categories
    .map(category => {
      const { retained, total } = counts[category]
      return `${category} ${total === undefined ? `at least ${retained}` : total}${total === undefined || total === retained ? '' : ` (${retained} kept)`}`
    })
    .join(', ')

function lastFacts(trail: TrailView, words: Words, show: number): string[] {
  return categories.flatMap(category => {
    const records = trail.records(category)
    if (records.length === 0) return []
    const last = records.slice(-show)
    const before = records.length - last.length
    return [
      `last of ${category}${before > 0 ? `, ${before} more kept` : ''}:`,
      ...last.map(record => `  ${words.fact(record)}`),
    ]
  })
}

const factData = (trail: TrailView, words: Words, show: number): Record<string, unknown> => ({
  facts: Object.fromEntries(
    categories.map(category => [category, trail.records(category).slice(-show).map(words.data)]),
  ),
})
