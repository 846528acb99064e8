/**
 * Between the interpreter and compiled code: two handlers of records, and what compiled code calls.
 *
 * A record where a unit may begin is `counting`: each time it runs, a counter goes down, and at zero the record is told
 * to be hot. A record whose unit is compiled is `compiled`: it calls the unit, and goes on interpreting where the unit
 * ends. The handler such a record had before, with its counter or the number of its unit, is kept beside it, in the
 * second half of its page's slot; a unit that could not do even its first instruction leaves it to that handler.
 *
 * The interpreter is never entered from compiled code, so while it runs no frame of a unit is on the host's stack, and
 * units may be dropped.
 */
import { hostMap } from '../../memory/map.ts'
import { operations } from '../arithmetic.ts'
import {
  compiled,
  counting,
  handlerSignature,
  pageEndAt,
  recordShift,
  recordSize,
  slotMask,
} from '../interpreter/records.ts'
import { exits, specials, transient } from '../state.ts'
import { addresses } from '../wasm/addresses.ts'
import { code, memory, type Signature, type Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import { createModule, noConstants } from '../wasm/module.ts'
import { notSo, unitSignature, unwound } from './calls.ts'

const { stateBlock } = hostMap

/** Where in a slot the sides of its records begin: 8 bytes each, the handler, then the counter or the unit. */
const sidesAt = pageEndAt + 4 * recordSize
const sideShift = 3
export const sideOf = (record: number): number =>
  ((record & ~slotMask) >>> 0) + sidesAt + ((record & slotMask) >>> (recordShift - sideShift))
export const sideValue = 4

/** Bytes of the host's stack that units may take. */
const stackRoom = 400_000

const imports = {
  enter: handlerSignature,
  pcOf: { takes: ['i32'], gives: ['i32'] },
  hot: { takes: ['i32'], gives: [] },
  /** A unit gave up even its first instruction. */
  stuck: { takes: ['i32'], gives: [] },
  /** A unit has ended at a record that is neither counted nor compiled. */
  arrived: { takes: ['i32'], gives: [] },
  /** Told of every way out of compiled code, where somebody asked: the address, and the instructions left. */
  exited: { takes: ['i32', 'i32'], gives: [] },
} as const satisfies Record<string, Signature>

/** What units call for the function of an address that is not known beforehand, in the units' own module. */
export const resolve = { signature: { takes: ['i32'], gives: ['i32'] }, locals: ['i32'] } as const
export function emitResolve(writer: Writer): void {
  const w = instructions(writer)
  const { entryOf, slotOf } = addresses(writer)
  w.get(0)
  slotOf()
  w.tee(1)
  w.do(operations['i32.eqz'])
  w.if('i32')
  w.i32(0)
  w.else()
  entryOf(1, 0, recordShift)
  w.memory(memory.i32Load16U, 0)
  w.i32(compiled)
  w.do(operations['i32.eq'])
  w.if('i32')
  entryOf(1, 0, sideShift)
  w.memory(memory.i32Load, sidesAt + sideValue)
  w.else()
  w.i32(0)
  w.end()
  w.end()
}

function build(profiled: boolean): WebAssembly.Module {
  const builder = createModule(imports, noConstants)
  const { writer } = builder
  const w = instructions(writer)
  const { entryOf, slotOf } = addresses(writer)
  const record = 0
  const left = 1
  const handlerType = builder.typeOf(handlerSignature)
  const unitType = builder.typeOf(unitSignature)

  const side = (): void => {
    w.get(record)
    w.i32(~slotMask)
    w.do(operations['i32.and'])
    w.get(record)
    w.i32(slotMask)
    w.do(operations['i32.and'])
    w.i32(recordShift - sideShift)
    w.do(operations['i32.shr_u'])
    w.do(operations['i32.add'])
  }
  /** Runs the record under a handler whose number `number` pushes. */
  const run = (number: () => void): void => {
    w.get(record)
    w.get(left)
    number()
    w.returnCallIndirect(handlerType, 0)
  }
  const enter = (pc: () => void, count: () => void): void => {
    pc()
    count()
    w.returnCall(builder.imported('enter'))
  }
  const state = (offset: number) => (): void => {
    w.i32(stateBlock)
    w.memory(memory.i32Load, offset)
  }
  const own = (at: number): void => {
    w.get(at)
    w.memory(memory.i32Load16U, sidesAt)
  }

  const countingMark = writer.length
  const [counter, rest] = [2, 3] as const
  side()
  w.tee(counter)
  w.get(counter)
  w.memory(memory.i32Load, sidesAt + sideValue)
  w.i32(1)
  w.do(operations['i32.sub'])
  w.tee(rest)
  w.memory(memory.i32Store, sidesAt + sideValue)
  w.get(rest)
  w.do(operations['i32.eqz'])
  w.if()
  w.get(record)
  w.call(builder.imported('hot'))
  run(() => {
    w.get(record)
    w.memory(memory.i32Load16U, 0)
  })
  w.end()
  run(() => own(counter))
  const countingHandler = builder.add(handlerSignature, ['i32', 'i32'], countingMark)

  const compiledMark = writer.length
  const [ownSide, pc, nextPc, nextLeft] = [2, 3, 4, 5] as const
  side()
  w.set(ownSide)
  w.get(left)
  w.i32(stackRoom)
  w.get(record)
  w.call(builder.imported('pcOf'))
  w.tee(pc)
  w.get(ownSide)
  w.memory(memory.i32Load, sidesAt + sideValue)
  w.callIndirect(unitType, 1)
  w.set(nextLeft)
  w.tee(nextPc)
  w.i32(unwound)
  w.do(operations['i32.eq'])
  w.if()
  state(transient.exit)()
  w.i32(exits.budget)
  w.do(operations['i32.ne'])
  w.if()
  w.op(code.return)
  w.end()
  enter(state(specials.pc.at), state(transient.left))
  w.end()
  w.get(nextPc)
  w.get(pc)
  w.do(operations['i32.eq'])
  w.get(nextLeft)
  w.get(left)
  w.do(operations['i32.eq'])
  w.do(operations['i32.and'])
  w.if()
  // Where it did not give the instruction up, only the budget was too short.
  state(transient.refused)()
  w.i32(~notSo)
  w.do(operations['i32.and'])
  w.get(pc)
  w.do(operations['i32.eq'])
  w.if()
  w.get(record)
  w.call(builder.imported('stuck'))
  w.end()
  run(() => own(ownSide))
  w.end()
  if (profiled) {
    w.get(nextPc)
    w.get(nextLeft)
    w.call(builder.imported('exited'))
  }
  // Where units end often, units should begin.
  w.get(nextPc)
  slotOf()
  w.tee(ownSide)
  w.if()
  entryOf(ownSide, nextPc, recordShift)
  w.tee(ownSide)
  w.memory(memory.i32Load16U, 0)
  w.i32(compiled)
  w.do(operations['i32.gt_u'])
  w.if()
  w.get(ownSide)
  w.call(builder.imported('arrived'))
  w.end()
  w.end()
  enter(
    () => w.get(nextPc),
    () => w.get(nextLeft),
  )
  const compiledHandler = builder.add(handlerSignature, ['i32', 'i32', 'i32', 'i32'], compiledMark)

  const stubMark = writer.length
  w.get(2)
  w.get(0)
  const stub = builder.add(unitSignature, [], stubMark)

  const bytes = builder.finish(
    [
      { name: 'counting', index: countingHandler },
      { name: 'compiled', index: compiledHandler },
      { name: 'stub', index: stub },
    ],
    [],
    ['handlers', 'units'],
  )
  return new WebAssembly.Module(bytes)
}

const modules = new Map<boolean, WebAssembly.Module>()

export interface DispatchPorts {
  readonly memory: WebAssembly.Memory
  /** The table of the interpreter's handlers, into which the two handlers of records go. */
  readonly handlers: WebAssembly.Table
  readonly units: WebAssembly.Table
  readonly enter: WebAssembly.ExportValue
  readonly pcOf: WebAssembly.ExportValue
  hot(record: number): void
  stuck(record: number): void
  arrived(record: number): void
  readonly exited?: (pc: number, left: number) => void
}

/** Puts the handlers into the interpreter's table; answers with the function of an address without a unit. */
export function installDispatch(ports: DispatchPorts): WebAssembly.ExportValue {
  const profiled = ports.exited !== undefined
  const module = modules.get(profiled) ?? build(profiled)
  modules.set(profiled, module)
  const instance = new WebAssembly.Instance(module, {
    x: {
      memory: ports.memory,
      handlers: ports.handlers,
      units: ports.units,
      enter: ports.enter,
      pcOf: ports.pcOf,
      hot: (record: number) => ports.hot(record >>> 0),
      stuck: (record: number) => ports.stuck(record >>> 0),
      arrived: (record: number) => ports.arrived(record >>> 0),
      exited: (pc: number, left: number) => ports.exited?.(pc >>> 0, left),
    },
  })
  const functions = instance.exports as Record<'counting' | 'compiled' | 'stub', WebAssembly.ExportValue>
  ports.handlers.set(counting, functions.counting)
  ports.handlers.set(compiled, functions.compiled)
  return functions.stub
}
