/**
 * Which code is compiled, when, and how long it is kept.
 *
 * Addresses where a unit may begin are proposed: targets of calls and of backward branches as they are decoded, starts
 * of functions that the image lists, prologues, and wherever compiled code ends. A proposed record counts how often it
 * runs; when it is hot it is compiled together with the functions it calls that have run, as one module.
 *
 * A module is made by a translator: beside the running thread where there is a port for that, so that the thread stands
 * still only to put it to use; else by the thread itself. The tiers differ in speed alone, so it does not matter when an
 * answer comes. One request is under way at a time. If bytes that were translated change before the answer is there, or
 * the records go, or the mode changes, the answer is void, and its entries count from the start again.
 *
 * What a unit was compiled from is remembered by page. When such bytes change, the whole module goes, since its units
 * call one another directly; when the cache is full, the oldest module goes.
 */
import { createPageFlags } from '../../memory/flags.ts'
import type { GuestMemory } from '../../memory/guest.ts'
import { access, fold, hostMap, pageShift } from '../../memory/map.ts'
import type { Routine } from '../algebra.ts'
import { compiled, counting, firstHandler } from '../interpreter/records.ts'
import { knownOf } from '../isa.ts'
import type { Profile } from '../profile.ts'
import { specials, transient } from '../state.ts'
import type { Constants } from '../wasm/module.ts'
import type { Mode } from '../wasm/trace.ts'
import { codeRecords, never } from './code.ts'
import { installDispatch, sideOf, sideValue } from './dispatch.ts'
import { causeOf } from './exits.ts'
import { type Instruction, meaningOf, staticTarget } from './find.ts'
import type { UnitListing } from './listing.ts'
import {
  createTranslator,
  type TranslatedUnit,
  type Translation,
  type TranslationRequest,
  type Translator,
  type TranslatorSetup,
} from './translator.ts'

export interface TierCounters {
  readonly units_compiled_total: number
  readonly units_dropped_total: number
  readonly units_evicted_total: number
  readonly modules_live: number
  readonly instructions_live: number
  readonly wasm_bytes_total: number
}

/** A translation done elsewhere, its module ready to be instantiated; none where nothing could be translated. */
export interface Delivery {
  readonly translation: Translation
  readonly module: WebAssembly.Module | undefined
}

/** A translator beside the running thread, for one processor. */
export interface TranslationPort {
  /** Once, some time before the first request. */
  begin(setup: TranslatorSetup): void
  /** Not before the last request is answered. */
  ask(request: TranslationRequest): void
  /** The answer to the last request, once, if it is there; does not wait. Throws what the translator threw. */
  answer(): Delivery | undefined
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
  /** Drops every unit, for another mode. */
  reset(mode: Mode): void
  counters(): TierCounters
  /** What would be made of the code at an address now; undefined where it cannot be compiled. */
  listing(pc: number): UnitListing | undefined
}

export interface TierSpec {
  readonly memory: GuestMemory
  readonly constants: Constants
  readonly stops: ReadonlySet<number>
  /** Times a record runs before it is hot. */
  readonly threshold: number
  /** Compiles at once what is hot, instead of in batches. */
  readonly eager: boolean
  /** Instructions retired. */
  readonly retired: () => number
  /** Instructions of compiled code that are kept. */
  readonly capacity: number
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

interface CompiledModule {
  readonly units: readonly TranslatedUnit[]
  readonly pages: ReadonlySet<number>
  readonly instructions: number
  live: boolean
}

/** First instructions of functions: `mflr r0`, `mflr r12`, and stores of the stack pointer with update. */
const isPrologue = (word: number): boolean =>
  word === 0x7c0802a6 || word === 0x7d8802a6 || word >>> 16 === 0x9421 || (word >>> 16 === 0xf821 && (word & 3) === 1)

/** Hot records that are compiled together, and how many instructions fewer of them wait: each request is a pause. */
const batchSize = 120
const batchPatience = 8_000_000
const instructionsInModule = 20_000
/**
 * Where the running thread translates: instructions that run for each that is translated, and how many may be from the
 * start. A title that does much for the first time is interpreted a little longer, and does not stand still.
 */
const pace = 2_000
const headStart = 3_000
/** Functions that an image lists, from which on it will need a translator, and has it begin at once. */
const largeTitle = 500
/** Where all is compiled at once: instructions of a unit that begins inside another, which has the rest. */
const bridge = 32
/** Targets of one jump, and words from its first to its last. */
const widestJump = 1_024

/** Changes of code while a translation is under way, above which it is void whatever they are. */
const mostWritten = 1_024

/** Whether a unit holds an address. */
function holds({ starts, ends }: TranslatedUnit, pc: number): boolean {
  return starts.some((start, i) => start <= pc && pc < (ends[i] ?? 0))
}
/** Whether a unit was made of bytes in a range of folded addresses. */
function overlaps({ starts, ends }: TranslatedUnit, from: number, to: number): boolean {
  return starts.some((start, i) => {
    const at = fold(start)
    return at < to && at + ((ends[i] ?? 0) - start) > from
  })
}

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
  const state = new Int32Array(memory.bytes.buffer, hostMap.stateBlock, specials.pc.at / 4 + 1)
  const pcAt = specials.pc.at / 4
  const flags = createPageFlags(memory.bytes)
  const { recordOf, pcOf, handlerOf } = codeRecords(memory.bytes)
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 256 })
  const stub = installDispatch({
    memory: memory.wasm,
    handlers: spec.handlers,
    units: table,
    enter: spec.enter,
    pcOf: spec.pcOf,
    hot,
    stuck,
    arrived,
    ...(profile && {
      exited: (pc: number, left: number) =>
        profile.left(pc, causeOf({ memory, mode, pc, left, compiled: units.has(pc) })),
    }),
  })
  for (let i = 0; i < table.length; i += 1) table.set(i, stub)

  const setup: TranslatorSetup = {
    memory: memory.wasm,
    constants: spec.constants.layout(),
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

  const units = new Map<number, { readonly module: CompiledModule; readonly slot: number }>()
  const modules = new Set<CompiledModule>()
  const byPage = new Map<number, Set<CompiledModule>>()
  const proposed = new Set<number>()
  const callTargets = new Set<number>()
  /** Where loops begin. */
  const heads = new Set<number>()
  const seen = new Map<number, number[]>()
  const refused = new Set<number>()
  /** Where the jump was that led to an address. */
  const jumps = new Map<number, number>()
  /** What is hot, and whether it is to be compiled though it is already. */
  const queue = new Map<number, boolean>()
  /** Learned since the last request. */
  let news: { callTargets: number[]; jumps: [number, number][]; forget: boolean } = noNews()
  /** The request that is under way, and what has changed since it was made; void where that was everything. */
  let pending: { readonly entries: readonly number[]; readonly written: [number, number][]; void: boolean } | undefined
  let translated = 0
  let queuedAt = 0
  let begun = false
  const now = spec.retired
  let { mode } = spec
  const whole = new Set<number>()
  /** How often a unit may still give its first instruction up before that is told of: nobody counts it elsewhere. */
  const patience = new Map<number, number>()
  let compiledTotal = 0
  let droppedTotal = 0
  let evictedTotal = 0
  let bytesTotal = 0
  let instructionsLive = 0

  const isFunction = (address: number): boolean => callTargets.has(address) || spec.functions.has(address)

  /** Makes a record count from the threshold, or enter its unit. */
  function mark(record: number, handler: typeof counting | typeof compiled, value: number): void {
    const side = sideOf(record)
    const old = handlerOf(record)
    if (old >= firstHandler) view.setUint16(side, old, true)
    else if (old !== counting && old !== compiled) return
    view.setUint32(side + sideValue, value, true)
    view.setUint16(record, handler, true)
  }
  function count(record: number): void {
    const pc = pcOf(record)
    proposed.add(pc)
    mark(record, counting, refused.has(pc) ? never : threshold)
  }
  /** Counts anew what was hot and has not been compiled. */
  function recount(pc: number): void {
    const record = recordOf(pc)
    if (record !== 0 && handlerOf(record) === counting && !units.has(pc)) count(record)
  }

  function propose(pc: number): void {
    if (proposed.has(pc)) return
    proposed.add(pc)
    const record = recordOf(pc)
    if (record !== 0 && handlerOf(record) >= firstHandler) mark(record, counting, refused.has(pc) ? never : threshold)
  }

  /** A unit has ended at a record where none begins: by a jump that could have stayed inside, perhaps. */
  function arrived(record: number): void {
    const pc = pcOf(record)
    const from = view.getUint32(hostMap.stateBlock + transient.jump, true)
    view.setUint32(hostMap.stateBlock + transient.jump, 0, true)
    const near = from !== 0 && Math.abs(pc - from) < 4 * widestJump && !isFunction(pc)
    const list = seen.get(from) ?? []
    if (near && !list.includes(pc) && list.length < widestJump) {
      seen.set(from, [...list, pc])
      news.jumps.push([from, pc])
      jumps.set(pc, from)
    }
    // Where a bridge ends, the interpreter goes on to where a whole unit begins.
    if (!eager || !isInside(pc)) count(record)
  }

  function stuck(record: number): void {
    const pc = pcOf(record)
    const left = (patience.get(pc) ?? threshold) - 1
    if (left > 0) patience.set(pc, left)
    else {
      patience.delete(pc)
      relent(pc)
    }
  }

  /** Compiles anew what jumps to an address, now that its targets are known. */
  function widen(pc: number): void {
    const from = jumps.get(pc)
    jumps.delete(pc)
    if (from !== undefined) renew(from, unit => !unit.starts.includes(pc))
  }

  /** The modules of code in the page of an address. */
  const holders = (pc: number): CompiledModule[] => [...(byPage.get(fold(pc) >>> pageShift) ?? [])]
  const isInside = (pc: number): boolean => holders(pc).some(({ units: list }) => list.some(unit => holds(unit, pc)))

  /** Has the units compiled anew that hold an address, and of which `also` holds. */
  function renew(pc: number, also: (unit: TranslatedUnit) => boolean = () => true): void {
    const isStale = (unit: TranslatedUnit): boolean => holds(unit, pc) && also(unit)
    for (const module of holders(pc).filter(module => module.units.some(isStale))) {
      if (eager) drop(module)
      // Their successors take their place; other units of their modules, and those that call them directly, stay.
      else
        for (const unit of module.units)
          if (units.get(unit.entry)?.module === module && isStale(unit)) enqueue(unit.entry, true)
    }
  }

  /** An instruction that units often give up is compiled with all it means. */
  function relent(pc: number): void {
    const at = hostMap.stateBlock + transient.refused
    if (view.getUint32(at, true) !== pc || whole.has(pc)) return
    view.setUint32(at, 0, true)
    const meaning = meaningOf(view.getUint32(fold(pc)), { ...mode, quick: true })
    if (meaning === undefined || !(meaning.gives || meaning.effects.memory) || !isInside(pc)) return
    whole.add(pc)
    renew(pc)
  }

  function begin(): void {
    if (!begun) port?.begin(setup)
    begun = true
  }
  if (spec.functions.size >= largeTitle) begin()

  function enqueue(pc: number, again = false): void {
    if (queue.size === 0) queuedAt = now()
    begin()
    queue.set(pc, again)
  }

  function hot(record: number): void {
    const pc = pcOf(record)
    widen(pc)
    relent(pc)
    if (eager) {
      // What another unit holds is compiled already; but a loop is left for the interpreter once a bridge is passed.
      compile([pc], isInside(pc) && !heads.has(pc) ? { longest: bridge } : {})
      if (units.has(pc)) return
    } else enqueue(pc)
    mark(record, counting, never)
  }

  function requestFor(entries: readonly number[], room: number): TranslationRequest {
    const request = { mode, entries, room, stops, whole, ...news }
    news = noNews()
    return request
  }

  /** Compiles at once. */
  function compile(entries: readonly number[], more: Pick<TranslationRequest, 'longest'> = {}): void {
    if (entries.length === 0) return
    const began = clock()
    settle(entries, own().translate({ ...requestFor(entries, instructionsInModule), ...more }))
    profile?.stalled(clock() - began)
  }

  /** Compiles what has become hot, once there is enough of it or it has waited long enough. */
  function flush(): void {
    if (pending !== undefined) {
      const began = clock()
      const delivery = port?.answer()
      if (delivery === undefined) return
      take(delivery, pending)
      pending = undefined
      profile?.stalled(clock() - began)
    }
    if (queue.size === 0 || (queue.size < batchSize && now() - queuedAt < batchPatience)) return
    const room =
      port === undefined ? Math.min(headStart + now() / pace - translated, instructionsInModule) : instructionsInModule
    if (room <= 0) return
    const began = clock()
    const entries = [...queue].flatMap(([pc, again]) => (again || !units.has(pc) ? [pc] : []))
    queue.clear()
    const request = requestFor(entries, room)
    if (port === undefined) settle(entries, own().translate(request))
    else {
      port.ask(request)
      pending = { entries, written: [], void: false }
    }
    profile?.stalled(clock() - began)
  }

  /** An answer has come: what was made of bytes that have changed since is no use. */
  function take(
    { translation, module }: Delivery,
    { entries, written, void: gone }: NonNullable<typeof pending>,
  ): void {
    const stale = gone || written.some(([from, to]) => translation.units.some(unit => overlaps(unit, from, to)))
    if (stale) for (const pc of entries) recount(pc)
    else settle(entries, translation, module)
  }

  /** Puts a translation to use. */
  function settle(
    entries: readonly number[],
    { units: list, bytes, slots, refused: cannot, waiting, milliseconds }: Translation,
    module?: WebAssembly.Module,
  ): void {
    for (const pc of cannot) refused.add(pc)
    const waits = new Set(waiting)
    for (const pc of waiting) if (!queue.has(pc)) enqueue(pc, units.has(pc))
    if (list.length > 0) {
      const began = clock()
      if (slots > table.length) grow(slots)
      const instructions = list.reduce((sum, unit) => sum + unit.instructions, 0)
      // What goes leaves its places in the table empty, and may be what comes: so it goes first.
      makeRoom(instructions)
      const imports = { memory: memory.wasm, units: table, handlers: spec.handlers, timebase: spec.timebase, kernel }
      new WebAssembly.Instance(module ?? new WebAssembly.Module(bytes), { x: imports })
      enlist(list, instructions)
      bytesTotal += bytes.length
      translated += instructions
      const spent = { translate: milliseconds, instantiate: clock() - began }
      profile?.module({ instructions, bytes: bytes.length, ...spent })
      for (const unit of list) profile?.unit(unit.entry, unit.milliseconds)
    }
    for (const pc of entries) if (!waits.has(pc)) recount(pc)
  }

  function grow(least: number): void {
    const old = table.length
    table.grow(Math.max(old, least - old))
    for (let i = old; i < table.length; i += 1) table.set(i, stub)
  }

  /** Has units entered whose functions stand in their table. */
  function enlist(list: readonly TranslatedUnit[], instructions: number): void {
    const pages = new Set<number>()
    for (const { starts, ends } of list)
      for (const [i, start] of starts.entries())
        for (let page = start >>> pageShift; (page << pageShift) >>> 0 < (ends[i] ?? 0); page += 1)
          pages.add(fold((page << pageShift) >>> 0) >>> pageShift)
    const module: CompiledModule = { units: list, pages, instructions, live: true }
    for (const page of pages) {
      flags.set(page, flags.of(page) | access.code)
      const there = byPage.get(page) ?? new Set()
      there.add(module)
      byPage.set(page, there)
    }
    modules.add(module)
    instructionsLive += instructions
    compiledTotal += list.length
    for (const { entry, slot } of list) {
      units.set(entry, { module, slot })
      const record = recordOf(entry)
      if (record !== 0) mark(record, compiled, slot)
    }
  }

  /** A kernel call from compiled code: 0 to go on behind it in the very frames that called. */
  function kernel(pc: number): number {
    const dropped = droppedTotal
    if (call(pc) === 0 && droppedTotal === dropped && state[pcAt] === pc) return 0
    profile?.left((pc - 4) >>> 0, 'kernel')
    return 1
  }

  function makeRoom(instructions: number): void {
    for (const module of modules) {
      if (instructionsLive + instructions <= spec.capacity) return
      evictedTotal += module.units.length
      drop(module)
    }
  }

  function drop(module: CompiledModule): void {
    if (!module.live) return
    module.live = false
    modules.delete(module)
    instructionsLive -= module.instructions
    droppedTotal += module.units.length
    for (const page of module.pages) {
      const there = byPage.get(page)
      there?.delete(module)
      if (there?.size === 0) byPage.delete(page)
    }
    for (const { entry, slot } of module.units) {
      profile?.dropped(entry)
      patience.delete(entry)
      if (units.get(entry)?.module !== module) continue
      units.delete(entry)
      table.set(slot, stub)
      const record = recordOf(entry)
      if (record !== 0 && handlerOf(record) === compiled) mark(record, counting, threshold)
    }
  }

  /** What is under way is void, and what it would have been of is hot once more when it has run again. */
  function abandon(): void {
    if (pending !== undefined) pending.void = true
  }

  return {
    propose,
    flush,
    decoded(record, pc, word) {
      const unit = units.get(pc)
      if (unit !== undefined) {
        mark(record, compiled, unit.slot)
        return
      }
      if (proposed.has(pc) || spec.functions.has(pc) || isPrologue(word)) count(record)
      const meaning = meaningOf(word, mode)
      if (meaning?.target === undefined) return
      const instruction: Instruction = { pc, word, known: knownOf(word, pc), meaning }
      const target = staticTarget(instruction)
      if (target === undefined || target === pc + 4) return
      if (meaning.links) {
        if (!callTargets.has(target)) news.callTargets.push(target)
        callTargets.add(target)
        // A call that was interpreted returns to the interpreter.
        propose((pc + 4) >>> 0)
      }
      if (!meaning.links && target <= pc) heads.add(target)
      if (meaning.links || target <= pc) propose(target)
    },
    written(start, size) {
      const end = start + size
      refused.clear()
      whole.clear()
      if (pending !== undefined && !pending.void) {
        pending.written.push([start, end])
        if (pending.written.length > mostWritten) abandon()
      }
      for (let page = start >>> pageShift; (page << pageShift) >>> 0 < end; page += 1)
        for (const module of [...(byPage.get(page) ?? [])])
          if (module.units.some(unit => overlaps(unit, start, end))) drop(module)
    },
    forgetRecords() {
      proposed.clear()
      abandon()
    },
    reset(next) {
      mode = next
      whole.clear()
      for (const module of [...modules]) drop(module)
      proposed.clear()
      callTargets.clear()
      heads.clear()
      refused.clear()
      seen.clear()
      jumps.clear()
      queue.clear()
      news = { ...noNews(), forget: true }
      abandon()
    },
    listing: pc => createTranslator(setup).listing({ ...learned(), entries: [], room: 0 }, pc),
    counters: () => ({
      units_compiled_total: compiledTotal,
      units_dropped_total: droppedTotal,
      units_evicted_total: evictedTotal,
      modules_live: modules.size,
      instructions_live: instructionsLive,
      wasm_bytes_total: bytesTotal,
    }),
  }

  /** All that requests have told so far, and would tell now. */
  function learned(): Omit<TranslationRequest, 'entries' | 'room'> {
    const all = [...seen].flatMap(([from, list]) => list.map(to => [from, to] as const))
    return { mode, stops, whole, callTargets: [...callTargets], jumps: all, forget: false }
  }
}

const noNews = (): { callTargets: number[]; jumps: [number, number][]; forget: boolean } => ({
  callTargets: [],
  jumps: [],
  forget: false,
})
