import { continuation, type Entry, krnl, nothing, ptr, status, u32, u64 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { kernelState, type Outcome } from '../../outcome.ts'
import { requestAt } from '../../requests.ts'
import { status as s } from '../../status.ts'

/** Calls that keep their processor busy, each known by its thread and stack, and the tick at which it goes on. */
const stalls = kernelState<{ open: { thread: number; sp: number; until: number }[] }>('stalls', () => ({ open: [] }))

/**
 * Keeps the hardware thread busy until a time is reached, at whatever IRQL it is: the call is done again in each of its
 * turns. The request is there so that time goes no further in a leap.
 */
function stall(k: Kernel, microseconds: number): Outcome<void> {
  const { open } = k.state(stalls)
  const thread = k.thread.id
  const sp = k.frame.word(1)
  const place = open.findIndex(each => each.thread === thread && each.sp === sp)
  const found = open[place]
  if (found !== undefined) {
    if (k.time.now() < found.until) return k.tryAgain()
    open.splice(place, 1)
    return undefined
  }
  if (microseconds === 0) return undefined
  const until = k.time.now() + k.time.ticksOf(BigInt(microseconds) * 10n)
  open.push({ thread, sp, until })
  requestAt(k, until, 'stall-over', null)
  return k.tryAgain()
}

export const clocks: readonly Entry[] = [
  krnl(132, 'KeQuerySystemTime', [ptr('time')], nothing, ['time', 'hot', 'poll'], (k, at) => {
    k.memory.store64(at, k.time.systemTime())
  }),
  krnl(130, 'KeQueryInterruptTime', [], u64, ['time', 'hot', 'poll'], k => k.time.interruptTime()),
  krnl(131, 'KeQueryPerformanceFrequency', [], u64, ['time', 'hot', 'poll'], k => BigInt(k.time.timebase)),
  krnl(168, 'KeStallExecutionProcessor', [u32('microseconds')], nothing, ['time', 'poll'], (k, microseconds) =>
    stall(k, microseconds),
  ),
  continuation('stall-over', k => {
    const state = k.state(stalls)
    state.open = state.open.filter(({ thread }) => k.threads.all.has(thread))
  }),
  krnl(249, 'NtSetSystemTime', [ptr('time'), ptr('previous')], status, ['time'], (k, at, previousAt) => {
    const next = k.memory.load64(at)
    if (previousAt !== 0) k.memory.store64(previousAt, k.time.systemTime())
    k.time.setSystemTime(next)
    for (const thread of k.threads.all.values()) k.dispatcher.clockSet(thread)
    k.timers.clockSet()
    return s.SUCCESS
  }),
]
