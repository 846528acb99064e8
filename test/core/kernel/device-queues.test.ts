/** Device queues and the lock for cancelling, as the WDK describes them; what is over or refused when a title runs. */
import { expect, test } from 'vitest'
import { createWorkbench, type Workbench } from './workbench.ts'

interface Queue {
  readonly bench: Workbench
  readonly at: number
  entry(): number
  insert(entry: number): unknown
  insertBy(key: number): { readonly entry: number; readonly queued: unknown }
}

function queueBench(): Queue {
  const bench = createWorkbench()
  const at = bench.cell()
  bench.memory.fill(at, 16, 0xff)
  bench.call(1, 'KeInitializeDeviceQueue', at)
  const entry = (): number => bench.cell()
  return {
    bench,
    at,
    entry,
    insert: one => bench.call(1, 'KeInsertDeviceQueue', at, one),
    insertBy(key) {
      const one = entry()
      return { entry: one, queued: bench.call(1, 'KeInsertByKeyDeviceQueue', at, one, key) }
    },
  }
}

test('the first request of an idle queue is served and not queued, those that follow are, first come first served', () => {
  const { bench, at, entry, insert } = queueBench()
  const [a, b, c] = [entry(), entry(), entry()]
  expect([insert(a), insert(b), insert(c)]).toEqual([0, 1, 1])
  expect([a, b].map(one => bench.memory.load8(one + 0xc))).toEqual([0, 1])
  const next = () => bench.call(1, 'KeRemoveDeviceQueue', at)
  expect([next(), next(), next()]).toEqual([b, c, 0])
  expect(bench.memory.load8(at + 3)).toBe(0)
  expect(insert(a)).toBe(0)
})

test('requests with keys are in the order of their keys, equal ones in the order they came', () => {
  const { bench, at, insertBy } = queueBench()
  insertBy(0)
  const [thirty, ten, again, twenty] = [30, 10, 10, 20].map(insertBy)
  const next = () => bench.call(1, 'KeRemoveDeviceQueue', at)
  expect([next(), next(), next(), next(), next()]).toEqual([ten?.entry, again?.entry, twenty?.entry, thirty?.entry, 0])
})

test('by key, the next request is the first whose key is not below; above all of them it begins again', () => {
  const { bench, at, insertBy } = queueBench()
  insertBy(0)
  const [ten, twenty, thirty] = [10, 20, 30].map(insertBy)
  const from = (key: number) => bench.call(1, 'KeRemoveByKeyDeviceQueue', at, key)
  expect([from(11), from(31), from(31), from(0)]).toEqual([twenty?.entry, ten?.entry, thirty?.entry, 0])
  expect(bench.memory.load8(at + 3)).toBe(0)
})

test('a request is taken out of the middle once', () => {
  const { bench, at, entry, insert } = queueBench()
  const [a, b, c] = [entry(), entry(), entry()]
  for (const one of [a, b, c]) insert(one)
  const remove = (one: number) => bench.call(1, 'KeRemoveEntryDeviceQueue', at, one)
  expect([remove(a), remove(b), remove(b)]).toEqual([0, 1, 0])
  expect(bench.call(1, 'KeRemoveDeviceQueue', at)).toBe(c)
})

test('a queue that leads in circles ends the title with the truth', () => {
  const { bench, insertBy } = queueBench()
  insertBy(0)
  const one = insertBy(5).entry
  bench.memory.store32(one, one)
  insertBy(9)
  expect(bench.core.stopped()?.text).toMatch(/^KeInsertByKeyDeviceQueue called from .*does not come back to its head/)
})

test('the lock for cancelling raises the level, keeps others out, and gives the level back', () => {
  const bench = createWorkbench()
  const other = bench.thread(1)
  const level = bench.cell()
  bench.memory.store8(level, 9)
  bench.call(1, 'IoAcquireCancelSpinLock', level)
  expect([bench.memory.load8(level), bench.core.kernel.scheduler.irql()]).toEqual([0, 2])
  bench.call(other.tid, 'IoAcquireCancelSpinLock', bench.cell())
  expect(bench.core.takeRetry()).toBe(true)
  bench.call(1, 'IoReleaseCancelSpinLock', 0)
  expect(bench.core.kernel.scheduler.irql()).toBe(0)
  bench.call(other.tid, 'IoAcquireCancelSpinLock', bench.cell())
  expect(bench.core.takeRetry()).toBe(false)
})

test('the animation of the start is over, no second executable is loaded, and nobody answers a prompt', () => {
  const bench = createWorkbench()
  bench.call(1, 'AniBlockOnAnimation')
  bench.call(1, 'AniTerminateAnimation')
  const out = bench.words(7)
  expect(Number(bench.call(1, 'XexLoadExecutable', bench.cell(), out, 0, 0)) >>> 0).toBe(0xc0000022)
  expect(bench.memory.load32(out)).toBe(7)
  const prompt = bench.words(0x6f6b3f00)
  expect([bench.call(1, 'DbgPrompt', prompt, out, 4), bench.printed]).toEqual([0, ['ok?']])
})

test('terminating the title’s process ends the title', () => {
  const bench = createWorkbench()
  bench.call(1, 'ExTerminateTitleProcess')
  expect(bench.core.stopped()).toMatchObject({ kind: 'finished', exitCode: 0 })
})
