/**
 * The interpreter, made from the rows: one WebAssembly function for each setting of each row's variants, in each mode,
 * whose operands are read from the decoded record it is given. A handler does its instruction, counts it, and jumps to
 * the handler of the next record; nothing returns until the budget, a fault or the kernel ends the run.
 *
 * Handlers with the same code are one function. The table of functions is indexed by the number in the record.
 */

import { hostMap } from '../../memory/map.ts'
import type { Routine, Table } from '../algebra.ts'
import type { Type } from '../arithmetic.ts'
import type { Row } from '../rows/row.ts'
import { files, specials, transient } from '../state.ts'
import { code, createWriter, encodeModule, functionBody, memory, type Signature } from '../wasm/bytes.ts'
import { createEmitter, instructions, type RuntimeName, type Site } from '../wasm/emit.ts'
import { type Place, traceRoutine, traceRow, variantsOf } from '../wasm/trace.ts'
import { createLayout, firstHandler, type RecordLayout, recordShift, recordSize } from './records.ts'
import { emitRuntime, type ImportName, imports, type RuntimeFunction, runtimeFunctions } from './runtime.ts'

export interface Handler {
  /** Index in the table of functions: what a record begins with. */
  readonly number: number
  readonly layout: RecordLayout
}

export interface Interpreter {
  readonly module: WebAssembly.Module
  readonly bytes: number
  /** Handlers of a row by variant number, in 32-bit and in 64-bit mode. */
  readonly handlers: ReadonlyMap<Row, { readonly narrow: readonly Handler[]; readonly wide: readonly Handler[] }>
  /** Constant tables and where they go in linear memory. */
  readonly tables: readonly { readonly at: number; readonly bytes: Uint8Array }[]
}

const { stateBlock } = hostMap
const op = { eqz: 0x45, sub: 0x6b, and: 0x71, shl: 0x74, shrU: 0x76, add: 0x6a } as const
const record = 0
const left = 1

/** Masks that reverse the bytes of the first 4, 8 or 16 bytes of a vector, kept where constant tables are. */
export const swapMasks = {
  4: hostMap.tables,
  8: hostMap.tables + 16,
  16: hostMap.tables + 32,
} as const
const masks = new Uint8Array([
  3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 15, 14,
  13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
])

export function buildInterpreter(rows: readonly Row[]): Interpreter {
  const writer = createWriter(1 << 16)
  const w = instructions(writer)
  const types: Signature[] = []
  const functions: { type: number; body: Uint8Array }[] = []
  const importNames = Object.keys(imports) as ImportName[]
  const runtimeList = Object.keys(runtimeFunctions) as RuntimeFunction[]
  const elements: number[] = []
  const tables: { at: number; bytes: Uint8Array }[] = [{ at: hostMap.tables, bytes: masks }]
  const tableAt = new Map<Table, number>()
  let tablesEnd: number = hostMap.tables + masks.length
  const routines = new Map<Routine, number>()
  const bodies = new Map<string, number>()

  function typeOf({ takes, gives }: Signature): number {
    const same = types.findIndex(one => one.takes.join() === takes.join() && one.gives.join() === gives.join())
    if (same >= 0) return same
    types.push({ takes, gives })
    return types.length - 1
  }
  const handlerType = typeOf({ takes: ['i32', 'i32'], gives: [] })
  const imported = (name: ImportName): number => importNames.indexOf(name)
  const runtime = (name: RuntimeFunction): number => importNames.length + runtimeList.indexOf(name)

  function addFunction(type: Signature, locals: readonly Type[], mark: number): number {
    functions.push({ type: typeOf(type), body: functionBody(locals, writer.cut(mark)) })
    return importNames.length + functions.length - 1
  }

  function tableOf(table: Table): number {
    const have = tableAt.get(table)
    if (have !== undefined) return have
    const at = tablesEnd
    tableAt.set(table, at)
    tables.push({ at, bytes: table.bytes })
    tablesEnd = (at + table.bytes.length + 15) & ~15
    if (tablesEnd >>> 0 > hostMap.pageFlags) throw new Error('constant tables fill their area')
    return at
  }

  function routineOf(routine: Routine): number {
    const have = routines.get(routine)
    if (have !== undefined) return have
    const program = traceRoutine(routine)
    const locals: Type[] = []
    const mark = writer.length
    const site = createLateSite(routine.name, locals, undefined, routine.takes.length)
    createEmitter(site, program).values(program.results)
    const index = addFunction(routine, locals, mark)
    routines.set(routine, index)
    return index
  }

  /** Operands late: read from the record in local 0. A routine has no record. */
  function createLateSite(name: string, locals: Type[], layout: RecordLayout | undefined, parameters = 2): Site {
    function needLayout(): RecordLayout {
      if (layout === undefined) throw new Error(`routine ${name} reaches for the state of the machine`)
      return layout
    }
    /** Pushes the address of a register, from which `offset` is to be added. */
    function address(place: Place): { offset: number } {
      if ('operand' in place) {
        w.get(record)
        w.memory(memory.i32Load16U, needLayout().register(place.operand))
        return { offset: stateBlock }
      }
      needLayout()
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
        w.op(op.add)
      })
      w.get(record)
      w.i32(recordSize)
      w.op(op.add)
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
      w.op(op.sub)
      w.tee(left)
      w.op(op.eqz)
      w.if()
      nextRecord()
      w.op(code.returnCall)
      writer.u32(runtime('expired'))
      w.end()
    }
    function local(type: Type): number {
      locals.push(type)
      return parameters + locals.length - 1
    }
    return {
      writer,
      local,
      known(number, type) {
        w.get(record)
        const at = needLayout().number(number)
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
        else w.memory(size === 8 ? memory.i64Load : size === 4 ? memory.i32Load : memory.i32Load8U, offset)
      },
      write(place, value) {
        const { offset } = address(place)
        value()
        const size = sizeOf(place)
        if (size === 16) w.simdMemory(11, offset)
        else w.memory(size === 8 ? memory.i64Store : size === 4 ? memory.i32Store : memory.i32Store8, offset)
      },
      readAt(index) {
        index()
        w.i32(3)
        w.op(op.shl)
        w.memory(memory.i64Load, stateBlock + files.gpr.at)
      },
      writeAt(index, value) {
        index()
        w.i32(3)
        w.op(op.shl)
        value()
        w.memory(memory.i64Store, stateBlock + files.gpr.at)
      },
      swapMask(size) {
        w.i32(0)
        w.simdMemory(0, swapMasks[size])
      },
      runtime: (name: RuntimeName) => (name === 'timebase' ? imported(name) : runtime(name)),
      routine: routineOf,
      table: tableOf,
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
        w.i32(12)
        w.op(op.shrU)
        w.i32(2)
        w.op(op.shl)
        w.memory(memory.i32Load, hostMap.decodedPages)
        w.tee(slot)
        w.op(op.eqz)
        w.if()
        w.get(to)
        w.get(left)
        w.i32(1)
        w.op(op.sub)
        w.op(code.returnCall)
        writer.u32(runtime('enter'))
        w.end()
        w.get(slot)
        w.get(to)
        w.i32(0xffc)
        w.op(op.and)
        w.i32(recordShift - 2)
        w.op(op.shl)
        w.op(op.add)
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
        w.op(op.add)
        w.get(left)
        w.i32(1)
        w.op(op.sub)
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
    addFunction({ takes, gives }, Array<Type>(locals).fill('i32'), mark)
  }
  elements.push(runtime('undecoded'), runtime('pageEnd'), runtime('stopped'))
  if (elements.length !== firstHandler) throw new Error('handler numbers have moved')

  function handlersOf(row: Row, wide: boolean): Handler[] {
    return variantsOf(row).map(variants => {
      const locals: Type[] = []
      const layout = createLayout(row.name)
      const mark = writer.length
      const site = createLateSite(row.name, locals, layout)
      createEmitter(site, traceRow(row, variants, wide)).run()
      const instructionsOfBody = writer.cut(mark)
      const key = `${locals.join()}:${instructionsOfBody.join()}`
      let number = bodies.get(key)
      if (number === undefined) {
        number = elements.length
        bodies.set(key, number)
        writer.bytes(instructionsOfBody)
        elements.push(addFunction({ takes: ['i32', 'i32'], gives: [] }, locals, mark))
      }
      return { number, layout }
    })
  }
  const handlers = new Map<Row, { narrow: Handler[]; wide: Handler[] }>()
  for (const row of rows) handlers.set(row, { narrow: handlersOf(row, false), wide: handlersOf(row, true) })

  const bytes = encodeModule(
    {
      types,
      imports: importNames.map(name => ({ name, type: typeOf(imports[name]) })),
      functions,
      exports: [
        { name: 'run', index: runtime('run') },
        ...(['loadSlow', 'storeSlow', 'check', 'forget'] as const).map(name => ({ name, index: runtime(name) })),
      ],
      elements,
    },
    { initial: 65_536, maximum: 65_536 },
  )
  return { module: new WebAssembly.Module(bytes), bytes: bytes.length, handlers, tables }
}
