import { describe, expect, test } from 'vitest'
import type { ExportRow } from '../../../core/kernel/call.ts'
import type { Kernel } from '../../../core/kernel/context.ts'
import { allEntries } from '../../../core/kernel/exports/index.ts'
import { code, createWorkbench } from './workbench.ts'

/** Values that every argument has, one call after the other: some calls refuse what they have no use for. */
const argumentValues = [0, 1, 2, 0x41550001, 0x40000100]

/** A kernel that notes whether anything of it but the argument registers is looked at. */
function watchedKernel(value: number): { kernel: Kernel; touched(): boolean } {
  let touched = false
  const frame = { word: () => value, long: () => BigInt(value), float: () => value, lr: 0, pc: 0 }
  // Only arguments are read of it: the rest is noted and refused.
  const kernel = new Proxy({} as Kernel, {
    get(_target, name) {
      if (name === 'frame') return frame
      touched = true
      throw new Error(`looks at ${String(name)}`)
    },
  })
  return { kernel, touched: () => touched }
}

describe('an export with a body', () => {
  test('acts on the kernel, or is a question, or says in its row why it has no effect', () => {
    const acts = ({ invoke }: ExportRow): boolean =>
      argumentValues.some(value => {
        const watched = watchedKernel(value)
        try {
          invoke?.(watched.kernel)
        } catch {
          // It wanted something of the kernel, or of its arguments.
          return true
        }
        return watched.touched()
      })
    const silent = allEntries.filter(
      (row): row is ExportRow =>
        row.entry === 'function' && row.invoke !== undefined && !row.tags.includes('poll') && !acts(row),
    )
    expect(silent.map(({ name }) => name)).toEqual([])
  })

  test('that has no effect has its calls counted, by export, with the first caller', () => {
    const bench = createWorkbench()
    bench.call(1, 'VdEnableDisableClockGating', 1)
    bench.call(1, 'VdEnableDisableClockGating', 0)
    bench.call(1, 'NtYieldExecution')
    const { all } = bench.core.shortfalls
    expect(all).toMatchObject([{ calls: 2, first: { tid: 1, lr: code + 0x1100 } }])
    expect(bench.core.sourceName(all[0]?.id ?? 0)).toBe('VdEnableDisableClockGating')
    expect(bench.core.table.row(all[0]?.id ?? 0)).toMatchObject({ idle: 'no unit has a clock that could be stopped' })
  })

  test('without effect is no fact, and what was counted goes along with the reports', () => {
    const bench = createWorkbench()
    bench.told()
    bench.call(1, 'XamResetInactivity')
    expect(bench.told()).toEqual([])
    const saved = bench.core.saveReports()
    const other = createWorkbench()
    other.core.loadReports(saved)
    expect(other.core.shortfalls.all).toEqual(bench.core.shortfalls.all)
  })
})

describe('what a title sets and can ask for', () => {
  test('the size of a file cache is what was set, each by itself', () => {
    const bench = createWorkbench()
    expect(bench.call(1, 'FscGetCacheElementCount', 0)).toBe(0)
    expect(bench.call(1, 'FscSetCacheElementCount', 0, 256)).toBe(0)
    expect(bench.call(1, 'FscSetCacheElementCount', 1, 64)).toBe(0)
    expect([0, 1].map(cache => bench.call(1, 'FscGetCacheElementCount', cache))).toEqual([256, 64])
  })

  test('one level of a hardware thread has one interrupt routine, until it is disconnected', () => {
    const bench = createWorkbench()
    const [first, second, elsewhere] = [bench.cell(0x20), bench.cell(0x20), bench.cell(0x20)]
    bench.call(1, 'KeInitializeInterrupt', first, code + 0x400, 1, 5, 0, 2)
    bench.call(1, 'KeInitializeInterrupt', second, code + 0x400, 2, 5, 0, 2)
    bench.call(1, 'KeInitializeInterrupt', elsewhere, code + 0x400, 3, 5, 0, 3)
    const connected = (at: number) => bench.call(1, 'KeConnectInterrupt', at)
    expect([first, first, second, elsewhere].map(connected)).toEqual([1, 0, 0, 1])
    expect([first, first].map(at => bench.call(1, 'KeDisconnectInterrupt', at))).toEqual([1, 0])
    expect(connected(second)).toBe(1)
  })
})

describe('a stall', () => {
  test('keeps its hardware thread busy until guest time has passed, at whatever IRQL', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    bench.thread(1)
    bench.call(a.tid, 'KeRaiseIrqlToDpcLevel')
    bench.told()
    const stall = () => {
      bench.call(a.tid, 'KeStallExecutionProcessor', 10)
      return bench.core.takeRetry()
    }
    expect(stall()).toBe(true)
    bench.pass(499)
    expect(stall()).toBe(true)
    bench.pass(1)
    expect(stall()).toBe(false)
    expect(stall()).toBe(true)
    expect(bench.runs(a.tid)).toBe(true)
  })

  test('of nothing is over at once', () => {
    const bench = createWorkbench()
    bench.call(1, 'KeStallExecutionProcessor', 0)
    expect(bench.core.takeRetry()).toBe(false)
  })

  test('is due like a timer, so that an idle machine goes no further', () => {
    const bench = createWorkbench()
    const { time } = bench.core.kernel
    const before = time.now()
    bench.call(1, 'KeStallExecutionProcessor', 100)
    expect(time.next()).toMatchObject({ at: before + 5000 })
    bench.pass(5000)
    expect(time.next()).toBeUndefined()
  })
})

test('what the kernel’s bounds refused, and calls on nothing, are counted on in a restored machine', () => {
  const bench = createWorkbench()
  bench.call(1, 'NtSetEvent', 0x5554, 0)
  while (bench.core.kernel.pool.fits(0x10000)) bench.core.kernel.pool.allocate(0x10000)
  bench.core.kernel.apcs.refused = 3
  const counted = ({ core }: typeof bench) => [
    core.kernel.objects.counters.ghosts_never_created_total,
    core.kernel.pool.refused,
    core.kernel.apcs.refused,
  ]
  const before = counted(bench)
  expect(before).toEqual([1, 1, 3])
  const saved = bench.core.saveReports()
  const other = createWorkbench()
  other.core.loadReports(saved)
  expect(counted(other)).toEqual(before)
})
