/**
 * The interpreter, made from the rows: one WebAssembly function for each setting of each row's variants, in each mode,
 * whose operands are read from the decoded record it is given. A handler does its instruction, counts it, and jumps to
 * the handler of the next record; nothing returns until the budget, a fault or the kernel ends the run.
 *
 * Handlers with the same code are one function. The table of functions is indexed by the number in the record.
 */

import { hostMap } from '../../memory/map.ts'
import type { Routine } from '../algebra.ts'
import { operations, type Type } from '../arithmetic.ts'
import type { Row } from '../rows/row.ts'
import { files, specials, transient } from '../state.ts'
import { variantsOf } from '../variants.ts'
import { addresses } from '../wasm/addresses.ts'
import { code, memory, type Signature } from '../wasm/bytes.ts'
import { createEmitter } from '../wasm/emit.ts'
import { instructions } from '../wasm/instructions.ts'
import { type Constants, createConstants, createModule, loadVector, swapMasks } from '../wasm/module.ts'
import type { Mode, Place } from '../wasm/program.ts'
import type { RuntimeName, Site } from '../wasm/site.ts'
import { traceRow } from '../wasm/trace.ts'
import { createLayout, firstHandler, type RecordLayout, recordShift, recordSize } from './records.ts'
import { emitRuntime, imports, type RuntimeFunction, runtimeFunctions } from './runtime.ts'

/** Any bytes as text. */
const text = new TextDecoder('latin1')

export interface Handler {
  /** Index in the table of functions: what a record begins with. */
  readonly number: number
  readonly layout: RecordLayout
  /** Whether it may be another in the other width of the mode. */
  readonly asksWidth: boolean
}

export interface Interpreter {
  readonly module: WebAssembly.Module
  readonly bytes: number
  /** Handlers of a row by variant number, in 32-bit and in 64-bit mode. */
  readonly handlers: ReadonlyMap<Row, { readonly narrow: readonly Handler[]; readonly wide: readonly Handler[] }>
  readonly constants: Constants
  /** Where routines stand in the table of handlers. */
  readonly routines: ReadonlyMap<Routine, number>
}

const { stateBlock } = hostMap
const record = 0
const left = 1

export function buildInterpreter(rows: readonly Row[], status: Omit<Mode, 'wide'>): Interpreter {
  const constants = createConstants()
  const builder = createModule(imports, constants)
  const { writer, imported } = builder
  const w = instructions(writer)
  const { entryOf, slotOf } = addresses(writer)
  const runtimeList = Object.keys(runtimeFunctions) as RuntimeFunction[]
  const elements: number[] = []
  const bodies = new Map<string, number>()

  const handlerSignature: Signature = { takes: ['i32', 'i32'], gives: [] }
  const handlerType = builder.typeOf(handlerSignature)
  const firstFunction = builder.next()
  const runtime = (name: RuntimeFunction): number => firstFunction + runtimeList.indexOf(name)

  /** Operands late: read from the record in local 0. */
  function createLateSite(locals: Type[], layout: RecordLayout): Site {
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
      writer.u32(runtime('expired'))
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
      runtime: (name: RuntimeName) => (name === 'timebase' ? imported(name) : runtime(name)),
      callRoutine: routine => w.call(builder.routine(routine)),
      table: constants.at,
      vector: bytes => loadVector(writer, constants, bytes),
      mark() {
        w.get(record)
        w.get(left)
        w.call(runtime('mark'))
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
        writer.u32(runtime('enter'))
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
        w.call(runtime('mark'))
        w.call(imported('call'))
        w.if()
        w.op(code.return)
        w.end()
        w.i32(stateBlock)
        w.memory(memory.i32Load, specials.pc.at)
        w.i32(stateBlock)
        w.memory(memory.i32Load, transient.left)
        w.op(code.returnCall)
        writer.u32(runtime('enter'))
      },
    }
  }

  for (const name of runtimeList) {
    const mark = writer.length
    emitRuntime(name, { writer, imported, function: runtime, handlerType })
    const { takes, gives, locals } = runtimeFunctions[name]
    builder.add({ takes, gives }, Array<Type>(locals).fill('i32'), mark)
  }
  const vacant = runtime('undecoded')
  elements.push(runtime('undecoded'), runtime('pageEnd'), runtime('stopped'), vacant, vacant)
  if (elements.length !== firstHandler) throw new Error('handler numbers have moved')

  function handlersOf(row: Row, wide: boolean, same: readonly Handler[] = []): Handler[] {
    return variantsOf(row).map((variants, variant) => {
      const have = same[variant]
      if (have?.asksWidth === false) return have
      const locals: Type[] = []
      const layout = createLayout(row.name)
      const mark = writer.length
      const site = createLateSite(locals, layout)
      const program = traceRow(row, variants, { ...status, wide })
      createEmitter(site).run(program)
      const instructionsOfBody = writer.cut(mark)
      const key = `${locals.join()}:${text.decode(instructionsOfBody.bytes)}`
      let number = bodies.get(key)
      if (number === undefined) {
        number = elements.length
        bodies.set(key, number)
        writer.piece(instructionsOfBody)
        elements.push(builder.add(handlerSignature, locals, mark))
      }
      return { number, layout, asksWidth: program.asksWidth }
    })
  }
  const handlers = new Map<Row, { narrow: Handler[]; wide: Handler[] }>()
  for (const row of rows) {
    const narrow = handlersOf(row, false)
    handlers.set(row, { narrow, wide: handlersOf(row, true, narrow) })
  }

  const routines = new Map(builder.routines().map(([routine, index]) => [routine, elements.push(index) - 1]))
  const names = ['run', 'enter', 'pcOf', 'loadSlow', 'storeSlow', 'check', 'forget'] as const
  const bytes = builder.finish(
    names.map(name => ({ name, index: runtime(name) })),
    [{ at: 0, functions: elements }],
    { exported: 'handlers' },
  )
  constants.seal()
  return { module: new WebAssembly.Module(bytes), bytes: bytes.length, handlers, constants, routines }
}
