/**
 * Programs as WebAssembly.
 *
 * The problem: one description of an instruction has to become a handler of the interpreter, where a register's number
 * is read from a decoded record, and a part of a compiled function, where it is known and the register is a local. So
 * everything that depends on when operands are known is behind `Site`, and everything that does not is here, once:
 * expressions, the checks of memory accesses, byte order, conditions, and the order of effects.
 *
 * A program is written in three steps.
 *   1. Effects, in order: loads, stores, calls, values that are used more than once. An instruction that faults leaves
 *      in this step, with no register written.
 *   2. Register writes: all new values first, into locals where there are several, then the writes. This makes them a
 *      parallel assignment.
 *   3. The branch, or what follows.
 * A `when` appears in each step in which one of its arms has something to do, under the same condition, which is kept
 * in a local.
 *
 * A memory access reads a byte about its page, whose one bit tells whether the plain access may be done: the page and
 * the next allow it, are no device's, and (for stores) hold no decoded code. Folded windows, devices, code pages, the
 * end of what is committed and faults all take the slow path, a call that answers with the offset to use, or 0 for a
 * fault. The table has one byte for every page of 32 bits, and those of the windows that fold are never set, so the
 * plain access needs no fold.
 *
 * Invariants: the wasm operand stack is empty between statements; before anything leaves or calls out, `site.mark` has
 * completed pc and count.
 */

import { access, hostMap, plain } from '../../memory/map.ts'
import type { Routine, Table } from '../algebra.ts'
import { operations, type Type } from '../arithmetic.ts'
import { exits, transient } from '../state.ts'
import { addresses } from './addresses.ts'
import { code, memory, valueTypes, type Writer } from './bytes.ts'
import { instructions } from './instructions.ts'
import { isMaterial, type Plan, planOf } from './plan.ts'
import type { KnownNumber, Node, Place, Program, Scope, Size, Statement } from './trace.ts'

/** Functions of the interpreter's module that emitted code calls on its rare paths. */
export const runtimeNames = ['loadSlow', 'storeSlow', 'check', 'forget', 'timebase'] as const
export type RuntimeName = (typeof runtimeNames)[number]

/** Where code is being written, and how registers, operands and exits look from there. */
export interface Site {
  readonly writer: Writer
  local(type: Type): number
  known(number: KnownNumber, type: Type): void
  read(place: Place): void
  write(place: Place, value: () => void): void
  /** Around a program that reaches registers by computed number: the register file must be whole, and is read anew. */
  flush(): void
  reload(): void
  readAt(index: () => void): void
  writeAt(index: () => void, value: () => void): void
  /** Pushes a mask that reverses the bytes of each element of the size. */
  swapMask(size: 4 | 8 | 16): void
  runtime(name: RuntimeName): number
  callRoutine(routine: Routine): void
  table(table: Table): number
  /** Completes pc and count in the state block, as of before this instruction. */
  mark(): void
  /** Gives up the instruction; `mark` and the exit code are written. */
  leave(): void
  branch(target: () => void): void
  /** Goes on behind the instruction. */
  next(): void
  /** Counts the instruction, makes the kernel call and goes on where the kernel says. */
  callKernel(): void
  /** Where given, an instruction that faults is handed back undone instead, and no exit is written. */
  refuse?(): void
  /** Where given, finds the place of an access in its own way. */
  place?(ea: Node, size: Size, access: 'load' | 'store', address: () => void): AccessPlace
  /** Where given, may write a value to a register, or compute a value, in a way of its own; false where it did not. */
  assign?(place: Place, value: Node, expression: (node: Node) => void): boolean
  evaluate?(node: Node, expression: (node: Node) => void): boolean
  /** Whether `assign` would; its operands must be in locals by then. */
  assigns?(place: Place, value: Node): boolean
  /** Where given, may push a constant of its own keeping. */
  vector?(value: readonly number[]): boolean
  /** Where given, whether an access waits for what the instruction loads. */
  isAwaited?(): boolean
  /** Where given, told the local of the low word of 64 bits that are awaited. */
  loadsLow?(local: number): void
  /** Where given, whether a condition that is required is known to hold; and told that it does from here on. */
  holds?(condition: Node): boolean
  learn?(condition: Node, expression: (node: Node) => void): void
}

/** Where an access may be done: at a local's offset in linear memory, and so many bytes on. */
export interface AccessPlace {
  readonly local: number
  readonly offset: number
}

const extended = operations['i64.extend_i32_u']
const simdLoad = { load: 0, load32Zero: 92, load64Zero: 93, store: 11, store32Lane: 90, store64Lane: 91 } as const
const relaxedSwizzle = 0x100
/** Words that are loaded are kept with zeros in front: registers want them so. */
const isWord = (node: Node): boolean => node.op === 'load' && node.size === 4 && node.type === 'i32'
/** Vectors of elements of a type. */
const lanes = { i32: 'i32x4', i64: 'i64x2', f32: 'f32x4', f64: 'f64x2' } as const

const hasEffects = (plan: Plan): boolean => plan.hasEffects
const hasWrites = (plan: Plan): boolean => plan.writes > 0
const hasBranch = (plan: Plan): boolean => plan.branches.length > 0

/** Pushes what results are held against: infinite where FPSCR asks for rounding to nearest and nothing else, else -1. */
export function writeLimit(writer: Writer, type: 'f32' | 'f64', status: () => void): void {
  const w = instructions(writer)
  w.float(type, Number.POSITIVE_INFINITY)
  w.float(type, -1)
  status()
  w.i32(0xff)
  w.do('i32.and')
  w.do('i32.eqz')
  w.op(code.select)
}

export interface Emitter {
  /** Writes a whole instruction. */
  run(program: Program): void
  /** Writes a routine: its effects, then its results on the stack. */
  values(program: Program, results: readonly Node[]): void
}

/** Counts the programs written, by all emitters: what is in a local is so in one of these writings. */
let writings = 0

/** Writes programs to a site, one after the other. */
export function createEmitter(site: Site): Emitter {
  const { writer } = site
  const w = instructions(writer)
  const { isSpecial } = addresses(writer)
  const newValues = new Map<Scope['writes'][number], number>()
  let immediate = false
  let writing = 0

  function begin(program: Program): void {
    immediate = program.immediate
    writings += 1
    writing = writings
    if (newValues.size > 0) newValues.clear()
  }

  const hasLocal = (node: Node): boolean => node.writing === writing
  function keepIn(node: Node, local: number): void {
    node.local = local
    node.writing = writing
  }

  function expression(node: Node): void {
    const [first] = node.args
    if (hasLocal(node)) {
      w.get(node.local)
      if (isWord(node)) w.do('i32.wrap_i64')
    } else if (node.op === 'arithmetic' && node.operation === extended && first && isWord(first) && hasLocal(first))
      w.get(first.local)
    else if (site.evaluate?.(node, expression) !== true) compute(node)
  }

  function compute(node: Node) {
    switch (node.op) {
      case 'const':
        return constant(node.type, node.value)
      case 'arithmetic':
        for (const arg of node.args) expression(arg)
        return w.operation(node.operation, node.lane)
      case 'shuffle':
        for (const arg of node.args) expression(arg)
        w.simd(13)
        return writer.bytes(node.lanes)
      case 'known':
        return site.known(node.known, node.type)
      case 'read':
        return site.read(node.place)
      case 'readAt':
        return site.readAt(() => node.args.forEach(expression))
      case 'select':
        for (const arg of node.args) expression(arg)
        writer.u8(code.selectTyped)
        writer.u8(1)
        return writer.u8(valueTypes[node.type])
      case 'choose': {
        for (const arg of node.args) expression(arg)
        w.if(node.type)
        effects(node.yes)
        expression(node.results[0])
        w.else()
        effects(node.no)
        expression(node.results[1])
        return w.end()
      }
      case 'load':
        return load(node)
      case 'lookup': {
        for (const arg of node.args) expression(arg)
        if (node.bytes > 1) {
          w.i32(node.bytes)
          w.do('i32.mul')
        }
        const opcode = node.bytes === 1 ? memory.i32Load8U : node.bytes === 4 ? memory.i32Load : memory.i64Load
        return w.memory(opcode, site.table(node.table))
      }
      case 'timebase':
        site.mark()
        return w.call(site.runtime('timebase'))
      case 'parameter':
        return w.get(node.index)
      case 'fact':
        return node.args.slice(0, 1).forEach(expression)
      case 'single':
        node.args.forEach(expression)
        return w.do('f32.demote_f64')
      case 'limit':
        return writeLimit(writer, node.type === 'f32' ? 'f32' : 'f64', () => node.args.forEach(expression))
      case 'result':
      case 'index':
        throw new Error(`${node.op} has no local`)
      default:
        return node satisfies never
    }
  }

  function constant(type: Type, value: number | bigint | readonly number[]) {
    if (typeof value === 'object') {
      if (site.vector?.(value) === true) return
      w.simd(12)
      return writer.bytes(value)
    }
    if (type === 'i64') w.i64(value)
    else if (type === 'f64' || type === 'f32') w.float(type, Number(value))
    else w.i32(Number(value))
  }

  /** Leaves the offset of an access in a new local: `ea` itself on the plain path. */
  function checked(ea: Node, size: Size, kind: 'load' | 'store', slow: (offset: number) => void): AccessPlace {
    if (site.place !== undefined) return site.place(ea, size, kind, () => expression(ea))
    const offset = site.local('i32')
    expression(ea)
    w.set(offset)
    isSpecial(offset, size, plain[kind])
    w.if()
    site.mark()
    slow(offset)
    w.tee(offset)
    w.do('i32.eqz')
    w.if()
    site.leave()
    w.end()
    w.end()
    return { local: offset, offset: 0 }
  }

  /** Pushes a number with zeros in front, its bytes reversed by whole numbers: more instructions, and sooner done. */
  function loadSoon(local: number, offset: number, size: 4 | 8): void {
    const raw = site.local('i32')
    const word = (at: number): void => {
      w.get(local)
      w.memory(memory.i32Load, offset + at)
      w.rotate('i32', 8, raw)
      w.i32(0x00ff00ff)
      w.do('i32.and')
      w.get(raw)
      w.rotate('i32', 24, raw)
      w.i32(0xff00ff00 | 0)
      w.do('i32.and')
      w.do('i32.or')
    }
    word(size - 4)
    if (size === 8 && site.loadsLow !== undefined) {
      const low = site.local('i32')
      w.tee(low)
      site.loadsLow(low)
    }
    w.do('i64.extend_i32_u')
    if (size === 4) return
    word(0)
    w.do('i64.extend_i32_u')
    w.i64(32)
    w.do('i64.shl')
    w.do('i64.or')
  }

  function load(node: Node & { op: 'load' }) {
    const [ea] = node.args
    if (ea === undefined) return
    const { size } = node
    const { local, offset } = checked(ea, size, 'load', local => {
      w.get(local)
      w.i32(size)
      w.call(site.runtime('loadSlow'))
    })
    if ((size === 4 || size === 8) && node.type[0] === 'i' && site.isAwaited?.() === true)
      return loadSoon(local, offset, size)
    w.get(local)
    switch (size) {
      case 1:
        return w.memory(memory.i32Load8U, offset)
      case 2: {
        const raw = site.local('i32')
        w.memory(memory.i32Load16U, offset)
        w.tee(raw)
        w.i32(8)
        w.do('i32.shr_u')
        w.get(raw)
        w.i32(0xff)
        w.do('i32.and')
        w.i32(8)
        w.do('i32.shl')
        return w.do('i32.or')
      }
      case 4:
        w.simdMemory(simdLoad.load32Zero, offset)
        site.swapMask(4)
        w.simd(relaxedSwizzle)
        if (node.type === 'f32') return w.do('f32x4.extract_lane', 0)
        // What was not loaded is zero: the first eight bytes are the word with zeros in front.
        w.do('f64x2.extract_lane', 0)
        return w.do('i64.reinterpret_f64')
      case 8:
        w.simdMemory(simdLoad.load64Zero, offset)
        site.swapMask(8)
        w.simd(relaxedSwizzle)
        // The host has one instruction for a lane of doubles, two for one of whole numbers.
        w.do('f64x2.extract_lane', 0)
        return node.type === 'f64' ? undefined : w.do('i64.reinterpret_f64')
      case 16:
        w.simdMemory(simdLoad.load, offset)
        site.swapMask(16)
        return w.simd(relaxedSwizzle)
      default:
        return size satisfies never
    }
  }

  function store({ size, ea, value }: Statement & { kind: 'store' }) {
    const kept = site.local(value.type)
    expression(value)
    w.set(kept)
    const { local, offset } = checked(ea, size, 'store', local => {
      w.get(local)
      w.i32(size)
      if (size === 16) w.i64(0)
      else w.get(kept)
      if (value.type === 'f32') w.do('i32.reinterpret_f32')
      if (value.type === 'f64') w.do('i64.reinterpret_f64')
      if (size < 8) w.do('i64.extend_i32_u')
      w.call(site.runtime('storeSlow'))
    })
    w.get(local)
    w.get(kept)
    switch (size) {
      case 1:
        return w.memory(memory.i32Store8, offset)
      case 2:
        w.i32(8)
        w.do('i32.shl')
        w.get(kept)
        w.i32(8)
        w.do('i32.shr_u')
        w.i32(0xff)
        w.do('i32.and')
        w.do('i32.or')
        return w.memory(memory.i32Store16, offset)
      case 4:
        w.do(`${lanes[value.type === 'f32' ? 'f32' : 'i32']}.splat`)
        site.swapMask(4)
        w.simd(relaxedSwizzle)
        return w.simdMemory(simdLoad.store32Lane, offset, 0)
      case 8:
        w.do(`${lanes[value.type === 'f64' ? 'f64' : 'i64']}.splat`)
        site.swapMask(8)
        w.simd(relaxedSwizzle)
        return w.simdMemory(simdLoad.store64Lane, offset, 0)
      case 16:
        site.swapMask(16)
        w.simd(relaxedSwizzle)
        return w.simdMemory(simdLoad.store, offset)
      default:
        return size satisfies never
    }
  }

  function value(node: Node) {
    if (!isMaterial(node, immediate)) return
    if (node.op === 'result') {
      if (node.index > 0) return
      for (const arg of node.args) expression(arg)
      site.callRoutine(node.routine)
      for (const result of [...node.all].reverse()) {
        const local = site.local(result.type)
        keepIn(result, local)
        w.set(local)
      }
      return
    }
    if (site.evaluate?.(node, expression) !== true) compute(node)
    if (node.uses === 0) return writer.u8(code.drop)
    const local = site.local(isWord(node) ? 'i64' : node.type)
    keepIn(node, local)
    w.set(local)
  }

  function effects(scope: Scope): void {
    for (const statement of planOf(scope).effects) effect(statement)
  }

  function effect(statement: Statement) {
    switch (statement.kind) {
      case 'value':
        return value(statement.node)
      case 'store':
        return store(statement)
      case 'check':
        site.mark()
        expression(statement.ea)
        expression(statement.size)
        w.i32(statement.access === 'load' ? access.read : access.write)
        w.call(site.runtime('check'))
        w.do('i32.eqz')
        w.if()
        site.leave()
        return w.end()
      case 'forget':
        expression(statement.ea)
        w.i32(statement.size)
        return w.call(site.runtime('forget'))
      case 'when':
        return guarded(statement, hasEffects, effects)
      case 'repeat':
        return repeat(statement)
      case 'writeAt':
        return site.writeAt(
          () => expression(statement.index),
          () => expression(statement.value),
        )
      case 'fault': {
        if (site.refuse !== undefined) return site.refuse()
        site.mark()
        const { address } = statement
        if (address) {
          w.i32(hostMap.stateBlock)
          expression(address)
          w.memory(memory.i32Store, transient.faultAddress)
        }
        w.i32(hostMap.stateBlock)
        w.i32(exits[statement.code])
        w.memory(memory.i32Store, transient.exit)
        return site.leave()
      }
      case 'callKernel':
        return site.callKernel()
      case 'require':
        return demand(statement.conditions)
      default:
        return statement satisfies never
    }
  }

  function demand(conditions: readonly Node[]): void {
    const open = conditions.filter(one => site.holds?.(one) !== true)
    const last = open.at(-1)
    if (last === undefined) return
    w.block()
    const holds = writer.depth
    w.block()
    const fails = writer.depth
    for (const one of open) {
      expression(one)
      if (one !== last) w.do('i32.eqz')
      writer.u8(code.brIf)
      writer.u32(writer.depth - (one === last ? holds : fails))
    }
    w.end()
    if (site.refuse === undefined) throw new Error('only compiled code gives an instruction up')
    site.refuse()
    w.end()
    for (const one of open) site.learn?.(one, expression)
  }

  function repeat({ count, index, body }: Statement & { kind: 'repeat' }): void {
    const counter = site.local('i32')
    const limit = site.local('i32')
    keepIn(index, counter)
    expression(count)
    w.set(limit)
    w.i32(0)
    w.set(counter)
    w.get(limit)
    w.if()
    w.loop()
    effects(body)
    w.get(counter)
    w.i32(1)
    w.do('i32.add')
    w.tee(counter)
    w.get(limit)
    w.do('i32.ne')
    writer.u8(code.brIf)
    writer.u32(0)
    w.end()
    w.end()
  }

  function guarded(
    { condition, yes, no }: Statement & { kind: 'when' },
    has: (plan: Plan) => boolean,
    write: (scope: Scope) => void,
  ): void {
    const first = has(planOf(yes))
    const second = has(planOf(no))
    if (!first && !second) return
    expression(condition)
    if (!first) w.do('i32.eqz')
    w.if()
    if (first) write(yes)
    if (first && second) w.else()
    if (second) write(no)
    w.end()
  }

  function computeWrites(scope: Scope): void {
    for (const one of scope.writes) {
      // A value that already has a local of its own, or needs none, cannot be changed by an earlier write.
      if (hasLocal(one.value) || one.value.op === 'const' || one.value.op === 'known') continue
      if (site.assigns?.(one.place, one.value) === true) continue
      const local = site.local(one.value.type)
      newValues.set(one, local)
      expression(one.value)
      w.set(local)
    }
    for (const one of planOf(scope).whens) guarded(one, hasWrites, computeWrites)
  }
  function doWrites(scope: Scope): void {
    for (const one of scope.writes) {
      const local = newValues.get(one)
      if (local === undefined && site.assign?.(one.place, one.value, expression) === true) continue
      site.write(one.place, () => (local === undefined ? expression(one.value) : w.get(local)))
    }
    for (const one of planOf(scope).whens) guarded(one, hasWrites, doWrites)
  }

  function branches(scope: Scope): void {
    for (const one of planOf(scope).whens) guarded(one, hasBranch, branches)
    const target = scope.branch
    if (target) site.branch(() => expression(target))
  }

  return {
    run(program) {
      begin(program)
      const { body } = program
      // A branch target is read before the registers change: `blrl` goes where LR pointed.
      if (immediate) site.flush()
      effects(body)
      if (immediate) site.reload()
      const plan = planOf(body)
      if (plan.writes > 0)
        for (const target of plan.branches) {
          if (hasLocal(target) || target.op === 'const') continue
          const local = site.local('i32')
          expression(target)
          w.set(local)
          keepIn(target, local)
        }
      if (plan.writes > 1) computeWrites(body)
      doWrites(body)
      branches(body)
      if (body.branch === undefined && !body.statements.some(one => one.kind === 'callKernel')) site.next()
    },
    values(program, results) {
      begin(program)
      effects(program.body)
      for (const result of results) expression(result)
    },
  }
}
