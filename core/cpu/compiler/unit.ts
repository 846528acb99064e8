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
 * registers to one place at the end of the function that stores them; the ordinary ways out store theirs on the spot.
 *
 * Where instructions are counted, and where it is asked whether the budget covers them, is the matter of budget.ts.
 */
import { hostMap, plain } from '../../memory/map.ts'
import type { Routine } from '../algebra.ts'
import type { Type } from '../arithmetic.ts'
import { specials, transient } from '../state.ts'
import { addresses } from '../wasm/addresses.ts'
import { code, memory as op, type Signature } from '../wasm/bytes.ts'
import { type AccessPlace, createEmitter, type RuntimeName, type Site, writeLimit } from '../wasm/emit.ts'
import { instructions } from '../wasm/instructions.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { swapMasks } from '../wasm/module.ts'
import type { Node, Place } from '../wasm/trace.ts'
import { type Spans, spanOf, spansOf } from './accesses.ts'
import { budgetOf } from './budget.ts'
import { basedAddress, bitOf, orderKinds } from './compare.ts'
import { comparisonsOf, conditionsOf, type Orders } from './conditions.ts'
import { copyOf, type Facts, factsOf, singleOf, sourcesOf, subjectOf } from './facts.ts'
import type { Block, Instruction, Unit } from './find.ts'
import type { UnitWatch } from './listing.ts'
import { type Bits, type Edge, has, include, type Register, registersOf } from './registers.ts'
import { rotateOf, shiftOf } from './rotates.ts'
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

const noOrders: Orders = new Int8Array(0)
const noFacts: Facts = { single: new Int32Array(0), number: new Int32Array(0), plain: new Int32Array(0) }

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

  function edgesOf(index: number): Edge[] {
    const block = blocks[index]
    if (block === undefined) return []
    const { kind, falls, target } = block.ending
    const edges: Edge[] = []
    const add = (address: number | undefined, afterCall = false): void => {
      const to = address === undefined ? undefined : indexOf.get(address)
      if (to !== undefined) edges.push({ to, afterCall })
    }
    if (kind === 'kernel') {
      add(block.end, true)
      return edges
    }
    if (kind === 'call') {
      add(block.end, true)
      if (!block.instructions.at(-1)?.meaning.effects.ends) add(block.end)
      return edges
    }
    add(target)
    if (kind === 'dynamic') for (const one of seenBy(block)) add(one)
    if (falls) add(block.end)
    return edges
  }
  function seenBy(block: Block): readonly number[] {
    const last = block.instructions.at(-1)
    return last === undefined ? [] : site.seen(last.pc).filter(one => indexOf.has(one))
  }

  const edges = blocks.map((_, index) => edgesOf(index))
  const shape = shapeOf({ size: blocks.length, successors: block => (edges[block] ?? []).map(edge => edge.to) })
  const budget = budgetOf({
    size: blocks.length,
    length: block => blocks[block]?.instructions.length ?? 0,
    successors: block => edges[block] ?? [],
    order: shape.structured ? shape.order : [],
  })
  const registers = registersOf(unit, block => edges[block] ?? [])
  const localOf = registers.all.map(register => keep(register.type))
  const written = new Int32Array(registers.words)
  const conditions = conditionsOf(unit, registers, edges)
  const { into: factsIn, step: stepFacts } = factsOf(unit, registers, edges)
  const limits = usesLimit(unit) ? { f64: keep('f64'), f32: keep('f32') } : undefined
  const status = registers.at(specials.fpscr.at)?.index ?? -1
  const singleLocals = new Map<number, number>()
  const singleLocal = (index: number): number => {
    const local = singleLocals.get(index) ?? keep('f32')
    singleLocals.set(index, local)
    return local
  }
  interface Order {
    readonly kinds: ReadonlySet<number>
    /** The numbers compared, of each type that is. */
    readonly locals: Readonly<Record<'i32' | 'i64', { readonly first: number; readonly second: number } | undefined>>
  }
  const orders = new Map<number, Order>()
  for (const [index, kinds] of conditions.kinds) {
    const pair = (type: 'i32' | 'i64') =>
      [...kinds].some(kind => orderKinds[kind]?.type === type) ? { first: keep(type), second: keep(type) } : undefined
    orders.set(index, { kinds, locals: { i32: pair('i32'), i64: pair('i64') } })
  }
  const masks = Array.from({ length: registers.words }, () => keep('i32'))

  const spansOfBlocks = blocks.map(block => spansOf(block, registers))

  // Temporaries serve one instruction after the other.
  const pools: Record<Type, { readonly locals: number[]; used: number }> = {
    i32: { locals: [], used: 0 },
    i64: { locals: [], used: 0 },
    f32: { locals: [], used: 0 },
    f64: { locals: [], used: 0 },
    v128: { locals: [], used: 0 },
  }
  const allPools = Object.values(pools)
  function temporary(type: Type): number {
    const pool = pools[type]
    const have = pool.locals[pool.used] ?? keep(type)
    pool.locals[pool.used] = have
    pool.used += 1
    return have
  }

  interface Step {
    readonly block: Block
    readonly index: number
    readonly instruction: Instruction
    /** Instructions done before this one and not subtracted yet. */
    readonly owed: number
    readonly dirty: Bits
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

  function fill({ index, offset, bytes, type }: Register): void {
    w.i32(stateBlock)
    if (bytes === 16) w.simdMemory(0, offset)
    else if (type === 'f64') w.memory(op.f64Load, offset)
    else w.memory(bytes === 1 ? op.i32Load8U : bytes === 4 ? op.i32Load : op.i64Load, offset)
    w.set(localOf[index] ?? 0)
    if (index === status) setLimits()
  }
  /** What results are held against follows FPSCR. */
  function setLimits(): void {
    if (limits === undefined) return
    for (const type of ['f64', 'f32'] as const) {
      writeLimit(writer, type, () => w.get(localOf[status] ?? 0))
      w.set(limits[type])
    }
  }
  function spill({ index, offset, bytes, type }: Register): void {
    w.i32(stateBlock)
    readLocal(index)
    if (bytes === 16) w.simdMemory(11, offset)
    else if (type === 'f64') w.memory(op.f64Store, offset)
    else w.memory(bytes === 1 ? op.i32Store8 : bytes === 4 ? op.i32Store : op.i64Store, offset)
  }
  /** Pushes whether the numbers of an order compare so. */
  function compare({ locals: of }: Order, kind: number, relation: 'lt' | 'gt' | 'eq'): void {
    const { type, sign } = orderKinds[kind] ?? { type: 'i64', sign: 's' }
    w.get(of[type]?.first ?? 0)
    w.get(of[type]?.second ?? 0)
    w.do(relation === 'eq' ? `${type}.eq` : `${type}.${relation}_${sign}`)
  }
  /** Pushes the field that an order is: LT 8, GT 4 or EQ 2, and SO from the field's local. */
  function tell(order: Order, kind: number, local: number): void {
    w.i32(8)
    compare(order, kind, 'gt')
    compare(order, kind, 'eq')
    w.i32(1)
    w.do('i32.shl')
    w.do('i32.or')
    w.do('i32.shr_u')
    summary(local)
    w.do('i32.or')
  }
  /** Pushes SO, from the local of a field that is an order. */
  function summary(local: number): void {
    w.get(local)
    w.i32(-1)
    w.do('i32.xor')
    w.i32(1)
    w.do('i32.and')
  }
  /** Pushes a register's value; a condition field may have to be told from its order. */
  function readLocal(index: number): void {
    const local = localOf[index] ?? 0
    const order = orders.get(index)
    if (order === undefined) {
      w.get(local)
      return
    }
    const certain = step?.orders[index] ?? 0
    if (certain > 0) {
      tell(order, certain - 1, local)
      return
    }
    w.get(local)
    w.i32(0)
    w.do('i32.lt_s')
    w.if('i32')
    const [last = 0, ...others] = order.kinds
    for (const kind of others) {
      w.get(local)
      w.i32(-2)
      w.do('i32.and')
      w.i32(~(2 * kind + 1))
      w.do('i32.eq')
      w.if('i32')
      tell(order, kind, local)
      w.else()
    }
    tell(order, last, local)
    for (const _ of others) w.end()
    w.else()
    w.get(local)
    w.end()
  }
  const each = (set: Bits, visit: (register: Register) => void): void => {
    for (const register of registers.all) if (has(set, register.index)) visit(register)
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
  function cold(pc: number, owed: number, dirty: Bits, depth = coldDepth): void {
    pay(owed)
    w.i32(pc | 0)
    w.set(pcLocal)
    for (const [word, mask] of masks.entries()) {
      w.i32(dirty[word] ?? 0)
      w.set(mask)
    }
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
    if (budget.paid(to)) pay(from.owed + 1)
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
    each(from.dirty, spill)
    argumentsFor(target, from.owed + 1)
    callThrough(target, { direct: code.call, indirect: code.callIndirect })
    w.set(left)
    w.tee(pcLocal)
    w.i32(from.block.end | 0)
    w.do('i32.ne')
    w.if()
    returnTo(() => w.get(pcLocal))
    w.end()
    returned(from)
  }
  /** Goes on behind a call: registers are in the state block, what is left is subtracted. */
  function returned(from: Step): void {
    const to = indexOf.get(from.block.end)
    if (to === undefined) {
      returnTo(() => w.i32(from.block.end | 0))
      return
    }
    each(registers.liveIn[to] ?? new Int32Array(0), fill)
    flow.go(from.index, to)
    step = from
  }
  /** The state block is complete at a kernel call; its frames are left if the kernel goes elsewhere, or dropped code. */
  function callKernel(): void {
    const from = here()
    each(from.dirty, spill)
    w.i32(stateBlock)
    w.i32(from.block.end | 0)
    w.memory(op.i32Store, specials.pc.at)
    w.i32(stateBlock)
    pushLeft(from.owed + 1)
    w.memory(op.i32Store, transient.left)
    w.call(site.runtime('kernel'))
    w.if()
    returnTo(() => w.i32(unwound))
    w.end()
    w.i32(stateBlock)
    w.memory(op.i32Load, transient.left)
    w.set(left)
    returned(from)
  }

  /** Leaves the place of the bytes at the address on the stack in a local, or leaves the unit. */
  function checkPlace(local: number, size: number, loads: boolean, stores: boolean): void {
    const need = (loads ? plain.load : 0) | (stores ? plain.store : 0)
    w.set(local)
    isSpecial(local, size, need)
    w.if()
    if (site.folds(here().instruction.pc)) {
      fold(local)
      w.set(local)
    }
    // The last page before what is not committed may be as hot as any, such as the top of a stack.
    isRefused(local, size, need)
    w.if()
    unitSite.refuse?.()
    w.end()
    w.end()
  }

  const spanLocals: number[] = []
  let spansUsed = 0
  /** The place of an access whose span is checked, here or before. */
  function spanned(ea: Node): AccessPlace | undefined {
    const { instruction, spans, at } = here()
    const address = basedAddress(ea)
    const part = address && spanOf(spans, at, registers.indexOf(address.base, instruction.known))
    if (address === undefined || part === undefined) return undefined
    const { span, moved } = part
    const displacement = Number(address.displacement.of(instruction.known)) + moved
    if (span.local === undefined) {
      const local = spanLocals[spansUsed] ?? keep('i32')
      spanLocals[spansUsed] = local
      spansUsed += 1
      span.local = local
      w.get(localOf[span.base] ?? 0)
      w.do('i32.wrap_i64')
      w.i32(span.least)
      w.do('i32.add')
      checkPlace(local, span.end - span.least, span.loads, span.stores)
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
    const local = singleLocal(register.index)
    const single = singleOf(value)
    include(here().dirty, register.index)
    include(written, register.index)
    if (single !== undefined) {
      expression(single)
      w.tee(local)
      w.do('f64.promote_f32')
      w.set(localOf[register.index] ?? 0)
      return true
    }
    // A copy, a choice or a change of sign of singles is exact both ways.
    expression(value)
    w.tee(localOf[register.index] ?? 0)
    w.do('f32.demote_f64')
    w.set(local)
    return true
  }

  /** Pushes a rotate under a mask, if that is what the value is and there is a shorter way. */
  function rotate(node: Node, expression: (node: Node) => void): boolean {
    const found = rotateOf(node)
    if (found === undefined) return false
    const { known } = here().instruction
    const mask = BigInt.asUintN(64, BigInt(found.mask.of(known)))
    const shift = shiftOf(found.bits, Number(found.count.of(known)), mask)
    if (shift === undefined) return false
    const { bits, operation, by, whole } = shift
    const inserts = found.old !== undefined
    if (inserts) expression(found.old)
    expression(found.source)
    if (bits === 32) w.do('i32.wrap_i64')
    if (operation !== undefined) {
      w[`i${bits}`](by)
      w.do(`i${bits}.${operation}`)
    }
    if (bits === 32 && !whole && !inserts) {
      w.i32(Number(BigInt.asIntN(32, mask)))
      w.do('i32.and')
    }
    if (bits === 32) w.do('i64.extend_i32_u')
    if (inserts) w.do('i64.xor')
    if (inserts || (bits === 64 && !whole)) {
      w.i64(BigInt.asIntN(64, mask))
      w.do('i64.and')
    }
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
    local: temporary,
    known(number, type) {
      const value = number.of(here().instruction.known)
      if (type === 'i64') w.i64(value)
      else w.i32(Number(value))
    },
    read(place) {
      const register = registers.at(place.offset(here().instruction.known))
      if (register !== undefined) readLocal(register.index)
      else w.i64(0)
    },
    write(place, value) {
      const register = registers.at(place.offset(here().instruction.known))
      if (register === undefined) throw new Error('a register of no unit is written')
      include(here().dirty, register.index)
      include(written, register.index)
      value()
      here().orders[register.index] = 0
      w.set(localOf[register.index] ?? 0)
      if (register.index === status) setLimits()
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
      const order = register && orders.get(register.index)
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
      expression(so)
      w.do('i32.sub')
      w.set(localOf[register.index] ?? 0)
      include(dirty, register.index)
      include(written, register.index)
      certain[register.index] = kind + 1
      return true
    },
    vector(value) {
      const at = site.vector(value)
      if (at !== undefined) constantAt(at)
      return at !== undefined
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
      w.set(singleLocal(index))
    },
    evaluate(node, expression) {
      if (node.op === 'limit' && limits !== undefined) {
        w.get(limits[node.type === 'f32' ? 'f32' : 'f64'])
        return true
      }
      if (node.op === 'single') {
        const index = indexOfRead(node.args[0])
        if (index < 0 || !has(here().facts.single, index)) return false
        w.get(singleLocal(index))
        return true
      }
      if (rotate(node, expression)) return true
      const bit = bitOf(node)
      if (bit === undefined) return false
      const { instruction, orders: certain } = here()
      const index = registers.indexOf(bit.place, instruction.known)
      const order = orders.get(index)
      const kind = (certain[index] ?? 0) - 1
      if (order === undefined || kind < 0) return false
      const number = Number(bit.shift.of(instruction.known))
      if (number === 0) summary(localOf[index] ?? 0)
      else compare(order, kind, number === 3 ? 'lt' : number === 2 ? 'gt' : 'eq')
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
      const { instruction, owed, dirty } = here()
      cold(instruction.pc, owed, dirty, refusedDepth)
    },
    place(ea, size, kind, address) {
      const shared = spanned(ea)
      if (shared !== undefined) return shared
      const local = temporary('i32')
      address()
      checkPlace(local, size, kind === 'load', kind === 'store')
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
        choose(from, seenBy(from.block), () => {
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
    const dirty = new Int32Array(registers.dirtyIn[index] ?? [])
    const orders = conditions.ordersIn[index]?.slice() ?? noOrders
    const facts = copyOf(factsIn[index] ?? noFacts)
    const spans = spansOfBlocks[index] ?? new Map()
    spansUsed = 0
    const need = budget.need[index] ?? 0
    const owed = budget.owed[index] ?? 0
    if (need > 0 && counts) {
      w.get(left)
      w.i32(need)
      w.do('i32.lt_s')
      w.if()
      cold(block.start, 0, dirty)
      w.end()
    }
    for (const [at, instruction] of block.instructions.entries()) {
      step = { block, index, instruction, owed: owed + at, dirty, orders, facts, spans, at }
      for (const pool of allPools) pool.used = 0
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
    close: w.end,
    branch: w.br,
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
  each(written, register => {
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
    w.i32(frameBytes + 8 * locals.length)
    w.do('i32.sub')
    w.tee(room)
    w.i32(0)
    w.do('i32.lt_s')
    w.if()
    returnTo(() => w.i32(unit.entry | 0))
    w.end()
  }
  for (const [at, local] of constantLocals) {
    w.i32(0)
    w.simdMemory(0, at)
    w.set(local)
  }
  each(registers.liveIn[0] ?? new Int32Array(0), fill)
  writer.bytes(body)
  return locals
}
