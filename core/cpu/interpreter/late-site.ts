/**
 * Where handlers are written: operands are late, read from the record in the first parameter; what is left of the budget is
 * the second. Registers lie in the state block. A handler ends with a jump to the handler of the next record.
 */
import { hostMap } from '../../memory/map.ts'
import { operations, type Type } from '../arithmetic.ts'
import { files, specials, transient } from '../state.ts'
import { addresses } from '../wasm/addresses.ts'
import { code, memory } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import { type Constants, loadVector, type ModuleBuilder, swapMasks } from '../wasm/module.ts'
import type { Place } from '../wasm/program.ts'
import type { Site } from '../wasm/site.ts'
import { handlerSignature, type RecordLayout, recordShift, recordSize } from './records.ts'
import { imports, runtimeFunctions } from './runtime.ts'

/** What modules of handlers import besides the memory and the table. */
export const handlerImports = {
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

const { stateBlock } = hostMap
const record = 0
const left = 1

/** Writes to a module with the imports above; `layout` gets what the handler is to find in its record. */
export function createLateSite(
  builder: ModuleBuilder,
  constants: Constants,
  locals: Type[],
  layout: RecordLayout,
): Site {
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
    w.returnCallIndirect(handlerType, 0)
  }
  function countDown(nextRecord: () => void): void {
    w.get(left)
    w.i32(1)
    w.do(operations['i32.sub'])
    w.tee(left)
    w.do(operations['i32.eqz'])
    w.if()
    nextRecord()
    w.returnCall(imported('expired'))
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
    runtime: imported,
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
      w.returnCall(imported('enter'))
      w.end()
      entryOf(slot, to, recordShift)
      w.set(slot)
      countDown(() => w.get(slot))
      w.get(slot)
      w.get(left)
      w.get(slot)
      w.memory(memory.i32Load16U, 0)
      w.returnCallIndirect(handlerType, 0)
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
      w.returnCall(imported('enter'))
    },
  }
}
