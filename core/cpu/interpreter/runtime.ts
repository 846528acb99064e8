import { access, hostMap } from '../../memory/map.ts'
import { operations, type Type } from '../arithmetic.ts'
import { exits, specials, transient } from '../state.ts'
import { addresses } from '../wasm/addresses.ts'
import { code, memory, type Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import { createModule, noConstants } from '../wasm/module.ts'
import { handlerSignature, pageAddressAt, pageEnd, recordShift, slotMask, stopped, undecoded } from './records.ts'

/** Functions the emitted code imports: the parts of the processor that are TypeScript. */
export const imports = {
  /** Decodes the record; 0 when the word faults. */
  decode: { takes: ['i32'], gives: ['i32'] },
  /** The slot of the page of an address; 0 when it cannot be executed. */
  page: { takes: ['i32'], gives: ['i32'] },
  call: { takes: [], gives: ['i32'] },
  timebase: { takes: [], gives: ['i64'] },
  codeWritten: { takes: ['i32', 'i32'], gives: [] },
  /** The value is put on, or taken from, the scratch pad. */
  deviceLoad: { takes: ['i32', 'i32'], gives: [] },
  deviceStore: { takes: ['i32', 'i32', 'i64'], gives: [] },
} as const
export type ImportName = keyof typeof imports

const { stateBlock } = hostMap

/** What the functions of the interpreter's module that no row describes need to know of the module. */
interface RuntimeSite {
  readonly writer: Writer
  imported(name: ImportName): number
  function(name: RuntimeFunction): number
  readonly handlerType: number
}

/** Signature and body of each; parameters are locals 0, 1, …, then the extra locals, all i32. */
export const runtimeFunctions = {
  /** The guest address of a record's instruction. */
  pcOf: { takes: ['i32'], gives: ['i32'], locals: 0 },
  mark: { takes: ['i32', 'i32'], gives: [], locals: 0 },
  expired: { takes: ['i32'], gives: [], locals: 0 },
  enter: { takes: ['i32', 'i32'], gives: [], locals: 1 },
  undecoded: { ...handlerSignature, locals: 0 },
  pageEnd: { ...handlerSignature, locals: 0 },
  stopped: { ...handlerSignature, locals: 0 },
  run: { takes: ['i32'], gives: [], locals: 0 },
  loadSlow: { takes: ['i32', 'i32'], gives: ['i32'], locals: 3 },
  storeSlow: { takes: ['i32', 'i32', 'i64'], gives: ['i32'], locals: 3 },
  check: { takes: ['i32', 'i32', 'i32'], gives: ['i32'], locals: 3 },
  forget: { takes: ['i32', 'i32'], gives: [], locals: 0 },
} as const
export type RuntimeFunction = keyof typeof runtimeFunctions

function emitRuntime(name: RuntimeFunction, site: RuntimeSite) {
  const { writer } = site
  const w = instructions(writer)
  const { entryOf, flagsOf, fold, slotOf } = addresses(writer)
  const call = (to: RuntimeFunction): void => w.call(site.function(to))
  const tail = (to: RuntimeFunction): void => {
    w.returnCall(site.function(to))
  }
  const storeState = (offset: number, value: () => void): void => {
    w.i32(stateBlock)
    value()
    w.memory(memory.i32Store, offset)
  }
  /** Runs the record in local 0 with the count in local 1. */
  const dispatch = (record: number, left: number): void => {
    w.get(record)
    w.get(left)
    w.get(record)
    w.memory(memory.i32Load16U, 0)
    w.returnCallIndirect(site.handlerType, 0)
  }
  const faultAt = (kind: 'load' | 'store' | 'unaligned', address: number): void => {
    storeState(transient.exit, () => w.i32(exits[kind]))
    storeState(transient.faultAddress, () => w.get(address))
    w.i32(0)
    w.op(code.return)
  }
  /**
   * For the access of local 1 bytes at local 0: the folded first byte in `first`, its flags in `flags`, which are those
   * of both pages. Gives up with a fault unless the two pages follow one another and allow `need`.
   */
  const translate = (need: () => void, kind: () => void, first: number, last: number, flags: number): void => {
    fold(0)
    w.set(first)
    w.get(0)
    w.get(1)
    w.do(operations['i32.add'])
    w.i32(1)
    w.do(operations['i32.sub'])
    w.set(last)
    fold(last)
    w.tee(last)
    w.get(first)
    w.do(operations['i32.sub'])
    w.get(1)
    w.i32(1)
    w.do(operations['i32.sub'])
    w.do(operations['i32.ne'])
    w.if()
    kind()
    w.end()
    flagsOf(first)
    w.set(flags)
    // Both pages must allow it, and either may be special.
    w.get(flags)
    flagsOf(last)
    w.do(operations['i32.and'])
    need()
    w.do(operations['i32.and'])
    w.do(operations['i32.eqz'])
    w.if()
    kind()
    w.end()
    w.get(flags)
    flagsOf(last)
    w.op(0x72)
    w.set(flags)
  }
  const hasFlag = (flags: number, flag: number): void => {
    w.get(flags)
    w.i32(flag)
    w.do(operations['i32.and'])
  }
  /** A device takes whole, aligned accesses of up to 8 bytes. */
  const device = (flags: number, kind: ImportName, value: boolean): void => {
    hasFlag(flags, access.device)
    w.if()
    w.get(0)
    w.get(1)
    w.i32(1)
    w.do(operations['i32.sub'])
    w.do(operations['i32.and'])
    w.get(1)
    w.i32(8)
    w.op(0x4b)
    w.op(0x72)
    w.if()
    faultAt('unaligned', 0)
    w.end()
    w.get(0)
    w.get(1)
    if (value) w.get(2)
    w.call(site.imported(kind))
    w.i32(stateBlock + transient.scratch)
    w.op(code.return)
    w.end()
  }

  switch (name) {
    case 'pcOf':
      w.get(0)
      w.i32(~slotMask)
      w.do(operations['i32.and'])
      w.memory(memory.i32Load, pageAddressAt)
      w.get(0)
      w.i32(slotMask)
      w.do(operations['i32.and'])
      w.i32(recordShift - 2)
      w.do(operations['i32.shr_u'])
      return w.do(operations['i32.add'])
    case 'mark':
      storeState(specials.pc.at, () => {
        w.get(0)
        call('pcOf')
      })
      return storeState(transient.left, () => w.get(1))
    case 'expired':
      w.get(0)
      w.i32(0)
      return call('mark')
    case 'enter': {
      const record = 2
      w.get(1)
      w.do(operations['i32.eqz'])
      w.if()
      storeState(specials.pc.at, () => w.get(0))
      storeState(transient.left, () => w.i32(0))
      w.op(code.return)
      w.end()
      w.get(0)
      slotOf()
      w.tee(record)
      w.do(operations['i32.eqz'])
      w.if()
      storeState(specials.pc.at, () => w.get(0))
      storeState(transient.left, () => w.get(1))
      w.get(0)
      w.call(site.imported('page'))
      w.tee(record)
      w.do(operations['i32.eqz'])
      w.if()
      w.op(code.return)
      w.end()
      w.end()
      entryOf(record, 0, recordShift)
      w.set(record)
      return dispatch(record, 1)
    }
    case 'undecoded':
      w.get(0)
      w.get(1)
      call('mark')
      w.get(0)
      w.call(site.imported('decode'))
      w.do(operations['i32.eqz'])
      w.if()
      w.op(code.return)
      w.end()
      return dispatch(0, 1)
    case 'pageEnd':
      w.get(0)
      call('pcOf')
      w.get(1)
      return tail('enter')
    case 'stopped':
      w.get(0)
      w.get(1)
      call('mark')
      return storeState(transient.exit, () => w.i32(exits.leave))
    case 'run':
      w.i32(stateBlock)
      w.memory(memory.i32Load, specials.pc.at)
      w.get(0)
      return tail('enter')
    case 'loadSlow':
      translate(
        () => w.i32(access.read | access.device),
        () => faultAt('load', 0),
        2,
        3,
        4,
      )
      device(4, 'deviceLoad', false)
      return w.get(2)
    case 'storeSlow':
      translate(
        () => w.i32(access.write | access.device),
        () => faultAt('store', 0),
        3,
        4,
        5,
      )
      device(5, 'deviceStore', true)
      hasFlag(5, access.code)
      w.if()
      w.get(3)
      w.get(1)
      w.call(site.imported('codeWritten'))
      w.end()
      return w.get(3)
    case 'check': {
      const refuse = (): void => {
        w.get(2)
        w.i32(access.write)
        w.do(operations['i32.and'])
        w.if()
        faultAt('store', 0)
        w.end()
        faultAt('load', 0)
      }
      w.get(1)
      w.do(operations['i32.eqz'])
      w.if()
      w.i32(1)
      w.op(code.return)
      w.end()
      translate(() => w.get(2), refuse, 3, 4, 5)
      return w.i32(1)
    }
    case 'forget':
      fold(0)
      w.get(1)
      return w.call(site.imported('codeWritten'))
    default:
      return name satisfies never
  }
}

/** The module of what no row describes, with the handlers that no row has made. */
export function buildRuntime(): WebAssembly.Module {
  const builder = createModule(imports, noConstants)
  const { writer, imported } = builder
  const names = Object.keys(runtimeFunctions) as RuntimeFunction[]
  const first = builder.next()
  const indexOf = (name: RuntimeFunction): number => first + names.indexOf(name)
  const handlerType = builder.typeOf(handlerSignature)
  for (const name of names) {
    const mark = writer.length
    emitRuntime(name, { writer, imported, function: indexOf, handlerType })
    const { takes, gives, locals } = runtimeFunctions[name]
    builder.add({ takes, gives }, Array<Type>(locals).fill('i32'), mark)
  }
  const handlers = [
    { at: undecoded, functions: [indexOf('undecoded')] },
    { at: pageEnd, functions: [indexOf('pageEnd')] },
    { at: stopped, functions: [indexOf('stopped')] },
  ]
  const bytes = builder.finish(
    names.map(name => ({ name, index: indexOf(name) })),
    handlers,
    ['handlers'],
  )
  return new WebAssembly.Module(bytes)
}
