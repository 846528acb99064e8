import { type Entry, krnl, status as statusResult, u32 } from '../../call.ts'
import { kernelState } from '../../outcome.ts'
import { status } from '../../status.ts'

/** How many blocks the title asked the cache of a file system to hold, by the number it calls the cache by. */
const cacheElements = kernelState<Record<number, number>>('cache-elements', () => ({}))

export const cache: readonly Entry[] = [
  krnl(33, 'FscSetCacheElementCount', [u32('cache'), u32('count')], statusResult, ['files'], (k, which, count) => {
    k.state(cacheElements)[which] = count
    return status.SUCCESS
  }),
  krnl(
    32,
    'FscGetCacheElementCount',
    [u32('cache')],
    u32,
    ['files', 'poll'],
    (k, which) => k.state(cacheElements)[which] ?? 0,
  ),
]
