/** AltiVec's floating point; what the lanes compute is in ../vector/float.ts, where the models of the estimates are stated. */
import type { Ops, Values } from '../algebra.ts'
import {
  add,
  bounds,
  ceiling,
  equal,
  exponentialEstimate,
  floor,
  fromInteger,
  fusedAdd,
  fusedNegativeSubtract,
  greater,
  greaterOrEqual,
  logarithmEstimate,
  maximum,
  minimum,
  nearest,
  powerBits,
  reciprocal,
  rootEstimate,
  subtract,
  toInteger,
  truncate,
} from '../vector/float.ts'
import { apart, modelled, type Row } from './row.ts'
import { va, vx, vx1, vxCompare, vxImmediate } from './vector-forms.ts'

/** CR6 of a bounds compare: 2 when every element is inside. */
export const boundsField = <V extends Values>(o: Ops<V>, outside: V['v128']): V['i32'] =>
  o.i32.select(o.v128.any_true(outside), o.i32.const(0), o.i32.const(2))

export const up = (uimm: number): number => powerBits(uimm)
export const down = (uimm: number): number => powerBits(-uimm)

export const vectorFloatRows: readonly Row[] = [
  vx('vaddfp', 0x00a, 'singles added', add),
  vx('vsubfp', 0x04a, 'singles subtracted', subtract),
  vx('vmaxfp', 0x40a, 'the greater singles', maximum),
  vx('vminfp', 0x44a, 'the lesser singles', minimum),
  ...modelled(
    'vector-nan',
    va('vmaddfp', 0x2e, 'vd, va, vc, vb', 'VA × VC + VB rounded once', (o, a, b, c) => fusedAdd(o, a, c, b)),
  ),
  ...modelled(
    'vector-nan',
    va('vnmsubfp', 0x2f, 'vd, va, vc, vb', '-(VA × VC - VB) rounded once', (o, a, b, c) =>
      fusedNegativeSubtract(o, a, c, b),
    ),
  ),
  ...modelled('reciprocal', ...apart('an estimate', vx1('vrefp', 0x10a, 'reciprocal estimates', reciprocal))),
  ...modelled(
    'vector-root',
    ...apart('an estimate', vx1('vrsqrtefp', 0x14a, 'reciprocal square root estimates', rootEstimate)),
  ),
  ...modelled(
    'exponential',
    ...apart('an estimate', vx1('vexptefp', 0x18a, 'estimates of 2 to the power', exponentialEstimate)),
  ),
  ...modelled(
    'logarithm',
    ...apart('an estimate', vx1('vlogefp', 0x1ca, 'estimates of the logarithm to base 2', logarithmEstimate)),
  ),
  vx1('vrfin', 0x20a, 'singles rounded to nearest integers', nearest),
  vx1('vrfiz', 0x24a, 'singles truncated to integers', truncate),
  vx1('vrfip', 0x28a, 'singles rounded up to integers', ceiling),
  vx1('vrfim', 0x2ca, 'singles rounded down to integers', floor),
  vxImmediate('vcfux', 0x30a, 'unsigned words to singles, divided by 2^UIMM', down, fromInteger(false)),
  vxImmediate('vcfsx', 0x34a, 'signed words to singles, divided by 2^UIMM', down, fromInteger(true)),
  ...modelled(
    'nan-saturates',
    vxImmediate('vctuxs', 0x38a, 'singles times 2^UIMM to unsigned words, saturated', up, toInteger(false)),
  ),
  ...modelled(
    'nan-saturates',
    vxImmediate('vctsxs', 0x3ca, 'singles times 2^UIMM to signed words, saturated', up, toInteger(true)),
  ),
  vxCompare('vcmpeqfp', 0x0c6, 'equal singles', equal),
  vxCompare('vcmpgefp', 0x1c6, 'singles not less', greaterOrEqual),
  vxCompare('vcmpgtfp', 0x2c6, 'greater singles', greater),
  vxCompare('vcmpbfp', 0x3c6, 'singles outside the bounds of VB', bounds, boundsField),
]
