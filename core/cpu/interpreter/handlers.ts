/**
 * The handlers of the interpreter, made from the rows: one WebAssembly function for each setting of each row's variants, in
 * each mode, whose operands are read from the decoded record it is given. A handler does its instruction, counts it, and
 * jumps to the handler of the next record; nothing returns until the budget, a fault or the kernel ends the run.
 *
 * No program uses a half of them, and to make all takes a tenth of a second. So a handler is made when an instruction is
 * decoded that needs it, together with those of the instructions behind, in one module, which holds the routines they call
 * too, but for those of earlier modules. What is made serves every processor of the process.
 */

import { hostMap, tablesSize } from '../../memory/map.ts'
import { type Routine, routines } from '../algebra.ts'
import type { Type } from '../arithmetic.ts'
import type { Row } from '../rows/row.ts'
import { hints, rows } from '../rows/table.ts'
import { variantCount, variantNumber, variantsOf } from '../variants.ts'
import { createWriter } from '../wasm/bytes.ts'
import { createEmitter } from '../wasm/emit.ts'
import { createConstants, createModule, type ModuleBuilder, masks } from '../wasm/module.ts'
import type { Mode } from '../wasm/program.ts'
import { traceRow } from '../wasm/trace.ts'
import { createLateSite, handlerImports } from './late-site.ts'
import { createLayout, firstHandler, handlerSignature, type RecordLayout } from './records.ts'

export interface Handler {
  /** Index in the table of functions: what a record begins with. */
  readonly number: number
  readonly layout: RecordLayout
  /** The number of the module it is in. */
  readonly module: number
}

/** A word of code, and the row that it is an instruction of. */
export interface Decoded {
  readonly row: Row
  readonly word: number
}

/** A module that puts handlers, and routines that they call, into the table. */
export interface HandlerModule {
  readonly module: WebAssembly.Module
  /** The numbers of those whose routines it calls. */
  readonly needs: readonly number[]
}

export interface Handlers {
  /** The handler of an instruction; undefined where it has not been made. */
  of(instruction: Decoded, wide: boolean): Handler | undefined
  /** Makes those that are not there yet, as the last of the modules. */
  make(instructions: Iterable<Decoded>, wide: boolean): void
  /** The number of a module of all routines: for who calls them where no instruction was decoded. */
  routines(): number
  readonly modules: readonly HandlerModule[]
  /** Where routines stand in the table of handlers. */
  readonly places: ReadonlyMap<Routine, number>
  /** Places in that table, for all there can be. */
  readonly size: number
  /** What the modules expect in linear memory; grows as they are made. */
  readonly constants: readonly { readonly at: number; readonly bytes: Uint8Array }[]
}

/** What is made for a row, and the modes it serves: whether they are wide. */
interface Made {
  readonly row: Row
  readonly variant: number
  readonly handler: Handler
  readonly modes: readonly boolean[]
}

export function createHandlers(status: Omit<Mode, 'wide'>): Handlers {
  const placed: { at: number; bytes: Uint8Array }[] = [masks]
  const constants = createConstants(hostMap.tables + masks.bytes.length, hostMap.tables + tablesSize, (at, bytes) =>
    placed.push({ at, bytes }),
  )
  const writer = createWriter()
  const modules: HandlerModule[] = []
  const narrowSet = new Map<Row, Handler[]>()
  const wideSet = new Map<Row, Handler[]>()
  const places = new Map(routines.map((one, at) => [one, firstHandler + at]))
  /** The module that a routine is in. */
  const moduleOf = new Map<Routine, number>()
  const needs = new Set<number>()
  const first = firstHandler + routines.length
  let next = first
  let allRoutines: number | undefined

  const setOf = (wide: boolean): Map<Row, Handler[]> => (wide ? wideSet : narrowSet)
  function keep({ row, variant, handler, modes }: Made): void {
    for (const wide of modes) {
      const list = setOf(wide).get(row) ?? []
      list[variant] = handler
      setOf(wide).set(row, list)
    }
  }

  function placeOf(routine: Routine): number | undefined {
    const module = moduleOf.get(routine)
    if (module === undefined) return undefined
    needs.add(module)
    return places.get(routine)
  }

  function begin(): ModuleBuilder {
    writer.clear()
    needs.clear()
    return createModule(handlerImports, constants, writer, { table: 0, placeOf })
  }
  /** `at` is the place of the first of the functions. */
  function end(builder: ModuleBuilder, at: number, functions: readonly number[]): void {
    const held = builder.routines()
    const elements = held.map(([one, index]) => ({ at: places.get(one) ?? 0, functions: [index] }))
    const bytes = builder.finish([], [{ at, functions }, ...elements], ['handlers'])
    const module = new WebAssembly.Module(bytes)
    for (const [one] of held) moduleOf.set(one, modules.length)
    modules.push({ module, needs: [...needs] })
  }

  return {
    modules,
    places,
    size: [...rows, ...hints].reduce((sum, row) => sum + 2 * variantCount(row), first),
    constants: placed,
    of: ({ row, word }, wide) => setOf(wide).get(row)?.[variantNumber(row, word)],
    make(instructions, wide) {
      const builder = begin()
      const functions: number[] = []
      const list: Made[] = []
      for (const { row, word } of instructions) {
        const variant = variantNumber(row, word)
        const have = setOf(wide).get(row)?.[variant] ?? list.find(one => one.row === row && one.variant === variant)
        const variants = have === undefined ? variantsOf(row)[variant] : undefined
        if (variants === undefined) continue
        const locals: Type[] = []
        const layout = createLayout(row.name)
        const mark = writer.length
        const program = traceRow(row, variants, { ...status, wide })
        createEmitter(createLateSite(builder, constants, locals, layout)).run(program)
        functions.push(builder.add(handlerSignature, locals, mark))
        const handler = { number: next + list.length, layout, module: modules.length }
        list.push({ row, variant, handler, modes: program.asksWidth ? [wide] : [false, true] })
      }
      end(builder, next, functions)
      // Not before the module is there: to make one may fail.
      for (const one of list) keep(one)
      next += list.length
    },
    routines() {
      if (allRoutines !== undefined) return allRoutines
      const builder = begin()
      // Those that have a module are needed, the others are made.
      for (const one of routines) if (placeOf(one) === undefined) builder.routine(one)
      end(builder, firstHandler, [])
      allRoutines = modules.length - 1
      return allRoutines
    },
  }
}
