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
import { operations, type Type } from '../arithmetic.ts'
import type { Row } from '../rows/row.ts'
import { files, specials, transient } from '../state.ts'
import { variantCount, variantNumber, variantsOf } from '../variants.ts'
import { addresses } from '../wasm/addresses.ts'
import { code, createWriter, memory, type Signature } from '../wasm/bytes.ts'
import { createEmitter } from '../wasm/emit.ts'
import { instructions } from '../wasm/instructions.ts'
import {
  type Constants,
  createConstants,
  createModule,
  loadVector,
  type ModuleBuilder,
  maskBytes,
  swapMasks,
} from '../wasm/module.ts'
import type { Mode, Place } from '../wasm/program.ts'
import type { RuntimeName, Site } from '../wasm/site.ts'
import { traceRow } from '../wasm/trace.ts'
import { createLayout, firstHandler, type RecordLayout, recordShift, recordSize } from './records.ts'
import { imports, runtimeFunctions } from './runtime.ts'

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
  /** What the modules expect in linear memory; grows as they are made. */
  readonly constants: readonly { readonly at: number; readonly bytes: Uint8Array }[]
}

/** What modules of handlers import besides the memory and the table. */
const handlerImports = {
  call: imports.call,
  timebase: imports.timebase,
  mark: runtimeFunctions.mark,
  expired: runtimeFunctions.expired,
  enter: runtimeFunctions.enter,
  loadSlow: runtimeFunctions.loadSlow,
  storeSlow: runtimeFunctions.storeSlow,
  check: runtimeFunctions.check,
  forget: runtimeFunctions.forget,
} as const

/** Where routines stand in the table of handlers. */
export const placesOfRoutines = (): ReadonlyMap<Routine, number> =>
  new Map(routines.map((one, at) => [one, firstHandler + at]))

/** Places in the table of handlers: of all there can be. */
export function handlerTableSize(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + 2 * variantCount(row), firstHandler + routines.length)
}

const { stateBlock } = hostMap
const record = 0
const left = 1
const handlerSignature: Signature = { takes: ['i32', 'i32'], gives: [] }

/** Operands late: read from the record in local 0. */
function createLateSite(builder: ModuleBuilder, constants: Constants, locals: Type[], layout: RecordLayout): Site {
  const { writer, imported } = builder
  const w = instructions(writer)
  const { entryOf, slotOf } = addresses(writer)
  const handlerType = builder.typeOf(handlerSignature)

  /** Pushes the address of a register, from which `offset` is to be added. */
  function address(place: Place): { offset: number } {
    if ('operand' in place) {
      w.get(record)
      w.memory(memory.i32Load16U, layout.register(place.operand))
      return { offset: stateBlock }
    }
    w.i32(0)
    if (place.file === 'special') return { offset: stateBlock + specials[place.name].at }
    return { offset: stateBlock + files[place.file].at + place.number * files[place.file].step }
  }
  const sizeOf = (place: Place): number =>
    place.file === 'special' ? specials[place.name].bytes : files[place.file].step
  function next(): void {
    countDown(() => {
      w.get(record)
      w.i32(recordSize)
      w.do(operations['i32.add'])
    })
    w.get(record)
    w.i32(recordSize)
    w.do(operations['i32.add'])
    w.get(left)
    w.get(record)
    w.memory(memory.i32Load16U, recordSize)
    w.op(code.returnCallIndirect)
    writer.u32(handlerType)
    writer.u32(0)
  }
  function countDown(nextRecord: () => void): void {
    w.get(left)
    w.i32(1)
    w.do(operations['i32.sub'])
    w.tee(left)
    w.do(operations['i32.eqz'])
    w.if()
    nextRecord()
    w.op(code.returnCall)
    writer.u32(imported('expired'))
    w.end()
  }
  function local(type: Type): number {
    locals.push(type)
    return handlerSignature.takes.length + locals.length - 1
  }
  return {
    writer,
    local,
    known(number, type) {
      w.get(record)
      const at = layout.number(number)
      const { bytes, signed } = number
      if (type === 'i32') {
        if (bytes === 4) w.memory(memory.i32Load, at)
        else if (bytes === 2) w.memory(signed ? memory.i32Load16S : memory.i32Load16U, at)
        else w.memory(signed ? memory.i32Load8S : memory.i32Load8U, at)
      } else if (bytes === 8) w.memory(memory.i64Load, at)
      else if (bytes === 4) w.memory(signed ? memory.i64Load32S : memory.i64Load32U, at)
      else if (bytes === 2) w.memory(signed ? memory.i64Load16S : memory.i64Load16U, at)
      else w.memory(signed ? memory.i64Load8S : memory.i64Load8U, at)
    },
    read(place) {
      const { offset } = address(place)
      const size = sizeOf(place)
      if (size === 16) w.simdMemory(0, offset)
      else if (place.type === 'f64') w.memory(memory.f64Load, offset)
      else w.memory(size === 8 ? memory.i64Load : size === 4 ? memory.i32Load : memory.i32Load8U, offset)
    },
    write(place, value) {
      const { offset } = address(place)
      value()
      const size = sizeOf(place)
      if (size === 16) w.simdMemory(11, offset)
      else if (place.type === 'f64') w.memory(memory.f64Store, offset)
      else w.memory(size === 8 ? memory.i64Store : size === 4 ? memory.i32Store : memory.i32Store8, offset)
    },
    flush: () => {},
    reload: () => {},
    readAt(index) {
      index()
      w.i32(3)
      w.do(operations['i32.shl'])
      w.memory(memory.i64Load, stateBlock + files.gpr.at)
    },
    writeAt(index, value) {
      index()
      w.i32(3)
      w.do(operations['i32.shl'])
      value()
      w.memory(memory.i64Store, stateBlock + files.gpr.at)
    },
    swapMask(size) {
      w.i32(0)
      w.simdMemory(0, swapMasks[size])
    },
    runtime: (name: RuntimeName) => imported(name),
    callRoutine: builder.callRoutine,
    table: constants.at,
    vector: bytes => loadVector(writer, constants, bytes),
    mark() {
      w.get(record)
      w.get(left)
      w.call(imported('mark'))
    },
    leave: () => w.op(code.return),
    branch(target) {
      const to = local('i32')
      const slot = local('i32')
      target()
      w.tee(to)
      slotOf()
      w.tee(slot)
      w.do(operations['i32.eqz'])
      w.if()
      w.get(to)
      w.get(left)
      w.i32(1)
      w.do(operations['i32.sub'])
      w.op(code.returnCall)
      writer.u32(imported('enter'))
      w.end()
      entryOf(slot, to, recordShift)
      w.set(slot)
      countDown(() => w.get(slot))
      w.get(slot)
      w.get(left)
      w.get(slot)
      w.memory(memory.i32Load16U, 0)
      w.op(code.returnCallIndirect)
      writer.u32(handlerType)
      writer.u32(0)
    },
    next,
    callKernel() {
      w.get(record)
      w.i32(recordSize)
      w.do(operations['i32.add'])
      w.get(left)
      w.i32(1)
      w.do(operations['i32.sub'])
      w.call(imported('mark'))
      w.call(imported('call'))
      w.if()
      w.op(code.return)
      w.end()
      w.i32(stateBlock)
      w.memory(memory.i32Load, specials.pc.at)
      w.i32(stateBlock)
      w.memory(memory.i32Load, transient.left)
      w.op(code.returnCall)
      writer.u32(imported('enter'))
    },
  }
}

export function createHandlers(status: Omit<Mode, 'wide'>): Handlers {
  const placed: { at: number; bytes: Uint8Array }[] = [{ at: hostMap.tables, bytes: maskBytes }]
  const constants = createConstants(hostMap.tables + maskBytes.length, hostMap.tables + tablesSize, (at, bytes) =>
    placed.push({ at, bytes }),
  )
  const writer = createWriter()
  const modules: HandlerModule[] = []
  const narrowSet = new Map<Row, Handler[]>()
  const wideSet = new Map<Row, Handler[]>()
  const places = placesOfRoutines()
  /** The module that a routine is in. */
  const moduleOf = new Map<Routine, number>()
  const needs = new Set<number>()
  let next = firstHandler + routines.length
  let allRoutines: number | undefined

  const setOf = (wide: boolean): Map<Row, Handler[]> => (wide ? wideSet : narrowSet)
  function keep(set: Map<Row, Handler[]>, row: Row, variant: number, handler: Handler): void {
    const list = set.get(row) ?? []
    list[variant] = handler
    set.set(row, list)
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
  /** `first` is the place of the first of the functions. */
  function end(builder: ModuleBuilder, first: number, functions: readonly number[]): void {
    const held = builder.routines()
    const elements = held.map(([one, index]) => ({ at: places.get(one) ?? 0, functions: [index] }))
    const bytes = builder.finish([], [{ at: first, functions }, ...elements], ['handlers'])
    for (const [one] of held) moduleOf.set(one, modules.length)
    modules.push({ module: new WebAssembly.Module(bytes), needs: [...needs] })
  }

  return {
    modules,
    constants: placed,
    of: ({ row, word }, wide) => setOf(wide).get(row)?.[variantNumber(row, word)],
    make(instructions, wide) {
      const builder = begin()
      const first = next
      const functions: number[] = []
      for (const { row, word } of instructions) {
        const variant = variantNumber(row, word)
        const variants = setOf(wide).get(row)?.[variant] === undefined ? variantsOf(row)[variant] : undefined
        if (variants === undefined) continue
        const locals: Type[] = []
        const layout = createLayout(row.name)
        const mark = writer.length
        const program = traceRow(row, variants, { ...status, wide })
        createEmitter(createLateSite(builder, constants, locals, layout)).run(program)
        functions.push(builder.add(handlerSignature, locals, mark))
        const handler = { number: next, layout, module: modules.length }
        next += 1
        keep(setOf(wide), row, variant, handler)
        if (!program.asksWidth) keep(setOf(!wide), row, variant, handler)
      }
      end(builder, first, functions)
    },
    routines() {
      if (allRoutines !== undefined) return allRoutines
      const builder = begin()
      for (const one of routines) if (placeOf(one) === undefined) builder.routine(one)
      allRoutines = modules.length
      end(builder, firstHandler, [])
      return allRoutines
    },
  }
}
