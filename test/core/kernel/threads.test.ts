import { expect, test } from 'vitest'
import { bytesLeft } from '../../../core/kernel/memory-manager.ts'
import { createWorkbench } from './workbench.ts'

test('a thread that is over, and has no handle any more, has given back all that it was made of', () => {
  const bench = createWorkbench()
  const { pool, space } = bench.core.kernel
  const stacks = { low: 0x70000000, high: 0x7f000000, align: 0x10000, size: 0x10000, protect: 4, use: 'stack' } as const
  /** Where the next stack would lie. */
  const next = (): number => {
    const at = space.reserve(stacks)
    space.release(at)
    return at
  }
  const live = () => {
    const thread = bench.thread(1)
    bench.call(thread.tid, 'ExTerminateThread', 0)
    bench.call(1, 'NtClose', thread.handle)
    return [pool.used, next(), bench.core.kernel.objects.live.size, bench.core.kernel.threads.all.size]
  }
  const first = live()
  expect(live()).toEqual(first)
})

test('the stacks of the title’s threads are memory of the title’s; those of the system’s are not', () => {
  const bench = createWorkbench()
  const systemThread = 2
  const costs = (flags: number): number => {
    const before = bytesLeft(bench.core.kernel)
    bench.thread(1, { flags })
    return before - bytesLeft(bench.core.kernel)
  }
  expect([costs(0), costs(systemThread)]).toEqual([0x10000, 0])
})
