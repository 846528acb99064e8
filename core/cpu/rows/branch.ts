import type { Ops, Values } from '../algebra.ts'
import type { Operand } from '../forms.ts'
import { type Alias, alias, apart, modelled, row } from './row.ts'

/** Branches, traps and the system call. Power ISA, book I, chapter 2 and 3.3.10. */

interface Condition {
  readonly bo: number
  readonly bi: Operand<'crb'>
  readonly lk: boolean
}

/** Branches where BO and BI say so; CTR counts down first, LR is set whether or not the branch is taken. */
function conditional<V extends Values>(o: Ops<V>, f: Condition, target: V['i32']): void {
  const { i32, i64 } = o
  const parts: V['i32'][] = []
  if ((f.bo & 4) === 0) {
    const count = i64.sub(o.get('ctr'), i64.const(1))
    o.set('ctr', count)
    const zero = o.wide ? i64.eqz(count) : i32.eqz(i32.wrap_i64(count))
    parts.push(f.bo & 2 ? zero : i32.eqz(zero))
  }
  if ((f.bo & 16) === 0) {
    const bit = o.crBit(f.bi)
    parts.push(f.bo & 8 ? bit : i32.eqz(bit))
  }
  if (f.lk) o.set('lr', o.next())
  const [first, second] = parts
  if (first === undefined) o.branch(target)
  else o.when(second === undefined ? first : i32.and(first, second), () => o.branch(target))
}

const aligned = <V extends Values>(o: Ops<V>, register: V['i64']): V['i32'] =>
  o.i32.and(o.i32.wrap_i64(register), o.i32.const(-4))

/** TO: 16 less, 8 greater, 4 equal, 2 below, 1 above. */
function trap<V extends Values>(
  o: Ops<V>,
  to: Operand<'imm'>,
  compare: (kind: 'lt_s' | 'gt_s' | 'eq' | 'lt_u' | 'gt_u') => V['i32'],
): void {
  const { i32 } = o
  const mask = o.imm32(to)
  const kinds = ['gt_u', 'lt_u', 'eq', 'gt_s', 'lt_s'] as const
  const met = kinds.map((kind, bit) => i32.shl(compare(kind), i32.const(bit)))
  o.when(
    i32.and(
      mask,
      met.reduce((all, one) => i32.or(all, one)),
    ),
    () => o.fault('trap'),
  )
}

export const branchRows = [
  row('b', '010010 li aa lk', 'li', 'branch to an address', (o, f) => {
    if (f.lk) o.set('lr', o.next())
    o.branch(o.target(f.li, f.aa))
  }),
  row('bc', '010000 bo bi bd aa lk', 'bo, bi, bd', 'branch to an address on a condition, CTR or both', (o, f) =>
    conditional(o, f, o.target(f.bd, f.aa)),
  ),
  row('bclr', '010011 bo bi 000 bh 0000010000 lk', 'bo, bi, bh', 'branch to LR on a condition, CTR or both', (o, f) =>
    conditional(o, f, aligned(o, o.get('lr'))),
  ),
  ...modelled(
    'counting-jump',
    row('bcctr', '010011 bo bi 000 bh 1000010000 lk', 'bo, bi, bh', 'branch to CTR on a condition', (o, f) => {
      // Counting down the register that is jumped through is no form of the architecture.
      if (f.bo & 4) conditional(o, f, aligned(o, o.get('ctr')))
      else o.fault('illegal')
    }),
  ),
  ...apart(
    'a system call leaves the sequence',
    row(
      'sc',
      '01000100000000000000 lev 00010',
      'lev',
      'system call; level 2 is the call of an import thunk',
      (o, f) => {
        if (f.lev === 2) o.callKernel()
        else o.fault('syscall')
      },
    ),
  ),
  row('tw', '011111 to a b 00000001000', 'to, a, b', 'trap on a comparison of the low words of RA and RB', (o, f) => {
    const [x, y] = [o.i32.wrap_i64(o.gpr(f.a)), o.i32.wrap_i64(o.gpr(f.b))] as const
    trap(o, f.to, kind => o.i32[kind](x, y))
  }),
  row('td', '011111 to a b 00010001000', 'to, a, b', 'trap on a comparison of RA and RB', (o, f) => {
    const [x, y] = [o.gpr(f.a), o.gpr(f.b)] as const
    trap(o, f.to, kind => o.i64[kind](x, y))
  }),
  row('twi', '000011 to a si', 'to, a, si', 'trap on a comparison of the low word of RA with an immediate', (o, f) => {
    const [x, y] = [o.i32.wrap_i64(o.gpr(f.a)), o.imm32(f.si)] as const
    trap(o, f.to, kind => o.i32[kind](x, y))
  }),
  row('tdi', '000010 to a si', 'to, a, si', 'trap on a comparison of RA with an immediate', (o, f) => {
    const [x, y] = [o.gpr(f.a), o.imm(f.si)] as const
    trap(o, f.to, kind => o.i64[kind](x, y))
  }),
]

const conditions = [
  ['lt', '01100', '00'],
  ['gt', '01100', '01'],
  ['eq', '01100', '10'],
  ['so', '01100', '11'],
  ['ge', '00100', '00'],
  ['le', '00100', '01'],
  ['ne', '00100', '10'],
  ['ns', '00100', '11'],
] as const

export const branchAliases: Alias[] = [
  ...conditions.flatMap(([name, bo, bit]) => [
    alias(`b${name}`, `010000 ${bo} 000 ${bit} bd aa lk`, 'bd', 'branch on a condition of field 0'),
    alias(`b${name}`, `010000 ${bo} bicr ${bit} bd aa lk`, 'bicr, bd', 'branch on a condition'),
    alias(`b${name}lr`, `010011 ${bo} 000 ${bit} 000 00 0000010000 lk`, '', 'return on a condition of field 0'),
    alias(`b${name}lr`, `010011 ${bo} bicr ${bit} 000 00 0000010000 lk`, 'bicr', 'return on a condition'),
    alias(`b${name}ctr`, `010011 ${bo} 000 ${bit} 000 00 1000010000 lk`, '', 'jump on a condition of field 0'),
    alias(`b${name}ctr`, `010011 ${bo} bicr ${bit} 000 00 1000010000 lk`, 'bicr', 'jump on a condition'),
  ]),
  alias('bdnz', '010000 10000 00000 bd aa lk', 'bd', 'count down, branch unless zero'),
  alias('bdz', '010000 10010 00000 bd aa lk', 'bd', 'count down, branch if zero'),
  alias('blr', '010011 10100 00000 000 00 0000010000 lk', '', 'branch to LR'),
  alias('bctr', '010011 10100 00000 000 00 1000010000 lk', '', 'branch to CTR'),
  alias('trap', '01111111111000000000000000001000', '', 'trap always'),
]
