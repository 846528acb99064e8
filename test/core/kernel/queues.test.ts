/** Queues and completion ports: who is let go, with what, and how many at once. */
import { expect, test } from 'vitest'
import { status } from '../../../core/kernel/status.ts'
import { KTHREAD } from '../../../core/kernel/structs.ts'
import { createWorkbench, parked, type Workbench } from './workbench.ts'

interface QueueBench {
  readonly bench: Workbench
  readonly threads: readonly number[]
  readonly queue: number
  remove(tid: number): unknown
  insert(entry: number, by?: number): unknown
}

function queueBench(limit: number): QueueBench {
  const bench = createWorkbench()
  const queue = bench.cell(0x28)
  bench.call(1, 'KeInitializeQueue', queue, limit)
  const threads = [1, 2, 3].map(index => bench.thread(index).tid)
  bench.told()
  return {
    bench,
    threads,
    queue,
    remove: tid => bench.call(tid, 'KeRemoveQueue', queue, 1, 0),
    insert: (entry, by = 1) => bench.call(by, 'KeInsertQueue', queue, entry),
  }
}

const woken = (bench: Workbench): unknown[] => bench.told('thread.woken').map(fact => fact.tid)

test('an entry goes to the thread that waits last (Win32: threads are released last in, first out)', () => {
  const { bench, threads, remove, insert } = queueBench(0)
  for (const tid of threads) expect(remove(tid)).toBe(parked)
  const [a, b] = [bench.cell(), bench.cell()]
  expect([insert(a), insert(b)]).toEqual([0, 0])
  expect(woken(bench)).toEqual([threads[2], threads[1]])
  expect([threads[2], threads[1]].map(tid => bench.result(tid ?? 0))).toEqual([a, b])
})

test('an entry belongs to the thread it was given to, whoever runs first', () => {
  const { bench, threads, remove, insert } = queueBench(0)
  const [waiter = 0, other = 0] = threads
  remove(waiter)
  const [a, b] = [bench.cell(), bench.cell()]
  insert(a)
  insert(b)
  expect(remove(other)).toBe(b)
  expect(bench.result(waiter)).toBe(a)
})

test('no more threads run on what they took than the queue allows; one that waits makes room for another', () => {
  const { bench, threads, queue, remove, insert } = queueBench(1)
  const [first = 0, second = 0] = threads
  const [a, b] = [bench.cell(), bench.cell()]
  insert(a)
  insert(b)
  expect(remove(first)).toBe(a)
  expect(remove(second)).toBe(parked)
  expect(bench.memory.load32(queue + 4)).toBe(1)
  bench.told()
  const event = bench.cell()
  bench.call(1, 'KeInitializeEvent', event, 1, 0)
  expect(bench.call(first, 'KeWaitForSingleObject', event, 0, 0, 0, 0)).toBe(parked)
  expect(woken(bench)).toEqual([second])
  expect(bench.result(second)).toBe(b)
  bench.call(1, 'KeSetEvent', event, 0, 0)
  expect(bench.memory.load32(queue + 0x18)).toBe(2)
})

test('a thread that ends makes room, and one that asks again is not in its own way', () => {
  const { bench, threads, remove, insert } = queueBench(1)
  const [first = 0, second = 0] = threads
  const entries = [bench.cell(), bench.cell(), bench.cell()]
  for (const entry of entries) insert(entry)
  expect([remove(first), remove(first)]).toEqual(entries.slice(0, 2))
  expect(remove(second)).toBe(parked)
  bench.call(first, 'ExTerminateThread', 0)
  expect(bench.result(second)).toBe(entries[2])
})

test('the wake of a thread that another made room for is the work of the signal that brought the entry', () => {
  const { bench, threads, remove, insert } = queueBench(1)
  const [first = 0, second = 0] = threads
  insert(bench.cell())
  insert(bench.cell())
  const [, signal] = bench.told('object.signalled')
  remove(first)
  remove(second)
  bench.told()
  bench.call(first, 'KeDelayExecutionThread', 0, 0, bench.long(-10_000n))
  expect(bench.told('thread.woken')).toMatchObject([{ tid: second, cause: signal?.sequence }])
})

test('an object that is no queue hands no entry out, and stays as it is', () => {
  const bench = createWorkbench()
  const event = bench.cell(0x10)
  bench.call(1, 'KeInitializeEvent', event, 1, 1)
  expect(bench.call(1, 'KeRemoveQueue', event, 1, 0)).toBe(status.TIMEOUT)
  expect(bench.memory.load32(event + 4)).toBe(1)
})

test('a queue that is run down forgets who belonged to it', () => {
  const { bench, threads, queue, remove, insert } = queueBench(1)
  const [first = 0, second = 0] = threads
  insert(bench.cell())
  remove(first)
  const left = bench.cell()
  insert(left)
  const body = bench.core.kernel.threads.byTid(first)?.object.address ?? 0
  expect(bench.memory.load32(body + KTHREAD.queue)).toBe(queue)
  expect(bench.call(1, 'KeRundownQueue', queue)).toBe(left)
  expect(bench.memory.load32(body + KTHREAD.queue)).toBe(0)
  bench.call(1, 'KeInitializeQueue', queue, 1)
  insert(left)
  expect(remove(second)).toBe(left)
})

test('a completion port of one thread lets one packet out at a time', () => {
  const bench = createWorkbench()
  const portAt = bench.cell()
  bench.call(1, 'NtCreateIoCompletion', portAt, 0, 0, 1)
  const port = bench.memory.load32(portAt)
  const [a, b] = [bench.thread(1), bench.thread(2)]
  const out = [bench.cell(), bench.cell()] as const
  const spare = bench.cell()
  const remove = (tid: number, key: number) => bench.call(tid, 'NtRemoveIoCompletion', port, key, spare, spare, 0)
  for (const key of [7, 8]) bench.call(1, 'NtSetIoCompletion', port, key, 0, 0, 0)
  expect([remove(a.tid, out[0]), remove(b.tid, out[1])]).toEqual([0, parked])
  remove(a.tid, out[0])
  expect(bench.memory.load32(out[0])).toBe(8)
})

/** A completion port that a test posts numbered packets to. */
function portBench() {
  const bench = createWorkbench()
  const portAt = bench.cell()
  bench.call(1, 'NtCreateIoCompletion', portAt, 0, 0, 1)
  const port = bench.memory.load32(portAt)
  const [keyAt, spare, statusAt, now] = [bench.cell(), bench.cell(), bench.cell(), bench.long(0n)]
  return {
    bench,
    port,
    pool: bench.core.kernel.pool,
    post: (key: number) => bench.call(1, 'NtSetIoCompletion', port, key, 0, 0, 0),
    take: () =>
      bench.call(1, 'NtRemoveIoCompletion', port, keyAt, spare, statusAt, now) === 0
        ? bench.memory.load32(keyAt)
        : undefined,
  }
}

/** Takes all of the kernel's pool but what is left of its last grain. */
function exhaust(pool: Workbench['core']['kernel']['pool']): void {
  for (const size of [0x10_0000, 0x1_0000, 0x1000, 0x20]) while (pool.fits(size)) pool.allocate(size)
}

test('packets come out in the order they were posted, however many there are, and give back their room', () => {
  const { pool, post, take } = portBench()
  const before = pool.used
  let [next, expected] = [0, 0]
  for (const [posts, takes] of [
    [5_000, 100],
    [10, 4_000],
    [100, 1_010],
  ] as const) {
    for (let i = 0; i < posts; i += 1) expect(post(next++)).toBe(0)
    for (let i = 0; i < takes; i += 1) expect(take()).toBe(expected++)
  }
  expect([next, expected, take()]).toEqual([5_110, 5_110, undefined])
  expect(pool.used).toBe(before)
})

test('a packet that finds no room in the pool is refused and counted; one that is taken makes room for it', () => {
  const { pool, post, take } = portBench()
  expect(post(1)).toBe(0)
  exhaust(pool)
  const refused = pool.refused
  expect(post(2)).toBe(status.INSUFFICIENT_RESOURCES)
  expect(pool.refused).toBe(refused + 1)
  expect(take()).toBe(1)
  expect([post(3), take(), take()]).toEqual([0, 3, undefined])
})

test('a port that ends gives back the room of the packets that nobody took', () => {
  const { bench, port, pool, post, take } = portBench()
  const before = pool.used
  for (let key = 0; key < 100; key += 1) post(key)
  for (let key = 0; key < 40; key += 1) take()
  expect(bench.call(1, 'NtClose', port)).toBe(0)
  expect(pool.used).toBeLessThan(before)
  expect(before - pool.used).toBeLessThan(0x100)
})

test('a thread that is suspended makes room, and takes it again when it is resumed', () => {
  const { bench, threads, queue, remove, insert } = queueBench(1)
  const [first = 0, second = 0] = threads
  const at = bench.core.kernel.threads.byTid(first)?.object.address ?? 0
  const entries = [bench.cell(), bench.cell(), bench.cell()]
  for (const entry of entries) insert(entry)
  expect(remove(first)).toBe(entries[0])
  expect(remove(second)).toBe(parked)
  bench.call(1, 'KeSuspendThread', at)
  expect(bench.result(second)).toBe(entries[1])
  bench.call(1, 'KeResumeThread', at)
  expect(bench.memory.load32(queue + 0x18)).toBe(2)
  expect(remove(second)).toBe(parked)
  expect(remove(first)).toBe(entries[2])
})
