/**
 * What a request is answered with: the units at its entries, the loops inside them that are units of their own, and the
 * functions they call that have run.
 *
 * What is found of jumps and loops stays known: which loops are apart from what is around them (loops.ts,
 * dispatch-loops.ts), and which jumps are scattered, with more behind them than a unit holds.
 */
import type { GuestMemory } from '../../memory/guest.ts'
import { codeRecords, never } from './code.ts'
import { dispatchOf } from './dispatch-loops.ts'
import { type Finder, findUnit, functionAround, longestUnit, type Unit } from './find.ts'
import { flowOf } from './flow.ts'
import { cutToLoop, loopsInside } from './loops.ts'
import { withScratch } from './scratch.ts'
import { shapeOf } from './shape.ts'
import type { Translation, TranslationRequest, TranslatorSetup } from './translation.ts'

const mostUnits = 100
/** Blocks of a unit that may stand one inside the other: with twice as many, what writes them runs out of the host's stack. */
const deepest = 400
/** Rounds of a loop for each time it is entered, from which on it is a unit of its own. */
const roundsApart = 32
/** What has run this share of what makes it hot is compiled along: a callee with its caller, a loop with what is around it. */
const warmShare = 1 / 16

/** What a request is answered with, and what was found out of jumps by that. */
export interface Batch extends Pick<Translation, 'refused' | 'waiting' | 'scattered'> {
  readonly found: readonly Unit[]
}

export interface Batches {
  /** Takes in what a request tells. */
  learn(request: TranslationRequest): void
  /** Targets of a jump that a unit is to hold. */
  targetsOf(pc: number): readonly number[]
  batch(request: TranslationRequest): Batch
  /** The unit at an address, whether its code has run or not. */
  unitAt(request: TranslationRequest, pc: number): Unit | undefined
}

export interface BatchesSpec extends Pick<TranslatorSetup, 'eager' | 'threshold' | 'unitsInModule'> {
  readonly memory: Pick<GuestMemory, 'bytes' | 'accessAt'>
  /** Where functions begin, as far as the image tells. */
  readonly functions: ReadonlySet<number>
}

export function createBatches(spec: BatchesSpec): Batches {
  const { memory, eager, threshold } = spec
  const { hasRun, isCompiled, leftOf } = codeRecords(memory.bytes)
  const callTargets = new Set<number>()
  const seen = new Map<number, number[]>()
  /** Where loops begin that are units of their own: those that go round often, and those that dispatch, with their jumps. */
  const apart = new Set<number>()
  const dispatches = new Map<number, number>()
  /** Jumps with more behind them than a unit holds: all their targets are units of their own. */
  const scattered = new Set<number>()
  const targetsOf = (pc: number): readonly number[] => (scattered.has(pc) ? [] : (seen.get(pc) ?? []))

  function learn({ forget, callTargets: targets, jumps }: TranslationRequest): void {
    if (forget) {
      callTargets.clear()
      seen.clear()
      apart.clear()
      dispatches.clear()
      scattered.clear()
    }
    for (const target of targets) callTargets.add(target)
    for (const [from, to] of jumps) {
      const list = seen.get(from)
      if (list === undefined) seen.set(from, [to])
      else list.push(to)
    }
  }

  const isFunction = (address: number): boolean => callTargets.has(address) || spec.functions.has(address)
  const finderOf = ({ mode, whole, stops, longest = longestUnit }: TranslationRequest): Finder => ({
    longest,
    memory,
    mode,
    whole,
    stops,
    isFunction,
    isApart: head => apart.has(head) || dispatches.has(head),
    seen: targetsOf,
    mayRun: eager ? () => true : hasRun,
  })

  /** Whether a loop goes round often each time it is entered. */
  function goesRound(head: number, around: readonly number[]): boolean {
    const entered = timesOf(functionAround(isFunction, head, head - 4 * longestUnit))
    const rounds = timesOf(head)
    return entered > 0 && [entered, ...around.map(timesOf)].every(times => times * roundsApart <= rounds)
  }
  /** How often a place has run, as far as that is counted. */
  function timesOf(pc: number): number {
    const left = leftOf(pc)
    if (left === undefined) return isCompiled(pc) ? Number.POSITIVE_INFINITY : 0
    return left <= threshold ? threshold - left : threshold + never - left
  }

  /** Whether a place has run often enough to be compiled along with others. */
  function isWarm(pc: number): boolean {
    if (isCompiled(pc)) return false
    const left = leftOf(pc)
    return left === undefined ? eager && hasRun(pc) : left <= threshold * (1 - warmShare)
  }

  /** No loop that dispatches by a jump is a unit of its own any more. */
  function forgetDispatch(jump: number): void {
    for (const [head, its] of dispatches) if (its === jump) dispatches.delete(head)
  }

  const isTooDeep = (unit: Unit): boolean =>
    unit.blocks.length > deepest && withScratch(() => shapeOf(flowOf(unit, targetsOf)).depth() > deepest)
  /** The unit at an address, or as much of it as can be written. */
  function findWritable(finder: Finder, pc: number): Unit | undefined {
    const unit = findUnit(finder, pc)
    return unit !== undefined && isTooDeep(unit) ? findUnit({ ...finder, longest: deepest }, pc) : unit
  }

  /** The unit at an address, without what is behind its jumps where that is more than a unit holds. */
  function findBounded(finder: Finder, pc: number): Unit | undefined {
    const unit = findWritable(finder, pc)
    if (unit === undefined || unit.instructions < longestUnit) return unit
    const jumps = unit.blocks.map(({ end }) => end - 4).filter(at => targetsOf(at).length > 0)
    if (jumps.length === 0) return unit
    for (const jump of jumps) {
      scattered.add(jump)
      // Its cases come back to it by themselves from now on: each holds what is before the jump.
      forgetDispatch(jump)
    }
    return findWritable(finder, pc)
  }

  /** The unit at an address, or only the loop that begins there, where that goes round often. */
  function findCut(finder: Finder, pc: number): Unit | undefined {
    const unit = findBounded(finder, pc)
    if (unit === undefined || eager) return unit
    return cutToLoop(unit, around => {
      if (goesRound(pc, around)) apart.add(pc)
      return apart.has(pc)
    })
  }
  /** The same without the loops inside that are units of their own from now on, and where those begin. */
  function findApart(
    finder: Finder,
    pc: number,
  ): { readonly unit: Unit | undefined; readonly loops: readonly number[] } {
    const unit = findCut(finder, pc)
    if (unit === undefined || eager) return { unit, loops: [] }
    const loops = loopsInside(unit, (head, around) => {
      return !isCompiled(head) && timesOf(head) >= threshold * warmShare && goesRound(head, around())
    })
    for (const head of loops) apart.add(head)
    const dispatch = dispatchOf(unit, targetsOf)
    if (dispatch !== undefined) {
      forgetDispatch(dispatch.jump)
      dispatches.set(dispatch.head, dispatch.jump)
      loops.push(dispatch.head)
    }
    return { unit: loops.length === 0 ? unit : findCut(finder, pc), loops }
  }

  /** What is to be compiled; found once more where a jump turned out to be scattered that is in what was found before. */
  function batch(finder: Finder, request: TranslationRequest): Batch {
    const known = scattered.size
    const loops = new Set<number>()
    for (;;) {
      const before = scattered.size
      const one = tryBatch(finder, request, loops)
      if (scattered.size === before) return { ...one, scattered: [...scattered].slice(known) }
    }
  }
  /** `loops` gets those that are set apart, and has those of the attempt before: what they were cut from does not name them again. */
  function tryBatch(
    finder: Finder,
    { entries, room, whole }: TranslationRequest,
    loops: Set<number>,
  ): Omit<Batch, 'scattered'> {
    const found: Unit[] = []
    const refused: number[] = []
    /** A unit that gives its first instruction up is entered, whoever holds it besides. */
    const givesUp = (pc: number): boolean => whole.has(pc) && isCompiled(pc)
    const inside = new Set<number>()
    // Functions first, then what lies lower: what an earlier unit holds inside will hardly be interpreted again.
    const known = new Set([
      ...[...loops].filter(head => finder.isApart(head)),
      ...entries.toSorted((a, b) => Number(finder.isFunction(b)) - Number(finder.isFunction(a)) || a - b),
    ])
    const work = [...known]
    let size = 0
    while (found.length < (spec.unitsInModule ?? mostUnits) && size < room) {
      const pc = work.shift()
      if (pc === undefined) break
      // A loop set apart is entered from others than what was found before and holds it.
      if (inside.has(pc) && !eager && !givesUp(pc) && !finder.isApart(pc)) continue
      const { unit, loops: cutOff } = findApart(finder, pc)
      if (unit === undefined) {
        // What has been written over, or forgotten, and has not run since may well begin one when it has.
        if (finder.mayRun(pc)) refused.push(pc)
        continue
      }
      found.push(unit)
      size += unit.instructions
      if (!eager) for (const { start } of unit.blocks) inside.add(start)
      // What was cut from a unit comes next: the interpreter would have all of its rounds.
      for (const head of cutOff) {
        loops.add(head)
        if (!known.has(head)) work.unshift(head)
        known.add(head)
      }
      for (const callee of unit.callees.filter(isWarm)) {
        if (!known.has(callee)) work.push(callee)
        known.add(callee)
      }
    }
    const asked = new Set([...entries, ...loops])
    return { found, refused, waiting: work.filter(pc => asked.has(pc)) }
  }

  return {
    learn,
    targetsOf,
    batch: request => batch(finderOf(request), request),
    unitAt: (request, pc) => findBounded({ ...finderOf(request), mayRun: () => true }, pc),
  }
}
