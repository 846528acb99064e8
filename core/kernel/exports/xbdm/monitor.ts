/**
 * The debug monitor, with no debugger at the other end: nobody is connected, so what would be sent is dropped, what would
 * be received never comes, and lists are at their end. Memory it gives out is real.
 */
import { bool, type Entry, hresult as hresultResult, nothing, ptr, u32, withoutEffect, xbdm } from '../../call.ts'
import { kernelState } from '../../outcome.ts'

/** Codes of the monitor: success of its own kind, and the end of a list. */
const monitor = { done: 0x02da0000, endOfList: 0x82da0104 } as const

const blocks = kernelState<Record<number, number>>('monitor-blocks', () => ({}))

const alone = 'no debugger is connected'
const unmeasured = 'nobody measures'

/** What is said to a debugger or a profiler that is not there: ordinal, name, labels, subject, reason. */
const said: readonly (readonly [
  ordinal: number,
  name: string,
  labels: string,
  subject: 'debug' | 'misc',
  why: string,
])[] = [
  [30, 'DmRegisterCommandProcessor', 'name routine', 'debug', alone],
  [36, 'DmSendNotificationString', 'text', 'debug', alone],
  [72, 'DmRegisterCommandProcessorEx', 'name routine thread', 'debug', alone],
  [65, '__CAP_Start_Profiling', 'name caller', 'misc', unmeasured],
  [66, '__CAP_End_Profiling', '', 'misc', unmeasured],
  [70, '__CAP_Enter_Function', '', 'misc', unmeasured],
  [71, '__CAP_Exit_Function', '', 'misc', unmeasured],
]

export const debugMonitor: readonly Entry[] = [
  ...said.map(([ordinal, name, labels, subject, why]) => {
    const args = labels
      .split(' ')
      .filter(label => label !== '')
      .map(label => u32(label))
    return subject === 'debug'
      ? xbdm(
          ordinal,
          name,
          args,
          hresultResult,
          [subject],
          withoutEffect(why, () => monitor.done),
        )
      : xbdm(
          ordinal,
          name,
          args,
          nothing,
          [subject],
          withoutEffect(why, () => {}),
        )
  }),
  xbdm(1, 'DmAllocatePool', [u32('bytes')], ptr(), ['debug'], (k, size) => {
    if (size === 0 || !k.pool.fits(size)) return 0
    const at = k.pool.allocate(size)
    k.state(blocks)[at] = size
    return at
  }),
  xbdm(9, 'DmFreePool', [ptr('block')], nothing, ['debug'], (k, at) => {
    const held = k.state(blocks)
    const size = held[at]
    if (size === undefined) return
    delete held[at]
    k.objects.freed(at, size)
    k.pool.free(at, size)
  }),
  xbdm(21, 'DmIsDebuggerPresent', [], bool, ['debug', 'poll'], () => false),
  xbdm(84, 'DmIsFastCAPEnabled', [], bool, ['debug', 'poll'], () => false),
  xbdm(
    51,
    'DmWalkLoadedModules',
    [ptr('walk'), ptr('module')],
    hresultResult,
    ['debug', 'poll'],
    () => monitor.endOfList,
  ),
  xbdm(
    4,
    'DmCloseLoadedModules',
    [ptr('walk')],
    hresultResult,
    ['debug'],
    withoutEffect('a walk over no modules holds nothing', () => monitor.done),
  ),
]
