import { describe, expect, test } from 'vitest'
import { bool, cstr, f64, i32, i64, krnl, nothing, ptr, rest, status, u32, u64 } from '../../../core/kernel/call.ts'
import type { Kernel } from '../../../core/kernel/context.ts'
import { allEntries } from '../../../core/kernel/exports/index.ts'
import { LDR_DATA_TABLE_ENTRY } from '../../../core/kernel/structs.ts'
import { createExportTable } from '../../../core/kernel/table.ts'
import { createWorkbench } from './workbench.ts'

/** Calls a row of the test's own with registers and stack as given; what its body saw. */
function seen(
  define: (body: (k: Kernel, ...values: unknown[]) => unknown) => { readonly invoke?: (k: Kernel) => unknown },
  prepare: (k: Kernel) => void,
): unknown[] {
  const bench = createWorkbench()
  bench.core.begin(0)
  const { kernel } = bench.core
  prepare(kernel)
  let got: unknown[] = []
  define((_k, ...values) => {
    got = values
    return 0
  }).invoke?.(kernel)
  return got
}

describe('arguments', () => {
  test('come from r3 on, converted by their types', () => {
    const values = seen(
      body => krnl(1, 'X', [u32('a'), i32('b'), bool('c'), u64('d'), i64('e'), ptr('f')], status, [], body as never),
      k => {
        k.frame.setLong(3, 0xaaaa_0000_ffff_ffffn)
        k.frame.setWord(4, 0xffffffff)
        k.frame.setWord(5, 2)
        k.frame.setLong(6, 0xffff_ffff_ffff_ffffn)
        k.frame.setLong(7, 0xffff_ffff_ffff_ffffn)
        k.frame.setWord(8, 0x40000000)
      },
    )
    expect(values).toEqual([0xffffffff, -1, true, 0xffff_ffff_ffff_ffffn, -1n, 0x40000000])
  })

  test('from the ninth on lie on the stack, at r1 + 0x54', () => {
    const nine = Array.from({ length: 10 }, (_, i) => u32(`a${i}`))
    const values = seen(
      body => krnl(1, 'X', nine, status, [], body as never),
      k => {
        for (let i = 0; i < 8; i += 1) k.frame.setWord(3 + i, i)
        const sp = k.frame.word(1)
        k.memory.store32(sp + 0x54, 8)
        k.memory.store32(sp + 0x5c, 9)
      },
    )
    expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('in floating point come from f1 on and use up the general register they stand for', () => {
    const values = seen(
      body => krnl(1, 'X', [u32('a'), f64('b'), u32('c'), f64('d')], nothing, [], body as never),
      k => {
        k.frame.setWord(3, 1)
        k.frame.setFloat(1, 2.5)
        k.frame.setWord(5, 3)
        k.frame.setFloat(2, -4)
      },
    )
    expect(values).toEqual([1, 2.5, 3, -4])
  })

  test('without a fixed number are taken one after the other, doubles as their bits', () => {
    let taken: unknown[] = []
    const bench = createWorkbench()
    bench.core.begin(0)
    const { kernel } = bench.core
    kernel.frame.setWord(4, 17)
    kernel.frame.setLong(5, 0x3ff8000000000000n)
    kernel.frame.setLong(6, 0xffff_ffff_ffff_fffen)
    const row = krnl(1, 'X', [cstr('format'), rest], nothing, [], (_k, _format, more) => {
      taken = [more.word(), more.float(), more.long()]
    })
    row.invoke?.(kernel)
    expect(taken).toEqual([17, 1.5, 0xffff_ffff_ffff_fffen])
  })
})

describe('the table of exports', () => {
  test('has a row for each of the platform’s ordinals, and one alone', () => {
    const table = createExportTable(allEntries)
    const count = (library: number) => table.rows.filter(row => row?.library === library).length
    expect([count(0), count(1), count(2)]).toEqual([922, 1736, 255])
    expect(table.find('xboxkrnl.exe', 157)?.name).toBe('KeSetEvent')
    expect(table.find('XAM.XEX', 'XamTaskSchedule')?.ordinal).toBe(431)
  })

  test('refuses two rows for one ordinal, and two continuations of one name', () => {
    const row = krnl(1, 'A', [], nothing, [])
    expect(() => createExportTable([row, krnl(1, 'B', [], nothing, [])])).toThrow(/ordinal 1.*is both A and B/)
  })

  test('names every continuation a body may go on with', () => {
    const { continuations } = createExportTable(allEntries)
    expect(continuations.has('critical-section-entered')).toBe(true)
    expect(continuations.has('delay-ended')).toBe(true)
  })

  test('leads a title that asks at run time to the same exports', () => {
    const bench = createWorkbench()
    const name = bench.cell()
    for (const [i, letter] of [...'xam.xex'].entries()) bench.memory.store8(name + i, letter.charCodeAt(0))
    const out = bench.cell()
    expect(bench.call(1, 'XexGetModuleHandle', name, out)).toBe(0)
    const module = bench.memory.load32(out)
    expect(bench.call(1, 'XexGetProcedureAddress', module, 431, out)).toBe(0)
    const thunk = bench.memory.load32(out)
    expect(bench.memory.load32(thunk)).toBe(0x44000042)
    expect(bench.core.sourceName(bench.memory.load32(thunk + 8))).toBe('XamTaskSchedule')
    expect(bench.memory.load32(module + LDR_DATA_TABLE_ENTRY.dllBase)).not.toBe(thunk)
    const base = bench.memory.load32(module + LDR_DATA_TABLE_ENTRY.baseDllName + 4)
    expect(String.fromCharCode(...'xam.xex'.split('').map((_, i) => bench.memory.load16(base + i * 2)))).toBe('xam.xex')
    expect(bench.call(1, 'XexGetProcedureAddress', module, 4095, out)).toBe(0xc0000263)
    expect(bench.call(1, 'XexUnloadImage', module)).toBe(0)
    expect(bench.call(1, 'XexLoadImage', name, 0, 0, out)).toBe(0)
    expect(bench.memory.load32(out)).toBe(module)
    bench.memory.store8(name, 'y'.charCodeAt(0))
    expect(bench.call(1, 'XexGetModuleHandle', name, out)).toBe(0x490)
    expect(bench.memory.load32(out)).toBe(0)
  })

  test('gives a title that asks for a variable of the kernel the variable itself', () => {
    const bench = createWorkbench()
    const name = bench.cell()
    for (const [i, letter] of [...'xboxkrnl.exe'].entries()) bench.memory.store8(name + i, letter.charCodeAt(0))
    const out = bench.cell()
    expect(bench.call(1, 'XexGetModuleHandle', name, out)).toBe(0)
    expect(bench.call(1, 'XexGetProcedureAddress', bench.memory.load32(out), 344, out)).toBe(0)
    expect(bench.memory.load16(bench.memory.load32(out) + 4)).toBe(17559)
  })
})
