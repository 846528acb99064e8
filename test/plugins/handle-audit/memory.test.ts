/** In a file of its own, which is a process of its own: what another test has let go of may go while this one measures. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createTrails } from '../../../plugins/handle-audit/trails.ts'

/** What this isolate holds once all that is unused is gone. */
function hostBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  for (let i = 0; i < 3; i += 1) collect()
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

test('what the host grows by stays under the bound, the table of trails included', () => {
  const bytes = 48 * 1024 * 1024
  const record = new Int32Array(24)
  const before = hostBytes()
  const trails = createTrails({ depth: 32, bytesPerObject: 32 * 1024, bytes }, () => false)
  for (let serial = 1; serial <= 500_000; serial += 1) trails.append(trails.open(serial, 1, true), 0, record, 24)
  const grown = hostBytes() - before
  expect(trails.totals().evictedObjects).toBeGreaterThan(0)
  expect(grown).toBeGreaterThan(bytes / 2)
  expect(grown).toBeLessThanOrEqual(bytes)
})
