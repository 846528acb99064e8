import { describe, expect, test } from 'vitest'
import { createWorkbench, dataBase } from './workbench.ts'

/**
 * What QEMU cannot show: the results titles see with MSR.SF = 0 where the high words count too, and what the architecture
 * leaves open and the console is known, or assumed, to do. Values are facts of the manuals and of public vectors.
 */
const narrow = createWorkbench()
const wide = createWorkbench({}, true)

interface Given {
  readonly [register: `r${number}`]: bigint
  readonly xer?: number
  readonly ctr?: bigint
}
function result(line: string, given: Given, bench = narrow) {
  const registers = bench.cpu.registers()
  const { msr } = registers
  registers.clear()
  registers.msr = msr
  for (const [name, value] of Object.entries(given)) {
    if (name === 'xer') registers.xer = Number(value)
    else if (name === 'ctr') registers.ctr = BigInt(value)
    else registers.setGpr(Number(name.slice(1)), BigInt(value))
  }
  const exit = bench.run([line])
  if (exit.kind !== 'leave') throw new Error(JSON.stringify(exit))
  return {
    r3: registers.gpr(3),
    cr0: registers.cr >>> 28,
    ca: (registers.xer >>> 29) & 1,
    ov: (registers.xer >>> 30) & 1,
    so: registers.xer >>> 31,
    ctr: registers.ctr,
  }
}
const lt = 8
const gt = 4
const eq = 2

describe('with MSR.SF = 0, results have 64 bits, and CR0, CA and OV are those of the low 32', () => {
  test.each([
    ['or. r3, r4, r5', { r4: 0x80000000n, r5: 0n }, 0x80000000n, { cr0: lt }, { cr0: gt }],
    ['addc. r3, r4, r5', { r4: 0xffffffffn, r5: 1n }, 0x100000000n, { cr0: eq, ca: 1 }, { cr0: gt, ca: 0 }],
    ['addic. r3, r4, 1', { r4: 0xffffffffn }, 0x100000000n, { cr0: eq, ca: 1 }, { cr0: gt, ca: 0 }],
    ['subfic r3, r4, -1', { r4: 0xffffffffn }, 0xffffffff00000000n, { ca: 1 }, { ca: 1 }],
    ['add. r3, r4, r5', { r4: 0x7fffffffffffffffn, r5: 1n }, 1n << 63n, { cr0: eq }, { cr0: lt }],
    ['neg. r3, r4', { r4: 1n << 63n }, 1n << 63n, { cr0: eq }, { cr0: lt }],
    ['addo. r3, r4, r5', { r4: 0x7fffffffn, r5: 1n }, 0x80000000n, { cr0: lt | 1, ov: 1, so: 1 }, { cr0: gt, ov: 0 }],
    ['addo r3, r4, r5', { r4: (1n << 63n) - 1n, r5: 1n }, 1n << 63n, { ov: 0 }, { ov: 1 }],
    ['nego r3, r4', { r4: 0x80000000n }, 0xffffffff80000000n, { ov: 1 }, { ov: 0 }],
    ['addze r3, r4', { r4: 0xffffffffn, xer: 0x20000000 }, 0x100000000n, { ca: 1 }, { ca: 0 }],
    ['subfc r3, r4, r5', { r4: 5n, r5: 5n }, 0n, { ca: 1 }, { ca: 1 }],
    ['subfc r3, r4, r5', { r4: 1n, r5: 0n }, (1n << 64n) - 1n, { ca: 0 }, { ca: 0 }],
    ['andis. r3, r4, 0x8000', { r4: (1n << 64n) - 1n }, 0x80000000n, { cr0: lt }, { cr0: gt }],
    ['rldicl. r3, r4, 0, 0', { r4: 1n << 40n }, 1n << 40n, { cr0: eq }, { cr0: gt }],
  ] as const)('%s', (line, given, value, inNarrow, inWide) => {
    expect(result(line, given)).toMatchObject({ r3: value, ...inNarrow })
    expect(result(line, given, wide)).toMatchObject({ r3: value, ...inWide })
  })

  test('bdnz looks at the low word of CTR, which counts down whole', () => {
    const registers = narrow.cpu.registers()
    for (const [bench, taken] of [
      [narrow, false],
      [wide, true],
    ] as const) {
      bench.cpu.registers().ctr = 0x500000001n
      bench.place(['bdnz 0x82000008', 'nop', 'nop'])
      bench.cpu.run(1)
      expect(bench.cpu.registers().ctr).toBe(0x500000000n)
      expect(bench.cpu.registers().pc === 0x82000008).toBe(taken)
    }
    expect(registers.pc).toBe(0x82000004)
  })

  test('a compare of words looks at no high word, in either mode', () => {
    for (const bench of [narrow, wide]) {
      expect(result('cmpwi r4, 5', { r4: 0x1234567800000005n }, bench).cr0).toBe(eq)
      expect(result('cmpdi r4, 5', { r4: 0x1234567800000005n }, bench).cr0).toBe(gt)
    }
  })
})

describe('what the architecture leaves open', () => {
  test.each([
    ['mulhw r3, r4, r5', { r4: 0xffffffffn, r5: 1n }, (1n << 64n) - 1n],
    ['mulhwu r3, r4, r5', { r4: 0xffffffffn, r5: 0xffffffffn }, 0xfffffffen],
    ['divw r3, r4, r5', { r4: 0xfffffff9n, r5: 2n }, 0xfffffffdn],
    ['divw r3, r4, r5', { r4: 7n, r5: 0n }, 0n],
    ['divw r3, r4, r5', { r4: 0x80000000n, r5: 0xffffffffn }, 0x80000000n],
    ['divwu r3, r4, r5', { r4: 7n, r5: 1n << 32n }, 0n],
    ['divd r3, r4, r5', { r4: 7n, r5: 0n }, 0n],
    ['divd r3, r4, r5', { r4: 1n << 63n, r5: (1n << 64n) - 1n }, 1n << 63n],
    ['divdu r3, r4, r5', { r4: 7n, r5: 0n }, 0n],
  ] as const)('%s', (line, given, value) => {
    expect(result(line, given).r3).toBe(value)
  })

  test('an impossible quotient overflows where OE asks', () => {
    for (const line of ['divwo. r3, r4, r5', 'divwuo. r3, r4, r5', 'divdo. r3, r4, r5', 'divduo. r3, r4, r5'])
      expect(result(line, { r4: 7n, r5: 0n })).toMatchObject({ r3: 0n, ov: 1, so: 1, cr0: eq | 1 })
    expect(result('divwo r3, r4, r5', { r4: 0x80000000n, r5: 0xffffffffn }).ov).toBe(1)
    expect(result('divwo r3, r4, r5', { r4: 0x80000000n, r5: 2n }).ov).toBe(0)
  })

  test('a load that updates its own target leaves what was loaded', () => {
    narrow.memory.store32(dataBase + 8, 0x99)
    expect(result('lwzu r3, 8(r3)', { r3: BigInt(dataBase) }).r3).toBe(0x99n)
  })
})

describe('rotates and shifts of words in 64 bits', () => {
  test.each([
    ['rlwinm r3, r4, 4, 0x1C, 3', { r4: 0x1122334455667788n }, 0x5667788550000005n],
    ['rlwinm r3, r4, 8, 0x18, 7', { r4: 0x11223344f5667788n }, 0x667788f5660000f5n],
    ['rlwinm r3, r4, 0, 0, 0x1F', { r4: 0x11223344f5667788n }, 0xf5667788n],
    ['rlwimi r3, r4, 8, 0x18, 0x1F', { r3: 0xdeadbeefcafef00dn, r4: 0x11223344f5667788n }, 0xdeadbeefcafef0f5n],
    ['rlwimi r3, r4, 8, 0x18, 7', { r3: 0xdeadbeefcafef00dn, r4: 0x11223344f5667788n }, 0x667788f566fef0f5n],
    ['rlwnm r3, r4, r5, 0, 0x1F', { r4: 0x12345678n, r5: 36n }, 0x23456781n],
    ['slw r3, r4, r5', { r4: 1n, r5: 32n }, 0n],
    ['slw r3, r4, r5', { r4: 3n, r5: 64n }, 3n],
    ['srw r3, r4, r5', { r4: 0xffffffff80000000n, r5: 31n }, 1n],
    ['sld r3, r4, r5', { r4: 3n, r5: 64n }, 0n],
    ['srd r3, r4, r5', { r4: 3n, r5: 128n }, 3n],
    ['mullw r3, r4, r5', { r4: 0xf0000000n, r5: 0x7fffffffn }, 0xf800000010000000n],
    ['mulli r3, r4, -3', { r4: 0x0000000100000001n }, 0xfffffffcfffffffdn],
    ['cntlzw r3, r4', { r4: 0xffffffff00000000n }, 32n],
    ['cntlzd r3, r4', { r4: 0n }, 64n],
  ] as const)('%s', (line, given, value) => {
    expect(result(line, given).r3).toBe(value)
  })

  test.each([
    ['srawi r3, r4, 4', { r4: 0xf5667780n }, 0],
    ['srawi r3, r4, 4', { r4: 0xf5667788n }, 1],
    ['srawi r3, r4, 0', { r4: 0xffffffffn }, 0],
    ['sraw r3, r4, r5', { r4: 0x80000000n, r5: 40n }, 1],
    ['sraw r3, r4, r5', { r4: 0x80000000n, r5: 64n }, 0],
    ['srad r3, r4, r5', { r4: 1n << 63n, r5: 64n }, 1],
    ['srad r3, r4, r5', { r4: 1n << 63n, r5: 63n }, 0],
    ['sradi r3, r4, 0x3F', { r4: (1n << 63n) | 1n }, 1],
  ] as const)('%s tells in CA whether a one was lost from a negative number', (line, given, ca) => {
    expect(result(line, given).ca).toBe(ca)
  })
})

describe('loads and stores of several registers', () => {
  test('lswi fills registers from the left, wraps from r31 to r0, and clears the rest of the last', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i + 1)
    narrow.memory.write(dataBase, bytes)
    const registers = narrow.cpu.registers()
    registers.clear()
    for (const n of [30, 31, 0]) registers.setGpr(n, (1n << 64n) - 1n)
    registers.setGpr32(9, dataBase)
    expect(narrow.run(['lswi r30, r9, 0xA']).kind).toBe('leave')
    expect([30, 31, 0].map(n => registers.gpr(n))).toEqual([0x01020304n, 0x05060708n, 0x090a0000n])
  })

  test('a string of no bytes touches nothing', () => {
    const registers = narrow.cpu.registers()
    registers.clear()
    registers.setGpr(3, 5n)
    expect(narrow.run(['lswx r3, 0, r9', 'stswx r3, 0, r9']).kind).toBe('leave')
    expect(registers.gpr(3)).toBe(5n)
  })

  test('dcbz clears 32 bytes and dcbz128 a line of 128, around the address', () => {
    for (const [line, size] of [
      ['dcbz 0, r9', 32],
      ['dcbz128 0, r9', 128],
    ] as const) {
      narrow.memory.fill(dataBase, 0x200, 0xff)
      narrow.cpu.registers().setGpr32(9, dataBase + 0x8f)
      narrow.run([line])
      const zeros = [...narrow.memory.read(dataBase, 0x200)].flatMap((byte, n) => (byte === 0 ? [n] : []))
      expect([zeros.length, zeros[0]]).toEqual([size, 0x80])
    }
  })

  test('lfs and stfs move bits: a signalling NaN stays one, a denormal is made normal and back', () => {
    for (const [single, double] of [
      [0x7f800001, 0x7ff0000020000000n],
      [0xffc12345, 0xfff82468a0000000n],
      [0x00000001, 0x36a0000000000000n],
      [0x807fffff, 0xb80fffffc0000000n],
      [0x3f800000, 0x3ff0000000000000n],
      [0xff800000, 0xfff0000000000000n],
    ] as const) {
      narrow.memory.store32(dataBase, single)
      narrow.cpu.registers().setGpr32(9, dataBase)
      narrow.run(['lfs f1, 0(r9)', 'stfs f1, 4(r9)'])
      expect(narrow.cpu.registers().fpr(1)).toBe(double)
      expect(narrow.memory.load32(dataBase + 4)).toBe(single)
    }
  })
})

describe('the machine state', () => {
  test('mtmsrd with L = 1 moves EE and RI alone, and no move leaves the mode', () => {
    const registers = narrow.cpu.registers()
    registers.msr = 0x9030n
    registers.setGpr(3, (1n << 64n) - 1n - 0x8000n)
    narrow.run(['mtmsrd r3, 1', 'mfmsr r4'])
    expect([registers.msr, registers.gpr(4)]).toEqual([0x1032n, 0x1032n])
    registers.setGpr(3, 1n << 63n)
    narrow.run(['mtmsrd r3, 0'])
    expect(registers.msr).toBe(0n)
    registers.setGpr(3, 0x9030n)
    narrow.run(['mtmsr r3, 0'])
    expect(registers.msr).toBe(0x9030n)
  })

  test('XER has three flags and a count', () => {
    const registers = narrow.cpu.registers()
    registers.setGpr(3, (1n << 64n) - 1n)
    narrow.run(['mtxer r3', 'mfxer r4'])
    expect(registers.gpr(4)).toBe(0xe000007fn)
  })

  test('the processor says which one it is', () => {
    narrow.run(['mfspr r3, 0x11F'])
    expect(narrow.cpu.registers().gpr(3) >> 16n).toBe(0x71n)
  })
})
