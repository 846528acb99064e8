/** Compares of floats, which compiled code keeps as the order of two numbers until somebody wants the bits of the field. */
import { describe, expect, test } from 'vitest'
import { addressOf, engines } from './programs.ts'
import { createWorkbench, dataBase } from './workbench.ts'

const singles = { one: 0x3f800000, two: 0x40000000, zero: 0, 'minus zero': 0x80000000, NaN: 0x7fc00000 } as const
type Name = keyof typeof singles
const [lt, gt, eq, unordered] = [8, 4, 2, 1] as const
const pairs: readonly (readonly [first: Name, second: Name, field: number])[] = [
  ['one', 'two', lt],
  ['two', 'one', gt],
  ['two', 'two', eq],
  ['zero', 'minus zero', eq],
  ['NaN', 'one', unordered],
  ['one', 'NaN', unordered],
]
/** Whether each bit is branched on, then all of them: r3 to r6, and r7; beside a compare that copies SO. */
const program = (compare: string): string[] => [
  'cmpwi cr2, r9, 0',
  'lfs f1, 0(r9)',
  'lfs f2, 4(r9)',
  `${compare} cr1, f1, f2`,
  ...[0, 1, 2, 3].flatMap((bit, n) => [
    `li r${3 + bit}, 1`,
    `bc 12, ${4 + bit}, ${addressOf(4 + 3 * n + 3)}`,
    `li r${3 + bit}, 0`,
  ]),
  'mfcr r7',
]

describe.each(engines)('a compare of floats (%s)', engine => {
  const { cpu, memory, run } = createWorkbench({}, false, { engine, fpscr: 'fast' })
  const registers = cpu.registers()

  test.each(
    pairs.flatMap(pair => ['fcmpu', 'fcmpo'].flatMap(compare => [0, 0x80000000].map(xer => [...pair, compare, xer]))),
  )('of %s with %s sets the bit of %i alone (%s, XER %i)', (first, second, field, compare, xer) => {
    registers.clear()
    registers.setGpr(9, BigInt(dataBase))
    registers.xer = Number(xer)
    memory.store32(dataBase, singles[first as Name])
    memory.store32(dataBase + 4, singles[second as Name])
    run(program(String(compare)))
    const bits = [3, 4, 5, 6].reduce((all, n) => 2 * all + registers.gpr32(n), 0)
    expect([bits, (registers.gpr32(7) >>> 24) & 15]).toEqual([field, field])
  })
})
