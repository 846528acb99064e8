import type { Ops, Values } from '../algebra.ts'
import { spr } from '../fields.ts'
import { alias, apart, type Row, row } from './row.ts'

/** Barriers, special purpose registers, the machine state, and what only a kernel may do. Power ISA, books II and III. */

/** Processor version: the upper half is the same on every console. */
const processorVersion = 0x00710700n

function readXer<V extends Values>(o: Ops<V>): V['i64'] {
  const { i32 } = o
  const bit = (name: 'so' | 'ov' | 'ca', at: number) => i32.shl(o.get(name), i32.const(at))
  const flags = i32.or(i32.or(bit('so', 31), bit('ov', 30)), bit('ca', 29))
  return o.i64.extend_i32_u(i32.or(flags, o.get('xerCount')))
}

function writeXer<V extends Values>(o: Ops<V>, value: V['i64']): void {
  const { i32 } = o
  const word = i32.wrap_i64(value)
  const bit = (at: number) => i32.and(i32.shr_u(word, i32.const(at)), i32.const(1))
  o.set('so', bit(31))
  o.set('ov', bit(30))
  o.set('ca', bit(29))
  o.set('xerCount', i32.and(word, i32.const(0x7f)))
}

/** The bits of MSR that a move may change. SF stays: no title leaves its mode. */
function writeMsr<V extends Values>(o: Ops<V>, value: V['i64'], mask: bigint): void {
  const { i64 } = o
  const old = o.get('msr')
  o.set('msr', i64.xor(old, i64.and(i64.xor(old, value), i64.const(mask))))
}
const externalAndRecoverable = 0x8002n
const lowWord = 0xffffffffn
const allButSf = (1n << 63n) - 1n

function readTimebase<V extends Values>(o: Ops<V>, number: number): V['i64'] {
  const ticks = o.timebase()
  return number === spr.tbu ? o.i64.shr_u(ticks, o.i64.const(32)) : ticks
}

/** What no title may do at all: name, encoding, syntax, what it would do. */
const hypervisor = (
  [
    ['rfid', '01001100000000000000000000100100', '', 'return from interrupt'],
    ['hrfid', '01001100000000000000001000100100', '', 'return from the hypervisor'],
    ['slbie', '0111110000000000 b 01101100100', 'b', 'invalidate a segment entry'],
    ['slbia', '01111100000000000000001111100100', '', 'invalidate all segment entries'],
    ['slbmte', '011111 s 00000 b 01100100100', 's, b', 'write a segment entry'],
    ['slbmfee', '011111 t 00000 b 11100100110', 't, b', 'read the address half of a segment entry'],
    ['slbmfev', '011111 t 00000 b 11010100110', 't, b', 'read the page half of a segment entry'],
    ['tlbie', '0111110000 tlbl 00000 b 01001100100', 'b, tlbl', 'invalidate a page entry'],
    ['tlbiel', '0111110000 tlbl 00000 b 01000100100', 'b, tlbl', 'invalidate a page entry of this processor'],
    ['tlbsync', '01111100000000000000010001101100', '', 'wait for invalidated page entries'],
  ] as const
).map(([name, pattern, syntax, about]) =>
  row(name, pattern, syntax, `${about}: a fault, no title may`, o => o.fault('privileged')),
)

export const systemRows: readonly Row[] = [
  row(
    'sync',
    '011111000 barrier 000000000010010101100',
    'barrier',
    'order memory accesses: no effect, they are in order',
    () => {},
  ),
  row('eieio', '01111100000000000000011010101100', '', 'order device accesses: no effect, they are in order', () => {}),
  row(
    'isync',
    '01001100000000000000000100101100',
    '',
    'wait for all instructions before: no effect, they are done',
    () => {},
  ),

  row('mfspr', '011111 t spr spr 01010100110', 't, spr', 'read a special purpose register', (o, f) => {
    switch (f.spr) {
      case spr.xer:
        return o.setGpr(f.t, readXer(o))
      case spr.lr:
        return o.setGpr(f.t, o.get('lr'))
      case spr.ctr:
        return o.setGpr(f.t, o.get('ctr'))
      case spr.vrsave:
        return o.setGpr(f.t, o.i64.extend_i32_u(o.get('vrsave')))
      case spr.tb:
      case spr.tbu:
        return o.setGpr(f.t, readTimebase(o, f.spr))
      case spr.pvr:
        return o.setGpr(f.t, o.i64.const(processorVersion))
      default:
        return o.fault(f.spr === spr.kernel ? 'privileged' : 'illegal')
    }
  }),
  row('mtspr', '011111 s spr spr 01110100110', 'spr, s', 'write a special purpose register', (o, f) => {
    switch (f.spr) {
      case spr.xer:
        return writeXer(o, o.gpr(f.s))
      case spr.lr:
        return o.set('lr', o.gpr(f.s))
      case spr.ctr:
        return o.set('ctr', o.gpr(f.s))
      case spr.vrsave:
        return o.set('vrsave', o.i32.wrap_i64(o.gpr(f.s)))
      default:
        return o.fault(f.spr === spr.none ? 'illegal' : 'privileged')
    }
  }),
  ...apart(
    'the clock of the host',
    row('mftb', '011111 t spr spr 01011100110', 't, spr', 'read the timebase', (o, f) => {
      if (f.spr === spr.tb || f.spr === spr.tbu) o.setGpr(f.t, readTimebase(o, f.spr))
      else o.fault('illegal')
    }),
  ),

  ...apart(
    'privileged',
    row('mfmsr', '011111 t 000000000000010100110', 't', 'read the machine state', (o, f) =>
      o.setGpr(f.t, o.get('msr')),
    ),
    row('mtmsr', '011111 s 0000 l15 0000000100100100', 's, l15', 'write the machine state, low word', (o, f) =>
      writeMsr(o, o.gpr(f.s), f.l15 ? externalAndRecoverable : lowWord),
    ),
    row('mtmsrd', '011111 s 0000 l15 0000000101100100', 's, l15', 'write the machine state, all but the mode', (o, f) =>
      writeMsr(o, o.gpr(f.s), f.l15 ? externalAndRecoverable : allButSf),
    ),
    ...hypervisor,
  ),
]

const moves = [
  ['xer', '00001 00000'],
  ['lr', '01000 00000'],
  ['ctr', '01001 00000'],
] as const

/**
 * Words that are an instruction without effect, and by that a hint to the processor: hold this thread back for so many
 * cycles. A loop that waits for another thread or for the GPU has dozens of them a round (`__db16cyc` of the kit). One
 * cycle is what every instruction counts as; the rest is noted.
 */
const hint = (name: string, pattern: string, cycles: number): Row =>
  row(name, pattern, '', `rest for ${cycles} cycles`, o =>
    o.set('rest', o.i32.add(o.get('rest'), o.i32.const(cycles - 1))),
  )

export const hintRows: readonly Row[] = [
  hint('db8cyc', '011111 11100 11100 11100 0110111100 0', 8),
  hint('db16cyc', '011111 11111 11111 11111 0110111100 0', 16),
]

export const systemAliases = [
  alias('lwsync', '01111100001000000000010010101100', '', 'order accesses to ordinary memory'),
  ...moves.flatMap(([name, number]) => [
    alias(`mf${name}`, `011111 t ${number} 01010100110`, 't', `read ${name.toUpperCase()}`),
    alias(`mt${name}`, `011111 s ${number} 01110100110`, 's', `write ${name.toUpperCase()}`),
  ]),
  alias('mftb', '011111 t 01100 01000 01011100110', 't', 'read the whole timebase'),
]
