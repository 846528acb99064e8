/**
 * The registers of a unit in locals: how each is loaded from the state block and stored there, and how its value is read.
 *
 * A condition field that is kept as an order (conditions.ts) is told from the numbers compared, by the kind that is
 * certain where it is read, or by the one its local says.
 */
import { hostMap } from '../../memory/map.ts'
import { operations, type Type } from '../arithmetic.ts'
import { specials } from '../state.ts'
import { simdAccess } from '../wasm/accesses.ts'
import { memory as op, type Writer } from '../wasm/bytes.ts'
import { writeLimit } from '../wasm/emit.ts'
import { instructions } from '../wasm/instructions.ts'
import { extracts } from '../wasm/lanes.ts'
import { hasSummary, type OrderType, orderKinds, orderTypes, type Relation } from './compare.ts'
import type { Conditions } from './conditions.ts'
import { type Bits, has, type Register, type Registers } from './registers.ts'
import { takeNumbers } from './scratch.ts'
import { type Form, forms, type Singles } from './singles.ts'

/** A condition field that is an order. */
export interface Order {
  /** Counted in the unit. */
  readonly number: number
  readonly kinds: ReadonlySet<number>
  /** The numbers compared, of each type that is. */
  readonly locals: Readonly<Record<OrderType, { readonly first: number; readonly second: number } | undefined>>
}

export interface Locals {
  /** The local of a register, by index. */
  of(index: number): number
  order(index: number): Order | undefined
  /** The local of what results of a type are held against, where the unit has one. */
  limit(type: 'f64' | 'f32'): number | undefined
  /** Pushes a float register's double in the first lane of a vector, as `write` takes it. */
  readLanes(index: number): void
  /** The same where a NaN counts but not its bits. */
  numberLanes(index: number): void
  /** Makes the local of a float register that is a single hold its double. */
  widen(register: Register): void
  /** The local of a register's low word, where it has one. */
  lowWord(index: number): number | undefined
  /** To be written first of all. */
  begin(): void
  fill(register: Register): void
  spill(register: Register): void
  /** Lets go of a register whose value nobody needs: the host need not keep it for the common way out. */
  forget(register: Register): void
  /** Pushes a register's value; a condition field may have to be told from its order. */
  read(index: number): void
  /** Puts what is on the stack into a register. */
  write(index: number): void
  /** Pushes whether the numbers of an order compare so. */
  compare(order: Order, kind: number, relation: Relation): void
  /** Told of a branch on a relation of a field. */
  branchedOn(index: number, relation: Relation): void
  /** Whether SO does not change in the unit, so that a field need not keep its own. */
  readonly hasSteadySummary: boolean
  /** Pushes SO of a field that is an order of a kind that has one. */
  summary(index: number): void
  /** Visits the registers of a set, which begins `from` so many words. */
  each(set: Bits, visit: (register: Register) => void, from?: number): void
}

export interface LocalsSpec {
  readonly writer: Writer
  readonly registers: Registers
  readonly conditions: Conditions
  /** Registers whose low word has a local too. */
  readonly lowWords: Bits
  /** Whether results are held against a limit. */
  readonly limited: boolean
  /** A new local. */
  keep(type: Type): number
  /** The order that a field certainly is where code is being written (`Conditions.orderIn`). */
  certain(index: number): number
  /** What the local of a float register holds where code is being written. */
  formOf(index: number): Form
  readonly singles: Singles
}

const { stateBlock } = hostMap

/** A condition field without SO, from two of its relations: a base, and what each adds where it holds. */
const fieldWithout = {
  eq: {
    base: 2,
    factors: [
      ['gt', 2],
      ['lt', 6],
    ],
  },
  lt: {
    base: 8,
    factors: [
      ['gt', -4],
      ['eq', -6],
    ],
  },
  gt: {
    base: 4,
    factors: [
      ['lt', 4],
      ['eq', -2],
    ],
  },
} as const satisfies Record<Relation, unknown>

/** Floats are kept in lanes. */
const typeOfLocal = (type: Type): Type => (type === 'f64' ? 'v128' : type)

const relationNames: readonly Relation[] = ['eq', 'lt', 'gt']

export function createLocals({
  writer,
  registers,
  conditions,
  lowWords: withLowWords,
  limited,
  keep,
  certain,
  formOf,
  singles,
}: LocalsSpec): Locals {
  const w = instructions(writer)
  const locals = registers.all.map(({ type }) => keep(typeOfLocal(type)))
  const of = (index: number): number => locals[index] ?? 0
  /** Where the state block is: shorter than the number. */
  const base = keep('i32')
  const limits = limited ? { f64: keep('f64'), f32: keep('f32') } : undefined
  const status = registers.at(specials.fpscr.at)?.index ?? -1
  const summaryRegister = registers.at(specials.so.at)?.index ?? -1
  const steadySummary = summaryRegister >= 0 && !has(registers.written, summaryRegister) ? summaryRegister : -1
  const none: undefined[] = registers.all.map(() => undefined)
  const lowWords = registers.all.map(({ index }) => (has(withLowWords, index) ? keep('i32') : undefined))
  /** The place in `relationNames` of what was branched on last, of each register. */
  const branched = takeNumbers(registers.all.length)
  const orders: (Order | undefined)[] = none.slice()
  let ordered = 0
  for (const [index, kinds] of conditions.kinds) {
    const pair = (type: OrderType) =>
      [...kinds].some(kind => orderKinds[kind]?.type === type) ? { first: keep(type), second: keep(type) } : undefined
    orders[index] = { number: ordered, kinds, locals: { i32: pair('i32'), i64: pair('i64'), f64: pair('f64') } }
    ordered += 1
  }
  const relationOf = (index: number): Relation => relationNames[branched[index] ?? 0] ?? 'eq'

  /** What results are held against follows FPSCR, and a low word its register. */
  function write(index: number): void {
    const low = lowWords[index]
    if (low !== undefined) {
      w.tee(of(index))
      w.do(operations['i32.wrap_i64'])
      w.set(low)
      return
    }
    w.set(of(index))
    if (limits === undefined || index !== status) return
    for (const type of ['f64', 'f32'] as const) {
      writeLimit(writer, type, () => w.get(of(status)))
      w.set(limits[type])
    }
  }
  function compare({ locals: numbers }: Order, kind: number, relation: Relation): void {
    const how = orderKinds[kind]
    if (how === undefined) throw new Error(`${kind} is no kind of comparison`)
    const pair = numbers[how.type]
    w.get(pair?.first ?? 0)
    w.get(pair?.second ?? 0)
    w.do(how.relations[relation])
  }
  function summary(index: number): void {
    if (steadySummary >= 0) {
      w.get(of(steadySummary))
      return
    }
    w.get(of(index))
    w.i32(-1)
    w.do(operations['i32.xor'])
    w.i32(1)
    w.do(operations['i32.and'])
  }
  /**
   * Pushes the field that an order is: LT 8, GT 4 or EQ 2, and SO. Two relations tell it; the one that was branched on is
   * not among them, since the host would keep its answer for here instead of branching on the comparison itself.
   */
  function tell(order: Order, kind: number, index: number): void {
    const { base, factors } = fieldWithout[relationOf(index)]
    w.i32(base)
    for (const [relation, factor] of factors) {
      compare(order, kind, relation)
      w.i32(factor)
      w.do(operations['i32.mul'])
      w.do(operations['i32.add'])
    }
    if (!hasSummary(kind)) return
    summary(index)
    w.do(operations['i32.or'])
  }
  const readLanes = (index: number): void => singles.pushDouble(index, of(index), formOf(index))
  function read(index: number): void {
    const local = of(index)
    const order = orders[index]
    if (order === undefined) {
      if (registers.all[index]?.type === 'f64') {
        readLanes(index)
        w.do(extracts.f64)
      } else w.get(local)
      return
    }
    const kind = certain(index)
    if (kind > 0) {
      tell(order, kind - 1, index)
      return
    }
    w.get(local)
    w.i32(0)
    w.do(operations['i32.lt_s'])
    w.if('i32')
    const [last = 0, ...others] = order.kinds
    for (const one of others) {
      w.get(local)
      w.i32(-2)
      w.do(operations['i32.and'])
      w.i32(~(2 * one + 1))
      w.do(operations['i32.eq'])
      w.if('i32')
      tell(order, one, index)
      w.else()
    }
    tell(order, last, index)
    for (const _ of others) w.end()
    w.else()
    w.get(local)
    w.end()
  }

  function load({ index, offset, bytes, type }: Register): void {
    w.get(base)
    if (bytes === 16) w.simdMemory(simdAccess.load, offset)
    else if (type === 'f64') w.simdMemory(simdAccess.load64Zero, offset)
    else w.memory(bytes === 1 ? op.i32Load8U : bytes === 4 ? op.i32Load : op.i64Load, offset)
    write(index)
  }
  function store({ index, offset, bytes, type }: Register): void {
    w.get(base)
    if (type === 'f64') {
      readLanes(index)
      w.simdMemory(simdAccess.store64Lane, offset, 0)
      return
    }
    read(index)
    if (bytes === 16) w.simdMemory(simdAccess.store, offset)
    else w.memory(bytes === 1 ? op.i32Store8 : bytes === 4 ? op.i32Store : op.i64Store, offset)
  }
  function zero(type: Type, local: number): void {
    if (type === 'v128') {
      w.simd(12)
      writer.bytes(new Uint8Array(16))
    } else if (type === 'f64' || type === 'f32') w.float(type, 0)
    else w[type](0)
    w.set(local)
  }
  function drop({ index, type }: Register): void {
    zero(typeOfLocal(type), of(index))
    const low = lowWords[index]
    if (low !== undefined) zero('i32', low)
    const order = orders[index]
    for (const one of orderTypes) for (const local of Object.values(order?.locals[one] ?? {})) zero(one, local)
  }

  /** Ways to store a field that is an order: by which it certainly is, and what was branched on. */
  const waysToStore = (orderKinds.length + 1) * relationNames.length
  const all = none.length
  /** What is done with a register besides: store it, by what its local holds, load it, let go of it. */
  const waysToStoreFloat = Object.keys(forms).length
  const others = waysToStoreFloat + 2
  /** What stands in the writer already, by the number of what is done with which register: most of it is written many times. */
  const writtenAt = takeNumbers(others * all + ordered * waysToStore)
  const writtenSize = takeNumbers(writtenAt.length)
  /** Does something with a register; where that was done before, its code is written again. */
  function again(number: number, write: (register: Register) => void, register: Register): void {
    const size = writtenSize[number] ?? 0
    if (size > 0) {
      writer.repeat(writtenAt[number] ?? 0, size)
      return
    }
    const at = writer.length
    write(register)
    writtenAt[number] = at
    writtenSize[number] = writer.length - at
  }
  /**
   * What decides how a register is stored: what the local of a float holds; for a field, which order it certainly is, and what
   * was branched on.
   */
  function storeNumber(index: number): number {
    const order = orders[index]
    if (order === undefined) return formOf(index) * all + index
    return others * all + order.number * waysToStore + certain(index) * relationNames.length + (branched[index] ?? 0)
  }

  return {
    of,
    order: index => orders[index],
    limit: type => limits?.[type],
    readLanes,
    numberLanes: index => singles.pushDouble(index, of(index), formOf(index), true),
    widen({ index }) {
      readLanes(index)
      w.set(of(index))
    },
    lowWord: index => lowWords[index],
    begin() {
      w.i32(stateBlock)
      w.set(base)
    },
    fill(register) {
      again(waysToStoreFloat * all + register.index, load, register)
    },
    forget(register) {
      again((waysToStoreFloat + 1) * all + register.index, drop, register)
    },
    spill(register) {
      again(storeNumber(register.index), store, register)
    },
    read,
    write,
    compare,
    branchedOn(index, relation) {
      branched[index] = relationNames.indexOf(relation)
    },
    hasSteadySummary: steadySummary >= 0,
    summary,
    each(set, visit, from = 0) {
      for (let word = 0; word < registers.words; word += 1)
        for (let rest = set[from + word] ?? 0; rest !== 0; rest &= rest - 1) {
          const register = registers.all[32 * word + (31 - Math.clz32(rest & -rest))]
          if (register !== undefined) visit(register)
        }
    },
  }
}

/** Locals for what lives within an instruction: they serve one after the other. */
export function createTemporaries(keep: (type: Type) => number) {
  const pools: Record<Type, { readonly locals: number[]; used: number }> = {
    i32: { locals: [], used: 0 },
    i64: { locals: [], used: 0 },
    f32: { locals: [], used: 0 },
    f64: { locals: [], used: 0 },
    v128: { locals: [], used: 0 },
  }
  const all = Object.values(pools)
  return {
    take(type: Type): number {
      const pool = pools[type]
      const have = pool.locals[pool.used] ?? keep(type)
      pool.locals[pool.used] = have
      pool.used += 1
      return have
    },
    /** All are free again. */
    release(): void {
      for (const pool of all) pool.used = 0
    },
  }
}
