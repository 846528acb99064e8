/**
 * Random sequences of instructions that a real machine could run: any row, any operands, but with addresses that mostly
 * lie in the test's own data, branches that only go forward, and no write to r1, which the runner needs.
 *
 * r1 to r4 point into the block and are only read; r5 and r6 are small indices. What still faults when our processor
 * runs it (a trap that is taken, a pointer loaded from data) is thrown away before QEMU sees it.
 */
import { analyseRow } from '../../core/cpu/analyse.ts'
import { type FieldName, insert } from '../../core/cpu/fields.ts'
import { fieldOf } from '../../core/cpu/forms.ts'
import { assembler, decode } from '../../core/cpu/isa.ts'
import type { Row } from '../../core/cpu/rows/row.ts'
import { rows } from '../../core/cpu/rows/table.ts'
import { variantsOf } from '../../core/cpu/variants.ts'
import type { Start } from './block.ts'
import { comparedSprs, completed, fpscrBits, isLeftOut, type Mode, neverRecords, prepared } from './differences.ts'
import { dataAt, dataSize } from './layout.ts'
import { doubleValue, integerValue, type Random, vectorValue } from './random.ts'

const pointers = [2, 3, 4] as const
const indices = [5, 6] as const
const free = [0, ...Array.from({ length: 25 }, (_, n) => n + 7)]

/** The longest string XER ever tells of: whatever register it begins in, it ends with r0 at the latest. */
const longestString = 52
interface Shape {
  readonly row: Row
  /** General registers it writes, by field. */
  readonly targets: ReadonlySet<FieldName>
  /** Takes an address from registers. */
  readonly addresses: boolean
  readonly reserves: boolean
  readonly branches: boolean
}

const cacheNames = /^(dcb|icbi|dst|dss)/

function shapeOf(row: Row): Shape {
  const effects = variantsOf(row).map(variants => analyseRow(row, variants))
  const targets = new Set<FieldName>()
  for (const effect of effects)
    for (const place of effect.writes) if (place.file === 'gpr' && 'operand' in place) targets.add(place.operand.name)
  if (effects.some(effect => effect.immediate) && row.encoding.fields.includes('t')) targets.add('t')
  return {
    row,
    targets,
    addresses: effects.some(effect => effect.memory) || cacheNames.test(row.name),
    reserves: /^(lwarx|ldarx|stwcx|stdcx)/.test(row.name),
    branches: effects.some(effect => effect.branches),
  }
}

export interface Generator {
  readonly shapes: readonly Shape[]
  /** From now on, rows that were executed least come a little more often. */
  favour(hits: ReadonlyMap<string, number>): void
  start(dataAddress: number): Start
  /** Groups of words, `length` of them; they run at any address. */
  sequence(length: number): number[][]
}

export function createGenerator(random: Random, mode: Mode, isAllowed: (row: Row) => boolean): Generator {
  const shapes = rows.filter(row => !isLeftOut(row, mode) && isAllowed(row)).map(shapeOf)

  // Making every register anew would take longer than running the test.
  const poolSize = 2048
  const pool = <T>(make: (random: Random) => T): (() => T) => {
    const all = Array.from({ length: poolSize }, () => make(random))
    return () => random.pick(all)
  }
  const integer = pool(integerValue)
  const double = pool(doubleValue)
  const vector = pool(vectorValue)
  const bytes = Uint8Array.from({ length: 2 * dataSize }, () => random.below(256))

  function start(dataAddress: number): Start {
    const middle = dataAddress + dataSize / 2
    const from = random.below(dataSize)
    const gpr = Array.from({ length: 32 }, integer)
    gpr[1] = BigInt(dataAddress - dataAt)
    gpr[2] = BigInt(middle - 128)
    gpr[3] = BigInt(middle + random.below(64))
    gpr[4] = BigInt(middle + 64 + random.below(32))
    gpr[5] = BigInt(random.below(16) * 8)
    gpr[6] = BigInt(random.below(128))
    const xer =
      random.pick([0, 0x80000000, 0x20000000, 0xa0000000, 0xe0000000, 0xc0000000]) | random.below(longestString + 1)
    return {
      gpr,
      fpr: Array.from({ length: 32 }, double),
      vr: Array.from({ length: 32 }, vector),
      cr: random.word(),
      xer: xer >>> 0,
      lr: mode === 'wide' ? random.long() : BigInt(random.word()),
      ctr: random.chance(50) ? BigInt(random.below(3)) : mode === 'wide' ? random.long() : BigInt(random.word()),
      fpscr: random.chance(50) ? random.below(4) : 0,
      vscr: random.chance(50) ? 0x10000 : random.pick([0, 1, 0x10001]),
      vrsave: random.word(),
      data: bytes.subarray(from, from + dataSize),
    }
  }

  function displacement(size: number): number {
    return Math.floor((random.below(320) - 160) / size) * size
  }

  /** A number for a field, by what the field is for. */
  function operand(shape: Shape, name: FieldName): number {
    const field = fieldOf(name)
    const bits = field.runs.reduce((sum, [first, last]) => sum + (field.same ? 0 : last - first + 1), 0)
    switch (field.kind) {
      case 'gpr':
        if (shape.targets.has(name)) return random.pick(free)
        if (shape.addresses && name === 'b') return random.pick(indices)
        return random.below(32)
      case 'base':
        return shape.addresses ? random.pick(pointers) : random.below(32)
      case 'target':
        return 0
      case 'flag':
        if (name === 'aa') return 0
        if (name === 'l' && mode === 'narrow') return 0
        if (neverRecords.has(shape.row.name) && mode === 'wide') return 0
        return random.below(2)
      case 'variant':
        if (name === 'spr') return random.pick(comparedSprs)
        if (name === 'fxm1') return 1 << random.below(8)
        return random.below(2 ** bits)
      case 'imm':
        if (shape.addresses && (name === 'd' || name === 'ds')) return displacement(1 << field.shift)
        if (name === 'fxm' && shape.row.name === 'mfocrf') return 1 << random.below(8)
        if (name === 'th' || name === 'strm') return 0
        // No exception may be enabled: QEMU's guest would be signalled.
        if (name === 'flm') return random.below(64) << 2
        if (name === 'ff') return random.pick([0, 1, 2, 3, 4, 5, 7])
        if (name === 'u') return random.below(8) & 3
        return (field.signed ? random.below(2 ** bits) - 2 ** (bits - 1) : random.below(2 ** bits)) << field.shift
      case 'crb':
        return shape.row.name in fpscrBits ? random.pick(fpscrBits[shape.row.name] ?? []) : random.below(32)
      default:
        return random.below(2 ** bits)
    }
  }

  function wordOf(shape: Shape, operands: ReadonlyMap<FieldName, number>): number {
    let word = shape.row.encoding.match
    for (const [name, value] of operands) word |= insert(fieldOf(name), value) ?? 0
    return word >>> 0
  }

  /** One instruction, with what must stand before and behind it. */
  function instruction(shape: Shape): number[] {
    const { row, targets } = shape
    const operands = new Map<FieldName, number>()
    for (const name of row.encoding.fields) operands.set(name, operand(shape, name))
    const get = (name: FieldName): number => operands.get(name) ?? 0
    const before: string[] = [...(prepared[row.name]?.lines(get, mode) ?? [])]

    if (shape.addresses && targets.has('a')) {
      // Update forms: RA is neither r0 nor the loaded register, and starts as a pointer.
      const others = free.filter(n => n !== 0 && n !== get('t') && n !== get('b'))
      operands.set('a', random.pick(others))
      before.push(`mr r${get('a')}, r${random.pick(pointers)}`)
    }
    // Several targets: never r1, and never what the address is made of. A string may go on from r31 to r0.
    if (row.name === 'lmw') operands.set('t', 7 + random.below(25))
    if (row.name === 'lswi') operands.set('t', 7 + random.below(19))
    if (row.name === 'lswx') {
      operands.set('t', 7 + random.below(14))
      before.push(`li r0, ${random.below(longestString + 1)}`, 'mtxer r0')
    }
    if (row.models.includes('impossible-quotient')) {
      operands.set('b', random.pick(free))
      before.push(`ori r${get('b')}, r${get('b')}, 1`)
    }
    if (shape.reserves) {
      // In QEMU a reservation is the value: their words are stored to by nothing else.
      const b = random.pick(free.slice(1))
      operands.set('base', 0).set('b', b)
      before.push(`addi r${b}, r1, ${dataAt + 8 * random.below(3)}`)
    }
    if (operands.has('to') && random.chance(75)) before.push(...quietTrap(operands))
    if (row.name === 'bcctr' || row.name === 'bclr') return indirect(shape, operands)
    if (row.name === 'mtspr' && (get('spr') === 1 || get('spr') === 0x100)) {
      // Reserved bits of XER, and the high word of both, are kept there.
      const s = random.pick(free)
      operands.set('s', s)
      if (get('spr') === 1) before.push(`rlwinm r${s}, r${s}, 0, 27, 2`)
      if (mode === 'wide') before.push(`rldicl r${s}, r${s}, 0, 32`)
    }
    const behind = completed[row.name]?.lines(get, mode) ?? []
    return [...assembler.words(before), wordOf(shape, operands), ...assembler.words(behind)]
  }

  /** Known numbers in the registers of a trap, and only conditions that they do not meet. */
  function quietTrap(operands: Map<FieldName, number>): string[] {
    const x = random.below(65_536) - 32_768
    const y = operands.get('si') ?? (random.chance(20) ? x : random.below(65_536) - 32_768)
    operands.set('a', random.pick(free))
    if (operands.has('b')) operands.set('b', random.pick(free.filter(n => n !== operands.get('a'))))
    const [above, below] = [x >>> 0 > y >>> 0, x >>> 0 < y >>> 0].map(Number)
    const met = (x < y ? 16 : 0) | (x > y ? 8 : 0) | (x === y ? 4 : 0) | (below ? 2 : 0) | (above ? 1 : 0)
    operands.set('to', (operands.get('to') ?? 0) & ~met)
    return [`li r${operands.get('a')}, ${x}`, ...(operands.has('b') ? [`li r${operands.get('b')}, ${y}`] : [])]
  }

  /** A branch through LR or CTR; where it goes is filled in when all groups are there. */
  function indirect(shape: Shape, operands: Map<FieldName, number>): number[] {
    const register = random.pick(free.slice(1))
    const lines = ['bl 4', `mflr r${register}`, `addi r${register}, r${register}, 0`]
    if (shape.row.name === 'bclr') lines.push(`mtlr r${register}`)
    else {
      lines.push(`mtctr r${register}`)
      // No counting jump.
      operands.set('bo', (operands.get('bo') ?? 0) | 4)
    }
    return [...assembler.words(lines), wordOf(shape, operands)]
  }

  /** Lets the branch that ends a group go to the beginning of one of the next groups, or to the end of all. */
  function aim(groups: readonly number[][], index: number): void {
    const group = groups[index] ?? []
    const last = group.length - 1
    const over = groups.slice(index + 1, index + 1 + random.below(6)).reduce((sum, one) => sum + one.length, 0)
    const distance = 4 * (over + 1)
    const word = group[last] ?? 0
    const name = decode(word)?.name
    if (name === 'b' || name === 'bc') group[last] = word | (insert(fieldOf(name === 'b' ? 'li' : 'bd'), distance) ?? 0)
    // The link is the address of the second word of the five.
    else if (group.length === 5) group[2] = (group[2] ?? 0) | (distance + 12)
  }

  let lagging: readonly Shape[] = shapes
  return {
    shapes,
    favour(hits) {
      const hitsOf = ({ row }: Shape): number => hits.get(row.name) ?? 0
      lagging = shapes.toSorted((one, other) => hitsOf(one) - hitsOf(other)).slice(0, 16)
    },
    start,
    sequence(length) {
      const chosen = Array.from({ length }, () => random.pick(random.chance(5) ? lagging : shapes))
      const groups = chosen.map(instruction)
      for (const [index, shape] of chosen.entries()) if (shape.branches) aim(groups, index)
      return groups
    },
  }
}
