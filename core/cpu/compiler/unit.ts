/**
 * A unit as a WebAssembly function.
 *
 * What it takes and gives is told in calls.ts. A call of the guest is a call of the callee's function, whose answer is
 * compared with the return address: anything else (the end of the budget, an instruction for the interpreter, a frame that
 * was unwound) is handed up as it is, to whoever runs the interpreter.
 *
 * An instruction that cannot be done plainly (a fault, a device, a page of code, a trap) leaves the unit undone, and the
 * interpreter does it; so there is one implementation of all that is rare (ways-out.ts).
 *
 * A call of a thunk is no call: its kernel call and its return are written where it would be called.
 *
 * Where instructions are counted, and where it is asked whether the budget covers them, is the matter of budget.ts.
 */
import { hostMap } from '../../memory/map.ts'
import { operations, type Type } from '../arithmetic.ts'
import { specials, transient } from '../state.ts'
import { code, memory as op } from '../wasm/bytes.ts'
import { createEmitter } from '../wasm/emit.ts'
import { instructions } from '../wasm/instructions.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { swapMasks } from '../wasm/module.ts'
import type { RuntimeName, Site } from '../wasm/site.ts'
import { spansOfUnit } from './accesses.ts'
import { budgetOf } from './budget.ts'
import { type CallSite, createCalls, parameters } from './calls.ts'
import { chainsOf } from './chains.ts'
import { createChecks } from './checks.ts'
import { conditionsOf } from './conditions.ts'
import { factsOf } from './facts.ts'
import { blockAt, type Unit } from './find.ts'
import { flowOf, seenBy } from './flow.ts'
import type { UnitWatch } from './listing.ts'
import { createLocals, createTemporaries } from './locals.ts'
import { type Instruction, numberIn } from './meaning.ts'
import { include, registersOf } from './registers.ts'
import { copyOf, takeNumbers, withScratch } from './scratch.ts'
import { type ShapeSite, shapeOf } from './shape.ts'
import { createSingles, forms } from './singles.ts'
import type { Step } from './step.ts'
import { createValues } from './values.ts'
import { createWaysOut } from './ways-out.ts'

/** What the module around a unit gives it. */
export interface UnitSite extends CallSite {
  readonly builder: ModuleBuilder
  readonly runtime: (name: RuntimeName | 'resolve' | 'kernel') => number
  table(table: Parameters<Site['table']>[0]): number
  /** Where a constant vector lies. */
  vector(value: readonly number[]): number | undefined
  /** Targets seen of a branch through a register. */
  seen(pc: number): readonly number[]
  /**
   * Whether what is rare has happened often at an address: its access is to look in the windows that fold, since no call of a
   * function ever finds its place, and a unit that begins there takes nothing for granted.
   */
  isWhole(pc: number): boolean
  /** Told of what is written, for a listing. */
  readonly watch?: UnitWatch
}

const { stateBlock } = hostMap
const { left, pc: pcLocal } = parameters

/** Words from the first target of a jump to the last that a table has: the host allows 65,520. */
const longestTable = 4_096

/** Bytes of the host's stack that a frame needs besides its locals. */
const frameBytes = 160
const bytesOf = (type: Type): number => (type === 'v128' ? 16 : 8)

const usesLimit = (unit: Unit): boolean =>
  unit.blocks.some(block => block.instructions.some(one => one.meaning.effects.limit))

/** Writes a unit as the function of a number that is reserved for it. */
export const emitUnit = (unit: Unit, number: number, site: UnitSite): void =>
  withScratch(() => writeUnit(unit, number, site))

function writeUnit(unit: Unit, number: number, site: UnitSite): void {
  const { builder, counts } = site
  const { writer } = builder
  const w = instructions(writer)
  const calls = createCalls(writer, site)
  const {
    pay,
    returnTo,
    argumentsFor,
    callThrough,
    leaveUnlessBack,
    leaveIfSpent,
    leaveUnlessRoom,
    enterKernel,
    mark,
  } = calls
  const locals: Type[] = []
  const { blocks } = unit

  function keep(type: Type): number {
    locals.push(type)
    return parameters.count + locals.length - 1
  }
  /** A local for what few units have: kept when it is first asked for. */
  function keepOnce(type: Type): () => number {
    let local: number | undefined
    return () => {
      local ??= keep(type)
      return local
    }
  }

  const ways = flowOf(unit, site.seen)
  const shape = shapeOf(ways)
  const { order } = shape
  const budget = budgetOf({
    flow: ways,
    length: block => blocks[block]?.instructions.length ?? 0,
    order,
  })
  const registers = registersOf(unit, ways, order)
  const conditions = conditionsOf(unit, registers, ways)
  const known = factsOf(unit, registers, ways, !site.isWhole(unit.entry))
  const { facts, step: stepFacts } = known
  const { words, liveIn } = registers
  /** Of each block, where what is being written stands in it: what is dirty at its start, and what it has written. */
  const dirty = copyOf(registers.dirtyIn)
  const chains = chainsOf(unit, registers, ways, order)
  const singles = createSingles({ writer, builder, registers, facts: known, blocks: blocks.length, keep })
  const held = createLocals({
    writer,
    registers,
    conditions,
    lowWords: chains.lowWords,
    limited: registers.at(specials.fpscr.at) !== undefined && usesLimit(unit),
    keep,
    certain: index => (step === undefined ? 0 : conditions.orderIn(step.index, index)),
    formOf: index => (step === undefined ? forms.double : singles.formOf(index, step.sets)),
    singles,
  })
  const { each, fill, spill } = held
  const waysOut = createWaysOut({ writer, registers, held, singles, dirty, calls, keep })
  const temporaries = createTemporaries(keep)

  let step: Step | undefined
  const here = (): Step => {
    if (step === undefined) throw new Error('no instruction is being written')
    return step
  }

  /** Notes that the instruction writes a register. */
  function wrote(index: number): void {
    const { sets } = here()
    include(dirty, index, sets)
    singles.wrote(index, sets)
  }
  const values = createValues({
    writer,
    registers,
    held,
    conditions,
    facts,
    wrote,
    temporary: temporaries.take,
    here,
  })
  const checks = createChecks({
    writer,
    spans: spansOfUnit(unit, registers, ways, order),
    held,
    folds: site.isWhole,
    keep,
    temporary: temporaries.take,
    here,
    refuse,
  })

  function refuse(): void {
    const { instruction, owed, sets } = here()
    waysOut.leave(instruction.pc, owed, sets, true)
  }

  const settled = takeNumbers(words)
  /** Goes on at a block, behind the instruction. */
  function stay(from: Step, to: number): void {
    for (let word = 0; word < words; word += 1)
      settled[word] = (dirty[from.sets + word] ?? 0) & ~(registers.dirtyIn[to * words + word] ?? 0)
    each(settled, spill)
    singles.leave(from.sets, to, set => each(set, held.widen))
    if (budget.paid(to)) pay(from.owed + 1)
    checks.leave(from.index)
    flow.go(from.index, to)
    step = from
  }

  /** Goes on at an address: inside the unit, or out of it. */
  function goTo(from: Step, target: number): void {
    const to = blockAt(unit, target)
    if (to >= 0) {
      stay(from, to)
      return
    }
    each(dirty, spill, from.sets)
    if (from.block.ending.kind === 'exit') {
      returnTo(() => w.i32(target | 0), from.owed + 1)
      return
    }
    argumentsFor(target, from.owed + 1)
    callThrough(target, 'leave')
  }

  /** Goes on at one of the targets, where the address in the local is one; else as `otherwise` says. */
  function choose(from: Step, targets: readonly number[], otherwise: () => void): void {
    const least = Math.min(...targets)
    const count = targets.length === 0 ? 0 : ((Math.max(...targets) - least) >>> 2) + 1
    for (let i = 0; i < targets.length; i += 1) w.block()
    if (count > longestTable)
      for (let i = 0; i < targets.length; i += 1) {
        w.get(pcLocal)
        w.i32((targets[i] ?? 0) | 0)
        w.do(operations['i32.eq'])
        w.op(code.brIf)
        writer.u32(i)
      }
    else if (targets.length > 0) {
      w.block()
      w.get(pcLocal)
      w.i32(least | 0)
      w.do(operations['i32.sub'])
      w.i32(2)
      w.do(operations['i32.shr_u'])
      w.op(code.brTable)
      writer.u32(count)
      for (let i = 0; i < count; i += 1) writer.u32(targets.indexOf(least + 4 * i) + 1)
      writer.u32(0)
      w.end()
    }
    otherwise()
    for (const one of targets) {
      w.end()
      stay(from, blockAt(unit, one))
    }
  }

  function call(from: Step, target: number | undefined): void {
    if (target !== undefined && unit.thunks.has(target)) {
      callThunk(from, target)
      return
    }
    each(dirty, spill, from.sets)
    argumentsFor(target, from.owed + 1)
    callThrough(target, 'call')
    w.set(left)
    leaveUnlessBack(from.block.end)
    returned(from)
  }
  /** Goes on behind a call: registers are in the state block, what is left is subtracted. */
  function returned(from: Step): void {
    const to = blockAt(unit, from.block.end)
    if (to < 0) {
      returnTo(() => w.i32(from.block.end | 0))
      return
    }
    each(liveIn, fill, to * words)
    singles.returned(to)
    flow.go(from.index, to)
    step = from
  }
  function callKernel(): void {
    const from = here()
    each(dirty, spill, from.sets)
    enterKernel(from.block.end, from.owed + 1)
    returned(from)
  }
  /** A call of a thunk: its kernel call and its return are done here, each if the budget covers it. */
  function callThunk(from: Step, thunk: number): void {
    const back = (thunk + 4) >>> 0
    each(dirty, spill, from.sets)
    pay(from.owed + 1)
    leaveIfSpent(thunk)
    enterKernel(back, 1)
    leaveIfSpent(back)
    pay(1)
    w.i32(stateBlock)
    w.memory(op.i32Load, specials.lr.at)
    w.i32(~3)
    w.do(operations['i32.and'])
    leaveUnlessBack(from.block.end)
    returned(from)
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
      const value = numberIn(here().instruction, number)
      if (type === 'i64') w.i64(value)
      else w.i32(Number(value))
    },
    read(place) {
      const index = registers.indexOf(place, here().instruction)
      if (index >= 0) held.read(index)
      else w.i64(0)
    },
    write(place, value) {
      const { instruction, index: block } = here()
      const index = registers.indexOf(place, instruction)
      if (index < 0) throw new Error('a register of no unit is written')
      wrote(index)
      value()
      conditions.setOrder(block, index, 0)
      held.write(index)
    },
    vector(value) {
      const at = site.vector(value)
      if (at !== undefined) constantAt(at)
      return at !== undefined
    },
    readLanes: place => held.readLanes(registers.indexOf(place, here().instruction)),
    numberLanes: place => held.numberLanes(registers.indexOf(place, here().instruction)),
    ...values,
    isAwaited() {
      return chains.isLink(here().instruction)
    },
    refuse,
    skipped: () => w.get(skipped()),
    place: checks.place,
    flush: interpreted,
    reload: interpreted,
    readAt: interpreted,
    writeAt: interpreted,
    callKernel,
    leave: interpreted,
    swapMask: size => constantAt(swapMasks[size]),
    runtime: site.runtime,
    callRoutine: builder.callRoutine,
    table: site.table,
    mark: () => mark(here().instruction.pc, here().owed),
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
          each(dirty, spill, from.sets)
          if (from.instruction.meaning.returns) returnTo(() => w.get(pcLocal), from.owed + 1)
          else {
            w.i32(stateBlock)
            w.i32(from.instruction.pc | 0)
            w.memory(op.i32Store, transient.jump)
            argumentsFor(undefined, from.owed + 1)
            callThrough(undefined, 'leave')
          }
        })
      }
    },
    next() {
      const from = here()
      stepFacts(from.sets, from.instruction)
      if (from.at === from.block.instructions.length - 1) goTo(from, from.block.end)
    },
  }
  function interpreted(): never {
    throw new Error('an instruction for the interpreter is in a unit')
  }

  const emitter = createEmitter(unitSite)
  const skipped = keepOnce('i32')
  /** A branch over an instruction that is done in any case, and counted: one more is left where it is jumped over. */
  function skip({ meaning }: Instruction): void {
    emitter.decide(meaning.program)
    w.set(skipped())
    if (!counts) return
    w.get(left)
    w.get(skipped())
    w.do(operations['i32.add'])
    w.set(left)
  }
  function writeBlock(index: number): void {
    const block = blocks[index]
    const first = block?.instructions[0]
    if (block === undefined || first === undefined) return
    const sets = index * words
    const owed = budget.owed[index] ?? 0
    const own: Step = { block, index, instruction: first, owed, sets, at: 0 }
    // Before anything is written: how a register is stored depends on where that is.
    step = own
    checks.begin(index)
    const need = budget.need[index] ?? 0
    if (need > 0 && counts) {
      w.get(left)
      w.i32(need)
      w.do(operations['i32.lt_s'])
      w.ifRare()
      waysOut.leave(block.start, 0, sets, false)
      w.end()
    }
    const { instructions: list } = block
    const branch = block.skips ? list.length - 2 : -1
    for (let at = 0; at < list.length; at += 1) {
      const instruction = list[at] ?? first
      own.instruction = instruction
      own.owed = owed + at
      own.at = at
      step = own
      temporaries.release()
      site.watch?.instruction(instruction.pc, instruction.bits)
      if (at === branch) skip(instruction)
      else emitter.run(instruction.meaning.program)
    }
  }

  const chosen = keepOnce('i32')
  const shapes: ShapeSite = {
    open(kind) {
      if (kind === 'loop') w.loop()
      else w.block()
      return writer.depth
    },
    close: () => w.end(),
    branch: depth => w.br(depth),
    block: writeBlock,
    choose(place) {
      w.i32(place)
      w.set(chosen())
    },
    branchChosen(depths) {
      w.get(chosen())
      w.op(code.brTable)
      writer.u32(depths.length - 1)
      for (const depth of depths) writer.u32(writer.depth - depth)
    },
  }
  const flow = shape.write(site.watch?.shape(shapes) ?? shapes)

  const start = writer.length
  waysOut.open()
  flow.run()
  w.op(code.unreachable)
  step = undefined
  waysOut.close()
  const assumed = known.assumed.singles.some(word => word !== 0) ? keep('v128') : 0
  const leaveNotSo = (): void => waysOut.leaveEntry(unit.entry)
  builder.define(number, locals, start, () => {
    if (blocks.some(block => block.ending.kind === 'call'))
      leaveUnlessRoom(
        unit.entry,
        locals.reduce((sum, type) => sum + bytesOf(type), frameBytes),
      )
    held.begin()
    for (const [at, local] of constantLocals) {
      w.i32(0)
      w.simdMemory(0, at)
      w.set(local)
    }
    each(liveIn, fill)
    each(known.assumed.singles, ({ index }) => singles.assume(held.of(index), assumed, leaveNotSo))
    each(known.assumed.numbers, ({ index }) => singles.assumeNumber(held.of(index), leaveNotSo))
  })
}
