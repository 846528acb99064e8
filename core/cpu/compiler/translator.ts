/**
 * From guest code to a WebAssembly module.
 *
 * A translator reads guest memory and the interpreter's records in it, and writes nothing there but the constants of its
 * modules; what else it has to know is told by requests. All it takes and gives is plain data. So it may work beside the
 * running thread, on the same memory: code that changes meanwhile is the tier's concern, which throws away what was made of
 * it. What is found of records that change meanwhile decides only which code is worth translating.
 *
 * Units of a module call one another directly, all others through the table of units; which place there belongs to an
 * address is decided here, and stays so until all is to be forgotten.
 */
import { readMemory } from '../../memory/guest.ts'
import { fold, pageShift, tablesSize } from '../../memory/map.ts'
import { createWriter, type Writer } from '../wasm/bytes.ts'
import { createConstants, createModule } from '../wasm/module.ts'
import type { Mode } from '../wasm/program.ts'
import type { RuntimeName } from '../wasm/site.ts'
import { unitSignature } from './calls.ts'
import { codeRecords, never } from './code.ts'
import { emitResolve, resolve } from './dispatch.ts'
import { dispatchOf } from './dispatch-loops.ts'
import { type Finder, findUnit, functionAround, longestUnit, thunkSize, type Unit } from './find.ts'
import { flowOf } from './flow.ts'
import { createWatch, listedBlocks, type UnitListing, type UnitWatch } from './listing.ts'
import { cutToLoop, loopsInside } from './loops.ts'
import { withScratch } from './scratch.ts'
import { shapeOf } from './shape.ts'
import { emitUnit, type UnitSite } from './unit.ts'

export interface TranslatorSetup {
  /** The whole of guest memory. As a memory, it would have the host of another thread collect its garbage. */
  readonly memory: ArrayBufferLike
  /** Where the constants lie that its modules need: `tablesSize` bytes, of nobody else. */
  readonly tables: number
  /** Where routines stand among the handlers, by name. */
  readonly routines: ReadonlyMap<string, number>
  /** Where functions begin, as far as the image tells. */
  readonly functions: ReadonlySet<number>
  /** Translates what has not run too, and what is translated already. */
  readonly eager: boolean
  /** Times a record runs before it is hot. */
  readonly threshold: number
  readonly unitsInModule?: number
  readonly counts: boolean
}

export interface TranslationRequest {
  readonly mode: Mode
  /** Where units are to begin. */
  readonly entries: readonly number[]
  /** Instructions to be translated, about; and of a unit at most, where fewer than usual. */
  readonly room: number
  readonly longest?: number
  readonly stops: ReadonlySet<number>
  /**
   * Instructions in which what is rare has happened often: they are translated with all they mean, and a unit that begins with one
   * takes nothing for granted.
   */
  readonly whole: ReadonlySet<number>
  /** Learned since the last request, besides: targets of calls, and targets of jumps behind the jump. */
  readonly callTargets: readonly number[]
  readonly jumps: readonly (readonly [from: number, to: number])[]
  /** Everything learned before is void, and nothing stands in the table of units any more. */
  readonly forget: boolean
}

export interface TranslatedUnit {
  readonly entry: number
  /** Its place in the table of units, where the module puts it. */
  readonly slot: number
  readonly instructions: number
  /** Starts of its blocks and the addresses behind them. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly milliseconds: number
}

export interface Translation {
  /** The module; empty where there are no units, or where somebody has made a module of them already. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** How many they were. */
  readonly size: number
  readonly units: readonly TranslatedUnit[]
  /** Of the units: instructions in all, and the numbers of the folded pages they were made of, each once. */
  readonly instructions: number
  readonly pages: readonly number[]
  /** Places the table of units must have. */
  readonly slots: number
  /** Entries at which no unit can begin. */
  readonly refused: readonly number[]
  /** Entries there was no room for. */
  readonly waiting: readonly number[]
  /** Jumps whose targets are units of their own from now on. */
  readonly scattered: readonly number[]
  readonly milliseconds: number
}

export interface Translator {
  translate(request: TranslationRequest): Translation
  /** What would be made of the code at an address; undefined where it cannot be compiled. */
  listing(request: TranslationRequest, pc: number): UnitListing | undefined
}

const mostUnits = 100
/** Blocks of a unit that may stand one inside the other: with twice as many, what writes them runs out of the host's stack. */
const deepest = 400
/** Rounds of a loop for each time it is entered, from which on it is a unit of its own. */
const roundsApart = 32
/** What has run this share of what makes it hot is compiled along: a callee with its caller, a loop with what is around it. */
const warmShare = 1 / 16

/** The folded pages of some units; nearly all blocks lie in the page of the one before. */
function pagesOf(units: readonly TranslatedUnit[]): number[] {
  const pages = new Set<number>()
  let before = -1
  for (const { starts, ends } of units)
    for (let i = 0; i < starts.length; i += 1)
      for (let page = (starts[i] ?? 0) >>> pageShift; (page << pageShift) >>> 0 < (ends[i] ?? 0); page += 1) {
        if (page !== before) pages.add(fold((page << pageShift) >>> 0) >>> pageShift)
        before = page
      }
  return [...pages]
}

/** Where the code of a unit lies. */
function extentOf({ blocks, thunks }: Unit): Pick<TranslatedUnit, 'starts' | 'ends'> {
  const starts = new Uint32Array(blocks.length + thunks.size)
  const ends = new Uint32Array(starts.length)
  let at = 0
  const add = (start: number, end: number): void => {
    starts[at] = start
    ends[at] = end
    at += 1
  }
  for (const { start, end } of blocks) add(start, end)
  for (const start of thunks) add(start, start + thunkSize)
  return { starts, ends }
}

/** `now` tells milliseconds, for a profile. */
export function createTranslator(setup: TranslatorSetup, now: () => number = () => 0): Translator {
  const { eager, threshold, counts, routines, tables } = setup
  const memory = readMemory(setup.memory)
  const { hasRun, isCompiled, leftOf } = codeRecords(memory.bytes)
  const constants = createConstants(tables, tables + tablesSize, (at, bytes) => memory.bytes.set(bytes, at))
  /** One for all modules: what it has grown to is used again. */
  const writer = createWriter(1 << 20)
  const slots = new Map<number, number>()
  const callTargets = new Set<number>()
  const seen = new Map<number, number[]>()
  /** Where loops begin that are units of their own: those that go round often, and those that dispatch, with their jumps. */
  const apart = new Set<number>()
  const dispatches = new Map<number, number>()
  /** Jumps with more behind them than a unit holds: all their targets are units of their own. */
  const scattered = new Set<number>()
  const targetsOf = (pc: number): readonly number[] => (scattered.has(pc) ? [] : (seen.get(pc) ?? []))

  function slot(pc: number): number {
    const number = slots.get(pc) ?? slots.size + 1
    slots.set(pc, number)
    return number
  }

  function learn({ forget, callTargets: targets, jumps }: TranslationRequest): void {
    if (forget) {
      slots.clear()
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

  const isFunction = (address: number): boolean => callTargets.has(address) || setup.functions.has(address)
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

  interface Batch extends Pick<Translation, 'refused' | 'waiting'> {
    readonly found: readonly Unit[]
  }
  /** What is to be compiled; found once more where a jump turned out to be scattered that is in what was found before. */
  function batch(finder: Finder, request: TranslationRequest): Batch & Pick<Translation, 'scattered'> {
    const known = scattered.size
    const loops = new Set<number>()
    for (;;) {
      const before = scattered.size
      const one = tryBatch(finder, request, loops)
      if (scattered.size === before) return { ...one, scattered: [...scattered].slice(known) }
    }
  }
  /** `loops` gets those that are set apart, and has those of the attempt before: what they were cut from does not name them again. */
  function tryBatch(finder: Finder, { entries, room, whole: folding }: TranslationRequest, loops: Set<number>): Batch {
    const found: Unit[] = []
    const refused: number[] = []
    /** A unit that gives its first instruction up is entered, whoever holds it besides. */
    const givesUp = (pc: number): boolean => folding.has(pc) && isCompiled(pc)
    const inside = new Set<number>()
    // Functions first, then what lies lower: what an earlier unit holds inside will hardly be interpreted again.
    const known = new Set([
      ...[...loops].filter(head => finder.isApart(head)),
      ...entries.toSorted((a, b) => Number(finder.isFunction(b)) - Number(finder.isFunction(a)) || a - b),
    ])
    const work = [...known]
    let size = 0
    while (found.length < (setup.unitsInModule ?? mostUnits) && size < room) {
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

  /** The module of some units, as bytes. */
  function emit(
    list: readonly Unit[],
    { whole }: TranslationRequest,
    { watch, done }: { watch?: (writer: Writer) => UnitWatch; done?: (unit: Unit, milliseconds: number) => void } = {},
  ): Uint8Array<ArrayBuffer> {
    const runtimeImports = {
      timebase: { takes: [], gives: ['i64'] },
      kernel: { takes: ['i32'], gives: ['i32'] },
    } as const
    writer.clear()
    const builder = createModule(runtimeImports, constants, writer, {
      table: 1,
      placeOf: routine => routines.get(routine.name),
    })
    const start = writer.length
    emitResolve(writer)
    const resolver = builder.add(resolve.signature, [...resolve.locals], start)
    const functions = new Map(list.map(unit => [unit.entry, builder.reserve(unitSignature)]))
    const site: UnitSite = {
      builder,
      unitType: builder.typeOf(unitSignature),
      direct: (target: number) => functions.get(target),
      slot,
      runtime(name: RuntimeName | 'resolve' | 'kernel'): number {
        if (name === 'resolve') return resolver
        if (name !== 'timebase' && name !== 'kernel') throw new Error(`${name} is the interpreter's`)
        return builder.imported(name)
      },
      table: constants.at,
      vector: constants.vector,
      counts,
      isWhole: pc => whole.has(pc),
      seen: targetsOf,
      ...(watch && { watch: watch(writer) }),
    }
    for (const unit of list) {
      const before = now()
      emitUnit(unit, functions.get(unit.entry) ?? 0, site)
      done?.(unit, now() - before)
    }
    const exports = watch === undefined ? [] : [{ name: 'u0', index: functions.get(list[0]?.entry ?? 0) ?? 0 }]
    const elements = list.map(({ entry }) => ({ at: slot(entry), functions: [functions.get(entry) ?? 0] }))
    return builder.finish(exports, elements, ['units', 'handlers'])
  }

  return {
    translate(request) {
      const began = now()
      learn(request)
      const { found, ...rest } = batch(finderOf(request), request)
      const milliseconds = new Map<Unit, number>()
      const bytes =
        found.length === 0
          ? new Uint8Array(0)
          : emit(found, request, { done: (unit, spent) => milliseconds.set(unit, spent) })
      const units = found.map(unit => ({
        entry: unit.entry,
        slot: slot(unit.entry),
        instructions: unit.instructions,
        ...extentOf(unit),
        milliseconds: milliseconds.get(unit) ?? 0,
      }))
      const instructions = units.reduce((sum, unit) => sum + unit.instructions, 0)
      const of = { units, instructions, pages: pagesOf(units) }
      return { bytes, size: bytes.length, ...of, slots: slots.size + 1, ...rest, milliseconds: now() - began }
    },
    listing(request, pc) {
      learn(request)
      const unit = findBounded({ ...finderOf(request), mayRun: () => true }, pc)
      if (unit === undefined) return undefined
      let notes: UnitListing['notes'] = []
      const marked = emit([unit], request, {
        watch(writer) {
          const made = createWatch(writer)
          notes = made.notes
          return made.watch
        },
      })
      return { entry: pc, blocks: listedBlocks(unit), notes, marked, size: emit([unit], request).length }
    },
  }
}
