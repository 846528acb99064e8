/**
 * Programs as WebAssembly.
 *
 * The problem: one description of an instruction has to become a handler of the interpreter, where a register's number
 * is read from a decoded record, and a part of a compiled function, where it is known and the register is a local. So
 * everything that depends on when operands are known is behind `Site`, and everything that does not is here, once:
 * expressions, memory accesses (accesses.ts), conditions, and the order of effects.
 *
 * A program is written in three steps.
 *   1. Effects, in order: loads, stores, calls, values that are used more than once (lanes.ts has an exception). An
 *      instruction that faults leaves in this step, with no register written.
 *   2. Register writes: all new values first, into locals where there are several, then the writes. This makes them a
 *      parallel assignment.
 *   3. The branch, or what follows.
 * A `when` appears in each step in which one of its arms has something to do, under the same condition, which is kept
 * in a local.
 *
 * Invariants: the wasm operand stack is empty between statements; before anything leaves or calls out, `site.mark` has
 * completed pc and count.
 */
import { access, hostMap } from '../../memory/map.ts'
import { operations, type Type } from '../arithmetic.ts'
import { exits, transient } from '../state.ts'
import { createAccesses, isWord } from './accesses.ts'
import { code, memory, valueTypes, type Writer } from './bytes.ts'
import { instructions } from './instructions.ts'
import { extracts, isFloat, type LaneWay, lanesOf, laneWayOf, splats } from './lanes.ts'
import { planOf } from './plan.ts'
import type { Node, Plan, Program, Scope, Statement } from './program.ts'
import type { Site } from './site.ts'

const extended = operations['i64.extend_i32_u']
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
  w.do(operations['i32.and'])
  w.do(operations['i32.eqz'])
  w.op(code.select)
}

export interface Emitter {
  /** Writes a whole instruction. */
  run(program: Program): void
  /** Pushes on what a program branches that does nothing else, instead of branching. */
  decide(program: Program): void
  /** Writes a routine: its effects, then its results on the stack. */
  values(program: Program, results: readonly Node[]): void
}

/** Counts the programs written, by all emitters: what is in a local is so in one of these writings. */
let writings = 0

/** Writes programs to a site, one after the other. */
export function createEmitter(site: Site): Emitter {
  const { writer } = site
  const w = instructions(writer)
  const { load, loadLanes, store } = createAccesses(site, expression, lanes)
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

  function all(nodes: readonly Node[]): void {
    for (let i = 0; i < nodes.length; i += 1) {
      const node = nodes[i]
      if (node !== undefined) expression(node)
    }
  }

  /** Whether a site may have a way of its own to compute a node. */
  const isReckoned = ({ op }: Node): boolean => op === 'arithmetic' || op === 'limit' || op === 'single'

  function expression(node: Node): void {
    const first = node.args[0]
    if (hasLocal(node)) {
      w.get(node.local)
      if (isWord(node)) w.do(operations['i32.wrap_i64'])
      else if (isFloat(node) && isLaned(node)) w.do(extracts[node.type])
    } else if (node.op === 'arithmetic' && node.operation === extended && first && isWord(first) && hasLocal(first))
      w.get(first.local)
    else if (!isReckoned(node) || site.evaluate?.(node, expression) !== true) compute(node)
  }

  /** Whether what a node computes is kept in the first lane of a vector. */
  const isLaned = (node: Node): boolean => site.readLanes !== undefined && laneWayOf(node) !== null

  /** Pushes a float in the first lane of a vector. */
  function lanes(node: Node): void {
    const way = site.readLanes === undefined ? null : laneWayOf(node)
    if (way === null) {
      expression(node)
      if (isFloat(node)) w.do(splats[node.type])
    } else if (hasLocal(node)) w.get(node.local)
    else computeLanes(node, way)
  }
  function computeLanes(node: Node, way: LaneWay): void {
    if (node.op === 'load') loadLanes(node)
    else if (node.op === 'read') site.readLanes?.(node.place)
    else if (way.kind === 'vector') {
      const made = hasLocal(way.vector) ? null : lanesOf(way.vector)
      if (made === null) expression(way.vector)
      else {
        made.scalars.forEach(numberLanes)
        w.do(made.operation)
      }
    } else if (way.kind === 'operation' || (way.kind === 'single' && site.singleLanes?.(node) !== true)) {
      node.args.forEach(numberLanes)
      w.do(way.operation)
    }
  }

  /** A register that is read for arithmetic alone, where a NaN counts but not its bits. */
  const isNumber = (node: Node): node is Node & { op: 'read' } =>
    node.op === 'read' && node.place.file === 'fpr' && site.numberLanes !== undefined && !hasLocal(node)
  function numberLanes(node: Node): void {
    if (isNumber(node)) site.numberLanes?.(node.place)
    else lanes(node)
  }
  /** Pushes what an operation takes. */
  function operands({ operation, args }: Node & { op: 'arithmetic' }): void {
    for (let i = 0; i < args.length; i += 1) {
      const arg = args[i]
      if (arg === undefined) continue
      if (isNumber(arg) && operation !== operations['i64.reinterpret_f64']) {
        site.numberLanes?.(arg.place)
        w.do(extracts.f64)
      } else expression(arg)
    }
  }

  function compute(node: Node) {
    switch (node.op) {
      case 'const':
        return constant(node.type, node.value)
      case 'arithmetic':
        operands(node)
        return w.do(node.operation, node.lane)
      case 'shuffle':
        all(node.args)
        w.simd(13)
        return writer.bytes(node.lanes)
      case 'known':
        return site.known(node.known, node.type)
      case 'read':
        return site.read(node.place)
      case 'readAt':
        return readAt(node)
      case 'select':
        all(node.args)
        writer.u8(code.selectTyped)
        writer.u8(1)
        return writer.u8(valueTypes[node.type])
      case 'choose': {
        all(node.args)
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
        all(node.args)
        if (node.bytes > 1) {
          w.i32(node.bytes)
          w.do(operations['i32.mul'])
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
        all(node.args)
        return w.do(operations['f32.demote_f64'])
      case 'loaded':
        throw new Error('only compiled code keeps a single as it was loaded')
      case 'limit':
        return limit(node)
      case 'skipped':
        if (site.skipped === undefined) throw new Error('only compiled code jumps over instructions so')
        return site.skipped()
      case 'result':
      case 'index':
        throw new Error(`${node.op} has no local`)
      default:
        return node satisfies never
    }
  }

  // Apart from `compute` and `effect`: a closure in there would make the host keep what it is given in memory, each time.
  const readAt = (node: Node): void => site.readAt(() => all(node.args))
  const limit = (node: Node): void => writeLimit(writer, node.type === 'f32' ? 'f32' : 'f64', () => all(node.args))
  const writeAt = ({ index, value }: Statement & { kind: 'writeAt' }): void =>
    site.writeAt(
      () => expression(index),
      () => expression(value),
    )

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

  function value(node: Node) {
    if (node.op === 'result') {
      if (node.index > 0) return
      all(node.args)
      site.callRoutine(node.routine)
      for (const result of [...node.all].reverse()) {
        const local = site.local(result.type)
        keepIn(result, local)
        w.set(local)
      }
      return
    }
    const laned = isFloat(node) && isLaned(node)
    // How a register is read depends on what for.
    if (laned && node.op === 'read' && !immediate) return
    if (laned) lanes(node)
    else if (site.evaluate?.(node, expression) !== true) compute(node)
    if (node.uses === 0) return writer.u8(code.drop)
    const local = site.local(laned ? 'v128' : isWord(node) ? 'i64' : node.type)
    keepIn(node, local)
    w.set(local)
  }

  function effects(scope: Scope): void {
    const plan = planOf(scope)
    const list = immediate ? plan.immediateEffects : plan.effects
    for (let i = 0; i < list.length; i += 1) {
      const statement = list[i]
      if (statement !== undefined) effect(statement)
    }
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
        w.do(operations['i32.eqz'])
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
        return writeAt(statement)
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
      if (one !== last) w.do(operations['i32.eqz'])
      writer.u8(code.brIf)
      writer.u32(writer.depth - (one === last ? holds : fails))
    }
    w.end()
    if (site.refuse === undefined) throw new Error('only compiled code gives an instruction up')
    site.refuse()
    w.end()
    for (const one of open) site.learn?.(one, lanes)
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
    w.do(operations['i32.add'])
    w.tee(counter)
    w.get(limit)
    w.do(operations['i32.ne'])
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
    if (!first) w.do(operations['i32.eqz'])
    w.if()
    if (first) write(yes)
    if (first && second) w.else()
    if (second) write(no)
    w.end()
  }

  /** Whether a register that is written is kept in lanes; and pushes what is written to it. */
  const isInLanes = ({ place }: Scope['writes'][number]): boolean =>
    site.readLanes !== undefined && place.file === 'fpr'
  function newValue(one: Scope['writes'][number]): void {
    if (isInLanes(one)) lanes(one.value)
    else expression(one.value)
  }

  function computeWrites(scope: Scope): void {
    for (const one of scope.writes) {
      // A value that already has a local of its own, or needs none, cannot be changed by an earlier write.
      if (hasLocal(one.value) || one.value.op === 'const' || one.value.op === 'known') continue
      if (site.assigns?.(one.place, one.value) === true) continue
      const local = site.local(isInLanes(one) ? 'v128' : one.value.type)
      newValues.set(one, local)
      newValue(one)
      w.set(local)
    }
    for (const one of planOf(scope).whens) guarded(one, hasWrites, computeWrites)
  }
  /** What is written next, and the local that has it already; here, and not told by a closure, since it is all the time. */
  let written: Scope['writes'][number] | undefined
  let writtenLocal: number | undefined
  function pushWritten(): void {
    if (writtenLocal !== undefined) w.get(writtenLocal)
    else if (written !== undefined) newValue(written)
  }
  function doWrites(scope: Scope): void {
    const { writes } = scope
    for (let i = 0; i < writes.length; i += 1) {
      const one = writes[i]
      if (one === undefined) continue
      const local = newValues.size === 0 ? undefined : newValues.get(one)
      if (local === undefined && site.assign?.(one.place, one.value, expression, lanes) === true) continue
      written = one
      writtenLocal = local
      site.write(one.place, pushWritten)
    }
    const { whens, writes: all } = planOf(scope)
    if (all > writes.length) for (const one of whens) guarded(one, hasWrites, doWrites)
  }

  /** Asked for before anything else is written: what is branched to may be written meanwhile, with branches of its own. */
  let branchTarget: Node | undefined
  function pushTarget(): void {
    if (branchTarget !== undefined) expression(branchTarget)
  }
  function branchTo(target: Node): void {
    branchTarget = target
    site.branch(pushTarget)
  }
  function branches(scope: Scope): void {
    const plan = planOf(scope)
    if (plan.branches.length === 0) return
    for (const one of plan.whens) guarded(one, hasBranch, branches)
    if (scope.branch) branchTo(scope.branch)
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
      if (body.branch === undefined && !plan.callsKernel) site.next()
    },
    decide(program) {
      begin(program)
      effects(program.body)
      const [only] = planOf(program.body).whens
      if (only === undefined) throw new Error('a branch without a condition decides nothing')
      expression(only.condition)
    },
    values(program, results) {
      begin(program)
      effects(program.body)
      for (const result of results) expression(result)
    },
  }
}
