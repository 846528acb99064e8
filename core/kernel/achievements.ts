/** What the user has achieved in the title: kept for the run, by the number of the achievement. */
import type { Kernel } from './context.ts'
import { kernelState } from './outcome.ts'
import { consoleLanguage, titleData } from './title-data.ts'

/** When each was achieved, in 100 ns since 1601. */
const earned = kernelState<Record<number, bigint>>('achievements', () => ({}))

export const earnedAt = (k: Kernel, id: number): bigint | undefined => k.stateSoFar(earned)?.[id]

/** Achieves what is in the title's list and was not achieved before. */
export function earn(k: Kernel, ids: readonly number[]): void {
  const data = titleData(k)
  const times = k.state(earned)
  const listed = new Map(data?.achievements.map(each => [each.id, each]))
  const fresh = [...new Set(ids)].filter(id => listed.has(id) && times[id] === undefined)
  for (const id of fresh) {
    times[id] = k.time.systemTime()
    const { label = 0, score = 0 } = listed.get(id) ?? {}
    k.ports.print(`[achievements] ${id} unlocked: “${data?.text(consoleLanguage(k), label) ?? ''}”, ${score} points`)
  }
  const strange = ids.filter(id => !listed.has(id))
  if (strange.length > 0)
    k.ports.print(`[achievements] ${strange.slice(0, 8).join(', ')} unlocked, not in any list of the title`)
}

/** How many were achieved, and what they come to. */
export function achieved(k: Kernel): { readonly count: number; readonly score: number } {
  const mine = (titleData(k)?.achievements ?? []).filter(({ id }) => earnedAt(k, id) !== undefined)
  return { count: mine.length, score: mine.reduce((sum, { score }) => sum + score, 0) }
}
