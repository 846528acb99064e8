/** What the interpreter shows of code as it runs, and what of that a translator has not been told yet. */
import { createJumps, listedFunctions } from './jumps.ts'
import type { TranslationRequest } from './translation.ts'

/** What a request tells of code. */
type Told = Pick<TranslationRequest, 'callTargets' | 'jumps' | 'forget'>

export interface Learned {
  /** The start of the listed function that an address lies in. */
  listed(pc: number): number | undefined
  called(target: number): void
  /** A branch leads back to an address. */
  loops(head: number): void
  isHead(pc: number): boolean
  /** A jump through a register has led to an address. */
  jumped(from: number, to: number): void
  /** The jump by which an address that is no unit was last found, once; not where its targets are units themselves. */
  takeJump(to: number): number | undefined
  /** The targets of jumps are units of their own from now on. */
  scatter(jumps: readonly number[]): void
  /** What is new since this was asked last. */
  takeNews(): Told
  /** Whether the translator is to be told to forget all. */
  isForgotten(): boolean
  /** All that was told, and would be now. */
  all(): Told
  /** Addresses that something is known of. */
  count(): number
  forget(): void
}

/** `functions` has the lengths of functions by their starts, as far as the image lists them. */
export function createLearned(functions: ReadonlyMap<number, number>): Learned {
  const callTargets = new Set<number>()
  const heads = new Set<number>()
  const listed = listedFunctions(functions)
  const jumps = createJumps(address => callTargets.has(address) || functions.has(address), listed)
  let news = noNews()

  return {
    listed,
    called(target) {
      if (callTargets.has(target)) return
      callTargets.add(target)
      news.callTargets.push(target)
    },
    loops: head => heads.add(head),
    isHead: pc => heads.has(pc),
    jumped(from, to) {
      if (jumps.saw(from, to)) news.jumps.push([from, to])
    },
    takeJump: jumps.take,
    scatter: jumps.scatter,
    takeNews() {
      const told = news
      news = noNews()
      return told
    },
    isForgotten: () => news.forget,
    all: () => ({ callTargets: [...callTargets], jumps: jumps.all(), forget: false }),
    count: () => callTargets.size + heads.size + jumps.count(),
    forget() {
      callTargets.clear()
      heads.clear()
      jumps.clear()
      news = { ...noNews(), forget: true }
    },
  }
}

const noNews = (): { callTargets: number[]; jumps: [number, number][]; forget: boolean } => ({
  callTargets: [],
  jumps: [],
  forget: false,
})
