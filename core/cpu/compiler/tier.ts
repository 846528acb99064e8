/**
 * Which code is compiled, when, and how long it is kept.
 *
 * Addresses where a unit may begin are proposed: targets of calls and of backward branches as they are decoded, starts
 * of functions that the image lists, prologues, wherever compiled code ends, and now and then where a run does: a loop may go
 * round by jumps through registers alone, with nothing in it that says where. A proposed record counts how often it
 * runs; when it is hot it waits for others (waiting.ts), and is compiled together with the functions it calls that have run,
 * and the loops in it that are units of their own (batch.ts), as one module.
 *
 * A module is made by a translator: beside the running thread where there is a port for that, so that the thread stands
 * still only to put it to use; else by the thread itself. The tiers differ in speed alone, so it does not matter when an
 * answer comes. One request is under way at a time. If bytes that were translated change before the answer is there, or
 * the records go, or the mode changes, the answer is void, and its entries count from the start again.
 *
 * The same code is not to be translated again and again. What becomes hot inside of what is compiled by then, or of what
 * will be, counts anew instead: if it is hot after that too, it is where the interpreter goes on, and a unit of its own.
 */
import { limits } from '../../base/limits.ts'
import { createPageFlags } from '../../memory/flags.ts'
import type { GuestMemory } from '../../memory/guest.ts'
import { fold, hostMap, pageShift } from '../../memory/map.ts'
import type { Routine } from '../algebra.ts'
import type { Profile } from '../profile.ts'
import { specials, transient } from '../state.ts'
import type { Mode } from '../wasm/program.ts'
import { type CacheCounters, createCache, holds, overlaps } from './cache.ts'
import { codeRecords } from './code.ts'
import { createCounts } from './counts.ts'
import { installDispatch } from './dispatch.ts'
import { createCauses } from './exits.ts'
import { createLearned } from './learned.ts'
import type { UnitListing } from './listing.ts'
import { meaningsIn, staticTarget } from './meaning.ts'
import { createRefusals } from './refusals.ts'
import type {
  Delivery,
  TranslatedUnit,
  Translation,
  TranslationPort,
  TranslationRequest,
  TranslatorSetup,
} from './translation.ts'
import { createTranslator, type Translator } from './translator.ts'
import { createWaiting } from './waiting.ts'

export interface TierCounters extends CacheCounters {
  readonly wasm_bytes_total: number
  readonly translations_abandoned_total: number
  readonly compiler_resets_total: number
}

export interface Tier {
  /** A record has been decoded; its word is the interpreter's business, where units may begin is this one's. */
  decoded(record: number, pc: number, word: number): void
  /** Makes the record of an address count, if it is decoded, or once it is. */
  propose(pc: number): void
  /** Bytes of code in a range of folded addresses change. */
  written(start: number, size: number): void
  /** All decoded records are gone; units stay. */
  forgetRecords(): void
  /** A run has ended: time to compile what became hot. */
  flush(): void
  /** Whether a unit holds an address. */
  holds(pc: number): boolean
  /** Whether more is known of code than is to be kept. */
  isFull(): boolean
  /** Drops every unit and what is known, for another mode or to begin anew, where none is being run; the records go too. */
  reset(mode: Mode): void
  counters(): TierCounters
  /** What would be made of the code at an address now; undefined where it cannot be compiled. */
  listing(pc: number): UnitListing | undefined
}

export interface TierSpec {
  readonly memory: GuestMemory
  readonly stops: ReadonlySet<number>
  /** Times a record runs before it is hot. */
  readonly threshold: number
  /** Compiles at once what is hot, instead of in batches. */
  readonly eager: boolean
  /** Instructions run so far; never less than before. */
  readonly ran: () => number
  /** Instructions of compiled code that are kept. */
  readonly capacity: number
  /** Addresses that something is known of, at most. */
  readonly mostLearned: number
  readonly timebase: () => bigint
  /** The kernel call before an address, which pc holds too; 0 to go on there. */
  readonly call: (pc: number) => number
  readonly handlers: WebAssembly.Table
  /** Where routines stand among the handlers. */
  readonly routines: ReadonlyMap<Routine, number>
  readonly mode: Mode
  readonly enter: WebAssembly.ExportValue
  readonly pcOf: WebAssembly.ExportValue
  /** Starts and lengths of functions, where known beforehand. */
  readonly functions: ReadonlyMap<number, number>
  readonly profile: Profile | undefined
  readonly unitsInModule: number | undefined
  readonly counts: boolean
  /** Not asked by whoever compiles at once. */
  readonly translation: TranslationPort | undefined
}

/** First instructions of functions: `mflr r0`, `mflr r12`, and stores of the stack pointer with update. */
const isPrologue = (word: number): boolean =>
  word === 0x7c0802a6 || word === 0x7d8802a6 || word >>> 16 === 0x9421 || (word >>> 16 === 0xf821 && (word & 3) === 1)

/** Instructions that are translated together, at most. */
const instructionsInModule = 20_000
/** Instructions from one run whose end is proposed to the next. */
const endsApart = 50_000_000
/**
 * Where the running thread translates: instructions that run for each that is translated, and how many may be from the
 * start. A title that does much for the first time is interpreted a little longer, and does not stand still.
 */
const pace = 2_000
const headStart = 3_000
/** Where all is compiled at once: instructions of a unit that begins inside another, which has the rest. */
const bridge = 32

function routinesByName(routines: TierSpec['routines']): Map<string, number> {
  const byName = new Map([...routines].map(([{ name }, at]) => [name, at]))
  if (byName.size < routines.size) throw new Error('two routines of emitted code have one name')
  return byName
}

export function createTier(spec: TierSpec): Tier {
  const { memory, stops, threshold, profile, eager, call } = spec
  const port = eager ? undefined : spec.translation
  const clock = profile?.now ?? (() => 0)
  const view = new DataView(memory.bytes.buffer)
  const state = new Int32Array(memory.bytes.buffer, hostMap.stateBlock, transient.jump / 4 + 1)
  const pcAt = specials.pc.at / 4
  const ctrAt = specials.ctr.at / 4
  const records = codeRecords(memory.bytes)
  const { pcOf } = records
  const counts = createCounts(memory.bytes, records, threshold)
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 0 })
  const stub = installDispatch({
    memory: memory.wasm,
    handlers: spec.handlers,
    units: table,
    enter: spec.enter,
    pcOf: spec.pcOf,
    hot,
    stuck,
    arrived,
    ...(profile && { exited: (pc: number, left: number) => profile.left(pc, causeOf(mode, pc, left)) }),
  })
  const cache = createCache({
    flags: createPageFlags(memory.bytes),
    table,
    stub,
    capacity: spec.capacity,
    entered: counts.enter,
    left(entry, current) {
      profile?.dropped(entry)
      refusals.left(entry)
      if (current) counts.leave(entry)
    },
  })

  const causeOf = createCauses({ memory, isCompiled: cache.has, isHeld: cache.holds, longestBlock: longestAt })
  /** Instructions of the longest block of a unit that begins at an address. */
  function longestAt(pc: number): number {
    const ends = cache.holders(pc).map(({ unit }) => unit.ends[unit.starts.indexOf(pc)] ?? pc)
    return Math.max(0, ...ends.map(end => (end - pc) >>> 2))
  }

  const setup: TranslatorSetup = {
    memory: memory.wasm.buffer,
    tables: hostMap.translatorTables,
    routines: routinesByName(spec.routines),
    functions: new Set(spec.functions.keys()),
    eager,
    threshold,
    ...(spec.unitsInModule === undefined ? {} : { unitsInModule: spec.unitsInModule }),
    counts: spec.counts,
  }
  let translator: Translator | undefined
  /** The translator of the running thread itself. */
  const own = (): Translator => {
    translator ??= createTranslator(setup, clock)
    return translator
  }

  /** The request that is under way, and what has changed since it was made; void where that was everything. */
  let pending: { readonly asked: readonly number[]; readonly written: [number, number][]; void: boolean } | undefined
  let translated = 0
  let endedAt = 0
  const now = spec.ran
  let { mode } = spec
  let bytesTotal = 0
  let abandoned = 0
  let resets = 0
  /** Places of the table of units that belong to an address. */
  let places = 0
  /** For the profile. */
  const untold: { readonly translation: Translation; readonly instantiate: number }[] = []
  const learned = createLearned(spec.functions)
  const refusals = createRefusals({ memory: memory.bytes.buffer, threshold, holds: cache.holds })
  const waiting = createWaiting({ now, since: counts.since, isCompiled: cache.has, threshold })

  /** A unit has ended at a record where none begins: by a jump that could have stayed inside, perhaps. */
  function arrived(record: number): void {
    const pc = pcOf(record)
    // The last jump out of a unit led here, unless another unit came between, which left by another way.
    const led = (state[ctrAt] ?? 0) >>> 2 === pc >>> 2
    const from = led ? view.getUint32(hostMap.stateBlock + transient.jump, true) : 0
    view.setUint32(hostMap.stateBlock + transient.jump, 0, true)
    learned.jumped(from, pc)
    // Where a bridge ends, the interpreter goes on to where a whole unit begins.
    if (!eager || !cache.holds(pc)) counts.count(record)
  }

  function stuck(record: number): void {
    const pc = pcOf(record)
    if (refusals.stuck(pc)) relent(pc)
  }

  /** Where a hot address stands to what jumps there, which is compiled anew if it does not hold it yet. */
  function widen(pc: number): 'inside' | 'joining' | 'alone' {
    const from = learned.takeJump(pc)
    if (from === undefined || !cache.holds(from)) return 'alone'
    return renew(from, unit => !unit.starts.includes(pc)) ? 'joining' : 'inside'
  }

  /** Has the units compiled anew that hold an address, and of which `also` holds; whether there are any. */
  function renew(pc: number, also: (unit: TranslatedUnit) => boolean = () => true): boolean {
    const stale = cache.holders(pc).filter(({ unit }) => also(unit))
    // Successors take the place of units; others of their modules, and those that call them directly, stay.
    for (const { module, unit, current } of stale)
      if (eager) cache.drop(module)
      else if (current) waiting.add(unit.entry, true)
    return stale.some(({ current }) => current)
  }

  /** Has what units often give up compiled with all it means. */
  function relent(pc: number): void {
    if (refusals.becomesWhole(pc, mode) && renew(pc)) waiting.hurry()
  }

  port?.begin(setup)

  function hot(record: number): void {
    const pc = pcOf(record)
    const standing = widen(pc)
    relent(pc)
    if (eager) {
      // What another unit holds is compiled already; but a loop is left for the interpreter once a bridge is passed.
      compile([pc], cache.holds(pc) && !learned.isHead(pc) ? { longest: bridge } : {})
      if (!cache.has(pc)) counts.rest(record)
    } else if (standing === 'inside') counts.count(record)
    else {
      if (standing === 'joining') waiting.join(pc)
      else waiting.add(pc)
      counts.rest(record)
    }
  }

  function requestFor(entries: readonly number[], room: number): TranslationRequest {
    return { mode, entries, room, stops, whole: refusals.whole, ...learned.takeNews() }
  }

  /** The running thread has stood still since then; what was compiled meanwhile is told of when that is over. */
  function stalled(began: number): void {
    profile?.stalled(clock() - began)
    for (const { translation, instantiate } of untold.splice(0)) {
      const { units: list, instructions, size: bytes, milliseconds: translate } = translation
      profile?.module({ instructions, bytes, translate, instantiate })
      for (const unit of list) profile?.unit(unit.entry, unit.milliseconds)
    }
  }

  /** Compiles at once. */
  function compile(entries: readonly number[], more: Pick<TranslationRequest, 'longest'> = {}): void {
    if (entries.length === 0) return
    const began = clock()
    settle(entries, own().translate({ ...requestFor(entries, instructionsInModule), ...more }))
    stalled(began)
  }

  /** What was hot and is not compiled counts anew. */
  function recount(pc: number): void {
    if (!cache.has(pc)) counts.recount(pc)
  }

  /** Proposes where a run has ended, if that is in no unit. */
  function proposeEnd(): void {
    if (now() - endedAt < endsApart) return
    endedAt = now()
    const pc = (state[pcAt] ?? 0) >>> 0
    if (!cache.holds(pc)) counts.propose(pc)
  }

  const isFull = (): boolean => learned.count() + refusals.whole.size + places > spec.mostLearned

  /** Compiles what has become hot, once there is enough of it or it has waited long enough. */
  function flush(): void {
    proposeEnd()
    if (pending !== undefined) {
      const began = clock()
      const delivery = port?.answer()
      if (delivery === undefined) return
      take(delivery, pending)
      pending = undefined
      stalled(began)
    }
    if (!waiting.isDue()) return
    const room =
      port === undefined ? Math.min(headStart + now() / pace - translated, instructionsInModule) : instructionsInModule
    if (room <= 0) return
    const began = clock()
    const { entries, asked } = waiting.take()
    const request = requestFor(entries, room)
    if (port === undefined) settle(asked, own().translate(request))
    else {
      port.ask(request)
      pending = { asked, written: [], void: false }
    }
    stalled(began)
  }

  /** An answer has come: what was made of bytes that have changed since is no use. */
  function take({ translation, module }: Delivery, { asked, written, void: gone }: NonNullable<typeof pending>): void {
    if (!gone && written.length === 0) {
      settle(asked, translation, module)
      return
    }
    const stale = gone || written.some(([from, to]) => translation.units.some(unit => overlaps(unit, from, to)))
    if (!stale) {
      const isSame = (pc: number): boolean => !written.some(([from, to]) => from <= fold(pc) && fold(pc) < to)
      settle(asked, { ...translation, refused: translation.refused.filter(isSame) }, module)
      return
    }
    // The translator has not forgotten what it found out, unless it is to.
    if (!learned.isForgotten()) learned.scatter(translation.scattered)
    for (const pc of asked)
      if (cache.has(pc)) {
        waiting.add(pc, true)
        waiting.hurry()
      } else if (!waiting.has(pc)) counts.recount(pc)
  }

  /** Puts a translation to use; what was asked for and is still no unit counts anew. */
  function settle(asked: readonly number[], translation: Translation, module?: WebAssembly.Module): void {
    const { units: list, instructions, pages, bytes, size, slots, refused, waiting: left, scattered } = translation
    for (const pc of refused) counts.refuse(pc)
    learned.scatter(scattered)
    for (const pc of left) {
      if (!waiting.has(pc)) waiting.add(pc, cache.has(pc))
      if (cache.has(pc)) waiting.hurry()
    }
    if (list.length > 0) {
      const began = clock()
      places = slots
      cache.prepare(slots, instructions)
      new WebAssembly.Instance(module ?? new WebAssembly.Module(bytes), imports)
      cache.enlist(translation)
      bytesTotal += size
      translated += instructions
      if (profile !== undefined) untold.push({ translation, instantiate: clock() - began })
      // What lies inside of what is compiled now will hardly be interpreted again. What had counted there counts anew,
      for (const { starts, entry } of list) for (const pc of starts) if (pc !== entry) counts.restart(pc)
      // and so does what became hot meanwhile.
      const isInside = (pc: number): boolean =>
        pages.includes(fold(pc) >>> pageShift) && list.some(unit => holds(unit, pc))
      for (const pc of waiting.drop(isInside)) recount(pc)
    }
    for (const pc of asked) if (!waiting.has(pc)) recount(pc)
  }

  /** A kernel call from compiled code: 0 to go on behind it in the very frames that called. */
  function kernel(pc: number): number {
    const dropped = cache.dropped()
    if (call(pc) === 0 && cache.dropped() === dropped && state[pcAt] === pc) return 0
    profile?.left((pc - 4) >>> 0, 'kernel')
    return 1
  }

  /** What is under way is void, and what it would have been of is hot once more when it has run again. */
  function abandon(): void {
    if (pending !== undefined) pending.void = true
  }

  const imports = {
    x: { memory: memory.wasm, units: table, handlers: spec.handlers, timebase: spec.timebase, kernel },
  }

  return {
    propose: counts.propose,
    flush,
    decoded(record, pc, word) {
      const slot = cache.slotOf(pc)
      if (slot !== undefined) {
        counts.enter(pc, slot)
        return
      }
      if (counts.isProposed(pc) || spec.functions.has(pc) || (isPrologue(word) && learned.listed(pc) === undefined))
        counts.count(record)
      const meaning = meaningsIn(mode)(word)
      if (meaning?.target === undefined) return
      const target = staticTarget({ meaning, bits: word, pc })
      if (target === undefined || target === pc + 4) return
      if (meaning.links) {
        learned.called(target)
        // A call that was interpreted returns to the interpreter.
        counts.propose((pc + 4) >>> 0)
      }
      if (!meaning.links && target <= pc) learned.loops(target)
      if (meaning.links || target <= pc) counts.propose(target)
    },
    written(start, size) {
      const end = start + size
      counts.relent()
      refusals.forget()
      if (pending !== undefined && !pending.void) {
        pending.written.push([start, end])
        if (pending.written.length > limits.writesMeanwhile.value) {
          abandoned += 1
          abandon()
        }
      }
      cache.written(start, end)
    },
    forgetRecords() {
      counts.forget()
      // What waits to be compiled with all it means may come to nothing now, and has to be told of again.
      refusals.forget()
      abandon()
    },
    holds: cache.holds,
    isFull,
    reset(next) {
      if (isFull()) resets += 1
      mode = next
      refusals.forget()
      cache.clear()
      counts.forget()
      counts.relent()
      learned.forget()
      waiting.clear()
      places = 0
      abandon()
    },
    listing: pc => createTranslator({ ...setup, tables: hostMap.listingTables }).listing(told(), pc),
    counters: () => ({
      ...cache.counters(),
      wasm_bytes_total: bytesTotal,
      translations_abandoned_total: abandoned,
      compiler_resets_total: resets,
    }),
  }

  /** A request that tells all that those so far have told, and would tell now. */
  function told(): TranslationRequest {
    return { mode, entries: [], room: 0, stops, whole: refusals.whole, ...learned.all() }
  }
}
