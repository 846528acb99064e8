/**
 * What a meaning says, as data: running a row's function with the Ops of this file gives a `Program` of nodes and
 * statements, which the emitter turns into code and the analyser reads.
 *
 * A node is a value without effect, and the same value asked for twice is the same node. The emitter writes a node where
 * it is used when it is used once, and into a local where it was made when it is used more often (but for float registers,
 * which compiled code reads in more ways than one); so a node made inside one arm of a `when` may not be used outside it,
 * and here that is an error. Loads and calls are nodes too, but pinned: they happen where they were written. Register writes
 * are kept apart, per scope, to be done after all else.
 */
import { repeated } from '../../base/bits.ts'
import type { Known, Ops, Routine, Table, Values } from '../algebra.ts'
import { type Operation, operations, type Type } from '../arithmetic.ts'
import { type FieldName, readerOf } from '../fields.ts'
import { fieldOf, type Operand } from '../forms.ts'
import { whereAt, whereOf } from '../places.ts'
import type { Row } from '../rows/row.ts'
import { type FaultCode, type FileName, files, type SpecialName, specials } from '../state.ts'
import type { Form, KnownNumber, Mode, Node, Place, Program, Scope, Size } from './program.ts'

type KeysOf<T> = T extends unknown ? keyof T : never

/** Has what any form has: nodes of one shape are several times faster to look at, and faster made field by field. */
function nodeOf(form: Form, id: number, type: Type, args: readonly Node[], scope: Scope, pinned: boolean): Node {
  const f: { readonly [K in KeysOf<Form>]?: unknown } = form
  const node = {
    op: f.op,
    value: f.value,
    operation: f.operation,
    lane: f.lane,
    lanes: f.lanes,
    known: f.known,
    place: f.place,
    yes: f.yes,
    no: f.no,
    results: f.results,
    size: f.size,
    table: f.table,
    bytes: f.bytes,
    routine: f.routine,
    index: f.index,
    all: f.all,
    fact: f.fact,
    id,
    type,
    args,
    scope,
    pinned,
    uses: 0,
    local: 0,
    writing: 0,
  } satisfies Record<KeysOf<Form> | keyof Node, unknown>
  return node as Node
}

interface Nodes extends Values {
  i32: Node
  i64: Node
  f32: Node
  f64: Node
  v128: Node
}

let scopes = 0
function createScope(parent: Scope | undefined): Scope {
  scopes += 1
  return { parent, statements: [], writes: [], branch: undefined, memo: new Map(), id: scopes, plan: undefined }
}

function within(scope: Scope, outer: Scope): boolean {
  for (let one: Scope | undefined = scope; one !== undefined; one = one.parent) if (one === outer) return true
  return false
}

const sameNodes = (a: readonly Node[], b: readonly Node[]): boolean =>
  a.length === b.length && a.every((node, i) => node === b[i])

const plainMode: Mode = { wide: false, exact: true, fuses: false }

interface Tracer {
  readonly ops: Ops<Nodes>
  /** Starts an empty program. */
  begin(mode: Mode): Program
  parameter(index: number, type: Type): Node
  use(node: Node): Node
}

/** One set of methods serves all programs, one after the other. */
function createTracer(): Tracer {
  let mode: Mode = plainMode
  let body = createScope(undefined)
  let places: Place[] = []
  let program = { body, immediate: false, asksWidth: false, places, made: [] as unknown[] }
  const placeOf = new Map<string, Place>()
  let scope = body
  let nodes = 0
  let fresh = 0

  function begin(of: Mode): Program {
    mode = of
    body = createScope(undefined)
    places = []
    program = { body, immediate: false, asksWidth: false, places, made: [] as unknown[] }
    placeOf.clear()
    scope = body
    fresh = 0
    return program
  }

  function use(node: Node): Node {
    if (!within(scope, node.scope)) throw new Error('a value is used outside the branch that computes it')
    node.uses += 1
    return node
  }

  function make(form: Form, type: Type, args: readonly Node[], key?: string, pinned = false): Node {
    if (key !== undefined)
      for (let one: Scope | undefined = scope; one !== undefined; one = one.parent) {
        const known = one.memo.get(key)?.find(other => sameNodes(other.args, args))
        if (known !== undefined) return known
      }
    for (const arg of args) use(arg)
    const node = nodeOf(form, nodes, type, args, scope, pinned)
    nodes += 1
    scope.statements.push({ kind: 'value', node })
    if (key !== undefined) {
      const list = scope.memo.get(key)
      if (list === undefined) scope.memo.set(key, [node])
      else list.push(node)
    }
    return node
  }

  function inside(run: () => void): Scope {
    const inner = createScope(scope)
    scope = inner
    run()
    scope = inner.parent ?? body
    return inner
  }

  const constant = (type: Type, value: number | bigint | readonly number[]): Node =>
    make(
      { op: 'const', value },
      type,
      [],
      `const.${type}:${Object.is(value, -0) ? '-0' : Array.isArray(value) ? value.join('.') : value}`,
    )

  function group(prefix: string): Record<string, (...args: never[]) => Node> {
    const methods: Record<string, (...args: never[]) => Node> = {}
    for (const [name, operation] of Object.entries(operations) as [string, Operation][]) {
      if (!name.startsWith(`${prefix}.`)) continue
      const method = name.slice(prefix.length + 1)
      methods[method] = operation.lane
        ? (lane: number, ...args: Node[]) =>
            make({ op: 'arithmetic', operation, lane }, operation.gives, args, `${name}:${lane}`)
        : (...args: Node[]) => make({ op: 'arithmetic', operation, lane: 0 }, operation.gives, args, name)
    }
    return methods
  }

  function choices(type: Type) {
    return {
      select: (condition: Node, yes: Node, no: Node): Node =>
        make({ op: 'select' }, type, [yes, no, condition], `select.${type}`),
      choose(condition: Node, yes: () => Node, no: () => Node): Node {
        const results: Node[] = []
        const arms = [yes, no].map(arm => inside(() => results.push(use(arm()))))
        const [ifYes, ifNo] = arms
        const [yesResult, noResult] = results
        if (!ifYes || !ifNo || !yesResult || !noResult) throw new Error('choose needs two arms')
        const form: Form = { op: 'choose', yes: ifYes, no: ifNo, results: [yesResult, noResult] }
        return make(form, type, [condition], undefined, true)
      },
      usual(conditions: readonly Node[], yes: () => Node, no: () => Node): Node {
        if (!mode.quick) return choices(type).choose(all(conditions), yes, no)
        demand(conditions)
        return yes()
      },
      const: (value: number | bigint | readonly number[]): Node => constant(type, value),
    }
  }

  const all = (conditions: readonly Node[]): Node => conditions.reduce((a, b) => ops.i32.and(a, b))
  function demand(conditions: readonly Node[]): void {
    scope.statements.push({ kind: 'require', conditions: conditions.map(use) })
  }
  const fact = (about: 'single' | 'plain' | 'number', condition: Node, subject: Node): Node =>
    make({ op: 'fact', fact: about }, 'i32', [condition, subject], `fact.${about}`)

  /** The place of a name, made where there is none of it yet. */
  function place(name: string, make: (slot: number) => Place): Place {
    const have = placeOf.get(name)
    if (have !== undefined) return have
    const now = make(places.length)
    places.push(now)
    placeOf.set(name, now)
    return now
  }
  function numbered(file: FileName, operand: Operand | number): Place {
    const { type, at, step } = files[file]
    if (typeof operand !== 'number')
      return place(`${file}${operand.name}`, slot => ({ file, operand, type, slot, where: whereOf(operand) }))
    return place(`${file}${operand}`, slot => {
      return { file, number: operand, type, slot, where: whereAt(at + operand * step) }
    })
  }
  function named(name: SpecialName): Place {
    const { type, at } = specials[name]
    return place(name, slot => ({ file: 'special', name, type, slot, where: whereAt(at) }))
  }
  const read = (place: Place): Node => make({ op: 'read', place }, place.type, [], `read.${place.slot}`)
  const write = (place: Place, value: Node): void => {
    scope.writes.push({ place, value: use(value) })
  }

  const known = (type: 'i32' | 'i64', number: KnownNumber, key: string): Node =>
    make({ op: 'known', known: number }, type, [], key)
  function immediate(type: 'i32' | 'i64', operand: Operand): Node {
    const field = fieldOf(operand.name)
    const bits = field.shift + field.runs.reduce((sum, [first, last]) => sum + last - first + 1, 0)
    const bytes = bits <= (field.signed ? 8 : 7) ? 1 : bits <= 16 ? 2 : 4
    return known(type, { of: k => k(operand), bytes, signed: field.signed }, `imm.${type}.${operand.name}`)
  }
  function unique(): string {
    fresh += 1
    return `known.${fresh}`
  }

  const load = (size: Size, type: Type, ea: Node): Node => make({ op: 'load', size }, type, [ea], undefined, true)
  const store = (size: Size, ea: Node, value: Node): void => {
    scope.statements.push({ kind: 'store', size, ea: use(ea), value: use(value) })
  }
  const lookup = (bytes: 1 | 4 | 8, table: Table, index: Node): Node =>
    make({ op: 'lookup', table, bytes }, bytes === 8 ? 'i64' : 'i32', [index], `lookup${bytes}.${table.name}`)

  const bitOfField = (operand: Operand) => ({
    place: numbered('crf', operand),
    shift: known('i32', { of: k => 3 - (k(operand) & 3), bytes: 1, signed: false }, `bit.${operand.name}`),
  })

  const ops = {
    get wide() {
      program.asksWidth = true
      return mode.wide
    },
    get exact() {
      return mode.exact
    },
    get fuses() {
      return mode.fuses
    },
    i32: { ...group('i32'), ...choices('i32') },
    i64: { ...group('i64'), ...choices('i64') },
    f32: { ...group('f32'), ...choices('f32') },
    f64: { ...group('f64'), ...choices('f64') },
    v128: { ...group('v128'), ...choices('v128') },
    i8x16: {
      ...group('i8x16'),
      shuffle: (lanes: readonly number[], first: Node, second: Node) =>
        make({ op: 'shuffle', lanes }, 'v128', [first, second], `shuffle:${lanes.join('.')}`),
    },
    i16x8: group('i16x8'),
    i32x4: group('i32x4'),
    i64x2: group('i64x2'),
    f32x4: group('f32x4'),
    f64x2: group('f64x2'),

    imm: (operand: Operand) => immediate('i64', operand),
    imm32: (operand: Operand) => immediate('i32', operand),
    known32: (of: (k: Known) => number) => known('i32', { of, bytes: 4, signed: true }, unique()),
    known64: (of: (k: Known) => bigint) => known('i64', { of, bytes: 8, signed: true }, unique()),
    numberOf: (operand: Operand) => immediate('i32', operand),
    target: (operand: Operand, absolute: boolean) =>
      known(
        'i32',
        { of: k => (k(operand) + (absolute ? 0 : k.pc)) | 0, bytes: 4, signed: true },
        `target.${operand.name}.${absolute}`,
      ),
    next: () => known('i64', { of: k => k.pc + 4, bytes: 4, signed: false }, 'next'),

    gpr: (operand: Operand) => read(numbered('gpr', operand)),
    setGpr(operand: Operand, value: Node) {
      const place = numbered('gpr', operand)
      if (!mode.skips) write(place, value)
      else write(place, ops.i64.select(make({ op: 'skipped' }, 'i32', [], 'skipped'), read(place), value))
    },
    fpr: (operand: Operand<'fpr'>) => ops.i64.reinterpret_f64(ops.double(operand)),
    setFpr: (operand: Operand<'fpr'>, value: Node) => ops.setDouble(operand, ops.f64.reinterpret_i64(value)),
    double: (operand: Operand<'fpr'>) => read(numbered('fpr', operand)),
    setDouble: (operand: Operand<'fpr'>, value: Node) => write(numbered('fpr', operand), value),
    single: (operand: Operand<'fpr'>) => make({ op: 'single' }, 'f32', [ops.double(operand)], 'single'),
    isSingle(operand: Operand<'fpr'>) {
      const value = ops.double(operand)
      return fact('single', ops.f64.eq(ops.f64.promote_f32(ops.single(operand)), value), value)
    },
    setSingle: (operand: Operand<'fpr'>, value: Node) => ops.setDouble(operand, ops.f64.promote_f32(value)),
    setLoaded(operand: Operand<'fpr'>, value: Node, ofNaN: (bits: Node) => Node) {
      if (mode.quick) ops.setDouble(operand, make({ op: 'loaded' }, 'f64', [value]))
      else
        ops.usual(
          [ops.f32.eq(value, value)],
          () => ops.setSingle(operand, value),
          () => ops.setFpr(operand, ofNaN(ops.i32.reinterpret_f32(value))),
        )
    },
    isNumber(operand: Operand<'fpr'>) {
      const value = ops.double(operand)
      return fact('number', ops.f64.eq(value, value), value)
    },
    limit: () => make({ op: 'limit' }, 'f64', [ops.get('fpscr')], 'limit.f64'),
    singleLimit: () => make({ op: 'limit' }, 'f32', [ops.get('fpscr')], 'limit.f32'),
    isPlain(value: Node) {
      const size = ops.v128.and(value, constant('v128', repeated(0x7fff_ffff, 4)))
      const large = ops.f32x4.gt(size, constant('v128', repeated(0x0080_0000, 4)))
      const zero = ops.f32x4.eq(value, constant('v128', repeated(0, 4)))
      const lanes = ops.i32x4.bitmask(ops.v128.or(large, zero))
      return fact('plain', ops.i32.eq(lanes, ops.i32.const(15)), value)
    },
    vr: (operand: Operand) => read(numbered('vr', operand)),
    setVr: (operand: Operand, value: Node) => write(numbered('vr', operand), value),
    crField: (field: Operand | number) => read(numbered('crf', field)),
    setCrField: (field: Operand | number, value: Node) => write(numbered('crf', field), value),
    crBit(operand: Operand) {
      const { place, shift } = bitOfField(operand)
      return ops.i32.and(ops.i32.shr_u(read(place), shift), ops.i32.const(1))
    },
    setCrBit(operand: Operand, value: Node) {
      const { place, shift } = bitOfField(operand)
      const cleared = ops.i32.and(read(place), ops.i32.xor(ops.i32.shl(ops.i32.const(1), shift), ops.i32.const(-1)))
      write(place, ops.i32.or(cleared, ops.i32.shl(value, shift)))
    },
    get: (name: SpecialName) => read(named(name)),
    set: (name: SpecialName, value: Node) => write(named(name), value),
    timebase: () => make({ op: 'timebase' }, 'i64', [], undefined, true),

    load8: (ea: Node) => load(1, 'i32', ea),
    load16: (ea: Node) => load(2, 'i32', ea),
    load32: (ea: Node) => load(4, 'i32', ea),
    load64: (ea: Node) => load(8, 'i64', ea),
    load128: (ea: Node) => load(16, 'v128', ea),
    loadSingle: (ea: Node) => load(4, 'f32', ea),
    loadDouble: (ea: Node) => load(8, 'f64', ea),
    store8: (ea: Node, value: Node) => store(1, ea, value),
    store16: (ea: Node, value: Node) => store(2, ea, value),
    store32: (ea: Node, value: Node) => store(4, ea, value),
    store64: (ea: Node, value: Node) => store(8, ea, value),
    store128: (ea: Node, value: Node) => store(16, ea, value),
    storeSingle: (ea: Node, value: Node) => store(4, ea, value),
    storeDouble: (ea: Node, value: Node) => store(8, ea, value),
    check(access: 'load' | 'store', ea: Node, size: Node) {
      scope.statements.push({ kind: 'check', access, ea: use(ea), size: use(size) })
    },
    forget(ea: Node, size: number) {
      scope.statements.push({ kind: 'forget', ea: use(ea), size })
    },
    lookup8: (table: Table, index: Node) => lookup(1, table, index),
    lookup32: (table: Table, index: Node) => lookup(4, table, index),
    lookup64: (table: Table, index: Node) => lookup(8, table, index),

    when(condition: Node, yes: () => void, no: () => void = () => {}) {
      use(condition)
      scope.statements.push({ kind: 'when', condition, yes: inside(yes), no: inside(no) })
      // Guards the effects, the register writes and the branch of its scopes, each in their own time.
      condition.uses += 1
    },
    usual(conditions: readonly Node[], yes: () => void, no: () => void) {
      if (!mode.quick) {
        ops.when(all(conditions), yes, no)
        return
      }
      demand(conditions)
      yes()
    },
    repeat(count: Node, run: (index: Node) => void) {
      program.immediate = true
      use(count)
      let index: Node | undefined
      const inner = inside(() => {
        index = make({ op: 'index' }, 'i32', [], undefined, true)
        run(index)
      })
      if (index === undefined) return
      if (inner.writes.length > 0 || inner.branch) throw new Error('inside `repeat`, only setGprAt writes registers')
      scope.statements.push({ kind: 'repeat', count, index, body: inner })
    },
    gprAt: (index: Node) => make({ op: 'readAt' }, 'i64', [index], undefined, true),
    setGprAt(index: Node, value: Node) {
      scope.statements.push({ kind: 'writeAt', index: use(index), value: use(value) })
    },

    call(routine: Routine, ...args: Node[]): Node[] {
      const all: Node[] = []
      for (const [index, type] of routine.gives.entries())
        all.push(make({ op: 'result', routine, index, all }, type, index === 0 ? args : [], undefined, true))
      return all
    },

    branch(target: Node) {
      scope.branch = use(target)
    },
    fault(code: FaultCode, address?: Node) {
      scope.statements.push({ kind: 'fault', code, address: address && use(address) })
    },
    callKernel() {
      scope.statements.push({ kind: 'callKernel' })
    },
  } as unknown as Ops<Nodes>

  const parameter = (index: number, type: Type): Node =>
    make({ op: 'parameter', index }, type, [], `parameter.${index}`)
  return { ops, begin, parameter, use }
}

let shared: Tracer | undefined
function tracer(): Tracer {
  shared ??= createTracer()
  return shared
}

/** A row's meaning for one setting of its variants, in one mode. */
export function traceRow(row: Row, variants: ReadonlyMap<FieldName, number>, mode: Mode): Program {
  const operands: Record<string, unknown> = {}
  for (const name of row.encoding.fields) {
    const field = fieldOf(name)
    const { kind } = field
    const value = variants.get(name)
    if (value === undefined) operands[name] = { name, kind, read: readerOf(field) } satisfies Operand
    else operands[name] = kind === 'flag' ? value === 1 : value
  }
  const { ops, begin } = tracer()
  const program = begin(mode)
  row.meaning(ops, operands)
  return program
}

export interface RoutineProgram extends Program {
  readonly results: readonly Node[]
}

export function traceRoutine(routine: Routine): RoutineProgram {
  const { ops, begin, parameter, use } = tracer()
  const program = begin(plainMode)
  const parameters = routine.takes.map((type, index) => parameter(index, type))
  const results = routine.body<Nodes>(ops, ...parameters)
  return { ...program, results: results.map(result => use(result)) }
}
