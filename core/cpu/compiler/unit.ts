/**
 * A unit as a WebAssembly function.
 *
 * It takes the instructions left, the room left on the host's stack and its own address, and gives the address where
 * execution goes on and the instructions left; all other state is then in the state block. A call of the guest is a call
 * of the callee's function, whose answer is compared with the return address: anything else (the end of the budget, an
 * instruction for the interpreter, a frame that was unwound) is handed up as it is, to whoever runs the interpreter.
 *
 * An instruction that cannot be done plainly (a fault, a device, a page of code, a trap) leaves the unit undone, and the
 * interpreter does it; so there is one implementation of all that is rare. Such ways out carry a mask of the dirty
 * registers to one place at the end of the function that stores them; the ordinary ways out store theirs on the spot. What
 * is clean and not live there is let go of first, or the host would keep it for that place, across calls too.
 *
 * A call of a thunk is no call: its kernel call and its return are written where it would be called.
 *
 * Where instructions are counted, and where it is asked whether the budget covers them, is the matter of budget.ts.
 */
import { hostMap, plain } from '../../memory/map.ts'
import type { Routine } from '../algebra.ts'
import type { Type } from '../arithmetic.ts'
import { specials, transient } from '../state.ts'
import { addresses } from '../wasm/addresses.ts'
import { code, memory as op, type Signature } from '../wasm/bytes.ts'
import { type AccessPlace, createEmitter, type RuntimeName, type Site } from '../wasm/emit.ts'
import { instructions } from '../wasm/instructions.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { swapMasks } from '../wasm/module.ts'
import type { Node, Place } from '../wasm/trace.ts'
import { type Spans, spanOf, spansOfUnit } from './accesses.ts'
import { budgetOf } from './budget.ts'
import { basedAddress, bitOf, orderKinds } from './compare.ts'
import { comparisonsOf, conditionsOf, type Orders } from './conditions.ts'
import { edgesOf, seenBy } from './edges.ts'
import { copyOf, type Facts, factsOf, singleOf, sourcesOf, subjectOf } from './facts.ts'
import type { Block, Instruction, Unit } from './find.ts'
import type { UnitWatch } from './listing.ts'
import { createLocals, createTemporaries } from './locals.ts'
import { pointersOf } from './pointers.ts'
import { type Bits, has, include, registersOf } from './registers.ts'
import { writeRotate } from './rotates.ts'
import { type ShapeSite, shapeOf } from './shape.ts'

/** A unit's answer when the state block says all, pc and count too, and the frames above have nothing to do. */
export const unwound = 1

export const unitSignature: Signature = { takes: ['i32', 'i32', 'i32'], gives: ['i32', 'i32'] }

/** What the module around a unit gives it. */
export interface UnitSite {
  readonly builder: ModuleBuilder
  readonly unitType: number
  /** The function of a unit in the same module. */
  direct(target: number): number | undefined
  /** Where the function of a unit stands in the table of units. */
  slot(target: number): number
  readonly runtime: (name: RuntimeName | 'resolve' | 'kernel') => number
  table(table: Parameters<Site['table']>[0]): number
  /** Where a constant vector lies. */
  vector(value: readonly number[]): number | undefined
  /** Where a routine stands in the second table. */
  routineAt(routine: Routine): number | undefined
  /** Targets seen of a branch through a register. */
  seen(pc: number): readonly number[]
  /** Whether an access is to look in the windows that fold: no call of a function ever finds its place. */
  folds(pc: number): boolean
  /** Whether instructions are counted; where not, nothing ends but by itself. */
  readonly counts: boolean
  /** Told of what is written, for a listing. */
  readonly watch?: UnitWatch
}

const { stateBlock } = hostMap
const left = 0
const room = 1
const pcLocal = 2
const parameters = 3

/** Bytes of the host's stack that a frame needs besides its locals. */
const frameBytes = 160
const bytesOf = (type: Type): number => (type === 'v128' ? 16 : 8)

const noOrders: Orders = []
const noFacts: Facts = { single: [], number: [], plain: [] }

const usesLimit = (unit: Unit): boolean =>
  unit.blocks.some(block => block.instructions.some(one => one.meaning.effects.limit))

export function emitUnit(unit: Unit, site: UnitSite): readonly Type[] {
  const { builder, counts } = site
  const { writer } = builder
  const w = instructions(writer)
  const { fold, isRefused, isSpecial } = addresses(writer)
  const locals: Type[] = []
  const { blocks, indexOf } = unit

  function keep(type: Type): number {
    locals.push(type)
    return parameters + locals.length - 1
  }

  const edges = edgesOf(unit, site.seen)
  const shape = shapeOf({ size: blocks.length, successors: block => (edges[block] ?? []).map(edge => edge.to) })
  /** Empty where there is no structure, and no order that all can go by. */
  const order = shape.structured ? shape.order : []
  const budget = budgetOf({
    size: blocks.length,
    length: block => blocks[block]?.instructions.length ?? 0,
    successors: block => edges[block] ?? [],
    order,
  })
  const registers = registersOf(unit, block => edges[block] ?? [], order)
  const conditions = conditionsOf(unit, registers, edges)
  const { into: factsIn, step: stepFacts } = factsOf(unit, registers, edges)
  const held = createLocals({
    writer,
    registers,
    conditions,
    limited: usesLimit(unit),
    keep,
    certain: () => step?.orders,
  })
  const { each, fill, spill } = held
  const masks = Array.from({ length: registers.words }, () => keep('i32'))

  const isPointer = pointersOf(unit, registers, edges)
  const unitSpans = spansOfUnit(blocks, registers, edges, order)

  const temporaries = createTemporaries(keep)

  interface Step {
    readonly block: Block
    readonly index: number
    readonly instruction: Instruction
    /** Instructions done before this one and not subtracted yet. */
    readonly owed: number
    readonly dirty: Bits
    readonly live: Bits
    /** Which order condition fields certainly are. */
    readonly orders: Orders
    readonly facts: Facts
    readonly spans: Spans
    readonly at: number
  }
  let step: Step | undefined
  const here = (): Step => {
    if (step === undefined) throw new Error('no instruction is being written')
    return step
  }

  /** Pushes the instructions left. */
  const pushLeft = (owed: number): void => {
    w.get(left)
    if (owed === 0 || !counts) return
    w.i32(owed)
    w.do('i32.sub')
  }
  const pay = (owed: number): void => {
    if (owed === 0 || !counts) return
    pushLeft(owed)
    w.set(left)
  }

  let coldDepth = 0
  let refusedDepth = 0
  /** Leaves by the common way out, with `refusedDepth` as one that gives its instruction up. */
  function cold(pc: number, owed: number, dirty: Bits, live: Bits, depth = coldDepth): void {
    pay(owed)
    w.i32(pc | 0)
    w.set(pcLocal)
    for (const [word, mask] of masks.entries()) {
      w.i32(dirty[word] ?? 0)
      w.set(mask)
    }
    each(registers.written, ({ index, type }) => {
      if (has(dirty, index) || has(live, index)) return
      held.forget(index, type)
    })
    w.br(depth)
  }
  function returnTo(pc: () => void, owed = 0): void {
    pc()
    pushLeft(owed)
    w.op(code.return)
  }

  function callThrough(target: number | undefined, opcode: { direct: number; indirect: number }): void {
    const direct = target === undefined ? undefined : site.direct(target)
    if (direct !== undefined) {
      w.op(opcode.direct)
      writer.u32(direct)
      return
    }
    if (target === undefined) {
      w.get(pcLocal)
      w.call(site.runtime('resolve'))
    } else w.i32(site.slot(target))
    w.op(opcode.indirect)
    writer.u32(site.unitType)
    writer.u32(0)
  }
  function argumentsFor(target: number | undefined, owed: number): void {
    pushLeft(owed)
    w.get(room)
    if (target === undefined) w.get(pcLocal)
    else w.i32(target | 0)
  }

  /** Goes on at a block, behind the instruction. */
  function stay(from: Step, to: number): void {
    const kept = registers.dirtyIn[to]
    each(from.dirty, register => {
      if (kept !== undefined && !has(kept, register.index)) spill(register)
    })
    if (budget.paid(to)) pay(from.owed + 1)
    spansUsedBy[from.index] ??= spansUsed
    flow.go(from.index, to)
    step = from
  }

  /** Goes on at an address: inside the unit, or out of it. */
  function goTo(from: Step, target: number): void {
    const to = indexOf.get(target)
    if (to !== undefined) {
      stay(from, to)
      return
    }
    each(from.dirty, spill)
    if (from.block.ending.kind === 'exit') {
      returnTo(() => w.i32(target | 0), from.owed + 1)
      return
    }
    argumentsFor(target, from.owed + 1)
    callThrough(target, { direct: code.returnCall, indirect: code.returnCallIndirect })
  }

  /** Goes on at one of the targets, where the address in the local is one; else as `otherwise` says. */
  function choose(from: Step, targets: readonly number[], otherwise: () => void): void {
    const least = Math.min(...targets)
    const count = targets.length === 0 ? 0 : ((Math.max(...targets) - least) >>> 2) + 1
    for (let i = 0; i < targets.length; i += 1) w.block()
    if (targets.length > 0) {
      w.block()
      w.get(pcLocal)
      w.i32(least | 0)
      w.do('i32.sub')
      w.i32(2)
      w.do('i32.shr_u')
      w.op(code.brTable)
      writer.u32(count)
      for (let i = 0; i < count; i += 1) writer.u32(targets.indexOf(least + 4 * i) + 1)
      writer.u32(0)
      w.end()
    }
    otherwise()
    for (const one of targets) {
      w.end()
      stay(from, indexOf.get(one) ?? 0)
    }
  }

  function call(from: Step, target: number | undefined): void {
    if (target !== undefined && unit.thunks.has(target)) {
      callThunk(from, target)
      return
    }
    each(from.dirty, spill)
    argumentsFor(target, from.owed + 1)
    callThrough(target, { direct: code.call, indirect: code.callIndirect })
    w.set(left)
    leaveUnlessBack(from)
    returned(from)
  }
  /** Hands up the address on the stack, unless it is where the call returns to. */
  function leaveUnlessBack(from: Step): void {
    w.tee(pcLocal)
    w.i32(from.block.end | 0)
    w.do('i32.ne')
    w.ifRare()
    returnTo(() => w.get(pcLocal))
    w.end()
  }
  /** Goes on behind a call: registers are in the state block, what is left is subtracted. */
  function returned(from: Step): void {
    const to = indexOf.get(from.block.end)
    if (to === undefined) {
      returnTo(() => w.i32(from.block.end | 0))
      return
    }
    each(registers.liveIn[to] ?? [], fill)
    flow.go(from.index, to)
    step = from
  }
  /** The state block is complete at a kernel call; its frames are left if the kernel goes elsewhere, or dropped code. */
  function callKernel(): void {
    const from = here()
    each(from.dirty, spill)
    enterKernel(from.block.end, from.owed + 1)
    returned(from)
  }
  /** The kernel call that ends before an address. */
  function enterKernel(after: number, owed: number): void {
    w.i32(stateBlock)
    w.i32(after | 0)
    w.memory(op.i32Store, specials.pc.at)
    w.i32(stateBlock)
    pushLeft(owed)
    w.memory(op.i32Store, transient.left)
    w.i32(after | 0)
    w.call(site.runtime('kernel'))
    w.ifRare()
    returnTo(() => w.i32(unwound))
    w.end()
    w.i32(stateBlock)
    w.memory(op.i32Load, transient.left)
    w.set(left)
  }
  /** A call of a thunk: its kernel call and its return are done here, each if the budget covers it. */
  function callThunk(from: Step, thunk: number): void {
    const back = (thunk + 4) >>> 0
    each(from.dirty, spill)
    pay(from.owed + 1)
    leaveIfSpent(thunk)
    enterKernel(back, 1)
    leaveIfSpent(back)
    pay(1)
    w.i32(stateBlock)
    w.memory(op.i32Load, specials.lr.at)
    w.i32(~3)
    w.do('i32.and')
    leaveUnlessBack(from)
    returned(from)
  }
  function leaveIfSpent(pc: number): void {
    if (!counts) return
    w.get(left)
    w.i32(1)
    w.do('i32.lt_s')
    w.ifRare()
    returnTo(() => w.i32(pc | 0))
    w.end()
  }

  /** Leaves the place of the bytes at the address on the stack in a local, or leaves the unit. */
  function checkPlace(local: number, size: number, stores: boolean): void {
    const need = stores ? plain.store : plain.load
    w.set(local)
    isSpecial(local, size, need)
    w.ifRare()
    if (site.folds(here().instruction.pc)) {
      fold(local)
      w.set(local)
    }
    // The last page before what is not committed may be as hot as any, such as the top of a stack.
    isRefused(local, size, need)
    w.ifRare()
    unitSite.refuse?.()
    w.end()
    w.end()
  }

  const spanLocals: number[] = []
  const spansUsedBy: number[] = []
  let spansUsed = 0
  /** The place of an access whose span is checked, here or before. */
  function spanned(ea: Node): AccessPlace | undefined {
    const { instruction, spans, at } = here()
    const address = basedAddress(ea)
    if (address === null) return undefined
    const part = spanOf(spans, at, registers.indexOf(address.base, instruction.known))
    if (part === undefined) return undefined
    const { span, moved } = part
    const displacement = Number(address.displacement.of(instruction.known)) + moved
    if (span.local === undefined) {
      const local = spanLocals[spansUsed] ?? keep('i32')
      spanLocals[spansUsed] = local
      spansUsed += 1
      span.local = local
      w.get(held.of(span.base))
      w.do('i32.wrap_i64')
      w.i32(span.least)
      w.do('i32.add')
      checkPlace(local, span.end - span.least, span.stores)
    }
    return { local: span.local, offset: displacement - span.least }
  }

  /** The index of the register that a value is, -1 for none. */
  const indexOfRead = (node: Node | undefined): number =>
    node?.op === 'read' ? registers.indexOf(node.place, here().instruction.known) : -1
  /** Whether a float register that is given a value is known to be a single then. */
  function staysSingle(value: Node): boolean {
    if (singleOf(value) !== undefined) return true
    const sources = sourcesOf(value).map(indexOfRead)
    return sources.length > 0 && sources.every(one => one >= 0 && has(here().facts.single, one))
  }
  /** Writes a float register that stays a single: both its locals. */
  function assignSingle(place: Place, value: Node, expression: (node: Node) => void): boolean {
    const register = registers.at(place.offset(here().instruction.known))
    if (register === undefined || !staysSingle(value)) return false
    const local = held.single(register.index)
    const single = singleOf(value)
    include(here().dirty, register.index)
    if (single !== undefined) {
      expression(single)
      w.tee(local)
      w.do('f64.promote_f32')
      w.set(held.of(register.index))
      return true
    }
    // A copy, a choice or a change of sign of singles is exact both ways.
    expression(value)
    w.tee(held.of(register.index))
    w.do('f32.demote_f64')
    w.set(local)
    return true
  }

  const constantLocals = new Map<number, number>()
  /** Pushes the vector that lies at a place from the start on. */
  function constantAt(at: number): void {
    const local = constantLocals.get(at) ?? keep('v128')
    constantLocals.set(at, local)
    w.get(local)
  }
  const unitSite: Site = {
    writer,
    local: temporaries.take,
    known(number, type) {
      const value = number.of(here().instruction.known)
      if (type === 'i64') w.i64(value)
      else w.i32(Number(value))
    },
    read(place) {
      const register = registers.at(place.offset(here().instruction.known))
      if (register !== undefined) held.read(register.index)
      else w.i64(0)
    },
    write(place, value) {
      const register = registers.at(place.offset(here().instruction.known))
      if (register === undefined) throw new Error('a register of no unit is written')
      include(here().dirty, register.index)
      value()
      const { orders } = here()
      if (register.index < orders.length) orders[register.index] = 0
      held.write(register.index)
    },
    assigns: (place, value) =>
      place.file === 'fpr'
        ? staysSingle(value)
        : place.file === 'crf' && comparisonsOf(here().instruction.meaning.program).has(value),
    assign(place, value, expression) {
      if (place.file === 'fpr') return assignSingle(place, value, expression)
      if (place.file !== 'crf') return false
      const { instruction, dirty, orders: certain } = here()
      const comparison = comparisonsOf(instruction.meaning.program).get(value)
      const register = registers.at(place.offset(instruction.known))
      const order = register && held.order(register.index)
      if (comparison === undefined || register === undefined || order === undefined) return false
      const { first, second, kind, so } = comparison
      const { type } = orderKinds[kind] ?? { type: 'i64' as const }
      for (const [node, local] of [
        [first, order.locals[type]?.first],
        [second, order.locals[type]?.second],
      ] as const) {
        if (node !== undefined) expression(node)
        else w[type](0)
        w.set(local ?? 0)
      }
      w.i32(~(2 * kind))
      if (!held.hasSteadySummary) {
        expression(so)
        w.do('i32.sub')
      }
      w.set(held.of(register.index))
      include(dirty, register.index)
      certain[register.index] = kind + 1
      return true
    },
    vector(value) {
      const at = site.vector(value)
      if (at !== undefined) constantAt(at)
      return at !== undefined
    },
    isAwaited() {
      const { index, at } = here()
      return isPointer(index, at)
    },
    holds(condition) {
      const subject = subjectOf(condition)
      const index = indexOfRead(subject)
      return condition.op === 'fact' && index >= 0 && has(here().facts[condition.fact], index)
    },
    learn(condition, expression) {
      if (condition.op !== 'fact' || condition.fact !== 'single') return
      const index = indexOfRead(condition.args[1])
      const single = condition.args[0]?.args[0]?.args[0]
      if (index < 0 || single === undefined) return
      expression(single)
      w.set(held.single(index))
    },
    evaluate(node, expression) {
      const limit = node.op === 'limit' ? held.limit(node.type === 'f32' ? 'f32' : 'f64') : undefined
      if (limit !== undefined) {
        w.get(limit)
        return true
      }
      if (node.op === 'single') {
        const index = indexOfRead(node.args[0])
        if (index < 0 || !has(here().facts.single, index)) return false
        w.get(held.single(index))
        return true
      }
      if (writeRotate(writer, node, here().instruction.known, expression, temporaries.take)) return true
      const bit = bitOf(node)
      if (bit === null) return false
      const { instruction, orders: certain } = here()
      const index = registers.indexOf(bit.place, instruction.known)
      const order = held.order(index)
      const kind = (certain[index] ?? 0) - 1
      if (order === undefined || kind < 0) return false
      const number = Number(bit.shift.of(instruction.known))
      const relation = ([undefined, 'eq', 'gt', 'lt'] as const)[number]
      if (relation === undefined) held.summary(index)
      else {
        held.branchedOn(index, relation)
        held.compare(order, kind, relation)
      }
      return true
    },
    flush: interpreted,
    reload: interpreted,
    readAt: interpreted,
    writeAt: interpreted,
    callKernel,
    leave: interpreted,
    swapMask: size => constantAt(swapMasks[size]),
    runtime: site.runtime,
    callRoutine(routine) {
      const at = site.routineAt(routine)
      if (at === undefined) {
        w.call(builder.routine(routine))
        return
      }
      w.i32(at)
      w.op(code.callIndirect)
      writer.u32(builder.typeOf(routine))
      writer.u32(1)
    },
    table: site.table,
    mark() {
      const { instruction, owed } = here()
      w.i32(stateBlock)
      w.i32(instruction.pc | 0)
      w.memory(op.i32Store, specials.pc.at)
      w.i32(stateBlock)
      pushLeft(owed)
      w.memory(op.i32Store, transient.left)
    },
    refuse() {
      const { instruction, owed, dirty, live } = here()
      cold(instruction.pc, owed, dirty, live, refusedDepth)
    },
    place(ea, size, kind, address) {
      const shared = spanned(ea)
      if (shared !== undefined) return shared
      const local = temporaries.take('i32')
      address()
      checkPlace(local, size, kind === 'store')
      return { local, offset: 0 }
    },
    branch(target) {
      const from = here()
      const { kind, target: to } = from.block.ending
      if (to === undefined) {
        target()
        w.set(pcLocal)
      }
      if (kind === 'call') call(from, to)
      else if (to !== undefined) goTo(from, to)
      else {
        choose(from, seenBy(from.block, unit, site.seen), () => {
          each(from.dirty, spill)
          if (from.instruction.meaning.row.name === 'bclr') returnTo(() => w.get(pcLocal), from.owed + 1)
          else {
            w.i32(stateBlock)
            w.i32(from.instruction.pc | 0)
            w.memory(op.i32Store, transient.jump)
            argumentsFor(undefined, from.owed + 1)
            callThrough(undefined, { direct: code.returnCall, indirect: code.returnCallIndirect })
          }
        })
      }
    },
    next() {
      const from = here()
      if (from.at === from.block.instructions.length - 1) goTo(from, from.block.end)
    },
  }
  function interpreted(): never {
    throw new Error('an instruction for the interpreter is in a unit')
  }

  const emitter = createEmitter(unitSite)
  function writeBlock(index: number): void {
    const block = blocks[index]
    if (block === undefined) return
    const dirty = [...(registers.dirtyIn[index] ?? [])]
    const live = registers.liveIn[index] ?? dirty
    const orders = conditions.ordersIn[index]?.slice() ?? noOrders
    const facts = copyOf(factsIn[index] ?? noFacts)
    const spans = unitSpans.of(index)
    const before = unitSpans.before(index)
    spansUsed = before === undefined ? 0 : (spansUsedBy[before] ?? 0)
    const need = budget.need[index] ?? 0
    const owed = budget.owed[index] ?? 0
    if (need > 0 && counts) {
      w.get(left)
      w.i32(need)
      w.do('i32.lt_s')
      w.ifRare()
      cold(block.start, 0, dirty, live)
      w.end()
    }
    for (const [at, instruction] of block.instructions.entries()) {
      step = { block, index, instruction, owed: owed + at, dirty, live, orders, facts, spans, at }
      temporaries.release()
      site.watch?.instruction(instruction.pc, instruction.word)
      emitter.run(instruction.meaning.program)
      stepFacts(facts, instruction)
    }
  }

  let loopDepth = 0
  let choice = 0
  const ways: ShapeSite = {
    open(kind) {
      if (kind === 'loop') w.loop()
      else w.block()
      return writer.depth
    },
    close: () => w.end(),
    branch: depth => w.br(depth),
    block: writeBlock,
    dispatch(count, place) {
      choice = keep('i32')
      w.loop()
      loopDepth = writer.depth
      for (let i = 0; i < count; i += 1) w.block()
      w.get(choice)
      w.op(code.brTable)
      writer.u32(count - 1)
      for (let i = 0; i < count; i += 1) writer.u32(i)
      for (let i = 0; i < count; i += 1) {
        w.end()
        place(i)
      }
      w.end()
    },
    choose(index) {
      w.i32(index)
      w.set(choice)
      w.br(loopDepth)
    },
  }
  const flow = shape.write(site.watch?.shape(ways) ?? ways)

  const mark = writer.length
  w.block()
  coldDepth = writer.depth
  w.block()
  refusedDepth = writer.depth
  flow.run()
  w.op(code.unreachable)
  w.end()
  w.i32(stateBlock)
  w.get(pcLocal)
  w.memory(op.i32Store, transient.refused)
  w.end()
  step = undefined
  each(registers.written, register => {
    w.get(masks[register.index >> 5] ?? 0)
    w.i32(1 << (register.index & 31))
    w.do('i32.and')
    w.if()
    spill(register)
    w.end()
  })
  w.get(pcLocal)
  w.get(left)
  const body = writer.cut(mark)

  if (blocks.some(block => block.ending.kind === 'call')) {
    w.get(room)
    w.i32(locals.reduce((sum, type) => sum + bytesOf(type), frameBytes))
    w.do('i32.sub')
    w.tee(room)
    w.i32(0)
    w.do('i32.lt_s')
    w.ifRare()
    returnTo(() => w.i32(unit.entry | 0))
    w.end()
  }
  for (const [at, local] of constantLocals) {
    w.i32(0)
    w.simdMemory(0, at)
    w.set(local)
  }
  each(registers.liveIn[0] ?? [], fill)
  writer.piece(body)
  return locals
}
