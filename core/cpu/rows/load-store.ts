import type { Ops, Values } from '../algebra.ts'
import type { Operand } from '../forms.ts'
import { loadSingle, singleBits } from './float-bits.ts'
import { apart, modelled, row } from './row.ts'

/** Loads and stores of every kind but vectors, and the cache. Power ISA, book I 3.3 and 4.6, book II chapters 3 and 4. */

type Base = Operand<'base'>
type Gpr = Operand<'gpr'>
type Imm = Operand<'imm'>

/** Effective addresses: register (or zero) plus displacement, or plus register. */
const d = <V extends Values>(o: Ops<V>, f: { readonly base: Base; readonly d: Imm }): V['i32'] =>
  o.i32.wrap_i64(o.i64.add(o.gpr(f.base), o.imm(f.d)))
const ds = <V extends Values>(o: Ops<V>, f: { readonly base: Base; readonly ds: Imm }): V['i32'] =>
  o.i32.wrap_i64(o.i64.add(o.gpr(f.base), o.imm(f.ds)))
const x = <V extends Values>(o: Ops<V>, f: { readonly base: Base; readonly b: Gpr }): V['i32'] =>
  o.i32.wrap_i64(o.i64.add(o.gpr(f.base), o.gpr(f.b)))

/** The same with update: RA becomes the whole 64-bit sum. It is written before a loaded register that is also RA. */
function update<V extends Values>(o: Ops<V>, a: Gpr, offset: V['i64']): V['i32'] {
  const sum = o.i64.add(o.gpr(a), offset)
  o.setGpr(a, sum)
  return o.i32.wrap_i64(sum)
}
const du = <V extends Values>(o: Ops<V>, f: { readonly a: Gpr; readonly d: Imm }): V['i32'] =>
  update(o, f.a, o.imm(f.d))
const dsu = <V extends Values>(o: Ops<V>, f: { readonly a: Gpr; readonly ds: Imm }): V['i32'] =>
  update(o, f.a, o.imm(f.ds))
const xu = <V extends Values>(o: Ops<V>, f: { readonly a: Gpr; readonly b: Gpr }): V['i32'] =>
  update(o, f.a, o.gpr(f.b))

/** What is loaded, as a register has it. */
const byte = <V extends Values>(o: Ops<V>, ea: V['i32']): V['i64'] => o.i64.extend_i32_u(o.load8(ea))
const half = <V extends Values>(o: Ops<V>, ea: V['i32']): V['i64'] => o.i64.extend_i32_u(o.load16(ea))
const halfSigned = <V extends Values>(o: Ops<V>, ea: V['i32']): V['i64'] =>
  o.i64.extend_i32_s(o.i32.extend16_s(o.load16(ea)))
const word = <V extends Values>(o: Ops<V>, ea: V['i32']): V['i64'] => o.i64.extend_i32_u(o.load32(ea))
const wordSigned = <V extends Values>(o: Ops<V>, ea: V['i32']): V['i64'] => o.i64.extend_i32_s(o.load32(ea))

const low = <V extends Values>(o: Ops<V>, register: Gpr): V['i32'] => o.i32.wrap_i64(o.gpr(register))

/** The bytes of a number in the other order. */
function reverse16<V extends Values>(o: Ops<V>, v: V['i32']): V['i32'] {
  const { i32 } = o
  return i32.or(
    i32.and(i32.shr_u(v, i32.const(8)), i32.const(0xff)),
    i32.shl(i32.and(v, i32.const(0xff)), i32.const(8)),
  )
}
function reverse32<V extends Values>(o: Ops<V>, v: V['i32']): V['i32'] {
  const { i32 } = o
  return i32.or(
    i32.and(i32.rotl(v, i32.const(8)), i32.const(0x00ff00ff)),
    i32.and(i32.rotl(v, i32.const(24)), i32.const(0xff00ff00)),
  )
}
function reverse64<V extends Values>(o: Ops<V>, v: V['i64']): V['i64'] {
  const { i64 } = o
  const high = i64.extend_i32_u(reverse32(o, o.i32.wrap_i64(v)))
  return i64.or(
    i64.shl(high, i64.const(32)),
    i64.extend_i32_u(reverse32(o, o.i32.wrap_i64(i64.shr_u(v, i64.const(32))))),
  )
}

/** The index of register `first + n`, counting on from r31 to r0. */
const wrapped = <V extends Values>(o: Ops<V>, first: Gpr, n: V['i32']): V['i32'] =>
  o.i32.and(o.i32.add(o.numberOf(first), n), o.i32.const(31))

function loadMultiple<V extends Values>(o: Ops<V>, t: Gpr, ea: V['i32']): void {
  const { i32, i64 } = o
  const count = i32.sub(i32.const(32), o.numberOf(t))
  o.check('load', ea, i32.shl(count, i32.const(2)))
  o.repeat(count, n => {
    const at = i32.add(ea, i32.shl(n, i32.const(2)))
    o.setGprAt(wrapped(o, t, n), i64.extend_i32_u(o.load32(at)))
  })
}

function storeMultiple<V extends Values>(o: Ops<V>, s: Gpr, ea: V['i32']): void {
  const { i32 } = o
  const count = i32.sub(i32.const(32), o.numberOf(s))
  o.check('store', ea, i32.shl(count, i32.const(2)))
  o.repeat(count, n => o.store32(i32.add(ea, i32.shl(n, i32.const(2))), i32.wrap_i64(o.gprAt(wrapped(o, s, n)))))
}

/** Byte n of a string goes to, or comes from, byte n mod 4 (from the left) of the low word of register n / 4. */
function stringByte<V extends Values>(o: Ops<V>, first: Gpr, n: V['i32']) {
  const { i32 } = o
  const place = i32.and(n, i32.const(3))
  return {
    register: wrapped(o, first, i32.shr_u(n, i32.const(2))),
    isFirst: i32.eqz(place),
    shift: i32.shl(i32.sub(i32.const(3), place), i32.const(3)),
  }
}

function loadString<V extends Values>(o: Ops<V>, t: Gpr, ea: V['i32'], count: V['i32']): void {
  const { i32, i64 } = o
  o.check('load', ea, count)
  o.repeat(count, n => {
    const { register, isFirst, shift } = stringByte(o, t, n)
    const old = i64.select(isFirst, i64.const(0), o.gprAt(register))
    o.setGprAt(register, i64.or(old, i64.extend_i32_u(i32.shl(o.load8(i32.add(ea, n)), shift))))
  })
}

function storeString<V extends Values>(o: Ops<V>, s: Gpr, ea: V['i32'], count: V['i32']): void {
  const { i32 } = o
  o.check('store', ea, count)
  o.repeat(count, n => {
    const { register, shift } = stringByte(o, s, n)
    o.store8(i32.add(ea, n), i32.shr_u(i32.wrap_i64(o.gprAt(register)), shift))
  })
}
const bytesOf = <V extends Values>(o: Ops<V>, nb: Imm): V['i32'] => o.known32(k => k(nb) || 32)

/** A reservation is its size in the high word and its address in the low one. */
function reservation<V extends Values>(o: Ops<V>, ea: V['i32'], size: 4 | 8): V['i64'] {
  o.when(o.i32.and(ea, o.i32.const(size - 1)), () => o.fault('unaligned', ea))
  return o.i64.or(o.i64.extend_i32_u(ea), o.i64.const(BigInt(size) << 32n))
}
function storeConditional<V extends Values>(o: Ops<V>, ea: V['i32'], size: 4 | 8, store: () => void): void {
  const held = o.i64.eq(o.get('reservation'), reservation(o, ea, size))
  o.when(held, store)
  o.set('reservation', o.i64.const(0))
  o.setCrField(0, o.i32.or(o.i32.shl(held, o.i32.const(1)), o.get('so')))
}

function zeroBlock<V extends Values>(o: Ops<V>, ea: V['i32'], size: 32 | 128): void {
  const start = o.i32.and(ea, o.i32.const(-size))
  const zero = o.v128.const(Array<number>(16).fill(0))
  for (let at = 0; at < size; at += 16) o.store128(o.i32.add(start, o.i32.const(at)), zero)
}

const cacheLine = 128

export const loadStoreRows = [
  row('lbz', '100010 t base d', 't, d(base)', 'load byte', (o, f) => o.setGpr(f.t, byte(o, d(o, f)))),
  ...modelled(
    'update-of-target',
    row('lbzu', '100011 t a d', 't, d(a)', 'load byte, update', (o, f) => o.setGpr(f.t, byte(o, du(o, f)))),
  ),
  row('lbzx', '011111 t base b 00010101110', 't, base, b', 'load byte, indexed', (o, f) =>
    o.setGpr(f.t, byte(o, x(o, f))),
  ),
  ...modelled(
    'update-of-target',
    row('lbzux', '011111 t a b 00011101110', 't, a, b', 'load byte, indexed, update', (o, f) =>
      o.setGpr(f.t, byte(o, xu(o, f))),
    ),
  ),
  row('lhz', '101000 t base d', 't, d(base)', 'load halfword', (o, f) => o.setGpr(f.t, half(o, d(o, f)))),
  ...modelled(
    'update-of-target',
    row('lhzu', '101001 t a d', 't, d(a)', 'load halfword, update', (o, f) => o.setGpr(f.t, half(o, du(o, f)))),
  ),
  row('lhzx', '011111 t base b 01000101110', 't, base, b', 'load halfword, indexed', (o, f) =>
    o.setGpr(f.t, half(o, x(o, f))),
  ),
  ...modelled(
    'update-of-target',
    row('lhzux', '011111 t a b 01001101110', 't, a, b', 'load halfword, indexed, update', (o, f) =>
      o.setGpr(f.t, half(o, xu(o, f))),
    ),
  ),
  row('lha', '101010 t base d', 't, d(base)', 'load signed halfword', (o, f) => o.setGpr(f.t, halfSigned(o, d(o, f)))),
  ...modelled(
    'update-of-target',
    row('lhau', '101011 t a d', 't, d(a)', 'load signed halfword, update', (o, f) =>
      o.setGpr(f.t, halfSigned(o, du(o, f))),
    ),
  ),
  row('lhax', '011111 t base b 01010101110', 't, base, b', 'load signed halfword, indexed', (o, f) =>
    o.setGpr(f.t, halfSigned(o, x(o, f))),
  ),
  ...modelled(
    'update-of-target',
    row('lhaux', '011111 t a b 01011101110', 't, a, b', 'load signed halfword, indexed, update', (o, f) =>
      o.setGpr(f.t, halfSigned(o, xu(o, f))),
    ),
  ),
  row('lwz', '100000 t base d', 't, d(base)', 'load word', (o, f) => o.setGpr(f.t, word(o, d(o, f)))),
  ...modelled(
    'update-of-target',
    row('lwzu', '100001 t a d', 't, d(a)', 'load word, update', (o, f) => o.setGpr(f.t, word(o, du(o, f)))),
  ),
  row('lwzx', '011111 t base b 00000101110', 't, base, b', 'load word, indexed', (o, f) =>
    o.setGpr(f.t, word(o, x(o, f))),
  ),
  ...modelled(
    'update-of-target',
    row('lwzux', '011111 t a b 00001101110', 't, a, b', 'load word, indexed, update', (o, f) =>
      o.setGpr(f.t, word(o, xu(o, f))),
    ),
  ),
  row('lwa', '111010 t base ds 10', 't, ds(base)', 'load signed word', (o, f) =>
    o.setGpr(f.t, wordSigned(o, ds(o, f))),
  ),
  row('lwax', '011111 t base b 01010101010', 't, base, b', 'load signed word, indexed', (o, f) =>
    o.setGpr(f.t, wordSigned(o, x(o, f))),
  ),
  ...modelled(
    'update-of-target',
    row('lwaux', '011111 t a b 01011101010', 't, a, b', 'load signed word, indexed, update', (o, f) =>
      o.setGpr(f.t, wordSigned(o, xu(o, f))),
    ),
  ),
  row('ld', '111010 t base ds 00', 't, ds(base)', 'load doubleword', (o, f) => o.setGpr(f.t, o.load64(ds(o, f)))),
  ...modelled(
    'update-of-target',
    row('ldu', '111010 t a ds 01', 't, ds(a)', 'load doubleword, update', (o, f) => o.setGpr(f.t, o.load64(dsu(o, f)))),
  ),
  row('ldx', '011111 t base b 00000101010', 't, base, b', 'load doubleword, indexed', (o, f) =>
    o.setGpr(f.t, o.load64(x(o, f))),
  ),
  ...modelled(
    'update-of-target',
    row('ldux', '011111 t a b 00001101010', 't, a, b', 'load doubleword, indexed, update', (o, f) =>
      o.setGpr(f.t, o.load64(xu(o, f))),
    ),
  ),

  row('stb', '100110 s base d', 's, d(base)', 'store byte', (o, f) => o.store8(d(o, f), low(o, f.s))),
  row('stbu', '100111 s a d', 's, d(a)', 'store byte, update', (o, f) => o.store8(du(o, f), low(o, f.s))),
  row('stbx', '011111 s base b 00110101110', 's, base, b', 'store byte, indexed', (o, f) =>
    o.store8(x(o, f), low(o, f.s)),
  ),
  row('stbux', '011111 s a b 00111101110', 's, a, b', 'store byte, indexed, update', (o, f) =>
    o.store8(xu(o, f), low(o, f.s)),
  ),
  row('sth', '101100 s base d', 's, d(base)', 'store halfword', (o, f) => o.store16(d(o, f), low(o, f.s))),
  row('sthu', '101101 s a d', 's, d(a)', 'store halfword, update', (o, f) => o.store16(du(o, f), low(o, f.s))),
  row('sthx', '011111 s base b 01100101110', 's, base, b', 'store halfword, indexed', (o, f) =>
    o.store16(x(o, f), low(o, f.s)),
  ),
  row('sthux', '011111 s a b 01101101110', 's, a, b', 'store halfword, indexed, update', (o, f) =>
    o.store16(xu(o, f), low(o, f.s)),
  ),
  row('stw', '100100 s base d', 's, d(base)', 'store word', (o, f) => o.store32(d(o, f), low(o, f.s))),
  row('stwu', '100101 s a d', 's, d(a)', 'store word, update', (o, f) => o.store32(du(o, f), low(o, f.s))),
  row('stwx', '011111 s base b 00100101110', 's, base, b', 'store word, indexed', (o, f) =>
    o.store32(x(o, f), low(o, f.s)),
  ),
  row('stwux', '011111 s a b 00101101110', 's, a, b', 'store word, indexed, update', (o, f) =>
    o.store32(xu(o, f), low(o, f.s)),
  ),
  row('std', '111110 s base ds 00', 's, ds(base)', 'store doubleword', (o, f) => o.store64(ds(o, f), o.gpr(f.s))),
  row('stdu', '111110 s a ds 01', 's, ds(a)', 'store doubleword, update', (o, f) => o.store64(dsu(o, f), o.gpr(f.s))),
  row('stdx', '011111 s base b 00100101010', 's, base, b', 'store doubleword, indexed', (o, f) =>
    o.store64(x(o, f), o.gpr(f.s)),
  ),
  row('stdux', '011111 s a b 00101101010', 's, a, b', 'store doubleword, indexed, update', (o, f) =>
    o.store64(xu(o, f), o.gpr(f.s)),
  ),

  row('lfs', '110000 ft base d', 'ft, d(base)', 'load single', (o, f) => loadSingle(o, f.ft, d(o, f))),
  row('lfsu', '110001 ft a d', 'ft, d(a)', 'load single, update', (o, f) => loadSingle(o, f.ft, du(o, f))),
  row('lfsx', '011111 ft base b 10000101110', 'ft, base, b', 'load single, indexed', (o, f) =>
    loadSingle(o, f.ft, x(o, f)),
  ),
  row('lfsux', '011111 ft a b 10001101110', 'ft, a, b', 'load single, indexed, update', (o, f) =>
    loadSingle(o, f.ft, xu(o, f)),
  ),
  row('lfd', '110010 ft base d', 'ft, d(base)', 'load double', (o, f) => o.setDouble(f.ft, o.loadDouble(d(o, f)))),
  row('lfdu', '110011 ft a d', 'ft, d(a)', 'load double, update', (o, f) => o.setDouble(f.ft, o.loadDouble(du(o, f)))),
  row('lfdx', '011111 ft base b 10010101110', 'ft, base, b', 'load double, indexed', (o, f) =>
    o.setDouble(f.ft, o.loadDouble(x(o, f))),
  ),
  row('lfdux', '011111 ft a b 10011101110', 'ft, a, b', 'load double, indexed, update', (o, f) =>
    o.setDouble(f.ft, o.loadDouble(xu(o, f))),
  ),
  row('stfs', '110100 fs base d', 'fs, d(base)', 'store single', (o, f) => o.storeSingle(d(o, f), singleBits(o, f.fs))),
  row('stfsu', '110101 fs a d', 'fs, d(a)', 'store single, update', (o, f) =>
    o.storeSingle(du(o, f), singleBits(o, f.fs)),
  ),
  row('stfsx', '011111 fs base b 10100101110', 'fs, base, b', 'store single, indexed', (o, f) =>
    o.storeSingle(x(o, f), singleBits(o, f.fs)),
  ),
  row('stfsux', '011111 fs a b 10101101110', 'fs, a, b', 'store single, indexed, update', (o, f) =>
    o.storeSingle(xu(o, f), singleBits(o, f.fs)),
  ),
  row('stfd', '110110 fs base d', 'fs, d(base)', 'store double', (o, f) => o.storeDouble(d(o, f), o.double(f.fs))),
  row('stfdu', '110111 fs a d', 'fs, d(a)', 'store double, update', (o, f) => o.storeDouble(du(o, f), o.double(f.fs))),
  row('stfdx', '011111 fs base b 10110101110', 'fs, base, b', 'store double, indexed', (o, f) =>
    o.storeDouble(x(o, f), o.double(f.fs)),
  ),
  row('stfdux', '011111 fs a b 10111101110', 'fs, a, b', 'store double, indexed, update', (o, f) =>
    o.storeDouble(xu(o, f), o.double(f.fs)),
  ),
  row('stfiwx', '011111 fs base b 11110101110', 'fs, base, b', 'store the low word of a float register', (o, f) =>
    o.store32(x(o, f), o.i32.wrap_i64(o.fpr(f.fs))),
  ),

  row('lhbrx', '011111 t base b 11000101100', 't, base, b', 'load halfword, bytes reversed', (o, f) =>
    o.setGpr(f.t, o.i64.extend_i32_u(reverse16(o, o.load16(x(o, f))))),
  ),
  row('lwbrx', '011111 t base b 10000101100', 't, base, b', 'load word, bytes reversed', (o, f) =>
    o.setGpr(f.t, o.i64.extend_i32_u(reverse32(o, o.load32(x(o, f))))),
  ),
  row('ldbrx', '011111 t base b 10000101000', 't, base, b', 'load doubleword, bytes reversed', (o, f) =>
    o.setGpr(f.t, reverse64(o, o.load64(x(o, f)))),
  ),
  row('sthbrx', '011111 s base b 11100101100', 's, base, b', 'store halfword, bytes reversed', (o, f) =>
    o.store16(x(o, f), reverse16(o, low(o, f.s))),
  ),
  row('stwbrx', '011111 s base b 10100101100', 's, base, b', 'store word, bytes reversed', (o, f) =>
    o.store32(x(o, f), reverse32(o, low(o, f.s))),
  ),
  row('stdbrx', '011111 s base b 10100101000', 's, base, b', 'store doubleword, bytes reversed', (o, f) =>
    o.store64(x(o, f), reverse64(o, o.gpr(f.s))),
  ),

  row('lmw', '101110 t base d', 't, d(base)', 'load words to RT and all above', (o, f) =>
    loadMultiple(o, f.t, d(o, f)),
  ),
  row('stmw', '101111 s base d', 's, d(base)', 'store words of RS and all above', (o, f) =>
    storeMultiple(o, f.s, d(o, f)),
  ),
  row('lswi', '011111 t base nb 10010101010', 't, base, nb', 'load a string of NB bytes (0 is 32)', (o, f) =>
    loadString(o, f.t, o.i32.wrap_i64(o.gpr(f.base)), bytesOf(o, f.nb)),
  ),
  row('lswx', '011111 t base b 10000101010', 't, base, b', 'load a string of as many bytes as XER counts', (o, f) =>
    loadString(o, f.t, x(o, f), o.get('xerCount')),
  ),
  row('stswi', '011111 s base nb 10110101010', 's, base, nb', 'store a string of NB bytes (0 is 32)', (o, f) =>
    storeString(o, f.s, o.i32.wrap_i64(o.gpr(f.base)), bytesOf(o, f.nb)),
  ),
  row('stswx', '011111 s base b 10100101010', 's, base, b', 'store a string of as many bytes as XER counts', (o, f) =>
    storeString(o, f.s, x(o, f), o.get('xerCount')),
  ),

  row('lwarx', '011111 t base b 00000101000', 't, base, b', 'load word and reserve', (o, f) => {
    const ea = x(o, f)
    const held = reservation(o, ea, 4)
    o.setGpr(f.t, word(o, ea))
    o.set('reservation', held)
  }),
  row('ldarx', '011111 t base b 00010101000', 't, base, b', 'load doubleword and reserve', (o, f) => {
    const ea = x(o, f)
    const held = reservation(o, ea, 8)
    o.setGpr(f.t, o.load64(ea))
    o.set('reservation', held)
  }),
  ...modelled(
    'other-reservation',
    row('stwcx.', '011111 s base b 00100101101', 's, base, b', 'store word if reserved', (o, f) => {
      const ea = x(o, f)
      storeConditional(o, ea, 4, () => o.store32(ea, low(o, f.s)))
    }),
  ),
  ...modelled(
    'other-reservation',
    row('stdcx.', '011111 s base b 00110101101', 's, base, b', 'store doubleword if reserved', (o, f) => {
      const ea = x(o, f)
      storeConditional(o, ea, 8, () => o.store64(ea, o.gpr(f.s)))
    }),
  ),

  row(
    'dcbf',
    '01111100000 base b 00010101100',
    'base, b',
    'flush a cache line: no effect, there is no cache',
    () => {},
  ),
  row(
    'dcbst',
    '01111100000 base b 00001101100',
    'base, b',
    'write a cache line back: no effect, there is no cache',
    () => {},
  ),
  ...apart(
    'privileged',
    row(
      'dcbi',
      '01111100000 base b 01110101100',
      'base, b',
      "invalidate a cache line: the hypervisor's alone, a fault",
      o => o.fault('privileged'),
    ),
  ),
  row('dcbt', '0111110 th base b 01000101100', 'base, b, th', 'prefetch a cache line to load: no effect', () => {}),
  row('dcbtst', '01111100000 base b 00111101100', 'base, b', 'prefetch a cache line to store: no effect', () => {}),
  row('dcbz', '01111100000 base b 11111101100', 'base, b', 'zero the 32 bytes around an address', (o, f) =>
    zeroBlock(o, x(o, f), 32),
  ),
  row('dcbz128', '01111100001 base b 11111101100', 'base, b', 'zero the 128 bytes around an address', (o, f) =>
    zeroBlock(o, x(o, f), 128),
  ),
  row('icbi', '01111100000 base b 11110101100', 'base, b', 'drop the translation of a line of code', (o, f) =>
    o.forget(o.i32.and(x(o, f), o.i32.const(-cacheLine)), cacheLine),
  ),
]
