/** The debug monitor with nobody at its other end. */
import { expect, test } from 'vitest'
import { createWorkbench } from './workbench.ts'

test('memory of the monitor is given and taken back once', () => {
  const bench = createWorkbench()
  const { pool } = bench.core.kernel
  const used = pool.used
  const block = Number(bench.call(1, 'DmAllocatePool', 0x100))
  expect(bench.memory.load32(block)).toBe(0)
  expect(pool.used).toBeGreaterThan(used)
  bench.call(1, 'DmFreePool', block)
  bench.call(1, 'DmFreePool', block)
  expect(pool.used).toBe(used)
  expect(bench.call(1, 'DmAllocatePool', 0)).toBe(0)
})

test('nobody is connected: a walk over modules is at its end, and what is registered is counted as without effect', () => {
  const bench = createWorkbench()
  expect(bench.call(1, 'DmIsDebuggerPresent')).toBe(0)
  expect(Number(bench.call(1, 'DmWalkLoadedModules', bench.cell(), bench.cell())) >>> 0).toBe(0x82da0104)
  expect(bench.call(1, 'DmRegisterCommandProcessor', 0, 0)).toBe(0x02da0000)
  expect(bench.core.shortfalls.all).toMatchObject([{ calls: 1 }])
})
