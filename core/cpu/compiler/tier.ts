/**
 * Which code is compiled, and how long it is kept.
 *
 * Addresses where a unit may begin are proposed: targets of calls and of backward branches as they are decoded, starts
 * of functions that the image lists, prologues, and wherever compiled code ends. A proposed record counts how often it
 * runs; when it is hot it is compiled together with the functions it calls that have run, as one module.
 *
 * What a unit was compiled from is remembered by page. When such bytes change, the whole module goes, since its units
 * call one another directly; when the cache is full, the oldest module goes.
 */
import { createPageFlags } from '../../memory/flags.ts'
import type { GuestMemory } from '../../memory/guest.ts'
import { access, fold, hostMap, pageShift } from '../../memory/map.ts'
import type { Routine } from '../algebra.ts'
import { compiled, counting, firstHandler, pageAddressAt, recordShift, slotMask } from '../interpreter/records.ts'
import { knownOf } from '../isa.ts'
import type { Profile } from '../profile.ts'
import { specials, transient } from '../state.ts'
import type { Writer } from '../wasm/bytes.ts'
import type { RuntimeName } from '../wasm/emit.ts'
import { type Constants, createModule } from '../wasm/module.ts'
import type { Mode } from '../wasm/trace.ts'
import { emitResolve, installDispatch, resolve, sideOf, sideValue } from './dispatch.ts'
import { causeOf } from './exits.ts'
import { type Block, type Finder, findUnit, type Instruction, meaningOf, staticTarget, type Unit } from './find.ts'
import { createWatch, listedBlocks, type UnitListing, type UnitWatch } from './listing.ts'
import { emitUnit, type UnitSite, unitSignature } from './unit.ts'

export interface TierCounters {
  readonly units_compiled_total: number
  readonly units_dropped_total: number
  readonly units_evicted_total: number
  readonly modules_live: number
  readonly instructions_live: number
  readonly wasm_bytes_total: number
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
  /** The kernel call before pc; 0 to go on at pc. */
  readonly call: () => number
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
}

interface CompiledModule {
  readonly units: { readonly unit: Unit; readonly slot: number }[]
  readonly pages: ReadonlySet<number>
  readonly instructions: number
  live: boolean
}

/** First instructions of functions: `mflr r0`, `mflr r12`, and stores of the stack pointer with update. */
const isPrologue = (word: number): boolean =>
  word === 0x7c0802a6 || word === 0x7d8802a6 || word >>> 16 === 0x9421 || (word >>> 16 === 0xf821 && (word & 3) === 1)

const mostUnits = 100
/** Hot records that are compiled together, and how many instructions fewer of them wait. */
const batchSize = 40
const batchPatience = 500_000
const instructionsInModule = 20_000
/**
 * Instructions that run for each that is translated, and how many may be from the start: a title that does much for the
 * first time is interpreted a little longer, and does not stand still.
 */
const pace = 2_000
const headStart = 3_000
/** A callee is compiled with its caller if it has run this share of what makes it hot. */
const calleeShare = 1 / 16
/** A count that does not run out: for what only the interpreter does. */
const never = 0x7fffffff
/** Targets of one jump, and words from its first to its last. */
const widestJump = 1_024

export function createTier(spec: TierSpec): Tier {
  const { memory, stops, threshold, constants, profile } = spec
  const clock = profile?.now ?? (() => 0)
  const view = new DataView(memory.bytes.buffer)
  const flags = createPageFlags(memory.bytes)
  const slotsOfPages = new Uint32Array(memory.bytes.buffer, hostMap.decodedPages, 1 << (32 - pageShift))
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 256 })
  const stub = installDispatch({
    memory: memory.wasm,
    handlers: spec.handlers,
    units: table,
    enter: spec.enter,
    pcOf: spec.pcOf,
    hot,
    arrived,
    ...(profile && {
      exited: (pc: number, left: number) =>
        profile.left(pc, causeOf({ memory, mode, pc, left, compiled: units.has(pc) })),
    }),
  })
  for (let i = 0; i < table.length; i += 1) table.set(i, stub)

  const slots = new Map<number, number>()
  const units = new Map<number, CompiledModule>()
  const modules = new Set<CompiledModule>()
  const byPage = new Map<number, Set<CompiledModule>>()
  const proposed = new Set<number>()
  const callTargets = new Set<number>()
  const seen = new Map<number, number[]>()
  const refused = new Set<number>()
  /** Where the jump was that led to an address. */
  const jumps = new Map<number, number>()
  /** What is hot, and whether it is to be compiled though it is already. */
  let queue = new Map<number, boolean>()
  let translated = 0
  let queuedAt = 0
  const now = spec.retired
  let { mode } = spec
  const whole = new Set<number>()
  let compiledTotal = 0
  let droppedTotal = 0
  let evictedTotal = 0
  let bytesTotal = 0
  let instructionsLive = 0

  function slot(pc: number): number {
    const have = slots.get(pc)
    if (have !== undefined) return have
    const number = slots.size + 1
    if (number >= table.length) {
      const old = table.length
      table.grow(old)
      for (let i = old; i < table.length; i += 1) table.set(i, stub)
    }
    slots.set(pc, number)
    return number
  }

  const pcOf = (record: number): number =>
    (view.getUint32(((record & ~slotMask) >>> 0) + pageAddressAt, true) +
      ((record & slotMask) >>> (recordShift - 2))) >>>
    0
  /** The record of an address, 0 where its page is not decoded. */
  function recordOf(pc: number): number {
    const page = slotsOfPages[pc >>> pageShift] ?? 0
    return page === 0 ? 0 : page + ((pc & 0xffc) << (recordShift - 2))
  }
  const handlerOf = (record: number): number => view.getUint16(record, true)

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

  function propose(pc: number): void {
    if (proposed.has(pc)) return
    proposed.add(pc)
    const record = recordOf(pc)
    if (record !== 0 && handlerOf(record) >= firstHandler) mark(record, counting, refused.has(pc) ? never : threshold)
  }

  const finder: Finder = {
    memory,
    get mode() {
      return mode
    },
    whole,
    stops,
    isFunction: address => callTargets.has(address) || spec.functions.has(address),
    seen: pc => seen.get(pc) ?? [],
    mayRun: pc => spec.eager || hasRun(pc),
  }

  function hasRun(pc: number): boolean {
    const record = recordOf(pc)
    return record !== 0 && handlerOf(record) !== 0
  }
  /** Whether a place has run often enough to be compiled along with others. */
  function isWarm(pc: number): boolean {
    const record = recordOf(pc)
    if (record === 0 || handlerOf(record) !== counting) return spec.eager && hasRun(pc)
    return view.getUint32(sideOf(record) + sideValue, true) <= threshold * (1 - calleeShare)
  }

  /** A unit has ended at a record where none begins: by a jump that could have stayed inside, perhaps. */
  function arrived(record: number): void {
    const pc = pcOf(record)
    const from = view.getUint32(hostMap.stateBlock + transient.jump, true)
    view.setUint32(hostMap.stateBlock + transient.jump, 0, true)
    const near = from !== 0 && Math.abs(pc - from) < 4 * widestJump && !finder.isFunction(pc)
    const list = seen.get(from) ?? []
    if (near && !list.includes(pc) && list.length < widestJump) {
      seen.set(from, [...list, pc])
      jumps.set(pc, from)
    }
    count(record)
  }

  /** Compiles anew what jumps to an address, now that its targets are known; false where nothing does. */
  function widen(pc: number): boolean {
    const from = jumps.get(pc)
    jumps.delete(pc)
    if (from === undefined) return false
    return renew(holding(from, unit => !unit.indexOf.has(pc)))
  }

  /** The modules with units that hold an address, and which units those are; of them, those that `also` says. */
  interface Holders {
    readonly stale: readonly CompiledModule[]
    isStale(unit: Unit): boolean
  }
  function holding(pc: number, also: (unit: Unit, block: Block) => boolean): Holders {
    const isStale = (unit: Unit): boolean =>
      unit.blocks.some(block => block.start <= pc && pc < block.end && also(unit, block))
    const there = [...(byPage.get(fold(pc) >>> pageShift) ?? [])]
    return { stale: there.filter(module => module.units.some(({ unit }) => isStale(unit))), isStale }
  }

  /** Compiles anew the units that are stale; whether that has been done at once. */
  function renew({ stale, isStale }: Holders): boolean {
    if (!spec.eager) {
      // Their successors take their place; other units of their modules, and those that call them directly, stay.
      for (const module of stale)
        for (const { unit } of module.units)
          if (units.get(unit.entry) === module && isStale(unit)) enqueue(unit.entry, true)
      return false
    }
    for (const module of stale) drop(module)
    compile(
      batch(
        stale.flatMap(module => module.units.map(({ unit }) => unit.entry)),
        instructionsInModule,
      ),
    )
    return stale.length > 0
  }

  /** An instruction that units often give up is compiled with all it means. */
  function relent(pc: number): boolean {
    const at = hostMap.stateBlock + transient.refused
    if (view.getUint32(at, true) !== pc || whole.has(pc)) return false
    view.setUint32(at, 0, true)
    const holders = holding(pc, (_, block) => {
      const meaning = block.instructions[(pc - block.start) >> 2]?.meaning
      return meaning?.gives === true || meaning?.effects.memory === true
    })
    if (holders.stale.length === 0) return false
    whole.add(pc)
    return renew(holders)
  }

  function enqueue(pc: number, again = false): void {
    if (queue.size === 0) queuedAt = now()
    queue.set(pc, again)
  }

  function hot(record: number): void {
    const pc = pcOf(record)
    if (widen(pc) || relent(pc)) {
      count(record)
      return
    }
    if (spec.eager) {
      compile(batch([pc], instructionsInModule))
      if (units.has(pc)) return
    } else enqueue(pc)
    mark(record, counting, never)
  }

  /** Compiles what has become hot, once there is enough of it or it has waited long enough. */
  function flush(): void {
    if (queue.size === 0 || (queue.size < batchSize && now() - queuedAt < batchPatience)) return
    const credit = Math.min(headStart + now() / pace - translated, instructionsInModule)
    if (credit <= 0) return
    const list = [...queue].flatMap(([pc, again]) => (again || !units.has(pc) ? [pc] : []))
    // Functions first, then what lies lower: what an earlier unit holds inside will hardly be interpreted again.
    list.sort((a, b) => Number(finder.isFunction(b)) - Number(finder.isFunction(a)) || a - b)
    const found = batch(list, credit)
    const done = new Set(list)
    for (const pc of found.waiting) done.delete(pc)
    queue = new Map([...queue].filter(([pc]) => !done.has(pc)))
    compile(found)
    for (const pc of done) {
      const record = recordOf(pc)
      if (record !== 0 && handlerOf(record) === counting && !units.has(pc)) count(record)
    }
  }

  interface Batch {
    readonly found: readonly Unit[]
    /** Entries there was no room for. */
    readonly waiting: readonly number[]
  }

  function batch(hot: readonly number[], room: number): Batch {
    const found: Unit[] = []
    const inside = new Set<number>()
    // Two modules may have held a unit of one entry.
    const known = new Set(hot)
    const work = [...known]
    let size = 0
    while (found.length < (spec.unitsInModule ?? mostUnits) && size < room) {
      const pc = work.shift()
      if (pc === undefined) break
      if (inside.has(pc) && !spec.eager) continue
      const unit = findUnit(finder, pc)
      if (unit === undefined) {
        refused.add(pc)
        continue
      }
      found.push(unit)
      size += unit.instructions
      for (const start of unit.indexOf.keys()) inside.add(start)
      for (const callee of unit.callees)
        if (!known.has(callee) && !units.has(callee) && !refused.has(callee) && isWarm(callee)) {
          known.add(callee)
          work.push(callee)
        }
    }
    const asked = new Set(hot)
    return { found, waiting: work.filter(pc => asked.has(pc)) }
  }

  /** A kernel call from compiled code: 0 to go on behind it in the very frames that called. */
  function kernel(): number {
    const at = hostMap.stateBlock + specials.pc.at
    const pc = view.getUint32(at, true)
    const dropped = droppedTotal
    if (spec.call() === 0 && droppedTotal === dropped && view.getUint32(at, true) === pc) return 0
    profile?.left((pc - 4) >>> 0, 'kernel')
    return 1
  }

  /** The module of some units, as bytes. */
  function translate(
    list: readonly Unit[],
    { watch, done }: { watch?: (writer: Writer) => UnitWatch; done?: (unit: Unit, milliseconds: number) => void } = {},
  ): Uint8Array<ArrayBuffer> {
    const runtimeImports = { timebase: { takes: [], gives: ['i64'] }, kernel: { takes: [], gives: ['i32'] } } as const
    const builder = createModule(runtimeImports, constants)
    const { writer } = builder
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
      routineAt: (routine: Routine) => spec.routines.get(routine),
      counts: spec.counts,
      folds: pc => whole.has(pc),
      seen: finder.seen,
      ...(watch && { watch: watch(writer) }),
    }
    for (const unit of list) {
      const before = clock()
      const start = writer.length
      const locals = emitUnit(unit, site)
      builder.define(functions.get(unit.entry) ?? 0, locals, start)
      done?.(unit, clock() - before)
    }
    const names = list.map((unit, index) => ({ name: `u${index}`, index: functions.get(unit.entry) ?? 0 }))
    return builder.finish(names, [], { imported: ['units', 'handlers'] })
  }

  function compile({ found: list }: Batch): void {
    if (list.length === 0) return
    const began = clock()
    const bytes = translate(list, { done: (unit, milliseconds) => profile?.unit(unit.entry, milliseconds) })
    const emitted = clock()
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      x: { memory: memory.wasm, units: table, handlers: spec.handlers, timebase: spec.timebase, kernel },
    })
    const instructions = list.reduce((sum, unit) => sum + unit.instructions, 0)
    const { length } = bytes
    profile?.module({ instructions, bytes: length, translate: emitted - began, instantiate: clock() - emitted })
    translated += instructions
    makeRoom(instructions)
    const pages = new Set<number>()
    for (const unit of list)
      for (const block of unit.blocks)
        for (let pc = block.start; pc < block.end; pc += 4) pages.add(fold(pc) >>> pageShift)
    const module: CompiledModule = {
      units: list.map(unit => ({ unit, slot: slot(unit.entry) })),
      pages,
      instructions,
      live: true,
    }
    for (const page of pages) {
      flags.set(page, flags.of(page) | access.code)
      const there = byPage.get(page) ?? new Set()
      there.add(module)
      byPage.set(page, there)
    }
    modules.add(module)
    instructionsLive += instructions
    bytesTotal += bytes.length
    compiledTotal += list.length
    for (const [index, one] of module.units.entries()) {
      table.set(one.slot, instance.exports[`u${index}`])
      units.set(one.unit.entry, module)
      const record = recordOf(one.unit.entry)
      if (record !== 0) mark(record, compiled, one.slot)
    }
    profile?.stalled(clock() - began)
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
    for (const { unit, slot: number } of module.units) {
      profile?.dropped(unit.entry)
      if (units.get(unit.entry) !== module) continue
      units.delete(unit.entry)
      table.set(number, stub)
      const record = recordOf(unit.entry)
      if (record !== 0 && handlerOf(record) === compiled) mark(record, counting, threshold)
    }
  }

  const overlaps = ({ units: list }: CompiledModule, start: number, end: number): boolean =>
    list.some(({ unit }) =>
      unit.blocks.some(block => {
        const at = fold(block.start)
        return at < end && at + (block.end - block.start) > start
      }),
    )

  return {
    propose,
    flush,
    decoded(record, pc, word) {
      const module = units.get(pc)
      if (module !== undefined) {
        mark(record, compiled, slot(pc))
        return
      }
      if (proposed.has(pc) || spec.functions.has(pc) || isPrologue(word)) count(record)
      const meaning = meaningOf(word, mode)
      if (meaning?.target === undefined) return
      const instruction: Instruction = { pc, word, known: knownOf(word, pc), meaning }
      const target = staticTarget(instruction)
      if (target === undefined || target === pc + 4) return
      if (meaning.links) {
        callTargets.add(target)
        // A call that was interpreted returns to the interpreter.
        propose((pc + 4) >>> 0)
      }
      if (meaning.links || target <= pc) propose(target)
    },
    written(start, size) {
      const end = start + size
      refused.clear()
      whole.clear()
      for (let page = start >>> pageShift; (page << pageShift) >>> 0 < end; page += 1)
        for (const module of [...(byPage.get(page) ?? [])]) if (overlaps(module, start, end)) drop(module)
    },
    forgetRecords() {
      proposed.clear()
    },
    reset(next) {
      mode = next
      whole.clear()
      for (const module of [...modules]) drop(module)
      proposed.clear()
      callTargets.clear()
      refused.clear()
      seen.clear()
      jumps.clear()
      queue.clear()
    },
    listing(pc) {
      const unit = findUnit({ ...finder, mayRun: () => true }, pc)
      if (unit === undefined) return undefined
      let notes: UnitListing['notes'] = []
      const marked = translate([unit], {
        watch(writer) {
          const made = createWatch(writer)
          notes = made.notes
          return made.watch
        },
      })
      return { entry: pc, blocks: listedBlocks(unit), notes, marked, size: translate([unit]).length }
    },
    counters: () => ({
      units_compiled_total: compiledTotal,
      units_dropped_total: droppedTotal,
      units_evicted_total: evictedTotal,
      modules_live: modules.size,
      instructions_live: instructionsLive,
      wasm_bytes_total: bytesTotal,
    }),
  }
}
