import { describe, expect, test } from 'vitest'
import { assembler } from '../../../core/cpu/isa.ts'
import type { CpuFault, Engine } from '../../../core/cpu/run.ts'
import { access } from '../../../core/memory/map.ts'
import { all, codeBase, createWorkbench, dataBase, readExecute, readWrite, type Workbench } from './workbench.ts'

const engines: readonly Engine[] = ['interpreter', 'compiler']

function faultOf(bench: Workbench, lines: readonly (string | number)[]): CpuFault | string {
  const exit = bench.run(lines)
  return exit.kind === 'fault' ? exit.fault : exit.kind
}

describe.each(engines)('a run of the %s', engine => {
  test('stops at exactly its budget, wherever that falls, and goes on from there', () => {
    const bench = createWorkbench({}, false, engine)
    const { cpu } = bench
    const registers = cpu.registers()
    bench.place(['addi r3, r3, 1', 'addi r4, r4, 1', 'b 0x82000000'])
    let sum = 0
    for (const budget of [1, 1, 1, 2, 7, 1, 100, 3000, 1]) {
      expect(cpu.run(budget)).toEqual({ kind: 'budget' })
      sum += budget
      expect(cpu.retired).toBe(sum)
      expect(registers.gpr(3)).toBe(BigInt(Math.ceil(sum / 3)))
      expect(registers.gpr(4)).toBe(BigInt(Math.floor((sum + 1) / 3)))
      expect(registers.pc).toBe(codeBase + 4 * (sum % 3))
    }
  })

  test('of no instructions does nothing', () => {
    const bench = createWorkbench({}, false, engine)
    bench.place(['addi r3, r3, 1'])
    expect(bench.cpu.run(0)).toEqual({ kind: 'budget' })
    expect(bench.cpu.retired).toBe(0)
    expect(bench.cpu.registers().pc).toBe(codeBase)
  })

  test('crosses from the last word of a page to the first of the next, and back', () => {
    const bench = createWorkbench({}, false, engine)
    bench.place(['addi r3, r3, 1', 'b 0x82000ff8'], codeBase + 0x1000)
    bench.place(['addi r4, r4, 1', 'addi r5, r5, 1'], codeBase + 0xff8)
    bench.cpu.run(400)
    const registers = bench.cpu.registers()
    expect([3, 4, 5].map(n => registers.gpr32(n))).toEqual([100, 100, 100])
  })

  test('leaves at a stop, with the instruction there not done', () => {
    const bench = createWorkbench({}, false, engine)
    bench.place(['addi r3, r3, 1', 'addi r3, r3, 1', 'b 0x82000000'])
    bench.cpu.run(50)
    bench.cpu.setStops([codeBase + 4])
    const before = bench.cpu.registers().gpr32(3)
    expect(bench.cpu.run(50)).toEqual({ kind: 'leave' })
    expect(bench.cpu.registers().pc).toBe(codeBase + 4)
    bench.cpu.setStops([])
    bench.cpu.run(1)
    // Once on the way to the stop, once from it.
    expect(bench.cpu.registers().gpr32(3)).toBe(before + 2)
  })

  test('decodes anew when the area of decoded pages is full', () => {
    const bench = createWorkbench({}, false, { engine, decodedPages: 2 })
    for (let page = 0; page < 5; page += 1) {
      const next = codeBase + ((page + 1) % 5) * 0x1000
      bench.place(['addi r3, r3, 1', `b 0x${next.toString(16)}`], codeBase + page * 0x1000)
    }
    bench.cpu.registers().pc = codeBase
    bench.cpu.run(100)
    expect(bench.cpu.registers().gpr32(3)).toBe(50)
    if (engine === 'interpreter') expect(bench.cpu.decodedFlushes).toBeGreaterThan(10)
  })
})

describe.each(engines)('an import thunk in the %s', engine => {
  const thunk = ['sc 2', 'blr', 0x1234, 0]

  test('calls the kernel with its id, the count including the call, pc behind it, registers whole', () => {
    const seen: unknown[] = []
    const bench: Workbench = createWorkbench(
      {
        call(id) {
          const registers = bench.cpu.registers()
          seen.push([id, bench.cpu.retired, registers.pc, registers.gpr(3), registers.ctr])
          registers.setGpr32(3, 77)
          return false
        },
      },
      false,
      engine,
    )
    bench.place(['li r3, 5', 'li r4, 9', 'mtctr r4', 'bl 0x82000100', 'addi r3, r3, 1', 'b 0x82000014'])
    bench.place(thunk, codeBase + 0x100)
    const registers = bench.cpu.registers()
    registers.pc = codeBase
    bench.cpu.run(7)
    expect(seen).toEqual([[0x1234, 5, codeBase + 0x104, 5n, 9n]])
    expect(registers.gpr(3)).toBe(78n)
    expect(bench.cpu.retired).toBe(7)
  })

  test('leaves the run when the kernel says so, and goes where the kernel points pc', () => {
    const answers = [true, false]
    const bench: Workbench = createWorkbench(
      {
        call() {
          const leave = answers.shift() ?? true
          if (!leave) bench.cpu.registers().pc = codeBase + 0x20
          return leave
        },
      },
      false,
      engine,
    )
    bench.place([...thunk, 0, 0, 0, 0, 'li r5, 3', 'b 0x82000024'])
    expect(bench.cpu.run(10)).toEqual({ kind: 'leave' })
    expect([bench.cpu.registers().pc, bench.cpu.retired]).toEqual([codeBase + 4, 1])
    bench.cpu.registers().pc = codeBase
    bench.cpu.run(2)
    expect([bench.cpu.registers().gpr32(5), bench.cpu.retired]).toEqual([3, 3])
  })

  test('makes its call also with the last instruction of the budget', () => {
    let calls = 0
    const bench = createWorkbench(
      {
        call() {
          calls += 1
          return false
        },
      },
      false,
      engine,
    )
    bench.place(thunk)
    expect(bench.cpu.run(1)).toEqual({ kind: 'budget' })
    expect([calls, bench.cpu.registers().pc]).toEqual([1, codeBase + 4])
  })
})

test.each(engines)('the timebase in the %s is read at the instruction that asks', engine => {
  const bench: Workbench = createWorkbench({ timebase: () => BigInt(bench.cpu.retired) + (7n << 32n) }, false, engine)
  bench.run(['nop', 'nop', 'mftb r3', 'nop', 'mftb r4', 'mftb r5, 0x10D'])
  const registers = bench.cpu.registers()
  expect([3, 4, 5].map(n => registers.gpr(n))).toEqual([(7n << 32n) | 2n, (7n << 32n) | 4n, 7n])
})

describe.each(engines)('a fault in the %s', engine => {
  const bench = createWorkbench({}, false, engine)
  const hole = 0x50000000

  test.each([
    ['lwz r3, 0(r9)', 'load', 0x50000000],
    ['lbzu r3, 5(r9)', 'load', 0x50000005],
    ['lvx v3, 0, r9', 'load', 0x50000000],
    ['lmw r3, 0(r9)', 'load', 0x50000000],
    ['stwu r3, -8(r9)', 'store', 0x4ffffff8],
    ['stmw r3, 0(r9)', 'store', 0x50000000],
    ['stfd f3, 0(r9)', 'store', 0x50000000],
    ['dcbz128 0, r9', 'store', 0x50000000],
    ['lwarx r3, 0, r8', 'unaligned', 0x40000002],
    ['stdcx. r3, 0, r8', 'unaligned', 0x40000002],
    ['twi 0x1F, r0, 0x14', 'trap', undefined],
    ['tw 0x1F, r1, r0', 'trap', undefined],
    ['sc 0', 'syscall', undefined],
    ['rfid', 'privileged', undefined],
    ['mfspr r3, 0x3F0', 'privileged', undefined],
    ['mfspr r3, 0x3E0', 'illegal', undefined],
    ['mftb r3, 8', 'illegal', undefined],
    ['bcctr 0, lt, 0', 'illegal', undefined],
    [0x00000000, 'illegal', undefined],
    [0x7c00012c, 'illegal', undefined],
  ] as const)('by %s names it, and leaves it undone and uncounted', (line, code, address) => {
    const registers = bench.cpu.registers()
    registers.clear()
    registers.setGpr32(9, hole)
    registers.setGpr32(8, dataBase + 2)
    bench.place(['li r7, 1', line])
    const before = registers.copy()
    const retired = bench.cpu.retired
    const exit = bench.cpu.run(2)
    const word = typeof line === 'string' ? assembler.word(line, codeBase + 4) : line
    const text = typeof line === 'string' ? line : `.long 0x${line.toString(16).toUpperCase().padStart(8, '0')}`
    expect(exit).toMatchObject({
      kind: 'fault',
      fault: { code, pc: codeBase + 4, word, text, ...(address === undefined ? {} : { address }) },
    })
    expect(bench.cpu.retired - retired).toBe(1)
    registers.setGpr32(7, 0)
    registers.pc = codeBase
    expect(registers.copy()).toEqual(before)
  })

  test('is none where the condition of a trap does not hold', () => {
    const registers = bench.cpu.registers()
    registers.clear()
    registers.setGpr(9, 0xffffffff00000001n)
    expect(faultOf(bench, ['twi 6, r9, 0', 'tdi 4, r9, 0', 'twi 5, r9, -1', 'tw 4, r9, r0', 'td 0x18, r9, r9'])).toBe(
      'leave',
    )
    expect(faultOf(bench, ['twi 8, r9, 0'])).toMatchObject({ code: 'trap' })
    expect(faultOf(bench, ['tdi 0x10, r9, 0'])).toMatchObject({ code: 'trap' })
  })

  test('of fetch tells where the run wanted to go', () => {
    bench.cpu.registers().clear()
    bench.place(['ba 0x100'])
    expect(bench.cpu.run(5)).toMatchObject({ kind: 'fault', fault: { code: 'fetch', pc: 0x100, address: 0x100 } })
    bench.memory.commit(0x41000000, 0x1000, readWrite)
    bench.cpu.registers().pc = 0x41000000
    expect(bench.cpu.run(5)).toMatchObject({ kind: 'fault', fault: { code: 'fetch', pc: 0x41000000 } })
  })

  test('in the second page of an access leaves the first as it was', () => {
    bench.cpu.registers().clear()
    bench.memory.fill(dataBase + 0x1ff0, 16, 0xaa)
    bench.cpu.registers().setGpr32(9, dataBase + 0x1ffc)
    bench.cpu.registers().setGpr(3, 0x1122334455667788n)
    expect(faultOf(bench, ['std r3, 0(r9)'])).toMatchObject({ code: 'store', address: dataBase + 0x1ffc })
    expect(faultOf(bench, ['stmw r28, 0(r9)'])).toMatchObject({ code: 'store' })
    expect(faultOf(bench, ['stswi r3, r9, 8'])).toMatchObject({ code: 'store' })
    expect(bench.memory.load32(dataBase + 0x1ffc)).toBe(0xaaaaaaaa)
  })
})

describe.each(engines)('memory as the %s sees it', engine => {
  test('is one for every access that is not aligned, also across pages', () => {
    const bench = createWorkbench({}, false, engine)
    const registers = bench.cpu.registers()
    registers.setGpr32(9, dataBase + 0xffd)
    registers.setGpr(3, 0x0102030405060708n)
    bench.run(['std r3, 0(r9)', 'ld r4, 0(r9)', 'lwz r5, 1(r9)', 'lhz r6, 2(r9)', 'lfd f7, 0(r9)'])
    expect([4, 5, 6].map(n => registers.gpr(n))).toEqual([0x0102030405060708n, 0x02030405n, 0x0304n])
    expect(registers.fpr(7)).toBe(0x0102030405060708n)
    expect(bench.memory.load8(dataBase + 0x1000)).toBe(4)
  })

  test('shows the same bytes in every physical window', () => {
    const bench = createWorkbench({}, false, engine)
    bench.memory.commit(0xa0010000, 0x10000, readWrite)
    const registers = bench.cpu.registers()
    const windows = [0xa0012340, 0xc0012340, 0xe0011340]
    for (const [n, address] of windows.entries()) registers.setGpr32(10 + n, address)
    bench.run([
      'li r3, 0x77',
      'stw r3, 0(r10)',
      'lwz r4, 0(r11)',
      'lwz r5, 0(r12)',
      'stb r4, 4(r12)',
      'lbz r6, 4(r10)',
      'lvx v1, 0, r12',
    ])
    expect([4, 5, 6].map(n => registers.gpr32(n))).toEqual([0x77, 0x77, 0x77])
    expect(registers.vr(1).toHex()).toBe('00000077770000000000000000000000')
  })

  test('ignores the high word of an address', () => {
    const bench = createWorkbench({}, false, engine)
    const registers = bench.cpu.registers()
    registers.setGpr(9, 0xdeadbeef00000000n | BigInt(dataBase))
    registers.setGpr(3, 0x55n)
    bench.run(['stwu r3, 8(r9)', 'lwz r4, 0(r9)'])
    expect(registers.gpr(9)).toBe(0xdeadbeef40000008n)
    expect(registers.gpr(4)).toBe(0x55n)
  })

  test('is a device where the page says so: whole aligned accesses, with the value', () => {
    const seen: unknown[] = []
    const device = 0x7fc80000
    const bench: Workbench = createWorkbench(
      {
        deviceLoad(address, size) {
          seen.push(['load', address, size, bench.cpu.retired])
          return 0x1122334455667788n
        },
        deviceStore: (address, size, value) => seen.push(['store', address, size, value]),
      },
      false,
      engine,
    )
    bench.memory.commit(device, 0x1000, readWrite | access.device)
    const registers = bench.cpu.registers()
    registers.setGpr32(9, device)
    registers.setGpr(3, 0xffffffff89abcdefn)
    bench.run(['lwz r4, 4(r9)', 'stw r3, 8(r9)', 'lhz r5, 2(r9)', 'stb r3, 1(r9)', 'ld r6, 8(r9)'])
    expect(seen).toEqual([
      ['load', device + 4, 4, 0],
      ['store', device + 8, 4, 0x89abcdefn],
      ['load', device + 2, 2, 2],
      ['store', device + 1, 1, 0xefn],
      ['load', device + 8, 8, 4],
    ])
    expect([4, 5, 6].map(n => registers.gpr(n))).toEqual([0x55667788n, 0x7788n, 0x1122334455667788n])
    expect(faultOf(bench, ['lwz r4, 2(r9)'])).toMatchObject({ code: 'unaligned', address: device + 2 })
    expect(faultOf(bench, ['stvx v0, 0, r9'])).toMatchObject({ code: 'unaligned' })
  })
})

describe.each(engines)('code that changes under the %s', engine => {
  const li = (value: number): number => 0x38600000 | value
  const loop = ['li r3, 1', 'stw r4, 0(r5)', 'b 0x82000000']

  test('is seen at once when a store of its own changes it, where the page may be written', () => {
    const bench = createWorkbench({}, false, engine)
    bench.place(loop, codeBase, all)
    const registers = bench.cpu.registers()
    registers.setGpr32(4, li(2))
    registers.setGpr32(5, codeBase)
    bench.cpu.run(3)
    expect(registers.gpr32(3)).toBe(1)
    bench.cpu.run(1)
    expect(registers.gpr32(3)).toBe(2)
    registers.setGpr32(4, 0x7ca32b78)
    bench.cpu.run(4)
    expect(registers.gpr32(3)).toBe(codeBase)
  })

  test('is seen also when the very next instruction changes', () => {
    const bench = createWorkbench({}, false, engine)
    bench.place(['stw r4, 0(r5)', 'li r3, 1', 'b 0x82000000'], codeBase, all)
    const registers = bench.cpu.registers()
    registers.setGpr32(5, codeBase + 4)
    for (let value = 2; value < 40; value += 1) {
      registers.setGpr32(4, li(value))
      bench.cpu.run(3)
      expect(registers.gpr32(3)).toBe(value)
    }
  })

  test('cannot be changed where the page is not writable', () => {
    const bench = createWorkbench({}, false, engine)
    bench.place(loop)
    bench.cpu.registers().setGpr32(5, codeBase)
    expect(bench.cpu.run(10)).toMatchObject({ kind: 'fault', fault: { code: 'store', address: codeBase } })
  })

  test('is seen when the kernel writes it, in any window, and gone when its page goes', () => {
    const bench = createWorkbench({}, false, engine)
    bench.memory.commit(0xa0000000, 0x1000, all)
    const registers = bench.cpu.registers()
    const start = 0xc0000000
    const run = () => {
      registers.pc = start
      const exit = bench.cpu.run(2)
      return exit.kind === 'fault' ? exit.fault.code : registers.gpr32(3)
    }
    for (let value = 1; value < 20; value += 1) {
      bench.memory.store32(value % 2 ? 0xa0000000 : 0xc0000000, li(value))
      bench.memory.store32(0xa0000004, 0x48000000)
      expect(run()).toBe(value)
    }
    bench.memory.protect(0xa0000000, 0x1000, readWrite)
    expect(run()).toBe('fetch')
    bench.memory.protect(0xa0000000, 0x1000, readExecute)
    expect(run()).toBe(19)
    bench.memory.decommit(0xa0000000, 0x1000)
    expect(run()).toBe('fetch')
  })
})

describe('threads on one processor', () => {
  const bench = createWorkbench()
  const registers = bench.cpu.registers()

  test('keep their registers in contexts', () => {
    registers.clear()
    registers.setGpr(3, 0x1111111122222222n)
    registers.setVr(
      127,
      Uint8Array.from({ length: 16 }, (_, i) => i),
    )
    registers.cr = 0x12345678
    registers.xer = 0xe000007f
    bench.cpu.saveContext(5)
    const saved = registers.copy()
    registers.clear()
    const parked = bench.cpu.registers(bench.cpu.contextBase(5))
    expect(parked.gpr(3)).toBe(0x1111111122222222n)
    parked.setGpr32(4, 9)
    bench.cpu.loadContext(5)
    expect([registers.gpr32(4), registers.cr, registers.xer]).toEqual([9, 0x12345678, 0xe000007f])
    registers.setGpr32(4, 0)
    expect(registers.copy()).toEqual(saved)
  })

  test('lose their reservation when another takes over, and have it until then', () => {
    const reserve = ['lwarx r3, 0, r9']
    const store = ['stwcx. r4, 0, r9']
    registers.clear()
    registers.setGpr32(9, dataBase)
    registers.setGpr32(4, 7)
    const stored = (between: () => void): number => {
      bench.run(reserve)
      between()
      bench.run(store)
      return registers.cr >>> 28
    }
    expect(stored(() => {})).toBe(2)
    expect(stored(() => bench.cpu.clearReservation())).toBe(0)
    expect(
      stored(() => {
        bench.cpu.saveContext(1)
        bench.cpu.loadContext(1)
      }),
    ).toBe(0)
    expect(stored(() => registers.setGpr32(9, dataBase + 4))).toBe(0)
    bench.run(['ldarx r3, 0, r9', 'stwcx. r4, 0, r9'])
    expect(registers.cr >>> 28).toBe(0)
  })

  test('are whole again after save and load', () => {
    registers.setGpr(3, 42n)
    const saved = bench.cpu.save()
    const { retired } = bench.cpu
    registers.clear()
    bench.run(['nop'])
    bench.cpu.load(saved)
    expect([registers.gpr(3), bench.cpu.retired]).toEqual([42n, retired])
    expect(() => bench.cpu.load({ retired: 1 })).toThrow('no register file')
  })
})
