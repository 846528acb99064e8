/** What is asked of a real title, and whether its runs show it. Pure: the runs come in as the reports they printed. */

/** What of a report in JSON is looked at. */
export interface Report {
  readonly end: { readonly cause: string; readonly text: string; readonly met: string | null }
  readonly instructions: number
  readonly digest: string
  readonly counters: Readonly<Record<string, number>>
  readonly said: { readonly lines: readonly string[] }
}

/** What a title has drawn by a frame. */
export interface Drawn {
  readonly digest: string
  readonly instructions: number
  readonly frames: number
  readonly draws: number
  /** The words of the shader constants in force. */
  readonly constants: readonly number[]
}

/** One way to run a title, by the flags it is run with. */
export interface Way {
  readonly name: string
  readonly flags: readonly string[]
}

export const ways: readonly Way[] = [
  { name: 'interpreter', flags: ['--engine', 'interpreter', '--no-plugins'] },
  { name: 'again', flags: ['--engine', 'interpreter', '--no-plugins'] },
  { name: 'audit on', flags: ['--engine', 'interpreter', '--trails', '--plugin', 'otel:file=false'] },
  { name: 'tiered', flags: ['--engine', 'tiered', '--no-plugins'] },
  { name: 'compiler', flags: ['--engine', 'compiler', '--no-plugins'] },
  { name: 'tiered, audit on', flags: ['--engine', 'tiered', '--trails', '--plugin', 'otel:file=false'] },
]

export interface Judgement {
  /** `frames`: it presented them all; `own error`: it ended itself, and said why; `failed`: neither. */
  readonly verdict: 'frames' | 'own error' | 'failed'
  /** Why it failed, or what the title said. */
  readonly remarks: readonly string[]
}

/**
 * A title that lacks something ends itself after it has said what: at a break point of its own where its media is
 * incomplete, or as any title ends where the console is not what it needs.
 */
const endsItself = ({ end, said }: Report): boolean =>
  (end.cause === 'finished' || /break point/.test(end.text)) && said.lines.length > 0

/** `reports`: one for each way, undefined where the run gave none. */
export function judge(reports: readonly (Report | undefined)[]): Judgement {
  const remarks: string[] = []
  const [first] = reports
  reports.forEach((report, i) => {
    const way = ways[i]?.name ?? String(i)
    if (report === undefined) remarks.push(`${way}: no report`)
    else if (first !== undefined && report.digest !== first.digest) remarks.push(`${way}: another digest`)
    const missing = report?.counters.missing_export_calls_total ?? 0
    if (missing > 0) remarks.push(`${way}: ${missing} calls of exports without a body`)
    if (report !== undefined && report.end.met === null && !endsItself(report))
      remarks.push(`${way}: ${report.end.text}`)
  })
  if (remarks.length > 0 || first === undefined) return { verdict: 'failed', remarks }
  if (first.end.met !== null) return { verdict: 'frames', remarks: [] }
  return { verdict: 'own error', remarks: first.said.lines.slice(-4) }
}

export interface PadJudgement {
  /** Words of shader constants that the pad changed by the last frame. */
  readonly moved: number
  readonly remarks: readonly string[]
}

/**
 * A title under a scripted pad: `still` without, `moved` and `again` with the same script. The pad must change what is
 * drawn, and the same script must change it the same way. That the state of the machine differs says nothing: it holds what
 * the pad shows. Constants are the title's own work, and a button that it does not use leaves them as they are.
 */
export function judgePad(still?: Drawn, moved?: Drawn, again?: Drawn): PadJudgement {
  if (still === undefined || moved === undefined || again === undefined)
    return { moved: 0, remarks: ['pad: no answer'] }
  const remarks: string[] = []
  const words = still.constants.filter((word, i) => word !== moved.constants[i]).length
  if (moved.digest !== again.digest) remarks.push('pad: another digest with the same script in the other engine')
  if (words === 0 && moved.draws === still.draws) remarks.push('pad: it moves nothing')
  return { moved: words, remarks }
}
