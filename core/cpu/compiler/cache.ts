/**
 * What is compiled: the places of units in their table, and the modules they came in, by the pages of the code they were
 * made of. When such bytes change the whole module goes, since its units call one another directly; when the cache is
 * full, the oldest module goes.
 */
import type { PageFlags } from '../../memory/flags.ts'
import { access, fold, pageShift } from '../../memory/map.ts'
import type { TranslatedUnit, Translation } from './translation.ts'

export interface CompiledModule {
  readonly units: readonly TranslatedUnit[]
  readonly pages: readonly number[]
  readonly instructions: number
  live: boolean
}

export interface CacheSpec {
  readonly flags: PageFlags
  /** Empty. */
  readonly table: WebAssembly.Table
  /** What stands in the table where no unit does. */
  readonly stub: WebAssembly.ExportValue
  /** Instructions of compiled code that are kept. */
  readonly capacity: number
  /** Told of each unit that is entered from now on, and no longer; the latter of units that another has replaced too. */
  entered(entry: number, slot: number): void
  left(entry: number, current: boolean): void
}

export interface CacheCounters {
  readonly units_compiled_total: number
  readonly units_dropped_total: number
  readonly units_evicted_total: number
  readonly modules_live: number
  readonly instructions_live: number
}

export interface Cache {
  /** The place in the table of the unit that begins at an address. */
  slotOf(entry: number): number | undefined
  has(entry: number): boolean
  /** Whether an address is inside a unit. */
  holds(pc: number): boolean
  /** The units that hold an address and are the ones entered, and the module of each; units that another has replaced too. */
  holders(pc: number): { readonly module: CompiledModule; readonly unit: TranslatedUnit; readonly current: boolean }[]
  /** Makes room in the table, and for so many instructions: what goes may be what comes, so it goes first. */
  prepare(slots: number, instructions: number): void
  /** Has the units entered whose functions stand in their table. */
  enlist(made: Pick<Translation, 'units' | 'instructions' | 'pages'>): void
  drop(module: CompiledModule): void
  /** Drops what was made of bytes in a range of folded addresses. */
  written(from: number, to: number): void
  clear(): void
  /** Units dropped so far. */
  dropped(): number
  counters(): CacheCounters
}

/** Whether a unit holds an address. */
export function holds({ starts, ends }: TranslatedUnit, pc: number): boolean {
  for (let i = 0; i < starts.length; i += 1) if ((starts[i] ?? 0) <= pc && pc < (ends[i] ?? 0)) return true
  return false
}
/** Whether a unit was made of bytes in a range of folded addresses. */
export function overlaps({ starts, ends }: TranslatedUnit, from: number, to: number): boolean {
  return starts.some((start, i) => {
    const at = fold(start)
    return at < to && at + ((ends[i] ?? 0) - start) > from
  })
}

/** Places in the table at first: to make more takes the running thread longer than anything else it does for a module. */
const firstSlots = 1_024

export function createCache({ flags, table, stub, capacity, entered, left }: CacheSpec): Cache {
  const units = new Map<number, { readonly module: CompiledModule; readonly slot: number }>()
  const modules = new Set<CompiledModule>()
  const byPage = new Map<number, Set<CompiledModule>>()
  let compiledTotal = 0
  let droppedTotal = 0
  let evictedTotal = 0
  let live = 0

  table.grow(firstSlots, stub)

  const modulesAt = (page: number): CompiledModule[] => [...(byPage.get(page) ?? [])]
  const modulesOf = (pc: number): CompiledModule[] => modulesAt(fold(pc) >>> pageShift)

  function drop(module: CompiledModule): void {
    if (!module.live) return
    module.live = false
    modules.delete(module)
    live -= module.instructions
    droppedTotal += module.units.length
    for (const page of module.pages) {
      const there = byPage.get(page)
      there?.delete(module)
      if (there?.size === 0) byPage.delete(page)
    }
    for (const { entry, slot } of module.units) {
      const current = units.get(entry)?.module === module
      if (current) {
        units.delete(entry)
        table.set(slot, stub)
      }
      left(entry, current)
    }
  }

  return {
    slotOf: entry => units.get(entry)?.slot,
    has: entry => units.has(entry),
    holds: pc => modulesOf(pc).some(module => module.units.some(unit => holds(unit, pc))),
    holders: pc =>
      modulesOf(pc).flatMap(module =>
        module.units
          .filter(unit => holds(unit, pc))
          .map(unit => ({ module, unit, current: units.get(unit.entry)?.module === module })),
      ),
    prepare(slots, instructions) {
      if (slots > table.length) table.grow(Math.max(table.length, slots - table.length), stub)
      for (const module of modules) {
        if (live + instructions <= capacity) return
        evictedTotal += module.units.length
        drop(module)
      }
    },
    enlist({ units: list, pages, instructions }) {
      const module: CompiledModule = { units: list, pages, instructions, live: true }
      for (const page of pages) {
        const there = byPage.get(page)
        if (there === undefined) byPage.set(page, new Set([module]))
        else there.add(module)
        flags.set(page, flags.of(page) | access.code)
      }
      modules.add(module)
      live += instructions
      compiledTotal += list.length
      for (const { entry, slot } of list) {
        units.set(entry, { module, slot })
        entered(entry, slot)
      }
    },
    drop,
    written(from, to) {
      for (let page = from >>> pageShift; (page << pageShift) >>> 0 < to; page += 1)
        for (const module of modulesAt(page)) if (module.units.some(unit => overlaps(unit, from, to))) drop(module)
    },
    clear() {
      for (const module of [...modules]) drop(module)
    },
    dropped: () => droppedTotal,
    counters: () => ({
      units_compiled_total: compiledTotal,
      units_dropped_total: droppedTotal,
      units_evicted_total: evictedTotal,
      modules_live: modules.size,
      instructions_live: live,
    }),
  }
}
