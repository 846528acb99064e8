/**
 * Vectors and memory. Whole-vector forms drop the low four bits of the address. The element forms load all sixteen bytes
 * (what lies beside the element is undefined) and store the element alone. The left and right forms of the console read and
 * write inside one 16-byte block; the right ones touch no memory at all when the address is aligned, since titles call them
 * with a pointer just behind the last page.
 */
import type { Ops, Values } from '../algebra.ts'
import type { Operand } from '../forms.ts'
import { bytes, iota, shiftBytesLeft, shiftBytesRight, zero } from '../vector/lanes.ts'
import { apart, modelled, type Row, row } from './row.ts'
import { bits, on128 } from './vector-forms.ts'

interface Address {
  readonly base: Operand<'base'>
  readonly b: Operand<'gpr'>
}
type Load = <V extends Values>(o: Ops<V>, ea: V['i32']) => V['v128']
type Store = <V extends Values>(o: Ops<V>, ea: V['i32'], value: V['v128']) => void

const address = <V extends Values>(o: Ops<V>, f: Address): V['i32'] =>
  o.i32.wrap_i64(o.i64.add(o.gpr(f.base), o.gpr(f.b)))
const block = <V extends Values>(o: Ops<V>, ea: V['i32']): V['i32'] => o.i32.and(ea, o.i32.const(-16))
const offset = <V extends Values>(o: Ops<V>, ea: V['i32']): V['i32'] => o.i32.and(ea, o.i32.const(15))
const rest = <V extends Values>(o: Ops<V>, ea: V['i32']): V['i32'] => o.i32.sub(o.i32.const(16), offset(o, ea))

const whole: Load = (o, ea) => o.load128(block(o, ea))
const storeWhole: Store = (o, ea, value) => o.store128(block(o, ea), value)

const left: Load = (o, ea) => shiftBytesLeft(o, o.load128(block(o, ea)), offset(o, ea))
const right: Load = (o, ea) =>
  o.v128.choose(
    offset(o, ea),
    () => shiftBytesRight(o, o.load128(block(o, ea)), rest(o, ea)),
    () => zero(o),
  )

/** Lanes of the bytes of a block from the address on. */
const fromAddress = <V extends Values>(o: Ops<V>, ea: V['i32']): V['v128'] =>
  o.i8x16.le_u(iota(o), o.i8x16.splat(o.i32.sub(o.i32.const(15), offset(o, ea))))

const storeLeft: Store = (o, ea, value) => {
  const moved = shiftBytesRight(o, value, offset(o, ea))
  o.store128(block(o, ea), o.v128.bitselect(moved, o.load128(block(o, ea)), fromAddress(o, ea)))
}
const storeRight: Store = (o, ea, value) =>
  o.when(offset(o, ea), () => {
    const moved = shiftBytesLeft(o, value, rest(o, ea))
    o.store128(block(o, ea), o.v128.bitselect(o.load128(block(o, ea)), moved, fromAddress(o, ea)))
  })

/** The element of `size` bytes that lies at the address within its block, in the lowest lane. */
function element<V extends Values>(o: Ops<V>, ea: V['i32'], value: V['v128'], size: 1 | 2 | 4): V['v128'] {
  const guest = o.i32.and(ea, o.i32.const(16 - size))
  return shiftBytesRight(o, value, o.i32.sub(o.i32.const(16 - size), guest))
}
const storeByte: Store = (o, ea, value) => o.store8(ea, o.i8x16.extract_lane_u(0, element(o, ea, value, 1)))
const storeHalf: Store = (o, ea, value) =>
  o.store16(o.i32.and(ea, o.i32.const(-2)), o.i16x8.extract_lane_u(0, element(o, ea, value, 2)))
const storeWord: Store = (o, ea, value) =>
  o.store32(o.i32.and(ea, o.i32.const(-4)), o.i32x4.extract_lane(0, element(o, ea, value, 4)))

const descending = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
const fromLeft: Load = (o, ea) => o.i8x16.add(o.v128.const(descending), o.i8x16.splat(offset(o, ea)))
const fromRight: Load = (o, ea) =>
  o.i8x16.add(o.v128.const(descending), o.i8x16.sub(bytes(o, 16), o.i8x16.splat(offset(o, ea))))

const wideForm = (one: Row): readonly Row[] => apart('no processor of QEMU has VMX128', one)
const noStreams = 'no processor of QEMU has streams'
const cellOnly = 'no processor of QEMU has the left and right forms'

/** A load in its AltiVec form (extended opcode) and, where there is one, its VMX128 form. */
function load(name: string, extended: number, about: string, meaning: Load, hasWide = true): Row[] {
  const narrow = row(
    name,
    `011111 vd base b ${bits(extended, 10)} 0` as '011111 vd base b 0000000000 0',
    'vd, base, b',
    about,
    (o, f) => o.setVr(f.vd, meaning(o, address(o, f))),
  )
  if (!hasWide) return [narrow]
  const pattern = `000100 vd128 base b ${wide(extended)} vd128 11` as '000100 vd128 base b 0000000 vd128 11'
  return [
    narrow,
    ...wideForm(
      row(`${name}128`, pattern, 'vd128, base, b', on128(about), (o, f) => o.setVr(f.vd128, meaning(o, address(o, f)))),
    ),
  ]
}

function store(name: string, extended: number, about: string, meaning: Store, hasWide = true): Row[] {
  const narrow = row(
    name,
    `011111 vs base b ${bits(extended, 10)} 0` as '011111 vs base b 0000000000 0',
    'vs, base, b',
    about,
    (o, f) => meaning(o, address(o, f), o.vr(f.vs)),
  )
  if (!hasWide) return [narrow]
  const pattern = `000100 vs128 base b ${wide(extended)} vs128 11` as '000100 vs128 base b 0000000 vs128 11'
  return [
    narrow,
    ...wideForm(
      row(`${name}128`, pattern, 'vs128, base, b', on128(about), (o, f) => meaning(o, address(o, f), o.vr(f.vs128))),
    ),
  ]
}

/** The seven bits that name the same access among the VMX128 forms: the upper seven of the extended opcode. */
const wide = (extended: number): string => bits(extended >> 3, 7)

const hint = (name: string, extended: number, transient: boolean, about: string): Row => {
  const pattern = `011111 ${transient ? '1' : '0'}00 strm a b ${bits(extended, 10)} 0`
  return row(name, pattern as '011111 000 strm a b 0101010110 0', 'a, b, strm', about, () => {})
}

export const vectorMemoryRows: readonly Row[] = [
  ...load('lvsl', 6, 'the permutation that shifts left by the address', fromLeft),
  ...load('lvsr', 38, 'the permutation that shifts right by the address', fromRight),
  ...modelled('other-elements', ...load('lvebx', 7, 'load a byte element into its place', whole, false)),
  ...modelled('other-elements', ...load('lvehx', 39, 'load a halfword element into its place', whole, false)),
  ...modelled('other-elements', ...load('lvewx', 71, 'load a word element into its place', whole)),
  ...load('lvx', 103, 'load the sixteen bytes of a block', whole),
  ...load('lvxl', 359, 'as lvx, last use', whole),
  ...apart(
    cellOnly,
    ...load('lvlx', 519, 'load the bytes from the address to the end of its block, left-justified', left),
  ),
  ...apart(cellOnly, ...load('lvrx', 551, 'load the bytes of the block before the address, right-justified', right)),
  ...apart(cellOnly, ...load('lvlxl', 775, 'as lvlx, last use', left)),
  ...apart(cellOnly, ...load('lvrxl', 807, 'as lvrx, last use', right)),
  ...store('stvebx', 135, 'store the byte element that belongs at the address', storeByte, false),
  ...store('stvehx', 167, 'store the halfword element that belongs at the address', storeHalf, false),
  ...store('stvewx', 199, 'store the word element that belongs at the address', storeWord),
  ...store('stvx', 231, 'store sixteen bytes to a block', storeWhole),
  ...store('stvxl', 487, 'as stvx, last use', storeWhole),
  ...apart(cellOnly, ...store('stvlx', 647, 'store left bytes from the address to the end of its block', storeLeft)),
  ...apart(cellOnly, ...store('stvrx', 679, 'store right bytes to the block before the address', storeRight)),
  ...apart(cellOnly, ...store('stvlxl', 903, 'as stvlx, last use', storeLeft)),
  ...apart(cellOnly, ...store('stvrxl', 935, 'as stvrx, last use', storeRight)),
  ...apart(noStreams, hint('dst', 342, false, 'start a stream of loads: no effect')),
  ...apart(noStreams, hint('dstt', 342, true, 'start a transient stream of loads: no effect')),
  ...apart(noStreams, hint('dstst', 374, false, 'start a stream of stores: no effect')),
  ...apart(noStreams, hint('dststt', 374, true, 'start a transient stream of stores: no effect')),
  row('dss', '011111 000 strm 00000 00000 1100110110 0', 'strm', 'stop a stream: no effect', () => {}),
  row('dssall', '011111 10000 00000 00000 1100110110 0', '', 'stop all streams: no effect', () => {}),
]
