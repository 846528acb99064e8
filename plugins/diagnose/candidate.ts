/** Call sites that would signal an object, with the threads that stand in their function or are known to have run it. */
import type { ObjectView, ThreadView } from '../../core/index.ts'
import type { BlockContext } from './blocks.ts'
import type { Member, SignalCode } from './code.ts'

export interface Candidate {
  readonly site: SignalCode
  /** Name of the function it stands in; empty where it is not known. */
  readonly within: string
  /** Whether it was run; undefined where no fact can tell. */
  readonly ran: boolean | undefined
  /** Threads that have the function on their stack now; `before`: the call is still ahead of where they stand in it. */
  readonly standing: readonly { readonly thread: ThreadView; readonly before: boolean }[]
  /** Threads that begin with the function, and do not stand in it now. */
  readonly beginners: readonly ThreadView[]
  /** Other threads that called the kernel from the function before. */
  readonly visitors: readonly number[]
}

export const candidatesOf = (context: BlockContext, object: ObjectView): readonly Candidate[] =>
  describe(context, context.code.sitesOf(object))

/** Call sites that signal the member of whatever they are given that this waiter got its object from. */
export function memberCandidates(
  context: BlockContext,
  waiter: ThreadView,
  object: ObjectView,
): { readonly member: Member; readonly candidates: readonly Candidate[] } | undefined {
  const frames = waiter.stack.frames.map(({ lr }) => lr)
  const member = context.code.memberOf(frames)
  if (member === undefined) return undefined
  return { member, candidates: describe(context, context.code.sitesOfMember(member, object, frames[0] ?? 0)) }
}

function describe({ views, evidence, code }: BlockContext, sites: readonly SignalCode[]): readonly Candidate[] {
  const all = views.threads()
  const threads = all.filter(({ state }) => state !== 'exited')
  return sites.map((site): Candidate => {
    const inside = code.functionAt(site.address)
    const isIn = (lr: number): boolean => inside !== undefined && code.functionAt(lr - 4)?.begin === inside.begin
    const ran = evidence.ranAt(site.address + 4).length > 0
    const standing = threads.flatMap(thread => {
      const frame = thread.stack.frames.find(({ lr }) => isIn(lr))
      return frame === undefined ? [] : [{ thread, before: frame.lr <= site.address }]
    })
    const inIt = new Set(standing.map(({ thread }) => thread.tid))
    const beginners = all.filter(thread => thread.entry === inside?.begin && !inIt.has(thread.tid))
    const visitors = new Set<number>()
    for (const lr of evidence.callers()) if (isIn(lr)) for (const tid of evidence.ranAt(lr)) visitors.add(tid)
    for (const tid of [...inIt, ...beginners.map(one => one.tid)]) visitors.delete(tid)
    return {
      site,
      within: inside?.name ?? '',
      ran: ran || (site.direct && evidence.complete ? false : undefined),
      standing,
      beginners,
      visitors: [...visitors],
    }
  })
}
