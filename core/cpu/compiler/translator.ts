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
import type { RuntimeName } from '../wasm/site.ts'
import { createBatches } from './batch.ts'
import { unitSignature } from './calls.ts'
import { emitResolve, resolve } from './dispatch.ts'
import { thunkSize, type Unit } from './find.ts'
import { createWatch, listedBlocks, type UnitListing, type UnitWatch } from './listing.ts'
import type { TranslatedUnit, Translation, TranslationRequest, TranslatorSetup } from './translation.ts'
import { emitUnit, type UnitSite } from './unit.ts'

export interface Translator {
  translate(request: TranslationRequest): Translation
  /** What would be made of the code at an address; undefined where it cannot be compiled. */
  listing(request: TranslationRequest, pc: number): UnitListing | undefined
}

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
  const { counts, routines, tables } = setup
  const memory = readMemory(setup.memory)
  const { learn, targetsOf, batch, unitAt } = createBatches({ ...setup, memory })
  const constants = createConstants(tables, tables + tablesSize, (at, bytes) => memory.bytes.set(bytes, at))
  /** One for all modules: what it has grown to is used again. */
  const writer = createWriter(1 << 20)
  const slots = new Map<number, number>()

  function take(request: TranslationRequest): void {
    if (request.forget) slots.clear()
    learn(request)
  }

  function slot(pc: number): number {
    const number = slots.get(pc) ?? slots.size + 1
    slots.set(pc, number)
    return number
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
      take(request)
      const { found, ...rest } = batch(request)
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
      take(request)
      const unit = unitAt(request, pc)
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
